"""Where locks do not hold a SQLite file must not lie: the start is refused before anything is written."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import locks
from monitor.errors import Invalid
from monitor.service import open_service
from monitor.settings import read

ROOT = Path(__file__).parent.parent


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own kind, below another."""
    place = tmp_path / "a disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("mounting a file system is not permitted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def started(home: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """What a first command says on the installation, and how it ends."""
    place = os.environ | {"LOWINCOME_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [*before, sys.executable, "-m", "jobs", "runs"]
    return subprocess.run(command, env=place, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("fault", ["retval=0", "error=ENOLCK"])
def test_where_a_lock_keeps_nobody_out_the_start_is_refused_and_no_database_is_made(tmp_path: Path, fault: str) -> None:
    """strace answers for a file system that grants every lock, or knows none."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: fault 34 is not simulated")
    home = tmp_path / "var"
    said = started(home, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", f"inject=flock:{fault}")
    assert said.returncode == 3
    assert "PostgreSQL" in said.stderr
    assert not (home / "lowincome.db").exists()
    assert started(home).returncode == 0


def test_a_disk_of_the_network_is_refused_by_its_kind(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locks.kind_of(disk / "var") == "tmpfs"
    open_service(read({"LOWINCOME_HOME": str(disk / "here")})).engine.dispose()
    monkeypatch.setattr(locks, "ELSEWHERE", {"tmpfs"})
    with pytest.raises(Invalid, match=r"tmpfs.*PostgreSQL"):
        open_service(read({"LOWINCOME_HOME": str(disk / "there")}))
    assert not (disk / "there" / "lowincome.db").exists()


def test_a_probe_that_another_holds_just_now_is_a_lock_that_holds(tmp_path: Path) -> None:
    probe = tmp_path / "x.db-probe"
    probe.touch()
    with probe.open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        locks.refuse_unlocked(tmp_path / "x.db")
        with probe.open("r+") as third, pytest.raises(BlockingIOError):
            fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    locks.refuse_unlocked(tmp_path / "x.db")
    with probe.open("r+") as free:
        assert fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB) is None, "nothing of the probe is held any longer"
