"""A model as files: skops for the estimator, Parquet for its reference, a signed manifest that names both by hash."""

import hashlib
import hmac
import json
import os
import platform
import secrets
import shutil
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import skops.io
from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

from models.explanation import Reference
from models.refusals import Unlearnable

MODEL, REFERENCE, MANIFEST, SIGNATURE = "model.skops", "reference.parquet", "manifest.json", "manifest.mac"
# numpy reads an array's header as a Python literal, and Python 3.11 cannot parse in two threads at once for certain.
_ONE_AT_A_TIME = Lock()
# What a file may be made of beyond plain scikit-learn and numpy; anything else is refused before it is built.
TRUSTED = (
    "functools.partial",
    "models.design.Design",
    "models.design._Term",
    "models.lines.Line",
    "models.members.Average",
    "models.members.BoostedNext",
    "models.members.RidgeNext",
    "models.members.RuleOrder",
    "models.members.Scorecard",
    "models.scorer.RiskScorer",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
)
MOST_BYTES = 256 << 20
_SIGNED = b"lowincome/model manifest\n"
_LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "skops")


class Unusable(Unlearnable):
    """A model that may not score; ``reason`` is one word for it, the message says what to do."""

    def __init__(self, reason: str, *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.reason = reason


@dataclass(frozen=True)
class Manifest:
    """What is known of a model: plain values, signed.

    ``features`` in the model's order; ``training``: windows, labels, rows, seed, deliveries; ``gates``: as
    ``models.gates.Gate.as_plain`` says them; ``files``: SHA-256 by name; ``scores``: SHA-256 of the scores of the
    reference's rows, so that a model trained twice alike is seen to be the same.
    """

    kind: str
    features: tuple[str, ...]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    gates: tuple[Mapping[str, Any], ...]
    by: str
    at: str
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    scores: str = ""

    @property
    def id(self) -> str:
        """Return the model's name: the same training, judged alike, gives the same one."""
        told = json.dumps([self.kind, self.features, self.training, self.gates, self.scores], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @property
    def mark(self) -> str:
        """Return eight signs that stand on the model's card: who signs it shows by them which card was read."""
        return hashlib.sha256(_written(self)).hexdigest()[:8]


def versions_here() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a score depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}


def save(folder: Path, manifest: Manifest, scorer: Any, reference: Reference, *, key: bytes) -> Manifest:
    """Write a model into ``folder / id``, all of it or nothing, and return its manifest as signed.

    A model that is there already is left as it is. Refuses, before anything is written, an estimator made of types
    that could not be read back.
    """
    model, rows = skops.io.dumps(scorer), reference.rows.assign(_kind=reference.kinds.to_numpy())
    _known_types(model)
    table = BytesIO()
    rows.to_parquet(table, index=False)
    contents = {MODEL: model, REFERENCE: table.getvalue()}
    signed = Manifest(
        **{
            **_fields(manifest),
            "versions": versions_here(),
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
            "scores": hashlib.sha256(scorer.decision_function(reference.rows).tobytes()).hexdigest(),
        }
    )
    place = folder / signed.id
    if place.exists():
        return read_manifest(place, key=key)
    written = _written(signed)
    contents |= {MANIFEST: written, SIGNATURE: _mac(written, key).encode()}
    _put(place, contents)
    return signed


def read_manifest(place: Path, *, key: bytes) -> Manifest:
    """Return the manifest in ``place`` once its signature holds; refuses a missing or changed one."""
    try:
        written, mac = (place / MANIFEST).read_bytes(), (place / SIGNATURE).read_bytes()
    except OSError as error:
        raise _missing(place, error) from None
    if not hmac.compare_digest(mac.strip(), _mac(written, key).encode()):
        raise Unusable(
            "tampered",
            zh=f"模型 {place.name} 的签名不符（文件被改动或密钥不同）：从备份恢复或重新训练",
            en=f"the signature of model {place.name} does not hold (changed, or another key): restore it or train anew",
        )
    try:
        said = json.loads(written)
        return Manifest(**{**said, "features": tuple(said["features"]), "gates": tuple(said["gates"])})
    except (ValueError, TypeError, KeyError) as error:
        raise _unreadable(place, type(error).__name__) from None


def load(place: Path, manifest: Manifest) -> tuple[Any, Reference]:
    """Return the estimator and its reference; ``manifest`` is as ``read_manifest`` returned it.

    Refuses files that are missing, of other bytes, of another version of scikit-learn, made of types beyond
    ``TRUSTED``, or that score other features. Nothing is built from a file before all of that holds.
    """
    contents = {name: _checked(place, name, told) for name, told in sorted(manifest.files.items())}
    _same_library(place, manifest)
    model = contents[MODEL]
    with _ONE_AT_A_TIME:
        _known_types(model, place)
        scorer = _built(place, lambda: skops.io.loads(model, trusted=list(TRUSTED)))
    rows = _built(place, lambda: pd.read_parquet(BytesIO(contents[REFERENCE])))
    names = tuple(str(name) for name in getattr(scorer, "feature_names_in_", ()))
    if names != manifest.features:
        raise _unreadable(place, "features")
    _bounded(scorer, place)
    return scorer, Reference(rows.drop(columns="_kind"), rows["_kind"].astype(str))


def _built(place: Path, build: Any) -> Any:
    # What skops, zip and Arrow raise on bytes that are no model; the bytes are signed, so this is our own mistake.
    mistakes = (TypeError, ValueError, KeyError, IndexError, AttributeError, ImportError, EOFError, RecursionError)
    try:
        return build()
    except (*mistakes, OSError, zipfile.BadZipFile, zlib.error, pa.ArrowException) as error:
        raise _unreadable(place, type(error).__name__) from error


def _known_types(model: bytes, place: Path | None = None) -> None:
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=model)) - set(TRUSTED))
    except (
        UnsupportedTypeException,
        UntrustedTypesFoundException,
        TypeError,
        ValueError,
        KeyError,
        zipfile.BadZipFile,
    ):
        raise _unreadable(place or Path(MODEL), "skops") from None
    if unknown:
        raise Unusable(
            "types",
            zh=f"模型文件含有不允许的类型：{unknown}，拒绝读取",
            en=f"the model's file is made of types that are not on the list: {unknown}; it is not read",
        )


def _bounded(scorer: Any, place: Path) -> None:
    """Refuse trees that point outside themselves or back: scikit-learn follows them without looking."""
    for booster in _boosters(scorer):
        for nodes in (each.nodes for stage in booster._predictors for each in stage):
            here = np.flatnonzero(nodes["is_leaf"] == 0)
            children = np.concatenate([nodes[name][here].astype(np.int64) for name in ("left", "right")])
            onward = (children > np.tile(here, 2)).all() and (children < len(nodes)).all()
            if not onward or (nodes["feature_idx"][here] >= booster.n_features_in_).any():
                raise _unreadable(place, "nodes")


def _boosters(scorer: Any) -> Iterator[Any]:
    if hasattr(scorer, "booster_"):
        yield scorer.booster_
    for _, member in getattr(scorer, "members_", ()):
        yield from _boosters(member)


def _checked(place: Path, name: str, told: str) -> bytes:
    try:
        path = place / name
        data = b"" if path.stat().st_size > MOST_BYTES else path.read_bytes()
    except OSError as error:
        raise _missing(place, error) from None
    if hashlib.sha256(data).hexdigest() != told:
        raise Unusable(
            "tampered",
            zh=f"模型 {place.name} 的 {name} 与登记的哈希不符：从备份恢复或重新训练",
            en=f"{name} of model {place.name} is not the file that was registered: restore it or train anew",
        )
    return data


def _same_library(place: Path, manifest: Manifest) -> None:
    there, here = manifest.versions.get("scikit-learn", ""), version("scikit-learn")
    if there != here:
        raise Unusable(
            "version",
            zh=f"模型 {place.name} 由 scikit-learn {there} 训练，本机为 {here}：重新训练并经批准后启用",
            en=f"model {place.name} was made by scikit-learn {there}, here is {here}: train anew and promote that",
        )


def _missing(place: Path, error: OSError) -> Unusable:
    why = type(error).__name__
    return Unusable(
        "missing",
        zh=f"模型 {place.name} 的文件缺失或不可读（{why}）：从备份恢复",
        en=f"files of model {place.name} are missing or cannot be read ({why}): restore them from a backup",
    )


def _unreadable(place: Path, why: str) -> Unusable:
    return Unusable(
        "unreadable",
        zh=f"模型 {place.name} 无法读取（{why}）：重新训练",
        en=f"model {place.name} cannot be read ({why}): train anew",
    )


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__dataclass_fields__}


def _written(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), ensure_ascii=False, sort_keys=True, indent=1).encode()


def _mac(written: bytes, key: bytes) -> str:
    return hmac.new(key, _SIGNED + written, hashlib.sha256).hexdigest()


def _put(place: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder under another name and give it its own when every byte is on the disk."""
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    draft.mkdir(parents=True)
    try:
        for name, data in contents.items():
            with (draft / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        draft.rename(place)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if sys.platform != "win32":
        held = os.open(place.parent, os.O_RDONLY)
        os.fsync(held)
        os.close(held)
