"""The random sample: a few households a week that nobody flagged, each with a known chance, visited like any other."""

import hashlib
import math
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.alerts.asked import AUDIT, Asked, flagged, raise_all_asked
from monitor.policy import Policy
from monitor.sampling.scores import Scores
from monitor.tables import Alert, Case, Choice, Household, Reason

VERSION = "1"
_MONTHS, _WEEKS = 12, 52
_ASSISTED = ("dibao", "tekun")
_UNSEEN = "unscored"
_WORDS = (
    "随机抽查（不是风险提示）：用于检验是否有应助未发现的家庭",
    "Drawn at random (not a sign of risk): to see whether households in need are missed",
)
_REFERENCE = {"title": "随机抽查办法", "article": "按周、按县分层随机抽取"}
Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Sample:
    """What one county's week draws, reckoned from what was read and entered nowhere yet."""

    county: str
    week: "Week"
    pick: Callable[[Session], pd.DataFrame]
    rows: pd.DataFrame


@dataclass(frozen=True)
class Week:
    """One county's week: how many can be visited, and how many of those the sample draws."""

    name: str
    as_of: date
    capacity: int
    wanted: int


def week_of(law: Policy, county: str, *, as_of: date) -> Week:
    """Return the week of ``as_of`` in ``county``: the share of its capacity, and at least what a month must see."""
    year, number, _ = as_of.isocalendar()

    def amount(name: str) -> float:
        return (law.resolved.amount(name, county, None) if name in law.parameters else None) or 0.0

    capacity = int(amount("visits.weekly"))
    least = amount("audit.monthly_least") * _MONTHS / _WEEKS
    share = amount("audit.share") * capacity
    wanted = math.ceil(max(share, least)) if share else 0
    return Week(f"{year}-W{number:02}", as_of, capacity, wanted)


def draw(
    session: Session,
    law: Policy,
    *,
    as_of: date,
    region: str,
    scores: Scores | None,
    scan: uuid.UUID | None = None,
) -> Counter[str]:
    """Draw and enter the week's sample of each county of ``region``: ``samples``, each entered, counted as drawn."""
    done: Counter[str] = Counter()
    for sample in samples(session, law, as_of=as_of, region=region, scores=scores):
        done["drawn"] += enter(session, sample, scan=scan)
    return done


def samples(session: Session, law: Policy, *, as_of: date, region: str, scores: Scores | None) -> Iterator[Sample]:
    """Draw the week's sample of each county of ``region`` from the households that nobody flagged; writes nothing.

    Every household without an open alert or case, and not on dibao or tekun already, has a chance above nought, which
    is stored with it. The draw follows from the week, the county and the register's own keys, which nobody outside
    knows: it can be done again. A county whose week was drawn already has none.
    """
    counties = select(Household.county).where(Household.registered, Household.region.startswith(region)).distinct()
    for county in sorted(session.scalars(counties)):
        week = week_of(law, county, as_of=as_of)
        if not week.wanted or _drawn(session, county, week):
            continue
        pick = partial(_picked, region=region, county=county, week=week, scores=scores)
        yield Sample(county, week, pick, pick(session))


def _picked(session: Session, *, region: str, county: str, week: Week, scores: Scores | None) -> pd.DataFrame:
    homes = unflagged(session, region, county=county)
    seed = hashlib.sha256(f"audit\x1f{week.name}\x1f{county}".encode()).digest()
    return chosen(homes, week.wanted, seed=seed, scores=scores)


def enter(session: Session, sample: Sample, *, scan: uuid.UUID | None = None) -> int:
    """Give each household of ``sample`` an alert to check, which says that it is no sign of risk; return how many.

    None for a county whose week was drawn meanwhile; where somebody was flagged meanwhile it is drawn anew.
    """
    if _drawn(session, sample.county, sample.week):
        return 0
    rows = sample.rows
    if flagged(session, rows["household"].tolist()):
        rows = sample.pick(session)
    chosen_ = select(Household).where(Household.id.in_(rows["household"].tolist()))
    homes = {home.id: home for home in session.scalars(chosen_)}
    drawn = [homes[key] for key in rows["household"].tolist()]
    asked = Asked(AUDIT, VERSION, "check", "blue", *_WORDS, reference=_REFERENCE)
    alerts = raise_all_asked(session, drawn, asked, as_of=sample.week.as_of, scan=scan)
    for home, alert, row in zip(drawn, alerts, rows.itertuples(), strict=True):
        session.add(_choice(home, alert, row, sample.week))
    session.flush()
    return len(drawn)


def unflagged(session: Session, region: str, *, county: str | None = None, drawn: bool = False) -> pd.DataFrame:
    """Return ``household``, ``county`` and ``town`` of those of ``region`` whom nobody flagged and nobody helps yet.

    With ``drawn`` those too whom the sample alone has drawn.
    """
    flagged = select(Alert.id).where(Alert.household_id == Household.id, Alert.closed_at.is_(None))
    if drawn:
        flagged = flagged.join(Reason, Reason.alert_id == Alert.id).where(Reason.rule != AUDIT)
    helped = select(Case.id).where(Case.household_id == Household.id, Case.closed_at.is_(None))
    chosen_ = select(Household.id, Household.county, Household.town).where(
        Household.registered, Household.region.startswith(region), ~flagged.exists(), ~helped.exists(),
        func.coalesce(Household.category, "other").not_in(_ASSISTED),
    )  # fmt: skip
    if county is not None:
        chosen_ = chosen_.where(Household.county == county)
    columns = database.arrow_columns(session, chosen_.order_by(Household.id))
    found: pd.DataFrame = pa.table(columns, names=["household", "county", "town"]).to_pandas()
    return found


def _drawn(session: Session, county: str, week: Week) -> bool:
    known = select(Choice.id).where(Choice.reason == "audit", Choice.county == county, Choice.week == week.name)
    return session.scalar(known.limit(1)) is not None


def chosen(homes: pd.DataFrame, wanted: int, *, seed: bytes, scores: Scores | None) -> pd.DataFrame:
    """Return the ``wanted`` households drawn among ``homes``, with ``stratum``, ``propensity`` and ``score``.

    Each band of the score gives its part, and at least one; within a band the townships are gone through in order,
    from a random start in equal steps. Equal input draws the same households.
    """
    keys = pd.Index(homes["household"])
    bands = pd.Series(_UNSEEN, index=keys) if scores is None else scores.band(keys)
    told = np.nan if scores is None else scores.score.reindex(keys).to_numpy()
    pool = homes.assign(
        stratum=bands.to_numpy(), score=told, order=_scrambled(keys.to_numpy(np.uint64), seed)
    ).sort_values(["stratum", "town", "order"], kind="stable")
    parts = [
        _steps(rows, count, _start(seed, str(stratum)))
        for stratum, count in _shares(pool["stratum"].value_counts(), wanted).items()
        for rows in [pool[pool["stratum"] == stratum]]
    ]
    return pd.concat(parts, ignore_index=True) if parts else pool.assign(propensity=1.0).iloc[:0]


def _shares(sizes: pd.Series, wanted: int) -> dict[str, int]:
    """Part ``wanted`` among the strata by size, at least one for each, never more than there are."""
    total, given = int(sizes.sum()), {}
    for name, size in sizes.sort_index().items():
        given[str(name)] = min(int(size), max(1, round(wanted * int(size) / total)))
    return given


def _steps(rows: pd.DataFrame, count: int, start: float) -> pd.DataFrame:
    step = len(rows) / count
    places = np.minimum(((start + np.arange(count)) * step).astype(np.int64), len(rows) - 1)
    return rows.iloc[places].assign(propensity=count / len(rows))


def _start(seed: bytes, stratum: str) -> float:
    drawn = hashlib.sha256(seed + stratum.encode()).digest()[:6]
    return int.from_bytes(drawn, "big") / 2**48


def _scrambled(keys: Numbers, seed: bytes) -> Numbers:
    """SplitMix64 of each key under the seed: an order that the keys do not tell."""
    mixed: Numbers = keys + np.uint64(int.from_bytes(seed[:8], "big"))
    for shift, times in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(times)
    return mixed ^ (mixed >> np.uint64(31))


def _choice(home: Household, alert: uuid.UUID, row: Any, week: Week) -> Choice:
    score = float(row.score)
    return Choice(
        household_id=home.id, alert_id=alert, as_of=week.as_of, week=week.name, reason="audit",
        score=None if score != score else score, rank=None, capacity=week.capacity,
        propensity=float(row.propensity), stratum=str(row.stratum),
        county=home.county, town=home.town, village=home.village,
    )  # fmt: skip
