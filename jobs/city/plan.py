"""What city is asked for, and the one source of its chance."""

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from jobs.city.hardship import CALM, Hardship
from monitor.errors import Invalid

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]

FORMATS = ("csv", "xlsx", "zip", "parquet")
WARM_UP = 12
"""Months lived before the first delivery, so that a household has a past year when the feeds begin."""


@dataclass(frozen=True)
class Plan:
    """The size, the period and the seed of a made-up city; equal plans give equal rows.

    ``until`` is the last day on which a delivery may arrive, ``months`` counts the months of facts, the
    month of ``until`` included. ``crowded`` is the share of households that live in the first township: a small
    city in which one desk is as busy as in a large one.
    """

    households: int
    seed: int
    until: date
    months: int = 18
    formats: tuple[str, ...] = FORMATS
    hardship: Hardship = CALM
    crowded: float = 0.0

    def __post_init__(self) -> None:
        if self.households < 1 or self.months < 1:
            raise Invalid(zh="户数和月数须大于0", en="households and months must be above 0")
        if not 0 <= self.crowded <= 1:
            raise Invalid(zh="集中比例须在0到1之间", en="a share lies between 0 and 1")
        if not self.formats or not set(self.formats) <= set(FORMATS):
            raise Invalid(zh=f"格式只能是 {', '.join(FORMATS)}", en=f"formats may be {', '.join(FORMATS)}")

    @property
    def first(self) -> np.datetime64:
        """The first month of facts."""
        return np.datetime64(self.until, "M") - (self.months - 1)

    def month(self, index: int) -> np.datetime64:
        """The month that ``index`` counts from the first month of facts; the warm-up has negative ones."""
        return self.first + index

    def chance(self, *words: str | int) -> np.random.Generator:
        """Return the stream of chance that belongs to ``words``: independent of what else was drawn."""
        named = [zlib.crc32(str(word).encode()) for word in words]
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence([self.seed, *named])))


def day_of(month: np.datetime64, day: int) -> date:
    """Return the ``day`` of ``month``, or its last day if it is shorter."""
    last = (month + 1).astype("M8[D]") - 1
    chosen: date = min(month.astype("M8[D]") + (day - 1), last).astype(object)
    return chosen


def ages(birth: Days, on: np.datetime64) -> Ints:
    """Return full years at ``on`` to within a day: good enough to live by, not to judge by."""
    years: Ints = np.floor((on.astype("M8[D]") - birth).astype(np.int64) / 365.2425).astype(np.int16)
    return years
