"""Time at the terminal: a job by hand, the timetable, the clock, the worker, and all of it on one machine."""

from datetime import date, datetime
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.naming import JOBS, STATES, both
from jobs.terminal import CITY_TIME, AsOf, Exit, opened, screen, show

if TYPE_CHECKING:
    from jobs.timetable import Due
    from monitor.errors import Refused
    from monitor.service import Service

_MISSED = {"each": "逐日 each", "latest": "只补最近 latest"}
Job = Annotated[str, typer.Argument(metavar="JOB", help="作业名，见 lowincome schedule --show / the job's name")]
Name = Annotated[str, typer.Option("--by", help="操作人 / who decides")]


def run(
    job: Job,
    as_of: AsOf,
    unattended: Annotated[bool, typer.Option("--unattended", hidden=True)] = False,
) -> None:
    """立即执行作业（与定时执行同一台账）/ Do a job of the timetable now, under the same row of the ledger.

    Killed anywhere, it goes on where its last transaction ended. Ends with 1 when something was held, refused or
    set aside.
    """
    from jobs import guest

    if unattended:
        guest.step_back()
    from jobs import catalogue
    from monitor.errors import Refused

    with opened() as service:
        if unattended:
            guest.confine(service.settings.job_memory_gib)
        try:
            counts = catalogue.perform(service, job, as_of)
        except Refused as refusal:
            _leave(service, job, as_of, refusal, unattended=unattended)
            raise
    told = ", ".join(f"{name} {count}" for name, count in counts.items() if isinstance(count, int | str))
    screen.print(told or "已完成 / done")
    raise typer.Exit(Exit.PERSON_NEEDED if catalogue.needs_a_person(counts) else Exit.DONE)


def _leave(service: "Service", job: str, as_of: date, refusal: "Refused", *, unattended: bool) -> None:
    """What the clock asked for and was refused before it began waits for a person, with the refusal's words."""
    from jobs import ledger
    from monitor import database

    if not unattended:
        return
    if isinstance(refusal, ledger.Busy):
        raise typer.Exit(75)  # EX_TEMPFAIL: the worker asks again later
    with database.transaction(service.engine) as session:
        ledger.not_begun(session, job, as_of=as_of, problem=str(refusal), held=True)


def hold(
    job: Job, as_of: AsOf, by: Name, reason: Annotated[str, typer.Option(help="理由 / the reason, kept in the record")]
) -> None:
    """搁置一次待执行的作业 / Put a date of a job that waits on hold, until it is run by hand or released."""
    from jobs import catalogue, ledger
    from monitor import database

    with opened() as service, database.transaction(service.engine) as session:
        ledger.hold(session, catalogue.known(job), as_of=as_of, by=by, reason=reason)
    screen.print("已搁置 / on hold")


def release(job: Job, as_of: AsOf, by: Name) -> None:
    """放行被搁置、错过或失败的作业 / Ask anew for a date of a job that is on hold, was missed or was given up."""
    from jobs import catalogue, ledger
    from monitor import database

    with opened() as service, database.transaction(service.engine) as session:
        ledger.release(session, catalogue.known(job), as_of=as_of, by=by)
    screen.print("已放行 / asked for again")


def schedule(
    show_only: Annotated[bool, typer.Option("--show", help="只显示时间表 / only show the timetable")] = False,
) -> None:
    """定时器：只在台账中登记到期的作业 / The clock: asks for what is due. LOWINCOME_TIMETABLE changes it."""
    from jobs import timetable

    with opened() as service:
        entries = timetable.read(service.settings.timetable)
        if show_only:
            _show(service, entries)
            return
        from jobs.schedule import Clock

        over, clock = _told_to_stop(), Clock(service, entries)
        clock.start()
        over.wait()
        clock.stop()


def _show(service: "Service", entries: "dict[str, Due]") -> None:
    from jobs import ledger
    from monitor import database

    now = datetime.now(CITY_TIME)
    with database.reading(service.engine) as session:
        last = {row.job: row for row in reversed(ledger.recent(session, most=1000))}
    rows = []
    for name, due in entries.items():
        row, coming = last.get(name), due.next_after(now)
        missed = "" if due.every_minutes is not None else _MISSED[due.missed]
        newest = f"{row.as_of} {both(STATES, row.status)}" if row else ""
        rows.append([both(JOBS, name), due.words(), missed, f"{coming:%Y-%m-%d %H:%M}" if coming else "", newest])
    show(
        "时间表（北京时间）/ timetable, city time",
        ["作业 job", "时间 when", "补做 missed", "下次 next", "最近 newest"],
        rows,
    )


def work() -> None:
    """执行器：逐个完成台账中登记的作业 / The worker: does what the ledger asks for, each in a process of its own.

    On SIGTERM whatever is at work stops at the edge of a chunk, within ten seconds, and is taken up again later.
    """
    from jobs.work import Worker

    with opened() as service:
        worker = Worker(service, over=_told_to_stop())
        worker.work()


def up(
    host: Annotated[str, typer.Option(help="监听地址 / address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 / port")] = 8000,
) -> None:
    """在一台机器上启动接口、定时器和执行器 / Start the API, the clock and one worker on a single machine.

    One that dies is started again; SIGTERM stops all three.
    """
    from jobs.supervising import Crew

    with opened():
        pass
    over = _told_to_stop()
    screen.print(f"http://{host}:{port}", markup=False)
    Crew({"serve": ["--host", host, "--port", str(port)], "schedule": [], "work": []}, over).keep()


def _told_to_stop() -> Event:
    """An event that SIGTERM and Ctrl-C set."""
    import signal

    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    return over
