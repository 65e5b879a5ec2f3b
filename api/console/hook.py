"""The package's build hook: the wheel carries the built console, so that whoever installs it needs no Node."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface[Any]):
    """Builds the console before the package is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless it is built already (a source distribution brings it) or LOWINCOME_SKIP_UI=1."""
        console = Path(self.root) / "api" / "console"
        skipped = os.environ.get("LOWINCOME_SKIP_UI") == "1"
        if version == "editable" or skipped:
            return
        builder = _builder(console)
        if not (console / "dist" / "index.html").exists() or (_in_checkout(self.root) and not builder.fresh()):
            builder.build()


def _in_checkout(root: str) -> bool:
    return (Path(root) / ".git").exists()


def _builder(console: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("console_build", console / "build.py")
    if spec is None or spec.loader is None:
        raise ImportError(console)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
