"""Printed envelopes for the code break without any computer: one sheet per label that folds so that the arm lies
inside.

The sheets are in the order of the labels and say neither stratum nor place, so a stack of them does not tell who comes
next. The security pattern is the same on every sheet, made of the letters of all arms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from trialwright.report import code39

PATTERN_ROWS, PATTERN_LETTERS = 9, 34


@dataclass(frozen=True, slots=True)
class Letter:
    """What one envelope holds: the arm in words, its products as (product, role), and what the seal says beside it."""

    label: str
    arm: str
    products: tuple[tuple[str, str], ...]
    note: str = ""

    def __repr__(self) -> str:
        return f"Letter(label={self.label!r}, ...)"


@dataclass(frozen=True, slots=True)
class Study:
    """What stands on every envelope and card. `page` is the address of the break host, where there is one."""

    name: str
    official: str
    telephone: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A participant's card. `products` are all that the study compares, so that the card tells no arm."""

    participant: str
    label: str
    products: tuple[str, ...]


def envelopes(letters: Sequence[Letter], study: Study) -> str:
    """A page that prints one envelope per sheet of A4, in the order of the labels."""
    ordered = sorted(letters, key=lambda letter: letter.label)
    bars = {letter.label: Markup(code39.svg(letter.label)) for letter in ordered}
    words = sorted({letter.arm for letter in ordered})
    return _template("envelopes.html.j2").render(letters=ordered, study=study, bars=bars, pattern=pattern(words))


def card(found: Card, study: Study, language: str) -> str:
    """A participant's card of 86 by 54 mm, front and back, in English (`en`) or Dutch (`nl`)."""
    return _template("card.html.j2").render(
        card=found, study=study, words=WORDS[language], language=language, bars=Markup(code39.svg(found.label))
    )


def pattern(words: Sequence[str]) -> tuple[str, ...]:
    """Rows of letters to print over what must not be read through paper. They depend on all arms alike."""
    letters = sorted(set("".join(words).replace(" ", ""))) or ["x"]
    rows = []
    place = 0
    for row in range(PATTERN_ROWS):
        line = []
        for column in range(PATTERN_LETTERS):
            place = (place * 31 + 7 * column + 13 * row + 5) % 9973
            letter = letters[place % len(letters)]
            line.append(letter.upper() if place % 3 == 0 else letter)
        rows.append("".join(line))
    return tuple(rows)


@cache
def _template(name: str) -> jinja2.Template:
    text = resources.files("trialwright.report").joinpath(name).read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)


WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "I take part in a medical study",
        "label": "Label",
        "number": "Participant",
        "always": "24 hours",
        "doctor": "For the treating doctor",
        "blind": "Neither this person nor the study team knows which treatment was given. It was one of:",
        "when": "Only if knowing it decides what you do now, break the code of the label overleaf: you alone decide.",
        "page": "By computer",
        "phone": "By telephone",
        "carry": "Please carry this card with you until your last visit.",
    },
    "nl": {
        "title": "Ik doe mee aan medisch onderzoek",
        "label": "Label",
        "number": "Deelnemer",
        "always": "24 uur per dag",
        "doctor": "Voor de behandelend arts",
        "blind": "Noch deze persoon noch het onderzoeksteam weet welke behandeling is gegeven. Het was een van:",
        "when": "Alleen als het bepaalt wat u nu doet: verbreek de code van het label op de voorzijde. U beslist zelf.",
        "page": "Via de computer",
        "phone": "Via de telefoon",
        "carry": "Draag deze kaart bij u tot en met uw laatste bezoek.",
    },
}
"""The card's words by language. Which languages a site needs is its own to say; the definition names none."""
