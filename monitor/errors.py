"""The ways a request is refused, each said in Chinese and in English."""

from collections.abc import Sequence


class Refused(Exception):
    """A refusal written for the person who must act; it never carries personal data."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


class NotFound(Refused):
    """There is no such thing, or the viewer may not know that there is."""


class NotThen(NotFound):
    """There is such a thing, but there was none on the day asked about."""


class Forbidden(Refused):
    """The worker's role or region does not allow it."""


class Conflict(Refused):
    """Somebody else was first, or the same id came with other contents."""


class Held(Conflict):
    """It stands still, with everything before it done, until a person has looked and lets it go on."""


class Unmet(Conflict):
    """A standard does not hold; ``lacks`` says of each thing that fails its code and what to do, in both languages."""

    def __init__(self, lacks: Sequence[tuple[str, str, str]], *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.lacks = tuple(lacks)


class InFlight(Conflict):
    """The same request is being carried out this moment: its answer can be had shortly."""


class Stale(Refused):
    """The thing is no longer as the sender saw it; ``version`` is what it has come to."""

    def __init__(self, version: int) -> None:
        super().__init__(
            zh=f"该记录已被他人更新（现为第{version}版），请刷新后重试，您填写的内容不会丢失",
            en=f"somebody changed this since you read it (it is at version {version}): read it again, then send yours",
        )
        self.version = version


class Unconditional(Refused):
    """A change was sent without saying which version it rests on."""


class Invalid(Refused):
    """What was sent cannot be read or does not make sense; the message says what to mend."""


class QuotaSpent(Refused):
    """The day's number of uses is reached; ``seconds`` is how long until the next."""

    def __init__(self, *, seconds: int) -> None:
        super().__init__(
            zh="今日查看次数已用完，确有需要请联系主管",
            en="today's number of reveals is used up: if the work cannot wait, ask your supervisor",
        )
        self.seconds = seconds


class FormsSpent(QuotaSpent):
    """The day's number of printed forms is reached."""

    def __init__(self, *, seconds: int, most: int) -> None:
        super().__init__(seconds=seconds)
        self.zh = f"今日打印已达上限（{most}户），确有需要请联系主管"
        self.en = f"today's {most} forms have been printed: if the work cannot wait, ask your supervisor"


class Unproven(Refused):
    """Who asks has not shown who they are, or no longer is signed in."""


class CodeNeeded(Unproven):
    """The password was right; the account also wants the code of its second factor."""


class ProofNeeded(Forbidden):
    """Signed in, but the act wants a fresh proof of who it is."""


class Throttled(Refused):
    """Too many attempts; ``seconds`` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            zh=f"尝试次数过多，请{seconds}秒后再试；若忘记密码，请系统管理员重新发出邀请",
            en=f"too many attempts: wait {seconds} seconds; if the password is forgotten, ask the administrator for an"
            " invitation",
        )
        self.seconds = seconds


class Ended(Conflict):
    """What a change was meant for has ended meanwhile; what was written can still be kept as a supplement."""


class CodeGone(Invalid):
    """A code is not in the catalogue of today, from which the sender's may differ."""


class PacksSpent(QuotaSpent):
    """The day's number of visit packs is reached."""

    def __init__(self, *, seconds: int, most: int) -> None:
        super().__init__(seconds=seconds)
        self.zh = f"今日下载走访包已达{most}次，确有需要请联系主管或使用纸质核查表"
        self.en = f"today's {most} visit packs are used up: ask your supervisor, or take the printed forms"
