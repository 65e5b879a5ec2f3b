"""The N-th call to the disk fails: whatever was promised holds, nothing half done is found, the next attempt succeeds.

A sample in the daily run; ``lowincome inject --trials 500`` is the campaign: as many calls of each kind of work, or
every one it makes if they are fewer. ``--seed`` draws others. A failure names the call, the error and the seed.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
FAULTS = {
    "pwrite64": ("EIO", "ENOSPC"), "write": ("EIO", "ENOSPC"), "fsync": ("EIO",), "fdatasync": ("EIO",),
    "openat": ("EMFILE",), "rename": ("EIO",), "ftruncate": ("EIO",),
}  # fmt: skip


@dataclass
class Attempts:
    """Work of one kind on copies of an installation, in children of a process that has everything imported."""

    kind: str
    folder: Path
    inputs: Path
    process: "subprocess.Popen[str]"

    def __call__(self, home: Path, *, fault: str = "") -> tuple[int, str]:
        """Do the work in ``home`` with one call failing; returns its exit code and what strace saw of such calls."""
        shutil.copytree(self.folder / "base", home)
        log = home.with_suffix(".strace")
        seen = fault.split(":")[0].partition("=")[2] or ",".join(FAULTS)
        asked = {"kind": self.kind, "home": str(home), "inputs": str(self.inputs), "log": str(log), "fault": fault}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked | {"trace": seen}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()), log.read_text(errors="replace")

    def faults(self) -> list[str]:
        """Every fault of every call that the work makes, as strace takes it; calls are counted for each thread."""
        code, log = self(self.folder / "counted")
        assert code == 0
        seen = Counter(re.findall(r"^(\d+) +(\w+)\(", log, re.MULTILINE))
        most = {name: max((count for (_, call), count in seen.items() if call == name), default=0) for name in FAULTS}
        return [
            f"inject={name}:error={error}:when={number}"
            for name, errors in FAULTS.items() for error in errors for number in range(1, most[name] + 1)
        ]  # fmt: skip


@contextmanager
def attempts(kind: str, folder: Path, inputs: Path) -> Iterator[Attempts]:
    """Begin the process whose children do the work."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "injection", str(inputs / "pack")]
    with (
        (folder / "said").open("w") as said,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        yield Attempts(kind, folder, inputs, process)
        assert process.stdin is not None
        process.stdin.close()


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
    inputs = furnished(kind, tmp_path)
    reached = 0
    with attempts(kind, tmp_path, inputs) as attempt:
        faults = attempt.faults()
        chosen = random.Random(SEED).sample(faults, min(TRIALS, len(faults)))
        for trial, fault in enumerate(chosen):
            home = tmp_path / f"home{trial}"
            code, log = attempt(home, fault=fault)
            reached += "(INJECTED)" in log
            assert code in (0, 1), f"{fault} (seed {SEED}): ended with {code}; see {tmp_path / 'said'}"
            held_to(home, kind, inputs, promised=code == 0)
            shutil.rmtree(home)
    assert reached, "no call was made to fail: nothing was proven"


def furnished(kind: str, folder: Path) -> Path:
    """Lay what comes in, and the installation as it is before the work; returns where the former lies."""
    drop(folder / "in", "household_register", people(20))
    bills = settlements(300, of=20, self_pay="999.50", settled_on="2025-12-10")
    inputs = drop(folder / "in", "medical_settlements", bills).parent
    small_pack(inputs / "pack", ("costly_admission", "medical_self_pay"))
    service = open_service(read({"LOWINCOME_HOME": str(folder / "base")}))
    feeds.ingest(service, inputs / "household_register.csv")
    if kind == "scan":
        feeds.ingest(service, inputs / "medical_settlements.csv")
    service.engine.dispose()
    return inputs


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
