"""Is this delivery like the ones before it? What breaks a limit of its page waits for a person.

A limit is broken only where the number is large enough to mean something: small counts fluctuate. An append
that follows a regular one within the same period is a correction and may be small, and so may one of a size that
the feed has had before. A feed of one or two periods has no usual size yet: only ten times its largest is held.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.checking import Checked
from monitor.feeds.problems import Problem
from monitor.policy.feed_pages import FeedPage
from monitor.tables import Delivery

PERIOD_DAYS = {"daily": 1, "weekly": 7, "monthly": 30, "quarterly": 91, "termly": 150, "yearly": 365}
REMEMBERED = 14
ENOUGH_ROWS = 50
ENOUGH_AMOUNTS = 30
ENOUGH_FAULTS = 20
FUTURE_SHARE = 0.2
LOOKS_SHIFT = 0.5
LEAP = 10


@dataclass(frozen=True)
class Past:
    """An earlier delivery of the same feed and mode, as far as quality looks at it."""

    known_on: date
    rows: int
    profile: dict[str, Any]


def history(session: Session, feed: str, mode: str) -> list[Past]:
    """Return the newest committed deliveries of ``feed`` in ``mode``, oldest first."""
    rows = database.run(session, _newest, values={"feed": feed, "mode": mode})
    found = [Past(on, many, dict(profile)) for on, many, profile in rows if on is not None]
    return found[::-1]


def _newest() -> Select[*tuple[Any, ...]]:
    return (
        select(Delivery.known_on, Delivery.rows, Delivery.profile)
        .where(Delivery.feed == bindparam("feed"), Delivery.mode == bindparam("mode"), Delivery.status == "committed")
        .order_by(Delivery.seq.desc())
        .limit(REMEMBERED)
    )


def judge(
    checked: Checked, made: dict[str, Any], past: Sequence[Past], *, received_on: date, nil: bool
) -> list[Problem]:
    """Return why the delivery must wait for a person; none: it may be committed.

    ``nil``: its manifest announces that there is nothing to report, and the feed allows that.
    """
    if not checked.rows:
        return [] if nil else [_held("held_empty", "文件没有数据行", "the file has no rows")]
    found = [*_volume(checked, past, received_on), *_faulty(checked)]
    if checked.mode != "withdraw" and checked.rows >= ENOUGH_ROWS and past:
        found += [
            *_empty_columns(checked.page, made, past),
            *_unlike(made, past),
            *_unmatched(checked, made, past),
            *_elsewhere(checked.page, made, past),
        ]
    return [*found, *_amounts(checked.page, made, past)]


def _held(code: str, zh: str, en: str, column: str | None = None) -> Problem:
    return Problem(code, zh, en, "held", column)


def _volume(checked: Checked, past: Sequence[Past], received_on: date) -> Iterator[Problem]:
    quality, rows = checked.page.quality, checked.rows
    if quality.rows_low is None or quality.rows_high is None:
        return
    usual = usual_rows(checked.page, past)
    if usual is None:
        yield from _leap(past, rows, max(LEAP, quality.rows_high), quality.rows_from)
        return
    too_many = rows > quality.rows_high * usual and rows >= quality.rows_from
    too_few = rows < quality.rows_low * usual and usual >= quality.rows_from
    if checked.mode == "append" and too_few:
        due = _due(checked.page, past, received_on, usual * quality.rows_low)
        too_few = due and not _alike(past, rows, quality.rows_low)
    if too_many or (too_few and checked.mode != "withdraw"):
        yield _unusual(rows, usual)


def _leap(past: Sequence[Past], rows: int, times: float, least: int) -> Iterator[Problem]:
    """A feed too young to have a usual size may grow and shrink, but not to many times its largest delivery."""
    largest = max((one.rows for one in past), default=0)
    if largest and rows >= times * largest and rows >= least:
        yield _unusual(rows, largest)


def _unusual(rows: int, usual: float) -> Problem:
    return _held(
        "held_volume",
        f"行数 {rows} 与往次（约 {usual:.0f}）相差过大",
        f"{rows} rows, while the deliveries before had about {usual:.0f}",
    )


def usual_rows(page: FeedPage, past: Sequence[Past]) -> float | None:
    """Return how many rows a regular delivery has: the median over periods of the largest in each; None: too few.

    A feed that replaces everything is held against its last three, even its very first.
    """
    if not past:
        return None
    if page.mode == "full":
        return float(median(one.rows for one in past[-3:]))
    largest: dict[tuple[int, int], int] = {}
    for one in past:
        period = _period(page.cadence, one.known_on)
        largest[period] = max(one.rows, largest.get(period, 0))
    return float(median(largest.values())) if len(largest) >= 3 else None


def _period(cadence: str, day: date) -> tuple[int, int]:
    if cadence in ("daily", "event"):
        return day.toordinal(), 0
    if cadence == "weekly":
        return day.isocalendar()[:2]
    months = {"monthly": 1, "quarterly": 3, "termly": 6, "yearly": 12}[cadence]
    return day.year, (day.month - 1) // months


def _due(page: FeedPage, past: Sequence[Past], received_on: date, least: float) -> bool:
    """Whether a regular delivery is expected: none came within most of a period."""
    days = PERIOD_DAYS.get(page.cadence)
    regular = [one.known_on for one in past if one.rows >= least]
    return days is not None and (not regular or (received_on - max(regular)).days > 0.7 * days)


def _alike(past: Sequence[Past], rows: int, low: float) -> bool:
    """Whether so small a delivery is nothing new: two before it were of its size."""
    return sum(low * one.rows <= rows for one in past) >= 2


def _faulty(checked: Checked) -> Iterator[Problem]:
    bad = int(checked.faults.bad().sum())
    limit = checked.page.quality.errors
    if bad == checked.rows:
        yield _held("held_errors", "没有一行可用", "not one row can be used")
    elif limit is not None and bad >= ENOUGH_FAULTS and bad > limit * checked.rows:
        yield _held("held_errors", f"{bad} 行有错误，过多", f"{bad} rows have errors: too many")
    future = checked.faults.counted("date_future")
    if future >= ENOUGH_FAULTS and future > FUTURE_SHARE * checked.rows:
        yield _held(
            "held_dates",
            f"{future} 个日期晚于收到日期，收到日期可能有误",
            f"{future} dates lie after the day of receipt, which may be wrong",
        )


def _mean(past: Sequence[Past], *path: str) -> float | None:
    """The mean over earlier deliveries of one number of their profiles, weighted by rows."""
    total = weight = 0.0
    for one in past:
        value: Any = one.profile
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, int | float):
            total, weight = total + value * one.rows, weight + one.rows
    return total / weight if weight >= ENOUGH_ROWS else None


def _empty_columns(page: FeedPage, made: dict[str, Any], past: Sequence[Past]) -> Iterator[Problem]:
    for name, share in made["nulls"].items():
        before = _mean(past, "nulls", name)
        if page.quality.nulls is not None and before is not None and share > before + page.quality.nulls:
            label = page.columns[name].headers[0]
            yield _held(
                "held_nulls",
                f"“{label}”（{name}）有 {share:.0%} 为空，往次为 {before:.0%}",
                f'{share:.0%} of column "{name}" is empty; it was {before:.0%} before',
                name,
            )


def _unmatched(checked: Checked, made: dict[str, Any], past: Sequence[Past]) -> Iterator[Problem]:
    rise, before, share = checked.page.quality.unmatched_rise, _mean(past, "unmatched"), made.get("unmatched")
    if rise is not None and before is not None and share is not None and share > before + rise:
        yield _held(
            "held_unmatched",
            f"{share:.0%} 的人员不在登记库，往次为 {before:.0%}",
            f"{share:.0%} of the people are not in the register; it was {before:.0%} before",
        )


def _amounts(page: FeedPage, made: dict[str, Any], past: Sequence[Past]) -> Iterator[Problem]:
    shift, name = page.quality.amount_shift, page.quality.amount_column
    before = [one.profile["median"] for one in past if one.profile.get("amounts", 0) >= ENOUGH_AMOUNTS]
    if shift is None or name is None or not before or made.get("amounts", 0) < ENOUGH_AMOUNTS:
        return
    ratio = made["median"] / median(before)
    if ratio >= shift or ratio <= 1 / shift:
        yield _held(
            "held_amount",
            f"“{page.columns[name].headers[0]}”的中位数是往次的 {ratio:.4g} 倍，单位可能有误（元/万元）",
            f'the median of "{name}" is {ratio:.4g} times that of before: perhaps the wrong unit (yuan or 10,000 yuan)',
            name,
        )


def _unlike(made: dict[str, Any], past: Sequence[Past]) -> Iterator[Problem]:
    """Cells of another kind under the same header: columns shifted or swapped."""
    enough = (one.profile for one in reversed(past) if one.rows >= ENOUGH_ROWS)
    last: dict[str, list[float]] = next(enough, {}).get("looks", {})
    for name, (digits, han, length) in made["looks"].items():
        if name in last and max(abs(digits - last[name][0]), abs(han - last[name][1])) > LOOKS_SHIFT:
            yield _held(
                "held_profile",
                f"列 {name} 的内容与往次完全不同（平均 {length} 字），可能错列",
                f'column "{name}" looks quite unlike before (mean length {length}): columns may be shifted',
                name,
            )


def _elsewhere(page: FeedPage, made: dict[str, Any], past: Sequence[Past]) -> Iterator[Problem]:
    """People of other counties than before: another county's file."""
    limit = page.quality.counties_shift
    if limit is None or made["located"] < page.quality.counties_from:
        return
    before = next(
        (p.profile for p in reversed(past) if p.profile.get("located", 0) >= page.quality.counties_from), None
    )
    if before is not None:
        names = made["counties"].keys() | before["counties"].keys()
        moved = sum(abs(made["counties"].get(name, 0) - before["counties"].get(name, 0)) for name in names) / 2
        if moved > limit:
            yield _held(
                "held_county",
                f"人员所在县区与往次相差 {moved:.0%}，可能是其他县区的文件",
                f"the people's counties differ from before by {moved:.0%}: perhaps another county's file",
            )
