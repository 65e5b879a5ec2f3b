"""``lowincome mutate``: change the judging code in every small way and see that a test notices."""

import os
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
# A mutant must die by an example that is written down, which anyone can repeat; one that never ends dies too,
# of pytest's thirty seconds: mutmut's own limit, which calls it a timeout, comes long after on a busy machine as well.
CONFIGURATION = """
[project]
name = "mutants"
version = "0"

[tool.mutmut]
source_paths = {sources}
also_copy = ["monitor"]
timeout_constant = 20
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-x", "-q", "--hypothesis-profile=written", "--timeout=30", "-p", "no:cacheprovider"]

[tool.pytest.ini_options]
pythonpath = [".", "tests"]
"""


def mutate(
    targets: Annotated[
        list[str] | None, typer.Argument(help="ids | language | judge; 省略为全部 / all when omitted")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="并行进程数 / how many mutants at once")] = 1,
) -> None:
    """变异测试 / Mutate the ID numbers, the condition language and the judge; list what no test noticed.

    Mutants that change nothing are named, each with its reason, in tests/equivalent_mutants.txt. Ends with
    code 1 when any other survives, or when one that is named there does not. Takes some minutes.
    """
    unknown = set(targets or []) - set(TARGETS)
    if unknown:
        raise typer.BadParameter(f"{sorted(unknown)}: {' | '.join(TARGETS)}")
    missed = sum(_missed(target, _outcomes(target, processes)) for target in targets or TARGETS)
    raise typer.Exit(1 if missed else 0)


def _missed(target: str, outcomes: dict[str, str]) -> int:
    """Say what became of the mutants of ``target``; return how many need a test, or no longer need an excuse."""
    excused = _equivalent() & outcomes.keys()
    alive = {name for name, outcome in outcomes.items() if outcome != "killed"}
    screen.print(
        f"{target}: {len(outcomes)} mutants, {len(outcomes) - len(alive)} killed, "
        f"{len(alive & excused)} equivalent, {len(alive - excused)} missed",
        markup=False,
    )
    for name in sorted(alive - excused):
        screen.print(f"  {outcomes[name]}: {name}", markup=False)
    for name in sorted(excused - alive):
        screen.print(f"  named as equivalent, yet killed: {name}", markup=False)
    return len(alive ^ excused)


def _outcomes(target: str, processes: int) -> dict[str, str]:
    """Run mutmut on a private copy of the tree; return what became of each mutant, by its name."""
    sources, tests = TARGETS[target]
    with tempfile.TemporaryDirectory(prefix="lowincome-mutants-") as folder:
        here = Path(folder)
        for name in ("monitor", "tests"):
            shutil.copytree(ROOT / name, here / name, ignore=shutil.ignore_patterns("__pycache__"))
        (here / "pyproject.toml").write_text(CONFIGURATION.format(sources=sources, tests=tests))
        _mutmut(here, "run", "--max-children", str(processes))
        listed = _mutmut(here, "results", "--all", "true")
    return dict(line.strip().split(": ") for line in listed.splitlines() if ": " in line)


def _mutmut(here: Path, *words: str) -> str:
    """Run mutmut in ``here``; no database is needed for what it tries."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "mutmut", *words],
        cwd=here,
        env={**os.environ, "LOWINCOME_TEST_DATABASES": "sqlite"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        screen.print(done.stdout[-2000:] + done.stderr[-2000:], markup=False)
        raise typer.Exit(1)
    return done.stdout


def _equivalent() -> set[str]:
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
