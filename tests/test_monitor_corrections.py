"""A worker's word on single rows: a proposal becomes a fact, a wrong link goes and takes its alert with it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import drop, facts, name, number, people, settlements
from sqlalchemy import select

from jobs.scan import scan
from monitor import audit, corrections, database, feeds, indicators, policy
from monitor.alerts.asked import UNRULED
from monitor.errors import Conflict, Invalid
from monitor.feeds.correcting import confirm
from monitor.feeds.receiving import open_desk
from monitor.matching import links
from monitor.service import Service
from monitor.tables import Alert, Delivery, Link, Proposal, Reason

DAY = date(2026, 3, 5)
NIGHT = date(2026, 3, 31)
BY_RULES = select(Reason.alert_id).where(Reason.rule.not_in(UNRULED))  # not by the random sample


def damaged(person: int) -> str:
    """The person's number with its last digit of sequence wrong, outside the birth date."""
    whole = number(person)
    return whole[:16] + str((int(whole[16]) + 1) % 10) + whole[17]


@pytest.fixture
def linked(service: Service, tmp_path: Path) -> Service:
    """A household whose only high medical bill came under a damaged number and was repaired."""
    drop(tmp_path, "household_register", people(6), day=DAY - timedelta(days=1))
    bill = {"id_no": damaged(0), "name": name(0), "settled_on": "2026-03-01", "self_pay": "12000.00"}
    rows = [*settlements(4, of=6), *settlements(1, start=900, **bill)]
    drop(tmp_path, "medical_settlements", rows, day=DAY)
    assert {receipt.status for receipt in feeds.ingest_folder(service, tmp_path)} == {"committed"}
    return service


def test_undoing_a_wrong_link_takes_its_facts_and_annuls_the_alert_that_rested_on_them(linked: Service) -> None:
    scan(linked, NIGHT)
    with database.reading(linked.engine) as session:
        link = session.scalars(select(Link)).one()
        before = session.scalars(select(Alert).where(Alert.closed_at.is_(None), Alert.id.in_(BY_RULES))).one()
    touched = corrections.undo_link(linked, link.id, by="Wang", why="another person's bill", on=NIGHT)
    assert touched == [before.id]
    with database.reading(linked.engine) as session:
        after = session.get_one(Alert, before.id)
        assert (after.status, after.closed_why) == ("annulled", "ERR_ID")
        assert {reason.status for reason in after.reasons} == {"annulled"}
        assert list(audit.broken_links(session)) == []
    assert len(facts(linked, "medical_settlements")) == 4
    scan(linked, NIGHT + timedelta(days=1))
    with database.reading(linked.engine) as session:
        assert session.scalars(select(Alert).where(Alert.closed_at.is_(None), Alert.id.in_(BY_RULES))).all() == []


def test_what_was_known_before_a_link_was_undone_stays_readable(linked: Service, tmp_path: Path) -> None:
    scan(linked, NIGHT - timedelta(days=1), dry_run=True, verdicts_to=tmp_path / "before.csv")
    with database.reading(linked.engine) as session:
        link = session.scalars(select(Link)).one()
    corrections.undo_link(linked, link.id, by="Wang", why="another person's bill", on=NIGHT)
    scan(linked, NIGHT - timedelta(days=1), dry_run=True, verdicts_to=tmp_path / "after.csv")
    scan(linked, NIGHT, dry_run=True, verdicts_to=tmp_path / "then.csv")
    assert (tmp_path / "before.csv").read_bytes() == (tmp_path / "after.csv").read_bytes()
    assert "medical_self_pay,fires" in (tmp_path / "before.csv").read_text()
    assert "medical_self_pay,fires" not in (tmp_path / "then.csv").read_text()


def test_a_fact_that_its_agency_has_said_anew_survives_the_undoing(linked: Service, tmp_path: Path) -> None:
    with database.reading(linked.engine) as session:
        link = session.scalars(select(Link)).one()
    anew = settlements(1, start=900, id_no=number(3), name=name(3), settled_on="2026-03-01", self_pay="12000.00")
    drop(tmp_path / "later", "medical_settlements", anew, day=DAY + timedelta(days=3))
    feeds.ingest_folder(linked, tmp_path / "later")
    corrections.undo_link(linked, link.id, by="Wang", why="another person's bill", on=NIGHT)
    assert max(fact["self_pay"] for fact in facts(linked, "medical_settlements")) == 12000


def test_a_link_is_undone_once_and_never_without_a_reason(linked: Service) -> None:
    with database.reading(linked.engine) as session:
        link = session.scalars(select(Link)).one()
    with pytest.raises(Invalid, match="why"):
        corrections.undo_link(linked, link.id, by="Wang", why=" ")
    corrections.undo_link(linked, link.id, by="Wang", why="wrong", on=NIGHT)
    with pytest.raises(Conflict):
        corrections.undo_link(linked, link.id, by="Wang", why="wrong", on=NIGHT)


@pytest.mark.parametrize("wrong", ["400.00", "9000.00"])
def test_a_wrong_link_is_felt_by_an_alert_that_rests_on_more_rows_than_it_shows(
    service: Service, tmp_path: Path, wrong: str
) -> None:
    drop(tmp_path, "household_register", people(6), day=DAY - timedelta(days=1))
    bills = settlements(7, of=1, settled_on="2026-03-01", self_pay="2000.00")
    bill = {"id_no": damaged(0), "name": name(0), "settled_on": "2026-02-01", "self_pay": wrong}
    drop(tmp_path, "medical_settlements", [*bills, *settlements(1, start=900, **bill)], day=DAY)
    feeds.ingest_folder(service, tmp_path)
    scan(service, NIGHT)
    with database.reading(service.engine) as session:
        link = session.scalars(select(Link)).one()
        before = session.scalars(select(Alert).where(Alert.closed_at.is_(None), Alert.id.in_(BY_RULES))).one()
        reason = next(one for one in before.reasons if one.rule == "medical_self_pay")
        assert len(reason.evidence) == 5
        assert (9 in {row["row"] for row in reason.evidence}) == (wrong == "9000.00")
    assert corrections.undo_link(service, link.id, by="Wang", why="another's bill", on=NIGHT) == [before.id]
    with database.reading(service.engine) as session:
        assert {one.status for one in session.get_one(Alert, before.id).reasons} == {"annulled"}
    scan(service, NIGHT + timedelta(days=1))
    with database.reading(service.engine) as session:
        (anew,) = session.scalars(select(Alert).where(Alert.closed_at.is_(None), Alert.id.in_(BY_RULES))).all()
        assert next(one for one in anew.reasons if one.rule == "medical_self_pay").observed == 14_000


def test_a_reason_that_rests_on_other_facts_of_the_feed_is_not_annulled(service: Service, tmp_path: Path) -> None:
    drop(tmp_path, "household_register", people(6), day=DAY - timedelta(days=1))
    bills = settlements(8, of=1, settled_on="2026-03-01", self_pay="2000.00")
    bill = {"id_no": damaged(0), "name": name(0), "settled_on": "2024-02-01", "self_pay": "400.00"}
    drop(tmp_path, "medical_settlements", [*bills, *settlements(1, start=900, **bill)], day=DAY)
    feeds.ingest_folder(service, tmp_path)
    scan(service, NIGHT)
    with database.reading(service.engine) as session:
        link = session.scalars(select(Link)).one()
    assert corrections.undo_link(service, link.id, by="Wang", why="another's bill", on=NIGHT) == []


@pytest.fixture
def proposed(service: Service, tmp_path: Path) -> Service:
    """A plea by name and phone that may be a member's."""
    register = [{**row, "phone": f"1000000{at:04d}"} for at, row in enumerate(people(200))]
    drop(tmp_path, "household_register", register, day=DAY - timedelta(days=1))
    ticket = {
        "ticket_no": "T1", "name": name(2), "phone": "10000000002", "address": "某街道某号", "region": "340202001001",
        "created_on": "2026-03-03", "kind": "assistance", "status": "open",
    }  # fmt: skip
    drop(tmp_path, "hotline_tickets", [ticket], day=DAY)
    feeds.ingest_folder(service, tmp_path)
    return service


def candidate(service: Service) -> tuple[int, int]:
    with database.reading(service.engine) as session:
        one = session.scalars(select(Proposal)).one()
        return one.id, one.candidates[0]["person"]


def test_a_confirmed_row_becomes_a_fact_known_from_that_day_with_a_link_to_question(proposed: Service) -> None:
    number_of, person = candidate(proposed)
    assert facts(proposed, "hotline_tickets") == []
    receipt = confirm(open_desk(proposed), number_of, person=person, by="Wang", on=NIGHT)
    assert (receipt.status, receipt.facts, receipt.known_on) == ("committed", 1, NIGHT)
    (fact,) = facts(proposed, "hotline_tickets")
    assert (fact["person_key"], fact["kind"], fact["created_on"]) == (person, "assistance", date(2026, 3, 3))
    with database.reading(proposed.engine) as session:
        link = session.scalars(select(Link)).one()
        assert (link.how, link.made_by, link.evidence["row"]) == ("confirmed", "Wang", 2)
        assert session.get_one(Proposal, number_of).status == "confirmed"


def test_of_two_rows_alike_but_for_their_number_the_one_decided_is_the_one_meant(
    proposed: Service, tmp_path: Path
) -> None:
    """Peers' caution: rows joined to what came of them by all that they say go to the wrong one of two alike."""
    ticket = {
        "name": name(2), "phone": "10000000002", "address": "某街道某号", "region": "340202001001",
        "created_on": "2026-03-03", "kind": "assistance", "status": "open",
    }  # fmt: skip
    two = [{"ticket_no": number, **ticket} for number in ("T2", "T3")]
    feeds.ingest(proposed, drop(tmp_path, "hotline_tickets", two, day=DAY + timedelta(days=1)))
    with database.reading(proposed.engine) as session:
        first, second = session.scalars(select(Proposal).order_by(Proposal.id.desc()).limit(2))
        person = first.candidates[0]["person"]
    confirm(open_desk(proposed), first.id, person=person, by="Wang", on=NIGHT)
    with database.reading(proposed.engine) as session:
        assert session.get_one(Proposal, first.id).status == "confirmed"
        assert session.get_one(Proposal, second.id).status == "open"
        other = links.look(session, proposed.keyring, second.id, person_id=person)
        link = session.scalars(select(Link)).one()
    assert link.evidence["row"] == first.row_no != second.row_no == other.row_no
    assert other.row["ticket_no"] == "T2"


def test_a_proposal_is_decided_once_and_only_for_somebody_proposed(proposed: Service) -> None:
    number_of, person = candidate(proposed)
    desk = open_desk(proposed)
    with pytest.raises(Invalid, match="candidates"):
        confirm(desk, number_of, person=10**9, by="Wang", on=NIGHT)
    confirm(desk, number_of, person=person, by="Wang", on=NIGHT)
    with pytest.raises(Conflict):
        confirm(desk, number_of, person=person, by="Wang", on=NIGHT)
    assert len(facts(proposed, "hotline_tickets")) == 1


def test_a_correction_made_here_does_not_make_a_stale_feed_fresh(linked: Service) -> None:
    late = DAY + timedelta(days=200)
    with database.reading(linked.engine) as session:
        link = session.scalars(select(Link)).one()
    corrections.undo_link(linked, link.id, by="Wang", why="wrong", on=late)
    law = policy.load(late)
    with database.reading(linked.engine) as session:
        states = indicators.freshness(indicators.manifest(session, as_of=late), law, as_of=late)
        assert session.scalars(select(Delivery.correction).where(Delivery.correction)).all() == [True]
    assert not states["medical_settlements"].fresh
    assert states["medical_settlements"].last_known_on == DAY
