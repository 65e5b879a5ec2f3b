"""An installation that received deliveries: the lake as the feeds would lay it, and the register beside it."""

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from oracle import Delivery
from world_lake import WorldLake

from monitor import database, policy
from monitor.lake import DeliveryRef, Lake
from monitor.service import Service
from monitor.tables import Delivery as DeliveryRow
from monitor.tables import Household, Member, Person


def small_pack(root: Path, rules: Iterable[str]) -> Path:
    """Copy of the real pack only what ``rules`` need, pages unchanged: quick to read and to compute."""
    pack = policy.read_pack()
    wanted, feeds = {name for rule in rules for name in pack.rules[rule].needs}, {"household_register", "deaths"}
    while more := {n for name in wanted & set(pack.indicators) for n in pack.indicators[name].names} - wanted:
        wanted |= more
    feeds |= {str(pack.indicators[name].feed) for name in wanted & set(pack.indicators) if pack.indicators[name].feed}
    parameters = {name for rule in rules for name in pack.rules[rule].parameters}
    parameters |= {name for page in pack.scores.values() for name in (page.most, page.least) if name}
    pages = [f"feeds/{feed}.yaml" for feed in feeds] + [f"rules/{rule}.yaml" for rule in rules]
    pages += [f"indicators/{name}.yaml" for name in wanted & set(pack.indicators)]
    pages += [f"parameters/{name.replace('.', '/')}.yaml" for name in parameters]
    pages += [f"scores/{score}.yaml" for score in pack.scores]
    pages += [f"calendar/{path.name}" for path in (policy.HERE / "calendar").iterdir()]
    for page in pages:
        (root / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(policy.HERE / page, root / page)
    return root


def receive(service: Service, deliveries: Iterable[Delivery]) -> WorldLake:
    """Lay ``deliveries`` into an empty installation, committed, with everybody of the registers known."""
    world = WorldLake(Lake(service.lake), policy.read_pack().feeds)
    return receive_more(service, world, deliveries)


def receive_more(service: Service, world: WorldLake, deliveries: Iterable[Delivery]) -> WorldLake:
    """Lay further ``deliveries`` on top of those that ``world`` holds."""
    people, households, before = set(world.people), set(world.households), len(world.manifest)
    received = list(deliveries)
    world.extend(received)
    with database.transaction(service.engine) as session:
        session.add_all(
            Person(id=key, sex="1", name=service.keyring.encrypt("张三", about="people.name"))
            for number, key in world.people.items()
            if number not in people
        )
        rows = {row["household_id"]: row for d in received if d.feed == "household_register" for row in d.rows}
        session.add_all(
            Household(
                id=key, household_no=number, category=rows[number]["category"], region=rows[number]["region"],
                county=rows[number]["region"][:6], town=rows[number]["region"][:9], village=rows[number]["region"],
            )
            for number, key in world.households.items()
            if number not in households
        )  # fmt: skip
        session.flush()
        session.add_all(_members(world, received, households))
        session.add_all(_delivery(ref) for ref in world.manifest[before:])
    return world


def _members(world: WorldLake, received: list[Delivery], known: set[str]) -> Iterable[Member]:
    for delivery in received:
        for row in delivery.rows if delivery.feed == "household_register" else []:
            if row["household_id"] not in known:
                yield Member(
                    household_id=world.households[row["household_id"]], person_id=world.people[row["id_no"]],
                    relation=row["relation"], from_on=date(2020, 1, 1),
                )  # fmt: skip


def _delivery(ref: DeliveryRef) -> DeliveryRow:
    return DeliveryRow(
        seq=ref.seq, feed=ref.feed, mode=ref.mode, known_on=ref.known_on, received_on=ref.known_on, status="committed",
        file_name=ref.feed, sha256=f"{ref.seq:064}", facts=int(ref.has_facts), gone=int(ref.has_gone),
    )  # fmt: skip
