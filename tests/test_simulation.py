"""The seeded world in the daily run, and the world itself put to the test: what breaks an invariant is found."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from simulation import LENGTH, MEMORY, Broken, World, live

from monitor.alerts import planning, renewing, writing
from monitor.alerts.judged import FIRES, SILENT

NIGHTS = int(os.environ.get("LOWINCOME_NIGHTS", "1000"))
SEED = int(os.environ.get("LOWINCOME_NIGHTS_SEED", "1"))
PARTS = 8


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Memory, where there is a disk of it: a thousand nights write much."""
    made = Path(mkdtemp(prefix="lowincome-world-", dir=MEMORY)) if os.access(MEMORY, os.W_OK) else tmp_path
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_nights_of_bad_luck_break_no_invariant(part: int, root: Path) -> None:
    left, seed = NIGHTS // PARTS, SEED + 1000 * part
    did = live(seed, min(left, LENGTH), root)
    while (left := left - LENGTH) > 0:
        seed += 1
        did += live(seed, min(left, LENGTH), root)
    assert did["nights"] == NIGHTS // PARTS
    assert did["crash"] > 0 or NIGHTS < 1000
    assert did["delivery committed"] > 0
    assert did["second worker refused"] + did["second worker did it"] > 0 or NIGHTS < 1000


def test_the_same_seed_lives_the_same_life_to_the_bit(root: Path) -> None:
    digests = set()
    for _ in range(2):
        world = World(77, root)
        digests.add(world.live(12))
        world.close()
    other = World(78, root)
    digests.add(other.live(12))
    other.close()
    assert len(digests) == 2


def _clears_what_it_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    def hopeful(status: str, code: int) -> str:
        return renewing_status(status, SILENT if code != FIRES else code)

    renewing_status = renewing.status_after
    monkeypatch.setattr(planning, "status_after", hopeful)


def _opens_only_some(monkeypatch: pytest.MonkeyPatch) -> None:
    real = writing.write
    monkeypatch.setattr("monitor.alerts.write", lambda session, changes, **more: real(session, changes[:-1], **more))


@pytest.mark.parametrize("plant", [_clears_what_it_cannot_see, _opens_only_some])
def test_a_world_with_a_mistake_in_it_says_so_and_names_the_night(
    plant: Callable[[pytest.MonkeyPatch], None], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(Broken, match=r"\d{4}-\d\d-\d\d H\d+"):
        for seed in (5, 8, 11):
            live(seed, LENGTH // 2, root)
