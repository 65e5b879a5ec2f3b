"""The tree in the operational database: what ships with the service, and what an installation adds."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.regions.files import Place, official
from monitor.regions.tree import Tree
from monitor.tables import Region


def load_regions(session: Session, places: Iterable[Place] = ()) -> int:
    """Store the official codes and ``places``, and return how many entries were new.

    Loading the same again changes nothing; an entry with the same code, scheme and first day replaces
    the stored one.
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
    return len(latest.keys() - stored)


def read_tree(session: Session) -> Tree:
    """Return the tree of this installation; where it says nothing, the codes that ship with the service."""
    stored = [
        Place(row.code, row.name, row.scheme, row.valid_from, row.valid_to, row.successor)
        for row in session.scalars(select(Region))
    ]
    taken = {(place.code, place.scheme, place.valid_from) for place in stored}
    shipped = [place for place in official() if (place.code, place.scheme, place.valid_from) not in taken]
    return Tree([*shipped, *stored])
