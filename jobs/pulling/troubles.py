"""Why a source could not be read, for whoever has to see to it: what, where, and what to do."""

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DataError, DBAPIError, NoSuchTableError, OperationalError, SQLAlchemyError

from jobs.pulling.sources import Source
from monitor.errors import Invalid, Refused


class Unread(Refused):
    """A source could not be read this time; it is tried again by itself."""


def closed_to_us(source: Source) -> Invalid:
    """What to say of an address that others can read."""
    return Invalid(
        zh=f"{source.url_file.name} 权限过宽，请改为 0600", en=f"{source.url_file.name} is open to others: chmod 600"
    )


def no_address(source: Source, kind: str) -> Unread:
    """What to say of an address that is missing, cannot be understood, or wants a driver that is not installed."""
    return Unread(
        zh=f"地址文件 {source.url_file.name} 缺失、无法读取、写法有误，或所需的数据库驱动未安装（{kind}）："
        "内容须为一行 postgresql://账号:密码@主机:端口/库名",
        en=f"{source.url_file.name} is missing, cannot be read or understood, or wants a driver that is not installed "
        f"({kind}): it holds one line, postgresql://account:password@host:port/database",
    )


def undecoded(source: Source) -> Unread:
    """What to say of a database that hands over bytes where text is meant."""
    return Unread(
        zh=f"{source.relation} 的文字编码无法识别：该库没有声明编码（SQL_ASCII），或该列不是文字。"
        "请对方在声明了编码的库（UTF8、EUC_CN 等）中以文字列提供视图，或改为投递文件",
        en=f"the text of {source.relation} comes as bytes: its database states no encoding (SQL_ASCII), or the column "
        "is no text. Ask for a view of text in a database with an encoding (UTF8, EUC_CN ...), or for files",
    )


def unmarked(source: Source, count: int) -> Unread:
    """What to say of rows without a mark, which no reading finds."""
    return Unread(
        zh=f"{source.relation} 有 {count} 行的“{source.watermark}”为空，永远读不到：请对方补上后自动读取",
        en=f'{count} rows of {source.relation} have no "{source.watermark}" and are never read: ask the agency to fill '
        "it in, and they come by themselves",
    )


def words_of(source: Source, engine: Engine, error: Exception) -> Unread:
    """Say what an error of their database means; nothing that it quotes is repeated."""
    unheard = "22" if isinstance(error, DataError) else ""  # the driver itself could not read a value
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or unheard)
    if isinstance(error, UnicodeError) or state in ("22021", "22P05"):
        return undecoded(source)
    if not state.startswith(("08", "42501", "53", "57")) and isinstance(error, DBAPIError):
        changed = _changed(source, engine)
        if changed is not None:
            return changed
    for prefix, words in _STATES.items():
        if state.startswith(prefix):
            zh, en = (said.format(relation=source.relation, account=engine.url.username, mark=source.watermark,
                                  kind=source.kind, file=source.url_file.name) for said in words)  # fmt: skip
            return Unread(zh=zh, en=en)
    return _cut_off(source, engine, error, state)


def _cut_off(source: Source, engine: Engine, error: Exception, state: str) -> Unread:
    """Before anything was asked, what their server or the network answers quotes no data: it is passed on."""
    said = f"{type(error).__name__} {state}".strip()
    if isinstance(error, OperationalError) and error.statement is None and error.orig is not None:
        said = str(error.orig).strip().splitlines()[-1][:200]
    where = f"{engine.url.host or ''}:{engine.url.port or ''}/{engine.url.database or ''}"
    return Unread(
        zh=f"连不上 {where}，或被拒绝登录，或中途断开（{said}）。请检查网络、对方数据库是否开机、"
        f"{source.url_file.name} 中的地址、账号和密码；每半小时自动再试",
        en=f"{where} was not reached, let nobody in or was cut off ({said}). See to the network, their server, and the "
        f"address, account and password in {source.url_file.name}; it is tried again every half hour",
    )


def _changed(source: Source, engine: Engine) -> Unread | None:
    """What of the relation is no longer as the page says, if that can be seen."""
    schema, _, name = source.relation.rpartition(".")
    try:
        there = [one["name"] for one in inspect(engine).get_columns(name, schema=schema or None)]
    except NoSuchTableError:
        there = []
    except (SQLAlchemyError, UnicodeError):
        return None
    if not there:
        return Unread(
            zh=f"没有表或视图 {source.relation}：已改名或删除？请与对方核对，并改正取数设置中的 relation",
            en=f"there is no table or view {source.relation}: renamed or dropped? Ask, and mend relation on the page",
        )
    missing = [one for one in source.named if one not in there]
    if not missing:
        return None
    return Unread(
        zh=f"{source.relation} 没有列“{'”“'.join(missing)}”，现有：{'、'.join(there)}。"
        "请与对方核对，并改正取数设置中的 columns 或 watermark",
        en=f'{source.relation} has no column "{", ".join(missing)}"; it has {", ".join(there)}. Ask, and mend columns '
        "or watermark on the page",
    )


_STATES: dict[str, tuple[str, str]] = {
    "42501": (
        "账号 {account} 无权读取 {relation}：请对方授权（GRANT USAGE ON SCHEMA …；"
        "GRANT SELECT ON {relation} TO {account}）",
        "account {account} may not read {relation}: ask for GRANT USAGE ON SCHEMA ... and GRANT SELECT ON {relation}"
        " TO {account}",
    ),
    "428": (
        "{relation} 的列“{mark}”不是 {kind} 类型，或类型已改变：请在取数设置中改正 watermark、kind",
        'column "{mark}" of {relation} is not of kind {kind}, or no longer: mend watermark and kind on the page',
    ),
    "22": (
        "{relation} 中有无法读取的值（如超出范围的日期），或列“{mark}”不是 {kind} 类型：请对方改正，或改正 kind",
        'a value of {relation} cannot be read (such as a date out of range), or "{mark}" is not of kind {kind}: have it'
        " corrected, or mend kind",
    ),
    "53": (
        "对方数据库连接已满或资源不足：请对方为账号 {account} 预留连接；每半小时自动再试",
        "their server has no connection or resources left: ask for a connection for {account}; it is tried again every"
        " half hour",
    ),
    "55": (
        "{relation} 正被对方锁定：每半小时自动再试，多次如此请与对方核对",
        "{relation} is locked there: it is tried again every half hour; if it stays so, ask",
    ),
    "57014": (
        "读取 {relation} 超过 20 分钟被中止：请对方为“{mark}”建立索引",
        'reading {relation} took more than 20 minutes and was broken off: ask for an index on "{mark}"',
    ),
}
