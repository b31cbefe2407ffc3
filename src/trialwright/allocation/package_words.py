"""What the README of a package says to the person who finds it, perhaps years later and without this program."""

from trialwright.allocation.package import ALLOCATOR, Package

WORDS = """The allocation list of {trial}, version {version}, made on {made_on} by {generator},
witnessed by {witness}.
{purpose}
Nothing in this folder shows who gets what. {how}

list.json      every slot: stratum, position, label, leaf, and the arm sealed to the holders (an age file in base64)
escrow-1.age   one share of the seed, for the first escrow holder; escrow-2.age the other. Both are needed.
{allocator}terms.json     what the two signed: for which definition, the root, the digests of the files above
root.txt       publish this before the first participant: by mail to the sponsor, in the register, with a time stamp

To check it, needs no key:      trialwright open ... says everything that is wrong with a package.
To review it, needs a key:      trialwright allocation review PACKAGE --key KEY --trial TRIAL -o FILE
To open the trial with it:      trialwright open TRIAL DIR --package PACKAGE ...

Without the program: the holder of a key takes the ciphertext of a label from list.json and runs
    base64 -d < ciphertext | age -d -i ROLE.key
and reads label, stratum and arm in words. Both escrow shares opened so, the bytes under "secret" combined by exclusive
or, give the seed and the annex, from which the whole list can be drawn up again.

Holders: {holders}.
"""


def readme(package: Package) -> str:
    """The README of a package."""
    terms = package.terms
    drawn = terms.kind == ALLOCATOR
    test = (
        "It is a TEST list: no real trial takes it, and no participant is ever treated by it.\n" if package.test else ""
    )
    return WORDS.format(
        trial=terms.trial,
        version=terms.version,
        made_on=terms.made_on,
        generator=terms.generator.name,
        witness=terms.witness.name,
        purpose=test,
        how="An allocator draws from the seed." if drawn else "Each slot is sealed to each of its holders.",
        allocator="allocator.age  seed and annex for the allocator alone, which draws from them\n" if drawn else "",
        holders=", ".join(terms.recipients),
    )
