"""The four ways a request is refused, each said in Chinese and in English."""


class Refused(Exception):
    """A refusal written for the person who must act; it never carries personal data."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


class NotFound(Refused):
    """There is no such thing, or the viewer may not know that there is."""


class Forbidden(Refused):
    """The worker's role or region does not allow it."""


class Conflict(Refused):
    """Somebody else was first, or the same id came with other contents."""


class Invalid(Refused):
    """What was sent cannot be read or does not make sense; the message says what to mend."""
