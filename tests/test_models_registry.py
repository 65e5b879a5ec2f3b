"""The registry: two people and every gate to promote, one command to go back, and rules alone when a file is wrong."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from learned import HARD, gate, households, manifest, reference, scorer
from months import month
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from models import storing
from models.journal import Act, Broken
from models.refusals import Unlearnable
from models.registry import NotPromoted, Registry
from models.storing import Unusable

KEY = b"k" * 32
BOTH = Act("officer", "2026-02-01T09:00:00+00:00", "all gates", second="second officer")
ALONE = Act("officer", "2026-02-02T09:00:00+00:00", "complaints")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models", key=KEY)


def registered(registry: Registry, **other: Any) -> str:
    return registry.register(scorer(), reference(), manifest(**other))


def promoted(registry: Registry, act: Act = BOTH, **other: Any) -> str:
    model = registered(registry, **other)
    registry.promote(model, act, mark=registry.manifest(model).mark)
    return model


def another(number: int) -> dict[str, Any]:
    return {"training": {"seed": number}}


def test_without_a_promotion_rules_alone_serve_and_say_so(registry: Registry) -> None:
    serving = registry.champion()
    assert serving.rules_only
    assert (serving.reason, serving.zh) == ("none", "仅按规则排序：尚无经批准的模型")
    registered(registry)
    assert registry.champion().reason == "none"


def test_a_promoted_model_scores_bit_for_bit_as_the_one_that_was_trained(registry: Registry) -> None:
    model = promoted(registry)
    serving = registry.champion(tuple(manifest().features))
    table, _, _ = households(300, seed=4)
    assert np.array_equal(serving.scorer.decision_function(table), scorer().decision_function(table))
    assert serving.reference.rows.equals(reference().rows)
    assert list(serving.reference.kinds) == list(reference().kinds)
    assert serving.manifest.id == model
    assert not serving.rules_only


def test_the_same_training_registered_twice_is_one_model(registry: Registry) -> None:
    assert registered(registry) == registered(registry)
    assert len(registry.acts()) == 1
    assert registered(registry, **another(1)) != registered(registry)


def test_the_same_training_judged_anew_is_another_model_and_keeps_its_own_gates(registry: Registry) -> None:
    failed = registered(registry, gates=tuple(gate(name, "failed") for name in HARD))
    reached = registered(registry)
    assert failed != reached
    assert registry.manifest(failed).gates[0]["gate"] == "failed"
    assert registry.manifest(reached).gates[0]["gate"] == "reached"


def test_a_model_whose_score_cannot_be_explained_is_not_registered(registry: Registry) -> None:
    table, label, _ = households(300, seed=4)
    forest = RandomForestClassifier(n_estimators=3).fit(table.fillna(0), label)
    with pytest.raises(Unlearnable, match="cannot be explained"):
        registry.register(forest, reference(), manifest())
    with pytest.raises(Unlearnable, match="in its order"):
        registered(registry, features=tuple(reversed(manifest().features)))
    assert registry.acts() == []


def test_no_model_is_promoted_while_a_hard_gate_is_not_reached(registry: Registry) -> None:
    for name in HARD:
        for verdict in ("failed", "not enough evidence"):
            gates = tuple(gate(one, verdict if one == name else "reached") for one in HARD)
            with pytest.raises(NotPromoted, match=f"{name} {verdict}"):
                promoted(registry, gates=gates)
    without = tuple(gate(one) for one in HARD if one != "G7")
    with pytest.raises(NotPromoted, match="G7 not judged"):
        promoted(registry, gates=without)
    assert registry.champion().reason == "none"


def test_a_goal_that_is_no_hard_gate_holds_nobody(registry: Registry) -> None:
    gates = (*(gate(name) for name in HARD), gate("G3", "failed", hard=False))
    promoted(registry, gates=gates)
    assert not registry.champion().rules_only


@pytest.mark.parametrize("second", ["", "  ", "officer"])
def test_one_person_promotes_nothing(registry: Registry, second: str) -> None:
    with pytest.raises(NotPromoted, match="second person"):
        promoted(registry, replace(BOTH, second=second))


def test_the_second_person_signs_the_card_of_this_very_model(registry: Registry) -> None:
    one, other = registered(registry), registered(registry, **another(2))
    with pytest.raises(NotPromoted, match="mark"):
        registry.promote(one, BOTH, mark=registry.manifest(other).mark)


def test_an_act_without_name_instant_or_reason_is_refused() -> None:
    for lacking in ({"by": " "}, {"at": ""}, {"why": ""}):
        with pytest.raises(Unlearnable, match="a name, an instant and a reason"):
            replace(ALONE, **lacking)


def test_rolling_back_returns_to_the_champion_before_and_then_to_rules(registry: Registry) -> None:
    first, second = promoted(registry), promoted(registry, **another(2))
    assert registry.champion().manifest.id == second
    assert registry.rollback(ALONE) == first
    assert registry.champion().manifest.id == first
    assert registry.rollback(ALONE) is None
    assert registry.champion().reason == "none"
    with pytest.raises(NotPromoted, match="no champion"):
        registry.rollback(ALONE)
    assert [entry.what for entry in registry.acts()].count("rolled_back") == 2


def test_promoting_the_champion_again_changes_nothing(registry: Registry) -> None:
    promoted(registry)
    promoted(registry)
    assert [entry.what for entry in registry.acts()] == ["registered", "promoted"]


def test_a_champion_set_aside_leaves_the_order_to_rules_until_two_people_resume_it(registry: Registry) -> None:
    registry.set_aside(ALONE)
    assert registry.acts() == []
    model = promoted(registry)
    registry.set_aside(Act("drift", "2026-03-01T00:00:00+00:00", "PSI 0.31"), {"psi": 0.31})
    registry.set_aside(ALONE)
    assert (registry.champion().reason, "PSI 0.31" in registry.champion().en) == ("set_aside", True)
    assert registry.acts(model)[-1].detail == {"psi": 0.31}
    with pytest.raises(NotPromoted, match="second person"):
        registry.resume(ALONE)
    registry.resume(BOTH)
    assert registry.champion().manifest.id == model
    with pytest.raises(NotPromoted, match="no champion is set aside"):
        registry.resume(BOTH)


def test_challengers_are_the_newest_that_never_reigned(registry: Registry) -> None:
    promoted(registry)
    later = [registered(registry, **another(number)) for number in (2, 3, 4)]
    assert registry.challengers() == [later[2], later[1]]
    registry.promote(later[2], BOTH, mark=registry.manifest(later[2]).mark)
    registry.rollback(ALONE)
    assert registry.challengers() == [later[1], later[0]]


def folder_of(registry: Registry) -> Path:
    return registry.folder / str(registry.state().champion)


def lose_model(registry: Registry) -> None:
    (folder_of(registry) / storing.MODEL).unlink()


def lose_folder(registry: Registry) -> None:
    shutil.rmtree(folder_of(registry))


def change_one_byte(registry: Registry) -> None:
    path = folder_of(registry) / storing.MODEL
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_reference(registry: Registry) -> None:
    path = folder_of(registry) / storing.REFERENCE
    path.write_bytes(path.read_bytes()[:-7])


def flatter_manifest(registry: Registry) -> None:
    path = folder_of(registry) / storing.MANIFEST
    path.write_bytes(path.read_bytes().replace(b"1.62", b"9.99"))


def swap_for_another(registry: Registry) -> None:
    other, champion = registered(registry, **another(5)), folder_of(registry)
    shutil.rmtree(champion)
    shutil.copytree(registry.folder / other, champion)


def forge_journal(registry: Registry) -> None:
    path = registry.journal.path
    path.write_text(path.read_text(encoding="utf-8").replace("second officer", "nobody at all"), encoding="utf-8")


def take_out_a_line(registry: Registry) -> None:
    path = registry.journal.path
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")


def make_it_a_folder(registry: Registry) -> None:
    path = registry.journal.path
    path.unlink()
    path.mkdir()


BREAKAGES: list[tuple[Callable[[Registry], None], str]] = [
    (lose_model, "missing"),
    (lose_folder, "missing"),
    (change_one_byte, "tampered"),
    (cut_reference, "tampered"),
    (flatter_manifest, "tampered"),
    (swap_for_another, "tampered"),
    (forge_journal, "tampered"),
    (take_out_a_line, "tampered"),
    (make_it_a_folder, "missing"),
]


@pytest.mark.parametrize(("spoil", "reason"), BREAKAGES, ids=[each.__name__ for each, _ in BREAKAGES])
def test_a_wrong_file_means_rules_alone_with_a_banner_and_never_a_crash(
    registry: Registry, spoil: Callable[[Registry], None], reason: str
) -> None:
    promoted(registry)
    spoil(registry)
    serving = registry.champion()
    assert (serving.rules_only, serving.reason) == (True, reason)
    assert serving.zh.startswith("仅按规则排序：")
    assert serving.en.startswith("ordered by rules alone: ")
    assert str(registry.folder) not in serving.zh + serving.en


def test_another_key_opens_nothing(registry: Registry) -> None:
    promoted(registry)
    assert Registry(registry.folder, key=b"x" * 32).champion().reason == "tampered"


def resigned(registry: Registry, **told: Any) -> None:
    """Sign anew what was changed, as only the holder of the key can."""
    place = folder_of(registry)
    said = json.loads((place / storing.MANIFEST).read_bytes()) | told
    written = json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode()
    (place / storing.MANIFEST).write_bytes(written)
    (place / storing.SIGNATURE).write_text(storing._mac(written, KEY))


def put(registry: Registry, model: bytes) -> None:
    import hashlib

    place = folder_of(registry)
    (place / storing.MODEL).write_bytes(model)
    files = {**registry.manifest(place.name).files, storing.MODEL: hashlib.sha256(model).hexdigest()}
    resigned(registry, files=files)


def test_another_version_of_scikit_learn_does_not_score(registry: Registry) -> None:
    promoted(registry)
    resigned(registry, versions={**storing.versions_here(), "scikit-learn": "1.8.0"})
    serving = registry.champion()
    assert (serving.reason, "1.8.0" in serving.en) == ("version", True)


def test_features_in_another_order_lacking_or_more_do_not_score(registry: Registry) -> None:
    promoted(registry)
    features = manifest().features
    for wrong in (features[::-1], features[:-1], (*features, "another")):
        serving = registry.champion(wrong)
        assert (serving.rules_only, serving.reason) == (True, "features")
    assert not registry.champion(list(features)).rules_only


def test_types_that_are_not_on_the_list_are_refused_before_anything_is_built(registry: Registry) -> None:
    promoted(registry)
    put(registry, skops.io.dumps({"a": Path("x"), "scorer": scorer()}))
    assert registry.champion().reason == "types"
    assert "pathlib" in registry.champion().en


def test_each_of_the_first_bytes_of_a_model_flipped_is_seen(registry: Registry) -> None:
    promoted(registry)
    seen = set()
    with (folder_of(registry) / storing.MODEL).open("r+b") as file:
        for place in range(4096):
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 0xFF]))
            file.flush()
            seen.add(registry.champion().reason)
            file.seek(place)
            file.write(byte)
            file.flush()
    assert seen == {"tampered"}
    assert not registry.champion().rules_only


class Payload:
    """What a pickle can do to who reads it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.place),)


def test_a_pickle_is_never_read_and_a_call_of_the_system_never_built(registry: Registry, tmp_path: Path) -> None:
    promoted(registry)
    put(registry, pickle.dumps(Payload(tmp_path / "pwned")))
    assert registry.champion().reason == "unreadable"
    assert not (tmp_path / "pwned").exists()
    put(registry, skops.io.dumps({"run": os.system}))
    told = registry.champion()
    assert (told.reason, "posix.system" in told.en) == ("types", True)


def test_a_file_that_is_no_model_or_a_model_of_other_features_is_refused(registry: Registry) -> None:
    promoted(registry)
    put(registry, b"PK\x03\x04 nothing of the kind")
    assert registry.champion().reason == "unreadable"
    table, label, _ = households(200, seed=1)
    put(registry, skops.io.dumps(type(scorer())(max_iter=3).fit(table[["income", "medical"]], label)))
    assert registry.champion().reason == "unreadable"


@pytest.mark.parametrize(("name", "value"), [("left", 4_000_000), ("right", 0), ("feature_idx", 77)])
def test_trees_that_point_outside_themselves_or_back_are_refused(registry: Registry, name: str, value: int) -> None:
    promoted(registry)
    table, label, _ = households(400, seed=1)
    spoilt = type(scorer())(max_iter=3, calibration="none").fit(table, label)
    spoilt.booster_._predictors[0][0].nodes[name][0] = value
    put(registry, skops.io.dumps(spoilt))
    assert registry.champion().reason == "unreadable"


def test_a_manifest_of_another_form_is_refused_though_it_is_signed(registry: Registry) -> None:
    promoted(registry)
    resigned(registry, a_field_of_the_future=1)
    assert registry.champion().reason == "unreadable"


def test_an_alarm_of_drift_hands_the_order_to_the_rules_and_says_why(registry: Registry) -> None:
    model = promoted(registry)
    assert registry.fall_back([month("2026-03")], at="2026-04-01T00:00:00+00:00") is None
    assert not registry.champion().rules_only
    for _ in range(2):
        told = registry.fall_back([month("2026-04", income=1.0)], at="2026-05-01T00:00:00+00:00")
    assert told is not None
    assert told.en in registry.champion().en
    done = registry.acts(model)
    assert [entry.what for entry in done] == ["registered", "promoted", "set_aside"]
    assert (done[-1].act.by, done[-1].detail) == ("drift", {"month": "2026-04"})


def test_an_estimator_that_could_not_be_read_back_is_refused_before_it_is_written(registry: Registry) -> None:
    class Foreign(HistGradientBoostingClassifier):
        pass

    table, label, _ = households(200, seed=1)
    foreign = Foreign(max_iter=2).fit(table, label)
    with pytest.raises(Unusable, match="types"):
        storing.save(registry.folder, manifest(), foreign, reference(), key=KEY)
    assert not registry.folder.exists()


def test_an_id_that_is_a_path_names_no_model(registry: Registry) -> None:
    for wrong in ("../../etc", "", "0123456789AB", "0123456789ab/x"):
        with pytest.raises(Unusable, match="no such model"):
            registry.manifest(wrong)


def test_a_line_of_the_journal_cut_off_by_a_crash_was_never_done(registry: Registry) -> None:
    model = promoted(registry)
    with registry.journal.path.open("ab") as file:
        file.write(b'0123 {"what": "rolled_b')
    assert registry.champion().manifest.id == model
    registry.set_aside(ALONE)
    assert [entry.what for entry in registry.acts()] == ["registered", "promoted", "set_aside"]


def test_nothing_is_appended_to_a_journal_that_does_not_hold(registry: Registry) -> None:
    promoted(registry)
    forge_journal(registry)
    before = registry.journal.path.read_bytes()
    with pytest.raises(Broken, match="line 2"):
        registry.set_aside(ALONE)
    assert registry.journal.path.read_bytes() == before


def test_a_model_half_written_by_a_crash_is_not_seen(registry: Registry) -> None:
    model = promoted(registry)
    draft = registry.folder / f".{model}.0badc0de"
    shutil.copytree(registry.folder / model, draft)
    (draft / storing.SIGNATURE).unlink()
    assert registry.champion().manifest.id == model
    assert registry.challengers() == []


def test_two_promotions_at_once_leave_one_order_of_acts(registry: Registry) -> None:
    from concurrent.futures import ThreadPoolExecutor

    models = [registered(registry, **another(number)) for number in range(4)]
    marks = {model: registry.manifest(model).mark for model in models}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda model: registry.promote(model, BOTH, mark=marks[model]), models))
    promotions = [entry.model for entry in registry.acts() if entry.what == "promoted"]
    assert sorted(promotions) == sorted(models)
    assert registry.state().champion == promotions[-1]
