"""The kill harness: a story of nights and visits under SIGKILL, SIGSTOP and cut connections, told the same in the end.

``python -m torture --kills 500`` runs it (``lowincome-torture`` does). Everything is imported once and forked for
every attempt. A disturbance counts only when it met a living process.
"""

import argparse
import gc
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

import postgres
import torture_proxy
from sqlalchemy.orm import configure_mappers
from torture_attempts import BROKEN, CUT, DONE, FENCED, REFUSED, STOPPED, TOO_LONG, Attempt, Manner, attempt
from torture_city import Base, Copy, copied, make
from torture_state import Clean, State, Tally, difference, faults, say, told
from torture_story import STORY, Step

from jobs import RARELY
from monitor import database, migrations, policy
from monitor.service import today

RECOVERED, BUSY = 10.0, 4
STEADY, SILENCE = 30.0, 0.5
"""Seconds of a lease where processes can see each other die, and where they are as if on machines of their own."""
_NEVER = threading.Event()
"""Waited for instead of ``time.sleep``, which libfaketime breaks (EINVAL) on Python 3.11."""
_BETWEEN = 0.3
"""Seconds after which a rival that was refused comes again."""
_MOST = 12
"""Disturbances of one step before it is left alone: a story must end."""
_BEGINNING, _ANEW = 0.5, 0.2
"""Of a night's time, and of its points, what whoever goes on with it does anew."""


class Caught(Exception):
    """Something was lost, doubled, broken, or took too long."""


@dataclass
class Story:
    """One telling of the story on one copy of the installation."""

    copy: Copy
    chance: random.Random
    clean: Clean
    tally: Tally
    manner: Manner
    only: str | None = None
    steps: bool = False
    most: int = _MOST
    day: date = field(default_factory=today)
    pieces: int = 0
    killed_at: float | None = None

    def tell(self) -> None:
        """Tell every step to its end, however often it has to be begun; what it leaves must be what peace leaves."""
        for name, step in STORY.items():
            self.killed_at, self.pieces, tries, began = None, 0, 0, time.monotonic()
            while not self._once(name, step, calm=tries >= self.most or self.tally.left <= 0):
                tries += 1
                if time.monotonic() - began > 3 * TOO_LONG:
                    raise Caught(f"{name} does not end")
            different = difference(self.clean.states[name], held(self.copy, steps=self.steps))
            if different and (self.steps or today() == self.day):
                raise Caught(f"after {name}: " + "; ".join(different))

    def left(self, name: str, whole: float, anew: float = _ANEW) -> float:
        """Of what a whole step has, what lies before an attempt that goes on: a part it does anew, and the rest."""
        done = min(self.pieces / max(self.clean.pieces[name], 1), 1.0)
        return whole * (1 - (1 - anew) * done)

    def _once(self, name: str, step: Step, *, calm: bool) -> bool:
        kind = NOTHING if calm else self.chance.choice(self._kinds())
        ended = kind.happens(self, name, step)
        for each in ended:
            self._recovered(each)
            self.pieces += each.track.pieces
            self.tally.ended[_word(each.ended)] += 1
            if each.ended not in {DONE, REFUSED, -signal.SIGKILL, *kind.may_end, *self._overtaken()}:
                raise Caught(f"{name} under {kind.name} ended with {_word(each.ended)}: {each.said()[-1500:]}")
        if any(each.ended == REFUSED for each in ended):
            _NEVER.wait(_BETWEEN)
        return any(each.ended == DONE for each in ended)

    def _overtaken(self) -> tuple[int, ...]:
        """A clock that is set frees every lease: whoever holds one may be overtaken, and writes nothing more."""
        return (FENCED,) if self.steps else ()

    def _kinds(self) -> "tuple[Kind, ...]":
        """On a busy machine a short lease may run out beside its living holder: then no rival is sent."""
        kinds = EVERYWHERE + (() if self.manner.apart else BESIDE) + (CUTS if self.copy.base.server else ())
        return tuple(kind for kind in kinds if self.only in (None, kind.name)) or (NOTHING,)

    def begin(self, step: Step, *, copy: Copy | None = None, **dying: int) -> Attempt:
        """Begin an attempt."""
        return attempt(copy or self.copy, step, replace(self.manner, **dying))

    def until(self, name: str, step: Step) -> Attempt:
        """Begin an attempt and let it work for a while."""
        one = self.begin(step)
        if self.manner.slowly:
            one.moves()  # only who has something to lose shows what a mistake does
        else:
            one.wait(self.chance.random() * 0.8 * self.left(name, self.clean.seconds[name], _BEGINNING))
        return one

    def ends(self, one: Attempt) -> Attempt:
        """Wait for an attempt's end; one that hangs is a fault."""
        if not one.wait():
            one.signal(signal.SIGKILL)
            raise Caught("an attempt hangs")
        return one

    def hit(self, kind: str, *, killed: bool = False) -> None:
        """Count a disturbance that met somebody."""
        self.tally.did[kind] += 1
        if killed:
            self.killed_at = time.monotonic()

    def _recovered(self, one: Attempt) -> None:
        if self.killed_at is None or one.track.moved is None or one.track.moved < self.killed_at:
            return
        took, self.killed_at = one.track.moved - self.killed_at, None
        self.tally.slowest = max(self.tally.slowest, took)
        if took > patience():
            raise Caught(f"{took:.1f} s from the kill until the next piece was committed")


def patience() -> float:
    """Seconds within which a killed run must get on: ten, more where more than four want each processor."""
    return RECOVERED * max(1.0, os.getloadavg()[0] / (BUSY * (os.cpu_count() or 1)))


def _word(code: int | None) -> str:
    words = {DONE: "done", CUT: "cut", REFUSED: "refused", FENCED: "fenced", STOPPED: "stopped", BROKEN: "broken"}
    return {-signal.SIGKILL: "killed", -signal.SIGTERM: "stopped"}.get(code or 0) or words.get(code or 0, str(code))


def _nothing(story: Story, _name: str, step: Step) -> list[Attempt]:
    return [story.ends(story.begin(step))]


def _killed_at_an_instant(story: Story, name: str, step: Step) -> list[Attempt]:
    one = story.until(name, step)
    if one.signal(signal.SIGKILL):
        story.hit("kill", killed=True)
    return [story.ends(one)]


def _killed_at_a_point(story: Story, name: str, step: Step) -> list[Attempt]:
    """Anywhere, or as often where it tells most: between what was just committed and whatever comes next."""
    if story.chance.random() < 1 / 2:
        dying = {"die_at": story.chance.randint(1, int(story.left(name, story.clean.points[name])))}
    else:
        dying = {"die_behind": story.chance.randint(1, max(int(story.left(name, story.clean.commits[name])) - 1, 1))}
    one = story.ends(story.begin(step, **dying))
    if one.ended == -signal.SIGKILL:
        story.hit("kill_at_point", killed=True)
    return [one]


def _asked_to_stop(story: Story, name: str, step: Step) -> list[Attempt]:
    one = story.until(name, step)
    asked = time.monotonic()
    if one.signal(signal.SIGTERM):
        story.hit("term")
    story.ends(one)
    if time.monotonic() - asked > patience():
        raise Caught(f"{name} was asked to stop and did not for {patience():.0f} s")
    return [one]


def _stopped(story: Story, name: str, step: Step) -> list[Attempt]:
    """Asleep for longer than its lease, then awake again beside whoever took over: it may write nothing more."""
    one = story.until(name, step)
    if not one.signal(signal.SIGSTOP):
        return [story.ends(one)]
    story.hit("stop")
    asleep, had = time.monotonic(), one.track.moved or 1e18
    silence = story.copy.settings.lease_seconds if story.manner.apart else 0.0
    until = time.monotonic() + silence + (RECOVERED if story.manner.slowly else 2 * story.clean.seconds[name])
    other = story.begin(step)
    while time.monotonic() < until and (not other.wait(story.chance.random() / 2) or other.ended == REFUSED):
        if story.manner.slowly and other.track.moved:
            break  # it is awake beside whoever took over
        if other.over():
            if not story.manner.apart:
                break  # whoever sleeps is seen to live, and its lease lasts longer than this would go on
            _NEVER.wait(_BETWEEN)
            other = story.begin(step)
    awake = time.monotonic()
    if story.killed_at is not None and not story.manner.apart:
        story.killed_at += awake - asleep  # whoever sleeps is alive and holds the run: nobody could get on meanwhile
    one.signal(signal.SIGCONT)
    ended = [story.ends(one), story.ends(other)]
    if other.track.moved and had < asleep < other.track.moved < awake < one.track.moved_last:
        raise Caught(f"{name}: whoever was overtaken in its sleep wrote on when it woke")
    return ended


def _beside(story: Story, name: str, step: Step) -> list[Attempt]:
    """Another worker comes while one is alive: it is refused, or finds the work done."""
    one = story.until(name, step)
    other = story.begin(step)
    story.hit("rival")
    return [story.ends(one), story.ends(other)]


def _terminated(story: Story, name: str, step: Step) -> list[Attempt]:
    one = story.until(name, step)
    ask = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' ORDER BY random() LIMIT {}"
    if not one.over():
        postgres.execute(str(story.copy.base.server), ask.format(story.copy.database, story.chance.randint(1, 3)))
        story.hit("terminate")
    return [story.ends(one)]


def _answer_lost(story: Story, name: str, step: Step) -> list[Attempt]:
    return _cut_at_a_commit(story, name, step, heard=True)


def _commit_unheard(story: Story, name: str, step: Step) -> list[Attempt]:
    return _cut_at_a_commit(story, name, step, heard=False)


def _cut_at_a_commit(story: Story, name: str, step: Step, *, heard: bool) -> list[Attempt]:
    cut = torture_proxy.Cut(story.chance.randint(1, max(story.clean.commits[name], 1)), heard)
    with torture_proxy.through(str(story.copy.base.server), cut) as (port, fell):
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/{story.copy.database}?sslmode=disable&gssencmode=disable"
        settings = replace(story.copy.settings, database_url=url)
        one = story.ends(story.begin(step, copy=replace(story.copy, settings=settings)))
        if fell():
            story.hit("lost_answer" if heard else "cut")
    return [one]


@dataclass(frozen=True)
class Kind:
    """A way to disturb a step, and how attempts may end under it beside done, refused or killed."""

    name: str
    happens: Callable[[Story, str, Step], list[Attempt]]
    may_end: tuple[int, ...] = ()


NOTHING = Kind("nothing", _nothing)
_KILLS = (Kind("kill", _killed_at_an_instant), Kind("kill_at_point", _killed_at_a_point))
EVERYWHERE = (
    *_KILLS, *_KILLS, *_KILLS,
    Kind("term", _asked_to_stop, (STOPPED, -signal.SIGTERM)),
    Kind("stop", _stopped, (FENCED,)),
)  # fmt: skip
BESIDE = (Kind("rival", _beside),)
APART = {"stop": True, "rival": False}
"""Who was overtaken in its sleep is overtaken soon only where nobody sees it; a rival comes where all do."""
CUTS = (
    Kind("terminate", _terminated, (CUT,)),
    Kind("lost_answer", _answer_lost, (CUT,)),
    Kind("cut", _commit_unheard, (CUT,)),
)


def undisturbed(base: Base, *, steps: bool = False) -> Clean:
    """Tell the story once in peace, and measure it; what was measured of a city before is not measured again.

    Deadlines are reckoned from the day, so a story of yesterday ends differently.
    """
    kept = base.root / ("clean_steps.json" if steps else f"clean_{today()}.json")
    if kept.exists():
        said = json.loads(kept.read_text())
        return Clean(**said | {"states": {name: _read(rows) for name, rows in said["states"].items()}})
    clean = Clean()
    with copied(base) as copy:
        for name, step in STORY.items():
            one = attempt(copy, step, Manner())
            if not one.wait() or one.ended != DONE:
                raise Caught(f"{name} does not even end in peace: {one.said()}")
            clean.seconds[name] = time.monotonic() - one.began
            clean.points[name], clean.commits[name] = one.track.points, one.track.commits
            clean.pieces[name] = one.track.pieces
            clean.states[name] = held(copy, steps=steps)
    states = {name: [[*key, count] for key, count in state.items()] for name, state in clean.states.items()}
    kept.write_text(json.dumps(asdict(clean) | {"states": states}))
    return clean


def _read(rows: list[tuple[str, str, int]]) -> State:
    return Counter({(table, row): count for table, row, count in rows})


def held(copy: Copy, *, steps: bool = False) -> State:
    """What an installation holds between two steps, once it is seen to hold nothing that must never be."""
    engine = database.connect(copy.settings)
    try:
        found = faults(engine)
        if found:
            raise Caught("; ".join(found))
        return told(engine, days=not steps)
    finally:
        engine.dispose()


def torture(base: Base, asked: argparse.Namespace) -> Tally:
    """Tell the story until enough disturbances have met it; raises ``Caught`` with what came of them."""
    tally = Tally(asked.kills)
    undisturbed(base, steps=asked.steps)
    while tally.left > 0:
        clean = undisturbed(base, steps=asked.steps)
        chance = random.Random(f"{asked.seed} {tally.stories}")
        apart = asked.apart or APART.get(asked.only, tally.stories % 2 == 1)
        with copied(base, lease=asked.lease or (SILENCE if apart else STEADY)) as copy:
            manner = Manner(bug=asked.bug, apart=apart, slowly=asked.only == "stop")
            try:
                Story(copy, chance, clean, tally, manner, asked.only, asked.steps, asked.most).tell()
            except Caught as caught:
                raise Caught(f"seed {asked.seed}, story {tally.stories}: {caught}") from None
        tally.stories += 1
    return tally


def main() -> int:
    """Torture as the arguments say; 0 when nothing was lost or doubled, 1 when something was."""
    asked = _arguments().parse_args()
    server, cluster = asked.server, None
    if asked.database == "postgresql" and server is None:
        cluster = postgres.Cluster(postgres.binaries() or Path())
        server = cluster.start()
    root = asked.base or Path(tempfile.mkdtemp(prefix="lowincome-torture-"))
    base = Base(root, server if asked.database == "postgresql" else None)
    try:
        return _run(base, asked)
    finally:
        gc.unfreeze()
        if cluster is not None:
            cluster.stop()


def _run(base: Base, asked: argparse.Namespace) -> int:
    if not base.pack.exists():
        _in_a_child(lambda: make(base, households=asked.households))
    _read_beforehand(base)
    gc.freeze()
    gc.set_threshold(*RARELY)
    began = time.monotonic()
    try:
        tally = torture(base, asked)
    except Caught as caught:
        say(caught=str(caught), seed=asked.seed, database=asked.database)
        return 1
    say(
        database=asked.database, seed=asked.seed, disturbances=dict(tally.did), total=tally.did.total(),
        attempts=dict(tally.ended), stories=tally.stories, slowest_recovery_seconds=round(tally.slowest, 2),
        seconds=round(time.monotonic() - began, 1), lost=0, doubled=0,
    )  # fmt: skip
    return 0


def _read_beforehand(base: Base) -> None:
    """What each attempt would else read and work out anew, a third of its time."""
    policy.read_pack(base.pack)
    migrations.newest()
    configure_mappers()


def _in_a_child(work: Callable[[], None]) -> None:
    """Whoever forks must have no threads: the lake's engine has some."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("the city could not be made")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lowincome-torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--households", type=int, default=200)
    parser.add_argument("--base", type=Path, help="folder of a city made before, or to be kept")
    parser.add_argument("--server", help="socket folder of a PostgreSQL to use; its own when omitted")
    parser.add_argument("--lease", type=float, help="seconds of every lease; short ones are used when omitted")
    parser.add_argument("--apart", action="store_true", help="every process as if on a machine of its own")
    parser.add_argument("--only", help="one kind of disturbance")
    parser.add_argument("--most", type=int, default=_MOST, help="disturbances of one step before it is left alone")
    parser.add_argument("--steps", action="store_true", help="somebody sets this machine's clock meanwhile")
    parser.add_argument("--bug", help="plant a mistake on purpose: the harness must catch it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
