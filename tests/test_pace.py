"""The pace of a run: whatever takes long begins first, nothing is left out, and a failure is named when it happens."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pace import WAITING, dealt, recorded, written

ROOT = Path(__file__).parent.parent
NAMES = [f"{file}.py::{test}" for file in "abc" for test in ("one", "two", "three", "four")]
SECONDS = st.dictionaries(st.sampled_from([*NAMES, "a.py", "b.py", "of_another_day.py::gone"]), st.floats(3, 300))


@given(SECONDS, st.integers(1, 5))
def test_every_test_is_handed_out_once_however_long_each_takes(taken: dict[str, float], workers: int) -> None:
    assert sorted(dealt(NAMES, taken, workers)) == list(range(len(NAMES)))


def test_each_worker_begins_with_its_share_of_what_takes_long() -> None:
    order = [NAMES[at] for at in dealt(NAMES, {"a.py::four": 30, "b.py::one": 20, "c.py::four": 15}, 2)]
    assert order[0] == "a.py::four"
    assert order[6:8] == ["b.py::one", "c.py::four"]
    assert order[1:6] == ["a.py::one", "a.py::two", "a.py::three", "b.py::two", "b.py::three"]


def test_a_file_whose_preparation_is_long_stays_together() -> None:
    order = [NAMES[at] for at in dealt(NAMES, {"b.py": 60, "a.py::two": 10}, 2)]
    assert order[:4] == NAMES[4:8]
    assert order[6] == "a.py::two"


def test_what_mostly_waits_is_one_workers_and_the_others_reckon_beside_it() -> None:
    names = [*NAMES[:4], *(f"{WAITING[0]}::{test}" for test in ("one", "two")), *NAMES[4:]]
    taken = {f"{WAITING[0]}::one": 40, f"{WAITING[0]}::two": 50, "a.py::one": 60, "b.py::two": 55, "c.py::three": 5}
    order = [names[at] for at in dealt(names, taken, 2)]
    assert order[:3] == [f"{WAITING[0]}::two", f"{WAITING[0]}::one", "c.py::three"]
    assert order[7:9] == ["a.py::one", "b.py::two"]


def test_what_took_long_is_written_down_and_read_again(tmp_path: Path) -> None:
    record = tmp_path / "pace.txt"
    written({"a.py::one": 4.4, "a.py::two": 0.5, "b.py::one": 1.0}, {"a.py::one": 0.7, "b.py::one": 9.0}, record)
    assert recorded(record) == {"b.py": 10.0, "a.py::one": 5.0}


def test_the_record_names_tests_and_files_that_exist() -> None:
    assert recorded()
    assert {name.split("::")[0] for name in recorded() if not (ROOT / name.split("::")[0]).exists()} == set()
    assert {name for name in WAITING if not (ROOT / name).exists()} == set()


def test_a_failure_is_named_at_once_and_not_only_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "test_two.py").write_text(
        "import os, pytest\n"
        "def test_that_fails(): assert 1 + 1 == 3, 'two and two'\n"
        "def test_that_ends_the_whole_run(): os._exit(9)\n"
    )
    (tmp_path / "conftest.py").write_text(
        "import pace\ndef pytest_configure(config): config.pluginmanager.register(pace.Pace(config), 'pace')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "test_two.py"]
    place = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "LOWINCOME_PACE": ""}
    ended = subprocess.run(command, cwd=tmp_path, env=place, capture_output=True, text=True, check=False)
    assert ended.returncode == 9
    assert "FAILED test_two.py::test_that_fails (call): AssertionError: two and two" in ended.stdout
