"""What each feature adds to a sum of trees: exact interventional Shapley values against rows that are named.

For one household and one reference row a leaf is reached by a mixture of both only if every condition on its path is
met by one of them; the features then share the leaf's value by how many only the household meets and how many only the
reference meets. Both are patterns of a few bits, so each leaf becomes one table by pattern (as in Woodelf and Fast
TreeSHAP), and explaining is looking up. Lundberg and others 2020, "From local explanations to global understanding
with explainable AI for trees", algorithm 3, gives the weights.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.refusals import Unlearnable

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
MOST_ON_A_PATH = 10
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Leaf:
    """The end of a path: its value and the features asked on the way, in the order of their bits."""

    value: float
    features: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """One question of a tree; a missing value has its own answer."""

    feature: int
    threshold: float
    missing_left: bool
    categories: NDArray[np.uint32] | None
    left: "Split | Leaf"
    right: "Split | Leaf"

    def goes_left(self, column: Array) -> NDArray[np.bool_]:
        """Say for each value of this question's feature whether it goes left."""
        if self.categories is None:
            left = column <= self.threshold
        else:
            code = np.nan_to_num(column, nan=0.0).astype(np.int64)
            left = (self.categories[code >> 5] >> (code & 31).astype(np.uint32) & 1).astype(bool)
        return left | np.isnan(column) if self.missing_left else left & ~np.isnan(column)


@dataclass(frozen=True)
class Forest:
    """A sum of trees over the columns of a matrix: ``constant`` plus one leaf of each tree."""

    trees: tuple[Split | Leaf, ...]
    constant: float
    width: int
    order: tuple[int, ...]

    @classmethod
    def of(cls, booster: Any) -> "Forest":
        """Read the trees of a fitted ``HistGradientBoostingClassifier`` with two classes."""
        width = int(booster.n_features_in_)
        order = tuple(range(width))
        if getattr(booster, "_preprocessor", None) is not None:
            # It moves the columns of categories to the front before the trees see them.
            categorical = np.asarray(booster.is_categorical_, dtype=bool)
            order = (*np.flatnonzero(categorical).tolist(), *np.flatnonzero(~categorical).tolist())
        trees = tuple(_grown(each[0], order) for each in booster._predictors)
        return cls(trees, float(np.ravel(booster._baseline_prediction)[0]), width, order)

    def thresholds(self, feature: int) -> Array:
        """Return the numbers at which the trees ask about ``feature``, rising."""
        asked = {
            split.threshold
            for tree in self.trees
            for split in _splits(tree)
            if split.feature == feature and split.categories is None
        }
        return np.array(sorted(number for number in asked if np.isfinite(number)))


@dataclass(frozen=True)
class Shares:
    """The tables of one forest against one reference: ``base`` is the forest's mean over the reference."""

    forest: Forest
    reference: Array
    base: float = field(init=False)
    tables: tuple[dict[int, Array], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.reference) == 0:
            raise Unlearnable(zh="解释需要对照户，一户也没有", en="explaining wants reference rows: there is none")
        tables: list[dict[int, Array]] = []
        base = self.forest.constant
        for tree in self.forest.trees:
            found: dict[int, Array] = {}
            for leaf, code in _reached(tree, self.reference):
                seen = np.bincount(code, minlength=1 << len(leaf.features)) / len(self.reference)
                base += leaf.value * float(seen[-1])
                found[id(leaf)] = _table(leaf, seen)
            tables.append(found)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "tables", tuple(tables))

    def of(self, rows: Array, *, threads: int = 2) -> Array:
        """Return what each feature adds to the forest's sum, one row per row; a row's sum is its value less ``base``.

        ``rows`` as the trees read them (numbers, NaN for missing, categories as codes from 0).
        """
        starts = range(0, len(rows), _ROWS_AT_ONCE)
        parts = [np.asfortranarray(rows[start : start + _ROWS_AT_ONCE], dtype=np.float64) for start in starts]
        with ThreadPoolExecutor(max(1, threads)) as pool:
            found = list(pool.map(partial(_added, self), parts))
        return np.concatenate(found) if found else np.zeros((0, self.forest.width))


def _added(shares: Shares, rows: Array) -> Array:
    total = np.zeros((shares.forest.width, len(rows)))
    for tree, tables in zip(shares.forest.trees, shares.tables, strict=True):
        for leaf, code in _reached(tree, rows):
            table = tables[id(leaf)]
            for place, feature in enumerate(leaf.features):
                total[feature] += table[place].take(code)
    return total.T


def _reached(tree: Split | Leaf, rows: Array) -> Iterator[tuple[Leaf, Codes]]:
    """Yield every leaf with each row's pattern: bit ``n`` says that the row meets all that its path asks of feature n.

    A row that meets all of them is in the leaf.
    """
    waiting: list[tuple[Split | Leaf, Codes, dict[int, int]]] = [(tree, np.zeros(len(rows), dtype=np.intp), {})]
    while waiting:
        node, code, bits = waiting.pop()
        if isinstance(node, Leaf):
            yield node, code
            continue
        left = node.goes_left(rows[:, node.feature]).astype(np.intp)
        place = bits.get(node.feature)
        if place is None:
            shifted = left << len(bits)
            below = {**bits, node.feature: len(bits)}
            waiting.append((node.right, code | ((1 << len(bits)) ^ shifted), below))
            waiting.append((node.left, code | shifted, below))
        else:
            kept = left << place
            bit = code & (1 << place)
            waiting.append((node.right, code & ~kept, bits))
            waiting.append((node.left, code - bit + (bit & kept), bits))


def _table(leaf: Leaf, seen: Array) -> Array:
    """Return what each feature of the path adds for each pattern a household may have, given the reference's."""
    patterns = np.flatnonzero(seen)
    shared = np.tensordot(_weights(len(leaf.features))[:, :, patterns], seen[patterns], axes=1)
    return np.ascontiguousarray(leaf.value * shared)


@lru_cache(maxsize=MOST_ON_A_PATH + 1)
def _weights(count: int) -> Array:
    """Return by (feature, household's pattern, reference's pattern) the share of a leaf's value that is its due."""
    own = np.arange(1 << count)[:, None]
    other = np.arange(1 << count)[None, :]
    gained, lost = own & ~other, other & ~own
    up, down = _bits(gained, count), _bits(lost, count)
    whole = (own | other) == (1 << count) - 1
    size = np.array([factorial(number) for number in range(count + 2)], dtype=float)
    joining = size[np.maximum(up - 1, 0)] * size[down] / size[up + down]
    leaving = size[up] * size[np.maximum(down - 1, 0)] / size[up + down]
    shares = [
        np.where(whole & (gained >> place & 1 == 1), joining, 0.0)
        - np.where(whole & (lost >> place & 1 == 1), leaving, 0.0)
        for place in range(count)
    ]
    return np.stack(shares) if shares else np.zeros((0, 1, 1))


def _bits(pattern: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.asarray(sum((pattern >> place & 1 for place in range(count)), np.zeros_like(pattern)))


def _splits(tree: Split | Leaf) -> Iterator[Split]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Split):
            yield node
            waiting += [node.right, node.left]


def _grown(predictor: Any, order: tuple[int, ...]) -> Split | Leaf:
    """Build one tree of scikit-learn's flat nodes, its features numbered as in the table."""
    nodes, bitsets = predictor.nodes, predictor.raw_left_cat_bitsets

    def grow(place: int, path: tuple[int, ...]) -> Split | Leaf:
        node = nodes[place]
        if node["is_leaf"]:
            _small_enough(path)
            return Leaf(float(node["value"]), path)
        feature = order[int(node["feature_idx"])]
        below = path if feature in path else (*path, feature)
        return Split(
            feature=feature,
            threshold=float(node["num_threshold"]),
            missing_left=bool(node["missing_go_to_left"]),
            categories=np.array(bitsets[node["bitset_idx"]]) if node["is_categorical"] else None,
            left=grow(int(node["left"]), below),
            right=grow(int(node["right"]), below),
        )

    return grow(0, ())


def _small_enough(path: tuple[int, ...]) -> None:
    if len(path) > MOST_ON_A_PATH:
        raise Unlearnable(
            zh=f"树过深，无法精确解释：同一路径上最多{MOST_ON_A_PATH}个特征，请设置 max_depth",
            en=f"the trees are too deep to explain exactly: at most {MOST_ON_A_PATH} features on a path; set max_depth",
        )
