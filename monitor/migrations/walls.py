"""The second wall: PostgreSQL's row-level security, derived from the tables themselves.

A table with ``county``, ``town`` and ``village`` is cut by them; one that hangs on such a table by a foreign key shows
the rows whose parent can be seen. So a new table stands behind the wall without a line here. Who asks is said once a
transaction, ``database.transaction(engine, region=...)``; a transaction that says nothing is refused. The owner is held
to it too (FORCE); the backup role alone is not. ``raze`` and ``put_up`` go around every migration.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, MetaData, Table, text

from monitor.errors import Conflict
from monitor.tables import Table as Base

POLICY = "lowincome_wall"
_LEVELS = ("county", "town", "village")
_NEAREST = ("alerts", "cases", "households", "people")
_REGION = "(SELECT lowincome_region())"
_ASKS = """CREATE OR REPLACE FUNCTION lowincome_region() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE region text := current_setting('lowincome.region', true);
BEGIN
  IF region IS NULL OR region = '' THEN
    RAISE EXCEPTION 'row-level security: the transaction says no region' USING ERRCODE = '42501';
  END IF;
  RETURN region;
END $$"""
_PLACES = "SELECT code FROM regions WHERE scheme = 'official' AND valid_to IS NULL AND level = 'county' AND path"
_BY_LEVEL = f"""{_REGION} IN ({{0}}.county, {{0}}.town, {{0}}.village) OR (length({_REGION}) IN (2, 4) AND (
  ({{0}}.county LIKE {_REGION} || '%' AND {{0}}.county NOT IN ({_PLACES} IS NOT NULL AND code LIKE {_REGION} || '%'
    AND path NOT LIKE '%/' || {_REGION} || '/%'))
  OR {{0}}.county IN ({_PLACES} LIKE '%/' || {_REGION} || '/%')))"""
# A department sees the referrals that are its own; our people have none, and see those of their region.
_FURTHER: Mapping[str, str] = {
    "referrals": "COALESCE(current_setting('lowincome.department', true), '') IN ('', department)",
}
# Whoever was ever a member of a household that can be seen; a row that is nobody's yet is seen by no office.
_OWN: Mapping[str, str] = {
    "people": "EXISTS (SELECT FROM members WHERE members.person_id = people.id OFFSET 0)",
    "proposals": "false",
}


def conditions(metadata: MetaData = Base.metadata) -> dict[str, str]:
    """Return, for each table behind the wall, the condition under which a row can be seen and written."""
    found = {table.name: _BY_LEVEL.format(table.name) for table in metadata.sorted_tables if _placed(table)}
    found |= _OWN
    before = -1
    while len(found) != before:
        before = len(found)
        for table in metadata.sorted_tables:
            parent = _parent(table, found) if table.name not in found else None
            if parent is not None:
                found[table.name] = parent
    for name, further in _FURTHER.items():
        if name in found:
            found[name] = f"({further}) AND {found[name]}"
    return {name: f"{_REGION} = '00' OR ({condition})" for name, condition in found.items()}


def put_up(connection: Connection) -> None:
    """Put every table behind its wall; on SQLite, which has none, nothing is done. A second call changes nothing."""
    if connection.dialect.name != "postgresql":
        return
    raze(connection)
    connection.exec_driver_sql(_ASKS.replace("%", "%%"))
    for name, condition in conditions().items():
        said = condition.replace("%", "%%")
        connection.exec_driver_sql(f"CREATE POLICY {POLICY} ON {name} USING ({said}) WITH CHECK ({said})")
        connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def raze(connection: Connection) -> None:
    """Take every wall down, so that a migration may change what it rests on."""
    if connection.dialect.name != "postgresql":
        return
    standing = connection.execute(text("SELECT tablename FROM pg_policies WHERE policyname = :name"), {"name": POLICY})
    for (name,) in standing.all():
        connection.exec_driver_sql(f'DROP POLICY {POLICY} ON "{name}"')
        connection.exec_driver_sql(f'ALTER TABLE "{name}" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY')


def require(connection: Connection) -> None:
    """Refuse a database in which a table stands without its wall."""
    if connection.dialect.name != "postgresql":
        return
    walled = text(
        "SELECT relname FROM pg_class JOIN pg_policies ON tablename = relname AND policyname = :name "
        "WHERE relrowsecurity AND relforcerowsecurity"
    )
    missing = conditions().keys() - set(connection.scalars(walled, {"name": POLICY}))
    if missing:
        raise Conflict(
            zh=f"行级安全未启用：{'、'.join(sorted(missing))}；请由属主账号运行 lowincome migrate",
            en=f"without row-level security: {', '.join(sorted(missing))}; run lowincome migrate as the tables' owner",
        )


def _placed(table: Table) -> bool:
    return all(level in table.columns for level in _LEVELS)


def _parent(table: Table, walled: Mapping[str, str]) -> str | None:
    """The nearest thing the table hangs on, by a key that is always there if there is one.

    ``OFFSET 0`` keeps the planner from hashing all that can be seen, a whole city, in order to judge a page of rows.
    """
    keys = [
        (key.parent.nullable or False, _place(key.column.table.name), key.parent.name, key.column)
        for key in table.foreign_keys
        if key.column.table.name in walled and key.column.table is not table
    ]
    if not keys:
        return None
    _, _, name, target = min(keys, key=lambda key: key[:3])
    other = target.table.name
    return f"EXISTS (SELECT FROM {other} WHERE {other}.{target.name} = {table.name}.{name} OFFSET 0)"


def _place(name: str) -> int:
    return _NEAREST.index(name) if name in _NEAREST else len(_NEAREST)
