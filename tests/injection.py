"""Whoever works while the disk fails: everything is imported once, and each attempt is forked and met by strace.

A process of its own (``python -m injection PACK``): what forks must have no threads. It is told an attempt a line and
answers with its exit code. 0: done, and said so. 1: it was said that it was not done. Less than 0: ended by a signal.
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from jobs.backups import back_up
from jobs.scan import scan
from monitor import feeds, migrations, policy
from monitor.service import open_service
from monitor.settings import read

NIGHT = date(2026, 3, 6)
_BY_ANYBODY = (0x59616D61, -1)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY: where only a parent may trace, strace is none


def main() -> None:
    """Try what standard input says until it ends."""
    policy.read_pack(Path(sys.argv[1]))
    migrations.newest()
    configure_mappers()
    gc.freeze()
    for line in sys.stdin:
        print(_tried(json.loads(line)), flush=True)  # noqa: T201 - the answer


def _tried(asked: dict[str, str]) -> int:
    waits, begins = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(*_BY_ANYBODY)
        os.close(begins)
        os.read(waits, 1)
        _work(asked)
    os.close(waits)
    where = ["-o", asked["log"], "-e", f"trace={asked['trace']}", *(["-e", asked["fault"]] if asked["fault"] else [])]
    with subprocess.Popen(["strace", "-f", "-qq", *where, "-p", str(pid)]) as tracer:
        _met(pid, tracer)
        os.close(begins)
        ended = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(ended)


def _met(pid: int, tracer: "subprocess.Popen[bytes]") -> None:
    """Wait until the tracer has taken hold of the child; without one nothing would be proven."""
    while f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
        if tracer.poll() is not None:
            raise RuntimeError("strace may not trace here")
        time.sleep(0.002)


def _work(asked: dict[str, str]) -> None:
    """Do the work and end: nothing of the parent's is closed or written by a child."""
    code = 1
    try:
        code = _promised(asked["kind"], Path(asked["home"]), Path(asked["inputs"]))
    except BaseException:  # noqa: BLE001 - a child must end here; an error that is raised is a word said
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(code)


def _promised(kind: str, home: Path, inputs: Path) -> int:
    service = open_service(read({"LOWINCOME_HOME": str(home), "LOWINCOME_THREADS": "1"}))
    if kind == "backup":
        back_up(service)
        return 0
    if kind == "scan":
        scan(replace(service, pack=inputs / "pack"), NIGHT)
        return 0
    return 0 if feeds.ingest(service, inputs / "medical_settlements.csv").status == "committed" else 1


if __name__ == "__main__":
    main()
