"""API, clock and worker of a single machine: three processes, kept going."""

import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

ROOT = Path(__file__).parent.parent
TO_STOP = 12.0
LONGEST_REST = 60.0
STEADY = 60.0
_log = logging.getLogger(__name__)


@dataclass
class Hand:
    """One process of the crew: when it began, how often it fell at once, and from when it may be started again."""

    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    falls: int = 0
    rests_until: float = 0.0


@dataclass
class Crew:
    """The commands that are kept going, each with its arguments, until ``over`` is set."""

    commands: Mapping[str, Sequence[str]]
    over: Event
    hands: dict[str, Hand] = field(init=False)

    def __post_init__(self) -> None:
        self.hands = {name: Hand([name, *arguments]) for name, arguments in self.commands.items()}

    def keep(self) -> None:
        """Start all and start again what ends; when told to stop, stop them and kill what has not ended in time."""
        while not self.over.is_set():
            for name, hand in self.hands.items():
                self._look_after(name, hand)
            self.over.wait(0.2)
        self._stop()

    def _look_after(self, name: str, hand: Hand) -> None:
        now = monotonic()
        if hand.process is not None and hand.process.poll() is not None:
            hand.falls = 0 if now - hand.begun > STEADY else hand.falls + 1
            hand.rests_until = now + min(2.0**hand.falls / 2, LONGEST_REST)
            _log.error("process ended", extra={"job": name, "status": hand.process.returncode})
            hand.process = None
        if hand.process is None and now >= hand.rests_until:
            hand.begun = now
            try:
                hand.process = subprocess.Popen([sys.executable, "-m", "jobs", *hand.command], cwd=ROOT)  # noqa: S603
            except OSError as error:
                hand.rests_until = now + LONGEST_REST / 10
                _log.warning("no process", extra={"job": name, "error": type(error).__name__})

    def _stop(self) -> None:
        at_work = [hand.process for hand in self.hands.values() if hand.process is not None]
        for process in at_work:
            process.terminate()
        until = monotonic() + TO_STOP
        for process in at_work:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(until - monotonic(), 0.1))
            if process.poll() is None:
                process.kill()
                process.wait()
