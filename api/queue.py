"""The queue over HTTP: pages, counts, search, the next one, and what many at once are given."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.briefs import AlertBrief, Desk, Level, Status, Urgency
from api.deps import ByLaw, Laws, Reading, Serving, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from api.written import Truth
from monitor.access import Viewer
from monitor.errors import Invalid
from monitor.service import today
from monitor.work import calendar, colleagues, queue, searching
from monitor.work.deadlines import GROUPS
from monitor.work.lines import lines
from monitor.work.queue import Filters

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], responses=RESPONSES, route_class=Errand)

Direction = Literal["help", "leave", "check"]
RegionCode = Annotated[str, Field(pattern=r"^[0-9]{2,12}$", description="行政区划代码，含下级 / with all below it")]
RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="规则 / a rule still standing in it")]
OwnerName = Annotated[
    str,
    Field(
        pattern=r"^(me|nobody|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", description="me, nobody, 工作人员编号 / id"
    ),
]


class Caution(BaseModel):
    """Something to know when reading the list."""

    zh: str
    en: str


class AlertPage(BaseModel):
    """A page of the queue, the most urgent first."""

    items: list[AlertBrief]
    next: str | None = Field(description="下一页标记；空为最后一页 / cursor of the next page; null: this is the last")
    count: str = Field(description="条数，最多数到 1000+ / how many, counted up to 1000+", examples=["37", "1000+"])
    warnings: list[Caution] = []


class GroupCounts(BaseModel):
    """How many alerts each group of the queue holds, counted up to 1000+ each."""

    long_overdue: str = Field(description="严重逾期", examples=["3"])
    overdue: str = Field(description="逾期", examples=["12"])
    soon: str = Field(description="今日和下一工作日到期", examples=["8"])
    later: str = Field(description="未到期", examples=["1000+"])


class Narrow(BaseModel):
    """What the queue is narrowed to."""

    model_config = ConfigDict(extra="forbid")
    region: RegionCode | None = None
    level: Level | None = None
    rule: RuleName | None = None
    factor: str | None = Field(default=None, pattern=r"^[a-z_]{1,32}$", description="致贫返贫风险因素 / risk factor")
    status: Status | None = Field(default=None, description="省略：现在可办的 / omitted: what may be worked on now")
    direction: Direction | None = None
    cleared: Truth | None = Field(default=None, description="全部原因已消除 / every reason cleared")
    owner: OwnerName | None = None
    recurring: Truth | None = Field(default=None, description="复发(true)或新增(false) / recurring or new")
    group: Urgency | None = Field(default=None, description="紧急程度 / one group of the queue")


class Paged(Narrow):
    """A page of the narrowed queue."""

    limit: int = Field(50, ge=1, le=200)
    after: str | None = Field(None, max_length=200, description="上一页的 next / next of the page before")


class Sought(Paged):
    """Somebody to look for; sent in the body, so that it stands in no address and no log."""

    text: str = Field(
        min_length=1,
        max_length=64,
        description="姓名、拼音、首字母、证件后四位、完整证件号或户编号 / name, pinyin, number",
    )


def narrowed(
    said: Narrow, session: Session, laws: Laws, viewer: Viewer, *, people: Sequence[int] | None = None
) -> Filters:
    """Return the filters that a request means: whose ``me`` is today, which rules a risk factor has."""
    rules: tuple[str, ...] | None = (said.rule,) if said.rule else None
    if said.factor:
        known = laws.on(today()).rules
        of_factor = tuple(sorted(name for name, rule in known.items() if rule.risk_factor == said.factor))
        if not of_factor:
            listed = ", ".join(sorted({rule.risk_factor for rule in known.values()}))
            raise Invalid(zh=f"没有这种风险因素，可选 {listed}", en=f"there is no such risk factor; there are {listed}")
        rules = tuple(rule for rule in rules if rule in of_factor) if rules else of_factor
    owners = None
    if said.owner == "me":
        owners = colleagues.whose(colleagues.cares_of(session), viewer.worker, on=today())
    elif said.owner not in (None, "nobody"):
        owners = (UUID(said.owner),)
    plain = said.model_dump(include={"region", "level", "status", "direction", "cleared", "recurring", "group"})
    return Filters(
        **plain, rules=rules, owners=owners, unowned=said.owner == "nobody",
        people=None if people is None else tuple(people),
    )  # fmt: skip


@router.get("", summary="预警队列 / Queue", dependencies=[may("alert.read")])
def list_alerts(
    service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, asked: Annotated[Paged, Query()]
) -> AlertPage:
    """Return the queue by urgency, then level, then due date, cut to the worker's region; pages survive inserts."""
    desk = Desk(session, service, laws)
    return _page(desk, narrowed(asked, session, laws, viewer), asked, viewer)


@router.get("/counts", summary="队列分组计数 / Counts of the queue's groups", dependencies=[may("alert.read")])
def count_alerts(
    service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, asked: Annotated[Narrow, Query()]
) -> GroupCounts:
    """Return how many alerts each group holds under the same filters; each agrees with its list."""
    desk = Desk(session, service, laws)
    found = queue.counts(session, narrowed(asked, session, laws, viewer), viewer=viewer, spans=desk.spans)
    return GroupCounts(**{group: _told(found[group]) for group in GROUPS})


@router.post("/search", summary="查找预警 / Search the queue", dependencies=[may("alert.read")])
def search_alerts(service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, sought: Sought) -> AlertPage:
    """Return the alerts of the households of whoever is meant; nothing of what was typed is kept."""
    desk = Desk(session, service, laws)
    found = searching.people(session, sought.text, viewer=viewer, keyring=service.keyring)
    return _page(desk, narrowed(sought, session, laws, viewer, people=found), sought, viewer)


def _page(desk: Desk, filters: Filters, asked: Paged, viewer: Viewer) -> AlertPage:
    page = queue.page(
        desk.session, filters, viewer=viewer, spans=desk.spans, after=asked.after, most=asked.limit
    )  # fmt: skip
    found = lines(desk.session, page.ids)
    years = calendar.unpublished(desk.days, [line.due_on for line in found])
    return AlertPage.model_validate(
        {
            "items": desk.told(found),  # all at once: fifty one by one cost twice as much
            "next": page.following,
            "count": _told(page.count),
            "warnings": list(map(_caution, years)),
        }
    )


def _caution(year: int) -> Caution:
    return Caution(
        zh=f"{year}年的节假日安排尚未录入，期限暂按周一至周五计算",
        en=f"the days off of {year} have not been entered: deadlines count Monday to Friday until they are",
    )


def _told(count: int) -> str:
    return "1000+" if count > queue.MOST_COUNTED else str(count)
