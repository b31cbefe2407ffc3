"""What a verb says when it may not."""


class Refused(Exception):
    """An act that is not allowed, with a sentence that a nurse at nine in the evening can act on.

    `code` is a stable word for programs (`permission`, `consent`, `locked` ...); `problems` lists every single reason
    where there are several. Neither ever depends on an allocation.
    """

    def __init__(self, sentence: str, code: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"  - {problem}" for problem in self.problems)])


def require_why(why: str | None) -> None:
    """Refuse an act that is only understood with its reason, where none is given."""
    if not (why and why.strip()):
        raise Refused("Say why in words; the reason stays with the act.", "reason")
