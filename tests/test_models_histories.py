"""What a table remembers of a household is of earlier times only, and finds more than the day's values alone."""

import numpy as np
import pandas as pd
import pytest

from models.histories import BEFORE, CHANGE, MEAN, base_of, remembered
from models.refusals import Unscorable
from models.task import Spec, prepare
from models.training import CHOSEN, train

ROWS = pd.DataFrame(
    {
        "home": ["a", "a", "a", "a", "b", "b"],
        "year": [2019, 2018, 2020, 2018, 2018, 2020],
        "income": [10.0, 4.0, np.nan, 6.0, 7.0, 9.0],
        "fixed": [1.0, 1.0, 1.0, 1.0, 2.0, 2.0],
        "word": list("xyzxyz"),
    }
)


def told(rows: pd.DataFrame = ROWS, *, but: tuple[str, ...] = ("home", "year")) -> pd.DataFrame:
    codes = pd.factorize(rows["home"])[0].astype(np.int64)
    return remembered(rows, codes, rows["year"].to_numpy(dtype=float), but=but)


def test_a_row_knows_the_mean_of_the_time_before_its_change_and_the_mean_of_all_before() -> None:
    found = told()
    assert list(found) == ["income" + BEFORE, "income" + CHANGE, "income" + MEAN]
    np.testing.assert_allclose(found["income" + BEFORE], [5, np.nan, 10, np.nan, np.nan, 7])
    np.testing.assert_allclose(found["income" + CHANGE], [5, np.nan, np.nan, np.nan, np.nan, 2])
    np.testing.assert_allclose(found["income" + MEAN], [5, np.nan, 7.5, np.nan, np.nan, 7])
    assert [base_of(name) for name in ("income" + CHANGE, "income")] == ["income", None]


def test_whatever_comes_later_moves_no_earlier_row() -> None:
    later = ROWS["year"] == 2020
    poisoned = ROWS.assign(income=ROWS["income"].mask(later, 1e9))
    pd.testing.assert_frame_equal(told()[~later], told(poisoned)[~later])


def test_columns_left_out_by_name_and_tables_of_one_time_remember_nothing() -> None:
    assert told(but=("home", "year", "income")).empty
    assert told(ROWS[ROWS["year"] == 2018]).shape[1] == 0


def slow_falls(households: int = 500, waves: int = 4) -> pd.DataFrame:
    """Return a panel in which one year's income is mostly noise: the mean of those before tells who falls."""
    rng = np.random.default_rng(3)
    house, year = np.tile(np.arange(households), waves), np.repeat(np.arange(waves) + 2018, households)
    ability = rng.normal(0, 1, households)[house]
    income = ability + rng.normal(0, 1.2, len(house))
    fell = (ability + rng.normal(0, 0.6, len(house)) < -0.9).astype(int)
    return pd.DataFrame(
        {"home": house, "year": year, "income": income, "noise": rng.normal(size=len(house)), "fell": fell}
    )


def test_histories_find_more_of_those_who_fall_and_score_a_new_table_too() -> None:
    table, spec = slow_falls(), Spec("fell", "year", "home", folds=2)
    learned = train(table, spec)
    assert "income" + MEAN in learned.columns.names
    today = train(table.assign(home=np.arange(len(table))), spec)
    assert not any(base_of(name) for name in today.columns.names)
    assert learned.metrics[CHOSEN]["auc"] > today.metrics[CHOSEN]["auc"] + 0.005
    assert np.isfinite(learned.score(table)).all()
    with pytest.raises(Unscorable, match="home"):
        learned.score(table.drop(columns="home"))


def test_of_a_first_time_nothing_is_remembered_so_no_model_is_told_what_none_was_judged_by() -> None:
    learned = train(slow_falls(waves=2), Spec("fell", "year", "home", folds=2))
    assert learned.columns.names == ("income", "noise")


def test_what_only_tells_the_time_is_no_feature() -> None:
    table = slow_falls().assign(price=lambda rows: rows["year"] * 1.5, first=lambda rows: rows["year"] == 2018)
    task = prepare(table, Spec("fell", "year", "home"))
    columns = task.columns(np.arange(len(task.label)))
    assert {"price", "first"} <= set(columns.left_out)
    assert "income" in columns.names
