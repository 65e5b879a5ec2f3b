"""Numbers that fail their check digit: given back to their person only when name and birth date bear it out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

import pyarrow as pa
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching import ids, numbers
from monitor.matching.exact import NO_PERSON, Index, blind_indexes
from monitor.matching.ids import Candidate
from monitor.matching.names import Agreement, agreement, fold
from monitor.privacy import Keyring
from monitor.tables import Link, Person

ABOUT_NAME = "people.name"
_READ_AT_ONCE = 500


@dataclass(frozen=True)
class Claim:
    """A row whose number is damaged: what it says of its person. ``birth_on`` only if the feed has the column."""

    row: int
    written: str
    name: str | None
    birth_on: date | None = None


@dataclass(frozen=True)
class Found:
    """A person whom a damaged number may mean, and what speaks for it; ``sure`` if name and birth date do."""

    person: int
    sure: bool
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Repairs:
    """What became of the claims: given to one person, or left to a worker with the persons it may be."""

    repaired: Mapping[int, Found] = field(default_factory=dict)
    unsure: Mapping[int, Sequence[Found]] = field(default_factory=dict)


def repair(session: Session, keyring: Keyring, index: Index, claims: Sequence[Claim]) -> Repairs:
    """Return whom each claim belongs to.

    A claim is repaired only if exactly one person of the register is one slip away, has the same name and
    the same birth date; the birth date is the row's own or, if the slip lies elsewhere, the number's. Other
    persons one slip away whose name agrees at all are left to a worker. A repair once undone is not made
    again. Rows that are in neither answer are nobody's.
    """
    hits = _hits(session, index, claims)
    known = _people(session, keyring, {person for *_, person in hits})
    refuted = _undone(session)
    weighed = [(claim, _weigh(claim, slip, person, known[person])) for claim, slip, person in hits]
    told = [(claim, one) for claim, one in weighed if one is not None]
    found: defaultdict[int, list[Found]] = defaultdict(list)
    for (claim, one), token in zip(told, claim_tokens(keyring, [claim for claim, _ in told]), strict=True):
        if (token, one.person) not in refuted:
            found[claim.row].append(Found(one.person, one.sure, {**one.evidence, "claim": token}))
    return _decide(found)


def _hits(session: Session, index: Index, claims: Sequence[Claim]) -> list[tuple[Claim, Candidate, int]]:
    """Return who is one slip away, claim by claim. Of a complete index all is asked by the column, without a text."""
    texts = [ids.clean(claim.written) for claim in claims]
    rest, found = list(range(len(texts))), []
    if index.complete and claims:
        near = numbers.near(texts)
        people, rest = index.find(session, near.keys), near.unsought.tolist()
        met = people != NO_PERSON
        sides = (side[met].tolist() for side in (near.texts, near.keys, near.slips, people))
        found = [(at, _slip(key, slip), person) for at, key, slip, person in zip(*sides, strict=True)]
    slips = [(at, slip) for at in rest for slip in ids.candidates(texts[at])]
    asked = numbers.normalise(pa.array([slip.number for _, slip in slips], pa.string())).keys
    known = index.find(session, asked).tolist()
    found += [(*slip, person) for slip, person in zip(slips, known, strict=True) if person != NO_PERSON]
    found.sort(key=itemgetter(0))
    return [(claims[at], slip, person) for at, slip, person in found if ids.birth_on(slip.number)]


def _slip(key: int, slip: int) -> Candidate:
    swapped = slip - numbers.SIGNS
    told = ("digit", (slip,)) if swapped < 0 else ("swap", (swapped, swapped + 1))
    return Candidate(numbers.text_of(key), *told)


def claim_tokens(keyring: Keyring, claims: Iterable[Claim]) -> Iterator[str]:
    """Yield a keyed digest of number and name as written: the same mistake is recognised, and not readable."""
    written = (f"claim|{ids.clean(claim.written)}|{fold(claim.name)}" for claim in claims)
    return (digest.hex() for digest in blind_indexes(keyring, written))


def _decide(found: Mapping[int, list[Found]]) -> Repairs:
    repaired, unsure = {}, {}
    for row, several in found.items():
        sure = [each for each in several if each.sure]
        if len(sure) == 1:
            repaired[row] = sure[0]
        else:
            unsure[row] = several
    return Repairs(repaired, unsure)


def _weigh(claim: Claim, slip: Candidate, person: int, known: tuple[str | None, date | None]) -> Found | None:
    name, birth_on = known
    names = agreement(claim.name, name)
    if names is Agreement.DIFFERENT:
        return None
    registered = birth_on or ids.birth_on(slip.number)
    told, source = (claim.birth_on, "column") if claim.birth_on else (None, "none")
    if told is None and slip.keeps_birth:
        told, source = ids.birth_on(slip.number), "number"
    agrees = told is not None and told == registered
    evidence = {
        "slip": slip.slip,
        "places": [place + 1 for place in slip.places],
        "name": names.name.lower(),
        "birth": source if agrees else "unconfirmed" if told is None else "different",
    }
    return Found(person, agrees and names is Agreement.EQUAL, evidence)


def _people(session: Session, keyring: Keyring, wanted: Iterable[int]) -> dict[int, tuple[str | None, date | None]]:
    people, listed = sorted(wanted), database.takes_lists(session)
    known: dict[int, tuple[str | None, date | None]] = {}
    for start in range(0, len(people), _READ_AT_ONCE):
        some = people[start : start + _READ_AT_ONCE]
        found = database.run(session, _described, listed, values={"people": some})
        names = keyring.decrypt_optional([row.name for row in found], about=ABOUT_NAME)
        known.update((row.id, (name, row.birth_on)) for row, name in zip(found, names, strict=True))
    return known


def _described(listed: bool) -> Select[*tuple[Any, ...]]:
    told = database.among_named(Person.id, "people", listed=listed)
    return select(Person.id, Person.name, Person.birth_on).where(told)


def _undone(session: Session) -> set[tuple[str, int]]:
    rows = database.run(session, _refuted, values={})
    return {(evidence.get("claim", ""), person) for evidence, person in rows}


def _refuted() -> Select[*tuple[Any, ...]]:
    return select(Link.evidence, Link.person_id).where(Link.status == "undone")
