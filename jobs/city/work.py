"""What the employment, insurance, tax and fund offices send: the traces that work leaves."""

import numpy as np

from jobs.city.life import FORMAL, INFORMAL, MIGRANT
from jobs.city.life import pensions as pension_of
from jobs.city.life import wages as wage_of
from jobs.city.rows import Coded, Rows
from jobs.city.world import World

_REGISTERS = 0.45
"""Of those who lose work, so many register: most never do."""


def wages(world: World) -> Rows:
    """Wages that employers declare."""
    pay = wage_of(world.life)
    who = np.flatnonzero((pay > 0) & (world.life.job == FORMAL))
    wobble = world.chance("wages").normal(1, 0.04, len(who))
    return world.rows(who, month=world.months(len(who)), gross_wage=np.round(pay[who] * wobble, 2))


def social_insurance(world: World) -> Rows:
    """Contributions due: paid while at work, due but unpaid for two months after the work is lost.

    Some of the helped who can work hold a public-welfare post, whose contributions the county pays.
    """
    life = world.life
    recent = ~life.working & (life.index - life.lost_at < 2) & life.alive
    posts = world.of_person(world.aid.watched) & (world.plan.chance("posts").random(len(life.job)) < 0.4)
    posts &= life.alive & (life.job != FORMAL) & (world.city.people.age >= 18) & (world.city.people.age < 60)
    who = np.flatnonzero(((life.job == FORMAL) & (life.working | recent)) | posts)
    paid = (life.working | posts)[who] & (world.chance("social").random(len(who)) > 0.006)
    return world.rows(who, month=world.months(len(who)), base=np.full(len(who), 4227.0), paid=paid)


def housing_fund(world: World) -> Rows:
    """Housing fund of the better employers."""
    life = world.life
    who = np.flatnonzero(life.working & (life.job == FORMAL) & (world.city.people.schooling >= 5))
    base = np.round(wage_of(life)[who], -1)
    return world.rows(who, month=world.months(len(who)), base=base, amount=np.round(base * 0.16, 2))


def tax_incomes(world: World) -> Rows:
    """Income on which tax was declared: only of the better paid."""
    pay = wage_of(world.life)
    who = np.flatnonzero((pay > 7500) & (world.life.job == FORMAL))
    return world.rows(who, month=world.months(len(who)), amount=np.round(pay[who], 2))


def pensions(world: World) -> Rows:
    """Pensions of former employees, and of a few of the residents."""
    amount = pension_of(world.life)
    who = np.flatnonzero((amount > 1000) | ((amount > 0) & (np.arange(len(amount)) % 40 == 0)))
    kind = (amount[who] <= 1000).astype(np.int8)
    return world.rows(
        who, month=world.months(len(who)), kind=Coded(kind, ("employee", "resident")), amount=amount[who].astype(float)
    )


def migrant_workers(world: World) -> Rows:
    """Migrant workers as villages report them; one in three is missing."""
    life = world.life
    reported = (life.job == MIGRANT) & (np.arange(len(life.job)) % 3 != 0) & life.alive
    back = reported & ~life.working & (life.lost_at >= life.index - 1)
    who = np.flatnonzero((reported & life.working) | back)
    returned = np.where(back[who], world.days("returned", len(who)), np.datetime64("NaT", "D"))
    status = Coded(back[who].astype(np.int8), ("working", "returned"))
    return world.rows(who, month=world.months(len(who)), status=status, returned_on=returned)


def unemployment(world: World) -> Rows:
    """Registrations of the unemployed, and their end when work is found."""
    life, aid, chance = world.life, world.aid, world.chance("unemployment")
    lost = life.events.lost_work
    lost = lost[np.isin(life.job[lost], (FORMAL, INFORMAL)) & (chance.random(len(lost)) < _REGISTERS)]
    found = life.events.found_work[aid.registration[life.events.found_work] > 0]
    rows = world.rows(np.r_[lost, found])
    aid.registration[lost] = rows.number[: len(lost)]
    rows.number[len(lost) :] = aid.registration[found]
    aid.registration[found] = 0
    back = np.arange(len(rows)) >= len(lost)
    on = world.days("unemployment", len(rows))
    never = np.datetime64("NaT", "D")
    months = chance.integers(3, 13, len(rows)) * 30
    columns = {
        "registered_on": np.where(back, (life.lost_at[rows.person] + world.plan.first).astype("M8[D]") + 14, on),
        "reason": Coded(chance.integers(0, 3, len(rows)), ("合同到期", "企业裁员", "个人原因")),
        "benefit_until": np.where(back | (life.job[rows.person] != FORMAL), never, on + months),
        "reemployed_on": np.where(back, on, never),
        "status": Coded(np.where(back, 1, 0), ("unemployed", "reemployed")),
    }
    return Rows(rows.person, rows.number, columns)
