"""How series are named and labelled: no label says more than a county, and none says who."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar

from prometheus_client.core import HistogramMetricFamily, Metric
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.tables import Household

# Every label there is. Never: a township, a village, a household, a person, an alert, a worker, free text. Nor "job" or
# "instance": those are Prometheus' own, and what we call so would arrive under another name and match no rule.
LABELS = frozenset(
    {
        "county", "level", "status", "rule", "source", "outcome", "result", "task", "part", "route", "method",
        "status_class", "version", "ruleset", "in_time", "channel", "kind", "le",
    }
)  # fmt: skip
COUNTY_DIGITS = 6
ELSEWHERE = "unknown"
Kind = TypeVar("Kind", bound=Metric)


def family(kind: type[Kind], name: str, said: str, labels: Sequence[str] = ()) -> Kind:
    """Return an empty family ``lowincome_<name>``; refuses a label that is not on the list."""
    strange = set(labels) - LABELS
    if strange:
        raise ValueError(f"labels that are not allowed: {sorted(strange)}")
    make: Any = kind
    made: Kind = make(f"lowincome_{name}", said, labels=list(labels))
    return made


def filled(made: Kind, rows: Iterable[tuple[Sequence[str], float]]) -> Kind:
    """Return ``made`` with a series for each of ``rows``: (values of its labels, number)."""
    add: Any = made.add_metric  # type: ignore[attr-defined]
    for labels, number in rows:
        add(list(labels), number)
    return made


def no_observations(bounds: Sequence[float]) -> list[float]:
    """Return an empty tally for ``histogram``: a count for each bound and one beyond them all, then the sum."""
    return [0.0] * (len(bounds) + 2)


def observe(counts: list[float], seconds: float, *, bounds: Sequence[float]) -> None:
    """Add one observation to a tally."""
    counts[bisect_left(bounds, seconds)] += 1
    counts[-1] += seconds


def histogram(
    name: str, said: str, counted: Mapping[str, list[float]], *, label: str, bounds: Sequence[float]
) -> HistogramMetricFamily:
    """Return a histogram with a series of buckets for each value of ``label``, from tallies of observations."""
    made = family(HistogramMetricFamily, name, said, [label])
    edges = [*map(str, bounds), "+Inf"]
    for value, counts in sorted(counted.items()):
        reached = accumulate(counts[:-1])
        made.add_metric([value], buckets=list(zip(edges, reached, strict=True)), sum_value=counts[-1])
    return made


def county(code: str | None) -> str:
    """Return the six digits of the county of a region; ``unknown`` for what is no such code."""
    short = (code or "")[:COUNTY_DIGITS]
    return short if len(short) == COUNTY_DIGITS and short.isascii() and short.isdigit() else ELSEWHERE


def counties(session: Session) -> list[str]:
    """Return the counties of the register."""
    return sorted({county(code) for code in session.scalars(select(Household.county).distinct())})
