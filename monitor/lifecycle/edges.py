"""What a state machine is made of: states in two languages, edges that say who, from where, under what guard."""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from monitor.tables import Alert, Case

NEW = ""
SAME = "as it stands"
BEFORE = "as before"
MACHINE = "machine"
DEPARTMENT = "department"
STAFF = frozenset({"village", "township", "county", "city"})
TOWNSHIP = STAFF - {"village"}
COUNTY = TOWNSHIP - {"township"}
Subject = Alert | Case


@dataclass(frozen=True)
class Ask:
    """What a guard is asked: may ``subject`` go, ``values`` to set, by ``worker`` (None: a machine), ``on`` a day."""

    session: Session
    subject: Any
    values: Mapping[str, Any]
    worker: uuid.UUID | None
    on: date


Guard = Callable[[Ask], Mapping[str, Any]]


@dataclass(frozen=True)
class Edge:
    """One way from some states to others.

    ``moves`` leads from each state to the next; ``SAME`` stays, ``BEFORE`` goes where the guard says. ``sets`` are the
    columns that the actor may set with it; the guard refuses, or returns further columns.
    """

    zh: str
    en: str
    kind: str
    moves: Mapping[str, str]
    desks: frozenset[str]
    needs_why: bool = False
    codes: frozenset[str] = frozenset()
    sets: tuple[str, ...] = ()
    guard: Guard | None = None
    outside: bool = False
    undoable: bool = False
    name: str = ""


@dataclass(frozen=True)
class Machine:
    """All states and all edges of one kind of thing; ``ends`` are the states in which it is over."""

    name: str
    states: Mapping[str, tuple[str, str]]
    ends: frozenset[str]
    edges: Mapping[str, Edge]

    def edge(self, name: str) -> Edge:
        """Return the edge of that name; asking for another is a fault of the program."""
        return self.edges[name]

    @property
    def living(self) -> tuple[str, ...]:
        """The states in which somebody still has something to do."""
        return tuple(state for state in self.states if state not in self.ends)


def to(target: str, *sources: str) -> dict[str, str]:
    """Return moves from each of ``sources`` to ``target``."""
    return dict.fromkeys(sources, target)


def named(edges: Mapping[str, Edge]) -> Mapping[str, Edge]:
    """Return ``edges`` each knowing its own name."""
    return {name: _with_name(edge, name) for name, edge in edges.items()}


def staying(states: Collection[str]) -> dict[str, str]:
    """Return moves that leave each of ``states`` as it stands."""
    return dict.fromkeys(states, SAME)


def _with_name(edge: Edge, name: str) -> Edge:
    return Edge(**{**{key: getattr(edge, key) for key in Edge.__dataclass_fields__}, "name": name})
