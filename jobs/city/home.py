"""What the emergency bureau and the utilities send, and the household register itself."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.city.people import CATEGORIES, DIBAO, RELATIONS, padded
from jobs.city.places import FORMER
from jobs.city.plan import Floats, Ints
from jobs.city.rows import Coded, Rows
from jobs.city.world import World

_ELECTRIC, _WATER = range(2)


def disasters(world: World) -> Rows:
    """Who was struck, in the name of the head; a few come without a number."""
    events, chance = world.life.events, world.chance("disasters")
    head = world.life.heads_alive()[events.disaster]
    keep = head >= 0
    struck = head[keep]
    flood = events.disaster_event[keep] == 1
    stamp = str(world.month).replace("-", "")
    day = world.month.astype("M8[D]") + np.where(flood, 11, chance.integers(0, 27, len(struck)))
    return world.rows(
        struck,
        numberless=chance.random(len(struck)) < 0.03,
        event_id=Coded(flood.astype(np.int8), (f"E{stamp}0", f"E{stamp}1")),
        happened_on=day,
        kind=Coded(flood.astype(np.int8), ("fire", "flood")),
        loss_yuan=events.disaster_loss[keep].astype(np.float64),
        house_damage=Coded(events.disaster_damage[keep], ("none", "damaged", "collapsed")),
    )


def utilities(world: World) -> Rows:
    """Electricity and water of the old who live alone and of a share of the helped; half without a number."""
    life, homes, chance = world.life, world.city.households, world.chance("utilities")
    head, count = life.heads_alive(), len(homes)
    living = life.per_household(life.alive.astype(np.float32))
    old = (living == 1) & (head >= 0) & (world.city.people.age[head] >= 75)
    sample = world.plan.chance("metered").random(count)
    home = np.flatnonzero((head >= 0) & (old | ((world.aid.category <= DIBAO) & (sample < 0.03)) | (sample < 0.002)))
    home = np.repeat(home, 2)
    kind = np.tile(np.arange(2, dtype=np.int8), len(home) // 2)
    silent = old[home] & (world.plan.chance("silent").random(count)[home] * 400 < (life.index % 18) / 6)
    base = np.where(kind == _ELECTRIC, 55.0, 4.0) * np.sqrt(np.maximum(living[home], 1))
    heavy = np.where(world.plan.chance("heavy").random(count)[home] < 0.006, 4.5, 1.0)
    usage = np.where(silent, 0.2, base * heavy * chance.uniform(0.7, 1.4, len(home)))
    owed = np.where(chance.random(len(home)) < 0.012, chance.integers(1, 5, len(home)), 0)
    named = sample[home] * 1000 % 1 < 0.5
    return Rows(
        head[home],
        home * 2 + kind + 1,
        {
            "numberless": ~named,
            "month": world.months(len(home)),
            "region": world.city.places.codes.take(homes.village[home]),
            "kind": Coded(kind, ("electricity", "water")),
            "usage": np.round(usage, 1),
            "arrears_months": owed.astype(np.int64),
        },
    )


def register(world: World) -> Rows | None:
    """The household register, whole, every six months: who lives, as it was declared some time ago."""
    if (world.life.index + 1) % 6:
        return None
    people, chance = world.city.people, world.chance("register")
    still = ~np.isnat(world.life.died_on) & (chance.random(len(people)) < 0.15)
    listed = np.flatnonzero((world.life.alive | still) & (people.birth < (world.month + 1).astype("M8[D]")))
    twice = listed[world.plan.chance("twice").random(len(people))[listed] < 0.0004]
    home = np.r_[people.household[listed], (people.household[twice] + 1) % len(world.city.households)]
    who = np.r_[listed, twice]
    relation = np.r_[people.relation[listed], np.full(len(twice), len(RELATIONS))].astype(np.int8)
    columns = {
        "household_id": padded("H", home + 1, 8),
        "relation": Coded(relation, (*RELATIONS, "97")),
        "sex": Coded(people.female[who].astype(np.int8), ("1", "2")),
        "birth_on": people.birth[who],
        "region": _regions(world).take(pa.array(home)),
        "category": Coded(world.aid.category[home], CATEGORIES),
        "monthly_income_per_head": _declared(world)[home],
        "phone": people.identities.phones.take(pa.array(who)),
    }
    return Rows(who, home.astype(np.int64) + 1, columns)


def _declared(world: World) -> Floats:
    """Income as declared: months old, 16 % off, less near the line, and refused the more the more there is."""
    chance, net = world.chance("declared"), world.life.net_year
    count, line = len(net), world.city.households.line
    told = net * np.exp(chance.normal(0, 0.16, count)) * np.where(np.abs(net / line - 1.3) < 0.35, 0.86, 1.0)
    rank = np.argsort(np.argsort(net)) / max(count - 1, 1)
    refused = world.plan.chance("refused").random(count) < world.plan.hardship.undeclared + 0.05 * rank**2
    stays = ~world.aid.watched
    return np.where(refused & stays, np.nan, np.round(np.clip(told, 180, 9_000), 2)).astype(np.float64)


def _regions(world: World) -> pa.StringArray:
    """Village codes; a few still under a county that was dissolved, a few that no list holds."""
    codes = world.city.places.codes.take(pa.array(world.city.households.village))
    draw = world.plan.chance("old codes").random(len(codes))
    for former, successor in FORMER:
        below = pc.starts_with(codes, successor).to_numpy(zero_copy_only=False)
        old = pc.binary_join_element_wise(pa.scalar(former), pc.utf8_slice_codeunits(codes, 6), "")
        codes = pc.if_else(pa.array(below & (draw < 0.004)), old, codes)
    unknown = pc.binary_join_element_wise(pc.utf8_slice_codeunits(codes, 0, 9), pa.scalar("899"), "")
    return pc.if_else(pa.array(draw > 0.999), unknown, codes)


def addresses(world: World, person: Ints) -> pa.StringArray:
    """Return where each person lives, as it is written on forms; nothing for a stranger."""
    at_home = np.minimum(np.maximum(person, 0), len(world.city.people) - 1)
    home = world.city.people.household[at_home]
    names = pa.array([village.name for village in world.city.places.villages])
    village = names.take(pa.array(world.city.households.village[home]))
    group, door = pa.array(home % 17 + 1).cast(pa.string()), pa.array(home % 211 + 1).cast(pa.string())
    return pc.binary_join_element_wise(village, group, pa.scalar("组"), door, pa.scalar("号"), "")
