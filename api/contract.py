"""The description of the API as the console's types rest on it: ``python -m api.contract`` writes it out.

Every refusal is the same problem, so each is told once: the types stay short enough to be read.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.app import create_app
from api.problems import MEDIA_TYPE
from monitor.service import open_service
from monitor.settings import read

_PROBLEM = {
    "description": "refused",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def described() -> str:
    """Return the description that an empty installation gives of the API; the same text every time."""
    with tempfile.TemporaryDirectory() as folder:
        home = {"LOWINCOME_HOME": folder, "LOWINCOME_DATABASE_URL": f"sqlite:///{Path(folder) / 'empty.db'}"}
        service = open_service(read(home))
        try:
            return json.dumps(short(create_app(service).openapi()), ensure_ascii=False, indent=1)
        finally:
            service.engine.dispose()


def short(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description without its examples and with one refusal for each operation."""
    paths = {
        path: {verb: _operation(one) for verb, one in verbs.items()} for path, verbs in sorted(said["paths"].items())
    }
    plain: dict[str, Any] = _without_examples({**said, "paths": paths})
    return plain


def _operation(said: Mapping[str, Any]) -> dict[str, Any]:
    taken = {status: one for status, one in said["responses"].items() if status.startswith("2")}
    return {**said, "responses": {**taken, "default": _PROBLEM}}


def _without_examples(said: Any, *, names: bool = False) -> Any:
    """A property may be called ``examples``: under ``properties`` the words are the API's own."""
    if isinstance(said, dict):
        kept = {key: one for key, one in said.items() if names or key not in ("example", "examples")}
        return {key: _without_examples(one, names=key == "properties") for key, one in kept.items()}
    return [_without_examples(one) for one in said] if isinstance(said, list) else said


if __name__ == "__main__":
    sys.stdout.write(described())
