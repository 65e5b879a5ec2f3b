"""The kill harness in the daily run, and the harness itself put to the test: each planted mistake must be caught."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import clocks
import pytest
from conftest import SOCKET
from seeded_bugs import BUGS

from monitor.settings import read

ROOT = Path(__file__).parent.parent
KILLS = int(os.environ.get("LOWINCOME_KILLS", "500"))
SEED = int(os.environ.get("LOWINCOME_KILL_SEED", "1"))
PARTS = 2
"""Of each database: parts run beside each other, with seeds of their own."""


def harness(database: str, base: Path, *more: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """Run the harness as a process of its own, which may fork because it has no threads."""
    if database == "postgresql" and SOCKET not in os.environ:
        pytest.skip("PostgreSQL is not installed on this machine")
    server = ["--server", os.environ[SOCKET]] if database == "postgresql" else []
    place = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OPENBLAS_NUM_THREADS": "1"} | environment
    ended = subprocess.run(
        [sys.executable, "-m", "torture", "--database", database, "--base", str(base), *server, *more],
        env=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    assert lines, ended.stderr[-2000:]
    return ended.returncode, lines[-1]


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Path]:
    """Where the cities lie, one for each kind of database, for all who run these tests beside each other."""
    root = tmp_path_factory.getbasetemp()
    root = root if worker_id == "master" else root.parent
    return {database: root / f"torture_{database}" for database in ("sqlite", "postgresql")}


def city(database: str, bases: dict[str, Path]) -> Path:
    """Return where the city lies; whoever comes first makes it and tells its story once in peace."""
    base = bases[database]
    with base.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(base.glob("clean_2*.json")):
            code, said = harness(database, base, "--kills", "0")
            assert code == 0, said
    return base


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_however_often_a_night_is_killed(
    database: str, part: int, bases: dict[str, Path]
) -> None:
    kills = KILLS // (2 * PARTS)
    code, said = harness(database, city(database, bases), "--kills", str(kills), "--seed", str(SEED + 1000 * part))
    assert code == 0, said
    assert said["total"] >= kills
    assert said["attempts"]["killed"] > kills // 3
    assert said["slowest_recovery_seconds"] > 0


CAUGHT_BY = {
    "cursor_first": "kill_at_point", "outbox_outside": "kill_at_point", "outbox_before": "kill_at_point",
    "half_committed": "kill_at_point", "audit_outside": "kill_at_point", "from_nothing": "kill_at_point",
    "no_key": "kill_at_point", "done_too_early": "kill_at_point", "counts_forgotten": "kill_at_point",
    "no_fence": "stop", "heartbeat_without_fence": "stop", "clock_of_the_host": "rival", "two_at_once": "rival",
    "errors_swallowed": "cut",
}  # fmt: skip


DAILY = {
    "cursor_first", "half_committed", "from_nothing", "no_key", "no_fence", "clock_of_the_host", "two_at_once",
    "errors_swallowed",
}  # fmt: skip
"""Of every way to be caught some; the others, alike but slower to come to light, are caught by hand (``-m slow``)."""


def test_every_planted_mistake_has_its_test() -> None:
    assert set(CAUGHT_BY) == set(BUGS)
    assert len(BUGS) >= 12
    assert len(DAILY) >= 8
    assert {CAUGHT_BY[bug] for bug in DAILY} == set(CAUGHT_BY.values())


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "bug", [pytest.param(bug, marks=() if bug in DAILY else pytest.mark.slow) for bug in sorted(CAUGHT_BY)]
)
def test_the_harness_catches_a_planted_mistake(bug: str, bases: dict[str, Path]) -> None:
    database = "postgresql" if bug == "errors_swallowed" else "sqlite"
    # What a story lost is seen at its end: short ones, of at most two disturbances a step, come to it sooner.
    only = ["--only", CAUGHT_BY[bug], "--bug", bug, "--most", "2"]
    code, said = harness(database, city(database, bases), "--kills", "60", "--seed", str(SEED), *only)
    assert code == 1, f"{bug} was not caught: {said}"
    assert said["caught"]


@pytest.mark.timeout(900)
def test_another_machine_takes_over_within_ten_seconds_with_the_lease_that_is_usual(bases: dict[str, Path]) -> None:
    usual = ["--lease", str(read({}).lease_seconds)]
    base = city("sqlite", bases)
    code, said = harness("sqlite", base, "--kills", "2", "--seed", "1", "--only", "kill", "--apart", *usual)
    assert code == 0, said
    assert said["slowest_recovery_seconds"] > read({}).lease_seconds / 2


@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_clock_that_is_set_by_hours_and_days_meanwhile_loses_and_doubles_nothing(
    database: str, bases: dict[str, Path], tmp_path: Path
) -> None:
    clock, base = tmp_path / "clock", city(database, bases)
    with clocks.set_again_and_again(clock, every=0.3, seed=SEED) as done:
        wanted = ["--kills", "8", "--seed", str(SEED), "--steps", "--most", "4"]
        code, said = harness(database, base, *wanted, **clocks.told_by(clock))
    assert code == 0, said
    assert said["total"] >= 8
    assert len(set(done)) > 3
