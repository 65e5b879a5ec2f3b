"""Personal data at rest and on screen: keys, encryption, blind index, masks."""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from monitor.ciphers import Ciphers, prove
from monitor.errors import Invalid


class Keyring:
    """The keys of one installation, derived from a master key that lies outside the database.

    Each purpose has a key of its own, so a blind index tells nothing of the encryption, and a fact key
    in the lake nothing of the blind index. With several master keys, the oldest first, cells are sealed under
    the newest and opened under any; all other purposes stay with the first, because what they made must be found.
    """

    def __init__(self, master: bytes, *newer: bytes, profile: str = "intl") -> None:
        if any(len(key) != 32 for key in (master, *newer)):
            raise Invalid(zh="主密钥须为32字节", en="the master key must be 32 bytes")
        prove()
        self._ciphers = Ciphers([partial(_derive, key) for key in (master, *newer)], profile=profile)
        self.index_key = _derive(master, "blind-index")
        self.fact_key = _derive(master, "fact-key")
        self.said_key = _derive(master, "said")
        self.backup_key = _derive(master, "backup")
        self.anchor_key = _derive(master, "audit-anchor")
        self.webhook_key = _derive(master, "webhook")
        self.model_key = _derive(master, "model")

    def encrypt(self, text: str, *, about: str) -> bytes:
        """Return ``text`` encrypted and bound to ``about`` (table and column), so cells cannot be swapped."""
        return self.encrypt_bytes(text.encode(), about=about)

    def encrypt_many(self, texts: Iterable[str | None], *, about: str) -> list[bytes | None]:
        """Return each of ``texts`` encrypted as ``encrypt`` does, None staying None."""
        return self._ciphers.seal_many([None if text is None else text.encode() for text in texts], about)

    def encrypt_bytes(self, data: bytes, *, about: str) -> bytes:
        """Return ``data`` encrypted and bound to ``about``."""
        return self._ciphers.seal_many([data], about)[0] or b""

    def decrypt(self, cell: bytes, *, about: str) -> str:
        """Return the text of ``cell``; refuses a cell of another column or another key."""
        return self.decrypt_bytes(cell, about=about).decode()

    def decrypt_many(self, cells: Iterable[bytes], *, about: str) -> list[str]:
        """Return the text of each of ``cells`` as ``decrypt`` does."""
        try:
            return [text.decode() for text in self._ciphers.open_many(cells, about)]
        except InvalidTag:
            raise _unreadable() from None

    def decrypt_optional(self, cells: Sequence[bytes | None], *, about: str) -> list[str | None]:
        """Return the text of each of ``cells``, None staying None."""
        if None not in cells:
            return list(self.decrypt_many(cast("Sequence[bytes]", cells), about=about))
        texts = iter(self.decrypt_many((cell for cell in cells if cell is not None), about=about))
        return [None if cell is None else next(texts) for cell in cells]

    def decrypt_bytes(self, cell: bytes, *, about: str) -> bytes:
        """Return the bytes of ``cell``; refuses a cell of another place or another key."""
        try:
            return self._ciphers.open(cell, about)
        except InvalidTag:
            raise _unreadable() from None

    def is_newest(self, cell: bytes) -> bool:
        """Whether ``cell`` was sealed by the profile and the key that seal now."""
        return self._ciphers.is_newest(cell)

    def blind_index(self, text: str) -> bytes:
        """Return the keyed digest (HMAC-SHA256, 32 bytes) by which an exact value can be found."""
        return hmac.digest(self.index_key, text.encode(), "sha256")

    def encrypt_json(self, value: Any, *, about: str) -> bytes:
        """Return ``value`` as encrypted JSON."""
        return self.encrypt(json.dumps(value, ensure_ascii=False, sort_keys=True), about=about)

    def decrypt_json(self, cell: bytes, *, about: str) -> Any:
        """Return the value that ``encrypt_json`` was given."""
        return json.loads(self.decrypt(cell, about=about))


def _unreadable() -> Invalid:
    return Invalid(zh="无法解密：密钥不符或数据被改动", en="cannot decrypt: wrong key or altered data")


def open_keyring(path: Path, *, create: bool, profile: str = "intl") -> Keyring:
    """Return the keyring whose master key lies in ``path``; make one on first run when ``create``.

    The file holds one key a line in base64, the oldest first; a line added makes the key that seals from then on.
    Refuses a key that other accounts of the machine can read.
    """
    if not path.exists():
        if not create:
            raise Invalid(zh=f"找不到主密钥文件 {path.name}", en=f"the master key file {path.name} is missing")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)))
    if path.stat().st_mode & 0o077:
        raise Invalid(zh="主密钥文件权限过宽，请改为 0600", en="the master key file is open to others: chmod 600")
    keys = [base64.b64decode(line) for line in path.read_bytes().split()] or [b""]
    return Keyring(*keys, profile=profile)


def _derive(master: bytes, purpose: str, length: int = 32) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"lowincome/{purpose}".encode()).derive(master)


def mask_name(name: str | None) -> str:
    """Return the family name with a star: 张*. Names with a middle dot keep their first part's first character."""
    text = (name or "").strip()
    return f"{text[0]}*" if text else ""


def mask_id(number: str | None) -> str:
    """Return an ID number with only its first six digits (place of issue) and last four: 340299********123X."""
    text = number or ""
    return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}" if len(text) > 10 else "*" * len(text)


def mask_phone(number: str | None) -> str:
    """Return a phone number without its middle: 138****1234."""
    text = number or ""
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 7 else "*" * len(text)


def hash_token(token: str) -> str:
    """Return what is stored of a bearer token: its SHA-256; the token itself is shown once and never kept."""
    return hashlib.sha256(token.encode()).hexdigest()
