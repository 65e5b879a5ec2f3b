"""Another installation of the program: its tree copied, and in it what an upgrade changes; with a venv of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from monitor.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("monitor", "models", "api", "jobs")
_LEFT_OUT = shutil.ignore_patterns("console", "*.lock", ".*")


@dataclass
class Installation:
    """A tree of the program, and the Python that runs it."""

    root: Path
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=dict)

    def change(self, path: str, before: str, after: str) -> None:
        """Put ``after`` in the place of the one ``before`` of a file."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{path}: {before}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    def begin(self, settings: Settings, code: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start ``code`` on the installation's data, its input and output open."""
        place = os.environ | {
            "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url,
            "LOWINCOME_KEY_FILE": str(settings.key_file), "LOWINCOME_THREADS": "1", "PYTHONPATH": str(self.root),
        } | self.environment  # fmt: skip
        return subprocess.Popen(
            [self.python, "-c", code, *arguments], env=place, cwd=self.root, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, settings: Settings, code: str, *arguments: str) -> str:
        """Run ``code`` to its end, which must be a good one, and return what it said."""
        said, complaints = self.begin(settings, code, *arguments).communicate(timeout=240)
        assert not complaints or "Traceback" not in complaints, complaints[-3000:]
        return said


def copied(folder: Path) -> Installation:
    """Copy the program as it stands into ``folder``: nobody needs its history for that."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=_LEFT_OUT)
    return Installation(folder)


def venv(folder: Path) -> str:
    """Make a venv that sees what this one has installed, behind whatever is put into it; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    (packages / "first.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return str(folder / "bin" / "python")
