"""Which model orders the queue: champion, challengers in its shadow, promotion past every gate, and the way back.

The state is what the journal says, read from its first line; the models are folders beside it. Whatever is wrong with
a file, the service goes on by rules alone and says why: ``Registry.champion`` never raises for a file's sake.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import storing
from models.drift import Alarm, Month, alarm
from models.explanation import Reference, parts_of
from models.gates import HARD
from models.journal import Act, Broken, Entry, Journal
from models.refusals import Unlearnable, named
from models.storing import Manifest, Unusable

SHADOWS = 2


class NotPromoted(Unlearnable):
    """A promotion or a way back that the gates or the two signatures do not allow."""


@dataclass(frozen=True)
class State:
    """What the journal comes to: the champion, those before it (the newest last), why it is set aside if it is."""

    champion: str | None = None
    before: tuple[str, ...] = ()
    aside: Entry | None = None
    registered: tuple[str, ...] = ()
    reigned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Serving:
    """What orders the queue now: a scorer, or rules alone with a ``reason`` (one word) and a banner that says why."""

    scorer: Any | None
    reference: Reference | None
    manifest: Manifest | None
    reason: str = ""
    zh: str = ""
    en: str = ""

    @property
    def rules_only(self) -> bool:
        """Say whether the queue is ordered by rules alone."""
        return self.scorer is None


class Registry:
    """The models in ``folder``, signed by ``key``. Every act is told by whom, when and why."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self.folder = folder
        self.key = key
        self.journal = Journal(folder / "journal.log", key=key)

    def register(self, scorer: Any, reference: Reference, manifest: Manifest) -> str:
        """Keep a trained model as a challenger and return its id; the same training, judged alike, is kept once.

        Refuses a score that cannot be explained exactly (decision 0070) and one whose features are not the manifest's.
        """
        parts_of(scorer)
        if tuple(str(name) for name in scorer.feature_names_in_) != tuple(manifest.features):
            raise Unlearnable(
                zh="登记的特征与模型的特征不一致", en="the manifest's features are not those of the model, in its order"
            )
        with self.journal.writing() as journal:
            signed = storing.save(self.folder, manifest, scorer, reference, key=self.key)
            if signed.id not in _state(journal.entries).registered:
                act = Act(manifest.by, manifest.at, "训练登记 / trained")
                journal.append(Entry("registered", signed.id, act, {"mark": signed.mark}))
        return signed.id

    def state(self) -> State:
        """Return what the journal comes to; refuses a journal that does not hold."""
        return _state(self.journal.entries())

    def champion(self, features: Sequence[str] | None = None) -> Serving:
        """Return the champion ready to score, or rules alone and why; never raises for a file's sake.

        ``features``: those that the caller can give, in its order; a champion that wants others does not score.
        """
        try:
            state = self.state()
            if state.champion is None:
                return _rules("none", zh="尚无经批准的模型", en="no model has been promoted")
            if state.aside is not None:
                return _rules(
                    "set_aside", zh=f"模型已停用：{state.aside.act.why}", en=f"set aside: {state.aside.act.why}"
                )
            scorer, reference, manifest = self.load(state.champion)
            _fits(manifest, features)
        except Unusable as refusal:
            return _rules(refusal.reason, zh=refusal.zh, en=refusal.en)
        except Broken as refusal:
            return _rules("tampered", zh=refusal.zh, en=refusal.en)
        except OSError as error:
            kind = type(error).__name__
            return _rules("missing", zh=f"模型目录无法读取（{kind}）", en=f"the models' folder cannot be read ({kind})")
        return Serving(scorer, reference, manifest)

    def challengers(self) -> list[str]:
        """Return the newest models that never were champion, newest first: they score in shadow and order nothing."""
        state = self.state()
        waiting = [one for one in state.registered if one not in state.reigned]
        return waiting[::-1][:SHADOWS]

    def manifest(self, model: str) -> Manifest:
        """Return what is known of a model; refuses one that is missing or changed."""
        return storing.read_manifest(self._place(model), key=self.key)

    def load(self, model: str) -> tuple[Any, Reference, Manifest]:
        """Return a model ready to score, its reference and its manifest; refuses with ``Unusable``."""
        manifest = self.manifest(model)
        if manifest.id != model:
            raise Unusable("tampered", zh=f"目录 {model} 中是另一个模型", en=f"the folder {model} holds another model")
        return *storing.load(self._place(model), manifest), manifest

    def promote(self, model: str, act: Act, *, mark: str) -> None:
        """Make ``model`` the champion: past every gate, signed by a second person who gives the card's ``mark``.

        Promoting the champion again, unless it is set aside, changes nothing. Refuses naming each gate that holds it.
        """
        manifest = self.load(model)[2]
        _two_people(act)
        if mark != manifest.mark:
            raise NotPromoted(
                zh="签字人须填写模型卡上的标记", en="who signs gives the mark that stands on this model's card"
            )
        _past_gates(manifest)
        with self.journal.writing() as journal:
            state = _state(journal.entries)
            if state.champion != model or state.aside is not None:
                journal.append(Entry("promoted", model, act, {"mark": mark}))

    def rollback(self, act: Act) -> str | None:
        """Go back to the champion before, or to rules alone if there was none; return who is champion now."""
        with self.journal.writing() as journal:
            state = _state(journal.entries)
            if state.champion is None:
                raise NotPromoted(zh="没有现用模型，无可回退", en="there is no champion to go back from")
            journal.append(Entry("rolled_back", state.champion, act))
            return _state(journal.entries).champion

    def set_aside(self, act: Act, detail: dict[str, Any] | None = None) -> None:
        """Let rules alone order the queue until somebody promotes, resumes or goes back; a second time changes nothing.

        For drift (G15) as for a person who is in doubt.
        """
        with self.journal.writing() as journal:
            state = _state(journal.entries)
            if state.champion is not None and state.aside is None:
                journal.append(Entry("set_aside", state.champion, act, detail or {}))

    def fall_back(self, months: Sequence[Month], *, at: str) -> Alarm | None:
        """Set the champion aside when the newest of ``months`` alarms (G15); return the alarm, if there is one."""
        told = alarm(months)
        if told is not None:
            self.set_aside(Act("drift", at, f"{told.zh} / {told.en}"), {"month": months[-1].month})
        return told

    def resume(self, act: Act) -> None:
        """Let a champion that was set aside order the queue again; two people decide it, as they decide a promotion."""
        _two_people(act)
        with self.journal.writing() as journal:
            state = _state(journal.entries)
            if state.champion is None or state.aside is None:
                raise NotPromoted(zh="没有被停用的模型", en="no champion is set aside")
            journal.append(Entry("resumed", state.champion, act))

    def acts(self, model: str | None = None) -> list[Entry]:
        """Return what was done, the first first, to all models or to one."""
        return [entry for entry in self.journal.entries() if model is None or entry.model == model]

    def _place(self, model: str) -> Path:
        if not (len(model) == 12 and set(model) <= set("0123456789abcdef")):
            raise Unusable("missing", zh=f"没有这个模型：{model[:40]}", en=f"there is no such model: {model[:40]}")
        return self.folder / model


def _state(entries: Sequence[Entry]) -> State:
    registered: list[str] = []
    reign: list[str] = []
    aside: Entry | None = None
    for entry in entries:
        match entry.what:
            case "registered":
                registered.append(entry.model)
            case "promoted":
                reign = [one for one in reign if one != entry.model] + [entry.model]
                aside = None
            case "rolled_back":
                reign = reign[:-1]
                aside = None
            case "set_aside":
                aside = entry
            case "resumed":
                aside = None
    reigned = frozenset(entry.model for entry in entries if entry.what == "promoted")
    return State(reign[-1] if reign else None, tuple(reign[:-1]), aside, tuple(registered), reigned)


def _rules(reason: str, *, zh: str, en: str) -> Serving:
    return Serving(None, None, None, reason, f"仅按规则排序：{zh}", f"ordered by rules alone: {en}")


def _fits(manifest: Manifest, features: Sequence[str] | None) -> None:
    if features is None or tuple(features) == tuple(manifest.features):
        return
    lost = sorted(set(manifest.features) - set(features))
    more = sorted(set(features) - set(manifest.features))
    raise Unusable(
        "features",
        zh=f"指标与模型不一致（缺 {named(lost)}，多 {named(more)}，或顺序不同）：重新训练",
        en=f"the indicators are not the model's (lacking {named(lost)}, more {named(more)}, or in another order): "
        "train anew",
    )


def _two_people(act: Act) -> None:
    if not act.second.strip() or act.second.strip() == act.by.strip():
        raise NotPromoted(zh="须由第二人签字", en="a second person signs, and is not the first")


def _past_gates(manifest: Manifest) -> None:
    """Refuse while a hard gate is not reached or was not judged: not enough evidence is no pass."""
    hard = {str(gate["id"]): str(gate["gate"]) for gate in manifest.gates if gate["gate"]}
    held = [f"{name} {hard.get(name, 'not judged')}" for name in HARD if hard.get(name) != "reached"]
    if held:
        named = "; ".join(held)
        raise NotPromoted(zh=f"未通过门槛：{named}", en=f"held by its gates: {named}")
