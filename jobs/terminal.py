"""What a person at a terminal sees: tables, progress, refusals; and the exit codes a script reads."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from monitor.errors import Refused
from monitor.settings import read

if TYPE_CHECKING:
    from monitor.service import Service

CITY_TIME = ZoneInfo("Asia/Shanghai")
screen = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """Exit codes: 0 done, 1 a person is needed, 2 the call cannot be understood, 3 refused."""

    DONE = 0
    PERSON_NEEDED = 1
    USAGE = 2
    REFUSED = 3


def read_date(text: str) -> date:
    """Read a date as typed, ``YYYY-MM-DD``, of our times; ``today`` is the city's date."""
    from monitor.service import judgeable  # rooms are entered when a command runs, so that --help is quick

    if text == "today":
        return datetime.now(CITY_TIME).date()
    try:
        return judgeable(date.fromisoformat(text))
    except Refused as refusal:
        raise typer.BadParameter(f"{refusal.zh} / {refusal.en}: {text}") from None
    except ValueError:
        raise typer.BadParameter(f"日期应为 YYYY-MM-DD / a date is YYYY-MM-DD: {text}") from None


def read_uuid(text: str) -> UUID:
    """Read an id as typed."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"不是编号 / not an id: {text}") from None


AsOf = Annotated[
    date, typer.Option("--as-of", parser=read_date, metavar="YYYY-MM-DD", help="截止日 / the date judged; 'today'")
]
Region = Annotated[str | None, typer.Option("--region", metavar="CODE", help="行政区划代码 / official region code")]


@contextmanager
def opened() -> Iterator["Service"]:
    """Open the installation named by the environment; what it or the database refuses is said in words, code 3."""
    from sqlalchemy.exc import DBAPIError

    from monitor import logs
    from monitor.service import open_service  # rooms are entered when a command runs, so that --help is quick

    try:
        settings = read()
        logs.install(production=settings.production, level=logging.INFO if settings.production else logging.ERROR)
        service = open_service(settings)
        try:
            yield service
        finally:
            service.engine.dispose()
    except Refused as refusal:
        refuse(refusal)
    except DBAPIError as error:
        complaints.print(f"数据库拒绝了操作，未作改动：{error.orig}", markup=False)
        complaints.print(f"the database refused; nothing was changed: {error.orig}", markup=False)
        raise typer.Exit(Exit.REFUSED) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        told = error.strerror or type(error).__name__
        complaints.print(f"文件或磁盘操作失败（{told}）：此前完成的都在，排除后再执行一次即可", markup=False)
        complaints.print(
            f"a file or the disk failed ({told}): what was done stands; mend it and run this again", markup=False
        )
        raise typer.Exit(Exit.REFUSED) from None


def refuse(refusal: Refused) -> None:
    """Say a refusal in both languages and leave."""
    complaints.print(refusal.zh, markup=False)
    complaints.print(refusal.en, markup=False)
    raise typer.Exit(Exit.REFUSED)


def show(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a table; nothing at all is said as such. In a narrow screen the last column wraps."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings, 1):
        table.add_column(heading.replace(" ", "\n", 1), no_wrap=place < len(headings), overflow="fold")
    for row in rows:
        table.add_row(*["" if cell is None else str(cell) for cell in row])
    screen.print(table if rows else f"{title}: 无 / none")


def progress_bar() -> Progress:
    """Return the progress bar of long work: what, how far, how long; silent when nobody watches."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=complaints,
        disable=not sys.stderr.isatty(),
    )
