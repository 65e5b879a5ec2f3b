"""What could not be seen: for each household the rules that cannot know, and the inputs they lack."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.alerts.judged import UNKNOWN, Judged, Keys

Flags = npt.NDArray[np.bool_]
Unseen = list[dict[str, Any]]


class Sight:
    """The gaps of the households at ``places``; few patterns recur, so each is written out once."""

    def __init__(self, judged: Judged, places: Keys) -> None:
        self._judged = judged
        self._inputs = sorted({name for rule in judged.rules.values() for name in rule.needs} & set(judged.table))
        self._unknown: Flags = judged.codes[places] == UNKNOWN
        self._missing: Flags = judged.table[self._inputs].iloc[places].isna().to_numpy()
        self._row = {int(place): row for row, place in enumerate(places)}
        self._patterns: list[tuple[Unseen, str]] = []
        self._pattern = self._group()

    def lacking(self, place: int, rule: str) -> list[str]:
        """Return the inputs of ``rule`` that are unknown for the household at ``place``."""
        needs = self._judged.rules[rule].needs
        missing = self._missing[self._row[place]]
        return [name for name, gone in zip(self._inputs, missing, strict=True) if gone and name in needs]

    def of(self, place: int) -> tuple[Unseen, str]:
        """Return the unknown rules of the household with what each lacks, and the same as JSON text."""
        return self._patterns[self._pattern[self._row[place]]]

    def _group(self) -> list[int]:
        packed = np.packbits(np.hstack([self._unknown, self._missing]), axis=1)
        _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        self._patterns = [self._write(int(row)) for row in first]
        return [int(number) for number in np.asarray(inverse).ravel()]

    def _write(self, row: int) -> tuple[Unseen, str]:
        missing = {name for name, gone in zip(self._inputs, self._missing[row], strict=True) if gone}
        found: Unseen = [
            {"rule": rule, "inputs": sorted(missing & self._judged.rules[rule].needs)}
            for rule, unknown in zip(self._judged.names, self._unknown[row], strict=True)
            if unknown
        ]
        return found, json.dumps(found, ensure_ascii=False)
