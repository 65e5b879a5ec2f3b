"""The gates that ask about lists: G1-G4, G7-G9, and whether a challenger may replace what is in use.

``results`` has a row per test date and household: ``date, village, score, rule_order`` (higher is earlier),
``rule_hit`` (rules name it), ``kept`` (it stays in the queue when the model is in use; ``rule_hit`` if left out),
``label`` and ``severe`` (L3 and L4: 1, 0, missing), ``audit`` (drawn at random), ``incumbent`` (what is in use now;
``rule_order`` if left out), ``coverage`` (share of feeds that know the household) and the columns of ``groups``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from models.bootstrap import Array, Interval, block_sums, drawn, interval, share
from models.goals import (
    LEAST_DATES,
    LEAST_POSITIVES,
    UNKNOWN,
    Evidence,
    Gate,
    Judge,
    as_verdict,
    unknown,
)

G1_RATIO, G2_POINTS, G3_LIFT, G3_SHARE, G4_RATIO = 1.5, 0.10, 5.0, 0.01, 3.0
G7_GOAL, G7_LEAST, G8_LEAST, G9_CV, G9_WORST = 0.8, 0.7, 0.9, 0.25, 0.7
DATES_WON = 4


def in_first(order: Array, dates: Any, capacity: float, label: Any = None) -> Array:
    """Return how far each row is among the first of its date: 1, 0, or a part where ties share the last places.

    ``capacity`` is a share of the date's rows. With ``label`` ties count at their worst: known negatives come first,
    positives last. A row without a score comes after all others.
    """
    taken = np.zeros(len(order))
    for rows in pd.Series(np.arange(len(order))).groupby(np.asarray(dates)).indices.values():
        values = np.nan_to_num(np.asarray(order, dtype=float)[rows], nan=-np.inf)
        places = max(1, round(capacity * len(rows)))
        if label is not None:
            worst = np.nan_to_num(np.asarray(label, dtype=float)[rows], nan=0.5)
            taken[rows[np.lexsort((worst, -values))[:places]]] = 1.0
            continue
        last = np.sort(values)[::-1][places - 1]
        above, tied = values > last, values == last
        taken[rows] = above + tied * (places - above.sum()) / tied.sum()
    return taken


@dataclass(frozen=True)
class Lists:
    """The lists that the model, the rules and what is in use would have made, and what became of the households."""

    evidence: Evidence

    @property
    def table(self) -> pd.DataFrame:
        assert self.evidence.results is not None  # noqa: S101  # asked only where there are results
        return self.evidence.results

    @cached_property
    def label(self) -> Array:
        return self.table["label"].to_numpy(dtype=float, na_value=np.nan)

    @cached_property
    def severe(self) -> Array:
        return self.table["severe"].to_numpy(dtype=float, na_value=np.nan)

    @cached_property
    def chosen(self) -> Array:
        """How far each row is among the model's first, ties at their worst."""
        return in_first(self.column("score"), self.table["date"], self.evidence.capacity, self.label)

    @cached_property
    def by_rules(self) -> Array:
        return in_first(self.column("rule_order"), self.table["date"], self.evidence.capacity)

    @cached_property
    def in_use(self) -> Array:
        if "incumbent" not in self.table:
            return self.by_rules
        return in_first(self.column("incumbent"), self.table["date"], self.evidence.capacity)

    @cached_property
    def hit(self) -> Array:
        return self.table["rule_hit"].to_numpy(dtype=float, na_value=0.0)

    @cached_property
    def listed(self) -> Array:
        """Whether a household would have been looked at with the model in use."""
        kept = self.column("kept") if "kept" in self.table else self.hit
        return np.maximum(self.chosen, kept)

    def column(self, name: str) -> Array:
        return self.table[name].to_numpy(dtype=float, na_value=np.nan)

    def sums(self, **told: Array) -> Array:
        """Return sums by (village, date, name), in the order in which they are told."""
        return block_sums(self.table, told, block="village", by="date")[0]

    def precisions(self) -> Array:
        """Return sums of found and labelled: the model's, the rules', and those of what is in use."""
        known = np.isfinite(self.label).astype(float)
        lists = (self.chosen, self.by_rules, self.in_use)
        counted = {"found": np.nan_to_num(self.label), "known": known}
        told = {f"{number} {name}": each * of for number, each in enumerate(lists) for name, of in counted.items()}
        return self.sums(**told)

    @property
    def dates(self) -> int:
        return int(self.table["date"].nunique())

    @property
    def positives(self) -> int:
        return int(np.nansum(self.label))

    @property
    def thin(self) -> str:
        """Say what is lacking for a verdict; empty when nothing is."""
        if self.dates < LEAST_DATES:
            return f"{self.dates} of {LEAST_DATES} dates"
        return f"{self.positives} of {LEAST_POSITIVES} positives" if self.positives < LEAST_POSITIVES else ""


def _mean_share(found: Array, known: Array) -> Array:
    """Return the mean over dates of a share, by draw; dates on which nothing is known are left out."""
    shares = share(found, known)
    seen = np.isfinite(shares)
    return share(np.where(seen, shares, 0.0).sum(axis=-1), seen.sum(axis=-1).astype(float))


def _precision(sums: Array, which: int) -> Array:
    return _mean_share(sums[..., 2 * which], sums[..., 2 * which + 1])


def precision_at_capacity(evidence: Evidence) -> Gate:
    """G1: the model's precision over that of the rules' order, at the same capacity."""
    goal, lists = f">= {G1_RATIO} x rules, lower bound > 1", Lists(evidence)
    sums = lists.precisions()
    ratio = interval(sums, lambda drawn: share(_precision(drawn, 0), _precision(drawn, 1)), seed=evidence.seed)
    own, rules = (float(_precision(sums.sum(axis=0)[None], which)[0]) for which in (0, 1))
    verdict = UNKNOWN if lists.thin else as_verdict(ratio.value >= G1_RATIO and ratio.low > 1)
    note = lists.thin or f"precision {own:.3f}, rules {rules:.3f}"
    return Gate("G1", ratio, goal, verdict, verdict, baseline=rules, note=note)


def severe_recall(evidence: Evidence) -> Gate:
    """G2: severe cases among the first and what rules name, beyond what rules name alone; never fewer."""
    goal, lists = f"+{G2_POINTS:.0%} points; never below rules", Lists(evidence)
    severe = np.nan_to_num(lists.severe)
    sums = lists.sums(listed=severe * lists.listed, hit=severe * lists.hit, all=severe)
    total = sums.sum(axis=(0, 1))
    if total[2] < LEAST_POSITIVES:
        return unknown("G2", goal, f"{int(total[2])} severe cases", hard=True)

    def beyond(told: Array) -> Array:
        whole = told.sum(axis=-2)
        return share(whole[..., 0] - whole[..., 1], whole[..., 2])

    more = interval(sums, beyond, seed=evidence.seed)
    rules = float(total[1] / total[2])
    return Gate("G2", more, goal, as_verdict(more.value >= G2_POINTS), as_verdict(more.value >= 0), baseline=rules)


def lift(evidence: Evidence) -> Gate:
    """G3: precision in the first 1 % over the share of positives."""
    goal, lists = f">= {G3_LIFT:.0f}", Lists(evidence)
    first = in_first(lists.column("score"), lists.table["date"], G3_SHARE, lists.label)
    known = np.isfinite(lists.label).astype(float)
    found = np.nan_to_num(lists.label)
    sums = lists.sums(found=first * found, known=first * known, all=found, labelled=known)

    def over(told: Array) -> Array:
        return share(_mean_share(told[..., 0], told[..., 1]), _mean_share(told[..., 2], told[..., 3]))

    figure = interval(sums, over, seed=evidence.seed)
    verdict = UNKNOWN if lists.thin else as_verdict(figure.value >= G3_LIFT)
    return Gate("G3", figure, goal, verdict, baseline=1.0, note=lists.thin)


def found_by_model_only(evidence: Evidence) -> Gate:
    """G4: what visits that only the model asks for find, over what the random audit finds."""
    goal, lists = f">= {G4_RATIO:.0f} x audit, lower bound > 1", Lists(evidence)
    audit = lists.column("audit") if "audit" in lists.table else np.zeros(len(lists.table))
    unnamed, known, found = 1 - lists.hit, np.isfinite(lists.label).astype(float), np.nan_to_num(lists.label)
    own, drawn_ = lists.chosen * unnamed, np.nan_to_num(audit) * unnamed
    sums = lists.sums(found=own * found, known=own * known, audit=drawn_ * found, audited=drawn_ * known)
    total = sums.sum(axis=(0, 1))
    if total[3] < LEAST_POSITIVES or total[2] < 1 or total[1] < LEAST_POSITIVES:
        return unknown("G4", goal, f"{int(total[3])} audited, {int(total[2])} found by the audit", hard=True)

    def over(told: Array) -> Array:
        whole = told.sum(axis=-2)
        return share(share(whole[..., 0], whole[..., 1]), share(whole[..., 2], whole[..., 3]))

    figure = interval(sums, over, seed=evidence.seed)
    verdict = as_verdict(figure.value >= G4_RATIO and figure.low > 1)
    return Gate("G4", figure, goal, verdict, verdict, baseline=float(total[2] / total[3]), note="yield of the audit")


def group_recall(evidence: Evidence) -> Gate:
    """G7: recall of each group over that of the best served; the least ratio is the figure.

    A group with fewer than ``LEAST_POSITIVES`` positives has not enough evidence: it neither passes nor fails, and is
    named in the note.
    """
    goal, lists = f"ratio >= {G7_GOAL}, lower bound >= {G7_LEAST}", Lists(evidence)
    ratios, thin = [], []
    for column in evidence.groups:
        told, few = _of_groups(lists, column)
        ratios += told
        thin += few
    note = f"not enough evidence: {', '.join(thin)}" if thin else ""
    if not ratios:
        return unknown("G7", goal, note or "no groups", hard=True)
    name, least = min(ratios, key=lambda one: one[1].value)
    reached = all(ratio.value >= G7_GOAL for _, ratio in ratios)
    hard = all(ratio.low >= G7_LEAST for _, ratio in ratios)
    return Gate("G7", least, goal, as_verdict(reached), as_verdict(hard), baseline=1.0, note="; ".join([name, note]))


def group_ratios(evidence: Evidence, column: str) -> tuple[list[tuple[str, Interval]], list[str]]:
    """Return for each group of ``column`` its recall over the best served group's, and the groups too small to say."""
    return _of_groups(Lists(evidence), column)


def group_table(evidence: Evidence) -> list[dict[str, Any]]:
    """Return every group of G7 as the model's card shows it; those too small to say have no figures, only a name.

    Without results there is none.
    """
    told: list[dict[str, Any]] = []
    for column in evidence.groups if evidence.results is not None else ():
        ratios, thin = group_ratios(evidence, column)
        told += [{"group": name, "ratio": one.value, "low": one.low, "high": one.high} for name, one in ratios]
        told += [{"group": name, "evidence": False} for name in thin]
    return told


def _of_groups(lists: Lists, column: str) -> tuple[list[tuple[str, Interval]], list[str]]:
    codes, names = pd.factorize(lists.table[column], sort=True)
    positive = np.nan_to_num(lists.label)
    told: dict[str, Array] = {}
    for code in range(len(names)):
        told |= {f"{code}f": positive * lists.chosen * (codes == code), f"{code}a": positive * (codes == code)}
    if not told:
        return [], []
    sums = lists.sums(**told).sum(axis=1)
    total = sums.sum(axis=0)
    enough = [code for code in range(len(names)) if total[2 * code + 1] >= LEAST_POSITIVES]
    thin = [
        f"{column}={names[code]} (n+ {int(total[2 * code + 1])})" for code in range(len(names)) if code not in enough
    ]
    if len(enough) < 2:
        return [], thin + [f"{column}={names[code]} (alone)" for code in enough]
    best = max(enough, key=lambda code: float(share(total[2 * code], total[2 * code + 1])))

    def over(code: int) -> Any:
        return lambda whole: share(_recall(whole, code), _recall(whole, best))

    ratios = [
        (f"{column}={names[code]}", interval(sums, over(code), seed=lists.evidence.seed))
        for code in enough
        if code != best
    ]
    return ratios, thin


def _recall(sums: Array, code: int) -> Array:
    return share(sums[..., 2 * code], sums[..., 2 * code + 1])


def unknown_parity(evidence: Evidence) -> Gate:
    """G8: how often the third of households that feeds know least of is looked at, over the rest."""
    goal, lists = f">= {G8_LEAST}", Lists(evidence)
    if "coverage" not in lists.table:
        return unknown("G8", goal, "no coverage", hard=True)
    coverage = lists.column("coverage")
    rank = pd.Series(coverage).rank(method="average", pct=True).to_numpy()
    least = (rank <= 1 / 3).astype(float)
    if least.sum() < LEAST_POSITIVES or (1 - least).sum() < LEAST_POSITIVES:
        return unknown("G8", goal, "coverage does not tell households apart", hard=True)
    sums = lists.sums(seen=lists.listed * least, least=least, other=lists.listed * (1 - least), rest=1 - least)

    def over(told: Array) -> Array:
        whole = told.sum(axis=-2)
        return share(share(whole[..., 0], whole[..., 1]), share(whole[..., 2], whole[..., 3]))

    figure = interval(sums, over, seed=evidence.seed)
    verdict = as_verdict(figure.value >= G8_LEAST)
    return Gate("G8", figure, goal, verdict, verdict, baseline=1.0)


def stability(evidence: Evidence) -> Gate:
    """G9: how much the model's precision changes from date to date, and its worst date."""
    goal, lists = f"CV <= {G9_CV}, worst date >= {G9_WORST} of the mean", Lists(evidence)
    sums = lists.precisions()
    total = sums.sum(axis=0)
    each = share(total[:, 0], total[:, 1])
    each = each[np.isfinite(each)]
    if lists.thin or len(each) < LEAST_DATES or each.mean() == 0:
        return unknown("G9", goal, lists.thin or "dates without labels")
    worst = float(each.min() / each.mean())

    def cv(told: Array) -> Array:
        shares = share(told[..., 0], told[..., 1])
        return share(np.nanstd(shares, axis=-1), np.nanmean(shares, axis=-1))

    figure = interval(sums, cv, seed=evidence.seed)
    verdict = as_verdict(figure.value <= G9_CV and worst >= G9_WORST)
    return Gate("G9", figure, goal, verdict, note=f"worst date {worst:.2f} of the mean")


def promotion(evidence: Evidence) -> Gate:
    """The rule of promotion: on how many dates the lower bound of the gain over what is in use is above nothing."""
    goal, lists = f"gain > 0 on >= {DATES_WON} of {LEAST_DATES} dates", Lists(evidence)
    sums = lists.precisions()
    if lists.thin or len(sums) < 2:
        return unknown("promotion", goal, lists.thin or "one village", hard=True)
    draws = drawn(sums, seed=evidence.seed)
    gain = share(draws[..., 0], draws[..., 1]) - share(draws[..., 4], draws[..., 5])
    low = np.array(
        [np.quantile(each[np.isfinite(each)], 0.025) if np.isfinite(each).any() else np.nan for each in gain.T]
    )
    won = int((low > 0).sum())
    asked = int(np.ceil(DATES_WON / LEAST_DATES * lists.dates))
    verdict = as_verdict(won >= asked)
    return Gate(
        "promotion",
        Interval(won, won, won),
        goal,
        verdict,
        verdict,
        note=f"{won} of {lists.dates} dates, {asked} asked",
    )


def _with_results(name: str, judged: Judge, *, hard: bool) -> Judge:
    def held(evidence: Evidence) -> Gate:
        if evidence.results is None or evidence.results.empty:
            return unknown(name, "", "no results", hard=hard)
        return judged(evidence)

    return held


GATES: dict[str, Judge] = {
    name: _with_results(name, judged, hard=hard)
    for name, judged, hard in (
        ("G1", precision_at_capacity, True),
        ("G2", severe_recall, True),
        ("G3", lift, False),
        ("G4", found_by_model_only, True),
        ("G7", group_recall, True),
        ("G8", unknown_parity, True),
        ("G9", stability, False),
        ("promotion", promotion, True),
    )
}
