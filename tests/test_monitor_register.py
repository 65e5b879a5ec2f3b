"""The data register against the tables, and the erasure by its terms: nothing kept too long, nothing held erased."""

import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from factories import DAY, register
from sqlalchemy import LargeBinary, func, insert, select, update
from typer.testing import CliRunner

from jobs.__main__ import app
from jobs.purge import purge
from monitor import access, audit, database, erasure
from monitor import register as registry
from monitor.errors import Conflict, Invalid, NotFound
from monitor.service import Service, today
from monitor.tables import (
    Alert,
    AuditEntry,
    FollowUp,
    Household,
    LegalHold,
    Member,
    Outbox,
    Person,
    Reveal,
    SearchToken,
    Table,
    utc_now,
)

ENTRIES = registry.read()
TABLES = Table.metadata.tables
LONG_AGO = timedelta(days=4000)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_has_its_entry_class_and_term(name: str) -> None:
    entry, table = ENTRIES[name], TABLES[name]
    missing = [column.name for column in table.columns if column.name not in entry.classes]
    assert missing == [], f"say in monitor/register what {name}.{missing} are for"
    assert all(entry.purpose.values())
    assert set(entry.sees) <= set(access.ROLES)
    assert entry.keep.days or entry.keep.forever or entry.keep.together_with in TABLES
    if entry.keep.days is not None and entry.keep.since != erasure.LEFT:
        assert entry.keep.since in table.columns
    for column in entry.keep.columns:
        assert column not in table.columns or table.columns[column].nullable, column


@pytest.mark.parametrize("name", sorted(TABLES))
def test_what_is_personal_is_encrypted_or_says_why_not(name: str) -> None:
    entry = ENTRIES[name]
    for column in TABLES[name].columns:
        kind = entry.classes[column.name]
        if isinstance(column.type, LargeBinary):
            assert kind != "internal", f"{name}.{column.name} is sealed and yet internal"
        elif kind != "internal":
            assert entry.in_the_clear.get(column.name), f"why does {name}.{column.name} lie in the clear?"


@pytest.mark.parametrize(
    "page",
    [
        "people: {}", "people: {purpose: {zh: a, en: b}, source: x, basis: y, sees: [], keep: {days: 1, since: x}}",
        "people: {purpose: {zh: a, en: b}, source: x, basis: y, sees: [], keep: {with: b}, personal: [a, a]}",
        "people: {purpose: {zh: a, en: b}, source: x, basis: y, sees: [], keep: {forever: said in one language}}",
    ],
)  # fmt: skip
def test_a_page_that_does_not_say_all_is_refused_by_name(tmp_path: Path, page: str) -> None:
    (tmp_path / "page.yaml").write_text(page, encoding="utf-8")
    with pytest.raises(Invalid, match=r"page\.yaml"):
        registry.read(tmp_path)


@pytest.fixture
def city(service: Service) -> Service:
    """Two households: one left the register long ago, one is still there; each has a case file."""
    with database.transaction(service.engine) as session:
        homes = register(session, 2)
        worker = access.add_worker(session, "林干事", region="00", by="test")[0]
        ring = service.keyring
        for number, person in enumerate(session.scalars(select(Person).order_by(Person.id))):
            person.name, person.phone = (
                ring.encrypt("张三", about="people.name"),
                ring.encrypt("1", about="people.phone"),
            )
            person.id_no, person.id_index = ring.encrypt("x", about="people.id_no"), ring.blind_index(str(number))
            session.add(SearchToken(token=number, person_id=person.id))
            home = homes[number]
            alert = Alert(
                household_id=home.id, level="red", level_since_on=DAY, region=home.region, county=home.county,
                opened_on=DAY, seen_on=DAY, status="closed", closed_at=utc_now() - LONG_AGO,
            )  # fmt: skip
            session.add(alert)
            session.flush()
            note = ring.encrypt("备注", about="follow_ups.note")
            session.add(
                FollowUp(
                    id=uuid.uuid4(), alert_id=alert.id, visited_on=DAY, way="home", finding="no_need", digest="x",
                    note=note, recorded_by="t", recorded_at=utc_now() - LONG_AGO,
                )
            )  # fmt: skip
            session.add(
                Reveal(
                    worker_id=worker.id, person_id=person.id, household_id=home.id, field="phone",
                    reason_code="CONTACT", why=note, at=utc_now() - LONG_AGO,
                )
            )  # fmt: skip
        session.execute(update(Household).where(Household.id == homes[0].id).values(registered=False))
        left = today() - LONG_AGO
        moved = update(Member).where(Member.household_id == homes[0].id)
        session.execute(moved.values(from_on=left - timedelta(days=9), until_on=left))
    return service


def test_what_has_reached_its_term_goes_and_all_else_stays(city: Service) -> None:
    before = purge(city, today(), dry_run=True)
    assert before["rows"] == {"people": 1, "follow_ups": 2, "reveals": 2}
    assert purge(city, today())["rows"] == before["rows"]
    with database.reading(city.engine) as session:
        gone, here = session.scalars(select(Person).order_by(Person.id))
        assert [getattr(gone, name) for name in ("id_no", "id_index", "name", "phone", "birth_on", "sex")] == [None] * 6
        assert city.keyring.decrypt(here.name or b"", about="people.name") == "张三"
        assert list(session.scalars(select(SearchToken.person_id))) == [here.id]
        assert session.scalar(select(func.count()).where(FollowUp.note.is_not(None))) == 0
        assert session.scalar(select(func.count()).where(Reveal.why.is_not(None))) == 0
        assert session.scalar(select(func.count()).select_from(Alert)) == 2
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "data.erased")).one()
        assert entry.detail == {"as_of": today().isoformat(), "rows": before["rows"], "register": erasure.digest()}
        assert list(audit.broken_links(session)) == []


def test_a_second_purge_finds_nothing_and_writes_nothing(city: Service) -> None:
    purge(city, today())
    assert purge(city, today()) == {"rows": {}, "files": 0, "erased": True}
    with database.reading(city.engine) as session:
        assert session.scalar(select(func.count()).where(AuditEntry.action == "data.erased")) == 1


def test_a_day_before_its_term_nothing_goes(city: Service) -> None:
    early = today() - LONG_AGO
    assert purge(city, early)["rows"] == {}
    last = today() - LONG_AGO + timedelta(days=1825)
    assert "people" not in purge(city, last, dry_run=True)["rows"]
    assert purge(city, last + timedelta(days=1), dry_run=True)["rows"]["people"] == 1


def test_what_a_legal_hold_names_is_left_alone_until_it_is_lifted(city: Service) -> None:
    with database.transaction(city.engine) as session:
        erasure.hold(session, "H000001", document="芜民保〔2026〕1号", by="auditor")
        with pytest.raises(Conflict):
            erasure.hold(session, "H000001", document="again", by="auditor")
        with pytest.raises(NotFound):
            erasure.hold(session, "H999999", document="x", by="auditor")
    assert purge(city, today())["rows"] == {"follow_ups": 1, "reveals": 1}
    with database.transaction(city.engine) as session:
        erasure.lift(session, "H000001", by="auditor")
        with pytest.raises(NotFound):
            erasure.lift(session, "H000001", by="auditor")
    assert purge(city, today())["rows"] == {"people": 1, "follow_ups": 1, "reveals": 1}
    with database.reading(city.engine) as session:
        assert session.scalar(select(func.count()).select_from(LegalHold)) == 1


def test_nobody_is_erased_who_lives_in_another_household_or_is_being_watched(city: Service) -> None:
    with database.transaction(city.engine) as session:
        gone = session.scalars(select(Person).order_by(Person.id)).first()
        homes = session.scalars(select(Household).order_by(Household.id)).all()
        assert gone is not None
        session.add(Member(household_id=homes[1].id, person_id=gone.id, from_on=DAY))
    assert "people" not in purge(city, today(), dry_run=True)["rows"]
    with database.transaction(city.engine) as session:
        session.execute(update(Member).where(Member.until_on.is_(None), Member.person_id == gone.id).values(
            until_on=DAY + timedelta(days=1), from_on=DAY - LONG_AGO))  # fmt: skip
    assert "people" not in purge(city, today(), dry_run=True)["rows"]


def test_a_message_goes_once_it_was_sent_long_ago_and_an_unsent_one_stays(service: Service) -> None:
    old = utc_now() - timedelta(days=200)
    with database.transaction(service.engine) as session:
        rows = [{"kind": "k", "subject": "s", "payload": {}, "made_at": old, "sent_at": sent} for sent in (old, None)]
        session.execute(insert(Outbox), rows)
    assert purge(service, today())["rows"] == {"outbox": 1}
    with database.reading(service.engine) as session:
        assert session.scalars(select(Outbox)).one().sent_at is None


def test_old_lists_of_row_errors_go_and_new_ones_stay(service: Service) -> None:
    folder = service.settings.received
    folder.mkdir(parents=True, exist_ok=True)
    for name, days in (("old.csv", 40), ("new.csv", 3)):
        (folder / name).write_text("x", encoding="utf-8")
        stamp = (utc_now() - timedelta(days=days)).timestamp()
        os.utime(folder / name, (stamp, stamp))
    assert purge(service, today())["files"] == 1
    assert [path.name for path in folder.iterdir()] == ["new.csv"]


def test_the_purge_at_the_terminal_says_what_it_would_do_first(city: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(city.settings.home))
    monkeypatch.setenv("LOWINCOME_DATABASE_URL", city.settings.database_url)
    said = CliRunner().invoke(app, ["purge", "--dry-run"])
    assert (said.exit_code, "people: 1" in said.output) == (0, True)
    assert CliRunner().invoke(app, ["legal-hold", "set", "H000001", "--document", "文1"]).exit_code == 0
    assert "people" not in CliRunner().invoke(app, ["purge"]).output
    assert CliRunner().invoke(app, ["legal-hold", "lift", "H000001"]).exit_code == 0
    assert "people: 1" in CliRunner().invoke(app, ["purge"]).output
