"""The Prometheus programs, where they are installed; without them the tests that need one are skipped, visibly."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Return the path of ``promtool`` or ``prometheus``; skips the test, or fails it when they are required."""
    found = shutil.which(name)
    if found is None:
        said = f"{name} is not installed (Debian: apt-get install prometheus)"
        if os.environ.get("LOWINCOME_REQUIRE_PROMETHEUS"):
            pytest.fail(said)
        pytest.skip(said)
    return found
