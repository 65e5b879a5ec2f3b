"""Wrong facts: what rested on them is annulled with a reason, and nothing else is."""

from typing import Any

import pytest
from factories import DAY, FIRES, Home, judge, register, scan
from sqlalchemy import Engine, select

from monitor import audit, database
from monitor.alerts import raise_alerts
from monitor.alerts.annulment import Fallen, annul_for_facts
from monitor.tables import Alert, AlertEvent, Member, Outbox

WRONG = {("medical_settlements", 9, 4)}


def rows(key: int, rule: str) -> list[dict[str, Any]]:
    """Illness rests on the wrong fact, the rest on others."""
    row = 4 if rule == "illness" else 5
    return [{"feed": "medical_settlements", "delivery": 9, "row": row, "person": 1, "on": None, "amount": 1.0}]


@pytest.fixture
def home(engine: Engine) -> int:
    with database.transaction(engine) as session:
        return register(session)[0].id


def raised(engine: Engine, home: int, *rules: str) -> None:
    with database.transaction(engine) as session:
        judged = judge({home: Home(dict.fromkeys(rules, FIRES))}, rows=rows)
        raise_alerts(session, judged, scan=scan(session))


def annul(engine: Engine, *, person: int | None = None) -> int:
    with database.transaction(engine) as session:
        somebody = session.scalars(select(Member.person_id)).one() if person is None else person
        return len(annul_for_facts(session, Fallen(somebody, WRONG), code="ERR_ID", by="林干事", as_of=DAY))


def alert(engine: Engine) -> Alert:
    with database.reading(engine) as session:
        found = session.scalars(select(Alert)).one()
        assert found.reasons
        return found


def test_an_alert_that_rested_on_a_wrong_link_alone_is_annulled(engine: Engine, home: int) -> None:
    raised(engine, home, "illness")
    assert annul(engine) == 1
    fallen = alert(engine)
    assert (fallen.status, fallen.closed_why, fallen.version) == ("annulled", "ERR_ID", 2)
    assert fallen.reasons[0].cleared_by == {"as_of": "2026-03-01", "feeds": {}, "code": "ERR_ID"}
    with database.reading(engine) as session:
        assert list(session.scalars(select(AlertEvent.kind).order_by(AlertEvent.id))) == [
            "raised", "evidence", "annulled",
        ]  # fmt: skip
        assert list(session.scalars(select(Outbox.kind).order_by(Outbox.id))) == ["alert_raised", "alert_annulled"]
        assert list(audit.broken_links(session)) == []


def test_reasons_that_rest_on_other_facts_stand(engine: Engine, home: int) -> None:
    raised(engine, home, "illness", "elder")
    assert annul(engine) == 1
    assert alert(engine).closed_at is None
    assert {reason.rule: reason.status for reason in alert(engine).reasons} == {
        "illness": "annulled",
        "elder": "active",
    }


def test_an_alert_with_a_cleared_reason_did_stand_once_and_stays_for_a_person(engine: Engine, home: int) -> None:
    raised(engine, home, "illness", "elder")
    with database.transaction(engine) as session:
        raise_alerts(session, judge({home: Home({"illness": FIRES})}, rows=rows), scan=scan(session))
    assert annul(engine) == 1
    assert (alert(engine).status, alert(engine).cleared_on) == ("open", DAY)


def test_annulling_twice_or_for_somebody_else_changes_nothing(engine: Engine, home: int) -> None:
    raised(engine, home, "illness", "elder")
    assert annul(engine, person=999) == 0
    assert (annul(engine), annul(engine)) == (1, 0)


def test_a_reason_that_fires_again_on_other_facts_is_live_again(engine: Engine, home: int) -> None:
    raised(engine, home, "illness", "elder")
    annul(engine)
    raised(engine, home, "illness", "elder")
    assert {reason.status for reason in alert(engine).reasons} == {"active"}


def test_an_unknown_code_is_refused(engine: Engine, home: int) -> None:
    with pytest.raises(ValueError, match="no code"), database.transaction(engine) as session:
        annul_for_facts(session, Fallen(1, WRONG), code="BECAUSE", by="t", as_of=DAY)
