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
_SEED = 11
_NAME_WIDTH, _FAMILY = 4, 1
_MOST_ALIKE = 0.999
_COMPARED = ("name", "sound", "birth", "phone", "town", "village")


@dataclass(frozen=True)
class Luck:
    """The chance of each level of agreement between two different people of one county, best level first.

    ``county`` is how many people live in the county of somebody picked at random.
    """

    levels: Mapping[str, Sequence[float]]
    county: float


def count(people: pa.Table) -> Luck:
    """Count chance agreement among ``people`` (``evidence.records``); the last level is "different".

    name: equal, of equal sound, one character off. birth, phone: equal, one slip. town: the village,
    the town.
    """
    order = np.random.default_rng(_SEED).permutation(len(people))
    told = people.select(["county", *_COMPARED])
    many, some = told.take(pa.array(order[:_COUNTED])), told.take(pa.array(order[:_SAMPLE]))
    counties, some = _by_county(some)
    equal = _Counted(many)
    name, village = equal.share("name"), equal.share("village")
    counted = {
        "name": [name, max(equal.share("sound") - name, name / 10), _near_names(some["name"], counties)],
        "birth": [equal.share("birth"), _one_off(some["birth"], counties)],
        "phone": [equal.share("phone"), _one_off(some["phone"], counties)],
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


def _by_county(some: pa.Table) -> tuple[Ints, pa.Table]:
    """Return people, in random order before, by their counties: pairs of one are then a few places apart."""
    counties = _numbered(some["county"])
    rows = np.argsort(counties, kind="stable")
    return counties[rows], some.take(pa.array(rows))


def _one_off(column: pa.ChunkedArray, counties: Ints) -> float:
    def alike(one: Letters, other: Letters) -> Mask:
        slips: Mask = (one != other).sum(axis=0, dtype=np.int32) == 1
        return slips

    return _chance(_letters(column), counties, alike)


def _near_names(column: pa.ChunkedArray, counties: Ints) -> float:
    def alike(one: Letters, other: Letters) -> Mask:
        family = (one[:_FAMILY] == other[:_FAMILY]).all(axis=0) & ((one == 0) == (other == 0)).all(axis=0)
        slips: Mask = family & ((one != other).sum(axis=0, dtype=np.int32) == 1)
        return slips

    return _chance(_letters(column, _NAME_WIDTH), counties, alike)


def _letters(column: pa.ChunkedArray, width: int | None = None) -> Letters:
    """Return the code points of each text, a row for each place; of ``width`` places, or as many as the longest has."""
    texts = np.array(pc.fill_null(column, "").to_pylist(), dtype=np.str_ if width is None else f"<U{width}")
    places = max(1, texts.dtype.itemsize // 4)
    letters: Letters = np.ascontiguousarray(texts.view(np.uint32).reshape(len(texts), places).T)
    return letters


def _chance(letters: Letters, counties: Ints, alike: Callable[[Letters, Letters], Mask]) -> float:
    """Return how often two of one county, some places apart, are alike, among those who both have a value."""
    agreeing = both = 0
    for shift in range(1, _SHIFTS + 1):
        one, other = letters[:, :-shift], letters[:, shift:]
        told = (counties[:-shift] == counties[shift:]) & (one[0] != 0) & (other[0] != 0)
        agreeing, both = agreeing + int((alike(one, other) & told).sum()), both + int(told.sum())
    return (agreeing + 1) / (both + 100)
