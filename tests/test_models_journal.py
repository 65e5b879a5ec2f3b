"""The journal of models: it only grows, every line rests on the one before, and the state is what it says."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from learned import manifest, reference, scorer

from models.journal import Act, Broken, Entry, Journal
from models.registry import NotPromoted, Registry

KEY = b"j" * 32
ACT = Act("officer", "2026-02-01T09:00:00+00:00", "理由 a reason")
BOTH = Act("officer", "2026-02-01T09:00:00+00:00", "all gates", second="second officer")


def written(path: Path, count: int = 4) -> Journal:
    journal = Journal(path, key=KEY)
    for number in range(count):
        with journal.writing() as writer:
            writer.append(Entry("promoted", f"{number:012x}", ACT, {"number": number}))
    return journal


def test_what_is_written_is_read_back_in_order(tmp_path: Path) -> None:
    entries = written(tmp_path / "journal.log").entries()
    assert [entry.detail["number"] for entry in entries] == [0, 1, 2, 3]
    assert {entry.act for entry in entries} == {ACT}


def test_a_journal_that_does_not_exist_is_empty_and_reading_makes_none(tmp_path: Path) -> None:
    assert Journal(tmp_path / "none" / "journal.log", key=KEY).entries() == []
    assert list(tmp_path.iterdir()) == []


def test_lines_are_only_ever_added(tmp_path: Path) -> None:
    journal, seen = written(tmp_path / "journal.log", 1), b""
    for number in range(5):
        now = journal.path.read_bytes()
        assert now.startswith(seen)
        seen = now
        with journal.writing() as writer:
            writer.append(Entry("set_aside", f"{number:012x}", ACT))
    assert len(journal.entries()) == 6


@settings(max_examples=150)
@given(data=st.data())
def test_any_byte_changed_anywhere_is_seen(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    journal = written(tmp_path_factory.mktemp("journal") / "journal.log")
    whole = journal.path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != whole[place]))
    journal.path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    with pytest.raises(Broken):
        journal.entries()


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 2, 3), (1, 2, 3), (0, 1, 1, 2, 3), (0, 1, 3)])
def test_lines_moved_doubled_or_taken_out_are_seen(order: tuple[int, ...], tmp_path: Path) -> None:
    journal = written(tmp_path / "journal.log")
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[place] for place in order))
    with pytest.raises(Broken):
        journal.entries()


def test_a_line_of_another_journal_does_not_fit(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one.log"), written(tmp_path / "other.log", 5)
    foreign = other.path.read_bytes().splitlines(keepends=True)[-1]
    lines = one.path.read_bytes().splitlines(keepends=True)
    one.path.write_bytes(b"".join([*lines[:3], foreign]))
    with pytest.raises(Broken, match="line 4"):
        one.entries()


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_last_line_cut_off_anywhere_is_not_read_and_is_written_over(cut: int, tmp_path: Path) -> None:
    journal = written(tmp_path / "journal.log")
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-cut])
    assert len(journal.entries()) == 3
    with journal.writing() as writer:
        assert len(writer.entries) == 3
        writer.append(Entry("resumed", "f" * 12, ACT))
    assert [entry.what for entry in journal.entries()] == ["promoted"] * 3 + ["resumed"]
    assert journal.path.read_bytes().endswith(b"\n")


def test_a_reason_may_hold_any_sign_that_people_paste(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.log", key=KEY)
    why = "一\u2028二\u2029三\x85四\n五\x0b六 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")
    for _ in range(2):
        with journal.writing() as writer:
            writer.append(Entry("set_aside", "f" * 12, Act("officer", "2026", why)))
    assert [entry.act.why for entry in journal.entries()] == [why, why]


def test_the_journal_names_officers_and_reasons_and_can_be_read_by_people(tmp_path: Path) -> None:
    journal = written(tmp_path / "journal.log", 1)
    body = journal.path.read_text(encoding="utf-8").split(" ", 1)[1]
    assert "理由" in body
    assert json.loads(body)["act"]["by"] == "officer"


class Reigns(RuleBasedStateMachine):
    """Officers act in any order; a plain list of reigns says what must come of it."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.registry = Registry(Path(self.folder.name), key=KEY)
        told = scorer(), reference()
        self.models = [self.registry.register(*told, manifest(training={"seed": number})) for number in range(3)]
        self.marks = {model: self.registry.manifest(model).mark for model in self.models}
        self.reigns: list[str] = []
        self.aside = False
        self.reigned: set[str] = set()

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(place=st.integers(0, 2))
    def promote(self, place: int) -> None:
        model = self.models[place]
        self.registry.promote(model, BOTH, mark=self.marks[model])
        self.reigns = [one for one in self.reigns if one != model] + [model]
        self.aside = False
        self.reigned.add(model)

    @precondition(lambda self: self.reigns)
    @rule()
    def roll_back(self) -> None:
        self.reigns = self.reigns[:-1]
        self.aside = False
        assert self.registry.rollback(ACT) == (self.reigns[-1] if self.reigns else None)

    @precondition(lambda self: not self.reigns)
    @rule()
    def roll_back_from_nothing(self) -> None:
        with pytest.raises(NotPromoted):
            self.registry.rollback(ACT)

    @rule()
    def set_aside(self) -> None:
        self.registry.set_aside(ACT)
        self.aside = bool(self.reigns)

    @precondition(lambda self: self.aside)
    @rule()
    def resume(self) -> None:
        self.registry.resume(BOTH)
        self.aside = False

    @invariant()
    def what_serves_is_what_the_acts_come_to(self) -> None:
        if not hasattr(self, "registry"):
            return
        serving, state = Registry(self.registry.folder, key=KEY).champion(), self.registry.state()
        assert state.champion == (self.reigns[-1] if self.reigns else None)
        assert state.before == tuple(self.reigns[:-1])
        assert serving.rules_only == (self.aside or not self.reigns)
        assert serving.rules_only or serving.manifest.id == state.champion
        assert set(self.registry.challengers()) == set([m for m in self.models if m not in self.reigned][::-1][:2])


TestReigns = Reigns.TestCase
TestReigns.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
