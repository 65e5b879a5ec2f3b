"""Printed forms as pages: Jinja2 on what a form holds, A4 by CSS alone, no script, nothing fetched."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.paper.words import TICKS, WEEKDAYS, WORDS
from monitor.alerts.words import Speaker
from monitor.forms import STANDING, Form
from monitor.policy.vocabulary import CATEGORIES, LEVELS
from monitor.service import CITY_TIME
from monitor.tables import Alert, Reason

HERE = Path(__file__).parent
MOST_REASONS = 5
Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Head:
    """What stands on every page of a print: its number, who printed it and when, in which language."""

    number: str
    by: str
    at: datetime
    kind: str
    language: Language


class Press:
    """Puts forms on paper in one language; ``speaker`` names rules, feeds and indicators, ``places`` regions."""

    def __init__(self, head: Head, speaker: Speaker, places: dict[str, str]) -> None:
        self.head, self.speaker, self.places = head, speaker, places
        self.language: Language = head.language

    def page(self, forms: list[Form], *, gone: int) -> str:
        """Return the whole page; ``gone`` is how many of the print have left the viewer's region."""
        shown = [self._form(one) for one in forms]
        return _environment().get_template(f"{self.head.kind}.html").render(
            forms=shown, gone=gone, head=self.head, printed=self._instant(), style=Markup(_style()),  # noqa: S704
            words=WORDS[self.language], ticks=TICKS[self.language], language=self.language,
        )  # fmt: skip

    def _form(self, form: Form) -> dict[str, Any]:
        alert = form.alert
        reasons = [one for one in alert.reasons if one.status in STANDING] or list(alert.reasons)
        return {
            "number": form.number, "qr": qr(alert), "name": form.who.name, "id_no": form.who.id_no,
            "members": form.who.members, "household_no": alert.household.household_no,
            "place": self.places[alert.region], "level": LEVELS[alert.level][self.language],
            "category": self._category(alert), "opened_on": self._day(alert.opened_on), "due_on": self._due(alert),
            "reasons": [self._reason(one) for one in reasons[:MOST_REASONS]],
            "more": max(0, len(reasons) - MOST_REASONS),
            "unseen": [self.speaker.rule(gap["rule"]) for gap in alert.unseen],
        }  # fmt: skip

    def _reason(self, reason: Reason) -> dict[str, Any]:
        feeds = sorted({str(row["feed"]) for row in reason.evidence})
        law = reason.reference
        return {
            "sentence": reason.sentence_zh if self.language == "zh" else reason.sentence_en,
            "level": LEVELS[reason.level][self.language],
            "sources": [self.speaker.feed(feed) for feed in feeds],
            "data_on": reason.data_on.isoformat() if reason.data_on else "",
            "law": " ".join(law[key] for key in ("title", "article") if law.get(key)),
            "unknown": reason.status == "unknown",
        }  # fmt: skip

    def _category(self, alert: Alert) -> str:
        known = CATEGORIES.get(alert.category or "")
        return known[self.language] if known else alert.category or "—"

    def _due(self, alert: Alert) -> str:
        return "—" if alert.due_on is None or alert.due_on == date.max else self._day(alert.due_on)

    def _day(self, day: date) -> str:
        return WORDS[self.language]["day"].format(day=day.isoformat(), weekday=WEEKDAYS[self.language][day.weekday()])

    def _instant(self) -> str:
        return f"{self.head.at.astimezone(CITY_TIME):%Y-%m-%d %H:%M}"


def qr(alert: Alert) -> Markup:
    """Return the alert's id, which says nothing by itself, as a QR code: an SVG without script or style."""
    made = segno.make(alert.id.hex.upper(), error="m", micro=False)
    drawn = made.svg_inline(omitsize=True, svgclass=None, lineclass=None, border=4, title=None)
    return Markup(drawn)  # noqa: S704 - drawn from 32 hexadecimal digits


@lru_cache(maxsize=1)
def policy() -> str:
    """Return the content security policy of a printed page: its own style by digest, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=1)
def _style() -> str:
    return (HERE / "paper.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
