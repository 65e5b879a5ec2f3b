"""Training at the terminal: on what this installation knows, or tried whole on a made-up city with hard times."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TaskID

from jobs.terminal import Exit, opened, progress_bar, read_date, refuse, screen, show

if TYPE_CHECKING:
    from jobs.trying import Tried


def train(
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="截止日，默认今天 / known up to this date; today by default")
    ] = None,
    city: Annotated[
        int | None,
        typer.Option(min=500, help="在这么多户的虚构城市里试验 / try it on a made-up city of so many households"),
    ] = None,
    seed: Annotated[int, typer.Option(help="种子 / equal seeds make equal cities")] = 11,
    months: Annotated[int, typer.Option(min=36, help="虚构城市的月数 / months that the city lives")] = 48,
) -> None:
    """训练：用结果和随机抽查作标签，训练、对照规则、登记为候选模型 / Train, judge by every gate, register a challenger.

    Nothing is promoted. With --city a made-up city is generated, scanned, visited and trained on in a folder of its
    own, and told beside its truth; ends with 1 when a hard gate holds the model back.
    """
    if city is not None:
        _try(city, seed, months)
        return
    from jobs.catalogue import perform
    from monitor.errors import Refused
    from monitor.service import today

    with opened() as service:
        try:
            counts = perform(service, "retrain", today() if as_of is None else read_date(as_of))
        except Refused as refusal:
            refuse(refusal)
    screen.print(f"{counts['model']}: {counts['rows']} 行 / rows, {counts['dates']} 个日期 / dates", markup=False)
    show("门槛 / gates", ["", "结论 verdict"], [[name, said] for name, said in counts["gates"].items()])


def _try(people: int, seed: int, months: int) -> None:
    from jobs import trying
    from monitor.errors import Refused
    from monitor.settings import read

    try:
        with progress_bar() as bar:
            tasks: dict[str, TaskID] = {}

            def step(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done, total=total)

            tried = trying.run(read(), people=people, seed=seed, months=months, step=step)
    except Refused as refusal:
        refuse(refusal)
    raise typer.Exit(Exit.PERSON_NEEDED if _tell(tried) else Exit.DONE)


def _tell(tried: "Tried") -> int:
    """Print the goal table, the city's bands and the missed cases; return how many hard gates were not reached."""
    rows = [
        [gate["id"], _number(gate["figure"]["value"]), gate["goal"], gate["verdict"], gate["gate"], gate["note"]]
        for gate in tried.gates
    ]
    show("目标 / goals", ["", "值 value", "目标 goal", "结论 verdict", "硬门槛 gate", "说明 note"], rows)
    bands = [[name, _number(one.value), f"{one.low}-{one.high}", one.inside] for name, one in tried.bands.items()]
    show("虚构城市 / the made-up city", ["", "值 value", "区间 band", "在内 inside"], bands)
    missed = [
        [
            one.since,
            one.drawn,
            one.settled,
            one.confirmed,
            _number(one.estimate),
            _number(one.low),
            _number(one.high),
            truth,
        ]
        for one, truth in tried.missed
    ]
    show(
        "漏报 / missed cases", ["", "抽 drawn", "访 settled", "属实", "估计 estimate", "低", "高", "真相 truth"], missed
    )
    return sum(gate["gate"] not in ("", "reached") for gate in tried.gates)


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3g}"
