"""What the model suggests: a short list that nobody must follow, and that becomes an alert only by a person."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, get_args

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import Viewer, scope
from monitor.alerts.asked import SUGGESTED, Asked, raise_asked
from monitor.errors import Conflict, Invalid, NotFound, Stale
from monitor.policy import Policy
from monitor.sampling.drawing import Week, unflagged, week_of
from monitor.sampling.scores import Scores
from monitor.tables import Choice, Household, Suggestion, utc_now

SetAside = Literal["AL_ENJ", "NE_INC", "NE_SHORT", "NE_PROG", "DUP", "ERR_STALE", "MOVED", "DEAD", "WATCH"]
DISMISSED: tuple[SetAside, ...] = get_args(SetAside)
"""Reason codes under which a suggestion may be dismissed; the household may be suggested again later."""
QUIET_DAYS = 90
_SAYS = ("模型建议，非规则命中", "Suggested by the model; no rule fires")
_REFERENCE = {"title": "模型建议办法（参数 suggestions.weekly）", "article": "须经人工确认方可成为预警"}


def refresh(
    session: Session, law: Policy, keep: pd.DataFrame, *, as_of: date, region: str, scores: Scores | None
) -> Counter[str]:
    """Renew the list of ``region`` by what is ``wanted``, read before from the same scores.

    Quota and least score are what the score's page of policy says; a page that grants no suggestions has none.
    What waits and is still wanted stays as it is. What no longer is, because a rule has found it, its score fell
    or there is no score, lapses. A household dismissed in the last ninety days is not suggested again. Never touches
    an alert: with or without a model the same alerts stand.
    """
    keep = keep[~keep.index.isin(list(_dismissed(session, as_of)))]
    open_ = select(Suggestion).join(Household).where(Suggestion.status == "open", Household.region.startswith(region))
    done: Counter[str] = Counter()
    waiting_ = {one.household_id: one for one in session.scalars(open_)}
    for household, one in waiting_.items():
        if household not in keep.index:
            one.status, one.decided_at, one.version = "lapsed", utc_now(), one.version + 1
            done["lapsed"] += 1
    session.flush()
    for key, row in keep[~keep.index.isin(list(waiting_))].iterrows():
        home = session.get_one(Household, int(str(key)))
        told = () if scores is None else scores.reasons.get(home.id, ())
        model = "" if scores is None else scores.model
        session.add(_suggestion(home, row, week_of(law, home.county, as_of=as_of), model=model, reasons=list(told)))
        done["suggested"] += 1
    session.flush()
    return done


def wanted(session: Session, law: Policy, *, as_of: date, region: str, scores: Scores | None) -> pd.DataFrame:
    """Return whom tonight's scores suggest in ``region``: the highest that no rule sees, to each county's quota.

    By household, with ``score``, ``place`` and ``county``; nobody where there is no score. Writes nothing.
    """
    free = None if scores is None else unflagged(session, region)
    use = law.score
    if scores is None or free is None or free.empty or use is None or use.most is None or use.least is None:
        return pd.DataFrame(columns=["score", "place", "county"])
    score, order = (told_.reindex(free["household"]).to_numpy() for told_ in (scores.score, scores.listed))
    pool = free.assign(score=score, order=order).set_index("household").dropna(subset="score")
    pool = pool[~pool.index.isin(list(_dismissed(session, as_of)))].sort_values("order", ascending=False, kind="stable")
    pool["place"] = pool.groupby("county").cumcount() + 1
    quota, least = (
        pool["county"].map({county: _amount(law, name, county) for county in pool["county"].unique()})
        for name in (use.most, use.least)
    )
    return pool[(pool["place"] <= quota) & (pool["score"] >= least)]


def _dismissed(session: Session, as_of: date) -> set[int]:
    recent = select(Suggestion.household_id, func.max(Suggestion.as_of)).where(Suggestion.status == "dismissed")
    found = session.execute(recent.group_by(Suggestion.household_id)).all()
    return {household for household, on in found if (as_of - on).days < QUIET_DAYS}


def _amount(law: Policy, name: str, county: str) -> float:
    return (law.resolved.amount(name, county, None) if name in law.parameters else None) or 0.0


def _suggestion(home: Household, row: pd.Series, week: Week, *, model: str, reasons: list[Any]) -> Suggestion:
    return Suggestion(
        household_id=home.id, as_of=week.as_of, model=model, score=float(row["score"]), place=int(row["place"]),
        capacity=week.capacity, reasons=reasons, county=home.county, town=home.town, village=home.village,
    )  # fmt: skip


def waiting(session: Session, *, viewer: Viewer, most: int = 100) -> Sequence[tuple[Suggestion, Household]]:
    """Return the suggestions that wait in the viewer's region, the highest score first, each with its household."""
    chosen = select(Suggestion, Household).join(Household, Household.id == Suggestion.household_id)
    chosen = scope(chosen, viewer, of=Suggestion).where(Suggestion.status == "open")
    rows = session.execute(chosen.order_by(Suggestion.score.desc(), Suggestion.id).limit(most)).all()
    return [(row[0], row[1]) for row in rows]


def confirm(session: Session, suggestion: uuid.UUID, *, by: Viewer, on: date, expected: int | None = None) -> uuid.UUID:
    """Make an alert of a suggestion, by a person's decision, and return the alert's id.

    The alert says plainly that a model suggested it and no rule fires. Refuses one that no longer waits.
    """
    one = _hold(session, suggestion, by=by, expected=expected)
    home = session.get_one(Household, one.household_id)
    asked = Asked(SUGGESTED, one.model, "help", "blue", *_words(one), reference=_REFERENCE)
    one.alert_id = raise_asked(session, home, asked, as_of=on, scan=None)
    year, number, _ = on.isocalendar()
    session.add(
        Choice(
            household_id=home.id, alert_id=one.alert_id, as_of=on, week=f"{year}-W{number:02}", reason="ml",
            score=one.score, rank=one.place, capacity=one.capacity, propensity=1.0, stratum=None, county=home.county,
            town=home.town, village=home.village,
        )
    )  # fmt: skip
    _decide(session, one, "confirmed", by=by, why=None)
    return one.alert_id


def dismiss(
    session: Session, suggestion: uuid.UUID, *, why: str, by: Viewer, expected: int | None = None
) -> Suggestion:
    """Set a suggestion aside with a reason code; the household stays as it was, and rules judge it every night."""
    one = _hold(session, suggestion, by=by, expected=expected)
    if why not in DISMISSED:
        listed = ", ".join(DISMISSED)
        raise Invalid(zh=f"原因代码只能是：{listed}", en=f"the reason code is one of {listed}")
    _decide(session, one, "dismissed", by=by, why=why)
    return one


def _hold(session: Session, suggestion: uuid.UUID, *, by: Viewer, expected: int | None) -> Suggestion:
    chosen = scope(select(Suggestion).where(Suggestion.id == suggestion), by, of=Suggestion)
    one = session.scalar(chosen.with_for_update())
    if one is None:
        raise NotFound(zh="没有这条模型建议，或不在您的管辖范围", en="there is no such suggestion in your region")
    if expected is not None and expected != one.version:
        raise Stale(one.version)
    if one.status != "open":
        raise Conflict(zh="该建议已被处理", en="the suggestion was dealt with already")
    return one


def _decide(session: Session, one: Suggestion, status: str, *, by: Viewer, why: str | None) -> None:
    one.status, one.decided_why, one.decided_by = status, why, str(by.worker)
    one.decided_at, one.version = utc_now(), one.version + 1
    detail = {"model": one.model, "why": why, "alert": None if one.alert_id is None else str(one.alert_id)}
    audit.record(session, by=str(by.worker), action=f"suggestion.{status}", subject=str(one.id), detail=detail)
    session.flush()


def _words(one: Suggestion) -> tuple[str, str]:
    said = [[str(reason.get(language, "")) for reason in one.reasons] for language in ("zh", "en")]
    zh, en = (text + (sep + stop.join(told) if any(told) else "") for text, sep, stop, told in (
        (_SAYS[0], "：", "；", said[0]), (_SAYS[1], ": ", "; ", said[1]),
    ))  # fmt: skip
    return zh, en
