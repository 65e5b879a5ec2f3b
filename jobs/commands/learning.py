"""Learning at the terminal: ``lowincome learn``, on any table."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.terminal import Exit, complaints, progress_bar, screen, show

if TYPE_CHECKING:
    from models.training import Learned, Spec


def learn(  # noqa: PLR0913  # one parameter per option
    table: Annotated[Path, typer.Argument(help="CSV 或 Parquet / the table, CSV or Parquet")],
    label: Annotated[str, typer.Option(help="标签列（两个值）/ column of two values; the second is the risk")],
    time: Annotated[str, typer.Option(help="时间列；最后一期为检验 / the latest labelled time is the test")],
    group: Annotated[str, typer.Option(help="户编号列 / the household, never on both sides")],
    report: Annotated[Path, typer.Option(help="报告目录 / folder of the report")],
    drop: Annotated[str, typer.Option(help="不作特征的列，逗号分隔 / no features, separated by commas")] = "",
    where: Annotated[str | None, typer.Option(help="判断哪些行，如 fi == 0 / which rows are judged")] = None,
    next_welfare: Annotated[str | None, typer.Option(help="下期福利列 / welfare at the next period")] = None,
    line: Annotated[float | None, typer.Option(help="下期福利的标准线 / the line it should not fall below")] = None,
    welfare: Annotated[
        str | None, typer.Option(help="当期福利列，规则按它排序 / welfare now: the rule's order")
    ] = None,
    monotone: Annotated[Path | None, typer.Option(help="单调方向 JSON/YAML / signs by feature: {income: -1}")] = None,
    capacity: Annotated[float, typer.Option(help="可走访的比例 / the share that can be visited")] = 0.1,
    protect: Annotated[str, typer.Option(help="要比较的群体列，逗号分隔 / columns whose groups are compared")] = "",
    folds: Annotated[int, typer.Option(help="户的折数 / folds of households")] = 3,
    positive: Annotated[
        str | None, typer.Option(help="哪个标签值是有风险 / which value of the label is the risk")
    ] = None,
    block: Annotated[str | None, typer.Option(help="村列，用于区间 / villages, drawn whole for intervals")] = None,
    gap: Annotated[float, typer.Option(help="标签期与报告滞后 / the label's horizon and lag, in units of time")] = 0.0,
    dates: Annotated[int, typer.Option(help="再往前检验几期 / how many earlier times to judge on as well")] = 2,
    seed: Annotated[int, typer.Option(help="种子 / seed of all that is drawn")] = 0,
) -> None:
    """在任何表上学习、检验并写报告 / Learn from any table, judge on its latest time, write a report.

    The table need not be this service's. Households that are judged are never learned from. Ends with 3 when the table
    cannot be learned from or gives its answer away, saying what to mend.
    """
    from models import report as reports  # learning is loaded when it is asked for, so that --help is quick
    from models.refusals import Unlearnable
    from models.training import Spec

    try:
        spec = Spec(
            label=label, time=time, group=group, drop=_names(drop), where=where, next_welfare=next_welfare, line=line,
            welfare=welfare, monotone=_signs(monotone), capacity=capacity, protect=_names(protect), folds=folds,
            block=block, gap=gap, positive=positive, dates=dates, seed=seed,
        )  # fmt: skip
        learned = _learned(table, spec)
        reports.write(learned, report)
    except Unlearnable as refusal:
        complaints.print(refusal.zh, markup=False)
        complaints.print(refusal.en, markup=False)
        raise typer.Exit(Exit.REFUSED) from None
    _tell(learned, report)


def _learned(table: Path, spec: "Spec") -> "Learned":
    from models.tables import read
    from models.training import train

    with progress_bar() as bar:
        work = bar.add_task("学习 / learning", total=None)
        return train(read(table), spec, step=lambda what, done, total: bar.update(work, completed=done, total=total))


def _tell(learned: "Learned", folder: Path) -> None:
    names = ("auc", "ap", "recall_at_5", "recall_at_10", "recall_at_20", "ece", "ece_after_audit")
    rows = [[name, *(f"{told[one]:.3f}" for one in names)] for name, told in learned.metrics.items()]
    show("各模型 / models", ["model", *(name.replace("_", " ") for name in names)], rows)
    screen.print(f"选用 chosen: {learned.kind}: {learned.choice.zh} / {learned.choice.en}", markup=False)
    for zh, en in learned.notes:
        screen.print(f"注意 note: {zh} / {en}", markup=False)
    screen.print(f"报告 report: {folder / 'report.html'}", markup=False)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _signs(path: Path | None) -> dict[str, int]:
    """Read signs by feature from JSON or YAML, ``{income: -1}``."""
    import yaml

    from models.refusals import Unlearnable

    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        return {str(name): int(sign) for name, sign in told.items()}
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise Unlearnable(
            zh=f"单调方向文件无法读取：{error}；应为 列名: 1 或 -1",
            en=f"the monotone file cannot be read: {error}; it says column: 1 or -1",
        ) from None
