"""The goal table: each gate is reached by results that deserve it, fails on ones that do not, and never guesses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from results import evidence, leads, results, weeks

from models import ranked, steady
from models.bootstrap import Interval, block_sums, drawn, interval, resampled, share
from models.gates import HARD, holding, judge, shows_probability
from models.goals import NAMES, Evidence, Gate
from models.ranked import group_ratios, group_table, in_first
from models.steady import overlap


@pytest.fixture(scope="module")
def good() -> dict[str, Gate]:
    return {gate.id: gate for gate in judge(evidence())}


def judged(name: str, **other: Any) -> Gate:
    return {**ranked.GATES, **steady.GATES}[name](evidence(**other))


def changed(**columns: Any) -> pd.DataFrame:
    return results().assign(**columns)


def test_results_that_deserve_it_reach_every_gate(good: dict[str, Gate]) -> None:
    assert {name: gate.verdict for name, gate in good.items()} == dict.fromkeys(NAMES, "reached")
    assert holding(good.values()) == []
    assert shows_probability(good.values())


def test_without_any_evidence_no_gate_is_passed() -> None:
    gates = judge(Evidence())
    assert [gate.id for gate in gates] == list(NAMES)
    assert {gate.verdict for gate in gates} == {"not enough evidence"}
    assert holding(gates) == list(HARD)
    assert not shows_probability(gates)


def test_a_gate_that_was_not_judged_holds_the_promotion(good: dict[str, Gate]) -> None:
    assert holding(gate for gate in good.values() if gate.id != "G8") == ["G8"]


def test_the_same_evidence_gives_the_same_intervals(good: dict[str, Gate]) -> None:
    again = {gate.id: gate for gate in judge(evidence())}
    assert {name: gate.as_plain() for name, gate in again.items()} == {n: gate.as_plain() for n, gate in good.items()}


def test_precision_no_better_than_the_rules_fails_the_first_gate() -> None:
    gate = judged("G1", results=results(skill=0.6, rules=0.6))
    assert (gate.verdict, gate.gate) == ("failed", "failed")
    assert gate.figure.low < 1.1 < 1.5


def test_precision_is_found_among_the_labelled_in_the_first_places_only(good: dict[str, Gate]) -> None:
    table = results()
    shares = []
    for _, rows in table.groupby("date"):
        first = rows.sort_values("score", ascending=False).head(200)
        shares.append(first["label"].mean())
    assert f"precision {np.mean(shares):.3f}" in good["G1"].note


@pytest.mark.parametrize(("dates", "why"), [(3, "3 of 6 dates"), (1, "1 of 6 dates")])
def test_too_few_dates_are_not_enough_evidence(dates: int, why: str) -> None:
    for name in ("G1", "G3", "G9", "promotion"):
        gate = judged(name, results=results(dates=dates))
        assert (gate.verdict, gate.note) == ("not enough evidence", why)


def test_too_few_positives_are_not_enough_evidence() -> None:
    label = np.where(np.arange(12000) % 1000 == 0, 1.0, 0.0)
    gate = judged("G1", results=changed(label=label))
    assert (gate.verdict, gate.gate, gate.note) == ("not enough evidence", "not enough evidence", "12 of 30 positives")


def test_a_household_that_the_rules_name_and_the_model_drops_fails_the_hard_gate_on_severe_cases() -> None:
    table = results(skill=-3.0)
    gate = judged("G2", results=table.assign(kept=False))
    assert (gate.verdict, gate.gate) == ("failed", "failed")
    assert gate.figure.value < 0


def test_a_model_that_adds_few_severe_cases_misses_the_goal_and_not_the_hard_gate() -> None:
    gate = judged("G2", results=results(skill=-3.0))
    assert (gate.verdict, gate.gate) == ("failed", "reached")
    assert judged("G2", results=changed(severe=0.0)).verdict == "not enough evidence"


def test_a_score_without_skill_has_no_lift() -> None:
    gate = judged("G3", results=results(skill=0.05))
    assert gate.verdict == "failed"
    assert gate.figure.value < 3
    assert gate.gate == ""


def test_finding_no_more_than_the_random_audit_fails() -> None:
    gate = judged("G4", results=results(skill=0.0))
    assert (gate.verdict, gate.gate) == ("failed", "failed")
    assert gate.figure.value < 2


def test_without_a_random_audit_nothing_is_known_of_what_the_model_adds() -> None:
    gate = judged("G4", results=results().drop(columns="audit"))
    assert (gate.verdict, gate.gate) == ("not enough evidence", "not enough evidence")


def test_a_lead_of_a_few_days_misses_the_goal() -> None:
    assert judged("G5", leads=leads(gained=5)).verdict == "failed"
    assert judged("G5", leads=leads().head(20)).verdict == "not enough evidence"


@pytest.mark.parametrize(
    "wrong", [{"slope": 0.8}, {"slope": 1.2}, {"intercept": -0.2}, {"ece": 0.03}, {"brier_skill": -0.01}]
)
def test_one_bad_figure_of_calibration_hides_the_probability(wrong: dict[str, float]) -> None:
    told = {"slope": 1.0, "intercept": 0.0, "ece": 0.01, "brier_skill": 0.1, **wrong}
    gates = judge(evidence(calibration=told))
    assert not shows_probability(gates)
    assert "G6" not in holding(gates)
    assert judged("G6", calibration={"slope": 1.0}).verdict == "not enough evidence"


def test_a_group_that_is_served_worse_fails_and_is_named() -> None:
    table = results()
    table.loc[table["head"] == "woman", "score"] -= 2.0
    gate = judged("G7", results=table)
    assert (gate.verdict, gate.gate) == ("failed", "failed")
    assert gate.note.startswith("head=woman")


def test_a_group_too_small_to_say_is_named_and_never_a_pass(good: dict[str, Gate]) -> None:
    ratios, thin = group_ratios(evidence(), "minority")
    assert ratios == []
    assert any(name.startswith("minority=True (n+ ") for name in thin)
    assert "minority=True" in good["G7"].note
    alone = judged("G7", groups=("minority",))
    assert (alone.verdict, alone.gate) == ("not enough evidence", "not enough evidence")
    assert judged("G7", groups=()).gate == "not enough evidence"


def test_the_cards_table_names_every_group_but_the_best_served() -> None:
    told = group_table(evidence())
    assert [one["group"].split("=")[0] for one in told if one.get("evidence", True)] == ["head"]
    assert {one["group"].split(" ")[0] for one in told if not one.get("evidence", True)} == {
        "minority=True",
        "minority=False",
    }
    assert told[0]["low"] < told[0]["ratio"] < told[0]["high"]
    assert group_table(Evidence(groups=("head",))) == []


def test_households_that_feeds_know_little_of_must_be_seen_as_often() -> None:
    table = results()
    table.loc[table["coverage"] < 1 / 3, "score"] -= 2.0
    gate = judged("G8", results=table)
    assert (gate.verdict, gate.gate) == ("failed", "failed")
    assert judged("G8", results=changed(coverage=1.0)).gate == "not enough evidence"
    assert judged("G8", results=results().drop(columns="coverage")).gate == "not enough evidence"


def test_one_date_on_which_the_model_fails_is_instability() -> None:
    table = results()
    bad = table["date"] == "2025-03-28"
    table.loc[bad, "score"] = np.random.default_rng(0).random(int(bad.sum()))
    gate = judged("G9", results=table)
    assert gate.verdict == "failed"
    assert gate.figure.value > 0.25


def test_a_score_that_moves_while_nothing_happened_fails_even_by_the_last_bit() -> None:
    gate = judged("G10", weeks=weeks(moved=1))
    assert (gate.verdict, gate.gate) == ("failed", "failed")
    assert gate.note.startswith("1 of ")
    assert judged("G10", weeks=weeks().assign(changed=True)).gate == "not enough evidence"


def test_lists_that_share_little_want_a_note() -> None:
    random = np.random.default_rng(3)
    both = pd.DataFrame({"champion": random.random(400), "challenger": random.random(400)})
    assert judged("G11", retrained=both).verdict == "failed"
    assert judged("G11", retrained=both, note_on_overlap="a new feed came in").verdict == "reached"
    assert judged("G11", retrained=None).verdict == "not enough evidence"


def test_regret_above_a_twentieth_misses_the_goal() -> None:
    far = pd.DataFrame({"chosen": [0.25, 0.28], "best": [0.30, 0.30]})
    assert judged("G12", selection=far).verdict == "failed"
    assert judged("G12", selection=far.head(1)).verdict == "not enough evidence"


def test_reasons_that_do_not_carry_the_score_miss_the_goal() -> None:
    told = pd.DataFrame({"top": 1.0, "random": 0.9, "won": np.full(100, 0.6)})
    assert judged("G13", fidelity=told).verdict == "failed"
    assert judged("G13", fidelity=told.head(10)).verdict == "not enough evidence"


def test_one_violation_of_a_direction_fails_and_too_few_pairs_say_nothing() -> None:
    assert judged("G14", violations=1).gate == "failed"
    assert judged("G14", pairs=500).gate == "not enough evidence"


def test_a_standing_alarm_of_drift_fails() -> None:
    assert judged("G15", drifted=True).verdict == "failed"
    assert judged("G15", drifted=None).verdict == "not enough evidence"


def test_two_trainings_that_differ_are_not_reproducible() -> None:
    assert judged("G16", hashes=("a" * 64, "b" * 64)).gate == "failed"
    assert judged("G16", hashes=None).gate == "not enough evidence"


def test_a_challenger_that_is_as_good_as_what_is_in_use_is_not_promoted() -> None:
    table = results()
    gate = judged("promotion", results=table.assign(incumbent=table["score"]))
    assert (gate.verdict, gate.gate, gate.figure.value) == ("failed", "failed", 0)
    assert holding(judge(evidence(results=table.assign(incumbent=table["score"])))) == ["promotion"]


def test_a_gain_on_three_dates_of_six_is_not_enough() -> None:
    table = results()
    later = table["date"] > "2025-03-28"
    gate = judged("promotion", results=table.assign(incumbent=table["score"].where(later, table["rule_order"])))
    assert (gate.verdict, gate.figure.value) == ("failed", 3)
    assert gate.note == "3 of 6 dates, 4 asked"


def test_a_gate_can_be_written_down_as_plain_values(good: dict[str, Gate]) -> None:
    import json

    told = json.loads(json.dumps([gate.as_plain() for gate in (*good.values(), *judge(Evidence()))], allow_nan=False))
    assert told[0]["figure"]["value"] == pytest.approx(good["G1"].figure.value)
    assert told[-1]["figure"] == {"value": None, "low": None, "high": None}


def test_ties_count_at_their_worst_for_the_model_and_as_a_share_for_the_rules() -> None:
    dates, order, label = (
        ["d"] * 10,
        np.array([3, 2, 2, 2, 2, 1, 1, 1, 1, 1.0]),
        np.array([1, 1, 0, np.nan, 1, 0, 0, 0, 0, 0]),
    )
    assert in_first(order, dates, 0.3, label).tolist() == [1, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert in_first(order, dates, 0.3).tolist() == [1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0]
    assert in_first(np.array([np.nan, 1.0, 0.0]), ["d"] * 3, 0.3).tolist() == [0, 1, 0]


def test_the_first_are_counted_within_each_date() -> None:
    order = np.array([9, 8, 7, 6, 3, 2, 1, 0.0])
    assert in_first(order, ["a"] * 4 + ["b"] * 4, 0.25).tolist() == [1, 0, 0, 0, 1, 0, 0, 0]


def test_sums_by_block_are_the_sums_of_the_rows() -> None:
    table = pd.DataFrame({"v": ["b", "a", "b", "a"], "d": [2, 1, 1, 2], "x": [1.0, 2.0, np.nan, 4.0]})
    sums, dates = block_sums(table, {"x": table["x"], "n": np.ones(4)}, block="v", by="d")
    assert dates == [1, 2]
    assert sums[0].tolist() == [[0, 1], [1, 1]]
    assert sums[1].tolist() == [[2, 1], [4, 1]]


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random, covered = np.random.default_rng(0), 0
    for number in range(100):
        village = np.repeat(random.normal(scale=0.5, size=60), 10)
        table = pd.DataFrame({"v": np.repeat(np.arange(60), 10), "d": 1, "x": village + random.normal(size=600)})
        sums, _ = block_sums(table, {"x": table["x"], "n": np.ones(600)}, block="v", by="d")
        found = interval(sums, lambda told: share(told[..., 0, 0], told[..., 0, 1]), seed=number, draws=400)
        covered += found.low <= 0 <= found.high
    assert 88 <= covered <= 100


def test_villages_drawn_whole_give_wider_intervals_than_households_alone() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame({"v": np.repeat(np.arange(30), 40), "h": np.arange(1200), "d": 1})
    table["x"] = np.repeat(random.normal(size=30), 40) + random.normal(size=1200)
    wide, narrow = (
        interval(
            block_sums(table, {"x": table["x"], "n": np.ones(1200)}, block=block, by="d")[0],
            lambda told: share(told[..., 0, 0], told[..., 0, 1]),
        )
        for block in ("v", "h")
    )
    assert wide.value == pytest.approx(narrow.value)
    assert (wide.high - wide.low) > 2 * (narrow.high - narrow.low)


def test_one_block_says_nothing_of_chance() -> None:
    sums = np.ones((1, 2, 2))
    found = interval(sums, lambda told: told[..., 0, 0])
    assert found.value == 1
    assert np.isnan([found.low, found.high]).all()
    told = resampled(pd.DataFrame({"v": ["a"], "x": [2.0]}), lambda rows: float(rows["x"].median()), block="v")
    assert told.value == 2
    assert np.isnan(told.low)


def test_each_draw_has_as_many_blocks_as_there_are() -> None:
    assert (drawn(np.ones((7, 1, 1)), seed=1, draws=50) == 7).all()


def test_a_figure_that_most_draws_cannot_give_has_no_interval() -> None:
    sums = np.zeros((5, 1, 2))
    found = interval(sums, lambda told: share(told[..., 0, 0], told[..., 0, 1]))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert str(Interval(0.5, 0.25, 0.75)) == "0.5 [0.25, 0.75]"


def test_the_overlap_of_two_lists_is_that_of_their_first() -> None:
    first = np.array([4, 3, 2, 1, 0, 0, 0, 0, 0, 0.0])
    assert overlap(first, first[::-1], 0.2) == 0
    assert overlap(first, first, 0.2) == 1
    assert overlap(first, np.array([4, 0, 3, 0, 0, 0, 0, 0, 0, 0.0]), 0.2) == pytest.approx(1 / 3)
