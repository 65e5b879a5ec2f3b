"""The night at the terminal: scan, explain, and what ran."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.naming import JOBS, STATES, both
from jobs.terminal import CITY_TIME, AsOf, Exit, Region, opened, progress_bar, screen, show

if TYPE_CHECKING:
    from monitor.lake import Lake
    from monitor.service import Service
    from monitor.tables import Run


def scan(
    as_of: AsOf,
    region: Region = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只试算，不写入 / judge only, write nothing")] = False,
    verdicts: Annotated[
        Path | None, typer.Option(help="判定结果 CSV / as_of,household_id,rule,verdict; silent rules left out")
    ] = None,
) -> None:
    """扫描 / Judge every household as of a date, from what was known then, and turn verdicts into alerts.

    The same date twice changes nothing; a scan cut short goes on where it ended. A date older than the
    newest scan is judged with --dry-run only.
    """
    from jobs.scan import scan as run_scan

    with opened() as service, progress_bar() as bar:
        task = bar.add_task(f"扫描 / scan {as_of}", total=None)
        done = run_scan(
            service, as_of, region=region, dry_run=dry_run, verdicts_to=verdicts,
            progress=lambda reached, total: bar.update(task, completed=reached, total=total),
        )  # fmt: skip
    _say(done.counts, again=done.again)


def remind(as_of: AsOf) -> None:
    """提醒 / Bring back what was put off, tell what is due and overdue, escalate what is long overdue; each once."""
    from jobs.noting import noted
    from jobs.remind import JOB
    from jobs.remind import remind as run_remind

    with opened() as service:
        done = noted(service, JOB, as_of, lambda on, day: dict(run_remind(on, day)))
    screen.print(", ".join(f"{name} {count:,}" for name, count in sorted(done.items())) or "无 / none", markup=False)


def _say(counts: Any, *, again: bool) -> None:
    show(
        "规则 / rules",
        ["规则 rule", "触发 fires", "缺数据 unknown", "休眠：缺 dormant: lacks"],
        [
            [rule, said["fires"], said["unknown"], ", ".join(counts["dormant"].get(rule, []))]
            for rule, said in sorted(counts["by_rule"].items())
        ],
    )
    if again:
        screen.print(
            "此前已按同样的数据和政策扫描，未作改动 / scanned before from the same data and policy: nothing changed"
        )
    if counts["stale_feeds"]:
        screen.print(f"缺失或过期的数据 / stale or missing feeds: {', '.join(counts['stale_feeds'])}", markup=False)
    for name, regions in counts["regions_without"].items():
        screen.print(f"无有效标准 / no value in force: {name}: {', '.join(regions)}", markup=False)
    plain = {k: v for k, v in counts.items() if isinstance(v, int)}
    screen.print(", ".join(f"{name} {count:,}" for name, count in plain.items()), markup=False)


def explain(
    household: Annotated[str, typer.Argument(metavar="HOUSEHOLD", help="户编号 / the register's household number")],
    as_of: AsOf,
    language: Annotated[str, typer.Option("--language", "-l", help="zh | en | both")] = "both",
) -> None:
    """为何预警、为何未预警 / Why a household is flagged, and why not: each rule's nearest limit, what is unknown."""
    from monitor import database, policy
    from monitor.alerts.explaining import account
    from monitor.alerts.words import Speaker
    from monitor.regions import read_tree

    if language not in ("zh", "en", "both"):
        raise typer.BadParameter("zh | en | both", param_hint="--language")
    with opened() as service, database.reading(service.engine) as session:
        law = policy.load(as_of, known_on=as_of, root=service.pack or policy.HERE)
        found = account(session, _lake(service), law, household, as_of=as_of)
        place = read_tree(session).full_name(found.region, as_of)
    if language in ("zh", "both"):
        screen.print(Speaker(law, "zh").account(found, region=place), markup=False)
    if language in ("en", "both"):
        screen.print(Speaker(law, "en").account(found, region=place), markup=False)


def _lake(service: "Service") -> "Lake":
    from monitor.lake import Lake

    return Lake.of(service.settings)


def runs(most: Annotated[int, typer.Option("--most", "-n", help="最多显示 / at most")] = 20) -> None:
    """作业记录 / What ran, for which date, and how it ended; ends with 1 when the newest of a job did not end well."""
    from jobs import ledger
    from monitor import database

    with opened() as service, database.reading(service.engine) as session:
        rows = ledger.recent(session, most=most)
    show(
        "作业（北京时间）/ runs, city time",
        [
            "作业 job",
            "日期 as-of",
            "范围 scope",
            "状态 status",
            "次数 attempt",
            "开始 started",
            "秒 seconds",
            "说明 note",
        ],
        [_line(row) for row in rows],
    )
    ill = {"failed", "interrupted", "held", "missed"} & {row.status for row in rows}
    raise typer.Exit(Exit.PERSON_NEEDED if ill else Exit.DONE)


def _line(row: "Run") -> list[object]:
    started = f"{row.started_at.astimezone(CITY_TIME):%Y-%m-%d %H:%M}" if row.started_at else ""
    taken = ""
    if row.finished_at and row.started_at:
        taken = f"{(row.finished_at - row.started_at).total_seconds():.1f}"
    job, status = both(JOBS, row.job), both(STATES, row.status)
    return [job, row.as_of, row.scope or "全部 all", status, row.attempt, started, taken, row.problem]
