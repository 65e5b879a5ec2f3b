"""Times of rows as numbers in their order, whatever a table writes for a time."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.refusals import Unlearnable
from models.tables import days

Array = NDArray[np.float64]
# Words whose order is not that of the alphabet.
_WORDS = {word: place for place, each in enumerate((
    ("pre", "before", "baseline", "base", "first", "基线", "前"), ("mid", "midline", "during", "中期"),
    ("post", "after", "endline", "end", "last", "终期", "后"),
)) for word in each}  # fmt: skip
_NAMED_MONTH = r"^(\d{1,2}[ -])?[A-Za-z]{3,9}\.?[ -]\d{4}$"
_TURNED = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}$"


def as_times(values: "pd.Series[Any]") -> Array:
    """Return times as numbers in their order; NaN where there is none.

    Numbers as they are, dates as days (``2016-03-31``, ``31/03/2016``, ``Mar 2016``); ordered categories by their
    order; other texts by the numbers in them (``wave 2`` before ``wave 10``) and a few known words (``pre``, ``post``).
    Refuses days that may be months.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(values.dtype, pd.CategoricalDtype) and values.dtype.ordered:
        return np.where(values.cat.codes < 0, np.nan, values.cat.codes).astype(np.float64)
    texts = values.astype("string").str.strip()
    for told in (days(values), _dated(texts)):
        if told is not None and np.isfinite(told).sum() == values.notna().sum():
            return told
    place = {text: float(at) for at, text in enumerate(sorted(texts.dropna().unique(), key=_natural))}
    return texts.map(place).to_numpy(dtype=np.float64, na_value=np.nan)


def _dated(texts: "pd.Series[Any]") -> Array | None:
    known = texts.dropna()
    if known.str.match(_TURNED).all():
        told = texts.str.replace(r"[/.]", "-", regex=True)
        read = [pd.to_datetime(told, format=form, errors="coerce") for form in ("%d-%m-%Y", "%m-%d-%Y")]
        whole = [one for one in read if one.notna().sum() == len(known)]
        if len(whole) == 2 and not whole[0].equals(whole[1]):
            raise Unlearnable(
                zh="时间列分不清日与月，请写成 2016-03-31 的形式",
                en="days and months of the time column cannot be told apart: write them as 2016-03-31",
            )
        return days(whole[0]) if whole else None
    if known.str.match(_NAMED_MONTH).all():
        return days(pd.to_datetime(texts, format="mixed", errors="coerce"))
    return None


def _natural(text: str) -> list[tuple[int, float, str]]:
    """Return what sorts a text by its numbers and known words."""
    parts = re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", text)
    return [
        (0, float(part), "") if part[0].isdigit() else (1, float(_WORDS.get(part.lower(), len(_WORDS))), part.lower())
        for part in parts
    ]
