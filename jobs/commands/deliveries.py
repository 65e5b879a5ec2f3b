"""Deliveries at the terminal: taking them in, deciding on held ones, seeing each feed's state."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from jobs.terminal import CITY_TIME, Exit, complaints, opened, progress_bar, read_date, read_uuid, screen, show

if TYPE_CHECKING:
    from monitor.feeds import FeedStatus, Receipt
    from monitor.service import Service

By = Annotated[str, typer.Option("--by", help="操作人 / who decides")]
Why = Annotated[str, typer.Option("--reason", help="理由 / the reason, kept in the record")]
DeliveryId = Annotated[
    UUID, typer.Argument(parser=read_uuid, metavar="ID", help="批次编号，见 lowincome feeds / the delivery's id")
]
Day = Annotated[
    date | None, typer.Option("--received-on", parser=read_date, metavar="YYYY-MM-DD", help="接收日 / the day received")
]


def ingest(
    path: Annotated[
        Path, typer.Argument(exists=True, help="文件或投递目录 / a file, or a folder <root>/<YYYY-MM-DD>/...")
    ],
    feed: Annotated[
        str | None, typer.Option(help="数据项；省略时自动识别 / the feed, when the name does not say")
    ] = None,
    received_on: Day = None,
    mode: Annotated[str | None, typer.Option(help="full | append | withdraw")] = None,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="接受早于最新批次的文件 / take a file older than the newest")
    ] = None,
) -> None:
    """接收部门数据 / Take in one delivery, or a drop folder of them.

    Bad rows come out as a list (row, column, what to do) while good rows proceed; a delivery that breaks a
    limit is held for a person. Ends with 1 when anything was held or refused, or a folder had nothing to take in.
    """
    from monitor import feeds

    with opened() as service:
        if path.is_dir():
            receipts = _folder(service, path)
        else:
            receipts = [feeds.ingest(service, path, feed=feed, received_on=received_on, mode=mode, force=force)]
    if not receipts:
        complaints.print("目录中没有 <YYYY-MM-DD>/<feed> 形式的文件，什么也没有接收")
        complaints.print("the folder holds no file as <YYYY-MM-DD>/<feed>...: nothing was taken in")
        raise typer.Exit(Exit.PERSON_NEEDED)
    _report(receipts)
    if path.is_dir() and (others := feeds.passed_over(path)):
        complaints.print(f"目录中另有 {others} 项没有读取：日期目录须写作 YYYY-MM-DD，文件放在其中")
        complaints.print(f"{others} more entries of the folder were not read: a day's folder is named YYYY-MM-DD")
    raise typer.Exit(Exit.PERSON_NEEDED if _needs_a_person(receipts) else Exit.DONE)


def _folder(service: "Service", root: Path) -> "list[Receipt]":
    from monitor import feeds

    with progress_bar() as bar:
        task = bar.add_task("接收 / ingest", total=None)

        def step(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=f"接收 / ingest {name}")

        return feeds.ingest_folder(service, root, progress=step)


def _needs_a_person(receipts: "list[Receipt]") -> bool:
    return any(receipt.status in ("held", "refused") for receipt in receipts)


def _report(receipts: "list[Receipt]") -> None:
    told = [one for one in receipts if one.status in ("held", "refused") or len(receipts) <= 20]
    headings = [
        "数据 feed", "日期 day", "状态 status", "行 rows", "可用 good", "错误 errors", "未匹配 unmatched", "编号 id",
    ]  # fmt: skip
    rows_of = [[r.feed, r.received_on, r.status, r.rows, r.good, r.errors, r.unmatched, r.delivery_id] for r in told]
    if told:
        show("批次 / deliveries", headings, rows_of)
    for receipt in told:
        for problem in receipt.problems:
            screen.print(f"  {receipt.received_on} {receipt.file_name}: {problem.zh} / {problem.en}", markup=False)
    counts = ", ".join(f"{status} {count}" for status, count in sorted(Counter(r.status for r in receipts).items()))
    rows, errors = sum(r.rows for r in receipts), sum(r.errors for r in receipts)
    screen.print(f"{len(receipts)} 批 deliveries ({counts}); {rows:,} 行 rows; {errors:,} 行有误 row errors")


def overview(
    as_of: Annotated[date | None, typer.Option("--as-of", parser=read_date, metavar="YYYY-MM-DD")] = None,
) -> None:
    """各部门数据的现状 / Every feed: how fresh, how much of it finds its people, what is held.

    Ends with 1 when a delivery is held, a feed is stale, or what was refused within a fortnight has not come again.
    """
    from monitor import database, feeds, policy
    from monitor.service import today
    from monitor.tables import utc_now

    day = as_of or today()
    with opened() as service, database.reading(service.engine) as session:
        law = policy.load(day, known_on=day, root=service.pack or policy.HERE)
        states = feeds.overview(session, law, day)
        refused = feeds.refusals(session, since=utc_now() - timedelta(days=14))
    show(
        f"数据 / feeds, {day}",
        [
            "数据 feed",
            "最近 last",
            "天/期限 days",
            "状态 state",
            "批次 del.",
            "行 rows",
            "匹配 matched",
            "待处理 held",
            "拒收 refused",
        ],
        [_line(state) for state in states],
    )
    names = {state.feed: f"{state.description.zh} {state.feed}" for state in states}
    for state in states:
        for waiting in state.held:
            why = "; ".join(f"{words.zh} / {words.en}" for words in waiting.why)
            screen.print(
                f"待处理 held {names[state.feed]} {waiting.received_on} {waiting.delivery_id}: {why}", markup=False
            )
    for one in refused:
        why = "; ".join(f"{words.zh} / {words.en}" for words in one.why)
        at = f"{one.received_at.astimezone(CITY_TIME):%Y-%m-%d %H:%M}"
        screen.print(f"拒收 refused {names.get(one.feed, one.feed)} {at} {one.delivery_id}: {why}", markup=False)
    ill = refused or any(s.held or not (s.fresh or s.never) for s in states)
    raise typer.Exit(Exit.PERSON_NEEDED if ill else Exit.DONE)


def _line(state: "FeedStatus") -> list[object]:
    word = "从未 never" if state.never else "在期 fresh" if state.fresh else "过期 stale"
    days = f"{state.days}/{state.fresh_days or '∞'}" if state.days is not None else ""
    matched = f"{state.matched:.1%}" if state.matched is not None else ""
    return [
        f"{state.description.zh} {state.feed}", state.last_known_on, days, word, state.deliveries, f"{state.rows:,}",
        matched, len(state.held) or "", state.refused or "",
    ]  # fmt: skip


def release(delivery: DeliveryId, by: By, reason: Why) -> None:
    """放行待处理批次 / Release a held delivery: its facts are known from today."""
    from monitor import feeds

    with opened() as service:
        _report([feeds.release(service, delivery, by=by, reason=reason)])


def reject(delivery: DeliveryId, by: By, reason: Why) -> None:
    """退回待处理批次 / Reject a held delivery: nothing of it is taken."""
    from monitor import feeds

    with opened() as service:
        _report([feeds.reject(service, delivery, by=by, reason=reason)])


def errors(delivery: DeliveryId) -> None:
    """行错误清单 / Print the list of a delivery's row errors, as CSV."""
    from monitor import feeds

    with opened() as service:
        path = feeds.error_rows(service, delivery)
    if path is None:
        complaints.print("这一批没有行错误 / no row of this delivery had an error")
    else:
        typer.echo(path.read_text(encoding="utf-8-sig"), nl=False)
