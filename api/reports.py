"""The supervisors' numbers: what each means, whole and by cells, and the alerts behind a cell."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.briefs import Level
from api.deps import ByLaw, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.overseeing import overseeing
from api.problems import RESPONSES
from api.queue import RegionCode
from api.written import Day
from monitor import reports
from monitor.access import NATION
from monitor.alerts import people
from monitor.reports import Asked, Cell, Figure
from monitor.reports.missed import missed
from monitor.service import today

router = APIRouter(
    prefix="/api/v1/reports", tags=["reports"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
_SAMPLED_WEEKS = 13
NONE = "-"  # the key of rows that have no value
FigureName = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9_]{1,31}$", description="指标 / the figure", examples=["confirmed_share"])
]
Dimension = Literal[
    "county", "town", "village", "level", "status", "category", "month", "model", "result", "rule", "feed"
]
KeyText = Annotated[str, Field(max_length=64, description="单元的键；无值者为 - / key of the cell; - has no value")]


class FigureOut(BaseModel):
    """What a number means and how it can be split."""

    name: str
    zh: str
    en: str
    kind: Literal["count", "share", "days"]
    stock: bool = Field(description="真：此刻的存量 / true: of this moment; false: of alerts opened in the period")
    dimensions: list[str]


class CellOut(BaseModel):
    """One number: its value (null: nothing to say), how many rows count, of how many."""

    key: str | None
    name: str | None = Field(description="区划名称 / the region's name")
    value: float | None = Field(description="件数、比例或中位天数 / a count, a share, or the median of days")
    counted: int
    among: int
    percentiles: dict[int, int] | None = Field(description="天数的分位 / percentiles of days")


class TableOut(BaseModel):
    """A figure by cells, and over all of them."""

    figure: FigureOut
    by: str | None
    total: CellOut
    cells: list[CellOut]
    as_known_at: datetime | None = Field(description="数据更新至 / followed up to then; stocks are of this moment")


class RowOut(BaseModel):
    """An alert behind a number."""

    id: UUID
    household_no: str
    name: str = Field(description="户主姓名（隐去）/ masked")
    level: Level
    status: str
    region: str
    region_name: str
    opened_on: date
    closed_at: datetime | None


class RowsOut(BaseModel):
    """The alerts behind a cell, exactly as many as it counts."""

    count: int
    items: list[RowOut]
    next: UUID | None = Field(description="下一页标记；空为最后一页 / null: this is the last page")


class WeekOut(BaseModel):
    """The alerts opened in one week, and how many of these have ended."""

    model_config = ConfigDict(from_attributes=True)
    since: date
    until: date
    raised: int
    closed: int


class MissedOut(BaseModel):
    """How many households in need nobody had flagged, told by the random sample; no number on too few visits."""

    model_config = ConfigDict(from_attributes=True)
    since: date
    until: date
    drawn: int = Field(description="抽取户数 / households drawn")
    settled: int = Field(description="其中已核查有结论 / of these, visited with a conclusion")
    confirmed: int = Field(description="其中确有困难 / of these, in need")
    unflagged: float = Field(description="每周未被预警的户数 / households nobody flagged, a week")
    enough: bool = Field(description="样本是否足够推断（至少30户有结论）/ at least thirty settled visits")
    share: float | None
    estimate: float | None = Field(description="推断漏报户数 / households missed, in an average week")
    low: float | None = Field(description="95%区间下限 / lower end of 95 in 100")
    high: float | None


class WeeksIn(BaseModel):
    """How many weeks, and of which region."""

    model_config = ConfigDict(extra="forbid")
    region: RegionCode | None = None
    weeks: int = Field(12, ge=1, le=53)


class SampleIn(BaseModel):
    """Of which days the sample is read; omitted: of the last thirteen weeks."""

    model_config = ConfigDict(extra="forbid")
    since: Day | None = Field(None, examples=["2026-01-01"])
    until: Day | None = Field(None, examples=["2026-03-31"])


class PeriodIn(BaseModel):
    """What a report is narrowed to."""

    model_config = ConfigDict(extra="forbid")
    region: RegionCode | None = None
    since: Day | None = Field(None, description="预警日期自 / opened on or after", examples=["2026-01-01"])
    until: Day | None = Field(None, description="预警日期至 / opened on or before", examples=["2026-03-31"])


class SplitIn(PeriodIn):
    """And how it is split."""

    by: Dimension | None = None


class CellIn(SplitIn):
    """And which cell's alerts are listed."""

    key: KeyText = NONE
    after: UUID | None = None
    limit: int = Field(50, ge=1, le=200)


@router.get("", dependencies=[may("report.read")], summary="监管总览 / Every figure in one number")
def overview(viewer: Viewing, session: Reading, asked: Annotated[PeriodIn, Query()]) -> list[TableOut]:
    """Return every figure over all that the viewer sees: stocks of this moment, the others of the period asked for."""
    return [
        _table(
            figure, None, [], reports.total(session, Asked(name, None, **asked.model_dump()), viewer=viewer), session
        )
        for name, figure in reports.FIGURES.items()
    ]


@router.get("/weeks", dependencies=[may("report.read")], summary="逐周走势 / Week by week")
def by_week(viewer: Viewing, session: Reading, asked: Annotated[WeeksIn, Query()]) -> list[WeekOut]:
    """Return the weeks up to this one, oldest first; ``raised`` and ``closed`` between two dates list a week's rows."""
    found = reports.weeks(session, until=today(), many=asked.weeks, viewer=viewer, region=asked.region)
    return [WeekOut.model_validate(one) for one in found]


@router.get("/missed", dependencies=[may("report.missed")], summary="漏报推断 / Missed cases, estimated")
def estimate(viewer: Viewing, session: Reading, asked: Annotated[SampleIn, Query()]) -> MissedOut:
    """Return what the random sample tells of those whom no rule flagged, with its interval or not at all.

    To an auditor it is told of all regions, and is noted in the audit.
    """
    until = asked.until or today()
    since = asked.since or until - timedelta(days=7 * _SAMPLED_WEEKS)
    with overseeing(session, viewer, action="report.missed", subject=NATION) as (seer, _):
        return MissedOut.model_validate(missed(session, since=since, until=until, viewer=seer))


@router.get("/{figure}", dependencies=[may("report.read")], summary="一项指标 / One figure by cells",
            responses={404: RESPONSES[404]})  # fmt: skip
def one_figure(
    figure: FigureName, viewer: Viewing, session: Reading, laws: ByLaw, asked: Annotated[SplitIn, Query()]
) -> TableOut:
    """Return a figure split along one dimension; by rule or feed an alert counts under each that was behind it."""
    wanted = Asked(figure, **asked.model_dump())
    found = reports.figure_of(figure, asked.by)
    split = (
        []
        if asked.by is None
        else [_cell(one, asked.by, laws) for one in reports.cells(session, wanted, viewer=viewer)]
    )
    return _table(found, asked.by, split, reports.total(session, wanted, viewer=viewer), session)


@router.get("/{figure}/alerts", dependencies=[may("report.read")], summary="指标背后的预警 / The alerts behind a cell",
            responses={404: RESPONSES[404]})  # fmt: skip
def alerts_behind(
    figure: FigureName, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw,
    asked: Annotated[CellIn, Query()],
) -> RowsOut:  # fmt: skip
    """Return exactly the alerts that a cell counts, by id, in pages."""
    wanted = Asked(figure, asked.by, asked.region, asked.since, asked.until)
    key = None if asked.key == NONE else asked.key
    found = reports.rows(session, wanted, key, viewer=viewer, after=asked.after, most=asked.limit)
    names = people.titles(session, [alert.household_id for alert in found], keyring=service.keyring)
    places = cache(laws.tree.full_name)
    items = [
        RowOut(
            id=alert.id, household_no=alert.household.household_no, name=names.get(alert.household_id, "—"),
            level=alert.level, status=alert.status, region=alert.region,  # type: ignore[arg-type]
            region_name=places(alert.region, today()), opened_on=alert.opened_on, closed_at=alert.closed_at,
        )
        for alert in found
    ]  # fmt: skip
    count = reports.count_rows(session, wanted, key, viewer=viewer)
    return RowsOut(count=count, items=items, next=found[-1].id if len(found) == asked.limit else None)


def _table(figure: Figure, by: str | None, split: list[CellOut], total: Cell, session: Reading) -> TableOut:
    return TableOut(
        figure=FigureOut(
            name=figure.name, zh=figure.zh, en=figure.en, kind=figure.kind, stock=figure.stock,
            dimensions=list(figure.dimensions),
        ),
        by=by, total=_cell(total, None, None), cells=split, as_known_at=reports.as_known_at(session),
    )  # fmt: skip


def _cell(cell: Cell, by: str | None, laws: Laws | None) -> CellOut:
    known = laws is not None and by in ("county", "town", "village") and cell.key is not None
    return CellOut(
        key=cell.key, name=laws.tree.full_name(cell.key, today()) if known and laws and cell.key else None,
        value=cell.value, counted=cell.counted, among=cell.among,
        percentiles=None if cell.percentiles is None else dict(cell.percentiles),
    )  # fmt: skip
