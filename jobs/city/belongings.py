"""What people own, and the registers of it: vehicles, real estate, businesses, deposits, houses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jobs.city.life import Life
from jobs.city.people import NEAR, padded
from jobs.city.plan import Days, Flags, Ints
from jobs.city.rows import Coded, Rows

if TYPE_CHECKING:
    from jobs.city.world import World

_NEVER = np.datetime64("NaT", "D")


@dataclass
class Goods:
    """One kind of property: its owner, when it was registered, when and how it ended."""

    person: Ints
    kind: Ints
    use: Ints
    size: np.ndarray
    registered_on: Days
    ended_on: Days
    ending: Ints

    def at(self, world: "World") -> tuple[Ints, Flags]:
        """Return the entries a register shows at the month's end, and which of them have ended."""
        end = (world.month + 1).astype("M8[D]")
        here = np.flatnonzero(self.registered_on < end)
        return here, self.ended_on[here] < end


@dataclass
class Estate:
    """All property of the city."""

    vehicles: Goods
    homes: Goods
    firms: Goods
    houses: Goods


def build(life: Life, category: Ints) -> Estate:
    """Give property to adults by their household's standing; the helped own little, yet some own too much."""
    people = life.city.people
    low = category[people.household] <= NEAR
    adult = np.flatnonzero((people.age >= 20) & (people.age <= 78))
    strong = np.clip(0.6 + 0.4 * people.ability[adult], 0.05, 2.0)
    cars = np.where(low[adult], 0.012, 0.115 * strong)
    firms = np.where(low[adult], 0.0022, 0.026 * strong)
    head = life.city.heads()
    units = np.where(category <= NEAR, 0.05, 0.15)
    return Estate(
        vehicles=_goods(life, "vehicles", adult, cars, 9),
        homes=_homes(life, head, units, category),
        firms=_goods(life, "firms", adult, firms, 8),
        houses=_goods(life, "houses", head, np.where(life.city.households.farm, 0.075, 0.012), 5),
    )


def _goods(life: Life, word: str, person: Ints, share: np.ndarray, years: int) -> Goods:
    chance = life.city.plan.chance("estate", word)
    person = person[chance.random(len(person)) < share]
    count, start = len(person), life.city.plan.first.astype("M8[D]")
    span = life.city.plan.months * 30
    registered = start + chance.integers(-365 * years, span, count)
    ended = np.where(chance.random(count) < 0.08, registered + chance.integers(200, 365 * years, count), _NEVER)
    return Goods(
        person=person,
        kind=chance.integers(0, 100, count),
        use=chance.integers(0, 100, count),
        size=np.round(np.exp(chance.normal(4.5, 0.3, count)), 1),
        registered_on=registered,
        ended_on=ended,
        ending=chance.integers(0, 2, count),
    )


def _homes(life: Life, head: Ints, share: np.ndarray, category: Ints) -> Goods:
    """Units of the households that own any; a second and a third are rare, rarer still for the helped."""
    chance = life.city.plan.chance("second homes")
    more = np.where(category <= NEAR, 0.03, 0.10)
    several = np.repeat(head, 1 + (chance.random(len(head)) < more) + (chance.random(len(head)) < more / 6))
    every = np.isin(several, head[chance.random(len(head)) < share])
    return _goods(life, "homes", several[every], np.ones(int(every.sum())), 20)


def _pick(draw: Ints, *bounds: int) -> Ints:
    return np.searchsorted(np.array(bounds), draw, side="right").astype(np.int8)


def vehicles(world: "World") -> Rows | None:
    """The vehicle register at a quarter's end."""
    if not world.quarter_ends():
        return None
    goods = world.estate.vehicles
    here, ended = goods.at(world)
    kind = _pick(goods.kind[here], 62, 88, 96)
    columns = {
        "kind": Coded(kind, ("car", "motorcycle", "tricycle", "tractor")),
        "use": Coded(_pick(goods.use[here], 90, 97), ("private", "commercial", "disability")),
        "registered_on": goods.registered_on[here],
        "status": Coded(np.where(ended, 1 + goods.ending[here], 0), ("active", "scrapped", "sold")),
    }
    return Rows(goods.person[here], here + 1, {"plate_no": padded("皖B", here + 1, 7), **columns})


def real_estate(world: "World") -> Rows | None:
    """The register of real estate at a quarter's end."""
    if not world.quarter_ends():
        return None
    goods = world.estate.homes
    here, ended = goods.at(world)
    use = _pick(goods.use[here], 88, 93, 98)
    columns = {
        "use": Coded(use, ("residential", "shop", "parking", "other")),
        "area": goods.size[here],
        "registered_on": goods.registered_on[here],
        "status": Coded(ended.astype(np.int8), ("active", "transferred")),
    }
    return Rows(goods.person[here], here + 1, {"unit_no": padded("340299", here + 1, 22), **columns})


def businesses(world: "World") -> Rows | None:
    """The register of businesses at a quarter's end; a member of a cooperative in name only is a shareholder."""
    if not world.quarter_ends():
        return None
    goods = world.estate.firms
    here, ended = goods.at(world)
    columns = {
        "credit_code": padded("92340299MA", here + 1, 8),
        "role": Coded(_pick(goods.use[here], 62, 92), ("legal_representative", "shareholder", "manager")),
        "kind": Coded(_pick(goods.kind[here], 25, 85), ("company", "individual", "cooperative")),
        "capital_yuan": np.round(goods.size[here] * 900, -3),
        "registered_on": goods.registered_on[here],
        "status": Coded(ended.astype(np.int8), ("active", "cancelled")),
    }
    return Rows(goods.person[here], here + 1, columns)


def houses(world: "World") -> Rows | None:
    """The survey of unsafe houses at a quarter's end: mostly found safe, or repaired since."""
    if not world.quarter_ends():
        return None
    goods = world.estate.houses
    here, _ = goods.at(world)
    level = _pick(goods.kind[here], 45, 82, 93)
    bad = level >= 2
    mended = bad & (goods.use[here] < 62)
    columns = {
        "house_no": padded("F", here + 1, 9),
        "level": Coded(level, ("A", "B", "C", "D")),
        "assessed_on": goods.registered_on[here],
        "only_home": (goods.use[here] % 20) > 0,
        "repaired_on": np.where(mended, goods.registered_on[here] + 40 + goods.use[here] * 3, _NEVER),
    }
    return Rows(goods.person[here], here + 1, columns)


def deposits(world: "World") -> Rows | None:
    """Balances that banks report on authorised request: each helped household's adults once a year."""
    people, chance = world.city.people, world.chance("deposits")
    asked = world.of_person(world.aid.category <= NEAR) & (people.household % 12 == world.life.index % 12)
    who = np.flatnonzero(asked & world.life.alive & (people.age >= 18))
    balance = np.round(np.exp(chance.normal(7.7, 1.0, len(who))), 2)
    return world.rows(who, checked_on=world.days("deposits", len(who)), balance=balance)
