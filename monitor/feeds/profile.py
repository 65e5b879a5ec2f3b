"""What a delivery looks like in numbers: kept with it, so that the next one can be held against it."""

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.checking import Checked, empty_shares
from monitor.feeds.identity import Identified
from monitor.feeds.residence import Residence
from monitor.matching.exact import NO_PERSON
from monitor.matching.numbers import Keys
from monitor.tables import Household, Member

SAMPLE = 500
Amounts = npt.NDArray[np.float64]
DESCRIBED = ("text", "secret", "name", "phone", "address", "code")


def profile(
    session: Session, checked: Checked, identified: Identified, residence: Residence | None = None
) -> dict[str, Any]:
    """Return shares and medians of a delivery; nothing in it tells of one person.

    Without ``residence`` the database is asked who lives where.
    """
    usable = checked.usable()
    matched = usable & (identified.people != NO_PERSON)
    made: dict[str, Any] = {
        "nulls": empty_shares(checked),
        "looks": _looks(checked),
        "counties": counties(session, identified.people[matched], residence),
        "located": int(matched.sum()),
    }
    if checked.id_column is not None and usable.any():
        made["unmatched"] = round(1 - int(matched.sum()) / int(usable.sum()), 4)
    if (newest := _newest(checked)) is not None:
        made["newest"] = newest
    amounts = _amounts(checked)
    if len(amounts):
        made |= {"median": float(np.median(amounts)), "amounts": len(amounts)}
    return made


def _newest(checked: Checked) -> str | None:
    """The last day on which something of the delivery happened; None where the feed tells of no days."""
    name = checked.page.happened_on
    last = pc.max(checked.values[name]).as_py() if name is not None and name in checked.values else None
    return last.isoformat()[:10] if isinstance(last, date) else None


def _amounts(checked: Checked) -> Amounts:
    """The sizes of the amounts that are not nought, refunds among them."""
    name = checked.page.quality.amount_column
    if name is None or name not in checked.values:
        return np.empty(0)
    numbers = pc.drop_null(pc.cast(checked.values[name], pa.float64())).to_numpy(zero_copy_only=False)
    sizes: Amounts = np.abs(numbers[numbers != 0])
    return sizes


def _looks(checked: Checked) -> dict[str, list[float]]:
    """For each column of free text the shares of digits only, of Han characters, and the mean length of its cells."""
    found = {}
    for name, column in checked.columns().items():
        if checked.page.columns[name].type in DESCRIBED and len(column):
            some = pc.drop_null(column.take(pa.array(sampled(len(column)))))
            if len(some):
                digits = pc.mean(pc.match_substring_regex(some, r"^[0-9Xx.]+$")).as_py()
                han = pc.mean(pc.match_substring_regex(some, r"\p{Han}")).as_py()
                found[name] = [round(digits, 3), round(han, 3), round(pc.mean(pc.utf8_length(some)).as_py(), 1)]
    return found


def sampled(rows: int) -> Keys:
    """Return at most ``SAMPLE`` row places, spread evenly and the same on every machine."""
    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, SAMPLE)).astype(np.int64))


def counties(session: Session, people: Keys, residence: Residence | None = None) -> dict[str, float]:
    """Return the share of each county among the households of ``people`` (a sample of them)."""
    if not len(people):
        return {}
    asked = np.unique(people[sampled(len(people))])
    found = _asked(session, asked) if residence is None else residence.count(asked)
    return {county: round(count / sum(found.values()), 4) for county, count in sorted(found.items())}


def _asked(session: Session, people: Keys) -> dict[str, int]:
    query = (
        select(Household.county, func.count())
        .join(Member, Member.household_id == Household.id)
        .where(database.among(session, Member.person_id, people.tolist()), Member.until_on.is_(None))
        .group_by(Household.county)
    )
    return {str(county): int(count) for county, count in session.execute(query)}
