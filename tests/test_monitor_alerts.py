"""Alerts: one per household and episode, each reason explained, nothing cleared without evidence."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import DAY, FIRES, RULES, SILENT, UNKNOWN, Home, judge, register, scan
from sqlalchemy import Connection, Engine, event, func, select, update

from monitor import database
from monitor.alerts import Overtaken, hold, leavers, left_register, mark_seen, plan, raise_alerts, write
from monitor.alerts.amending import amend
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, Household, Outbox, Quiet, Reason, utc_now

FIRING = {"illness": FIRES}


def night(engine: Engine, homes: Mapping[int, Home], as_of: date = DAY, **options: Any) -> Counter[str]:
    with database.transaction(engine) as session:
        return raise_alerts(session, judge(homes, as_of=as_of, **options), scan=scan(session, as_of))


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def alert_of(engine: Engine, household: int = 1) -> Alert:
    """The newest alert of a household, with its reasons."""
    with database.reading(engine) as session:
        found = session.scalars(
            select(Alert).where(Alert.household_id == household).order_by(Alert.episode.desc())
        ).first()
        assert found is not None
        assert found.reasons is not None
        return found


def counted(engine: Engine, table: Any) -> int:
    with database.reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def events(engine: Engine) -> list[str]:
    with database.reading(engine) as session:
        return list(session.scalars(select(AlertEvent.kind).order_by(AlertEvent.id)))


def sent(engine: Engine) -> list[str]:
    with database.reading(engine) as session:
        return list(session.scalars(select(Outbox.kind).order_by(Outbox.id)))


@pytest.fixture
def home(engine: Engine) -> int:
    with database.transaction(engine) as session:
        return register(session)[0].id


def test_all_rules_of_a_household_make_one_alert_ordered_by_level_and_excess(engine: Engine, home: int) -> None:
    done = night(engine, {home: Home({"elder": FIRES, "illness": (FIRES, 15_000), "income": FIRES})})
    alert = alert_of(engine, home)
    assert (alert.level, alert.status, alert.episode) == ("red", "open", 1)
    assert [reason.rule for reason in alert.reasons] == ["illness", "income", "elder"]
    assert (events(engine), sent(engine), done["raised"]) == (["raised"], ["alert_raised"], 1)


def test_a_reason_keeps_what_is_needed_to_explain_it_for_ever(engine: Engine, home: int) -> None:
    night(engine, {home: Home({"illness": (FIRES, 15_000), "income": UNKNOWN})})
    alert = alert_of(engine, home)
    reason = alert.reasons[0]
    assert (reason.observed, reason.limit_value, reason.excess, reason.unit) == (15_000, 10_000, 1.5, "yuan")
    assert (reason.sentence_zh, reason.sentence_en) == ("illness超过标准", "illness over its limit")
    assert reason.parameters[0]["status"] == "sample"
    assert reason.evidence[0]["delivery"] == 1
    assert (reason.rule_version, reason.data_on, reason.reference["article"]) == ("1", DAY, "6")
    assert alert.unseen == [{"rule": "income", "inputs": ["income"]}]


def test_the_same_verdicts_a_second_time_change_nothing(engine: Engine, home: int) -> None:
    homes = {home: Home({"illness": FIRES, "elder": UNKNOWN, "income": FIRES})}
    night(engine, homes)
    before = (counted(engine, AlertEvent), counted(engine, Outbox), alert_of(engine, home).version)
    assert night(engine, homes) == Counter()
    assert night(engine, homes, later(1)) == Counter()
    assert (counted(engine, AlertEvent), counted(engine, Outbox), alert_of(engine, home).version) == before


def test_an_unknown_verdict_makes_a_reason_unknown_and_clears_nothing(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home({"illness": UNKNOWN})}, later(60))
    alert = alert_of(engine, home)
    assert (alert.reasons[0].status, alert.reasons[0].unseen) == ("unknown", ["self_pay"])
    assert (alert.closed_at, alert.cleared_on, alert.level) == (None, None, "red")
    assert sent(engine) == ["alert_raised"]


def test_a_silent_verdict_clears_the_reason_and_names_the_data_that_cleared_it(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home({"illness": SILENT})}, later(5))
    reason = alert_of(engine, home).reasons[0]
    assert (reason.status, reason.cleared_on, reason.last_on) == ("cleared", later(5), DAY)
    assert reason.cleared_by == {"as_of": "2026-03-06", "feeds": {"medical_settlements": "2026-03-01"}}


def test_an_alert_with_everything_cleared_stays_open_and_says_so(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home({"illness": SILENT})}, later(5))
    alert = alert_of(engine, home)
    assert (alert.status, alert.cleared_on, alert.level) == ("open", later(5), "red")
    assert events(engine) == ["raised", "evidence", "all_cleared"]
    night(engine, {home: Home(FIRING)}, later(6))
    alert = alert_of(engine, home)
    assert (alert.cleared_on, alert.reasons[0].status, alert.reasons[0].cleared_on) == (None, "active", None)


def test_a_cleared_reason_stays_cleared_when_its_feed_goes_stale(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home()}, later(5))
    night(engine, {home: Home({"illness": UNKNOWN})}, later(90))
    assert alert_of(engine, home).reasons[0].status == "cleared"


def test_a_higher_level_applies_at_once_and_is_sent_once(engine: Engine, home: int) -> None:
    night(engine, {home: Home({"elder": FIRES})})
    for days in (1, 2):
        night(engine, {home: Home({"elder": FIRES, "illness": FIRES})}, later(days))
    alert = alert_of(engine, home)
    assert (alert.level, alert.level_since_on) == ("red", later(1))
    assert sent(engine) == ["alert_raised", "alert_escalated"]


def test_a_lower_level_waits_out_the_cool_down_and_sends_nothing_meanwhile(engine: Engine, home: int) -> None:
    both, one = Home({"elder": FIRES, "illness": FIRES}), Home({"elder": FIRES})
    night(engine, {home: both})
    night(engine, {home: one}, later(1))
    version = alert_of(engine, home).version
    night(engine, {home: one}, later(30))
    alert = alert_of(engine, home)
    assert (alert.level, alert.version, alert.lower_level) == ("red", version, "yellow")
    assert sent(engine) == ["alert_raised"]
    night(engine, {home: one}, later(31))
    assert (alert_of(engine, home).level, sent(engine)) == ("yellow", ["alert_raised", "alert_lowered"])


def test_a_level_that_comes_back_within_the_cool_down_starts_it_anew(engine: Engine, home: int) -> None:
    both, one = Home({"elder": FIRES, "illness": FIRES}), Home({"elder": FIRES})
    for days, shown in ((0, both), (1, one), (20, both), (21, one), (50, one)):
        night(engine, {home: shown}, later(days))
    assert alert_of(engine, home).level == "red"


def test_the_rank_orders_the_queue_by_level_then_excess_then_age(engine: Engine) -> None:
    with database.transaction(engine) as session:
        keys = [made.id for made in register(session, 4)]
    shown = [{"elder": FIRES}, {"illness": (FIRES, 11_000)}, {"illness": (FIRES, 30_000)}, {"income": FIRES}]
    night(engine, {key: Home(verdicts) for key, verdicts in zip(keys, shown, strict=True)})
    with database.reading(engine) as session:
        queue = list(session.scalars(select(Alert.household_id).order_by(Alert.rank, Alert.id)))
    assert queue == [keys[2], keys[1], keys[3], keys[0]]


def test_an_alert_follows_its_household_to_another_region(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home(FIRING, region="340203002003")}, later(1))
    alert = alert_of(engine, home)
    assert (alert.county, alert.town, alert.village) == ("340203", "340203002", "340203002003")
    assert events(engine) == ["raised", "moved"]


def test_a_household_that_moved_to_a_town_without_village_keeps_no_old_village(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home(FIRING, region="340203002000")}, later(1))
    assert alert_of(engine, home).village is None


def test_a_rule_that_policy_dropped_leaves_its_reason_unknown(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    rules = {name: terms for name, terms in judge({}).rules.items() if name != "illness"}
    night(engine, {home: Home()}, later(1), rules=rules)
    assert (alert_of(engine, home).reasons[0].status, alert_of(engine, home).reasons[0].unseen) == ("unknown", ["rule"])


def test_a_reason_whose_evidence_was_taken_back_is_annulled_and_the_alert_with_it(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home()}, later(1), taken_back=[("medical_settlements", 1, home)])
    alert = alert_of(engine, home)
    assert (alert.status, alert.closed_why) == ("annulled", "ERR_WITHDRAWN")
    assert alert.reasons[0].cleared_by == {
        "as_of": "2026-03-02", "feeds": {"medical_settlements": "2026-03-01"}, "code": "ERR_WITHDRAWN",
    }  # fmt: skip
    assert sent(engine) == ["alert_raised", "alert_annulled"]


def test_a_reason_that_was_annulled_leaves_an_alert_that_has_another(engine: Engine, home: int) -> None:
    night(engine, {home: Home({"illness": FIRES, "elder": FIRES})})
    night(engine, {home: Home({"elder": FIRES})}, later(1), taken_back=[("medical_settlements", 1, home)])
    alert = alert_of(engine, home)
    assert alert.closed_at is None
    assert {reason.rule: reason.status for reason in alert.reasons} == {"elder": "active", "illness": "annulled"}


def test_a_new_episode_opens_after_the_last_one_closed_and_links_to_it(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    first = alert_of(engine, home)
    with database.transaction(engine) as session:
        session.execute(update(Alert).values(status="closed", closed_at=first.opened_at))
    night(engine, {home: Home(FIRING)}, later(1))
    second = alert_of(engine, home)
    assert (second.episode, second.previous_id) == (2, first.id)


@pytest.mark.parametrize(
    ("shown", "days", "why"),
    [
        (Home({"income": FIRES}), 89, None),
        (Home({"income": FIRES}), 90, None),
        (Home({"income": FIRES}), 91, "period"),
        (Home({"income": (FIRES, 0.29)}), 1, None),
        (Home({"income": (FIRES, 0.28)}), 1, "worse"),
        (Home({"income": (FIRES, 0.49)}), 1, None),
        (Home({"income": FIRES}, category="dibao"), 1, "category"),
    ],
)
def test_a_quiet_rule_speaks_again_only_when_something_ends_the_quiet(
    engine: Engine, home: int, shown: Home, days: int, why: str | None
) -> None:
    with database.transaction(engine) as session:
        session.add(
            Quiet(
                household_id=home, rule="income", since_on=DAY, until_on=later(90), level="orange", observed=0.4,
                worse=0.3, lower_is_worse=True, category="near_dibao", why="NE_SHORT",
            )
        )  # fmt: skip
    night(engine, {home: shown}, later(days))
    with database.reading(engine) as session:
        assert session.scalars(select(Quiet.ended_why)).one() == why
    assert counted(engine, Alert) == (0 if why is None else 1)


def test_a_quiet_rule_that_became_red_speaks_again(engine: Engine, home: int) -> None:
    with database.transaction(engine) as session:
        session.add(
            Quiet(
                household_id=home, rule="illness", since_on=DAY, until_on=later(90), level="orange", observed=12_000,
                worse=0.3, category="near_dibao", why="NE_SHORT",
            )
        )  # fmt: skip
    night(engine, {home: Home(FIRING)}, later(1))
    assert alert_of(engine, home).level == "red"


def test_a_plan_made_on_stale_ground_is_refused(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    with database.reading(engine) as session:
        changes = plan(session, judge({home: Home()}, as_of=later(1)), scan=uuid.uuid4())
    with database.transaction(engine) as session:
        session.execute(update(Alert).values(version=Alert.version + 1))
    with pytest.raises(Overtaken), database.transaction(engine) as session:
        write(session, changes)
    assert alert_of(engine, home).reasons[0].status == "active"
    assert counted(engine, Reason) == 1


def test_a_chunk_without_households_changes_nothing(engine: Engine) -> None:
    assert night(engine, {}) == Counter()


def test_two_new_reasons_on_an_open_alert_are_one_step_of_its_timeline(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    night(engine, {home: Home({"elder": FIRES, "illness": FIRES, "income": FIRES})}, later(1))
    assert events(engine) == ["raised", "evidence"]
    assert [reason.rule for reason in alert_of(engine, home).reasons] == ["illness", "income", "elder"]


def left(session: database.Session, region: str) -> int:
    return left_register(session, leavers(session, region), as_of=later(1))


def test_an_alert_that_was_closed_since_it_was_read_is_left_as_it_is(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    with database.transaction(engine) as session:
        session.execute(update(Household).values(registered=False))
        leaving = leavers(session, "")
        session.execute(update(Alert).values(status="closed", closed_at=utc_now()))
        assert (len(leaving), left_register(session, leaving, as_of=later(1))) == (1, 0)


def test_a_household_that_left_the_register_keeps_its_alert_as_unknown(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    with database.transaction(engine) as session:
        session.execute(update(Household).values(registered=False))
        assert left(session, "340203") == 0
        assert left(session, "340299") == 1
        assert left(session, "") == 0
    alert = alert_of(engine, home)
    assert (alert.closed_at, alert.reasons[0].status, alert.reasons[0].unseen) == (
        None, "unknown", ["household_register"],
    )  # fmt: skip
    assert events(engine) == ["raised", "evidence"]


def test_a_household_that_left_the_register_is_not_marked_as_judged(engine: Engine) -> None:
    with database.transaction(engine) as session:
        keys = [made.id for made in register(session, 3)]
    night(engine, {key: Home(FIRING) for key in keys})
    with database.transaction(engine) as session:
        session.execute(update(Household).where(Household.id == keys[1]).values(registered=False))
        mark_seen(session, "340299", keys[0], keys[2], as_of=later(1))
        left(session, "")
    assert [alert_of(engine, key).seen_on for key in keys] == [later(1), DAY, later(1)]
    assert alert_of(engine, keys[1]).reasons[0].last_on == DAY


def test_a_household_that_came_back_to_the_register_is_judged_again(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    with database.transaction(engine) as session:
        session.execute(update(Household).values(registered=False))
        left(session, "")
    night(engine, {home: Home(FIRING)}, later(2))
    assert alert_of(engine, home).reasons[0].status == "active"


def test_a_reason_is_dated_by_the_newest_data_that_confirms_it(engine: Engine, home: int) -> None:
    night(engine, {home: Home(FIRING)})
    newer = {name: replace(terms, feeds={"medical_settlements": later(9)}) for name, terms in RULES.items()}
    assert night(engine, {home: Home(FIRING)}, later(10), rules=newer) == Counter()
    alert = alert_of(engine, home)
    assert (alert.reasons[0].data_on, alert.version, events(engine)) == (later(9), 1, ["raised"])


def test_a_reason_remembers_what_was_measured_before_and_until_when(engine: Engine, home: int) -> None:
    night(engine, {home: Home({"illness": (FIRES, 12_000)})})
    first = alert_of(engine, home).reasons[0]
    assert (first.observed_before, first.before_on) == (None, None)
    with database.transaction(engine) as session:
        mark_seen(session, "340299", home, home, as_of=later(2))
    night(engine, {home: Home({"illness": (FIRES, 15_000)})}, later(5))
    reason = alert_of(engine, home).reasons[0]
    assert (reason.observed, reason.observed_before, reason.before_on) == (15_000, 12_000, later(2))
    night(engine, {home: Home({"illness": (FIRES, 15_000)})}, later(6))
    assert alert_of(engine, home).reasons[0].observed_before == 12_000


def test_what_fell_silent_and_fires_again_was_measured_before_it_fell_silent(engine: Engine, home: int) -> None:
    night(engine, {home: Home({"illness": (FIRES, 12_000)})})
    night(engine, {home: Home({"illness": SILENT})}, later(3))
    night(engine, {home: Home({"illness": (FIRES, 15_000)})}, later(9))
    reason = alert_of(engine, home).reasons[0]
    assert (reason.status, reason.observed_before, reason.before_on) == ("active", 12_000, DAY)


def test_rows_amended_at_once_are_what_each_was_told(engine: Engine) -> None:
    with database.transaction(engine) as session:
        keys = [made.id for made in register(session, 3)]
    night(engine, {key: Home(FIRING) for key in keys})
    now, text = utc_now(), '一\t"二"\n\\\'三%s'
    alerts = {key: alert_of(engine, key) for key in keys}
    told = [
        {
            "observed": value,
            "sentence_zh": f"{text}{value}",
            "evidence": [{"列": [None, text, 0.1]}],
            "cleared_by": proof,
        }
        for value, proof in ((0.1 + 0.2, {"a": text}), (float("inf"), None), (None, {}))
    ]
    with database.transaction(engine) as session:
        rows = [row | {"b_id": one.reasons[0].id} for one, row in zip(alerts.values(), told, strict=True)]
        assert amend(session, Reason, [*rows, {"b_id": 0, "observed": 1.0}]) == 3
        ended = {"closed_at": now, "status": "annulled", "seen_on": later(9), "wakes_on_worse": True}
        found = {"b_id": alerts[keys[1]].id, "b_version": 1}
        assert amend(session, Alert, [found | ended | {"owner_id": None}, found | ended | {"b_version": 2}]) == 1
        assert amend(session, Alert, []) == 0
    for key, row in zip(keys, told, strict=True):
        reason = alert_of(engine, key).reasons[0]
        assert {name: getattr(reason, name) for name in row} == row
    alert = alert_of(engine, keys[1])
    assert {name: getattr(alert, name) for name in ended} == ended
    assert alert_of(engine, keys[0]).closed_at is None


def test_a_part_spans_the_lowest_and_the_highest_key_of_each_county() -> None:
    places = {1: "340203101201", 2: "340299101201", 4: "340203101201", 7: "340203101201", 9: "340299101201"}
    judged = judge({key: Home(FIRING, region=place) for key, place in places.items()})
    assert judged.spans(0, 5) == [("340203", 1, 7), ("340299", 2, 9)]
    assert judged.part(1, 4).spans(0, 2) == [("340203", 4, 4), ("340299", 2, 2)]
    assert judged.spans(3, 3) == []
    judged.table.loc[2, "county"] = None
    assert judged.part(0, 3).spans(0, 3) == [("340203", 1, 4)]


def test_marking_as_judged_looks_at_the_span_and_not_at_the_whole_county(sqlite_service: Service) -> None:
    steps: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asking = connection.connection.cursor()
        asking.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        steps.extend(str(row[3]) for row in asking.fetchall())

    with database.transaction(sqlite_service.engine) as session:
        event.listen(session.connection(), "before_cursor_execute", explain)
        mark_seen(session, "340299", 1, 9, as_of=later(1), besides=[5])
    assert "SEARCH alerts USING INDEX uq_alerts_one_open (household_id>? AND household_id<?)" in steps


def test_a_renewed_alert_is_marked_as_judged_as_it_would_be_after_it(engine: Engine) -> None:
    with database.transaction(engine) as session:
        keys = [made.id for made in register(session, 6)]
    night(engine, {key: Home(FIRING) for key in keys})
    with database.transaction(engine) as session:
        session.execute(update(Household).where(Household.id == keys[1]).values(registered=False))
        session.execute(update(Alert).where(Alert.household_id == keys[2]).values(county="340288"))
        session.execute(update(Alert).where(Alert.household_id == keys[3]).values(seen_on=later(30)))
    spans, besides = [("340299", keys[0], keys[4])], [keys[4]]
    judged = judge({key: Home({"illness": (FIRES, 90_000)}) for key in keys}, as_of=later(1))
    with database.transaction(engine) as session:
        changes = plan(session, judged, scan=scan(session, later(1)))
        assert len(changes) == len(keys)
        ground = hold(session, changes)
        assert ground.moved(changes) == set()
        write(session, [ground.seen(one, spans, as_of=later(1), besides=besides) for one in changes])
    written = {key: alert_of(engine, key).seen_on for key in keys}
    with database.transaction(engine) as session:
        mark_seen(session, *spans[0], as_of=later(1), besides=besides)
    assert {key: alert_of(engine, key).seen_on for key in keys} == written
    assert list(written.values()) == [later(1), DAY, DAY, later(30), DAY, DAY]
