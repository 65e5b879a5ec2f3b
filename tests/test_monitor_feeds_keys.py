"""Fact keys are SipHash-2-4, equal for equal rows and for nothing else."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.keys import fact_keys, siphash

KEY = bytes(range(16))
MASK = (1 << 64) - 1
# The vectors of the authors' reference implementation (Aumasson and Bernstein, 2012): input 00 01 02 ..., key 00..0f.
VECTORS = {
    0: "310e0edd47db6f72",
    1: "fd67dc93c539f874",
    7: "37d1018bf50002ab",
    8: "6224939a79f5f593",
    15: "e545be4961ca29a1",
}


def plain(data: bytes, key: bytes) -> int:
    """SipHash-2-4 as its authors describe it, one byte string at a time."""
    k0, k1 = (int.from_bytes(key[at : at + 8], "little") for at in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(x: int, b: int) -> int:
        return ((x << b) | (x >> (64 - b))) & MASK

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0], v[2] = (v[0] + v[1]) & MASK, (v[2] + v[3]) & MASK
            v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2], v[0] = (v[2] + v[1]) & MASK, (v[0] + v[3]) & MASK
            v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    whole = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(whole), 8):
        word = int.from_bytes(whole[at : at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_hash_gives_the_vectors_of_its_authors() -> None:
    found = siphash(pa.array([bytes(range(n)).decode() for n in VECTORS], pa.large_string()), KEY)
    assert [int(word).to_bytes(8, "little").hex() for word in found] == list(VECTORS.values())


@given(st.lists(st.text(max_size=40), max_size=20), st.binary(min_size=16, max_size=16))
def test_a_column_hashes_as_its_texts_do_one_by_one(texts: list[str], key: bytes) -> None:
    column = pa.concat_arrays([pa.array(["skipped"], pa.large_string()), pa.array(texts, pa.large_string())]).slice(1)
    assert siphash(column, key).tolist() == [plain(text.encode(), key) for text in texts]


@given(st.lists(st.tuples(st.integers(0, 50), st.text(max_size=3)), min_size=1))
def test_equal_rows_have_equal_keys_and_different_rows_have_not(rows: list[tuple[int, str]]) -> None:
    keys = fact_keys([pa.array([one for one, _ in rows]), pa.array([two for _, two in rows])], KEY * 2)
    assert len(set(keys.tolist())) == len(set(rows))


def test_another_installation_has_other_keys() -> None:
    column = [pa.array(["皖B12345"])]
    assert fact_keys(column, b"a" * 32)[0] != fact_keys(column, b"b" * 32)[0]
