"""``lowincome mutate``: change the judging code in every small way and see that a test notices."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from jobs.terminal import screen

ROOT = Path(__file__).parent.parent.parent
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
TARGETS = {
    "ids": (["monitor/matching/ids.py"], ["tests/test_monitor_matching_ids.py"]),
    "language": (
        ["monitor/policy/language/"],
        ["tests/test_monitor_policy_language.py", "tests/test_monitor_policy_evaluation.py"],
    ),
    "judge": (["monitor/policy/judging.py"], ["tests/test_monitor_policy_judging.py"]),
}
CONFTEST = """\"\"\"Only the examples that are written down: a mutant must die by a test that anyone can repeat.\"\"\"

from hypothesis import Phase, settings

settings.register_profile("written", phases=(Phase.explicit,), database=None, deadline=None, derandomize=True)
settings.load_profile("written")
"""
CONFIGURATION = """
[tool.mutmut]
source_paths = {sources}
also_copy = ["monitor", "tests"]
tests_dir = ["tests"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]

[tool.pytest.ini_options]
pythonpath = [".", "tests"]
"""


def mutate(
    targets: Annotated[
        list[str] | None, typer.Argument(help="ids | language | judge; 省略为全部 / all when omitted")
    ] = None,
) -> None:
    """变异测试 / Mutate the ID numbers, the condition language and the judge; list what no test noticed.

    Mutants that change nothing are named, each with its reason, in tests/equivalent_mutants.txt. Ends with
    code 1 when any other survives. Takes some minutes.
    """
    unknown = set(targets or []) - set(TARGETS)
    if unknown:
        raise typer.BadParameter(f"{sorted(unknown)}: {' | '.join(TARGETS)}")
    survivors = [name for target in targets or TARGETS for name in _survivors(target)]
    excused = _equivalent()
    missed = sorted(set(survivors) - excused)
    screen.print(f"survivors {len(survivors)}, equivalent {len(set(survivors) & excused)}, missed {len(missed)}")
    for name in missed:
        screen.print(f"  {name}", markup=False)
    raise typer.Exit(1 if missed else 0)


def _survivors(target: str) -> list[str]:
    """Run mutmut on a private copy of the tree and return the names that survived or were not covered."""
    sources, tests = TARGETS[target]
    with tempfile.TemporaryDirectory(prefix="lowincome-mutants-") as folder:
        here = Path(folder)
        for name in ("monitor", "tests"):
            shutil.copytree(ROOT / name, here / name, ignore=shutil.ignore_patterns("__pycache__"))
        (here / "tests" / "conftest.py").write_text(CONFTEST)
        (here / "pyproject.toml").write_text(
            '[project]\nname = "mutants"\nversion = "0"\n' + CONFIGURATION.format(sources=sources, tests=tests)
        )
        subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=here, check=True, stdout=subprocess.DEVNULL)
        listed = subprocess.run(
            [sys.executable, "-m", "mutmut", "results"], cwd=here, check=True, capture_output=True, text=True
        ).stdout
    rows = [line.strip().split(": ") for line in listed.splitlines() if ": " in line]
    screen.print(f"{target}: {len(rows)} not killed")
    return [name for name, outcome in rows if outcome in ("survived", "no tests", "suspicious", "timeout")]


def _equivalent() -> set[str]:
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
