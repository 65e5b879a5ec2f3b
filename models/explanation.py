"""Why a household has the score it has: what each feature adds, exactly, and the reasons as sentences.

A contribution is an interventional Shapley value on the logit scale against a *declared reference*: up to a hundred
households that were not at risk, of the same type of county. Contributions and ``base`` sum to the published score's
logit; that is checked on every call. Decision 0070 says which scores can be explained so, and only those are published.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from models.refusals import Unlearnable, Unscorable, named
from models.trees import Array, Forest, Shares
from models.wording import Wording, Words

REFERENCE_ROWS = 100
LEAST_REFERENCE_ROWS = 30
EVERYWHERE = ""
EXACT = 1e-8


@dataclass(frozen=True)
class Reference:
    """Households that were not at risk, to be compared with: features ``rows`` and, for each, its ``kinds``.

    A kind is a type of county. ``EVERYWHERE`` is the kind of the rows that serve where a kind has too few of its own.
    """

    rows: pd.DataFrame
    kinds: "pd.Series[str]"

    @classmethod
    def drawn(cls, table: pd.DataFrame, calm: Any, kinds: Any = None, *, seed: int = 0) -> "Reference":
        """Draw from the ``calm`` rows of ``table``: up to ``REFERENCE_ROWS`` of each kind, and of all together.

        A kind with fewer than ``LEAST_REFERENCE_ROWS`` calm rows gets none of its own. The same table and seed give the
        same rows. Refuses a table with no calm row.
        """
        calm_rows = table[np.asarray(calm, dtype=bool)]
        if calm_rows.empty:
            raise Unlearnable(zh="没有无风险户可作对照", en="there is no household without risk to compare with")
        kind = pd.Series(EVERYWHERE if kinds is None else np.asarray(kinds), index=table.index, dtype=str)
        random = np.random.default_rng(seed)
        groups = [(EVERYWHERE, calm_rows)]
        if kinds is not None:
            groups += [(str(name), rows) for name, rows in calm_rows.groupby(kind[np.asarray(calm, dtype=bool)])]
        drawn = [
            (name, rows.iloc[np.sort(random.permutation(len(rows))[:REFERENCE_ROWS])])
            for name, rows in groups
            if name == EVERYWHERE or len(rows) >= LEAST_REFERENCE_ROWS
        ]
        of_kind = [name for name, rows in drawn for _ in range(len(rows))]
        rows = pd.concat([rows for _, rows in drawn], ignore_index=True)
        return cls(rows.astype(float), pd.Series(of_kind, dtype=str))

    def of(self, kind: str) -> pd.DataFrame:
        """Return the rows that a household in a county of ``kind`` is compared with."""
        own = self.rows[self.kinds == kind]
        return own if len(own) else self.rows[self.kinds == EVERYWHERE]

    def served(self, kinds: Any, count: int) -> "pd.Series[str]":
        """Return for each of ``count`` rows the kind whose reference serves it."""
        known = set(self.kinds)
        asked = [EVERYWHERE] * count if kinds is None else [str(kind) for kind in kinds]
        return pd.Series([kind if kind in known else EVERYWHERE for kind in asked], dtype=str)


@dataclass(frozen=True)
class Explanation:
    """What each feature adds to each household's logit (``added``), the reference's mean logit (``base``), the sum."""

    table: pd.DataFrame
    added: pd.DataFrame
    base: "pd.Series[float]"
    logit: "pd.Series[float]"
    usual: pd.DataFrame
    """For each row the median of its reference; NaN where the reference has mostly no value."""


Adding = Callable[[pd.DataFrame, int], Array]


class Explainer:
    """Explains one scorer against one reference; built once, asked often.

    ``scorer``: a score that is a sum on the logit scale: boosted trees with a line (``booster_``, ``slope_``,
    ``intercept_``), a scorecard (``terms(X)``: what each feature adds by itself, ``intercept_``), or a weighted sum of
    such (``members_``: pairs of weight and scorer, ``intercept_``). Refuses any other.
    """

    def __init__(self, scorer: Any, reference: Reference) -> None:
        names = getattr(scorer, "feature_names_in_", None)
        if names is None:
            raise Unlearnable(zh="模型没有特征名，无法解释", en="a model without feature names cannot be explained")
        self.scorer = scorer
        self.features = tuple(str(name) for name in names)
        self.reference = Reference(_ordered(reference.rows, self.features), reference.kinds)
        parts = parts_of(scorer)
        self._forests = [part.forest for part in parts if part.forest is not None]
        self._adding = {
            kind: [part.against(self.reference.of(kind)) for part in parts] for kind in sorted(set(reference.kinds))
        }
        self._usual = {kind: self.reference.of(kind).median() for kind in self._adding}
        self._base = {kind: float(np.mean(scorer.decision_function(self.reference.of(kind)))) for kind in self._adding}

    def explain(self, table: pd.DataFrame, kinds: Any = None, *, threads: int = 2) -> Explanation:
        """Explain every row of ``table``, compared with the reference for its county's type in ``kinds``.

        Columns may come in any order and there may be more of them; refuses a table that lacks one. Refuses to
        publish if the contributions do not sum to the score's logit.
        """
        rows = _ordered(table, self.features)
        served = self.reference.served(kinds, len(rows)).to_numpy()
        added = np.zeros(rows.shape)
        for kind, adding in self._adding.items():
            here = np.flatnonzero(served == kind)
            if len(here):
                added[here] = np.sum([each(rows.iloc[here], threads) for each in adding], axis=0)
        base = np.array([self._base[kind] for kind in served], dtype=float)
        logit = self.scorer.decision_function(rows) if len(rows) else np.zeros(0)
        _sums(added.sum(axis=1) + base, logit)
        usual = np.array([self._usual[kind].to_numpy() for kind in served]).reshape(rows.shape)
        return Explanation(
            table=rows,
            added=pd.DataFrame(added, index=rows.index, columns=rows.columns),
            base=pd.Series(base, index=rows.index),
            logit=pd.Series(logit, index=rows.index),
            usual=pd.DataFrame(usual, index=rows.index, columns=rows.columns),
        )

    def turning(self, place: int) -> Array:
        """Return the numbers of the feature at ``place`` at which a tree's answer changes, rising."""
        found = [forest.thresholds(place) for forest in self._forests]
        return np.unique(np.concatenate(found)) if found else np.zeros(0)


def leading(explanation: Explanation, *, never: Collection[str] = (), most: int = 3) -> Array:
    """Return for every household the places of its ``most`` strongest reasons, the strongest first; -1 where none is.

    A reason raises the score above its reference's; features that are ``never`` shown, such as protected attributes,
    are passed over.
    """
    added = explanation.added.to_numpy(copy=True)
    added[:, [str(name) in never for name in explanation.added.columns]] = 0.0
    width = min(most, added.shape[1])
    order = np.argsort(-added, axis=1, kind="stable")[:, :width]
    places = np.where(np.take_along_axis(added, order, axis=1) > 0, order, -1)
    return np.pad(places, ((0, 0), (0, most - width)), constant_values=-1)


def reasons(explanation: Explanation, wording: Wording, *, never: Collection[str] = (), most: int = 3) -> pd.DataFrame:
    """Return the strongest reasons as sentences, a row each: ``household, place, feature, value, added, feed, zh, en``.

    ``household`` is the explained table's index; ``place`` counts from 1; ``added`` is on the logit scale. A household
    whose score nothing raises above its reference has no row. Refuses a feature without words, unless never shown.
    """
    wording.knowing(name for name in explanation.added.columns if name not in never)
    places = leading(explanation, never=never, most=most)
    row, rank = np.nonzero(places >= 0)
    column = places[row, rank]
    values = explanation.table.to_numpy()[row, column]
    usual = explanation.usual.to_numpy()[row, column]
    # Plain floats: asked one by one, they are far quicker than numpy's.
    pairs = zip(values.tolist(), usual.tolist(), strict=True)
    known = [wording.get(str(name), Words("", "")) for name in explanation.added.columns]
    words = [known[place] for place in column.tolist()]
    said = [_sentences(one, *pair) for one, pair in zip(words, pairs, strict=True)]
    return pd.DataFrame(
        {
            "household": explanation.table.index.to_numpy()[row],
            "place": rank + 1,
            "feature": explanation.added.columns.to_numpy()[column],
            "value": values,
            "added": explanation.added.to_numpy()[row, column],
            "feed": [one.feed for one in words],
            "zh": [zh for zh, _ in said],
            "en": [en for _, en in said],
        }
    )


def _sentences(words: Words, value: float, usual: float) -> tuple[str, str]:
    zh, en = f"{words.zh}：{words.said(value, 'zh')}", f"{words.en}: {words.said(value, 'en')}"
    compared = _compared(words, value, usual)
    from_zh, from_en = (f"（来自{words.feed}）", f" (from {words.feed})") if words.feed else ("", "")
    return f"{zh}{compared[0]}，使评分升高{from_zh}", f"{en}{compared[1]}, which raises the score{from_en}"


def _compared(words: Words, value: float, usual: float) -> tuple[str, str]:
    if isnan(value) or isnan(usual) or value == usual or words.labels is not None:
        return "", ""
    higher = value > usual
    zh, en = words.said(usual, "zh"), words.said(usual, "en")
    if words.unit == "flag":
        return f"（无风险户多为“{zh}”）", f" (mostly {en} where there is no risk)"
    zh_word, en_word = ("高于", "above") if higher else ("低于", "below")
    return f"，{zh_word}无风险户（一般为{zh}）", f", {en_word} what is usual without risk ({en})"


@dataclass(frozen=True)
class Part:
    """One summand of a score's logit: boosted trees, or a sum of what each feature says by itself (no ``forest``)."""

    weight: float
    scorer: Any
    forest: Forest | None

    def against(self, reference: pd.DataFrame) -> Adding:
        """Return the function from rows to what each feature adds, for one reference."""
        if self.forest is None:
            usual = np.asarray(self.scorer.terms(reference)).mean(axis=0)
            return lambda rows, _threads: self.weight * (np.asarray(self.scorer.terms(rows)) - usual)
        guarded = self.scorer.guarded
        shares = Shares(self.forest, guarded(reference.to_numpy()))
        return lambda rows, threads: (
            self.weight * self.scorer.slope_ * shares.of(guarded(rows.to_numpy()), threads=threads)
        )


def parts_of(scorer: Any, weight: float = 1.0) -> list[Part]:
    """Return the summands of a score on the logit scale; refuses a score that is no such sum."""
    if hasattr(scorer, "booster_"):
        return [Part(weight, scorer, Forest.of(scorer.booster_))]
    if hasattr(scorer, "members_"):
        return [part for share, member in scorer.members_ for part in parts_of(member, weight * share)]
    if hasattr(scorer, "terms"):
        return [Part(weight, scorer, None)]
    kind = type(scorer).__name__
    raise Unlearnable(
        zh=f"{kind} 的评分不是对数几率上的和，无法精确解释，不得发布",
        en=f"the score of {kind} is no sum on the logit scale: it cannot be explained exactly and is not published",
    )


def _ordered(table: pd.DataFrame, features: tuple[str, ...]) -> pd.DataFrame:
    lost = [name for name in features if name not in table.columns]
    if lost:
        raise Unscorable(zh=f"缺少特征列：{named(lost)}", en=f"feature columns are lacking: {named(lost)}")
    return table.loc[:, list(features)].astype(float)


def _sums(told: Array, logit: Array) -> None:
    gap = float(np.abs(told - logit).max(initial=0.0))
    if not gap <= EXACT * (1 + float(np.abs(logit).max(initial=0.0))):
        raise Unscorable(
            zh=f"解释与评分不一致（相差 {gap:.2g}），不予发布",
            en=f"the explanation does not sum to the score (off by {gap:.2g}): it is not published",
        )
