"""The JSON Schema of the definition file, for editors that complete and check while one writes.

It is made from the models, and lets every value stand as `{value: ..., src: ...}` and every mapping carry `src:`. It
knows the shape; references between parts, expressions and places are for `trialwright check`.
"""

from __future__ import annotations

from typing import Any

from trialwright.design.model import Definition

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SRC = {
    "type": "string",
    "pattern": r"^[A-Za-z][A-Za-z0-9_]*( *\([\s\S]*\))?$",
    "description": "The key of a source, with a note in brackets where wanted: assumed (why).",
}
SOURCED = {
    "type": "object",
    "properties": {"value": {}, "src": {"$ref": "#/$defs/src"}, "note": {"type": "string"}},
    "required": ["value", "src"],
    "additionalProperties": False,
    "description": "A value beside its source.",
}
INCLUDED = {"type": "string", "pattern": r"\.ya?ml$", "description": "!include FILE: the value stands in that file."}
EXACT = {"type": "number"}


def schema() -> dict[str, Any]:
    """The schema as plain mappings and lists, keys in a stable order."""
    raw = Definition.model_json_schema(by_alias=True, mode="validation")
    definitions = {
        name: _definition(name, body) for name, body in sorted(raw.pop("$defs").items()) if name != "Provenance"
    }
    whole = _mapping(raw)
    whole["properties"].pop("provenance")
    return {
        "$schema": DIALECT,
        "title": "trialwright definition",
        "description": "A clinical trial, written once.",
        **{key: value for key, value in whole.items() if key not in ("title", "description")},
        "$defs": {**definitions, "src": SRC, "sourced": SOURCED, "included": INCLUDED},
    }


def _definition(name: str, body: dict[str, Any]) -> dict[str, Any]:
    shape = _mapping(body) if body.get("type") == "object" else _described(body)
    if name == "Window":
        pair = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
        return {"anyOf": [pair, shape], "description": "Days allowed before and after the planned day."}
    if name == "Scheduled":
        return {
            "anyOf": [{"type": "array", "items": {"type": "string"}}, shape],
            "description": body.get("description", ""),
        }
    return shape


def _mapping(body: dict[str, Any]) -> dict[str, Any]:
    """A mapping with fields: each value may carry its source, and so may the mapping."""
    described = _described(body)
    fields = {name: _sourced(_value(field)) for name, field in body.get("properties", {}).items()}
    fields["src"] = {"$ref": "#/$defs/src"}
    return {**described, "type": "object", "properties": fields, "additionalProperties": False}


def _described(body: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in body.items() if key in ("description", "required", "enum", "type")}
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].split())
    return kept


def _value(field: dict[str, Any]) -> dict[str, Any]:
    """A field without pydantic's titles and defaults; numbers as numbers, tuples as lists, keys as they are."""
    kept = {
        key: value
        for key, value in field.items()
        if key not in ("title", "default", "prefixItems", "patternProperties")
    }
    if "anyOf" in kept:
        options = [_value(option) for option in kept["anyOf"] if option.get("type") != "null"]
        if any(option.get("type") == "number" for option in options):
            return dict(EXACT)
        return options[0] if len(options) == 1 else {**kept, "anyOf": options}
    if "prefixItems" in field:
        kept["items"] = _value(field["prefixItems"][0])
    elif isinstance(kept.get("items"), dict):
        kept["items"] = _sourced(_value(kept["items"]))
    keyed = field.get("patternProperties", {}).values() or [kept.get("additionalProperties")]
    entries = [_sourced(_value(entry)) for entry in keyed if isinstance(entry, dict)]
    if kept.get("type") == "object" and entries:
        kept["properties"] = {"src": {"$ref": "#/$defs/src"}}
        kept["additionalProperties"] = entries[0]
        kept.pop("propertyNames", None)
    return kept


def _sourced(shape: dict[str, Any]) -> dict[str, Any]:
    """The shape, or a value beside its source; what is more than a word or number may also be included from a file."""
    options = [shape, {"$ref": "#/$defs/sourced"}]
    if "$ref" in shape or "anyOf" in shape or shape.get("type") in ("object", "array"):
        options.append({"$ref": "#/$defs/included"})
    return {"anyOf": options}


def schema_text() -> str:
    """The schema as the text of `docs/reference/trialwright.schema.json`."""
    import json

    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
