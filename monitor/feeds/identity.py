"""Whose row is it: whole ID numbers by equality, damaged ones by repair, the rest counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy.orm import Session

from monitor.feeds.agreed import REGISTER
from monitor.feeds.checking import Checked
from monitor.feeds.problems import shape
from monitor.matching import ids
from monitor.matching.exact import NO_PERSON, Index, blind_indexes, registered
from monitor.matching.ids import Kind
from monitor.matching.repair import Claim, Repairs, repair
from monitor.privacy import Keyring

People = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.int8]
FAULTS = {Kind.PRECISION_LOST: "precision_lost", Kind.INVALID: "id_invalid", Kind.DAMAGED: "id_damaged"}
UNLIKELY = (Kind.INVALID, Kind.DAMAGED)
SETTLED = Kind.RESIDENT


@dataclass(frozen=True)
class Identified:
    """For each whole row its person (``NO_PERSON``: not in the register), and why where it is not plain.

    ``unsure`` rows may belong to one of a few people; a worker must say.
    """

    people: People
    repaired: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    unsure: Mapping[int, list[dict[str, Any]]] = field(default_factory=dict)


def identify(session: Session, keyring: Keyring, index: Index, checked: Checked) -> Identified:
    """Return whose each row is, and note every row whose ID number cannot be used.

    A number that fails its check digit belongs to a member registered under the very same string, or to the
    one whom name and birth date bear out. The register's own numbers are noted, and nobody is looked for.
    """
    column = checked.id_column
    if column is None:
        return Identified(np.full(checked.whole, NO_PERSON, dtype=np.int64))
    cells = checked.cells[column]
    if checked.page.name == REGISTER:
        kinds = checked.numbers.kinds
        checked.faults.note(column, "id_unlikely", np.flatnonzero(np.isin(kinds, UNLIKELY)))
        _record(checked, column, np.where(np.isin(kinds, UNLIKELY), np.int8(SETTLED), kinds))
        return Identified(np.full(checked.whole, NO_PERSON, dtype=np.int64))
    matched = index.match_read(session, checked.numbers)
    people, kinds = matched.people, matched.numbers.kinds.copy()
    _same_string(session, keyring, cells, kinds, people)
    repairs = _repairs(session, keyring, index, checked, np.flatnonzero(kinds == Kind.DAMAGED))
    for row, found in repairs.repaired.items():
        people[row], kinds[row] = found.person, SETTLED
    _record(checked, column, kinds)
    unsure = {
        row: [{"person": one.person, "evidence": dict(one.evidence)} for one in several]
        for row, several in repairs.unsure.items()
    }
    return Identified(people, {row: dict(one.evidence) for row, one in repairs.repaired.items()}, unsure)


def registered_people(session: Session, keyring: Keyring, index: Index, cells: pa.Array) -> People:
    """Return whom the register has under each of these numbers: whole, or the very same odd string."""
    matched = index.match(session, cells)
    people = matched.people.copy()
    _same_string(session, keyring, cells, matched.numbers.kinds.copy(), people)
    return people


def _record(checked: Checked, column: str, kinds: Kinds) -> None:
    cells = checked.cells[column]
    for kind, code in FAULTS.items():
        rows = np.flatnonzero(kinds == kind)
        checked.faults.error(column, code, rows, tuple(map(shape, cells.take(pa.array(rows)).to_pylist())))
    if checked.page.columns[column].required or column in checked.page.key:
        checked.faults.error(column, "missing", np.flatnonzero(kinds == Kind.MISSING))


def _same_string(session: Session, keyring: Keyring, cells: pa.Array, kinds: Kinds, people: People) -> None:
    """Settle the rows whose odd number stands in the register exactly so."""
    rows = np.flatnonzero(np.isin(kinds, UNLIKELY))
    texts = [ids.clean(text) for text in cells.take(pa.array(rows)).to_pylist()]
    digests = dict(zip(texts, blind_indexes(keyring, texts), strict=True))
    known = registered(session, sorted(set(digests.values())))
    for row, text in zip(rows.tolist(), texts, strict=True):
        if digests[text] in known:
            people[row], kinds[row] = known[digests[text]], SETTLED


def _repairs(session: Session, keyring: Keyring, index: Index, checked: Checked, rows: People) -> Repairs:
    usable = checked.usable()
    rows = rows[usable[rows]]
    if not len(rows) or checked.mode == "withdraw":
        return Repairs()
    cells, column = checked.cells, str(checked.id_column)
    names = next((cells[each] for each in cells if checked.page.columns[each].type == "name"), None)
    if names is None:
        return Repairs()
    said = [one.take(pa.array(rows)).to_pylist() for one in (cells[column], names, _births(checked))]
    told = zip(rows.tolist(), *said, strict=True)
    return repair(session, keyring, index, [Claim(row, text, name, born) for row, text, name, born in told if name])


def _births(checked: Checked) -> pa.Array:
    return checked.values.get("birth_on", pa.nulls(checked.whole, pa.date32()))
