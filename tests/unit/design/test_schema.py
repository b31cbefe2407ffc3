"""The JSON Schema for editors: it is current, it takes the trials that are sound, and it refuses what is not known."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.editing import REFERENCE, ROOT, SMALL, edited

from trialwright.design.schema import schema, schema_text
from trialwright.design.tree import read_tree

KINDS: dict[str, type | tuple[type, ...]] = {"object": dict, "array": list, "string": str, "boolean": bool}


def fits(value: Any, shape: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a value fits a shape, for the words of JSON Schema that ours uses."""
    if "$ref" in shape:
        return fits(value, whole["$defs"][shape["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in shape:
        return any(fits(value, option, whole) for option in shape["anyOf"])
    kind = shape.get("type")
    if kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if kind == "integer" and not isinstance(value, int):
            return False
        return value >= shape.get("minimum", value) and value > shape.get("exclusiveMinimum", value - 1)
    if kind in KINDS and not isinstance(value, KINDS[kind]):
        return False
    if value not in shape.get("enum", [value]):
        return False
    if isinstance(value, str):
        return re.search(shape.get("pattern", ""), value) is not None and len(value) <= shape.get(
            "maxLength", len(value)
        )
    if isinstance(value, list):
        long_enough = shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", len(value))
        return long_enough and all(fits(entry, shape.get("items", {}), whole) for entry in value)
    return not isinstance(value, dict) or _mapping_fits(value, shape, whole)


def _mapping_fits(value: dict[str, Any], shape: dict[str, Any], whole: dict[str, Any]) -> bool:
    if not set(shape.get("required", ())) <= set(value):
        return False
    fields, others = shape.get("properties", {}), shape.get("additionalProperties", True)
    for key, entry in value.items():
        if key in fields:
            if not fits(entry, fields[key], whole):
                return False
        elif others is False or (isinstance(others, dict) and not fits(entry, others, whole)):
            return False
    return True


def as_json(value: Any) -> Any:
    """Decimals as an editor sees them."""
    if isinstance(value, dict):
        return {key: as_json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [as_json(entry) for entry in value]
    return value if value is None or isinstance(value, str | bool | int) else float(value)


def plain(trial: Path) -> Any:
    """The file as an editor sees it, sources included."""
    root = read_tree(trial / "trial.yaml").root
    assert root is not None
    return as_json(root.plain())


def test_the_schema_in_the_manual_is_current() -> None:
    kept = (ROOT / "docs" / "reference" / "trialwright.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text(), "run `make docs`"


def test_sound_trials_fit_the_schema_with_their_sources() -> None:
    for trial in (SMALL, REFERENCE):
        assert fits(plain(trial), schema(), schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("range: [0, 120]", "rnage: [0, 120]"),
        ("range: [0, 120]", "range: [0]"),
        ("n: 12\n", "n: twelve\n"),
        ("n: 12\n", "n: 0\n"),
        ("level: double", "level: doubel"),
        ("type: integer, label: Age", "type: integr, label: Age"),
        ('phase: {value: "2", src: invented}', 'phase: {value: "2", source: invented}'),
        ("summary: {value", "sumary: {value"),
    ],
)
def test_a_definition_with_a_mistake_of_shape_does_not_fit(tmp_path: Path, old: str, new: str) -> None:
    assert not fits(plain(edited(tmp_path, (old, new))), schema(), schema())


def test_parts_may_be_included_in_the_schema_too(tmp_path: Path) -> None:
    content = plain(SMALL)
    content["forms"]["person"] = "forms/person.yaml"
    assert fits(content, schema(), schema())
    content["forms"]["person"] = "forms/person.txt"
    assert not fits(content, schema(), schema())
