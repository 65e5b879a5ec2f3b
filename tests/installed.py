"""An installation that received deliveries: the lake as the feeds would lay it, and the register beside it."""

from collections.abc import Iterable
from datetime import date

from oracle import Delivery
from world_lake import WorldLake

from monitor import database, policy
from monitor.lake import Lake
from monitor.service import Service
from monitor.tables import Household, Member, Person
from monitor.tables import Delivery as DeliveryRow


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


def _delivery(ref: object) -> DeliveryRow:
    seq, feed, mode, known_on = (getattr(ref, name) for name in ("seq", "feed", "mode", "known_on"))
    return DeliveryRow(
        seq=seq, feed=feed, mode=mode, known_on=known_on, received_on=known_on, status="committed", file_name=feed,
        sha256=f"{seq:064}", facts=int(getattr(ref, "has_facts")), gone=int(getattr(ref, "has_gone")),
    )  # fmt: skip
