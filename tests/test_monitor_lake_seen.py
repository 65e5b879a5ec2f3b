"""The keys of the lake's files, remembered: the answer of reading them, also after one is written anew."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.lake import DeliveryRef, Lake, seen
from monitor.lake.seen import SeenKeys


def put(path: Path, *rows: tuple[int, int]) -> Path:
    columns = {"fact_key": [key for key, _ in rows], "seq": [seq for _, seq in rows]}
    pq.write_table(pa.table({name: pa.array(column, pa.int64()) for name, column in columns.items()}), path)
    return path


def last(keys: SeenKeys, paths: list[Path], *asked: int) -> dict[int, int]:
    return dict(zip(*keys.last(paths, pa.array(asked, pa.int64())), strict=True))


@pytest.mark.parametrize("remembered", [0, 2, 64])
def test_the_last_delivery_of_each_key_is_told_however_little_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(seen, "REMEMBERED", remembered)
    keys = SeenKeys()
    paths = [put(tmp_path / "1", (5, 1), (7, 1)), put(tmp_path / "2", (9, 2)), put(tmp_path / "3", (7, 3), (5, 1))]
    for _ in range(2):
        assert last(keys, paths, 5, 7, 8) == {5: 1, 7: 3}
        assert last(keys, paths[:1], 7, 9) == {7: 1}
    assert last(keys, [], 5) == last(keys, paths) == {}


def test_a_file_without_rows_holds_no_key(tmp_path: Path) -> None:
    assert last(SeenKeys(), [put(tmp_path / "1"), put(tmp_path / "2", (4, 2))], 4, 5) == {4: 2}


def test_what_is_forgotten_is_read_anew_and_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "REMEMBERED", 1)
    keys, path = SeenKeys(), put(tmp_path / "1", (5, 1))
    assert last(keys, [path], 5, 6) == {5: 1}
    put(path, (6, 1))
    assert last(keys, [path], 5, 6) == {5: 1}
    for _ in range(2):
        keys.forget(path)
    assert last(keys, [path], 5, 6) == {6: 1}


def test_a_lake_hears_of_what_it_writes_again_and_of_what_it_discards(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    known = (DeliveryRef("wages", 1, "append", date(2026, 1, 1), has_facts=True, has_gone=False),)

    def live() -> list[int]:
        keys = lake.gone_keys("wages", known, pa.array([5, 6], pa.int64()))
        found: list[int] = keys.column("fact_key").to_pylist()
        return found

    for key in (5, 6):
        facts = {"fact_key": pa.array([key]), "person_key": pa.array([1]), "row_no": pa.array([2], pa.int32())}
        lake.write("wages", 1, pa.table(facts))
        assert live() == [key]
    lake.discard("wages", 1)
    with pytest.raises(FileNotFoundError):
        live()
