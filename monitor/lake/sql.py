"""The one place that writes statements: parts in, SQL out, nothing run.

Everything here stays within what came back equal on DuckDB and on Spark: aggregates with FILTER, plain
joins, NOT EXISTS, ROW_NUMBER, date arithmetic. Dates are literals reckoned in Python.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import sqlglot

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def named(name: str) -> str:
    """Return ``name`` quoted; refuses what is not a plain identifier, so nothing can be smuggled in."""
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"not a plain identifier: {name!r}")
    return f'"{name}"'


def text(value: str) -> str:
    """Return ``value`` as a text literal."""
    return "'" + value.replace("'", "''") + "'"


def day(value: date) -> str:
    """Return ``value`` as a date literal."""
    return f"DATE '{value.isoformat()}'"


def listed(terms: Iterable[str]) -> str:
    """Return the terms of a select list."""
    return ", ".join(terms)


def both(conditions: Iterable[str]) -> str:
    """Return the conditions joined by AND; none at all are true."""
    return " AND ".join(f"({condition})" for condition in conditions) or "TRUE"


def carried(statement: str, *, to: str) -> str:
    """Return ``statement`` in another engine's dialect (``spark``)."""
    return sqlglot.transpile(statement, read="duckdb", write=to)[0]


def nothing(columns: Mapping[str, str]) -> str:
    """Return a statement that has ``columns`` (name: SQL type) and no rows."""
    return f"SELECT {listed(f'CAST(NULL AS {kind}) AS {named(name)}' for name, kind in columns.items())} WHERE FALSE"


def standing_facts(facts: str, gone: str | None) -> str:
    """Return the rows of ``facts`` that no later delivery superseded or withdrew."""
    if gone is None:
        return f"SELECT * FROM {named(facts)}"
    ended = "g.fact_key = f.fact_key AND g.seq > f.seq"
    return f"SELECT f.* FROM {named(facts)} f ANTI JOIN {named(gone)} g ON {ended}"


def years_between(birth: str, until: date | str) -> str:
    """Return full years from the date ``birth`` to a day; whoever was born on 29 February turns on 1 March."""
    if isinstance(until, date):
        year, month_day = str(until.year), str(until.month * 100 + until.day)
    else:
        year, month_day = f"year({until})", f"month({until}) * 100 + day({until})"
    return f"({year} - year({birth}) - CASE WHEN month({birth}) * 100 + day({birth}) > {month_day} THEN 1 ELSE 0 END)"


def everyone(*, as_of: date, register: str, deaths: str, asked: str | None, aside: str | None = None) -> str:
    """Return who is in which household on ``as_of``: ages in full years, deaths known and come true.

    A death after ``as_of`` is not one yet. ``asked`` names a relation of households to keep within, ``aside`` one
    of those to leave out.
    """
    died = "d.died_on"
    kept = "" if asked is None else f" WHERE r.household_key IN (SELECT household_key FROM {named(asked)})"
    if aside is not None:
        kept += f"{' AND' if kept else ' WHERE'} r.household_key NOT IN (SELECT household_key FROM {named(aside)})"
    return (
        "SELECT r.household_key, r.person_key, r.relation, r.sex, r.birth_on, "
        f"{died} IS NULL AS alive, {died} AS died_on, "
        f"{years_between('r.birth_on', as_of)} AS age, {years_between('r.birth_on', died)} AS age_at_death, "
        f"date_diff('day', {died}, {day(as_of)}) AS days_since_death, "
        f"CAST(date_trunc('month', {died}) + INTERVAL 1 MONTH AS DATE) AS month_after_death "
        f"FROM {named(register)} r LEFT JOIN (SELECT person_key, max(died_on) AS died_on FROM {named(deaths)} "
        f"WHERE died_on <= {day(as_of)} GROUP BY person_key) d ON d.person_key = r.person_key{kept}"
    )


def households(*, everyone: str, register: str, region: str) -> str:
    """Return the households of ``region`` (a code's leading digits) with what their head's row says of them.

    The head is relation 02; without one, and between two, the smallest person key speaks.
    ``place`` counts them from 0 in the order of county and household key.
    """
    within = f"WHERE substr(m.region, 1, {len(region)}) = {text(region)}" if region else ""
    order = "ORDER BY substr(m.region, 1, 6), m.household_key"
    return (
        f"SELECT CAST(ROW_NUMBER() OVER ({order}) - 1 AS INTEGER) AS place, m.household_key, "
        "m.region, substr(m.region, 1, 6) AS county, substr(m.region, 1, 9) AS town, m.category, "
        "h.members, h.members_living, CAST(m.monthly_income_per_head AS DOUBLE) AS monthly_income_per_head, "
        "CAST(m.monthly_income_per_head * h.members_living * 12 AS DOUBLE) AS yearly_income "
        "FROM (SELECT household_key, "
        "coalesce(min(person_key) FILTER (WHERE relation = '02'), min(person_key)) AS person_key, "
        "count(*) AS members, count(*) FILTER (WHERE alive) AS members_living "
        f"FROM {named(everyone)} GROUP BY household_key) h "
        f"JOIN {named(register)} m ON m.household_key = h.household_key AND m.person_key = h.person_key {within}"
    )


def members(*, everyone: str, households: str) -> str:
    """Return the members of ``households``, each with the household's place."""
    return (
        "SELECT h.place, m.household_key, m.person_key, m.relation, m.sex, m.birth_on, m.alive, m.died_on, m.age, "
        f"m.age_at_death, m.days_since_death, m.month_after_death FROM {named(everyone)} m "
        f"JOIN {named(households)} h ON h.household_key = m.household_key"
    )


def grouped(terms: Sequence[tuple[str, str]], *, source: str, by: str, where: str = "TRUE") -> str:
    """Return ``terms`` (name, SQL) over ``source``, one row for each ``by``."""
    selected = listed(f"{term} AS {named(name)}" for name, term in terms)
    key = by.rsplit(".", 1)[-1]
    return f"SELECT {by} AS {named(key)}, {selected} FROM {source} WHERE {where} GROUP BY {by}"


def marked(facts: str, *, by: str, where: str) -> str:
    """Return the rows that satisfy ``where``, each person's numbered (``recency``) from the greatest ``by`` back."""
    order = f"ROW_NUMBER() OVER (PARTITION BY f.person_key ORDER BY {by} DESC, f.seq DESC, f.row_no DESC)"
    return f"SELECT f.*, {order} AS recency FROM {named(facts)} f WHERE {where}"


def people(members: str, *, who: str) -> str:
    """Return each person once, with what is said of the person whatever the household."""
    return (
        "SELECT DISTINCT m.person_key, m.sex, m.alive, m.birth_on, m.died_on, m.age, m.age_at_death, "
        f"m.days_since_death, m.month_after_death FROM {named(members)} m WHERE {who}"
    )


def source(facts: str, *, people: str | None, within: str | None) -> str:
    """Return what aggregates read: ``facts`` (a relation or a statement) as ``f``.

    ``people`` is a statement joined beside them as ``q``; ``within`` names a relation of members to keep to.
    """
    rows = f"({facts}) f" if facts.startswith("SELECT") else f"{named(facts)} f"
    if people is not None:
        return f"{rows} JOIN ({people}) q ON q.person_key = f.person_key"
    if within is not None:
        return f"(SELECT * FROM {rows} WHERE f.person_key IN (SELECT person_key FROM {named(within)})) f"
    return rows


def by_household(terms: Sequence[tuple[str, str]], *, people: str, members: str, who: str) -> str:
    """Return ``terms`` (name, SQL over ``p`` and ``m``) for each household; ``who`` says which members count."""
    rows = f"({people}) p" if people.startswith("SELECT") else f"{named(people)} p"
    source = f"{rows} JOIN {named(members)} m ON m.person_key = p.person_key"
    return grouped(terms, source=source, by="m.place", where=who)


def heard(on: str | None, *, as_of: date) -> list[tuple[str, str]]:
    """Return the terms of ``by_household`` that say how many rows speak of it, and how many days ago the last is.

    ``on`` is the column of the day that a row speaks of; None: the rows have none, and ``since`` is unknown.
    """
    last = "CAST(NULL AS DATE)" if on is None else f"max(p.{named(on)}) FILTER (WHERE p.{named(on)} <= {day(as_of)})"
    return [("rows", "count(*)"), ("since", f"date_diff('day', {last}, {day(as_of)})")]


def keys(facts: str) -> str:
    """Return the fact and the delivery of each row of a relation."""
    return f"SELECT fact_key, seq FROM {named(facts)}"


def said_since(facts: str, columns: Sequence[str], *, since: date | None = None) -> str:
    """Return the person, fact and delivery of each row with ``columns``; of those whose first lies after ``since``."""
    said = listed(f"f.{named(name)}" for name in columns)
    after = "" if since is None else f" WHERE f.{named(columns[0])} > {day(since)}"
    return f"SELECT f.person_key, f.fact_key, f.seq, {said} FROM {named(facts)} f{after}"


def said_of_members(
    terms: Sequence[tuple[str, str]], *, members: str, tables: Mapping[str, str], only: Sequence[str] = ()
) -> str:
    """Return ``terms`` (name, SQL) for every member, or for those with a row in one of the relations ``only``.

    ``tables`` (alias: relation) are joined by person.
    """
    joins = [
        f"LEFT JOIN {named(table)} {alias} ON {alias}.person_key = m.person_key" for alias, table in tables.items()
    ]
    if only:
        some = " UNION ".join(f"SELECT person_key FROM {named(table)}" for table in only)
        joins.insert(0, f"JOIN ({some}) o ON o.person_key = m.person_key")
    selected = listed(f"{term} AS {named(name)}" for name, term in terms)
    return (
        f"SELECT m.place, m.household_key, m.person_key, m.alive, {selected} FROM {named(members)} m {' '.join(joins)}"
    )


def sliced(relation: str, columns: Sequence[str], *, start: int, stop: int) -> str:
    """Return ``columns`` of the rows whose place lies in the half-open range."""
    return f"SELECT {listed(map(named, columns))} FROM {named(relation)} WHERE place >= {start} AND place < {stop}"


def counted(relation: str) -> str:
    """Return how many rows a relation has."""
    return f"SELECT count(*) AS n FROM {named(relation)}"
