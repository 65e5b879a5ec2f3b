"""The description of the API, made complete: every refusal a route can give, and an example of what it takes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from api.problems import MEDIA_TYPE, told

_MADE_UP = {
    "uuid": "0190b5a0-7c00-7000-8000-000000000001", "date": "2026-03-02", "date-time": "2026-03-02T08:30:00Z",
    "binary": "",
}  # fmt: skip
_TEXTS = (
    "text", "340202", "340202001001", "H000001", "CODE", "A1", "a", "1", "2026-03", "123456", "12345678",
    "a text that is long enough for a reason", "0" * 32, "0" * 64,
)  # fmt: skip
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}


def complete(app: FastAPI) -> None:
    """Let ``app.openapi`` tell every refusal of every route, as the problem it is, and an example of every body."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        said = plain()
        for operation in (one for verbs in said["paths"].values() for one in verbs.values()):
            _refusals(operation)
            for place in _contents(operation):
                if "example" not in place and "examples" not in place and "schema" in place:
                    place["example"] = example(place["schema"], said["components"]["schemas"])
        return said

    app.openapi = described  # type: ignore[method-assign]


def _refusals(operation: dict[str, Any]) -> None:
    """What the framework, the guard and the database may answer in place of any route."""
    has_body, takes = "requestBody" in operation, bool(operation.get("parameters"))
    statuses = [500, 503]
    statuses += [401] if "security" in operation else []
    statuses += [400, 413] if has_body else []
    statuses += [422] if has_body or takes else []
    said = operation["responses"]
    for status in statuses:
        said.setdefault(str(status), told(status))
    for code, one in said.items():
        kinds = [kind.get("schema", {}).get("$ref", "") for kind in one.get("content", {}).values()]
        if any(kind.endswith(("/Problem", "/HTTPValidationError")) for kind in kinds):
            said[code] = told(int(code))
        elif code >= "4" and kinds:  # a problem that says more than others do
            one["content"] = {MEDIA_TYPE: next(iter(one["content"].values()))}


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for kind, content in body.get("content", {}).items():
            if kind == "application/json":
                yield content


def example(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Return a value that ``schema`` allows: its own example, default or first choice, or one made up by its type."""
    if "$ref" in schema:
        return example(known[schema["$ref"].rsplit("/", 1)[1]], known)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            first = schema[name][0]  # one that must look some way and says no example, but may be left out, is
            return None if "pattern" in first and {"type": "null"} in schema[name] else example(first, known)
    return _made_up(schema, known)


def _fitting(schema: Mapping[str, Any]) -> str:
    """The first of a few plain texts that looks as asked for and is long enough."""
    pattern, least = schema.get("pattern", ""), schema.get("minLength", 0)
    found = next((text for text in _TEXTS if re.search(pattern, text) and len(text) >= least), _TEXTS[0])
    return found if len(found) >= least else found * least


def _made_up(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return {name: example(one, known) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"], known)] if schema.get("items") else []
    if kind == "string":
        return _MADE_UP.get(schema.get("format", "")) or _fitting(schema)
    return schema.get("minimum", _BY_TYPE.get(str(kind)))
