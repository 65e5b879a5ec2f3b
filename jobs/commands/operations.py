"""Keeping the service alive at the terminal: backups, restoring them, rehearsing that, looking after it all."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.naming import COUNTED, both
from jobs.terminal import Exit, opened, refuse, screen

if TYPE_CHECKING:
    from jobs.backups.restoring import Restored
    from monitor.settings import Settings

Archive = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="备份文件 / the archive")]


def backup(
    to: Annotated[
        Path | None, typer.Option("--to", help="备份目录，最好在另一块盘 / a folder, best on another disk")
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="保留最近几份 / how many to keep")] = 14,
) -> None:
    """加密备份：数据库、明细、批次留存，写完即校验 / One sealed archive of everything but the key, read back whole.

    Whoever holds the archive without the master key learns nothing; whoever loses the master key loses the
    archive too: keep a copy of the key where the backups are not.
    """
    from jobs import backups
    from jobs.noting import noted
    from monitor.service import today

    with opened() as service:
        counts = noted(service, "backup", today(), lambda s, day: backups.backup(s, day, to=to, keep=keep))
    screen.print(
        f"已备份并校验 / written and verified: {counts['archive']}, {counts['bytes']:,} 字节 bytes, "
        f"{counts['files']} 文件 files, {counts['tables']} 表 tables, {counts['rows']:,} 行 rows",
        markup=False,
    )


def restore(
    archive: Archive,
    into: Annotated[Path, typer.Option("--into", help="新的安装目录（须为空）/ the home to fill, still empty")],
    database: Annotated[
        str | None, typer.Option("--database", help="空的 PostgreSQL 库；省略为 SQLite / an empty PostgreSQL database")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", exists=True, help="主密钥文件 / the master key file")] = None,
) -> None:
    """从备份恢复到空目录（绝不覆盖现有数据）/ Put a backup into an empty place and compare every row's hash."""
    from jobs.backups import restoring
    from monitor.errors import Refused
    from monitor.settings import read

    named = {"LOWINCOME_HOME": str(into)} | ({"LOWINCOME_DATABASE_URL": database} if database else {})
    place = read(named)
    place = replace(place, key_file=key.absolute() if key else place.key_file)
    try:
        done = restoring.restore(archive, place)
    except Refused as refusal:
        refuse(refusal)
    _tell(done, place)
    raise typer.Exit(Exit.PERSON_NEEDED if done.differences else Exit.DONE)


def _tell(done: "Restored", place: "Settings") -> None:
    manifest = done.manifest
    screen.print(
        f"已恢复 / restored: 备份于 made {manifest.made_at}, {len(manifest.tables)} 表 tables, "
        f"{manifest.rows:,} 行 rows, {len(manifest.files)} 文件 files",
        markup=False,
    )
    for said in done.differences:
        screen.print(f"  差异 / differs: {said}", markup=False)
    if not done.differences:
        screen.print("逐行逐文件一致 / equal, row for row and file for file")
    screen.print(f"启用 / to use it: LOWINCOME_HOME={place.home} LOWINCOME_KEY_FILE={place.key_file}", markup=False)


def drill(
    archive: Annotated[
        Path | None, typer.Argument(exists=True, help="省略为最新一份 / the newest when omitted")
    ] = None,
) -> None:
    """恢复演练：在临时处恢复并比对 / Restore the newest backup somewhere temporary and compare; noted in the ledger."""
    from jobs.backups import drilling
    from jobs.noting import noted
    from monitor.service import today

    with opened() as service:
        counts = noted(service, "drill", today(), lambda s, day: drilling.drill(s, day, archive=archive))
    screen.print(
        f"演练成功 / the backup can be restored: {counts['archive']}, {counts['rows']:,} 行 rows, "
        f"{counts['files']} 文件 files, {counts['seconds']} 秒 seconds",
        markup=False,
    )


def doctor() -> None:
    """体检：时钟、磁盘、密钥、表结构、数据、作业、审计、备份 / Look at everything an operator would.

    Changes nothing. Ends with 1 when anything is not well, so that cron can tell.
    """
    from jobs.doctor import examine
    from monitor.errors import Refused
    from monitor.service import today
    from monitor.settings import read

    try:
        findings = examine(read(), today())
    except Refused as refusal:
        refuse(refusal)
    for one in findings:
        parted = " / " if one.well else f"\n{'':<22} "
        said = one.zh if one.zh == one.en else f"{one.zh}{parted}{one.en}"
        screen.print(f"{'好 ok ' if one.well else '坏 BAD'} {one.name:<14} {said}", markup=False)
    ill = sum(not one.well for one in findings)
    screen.print(f"{ill} 项需要处理 / not well" if ill else "一切正常 / all is well")
    raise typer.Exit(Exit.PERSON_NEEDED if ill else Exit.DONE)


def watch(
    root: Annotated[
        Path | None, typer.Argument(help="投递目录；省略为 LOWINCOME_INBOX / the drop folder", file_okay=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="看一遍就结束 / look once and end")] = False,
    every: Annotated[float, typer.Option(min=1, help="间隔秒数 / seconds between looks")] = 30,
) -> None:
    """监视投递目录，完整到达的即接收并移走 / Watch the drop folder: what has arrived whole is taken in and put aside.

    A file is whole once its <file>.manifest.json or <file>.done has been written after it. Ends with 1 (--once)
    when something was held, refused or could not be stored.
    """
    from threading import Event

    from jobs.watch import watch as look
    from monitor.service import today

    pause = Event()
    with opened() as service:
        counts = look(service, today(), root=root)
        _count(counts)
        while not once and not pause.wait(every):
            counts = look(service, today(), root=root)
            if counts.keys() & {"committed", "held", "refused", "duplicate"}:
                _count(counts)
    raise typer.Exit(Exit.PERSON_NEEDED if _needs_a_person(counts) else Exit.DONE)


def pull() -> None:
    """从交换库读取新增数据 / Fetch what is new in the tables and views that LOWINCOME_PULLS names.

    Ends with 1 when a source could not be read, or what it gave was held or refused; says why, and what to do.
    """
    from jobs.noting import noted
    from jobs.pulling import pull as fetch_all
    from jobs.pulling import troubled
    from monitor import database
    from monitor.service import today

    with opened() as service:
        counts = noted(service, "pull", today(), lambda on, day: fetch_all(on, day, again=True))
        with database.reading(service.engine) as session:
            ill = troubled(session)
    _count(counts)
    for one in ill:
        screen.print(f"{one.zh}\n{one.en}", markup=False)
    raise typer.Exit(Exit.PERSON_NEEDED if ill or _needs_a_person(counts) else Exit.DONE)


def _count(counts: dict[str, Any]) -> None:
    told = (f"{both(COUNTED, word)} {count}" for word, count in counts.items() if count != [])
    screen.print(", ".join(told), markup=False)


def _needs_a_person(counts: dict[str, Any]) -> bool:
    return any(counts.get(word) for word in ("held", "refused", "retry", "unreachable"))


def migrate() -> None:
    """更新表结构（以属主账号运行）/ Bring the tables to this program's revision, as their owner."""
    from sqlalchemy.exc import DBAPIError

    from monitor import database, migrations
    from monitor.errors import Refused
    from monitor.settings import read

    try:
        engine = database.connect(read())
        migrations.upgrade(engine)
    except Refused as refusal:
        refuse(refusal)
    except DBAPIError as error:
        screen.print(f"未更新，一切如旧 / nothing was changed ({type(error.orig).__name__})", markup=False)
        raise typer.Exit(Exit.PERSON_NEEDED) from None
    screen.print("表结构已是最新 / the tables are at the newest revision")


def roles(
    database: Annotated[str, typer.Option(help="数据库名 / the database")] = "lowincome",
    owner: Annotated[str, typer.Option(help="属主：只用于迁移 / owns and migrates")] = "lowincome_owner",
    application: Annotated[str, typer.Option(help="应用账号 / the application")] = "lowincome_app",
    backup_role: Annotated[str, typer.Option("--backup", help="备份账号 / reads all")] = "lowincome_backup",
) -> None:
    """PostgreSQL 账号与授权脚本（由管理员执行）/ Print the SQL of roles and grants, for an administrator to run."""
    from monitor.errors import Refused
    from monitor.migrations.roles import script

    try:
        typer.echo(script(database, owner=owner, application=application, backup=backup_role), nl=False)
    except Refused as refusal:
        refuse(refusal)
