"""What a definition may say of each measure: its inputs, its options, and what is wrong with those that it says."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from types import MappingProxyType

from trialwright.design.catalogue import Measure, Remark
from trialwright.design.problems import known_or_close
from trialwright.measures import deterioration_rule, doses
from trialwright.measures.options import BadOption, word
from trialwright.measures.tis_rules import CRITERIA, ENZYME_RANGES, ENZYMES

LEVELS = ("mo", "sc", "ua", "pd", "ad")
VALUED = ("value_set", "country", "kind")
BRIDGED = ("bridged", "unknown")

Options = Mapping[str, str]
Inputs = tuple[str, ...]


def measures() -> Mapping[str, Measure]:
    """Every method of a derivation but the instruments, which `measures.instruments` declares."""
    dose = Measure(("dose", "start", "stop"), ("drug",), (), doses.OPTIONS, _dose, log=True)
    return MappingProxyType(
        {
            "acr_eular_2016": Measure(
                needs=("phga", "ptga", "mmt", "haq", "extramusc"),
                takes=(*ENZYMES, *(f"{enzyme}_uln" for enzyme in ENZYMES)),
                gives=("category", "enzyme", "enzyme_multiple"),
                options=("criteria", "mmt_max", "missing", "enzyme", "enzyme_ranges"),
                remarks=_improvement,
            ),
            "eq5d_5l": Measure(LEVELS, (), (), VALUED, partial(_value_set, "5L")),
            "eq5d_3l": Measure(LEVELS, (), (), VALUED, partial(_value_set, "3L")),
            "eq5d_y3l": Measure(LEVELS, (), (), VALUED, partial(_value_set, "Y-3L")),
            "eq_vas": Measure(("vas",), (), (), ()),
            "qaly": Measure(("index",), (), (), ("missing",), _bridged),
            "mean_daily_dose": dose,
            "cumulative_dose": dose,
            "confirmed_deterioration": Measure((), (), (), deterioration_rule.OPTIONS, _deterioration),
            "first_time": Measure(("of",), (), (), ("at_least", "at_most"), _threshold),
        }
    )


def _improvement(options: Options, inputs: Inputs) -> Iterator[Remark]:
    """The words that name a reading of the criteria; the greatest sum of muscle strengths; the enzymes' ranges."""
    yield from _read(lambda said: word(said, "criteria", tuple(CRITERIA)), options)
    yield from _read(lambda said: word(said, "missing", ("strict", "lenient")), options)
    if "mmt_max" in options and not _above_zero(options["mmt_max"]):
        yield Remark("mmt_max", f"'{options['mmt_max']}' is no number above 0", "write the greatest sum, such as 260")
    for part in filter(None, (part.strip() for part in options.get("enzyme_ranges", "").split(","))):
        enzyme, _, multiple = part.partition(" ")
        if enzyme not in ENZYMES:
            yield Remark("enzyme_ranges", f"'{enzyme}' is no enzyme of the score", known_or_close(enzyme, ENZYMES))
        elif not _above_zero(multiple):
            says = f"'{part}' gives no multiple of the upper limit"
            yield Remark("enzyme_ranges", says, f"write {enzyme} {ENZYME_RANGES[enzyme].upper_limits}")


def _above_zero(text: str) -> bool:
    try:
        return Fraction(text.strip()) > 0 and "/" not in text
    except (ValueError, ZeroDivisionError):
        return False


def _value_set(version: str, options: Options, inputs: Inputs) -> Iterator[Remark]:
    """The value set exists; one that is named by country alone is not pinned: a country may get another."""
    from trialwright.measures.eq5d.sets import NoSuchValueSet, value_set

    option = "value_set" if "value_set" in options else "country"
    if option not in options:
        yield Remark(None, "no value set is named, so there is no index", "add options: {value_set: a DOI}")
        return
    try:
        found = value_set(version, options[option], options.get("kind"))
    except NoSuchValueSet as wrong:
        says = str(wrong).split("; there are:")[0].split(" There are:")[0]
        hint = "`trialwright score eq5d --list` shows them with their DOI"
        yield Remark(option, says, hint)
        return
    if "/" not in options[option]:
        says = f"the value set '{options[option]}' is not pinned: a country may get another one"
        yield Remark(option, says, f"write value_set: {found.pin}", severe=False)


def _dose(options: Options, inputs: Inputs) -> Iterator[Remark]:
    for read in (doses.dose_rules, doses.since_baseline):
        yield from _read(read, options)
    yield from _read(lambda said: doses.drugs(said.get("drugs", "")), options)
    if ("drugs" in options) != ("drug" in inputs):
        lacks = "the input 'drug'" if "drugs" in options else "the option 'drugs'"
        says = f"doses of several drugs are counted by the input 'drug' and the option 'drugs', and {lacks} is lacking"
        yield Remark("drugs" if "drugs" in options else None, says, "give both, or neither")


def _deterioration(options: Options, inputs: Inputs) -> Iterator[Remark]:
    wrong = list(_read(deterioration_rule.declared_rule, options))
    if wrong:
        yield from wrong
        return
    rule = deterioration_rule.declared_rule(options)
    lacking = [name for name in rule.measures if name not in inputs]
    if lacking:
        says = f"the rule speaks of {', '.join(lacking)}, which no input feeds"
        yield Remark("rule", says, f"add inputs: {{{lacking[0]}: form.item}}")
    unused = [name for name in inputs if name not in rule.measures]
    if unused:
        yield Remark("rule", f"the rule does not speak of {', '.join(unused)}", "leave the input out", severe=False)


def _bridged(options: Options, inputs: Inputs) -> Iterator[Remark]:
    yield from _read(lambda said: word(said, "missing", BRIDGED), options)


def _threshold(options: Options, inputs: Inputs) -> Iterator[Remark]:
    said = [option for option in ("at_least", "at_most") if option in options]
    if len(said) != 1:
        yield Remark(None, "first_time needs one of at_least and at_most", 'add options: {at_least: "40"}')
    for option in said:
        try:
            float(options[option])
        except ValueError:
            yield Remark(option, f"'{options[option]}' is no number", "write a number, such as 40")


def _read(read, options: Options) -> Iterator[Remark]:  # type: ignore[no-untyped-def]
    try:
        read(options)
    except BadOption as wrong:
        yield Remark(wrong.option, str(wrong), wrong.hint or "see the guide to declared derivations")
