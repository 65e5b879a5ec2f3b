"""Models at the terminal: which there are, what each is, who lets one order the queue, and the way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.terminal import Exit, opened, refuse, screen, show

if TYPE_CHECKING:
    from models.journal import Act
    from models.registry import Registry

Model = Annotated[str, typer.Argument(metavar="MODEL", help="模型编号，见 list / its id, as list shows it")]
By = Annotated[str, typer.Option("--by", help="决定人：市级主管 / who decides: a city supervisor")]
Second = Annotated[str, typer.Option("--second", help="第二签字人 / who signs beside them")]
Why = Annotated[str, typer.Option("--why", help="理由 / the reason, kept in the record")]


@contextmanager
def _opened() -> Iterator["Registry"]:
    from jobs import champions
    from models.refusals import Unlearnable
    from monitor.errors import Invalid

    with opened() as service:
        try:
            yield champions.registry(service)
        except Unlearnable as refusal:
            refuse(Invalid(zh=refusal.zh, en=refusal.en))


def listed() -> None:
    """模型清单 / Every model: champion, challengers in shadow, those before. Ends with 1 when rules alone serve."""
    with _opened() as registry:
        state, serving, shadow = registry.state(), registry.champion(), registry.challengers()
        rows = []
        for entry in registry.acts():
            if entry.what == "registered":
                place = "现用 champion" if entry.model == state.champion else ""
                place = place or ("候选 challenger" if entry.model in shadow else "")
                rows.append([entry.model, place, entry.act.at, entry.act.by])
    show("模型 / models", ["编号 id", "状态 place", "登记 registered", "由 by"], rows)
    if serving.rules_only:
        screen.print(serving.zh, style="yellow", markup=False)
        screen.print(serving.en, style="yellow", markup=False)
        raise typer.Exit(Exit.PERSON_NEEDED)


def shown(model: Model) -> None:
    """一个模型的门槛与来历 / One model: its gates and everything that was done to it."""
    from models.goals import NAMES

    with _opened() as registry:
        manifest, acts = registry.manifest(model), registry.acts(model)
    rows = [[gate["id"], *NAMES[gate["id"]], gate["verdict"], gate["gate"], gate["note"]] for gate in manifest.gates]
    show(f"{model} {manifest.kind}", ["", "指标", "figure", "目标 goal", "硬门槛 gate", "说明 note"], rows)
    done = [[entry.what, entry.act.at, entry.act.by, entry.act.second, entry.act.why] for entry in acts]
    show("经过 / acts", ["事项 act", "时间 at", "由 by", "签字 second", "理由 why"], done)


def promote(
    model: Model,
    by: By,
    second: Second,
    why: Why,
    mark: Annotated[str, typer.Option("--mark", help="模型卡上的签字标记 / the mark on the card that was read")],
) -> None:
    """批准启用（须通过全部门槛、第二人签字）/ Let a model order the queue: past every gate, signed by two."""
    from jobs import champions

    def done(registry: "Registry", act: "Act") -> str:
        registry.promote(model, act, mark=mark)
        return model

    with opened() as service:
        champions.act(service, "promote", done, by=by, why=why, second=second)
    screen.print("已启用 / promoted")


def rollback(by: By, why: Why) -> None:
    """一步回退到前一模型或仅按规则 / Go back to the champion before, or to rules alone, at once."""
    from jobs import champions

    with opened() as service:
        now = champions.act(service, "rollback", lambda registry, act: registry.rollback(act), by=by, why=why)
    screen.print(f"现用 / champion: {now or '仅按规则 / rules alone'}", markup=False)


def set_aside(by: By, why: Why) -> None:
    """停用现用模型，仅按规则排序 / Set the champion aside: rules alone order the queue until it is resumed."""
    from jobs import champions

    with opened() as service:
        champions.act(service, "set_aside", lambda registry, act: registry.set_aside(act), by=by, why=why)
    screen.print("已停用 / set aside")


def resume(by: By, second: Second, why: Why) -> None:
    """恢复被停用的模型 / Let a champion that was set aside order the queue again, signed by two."""
    from jobs import champions

    with opened() as service:
        champions.act(service, "resume", lambda registry, act: registry.resume(act), by=by, why=why, second=second)
    screen.print("已恢复 / resumed")


def card(
    model: Model,
    to: Annotated[
        Path | None, typer.Option("--to", help="写入此文件夹（.md 与 .html）/ write both files there")
    ] = None,
) -> None:
    """模型卡（中英文一页）/ The model's card, one page in Chinese and English."""
    from models.card import as_html, as_markdown

    with _opened() as registry:
        manifest, acts = registry.manifest(model), registry.acts(model)
    if to is None:
        screen.print(as_markdown(manifest, acts), markup=False)
        return
    to.mkdir(parents=True, exist_ok=True)
    for ending, text in (("md", as_markdown(manifest, acts)), ("html", as_html(manifest, acts))):
        (to / f"model-{model}.{ending}").write_text(text, encoding="utf-8")
        screen.print(f"model-{model}.{ending}", markup=False)
