"""The table that a model learns from, built from what an installation was delivered."""

from datetime import date

import pytest
from installed import receive
from test_monitor_learning import HOMES, LATER, T, history

from jobs import panel
from monitor.service import Service


@pytest.fixture
def city(sqlite_service: Service) -> Service:
    receive(sqlite_service, history())
    return sqlite_service


def test_each_household_of_each_date_is_one_row_with_its_label_and_its_kin(city: Service) -> None:
    found = panel.build(city, as_of=LATER, dates=[date(2025, 3, 31), T])
    assert found.dates == [date(2025, 3, 31), T]
    assert len(found.table) == 2 * HOMES
    last = found.table[found.table["date"] == T]
    assert last["label"].tolist() == [1.0] + [0.0] * (HOMES - 1)
    assert last["lineage"].nunique() == HOMES
    assert last["village"].tolist() == ["340202001001"] * HOMES
    assert not set(found.features) & {"label", "date", "household", "lineage", "village", "approved_on", "severe"}


def test_dates_without_a_year_of_history_are_left_out_and_with_none_left_it_refuses(city: Service) -> None:
    found = panel.build(city, as_of=LATER, dates=[date(2024, 12, 31), T])
    assert found.dates == [T]
    with pytest.raises(ValueError, match="has a register"):
        panel.build(city, as_of=LATER, dates=[date(2024, 12, 31)])


def test_the_panel_says_how_late_decisions_come_and_which_ways_risk_goes(city: Service) -> None:
    found = panel.build(city, as_of=LATER, dates=[T])
    assert found.lag.days == 45
    assert found.monotone["monthly_income_per_head"] == -1
    assert set(found.monotone) <= set(found.features)
    assert found.labels[0].withdrawn == 1
