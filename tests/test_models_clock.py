"""Times of a table are put in their order, whatever they are written as."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.clock import as_times
from models.refusals import Unlearnable

ORDERED = {
    "numbers": [2008, 2010, 2016],
    "texts of numbers": ["2008", "2010", "2016"],
    "waves past nine": ["wave 2", "wave 9", "wave 10"],
    "dates": ["2008-06-30", "2010-01-01", "2016-12-31"],
    "days of the calendar": [date(2008, 6, 30), date(2010, 1, 1), date(2016, 12, 31)],
    "days before months": ["30/06/2008", "01/01/2010", "31/12/2016"],
    "months before days": ["06/30/2008", "01/01/2010", "12/31/2016"],
    "named months": ["Dec 2008", "Jan 2010", "Nov 2010"],
    "Chinese months": ["2010年3月", "2010年9月", "2010年12月"],
    "quarters": ["2009Q4", "2010Q1", "2010Q2"],
    "before and after": ["pre", "mid", "post"],
    "baseline first": ["baseline", "midline", "endline"],
}


@pytest.mark.parametrize("name", ORDERED)
def test_later_times_are_higher_numbers(name: str) -> None:
    told = as_times(pd.Series(ORDERED[name]))
    assert np.isfinite(told).all()
    assert (np.diff(told) > 0).all()
    turned = as_times(pd.Series(ORDERED[name][::-1]))
    assert (np.diff(turned) < 0).all()


def test_an_ordered_category_keeps_its_own_order_and_a_missing_time_is_none() -> None:
    values = pd.Series(pd.Categorical(["late", None, "early"], categories=["early", "late"], ordered=True))
    told = as_times(values)
    assert told[0] > told[2]
    assert np.isnan(told[1])
    assert np.isnan(as_times(pd.Series(["wave 1", None]))[1])


def test_days_that_may_be_months_are_refused_saying_how_to_write_them() -> None:
    with pytest.raises(Unlearnable, match="2016-03-31"):
        as_times(pd.Series(["03/04/2010", "05/06/2011"]))
    same = as_times(pd.Series(["01/01/2010", "02/02/2011"]))
    assert same[0] < same[1]
