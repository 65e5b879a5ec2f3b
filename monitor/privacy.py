"""Personal data at rest and on screen: keys, encryption, blind index, masks."""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from monitor.errors import Invalid

_NONCE = 12


class Keyring:
    """The keys of one installation, derived from one master key that lies outside the database.

    Each purpose has a key of its own, so a blind index tells nothing of the encryption, and a fact key
    in the lake nothing of the blind index.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise Invalid(zh="主密钥须为32字节", en="the master key must be 32 bytes")
        self._cipher = AESGCM(_derive(master, "encrypt"))
        self.index_key = _derive(master, "blind-index")
        self.fact_key = _derive(master, "fact-key")
        self.backup_key = _derive(master, "backup")

    def encrypt(self, text: str, *, about: str) -> bytes:
        """Return ``text`` encrypted and bound to ``about`` (table and column), so cells cannot be swapped."""
        return self.encrypt_bytes(text.encode(), about=about)

    def encrypt_many(self, texts: Iterable[str | None], *, about: str) -> list[bytes | None]:
        """Return each of ``texts`` encrypted as ``encrypt`` does, None staying None."""
        bound, seal = about.encode(), self._cipher.encrypt
        listed = list(texts)
        noise = os.urandom(_NONCE * len(listed))
        nonces = (noise[at : at + _NONCE] for at in range(0, len(noise), _NONCE))
        return [
            None if text is None else nonce + seal(nonce, text.encode(), bound)
            for text, nonce in zip(listed, nonces, strict=True)
        ]

    def encrypt_bytes(self, data: bytes, *, about: str) -> bytes:
        """Return ``data`` encrypted and bound to ``about``."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, about.encode())

    def decrypt(self, cell: bytes, *, about: str) -> str:
        """Return the text of ``cell``; refuses a cell of another column or another key."""
        return self.decrypt_bytes(cell, about=about).decode()

    def decrypt_many(self, cells: Iterable[bytes], *, about: str) -> list[str]:
        """Return the text of each of ``cells`` as ``decrypt`` does."""
        bound, opened = about.encode(), self._cipher.decrypt
        try:
            return [opened(cell[:_NONCE], cell[_NONCE:], bound).decode() for cell in cells]
        except InvalidTag:
            raise _unreadable() from None

    def decrypt_optional(self, cells: Sequence[bytes | None], *, about: str) -> list[str | None]:
        """Return the text of each of ``cells``, None staying None."""
        texts = iter(self.decrypt_many((cell for cell in cells if cell is not None), about=about))
        return [None if cell is None else next(texts) for cell in cells]

    def decrypt_bytes(self, cell: bytes, *, about: str) -> bytes:
        """Return the bytes of ``cell``; refuses a cell of another place or another key."""
        try:
            return self._cipher.decrypt(cell[:_NONCE], cell[_NONCE:], about.encode())
        except InvalidTag:
            raise _unreadable() from None

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


def open_keyring(path: Path, *, create: bool) -> Keyring:
    """Return the keyring whose master key lies in ``path``; make one on first run when ``create``.

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
    return Keyring(base64.b64decode(path.read_bytes()))


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"lowincome/{purpose}".encode()).derive(master)


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
