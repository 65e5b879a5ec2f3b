"""Passwords: two profiles of what one must be, and how it is kept: argon2id, two at a time."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from monitor.errors import Invalid, Throttled

MOST_CHARACTERS = 128
COMMON = frozenset(FREQUENCY_LISTS["passwords"])  # the 30,000 most used, of published breaches
_LOCAL = ("lowincome", "dishouru", "minzheng", "wuhu")
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# Of random text, at the same cost: what an unknown name is compared with.
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=1$Og0/35yd0cWnt83T++NAGA$OSbdDf+Mhj0esEVI85CoOKr1lh5QWd/LvanffBTfP7E"
_PLACES = threading.BoundedSemaphore(2)
_WAIT = 10.0
_CLASSES: tuple[Callable[[str], bool], ...] = (
    str.isupper, str.islower, str.isdigit, lambda letter: not letter.isalnum(),
)  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """What a password must be, when it ends, and how many sessions its owner may have.

    ``gb`` follows GB/T 22239-2019 8.1.4.1 (composition, periodic change) and so fails ASVS 5.0 6.2.5 and 6.2.10;
    ``asvs`` follows ASVS 5.0 and so fails 8.1.4.1 a.
    """

    name: str
    least: int
    least_with_code: int
    classes: int
    lasts: timedelta | None
    remembered: int
    sessions: int


PROFILES: Mapping[str, Profile] = {
    "gb": Profile("gb", 10, 10, 3, timedelta(days=90), 5, 2),
    "asvs": Profile("asvs", 15, 8, 0, None, 1, 5),
}


def check(password: str, profile: Profile, *, about: Sequence[str], earlier: Sequence[str], with_code: bool) -> None:
    """Refuse a password that ``profile`` does not allow, saying what it lacks.

    ``about`` are words an attacker would try first (login, name); ``earlier`` the hashes of passwords used before.
    """
    least = profile.least_with_code if with_code else profile.least
    if not least <= len(password) <= MOST_CHARACTERS:
        raise Invalid(
            zh=f"密码须为{least}至{MOST_CHARACTERS}个字符", en=f"a password has {least} to {MOST_CHARACTERS} characters"
        )
    if sum(any(map(kind, password)) for kind in _CLASSES) < profile.classes:
        raise Invalid(
            zh="密码须含大写字母、小写字母、数字、符号中的三类",
            en="a password has three of: capitals, small letters, digits, signs",
        )
    if _guessable(password.lower(), [*about, *_LOCAL]):
        raise Invalid(
            zh="密码过于常见，或含账号、姓名、系统名，请换一个",
            en="this password is among those tried first, or holds the account's or the system's name: take another",
        )
    if any(verify(old, password) for old in earlier[: profile.remembered]):
        raise Invalid(
            zh=f"不能使用最近{profile.remembered}次用过的密码", en=f"not one of the last {profile.remembered} passwords"
        )


def _guessable(lower: str, about: Sequence[str]) -> bool:
    """Whether what is left without the easy words is too short, or the whole or its core is a common password."""
    core = lower.strip("0123456789!@#$%^&*._-")
    if lower in COMMON or core in COMMON or len(set(lower)) < 5:
        return True
    named = [word.lower() for word in about if len(word) >= 3]
    return any(word in lower and len(lower.replace(word, "")) < 8 for word in named)


def keep(password: str) -> str:
    """Return what is stored of a password."""
    with _place():
        return _HASHER.hash(password)


def verify(kept: str | None, password: str) -> bool:
    """Return whether ``password`` is the one kept; where nothing is kept it takes as long and is False."""
    with _place():
        try:
            return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@contextmanager
def _place() -> Iterator[None]:
    """Two at a time in a process: a hash takes 64 MiB, and many at once are an attack."""
    if not _PLACES.acquire(timeout=_WAIT):
        raise Throttled(5)
    try:
        yield
    finally:
        _PLACES.release()
