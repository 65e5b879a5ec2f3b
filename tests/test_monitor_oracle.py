"""The oracle itself is held against the verdicts that an independent program computed for the sample."""

import csv
from datetime import date
from pathlib import Path

import oracle
import oracle_reading
import pytest

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


def test_a_leapling_turns_on_the_first_of_march() -> None:
    assert oracle.age_on(date(2008, 2, 29), date(2024, 2, 28)) == 15
    assert oracle.age_on(date(2008, 2, 29), date(2025, 2, 28)) == 16
    assert oracle.age_on(date(2008, 2, 29), date(2025, 3, 1)) == 17
