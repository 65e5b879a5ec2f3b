"""The device's own clock against ours: a visit keeps the day it was on, what the device said, and when it came."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")
TRUSTED = timedelta(minutes=10)
"""A clock that differs by less is taken at its word."""


@dataclass(frozen=True)
class Device:
    """What a device's clock said when the form was filled in, and when it was sent."""

    filled_at: datetime
    sent_at: datetime

    def ahead(self, now: datetime) -> timedelta:
        """Return how far the device's clock is ahead of ours; negative: behind."""
        return self.sent_at - now


@dataclass(frozen=True)
class Told:
    """A day as it is counted, and as the device said it where that was another."""

    on: date
    said_on: date | None = None


def corrected(said: date, device: Device | None, *, now: datetime) -> Told:
    """Return the day of a visit: as said, or moved by the days that the device's clock was wrong.

    A device a day ahead says tomorrow for a visit of today. Without a device, or with a clock right to ten minutes,
    the day is as said.
    """
    if device is None or abs(device.ahead(now)) <= TRUSTED:
        return Told(said)
    theirs = device.filled_at.astimezone(CITY).date()
    ours = (device.filled_at - device.ahead(now)).astimezone(CITY).date()
    return Told(said + (ours - theirs), said) if ours != theirs else Told(said)
