"""The city as its agencies meet it: the living, what they own, and the help they already get."""

from dataclasses import dataclass, field

import numpy as np

from jobs.city.belongings import Estate
from jobs.city.life import Life
from jobs.city.people import DIBAO, FP, NEAR, OTHER, RIGID, TEKUN, City
from jobs.city.plan import Days, Flags, Floats, Ints, Plan
from jobs.city.rows import Column, Rows

MONTH_ROOM = 100_000_000
"""Running numbers of one month; a feed never sends that many rows in a month."""


@dataclass
class Aid:
    """The category of every household as civil affairs decided it, and what it decided this month."""

    category: Ints
    since: Ints
    newly: Ints
    decided: Ints
    program: Ints
    decision: Ints
    stops_after: Ints
    registration: Ints

    @property
    def watched(self) -> Flags:
        """The low-income households."""
        return np.asarray(self.category != OTHER)


@dataclass
class World:
    """All that an agency's clerk could look up; nothing in it is dirty."""

    life: Life
    aid: Aid
    estate: Estate
    linked: Flags
    dropped_out: Flags
    first_term: bool = True
    brought: Ints = field(default_factory=lambda: np.array([], dtype=np.int64))

    @property
    def city(self) -> City:
        return self.life.city

    @property
    def plan(self) -> Plan:
        return self.life.city.plan

    @property
    def month(self) -> np.datetime64:
        return self.life.now

    def chance(self, word: str) -> np.random.Generator:
        """Return the stream of chance of ``word`` in this month."""
        return self.life.chance(word)

    def of_person(self, values: np.ndarray) -> np.ndarray:
        """Return each member's household's value."""
        spread: np.ndarray = values[self.city.people.household]
        return spread

    def rows(self, person: Ints, **columns: Column) -> Rows:
        """Return rows with running numbers of this month."""
        number = (self.life.index + 2) * MONTH_ROOM + np.arange(len(person), dtype=np.int64)
        return Rows(np.asarray(person, dtype=np.int64), number, columns)

    def days(self, word: str, count: int) -> Days:
        """Return random days of this month."""
        start, end = self.month.astype("M8[D]"), (self.month + 1).astype("M8[D]")
        return np.asarray(start + self.chance(f"{word} days").integers(0, (end - start).astype(int), count))

    def months(self, count: int) -> np.ndarray:
        """Return this month, ``count`` times."""
        return np.full(count, self.month)

    def quarter_ends(self) -> bool:
        """Whether a quarter ends with this month."""
        return int(self.month.astype(int)) % 3 == 2


def begin_aid(life: Life) -> Aid:
    """Give out the categories as targeting does: mostly to the poor, in part to others, never to all of them."""
    chance, homes = life.city.plan.chance("aid"), life.city.households
    count = len(homes)
    # Whoever can work is expected to: offices help the old, the ill and the young first.
    people = life.city.people
    able = (people.age >= 16) & (people.age <= 58) & ~((people.disability > 0) & (people.degree <= 2))
    need = life.net_year + chance.normal(0, 180, count) + 800 * (life.per_household(able.astype(np.float32)) > 0)
    category = np.full(count, OTHER, dtype=np.int8)
    ages = life.city.people.age[life.city.heads()]
    alone = (homes.size == 1) & (ages >= 58)
    _give(category, TEKUN, np.where(alone, need - 400, np.inf), 0.030)
    _give(category, DIBAO, need, 0.150)
    _give(category, NEAR, need, 0.020)
    _give(category, FP, np.where(homes.farm, need, np.inf), 0.014)
    _give(category, RIGID, need - life.spent, 0.005)
    stop = np.where(chance.random(count) < 0.05, chance.integers(2, 6, count), chance.integers(0, 2, count))
    none = np.array([], dtype=np.int64)
    unregistered = np.zeros(len(people), dtype=np.int64)
    return Aid(category, np.full(count, -99), np.flatnonzero(category != OTHER), none, none, none, stop, unregistered)


def _give(category: Ints, code: int, need: Floats, share: float) -> None:
    room = round(share * len(category))
    order = np.argsort(np.where(category == OTHER, need, np.inf), kind="stable")[:room]
    category[order[np.isfinite(need[order])]] = code


APPROVED, REJECTED, EXITED, REVIEWED = range(4)
DECISIONS = ("approved", "rejected", "exited", "reviewed")
PROGRAMS = ("tekun", "dibao", "near_dibao", "rigid")
BROUGHT = 0.9
"""Of the applications that follow a visit which confirmed need, so many are granted."""


def decide(world: World) -> None:
    """Let the poor apply and the recovered leave; a yearly review of the rest.

    The households of ``world.brought``, whose need a visit has confirmed, apply whether they would have or not.
    """
    life, aid, chance = world.life, world.aid, world.chance("decide")
    count = len(aid.category)
    draw, net, line = chance.random(count), life.net_year, life.city.households.line
    times, brought = world.plan.hardship, np.isin(np.arange(count), world.brought)
    applies = (aid.category == OTHER) & (brought | (life.poor & (draw < 0.030 + times.brought_in)))
    heavy = (aid.category == OTHER) & (life.spent > 0.8 * life.income) & (draw > 0.985)
    yes = chance.random(count) < np.where(brought, BROUGHT, times.reach)
    leaves = (aid.category == DIBAO) & (net > 1.9 * line) & (draw < 0.03)
    review = (aid.category <= RIGID) & ~leaves & ((np.arange(count) + life.index) % 12 == 0) & (draw > 0.01)
    wanted = np.where(heavy, RIGID, np.where(net < 0.9 * line, DIBAO, NEAR))
    decision = np.select([(applies | heavy) & yes, applies | heavy, leaves, review], [0, 1, 2, 3], -1)
    aid.decided = np.flatnonzero(decision >= 0)
    aid.decision = decision[aid.decided]
    aid.program = np.where(aid.decision <= REJECTED, wanted[aid.decided], aid.category[aid.decided])
    granted, out = aid.decided[aid.decision == APPROVED], aid.decided[aid.decision == EXITED]
    aid.newly = granted
    aid.category[granted], aid.category[out] = wanted[granted], OTHER
    aid.since[granted] = life.index
    life.benefit = benefits(world)


def benefits(world: World) -> Floats:
    """Return each household's monthly dibao or tekun money: what lacks to the standard, or the tekun standard."""
    aid, homes = world.aid, world.city.households
    gap = np.clip(850 - world.life.net_year, 220, 700) * homes.size
    return np.where(aid.category == TEKUN, 1110, np.where(aid.category == DIBAO, gap, 0)).round(0).astype(np.float32)
