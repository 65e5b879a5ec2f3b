"""Made-up cities at the terminal: the demo, and the benchmark."""

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from jobs.terminal import progress_bar, refuse, screen, show

if TYPE_CHECKING:
    from jobs.demo import Demo
    from jobs.scan import Scanned


def demo(
    households: Annotated[int, typer.Option(min=50, help="户数 / households in the made-up city")] = 20_000,
    seed: Annotated[int, typer.Option(help="种子：相同则城市相同 / equal seeds make equal cities")] = 1,
    port: Annotated[int, typer.Option(help="接口端口 / port of the API")] = 8000,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="结束后是否提供接口 / serve the API at the end")
    ] = True,
) -> None:
    """演示：虚构一座城市，接收十八个月数据，逐期扫描，讲述三条预警 / See it all on a whole made-up city.

    It lives in its own folder below LOWINCOME_HOME, which every demo makes anew; nobody in it is real.
    """
    from jobs.demo import run
    from monitor.errors import Refused
    from monitor.settings import read

    try:
        with progress_bar() as bar:
            steps = _Steps(bar)
            made = run(read(), households=households, seed=seed, step=steps)
    except Refused as refusal:
        refuse(refusal)
    with made:
        _tell(made, port)
    if serve:
        _serve(made, port)


class _Steps:
    """One line of the progress bar for each kind of work."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        kind = " ".join(what.split(" ")[:3])
        if kind not in self.tasks:
            self.tasks[kind] = self.bar.add_task(what, total=total)
        self.bar.update(self.tasks[kind], description=what, completed=done, total=total)


def _tell(made: "Demo", port: int) -> None:
    from jobs.demo import three_alerts

    rows = sum(made.made.rows.values())
    screen.print(f"\n共 {rows:,} 行 / rows; 批次 / deliveries: {dict(made.received)}", markup=False)
    _tell_troubles(made)
    show(
        "扫描 / scans",
        ["截止日 as of", "户 households", "触发 fires", "新预警 opened", "数据缺失的部门 stale feeds"],
        [_line(one) for one in made.scans],
    )
    for zh, en in zip(three_alerts(made, language="zh"), three_alerts(made, language="en"), strict=True):
        screen.print(f"\n{zh}\n{en}", markup=False)
    _where_to_look(made, port)


def _line(one: "Scanned") -> list[object]:
    counts = one.counts
    return [
        one.as_of, counts["households"], counts["fires"], counts.get("opened", 0), ", ".join(counts["stale_feeds"])
    ]  # fmt: skip


def _tell_troubles(made: "Demo") -> None:
    for receipt in made.receipts:
        if receipt.status != "committed":
            said = receipt.problems[0] if receipt.problems else None
            words = f"{said.zh} / {said.en}" if said else ""
            screen.print(f"  {receipt.received_on} {receipt.feed}: {receipt.status} {words}", markup=False)


def _where_to_look(made: "Demo", port: int) -> None:
    as_of = made.scans[-1].as_of
    home = f"LOWINCOME_HOME={made.home}"
    for line in (
        "",
        "从这里看起 / where to look:",
        f"  export {home}",
        f"  ./lowincome feeds --as-of {as_of}",
        f"  ./lowincome explain H00000001 --as-of {as_of}",
        "  ./lowincome runs",
        f"  ./lowincome serve --port {port}        # http://127.0.0.1:{port}/",
        f"  curl -H 'Authorization: Bearer {made.token}' 'http://127.0.0.1:{port}/api/v1/alerts'",
        f"  {made.made.deliveries}   # 部门送来的文件 / the files that agencies sent",
        f"  {made.made.truth.folder}   # 真相 / what really happened",
    ):
        screen.print(line, markup=False)


def _serve(made: "Demo", port: int) -> None:
    """Serve the demo's own home: the application reads its settings from the environment."""
    import uvicorn

    for name in ("LOWINCOME_DATABASE_URL", "LOWINCOME_KEY_FILE"):
        os.environ.pop(name, None)
    os.environ["LOWINCOME_HOME"] = str(made.home)
    screen.print(f"\n接口 / API: http://127.0.0.1:{port}/   (Ctrl-C 结束 / to stop)", markup=False)
    uvicorn.run("api.app:create", factory=True, host="127.0.0.1", port=port, log_level="warning")
