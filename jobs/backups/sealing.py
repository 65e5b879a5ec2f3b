"""A file sealed as it is written: encrypted and authenticated piece by piece, its end as well as its pieces.

AES-256-GCM over pieces of 1 MiB, the nonce of each its number and whether it is the last (the STREAM
construction), under a key of this one file. A piece changed, left out, put elsewhere or added is noticed,
and so is an archive that was cut off.
"""

import hmac
import io
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from monitor.errors import Invalid

MAGIC = b"lowincome-backup-1\n"
PIECE = 1 << 20
_SALT, _MARK, _TAG = 16, 8, 16


class SealedWriter(io.RawIOBase):
    """Seals what is written to it into ``file``; the archive is whole only once it is closed."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file, self._waiting, self._piece = file, bytearray(), 0
        salt = os.urandom(_SALT)
        self._cipher = AESGCM(_file_key(key, salt))
        file.write(MAGIC + salt + _mark(key, salt))

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take ``data``; whole pieces go out sealed at once."""
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def finish(self) -> None:
        """Seal the last piece: without it nobody takes the archive for whole."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._piece, last=last), data, MAGIC))
        self._piece += 1


class SealedReader(io.RawIOBase):
    """Reads what a ``SealedWriter`` wrote; refuses another key, and damage where it is met."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        head = file.read(len(MAGIC) + _SALT + _MARK)
        if len(head) < len(MAGIC) + _SALT + _MARK or not head.startswith(MAGIC):
            raise Invalid(zh="不是本系统的备份文件，或文件为空", en="not a backup of this service, or an empty file")
        salt = head[len(MAGIC) : -_MARK]
        if not hmac.compare_digest(head[-_MARK:], _mark(key, salt)):
            raise Invalid(zh="备份由另一把主密钥加密", en="the backup was sealed under another master key")
        self._cipher, self._file, self._piece, self._ended = AESGCM(_file_key(key, salt)), file, 0, False
        self._next = file.read(PIECE + _TAG)
        self._open = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill ``buffer`` as far as the current piece reaches; 0 at the authenticated end."""
        while not self._open and not self._ended:
            self._advance()
        taken = self._open[: len(buffer)]
        buffer[: len(taken)] = taken
        self._open = self._open[len(taken) :]
        return len(taken)

    def _advance(self) -> None:
        sealed, self._next = self._next, self._file.read(PIECE + _TAG)
        last = not self._next
        try:
            self._open = self._cipher.decrypt(_nonce(self._piece, last=last), sealed, MAGIC)
        except InvalidTag:
            raise Invalid(
                zh=f"备份在第 {self._piece + 1} 段损坏或被截断",
                en=f"the backup is damaged or cut off at piece {self._piece + 1}",
            ) from None
        self._piece, self._ended = self._piece + 1, last


def _file_key(key: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"lowincome/backup/file").derive(key)


def _mark(key: bytes, salt: bytes) -> bytes:
    """By this a wrong key is told from a damaged archive."""
    return hmac.digest(key, b"lowincome/backup/mark" + salt, "sha256")[:_MARK]


def _nonce(piece: int, *, last: bool) -> bytes:
    return piece.to_bytes(11, "big") + bytes([last])
