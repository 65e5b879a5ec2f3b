"""Checking the house itself: ``lowincome test`` and ``lowincome lint``."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.terminal import screen

ROOT = Path(__file__).parent.parent.parent


def run_tests(
    context: typer.Context,
    workers: Annotated[str, typer.Option(help="并行进程数 / parallel workers: a number or 'auto'")] = "auto",
) -> None:
    """运行测试（SQLite 与真实 PostgreSQL）/ Run the tests; further arguments go to pytest."""
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "worksteal", "-q", *context.args]
    raise typer.Exit(_run(command))


def lint() -> None:
    """检查格式、类型与模块边界 / Run ruff, mypy --strict and import-linter."""
    commands = (
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    )
    failed = [command[1] for command in commands if _run([sys.executable, *command])]
    screen.print("lint: " + (f"failed: {failed}" if failed else "all clean"), markup=False)
    raise typer.Exit(1 if failed else 0)


def _run(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode  # noqa: S603
