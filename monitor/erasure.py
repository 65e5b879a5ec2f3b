"""What may no longer be kept is erased, by the terms of the data register; what a legal hold names is left alone."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, delete, false, func, or_, select, update
from sqlalchemy.orm import Session

from monitor import audit, register
from monitor.errors import Conflict, NotFound
from monitor.register import Keep
from monitor.tables import Alert, Household, LegalHold, Member, Person, SearchToken, Table, utc_now

LEFT = "left"


def due(session: Session, as_of: date) -> dict[str, int]:
    """Return how many rows of each table have reached their term on ``as_of``; nothing is changed."""
    found = {name: session.scalar(select(func.count()).select_from(_table(name)).where(condition)) or 0
             for name, (_, condition) in _terms(as_of).items()}  # fmt: skip
    return {name: count for name, count in found.items() if count}


def erase(session: Session, as_of: date) -> dict[str, int]:
    """Erase what is due on ``as_of`` in the caller's transaction, with its audit entry; returns rows by table.

    A second call for the date finds nothing due and writes nothing. What hangs on a household under a legal hold
    stays, whatever its term.
    """
    done: dict[str, int] = {}
    for name, (keep, condition) in _terms(as_of).items():
        count = session.scalar(select(func.count()).select_from(_table(name)).where(condition)) or 0
        if count:
            _carry_out(session, name, keep, condition)
            done[name] = count
    if done:
        detail = {"as_of": as_of.isoformat(), "rows": done, "register": digest()}
        audit.record(session, by="purge", action="data.erased", subject=as_of.isoformat(), detail=detail)
    return done


def hold(session: Session, household_no: str, *, document: str, by: str) -> LegalHold:
    """Put a household under a legal hold, by the number of a document; refuses a second while one stands."""
    home = session.scalar(select(Household).where(Household.household_no == household_no))
    if home is None:
        raise NotFound(zh="没有这一户", en="there is no such household")
    if session.scalar(_standing().where(LegalHold.household_id == home.id)) is not None:
        raise Conflict(zh="该户已在保全中", en="the household is under a hold already")
    made = LegalHold(household_id=home.id, document=document, set_by=by)
    session.add(made)
    session.flush()
    detail = {"household": home.id, "document": document}
    audit.record(session, by=by, action="hold.set", subject=str(made.id), detail=detail)
    return made


def lift(session: Session, household_no: str, *, by: str) -> None:
    """Lift the hold on a household; what is due by now is erased at the next purge."""
    homes = select(Household.id).where(Household.household_no == household_no)
    standing = session.scalar(select(LegalHold).where(LegalHold.lifted_at.is_(None), LegalHold.household_id.in_(homes)))
    if standing is None:
        raise NotFound(zh="该户没有保全", en="the household is under no hold")
    standing.lifted_by, standing.lifted_at = by, utc_now()
    audit.record(session, by=by, action="hold.lifted", subject=str(standing.id), detail={})


def digest() -> str:
    """Return the SHA-256 of the register's pages: by which terms something was erased."""
    held = hashlib.sha256()
    for page in sorted(register.HERE.glob("*.yaml")):
        held.update(page.read_bytes())
    return held.hexdigest()


def _terms(as_of: date) -> Mapping[str, tuple[Keep, ColumnElement[bool]]]:
    """Of each table with a term, the rows that have reached it; children before what they hang on."""
    entries, found = register.read(), {}
    for table in reversed(Table.metadata.sorted_tables):
        entry = entries.get(table.name)
        if entry is not None and entry.keep.days is not None:
            found[table.name] = (entry.keep, _due(table, entry.keep, as_of - timedelta(days=entry.keep.days)))
    return found


def _due(table: Any, keep: Keep, before: date) -> ColumnElement[bool]:
    held = _held(table)
    if keep.since == LEFT:
        return and_(_left(before), Person.id_index.is_not(None) | Person.name.is_not(None), ~held)
    column = table.c[str(keep.since)]
    reached = column < before if isinstance(column.type, Date) else column < _instant(before)
    blank = [table.c[name].is_not(None) for name in keep.columns if name in table.c]
    return and_(reached, or_(*blank), ~held) if blank else and_(reached, ~held)


def _instant(day: date) -> Any:
    return datetime.combine(day, time(), UTC)


def _held(table: Any) -> ColumnElement[bool]:
    """Whether a row hangs on a household under a hold: by itself, by its alert, or by its person."""
    homes = _standing()
    found: ColumnElement[bool] = false()
    if "household_id" in table.c:
        found = table.c.household_id.in_(homes)
    elif "alert_id" in table.c:
        found = table.c.alert_id.in_(select(Alert.id).where(Alert.household_id.in_(homes)))
    elif table.name == "people":
        found = Person.id.in_(select(Member.person_id).where(Member.household_id.in_(homes)))
    return found


def _standing() -> Any:
    return select(LegalHold.household_id).where(LegalHold.lifted_at.is_(None))


def _left(before: date) -> ColumnElement[bool]:
    """Whoever is in no household that is registered, left the last one before a day, and has no alert open there."""
    here = select(Member.person_id).join(Household, Household.id == Member.household_id)
    still = here.where(Household.registered, or_(Member.until_on.is_(None), Member.until_on >= before))
    lately = select(Member.person_id).where(Member.until_on >= before)
    watched = here.join(Alert, Alert.household_id == Household.id).where(
        or_(Alert.closed_at.is_(None), Alert.closed_at >= _instant(before))
    )
    ever = select(Member.person_id).where(Member.until_on < before)
    return and_(Person.id.in_(ever), ~Person.id.in_(still), ~Person.id.in_(lately), ~Person.id.in_(watched))


def _carry_out(session: Session, name: str, keep: Keep, condition: ColumnElement[bool]) -> None:
    table = _table(name)
    if name == "people":
        gone = select(Person.id).where(condition)
        session.execute(delete(SearchToken).where(SearchToken.person_id.in_(gone)))
    if keep.then == "delete":
        session.execute(delete(table).where(condition))
        return
    blanked = {column: None for column in keep.columns if column in table.c}
    session.execute(update(table).where(condition).values(blanked))


def _table(name: str) -> Any:
    return Table.metadata.tables[name]
