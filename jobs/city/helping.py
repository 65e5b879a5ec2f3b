"""What civil affairs, finance and those who stand beside them send: decisions, payments, lists, pleas."""

import numpy as np

from jobs.city.people import DIBAO, FP, NEAR, RIGID, TEKUN
from jobs.city.plan import Days, Flags, Ints, ages, day_of
from jobs.city.rows import Coded, Rows
from jobs.city.world import APPROVED, DECISIONS, PROGRAMS, World, benefits

_NEVER = np.datetime64("NaT", "D")
PAYMENTS = ("dibao", "tekun", "disability_living", "disability_nursing", "elder")


def benefit_payments(world: World) -> Rows:
    """Monthly money: to the household's head, though he died, until the office hears of it; and to the disabled."""
    aid, life, people = world.aid, world.life, world.city.people
    home = np.flatnonzero(aid.category <= DIBAO)
    payee = _payees(world)[home]
    home, payee = home[payee >= 0], payee[payee >= 0]
    low = world.of_person(aid.category) <= NEAR
    living = np.flatnonzero((people.disability > 0) & low & life.alive & _certified(world))
    nursing = np.flatnonzero((people.disability > 0) & (people.degree <= 2) & life.alive & _certified(world))
    program = np.repeat(np.arange(4), (0, 0, len(living), len(nursing))).astype(np.int8)
    program = np.r_[np.where(aid.category[home] == TEKUN, 1, 0), program]
    amount = np.r_[benefits(world)[home], np.full(len(living), 90.0), np.full(len(nursing), 80.0)]
    count = len(program)
    fails = (world.chance("payments").random(count) < 0.004).astype(np.int8)
    return world.rows(
        np.r_[payee, living, nursing],
        month=world.months(count),
        program=Coded(program, PAYMENTS),
        amount=np.round(amount.astype(np.float64), 2),
        result=Coded(fails, ("paid", "returned")),
    )


def _certified(world: World) -> np.ndarray:
    """All but a few of those with a certificate have applied."""
    return world.plan.chance("applied").random(len(world.city.people)) > 0.012


def _payees(world: World) -> Ints:
    """The head while he lives and for as long as nobody stops it; then whoever stands for the household."""
    life, head = world.life, world.city.heads()
    died = life.died_on[head].astype("M8[M]").astype(np.int64) - world.plan.first.astype(np.int64)
    gone = ~np.isnat(life.died_on[head]) & (life.index - died > world.aid.stops_after)
    return np.where(gone, life.heads_alive(), head)


def decisions(world: World) -> Rows:
    """This month's decisions, in the name of the head."""
    aid = world.aid
    who = world.life.heads_alive()[aid.decided]
    keep = who >= 0
    decided = world.days("decisions", int(keep.sum()))
    lasts = (aid.decision[keep] == APPROVED) & (aid.program[keep] == RIGID)
    program = np.minimum(aid.program[keep], RIGID).astype(np.int8)
    return world.rows(
        who[keep],
        program=Coded(program, PROGRAMS),
        decision=Coded(aid.decision[keep].astype(np.int8), DECISIONS),
        decided_on=decided,
        valid_until=np.where(lasts, decided + 364, _NEVER),
    )


def anti_poverty(world: World) -> Rows | None:
    """The list of the agricultural bureau at a quarter's end: its own households, and some it took in long ago."""
    if not world.quarter_ends():
        return None
    chance, count = world.plan.chance("anti poverty"), len(world.city.households)
    draw, kind = chance.random(count), chance.integers(0, 3, count)
    old = (draw < 0.004) & (world.aid.category != FP)
    home = np.flatnonzero((world.aid.category == FP) | old)
    head = world.life.heads_alive()[home]
    home, head = home[head >= 0], head[head >= 0]
    identified = world.plan.first.astype("M8[D]") - 60 - (draw[home] * 100_000).astype(np.int64) % 900
    over = np.where(old[home], draw[home] < 0.0036, kind[home] + (home % 2) > 0)
    columns = {
        "kind": Coded(kind[home].astype(np.int8), ("unstable", "marginal", "sudden")),
        "identified_on": identified,
        "removed_on": _by_now(world, identified + 300, over),
        "risk": Coded((home % 8).astype(np.int8), ("01", "02", "03", "04", "05", "07", "09", "99")),
        "income_per_head": np.round(np.clip(world.life.net_year[home], 150, None).astype(np.float64) * 12, 0),
    }
    return Rows(head, home + 1, columns)


def _by_now(world: World, days: Days, told: Flags) -> Days:
    """The days that were ``told`` and have come by the month's end: a list says nothing of what is still ahead."""
    return np.where(told & (days <= np.datetime64(day_of(world.month, 31))), days, _NEVER)


def union_hardship(world: World) -> Rows | None:
    """Workers whom the union lists as in hardship, twice a year."""
    if int(world.month.astype(int)) % 6 != 5:
        return None
    chance, count = world.plan.chance("union"), len(world.city.people)
    listed = (chance.random(count) < 0.0012) & (world.life.job == 1) & world.life.alive
    who = np.flatnonzero(listed)
    on = world.plan.first.astype("M8[D]") - 30 - (who * 7) % 500
    columns = {
        "kind": Coded((who % 3).astype(np.int8), ("deep", "relative", "accidental")),
        "listed_on": on,
        "removed_on": _by_now(world, on + 200, who % 4 == 0),
    }
    return Rows(who, who + 1, columns)


def hotline(world: World) -> Rows:
    """Pleas to 12345: mostly of those who are poor or were struck; and other matters."""
    life, chance = world.life, world.chance("hotline")
    count = len(world.city.households)
    struck = np.isin(np.arange(count), life.events.disaster)
    need = life.poor & ~world.aid.watched
    calls = chance.random(count) < np.where(struck, 0.10, np.where(need, 0.006, 0.0008))
    head = life.heads_alive()
    home = np.flatnonzero(calls & (head >= 0))
    other = (~need & ~struck)[home] & (chance.random(len(home)) < 0.8)
    region = world.city.places.codes.take(world.city.households.village[home])
    return world.rows(
        head[home],
        region=region,
        created_on=world.days("hotline", len(home)),
        kind=Coded(other.astype(np.int8), ("assistance", "other")),
        status=Coded((chance.random(len(home)) < 0.7).astype(np.int8), ("open", "resolved")),
    )


def detentions(world: World) -> Rows | None:
    """Who serves a sentence or is in compulsory rehabilitation, twice a year."""
    if int(world.month.astype(int)) % 6 != 2:
        return None
    people, chance = world.city.people, world.plan.chance("detentions")
    held = (chance.random(len(people)) < 0.0006) & (people.age >= 18) & (people.age < 66) & world.life.alive
    who = np.flatnonzero(held)
    on = world.plan.first.astype("M8[D]") - 200 + (who * 11) % 500
    who, on = who[on < (world.month + 1).astype("M8[D]")], on[on < (world.month + 1).astype("M8[D]")]
    kind = (who % 4 == 0).astype(np.int8)
    columns = {
        "kind": Coded(kind, ("prison", "compulsory_rehab")),
        "detained_on": on,
        "released_on": np.where(who % 3 == 0, on + 240, _NEVER),
    }
    return Rows(who, who + 1, columns)


def marriages(world: World) -> Rows:
    """Marriages and divorces."""
    people, chance = world.city.people, world.chance("marriages")
    age = ages(people.birth, world.month)
    who = np.flatnonzero((chance.random(len(people)) < 0.0004) & (age >= 22) & (age < 70) & world.life.alive)
    parted = (people.relation[who] == 1) | (chance.random(len(who)) < 0.2)
    return world.rows(
        who, event=Coded(parted.astype(np.int8), ("married", "divorced")), event_on=world.days("marriages", len(who))
    )


def population_changes(world: World) -> Rows:
    """Births and moves as the police record them."""
    people, chance = world.city.people, world.chance("changes")
    born = np.flatnonzero(people.birth.astype("M8[M]") == world.month)
    moves = np.flatnonzero((chance.random(len(people)) < 0.0003) & world.life.alive & (people.age >= 18))
    what = np.r_[np.zeros(len(born)), chance.choice((1, 2, 3), len(moves), p=(0.4, 0.4, 0.2))].astype(np.int8)
    on = np.r_[people.birth[born], world.days("changes", len(moves))]
    words = ("born", "moved_in", "moved_out", "household_split")
    return world.rows(np.r_[born, moves], change=Coded(what, words), changed_on=on)
