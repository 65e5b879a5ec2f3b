"""Statements that show where a value comes from: whose it is, and the rows behind it."""

from collections.abc import Sequence
from datetime import date

from monitor.lake.measures import WHO
from monitor.lake.sql import both, day, named, text

COLUMNS = ("household_key", "person_key", "feed", "seq", "row_no", "happened_on", "amount")


def asked_members(members: str, asked: str) -> str:
    """Return the members of the households in ``asked``."""
    return f"SELECT m.* FROM {named(members)} m WHERE m.household_key IN (SELECT household_key FROM {named(asked)})"


def pointed_at(said: str, *, value: str, how: str, members: str, flag: bool) -> str:
    """Return the members who make the household's value: the greatest, the least, or each that counts."""
    column, who = f"m.{named(value)}", WHO[members]
    if how in ("max", "min"):
        order = f"{column} {'DESC' if how == 'max' else 'ASC'} NULLS LAST, m.person_key"
        place = f"ROW_NUMBER() OVER (PARTITION BY m.household_key ORDER BY {order})"
        inner = f"SELECT m.household_key, m.person_key, {place} AS place FROM ({said}) m WHERE {who}"
        return f"SELECT household_key, person_key FROM ({inner}) t WHERE place = 1"
    counts = column if flag else f"{column} <> 0"
    return f"SELECT m.household_key, m.person_key FROM ({said}) m WHERE {both([who, counts])}"


def rows_behind(
    source: str, *, feed: str, condition: str, happened_on: str | None, amount: str | None, pointed: str | None
) -> str:
    """Return the facts (``f`` of ``source``) of the asked members (``m``) that satisfy ``condition``."""
    among = ""
    if pointed is not None:
        among = f" JOIN {named(pointed)} w ON w.household_key = m.household_key AND w.person_key = m.person_key"
    return (
        f"SELECT m.household_key, f.person_key, {text(feed)} AS feed, f.seq, f.row_no, "
        f"CAST({happened_on or 'NULL'} AS DATE) AS happened_on, CAST({amount or 'NULL'} AS DOUBLE) AS amount "
        f"FROM {source} JOIN {named('asked_members')} m ON m.person_key = f.person_key{among} "
        f"WHERE {condition}"
    )


def foremost(statements: Sequence[str], *, most: int) -> str:
    """Return the ``most`` weightiest rows of each household, in an order that never varies."""
    order = "abs(amount) DESC NULLS LAST, happened_on DESC NULLS LAST, seq DESC, row_no, feed, person_key"
    place = f"ROW_NUMBER() OVER (PARTITION BY household_key ORDER BY {order})"
    together = " UNION ALL ".join(statements)
    return (
        f"SELECT {', '.join(COLUMNS)} FROM (SELECT t.*, {place} AS place FROM ({together}) t) t "
        f"WHERE place <= {most} ORDER BY household_key, place"
    )


def withdrawn(arrived: str, gone: str, asked: str, *, by: Sequence[int]) -> str:
    """Return which of the rows in ``asked`` (seq, row_no) the deliveries ``by`` took away."""
    listed = ", ".join(str(seq) for seq in by)
    return (
        f"SELECT DISTINCT a.seq, a.row_no FROM {named(asked)} a "
        f"JOIN {named(arrived)} f ON f.seq = a.seq AND f.row_no = a.row_no "
        f"JOIN {named(gone)} g ON g.fact_key = f.fact_key AND g.seq > f.seq AND g.seq IN ({listed}) "
        "ORDER BY a.seq, a.row_no"
    )


def taken_back(arrived: str, gone: str, *, by: Sequence[int], until: int) -> str:
    """Return the facts that arrived with a delivery up to ``until`` and that the deliveries ``by`` took away."""
    listed = ", ".join(str(seq) for seq in by)
    return (
        f"SELECT f.* FROM {named(arrived)} f WHERE f.seq <= {int(until)} AND EXISTS (SELECT 1 FROM {named(gone)} g "
        f"WHERE g.fact_key = f.fact_key AND g.seq > f.seq AND g.seq IN ({listed}))"
    )


def paid_to(payments: str, *, persons: Sequence[int], since: date) -> str:
    """Return what was paid to each of ``persons`` from a month on: month, program, amount, result, the newest first."""
    listed = ", ".join(str(int(person)) for person in persons) or "NULL"
    return (
        f"SELECT person_key, month, program, amount, result, seq, row_no FROM {named(payments)} "
        f"WHERE person_key IN ({listed}) AND month >= {day(since)} "
        "ORDER BY month DESC, program, person_key, seq, row_no"
    )


def monthly(facts: str, *, persons: Sequence[int], amount: str, happened_on: str, since: date, only: str) -> str:
    """Return what the facts of ``persons`` come to in each month from ``since`` on, where ``only`` holds."""
    listed = ", ".join(str(int(person)) for person in persons) or "NULL"
    month = f"CAST(date_trunc('month', {named(happened_on)}) AS DATE)"
    return (
        f"SELECT {month} AS month, CAST(SUM({named(amount)}) AS DOUBLE) AS amount FROM {named(facts)} "
        f"WHERE person_key IN ({listed}) AND {named(happened_on)} >= {day(since)} AND {only} GROUP BY 1 ORDER BY 1"
    )


def by_year(facts: str, *, persons: Sequence[int], day_of: str, amount: str, counts: str, since: date) -> str:
    """Return what ``persons`` had together in each year from a day on: year, yuan, records, the newest first."""
    listed = ", ".join(str(int(person)) for person in persons) or "NULL"
    return (
        f"SELECT EXTRACT(year FROM {named(day_of)}) AS year, CAST(SUM({named(amount)}) AS DOUBLE) AS yuan, "
        f"COUNT(*) AS records FROM {named(facts)} WHERE person_key IN ({listed}) AND {named(day_of)} >= {day(since)} "
        f"AND {counts} GROUP BY 1 ORDER BY 1 DESC"
    )


def standing_of(
    facts: str, *, persons: Sequence[int], day_of: str, amount: str, codes: Sequence[str], stands: str
) -> str:
    """Return what stands in the name of each of ``persons``: since when, how much (NULL: nothing counted), codes.

    The newest comes first; of one day, what arrived last.
    """
    listed = ", ".join(str(int(person)) for person in persons) or "NULL"
    chosen = "".join(f", {named(code)}" for code in codes)
    counted = "NULL" if amount == "NULL" else named(amount)
    return (
        f"SELECT person_key, {named(day_of)} AS since, CAST({counted} AS DOUBLE) AS amount{chosen} "
        f"FROM {named(facts)} WHERE person_key IN ({listed}) AND {stands} "
        "ORDER BY since DESC NULLS LAST, seq DESC, row_no DESC"
    )
