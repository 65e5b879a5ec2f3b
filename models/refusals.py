"""What learning refuses, said in Chinese and in English with what to mend."""


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
