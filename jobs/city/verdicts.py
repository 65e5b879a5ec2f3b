"""The fourteen conformance rules judged again from the truth's clean facts, in plain pandas.

It shares nothing with the engine but the feed contract, so it tells what noise in the deliveries cost: a verdict
that the truth fires and the service does not was lost on the way.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from jobs.city.truth import Truth

_FRESH = {
    "medical_settlements": 45, "social_insurance": 75, "wages": 75, "disability_certificates": 100, "deaths": 45,
    "students": 200, "housing_safety": 200, "vehicles": 100, "real_estate": 100, "benefit_payments": 45,
}  # fmt: skip
_FULL = ("household_register", "disability_certificates", "housing_safety", "vehicles", "real_estate")
_KEYS = {"social_insurance": ["person", "month"], "wages": ["person", "month"], "deaths": ["person"]}
_KEYS |= {"students": ["person", "term"], "disasters": ["event_id", "person"]}
_KEYS |= {"household_register": ["household_id", "person"]}
_MEDICAL = {"tekun": 1e3, "dibao": 5e3, "near_dibao": 1e4, "rigid": 1e4, "anti_poverty": 1e4, "other": 1.5e4}
_HELPED = ("tekun", "dibao", "near_dibao")
Fires = pd.Series


class Hindsight:
    """What the truth knows on ``as_of``; ``verdicts`` says which rules fire, which cannot be known."""

    def __init__(self, truth: Truth, as_of: date) -> None:
        self.truth, self.as_of = truth, as_of
        self.day = pd.Timestamp(as_of)
        self.last_month = self.day.to_period("M").to_timestamp() - pd.DateOffset(months=1)

    def verdicts(self) -> pd.DataFrame:
        """Return ``household_id, rule, verdict`` of every rule that fires or is unknown, sorted."""
        parts = []
        for rule, (judge, feeds) in _RULES.items():
            stale = not all(self.fresh(feed) for feed in feeds)
            answer = pd.Series("unknown", self.homes.index) if stale and rule not in _PARTLY else judge(self)
            answer = answer.reindex(self.homes.index, fill_value="silent")
            spoken = answer[answer != "silent"]
            parts.append(pd.DataFrame({"household_id": spoken.index, "rule": rule, "verdict": spoken.to_numpy()}))
        return pd.concat(parts).sort_values(["household_id", "rule"], ignore_index=True)

    def fresh(self, feed: str) -> bool:
        """Whether an accepted delivery of the feed is recent enough."""
        if feed not in _FRESH:
            return not self._rows(feed).empty
        since = self.as_of - timedelta(days=_FRESH[feed])
        return bool((self._rows(feed)["received_on"] >= since).any())

    def _rows(self, feed: str) -> pd.DataFrame:
        rows = self.truth.table(f"facts/{feed}")
        rows = rows[rows["received_on"] <= self.as_of]
        return rows[~rows["numberless"]] if "numberless" in rows else rows

    def state(self, feed: str) -> pd.DataFrame:
        """Return the facts of the feed that hold, of people in the register."""
        rows = self._rows(feed)
        if feed in _FULL and len(rows):
            rows = rows[rows["received_on"] == rows["received_on"].max()]
        rows = rows.drop_duplicates(_KEYS.get(feed, ["number"]), keep="last")
        rows = rows[~rows["gone"]]
        if feed == "household_register":
            return rows
        known = rows["person"].map(self.named)
        return rows[known.notna() & (pd.to_datetime(known) <= pd.to_datetime(rows["received_on"]))]

    @cached_property
    def named(self) -> pd.Series:
        """The day from which the register knows each person."""
        rows = self._rows("household_register")
        return rows.groupby("person")["received_on"].min()

    @cached_property
    def members(self) -> pd.DataFrame:
        """Each member of each household, with age and the day of death."""
        rows = self.state("household_register")[["household_id", "person", "birth_on", "category"]].copy()
        income = self.state("household_register").groupby("household_id")["monthly_income_per_head"].first()
        died = self.state("deaths").set_index("person")["died_on"]
        rows["died_on"] = pd.to_datetime(rows["person"].map(died))
        rows["birth_on"] = pd.to_datetime(rows["birth_on"])
        rows["age"] = _age(rows["birth_on"], pd.Series(self.day, rows.index))
        rows["alive"] = ~(rows["died_on"] <= self.day)
        rows["income"] = rows["household_id"].map(income)
        return rows

    @cached_property
    def living(self) -> pd.DataFrame:
        return self.members[self.members["alive"]]

    @cached_property
    def homes(self) -> pd.DataFrame:
        """Each household with its category, income and living members."""
        homes = self.members.groupby("household_id").agg(category=("category", "first"), income=("income", "first"))
        return homes.assign(living=self.living.groupby("household_id").size()).fillna({"living": 0})

    def of_living(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of living members, one for each household they belong to."""
        return rows.merge(self.living[["household_id", "person", "age", "category"]], on="person")

    def within(self, rows: pd.DataFrame, column: str, months: int = 12) -> pd.DataFrame:
        """Return the rows of the last ``months`` months."""
        when = pd.to_datetime(rows[column])
        return rows[(when > self.day - pd.DateOffset(months=months)) & (when <= self.day)]

    def ago(self, rows: pd.DataFrame) -> pd.Series:
        """Return how many months before the last full month each row's month lies."""
        months = pd.to_datetime(rows["month"])
        last = self.last_month.year * 12 + self.last_month.month
        return last - (months.dt.year * 12 + months.dt.month)

    @cached_property
    def medical(self) -> pd.DataFrame:
        rows = self.state("medical_settlements")
        return self.of_living(self.within(rows[~rows["cancelled"]], "settled_on"))

    @cached_property
    def paid_months(self) -> pd.DataFrame:
        """Paid months of insurance per living member: the last 3, the 12 before them, the last 6."""
        rows = self.state("social_insurance")
        rows = self.of_living(rows[rows["paid"]])
        ago = self.ago(rows)
        flags = rows.assign(last3=ago.between(0, 2), prior=ago.between(3, 14), last6=ago.between(0, 5))
        counted = flags.groupby(["household_id", "person"])[["last3", "prior", "last6"]].sum()
        return self.living.set_index(["household_id", "person"])[["age"]].join(counted).fillna(0)


def _age(birth: pd.Series, on: pd.Series) -> pd.Series:
    years: pd.Series = on.dt.year - birth.dt.year
    unborn = (on.dt.month * 100 + on.dt.day) < (birth.dt.month * 100 + birth.dt.day)
    return years.sub(unborn.astype(int))


def _fire(households: pd.Index) -> Fires:
    return pd.Series("fires", households.unique())


def _medical_self_pay(view: Hindsight) -> Fires:
    sums = view.medical.groupby(["household_id", "category", "person"])["self_pay"].sum().round(2).reset_index()
    return _fire(pd.Index(sums[sums["self_pay"] > sums["category"].map(_MEDICAL)]["household_id"]))


def _medical_burden(view: Hindsight) -> Fires:
    paid = view.medical.groupby("household_id")["self_pay"].sum().round(2).reindex(view.homes.index, fill_value=0)
    limit = (0.6 * view.homes["income"] * view.homes["living"] * 12).round(6)
    over = np.where((paid > limit) & limit.notna(), "fires", "silent")
    return pd.Series(np.where(limit.isna() & (paid > 0), "unknown", over), view.homes.index)


def _costly_admission(view: Hindsight) -> Fires:
    rows = view.medical
    return _fire(pd.Index(rows[(rows["kind"] == "inpatient") & (rows["self_pay"] >= 20_000)]["household_id"]))


def _contribution_gap(view: Hindsight) -> Fires:
    rows = view.paid_months
    gap = rows["age"].between(16, 59) & (rows["last3"] == 0) & (rows["prior"] >= 6)
    return _fire(rows.index[gap].get_level_values("household_id"))


def _income_fall(view: Hindsight) -> Fires:
    rows = view.of_living(view.state("wages"))
    ago = view.ago(rows)
    now = rows[ago.between(0, 2)].groupby("household_id")["gross_wage"].sum() / 3
    before = rows[ago.between(3, 14)].groupby("household_id")["gross_wage"].sum() / 12
    now = now.reindex(before.index, fill_value=0)
    return _fire(before.index[(before > 0) & (now.round(6) < (0.5 * before).round(6))])


def _jobless_disabled(view: Hindsight) -> Fires:
    rows = view.state("disability_certificates")
    kind, degree = rows["kind"].astype(int), rows["degree"].astype(int)
    severe = rows[(rows["status"] == "active") & ((degree <= 2) | ((degree == 3) & kind.isin((5, 6))))]
    hard = set(severe["person"])
    months = view.paid_months.reset_index()
    return _fire(
        pd.Index(
            months[months["age"].between(16, 59) & (months["last6"] == 0) & months["person"].isin(hard)]["household_id"]
        )
    )


def _earner_died(view: Hindsight) -> Fires:
    dead = view.members[view.members["died_on"].notna() & ~view.members["alive"]]
    dead = dead[dead["died_on"] > view.day - pd.Timedelta(days=90)]
    dead = dead[_age(dead["birth_on"], dead["died_on"]).between(16, 59)]
    left = view.living[(view.living["age"] < 16) | (view.living["age"] >= 60)]
    return _fire(pd.Index(sorted(set(dead["household_id"]) & set(left["household_id"]))))


def _school_dropout(view: Hindsight) -> Fires:
    rows = view.of_living(view.state("students").sort_values("term").drop_duplicates("person", keep="last"))
    return _fire(pd.Index(rows[rows["age"].between(6, 15) & (rows["status"] == "dropped_out")]["household_id"]))


def _dangerous_house(view: Hindsight) -> Fires:
    rows = view.of_living(view.state("housing_safety"))
    mended = pd.to_datetime(rows["repaired_on"]) <= view.day
    return _fire(pd.Index(rows[rows["level"].isin(("C", "D")) & rows["only_home"] & ~mended]["household_id"]))


def _disaster_loss(view: Hindsight) -> Fires:
    rows = view.of_living(view.within(view.state("disasters"), "happened_on"))
    sums = rows.groupby("household_id")["loss_yuan"].sum().round(2)
    return _fire(sums.index[sums > 5_000].append(pd.Index(rows[rows["house_damage"] == "collapsed"]["household_id"])))


def _lone_elder(view: Hindsight) -> Fires:
    alone = view.living[view.living["household_id"].map(view.homes["living"]) == 1]
    return _fire(pd.Index(alone[alone["age"] >= 80]["household_id"]))


def _paid_after_death(view: Hindsight) -> Fires:
    rows = view.state("benefit_payments")
    dead = view.members[view.members["died_on"].notna() & ~view.members["alive"]]
    rows = rows[rows["result"] == "paid"].merge(dead[["household_id", "person", "died_on"]], on="person")
    month = pd.to_datetime(rows["month"])
    late = (month.dt.year - rows["died_on"].dt.year) * 12 + month.dt.month - rows["died_on"].dt.month
    return _fire(pd.Index(rows[late > 1]["household_id"]))


def _private_car(view: Hindsight) -> Fires:
    """Only the helped are asked: of the others a stale register takes nothing away."""
    helped = view.homes.index[view.homes["category"].isin(_HELPED)]
    if not view.fresh("vehicles"):
        return pd.Series("unknown", helped)
    rows = view.of_living(view.state("vehicles"))
    cars = rows[(rows["kind"] == "car") & (rows["use"] == "private") & (rows["status"] == "active")]
    return _fire(pd.Index(cars[cars["category"].isin(_HELPED)]["household_id"]))


def _several_homes(view: Hindsight) -> Fires:
    helped = view.homes.index[view.homes["category"].isin(_HELPED)]
    if not view.fresh("real_estate"):
        return pd.Series("unknown", helped)
    rows = view.of_living(view.state("real_estate"))
    units = rows[(rows["use"] == "residential") & (rows["status"] == "active") & rows["category"].isin(_HELPED)]
    count = units.groupby("household_id").size()
    return _fire(count.index[count >= 2])


_PARTLY = frozenset({"private_car", "several_homes"})
_RULES: dict[str, tuple[Callable[[Hindsight], Fires], tuple[str, ...]]] = {
    "medical_self_pay": (_medical_self_pay, ("medical_settlements",)),
    "medical_burden_ratio": (_medical_burden, ("medical_settlements",)),
    "costly_admission": (_costly_admission, ("medical_settlements",)),
    "contribution_gap": (_contribution_gap, ("social_insurance",)),
    "income_fall": (_income_fall, ("wages",)),
    "severe_disability_jobless": (_jobless_disabled, ("disability_certificates", "social_insurance")),
    "earner_died": (_earner_died, ("deaths",)),
    "school_dropout": (_school_dropout, ("students",)),
    "dangerous_house": (_dangerous_house, ("housing_safety",)),
    "disaster_loss": (_disaster_loss, ("disasters",)),
    "lone_elder": (_lone_elder, ("deaths",)),
    "paid_after_death": (_paid_after_death, ("deaths", "benefit_payments")),
    "private_car": (_private_car, ("vehicles",)),
    "several_homes": (_several_homes, ("real_estate",)),
}
