"""A wrong link is undone: its facts go, and the alerts that rested on them are annulled, in one transaction."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date

import numpy as np
from sqlalchemy.orm import Session

from monitor import database, indicators, policy
from monitor.alerts.annulment import Fallen, annul_for_facts, live_reasons, rows_of
from monitor.alerts.chunks import Judge
from monitor.cases import doubts
from monitor.feeds.correcting import Word, take_back
from monitor.feeds.drafts import Desk
from monitor.feeds.receiving import open_desk
from monitor.feeds.storing import take_turn
from monitor.matching import links
from monitor.matching.links import Fact
from monitor.service import Service, today
from monitor.tables import Reason

EVERY = 10**9


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
        resting = _resting(desk, session, facts)
        take_back(desk, session, facts, Word(by, day), undo=undo)
        for person in sorted({fact.person_id for fact in facts}):
            rows = _rows(facts, person)
            fallen = Fallen(person, rows, resting[person])
            touched += annul_for_facts(session, fallen, code="ERR_ID", by=by, as_of=day)
            touched += doubts.follow(session, rows, person=person, code="ERR_ID", by=by, as_of=day)
        undo.pop_all()
    return touched


def _rows(facts: Iterable[Fact], person: int) -> set[tuple[str, int, int]]:
    return {(fact.feed, fact.delivery_seq, fact.row_no) for fact in facts if fact.person_id == person}


def _resting(desk: Desk, session: Session, facts: Sequence[Fact]) -> dict[int, set[int]]:
    """Return for each person of ``facts`` the standing reasons (by id) that rest on them, shown or not.

    A reason keeps its five weightiest rows; all of them are found again in what was known on the day on which
    it was written, by the policy of that day. A rule that is no more is judged by the rows kept.
    """
    found: dict[int, set[int]] = {}
    for person in sorted({fact.person_id for fact in facts}):
        rows, by_day = _rows(facts, person), dict[date, list[tuple[Reason, int]]]()
        for reason, household in live_reasons(session, person):
            by_day.setdefault(reason.last_on, []).append((reason, household))
        found[person] = {
            reason.id for day, reasons in by_day.items() for reason in _of_day(desk, session, day, reasons, rows)
        }
    return found


def _of_day(
    desk: Desk, session: Session, day: date, reasons: list[tuple[Reason, int]], rows: set[tuple[str, int, int]]
) -> Iterator[Reason]:
    law = policy.load(day, known_on=day, root=desk.service.pack or policy.HERE)
    feeds = {feed for feed, _, _ in rows}
    known = indicators.manifest(session, as_of=day)
    states = indicators.freshness(known, law, as_of=day)
    with indicators.opened(desk.lake, law, known) as view:
        judge = Judge(view, law, states, day)
        for reason, household in reasons:
            if reason.rule in law.rules and feeds & law.feeds_of(reason.rule):
                shown = judge.evidence(reason.rule, np.array([household]), most=EVERY)
                if rows_of(shown.get(household, [])) & rows:
                    yield reason
