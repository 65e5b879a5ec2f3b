"""The drop folder, watched: what has arrived whole is taken in once and put aside, what has not waits."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from monitor import feeds
from monitor.feeds.agreed import REGISTER, by_name
from monitor.feeds.files import MANIFEST, is_delivery
from monitor.service import Service

DONE = ".done"
TAKEN, REFUSED = "taken", "refused"
KEPT = timedelta(days=30)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Parcel:
    """A delivery whose sender has said that it is whole: by a manifest or by a ``.done`` file, written last."""

    path: Path
    markers: tuple[Path, ...]


def watch(service: Service, as_of: date, *, root: Path | None = None) -> dict[str, Any]:
    """Take in what has arrived whole in the drop folder and move it aside: the job of the timetable.

    Deliveries lie in the folder itself or in ``<YYYY-MM-DD>/``. A file without its marker waits; one that the
    marker's SHA-256 does not fit is refused; one that could not be stored stays and is tried again next time.
    A file taken in just before a crash is recognised and only moved. ``as_of`` is the logical date only.
    Originals put aside are destroyed after 30 days.
    """
    folder = root or service.settings.inbox
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    counts: dict[str, Any] = {"waiting": 0, "retry": 0}
    for parcel in _in_order(service, folder, counts):
        try:
            status = _take(service, parcel)
            _put_aside(folder, parcel, REFUSED if status == "refused" else TAKEN)
        except (SQLAlchemyError, OSError):
            counts["retry"] += 1
            continue
        counts[status] = counts.get(status, 0) + 1
    counts["destroyed"] = _destroy_old(folder)
    return counts


def _in_order(service: Service, folder: Path, counts: dict[str, Any]) -> list[Parcel]:
    """Days in order, the register first within a day; what has no marker yet is counted as waiting."""
    found = []
    for path in _files(folder):
        parcel = _whole(path)
        if parcel is None:
            counts["waiting"] += 1
        else:
            found.append(parcel)
    pages = feeds.agreed_pages(service.pack) if service.pack else feeds.agreed_pages()
    return sorted(found, key=lambda one: (_day(one.path), by_name(pages, one.path.name) != REGISTER, one.path.name))


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        inside = sorted(entry.iterdir()) if entry.is_dir() and _DAY.fullmatch(entry.name) else [entry]
        yield from (one for one in inside if is_delivery(one) and one.suffix != DONE and not one.is_dir())


def _day(path: Path) -> str:
    return path.parent.name if _DAY.fullmatch(path.parent.name) else "9999"


def _whole(path: Path) -> Parcel | None:
    """A marker older than the file itself says nothing of it."""
    with suppress(FileNotFoundError):
        changed = path.lstat().st_mtime_ns
        beside = (path.with_name(path.name + MANIFEST), path.with_name(path.name + DONE))
        markers = tuple(one for one in beside if one.is_file() and one.stat().st_mtime_ns >= changed)
        return Parcel(path, markers) if markers else None
    return None


def _take(service: Service, parcel: Parcel) -> str:
    """A digest in the ``.done`` file is held against the file; the manifest's is checked by ``feeds.ingest``."""
    told = (_DIGEST.search(one.read_text(errors="replace")) for one in parcel.markers if one.suffix == DONE)
    digest = next((said.group() for said in told if said), None)
    return feeds.ingest_arrived(service, parcel.path, sha256=digest).status


def _put_aside(folder: Path, parcel: Parcel, where: str) -> None:
    """Moved within one file system, so a file is in one place or the other; the markers follow."""
    day = parcel.path.parent.name if _DAY.fullmatch(parcel.path.parent.name) else "undated"
    to = folder / where / day
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = f"{int(time() * 1000)}-"
    for path in (parcel.path, *parcel.markers):
        path.replace(to / (stamp + path.name))
    with suppress(OSError):  # still other files in it
        if parcel.path.parent != folder:
            parcel.path.parent.rmdir()


def _destroy_old(folder: Path) -> int:
    """Originals hold personal data in the clear: they are kept for questions, not for ever."""
    limit, destroyed = time() - KEPT.total_seconds(), 0
    for path in [path for where in (TAKEN, REFUSED) for path in (folder / where).glob("*/*")]:
        if int(path.name.split("-")[0]) / 1000 < limit:
            path.unlink(missing_ok=True)
            destroyed += 1
    return destroyed
