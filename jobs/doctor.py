"""What an operator would look at, looked at in one go: each check answers in plain words, well or not."""

import platform
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from jobs import champions, ledger, pulling
from jobs.integrity import database_whole, lake_whole
from jobs.naming import JOBS, STATES
from monitor import anchors, audit, auditing, database, feeds, migrations, policy
from monitor.errors import Refused
from monitor.policy.reading import Words
from monitor.privacy import open_keyring
from monitor.service import Service
from monitor.settings import Settings
from monitor.tables import Run, Scan, utc_now

SPACE = 1 << 30
SKEW = timedelta(seconds=5)
WAL = 1 << 30
BACKUP_AGE = timedelta(hours=26)
DRILL_AGE = timedelta(hours=50)
NIGHT_AGE = timedelta(hours=36)
UNANCHORED = timedelta(minutes=30)
MISSED = timedelta(days=7)
REFUSED_AGE = timedelta(days=14)
CITY = ZoneInfo("Asia/Shanghai")
Said = tuple[str, str]
# What to do about each thing found, in Chinese and in English.
STALE = ("请来源部门补送；lowincome feeds 查看各项", "Ask the agencies to send them; lowincome feeds shows each")
HELD = (
    "由主管在界面“夜间扫描”核对后放行或退回，或用 lowincome delivery release / reject",
    "A supervisor looks and releases or rejects each: the nights' page, or lowincome delivery release / reject",
)
AGAIN = ("请来源部门按所述改正后重发", "Ask the agencies to mend what is said and to send them again")
BROKEN = (
    "lowincome runs 写明原因；排除后用 lowincome release 作业名 --as-of 日期 --by 姓名 重新执行",
    "lowincome runs says why; once that is mended: lowincome release JOB --as-of DATE --by NAME",
)
MISSED_DO = (
    "停机所致；仍需要的用 lowincome release 作业名 --as-of 日期 --by 姓名 补做，扫描不必补",
    "The machine was off; what is still wanted: lowincome release JOB --as-of DATE --by NAME; a scan needs none",
)
STUCK = (
    "看日志和数据库是否应答；停掉该进程后会自动接着做",
    "See the log and whether the database answers; end its process and another goes on from there",
)
ASIDE = (
    "这些户保留原有预警；请把此行交给开发或规则人员",
    "They keep their alerts; hand this line to who keeps the rules",
)
LATE = (
    "请确认定时器和执行器已启动（lowincome up），lowincome runs 看上次结果",
    "See that the clock and the worker are up (lowincome up); lowincome runs tells how the last one ended",
)
TAMPERED = (
    "可能有人改动过审计：运行 lowincome audit verify，保留现场并报告安全管理员",
    "Somebody may have altered it: run lowincome audit verify, change nothing and tell the security administrator",
)


@dataclass(frozen=True)
class Finding:
    """One answer: what was looked at, whether it is well, and in words what was seen or what to do."""

    name: str
    well: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Patient:
    """The installation looked at: nothing of it is changed, not even brought up to date."""

    settings: Settings
    engine: Engine
    as_of: date


Check = Callable[[Patient], Iterator[Finding]]


def examine(settings: Settings, as_of: date) -> list[Finding]:
    """Look at everything and say it; a check that cannot be made is itself a finding, and stops no other."""
    missing = _missing_database(settings)
    if missing is not None:
        return [*_machine(settings), missing]
    patient = Patient(settings, database.connect(settings), as_of)
    try:
        return [*_machine(settings), *(finding for check in CHECKS for finding in _tried(check, patient))]
    finally:
        patient.engine.dispose()


def doctor(service: Service, as_of: date) -> dict[str, Any]:
    """Look at everything and count what is well and what is not; the answers stay in the ledger."""
    found = examine(service.settings, as_of)
    well = sum(one.well for one in found)
    return {"well": well, "ill": len(found) - well, "findings": [asdict(one) for one in found]}


def _tried(check: Check, patient: Patient) -> Iterator[Finding]:
    name = check.__name__.strip("_")
    try:
        yield from check(patient)
    except Refused as refusal:
        yield Finding(name, False, refusal.zh, refusal.en)
    except (SQLAlchemyError, OSError) as error:
        kind = type(error).__name__
        yield Finding(name, False, f"无法检查（{kind}）", f"could not be checked ({kind})")


def _machine(settings: Settings) -> list[Finding]:
    return [*_versions(), *_disk(settings), *_key(settings)]


def _missing_database(settings: Settings) -> Finding | None:
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    if not settings.database_url.startswith("sqlite") or path.is_file():
        return None
    return Finding("database", False, f"没有数据库文件 {path.name}", f"there is no database file {path.name}")


def _versions() -> Iterator[Finding]:
    parts = ", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "duckdb", "fastapi", "cryptography"))
    said = f"Python {platform.python_version()}, {parts}"
    yield Finding("versions", True, said, said)


def _disk(settings: Settings) -> Iterator[Finding]:
    for what, folder in (("home", settings.home), ("backups", settings.backups)):
        place = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(place).free
        size = f"{free / (1 << 30):.1f} GiB"
        yield Finding(f"disk.{what}", free >= SPACE, f"剩余 {size}（至少 1 GiB）", f"{size} free (at least 1 GiB)")


def _key(settings: Settings) -> Iterator[Finding]:
    if not settings.key_file.exists():
        yield Finding("key", False, "主密钥文件不存在", "the master key file is missing")
        return
    mode = stat.S_IMODE(settings.key_file.stat().st_mode)
    yield Finding(
        "key", not mode & 0o077, f"主密钥文件权限 {mode:04o}（应为 0600 或 0400）",
        f"the master key file has mode {mode:04o} (0600 or 0400 is right)",
    )  # fmt: skip


def _clock(patient: Patient) -> Iterator[Finding]:
    offset = datetime.now(CITY).utcoffset()
    yield Finding(
        "clock.zone", offset == timedelta(hours=8), f"城市时间为 Asia/Shanghai，UTC+{offset}",
        f"city time is Asia/Shanghai, UTC+{offset}",
    )  # fmt: skip
    if patient.engine.dialect.name != "postgresql":
        return
    with patient.engine.connect() as connection:
        theirs = connection.scalar(text("SELECT clock_timestamp()"))
    skew = abs(utc_now() - theirs.astimezone(UTC)) if theirs else timedelta.max
    yield Finding(
        "clock.skew", skew <= SKEW, f"与数据库时钟相差 {skew.total_seconds():.1f} 秒",
        f"{skew.total_seconds():.1f} seconds off the database's clock",
    )  # fmt: skip


def _tables(patient: Patient) -> Iterator[Finding]:
    wanted = migrations.newest()
    with patient.engine.connect().execution_options(lowincome_reading=True) as connection:
        now, newer = migrations.current(connection), migrations.newer(connection)
        connection.rollback()
    zh, en = ("，程序较旧但仍受支持：请完成升级", ": an older program that they still serve, finish the update")
    yield Finding(
        "migrations", now == wanted, f"表结构版本 {now}，程序要求 {wanted}{zh if newer else ''}",
        f"tables are at {now}, this program wants {wanted}{en if newer else ''}",
    )  # fmt: skip


def _database(patient: Patient) -> Iterator[Finding]:
    for problem in (found := database_whole(patient.settings)):
        yield Finding("database", False, problem, problem)
    if not found:
        yield Finding("database", True, "数据库结构完好", "the database's structure is sound")
    if patient.engine.dialect.name == "sqlite":
        log = Path(str(patient.engine.url.database) + "-wal")
        size = log.stat().st_size if log.exists() else 0
        yield Finding(
            "database.log", size <= WAL, f"预写日志 {size >> 20} MiB", f"the write-ahead log has {size >> 20} MiB"
        )


def _lake(patient: Patient) -> Iterator[Finding]:
    looked, problems = lake_whole(patient.settings, patient.engine)
    for problem in problems:
        yield Finding("lake", False, f"{problem}：从备份恢复", f"{problem}: restore it from a backup")
    if not problems:
        yield Finding(
            "lake", True, f"抽查 {looked} 批，文件与哈希相符", f"{looked} deliveries sampled: files and hashes agree"
        )


def _feeds(patient: Patient) -> Iterator[Finding]:
    with database.reading(patient.engine) as session:
        states = feeds.overview(session, policy.load(patient.as_of, known_on=patient.as_of), patient.as_of)
        refused = feeds.refusals(session, since=utc_now() - REFUSED_AGE)
    names = {state.feed: state.description.zh for state in states}
    stale = [_aged(state) for state in states if not (state.fresh or state.never)]
    held = [(state.description.zh, state.feed) for state in states for _ in state.held]
    yield _listed("feeds.stale", stale, ("过期的数据", "stale feeds"), STALE)
    yield _listed("feeds.held", held, ("待处理的批次", "held deliveries"), HELD)
    said = [_refused(one, names.get(one.feed, "无法识别的文件")) for one in refused[-5:]]
    yield _listed(
        "feeds.refused", said, ("近两周拒收且未补送的批次", "refused within a fortnight, not made good"), AGAIN
    )


def _refused(one: feeds.Refusal, name: str) -> Said:
    day = f"{one.received_at.astimezone(CITY):%m-%d %H:%M}"
    why = one.why[0] if one.why else Words("", "")
    return f"{name} {day}：{why.zh}", f"{one.feed} {day}: {why.en}"


def _aged(state: feeds.FeedStatus) -> Said:
    age = f"{state.days}/{state.fresh_days}"
    return f"{state.description.zh}（{age} 天）", f"{state.feed} ({age} days)"


def _pulls(patient: Patient) -> Iterator[Finding]:
    with database.reading(patient.engine) as session:
        ill = pulling.troubled(session)
    for one in ill:
        since = f"{one.since.astimezone(CITY):%m-%d %H:%M}"
        yield Finding("pulls", False, f"取数来源{one.zh}（自 {since}）", f"pulled source {one.en} (since {since})")
    if not ill:
        yield Finding("pulls", True, "取数来源：都读得到", "pulled sources: all can be read")


def _model(patient: Patient) -> Iterator[Finding]:
    folder = champions.models_folder(patient.settings)
    if not folder.exists():
        yield Finding("model", True, "没有模型，按规则排序", "no model: rules order the queue")
        return
    from models.registry import Registry  # scikit-learn comes with it, for those who have a model

    keyring = open_keyring(patient.settings.key_file, create=False)
    serving = Registry(folder, key=keyring.model_key).champion()
    if serving.manifest is None:
        yield Finding("model", serving.reason == "none", serving.zh, serving.en)
    else:
        yield Finding("model", True, f"现用模型 {serving.manifest.id} 完好", f"champion {serving.manifest.id} is sound")


def _listed(name: str, found: Sequence[Said], what: Said, do: Said) -> Finding:
    """What was found, in both languages; where there is anything, what to ``do`` about it, too."""
    zh, en = "、".join(one[0] for one in found), ", ".join(one[1] for one in found)
    if not found:
        return Finding(name, True, f"{what[0]}：无", f"{what[1]}: none")
    return Finding(name, False, f"{what[0]}：{zh}。{do[0]}", f"{what[1]}: {en}. {do[1]}")


def _runs(patient: Patient) -> Iterator[Finding]:
    with database.reading(patient.engine) as session:
        last = session.scalar(select(func.max(Scan.finished_at)))
        ill = Run.status.in_(("failed", "interrupted", "held"))
        broken = _named(session.scalars(select(Run).where(ill).order_by(Run.as_of)).all(), status=True)
        missed = _named(ledger.missed(session, patient.as_of - MISSED))
        stuck, overrun = _named(ledger.stuck(session)), _named(ledger.overrun(session))
        aside = ledger.set_aside(session)
    yield _listed("runs.broken", broken[-10:], ("未成功的作业", "runs that did not end well"), BROKEN)
    yield _listed("runs.missed", missed[-10:], ("近7天错过的日期", "dates missed in the last seven days"), MISSED_DO)
    yield _listed("runs.stuck", stuck, ("超过5分钟没有心跳", "no heartbeat for 5 minutes"), STUCK)
    yield _listed(
        "runs.overrun", overrun, ("耗时超过平常3倍", "at work for more than three times as long as usual"), STUCK
    )
    yield _listed(
        "runs.aside", [(one, one) for one in aside[:10]],
        ("最近一次扫描未能判定的家庭（户数）", "households set aside by the newest scan"), ASIDE,
    )  # fmt: skip
    yield _age("nights", last, NIGHT_AGE, ("最近一次扫描", "the last scan ended"))


def _named(runs: Iterable[Run], *, status: bool = False) -> list[Said]:
    return [
        (
            f"{JOBS.get(run.job, run.job)} {run.as_of}" + (f" {STATES.get(run.status, run.status)}" if status else ""),
            f"{run.job} {run.as_of}" + (f" {run.status}" if status else ""),
        )
        for run in runs
    ]


def _audit(patient: Patient) -> Iterator[Finding]:
    with database.reading(patient.engine) as session:
        broken = [str(one) for one in audit.broken_links(session)]
    yield _listed(
        "audit", [(one, one) for one in broken[:10]], ("审计链断点", "broken links of the audit chain"), TAMPERED
    )


def _anchor(patient: Patient) -> Iterator[Finding]:
    """What was done long ago and is not anchored could be changed unseen; a chain at rest needs no new line."""
    anchored = anchors.newest(patient.settings.anchor)
    with database.reading(patient.engine) as session:
        waiting, since = auditing.after(session, anchored.entry if anchored else 0)
    minutes = int((utc_now() - since).total_seconds() // 60) if since else 0
    yield Finding(
        "audit.anchor", timedelta(minutes=minutes) <= UNANCHORED,
        f"{waiting} 条未锚定，最早在 {minutes} 分钟前（至多 30）；时钟服务每10分钟锚定一次",
        f"{waiting} entries not anchored, the first {minutes} minutes old (at most 30); the clock anchors every ten",
    )  # fmt: skip


def _backups(patient: Patient) -> Iterator[Finding]:
    with database.reading(patient.engine) as session:
        ended = select(Run.job, func.max(Run.finished_at)).where(Run.status.in_(ledger.WELL)).group_by(Run.job)
        last = {row[0]: row[1] for row in session.execute(ended)}
    yield _age("backup", last.get("backup"), BACKUP_AGE, ("最近一次备份", "the last backup ended"))
    yield _age("backup.drill", last.get("drill"), DRILL_AGE, ("最近一次恢复演练", "the last restore drill ended"))


def _age(name: str, at: datetime | None, most: timedelta, what: tuple[str, str]) -> Finding:
    zh, en = what
    if at is None:
        return Finding(name, False, f"{zh}：从未。{LATE[0]}", f"{en}: never. {LATE[1]}")
    hours = (utc_now() - at).total_seconds() / 3600
    limit = most.total_seconds() / 3600
    well = utc_now() - at <= most
    do_zh, do_en = ("", "") if well else (f"。{LATE[0]}", f". {LATE[1]}")
    return Finding(
        name, well, f"{zh}：{hours:.1f} 小时前（至多 {limit:.0f}）{do_zh}",
        f"{en} {hours:.1f} hours ago (at most {limit:.0f}){do_en}",
    )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    _clock,
    _tables,
    _database,
    _lake,
    _feeds,
    _pulls,
    _runs,
    _audit,
    _anchor,
    _backups,
    _model,
)
