"""One file from arrival to its receipt: known already, refused, held for a person, or committed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Invalid, Refused
from monitor.feeds import profile as profiles
from monitor.feeds.agreed import PACK, REGISTER, Recognised, by_name, feed_pages, recognise, unnamed
from monitor.feeds.checking import Checked, check
from monitor.feeds.contradictions import note_contradictions
from monitor.feeds.drafts import Desk, Draft, Terms
from monitor.feeds.facts import keyed
from monitor.feeds.files import Arrival, safe_name, sheets_of, take_in
from monitor.feeds.holding import hold
from monitor.feeds.identity import identify
from monitor.feeds.problems import Problem, error_list
from monitor.feeds.quality import history, judge
from monitor.feeds.receipts import Receipt, errors_path, keep, receipt_of, refusal
from monitor.feeds.repeats import Repeated, stop_repeats
from monitor.feeds.shrinking import left_out
from monitor.feeds.storing import commit, take_turn
from monitor.feeds.text import Sheet
from monitor.lake import Lake
from monitor.matching.exact import Index
from monitor.regions import read_tree
from monitor.service import Service, come, today
from monitor.tables import Delivery

MODES = ("full", "append", "withdraw")
UNKNOWN_FEED = "unknown"


def open_desk(service: Service) -> Desk:
    """Prepare a run of taking in deliveries."""
    with database.reading(service.engine) as session:
        tree = read_tree(session)
    lake = Lake.of(service.settings)
    return Desk(service, feed_pages(service.pack or PACK), lake, tree, Index(service.keyring))


def receive(desk: Desk, path: Path, asked: Terms, *, insisted: bool = True) -> Receipt:
    """Take in one file; every refusal becomes a receipt that says what to mend, and nothing half-done remains.

    ``asked`` is what the caller and the folder say; the manifest and the name may fill in what is left open, but
    contradict nothing. Without ``insisted`` the day is a guess, and the manifest's goes before it.
    """
    arrival: Arrival | None = None
    try:
        arrival = take_in(path)
        if asked.sha256 is not None and asked.sha256.lower() != arrival.sha256:
            raise Invalid(
                zh="文件内容与 .done 中的 SHA-256 不符：传输中损坏或被改动，请重新发送",
                en="the file has not the SHA-256 that its .done states: damaged or altered on the way; send it again",
            )
        terms = agree(desk, arrival, asked, insisted=insisted)
        come(terms.received_on)
        with database.reading(desk.service.engine) as session:
            stop_repeats(session, desk, arrival, terms)
        return _decide(desk, prepare(desk, arrival, terms))
    except Repeated as again:
        return again.receipt
    except Refused as error:
        return _refuse(desk, arrival, path.name, asked, error)


def agree(desk: Desk, arrival: Arrival, asked: Terms, *, insisted: bool) -> Terms:
    """Settle feed, day and mode; refuses where manifest and caller, name or folder contradict each other.

    What a manifest says is repeated only once it is known to be a day, a feed or a mode of ours.
    """
    said = arrival.announced
    named = by_name(desk.feeds, arrival.name)
    if asked.mode is not None and asked.mode not in MODES:
        raise Invalid(zh="mode 只能是 full、append、withdraw", en="mode must be full, append or withdraw")
    if asked.feed not in (None, *desk.feeds) or (said and said.feed not in (None, *desk.feeds)):
        raise unnamed()
    if said is None:
        return replace(asked, feed=asked.feed or named)
    _same("feed", said.feed, asked.feed or named)
    _same("mode", said.mode, asked.mode)
    if insisted:
        _same("received_on", said.received_on, asked.received_on)
    return replace(
        asked,
        received_on=said.received_on or asked.received_on,
        feed=said.feed or asked.feed or named,
        mode=said.mode or asked.mode,
        vouched=said.sha256 is not None,
        rows=said.rows,
        restated=said.received_on is not None,
    )


def _same(field: str, said: Any, asked: Any) -> None:
    if said is not None and asked is not None and said != asked:
        raise Invalid(
            zh=f"清单的 {field}（{said}）与文件名、目录或命令（{asked}）不一致",
            en=f"the manifest's {field} ({said}) contradicts the name, folder or command ({asked})",
        )


def prepare(desk: Desk, arrival: Arrival, terms: Terms) -> Draft:
    """Read, check and identify a file and describe it in numbers; nothing is stored."""
    found = _recognised(desk, arrival, terms)
    mode = terms.mode or found.page.mode
    terms = replace(terms, feed=found.page.name, mode=mode)
    checked = check(found, mode=mode, received_on=terms.received_on, vouched=terms.vouched)
    if terms.rows is not None and terms.rows != checked.rows:
        raise Invalid(
            zh=f"清单写明 {terms.rows} 行，文件有 {checked.rows} 行：文件不完整",
            en=f"the manifest states {terms.rows} rows, the file has {checked.rows}: it is not whole",
        )
    checked = _placed(desk, checked, terms.received_on)
    with database.reading(desk.service.engine) as session:
        identified = identify(session, desk.service.keyring, desk.index, checked)
        if checked.page.name == REGISTER and mode != "withdraw" and checked.rows:
            note_contradictions(checked)
        made = profiles.profile(session, checked, identified, desk.residence)
    known = None if checked.page.name == REGISTER else keyed(checked, identified, desk.service.keyring.fact_key)
    return Draft(arrival, terms, checked, identified, made, found.problems, known=known)


def _recognised(desk: Desk, arrival: Arrival, terms: Terms) -> Recognised:
    sheets: Sequence[Sheet] = sheets_of(arrival)
    if not sheets and terms.feed in desk.feeds:
        nothing = Sheet((), pa.table({}), np.empty(0, dtype=np.int32))
        return Recognised(desk.feeds[str(terms.feed)], nothing, {}, ())
    return recognise(desk.feeds, sheets, feed=terms.feed, keys_only=terms.mode == "withdraw")


def _placed(desk: Desk, checked: Checked, on: date) -> Checked:
    """Bring region codes to where they stand today; one that the tree does not hold is noted, never dropped."""
    values = dict(checked.values)
    for name, column in checked.values.items():
        if checked.page.columns[name].type == "region":
            placed = desk.tree.canonical(column, on)
            said = ~column.is_null().to_numpy(zero_copy_only=False)
            checked.faults.note(name, "region_unknown", np.flatnonzero(said & ~placed.known))
            values[name] = placed.region
    return replace(checked, values=values)


def _decide(desk: Desk, draft: Draft) -> Receipt:
    checked, terms = draft.checked, draft.terms
    nil = checked.page.nil_return and terms.rows == 0
    with database.reading(desk.service.engine) as session:
        past = history(session, draft.feed, checked.mode)
        reasons = list(left_out(desk, session, draft)) if checked.rows else []
    reasons += judge(checked, draft.profile, past, received_on=terms.received_on, nil=nil)
    if reasons:
        return told(desk, draft, hold(desk, replace(draft, problems=(*reasons, *draft.problems))))
    return told(desk, draft, commit(desk, draft))


def told(desk: Desk, draft: Draft, delivery: Delivery) -> Receipt:
    """Leave the list of row faults for download and return the receipt."""
    write_errors(desk.service, draft, delivery)
    return receipt_of(delivery)


def write_errors(service: Service, draft: Draft, delivery: Delivery) -> None:
    """Write the list of row faults beside the delivery, if any row has one."""
    faults = draft.checked.faults
    if faults.summary():
        labels = {name: column.headers[0] for name, column in draft.checked.page.columns.items()}
        listed = error_list(faults, draft.checked.row_no, labels)
        keep(service, errors_path(service, delivery.id).name, listed)


def refuse_broken(desk: Desk, path: Path, asked: Terms, error: Exception) -> Receipt:
    """Record a file whose taking in broke off; only the error's kind is kept, for its text may quote data."""
    kind = type(error).__name__
    said = Invalid(
        zh=f"处理时发生内部错误（{kind}），本文件未入库，其余文件照常；请运行 lowincome doctor 后重试",
        en=f"error {kind}: nothing of this file was taken, others go on; run lowincome doctor, then retry",
    )
    return _refuse(desk, None, path.name, asked, said)


def _refuse(desk: Desk, arrival: Arrival | None, name: str, terms: Terms, error: Refused) -> Receipt:
    """Record a refusal once: the same file refused again on the same day adds nothing; no day is ahead of today."""
    feed = terms.feed or by_name(desk.feeds, name) or UNKNOWN_FEED
    feed = feed if feed in desk.feeds else UNKNOWN_FEED
    digest = arrival.sha256 if arrival else ""
    problem, day = refusal(error), min(terms.received_on, today())
    with database.transaction(desk.service.engine) as session:
        take_turn(session)
        delivery = _refused_before(session, feed, digest, day, problem)
        if delivery is None:
            delivery = Delivery(
                feed=feed,
                file_name=safe_name(name, feed),
                sha256=digest,
                received_on=day,
                mode=terms.mode if terms.mode in MODES else (desk.feeds[feed].mode if feed in desk.feeds else "append"),
                status="refused",
                problems=[problem.as_json()],
            )
            session.add(delivery)
            session.flush()
            audit.record(
                session,
                by="system",
                action="delivery.refused",
                subject=f"delivery/{delivery.id}",
                detail={"feed": feed, "why": error.en},
            )
    return receipt_of(delivery, problems=(problem,))


def _refused_before(session: Session, feed: str, digest: str, day: date, problem: Problem) -> Delivery | None:
    query = select(Delivery).where(
        Delivery.feed == feed, Delivery.sha256 == digest, Delivery.received_on == day, Delivery.status == "refused"
    )
    same = json.dumps([problem.as_json()], sort_keys=True)
    return next((one for one in session.scalars(query) if json.dumps(one.problems, sort_keys=True) == same), None)
