"""The operational database: the one place that opens a session."""

import gc
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from json import JSONEncoder
from select import POLLIN, poll
from time import monotonic
from typing import Any, cast

import psycopg
import pyarrow as pa
from psycopg import sql
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Double,
    Engine,
    ExceptionContext,
    Select,
    Table,
    TableClause,
    any_,
    bindparam,
    column,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.sql.functions import FunctionElement

from monitor import listed as lists
from monitor import turns
from monitor.prepared import Prepared, Process, Rows, say, together
from monitor.settings import Settings
from monitor.turns import Paced

WHOLE, NOWHERE, ADDRESSED = "00", "-", "@"
_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_SQLITE: Dialect = sqlite.dialect()
_IN_A_STATEMENT, _IN_HAND = 100, 1_000
_ARROW = {int: pa.int64(), bool: pa.bool_(), str: pa.string(), bytes: pa.binary()}
_AT_ONCE = 20_000
# Connections of a process: eight processes leave room on a server that takes a hundred. A new one costs tens of
# milliseconds, so those of a busy morning are kept.
_KEPT, _MOST = 10, 15
_PATIENCE = "400ms"
# Fifty at their desks want one process each, no compiler for what takes milliseconds, and an index before the table.
_FOR_ONE = {"max_parallel_workers_per_gather": "0", "jit": "off", "random_page_cost": "1.1"}
Made = Callable[..., Select[*tuple[Any, ...]]]
"""What makes a statement from its shape."""

_REGION, _SETTING, _DEPARTMENT = "lowincome_region", "lowincome.region", "lowincome.department"
_READING, _RESTED, _HELD = "lowincome_reading", "lowincome_rested", "lowincome_held"
_AS_IT_STANDS = {"no_parameters": True}
_SURE = 5.0
"""Seconds for which a connection that rests is taken to be alive unless the server has said something since."""


def connect(settings: Settings) -> Engine:
    """Return an engine for ``settings.database_url``; a connection that its server has ended is not used.

    Bound values never appear in error texts, not even in PostgreSQL's DETAIL line: they may be personal.
    """
    on_file = settings.database_url.startswith("sqlite")
    if on_file:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        settings.database_url,
        hide_parameters=True,
        pool_size=_KEPT,
        max_overflow=_MOST - _KEPT,
        pool_use_lifo=True,  # the one that was used last has what it needs in memory
        json_serializer=JSONEncoder(ensure_ascii=False).encode,
        execution_options={_REGION: WHOLE},
        connect_args={"factory": Paced} if on_file else {},
    )
    event.listen(engine, "handle_error", _say_no_values)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    else:
        _prepare_postgresql(engine)
    return engine


def unscoped(engine: Engine) -> Engine:
    """Return ``engine`` saying no region: what stands behind row-level security is refused until one is said."""
    return engine.execution_options(**{_REGION: None})


@contextmanager
def transaction(engine: Engine, *, region: str | None = None) -> Iterator[Session]:
    """Open the session of one unit of work: committed when the block ends, undone when it raises.

    ``region`` is whose rows PostgreSQL shows and lets be written, for this transaction alone; ``340203@name`` of a
    department cuts the referrals further, to its own.
    """
    with Session(_said(engine, region), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine, *, region: str | None = None) -> Iterator[Session]:
    """Open a session that only reads, what lies in ``region`` if one is said; on SQLite it takes no write lock."""
    said = {} if region is None else {_REGION: region}
    connecting = engine.connect().execution_options(**{_READING: True}, **said)
    with connecting as connection, Session(bind=connection, expire_on_commit=False) as session:
        yield session
        _end_reading(connection)


def narrow(session: Session, region: str) -> None:
    """Show ``session``, which reads and has said no region, from here on what lies in ``region``."""
    connection = session.connection().execution_options(**{_REGION: region})
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_settings(region), execution_options=_AS_IT_STANDS)


@contextmanager
def instead(session: Session, *, region: str | None = None) -> Iterator[Session]:
    """End what ``session`` reads and open one unit of work on its connection, as ``transaction`` does.

    Two connections for one request would be two of the few that there are. ``session`` may read anew afterwards.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _end_reading(connection)
    session.rollback()
    said = {} if region is None else {_REGION: region}
    connection.execution_options(**{_READING: False}, **said)
    try:
        with Session(bind=connection, expire_on_commit=False) as changing, changing.begin():
            yield changing
    finally:
        connection.execution_options(**{_READING: True})


@contextmanager
def whole(session: Session) -> Iterator[None]:
    """Let one act of the caller reach beyond its region, as handing something over to another must.

    The caller has decided before that the worker may; what the session holds is written before the wall is back.
    """
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    session.flush()
    before = session.scalar(select(func.current_setting(_SETTING, True)))
    session.execute(select(func.set_config(_SETTING, WHOLE, True)))
    yield
    session.flush()
    session.execute(select(func.set_config(_SETTING, before or "", True)))


def awaited(engine: Engine) -> bool:
    """Say whether somebody waits to write; on PostgreSQL nobody waits for others' work as a whole."""
    return engine.dialect.name == "sqlite" and turns.awaited(str(engine.url.database))


def give_way(session: Session) -> None:
    """Wait for nobody's lock longer than four tenths of a second in this transaction: then it ends, to be done again.

    PostgreSQL looks for a deadlock after a second and ends whoever notices: so it is never whoever else is in it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.set_config("lock_timeout", _PATIENCE, True)))


def run(session: Session, made: Made, *shape: Hashable, values: Mapping[str, Any]) -> Rows:
    """Return what the statement that ``made(*shape)`` returns finds, its named parameters taken from ``values``.

    It is made once for each shape, and making it costs more than running it; so ``made`` must know nothing but its
    shape. Rows are plain: no object of the session is made or changed.
    """
    connection = _asked_on(session)
    return _made(made, shape, connection.dialect).run(connection, values)


def run_together(session: Session, *asked: tuple[Made, Sequence[Hashable], Mapping[str, Any]]) -> list[Rows]:
    """Return what each statement finds, as ``run`` does: what makes it, its shape, and its values.

    PostgreSQL is asked all at once: beside other work every answer that is waited for costs two turns at a processor.
    """
    connection = _asked_on(session)
    return together(connection, [(_made(made, tuple(shape), connection.dialect), of) for made, shape, of in asked])


def _asked_on(session: Session) -> Connection:
    """The connection of ``session``, with all on it that the session holds; looked for once in a transaction."""
    session.flush()
    held: Connection | None = session.info.get(_HELD)
    if held is None or not held.in_transaction():
        held = session.info[_HELD] = session.connection()
    return held


@lru_cache(maxsize=1024)
def _made(made: Made, shape: tuple[Hashable, ...], dialect: Dialect) -> Prepared:
    return Prepared(made(*shape), dialect)


def takes_lists(session: Session) -> bool:
    """Whether the database takes a list as one value: a statement then reads the same for any number of them."""
    return session.get_bind().dialect.name == "postgresql"


def among_named(column: InstrumentedAttribute[Any], name: str, *, listed: bool) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of the values given by ``name``; ``listed`` says ``takes_lists``.

    However many they are, the statement is the same: what is made for each value costs more than finding its row.
    """
    if listed:
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return lists.among(column, bindparam(name, type_=lists.Listed(column.type)))


@contextmanager
def many_rows() -> Iterator[None]:
    """Keep Python from searching for cycles meanwhile: among millions of plain rows there are none to find."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def bare_rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return all rows of ``query`` as the driver gives them: a third of the cost of row objects.

    Types are the driver's: on SQLite a date is text and a truth value 0 or 1. The query may hold only numbers and
    codes.
    """
    cursor = _bare(session, query)
    return [] if cursor is None else list(cursor.fetchall())


def _bare(session: Session, query: Select[*tuple[Any, ...]]) -> Any:
    connection = session.connection()
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return connection.exec_driver_sql(str(compiled)).cursor


def arrow_columns(session: Session, query: Select[*tuple[Any, ...]]) -> list[pa.Array]:
    """Return the columns of ``query``, numbers, truth values, texts or cells, of which ``bare_rows`` would be the rows.

    A thousand rows at a time are objects of Python: of millions at once two in five seconds go into memory.
    """
    cursor = _bare(session, query)
    types = [_ARROW[one.type.python_type] for one in query.selected_columns]
    parts: list[list[pa.Array]] = [[pa.array([], kind)] for kind in types]
    while cursor is not None and (rows := cursor.fetchmany(_IN_HAND)):
        for part, values, kind in zip(parts, zip(*rows, strict=True), types, strict=True):
            # SQLite's truth values are numbers, and numbers' own.
            part.append(pa.array(values).cast(kind) if kind == pa.bool_() else pa.array(values, kind))
    return [pa.concat_arrays(part) for part in parts]


def among(session: Session, column: SQLCoreOperations[int], values: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of ``values``: one bound value, so many cost no longer statement."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, list(values), type_=postgresql.ARRAY(BigInteger)))
    return lists.among(column, bindparam(None, list(values), type_=lists.Listed(BigInteger())))


def insert_many(session: Session, table: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``, which all have the same columns, in the caller's transaction: many times an executemany.

    Every column without a value in the database must be given: defaults of the Python classes do not apply.
    """
    if not rows:
        return
    connection, names = session.connection(), list(rows[0])
    core = cast(Table, table.__table__)
    columns = [_column(rows, name, _binding(core, name, connection.dialect)) for name in names]
    if connection.dialect.name == "postgresql":
        pour(connection, core, names, zip(*columns, strict=True))
        return
    insert_plain(connection, core.name, dict(zip(names, columns, strict=True)))


def insert_plain(
    connection: Connection, table: str, columns: Mapping[str, Sequence[Any]], *, anew: bool = True
) -> None:
    """Insert rows, a column each, as SQLite takes them, on SQLite only; without ``anew`` not those that are there.

    A statement for a hundred rows at once: what each execution costs is most of what a row costs.
    """
    wide, rows = len(columns), len(next(iter(columns.values())))
    cells: list[Any] = [None] * (wide * rows)
    for place, values in enumerate(columns.values()):
        cells[place::wide] = values
    whole = wide * (rows - rows % _IN_A_STATEMENT)
    for many, some in ((_IN_A_STATEMENT, cells[:whole]), (1, cells[whole:])):
        if some:
            step = many * wide
            given = [tuple(some[at : at + step]) for at in range(0, len(some), step)]
            connection.exec_driver_sql(_insertion(table, tuple(columns), many, anew), given)


@lru_cache(maxsize=256)
def _insertion(table: str, names: tuple[str, ...], rows: int, anew: bool) -> str:
    # Without the defaults of the class: each would ask for a value that the rows do not give.
    bare = TableClause(table, *(column(name) for name in names))
    values: list[list[BindParameter[Any]]] = [[bindparam(f"{name}_{row}") for name in names] for row in range(rows)]
    statement = sqlite.insert(bare).values(values)
    made = statement if anew else statement.on_conflict_do_nothing()
    return str(made.compile(dialect=_SQLITE))


class now(FunctionElement[float]):  # noqa: N801 - read like func.now()
    """The database's own clock as it is read, in seconds since 1970: no host's clock has a say in it.

    On SQLite the database's clock is that of the machine it is a file of.
    """

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _now_sqlite(_element: now, _compiler: Any, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now)
def _now(_element: now, _compiler: Any, **_options: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


class holds(FunctionElement[bool]):  # noqa: N801 - read like func.now()
    """Whether a text holds another, letter for letter: no letter in it means any other."""

    type = Boolean()
    inherit_cache = True


@compiles(holds, "sqlite")
def _holds_sqlite(element: holds, compiler: Any, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(holds)
def _holds(element: holds, compiler: Any, **options: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"


def _column(rows: Sequence[dict[str, Any]], name: str, process: Process) -> list[Any]:
    """Return a column's values as the driver takes them, each object turned into that once: many recur."""
    values = [row[name] for row in rows]
    if process is None:
        return values
    places = list(map(id, values))
    done = {place: process(value) for place, value in dict(zip(places, values, strict=True)).items()}
    return [done[place] for place in places]


@lru_cache(maxsize=1024)
def _binding(table: Table, name: str, dialect: Dialect) -> Process:
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)


def pour(connection: Connection, table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert ``rows`` as the driver takes them (days as dates or ISO text), on PostgreSQL only and at its full speed.

    By COPY; where row-level security holds for us that is refused, and whole columns go in as arrays.
    """
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor:
            (_insert_arrays if _walled(connection, table) else _copy)(cursor, table, names, rows)
    except psycopg.Error as error:  # its text quotes the row
        bare = type(error)(error.diag.message_primary or "")
        raise DBAPIError.instance(
            None, None, bare, psycopg.Error, connection_invalidated=driver.closed, dialect=connection.dialect
        ) from None


def _walled(connection: Connection, table: Table) -> bool:
    """Whether row-level security holds for us on ``table``; a connection asks once, it belongs to one role."""
    known: dict[str, bool] = connection.info.setdefault("walled", {})
    if table.name not in known:
        known[table.name] = bool(connection.scalar(select(func.row_security_active(table.name))))
    return known[table.name]


def _copy(cursor: "psycopg.Cursor[Any]", table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)) as copy:
        for row in rows:
            copy.write_row(row)


def _insert_arrays(
    cursor: "psycopg.Cursor[Any]", table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    kinds = (sql.SQL("%s::" + table.c[name].type.compile(_POSTGRESQL) + "[]") for name in names)
    statement = sql.SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(kinds)
    )
    walk = iter(rows)
    while some := list(islice(walk, _AT_ONCE)):
        cursor.execute(statement, [list(column) for column in zip(*some, strict=True)])


def _said(engine: Engine, region: str | None) -> Engine:
    return engine if region is None else engine.execution_options(**{_REGION: region})


def _prepare_postgresql(engine: Engine) -> None:
    """Ask the server nothing that need not be asked: on a busy machine each answer costs two turns of a processor."""

    def begin_ourselves(driver: "psycopg.Connection[Any]", record: ConnectionPoolEntry) -> None:
        driver.autocommit = True  # ``_begin`` begins, and says more in the same breath
        record.info[_RESTED] = monotonic()

    def rest(_driver: "psycopg.Connection[Any] | None", record: ConnectionPoolEntry) -> None:
        record.info[_RESTED] = monotonic()

    def look(driver: "psycopg.Connection[Any]", record: ConnectionPoolEntry, _held: object) -> None:
        try:
            if monotonic() - record.info[_RESTED] > _SURE or _has_spoken(driver):
                engine.dialect.do_ping(cast("DBAPIConnection", driver))
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "connect", begin_ourselves)
    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", look)
    event.listen(engine, "begin", _begin)


def _has_spoken(driver: "psycopg.Connection[Any]") -> bool:
    """Whether the server has said something that nobody asked: that it closes the connection, for one."""
    ear = poll()
    ear.register(driver.fileno(), POLLIN)
    return bool(ear.poll(0))


def _begin(connection: Connection) -> None:
    """Begin, and say the region for this transaction alone: a setting of the session would go on to who comes next."""
    options = connection.get_execution_options()
    words = [_settings(options[_REGION])] if options.get(_REGION) is not None else []
    if cast("psycopg.Connection[Any]", connection.connection.driver_connection).autocommit:
        words.insert(0, "BEGIN READ ONLY" if options.get(_READING) else "BEGIN")
    if words:
        connection.exec_driver_sql("; ".join(words), execution_options=_AS_IT_STANDS)


@lru_cache(maxsize=1024)
def _settings(region: str) -> str:
    place, _, department = region.partition(ADDRESSED)
    said = {_SETTING: place} | ({} if place == WHOLE else _FOR_ONE) | ({_DEPARTMENT: department} if department else {})
    return "SELECT " + ", ".join(f"set_config({sql.quote(name)}, {sql.quote(to)}, true)" for name, to in said.items())


def _end_reading(connection: Connection) -> None:
    """End what could write nothing: at a rollback PostgreSQL's driver forgets every statement that it has prepared."""
    if connection.dialect.name == "postgresql" and connection.in_transaction():
        connection.exec_driver_sql("COMMIT")
    else:
        connection.rollback()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    run: Callable[[str], Any] = connection.execute
    run("PRAGMA journal_mode = WAL")
    run("PRAGMA synchronous = NORMAL")
    run("PRAGMA wal_autocheckpoint = 40000")  # ``Paced`` does it sooner, when it keeps nobody from writing
    run("PRAGMA foreign_keys = ON")
    run("PRAGMA busy_timeout = 30000")
    run("PRAGMA cache_size = -65536")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a read that later writes can then never fail half-way."""
    reads = connection.get_execution_options().get(_READING)
    driver = connection.connection.driver_connection
    if not reads and isinstance(driver, Paced):
        driver.take_turn()
    say(connection, "BEGIN" if reads else "BEGIN IMMEDIATE")


def _say_no_values(context: ExceptionContext) -> None:
    """Take PostgreSQL's DETAIL, which quotes the row, out of an error before anybody prints it."""
    original = context.original_exception
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if primary is None:
        return
    original.args = (primary,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(original).__name__}) {primary}",)
