"""Only regular files come in, as announced, and under a name that tells of nobody."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from drops import drop, settlements, state

from monitor.errors import Invalid
from monitor.feeds.files import Announced, is_delivery, read_manifest, safe_name, take_in


def test_a_file_and_its_manifest_are_taken_in_together(tmp_path: Path) -> None:
    path = drop(
        tmp_path, "medical_settlements", settlements(2), sha256=True, rows=2, mode="append", received_on="2026-03-05"
    )
    arrival = take_in(path)
    assert arrival.announced == Announced(None, date(2026, 3, 5), "append", 2, arrival.sha256)


def test_a_link_is_refused_even_to_a_good_file(tmp_path: Path) -> None:
    good = drop(tmp_path, "medical_settlements", settlements(2))
    link = tmp_path / "medical_settlements.csv"
    link.symlink_to(good)
    with pytest.raises(Invalid, match="link"):
        take_in(link)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "medical_settlements.csv"
    os.mkfifo(pipe)
    with pytest.raises(Invalid, match="regular file"):
        take_in(pipe)


def test_a_device_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (Path("/dev/zero"), tmp_path):
        with pytest.raises(Invalid, match=r"regular file|cannot be opened"):
            take_in(path)


def test_a_file_altered_on_the_way_is_refused(tmp_path: Path) -> None:
    path = drop(tmp_path, "medical_settlements", settlements(2), sha256=True)
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    with pytest.raises(Invalid, match="altered on the way"):
        take_in(path)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "nonsense",
        '{"received_on": "05.03.2026"}',
        '{"mode": "replace"}',
        '{"rows": "many"}',
        '{"rows": true}',
        '{"feed": "\\ud800"}',
        "[" * 99_999,
    ],
)
def test_a_manifest_that_breaks_the_contract_is_refused(said: str) -> None:
    with pytest.raises(Invalid, match="manifest"):
        read_manifest(said.encode())


def test_a_manifest_may_leave_out_everything() -> None:
    assert read_manifest(json.dumps({"unknown": 1}).encode()) == Announced()


@pytest.mark.parametrize(
    "name", ["a.csv.part", "a.csv.tmp", ".a.csv", "~$a.xlsx", "a.csv.manifest.json", "a.crdownload"]
)
def test_unfinished_and_side_files_are_no_deliveries(name: str) -> None:
    assert not is_delivery(Path(name))
    assert is_delivery(Path("wages.2026-03.csv"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("wages.csv", "wages.csv"),
        ("wages.2026-03-05.correction.csv", "wages.2026-03-05.correction.csv"),
        ("wages.340298199001010008.csv", "wages.*.csv"),
        ("wages.b.csv", "wages.b.csv"),
        ("wages.张三.xlsx", "wages.*.xlsx"),
        ("wages.zhangsan 13900000000.csv", "wages.*.*.csv"),
        ("340298199001010008张三.csv", "wages.*.csv"),
    ],
)
def test_a_stored_file_name_tells_of_nobody(name: str, kept: str) -> None:
    assert safe_name(name, "wages") == kept


def test_a_manifest_is_read_without_following_a_link(tmp_path: Path) -> None:
    path = drop(tmp_path, "medical_settlements", settlements(2))
    state(tmp_path / "elsewhere", mode="withdraw")
    (path.parent / (path.name + ".manifest.json")).symlink_to(tmp_path / "elsewhere.manifest.json")
    with pytest.raises(Invalid, match="link"):
        take_in(path)
