"""Forms to take along on a visit: asked for by POST, audited and counted; then opened as a page that prints."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from api import paper
from api.deps import ByLaw, InTransaction, Reading, Serving, Viewing, may
from api.errands import Errand
from api.guard import instead
from api.paper import Head, Press
from api.problems import RESPONSES, described
from monitor import forms
from monitor.alerts.words import Speaker
from monitor.forms import MOST, OPEN_FOR, Wanted
from monitor.service import today

router = APIRouter(prefix="/api/v1/forms", tags=["forms"], responses=RESPONSES, route_class=Errand)


class PrintIn(BaseModel):
    """Which alerts are printed, and how."""

    model_config = ConfigDict(extra="forbid")
    alerts: list[UUID] = Field(min_length=1, max_length=MOST, description="预警编号，至多50条 / at most fifty")
    kind: Literal["check", "round"] = Field(
        "check", description="check：入户核查表，一户一页；round：走访单 / a page each, or one list"
    )
    order: Literal["village", "given"] = Field(
        "village", description="按村排列，或按所给次序 / village by village, or as given"
    )
    language: Literal["zh", "en"] = "zh"


class PrintOut(BaseModel):
    """A print that can be opened."""

    id: UUID
    number: str = Field(description="编号，印在每页 / stands on every page", examples=["2026-000017"])
    forms: int
    skipped: list[UUID] = Field(description="不在管辖范围，未打印 / not in your region, left out")
    path: str = Field(description="打开并打印的地址 / the page to open and print")
    until: datetime = Field(description="可打开至 / can be opened until then")


@router.post("", status_code=201, dependencies=[may("form.print")], summary="打印核查表、走访单 / Print forms",
             responses=described(409, 429))  # fmt: skip
def print_forms(sent: PrintIn, service: Serving, viewer: Viewing, session: InTransaction) -> PrintOut:
    """Number a print of these alerts and write down who asked; its page can be opened by them for half an hour."""
    wanted = Wanted(tuple(sent.alerts), sent.kind, sent.order, sent.language)
    made, skipped = forms.make(session, service, wanted, by=viewer)
    return PrintOut(
        id=made.id, number=forms.number(made), forms=made.forms, skipped=skipped,
        path=router.url_path_for("open_print", print_id=str(made.id)), until=made.made_at + OPEN_FOR,
    )  # fmt: skip


@router.get("/{print_id}", dependencies=[may("form.print")], summary="打开打印页 / Open a print",
            response_class=HTMLResponse)  # fmt: skip
def open_print(
    print_id: UUID, request: Request, service: Serving, viewer: Viewing, session: Reading, laws: ByLaw
) -> HTMLResponse:
    """Return the page of a print, A4, without any script; the ID numbers on it are masked."""
    made = forms.opened(session, print_id, by=viewer)
    shown = forms.forms(session, made, viewer=viewer, keyring=service.keyring, as_of=today())
    language: paper.Language = "zh" if made.language == "zh" else "en"
    places = {one.alert.region: laws.tree.full_name(one.alert.region, today()) for one in shown}
    head = Head(forms.number(made), viewer.name, made.made_at, made.kind, language)
    page = Press(head, Speaker(laws.on(today()), language), places).page(shown, gone=made.forms - len(shown))
    instead(request.scope, content_security_policy=paper.policy())
    return HTMLResponse(page)
