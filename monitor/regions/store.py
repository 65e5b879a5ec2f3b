"""The tree in the operational database: what ships with the service, and what an installation adds."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from monitor.regions.files import OFFICIAL, Place, official
from monitor.regions.tree import Tree
from monitor.tables import Region, Table


def load_regions(session: Session, places: Iterable[Place] = ()) -> int:
    """Store the official codes and ``places``, and return how many entries were new.

    Loading the same again changes nothing; an entry with the same code, scheme and first day replaces
    the stored one. Each official code gets its path, the codes that manage it from the province down; what lies
    in a town or village that came under another is moved there in the same transaction.
    """
    stored = {tuple(row) for row in session.execute(select(Region.code, Region.scheme, Region.valid_from))}
    latest = {(place.code, place.scheme, place.valid_from): place for place in (*official(), *places)}
    for place in latest.values():
        session.merge(
            Region(
                code=place.code,
                scheme=place.scheme,
                valid_from=place.valid_from,
                valid_to=place.valid_to,
                name=place.name,
                parent=place.parent,
                level=place.level,
                successor=place.successor,
            )
        )
    session.flush()
    _lay_paths(session)
    return len(latest.keys() - stored)


def read_tree(session: Session) -> Tree:
    """Return the tree of this installation; where it says nothing, the codes that ship with the service."""
    stored = [
        Place(row.code, row.name, row.scheme, row.valid_from, row.valid_to, row.successor, under=_under(row))
        for row in session.scalars(select(Region))
    ]
    taken = {(place.code, place.scheme, place.valid_from) for place in stored}
    shipped = [place for place in official() if (place.code, place.scheme, place.valid_from) not in taken]
    return Tree([*shipped, *stored])


def _under(row: Region) -> str | None:
    digits = Place(row.code, row.name).prefix
    return row.parent if row.parent != digits else None


def _lay_paths(session: Session) -> None:
    tree = read_tree(session)
    for row in session.scalars(select(Region).where(Region.scheme == OFFICIAL)):
        line = tree.lineage(row.code, row.valid_from if row.valid_to else date.max)
        path = "".join(f"/{code}" for code in reversed(line)) + "/"
        by_digits = "".join(f"/{row.code[:end]}" for end in (2, 4, 6, 9, 12) if end <= len(row.code)) + "/"
        if path != (row.path or by_digits) and row.valid_to is None:
            _move(session, line)
        row.path = path


def _move(session: Session, line: list[str]) -> None:
    """Give what lies in a town or a village the levels that now stand above it."""
    levels = {len(code): code for code in line}
    below = {9: "town", 12: "village"}.get(len(line[0]))
    if below is None:
        return
    above = {"county": levels.get(6, line[-1].ljust(6, "0")), "town": levels.get(9)}
    for mapper in Table.registry.mappers:
        columns = mapper.columns
        if {"county", "town", "village"} <= set(columns.keys()):
            session.execute(update(mapper.class_).where(columns[below] == line[0]).values(above))
