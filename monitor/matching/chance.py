"""How often two different people of one county agree by chance, counted from the register itself.

Counted, not sampled, wherever two values are equal: nobody is paired with himself, and rare agreement (one
phone in a million) is not missed. Near agreement is estimated from random pairs with a fixed seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
# A share of pairs is the same in any random part of the register; this many people tell one in a billion.
_COUNTED = 120_000
_SAMPLE = 60_000
_SHIFTS = 10
_SEED = 11
_NAME_WIDTH, _FAMILY = 4, 1
_MOST_ALIKE = 0.999


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
    many, some = people.take(pa.array(order[:_COUNTED])), people.take(pa.array(order[:_SAMPLE]))
    left, right = _pairs_within_counties(some)
    name, village = _equal(many, "name"), _equal(many, "village")
    counted = {
        "name": [name, max(_equal(many, "sound") - name, name / 10), _near_names(some["name"], left, right)],
        "birth": [_equal(many, "birth"), _one_off(some["birth"], left, right)],
        "phone": [_equal(many, "phone"), _one_off(some["phone"], left, right)],
        "town": [village, max(_equal(many, "town") - village, village / 10)],
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


def _equal(people: pa.Table, column: str) -> float:
    """Pairs of one county that share the value, among all that have one; never quite nought."""
    having = people.select(["county", column]).drop_null()
    shared = having.group_by(["county", column]).aggregate([([], "count_all")])["count_all"].to_numpy().astype(float)
    sizes = having.group_by("county").aggregate([([], "count_all")])["count_all"].to_numpy().astype(float)
    return float(((shared * (shared - 1)).sum() + 1) / ((sizes * (sizes - 1)).sum() + 2))


def _pairs_within_counties(some: pa.Table) -> tuple[Ints, Ints]:
    """Return rows of pairs of different people of one county, the people being in random order."""
    counties = some["county"].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
    rows = np.argsort(counties, kind="stable")
    left = np.concatenate([rows[:-shift] for shift in range(1, _SHIFTS + 1)])
    right = np.concatenate([rows[shift:] for shift in range(1, _SHIFTS + 1)])
    together = counties[left] == counties[right]
    return left[together], right[together]


def _one_off(column: pa.ChunkedArray, left: Ints, right: Ints) -> float:
    texts = np.array(pc.fill_null(column, "").to_pylist(), dtype=np.str_)
    width = max(1, texts.dtype.itemsize // 4)
    letters = texts.view(np.uint32).reshape(len(texts), width)
    both = (letters[left, 0] != 0) & (letters[right, 0] != 0)
    return _share((letters[left] != letters[right]).sum(axis=1) == 1, both)


def _near_names(column: pa.ChunkedArray, left: Ints, right: Ints) -> float:
    texts = np.array(pc.fill_null(column, "").to_pylist(), dtype=f"<U{_NAME_WIDTH}")
    letters = texts.view(np.uint32).reshape(len(texts), _NAME_WIDTH)
    one, other = letters[left], letters[right]
    both = (one[:, 0] != 0) & (other[:, 0] != 0)
    alike = (one[:, :_FAMILY] == other[:, :_FAMILY]).all(axis=1) & ((one == 0) == (other == 0)).all(axis=1)
    return _share(alike & ((one != other).sum(axis=1) == 1), both)


def _share(agreeing: npt.NDArray[np.bool_], both: npt.NDArray[np.bool_]) -> float:
    return float(((agreeing & both).sum() + 1) / (both.sum() + 100))
