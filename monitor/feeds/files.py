"""Taking a file in: regular files only, read once, so that what was hashed is what is parsed."""

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from monitor.errors import Invalid
from monitor.feeds.sheets import listing, read_book, read_parquet, unpacked
from monitor.feeds.text import Sheet, read_text

FILE_LIMIT = 2 << 30
UNPACKED = 1 << 30
ARCHIVE_ENTRIES = 50
MOST_ROWS = 10**9
ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".parquet", ".zip")
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".writing")
MANIFEST = ".manifest.json"
MODES = ("full", "append", "withdraw")


@dataclass(frozen=True)
class Announced:
    """What the sidecar file says of a delivery; what it leaves out is None."""

    feed: str | None = None
    received_on: date | None = None
    mode: str | None = None
    rows: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Arrival:
    """The bytes of one delivery, their SHA-256, and what was announced of them."""

    name: str
    data: bytes
    sha256: str
    announced: Announced | None


def is_delivery(path: Path) -> bool:
    """Whether a drop folder's entry is meant as a delivery, by its name alone."""
    name = path.name.lower()
    return not name.startswith((".", "~")) and not name.endswith((*UNFINISHED, MANIFEST))


def take_in(path: Path) -> Arrival:
    """Read ``path`` and its manifest, if there is one; refuses links, devices, pipes, and files still growing."""
    data = _read_regular(path)
    digest = hashlib.sha256(data).hexdigest()
    beside = path.with_name(path.name + MANIFEST)
    announced = read_manifest(_read_regular(beside)) if os.path.lexists(beside) else None
    if announced and announced.sha256 and announced.sha256 != digest:
        raise Invalid(
            zh="文件内容与清单中的 SHA-256 不符：传输中损坏或被改动，请重新发送",
            en="the file has not the SHA-256 that its manifest states: damaged or altered on the way; send it again",
        )
    return Arrival(path.name, data, digest, announced)


def _read_regular(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Invalid(zh="文件打不开，或是一个链接", en="the file cannot be opened, or it is a link") from error
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        os.close(handle)
        raise Invalid(zh="不是普通文件（设备、管道或目录）", en="not a regular file (a device, a pipe or a folder)")
    with os.fdopen(handle, "rb") as file:
        if before.st_size > FILE_LIMIT:
            raise Invalid(zh=f"文件超过 {FILE_LIMIT >> 20} MiB", en=f"the file is bigger than {FILE_LIMIT >> 20} MiB")
        data = file.read(FILE_LIMIT + 1)
        after = os.fstat(handle)
    if len(data) != before.st_size or after.st_size != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
        raise Invalid(zh="文件仍在写入，稍后再试", en="the file is still being written; try again later")
    return data


def read_manifest(data: bytes) -> Announced:
    """Read a sidecar manifest; refuses one that is not what the contract says, naming the field."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Invalid(zh="清单文件不是 JSON 对象", en="the manifest is not a JSON object")
    return Announced(
        feed=_field(said, "feed", str),
        received_on=_day(_field(said, "received_on", str)),
        mode=_mode(_field(said, "mode", str)),
        rows=_count(_field(said, "rows", int)),
        sha256=(_field(said, "sha256", str) or "").lower() or None,
    )


def _field(said: dict[str, Any], name: str, kind: type) -> Any:
    value = said.get(name)
    torn = isinstance(value, str) and not value.isprintable()  # half a character cannot even be refused in writing
    if torn or (value is not None and (not isinstance(value, kind) or isinstance(value, bool))):
        raise Invalid(zh=f"清单的 {name} 写法不对", en=f"the manifest's {name} is not of the right kind")
    return value


def _count(rows: int | None) -> int | None:
    """A number longer than any file has rows may be somebody's, and would be repeated in the answer."""
    if rows is not None and not 0 <= rows < MOST_ROWS:
        raise Invalid(
            zh="清单的 rows 须为文件的数据行数", en="the manifest's rows must be the number of rows in the file"
        )
    return rows


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            zh="清单的 received_on 须为 YYYY-MM-DD", en="the manifest's received_on must be YYYY-MM-DD"
        ) from None


def _mode(text: str | None) -> str | None:
    if text is not None and text not in MODES:
        raise Invalid(
            zh="清单的 mode 只能是 full、append、withdraw", en="the manifest's mode must be full, append or withdraw"
        )
    return text


def sheets_of(arrival: Arrival) -> list[Sheet]:
    """Return the sheets in the file, by what its bytes are rather than by what its name ends in."""
    if not arrival.name.lower().endswith(ENDINGS):
        raise Invalid(zh=f"只接收 {'、'.join(ENDINGS)}", en=f"only {', '.join(ENDINGS)} are taken")
    return _sheets(arrival.data, inside=False)


def _sheets(data: bytes, *, inside: bool) -> list[Sheet]:
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _zipped(data, inside)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return read_book(data, modern=False)
    if data.startswith(b"PAR1"):
        return [read_parquet(data)]
    return [read_text(data)] if data else []


def _zipped(data: bytes, inside: bool) -> list[Sheet]:
    if "[Content_Types].xml" in listing(data):
        return read_book(data, modern=True)
    if inside:
        raise Invalid(zh="压缩文件里还有压缩文件，已拒收", en="an archive within an archive: refused")
    files = list(unpacked(data, entries=ARCHIVE_ENTRIES, total=UNPACKED).items())
    if len(files) != 1 or not files[0][0].lower().endswith(ENDINGS):
        raise Invalid(zh="压缩文件里须恰好有一个数据文件", en="the archive must hold exactly one file of data")
    return _sheets(files[0][1], inside=True)


_DATE = re.compile(r"(19|20)\d{2}[-_]?(0[1-9]|1[0-2])([-_]?[0-3]\d)?")
_PLAIN = re.compile(r"\d{1,4}|[a-z]|csv|txt|tsv|xlsx|xls|parquet|zip|full|append|withdraw|corrections?|part\d{0,2}")


def safe_name(name: str, feed: str) -> str:
    """Return a file name fit to keep: the feed, dates and plain words stay, anything else is starred.

    Agencies write names and ID numbers into file names.
    """
    kept = [feed]
    for token in re.split(r"[.\s]+", name.removeprefix(feed)):
        kept.append(
            token.lower() if _PLAIN.fullmatch(token.lower()) or _DATE.fullmatch(token) else "*" if token else ""
        )
    return ".".join(part for part in kept if part)
