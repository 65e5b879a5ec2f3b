"""Rows that a person must look at: damaged numbers that may be somebody's, and records without a number."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from monitor.feeds.checking import Checked
from monitor.feeds.drafts import Desk, Draft
from monitor.matching import evidence, suggesting
from monitor.matching.exact import NO_PERSON
from monitor.matching.links import Doubt
from monitor.matching.suggesting import Registered

MAY_BE_FACTS = ("append", "full")


def doubts(desk: Desk, session: Session, draft: Draft) -> Iterator[Doubt]:
    """Yield each row for a worker, with the people whom it may be of, likeliest first.

    A feed that is matched by evidence has its rows without a person compared by name, phone and place with
    the people of the same counties; nothing is decided, and between two equals both are named.
    """
    checked = draft.checked
    if checked.mode not in MAY_BE_FACTS:
        return
    for row, candidates in draft.identified.unsure.items():
        yield Doubt(int(checked.row_no[row]), _as_written(checked, row), candidates)
    if checked.page.match == "evidence":
        yield from _suggested(desk, session, draft)


def _suggested(desk: Desk, session: Session, draft: Draft) -> Iterator[Doubt]:
    checked, on = draft.checked, draft.terms.received_on
    name, region = (_column(checked, kind) for kind in ("name", "region"))
    rows = np.flatnonzero(checked.usable() & (draft.identified.people == NO_PERSON))
    if name is None or region is None or not len(rows):
        return
    places = pa.array(rows)
    placed = desk.tree.canonical(region.take(places), on)
    phone = _column(checked, "phone")
    asked = evidence.records(
        name=name.take(places),
        county=placed.county,
        phone=None if phone is None else phone.take(places),
        town=placed.town,
        village=placed.village,
    )
    counties = pc.unique(placed.county).drop_null().to_pylist()
    if not counties:
        return
    register = registered(desk, session, counties)
    for at, suggestion in suggesting.suggest(session, desk.service.keyring, asked, register).items():
        row = int(rows[at])
        yield Doubt(int(checked.row_no[row]), _as_written(checked, row), suggestion.candidates)


def registered(desk: Desk, session: Session, counties: list[str]) -> Registered:
    """Return the people of ``counties``, read once for as long as the register does not change."""
    wanted = tuple(sorted(counties))
    if wanted not in desk.neighbours:
        parts = []
        for county in wanted:
            if (county,) not in desk.neighbours:
                desk.neighbours[(county,)] = suggesting.registered(session, desk.service.keyring, county, desk.heard)
            parts.append(desk.neighbours[(county,)])
        desk.neighbours[wanted] = suggesting.together(parts)
    return desk.neighbours[wanted]


def _column(checked: Checked, kind: str) -> pa.Array | None:
    found = (name for name in (*checked.cells, *checked.values) if checked.page.columns[name].type == kind)
    name = next(found, None)
    return None if name is None else checked.cells.get(name, checked.values.get(name))


def _as_written(checked: Checked, row: int) -> dict[str, str | None]:
    """The row's columns as text: what was read of plain ones, what was written of people's own data."""
    return {name: _text(column[row]) for name, column in checked.columns().items()}


def _text(cell: pa.Scalar) -> str | None:
    value = cell.as_py()
    return None if value is None else str(value)
