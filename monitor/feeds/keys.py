"""Fact keys: a keyed 64-bit hash (SipHash-2-4) of what makes a row the same row again.

A plate or certificate number enters the lake only so. The hash is reckoned over whole columns: all keys of one
length in a few array operations.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.stride_tricks import sliding_window_view

Words = npt.NDArray[np.uint64]
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_CHUNK = 1 << 14


def fact_keys(parts: Sequence[pa.Array], secret: bytes) -> npt.NDArray[np.int64]:
    """Return a key for each row of ``parts``; equal rows have equal keys, on every machine.

    ``secret`` is the installation's fact key (16 bytes of it are used). A row with a null part gets a key too;
    the caller leaves such rows out.
    """
    texts = [pc.fill_null(pc.cast(part, pa.large_string()), "") for part in parts]
    joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string()))
    return siphash(joined, secret[:16]).view(np.int64)


def siphash(texts: pa.Array, key: bytes) -> Words:
    """Return SipHash-2-4 of the UTF-8 bytes of each of ``texts`` (large_string, no nulls)."""
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(offsets)
    result = np.empty(len(texts), dtype=np.uint64)
    for length in np.flatnonzero(np.bincount(lengths)):
        rows = np.flatnonzero(lengths == length)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            result[some] = _of_one_length(data, offsets[:-1][some], int(length), key)
    return result


def _of_one_length(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], length: int, key: bytes) -> Words:
    message = _words(data, starts, length)
    first, second = (np.uint64(int.from_bytes(key[at : at + 8], "little")) for at in (0, 8))
    state = [
        np.full(len(starts), np.uint64(start) ^ half, dtype=np.uint64)
        for start, half in zip(_START, (first, second, first, second), strict=True)
    ]
    for word in message:
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= np.uint64(0xFF)
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _words(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], length: int) -> Words:
    """Return the texts' words, padded as the hash demands: the first word of each, the second of each, and so on."""
    padded = np.zeros((len(starts), (length // 8 + 1) * 8), dtype=np.uint8)
    if length:
        padded[:, :length] = sliding_window_view(data, length)[starts]
    padded[:, -1] = length & 0xFF
    return np.ascontiguousarray(padded.view("<u8").T).astype(np.uint64, copy=False)


def _rounds(state: list[Words], count: int) -> None:
    """Turn the four words in place, with one array to spare: a fresh one costs as much as a step."""
    spare = np.empty_like(state[0])
    for _ in range(count):
        state[0] += state[1]
        state[2] += state[3]
        _turn(state[1], 13, spare)
        state[1] ^= state[0]
        _turn(state[3], 16, spare)
        state[3] ^= state[2]
        _turn(state[0], 32, spare)
        state[2] += state[1]
        state[0] += state[3]
        _turn(state[1], 17, spare)
        state[1] ^= state[2]
        _turn(state[3], 21, spare)
        state[3] ^= state[0]
        _turn(state[2], 32, spare)


def _turn(words: Words, bits: int, spare: Words) -> None:
    np.right_shift(words, np.uint64(64 - bits), out=spare)
    words <<= np.uint64(bits)
    words |= spare
