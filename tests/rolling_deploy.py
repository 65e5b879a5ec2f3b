"""An earlier program runs its own tests on the tables of this one, as its processes would during a rolling deploy.

``python -m rolling_deploy`` (``lowincome older`` does it) takes the last program that did not know the newest tables;
``--commit`` another. It needs the history of the repository and says so where there is none.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSIONS = "monitor/migrations/versions"
CHOSEN = (
    "test_monitor_work_queue", "test_monitor_alerts", "test_monitor_cases", "test_api_alerts", "test_api_desk",
    "test_api_cases", "test_api_referrals", "test_api_once", "test_jobs_ledger", "test_jobs_scan",
    "test_jobs_quarantine", "test_jobs_remind",
)  # fmt: skip
"""The queue and what is done at it, follow-ups, the ledger, the scan."""
NO_HISTORY = 69
MEETS_OURS = {"LOWINCOME_NEWER_PROGRAM": str(ROOT)}
"""The environment in which an earlier program runs."""


def git(*words: str) -> bytes | None:
    """What git says of this repository; None where it has no answer, or no history."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def before_newest() -> str | None:
    """The last commit whose program did not know the newest revision that is committed."""
    added = git("log", "-1", "--diff-filter=A", "--format=%H", "--", VERSIONS)
    parent = git("rev-parse", "--verify", "--quiet", f"{added.decode().strip()}^") if added else None
    return parent.decode().strip() if parent else None


def unpacked(commit: str, folder: Path) -> bool:
    """Lay the tree of ``commit`` into ``folder``, to meet our tables; False where the history is not so long."""
    packed = git("archive", "--format=tar", commit)
    if packed is None:
        return False
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    shutil.copy(Path(__file__).with_name("newer_tables.py"), folder / "sitecustomize.py")
    return True


def tried(folder: Path, *more: str) -> int:
    """Run the chosen tests of the program in ``folder`` on the tables of this one; returns what pytest returns."""
    files = [str(path) for name in CHOSEN if (path := folder / "tests" / f"{name}.py").exists()]
    place = {
        name: said for name, said in os.environ.items() if not name.startswith(("PYTEST_", "LOWINCOME_TEST_POSTG"))
    }
    place |= MEETS_OURS | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *(more or files)]
    return subprocess.run(command, cwd=folder, env=place, check=False).returncode


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--commit", help="the earlier program; without it the last before the newest tables")
    wanted.add_argument(
        "tests", nargs="*", help="tests of the earlier program, by their paths; without any: the chosen"
    )
    asked = wanted.parse_args()
    commit = asked.commit or before_newest()
    with tempfile.TemporaryDirectory(prefix="lowincome-older-") as folder:
        Path(folder).chmod(0o755)
        if commit is None or not unpacked(commit, Path(folder)):
            sys.stderr.write("没有足够的历史 / the history does not go back so far: git fetch --unshallow\n")
            raise SystemExit(NO_HISTORY)
        sys.stderr.write(f"{commit} -> {ROOT}\n")
        raise SystemExit(tried(Path(folder), *asked.tests))


if __name__ == "__main__":
    main()
