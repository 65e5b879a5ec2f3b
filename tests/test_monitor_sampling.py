"""Who is visited though no rule says so: drawn by chance that is known, or suggested and confirmed by a person."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import factories
import numpy as np
import pandas as pd
import pytest
from factories import DAY, FIRES, SILENT, Home
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from monitor import alerts, database, policy, sampling
from monitor.access import Viewer
from monitor.alerts import levels
from monitor.alerts.asked import AUDIT, SUGGESTED
from monitor.database import Session
from monitor.errors import Conflict, Invalid, NotFound, Stale
from monitor.policy import Policy
from monitor.reports import missed
from monitor.sampling import Scores
from monitor.sampling.drawing import chosen, week_of
from monitor.service import Service
from monitor.tables import Alert, AuditEntry, Choice, FollowUp, Household, Reason, Suggestion

LAW = policy.load(DAY, known_on=DAY)
REVIEWER = Viewer(uuid.UUID(int=9), "复核", "reviewer", "3402")
ELSEWHERE = Viewer(uuid.UUID(int=8), "他县", "reviewer", "3502")
OTHER_TOWN = "340299002001"


def scores(session: Session, *, high: int = 3, model: str = "m1") -> Scores:
    """The first ``high`` households stand highest, then all others in the order of their keys."""
    keys = list(session.scalars(select(Household.id).order_by(Household.id)))
    said = pd.Series([0.9 - 0.01 * place if place < high else 0.02 for place in range(len(keys))], index=keys)
    return Scores(model, said, {keys[0]: [{"zh": "自付医疗费上升", "en": "medical cost rose"}]})


def draw(session: Session, on: date = DAY, told: Scores | None = None) -> int:
    return sampling.draw(session, LAW, as_of=on, region="", scores=told)["drawn"]


def entered(session: Session, told: Scores | None) -> int:
    return sampling.enter_visits(session, LAW, sampling.unentered(session), as_of=DAY, scores=told)


def choices(session: Session) -> list[Choice]:
    return list(session.scalars(select(Choice).order_by(Choice.household_id)))


def test_a_week_draws_three_in_a_hundred_visits_and_never_fewer_than_ten_a_month() -> None:
    week = week_of(LAW, "340299", as_of=DAY)
    assert (week.name, week.capacity, week.wanted) == ("2026-W09", 200, 6)
    assert week.wanted * 52 / 12 >= 10


def test_what_is_drawn_is_visited_like_any_alert_and_says_that_it_is_no_sign_of_risk(session: Session) -> None:
    factories.register(session, 60)
    assert draw(session) == 6
    found = session.scalars(select(Alert)).all()
    assert {alert.level for alert in found} == {"blue"}
    assert {alert.visit_due_on for alert in found} == {DAY + timedelta(days=14)}
    reasons = session.scalars(select(Reason)).all()
    assert {(reason.rule, reason.direction) for reason in reasons} == {(AUDIT, "check")}
    assert all("不是风险提示" in reason.sentence_zh for reason in reasons)
    assert {(one.reason, one.propensity, one.capacity) for one in choices(session)} == {("audit", 0.1, 200)}


def test_a_second_scan_of_the_week_draws_nobody_and_the_next_week_draws_anew(session: Session) -> None:
    factories.register(session, 60)
    assert [draw(session), draw(session), draw(session, DAY + timedelta(days=1))] == [6, 0, 6]


def test_a_sample_that_was_entered_meanwhile_is_not_entered_again(session: Session) -> None:
    factories.register(session, 60)
    (sample,) = sampling.samples(session, LAW, as_of=DAY, region="", scores=None)
    assert [sampling.enter(session, sample), sampling.enter(session, sample)] == [6, 0]


def test_a_sample_of_which_somebody_was_flagged_meanwhile_is_drawn_anew(session: Session) -> None:
    factories.register(session, 60)
    (sample,) = sampling.samples(session, LAW, as_of=DAY, region="", scores=None)
    taken = int(sample.rows["household"].iloc[0])
    flagged = factories.judge({taken: Home({"illness": FIRES})})
    alerts.raise_alerts(session, flagged, scan=factories.scan(session))
    assert sampling.enter(session, sample) == 6
    assert taken not in {one.household_id for one in choices(session)}
    assert {one.propensity for one in choices(session)} == {6 / 59}


def test_who_is_flagged_or_helped_already_is_never_drawn(session: Session) -> None:
    homes = factories.register(session, 60)
    for home in homes[:20]:
        home.category = "dibao"
    flagged = factories.judge({home.id: Home({"illness": FIRES}) for home in homes[20:40]})
    alerts.raise_alerts(session, flagged, scan=factories.scan(session))
    draw(session)
    assert {one.household_id for one in choices(session)} <= {home.id for home in homes[40:]}


def test_the_draw_follows_from_week_and_county_and_reaches_every_band_and_town() -> None:
    homes = pd.DataFrame({"household": range(1, 401), "town": ["340299001", "340299002"] * 200})
    told = Scores("m", pd.Series(np.linspace(1, 0, 400), index=range(1, 401)), {})
    first, again = (chosen(homes, 20, seed=b"week one", scores=told) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    other = chosen(homes, 20, seed=b"week two", scores=told)
    assert set(first["household"]) != set(other["household"])
    assert first["stratum"].value_counts().to_dict() == {"low": 10, "middle": 8, "high": 2}
    assert first.groupby("stratum")["town"].nunique().min() == 2
    assert (1 / first["propensity"]).sum() == pytest.approx(400)


def test_over_many_weeks_each_household_is_drawn_as_often_as_its_chance_says() -> None:
    homes = pd.DataFrame({"household": range(1, 51), "town": "t"})
    drawn = pd.concat([chosen(homes, 5, seed=b"%d" % week, scores=None) for week in range(600)])
    counts = drawn["household"].value_counts().reindex(range(1, 51), fill_value=0)
    # 600 draws at a chance of 0.1: 60 each, standard deviation 7.3
    assert counts.between(60 - 4.5 * 7.3, 60 + 4.5 * 7.3).all()


@given(count=st.integers(1, 60), wanted=st.integers(1, 12), scored=st.booleans())
@hypothesis_settings(max_examples=60)
def test_every_chance_lies_in_one_and_their_inverses_count_the_pool(count: int, wanted: int, scored: bool) -> None:
    homes = pd.DataFrame({"household": range(1, count + 1), "town": "t"})
    told = Scores("m", pd.Series(np.linspace(0, 1, count), index=homes["household"]), {}) if scored else None
    found = chosen(homes, wanted, seed=b"s", scores=told)
    assert found["propensity"].between(0, 1, inclusive="right").all()
    assert (1 / found["propensity"]).sum() == pytest.approx(count)
    assert found["household"].is_unique


def test_a_scan_leaves_the_drawn_reason_alone_and_adds_what_rules_find(session: Session) -> None:
    homes = factories.register(session, 60)
    draw(session)
    one = choices(session)[0]
    quiet = factories.judge({home.id: Home() for home in homes}, as_of=DAY + timedelta(days=1))
    alerts.raise_alerts(session, quiet, scan=factories.scan(session, DAY + timedelta(days=1)))
    assert {reason.status for reason in session.scalars(select(Reason))} == {"active"}
    hit = factories.judge({one.household_id: Home({"illness": FIRES})}, as_of=DAY + timedelta(days=2))
    alerts.raise_alerts(session, hit, scan=factories.scan(session, DAY + timedelta(days=2)))
    found = session.get_one(Alert, one.alert_id)
    session.refresh(found)
    assert found.level == "red"
    assert {reason.rule for reason in found.reasons} == {AUDIT, "illness"}


def visit(session: Session, alert: uuid.UUID, finding: str) -> None:
    session.add(
        FollowUp(
            id=uuid.uuid4(), alert_id=alert, visited_on=DAY, way="home", finding=finding, digest="-", recorded_by="-"
        )
    )  # fmt: skip
    session.flush()


def test_each_visit_is_entered_once_with_why_the_household_was_chosen(session: Session) -> None:
    homes = factories.register(session, 3)
    judged = factories.judge({home.id: Home({"illness": FIRES}) for home in homes[:2]})
    alerts.raise_alerts(session, judged, scan=factories.scan(session))
    for alert in session.scalars(select(Alert.id)).all():
        visit(session, alert, "confirmed")
    told = scores(session)
    assert [entered(session, told) for _ in range(2)] == [2, 0]
    found = choices(session)
    assert {(one.reason, one.propensity, one.capacity) for one in found} == {("rule", 1.0, 200)}
    assert [one.score for one in found] == [0.9, 0.89]
    assert all(one.rank is not None for one in found)


SINCE, UNTIL = DAY - timedelta(days=90), DAY


def test_missed_cases_are_estimated_by_chance_and_not_at_all_on_too_few_visits(session: Session) -> None:
    homes = factories.register(session, 400)
    for week in range(6):
        draw(session, DAY - timedelta(weeks=week))
    drawn = choices(session)
    assert not missed.missed(session, since=SINCE, until=UNTIL, viewer=REVIEWER).enough
    for place, one in enumerate(drawn):
        visit(session, one.alert_id, "confirmed" if place % 4 == 0 else "no_need")
    found = missed.missed(session, since=SINCE, until=UNTIL, viewer=REVIEWER)
    assert (found.drawn, found.settled, found.confirmed) == (36, 36, 9)
    assert found.unflagged == pytest.approx(len(homes), rel=0.08)
    assert found.share == pytest.approx(0.25, abs=0.01)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.25 * found.unflagged < found.high
    assert missed.missed(session, since=SINCE, until=UNTIL, viewer=ELSEWHERE).drawn == 0


def test_the_estimate_holds_the_truth_about_as_often_as_it_promises() -> None:
    chance = np.random.default_rng(4)
    need = chance.random(4_000) < np.repeat([0.12, 0.04, 0.01], [400, 1_600, 2_000])
    inside = 0
    for _ in range(200):
        parts = [
            pd.DataFrame({"week": "w", "chance": 40 / size, "found": need[start + chance.choice(size, 40, False)]})
            for start, size in ((0, 400), (400, 1_600), (2_000, 2_000))
        ]
        told = missed.estimate(pd.concat(parts).astype({"found": float}), since=SINCE, until=UNTIL)
        inside += told.low is not None and told.high is not None and told.low <= need.sum() <= told.high
    assert inside >= 180


def test_no_positive_among_many_still_leaves_room_above_nought() -> None:
    told = missed.estimate(pd.DataFrame({"week": "w", "chance": 0.01, "found": [0.0] * 60}), since=SINCE, until=UNTIL)
    assert (told.estimate, told.low) == (0.0, 0.0)
    assert told.high is not None
    assert told.high > 100


def refresh(session: Session, told: Scores | None, on: date = DAY, law: Policy = LAW) -> dict[str, int]:
    keep = sampling.wanted(session, law, as_of=on, region="", scores=told)
    return dict(sampling.refresh(session, law, keep, as_of=on, region="", scores=told))


def test_the_model_suggests_the_highest_that_no_rule_sees_up_to_the_quota(session: Session) -> None:
    homes = factories.register(session, 60)
    judged = factories.judge({homes[0].id: Home({"illness": FIRES})})
    alerts.raise_alerts(session, judged, scan=factories.scan(session))
    assert refresh(session, scores(session, high=40)) == {"suggested": 20}
    waiting = sampling.waiting(session, viewer=REVIEWER)
    assert [one.household_id for one, _ in waiting] == [home.id for home in homes[1:21]]
    assert [one.place for one, _ in waiting] == list(range(1, 21))
    assert sampling.waiting(session, viewer=ELSEWHERE) == []
    assert session.scalar(select(func.count()).select_from(Alert)) == 1


@pytest.mark.parametrize("other", [None, {"most": None, "least": None}])
def test_without_a_page_that_grants_them_there_are_no_suggestions(
    session: Session, other: dict[str, None] | None
) -> None:
    factories.register(session, 10)
    pages = {} if other is None else {name: replace(page, **other) for name, page in LAW.pack.scores.items()}
    law = replace(LAW, pack=replace(LAW.pack, scores=pages))
    assert refresh(session, scores(session), law=law) == {}
    assert refresh(session, scores(session)) == {"suggested": 3}
    assert refresh(session, scores(session), law=law) == {"lapsed": 3}


def test_a_second_night_keeps_what_waits_and_without_a_model_it_lapses(session: Session) -> None:
    factories.register(session, 10)
    assert refresh(session, scores(session)) == {"suggested": 3}
    assert refresh(session, scores(session)) == {}
    assert refresh(session, None) == {"lapsed": 3}
    assert sampling.waiting(session, viewer=REVIEWER) == []


def test_only_a_person_makes_an_alert_of_it_and_it_says_that_no_rule_fires(session: Session) -> None:
    factories.register(session, 10)
    refresh(session, scores(session))
    one = sampling.waiting(session, viewer=REVIEWER)[0][0]
    alert = session.get_one(Alert, sampling.confirm(session, one.id, by=REVIEWER, on=DAY, expected=1))
    assert (alert.level, alert.reasons[0].rule, alert.reasons[0].direction) == ("blue", SUGGESTED, "help")
    assert alert.reasons[0].sentence_zh == "模型建议，非规则命中：自付医疗费上升"
    assert alert.reasons[0].sentence_en.startswith("Suggested by the model; no rule fires")
    assert [(c.reason, c.rank) for c in choices(session)] == [("ml", 1)]
    assert "suggestion.confirmed" in session.scalars(select(AuditEntry.action)).all()
    with pytest.raises(Conflict):
        sampling.confirm(session, one.id, by=REVIEWER, on=DAY)


def test_one_set_aside_needs_a_reason_and_is_not_suggested_again_for_ninety_days(session: Session) -> None:
    factories.register(session, 10)
    refresh(session, scores(session, high=1))
    one = sampling.waiting(session, viewer=REVIEWER)[0][0]
    with pytest.raises(Invalid):
        sampling.dismiss(session, one.id, why="BECAUSE", by=REVIEWER)
    with pytest.raises(NotFound):
        sampling.dismiss(session, one.id, why="NE_INC", by=ELSEWHERE)
    with pytest.raises(Stale):
        sampling.dismiss(session, one.id, why="NE_INC", by=REVIEWER, expected=7)
    sampling.dismiss(session, one.id, why="NE_INC", by=REVIEWER, expected=1)
    assert refresh(session, scores(session, high=1), DAY + timedelta(days=89)) == {}
    assert refresh(session, scores(session, high=1), DAY + timedelta(days=90)) == {"suggested": 1}


def test_a_score_orders_inside_a_level_and_never_across() -> None:
    best, worst = (levels.rank("orange", 1.0, DAY, tenth=tenth) for tenth in (0, 9))
    assert levels.rank("red", None, DAY, tenth=9) < best < worst < levels.rank("yellow", 99.0, DAY, tenth=0)
    assert levels.rank("orange", 50.0, DAY, tenth=1) > levels.rank("orange", 1.0, DAY, tenth=0)


Night = Mapping[int, Home]
VERDICT = st.sampled_from([FIRES, SILENT, -1])
NIGHTS = st.lists(st.lists(st.tuples(VERDICT, VERDICT, VERDICT), min_size=4, max_size=4), min_size=1, max_size=3)


def told_alerts(session: Session, nights: list[list[tuple[int, int, int]]], *, scored: bool) -> list[object]:
    """What stands after the nights: every column of the rules' alerts but where they stand in the queue."""
    homes = factories.register(session, 4)
    for number, night in enumerate(nights):
        on = DAY + timedelta(days=7 * number)
        by_home = zip(homes, night, strict=True)
        shown = {home.id: Home(dict(zip(factories.RULES, said, strict=True))) for home, said in by_home}
        judged = factories.judge(shown, as_of=on)
        told = Scores("m", pd.Series([0.9, 0.1, 0.5, 0.3], index=[home.id for home in homes]), {}) if scored else None
        if told is not None:
            judged = replace(judged, tenths=told.tenths(judged.table.index).to_numpy())
        alerts.raise_alerts(session, judged, scan=factories.scan(session, on))
        refresh(session, told, on)
    first = homes[0].id
    rows = session.scalars(select(Alert).order_by(Alert.household_id, Alert.episode))
    return [
        (
            a.household_id - first, a.episode, a.status, a.level, a.closed_at, a.cleared_on, a.opened_on,
            *sorted((r.rule, r.status, r.level) for r in a.reasons),
        )
        for a in rows
    ]  # fmt: skip


@given(nights=NIGHTS)
@hypothesis_settings(max_examples=15)
def test_taking_the_model_away_changes_no_alert_that_rules_raised(
    sqlite_service: Service, nights: list[list[tuple[int, int, int]]]
) -> None:
    found = []
    for scored in (True, False):
        with database.transaction(sqlite_service.engine) as session:
            found.append(told_alerts(session, nights, scored=scored))
            session.rollback()
    assert found[0] == found[1]


def test_no_suggestion_is_left_open_twice_for_one_household(session: Session) -> None:
    factories.register(session, 5)
    refresh(session, scores(session))
    refresh(session, scores(session, model="m2"))
    open_ = session.scalars(select(Suggestion.household_id).where(Suggestion.status == "open")).all()
    assert len(open_) == len(set(open_)) == 3
