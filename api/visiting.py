"""What a visit is recorded with: the catalogue, the sheet of one household, and what is kept for the record alone."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.alerts import (
    FollowUpOut,
    HeardOut,
    MemberOut,
    ReasonOut,
    VisitIn,
    follow_up_out,
    heard_out,
    reason_out,
    visit_of,
)
from api.briefs import AlertBrief, Desk
from api.deps import ByLaw, Reading, Serving, Viewing, may, newest_date
from api.dossiers import KnownOut, known_out
from api.errands import Errand
from api.office import AtOffice
from api.once import ONCE, Doing
from api.problems import RESPONSES
from monitor.alerts import people, queue
from monitor.cases import FINDINGS, REASON_CODES, WAYS, codes, supplements
from monitor.packs import Packed, Sheet, sheets
from monitor.privacy import Keyring

router = APIRouter(prefix="/api/v1", tags=["visits"], responses=RESPONSES, route_class=Errand)


class CodeOut(BaseModel):
    """One word of the catalogue."""

    code: str
    zh: str
    en: str


class FindingOut(CodeOut):
    """One conclusion that a visit may come to."""

    codes: list[str] = Field(description="可选原因代码 / the reason codes that go with it")
    required: bool = Field(description="必须选择原因 / a reason code is required")
    closes: bool = Field(description="办结预警 / ends the alert")


class CatalogueOut(BaseModel):
    """Everything a visit may be recorded with."""

    version: str = Field(description="目录版本，任何一词改变即不同 / another one whenever a word is another")
    ways: list[CodeOut]
    findings: list[FindingOut]
    codes: list[CodeOut]
    measures: list[str] = Field(description="可拟帮扶措施的代码 / codes of measures that may be proposed")


class PackedMember(MemberOut):
    """A member as a pack shows them."""

    id_masked: str = Field(description="证件号码（隐去）", examples=["340299********123X"])
    phone_masked: str = Field(
        description="电话（隐去）；空为未登记 / empty: none is registered", examples=["138****1234"]
    )


class EarlierVisit(BaseModel):
    """What was found before."""

    visited_on: date
    way: str
    finding: str
    reason_code: str | None
    supplement: str | None


class VisitSheetOut(BaseModel):
    """What a worker needs of one household at its door."""

    alert: AlertBrief
    members: list[PackedMember]
    reasons: list[ReasonOut]
    known: list[KnownOut] = Field(description="请核对或更正的事实；值为空是未获取 / to be confirmed or corrected")
    visits: list[EarlierVisit]
    leads: list[HeardOut] = Field(description="登记的困难线索 / what was heard of the household")
    phone: str | None = Field(None, description="户主电话，仅在走访包要求并留痕时 / only when a pack asked for it")


class SupplementIn(VisitIn):
    """A visit that can no longer decide anything; its finding may be a word that the catalogue no longer has."""

    finding: str = Field(pattern=r"^[a-z_]{2,16}$", description="核查结论 / conclusion", examples=["confirmed"])
    why: Literal["ended", "changed", "code_gone"] = Field(
        description="为何只能存档 / why it is kept for the record alone"
    )


@router.get("/visits/catalogue", summary="核查目录 / What a visit may say", dependencies=[may("alert.read")])
def get_catalogue(response: Response) -> CatalogueOut:
    """Return ways, findings, reason codes and measures; its version is the ETag."""
    found = catalogue()
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get(
    "/alerts/{alert_id}/sheet", summary="核查表内容 / The sheet of one household", dependencies=[may("alert.work")]
)
def get_sheet(
    alert_id: UUID, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw, response: Response
) -> VisitSheetOut:
    """Return members with masked numbers, the reasons, and what the data say for the worker to confirm or correct."""
    alert, day = queue.get(session, alert_id, viewer=viewer), newest_date(session)
    response.headers["ETag"] = f'"{alert.version}"'
    found = sheets(session, service, laws.on(day), [alert], as_of=day)
    return sheet_out(found[0], Desk(session, service, laws).briefs([alert.id])[0], keyring=service.keyring)


@router.post(
    "/alerts/{alert_id}/supplements", status_code=201, summary="保留为补充记录 / Keep for the record",
    responses=ONCE, response_model=FollowUpOut, dependencies=[may("alert.work")],
)  # fmt: skip
def add_supplement(alert_id: UUID, sent: SupplementIn, viewer: Viewing, office: AtOffice, once: Doing) -> Response:
    """Keep a visit that came too late on the household's timeline; it moves nothing and counts in no figure.

    The same id again changes nothing. Photos may be added to it as to any follow-up.
    """
    visit = visit_of(sent)

    def work() -> FollowUpOut:
        done = supplements.keep(once.session, alert_id, visit, why=sent.why, by=viewer, office=office)
        return follow_up_out(done.follow_up, office.keyring)

    return once.answer(work, status=201)


def catalogue() -> CatalogueOut:
    """Return the catalogue as it is today."""
    return CatalogueOut(
        version=codes.version(),
        ways=[_code(name, WAYS[name]) for name in WAYS],
        findings=[
            FindingOut(
                code=name, zh=one.zh, en=one.en, required=one.required, closes=one.closes,
                codes=[code for code in REASON_CODES if code in one.codes],
            )
            for name, one in FINDINGS.items()
        ],
        codes=[_code(name, REASON_CODES[name]) for name in REASON_CODES],
        measures=list(codes.MEASURES),
    )  # fmt: skip


def sheet_out(sheet: Sheet, brief: AlertBrief, *, keyring: Keyring, phone: str | None = None) -> VisitSheetOut:
    """Return a household's sheet as it is shown; evidence names people by their place."""
    places = people.places([one.shown for one in sheet.members])
    reasons = [reason_out(one, places, sheet.alert.seen_on) for one in sheet.alert.reasons]
    return VisitSheetOut(
        alert=brief, members=[_member(one) for one in sheet.members], reasons=reasons,
        known=[known_out(one) for one in sheet.known], phone=phone,
        leads=[heard_out(one, keyring) for one in sheet.heard],
        visits=[
            EarlierVisit(
                visited_on=one.visited_on, way=one.way, finding=one.finding, reason_code=one.reason_code,
                supplement=one.supplement,
            )
            for one in sheet.visits
        ],
    )  # fmt: skip


def _member(one: Packed) -> PackedMember:
    plain = MemberOut.model_validate(one.shown).model_dump()
    return PackedMember(**plain, id_masked=one.id_masked, phone_masked=one.phone_masked)


def _code(name: str, said: tuple[str, str]) -> CodeOut:
    return CodeOut(code=name, zh=said[0], en=said[1])
