"""Hard times in the made-up city: as hard to foresee as real ones, and changed by help."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from jobs import city
from jobs.city import bands, people
from jobs.city import life as living
from jobs.city.hardship import CALM, HARD, Hardship, falls, slump
from jobs.city.plan import Flags, Ints
from jobs.city.world import World, decide

UNTIL = date(2026, 6, 30)
MONTHS = 42
SHOCK = HARD.shock(MONTHS)


Lives = tuple[list[Flags], list[Ints], World]


def lived(hardship: Hardship, *, homes: int = 8_000, brought: Callable[[World], Ints] | None = None) -> Lives:
    """Live the months; return who was poor and who was in which category at the end of each."""
    plan = city.Plan(homes, 11, UNTIL, months=MONTHS, hardship=hardship)
    world = city.settle(people.build(plan), plan)
    poor, category = [], []
    for _ in range(MONTHS):
        living.step(world.life)
        decide(world)
        world.brought = brought(world) if brought else np.array([], dtype=np.int64)
        poor.append(world.life.poor.copy())
        category.append(world.aid.category.copy())
    return poor, category, world


def fallen(lives: Lives, month: int) -> float:
    """The share that falls within six months, among those who are asked about: not poor, on no dibao or tekun."""
    poor, asked = lives[0], lives[1][month] > people.DIBAO
    return float((falls(poor[month], poor[month + 6]) & asked).sum() / (~poor[month] & asked).sum())


@pytest.fixture(scope="module")
def hard() -> Lives:
    return lived(HARD)


def test_falls_and_persistence_lie_in_the_bands_of_real_panels(hard: Lives) -> None:
    poor = hard[0]
    before = [fallen(hard, month) for month in range(14, SHOCK - 6)]
    low, high = bands.BANDS["falls"]
    assert low <= np.mean(before) <= high
    low, high = bands.BANDS["persistence"]
    stay = [(poor[month] & poor[month + 6]).sum() / poor[month].sum() for month in range(14, MONTHS - 6, 3)]
    assert low <= np.mean(stay) <= high


def test_the_macro_shock_nearly_doubles_the_falls(hard: Lives) -> None:
    before = np.mean([fallen(hard, month) for month in range(14, SHOCK - 6)])
    after = max(fallen(hard, month) for month in range(SHOCK - 1, MONTHS - 6))
    assert 1.6 * before <= after <= 3 * before


def test_help_works_and_changes_who_falls_later() -> None:
    bare = replace(HARD, brought_in=0.0)
    alone, _, _ = lived(bare, homes=3_000)
    helped, category, _ = lived(bare, homes=3_000, brought=lambda world: np.flatnonzero(world.life.poor))
    assert helped[-1].mean() < 0.9 * alone[-1].mean()
    assert (category[-1] < people.OTHER).mean() > 0.1


def test_a_household_brought_in_by_a_visit_is_decided_on_though_it_never_applied() -> None:
    plan = city.Plan(400, 3, UNTIL, months=6)
    world = city.settle(people.build(plan), plan)
    living.step(world.life)
    rich = np.flatnonzero(world.aid.category == people.OTHER)[:50]
    world.brought = rich
    decide(world)
    assert set(rich) <= set(world.aid.decided)
    assert 0.7 <= np.isin(rich, world.aid.newly).mean() <= 1.0


def test_a_slump_strikes_the_same_share_for_six_months_and_calm_times_know_none() -> None:
    path = np.zeros(1_000, dtype=np.float32)
    struck = [slump(HARD, path, since, np.random.default_rng(1)) < 0 for since in (0, 5, 6, -1)]
    assert struck[0].mean() == pytest.approx(HARD.slump, abs=0.05)
    assert (struck[0] == struck[1]).all()
    assert not struck[2].any()
    assert not struck[3].any()
    assert slump(CALM, path, 0, np.random.default_rng(1)) is path


def test_chance_of_standing_above_is_a_half_without_knowledge_and_one_with_all() -> None:
    label = np.array([0, 0, 1, 1])
    assert bands.auc(label, np.zeros(4)) == 0.5
    assert bands.auc(label, np.array([0.1, 0.2, 0.3, 0.4])) == 1.0
    assert bands.auc(label, np.array([0.1, np.nan, 0.3, np.nan])) == 0.625


def test_a_planted_answer_is_found_outside_its_band() -> None:
    chance = np.random.default_rng(3)
    rows = 4_000
    table = pd.DataFrame({name: chance.random(rows) for name in {column for column, _ in bands.FLAGS.values()}})
    table = table.assign(
        date=pd.Timestamp("2025-03-31"), household=range(rows), poor=False, later=chance.random(rows) < 0.1,
        net_year=chance.random(rows), linked=True,
    )  # fmt: skip
    table["planted"] = table["later"] + 0.1 * chance.random(rows)
    found = bands.measure(
        table, ["planted"], shock=UNTIL, fit=lambda rows, label: lambda asked: asked["planted"].to_numpy()
    )
    assert not found["single_feature"].inside
    assert not found["gap_to_oracle"].inside
