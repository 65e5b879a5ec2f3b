"""Training: every gate judged from past dates, nothing promoted, a drifted champion set aside."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_jobs_rolling import panel
from test_monitor_learning import LATER

from jobs import rolling
from jobs.panel import Panel
from jobs.train import GROUPS, gather, train, watch
from models.explanation import Reference
from models.gates import HARD, judge
from models.goals import Evidence
from models.journal import Act
from models.ranked import group_table
from models.registry import Registry
from models.storing import Manifest
from monitor.errors import Invalid
from monitor.service import Service

__all__ = ["panel"]
AT = "2026-07-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def learned(panel: Panel) -> Panel:
    """The panel of past dates with what rules said and how households are counted."""
    chance, rows = np.random.default_rng(2), len(panel.table)
    groups = {f"group__{name.removesuffix('_group')}": chance.choice(["a", "b"], rows) for name in GROUPS}
    beside = {
        "severe": panel.table["label"],
        "audit": (chance.random(rows) < 0.1).astype(float), "coverage_count": chance.integers(1, 9, rows),
    }  # fmt: skip
    return replace(panel, features=["cost", "wage"], table=panel.table.assign(**beside, **groups))


@pytest.fixture(scope="module")
def evidence(learned: Panel) -> Evidence:
    return gather(learned, rolling.roll(learned), rolling.fit(learned, learned.table)[1].model)


def test_every_gate_is_judged_and_the_sure_ones_are_kept(evidence: Evidence) -> None:
    told = {gate.id: gate for gate in judge(evidence)}
    assert set(told) == {f"G{number}" for number in range(1, 17)} | {"promotion"}
    assert {told[name].verdict for name in ("G10", "G14", "G16")} <= {"reached", "not enough evidence"}
    assert told["G14"].verdict == told["G16"].verdict == "reached"
    assert told["G1"].figure.value > 1
    assert told["G13"].verdict in ("reached", "not enough evidence")


def test_the_card_has_every_group_that_was_judged(evidence: Evidence) -> None:
    told = {one["group"].split("=")[0] for one in group_table(evidence)}
    assert told == set(GROUPS)


def test_the_rule_of_selection_is_measured_against_the_best_of_each_date(evidence: Evidence) -> None:
    assert evidence.selection is not None
    assert (evidence.selection["chosen"] <= evidence.selection["best"] + 1e-12).all()
    assert len(evidence.selection) >= 5


@pytest.mark.parametrize(("gate", "spoil"), [
    ("G14", {"violations": 3}),
    ("G16", {"hashes": ("one", "other")}),
    ("G15", {"drifted": True}),
    ("G6", {"calibration": {"slope": 0.4, "intercept": 1.0, "ece": 0.2, "brier_skill": -0.1}}),
])  # fmt: skip
def test_a_gate_fails_on_evidence_that_was_spoiled(evidence: Evidence, gate: str, spoil: dict[str, object]) -> None:
    told = {one.id: one for one in judge(replace(evidence, **spoil))}
    assert told[gate].verdict == "failed"


def champion(learned: Panel, folder: Path) -> Registry:
    early = learned.table[learned.table["date"] <= learned.dates[5]]
    scorer, registry = rolling.fit(learned, early)[1].model, Registry(folder, key=b"k" * 32)
    gates = tuple({"id": name, "gate": "reached", "verdict": "reached", "note": ""} for name in HARD)
    manifest = Manifest(
        kind="RiskScorer", features=tuple(learned.features), training={"until": learned.dates[5].isoformat()},
        metrics={}, gates=gates, by="test", at=AT,
    )  # fmt: skip
    model = registry.register(scorer, Reference.drawn(early[learned.features], early["label"] == 0), manifest)
    registry.promote(model, Act("主管", AT, "启用", second="复核"), mark=registry.manifest(model).mark)
    return registry


def test_a_champion_whose_world_has_not_moved_goes_on(learned: Panel, tmp_path: Path) -> None:
    registry = champion(learned, tmp_path)
    assert watch(learned, registry) is None
    assert not registry.champion().rules_only


def test_a_champion_whose_world_has_moved_is_set_aside_and_rules_alone_order(learned: Panel, tmp_path: Path) -> None:
    registry = champion(learned, tmp_path)
    last = learned.table["date"] == learned.dates[-1]
    moved = learned.table.assign(wage=learned.table["wage"].mask(last, learned.table["wage"] - 3))
    told = watch(replace(learned, table=moved), registry)
    assert told is not None
    assert "wage" in told
    assert registry.champion().reason == "set_aside"


def test_without_a_champion_nothing_is_watched(learned: Panel, tmp_path: Path) -> None:
    assert watch(learned, Registry(tmp_path, key=b"k" * 32)) is None


def test_an_installation_without_history_is_told_that_nothing_can_be_trained_yet(sqlite_service: Service) -> None:
    with pytest.raises(Invalid, match="nothing can be trained yet"):
        train(sqlite_service, LATER)
