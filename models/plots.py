"""The three pictures of a report: calibration, lift, and how each group is served."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.evaluation import Group
from models.measures import curve

Array = NDArray[np.float64]
_SIZE = (6.4, 4.8)
_INK, _PALE, _WARM = "#20425f", "#9bb4c7", "#b8552f"


def calibration(before: Array, after: Array, label: Array, kept: Any) -> bytes:
    """Return a PNG: what was told against what came, in 15 bins of equal mass, before and after the audit."""
    figure, axes = _canvas("told probability", "share that came true")
    for told, rows, name, colour in (
        (before, np.ones(len(label), dtype=bool), "as learned", _PALE),
        (after, kept, "after the audit's intercept", _INK),
    ):
        points = curve(told[rows], label[rows])
        axes.plot([one[0] for one in points], [one[1] for one in points], "o-", color=colour, label=name)
    top = float(max(before.max(), after.max(), 0.1))
    axes.plot([0, top], [0, top], ":", color="grey", label="exact")
    return _png(figure, axes)


def lift(scores: Mapping[str, Array], label: Array) -> bytes:
    """Return a PNG: the share of positives found against the share of households visited, by model."""
    figure, axes = _canvas("share of households visited", "share of positives found")
    visited = np.arange(1, len(label) + 1) / len(label)
    for name, score in scores.items():
        found = np.cumsum(label[np.lexsort((label, -score))]) / max(label.sum(), 1)
        style = {"chosen": {"color": _INK, "linewidth": 2.2}, "rule": {"color": _WARM, "linewidth": 1.6}}
        axes.plot(visited, found, label=name, **style.get(name, {"color": _PALE, "linewidth": 0.9}))
    axes.plot([0, 1], [0, 1], ":", color="grey", label="chance")
    return _png(figure, axes)


def groups(served: Mapping[str, Sequence[Group]]) -> bytes:
    """Return a PNG: recall at capacity by group; groups with too few positives are pale."""
    figure, axes = _canvas("recall at capacity", "")
    bars = [(f"{column}: {one.name}"[:40], one) for column, each in served.items() for one in each]
    for place, (name, one) in enumerate(bars):
        recall = 0.0 if np.isnan(one.recall) else one.recall
        axes.barh(place, recall, color=_INK if one.enough else _PALE, label=None)
        axes.text(recall, place, f" {one.positives}/{one.rows}", va="center", fontsize=8)
        _ = name
    axes.set_yticks(range(len(bars)), [name.encode("ascii", "replace").decode() for name, _ in bars], fontsize=8)
    axes.set_title("positives / households; pale: not enough evidence" if bars else "no protected column was named")
    return _png(figure, axes, legend=False)


def _canvas(across: str, up: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    return figure, axes


def _png(figure: Figure, axes: Any, *, legend: bool = True) -> bytes:
    if legend:
        axes.legend(fontsize=8)
    held = BytesIO()
    figure.savefig(held, format="png", dpi=110, metadata={"Software": None})
    return held.getvalue()
