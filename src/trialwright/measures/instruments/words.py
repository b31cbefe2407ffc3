"""What a declaration says, in words: rule, formula and missing rule of a scale, the answers to an item, and where each
number comes from. The page of an instrument, the how-to and the exported metadata all read it here.
"""

from decimal import Decimal

from trialwright.design.instruments import Claim, Instrument, InstrumentItem, Scale, Status, used_items
from trialwright.measures.instruments.answers import plain, possible


def rule(instrument: Instrument, scale: Scale) -> str:
    """The rule as a sentence without its end."""
    if scale.rule == "value":
        said = f"{scale.items[0]} as it stands"
    elif scale.rule == "categories":
        worst = "highest" if scale.better == "lower" else "lowest"
        said = f"mean of the {len(scale.categories)} categories, each counting its {worst} item"
        if scale.raise_to is not None:
            least = "at least" if scale.better == "lower" else "at most"
            said += f", {least} {plain(scale.raise_to)} where an aid is ticked"
    else:
        what = "scales" if scale.scales else "items" if len(scale.items) > 1 else "item"
        said = f"{scale.rule} of {len(scale.parts)} {what}" if len(scale.parts) > 1 else f"{scale.parts[0]} alone"
        said += ", recoded" if _recoded(instrument, scale) else ""
        turned = [name for name in scale.items if instrument.item(name).reversed]
        said += f", {len(turned)} of them reversed" if turned else ""
    if scale.linear is not None:
        said += f", brought to {plain(scale.linear[0])} (lowest) .. {plain(scale.linear[1])} (highest)"
    return said


def _recoded(instrument: Instrument, scale: Scale) -> bool:
    return any(instrument.answers_of(name).recode for name in scale.items)


def formula(instrument: Instrument, scale: Scale) -> str:
    """The rule as a formula: k the parts that are answered, x what an item counts."""
    if scale.rule == "value":
        return f"{scale.id} = {scale.items[0]}"
    raw = {
        ("sum", "none"): "sum(x)",
        ("sum", "prorate"): f"{len(scale.parts)} * sum(x) / k",
        ("mean", "none"): f"sum(x) / {len(scale.parts)}",
        ("mean", "answered"): "sum(x) / k",
        ("categories", "none"): f"sum(c) / {len(scale.parts)}",
        ("categories", "answered"): "sum(c) / k",
    }[(scale.rule, scale.missing)]
    said = f"{scale.id} = {raw}"
    if raw.endswith("k"):
        said += f"; k = {'categories' if scale.categories else 'parts'} answered"
    if scale.rule == "categories":
        worse = "max" if scale.better == "lower" else "min"
        said += f"; c = {worse}(items of the category)"
        if scale.raise_to is not None:
            said += f", {worse}(c, {plain(scale.raise_to)}) with an aid"
    if scale.linear is not None:
        said += "; then in proportion from the raw range"
    return said


def missing(scale: Scale) -> str:
    """What is done about answers that are missing."""
    what = "items" if scale.items else "categories" if scale.categories else "scales"
    if len(scale.parts) == 1:
        return "no answer, no score"
    if scale.missing == "none":
        return f"all {len(scale.parts)} {what} must be answered"
    stands = "the person's mean stands for the rest" if scale.missing == "prorate" else "the mean of those answered"
    return f"at least {scale.needed} of {len(scale.parts)} {what} answered; {stands}"


def span(scale: Scale) -> str:
    """The range of the score with its unit."""
    low, high = (None if end is None else plain(end) for end in (scale.low, scale.high))
    said = f"{low} to {high}" if low is not None and high is not None else f"{low} or more" if low else "any number"
    return f"{said} {scale.unit}" if scale.unit else said


def derivation(instrument: Instrument, scale: Scale) -> str:
    """Rule, missing rule and inputs as one text, ready for a definition of a derived variable."""
    inputs = ", ".join(used_items(instrument, scale))
    told = rule(instrument, scale)
    return (
        f"{told[0].upper()}{told[1:]}. Missing: {missing(scale)}. "
        f"{formula(instrument, scale)}. Inputs: {inputs}. {instrument.label}, version {instrument.version}."
    )


def answer(instrument: Instrument, item: InstrumentItem) -> str:
    """What may be answered to an item."""
    answers = instrument.answers[item.answers]
    said = possible(answers)
    if answers.step == 1 and answers.low is not None and answers.high is not None:
        said = f"{plain(answers.low)}, {plain(answers.low + 1)} .. {plain(answers.high)}"
    return f"{said} {answers.unit}" if answers.unit else said


def remark(instrument: Instrument, item: InstrumentItem) -> str:
    """What happens to an answer before it counts."""
    answers = instrument.answers[item.answers]
    said = []
    if answers.recode:
        said.append(", ".join(plain(worth) for _, worth in _by_code(answers.recode)))
    if item.reversed:
        said.append("reversed")
    if answers.blank is not None:
        said.append(f"empty = {plain(answers.blank)}")
    if item.instead is not None:
        said.append(f"or {item.instead}")
    return "; ".join([*said, *([item.note] if item.note else [])])


def _by_code(recode: dict[str, Decimal]) -> list[tuple[str, Decimal]]:
    return sorted(recode.items(), key=lambda entry: float(entry[0]))


def claims(instrument: Instrument, path: str) -> list[Claim]:
    """The claims about the value at a dotted path and below, the general one first."""
    found = [one for one in instrument.claims if one.path == path or one.path.startswith(f"{path}.")]
    return sorted(found, key=lambda one: one.path.count("."))


def status(instrument: Instrument, claim: Claim) -> Status | None:
    """How well the source of a claim is known; None where it is declared elsewhere (in a trial's definition)."""
    source = instrument.sources.get(claim.source)
    return source.status if source is not None else None


def told_source(instrument: Instrument, claim: Claim) -> str:
    """The source of a claim with how well it is known: `aramis [recalled]`."""
    known = status(instrument, claim)
    if known is not None and known.value == claim.source:
        return f"[{known.value}]"
    return f"{claim.source} [{known.value if known is not None else 'see the sources of the trial'}]"


def unread(instrument: Instrument) -> list[Claim]:
    """The claims that rest on what is recalled or assumed."""
    weak = (Status.RECALLED, Status.ASSUMED)
    return [one for one in instrument.claims if status(instrument, one) in weak]
