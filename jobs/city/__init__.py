"""A made-up city with known truth: households, what happens to them, and what thirty-one agencies tell of it.

Everything follows from the seed. The people are invented and cannot be anybody: their ID numbers carry address
codes that were never issued and their phone numbers a prefix that no operator has (``identities``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobs.city import belongings, home, incidents, people, places
from jobs.city import life as living
from jobs.city.agency import Agency
from jobs.city.plan import FORMATS, WARM_UP, Flags, Ints, Plan
from jobs.city.sources import SOURCES
from jobs.city.truth import Ledger, Truth
from jobs.city.world import World, begin_aid, benefits, decide
from monitor.policy.feed_pages import FeedPage

REGIONS = "regions.csv"
Progress = Callable[[int, int], None]
EachMonth = Callable[[World], Ints]


@dataclass(frozen=True)
class Made:
    """Where a city was written, and how many rows its agencies sent."""

    deliveries: Path
    regions: Path
    truth: Truth
    rows: Mapping[str, int]


def generate(
    root: Path,
    plan: Plan,
    *,
    pages: Mapping[str, FeedPage],
    facts: bool = True,
    progress: Progress | None = None,
    each_month: EachMonth | None = None,
) -> Made:
    """Write a city below ``root``: ``deliveries/<day>/<feed>.<ext>``, ``regions.csv`` and ``truth/``.

    ``pages`` give the header words that agencies may use. With ``facts`` the truth also keeps every clean row
    of the contract's feeds, from which rules can be judged again. ``progress`` is told (months done, months).
    ``each_month`` is called when a month's files are written and returns the households whose need was confirmed.
    """
    city = people.build(plan)
    places.write(city.places, _made(root) / REGIONS)
    ledger = Ledger(root / "truth", facts)
    world = settle(city, plan)
    agencies = {source.feed: _agency(world, source.feed, pages) for source in SOURCES}
    _deliver(world, agencies, root / "deliveries", ledger)
    for done in range(plan.months):
        living.step(world.life)
        decide(world)
        ledger.month(world.life, world.aid.category)
        _deliver(world, agencies, root / "deliveries", ledger)
        if each_month:
            world.brought = each_month(world)
        if progress:
            progress(done + 1, plan.months)
    ledger.people(city, world.life.died_on)
    ledger.hardship(world.linked, city)
    ledger.close()
    return Made(root / "deliveries", root / REGIONS, Truth(root / "truth"), dict(ledger.rows))


def _made(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    return root


def settle(city: people.City, plan: Plan) -> World:
    """Live the year before the first delivery and let the offices decide whom they help."""
    life = living.begin(city)
    for _ in range(WARM_UP):
        living.step(life)
    aid = begin_aid(life)
    linked = _linked(city, plan)
    world = World(life, aid, belongings.build(life, aid.category), linked, ~linked & False)
    life.benefit = benefits(world)
    return world


def _linked(city: people.City, plan: Plan) -> Flags:
    """Whose medical records reach the service: each person alone, or all of a household together."""
    chance, unlinked = plan.chance("linked"), plan.hardship.unlinked
    if plan.hardship.together:
        told: Flags = (chance.random(len(city.households)) > unlinked)[city.people.household]
        return told
    return np.asarray(chance.random(len(city.people)) > unlinked)


def _agency(world: World, feed: str, pages: Mapping[str, FeedPage]) -> Agency:
    page = pages[feed]
    headers = {column.name: column.headers for column in page.columns.values()}
    return Agency(world.city, feed, headers, lambda person: home.addresses(world, person), page.nil_return)


def _deliver(world: World, agencies: Mapping[str, Agency], root: Path, ledger: Ledger) -> None:
    """Write what the month gives rise to, as far as it arrives in time; before the first month, the register only."""
    for source in SOURCES:
        on = source.arrives(world.life)
        early = world.life.index < 0 and source.feed != "household_register"
        if early or on > world.plan.until or incidents.stops_arriving(world.plan, source.feed, world.life.index):
            continue
        rows = source.emit(world)
        if rows is None:
            continue
        agency = agencies[source.feed]
        rows = agency.prepare(source, rows, world.chance(f"prepare {source.feed} {source.after}"))
        post = incidents.Post(world, agency, source, root, ledger, on)
        if len(rows):
            incidents.send(post, rows)
        elif agency.nil_return:
            incidents.send_nothing(post, rows)


__all__ = ["FORMATS", "REGIONS", "Made", "Plan", "Truth", "generate"]
