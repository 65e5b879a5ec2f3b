"""How the city lives: work, illness, death, disaster and income, month by month; what happens is the truth.

Household income follows an AR(1) path (rho 0.88) around what its members can earn; illness lasts three to twelve
months and costs a little every month; jobs are lost more easily by the ill and the unskilled, and twice as easily
once the macro shock has come, at two thirds of the period. Poverty is a trailing year's net income per head below
the line. Nothing here knows of feeds.
"""

from dataclasses import dataclass, field

import numpy as np

from jobs.city import hardship
from jobs.city.people import City
from jobs.city.plan import WARM_UP, Days, Flags, Floats, Ints, ages

NO_WORK, FORMAL, INFORMAL, MIGRANT, FARM = range(5)
_LOSS = np.array([0, 0.006, 0.020, 0.014, 0.0], dtype=np.float32)
_PAY = np.array([0, 3100, 2500, 3600, 0], dtype=np.float32)
_SEASON = np.array([0.5, 0.4, 0.6, 0.8, 1.2, 1.5, 1.0, 0.8, 1.4, 1.9, 1.2, 0.7], dtype=np.float32)
_DEATH = np.array([0.0004, 0.0002, 0.0006, 0.0022, 0.0035, 0.012, 0.030, 0.085, 0.16, 0.30, 0.4], dtype=np.float32)
SHOCKS = ("illness", "job_loss", "death", "disaster", "accident", "schooling")


@dataclass
class Events:
    """What befell people and households in one month; the columns of one kind have equal lengths."""

    ill: Ints
    ill_cost: Floats
    lost_work: Ints
    found_work: Ints
    died: Ints
    disaster: Ints
    disaster_event: Ints
    disaster_loss: Floats
    disaster_damage: Ints
    hurt: Ints
    hurt_level: Ints


@dataclass
class Life:
    """The state of everyone at the end of ``index``; ``step`` moves it on by a month."""

    city: City
    index: int
    job: Ints
    working: Flags
    student: Flags
    path: Floats
    ill_until: Ints
    ill_cost: Floats
    lost_at: Ints
    died_on: Days
    year: Floats
    savings: Floats
    benefit: Floats
    income: Floats
    spent: Floats
    events: Events = field(init=False)

    @property
    def now(self) -> np.datetime64:
        return self.city.plan.month(self.index)

    def chance(self, *words: str | int) -> np.random.Generator:
        """Return the stream of ``words`` in this month."""
        return self.city.plan.chance(*words, "month", self.index)

    @property
    def alive(self) -> Flags:
        """Who is born and has not died by the end of the month."""
        end = (self.now + 1).astype("M8[D]")
        return np.asarray((self.city.people.birth < end) & ~(self.died_on < end))

    def per_household(self, values: Floats) -> Floats:
        """Return the sum of a member's value over each household."""
        summed = np.bincount(self.city.people.household, weights=values, minlength=len(self.city.households))
        return summed.astype(np.float32)

    def heads_alive(self) -> Ints:
        """Return who stands for each household: its head, or the eldest slot still living after him; -1: nobody."""
        alive = self.alive
        chosen = np.where(alive[self.city.heads()], self.city.heads(), -1)
        for place in range(1, int(self.city.households.size.max())):
            open_ = (chosen < 0) & (self.city.households.size > place)
            rows = self.city.heads()[open_] + place
            grown = alive[rows] & (self.city.people.age[rows] >= 16)
            chosen[open_] = np.where(grown, rows, -1)
        return chosen

    @property
    def net_year(self) -> Floats:
        """Net income of the household over the last twelve months, yuan per head and month."""
        heads = np.maximum(self.per_household(self.alive.astype(np.float32)), 1)
        return np.asarray(self.year.mean(axis=1) / heads)

    @property
    def poor(self) -> Flags:
        return self.net_year + 0.02 * self.savings / 12 < self.city.households.line


def begin(city: City) -> Life:
    """Return the city with its jobs given out, one year before the first delivery."""
    chance = city.plan.chance("begin")
    people, count, homes = city.people, len(city.people), len(city.households)
    student = (people.age >= 6) & (
        people.age <= np.where(people.schooling >= 4, 22, np.where(people.schooling >= 2, 18, 15))
    )
    able = (people.age >= 17) & (people.age <= 62) & ~student & ~((people.disability > 0) & (people.degree <= 2))
    job = _jobs(city, chance)
    job[~able] = NO_WORK
    return Life(
        city=city,
        index=-WARM_UP - 1,
        job=job,
        working=(job > 0) & (chance.random(count) < 0.94),
        student=student,
        path=chance.normal(0, 0.42, homes).astype(np.float32),
        ill_until=np.full(count, -99, dtype=np.int16),
        ill_cost=np.zeros(count, dtype=np.float32),
        lost_at=np.full(count, -99, dtype=np.int16),
        died_on=np.full(count, np.datetime64("NaT", "D")),
        year=np.zeros((homes, 12), dtype=np.float32),
        savings=np.exp(chance.normal(8.3, 1.1, homes)).astype(np.float32),
        benefit=np.zeros(homes, dtype=np.float32),
        income=np.zeros(homes, dtype=np.float32),
        spent=np.zeros(homes, dtype=np.float32),
    )


def _jobs(city: City, chance: np.random.Generator) -> Ints:
    people = city.people
    score = 0.9 * people.ability + 0.5 * (people.schooling - 2) + chance.normal(0, 0.9, len(people))
    farm = city.households.farm[people.household]
    job = np.where(score > 1.8, FORMAL, np.where(score > -0.1, INFORMAL, NO_WORK)).astype(np.int8)
    leaves = chance.random(len(people))
    job[farm & (job != FORMAL) & (leaves < 0.13)] = MIGRANT
    job[farm & (job != FORMAL) & (leaves >= 0.13)] = FARM
    return job


def step(life: Life) -> None:
    """Live one month: ``life`` becomes the next month's state and ``life.events`` what happened in it."""
    life.index += 1
    chance = life.chance("life")
    alive = life.alive
    ill, cost = _fall_ill(life, chance, alive)
    hurt, level = _accidents(life, chance, alive)
    died = _die(life, chance, alive)
    lost, found = _work(life, chance, alive)
    homes, event, loss, damage = _disasters(life)
    life.events = Events(ill, cost, lost, found, died, homes, event, loss, damage, hurt, level)
    _earn(life, chance)


def _fall_ill(life: Life, chance: np.random.Generator, alive: Flags) -> tuple[Ints, Floats]:
    people = life.city.people
    hazard = np.clip(people.age, 5, 90) / 90 * 0.0062 * np.where(people.chronic, 2.2, 0.7)
    hazard *= np.where(people.ability < -0.8, 1.5, 1.0)
    ill = np.flatnonzero(alive & (life.ill_until < life.index) & (chance.random(len(people)) < hazard))
    life.ill_until[ill] = life.index + np.clip(chance.geometric(0.2, len(ill)), 3, 12)
    cost = np.exp(chance.normal(8.05, 1.05, len(ill))).astype(np.float32)
    cost *= np.float32(life.city.plan.hardship.illness)
    life.ill_cost[ill] = cost
    return ill, cost


def _accidents(life: Life, chance: np.random.Generator, alive: Flags) -> tuple[Ints, Ints]:
    people = life.city.people
    hurt = np.flatnonzero(alive & (people.age > 5) & (chance.random(len(people)) < 0.00012))
    level = np.clip(chance.geometric(0.22, len(hurt)), 1, 10)
    level = (11 - level).astype(np.int8)
    grave = hurt[level <= 6]
    life.ill_until[grave] = np.maximum(life.ill_until[grave], life.index + 4)
    life.ill_cost[grave] = np.maximum(life.ill_cost[grave], 6000)
    return hurt, level


def _die(life: Life, chance: np.random.Generator, alive: Flags) -> Ints:
    age = np.clip(ages(life.city.people.birth, life.now), 0, 109)
    hazard = _DEATH[np.minimum(age // 10, 10)] / 12 * np.where(life.ill_until >= life.index, 3.0, 0.85)
    died = np.flatnonzero(alive & (chance.random(len(age)) < hazard))
    start = np.maximum(life.now.astype("M8[D]"), life.city.people.birth[died])
    room = ((life.now + 1).astype("M8[D]") - start).astype(np.int64)
    life.died_on[died] = start + (chance.random(len(died)) * room).astype(np.int64)
    life.working[died] = False
    return died


def _work(life: Life, chance: np.random.Generator, alive: Flags) -> tuple[Ints, Ints]:
    people, count = life.city.people, len(life.working)
    times = life.city.plan.hardship
    macro = times.macro if life.index >= times.shock(life.city.plan.months) else 1.0
    hazard = _LOSS[life.job] * np.exp(-0.45 * people.ability) * np.where(life.ill_until >= life.index, 4.0, 1.0)
    draw = chance.random(count, dtype=np.float32)
    lost = np.flatnonzero(life.working & (draw < np.minimum(hazard * macro, 0.3)))
    back = 0.13 * np.exp(0.25 * people.ability)
    able = alive & ~life.working & (life.job > 0) & (life.ill_until < life.index) & (people.age < 61)
    found = np.flatnonzero(able & (draw < back))
    life.working[lost] = False
    life.working[found] = True
    life.lost_at[lost] = life.index
    return lost, found


def _disasters(life: Life) -> tuple[Ints, Ints, Floats, Ints]:
    """A common shock: every third month some villages together; now and then a house burns."""
    chance, homes = life.chance("disaster"), len(life.city.households)
    hit = chance.random(homes) < 0.00008
    event = np.where(hit, 0, -1)
    if life.index % 3 == 2:
        struck = chance.choice(len(life.city.places.villages), 6, replace=False)
        flooded = np.isin(life.city.households.village, struck) & (chance.random(homes) < 0.3)
        event[flooded], hit = 1, hit | flooded
    rows = np.flatnonzero(hit)
    loss = np.round(np.exp(chance.normal(7.6, 1.1, len(rows))), -1).astype(np.float32)
    damage = chance.choice(3, len(rows), p=(0.70, 0.27, 0.03)).astype(np.int8)
    loss[damage == 2] += 20_000
    return rows, event[rows], loss, damage


def wages(life: Life) -> Floats:
    """Return what each member earns this month at work; 0 without work."""
    people = life.city.people
    path = life.path[people.household]
    pay = _PAY[life.job] * np.exp(0.25 * people.ability + path)
    return np.where(life.working, np.maximum(pay, 800), 0).astype(np.float32)


def pensions(life: Life) -> Floats:
    """Return each member's monthly pension: employees' for the schooled of town, residents' for the rest."""
    people = life.city.people
    town = ~life.city.households.farm[people.household] & (people.schooling >= 4)
    old = life.alive & (people.age >= 60)
    return np.where(old, np.where(town, 1500 + 150 * people.schooling, 230), 0).astype(np.float32)


def _earn(life: Life, chance: np.random.Generator) -> None:
    homes, people = life.city.households, life.city.people
    life.path = (0.88 * life.path + chance.normal(0, life.city.plan.hardship.unrest, len(homes))).astype(np.float32)
    plan = life.city.plan
    since = life.index - plan.hardship.shock(plan.months)
    life.path = hardship.slump(plan.hardship, life.path, since, plan.chance("slump"))
    alive = life.alive
    hands = life.per_household((alive & (life.job == FARM) & (life.ill_until < life.index)).astype(np.float32))
    month = int(life.now.astype(np.int64)) % 12
    farm = hands * 1300 * _SEASON[month] * np.exp(life.path) + homes.farm * 150
    gifts = 800 * np.exp(1.2 * life.path) * (life.per_household((alive & (people.age >= 16)).astype(np.float32)) > 0)
    life.income = life.per_household(wages(life) + pensions(life)) + farm + gifts + life.benefit
    spent = life.per_household(np.where(life.ill_until >= life.index, life.ill_cost * 0.35, 0))
    if month == 8:
        spent += life.per_household(np.where(life.student & alive & (ages(people.birth, life.now) >= 18), 9000, 0))
    spent[life.events.disaster] += life.events.disaster_loss
    life.spent = spent.astype(np.float32)
    buffered = np.minimum(life.spent, np.maximum(life.savings, 0)) * 0.6
    life.savings = np.clip(life.savings - buffered + 0.06 * life.income, 0, 60_000)
    life.year[:, life.index % 12] = life.income - life.spent + buffered
