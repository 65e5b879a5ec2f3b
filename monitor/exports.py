"""What leaves the house as a workbook: masked, watermarked, audited, and of the small counts none."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from monitor import anchors, audit, reports
from monitor.access import Viewer
from monitor.alerts import people
from monitor.errors import Invalid
from monitor.regions import Tree
from monitor.reports import Asked, Cell
from monitor.reports.figures import AREAS
from monitor.service import CITY_TIME, Service, today
from monitor.sheets import Watermark, workbook
from monitor.tables import Alert
from monitor.work import queue
from monitor.work.deadlines import Spans
from monitor.work.queue import Filters

MOST_ROWS = 5_000
HIDDEN = "*"
_LEVELS: Mapping[str, str] = {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "蓝色"}
_ALERT_HEADINGS = ("户编号", "户主（隐去）", "等级", "状态", "区划", "区划名称", "预警日期", "应办日期", "原因")
_REPORT_HEADINGS = ("键", "名称", "数值", "计入", "总数")


@dataclass(frozen=True)
class Taken:
    """A workbook that was made, the number by which the audit knows it, and how many rows it holds."""

    number: uuid.UUID
    data: bytes
    rows: int


@dataclass(frozen=True)
class Narrowed:
    """Which alerts are taken out: what the queue would show; ``said`` is how it was asked for, without what was not."""

    said: Mapping[str, str | bool | list[str]]
    filters: Filters
    spans: Spans


@dataclass(frozen=True)
class Paper:
    """What an export is for, and the request by which another agreed to it, where one had to."""

    why: str
    agreed: uuid.UUID | None = None


def count(session: Session, narrowed: Narrowed, *, by: Viewer) -> int:
    """Return how many rows an export would have, counted up to one more than it may."""
    return len(_keys(session, narrowed, by))


def refuse_too_many(rows: int) -> None:
    """Refuse more rows than one export may hold, whoever agrees to it."""
    if rows > MOST_ROWS:
        raise Invalid(
            zh=f"共{rows}条，超过一次导出上限{MOST_ROWS}条，请缩小范围",
            en=f"{rows} rows are more than the {MOST_ROWS} of one export: narrow it down",
        )


def alerts(
    session: Session,
    service: Service,
    narrowed: Narrowed,
    *,
    by: Viewer,
    paper: Paper,
    tree: Tree,
) -> Taken:
    """Return the alerts that ``by`` sees in the queue narrowed so, in its order, as a workbook; audited here and now.

    Names are masked; there are at most 5,000 rows.

    Refuses more rows than that, and everything while the audit cannot be anchored.
    """
    anchors.require(service)
    keys = _keys(session, narrowed, by)
    refuse_too_many(rows := len(keys))
    found = _read(session, keys)
    names = people.titles(session, [alert.household_id for alert in found], keyring=service.keyring)
    detail = {"rows": rows, "narrowed": dict(narrowed.said), "why": len(paper.why)}
    detail |= {"agreed": str(paper.agreed)} if paper.agreed else {}
    number = _noted(session, by, "alerts.exported", detail)
    data = workbook("预警", _ALERT_HEADINGS, _alert_rows(found, names, tree), watermark=_mark(by, paper.why, number))
    return Taken(number, data, rows)


def report(session: Session, service: Service, asked: Asked, *, by: Viewer, why: str, tree: Tree) -> Taken:
    """Return a figure by cells as a workbook in which no cell, nor a difference of cells, tells of fewer than k.

    Of a quarter, or of this moment; other periods are refused, because two that overlap tell what lies between.
    """
    anchors.require(service)
    figure = reports.figure_of(asked.figure, asked.by)
    if not figure.stock:
        _require_quarter(asked)
    unseen = _hidden(session, asked, viewer=by, k=service.settings.least_households)
    cells = [reports.total(session, asked, viewer=by)] if asked.by is None else []
    cells += reports.cells(session, asked, viewer=by) if asked.by is not None else []
    detail = {"figure": asked.figure, "by": asked.by, "region": asked.region, "rows": len(cells), "why": len(why)}
    number = _noted(session, by, "report.exported", detail)
    rows = (_report_row(cell, asked, unseen, tree) for cell in cells)
    return Taken(number, workbook(figure.zh, _REPORT_HEADINGS, rows, watermark=_mark(by, why, number)), len(cells))


def _keys(session: Session, narrowed: Narrowed, by: Viewer) -> list[uuid.UUID]:
    keys = queue.first(session, narrowed.filters, viewer=by, spans=narrowed.spans, most=MOST_ROWS + 1)
    return [key.id for key in keys]


def _read(session: Session, ids: Sequence[uuid.UUID]) -> list[Alert]:
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    found = {alert.id: alert for alert in session.scalars(select(Alert).where(Alert.id.in_(ids)).options(*loads))}
    return [found[id_] for id_ in ids if id_ in found]


def _alert_rows(found: Iterable[Alert], names: Mapping[int, str], tree: Tree) -> Iterator[tuple[Any, ...]]:
    for alert in found:
        said = [reason.sentence_zh for reason in alert.reasons if reason.status in ("active", "unknown")]
        yield (
            alert.household.household_no, names.get(alert.household_id, "—"), _LEVELS[alert.level], alert.status,
            alert.region, tree.full_name(alert.region, alert.seen_on), alert.opened_on, alert.due_on, "；".join(said),
        )  # fmt: skip


def _require_quarter(asked: Asked) -> None:
    since, until = asked.since, asked.until
    if since is None or until is None or since.day != 1 or since.month % 3 != 1 or until != _quarter_end(since):
        raise Invalid(
            zh="报表导出以整季度为期，如 2026-01-01 至 2026-03-31",
            en="a report is taken out by whole quarters, as 2026-01-01 to 2026-03-31",
        )


def _quarter_end(since: date) -> date:
    later = since + timedelta(days=93)
    return later.replace(day=1) - timedelta(days=1)


def _hidden(session: Session, asked: Asked, *, viewer: Viewer, k: int) -> set[str]:
    """What is hidden of the rows said of, of those that count and of those that do not, is hidden altogether."""
    by = asked.by or "county"
    finest = Asked(asked.figure, "village" if by in AREAS else by, asked.region, asked.since, asked.until)
    found: set[str] = set()
    leaves = reports.households(session, finest, viewer=viewer)
    for place in range(3):
        counts, parents = _tree({key or "-": said[place] for key, said in leaves.items()}, areas=by in AREAS)
        found |= reports.hidden(counts, parents, k=k)
    return found


def _tree(leaves: Mapping[str, int], *, areas: bool) -> tuple[dict[str, int], dict[str, str | None]]:
    counts: Counter[str] = Counter({"": 0})
    parents: dict[str, str | None] = {"": None}
    for leaf, count in leaves.items():
        path = [leaf[:6], leaf[:9], leaf] if areas and leaf != "-" else [leaf]
        for place, cell in enumerate(path):
            counts[cell] += count
            parents[cell] = path[place - 1] if place else ""
        counts[""] += count
    return dict(counts), parents


def _report_row(cell: Cell, asked: Asked, unseen: set[str], tree: Tree) -> tuple[Any, ...]:
    key = cell.key or "-"
    name = tree.full_name(key, today()) if asked.by in AREAS and key != "-" else ""
    if (key if asked.by else "") in unseen:
        return key, name, HIDDEN, HIDDEN, HIDDEN
    value = "" if cell.value is None else f"{cell.value:.4f}".rstrip("0").rstrip(".")
    return key, name, value, cell.counted, cell.among


def _noted(session: Session, by: Viewer, action: str, detail: dict[str, Any]) -> uuid.UUID:
    number = uuid.uuid4()
    audit.record(session, by=str(by.worker), action=action, subject=str(number), detail=detail)
    return number


def _mark(by: Viewer, why: str, number: uuid.UUID) -> Watermark:
    return Watermark(by.name, f"{datetime.now(CITY_TIME):%Y-%m-%d %H:%M}", why, str(number))
