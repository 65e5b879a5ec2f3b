"""Places parted among groups: each finds the same share of its need, and inside a group nothing changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.places import parted

CHANCE = np.random.default_rng(1)
HOMES = 6000
GROUP = CHANCE.choice(["known well", "known little"], HOMES)
# Of the second group the feeds say little: its probabilities stay near the middle.
RISK = 1 / (1 + np.exp(-(CHANCE.normal(0, np.where(GROUP == "known well", 1.5, 0.4), HOMES) - 3)))
FELL = CHANCE.random(HOMES) < RISK


def recalls(order: np.ndarray, share: float) -> list[float]:
    chosen = np.argsort(-order, kind="stable")[: round(share * HOMES)]
    first = np.isin(np.arange(HOMES), chosen)
    return [float(first[FELL & (name == GROUP)].mean()) for name in ("known well", "known little")]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_wherever_the_list_is_cut_both_groups_are_found_alike_where_the_score_alone_passes_one_by(share: float) -> None:
    well, little = recalls(RISK, share)
    assert little < 0.5 * well
    well, little = recalls(parted(RISK, GROUP), share)
    assert little > 0.75 * well


def test_inside_a_group_the_order_is_that_of_the_score_and_equal_scores_stand_equal() -> None:
    order = parted(RISK, GROUP)
    for name in ("known well", "known little"):
        mine = name == GROUP
        assert np.array_equal(np.argsort(-order[mine], kind="stable"), np.argsort(-RISK[mine], kind="stable"))
    assert parted([0.2, 0.2, 0.1], ["a", "a", "a"]).tolist() == pytest.approx([1.0, 1.0, 0.2])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.randoms())
@settings(max_examples=60)
def test_the_order_of_rows_decides_nothing_and_every_place_is_a_number(risks: list[float], chance: object) -> None:
    groups = [chance.choice("ab") for _ in risks]
    order = parted(risks, groups)
    assert np.isfinite(order).all()
    assert ((order >= 0) & (order <= 1)).all()
    turned = parted(risks[::-1], groups[::-1])
    assert order.tolist() == pytest.approx(turned[::-1].tolist())
