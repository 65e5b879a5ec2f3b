"""The lake: what one delivery leaves, what later ones end, and what nobody may read out of it."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lake import DeliveryRef, Lake, Manifest, View, digest, seen, standing
from monitor.lake.duck import DuckEngine
from monitor.lake.spill import LOCK, PREFIX, Spill

FEED = "wages"
COLUMNS = {FEED: {"month": "DATE", "gross_wage": "DECIMAL(14, 2)"}}
DAY = date(2026, 1, 1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", memory_limit="500MB", threads=1)


def facts(*keys: int, person: int = 1) -> pa.Table:
    return pa.table(
        {
            "fact_key": pa.array(keys, pa.int64()),
            "person_key": pa.array([person] * len(keys), pa.int64()),
            "row_no": pa.array(range(len(keys)), pa.int32()),
            "month": pa.array([DAY] * len(keys), pa.date32()),
            "gross_wage": pa.array(list(keys), pa.decimal128(14, 2)),
        }
    )


def gone(*keys: int) -> pa.Table:
    return pa.table({"fact_key": pa.array(keys, pa.int64())})


def ref(seq: int, mode: str = "append", *, has_facts: bool = True, has_gone: bool = False) -> DeliveryRef:
    return DeliveryRef(FEED, seq, mode, DAY, has_facts=has_facts, has_gone=has_gone)


def keys_of(view: View) -> list[int]:
    rows = view.query(f'SELECT fact_key, seq FROM "{view.facts(FEED)}" ORDER BY fact_key, seq')
    return [int(key) for key in rows.column("fact_key").to_pylist()]


def test_of_more_keys_than_are_kept_the_others_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_MOST_KEPT", 3)
    lake = Lake(tmp_path / "lake")
    for seq, keys in ((1, (10, 11)), (2, (12, 13)), (3, (14,))):
        lake.write(FEED, seq, facts(*keys))
    for _ in range(2):
        found = lake.gone_keys(FEED, (ref(1), ref(2), ref(3)), pa.array([10, 13, 14, 15]))
        assert found.column("fact_key").to_pylist() == [10, 13, 14]


def test_a_file_written_anew_under_its_number_is_read_anew(lake: Lake) -> None:
    def live(*asked: int) -> list[int]:
        return [int(key) for key in lake.gone_keys(FEED, (ref(1),), pa.array(asked)).column("fact_key").to_pylist()]

    lake.write(FEED, 1, facts(10, 11))
    assert live(10, 11, 12) == [10, 11]
    lake.discard(FEED, 1)
    lake.write(FEED, 1, facts(11, 12))
    assert live(10, 11, 12) == [11, 12]


def test_a_superseded_row_gives_way_to_the_later_one_and_an_earlier_state_stays_readable(lake: Lake) -> None:
    lake.write(FEED, 1, facts(10, 11))
    lake.write(FEED, 4, facts(11, 12, person=2), gone(11))
    first, second = ref(1), ref(4, has_gone=True)
    with lake.known((first, second), COLUMNS) as view:
        assert keys_of(view) == [10, 11, 12]
        people = view.query(f'SELECT person_key FROM "{view.facts(FEED)}" WHERE fact_key = 11').column(0).to_pylist()
        assert people == [2]
    with lake.known((first,), COLUMNS) as view:
        assert keys_of(view) == [10, 11]


def test_a_full_delivery_replaces_everything_before_it_even_when_it_is_empty(lake: Lake) -> None:
    lake.write(FEED, 1, facts(1, 2))
    lake.write(FEED, 2, facts(3))
    with lake.known((ref(1), ref(2, "full")), COLUMNS) as view:
        assert keys_of(view) == [3]
    with lake.known((ref(1), ref(3, "full", has_facts=False)), COLUMNS) as view:
        assert keys_of(view) == []


def test_a_withdrawn_key_that_is_sent_again_stands_again(lake: Lake) -> None:
    lake.write(FEED, 1, facts(5))
    lake.write(FEED, 2, None, gone(5))
    lake.write(FEED, 3, facts(5))
    manifest = (ref(1), ref(2, "withdraw", has_facts=False, has_gone=True))
    with lake.known(manifest, COLUMNS) as view:
        assert keys_of(view) == []
    with lake.known((*manifest, ref(3)), COLUMNS) as view:
        assert keys_of(view) == [5]


Step = tuple[str, list[int]]
STEPS = st.lists(
    st.tuples(st.sampled_from(("append", "append", "full", "withdraw")), st.lists(st.integers(0, 6), max_size=5)),
    max_size=6,
)


@given(STEPS)
def test_known_facts_equal_a_dictionary_that_lives_through_the_same_deliveries(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    lake = Lake(tmp_path_factory.mktemp("steps"), memory_limit="500MB", threads=1)
    manifest: Manifest = ()
    holding: dict[int, int] = {}
    for seq, (mode, listed) in enumerate(steps, start=1):
        keys = sorted(set(listed))
        ended = lake.gone_keys(FEED, manifest, pa.array(keys, pa.int64())) if mode != "full" else gone()
        expected = [] if mode == "full" else [key for key in keys if key in holding]
        assert ended.column("fact_key").to_pylist() == expected
        lake.write(FEED, seq, None if mode == "withdraw" else facts(*keys), ended)
        kept = mode != "withdraw" and bool(keys)
        manifest = (*manifest, ref(seq, mode, has_facts=kept, has_gone=ended.num_rows > 0))
        holding = {} if mode == "full" else {key: at for key, at in holding.items() if key not in keys}
        holding |= {} if mode == "withdraw" else dict.fromkeys(keys, seq)
    with lake.known(manifest, COLUMNS) as view:
        rows = view.query(f'SELECT fact_key, seq FROM "{view.facts(FEED)}"').to_pydict()
    assert dict(zip(rows["fact_key"], rows["seq"], strict=True)) == holding


def test_a_feed_that_never_came_has_its_columns_and_no_rows(lake: Lake) -> None:
    with lake.known((), COLUMNS) as view:
        rows = view.query(f'SELECT * FROM "{view.facts(FEED)}"')
    assert rows.num_rows == 0
    assert rows.column_names == ["fact_key", "person_key", "row_no", "seq", "month", "gross_wage"]


def test_an_older_file_without_a_newer_column_reads_as_unknown_there(lake: Lake) -> None:
    lake.write(FEED, 1, facts(1).drop_columns(["gross_wage"]))
    lake.write(FEED, 2, facts(2))
    with lake.known((ref(1), ref(2)), COLUMNS) as view:
        rows = view.query(f'SELECT fact_key, gross_wage FROM "{view.facts(FEED)}" ORDER BY 1').to_pylist()
    assert [row["gross_wage"] is None for row in rows] == [True, False]


def test_a_file_appears_whole_and_what_a_broken_attempt_left_is_replaced(lake: Lake) -> None:
    lake.write(FEED, 1, facts(1, 2), gone(9))
    written = lake.write(FEED, 1, facts(3))
    assert written.paths == (lake.facts_path(FEED, 1),)
    assert pq.read_table(lake.facts_path(FEED, 1)).column("fact_key").to_pylist() == [3]
    assert sorted(path.name for path in (lake.root / FEED).iterdir()) == ["1.parquet"]


def test_the_digest_of_what_was_written_tells_other_contents_apart(lake: Lake) -> None:
    first = lake.write(FEED, 1, facts(1)).sha256
    assert lake.write(FEED, 1, facts(1)).sha256 == first
    assert lake.write(FEED, 1, facts(2)).sha256 != first


def test_discarding_a_delivery_leaves_nothing_and_may_be_done_twice(lake: Lake) -> None:
    lake.write(FEED, 1, facts(1), gone(2))
    lake.discard(FEED, 1)
    lake.discard(FEED, 1)
    assert list((lake.root / FEED).iterdir()) == []


def test_a_feed_name_that_would_leave_the_lake_is_refused(lake: Lake) -> None:
    with pytest.raises(ValueError, match="identifier"):
        lake.write("../elsewhere", 1, facts(1))


def test_what_stands_starts_with_the_last_full_delivery() -> None:
    manifest = (ref(1), ref(2, "full"), ref(3), ref(5, "full"), ref(6, "withdraw"))
    assert [d.seq for d in standing(manifest, FEED)] == [5, 6]
    assert [d.seq for d in standing(manifest[:1], FEED)] == [1]
    assert standing(manifest, "deaths") == ()


def test_the_digest_of_a_manifest_does_not_depend_on_its_order_but_on_each_delivery() -> None:
    assert digest((ref(1), ref(2))) == digest((ref(2), ref(1)))
    assert digest((ref(1),)) != digest((ref(1, "full"),))


def test_the_engine_reads_the_lake_and_nothing_else_of_the_machine(lake: Lake, tmp_path: Path) -> None:
    outside = tmp_path / "outside.parquet"
    pq.write_table(facts(1), outside)
    engine = lake.engine()
    with pytest.raises(duckdb.Error):
        engine.query(f"SELECT * FROM read_parquet('{outside}')")
    with pytest.raises(duckdb.Error):
        engine.query("SET enable_external_access = true")
    engine.close()


def test_what_does_not_fit_in_memory_is_spilled_inside_the_lake_and_removed_afterwards(tmp_path: Path) -> None:
    engine = DuckEngine(tmp_path, memory_limit="60MB", threads=1)
    statement = "SELECT range AS a, hash(range) AS b, hash(range + 1) AS c, hash(range + 2) AS d FROM range(6000000)"
    engine.keep("big", statement)
    assert engine.query('SELECT count(*) AS n FROM "big"').column("n").to_pylist() == [6_000_000]
    spilled = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 0]
    assert spilled
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_a_spill_whose_owner_was_killed_is_swept_and_a_living_one_is_left(tmp_path: Path) -> None:
    living = Spill(tmp_path)
    dead = tmp_path / f"{PREFIX}dead"
    dead.mkdir()
    (dead / "owner.lock").touch()
    unowned = tmp_path / f"{PREFIX}without-lock"
    unowned.mkdir()
    other = Spill(tmp_path)
    assert not dead.exists()
    unowned.rmdir()
    assert living.folder.exists()
    for spill in (living, other, other):
        spill.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("use", [lambda e: e.query("SELECT 1"), lambda e: e.keep("t", "SELECT 1 AS a")])
def test_a_closed_engine_refuses_further_work(lake: Lake, use: Callable[[DuckEngine], object]) -> None:
    engine = DuckEngine(lake.root, memory_limit="100MB", threads=1)
    engine.close()
    with pytest.raises(duckdb.Error):
        use(engine)


def test_nothing_is_written_when_the_disk_refuses(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    lake.write(FEED, 1, facts(1))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        lake.write(FEED, 2, facts(2))
    assert [path.name for path in (lake.root / FEED).iterdir()] == ["1.parquet"]


def test_engines_opened_at_once_take_no_folder_from_each_other(tmp_path: Path) -> None:
    def opened(_: int) -> bool:
        spill = Spill(tmp_path)
        there = (spill.folder / LOCK).exists()
        spill.close()
        return there

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(opened, range(400)))
    assert list(tmp_path.glob(f"{PREFIX}*")) == []
