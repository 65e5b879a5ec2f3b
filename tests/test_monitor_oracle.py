"""The oracle itself is held against the verdicts that an independent program computed for the sample."""

import csv
from datetime import date, timedelta
from pathlib import Path

import duckdb
import oracle
import oracle_reading
import pytest

from monitor.lake import sql as lake_sql

SHARED = Path(__file__).resolve().parents[2] / "shared" / "deliveries"
DATES = ("2025-12-31", "2026-03-31", "2026-04-20")


@pytest.fixture(scope="module")
def sample() -> list[oracle.Delivery]:
    if not (SHARED / "sample").is_dir():
        pytest.skip("the shared sample deliveries are not beside this repository")
    return oracle_reading.deliveries(SHARED / "sample")


@pytest.mark.parametrize("day", DATES)
def test_the_oracle_gives_exactly_the_expected_verdicts_of_the_sample(sample: list[oracle.Delivery], day: str) -> None:
    with (SHARED / "sample-expected.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["as_of"] == day]
    expected = {(row["household_id"], row["rule"], row["verdict"]) for row in rows}
    assert set(oracle.verdicts(sample, date.fromisoformat(day))) == expected


EDGES = ("1900-02-28", "1900-03-01", "1999-12-31", "2000-02-29", "2023-02-28", "2023-03-01", "2024-02-28",
         "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01", "2100-02-28", "2100-03-01", "2100-12-31")  # fmt: skip


def test_every_age_from_1900_to_2100_is_the_same_in_sql_and_in_plain_python() -> None:
    first, days = date(1900, 1, 1), (date(2100, 12, 31) - date(1900, 1, 1)).days + 1
    births = [first + timedelta(days=number) for number in range(days)]
    days_of = [date.fromisoformat(on) for on in EDGES]
    asked = [lake_sql.years_between("born", on) for on in (*days_of, *(f"DATE '{on}'" for on in EDGES))]
    every = f"SELECT DATE '{first}' + CAST(range AS INTEGER) AS born FROM range({days})"
    told = list(duckdb.sql(f"SELECT {', '.join(asked)} FROM ({every}) ORDER BY born").fetchnumpy().values())
    for number, on in enumerate(days_of):
        expected = [oracle.age_on(born, on) for born in births]
        assert told[number].tolist() == told[number + len(EDGES)].tolist() == expected, on


def test_a_leapling_turns_on_the_first_of_march() -> None:
    assert oracle.age_on(date(2008, 2, 29), date(2024, 2, 28)) == 15
    assert oracle.age_on(date(2008, 2, 29), date(2025, 2, 28)) == 16
    assert oracle.age_on(date(2008, 2, 29), date(2025, 3, 1)) == 17
