"""A table in, a model and its worth out: on a made-up panel, on real ones, and on what no model may be made of."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panels import MALAWI, MALAWI_DROP, happiness, made_up, wages
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from models import report
from models.measures import area
from models.refusals import Unlearnable
from models.tables import read
from models.task import prepare
from models.training import CHOSEN, Learned, Spec, train

SPEC = Spec("fell", "year", "household", drop=("village",), next_welfare="income_next", line=0.55)
# Where rows, times and notes are at stake and no candidate is: the line alone is quick.
QUICK = replace(SPEC, candidates=("scorecard",), folds=2)
MALAWI_SPEC = Spec(
    "fi_next",
    "year",
    "hh_id",
    drop=tuple(MALAWI_DROP.split(",")),
    where="fi == 0",
    next_welfare="FCS_next",
    line=35,
    protect=("fhead",),
)


def plain_boosting(table: pd.DataFrame, spec: Spec) -> float:
    """Return the AUC of scikit-learn's own boosting on the same split: numbers only, the same households apart."""
    rows = table[table[spec.label].notna()]
    features = rows.select_dtypes(["number", "bool"]).drop(columns=list(spec.not_features), errors="ignore")
    last, told = rows[spec.time] == rows[spec.time].max(), pd.Series(np.nan, rows.index)
    fold = pd.Series(np.random.default_rng(0).integers(0, 3, len(rows)), rows.index)
    fold = fold.groupby(rows[spec.group]).transform("first")
    for one in range(3):
        model = HistGradientBoostingClassifier(random_state=0)
        older = ~last & (fold != one)
        # It crashes on a column without a value in what it learns from (scikit-learn 1.9).
        filled = features.columns[features[older].notna().any()]
        model.fit(features.loc[older, filled].astype(float), rows.loc[older, spec.label].astype(int))
        judged = last & (fold == one)
        told[judged] = model.predict_proba(features.loc[judged, filled].astype(float))[:, 1]
    return float(roc_auc_score(rows.loc[last, spec.label].astype(int), told[last]))


def never_below_the_rule(learned: Learned) -> None:
    chosen, rule = learned.metrics[CHOSEN], learned.metrics["rule"]
    for capacity in (5, 10, 20):
        assert chosen[f"recall_at_{capacity}"] >= rule[f"recall_at_{capacity}"], capacity


@pytest.fixture(scope="module")
def malawi() -> Learned:
    return train(read(MALAWI), MALAWI_SPEC)


def test_in_malawi_who_falls_is_told_better_than_by_the_rule_and_no_household_is_on_both_sides(malawi: Learned) -> None:
    chosen, rule = malawi.metrics[CHOSEN], malawi.metrics["rule"]
    assert rule["auc"] == pytest.approx(0.703, abs=0.001)
    assert chosen["auc"] >= 0.765
    assert malawi.rows["judged"] == 1642
    assert malawi.rows["learned_times"] == ["2010.0"]
    never_below_the_rule(malawi)


def test_in_malawi_a_hundred_audited_households_mend_the_level_after_the_drought(malawi: Learned) -> None:
    chosen = malawi.metrics[CHOSEN]
    assert malawi.audited.sum() == 100
    assert chosen["ece"] > 0.07
    assert chosen["ece_after_audit_usual"] <= 0.055
    assert chosen["ece_after_audit"] < chosen["ece"] / 2
    assert chosen["brier_skill_after_audit"] > 0


def test_on_real_wages_it_is_no_worse_than_the_rule_and_than_plain_boosting() -> None:
    spec = Spec("low_next", "year", "nr", next_welfare="lwage_next", line=1.2, protect=("black",))
    table = wages()
    spec = replace(spec, line=float(table["lwage"].quantile(0.2)))
    learned = train(table, spec)
    never_below_the_rule(learned)
    assert learned.metrics[CHOSEN]["auc"] >= plain_boosting(table, spec)
    assert learned.metrics[CHOSEN]["ece_after_audit"] < 0.08
    assert {check.rule for check in learned.checks} == {"LR12", "LR13", "LR9", "LR14", "LR15"}


def test_on_answers_of_people_asked_once_with_words_for_columns_it_beats_plain_boosting_on_numbers() -> None:
    table = happiness()
    spec = Spec("unhappy", "year", "person")
    learned = train(table, spec)
    never_below_the_rule(learned)
    assert learned.metrics[CHOSEN]["auc"] > plain_boosting(table, spec)
    assert learned.metrics[CHOSEN]["ece"] < 0.03
    assert "income" in learned.columns.categories


def test_the_model_learned_from_all_rows_scores_a_new_table_whatever_its_order_of_columns() -> None:
    learned = train(made_up(300), replace(SPEC, folds=2))
    fresh = made_up(400, seed=8)
    told = learned.score(fresh)
    assert area(told.to_numpy(), fresh["fell"].to_numpy(dtype=float)) > 0.7
    pd.testing.assert_series_equal(told, learned.score(fresh[fresh.columns[::-1]]))
    with pytest.raises(Unlearnable, match="columns are lacking"):
        learned.score(fresh.drop(columns="income"))


def test_the_same_table_and_seed_write_the_same_bytes_and_a_complete_report(tmp_path: Path) -> None:
    spec = replace(SPEC, protect=("elderly", "income"), folds=2)
    for name in ("first", "second"):
        report.write(train(made_up(300), spec), tmp_path / name)
    for name in ("scores.csv", "metrics.json", "evaluation.json", "card.md"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    scores = pd.read_csv(tmp_path / "first" / "scores.csv")
    table = made_up(300)
    assert list(scores.columns) == ["row", "group", "time", "label", "score"]
    assert scores["time"].unique().tolist() == [2020]
    assert (table.loc[scores["row"], "fell"].to_numpy() == scores["label"]).all()
    assert (table.loc[scores["row"], "household"].to_numpy() == scores["group"]).all()
    metrics = json.loads((tmp_path / "first" / "metrics.json").read_text())
    assert metrics["chosen"]["auc"] == pytest.approx(area(scores["score"].to_numpy(), scores["label"].to_numpy(float)))
    wanted = {"auc", "ap", "ece", "brier", "precision_at_5", "recall_at_5", "precision_at_10", "recall_at_20"}
    assert all(wanted <= set(told) for told in metrics.values())
    page = (tmp_path / "first" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert "http" not in page
    assert "模型卡" in page
    for name in ("calibration.png", "lift.png", "subgroups.png"):
        assert (tmp_path / "first" / name).read_bytes().startswith(b"\x89PNG")


REFUSED: list[tuple[str, pd.DataFrame, Spec, str]] = [
    ("no such column", made_up(60), replace(SPEC, label="fel"), "no columns fel; is it fel -> fell"),
    ("ten rows", made_up(60).head(10), SPEC, "too few rows"),
    ("one class", made_up(60).assign(fell=1), SPEC, "only one class"),
    ("three classes", made_up(60).assign(fell=lambda t: t.index % 3), SPEC, "two values"),
    ("infinity", made_up(60).assign(noise=np.inf), SPEC, "infinite values in noise: make"),
    ("one household", made_up(60).assign(household="H1"), SPEC, "only 1 households apart, none to judge on"),
    ("nobody", made_up(60), replace(SPEC, where="income < 0"), "no row is left"),
    ("no group", made_up(60).assign(household=None), SPEC, "household is empty in"),
    ("no line", made_up(60), replace(SPEC, line=None), "told together"),
    ("capacity", made_up(60), replace(SPEC, capacity=10), "between 0 and 1"),
    ("sign", made_up(60), replace(SPEC, monotone={"income": -2}), "1 or -1"),
    ("a category's sign", made_up(60), replace(SPEC, monotone={"kind": 1}), "categories have no direction"),
    ("one fold", made_up(60), replace(SPEC, folds=1), "at least 2 folds"),
    ("no features", made_up(60)[["fell", "year", "household", "village", "income_next"]], SPEC, "could be a feature"),
    ("nothing older", made_up(60), replace(SPEC, gap=5), "too few rows before"),
]


@pytest.mark.parametrize(("table", "spec", "said"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_cannot_be_learned_from_is_refused_saying_what_to_mend(table: pd.DataFrame, spec: Spec, said: str) -> None:
    with pytest.raises(Unlearnable, match=said) as refusal:
        train(table, spec)
    assert refusal.value.zh
    assert not refusal.value.zh.isascii()


def test_constant_and_empty_columns_and_a_feed_that_began_last_year_cost_nothing() -> None:
    table = made_up(200)
    new = np.where(table["year"] == 2020, table["noise"], np.nan)
    learned = train(table.assign(constant=1, empty=np.nan, new_feed=new), replace(SPEC, folds=2))
    assert np.isfinite(learned.scores["score"]).all()
    assert set(learned.columns.left_out) == {"constant", "empty"}


def test_where_every_row_has_a_day_of_its_own_its_columns_are_still_features() -> None:
    """What is alone at its time does not thereby follow the time; what counts the days does."""
    table = made_up(200).sort_values("seen_on", ignore_index=True)
    days = table.assign(day=pd.date_range("2018-01-01", periods=len(table)), counter=np.arange(len(table)) * 1.0)
    task = prepare(days, replace(QUICK, time="day", drop=(*QUICK.drop, "year", "seen_on")))
    names = set(task.columns(np.arange(len(task.label))).names)
    assert {"income", "noise", "kind"} <= names
    assert "counter" not in names


def test_a_choice_that_the_year_turned_against_says_where_the_rule_found_more(tmp_path: Path) -> None:
    """Until 2019 work told who falls, in 2020 the opposite did: what was learned finds less than the rule."""
    rng, table = np.random.default_rng(3), made_up(400)
    work = rng.normal(0, 1, len(table))
    turned = np.where(table["year"] == 2020, -work, work)
    fell = rng.random(len(table)) < 1 / (1 + np.exp(2.2 + 2.5 * turned + 0.6 * (np.log(table["income"].fillna(1)))))
    spec = replace(QUICK, next_welfare=None, line=None, welfare="income", drop=("village", "income_next"))
    learned = train(table.assign(work=work, fell=fell.astype(int)), spec)
    chosen, rule = (learned.metrics[name]["recall_at_20"] for name in (CHOSEN, "rule"))
    assert chosen < rule
    (said,) = [en for _, en in learned.notes if "first 20 %" in en]
    assert said == f"in the first 20 % of the judged time the rule finds more: {rule:.1%}, the choice {chosen:.1%}"
    report.write(learned, tmp_path)
    assert "检验期前 20% 中规则找到更多" in (tmp_path / "card.md").read_text(encoding="utf-8")


def test_labels_that_were_not_known_by_the_tests_time_are_not_learned_from() -> None:
    table = made_up(300)
    known = np.where(table.index % 3 == 0, 2030, table["year"])
    learned = train(table.assign(known=known), replace(QUICK, known_on="known"))
    plain = train(table, QUICK)
    assert learned.rows["learned"] < 0.75 * plain.rows["learned"]
    assert any("not yet known" in en for _, en in learned.notes)


def test_one_time_only_is_judged_on_other_households_and_says_so() -> None:
    learned = train(made_up(400, waves=1), QUICK)
    assert learned.rows["judged"] == 400
    assert any("not on the future" in en for _, en in learned.notes)


def test_a_label_without_a_source_and_dates_for_times_are_learned_from_as_well() -> None:
    table = made_up(300).drop(columns="income_next")
    table["year"] = pd.to_datetime(table["year"].astype(str) + "-06-30")
    table["fell"] = table["fell"].map({0: "stays", 1: "unsafe"})
    learned = train(table, Spec("fell", "year", "household", folds=2))
    assert "ridge_next" not in learned.metrics
    assert learned.metrics[CHOSEN]["auc"] > 0.68
    assert learned.rows["positive"] == "unsafe"
    assert learned.rows["judged_time"].startswith("2020-06-30")


def test_next_welfare_that_does_not_make_the_label_is_left_aside_with_a_note() -> None:
    learned = train(made_up(300), replace(SPEC, line=5.0, folds=2))
    assert "ridge_next" not in learned.metrics
    assert any("not used" in en for _, en in learned.notes)


LABELS = {
    "true and false": (lambda fell: fell.astype(bool), "True"),
    "yes and no": (lambda fell: fell.map({1: "Yes", 0: "No"}), "Yes"),
    "one denies the other": (lambda fell: fell.map({1: "poor", 0: "not poor"}), "poor"),
    "in Chinese": (lambda fell: fell.map({1: "贫困", 0: "非贫困"}), "贫困"),
    "decimals": (lambda fell: fell.astype(float), "1.0"),
    "nullable": (lambda fell: fell.astype("boolean"), "True"),
}


@pytest.mark.parametrize("name", LABELS)
def test_the_risk_is_the_value_that_a_reader_would_take_for_it(name: str) -> None:
    written, positive = LABELS[name]
    table = made_up(60)
    task = prepare(table.assign(fell=written(table["fell"])), replace(SPEC, next_welfare=None, line=None))
    assert task.positive == positive
    assert np.array_equal(task.label, table["fell"].to_numpy(dtype=float))


def test_the_risk_may_be_said_and_a_value_that_is_not_there_is_refused() -> None:
    table = made_up(60).assign(fell=lambda rows: rows["fell"].map({1: 1, 0: 2}))
    task = prepare(table, replace(SPEC, positive="1"))
    assert np.array_equal(task.label, (table["fell"] == 1).to_numpy(dtype=float))
    assert any("read as the risk" in en for _, en in prepare(table, SPEC).notes)
    with pytest.raises(Unlearnable, match="no value 7"):
        prepare(table, replace(SPEC, positive="7"))


def test_a_few_rows_without_household_or_time_are_left_out_with_a_note() -> None:
    table = made_up(80)
    holes = table.assign(household=table["household"].where(table.index % 40 > 0))
    task = prepare(holes, SPEC)
    assert len(task.label) == len(table) - 6
    assert any("6 rows without household" in en for _, en in task.notes)
    assert (holes["household"].iloc[task.row].notna()).all()


def test_a_latest_time_of_too_few_rows_is_widened_backwards_with_a_note() -> None:
    table = made_up(200)
    table.loc[table.index[:3], "year"] = 2021
    learned = train(table, QUICK)
    assert set(table.loc[learned.scores["row"], "year"]) == {2020, 2021}
    assert any("too few rows: judged on all times from 2020" in en for _, en in learned.notes)


def test_the_choice_is_held_against_earlier_times_and_the_report_says_so() -> None:
    learned = train(made_up(300, waves=4), replace(QUICK, dates=2))
    dates = learned.dates
    assert list(dates.precision.index) == ["2019", "2020", "2021"]
    assert set(dates.stability) == {"mean", "cv", "worst"}
    best = dates.precision.max(axis=1)
    wanted = float(((best - dates.precision[CHOSEN]) / best).mean())
    assert dates.regret == pytest.approx(wanted)
    assert report.as_evaluation(learned)["dates"]["auc"]["2020"][CHOSEN] > 0.6
    assert any("Chosen anew at each of 3 times" in text for _, text in report.as_card(learned))
