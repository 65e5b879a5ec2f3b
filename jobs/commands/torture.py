"""Campaigns that are longer than the daily run: the kill harness, and nights without number in a made-up world."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.terminal import Exit, complaints

ROOT = Path(__file__).parent.parent.parent
Seed = Annotated[int, typer.Option(help="种子：相同则抽签相同 / equal seeds draw alike")]


def torture(
    kills: Annotated[int, typer.Option(min=1, help="打断次数 / disturbances: kills, stops, cut connections")] = 500,
    seed: Seed = 1,
    database: Annotated[str, typer.Option(help="sqlite | postgresql（自建的 / of its own）")] = "sqlite",
    households: Annotated[int, typer.Option(min=50, help="虚构城市的户数 / households of the made-up city")] = 200,
) -> None:
    """折磨：真实扫描被反复打断，预警、发件箱、核查与审计须与未打断时相同 / Kill real scans, compare with a calm one.

    Nothing of this installation is touched. Ends with 1, saying what was lost or doubled and the seed, if
    anything was; 500 take some three minutes.
    """
    if database not in ("sqlite", "postgresql"):
        raise typer.BadParameter("sqlite | postgresql", param_hint="--database")
    asked = {"kills": kills, "seed": seed, "database": database, "households": households}
    _run("torture", [word for name, value in asked.items() for word in (f"--{name}", str(value))])


def simulate(
    nights: Annotated[int, typer.Option(min=1, help="夜数 / nights, in worlds of sixty")] = 1_000,
    seed: Seed = 1,
) -> None:
    """模拟：虚构小镇逐夜接收与扫描，丢失、迟到、重复、截断、更正、撤回、崩溃、两名工作者 / Nights in a seeded world.

    Every night is held against rules written a second time in plain Python. Ends with 1 and the seed of the world
    that broke an invariant, if one did; that seed lives the same nights again.
    """
    _run("simulation", ["--nights", str(nights), "--seed", str(seed)])


def inject(
    trials: Annotated[int, typer.Option(min=1, help="每类工作的次数 / trials for each kind of work")] = 500,
    seed: Seed = 1,
) -> None:
    """注错：接收、扫描、备份的第 N 次磁盘调用失败 / Make the N-th call to the disk fail; needs strace.

    Ends with 1 if a promise was broken or anything was left half done; the failure names the call and the seed.
    """
    environment = {"LOWINCOME_INJECTIONS": str(trials), "LOWINCOME_INJECTION_SEED": str(seed)}
    _run("pytest", ["-q", "-n", "0", str(ROOT / "tests" / "test_jobs_storage_injection.py")], **environment)


def older(
    tests: Annotated[list[str] | None, typer.Argument(help="旧程序的测试 / tests of the earlier program")] = None,
    commit: Annotated[str, typer.Option(help="旧程序的提交 / the earlier program's commit")] = "",
) -> None:
    """滚动升级：旧程序在新表结构上运行它自己的测试 / An earlier program's own tests on the tables of this one.

    Without a commit the last program before the newest tables; without tests those of the queue, follow-ups, the
    ledger and scans. Needs the repository's history and ends with 1 where there is none.
    """
    _run("rolling_deploy", [*(["--commit", commit] if commit else []), *(tests or [])])


def main() -> None:
    """``lowincome-torture``: the same as a command of its own."""
    typer.run(torture)


def _run(module: str, arguments: list[str], **more: str) -> None:
    tests = ROOT / "tests"
    if not tests.is_dir():
        complaints.print("此命令需要源代码目录中的 tests / this needs the tests of the source tree", markup=False)
        raise typer.Exit(Exit.REFUSED)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tests}", "OPENBLAS_NUM_THREADS": "1"} | more
    ended = subprocess.run([sys.executable, "-m", module, *arguments], env=environment, cwd=ROOT, check=False)  # noqa: S603
    raise typer.Exit(Exit.DONE if ended.returncode == 0 else Exit.PERSON_NEEDED)
