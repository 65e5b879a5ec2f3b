"""A table in; out come a model, what it is worth on later times and other households, and what speaks against it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models import leakage, measures
from models.bootstrap import Interval
from models.calibration import shift
from models.choosing import Choice, Recipe, decide, made
from models.dates import Dates, by_date
from models.evaluation import Group, Split, by_group, split_by_time, under_selection
from models.folds import assign, fewest
from models.grid import Grid, learn
from models.headed import in_step
from models.histories import base_of
from models.members import Scorecard
from models.refusals import Unlearnable, Unscorable, named
from models.sample import Sample
from models.tables import Columns
from models.task import Spec, Task, prepare, with_memory

__all__ = ["Learned", "Spec", "train"]

Array = NDArray[np.float64]
CHOSEN = "chosen"
FEW_ROWS = 20_000
CHECKED_ROWS_MOST = 8_000
AUDITS = 20
Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Learned:
    """What ``train`` returns.

    ``model`` (of ``kind``) was learned from every labelled row and scores what ``columns.numbers(table)`` makes of a
    table; ``columns`` are its features. Everything else is of models that never saw the rows they are judged on:
    ``metrics`` one entry of figures per candidate and one named ``chosen``; ``scores`` one row per judged row: ``row``
    (place in the table as given), ``group``, ``time``, ``label`` (0, 1), ``score`` (probability by the chosen model);
    ``by_model`` the logits of all; ``audited`` the rows that renewed the intercept, ``renewed`` the probabilities after
    it; ``groups`` by protected column; ``intervals`` of the chosen; ``choices`` by fold; ``checks`` of leakage;
    ``dates`` the choice held against earlier times; ``notes`` in Chinese and English.
    """

    spec: Spec
    columns: Columns
    kind: str
    model: Any
    choice: Choice
    metrics: dict[str, dict[str, float]]
    scores: pd.DataFrame
    by_model: pd.DataFrame
    renewed: Array
    audited: NDArray[np.bool_]
    groups: dict[str, list[Group]]
    intervals: dict[str, Interval]
    choices: list[Choice]
    checks: list[leakage.Check]
    dates: Dates
    rows: dict[str, Any]
    notes: list[tuple[str, str]] = field(default_factory=list)

    def score(self, table: pd.DataFrame) -> "pd.Series[float]":
        """Return the probability of every row; refuses a table without the features, and a score that is no number."""
        remembers = any(base_of(name) is not None for name in self.columns.names)
        table = with_memory(table, self.spec) if remembers else table
        told = self.model.predict_proba(self.columns.numbers(table))[:, 1]
        if not np.isfinite(told).all():
            raise Unscorable(zh="评分不是数值，未输出", en="a score is no number: nothing is given out")
        return pd.Series(told, index=table.index, name="score")


def train(table: pd.DataFrame, spec: Spec, *, step: Step | None = None) -> Learned:
    """Learn from the earlier labelled times of ``table`` and judge on the latest, no household on both sides.

    Refuses, saying what to mend, what cannot be learned from (``Unlearnable``) and what gives itself away (``Leak``).
    The same table and spec give the same bits.
    """
    task = prepare(table, spec)
    # Several threads over a few thousand rows wait for each other longer than they work.
    with threadpool_limits(1 if len(task.label) < FEW_ROWS else None):
        return _trained(task, step or (lambda _what, _done, _all: None))


def _trained(task: Task, tell: Step) -> "Learned":
    spec = task.spec
    splits, notes = _splits(task)
    checks = [leakage.apart(splits, task.groups, task.times)]
    folds = []
    for place, split in enumerate(splits):
        tell("折 / fold", place, len(splits) + 1)
        folds.append(_fold(task, split))
    # One choice for all folds, and for what is given out: from rows older than those judged, which none had seen.
    recipe = decide([fold.grid for fold in folds], capacity=spec.capacity)
    chosen = _choose(folds, recipe)
    checks = [folds[0].check, *checks, *_checks(task, splits, folds)]
    latest = _joined(folds), np.concatenate([task.label[split.judge] for split in splits])
    dates = by_date(task, _alone, latest, chosen=CHOSEN)
    tell("全部 / all rows", len(splits), len(splits) + 1)
    # Of what no fold could learn from, such as a first wave's history, nothing is known: it is no feature.
    judged_by = {name for fold in folds for name in fold.columns.names}
    columns, sample = _sample(task, np.arange(len(task.label)), known=judged_by)
    choice = made(learn(sample, wanted=spec.candidates), recipe, sample)
    tell("全部 / all rows", len(splits) + 1, len(splits) + 1)
    return _told(task, splits, folds, Final(columns, choice, chosen, checks, dates, [*task.notes, *notes]))


@dataclass(frozen=True)
class Final:
    """What was learned from all rows, and what was found on the way."""

    columns: Columns
    choice: Choice
    choices: list[Choice]
    checks: list[leakage.Check]
    dates: Dates
    notes: list[tuple[str, str]]


@dataclass(frozen=True)
class _Fold:
    """The models of one split and their logits on the rows that it judges."""

    columns: Columns
    sample: Sample
    judged: pd.DataFrame
    grid: Grid
    logits: dict[str, Array]
    check: leakage.Check


def _splits(task: Task) -> tuple[list[Split], list[tuple[str, str]]]:
    spec, notes = task.spec, []
    times = np.unique(task.times)
    if len(times) < 2:
        fold = assign(task.label, task.groups, count=spec.folds, seed=spec.seed)
        splits = [Split(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(spec.folds)]
        zh = "只有一个有标签的时间：只能在其他户上检验，未经未来检验"
        return splits, [(zh, "one labelled time only: judged on other households, not on the future")]
    latest = float(times[-1])
    splits = split_by_time(
        task.times, task.groups, task.label, at=latest, gap=spec.gap, folds=spec.folds, seed=spec.seed
    )
    if task.known is not None:
        late = int((~(task.known <= latest) & (task.times < latest)).sum())
        splits = [replace(split, learn=split.learn[task.known[split.learn] <= latest]) for split in splits]
        if late:
            zh = f"{late} 行的标签在截止时尚不可知，未用于学习"
            notes.append((zh, f"{late} rows had labels not yet known at the test's time: not learned from"))
    for split in splits:
        _learnable(task, split)
    return splits, notes


def _learnable(task: Task, split: Split) -> None:
    older, later = task.label[split.learn], task.label[split.judge]
    if len(older) < 40 or fewest(older, task.groups[split.learn]) < 5:
        raise Unlearnable(
            zh=f"最后一期之前的行太少：{len(older)} 行，其中有风险 {int(older.sum())} 行（每类至少要 5 户）；"
            "请补更早的期次或放宽条件",
            en=f"too few rows before the latest time: {len(older)}, {int(older.sum())} of them at risk; each class"
            " wants 5 households; add earlier times, or widen the condition",
        )
    if fewest(later) < 1:
        raise Unlearnable(
            zh="最后一期的标签只有一类，无法检验", en="the latest time has one class only: nothing can be judged on it"
        )


def _sample(task: Task, rows: Any, *, known: set[str] | None = None) -> tuple[Columns, Sample]:
    """Return the columns learned from ``rows`` and the sample; of ``known``, where told, only those are features."""
    columns = task.columns(rows)
    if known is not None:
        columns = columns.without(set(columns.names) - known, "")
    if not columns.features:
        raise Unlearnable(zh="没有可用的特征列", en="no column is left that could be a feature")
    there = set(columns.names)
    turned = [name for name in columns.categories if task.spec.monotone.get(name)]
    if turned:
        raise Unlearnable(
            zh=f"类别列没有高低之分，不能声明单调方向：{named(turned)}",
            en=f"categories have no direction, so none can be declared: {named(turned)}",
        )
    sample = Sample(
        features=columns.numbers(task.table.iloc[rows]).reset_index(drop=True),
        label=task.label[rows],
        groups=task.groups[rows],
        times=np.unique(task.times[rows], return_inverse=True)[1],
        coming=None if task.coming is None else task.coming[rows],
        line=task.spec.line,
        weight=None if task.weight is None else task.weight[rows],
        welfare=task.welfare if task.welfare in there else None,
        signs={name: sign for name, sign in task.spec.monotone.items() if name in there and sign},
        categories=columns.categories,
        seed=task.spec.seed,
    )
    return columns, sample


def _fold(task: Task, split: Split) -> _Fold:
    columns, sample = _sample(task, split.learn)
    check = leakage.single_features(sample)
    judged = columns.numbers(task.table.iloc[split.judge]).reset_index(drop=True)
    grid = learn(sample, wanted=task.spec.candidates)
    logits = {name: model.decision_function(judged) for name, model in grid.models.items()}
    return _Fold(columns, sample, judged, grid, logits, check)


def _choose(folds: list[_Fold], recipe: Recipe) -> list[Choice]:
    """Make of each fold's candidates what was chosen, and judge it beside them."""
    choices = [made(fold.grid, recipe, fold.sample) for fold in folds]
    if recipe.headed:
        # Times are not alike: by an edge of the years before, the head could be shorter than a list that is judged.
        in_step([choice.model for choice in choices], [fold.judged for fold in folds])
    for fold, choice in zip(folds, choices, strict=True):
        fold.logits[CHOSEN] = choice.model.decision_function(fold.judged)
    return choices


def _alone(task: Task, split: Split) -> dict[str, Array]:
    """Return the logits of one split, whose choice is its own."""
    fold = _fold(task, split)
    _choose([fold], decide([fold.grid], capacity=task.spec.capacity))
    return fold.logits


def _checks(task: Task, splits: list[Split], folds: list[_Fold]) -> list[leakage.Check]:
    """Run what the first fold can tell, with a line as the model: quick, and as good at finding a leak."""
    fold, rows = folds[0], splits[0].judge
    few = fold.sample.at_most(CHECKED_ROWS_MOST)

    def scores(sample: Sample, judged: pd.DataFrame) -> Array:
        return Scorecard().learn(sample).raw(judged)

    label = task.label[rows]
    real = measures.area(scores(few, fold.judged), label)
    return [
        leakage.shuffled_labels(few, fold.judged, label, scores),
        leakage.shifted_labels(few, fold.judged, label, scores, real),
        leakage.no_signal_in_place(task.row[rows], task.groups[rows], label),
    ]


def _told(task: Task, splits: list[Split], folds: list[_Fold], final: Final) -> Learned:
    rows = np.concatenate([split.judge for split in splits])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    logits = pd.DataFrame({name: told[order] for name, told in _joined(folds).items()})
    _rule_itself(task, rows, folds, logits, chosen=final.choice.name)
    label, spec = task.label[rows], task.spec
    audited, renewed = _renewed(logits, label, spec)
    metrics = {name: _figures(logits[name].to_numpy(), label, told, audited, spec) for name, told in renewed.items()}
    metrics[CHOSEN]["ece_after_audit_usual"] = _usual_error(logits[CHOSEN].to_numpy(), label, spec)
    if task.weight is not None:
        metrics[CHOSEN] |= under_selection(
            logits[CHOSEN].to_numpy(), label, 1 / task.weight[rows], capacity=spec.capacity
        )
    blocks, probability = np.unique(task.blocks[rows], return_inverse=True)[1], _chance(logits[CHOSEN].to_numpy())
    return Learned(
        spec=spec,
        columns=final.columns,
        kind=final.choice.name,
        model=final.choice.model,
        choice=final.choice,
        metrics=metrics,
        scores=_scores(task, rows, probability),
        by_model=logits,
        renewed=renewed[CHOSEN],
        audited=audited,
        groups={
            name: by_group(probability, label, task.table[name].iloc[rows], blocks, capacity=spec.capacity)
            for name in spec.protect
        },
        intervals=measures.intervals(probability, label, blocks, seed=spec.seed),
        choices=final.choices,
        checks=final.checks,
        dates=final.dates,
        rows=_counts(task, splits),
        notes=[*final.notes, *_behind(metrics)],
    )


def _behind(metrics: dict[str, dict[str, float]]) -> list[tuple[str, str]]:
    """Say where, on the time that judges, the rule alone found more than what was chosen."""
    chosen, rule, notes = metrics[CHOSEN], metrics.get("rule", {}), []
    for capacity in (round(100 * share) for share in measures.CAPACITIES):
        ours, theirs = chosen[f"recall_at_{capacity}"], rule.get(f"recall_at_{capacity}", 0.0)
        if ours < theirs:
            zh = f"检验期前 {capacity}% 中规则找到更多：{theirs:.1%}，所选模型 {ours:.1%}"
            en = (
                f"in the first {capacity} % of the judged time the rule finds more: {theirs:.1%}, the choice {ours:.1%}"
            )
            notes.append((zh, en))
    return notes


def _joined(folds: list[_Fold]) -> dict[str, Array]:
    """Return the logits of every candidate that all folds have, fold after fold."""
    names = [name for name in folds[0].logits if all(name in fold.logits for fold in folds)]
    return {name: np.concatenate([fold.logits[name] for fold in folds]) for name in names}


def _rule_itself(task: Task, rows: NDArray[np.int64], folds: list[_Fold], logits: pd.DataFrame, *, chosen: str) -> None:
    """Put the rule's order in the place of its calibrated copies, where all folds took the same column."""
    rules = [fold.grid.models["rule"] for fold in folds]
    if len({(rule.column_, rule.sign_) for rule in rules}) > 1:
        return
    read = next(one for one in folds[0].columns.features if one.name == rules[0].column_)
    values = pd.Series(read.numbers(task.table[read.name].iloc[rows]))
    told = rules[0].sign_ * np.arcsinh((values.fillna(rules[0].middle_) - rules[0].middle_) / rules[0].width_)
    slope, level = (float(np.mean([getattr(rule, name) for rule in rules])) for name in ("slope_", "intercept_"))
    logits["rule"] = slope * told.to_numpy() + level
    if chosen == "rule":
        logits[CHOSEN] = logits["rule"]


def _chance(logit: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _renewed(logits: pd.DataFrame, label: Array, spec: Spec) -> tuple[NDArray[np.bool_], dict[str, Array]]:
    """Renew every model's level by the labels of a random audit, spread evenly over the chosen model's list."""
    count = min(spec.audit, len(label) // 3)
    order = np.argsort(logits[CHOSEN].to_numpy(), kind="stable")
    audited = _audit(order, count, seed=spec.seed)
    renewed = {}
    for name in logits:
        logit = logits[name].to_numpy()
        by = shift(logit[audited], label[audited]) if count else 0.0
        renewed[str(name)] = _chance(logit + by)
    return audited, renewed


def _audit(order: NDArray[np.int64], count: int, *, seed: int) -> NDArray[np.bool_]:
    """Draw ``count`` rows, one from each stretch of the list."""
    audited = np.zeros(len(order), dtype=bool)
    if count:
        place = ((np.arange(count) + np.random.default_rng(seed).random(count)) * len(order) / count).astype(int)
        # Neighbouring stretches share the row between them: the second of two draws of it takes the next.
        place[1:] += np.diff(place) == 0
        audited[order[np.minimum(place, len(order) - 1)]] = True
    return audited


def _usual_error(logit: Array, label: Array, spec: Spec) -> float:
    """Return the mean ECE after each of ``AUDITS`` other audits: what one audit shows is in part its luck."""
    count, order, told = min(spec.audit, len(label) // 3), np.argsort(logit, kind="stable"), []
    for draw in range(AUDITS if count else 0):
        audited = _audit(order, count, seed=spec.seed + 1 + draw)
        renewed = _chance(logit + shift(logit[audited], label[audited]))
        told.append(measures.calibration_error(renewed[~audited], label[~audited]))
    return float(np.mean(told)) if told else float("nan")


def _figures(logit: Array, label: Array, renewed: Array, audited: NDArray[np.bool_], spec: Spec) -> dict[str, float]:
    capacities = sorted({*measures.CAPACITIES, spec.capacity})
    told = measures.ranking(logit, label, capacities) | measures.reliability(_chance(logit), label)
    after = measures.reliability(renewed[~audited], label[~audited])
    return told | {f"{name}_after_audit": value for name, value in after.items()}


def _scores(task: Task, rows: NDArray[np.int64], probability: Array) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": task.row[rows],
            "group": task.table[task.spec.group].iloc[rows].to_numpy(),
            "time": task.table[task.spec.time].iloc[rows].to_numpy(),
            "label": task.label[rows].astype(int),
            "score": probability,
        }
    )


def _counts(task: Task, splits: list[Split]) -> dict[str, Any]:
    judged = np.concatenate([split.judge for split in splits])
    learned = np.unique(np.concatenate([split.learn for split in splits]))
    time = task.table[task.spec.time]
    return {
        "judged": len(judged),
        "judged_positive": int(task.label[judged].sum()),
        "judged_time": str(time.iloc[judged[0]]) if splits[0].time is not None else None,
        "learned": len(learned),
        "learned_positive": int(task.label[learned].sum()),
        "learned_times": sorted({str(one) for one in time.iloc[learned].unique()}),
        "folds": len(splits),
        "positive": task.positive,
    }
