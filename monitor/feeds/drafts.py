"""A delivery between arrival and decision: everything known of it before anything is stored."""

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitor.feeds.agreed import Feeds
from monitor.feeds.checking import Checked
from monitor.feeds.enrolling import Met
from monitor.feeds.facts import Keyed
from monitor.feeds.files import Arrival, safe_name
from monitor.feeds.identity import Identified
from monitor.feeds.problems import Problem
from monitor.feeds.residence import Residence
from monitor.lake import Lake
from monitor.matching.exact import Index
from monitor.matching.suggesting import Registered
from monitor.matching.veiled import Heard
from monitor.regions import Tree
from monitor.service import Service
from monitor.tables import Delivery


@dataclass
class Desk:
    """What one run of taking in works with.

    ``index`` is what it has learned of whose number is whose, ``neighbours`` who lives in the counties that were
    asked for together, ``heard`` what the register said of people, as codes, ``residence`` who lives in which county
    since the run itself took a register in.
    """

    service: Service
    feeds: Feeds
    lake: Lake
    tree: Tree
    index: Index
    neighbours: dict[tuple[str, ...], Registered] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    residence: Residence | None = None

    def learn(self, met: Met, residence: Residence | None) -> None:
        """Learn from the register just committed whose number is whose: who was unknown may be known now."""
        if not self.index.complete:
            self.index = Index(self.service.keyring)
        self.index.add_keys(met.keys, met.people)
        self.index.add(list(met.others), list(met.others.values()))
        self.heard.learn(met.heard)
        self.neighbours.clear()
        self.residence = residence


@dataclass(frozen=True)
class Terms:
    """How a file is to be taken: what the caller, its manifest, its name and its folder say, in that order.

    ``lying``: it lies in a drop folder, whose files are met again at every reading of the folder. ``sha256``: the
    digest that its sender wrote beside it.
    """

    received_on: date
    feed: str | None = None
    mode: str | None = None
    force: str | None = None
    vouched: bool = False
    rows: int | None = None
    restated: bool = False
    lying: bool = False
    sha256: str | None = None


@dataclass(frozen=True)
class Decision:
    """A person's word on a held delivery."""

    by: str
    why: str
    on: date
    delivery_id: uuid.UUID


@dataclass(frozen=True)
class Draft:
    """A delivery read, checked and identified; ``confirmed_by`` somebody here, when it is no agency's.

    ``known`` are its rows that have a key. Those of the register have one only once its people are stored.
    """

    arrival: Arrival
    terms: Terms
    checked: Checked
    identified: Identified
    profile: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    confirmed_by: str | None = None
    known: Keyed | None = None

    @property
    def feed(self) -> str:
        return self.checked.page.name

    def as_delivery(self, *, status: str) -> Delivery:
        """Return a new row for the operational database, without numbers of order."""
        return Delivery(
            id=uuid.uuid4(),
            feed=self.feed,
            file_name=safe_name(self.arrival.name, self.feed),
            sha256=self.arrival.sha256,
            received_on=self.terms.received_on,
            mode=self.checked.mode,
            status=status,
            correction=self.confirmed_by is not None,
        )
