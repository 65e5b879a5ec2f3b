"""What learning refuses, said in Chinese and in English with what to mend."""

from collections.abc import Iterable

NAMED_MOST = 10


def named(names: Iterable[object]) -> str:
    """Return names as they are listed in a refusal: parted by commas, of very many the first and how many there are."""
    told = [str(name) for name in names]
    more = f" … ({len(told)})" if len(told) > NAMED_MOST else ""
    return ", ".join(told[:NAMED_MOST]) + more


class Unlearnable(ValueError):
    """A table or a wish that no model may be made of; the message says what to mend."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


class Unscorable(Unlearnable):
    """A table that does not fit the model that should score it, or a score that is no number."""


class Leak(Unlearnable):
    """The table seems to know the answer: a model learned from it would shine here and fail in the field."""
