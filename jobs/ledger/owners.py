"""Who holds a lease: a process that another one on the same machine can know to be dead."""

import os
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_STATE, _BEGUN = 0, 19
_GONE = ("Z", "X")


def this_process() -> str:
    """Return the name of this process: machine since its start, namespace, number, and when it began."""
    return f"{_machine()}/{os.getpid()}/{_begun(os.getpid())}"


def is_dead(owner: str | None) -> bool:
    """Say whether ``owner`` is known to have ended; of a process on another machine nothing is known."""
    machine, _, rest = (owner or "").partition("/")
    number, _, begun = rest.partition("/")
    if machine != _machine() or not number.isdigit() or begun == "":
        return False
    return _begun(int(number)) != begun


@cache
def _machine() -> str:
    """The start of the machine and the namespace of process numbers: within them a number means one process."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}.{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:  # not a Linux machine: nothing is known of other processes
        return f"?{os.urandom(8).hex()}"


def _begun(number: int) -> str:
    """When the process began, in ticks; nothing when there is none or it is dead and not yet buried."""
    try:
        said = (_PROC / str(number) / "stat").read_text()
    except OSError:
        return ""
    fields = said.rpartition(")")[2].split()
    return "" if fields[_STATE] in _GONE else fields[_BEGUN]
