"""The house: what a machine can check of its form."""

import ast
import os
import re
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from jobs.commands.mutation import TARGETS

ROOT = Path(__file__).parent.parent
ROOMS = ("monitor", "models", "api", "jobs")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "versions" not in path.parts)
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "core", "services", "managers", "misc"}
BROAD_EXCEPT_PLACES = 2


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's code: signature and docstring are not code."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_and_has_a_name_of_its_own(path: Path) -> None:
    filled = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(filled) <= 400 or path.name == "tables.py", f"{len(filled)} lines"
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_is_at_most_fifty_lines(path: Path) -> None:
    assert [f"{node.name}: {lines_of(node)}" for node in functions(path) if lines_of(node) > 50] == []


def test_functions_are_small_in_the_middle_and_at_the_ninetieth_percent() -> None:
    sizes = [lines_of(node) for path in SOURCES for node in functions(path)]
    assert statistics.median(sizes) <= 10
    assert statistics.quantiles(sizes, n=10)[-1] <= 30


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_and_public_function_says_what_it_promises(path: Path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree), "the module has no docstring"
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_broad_excepts_are_few() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert len(places) <= BROAD_EXCEPT_PLACES, places


def test_test_names_are_sentences_and_tests_are_flat() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
    short = [
        f"{path.name}:{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in functions(path)
        if node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert short == []


def test_nothing_tracked_names_a_registry_host_or_a_machine_path() -> None:
    # Written in pieces so that this very file does not contain them.
    hosts = ["pypi" + ".org", "python" + "hosted", "npmjs" + ".org", "registry" + ".npm", "deb.debian" + ".org"]
    paths = ["/" + "work/", "/" + "farm/"]
    pattern = "|".join([re.escape(word) for word in hosts] + [rf"(^|[^A-Za-z0-9_.]){word}[A-Za-z.]" for word in paths])
    found = subprocess.run(
        ["git", "grep", "-nE", pattern, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""


def test_the_lock_pins_every_package_by_hash() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "tests" / "requirements.lock"):
        entries = re.split(r"\n(?=[a-z0-9])", lock.read_text())
        unpinned = [entry.split("==")[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry]
        assert unpinned == []


def test_every_branch_of_what_is_mutated_is_run_by_the_examples_written_for_it(tmp_path: Path) -> None:
    sources = [source + "*" * source.endswith("/") for sources, _ in TARGETS.values() for source in sources]
    examples = [test for _, tests in TARGETS.values() for test in tests]
    measured = [sys.executable, "-m", "coverage"]
    place = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage"), "LOWINCOME_TEST_DATABASES": "sqlite"}
    run = ["run", "--branch", "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    subprocess.run([*measured, *run, "--hypothesis-profile=written", *examples], cwd=ROOT, env=place, check=True)
    wanted = ["report", "--fail-under=100", "--show-missing", f"--include={','.join(sources)}"]
    told = subprocess.run([*measured, *wanted], cwd=ROOT, env=place, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_every_proof_that_the_fault_list_names_exists() -> None:
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    there = {path.stem for path in tests} | {node.name for path in tests for node in functions(path)}
    named = re.findall(r"`((?:…_)?test_\w+(?:_…)?)`", (ROOT / "tests" / "faults.md").read_text(encoding="utf-8"))
    lost = [name for name in named if not any(one.startswith(name.removesuffix("_…")) for one in there)]
    assert named
    assert lost == []
