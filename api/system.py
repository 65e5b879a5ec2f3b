"""What the system is: build and pack, how it was found to be, the tree of regions, how long what is kept."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.cards import BothOut
from api.deps import ByLaw, Reading, Serving, may
from api.errands import Errand
from api.problems import RESPONSES
from api.written import Truth
from monitor import access, register
from monitor.metrics import VERSION
from monitor.regions import LEVELS, Place, Tree
from monitor.register import Entry
from monitor.service import today
from monitor.tables import Run, Scan
from monitor.work import places

router = APIRouter(
    prefix="/api/v1/system", tags=["system"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
Code = Annotated[str, Query(pattern=r"^[0-9]{2,12}$", description="上级代码；省略为监测地区 / default: the root")]


class AboutOut(BaseModel):
    """What runs here. Nothing in it tells where."""

    build: str
    policy_version: str
    rules: int
    production: bool
    database: Literal["sqlite", "postgresql"]
    cipher: str = Field(description="intl：AES-256-GCM；gm：SM4-GCM")
    passwords: str
    second_factor: bool = Field(description="所有人必须使用动态码 / everybody must have a second factor")
    newest_scan: date | None


class DoctorAnswerOut(BaseModel):
    """One answer of the doctor."""

    name: str
    well: bool
    zh: str
    en: str


class DoctorOut(BaseModel):
    """What the doctor found when it last looked; it looks every morning, and nothing is looked at now."""

    run: UUID | None = Field(description="空：尚未检查 / null: it has not looked yet")
    at: datetime | None
    status: str | None = Field(description="该次检查的作业状态 / how that run ended")
    well: int
    ill: int
    findings: list[DoctorAnswerOut] = Field(description="有问题的在前 / what is not well comes first")


class RegionOut(BaseModel):
    """One region as the tree holds it."""

    code: str
    name: str
    full_name: str
    level: str = Field(description="nation, province, city, county, town, village")
    valid_from: date
    valid_to: date | None = Field(description="已撤销之日 / the day from which it is no longer; null: in force")
    successor: str | None = Field(description="并入何处 / what took it over")
    below: int = Field(description="下一级个数 / how many lie directly below it")


class RegionsOut(BaseModel):
    """A region, those around it and what lies directly below it."""

    here: RegionOut
    path: list[str] = Field(description="自上而下的上级代码 / the codes around it, from the top")
    below: list[RegionOut]


class RegionSoughtIn(BaseModel):
    """A region to look for."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(
        min_length=2, max_length=40, description="名称、拼音、首字母或代码 / name, pinyin, initials or code",
        examples=["jinghu"],
    )  # fmt: skip


class KeepOut(BaseModel):
    """How long one table's rows are kept, as the data register says."""

    table: str
    purpose: BothOut
    source: str
    basis: str
    days: int | None = Field(description="空：不按天数 / null: by no number of days")
    since: str | None = Field(description="自哪个日期起算 / from which date on")
    then: str | None = Field(description="delete 删除，blank 置空 / deleted, or columns made blank")
    columns: list[str]
    forever: BothOut | None = Field(description="长期保存的理由 / why it stays")
    together_with: str | None = Field(description="随哪张表 / as long as that table's rows")
    sees: list[BothOut] = Field(description="谁能看 / who sees it")
    sensitive: int
    personal: int
    internal: int


@router.get("", dependencies=[may("policy.read")], summary="系统概况 / What runs here")
def about(service: Serving, session: Reading, laws: ByLaw) -> AboutOut:
    """Return build, pack and the settings that people should know of."""
    law, said = laws.on(today()), service.settings
    newest = select(Scan.as_of).where(Scan.finished_at.is_not(None)).order_by(Scan.as_of.desc()).limit(1)
    return AboutOut(
        build=VERSION, policy_version=law.version, rules=len(law.rules), production=said.production,
        database="postgresql" if service.engine.dialect.name == "postgresql" else "sqlite", cipher=said.crypto,
        passwords=said.passwords, second_factor=said.second_factor, newest_scan=session.scalar(newest),
    )  # fmt: skip


@router.get("/doctor", dependencies=[may("run.read")], summary="体检 / What the doctor found")
def last_examination(session: Reading) -> DoctorOut:
    """Return the doctor's newest answers, what is not well first."""
    looked = select(Run).where(Run.job == "doctor", Run.finished_at.is_not(None))
    run = session.scalar(looked.order_by(Run.finished_at.desc()).limit(1))
    if run is None:
        return DoctorOut(run=None, at=None, status=None, well=0, ill=0, findings=[])
    findings = [DoctorAnswerOut.model_validate(one) for one in run.counts.get("findings", [])]
    findings.sort(key=lambda one: one.well)
    ill = sum(not one.well for one in findings)
    return DoctorOut(
        run=run.id, at=run.finished_at, status=run.status, well=len(findings) - ill, ill=ill, findings=findings
    )


@router.get("/regions", dependencies=[may("policy.read")], summary="区划树 / The tree of regions",
            responses={404: RESPONSES[404]})  # fmt: skip
def regions(
    laws: ByLaw,
    under: Code | None = None,
    former: Annotated[Truth, Query(description="也列出已撤销的 / those that ended, too")] = False,
) -> RegionsOut:
    """Return a region with what lies directly below it, one level at a time."""
    tree, day = laws.tree, today()
    here = tree.find(under or tree.root, day)
    if here is None:
        raise places.no_such()
    ended = tree.former(here.code, day) if former else []
    around = [code for code in reversed(tree.lineage(here.code, day)) if code != here.code]
    below = _places(tree, [*tree.children(here.code, day), *ended])
    return RegionsOut(here=_place(tree, here), path=around, below=below)


@router.post("/regions/search", dependencies=[may("policy.read")], summary="查找区划 / Look for a region")
def search_regions(sought: RegionSoughtIn, laws: ByLaw) -> list[RegionOut]:
    """Return at most fifty regions in force that are called so, higher ones first."""
    return _places(laws.tree, places.search(laws.tree, sought.text, today()))


@router.get("/retention", dependencies=[may("policy.read")], summary="保存期限 / How long what is kept")
def retention() -> list[KeepOut]:
    """Return, of every table, what it is for and how long it is kept: the data register that erasure goes by."""
    return [_keep(one) for _, one in sorted(register.read().items())]


def _places(tree: Tree, found: Sequence[Place]) -> list[RegionOut]:
    return [_place(tree, one) for one in found]


def _place(tree: Tree, place: Place) -> RegionOut:
    day = today()
    return RegionOut(
        code=place.code, name=place.name, full_name=tree.full_name(place.code, day), level=LEVELS[len(place.code)],
        valid_from=place.valid_from, valid_to=place.valid_to, successor=place.successor,
        below=len(tree.children(place.code, day)),
    )  # fmt: skip


def _keep(entry: Entry) -> KeepOut:
    keep, kinds = entry.keep, list(entry.classes.values())
    roles = [access.TITLES[role] for role in entry.sees if role in access.TITLES]
    forever = BothOut.model_validate(keep.forever) if keep.forever else None
    return KeepOut(
        table=entry.table, purpose=BothOut(zh=entry.purpose["zh"], en=entry.purpose["en"]), source=entry.source,
        basis=entry.basis, days=keep.days, since=keep.since, then=keep.then, columns=list(keep.columns),
        forever=forever, together_with=keep.together_with, sees=[BothOut(zh=zh, en=en) for zh, en in roles],
        sensitive=kinds.count("sensitive"), personal=kinds.count("personal"), internal=kinds.count("internal"),
    )  # fmt: skip
