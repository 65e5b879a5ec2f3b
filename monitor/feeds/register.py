"""The register itself arrives: people, households and who belongs to whom, in the delivery's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds import enrolling, memberships
from monitor.feeds.bulk import add_rows, advance_ids, change_rows, indexed_after, next_id
from monitor.feeds.checking import Checked
from monitor.feeds.drafts import Desk
from monitor.feeds.enrolling import NOBODY, Enrolled, Met
from monitor.feeds.residence import Residence
from monitor.feeds.sparing import Spared
from monitor.regions import Tree
from monitor.tables import Household

HEAD = "02"
_BEYOND = 1 << 62  # more than any key
Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Registered:
    """For each whole row of the register its person and its household; ``NOBODY`` for rows with an error."""

    people: Keys
    households: Keys
    birth_on: pa.Array
    met: Met
    residence: Residence | None


@database.many_rows()
def register(session: Session, desk: Desk, checked: Checked, lasting: Spared, *, known_on: date) -> Registered:
    """Bring people, households and memberships to what the delivery says, from ``known_on`` on.

    A full one ends the memberships that it does not name, but for ``lasting`` ones; an append adds and changes;
    a withdrawal ends those it names. Somebody once registered stays known: facts may still arrive.
    """
    usable = np.flatnonzero(checked.usable())
    residence = None
    enrolled = enrolling.enrol(session, desk.service.keyring, desk.index, checked, usable)
    lines = _lines(checked, usable, enrolled)
    if checked.mode == "withdraw":
        keys = _known_households(session, lines)[lines.homes]
        keys[lines.people == NOBODY] = NOBODY
        found = _pairs(lines, keys).take(keys != NOBODY)
        memberships.end(session, found, until_on=known_on)
    else:
        full = checked.mode == "full"
        homes = _households(session, lines, desk.tree, known_on)
        keys = homes.keys[lines.homes]
        told, lasting_ones = _pairs(lines, keys), lasting if full else None
        at_home, members = memberships.bring(session, told, known_on=known_on, lasting=lasting_ones)
        residence = Residence.of(members, homes.counties_of(at_home))
        if full:
            _strike_off(session, homes, at_home)
    people, households = (np.full(checked.whole, NOBODY, dtype=np.int64) for _ in range(2))
    told = keys != NOBODY
    people[lines.rows[told]], households[lines.rows[told]] = lines.people[told], keys[told]
    return Registered(people, households, enrolled.birth_on, enrolled.met, residence)


@dataclass(frozen=True)
class Homes:
    """The key of each household of the file, then of all others (``rest``), and the county of each of them all.

    ``registered`` says which of the others are.
    """

    keys: Keys
    rest: Keys
    registered: npt.NDArray[np.bool_]
    counties: pa.Array

    def counties_of(self, households: Keys) -> pa.Array:
        """Return the county of each of ``households``, all of which are known."""
        every = np.concatenate([self.keys, self.rest])
        places = np.empty(every.max(initial=NOBODY) + 1, np.int64)
        places[every] = np.arange(len(every))
        return self.counties.take(pa.array(places[households]))


@dataclass(frozen=True)
class Lines:
    """The usable rows: the person of each, and ``homes``, the place of its household in ``numbers``.

    ``heads`` is for each household the line that speaks for it: its head's, or the smallest person key's.
    """

    checked: Checked
    rows: Keys
    people: Keys
    numbers: pa.Array
    homes: Keys
    heads: Keys

    def said(self, column: str) -> pa.Array:
        """Return what the heads' lines say in a column."""
        found = self.checked.values.get(column)
        return pa.nulls(len(self.heads), pa.string()) if found is None else found.take(pa.array(self.rows[self.heads]))


def _lines(checked: Checked, usable: Keys, enrolled: Enrolled) -> Lines:
    encoded = checked.values["household_id"].take(pa.array(usable)).dictionary_encode()
    homes = encoded.indices.to_numpy().astype(np.int64)
    people, relations = enrolled.people[usable], checked.values.get("relation")
    other = np.ones(len(usable), dtype=np.bool_)
    if relations is not None:
        other = ~pc.fill_null(pc.equal(relations.take(pa.array(usable)), HEAD), False).to_numpy(zero_copy_only=False)
    heads = _heads(people, other, homes, len(encoded.dictionary))
    return Lines(checked, usable, people, encoded.dictionary, homes, heads)


def _heads(people: Keys, other: npt.NDArray[np.bool_], homes: Keys, many: int) -> Keys:
    """Return of each of ``many`` homes its first line with the smallest person key, a head's before all ``other``."""
    standing = np.where(other, people + _BEYOND, people)
    first = np.full(many, np.iinfo(np.int64).max)
    np.minimum.at(first, homes, standing)
    speak, found = np.flatnonzero(standing == first[homes])[::-1], np.empty(many, np.int64)
    found[homes[speak]] = speak
    return found


def _pairs(lines: Lines, keys: Keys) -> memberships.Pairs:
    relations = lines.checked.values.get("relation")
    told = pa.nulls(len(keys), pa.string()) if relations is None else relations.take(pa.array(lines.rows))
    return memberships.Pairs(keys, lines.people, told.cast(pa.string()))


def _places(lines: Lines, numbers: pa.Array) -> Keys:
    """Return where each household of the file stands in ``numbers``; -1 for one that does not."""
    found = pc.index_in(lines.numbers, value_set=numbers.cast(lines.numbers.type))
    places: Keys = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return places


def _known_households(session: Session, lines: Lines) -> Keys:
    """Return the key of each household of the file; ``NOBODY`` for one that the register does not know."""
    ids, numbers = database.arrow_columns(session, select(Household.id, Household.household_no))
    found: Keys = np.append(ids.to_numpy(), NOBODY)[_places(lines, numbers)]
    return found


def _households(session: Session, lines: Lines, tree: Tree, on: date) -> Homes:
    """Add new households, change those that differ; return the keys of all."""
    said = _said(lines, tree, on)
    query = select(
        Household.id, Household.household_no, Household.registered, *(getattr(Household, name) for name in said)
    )
    known_keys, numbers, standing, *before = database.arrow_columns(session, query)
    ids, registered = known_keys.to_numpy(), standing.to_numpy(zero_copy_only=False)
    places = _places(lines, numbers)
    known, new = np.flatnonzero(places >= 0), _by_place(said["region"], np.flatnonzero(places < 0))
    there, keys = places[known], np.empty(len(places), np.int64)
    keys[known], keys[new] = ids[there], next_id(session, Household) + np.arange(len(new))
    _add(session, lines, said, keys, new)
    differ = ~registered[there]
    for column, old in zip(said.values(), before, strict=True):
        differ |= memberships.differ(column.take(pa.array(known)), old.take(pa.array(there)))
    change_rows(session, Household, [_changed(said, keys, at) for at in known[differ].tolist()])
    rest = np.delete(np.arange(len(ids)), there)
    where = before[list(said).index("county")]
    counties = pa.concat_arrays([said["county"], where.take(pa.array(rest))])
    return Homes(keys, ids[rest], registered[rest], counties)


def _strike_off(session: Session, homes: Homes, with_members: Keys) -> None:
    """Strike off the households that have no member any more; those of the file have some."""
    standing = homes.rest[homes.registered]
    gone = standing[~np.isin(standing, with_members)]
    change_rows(session, Household, [{"id": key, "registered": False} for key in gone.tolist()])


def _by_place(regions: pa.Array, new: Keys) -> Keys:
    """Neighbours are numbered side by side, so a county's households lie in one stretch of keys."""
    order: Keys = pc.sort_indices(pc.fill_null(regions.take(pa.array(new)), "")).to_numpy()
    return new[order]


def _said(lines: Lines, tree: Tree, on: date) -> dict[str, pa.Array]:
    """Return each household's columns as its head's line has them, places as they stand on the day."""
    placed = tree.canonical(lines.said("region"), on)
    columns = {"category": lines.said("category"), "region": placed.region}
    columns |= {"county": placed.county, "town": placed.town, "village": placed.village}
    return {name: column.cast(pa.string()) for name, column in columns.items()}


def _add(session: Session, lines: Lines, said: Mapping[str, pa.Array], keys: Keys, new: Keys) -> None:
    at = pa.array(new)
    columns = {"id": keys[new].tolist(), "household_no": lines.numbers.take(at).to_pylist()}
    columns |= {name: column.take(at).to_pylist() for name, column in said.items()}
    with indexed_after(session, Household, len(new)):
        add_rows(session, Household, columns | {"registered": [True] * len(new)})
    advance_ids(session, Household)


def _changed(said: Mapping[str, pa.Array], keys: Keys, at: int) -> dict[str, object]:
    return {"id": int(keys[at]), **{name: column[at].as_py() for name, column in said.items()}, "registered": True}
