"""A table of any columns becomes numbers, by what the rows learned from show and nothing else."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.refusals import Unlearnable, Unscorable
from models.tables import Columns, read

TABLE = pd.DataFrame(
    {
        "income": [1.0, 2.0, np.nan, 4.0] * 20,
        "children": pd.array([0, 1, 2, None] * 20, dtype="Int64"),
        "farm": [True, False, False, True] * 20,
        "hurt": pd.array([True, None, False, True] * 20, dtype="boolean"),
        "kind": ["甲", "乙", None, "甲"] * 20,
        "grade": pd.Categorical(["low", "high", "low", None] * 20),
        "born": pd.to_datetime(["1970-01-02", "1970-01-03", None, "1971-01-01"] * 20),
        "typed": ["2020-1-1", "2020/02/01", "2021-03-01", None] * 20,
        "digits": ["1", "2.5", "", "4"] * 20,
        "constant": [7] * 80,
        "empty": [None] * 80,
        "id": [f"H{n}" for n in range(80)],
        "nested": [[1, 2]] * 80,
        "sometimes": [None, 1.0, None, 1.0] * 20,
    }
)


def test_every_type_of_column_becomes_one_number_and_missing_stays_missing() -> None:
    columns = Columns.learned(TABLE.replace({"digits": {"": None}}))
    numbers = columns.numbers(TABLE.replace({"digits": {"": None}}))
    kinds = {column.name: column.kind for column in columns.features}
    assert kinds == {
        "income": "number", "children": "number", "farm": "truth", "hurt": "truth", "kind": "category",
        "grade": "category", "born": "date", "typed": "date", "digits": "number", "sometimes": "number",
    }  # fmt: skip
    assert (numbers.dtypes == np.float64).all()
    assert numbers.iloc[0].to_dict() == {
        "income": 1, "children": 0, "farm": 1, "hurt": 1, "kind": 0, "grade": 0, "born": 1, "typed": 18262, "digits": 1,
        "sometimes": pytest.approx(np.nan, nan_ok=True),
    }  # fmt: skip
    assert numbers.iloc[2][["income", "kind", "born", "digits"]].isna().all()
    assert set(columns.left_out) == {"constant", "empty", "id", "nested"}


def test_columns_in_another_order_are_read_by_name_and_more_columns_are_not_read() -> None:
    columns = Columns.learned(TABLE)
    turned = TABLE[TABLE.columns[::-1]].assign(another=1)
    pd.testing.assert_frame_equal(columns.numbers(turned), columns.numbers(TABLE))


def test_a_category_never_seen_where_it_was_learned_is_missing_and_not_a_new_number() -> None:
    columns = Columns.learned(TABLE[["kind"]])
    assert np.isnan(columns.numbers(pd.DataFrame({"kind": ["丙"]}))["kind"]).all()


def test_columns_are_typed_by_the_rows_learned_from_and_by_no_others() -> None:
    later = TABLE.assign(digits="text", kind="丙")
    both = pd.concat([TABLE, later])
    learned = Columns.learned(both.iloc[: len(TABLE)])
    assert learned == Columns.learned(TABLE)
    assert learned != Columns.learned(both)


def test_what_was_learned_of_columns_survives_as_json() -> None:
    columns = Columns.learned(TABLE)
    assert Columns.from_plain(json.loads(json.dumps(columns.as_plain()))) == columns


def test_infinities_and_lost_columns_are_refused_by_name() -> None:
    with pytest.raises(Unlearnable, match=r"income；.*infinite values in income:"):
        Columns.learned(TABLE.assign(income=np.inf))
    columns = Columns.learned(TABLE)
    with pytest.raises(Unscorable, match=r"缺少列.*income.*columns are lacking"):
        columns.numbers(TABLE.drop(columns="income"))
    with pytest.raises(Unscorable, match="infinite values in"):
        columns.numbers(TABLE.assign(income=-np.inf))


def test_a_csv_in_any_encoding_that_offices_write_and_a_parquet_give_the_same_table(tmp_path: Path) -> None:
    table = pd.DataFrame({"户": ["甲", "乙"], "收入": [1.5, np.nan]})
    table.to_csv(tmp_path / "a.csv", index=False, encoding="utf-8-sig")
    table.to_csv(tmp_path / "b.csv", index=False, encoding="gb18030")
    table.set_index("户").to_parquet(tmp_path / "c.parquet")
    table.to_csv(tmp_path / "d.csv", index=False, encoding="utf-16", sep="\t")
    for name in ("a.csv", "b.csv", "c.parquet", "d.csv"):
        pd.testing.assert_frame_equal(read(tmp_path / name), table, check_dtype=False)


@pytest.mark.parametrize(
    ("name", "contents", "said"),
    [
        ("none.csv", None, "no such file"),
        ("empty.csv", b"", "cannot be read"),
        ("names.csv", b"a,b\n", "no rows"),
        ("twice.csv", b"a,a\n1,2\n", "same name"),
        ("cut.parquet", b"PAR1....", "cannot be read"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "cannot be read"),
    ],
)
def test_a_file_that_is_no_clear_table_is_refused(tmp_path: Path, name: str, contents: bytes | None, said: str) -> None:
    if contents is not None:
        (tmp_path / name).write_bytes(contents)
    with pytest.raises(Unlearnable, match=said):
        read(tmp_path / name)


@pytest.mark.parametrize(("sep", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", ".")])
def test_a_csv_may_be_parted_by_semicolons_or_tabs_and_say_nothing_by_a_dot(
    tmp_path: Path, sep: str, decimal: str
) -> None:
    lines = [["id", "income", "place"], ["a", f"1{decimal}5", "x"], ["b", ".", "y"], ["c", f"2{decimal}5", "-"]]
    (tmp_path / "t.csv").write_text("\n".join(sep.join(line) for line in lines))
    table = read(tmp_path / "t.csv")
    assert table["income"].tolist()[::2] == [1.5, 2.5]
    assert table["income"].isna().tolist() == [False, True, False]
    assert table["place"].isna().tolist() == [False, False, True]


def test_numbers_with_thousands_and_percent_signs_are_numbers() -> None:
    table = pd.DataFrame({"money": ["1,234.5", "12", "1,000,000", None], "share": ["5%", "12.5%", "0%", "7%"]})
    table["pay"] = ["¥1,200.50", "￥ 30", "5元", "-2 元"]
    columns = Columns.learned(table)
    assert {one.name: one.kind for one in columns.features} == dict.fromkeys(("money", "share", "pay"), "number")
    told = columns.numbers(table)
    assert told["money"].tolist()[:3] == [1234.5, 12.0, 1_000_000.0]
    assert told["share"].tolist() == [5.0, 12.5, 0.0, 7.0]
    assert told["pay"].tolist() == [1200.5, 30.0, 5.0, -2.0]
