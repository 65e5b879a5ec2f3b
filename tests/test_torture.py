"""The kill harness in the daily run, and the harness itself put to the test: each planted mistake must be caught."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import SOCKET
from seeded_bugs import BUGS

from monitor.settings import read

pytestmark = pytest.mark.slow  # not yet seen whole on a quiet machine

ROOT = Path(__file__).parent.parent
KILLS = int(os.environ.get("LOWINCOME_KILLS", "250"))
SEED = int(os.environ.get("LOWINCOME_KILL_SEED", "1"))


def harness(database: str, base: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Run the harness as a process of its own, which may fork because it has no threads."""
    if database == "postgresql" and SOCKET not in os.environ:
        pytest.skip("PostgreSQL is not installed on this machine")
    server = ["--server", os.environ[SOCKET]] if database == "postgresql" else []
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "torture", "--database", database, "--base", str(base), *server, *more],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    assert lines, ended.stderr[-2000:]
    return ended.returncode, lines[-1]


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the cities lie, one for each kind of database: made by the first who needs it."""
    return {database: tmp_path_factory.mktemp(f"city_{database}") for database in ("sqlite", "postgresql")}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_however_often_a_night_is_killed(database: str, bases: dict[str, Path]) -> None:
    code, said = harness(database, bases[database], "--kills", str(KILLS), "--seed", str(SEED))
    assert code == 0, said
    assert said["total"] >= KILLS
    assert said["attempts"]["killed"] > KILLS // 3
    assert 0 < said["slowest_recovery_seconds"] <= 10


CAUGHT_BY = {
    "cursor_first": "kill_at_point", "outbox_outside": "kill_at_point", "outbox_before": "kill_at_point",
    "half_committed": "kill_at_point", "audit_outside": "kill_at_point", "from_nothing": "kill_at_point",
    "no_key": "kill_at_point", "done_too_early": "kill_at_point", "counts_forgotten": "kill_at_point",
    "no_fence": "stop", "heartbeat_without_fence": "stop", "clock_of_the_host": "rival", "two_at_once": "rival",
    "errors_swallowed": "cut",
}  # fmt: skip


def test_every_planted_mistake_has_its_test() -> None:
    assert set(CAUGHT_BY) == set(BUGS)
    assert len(BUGS) >= 12


@pytest.mark.timeout(0)
@pytest.mark.parametrize("bug", sorted(CAUGHT_BY))
def test_the_harness_catches_a_planted_mistake(bug: str, bases: dict[str, Path]) -> None:
    database = "postgresql" if bug == "errors_swallowed" else "sqlite"
    only = ["--only", CAUGHT_BY[bug], "--bug", bug]
    code, said = harness(database, bases[database], "--kills", "60", "--seed", str(SEED), *only)
    assert code == 1, f"{bug} was not caught: {said}"
    assert said["caught"]


def test_another_machine_takes_over_within_ten_seconds_with_the_lease_that_is_usual(bases: dict[str, Path]) -> None:
    usual = ["--lease", str(read({}).lease_seconds)]
    code, said = harness("sqlite", bases["sqlite"], "--kills", "2", "--seed", "1", "--only", "kill", "--apart", *usual)
    assert code == 0, said
    assert 0 < said["slowest_recovery_seconds"] <= 10
