"""Every candidate that may order the queue is explained exactly and comes back from its file as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from learned import manifest
from panels import made_up

from models.explanation import Explainer, Reference
from models.members import Average, BoostedNext, RidgeNext, RuleOrder, Scorecard
from models.registry import Registry
from models.sample import Sample
from models.scorer import RiskScorer
from models.tables import Columns


def sample() -> Sample:
    table = made_up(400)
    columns = Columns.learned(table, but=("household", "village", "income_next", "year", "fell"))
    return Sample(
        features=columns.numbers(table),
        label=table["fell"].to_numpy(dtype=float),
        groups=pd.factorize(table["household"])[0],
        times=pd.factorize(table["year"], sort=True)[0],
        coming=table["income_next"].to_numpy(),
        line=0.55,
        welfare="income",
        categories=columns.categories,
    )


SAMPLE = sample()
NAMES = ("Scorecard", "RidgeNext", "BoostedNext", "RuleOrder", "RiskScorer", "Average")


@pytest.fixture(scope="module")
def candidates() -> dict[str, Any]:
    """Every candidate, learned; by the process that tries one, not by each that only lists what is to be tried."""
    made: dict[str, Any] = {}
    for make in (Scorecard, RidgeNext, BoostedNext, lambda: RuleOrder("income")):
        learned = make().learn(SAMPLE)
        learned.slope_, learned.intercept_ = 0.7, -1.3
        made[type(learned).__name__] = learned
    made["RiskScorer"] = RiskScorer(max_iter=20, categorical=SAMPLE.categories).fit(SAMPLE.features, SAMPLE.label)
    shares = [(0.4, made["Scorecard"]), (0.3, made["BoostedNext"]), (0.3, made["RiskScorer"])]
    return made | {"Average": Average.of(shares, SAMPLE, (1.1, -0.2))}


def test_every_candidate_that_is_made_is_tried(candidates: dict[str, Any]) -> None:
    assert tuple(candidates) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_candidate_is_explained_exactly_and_read_back_bit_for_bit(
    name: str, candidates: dict[str, Any], tmp_path: Path
) -> None:
    model = candidates[name]
    reference = Reference.drawn(SAMPLE.features, SAMPLE.label == 0)
    told = Explainer(model, reference).explain(SAMPLE.features)
    np.testing.assert_allclose(told.added.sum(axis=1) + told.base, model.decision_function(SAMPLE.features), atol=1e-10)
    assert np.abs(told.added.to_numpy()).max() > 0.05
    registry = Registry(tmp_path, key=b"k" * 32)
    kept = registry.register(model, reference, manifest(kind=name, features=tuple(SAMPLE.features.columns)))
    again = registry.load(kept)[0]
    assert np.array_equal(again.decision_function(SAMPLE.features), model.decision_function(SAMPLE.features))
