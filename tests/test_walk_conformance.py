"""The engine and the policy against the oracle: the sample's three dates, and random worlds."""

import csv
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import oracle
import oracle_reading
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from sqlalchemy import select
from world_lake import WorldLake
from worlds import world, worlds

from monitor import database
from monitor.feeds import ingest_folder
from monitor.indicators import compute, manifest, opened
from monitor.lake import Lake
from monitor.policy import Policy, load
from monitor.service import Service
from monitor.tables import Household

SHARED = Path(__file__).resolve().parents[2] / "shared" / "deliveries"
DATES = ("2025-12-31", "2026-03-31", "2026-04-20")
WORDS = {1: "fires", -1: "unknown"}


@cache
def policy_on(as_of: date) -> Policy:
    return load(as_of)


def verdicts_of_the_engine(world: WorldLake, as_of: date) -> set[tuple[str, str, str]]:
    policy = policy_on(as_of)
    with opened(world.lake, policy, world.known(as_of)) as view:
        table = compute(view, policy, as_of=as_of)
    codes = policy.judge(table).codes[list(oracle.RULES)]
    numbers = {key: number for number, key in world.households.items()}
    long = codes.stack()
    return {(numbers[key], rule, WORDS[code]) for (key, rule), code in long[long != 0].items()}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> WorldLake:
    if not (SHARED / "sample").is_dir():
        pytest.skip("the shared sample deliveries are not beside this repository")
    world = WorldLake(Lake(tmp_path_factory.mktemp("sample")), policy_on(date(2025, 12, 31)).feeds)
    return world.extend(oracle_reading.deliveries(SHARED / "sample"))


def expected_on(day: str) -> set[tuple[str, str, str]]:
    with (SHARED / "sample-expected.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["as_of"] == day]
    return {(row["household_id"], row["rule"], row["verdict"]) for row in rows}


@pytest.mark.parametrize("day", DATES)
def test_the_engine_gives_exactly_the_expected_verdicts_of_the_sample(sample: WorldLake, day: str) -> None:
    assert verdicts_of_the_engine(sample, date.fromisoformat(day)) == expected_on(day)


def verdicts_of_the_service(service: Service, as_of: date) -> set[tuple[str, str, str]]:
    policy = policy_on(as_of)
    with database.reading(service.engine) as session:
        known = manifest(session, as_of=as_of)
        numbers = dict(iter(session.execute(select(Household.id, Household.household_no))))
    with opened(Lake(service.lake), policy, known) as view:
        codes = policy.judge(compute(view, policy, as_of=as_of)).codes[list(oracle.RULES)]
    long = codes.stack()
    return {(numbers[key], rule, WORDS[code]) for (key, rule), code in long[long != 0].items()}


def test_the_sample_as_it_is_gives_exactly_the_expected_verdicts_on_each_database(service: Service) -> None:
    if not (SHARED / "sample").is_dir():
        pytest.skip("the shared sample deliveries are not beside this repository")
    receipts = ingest_folder(service, SHARED / "sample")
    assert {receipt.status for receipt in receipts} == {"committed"}
    for day in DATES:
        assert verdicts_of_the_service(service, date.fromisoformat(day)) == expected_on(day)


@pytest.mark.parametrize("series", range(5))
def test_the_engine_agrees_with_the_oracle_on_random_worlds(
    series: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @hypothesis_settings(max_examples=42, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def agrees(world: tuple[date, list[oracle.Delivery]]) -> None:
        as_of, deliveries = world
        lake = WorldLake(Lake(tmp_path_factory.mktemp(f"world{series}")), policy_on(as_of).feeds).extend(deliveries)
        assert verdicts_of_the_engine(lake, as_of) == set(oracle.verdicts(deliveries, as_of))

    agrees()


def test_the_worlds_meet_every_verdict_of_every_rule() -> None:
    met: Counter[tuple[str, str]] = Counter()
    for seed in range(400):
        as_of, deliveries = world(Random(seed))
        met.update({(rule, verdict) for _, rule, verdict in oracle.verdicts(deliveries, as_of)})
    assert all(met[rule, verdict] >= 3 for rule in oracle.RULES for verdict in ("fires", "unknown")), met


def test_the_answer_does_not_depend_on_how_late_it_is_computed(sample: WorldLake) -> None:
    early, policy = date(2025, 12, 31), policy_on(date(2025, 12, 31))
    before = [ref for ref in sample.manifest if ref.known_on <= early]
    tables = []
    for known in (tuple(before), tuple(reversed(before))):
        with opened(sample.lake, policy, known) as view:
            tables.append(compute(view, policy, as_of=early))
    pd.testing.assert_frame_equal(*tables)
