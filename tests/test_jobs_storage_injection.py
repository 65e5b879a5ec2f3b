"""The N-th call to the disk fails: whatever was promised holds, nothing half done is found, the next attempt succeeds.

A sample in the daily run; ``lowincome inject --trials 500`` is the campaign, and its ``--seed`` chooses other calls.
A failure names the call, the error and the seed.
"""

import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from drops import drop, facts, people, settlements
from injection import NIGHT
from installed import small_pack
from sqlalchemy import select
from torture_state import State, difference, told

from jobs.backups import back_up, standing
from jobs.backups.archive import read as read_archive
from jobs.integrity import database_whole, lake_whole
from jobs.scan import scan
from monitor import audit, database, feeds
from monitor.service import Service, open_service
from monitor.settings import read
from monitor.tables import Delivery

ROOT = Path(__file__).parent.parent
TRIALS = int(os.environ.get("LOWINCOME_INJECTIONS", "3"))
SEED = int(os.environ.get("LOWINCOME_INJECTION_SEED", "1"))
FAULTS = (("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("write", "ENOSPC"), ("fsync", "EIO"), ("fdatasync", "EIO"),
          ("openat", "EMFILE"), ("rename", "EIO"), ("ftruncate", "EIO"))  # fmt: skip


def injected(home: Path, kind: str, inputs: Path, fault: str) -> tuple[int, bool]:
    """Run one piece of work with one call failing; returns its exit code, and whether the call was reached.

    Python itself opens and writes as it starts: those two calls fail on the installation's own files only.
    """
    log, where = home.with_suffix(".strace"), []
    if fault.startswith(("inject=write:", "inject=openat:")):
        new = [home / "lake" / "medical_settlements" / name for name in ("2.writing", "2.parquet")]
        new += [home / f"lowincome.db{end}" for end in ("", "-wal", "-shm")]
        where = [arg for path in {*home.rglob("*"), *new} for arg in ("-P", str(path))]
    command = ["strace", "-f", "-qq", "-o", str(log), *where, "-e", fault.split(":")[0].replace("inject", "trace")]
    environment = os.environ | {"LOWINCOME_HOME": str(home), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    ended = subprocess.run(
        [*command, "-e", fault, sys.executable, "-m", "injection", kind, str(inputs)],
        env=environment, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    return ended.returncode, "(INJECTED)" in log.read_text(errors="replace")


def sound(service: Service) -> None:
    """What must be true whatever failed."""
    assert database_whole(service.settings) == []
    assert lake_whole(service.settings, service.engine, sample=None)[1] == []
    with database.reading(service.engine) as session:
        assert list(audit.broken_links(session)) == []
        kept = session.scalars(select(Delivery).where(Delivery.feed == "medical_settlements"))
        committed = [one for one in kept if one.status == "committed"]
    assert len(facts(service, "medical_settlements")) == 300 * len(committed)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", ["ingest", "scan", "backup"])
def test_whatever_call_to_the_disk_fails_no_promise_is_broken(kind: str, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: fault 24 is not simulated")
    base, chance = tmp_path / "base", random.Random(SEED)
    drop(tmp_path / "in", "household_register", people(20))
    bills = settlements(300, of=20, self_pay="999.50", settled_on="2025-12-10")
    inputs = drop(tmp_path / "in", "medical_settlements", bills).parent
    small_pack(inputs / "pack", ("costly_admission", "medical_self_pay"))
    service = open_service(read({"LOWINCOME_HOME": str(base)}))
    feeds.ingest(service, inputs / "household_register.csv")
    if kind == "scan":
        feeds.ingest(service, inputs / "medical_settlements.csv")
    service.engine.dispose()
    reached = 0
    for trial in range(TRIALS):
        name, error = chance.choice(FAULTS)
        fault = f"inject={name}:error={error}:when={chance.randint(1, 12)}"
        home = tmp_path / f"home{trial}"
        shutil.copytree(base, home)
        code, hit = injected(home, kind, inputs, fault)
        reached += hit
        assert code in (0, 1), f"{fault} (seed {SEED}): ended with {code}"
        held_to(home, kind, inputs, promised=code == 0)
        shutil.rmtree(home)
    assert reached, "no call was made to fail: nothing was proven"


@cache
def calm(folder: Path, inputs: Path) -> State:
    """What a scan that nothing disturbs leaves."""
    home = folder / "calm"
    shutil.copytree(folder / "base", home)
    service = open_service(read({"LOWINCOME_HOME": str(home)}))
    scan(replace(service, pack=inputs / "pack"), NIGHT)
    found = told(service.engine)
    assert found.total() > 10
    service.engine.dispose()
    return found


def held_to(home: Path, kind: str, inputs: Path, *, promised: bool) -> None:
    """Hold what is found against what was promised, then do the work again without a fault."""
    service = open_service(read({"LOWINCOME_HOME": str(home)}))
    sound(service)
    archives = standing(service.settings.backups)
    for archive in archives:
        read_archive(archive, service.keyring.backup_key)
    if kind == "backup":
        assert bool(archives) or not promised
        back_up(service)
    elif kind == "scan":
        assert scan(replace(service, pack=inputs / "pack"), NIGHT).again or not promised
        sound(service)
        assert difference(calm(home.parent, inputs), told(service.engine)) == []
    else:
        again = feeds.ingest(service, inputs / "medical_settlements.csv").status
        assert again == "duplicate" if promised else again in ("committed", "duplicate")
        sound(service)
        assert len(facts(service, "medical_settlements")) == 300
    service.engine.dispose()
