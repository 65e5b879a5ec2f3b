"""The ciphers of personal fields behind one face: AES-256-GCM (profile ``intl``) and SM4-GCM (profile ``gm``).

A cell says by which cipher and which key it was sealed, so that a change of profile or of key leaves old cells
readable: mark, cipher, key id, nonce, text, tag. Cells from before the mark are AES-256-GCM under the first key.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from monitor.errors import Invalid

NONCE = 12
TAG = 16
MARK = b"\xc5\x1a"
HEAD = len(MARK) + 1 + 4
START = HEAD + NONCE
LEAST = START + TAG
Deriving = Callable[[str, int], bytes]


class Sealing(Protocol):
    """What a cipher can do: seal and open bytes, bound to others that are not stored."""

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes | None, /) -> bytes:
        """Return ``data`` sealed, its tag at the end."""

    def decrypt(self, nonce: bytes, data: bytes, bound: bytes | None, /) -> bytes:
        """Return what was sealed; raises InvalidTag when key, nonce, data or ``bound`` differ."""


class Sm4Gcm:
    """SM4 in Galois counter mode (RFC 8998), with the face of the library's AESGCM."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes | None, /) -> bytes:
        """Return ``data`` sealed, its tag at the end."""
        work = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(bound or b"")
        return work.update(data) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, data: bytes, bound: bytes | None, /) -> bytes:
        """Return what was sealed; raises InvalidTag when anything differs."""
        if len(data) < TAG:
            raise InvalidTag
        work = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        work.authenticate_additional_data(bound or b"")
        return work.update(data[:-TAG]) + work.finalize()


@dataclass(frozen=True)
class Kind:
    """A cipher as cells name it: its number, its key's purpose and length, how it is made."""

    number: int
    purpose: str
    key_bytes: int
    made: Callable[[bytes], Sealing]


PROFILES: Mapping[str, Kind] = {
    "intl": Kind(1, "encrypt", 32, AESGCM),
    "gm": Kind(2, "encrypt-sm4", 16, Sm4Gcm),
}


class Ciphers:
    """Seals with one cipher and the newest key; opens what any of them sealed."""

    def __init__(self, masters: Sequence[Deriving], *, profile: str) -> None:
        """Take one way of deriving keys for each master key, the oldest first; refuses an unknown profile."""
        if profile not in PROFILES:
            raise Invalid(zh=f"加密方案只能是 {'、'.join(PROFILES)}", en=f"a profile is one of {', '.join(PROFILES)}")
        self._openers: dict[bytes, Sealing] = {}
        for derive in masters:
            for kind in PROFILES.values():
                key = derive(kind.purpose, kind.key_bytes)
                self._openers[_head(kind, key)] = kind.made(key)
        oldest, newest, chosen = PROFILES["intl"], masters[-1], PROFILES[profile]
        self._old = oldest.made(masters[0](oldest.purpose, oldest.key_bytes))
        self.head = _head(chosen, newest(chosen.purpose, chosen.key_bytes))
        self._seal = self._openers[self.head].encrypt
        self._open = self._openers[self.head].decrypt

    def seal_many(self, pieces: Sequence[bytes | None], about: str) -> list[bytes | None]:
        """Return each of ``pieces`` as a cell bound to ``about``, None staying None."""
        head, seal, bound = self.head, self._seal, self.head + about.encode()
        noise = os.urandom(NONCE * len(pieces))
        nonces = (noise[at : at + NONCE] for at in range(0, len(noise), NONCE))
        return [
            None if piece is None else head + nonce + seal(nonce, piece, bound)
            for piece, nonce in zip(pieces, nonces, strict=True)
        ]

    def open(self, cell: bytes, about: str) -> bytes:
        """Return what ``cell`` holds; raises InvalidTag for another place, another key or altered data."""
        head = cell[:HEAD]
        if len(cell) < NONCE + TAG or (head in self._openers and len(cell) < LEAST):
            raise InvalidTag
        if head == self.head:
            return self._open(cell[HEAD:START], cell[START:], head + about.encode())
        opener = self._openers.get(head)
        if opener is not None:
            return opener.decrypt(cell[HEAD:START], cell[START:], head + about.encode())
        return self._old.decrypt(cell[:NONCE], cell[NONCE:], about.encode())

    def open_many(self, cells: Iterable[bytes], about: str) -> list[bytes]:
        """Return what each of ``cells`` holds, as ``open`` does: of the newest key at little but the library's cost."""
        head, opened, bound = self.head, self._open, self.head + about.encode()
        return [
            opened(cell[HEAD:START], cell[START:], bound)
            if cell.startswith(head) and len(cell) >= LEAST
            else self.open(cell, about)
            for cell in cells
        ]

    def is_newest(self, cell: bytes) -> bool:
        """Whether ``cell`` was sealed by the cipher and the key that seal now."""
        return cell[:HEAD] == self.head


def prove(sm4: type[Sm4Gcm] = Sm4Gcm) -> None:
    """Hold SM4-GCM against the vector of RFC 8998, appendix A.1; refuses a library that gives another answer."""
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    tag = bytes.fromhex("83de3541e4c2b58177e065a9bf7b62ec")
    if sm4(key).encrypt(nonce, plain, bound)[-TAG:] != tag:
        raise Invalid(zh="国密算法自检未通过，停止启动", en="SM4-GCM fails its known answer: not started")


def _head(kind: Kind, key: bytes) -> bytes:
    """The key id is the start of a hash of the key: it names the key and tells nothing of it."""
    return MARK + bytes([kind.number]) + hashlib.sha256(b"lowincome/key-id" + key).digest()[:4]
