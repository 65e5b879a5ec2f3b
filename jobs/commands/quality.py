"""Checking the house itself: ``lowincome test`` and ``lowincome lint``."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from jobs.terminal import screen

ROOT = Path(__file__).parent.parent.parent
MEMORY, ROOM = Path("/dev/shm"), 6 * 2**30  # noqa: S108 - a folder of chance name is made in it
_LINTERS = (
    ["-m", "mypy"],
    ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "."],
)


def run_tests(
    context: typer.Context,
    workers: Annotated[int | None, typer.Option(min=0, help="并行进程数 / parallel workers")] = None,
) -> None:
    """运行测试（SQLite 与真实 PostgreSQL）/ Run the tests; further arguments go to pytest.

    Half as many again as there are cores work side by side: some tests mostly wait for others' processes. What they
    write lies in memory where there is room for it, and is gone afterwards.
    """
    many = str((os.cpu_count() or 2) * 3 // 2 if workers is None else workers)
    command = [sys.executable, "-m", "pytest", "-n", many, "--dist", "worksteal", "-q", "--durations=25"]
    with _in_memory() as folder:
        more = {"TMPDIR": str(folder)} if folder else {}
        ended = subprocess.run([*command, *context.args], cwd=ROOT, env=_place() | more, check=False)  # noqa: S603
    raise typer.Exit(ended.returncode)


def lint() -> None:
    """检查格式、类型与模块边界 / Run ruff, mypy --strict and import-linter, beside each other."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [command[1] for command, said in zip(_LINTERS, pool.map(_told, _LINTERS), strict=True) if _shown(said)]
    screen.print("lint: " + (f"failed: {failed}" if failed else "all clean"), markup=False)
    raise typer.Exit(1 if failed else 0)


@contextmanager
def _in_memory() -> Iterator[Path | None]:
    """A folder in memory, which the account of a test's PostgreSQL may pass through; None without room."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        yield None
        return
    with TemporaryDirectory(prefix="lowincome-test-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def _told(command: list[str]) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, *command]
    return subprocess.run(asked, cwd=ROOT, env=_place(), check=False, capture_output=True, text=True)  # noqa: S603


def _shown(ended: subprocess.CompletedProcess[str]) -> int:
    sys.stdout.write(ended.stdout + ended.stderr)
    sys.stdout.flush()
    return ended.returncode


def _place() -> dict[str, str]:
    """The environment, but compiled files are kept: hundreds of processes would else each compile the house."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ROOT)}
