"""Who did what to which model, when and why: a file of lines that only grows, each sealed with the one before it."""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.refusals import Unlearnable

_SEALED = b"lowincome/model journal\n"


class Broken(Unlearnable):
    """A line of the journal was changed, taken out or put in by somebody who has not the key."""


@dataclass(frozen=True)
class Act:
    """Who acts, when (an ISO instant, told by the caller), why; ``second`` is who signs beside them."""

    by: str
    at: str
    why: str
    second: str = ""

    def __post_init__(self) -> None:
        if not (self.by.strip() and self.at.strip() and self.why.strip()):
            raise Unlearnable(zh="须写明操作人、时间和理由", en="an act has a name, an instant and a reason")


@dataclass(frozen=True)
class Entry:
    """One line: the act, what was done (``what``) to which model, and more of it in ``detail``."""

    what: str
    model: str
    act: Act
    detail: dict[str, Any] = field(default_factory=dict)


class Journal:
    """The file of acts at ``path``, sealed by ``key``; reading it checks every line."""

    def __init__(self, path: Path, *, key: bytes) -> None:
        self.path = path
        self.key = key

    def entries(self) -> list[Entry]:
        """Return every act, the first first; none when there is no file. Refuses a file that does not hold.

        A last line that was cut off while being written was never done, and is not read.
        """
        return [entry for entry, _ in self._read()]

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """Hold the journal alone; what others do meanwhile waits."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Writer(self, self._read())

    def seal(self, before: str, body: str) -> str:
        """Return the seal of one line and of the seal before it."""
        return hmac.new(self.key, _SEALED + before.encode() + b"\n" + body.encode(), hashlib.sha256).hexdigest()

    def _read(self) -> list[tuple[Entry, str]]:
        if not self.path.exists():
            return []
        found: list[tuple[Entry, str]] = []
        before = ""
        for number, line in enumerate(_whole(self.path).split("\n")[:-1], start=1):
            seal, _, body = line.partition(" ")
            if not hmac.compare_digest(seal.encode(), self.seal(before, body).encode()):
                raise Broken(
                    zh=f"模型日志第{number}行被改动：从备份恢复 {self.path.name}",
                    en=f"line {number} of the models' journal was changed: restore {self.path.name} from a backup",
                )
            said = json.loads(body)
            found.append((Entry(said["what"], said["model"], Act(**said["act"]), said["detail"]), seal))
            before = seal
        return found


class Writer:
    """Appends to a journal that is held; ``entries`` are the acts before."""

    def __init__(self, journal: Journal, found: list[tuple[Entry, str]]) -> None:
        self.entries = [entry for entry, _ in found]
        self._journal = journal
        self._before = found[-1][1] if found else ""

    def append(self, entry: Entry) -> None:
        """Write one act; it is on the disk when this returns."""
        body = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True)
        seal = self._journal.seal(self._before, body)
        path = self._journal.path
        whole = len(_whole(path).encode()) if path.exists() else 0
        with path.open("ab") as file:
            file.truncate(whole)
            file.write(f"{seal} {body}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        self.entries.append(entry)
        self._before = seal


def _whole(path: Path) -> str:
    """Return the lines that were written to their end."""
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1].decode("utf-8", errors="replace")
