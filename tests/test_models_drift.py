"""Drift: what moved, what is missing, what the audit says; and when rules take over."""

import numpy as np
import pytest
from months import EXPECTED, FEEDS, month, table

from models.drift import SCORE, alarm, look, psi, rate


def test_the_index_is_nothing_where_nothing_changed_and_grows_with_the_shift() -> None:
    then = np.random.default_rng(0).normal(size=20_000)
    assert psi(then, then) == 0
    shifts = [psi(then, then + by) for by in (0.1, 0.3, 1.0)]
    assert shifts == sorted(shifts)
    assert shifts[0] < 0.1 < 0.2 < shifts[2]


def test_the_index_is_the_sum_it_is_defined_as() -> None:
    then, now = np.r_[np.zeros(60), np.ones(40)], np.r_[np.zeros(30), np.ones(70)]
    assert psi(then, now) == pytest.approx((0.3 - 0.6) * np.log(0.3 / 0.6) + (0.7 - 0.4) * np.log(0.7 / 0.4))


def test_a_feed_that_falls_silent_is_seen_by_its_missing_bin_alone() -> None:
    then = table()["medical"]
    now = then.mask(np.random.default_rng(2).random(len(then)) < 0.5)
    assert psi(then, now) > 0.2
    assert psi(then.dropna(), now.dropna()) < 0.01


def test_constant_empty_and_all_missing_columns_have_an_index_too() -> None:
    assert psi([1.0] * 50, [1.0] * 50) == 0
    assert psi([1.0] * 50, [2.0] * 50) == 0
    assert psi([], [1.0]) == 0
    assert psi([np.nan] * 50, [np.nan] * 50) == 0
    assert psi([np.nan] * 50, [1.0] * 50) > 5
    assert np.isfinite(psi([1.0, 2.0], [np.nan, np.nan]))


def test_a_month_tells_features_feeds_base_rate_and_precision() -> None:
    seen = month()
    assert list(seen.features.index) == ["income", "medical", "work", SCORE]
    assert seen.features["psi"].max() < 0.05
    assert seen.features.loc["medical", "missing_now"] == pytest.approx(0.1, abs=0.03)
    assert seen.feeds.loc["wages", "now"] == 1.0
    assert seen.feeds.loc["hospitals", "then"] == pytest.approx(0.9, abs=0.03)
    assert np.isnan(seen.feeds.loc["gone", "now"])
    assert seen.base_rate.value == pytest.approx(0.11)
    assert seen.base_rate.low < 0.11 < seen.base_rate.high
    assert (seen.moved, seen.outside) == ([], False)


def test_a_rate_has_wilsons_interval_and_few_labels_say_nothing() -> None:
    told = rate([1.0] * 10 + [0.0] * 90)
    assert (round(told.low, 4), round(told.high, 4)) == (0.0552, 0.1744)
    assert rate([0.0] * 50).low == pytest.approx(0, abs=1e-12)
    assert np.isnan(rate([1.0] * 29).value)
    assert np.isnan(rate([1.0] * 20 + [np.nan] * 40).value)


def test_an_index_above_the_alarm_hands_the_order_to_the_rules_at_once() -> None:
    told = alarm([month("2026-03"), month("2026-04", income=1.0)])
    assert told is not None
    assert told.en.startswith("2026-04 PSI above 0.2: ")
    assert "income" in told.en
    assert SCORE in told.zh
    assert alarm([month("2026-03", income=1.0), month("2026-04")]) is None


def test_a_missing_feed_alarms_by_its_features() -> None:
    told = alarm([month(missing=0.6)])
    assert told is not None
    assert "medical" in told.en
    assert "income" not in told.en


@pytest.mark.parametrize("visited", [0.10, 0.50])
def test_precision_outside_its_interval_alarms_when_it_is_so_two_months_running(visited: float) -> None:
    once = [month("2026-03"), month("2026-04", visited=visited)]
    assert once[1].outside
    assert alarm(once) is None
    told = alarm([*once, month("2026-05", visited=visited)])
    assert told is not None
    assert "two months running: 2026-04" in told.en
    assert alarm([once[1], month("2026-05"), month("2026-06", visited=visited)]) is None


def test_an_unknown_precision_is_not_outside() -> None:
    quiet = look("2026-03", then=table(), now=table(seed=1), feeds=FEEDS, expected=EXPECTED)
    assert np.isnan(quiet.precision.value)
    assert not quiet.outside
    assert alarm([quiet, quiet]) is None
    assert alarm([]) is None
