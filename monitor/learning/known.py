"""Every household as it was known on one date: its indicators, the signs that the rules saw, the feeds it is in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import func, select

from monitor import database, indicators, policy
from monitor.lake import DeliveryRef, Lake, Manifest, View, digest, sql
from monitor.policy import FIRES, UNKNOWN, Policy, Verdicts
from monitor.service import Service
from monitor.tables import Delivery, Scan

REGISTER, DECISIONS = "household_register", "assistance_decisions"
SEVERITY = {"red": 3, "orange": 2, "yellow": 1, "blue": 0}
_EVERY = 1 << 31
QUARTER = 91
"""Days: how long ago is told in whole quarters, so that a week without news changes nothing."""
_MEMBER = ("household_key", "person_key", "relation", "sex", "age", "alive")


@dataclass(frozen=True)
class Archive:
    """All that was ever delivered; ``law`` gives the policy in force on a date as it was published by then.

    ``arrived`` tells when each delivery (by its number) came, ``nights`` when the scan of a date began.
    """

    lake: Lake
    deliveries: Manifest
    law: Callable[[date], Policy]
    arrived: Mapping[int, datetime] = field(default_factory=dict)
    nights: Mapping[date, datetime] = field(default_factory=dict)

    def manifest(self, as_of: date) -> Manifest:
        """Return what had arrived by ``as_of``: the day a row came to us, not the day it speaks of."""
        return tuple(d for d in self.deliveries if d.known_on <= as_of and not self.missed_night(d, as_of))

    def missed_night(self, delivery: DeliveryRef, as_of: date) -> bool:
        """Whether a delivery came when the scan of ``as_of`` had begun already, so that the scan did not see it."""
        night, came = self.nights.get(as_of), self.arrived.get(delivery.seq)
        return night is not None and came is not None and came > night


@dataclass(frozen=True, eq=False)
class Known:
    """The households of a region on ``as_of``; every table has one row for each, by household key.

    ``table``: attributes and indicators. ``signs``: what the rules saw. ``heard``: in which feeds the household is,
    and how many quarters ago each last spoke of it. ``members``: one row a member.
    """

    as_of: date
    law: Policy
    manifest: Manifest
    table: pd.DataFrame
    signs: pd.DataFrame
    heard: pd.DataFrame
    members: pd.DataFrame

    @property
    def sha256(self) -> str:
        """What it was made from, in one number."""
        return digest(self.manifest)


def archive(service: Service, *, until: date) -> Archive:
    """Open what ``service`` was delivered by ``until``."""
    with database.reading(service.engine) as session:
        deliveries = indicators.manifest(session, as_of=until)
        came = select(Delivery.seq, Delivery.received_at).where(Delivery.seq.is_not(None))
        arrived = {seq: at for seq, at in session.execute(came) if seq is not None}
        began = select(Scan.as_of, func.max(Scan.made_at)).where(Scan.finished_at.is_not(None)).group_by(Scan.as_of)
        nights = {row[0]: row[1] for row in session.execute(began)}
    settings, pack = service.settings, service.pack or policy.HERE
    lake = Lake.of(service.settings)
    return Archive(
        lake,
        deliveries,
        lambda on: policy.load(on, known_on=on, root=pack, production=settings.production),
        arrived,
        nights,
    )


def known(source: Archive, as_of: date, *, region: str | None = None) -> Known | None:
    """Return the households as they were known on ``as_of``; None before any register had come.

    Looks only at deliveries that had arrived by then, under the policy published by then: the same date gives the
    same tables however late it is asked.
    """
    manifest, law = source.manifest(as_of), source.law(as_of)
    if not any(delivery.feed == REGISTER for delivery in manifest):
        return None
    with indicators.opened(source.lake, law, manifest) as view:
        table = indicators.compute(view, law, as_of=as_of, region=region)
        heard, members = _heard(view, law, as_of, table.index), _members(view)
    return Known(as_of, law, manifest, table, _signs(law, law.judge(table)), heard, members)


def _members(view: View) -> pd.DataFrame:
    found: pd.DataFrame = view.query(sql.sliced("members", _MEMBER, start=0, stop=_EVERY)).to_pandas()
    return found.sort_values(["household_key", "person_key"], ignore_index=True)


def _heard(view: View, law: Policy, as_of: date, index: pd.Index) -> pd.DataFrame:
    """Whether a feed speaks of a household at all, by the feed's name; absence of a record is not nought."""
    keys = view.query(sql.sliced("households", ["place", "household_key"], start=0, stop=_EVERY)).to_pandas()
    by_place = keys.set_index("place")["household_key"]
    columns: dict[str, pd.Series] = {}
    for feed, page in law.feeds.items():
        if feed in (REGISTER, DECISIONS):
            continue
        terms = sql.heard(page.happened_on, as_of=as_of)
        rows = view.query(sql.by_household(terms, people=view.facts(feed), members="members", who="TRUE")).to_pandas()
        rows = rows.set_index(rows["place"].map(by_place))
        columns[f"linked__{feed}"] = rows["rows"].reindex(index, fill_value=0).gt(0).astype("float64")
        columns[f"since__{feed}"] = (rows["since"].astype("float64") // QUARTER).reindex(index)
    return pd.DataFrame(columns, index=index)


def _signs(law: Policy, found: Verdicts) -> pd.DataFrame:
    """Count what fires and what cannot be seen; ``rule_order`` is the queue's own order: level, then excess."""
    helps = [name for name, rule in found.rules.items() if rule.direction == "help"]
    codes = found.codes[helps].to_numpy()
    fires = codes == FIRES
    levels = np.array([SEVERITY[law.rules[name].level] for name in helps])
    level = np.where(fires, levels + 1, 0).max(axis=1)
    excess = found.excess[helps].reindex(found.codes.index).to_numpy(dtype=np.float64)
    at_level = np.where(fires, levels + 1, -1) == level[:, None]
    worst = np.nan_to_num(np.where(at_level, excess, np.nan), nan=0.0).max(axis=1)
    said = {
        "signs": fires.sum(axis=1),
        "signs_unknown": (codes == UNKNOWN).sum(axis=1),
        "sign_level": level,
        "rule_order": level * 1000.0 + np.where(level > 0, worst, 0.0),
    }
    return pd.DataFrame({name: column.astype(np.float64) for name, column in said.items()}, index=found.codes.index)
