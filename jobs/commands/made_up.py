"""Made-up cities at the terminal: the demo, and the benchmark."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from jobs.terminal import Exit, progress_bar, refuse, screen, show

if TYPE_CHECKING:
    from jobs.bench.stages import Result
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
    show(
        "在界面上登录（密码随机，只显示这一次）/ sign in to the console (passwords are random and shown this once)",
        ["账号 login", "密码 password", "角色 role", "区划 region"],
        [[post.login, post.password, post.title, post.region] for post in made.posts],
    )
    _where_to_look(made, port)


def _line(one: "Scanned") -> list[object]:
    counts = one.counts
    return [
        one.as_of, counts["households"], counts["fires"], counts.get("raised", 0), ", ".join(counts["stale_feeds"])
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
    screen.print(f"\n界面与接口 / console and API: http://127.0.0.1:{port}/   (Ctrl-C 结束 / to stop)", markup=False)
    uvicorn.run("api.app:create", factory=True, host="127.0.0.1", port=port, log_level="warning")


def bench(
    households: Annotated[int, typer.Option(min=500, help="户数 / households")] = 1_000_000,
    repeat: Annotated[int, typer.Option(min=1, help="重复次数，取中位数 / times each is measured; medians")] = 3,
    out: Annotated[Path | None, typer.Option(help="结果 JSON / where to write the findings")] = None,
    stages: Annotated[
        str | None, typer.Option(help="只做这些阶段，逗号分隔 / only these stages, comma-separated")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="保留生成的城市 / keep the made-up city")] = False,
    times: Annotated[
        int, typer.Option(min=1, help="入库后并排几份再扫描 / lay what was taken in so often side by side (stage grow)")
    ] = 1,
) -> None:
    """测速：生成、接收、指标、规则、扫描、匹配，与手写 SQL 和 pandas 并列 / Measure every stage of a night.

    Each stage runs in a process of its own. Ends with 1 if the three ways to the fifteen indicators differ. On SQLite,
    or in the PostgreSQL database of LOWINCOME_BENCH_DATABASE_URL, which it empties.
    """
    from jobs import bench as benchmark
    from jobs.bench.stages import STAGES
    from monitor.errors import Refused
    from monitor.settings import read

    try:
        measured = benchmark.plan(read(), households=households, repeat=repeat, times=times)
        wanted = stages.split(",") if stages else list(STAGES)
        report = benchmark.run(measured, wanted, told=_say_stage)
    except Refused as refusal:
        refuse(refusal)
    for name, ratio in report["ratios"].items():
        screen.print(f"{name}: {ratio}", markup=False)
    screen.print(f"machine: {json.dumps(report['machine'])}", markup=False)
    screen.print(f"checksums equal: {report['checksums_equal']}", markup=False)
    if out:
        out.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if not keep:
        benchmark.remove(measured)
    raise typer.Exit(Exit.DONE if report["checksums_equal"] else Exit.PERSON_NEEDED)


def _say_stage(name: str, found: "Result | None") -> None:
    if found is not None:
        facts = {key: value for key, value in found.items() if isinstance(value, int | float)}
        screen.print(f"{name:18} " + ", ".join(f"{key} {value:,}" for key, value in facts.items()), markup=False)
        for key, value in found.items():
            if isinstance(value, str):
                screen.print(f"{'':18} {key}: {value}", markup=False)
