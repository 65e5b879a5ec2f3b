"""The rule's own order at the head of the list, and below it that of a model not shown to beat it there."""

from copy import deepcopy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from models.members import Calibrated
from models.sample import Sample

Array = NDArray[np.float64]
HEAD = 0.25
"""The share of households in the head: more than any list that is judged (20 %), for later times are not alike."""
_STEEP = (1e-3, 10.0)
_WIDTH = 4.0


class Headed(Calibrated):
    """Rows that the rule puts above ``edge_`` stand in its order, all others below them in the order of a model.

    On the logit scale the head rises from a floor by what the rule says beyond the edge, as ``line_`` has it; the rest
    keeps the model's logit, bent to stay under the floor. No sum that could be explained: it never orders a queue.
    """

    @classmethod
    def of(cls, rule: Any, model: Any, sample: Sample, told: tuple[Array, Array], label: Array) -> Self:
        """Return it, its line drawn by ``told``: logits of the rule and the model on rows not learned from."""
        made = cls()._named(sample)
        made.rule_, made.model_ = rule, model
        made.edge_ = float(np.quantile(told[0], 1 - HEAD))

        def loss(line: Array) -> float:
            z: Array = made._bent(told, line)
            held_back = float((line[1] - 1) ** 2 + (line[0] / _WIDTH) ** 2)
            return float((np.logaddexp(0, z) - label * z).sum()) + 0.5 * held_back

        start = np.array([float(np.median(told[1][told[0] >= made.edge_])), 1.0])
        made.line_ = minimize(loss, start, method="L-BFGS-B", bounds=[(None, None), _STEEP]).x
        return made

    def raw(self, X: Any) -> Array:  # noqa: N803
        """Return the logit of rows of features."""
        return self._bent((self.rule_.decision_function(X), self.model_.decision_function(X)), self.line_)

    def _bent(self, told: tuple[Array, Array], line: Array) -> Array:
        rule, model = told
        floor, steep = line
        under = floor - np.logaddexp(0, floor - model)
        return np.asarray(np.where(rule >= self.edge_, floor + steep * (rule - self.edge_), under))


def in_step(heads: list[Headed], features: list[Any]) -> None:
    """Give the heads of some folds one rule, one edge and one line, so that rows of all folds stand in one order.

    ``features`` are those of the rows that each puts in order: the head is the first of what stands in their list, of
    whom nothing but features is read. Folds whose rules took different columns are left as they are.
    """
    rules = [head.rule_ for head in heads]
    if len({(rule.column_, rule.sign_) for rule in rules}) > 1:
        return
    shared = deepcopy(rules[0])
    for name in ("middle_", "width_", "slope_", "intercept_"):
        setattr(shared, name, float(np.mean([getattr(rule, name) for rule in rules])))
    edge = float(np.quantile(np.concatenate([shared.decision_function(rows) for rows in features]), 1 - HEAD))
    floor, steep = np.mean([head.line_ for head in heads], axis=0)
    # The line stays where it was drawn; its floor is read from it at the new edge.
    line = np.array([floor + steep * (edge - float(np.mean([head.edge_ for head in heads]))), steep])
    for head in heads:
        head.rule_, head.edge_, head.line_ = shared, edge, line


def in_order(rule: Array, model: Array) -> Array:
    """Return the order that the head and the rest make of rows whose logits by rule and model are told."""
    head = rule >= np.quantile(rule, 1 - HEAD)
    return np.asarray(np.where(head, 1 + expit(rule), expit(model)), dtype=np.float64)
