"""Doubtful rows at the terminal: what is proposed, what was linked, and a worker's word on each."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.terminal import opened, screen, show

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from monitor.service import Service

By = Annotated[str, typer.Option("--by", help="操作人 / who decides")]
Why = Annotated[str, typer.Option("--reason", help="理由 / the reason, kept in the record")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="编号，见 list / its number, as list shows it")]
Most = Annotated[int, typer.Option("--most", "-n", min=1, help="最多显示 / at most")]


def proposals(most: Most = 20) -> None:
    """待确认记录 / Rows that may belong to one of a few people, for a worker to decide."""
    from sqlalchemy import select

    from monitor import database
    from monitor.tables import Proposal

    with opened() as service, database.reading(service.engine) as session:
        chosen = select(Proposal).where(Proposal.status == "open").order_by(Proposal.id).limit(most)
        rows = [
            [one.id, one.feed, one.row_no, place + 1, each["person"], *_shown(service, session, each)]
            for one in session.scalars(chosen)
            for place, each in enumerate(one.candidates)
        ]
    show(
        "待确认 / proposals",
        ["编号 no.", "数据 feed", "行 row", "候选 cand.", "人员 person", "姓名 name", "户 household", "证据 evidence"],
        rows,
    )


def _shown(service: "Service", session: "Session", candidate: dict[str, Any]) -> tuple[str, str, str]:
    from sqlalchemy import select

    from monitor.privacy import mask_name
    from monitor.tables import Household, Member, Person

    person = session.get(Person, candidate["person"])
    homes = session.scalars(
        select(Household.household_no)
        .join(Member, Member.household_id == Household.id)
        .where(Member.person_id == candidate["person"], Member.until_on.is_(None))
    )
    name = service.keyring.decrypt(person.name, about="people.name") if person and person.name else ""
    said = candidate.get("evidence") or {key: value for key, value in candidate.items() if key != "person"}
    return (
        mask_name(name),
        ", ".join(homes),
        ", ".join(f"{key} {value}" for key, value in said.items() if key != "claim"),
    )


def confirm(
    number: Number, person: Annotated[int, typer.Option("--person", help="候选人员 / one of the candidates")], by: By
) -> None:
    """确认归属 / Give a proposed row to one of its candidates: it becomes a fact known from today."""
    from monitor.feeds.correcting import confirm as give
    from monitor.feeds.receiving import open_desk
    from monitor.service import today

    with opened() as service:
        receipt = give(open_desk(service), number, person=person, by=by, on=today())
    screen.print(f"已入库 / now a fact of {receipt.feed}, known from {receipt.known_on}")


def dismiss(number: Number, by: By, reason: Why) -> None:
    """均非本人 / Say that a proposed row is none of its candidates'."""
    from monitor import database
    from monitor.matching import links

    with opened() as service, database.transaction(service.engine) as session:
        links.reject(session, number, by=by, why=reason)
    screen.print("已记录 / recorded")


def linked(most: Most = 20) -> None:
    """非精确匹配的关联 / Facts that came to their person other than by a whole ID number, newest first."""
    from sqlalchemy import select

    from monitor import database
    from monitor.tables import Link

    with opened() as service, database.reading(service.engine) as session:
        rows = [
            [one.id, one.feed, one.delivery_seq, one.row_no, one.how, one.status, one.made_by, one.undone_why]
            for one in session.scalars(select(Link).order_by(Link.id.desc()).limit(most))
        ]
    show(
        "关联 / links",
        ["编号 no.", "数据 feed", "批次 delivery", "行 row", "方式 how", "状态 status", "操作人 by", "撤销理由 undone"],
        rows,
    )


def undo(number: Number, by: By, reason: Why) -> None:
    """撤销错误关联 / Undo a wrong link: its facts go from today, alerts that rested on them are annulled."""
    from monitor.corrections import undo_link

    with opened() as service:
        touched = undo_link(service, number, by=by, why=reason)
    screen.print(f"已撤销；受影响的预警 / undone; alerts touched: {len(touched)}")
