"""How often two different people of one county agree by chance, counted from the register itself.

Counted, not sampled, wherever two values are equal: nobody is paired with himself, and rare agreement (one
phone in a million) is not missed. Near agreement is estimated from random pairs with a fixed seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Letters = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]
# A share of pairs is the same in any random part of the register; this many people tell one in a billion.
_COUNTED = 120_000
_SAMPLE = 60_000
_SHIFTS = 10
_READ_AT_ONCE = 20_000
_SEED = 11
NAME_WIDTH, _FAMILY = 4, 1
_MOST_ALIKE = 0.999
_COMPARED = ("name", "sound", "birth", "phone", "town", "village")


@dataclass(frozen=True)
class Luck:
    """The chance of each level of agreement between two different people of one county, best level first.

    ``county`` is how many people live in the county of somebody picked at random.
    """

    levels: Mapping[str, Sequence[float]]
    county: float


def count(people: pa.Table, spelt: Callable[[Ints], Mapping[str, Letters]] | None = None) -> Luck:
    """Count chance agreement among ``people`` (``evidence.records``); the last level is "different".

    name: equal, of equal sound, one character off. birth, phone: equal, one slip. town: the village,
    the town. ``people`` may have codes in the values' stead, equal where those are; ``spelt`` then returns the letters
    of some: a row for each place of a name (``NAME_WIDTH`` of them), a birth date or a phone, 0 where there is none.
    """
    order = np.random.default_rng(_SEED).permutation(len(people))
    equal = _Counted(people.select(["county", *_COMPARED]).take(pa.array(order[:_COUNTED])))
    near = _near(people["county"], order[:_SAMPLE], spelt or (lambda places: _spelt(people.take(pa.array(places)))))
    name, village = equal.share("name"), equal.share("village")
    counted = {
        "name": [name, max(equal.share("sound") - name, name / 10), near["name"]],
        "birth": [equal.share("birth"), near["birth"]],
        "phone": [equal.share("phone"), near["phone"]],
        "town": [village, max(equal.share("town") - village, village / 10)],
    }
    levels = {column: _with_the_rest(shares) for column, shares in counted.items()}
    return Luck(levels, _mean_county(people))


def _with_the_rest(shares: Sequence[float]) -> list[float]:
    """Add the share that differs: in a village of one phone almost nothing does, but never less than nothing."""
    scale = min(1.0, _MOST_ALIKE / sum(shares))
    return [*(share * scale for share in shares), 1 - sum(shares) * scale]


def _mean_county(people: pa.Table) -> float:
    sizes = people.group_by("county").aggregate([([], "count_all")])["count_all"].to_numpy().astype(float)
    return float((sizes**2).sum() / sizes.sum())


class _Counted:
    """People of whom it is counted how many of one county share a value."""

    def __init__(self, people: pa.Table) -> None:
        self._people, self._counties = people, _numbered(people["county"])

    def share(self, column: str) -> float:
        """Pairs of one county that share the value, among all that have one; never quite nought."""
        values = _numbered(self._people[column])
        having = (values >= 0) & (self._counties >= 0)
        counties, values = self._counties[having], values[having]
        shared = np.unique(counties * (values.max(initial=0) + 1) + values, return_counts=True)[1].astype(float)
        sizes = np.bincount(counties).astype(float)
        return float(((shared * (shared - 1)).sum() + 1) / ((sizes * (sizes - 1)).sum() + 2))


def _numbered(column: pa.ChunkedArray) -> Ints:
    """Return a number for each value of a column; -1 where there is none."""
    numbers: Ints = column.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
    return numbers


def _near(counties: pa.ChunkedArray, some: Ints, spelt: Callable[[Ints], Mapping[str, Letters]]) -> dict[str, float]:
    """Return for each column how often two are nearly alike that lie a few places apart by their counties.

    No more than some ten thousand are read at a time.
    """
    numbered = _numbered(counties.take(pa.array(some)))
    rows = np.argsort(numbered, kind="stable")
    numbered, places = numbered[rows], some[rows]
    found = {column: np.zeros(2, np.int64) for column in _NEARLY}
    for start in range(0, len(places), _READ_AT_ONCE):
        window = slice(start, start + _READ_AT_ONCE + _SHIFTS)
        letters = spelt(places[window])
        for column, alike in _NEARLY.items():
            found[column] += _pairs(letters[column], numbered[window], alike)
    return {column: float((agreeing + 1) / (both + 100)) for column, (agreeing, both) in found.items()}


def _one_off(one: Letters, other: Letters) -> Mask:
    slips: Mask = (one != other).sum(axis=0, dtype=np.int32) == 1
    return slips


def _near_names(one: Letters, other: Letters) -> Mask:
    family = (one[:_FAMILY] == other[:_FAMILY]).all(axis=0) & ((one == 0) == (other == 0)).all(axis=0)
    slips: Mask = family & _one_off(one, other)
    return slips


_NEARLY: dict[str, Callable[[Letters, Letters], Mask]] = {"name": _near_names, "birth": _one_off, "phone": _one_off}


def _spelt(some: pa.Table) -> dict[str, Letters]:
    widths = {"name": NAME_WIDTH, "birth": None, "phone": None}
    return {name: _letters(some[name], width) for name, width in widths.items()}


def _letters(column: pa.ChunkedArray, width: int | None = None) -> Letters:
    """Return the code points of each text, a row for each place; of ``width`` places, or as many as the longest has."""
    texts = np.array(pc.fill_null(column, "").to_pylist(), dtype=np.str_ if width is None else f"<U{width}")
    places = max(1, texts.dtype.itemsize // 4)
    letters: Letters = np.ascontiguousarray(texts.view(np.uint32).reshape(len(texts), places).T)
    return letters


def _pairs(letters: Letters, counties: Ints, alike: Callable[[Letters, Letters], Mask]) -> tuple[int, int]:
    """Return how many pairs of one county that begin in this window, some places apart, are alike, and how many in all.

    Only those count who both have a value.
    """
    agreeing = both = 0
    for shift in range(1, _SHIFTS + 1):
        ends = min(_READ_AT_ONCE, max(0, len(counties) - shift))
        one, other = letters[:, :ends], letters[:, shift : shift + ends]
        told = (counties[:ends] == counties[shift : shift + ends]) & (one[0] != 0) & (other[0] != 0)
        agreeing, both = agreeing + int((alike(one, other) & told).sum()), both + int(told.sum())
    return agreeing, both
