"""Deliveries fetched from other databases: a table or view is read from where the last reading ended.

The end of a reading is written down before it begins, so that a reading broken off anywhere is repeated with
the same bounds, and what had been taken in already is recognised as known. Rows that come late, with a mark
that was passed already, are found as long as they lie within the source's overlap.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from jobs.pulling import troubles
from jobs.pulling.sources import Source, read_sources
from jobs.pulling.theirs import Portion, end_of, reading, unmarked, write_new, write_whole
from monitor import database, feeds
from monitor.errors import Invalid, Refused
from monitor.feeds import Receipt
from monitor.feeds.files import MANIFEST
from monitor.service import CITY_TIME, Service, today
from monitor.tables import Pull, utc_now

RESTATED = timedelta(days=7)


def pull(service: Service, as_of: date, *, again: bool = False) -> dict[str, Any]:
    """Fetch what is new in every source of the page ``LOWINCOME_PULLS`` names: the job of the timetable.

    Each source is read once on ``as_of``, and once more whenever the job is asked for while it could not be read;
    ``again`` reads all. One that cannot be read stops no other: what is wrong with it, in words, stays with the
    source until it is read. Nothing is ever written there. Without a page nothing is done.
    """
    counts: dict[str, Any] = {"unreachable": [], "nothing_new": 0}
    page = service.settings.pulls
    pages = feeds.agreed_pages(service.pack) if service.pack else feeds.agreed_pages()
    sources, wrong = ([], {}) if page is None else read_sources(page, pages)
    with database.transaction(service.engine) as session:
        _forget_others(session, {one.name for one in sources} | set(wrong))
    for name, refusal in wrong.items():
        _troubled(service, name, refusal)
        counts["unreachable"].append(name)
    for source in sources:
        if again or not _read_on(service, source.name, as_of):
            _fetch_all(service, source, counts)
    return counts


def _fetch_all(service: Service, source: Source, counts: dict[str, Any]) -> None:
    """Part after part, until nothing is new: a first reading of years does not take as many nights."""
    came = False
    try:
        while (receipt := fetch(service, source)) is not None:
            came = True
            counts[receipt.status] = counts.get(receipt.status, 0) + 1
            if source.whole or receipt.status == "refused":
                break
        counts["nothing_new"] += not came
        _well(service, source)
    except (troubles.Unread, Invalid) as refusal:
        _troubled(service, source.name, refusal)
        counts["unreachable"].append(source.name)


def fetch(service: Service, source: Source) -> Receipt | None:
    """Read the next part of ``source`` and take it in as a delivery; None when nothing is new.

    A refused delivery leaves the mark where it was, so that it comes again once it is mended; a held one moves
    it, for its original waits here. Raises ``Unread`` or ``Invalid`` with what a person can do about it.
    """
    service.settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=service.settings.home, prefix=".pull-") as folder:
        path = Path(folder) / f"{source.feed}.csv"
        return _whole(service, source, path) if source.whole else _part(service, source, path)


def _whole(service: Service, source: Source, path: Path) -> Receipt | None:
    """A full list that says the same as the last one is said anew once a week: it would seem stale otherwise."""
    state = _state(service, source.name)
    with reading(source) as there:
        portion = write_whole(there, source, path)
    due = state.pulled_at is None or utc_now() - state.pulled_at >= RESTATED
    receipt = _deliver(service, source, path, portion, {"received_on": today().isoformat()} if due else {})
    if receipt.status not in ("refused", "duplicate"):
        _remember(service, source.name, **_taken(receipt, portion))
    return None if receipt.status == "duplicate" else receipt


def _part(service: Service, source: Source, path: Path) -> Receipt | None:
    state = _state(service, source.name)
    end = state.pending
    if end is None:
        with reading(source) as there:
            end = end_of(there, source, state.watermark)
        if end is None:
            return None
        _remember(service, source.name, pending=end)
    with reading(source) as there:
        portion = write_new(there, source, path, start=state.watermark, edge=state.edge, end=end)
    moved = {"watermark": end, "edge": portion.edge, "pending": None}
    if not portion.rows:
        _remember(service, source.name, **moved)
        # The end may be that of a reading that was broken off long ago: there may be more by now.
        return None if state.pending is None else _part(service, source, path)
    receipt = _deliver(service, source, path, portion, {})
    if receipt.status != "refused":
        _remember(service, source.name, **moved, **_taken(receipt, portion))
    return receipt


def _taken(receipt: Receipt, portion: Portion) -> dict[str, Any]:
    return {"delivery_id": receipt.delivery_id, "rows": portion.rows, "pulled_at": utc_now()}


def _deliver(service: Service, source: Source, path: Path, portion: Portion, said: Mapping[str, str]) -> Receipt:
    """Write the manifest of the file, which only this account can read, and take it in."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = {"feed": source.feed, "rows": portion.rows, "sha256": digest, **said}
    path.with_name(path.name + MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return feeds.ingest_arrived(service, path)


def _state(service: Service, name: str) -> Pull:
    with database.transaction(service.engine) as session:
        return _row(session, name)


def _row(session: Session, name: str) -> Pull:
    state = session.get(Pull, name)
    if state is None:
        state = Pull(source=name)
        session.add(state)
        session.flush()
    return state


def _remember(service: Service, name: str, **said: Any) -> None:
    with database.transaction(service.engine) as session:
        for field, value in said.items():
            setattr(_row(session, name), field, value)


def _read_on(service: Service, name: str, as_of: date) -> bool:
    state = _state(service, name)
    return state.read_at is not None and state.read_at.astimezone(CITY_TIME).date() >= as_of


def _well(service: Service, source: Source) -> None:
    """It was read; rows that no reading finds are the only trouble left."""
    lost = 0
    if not source.whole:
        with reading(source) as there:
            lost = unmarked(there, source)
    _remember(service, source.name, read_at=utc_now(), trouble=None, troubled_at=None)
    if lost:
        _troubled(service, source.name, troubles.unmarked(source, lost))


def _troubled(service: Service, name: str, refusal: Refused) -> None:
    """What is wrong stays with the source, and since when, until it is read or leaves the page."""
    with database.transaction(service.engine) as session:
        state = _row(session, name)
        state.trouble = {"zh": refusal.zh, "en": refusal.en}
        state.troubled_at = state.troubled_at or utc_now()


def _forget_others(session: Session, names: set[str]) -> None:
    """A source that left the page troubles nobody; how far it was read stays known, should it come back."""
    gone = update(Pull).where(Pull.source.not_in(names))
    session.execute(gone.values(trouble=None, troubled_at=None, read_at=None))


@dataclass(frozen=True)
class Troubled:
    """A source that waits for a person, in words, and since when."""

    name: str
    since: datetime
    zh: str
    en: str


def troubled(session: Session) -> list[Troubled]:
    """Return the sources that could not be read last time, or not all of them: what is wrong, and what to do."""
    found = session.scalars(select(Pull).where(Pull.troubled_at.is_not(None)).order_by(Pull.source))
    return [
        Troubled(
            one.source, one.troubled_at, f"“{one.source}”：{one.trouble['zh']}", f"{one.source}: {one.trouble['en']}"
        )
        for one in found
        if one.trouble and one.troubled_at
    ]
