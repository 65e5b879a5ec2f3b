"""A wrong link is undone: its facts go, and the alerts that rested on them are annulled, in one transaction."""

import uuid
from contextlib import ExitStack
from datetime import date

from monitor import database
from monitor.alerts.annulment import annul_for_facts
from monitor.cases import doubts
from monitor.feeds.correcting import Word, take_back
from monitor.feeds.receiving import open_desk
from monitor.feeds.storing import take_turn
from monitor.matching import links
from monitor.service import Service, today


def undo_link(service: Service, link_id: int, *, by: str, why: str, on: date | None = None) -> list[uuid.UUID]:
    """Undo a link and every other of the same mistake; return the alerts whose reasons fell with their facts.

    What was known before ``on`` (today) stays readable as it was known. The facts end from ``on`` on, reasons
    that rest on them are annulled as ERR_ID, and an alert of which nothing else stands is annulled too. What ended
    on them is followed as ``cases.doubts`` says.
    """
    day, desk = on or today(), open_desk(service)
    touched: list[uuid.UUID] = []
    with ExitStack() as undo, database.transaction(service.engine) as session:
        take_turn(session)
        facts = links.undo(session, link_id, by=by, why=why)
        take_back(desk, session, facts, Word(by, day), undo=undo)
        for person in sorted({fact.person_id for fact in facts}):
            rows = {(fact.feed, fact.delivery_seq, fact.row_no) for fact in facts if fact.person_id == person}
            touched += annul_for_facts(session, rows, person=person, code="ERR_ID", by=by, as_of=day)
            touched += doubts.follow(session, rows, person=person, code="ERR_ID", by=by, as_of=day)
        undo.pop_all()
    return touched
