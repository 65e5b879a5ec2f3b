"""Households that nobody can judge or settle: found by halving, set aside with a note, so that the night goes on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

import pandas as pd
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from jobs.ledger import Fenced
from monitor import alerts, policy
from monitor.errors import Conflict
from monitor.lake import UNABLE

Done = TypeVar("Done")
MOST = 100
# What says nothing of a household: the machine, the database, somebody else.
_OURS = (Fenced, alerts.Overtaken, MemoryError, OSError, *UNABLE)


@dataclass(frozen=True)
class Poison:
    """Why work on a household, or on some, broke: the kind of the error and where, never its text."""

    error: str
    place: str


@dataclass(frozen=True)
class Part:
    """Some households of a chunk, from ``start`` on, as judged; or one that cannot be."""

    start: int
    table: pd.DataFrame
    found: policy.Verdicts | Poison


def attempt(work: Callable[[], Done]) -> Done | Poison:
    """Do ``work``; an error that its households may have caused is returned, any other goes on."""
    try:
        return work()
    except _OURS:
        raise
    except Exception as error:
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
            raise
        last = extract_tb(error.__traceback__)[-1]
        return Poison(type(error).__name__[:64], f"{Path(last.filename).name}:{last.lineno}")


def judged(table: pd.DataFrame, judge: Callable[[pd.DataFrame], policy.Verdicts], *, start: int = 0) -> Iterator[Part]:
    """Yield ``table`` judged, in one part when nothing is wrong, else in parts around the households that break it."""
    found = attempt(lambda: judge(table))
    if isinstance(found, policy.Verdicts) or len(table) <= 1:
        yield Part(start, table, found)
        return
    middle = len(table) // 2
    yield from judged(table.iloc[:middle], judge, start=start)
    yield from judged(table.iloc[middle:], judge, start=start + middle)


def refuse_too_many(set_aside: int, seen: int) -> None:
    """Refuse when what breaks is no single household: more than a hundred, or more than half of all there are."""
    if set_aside > MOST or set_aside * 2 > seen > 0:
        raise Conflict(
            zh=f"{set_aside} 户无法判定或处理：问题在规则或程序，不在个别家庭；本次扫描不清除任何预警",
            en=f"{set_aside} households could not be judged or settled: a rule or the program is at fault, not they; "
            "this scan clears nothing",
        )
