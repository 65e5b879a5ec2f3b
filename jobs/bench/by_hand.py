"""The same fifteen indicators written by hand: once in DuckDB's SQL, once in plain pandas."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd

from monitor.lake import Lake, Manifest, View, sql, standing

FIFTEEN = (
    "medical_self_pay_12m",
    "medical_self_pay_household_12m",
    "costliest_admission_12m",
    "contribution_gap_members",
    "wages_3m",
    "wages_prior_12m",
    "severe_disabled_members",
    "earners_died_90d",
    "school_dropouts",
    "dangerous_houses",
    "disaster_loss_12m",
    "elders_80",
    "payments_after_death",
    "residential_units",
    "payments_last_month",
)
FEEDS = (
    "household_register", "deaths", "medical_settlements", "social_insurance", "wages", "disability_certificates",
    "students", "housing_safety", "disasters", "benefit_payments", "real_estate",
)  # fmt: skip


def checksums(table: pd.DataFrame) -> dict[str, float]:
    """Return the sum of each of the fifteen, to four decimals: equal however they were computed."""
    return {name: round(float(table[name].astype("float64").sum()), 4) for name in FIFTEEN}


def months_before(day: date, months: int) -> date:
    """Return the first day of the month that lies ``months`` before that of ``day``."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def year_before(day: date) -> date:
    """Return the same day a year earlier; of 29 February the 28th."""
    return (pd.Timestamp(day) - pd.DateOffset(years=1)).date()


def in_sql(view: View, as_of: date) -> pd.DataFrame:
    """Return the fifteen from the statement in ``by_hand.sql``."""
    for feed in FEEDS:
        view.facts(feed)
    dates = {f"month_{back}": sql.day(months_before(as_of, back + 1)) for back in (0, 2, 14)}
    dates |= {"as_of": sql.day(as_of), "year_ago": sql.day(year_before(as_of))}
    dates |= {"ninety_days": sql.day(as_of - timedelta(days=90)), "month_day": str(as_of.month * 100 + as_of.day)}
    statement = Template(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")).substitute(dates)
    table: pd.DataFrame = view.query(statement).to_pandas()
    return table.set_index("household_key").sort_index()


def in_pandas(lake: Lake, known: Manifest, as_of: date) -> pd.DataFrame:
    """Return the fifteen as a data scientist would compute them: read the files, merge, group."""
    read = partial(_facts, lake, known)
    members = _members(read, as_of)
    homes = pd.DataFrame(index=pd.Index(np.sort(members["household_key"].unique()), name="household_key"))
    living = members.loc[members["alive"], ["household_key", "person_key", "age"]]
    parts = [_health(read, living, as_of), _work(read, living, as_of), _home(read, living, as_of)]
    parts += [_aid(read, members, living, as_of), _ages(members, as_of)]
    for part in parts:
        homes = homes.join(part)
    return homes.fillna(0.0)[list(FIFTEEN)].astype("float64")


def _facts(lake: Lake, known: Manifest, feed: str, columns: list[str]) -> pd.DataFrame:
    """Return the standing rows of a feed: all its files less the keys that later ones ended."""
    deliveries = standing(known, feed)
    files = [lake.facts_path(feed, d.seq) for d in deliveries if d.has_facts]
    kept = ["fact_key", "seq", "person_key", *columns]
    rows = pd.concat([pd.read_parquet(file, columns=kept) for file in files], ignore_index=True)
    gone = [lake.gone_path(feed, d.seq) for d in deliveries[1:] if d.has_gone]
    if not gone:
        return rows
    ended = pd.concat([pd.read_parquet(file) for file in gone]).groupby("fact_key")["seq"].max()
    return rows[~(rows["fact_key"].map(ended) > rows["seq"])]


def _age(birth: pd.Series, on: pd.Series) -> pd.Series:
    unborn = (on.dt.month * 100 + on.dt.day) < (birth.dt.month * 100 + birth.dt.day)
    years: pd.Series = (on.dt.year - birth.dt.year).sub(unborn.astype(int))
    return years


def _members(read: partial[pd.DataFrame], as_of: date) -> pd.DataFrame:
    rows = read("household_register", ["household_key", "birth_on"])
    deaths = read("deaths", ["died_on"])
    deaths["died_on"] = pd.to_datetime(deaths["died_on"])
    died = deaths[deaths["died_on"] <= pd.Timestamp(as_of)].groupby("person_key")["died_on"].max()
    rows["died_on"] = rows["person_key"].map(died)
    rows["birth_on"] = pd.to_datetime(rows["birth_on"])
    rows["age"] = _age(rows["birth_on"], pd.Series(pd.Timestamp(as_of), rows.index))
    rows["age_at_death"] = _age(rows["birth_on"], rows["died_on"])
    return rows.assign(alive=rows["died_on"].isna())


def _year(rows: pd.DataFrame, column: str, as_of: date) -> pd.DataFrame:
    when = pd.to_datetime(rows[column])
    return rows[(when > pd.Timestamp(year_before(as_of))) & (when <= pd.Timestamp(as_of))]


def _back(rows: pd.DataFrame, as_of: date) -> pd.Series:
    month = pd.to_datetime(rows["month"])
    last = as_of.year * 12 + as_of.month - 1
    return last - (month.dt.year * 12 + month.dt.month)


def _health(read: partial[pd.DataFrame], living: pd.DataFrame, as_of: date) -> pd.DataFrame:
    rows = read("medical_settlements", ["settled_on", "kind", "self_pay", "cancelled"])
    rows = _year(rows[~rows["cancelled"].astype(bool)], "settled_on", as_of)
    rows = rows.assign(self_pay=rows["self_pay"].astype("float64"))
    paid = rows.groupby("person_key")["self_pay"].sum()
    stays = rows[rows["kind"] == "inpatient"].groupby("person_key")["self_pay"].max()
    people = living.assign(
        paid=living["person_key"].map(paid).fillna(0), stay=living["person_key"].map(stays).fillna(0)
    )
    homes = people.groupby("household_key")
    return pd.DataFrame(
        {
            "medical_self_pay_12m": homes["paid"].max(),
            "medical_self_pay_household_12m": homes["paid"].sum(),
            "costliest_admission_12m": homes["stay"].max(),
            "severe_disabled_members": _severe(read, living),
        }
    )


def _severe(read: partial[pd.DataFrame], living: pd.DataFrame) -> pd.Series:
    rows = read("disability_certificates", ["kind", "degree", "status"])
    hard = rows["degree"].isin(["1", "2"]) | ((rows["degree"] == "3") & rows["kind"].isin(["5", "6"]))
    people = rows[hard & (rows["status"] == "active")]["person_key"].drop_duplicates().to_frame()
    return people.merge(living, on="person_key").groupby("household_key").size()


def _work(read: partial[pd.DataFrame], living: pd.DataFrame, as_of: date) -> pd.DataFrame:
    rows = read("social_insurance", ["month", "paid"])
    rows = rows[rows["paid"].astype(bool)]
    back = _back(rows, as_of)
    months = rows.assign(last=back.between(0, 2), prior=back.between(3, 14))
    months = months.groupby("person_key")[["last", "prior"]].sum().reset_index().merge(living, on="person_key")
    gap = months[months["age"].between(16, 59) & (months["last"] == 0) & (months["prior"] >= 6)]
    wages = read("wages", ["month", "gross_wage"])
    wages = wages.assign(gross_wage=wages["gross_wage"].astype("float64"), back=_back(wages, as_of))
    wages = wages.merge(living, on="person_key")
    last, prior = (wages[wages["back"].between(*span)].groupby("household_key") for span in ((0, 2), (3, 14)))
    return pd.DataFrame(
        {
            "contribution_gap_members": gap.groupby("household_key").size(),
            "wages_3m": last["gross_wage"].sum(),
            "wages_prior_12m": prior["gross_wage"].sum(),
        }
    )


def _home(read: partial[pd.DataFrame], living: pd.DataFrame, as_of: date) -> pd.DataFrame:
    pupils = (
        read("students", ["term", "status"])
        .sort_values("term", kind="stable")
        .drop_duplicates("person_key", keep="last")
    )
    pupils = pupils[pupils["status"] == "dropped_out"].merge(living[living["age"].between(6, 15)], on="person_key")
    houses = read("housing_safety", ["level", "only_home", "repaired_on"])
    mended = pd.to_datetime(houses["repaired_on"]) <= pd.Timestamp(as_of)
    houses = houses[houses["level"].isin(["C", "D"]) & houses["only_home"].astype(bool) & ~mended]
    losses = _year(read("disasters", ["happened_on", "loss_yuan"]), "happened_on", as_of).merge(living, on="person_key")
    units = read("real_estate", ["use", "status"])
    units = units[(units["use"] == "residential") & (units["status"] == "active")]
    return pd.DataFrame(
        {
            "school_dropouts": pupils.groupby("household_key").size(),
            "dangerous_houses": houses.merge(living, on="person_key").groupby("household_key").size(),
            "disaster_loss_12m": losses["loss_yuan"].astype("float64").groupby(losses["household_key"]).sum(),
            "residential_units": units.merge(living, on="person_key").groupby("household_key").size(),
        }
    )


def _aid(read: partial[pd.DataFrame], members: pd.DataFrame, living: pd.DataFrame, as_of: date) -> pd.DataFrame:
    rows = read("benefit_payments", ["month", "result"])
    rows = rows[rows["result"] == "paid"]
    dead = members.loc[~members["alive"], ["household_key", "person_key", "died_on"]]
    after = rows.merge(dead, on="person_key")
    month = pd.to_datetime(after["month"])
    late = (month.dt.year - after["died_on"].dt.year) * 12 + month.dt.month - after["died_on"].dt.month
    lately = rows[_back(rows, as_of) == 0].merge(living, on="person_key")
    return pd.DataFrame(
        {
            "payments_after_death": after[late > 1].groupby("household_key").size(),
            "payments_last_month": lately.groupby("household_key").size(),
        }
    )


def _ages(members: pd.DataFrame, as_of: date) -> pd.DataFrame:
    old = members[members["alive"] & (members["age"] >= 80)]
    since = pd.Timestamp(as_of) - pd.Timedelta(days=90)
    lost = members[(members["died_on"] > since) & members["age_at_death"].between(16, 59)]
    return pd.DataFrame(
        {"elders_80": old.groupby("household_key").size(), "earners_died_90d": lost.groupby("household_key").size()}
    )
