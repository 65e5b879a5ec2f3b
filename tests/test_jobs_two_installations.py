"""An upgrade in the middle of a night: one installation of the program is killed at it, another goes on.

The other is a copy of the tree in which is changed what an upgrade changes, with a venv of its own. A campaign takes a
real earlier program and other versions of libraries: ``LOWINCOME_OTHER_PROGRAM=<commit>``,
``LOWINCOME_OTHER_LIBRARIES="pandas==3.1.0 duckdb==2.0.0"``.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from empty import empty
from installations import ROOT, Installation, copied, venv
from installed import receive, small_pack
from rolling_deploy import MEETS_OURS, unpacked
from sqlalchemy import select
from test_jobs_scan import FIRST, MARCH, RULES
from torture_state import State, difference, faults, told

from jobs import scan as scanning
from jobs.settling import FORM
from monitor import database
from monitor.service import Service, open_service
from monitor.tables import Run, RunEvent

COMMIT = os.environ.get("LOWINCOME_OTHER_PROGRAM", "")
LIBRARIES = os.environ.get("LOWINCOME_OTHER_LIBRARIES", "").split()
SCAN = """
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from jobs import ledger
from jobs import scan as scanning
from monitor.service import open_service
from monitor.settings import read

pack, as_of, pieces = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
commit, done = ledger.commit, 0

def counted(*asked):
    global done
    said, done = commit(*asked), done + 1
    if done == pieces:
        print("in the middle", flush=True)
        sys.stdin.read()
    return said

ledger.commit = counted
scanning.ROWS, scanning._BATCH = 2, 1
print("ended", scanning.scan(replace(open_service(read()), pack=pack), as_of).counts["raised"])
"""
NEVER = "-1"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("pack"), RULES)


@dataclass(frozen=True)
class Calm:
    """What a night leaves that nobody disturbed, and in how many pieces it was done."""

    state: State
    pieces: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, pack: Path) -> Calm:
    service = replace(open_service(empty(tmp_path_factory.mktemp("calm") / "var")), pack=pack)
    receive(service, FIRST)
    with pytest.MonkeyPatch.context() as patched:
        pieces = settled_by(patched)
        scanning.scan(service, MARCH)
    return Calm(told(service.engine), len(pieces))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Another installation: the same program, or that of a commit; what is installed beside it may be other too."""
    folder = tmp_path_factory.mktemp("other")
    made = Installation(folder / "tree", environment=MEETS_OURS) if COMMIT else copied(folder / "tree")
    if COMMIT and not unpacked(COMMIT, made.root):
        pytest.skip(f"the history does not go back to {COMMIT}")
    made.python = venv(folder / "venv")
    if LIBRARIES:
        into = ["--python", made.python, "install", "--no-deps", "--quiet", *LIBRARIES]
        subprocess.run([sys.executable, "-m", "pip", *into], check=True)
        said = "import sys; from importlib.metadata import version as v; print(*(f'{n}=={v(n)}' for n in sys.argv[1:]))"
        asked = [made.python, "-c", said, *(one.partition("==")[0] for one in LIBRARIES)]
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split() == LIBRARIES
    return made


def of_another_form(other: Installation, tmp_path: Path) -> Installation:
    """The ledger's JSON is written otherwise there, and says so by its form."""
    if COMMIT:
        return other
    made = replace(copied(tmp_path / "tree"), python=other.python)
    made.change("jobs/settling.py", f"FORM = {FORM}\n", f"FORM = {FORM + 1}\n")
    for path in ("jobs/settling.py", "jobs/scan.py"):
        file = made.root / path
        file.write_text(file.read_text().replace('"chunk"', '"part"').replace('"place"', '"at"'))
    return made


def killed_in_the_middle(service: Service, by: Installation, pack: Path, *, pieces: int = 3) -> None:
    """Of a scan of six: its entry and two more."""
    began = by.begin(service.settings, SCAN, str(pack), MARCH.isoformat(), str(pieces))
    assert began.stdout is not None
    assert began.stdout.readline() == "in the middle\n", began.communicate()
    began.kill()
    began.communicate()


def went_on(service: Service) -> list[tuple[str, int]]:
    with database.reading(service.engine) as session:
        assert session.scalars(select(Run.status)).all() == ["done"]
        return [(one.kind, one.fence) for one in session.scalars(select(RunEvent).order_by(RunEvent.id))]


def settled_by(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The pieces that this process commits, as they come."""
    commit, pieces = scanning.ledger.commit, list[object]()

    def counted(*asked: Callable[..., object]) -> object:
        pieces.append(asked)
        return commit(*asked)

    monkeypatch.setattr(scanning, "ROWS", 2)
    monkeypatch.setattr(scanning, "_BATCH", 1)
    monkeypatch.setattr("jobs.ledger.commit", counted)
    return pieces


@pytest.mark.parametrize("form", ["another form", pytest.param("the same form", marks=pytest.mark.slow)])
def test_what_another_installation_left_in_the_middle_is_brought_to_the_end_of_an_undisturbed_night(
    service: Service, other: Installation, pack: Path, tmp_path: Path, undisturbed: Calm,
    monkeypatch: pytest.MonkeyPatch, form: str,
) -> None:  # fmt: skip
    receive(here := replace(service, pack=pack), FIRST)
    by = other if form == "the same form" else of_another_form(other, tmp_path)
    killed_in_the_middle(here, by, pack)
    pieces = settled_by(monkeypatch)
    scanning.scan(here, MARCH)
    assert went_on(here) == [("begun", 1), ("taken_over", 2), ("done", 2)]
    assert difference(undisturbed.state, told(here.engine)) == []
    assert faults(here.engine) == []
    if not COMMIT:
        assert len(pieces) == undisturbed.pieces - (2 if form == "the same form" else 0)


@pytest.mark.slow
def test_what_this_installation_left_in_the_middle_another_brings_to_the_same_end(
    sqlite_service: Service, other: Installation, pack: Path, tmp_path: Path, undisturbed: Calm
) -> None:
    receive(here := replace(sqlite_service, pack=pack), FIRST)
    killed_in_the_middle(here, Installation(ROOT), pack)
    said = of_another_form(other, tmp_path).run(here.settings, SCAN, str(pack), MARCH.isoformat(), NEVER)
    assert said == "ended 3\n"
    assert went_on(here) == [("begun", 1), ("taken_over", 2), ("done", 2)]
    assert difference(undisturbed.state, told(here.engine)) == []
    assert faults(here.engine) == []
