"""The archive: a tar stream, sealed, whose last entry says what all the others must be."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from jobs.backups.digests import TableDigest
from jobs.backups.sealing import SealedReader, SealedWriter
from monitor.errors import Invalid

MANIFEST = "manifest.json"
FORMAT = 1
_PIECE = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One file of the archive as its manifest has it."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: its files, and what its database must say when it is put back."""

    made_at: str
    database: str
    revision: str
    audit_head: str
    tables: dict[str, TableDigest]
    files: dict[str, Entry] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(one.rows for one in self.tables.values())


class Packing:
    """Puts files into an open archive and notes what each was."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, Entry] = {}

    def add(self, path: Path, name: str) -> str:
        """Add the file at ``path`` under ``name``; returns the SHA-256 of its bytes as they went in."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashed = _Hashing(file)
            self._tar.addfile(_header(name, size), cast(IO[bytes], hashed))
        self.files[name] = Entry(size, hashed.digest.hexdigest())
        return self.files[name].sha256


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes and remember them."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


def write(to: Path, key: bytes, fill: Callable[[Packing], Manifest]) -> Manifest:
    """Write an archive with what ``fill`` packs and the manifest it returns; it appears whole or not at all."""
    aside = to.with_name(to.name + ".writing")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            sealed = SealedWriter(file, key)
            with tarfile.open(fileobj=sealed, mode="w|", bufsize=_PIECE) as tar:
                packing = Packing(tar)
                manifest = fill(packing)
                said = json.dumps(asdict(manifest) | {"files": _plain(packing.files)}).encode()
                tar.addfile(_header(MANIFEST, len(said)), io.BytesIO(said))
            sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        aside.replace(to)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(to.parent)
    return Manifest(**(asdict(manifest) | {"files": packing.files, "tables": manifest.tables}))


def read(path: Path, key: bytes, *, into: Path | None = None) -> Manifest:
    """Read an archive to its end and hold every file against the manifest; ``into`` also unpacks them.

    Refuses an archive that is empty, cut off, damaged, of another key, or that holds anything but what its
    manifest names.
    """
    found: dict[str, Entry] = {}
    manifest: Manifest | None = None
    with _opened(path, key) as members:
        for name, content in members:
            if name == MANIFEST:
                manifest = _manifest(content.read())
            else:
                found[name] = _taken(content, None if into is None else _place(into, name))
    if manifest is None or manifest.files != found:
        raise Invalid(zh="备份内容与其清单不符", en="the backup does not hold what its manifest names")
    return manifest


@contextmanager
def _opened(path: Path, key: bytes) -> Iterator[Iterable[tuple[str, IO[bytes]]]]:
    with path.open("rb") as file:
        sealed = io.BufferedReader(cast(io.RawIOBase, SealedReader(file, key)), _PIECE)
        try:
            with tarfile.open(fileobj=sealed, mode="r|") as tar:
                yield _members(tar)
            sealed.read()
        except tarfile.TarError:
            raise Invalid(zh="备份内部格式损坏", en="the backup is damaged inside") from None


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        content = tar.extractfile(member)
        if not member.isreg() or content is None:
            raise Invalid(zh="备份中含有非普通文件", en="the backup holds something that is no plain file")
        yield member.name, content


def _taken(content: IO[bytes], to: Path | None) -> Entry:
    digest, size = hashlib.sha256(), 0
    file = None if to is None else os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    try:
        while data := content.read(_PIECE):
            digest.update(data)
            size += len(data)
            if file is not None:
                file.write(data)
        if file is not None:
            file.flush()
            os.fsync(file.fileno())
    finally:
        if file is not None:
            file.close()
    return Entry(size, digest.hexdigest())


def _place(into: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise Invalid(zh="备份中有越界的文件名", en="the backup names a file outside of itself")
    path = into.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _manifest(data: bytes) -> Manifest:
    said: dict[str, Any] = json.loads(data)
    if said.get("format") != FORMAT:
        raise Invalid(zh="备份格式版本不支持", en="the backup is of a format that this version does not read")
    tables = {name: TableDigest(**one) for name, one in said["tables"].items()}
    files = {name: Entry(**one) for name, one in said["files"].items()}
    return Manifest(**(said | {"tables": tables, "files": files}))


def _plain(files: dict[str, Entry]) -> dict[str, Any]:
    return {name: asdict(one) for name, one in files.items()}


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
