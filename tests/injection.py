"""Run by strace as a process of its own: take in, scan or back up, and say with the exit code what was promised.

0: done, and said so. 1: it was said that it was not done. Anything else: it ended without a word.
"""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from jobs.backups import back_up
from jobs.scan import scan
from monitor import feeds
from monitor.errors import Refused
from monitor.service import open_service
from monitor.settings import read

NIGHT = date(2026, 3, 6)


def main(kind: str, path: Path) -> int:
    (path / "begun").touch()
    try:
        service = open_service(read())
        if kind == "backup":
            back_up(service)
            return 0
        if kind == "scan":
            scan(replace(service, pack=path / "pack"), NIGHT)
            return 0
        return 0 if feeds.ingest(service, path / "medical_settlements.csv").status == "committed" else 1
    except (Refused, OSError, DBAPIError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
