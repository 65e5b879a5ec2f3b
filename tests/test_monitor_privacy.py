"""Keys, encryption, the blind index and the masks."""

import hmac
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from monitor import ciphers
from monitor.errors import Invalid
from monitor.privacy import Keyring, hash_token, mask_id, mask_name, mask_phone, open_keyring

RING = Keyring(bytes(range(32)))
GM = Keyring(bytes(range(32)), profile="gm")
RINGS = {"intl": RING, "gm": GM}
OTHER = Keyring(bytes(range(1, 33)))


@pytest.mark.parametrize("profile", RINGS)
@given(text=st.text())
def test_what_is_encrypted_comes_back_and_never_looks_the_same_twice(text: str, profile: str) -> None:
    ring = RINGS[profile]
    first, second = ring.encrypt(text, about="people.name"), ring.encrypt(text, about="people.name")
    assert first != second
    assert ring.decrypt(first, about="people.name") == text


@given(texts=st.lists(st.none() | st.text()))
def test_cells_of_either_profile_stay_readable_when_the_profile_changes(texts: list[str | None]) -> None:
    for writer, reader in ((RING, GM), (GM, RING)):
        cells = writer.encrypt_many(texts, about="people.name")
        assert reader.decrypt_optional(cells, about="people.name") == texts
        assert not any(reader.is_newest(cell) for cell in cells if cell is not None)
        assert all(writer.is_newest(cell) for cell in cells if cell is not None)


def test_a_cell_from_before_cells_named_their_key_stays_readable() -> None:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lowincome/encrypt").derive(bytes(range(32)))
    nonce = os.urandom(12)
    cell = nonce + AESGCM(key).encrypt(nonce, "旧格".encode(), b"people.name")
    for ring in (RING, GM, Keyring(bytes(range(32)), bytes(32))):
        assert ring.decrypt(cell, about="people.name") == "旧格"
        assert not ring.is_newest(cell)
        with pytest.raises(Invalid):
            ring.decrypt(cell, about="people.phone")


def test_a_key_added_seals_from_then_on_and_the_old_one_still_opens() -> None:
    rotated = Keyring(bytes(range(32)), bytes(range(7, 39)))
    old, new = RING.encrypt("text", about="a"), rotated.encrypt("text", about="a")
    assert rotated.decrypt(old, about="a") == rotated.decrypt(new, about="a") == "text"
    assert rotated.is_newest(new)
    assert not rotated.is_newest(old)
    with pytest.raises(Invalid):
        RING.decrypt(new, about="a")
    assert rotated.blind_index("x") == RING.blind_index("x")
    assert rotated.backup_key == RING.backup_key


def test_sm4_gcm_gives_the_answer_of_the_standard_and_a_library_that_does_not_is_refused() -> None:
    ciphers.prove()

    class Wrong(ciphers.Sm4Gcm):
        def encrypt(self, nonce: bytes, data: bytes, bound: bytes | None, /) -> bytes:
            return super().encrypt(nonce, data + b"x", bound)

    with pytest.raises(Invalid, match="known answer"):
        ciphers.prove(Wrong)


def test_a_profile_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="intl, gm"):
        Keyring(bytes(32), profile="rot13")


def test_a_cell_moved_to_another_column_cannot_be_read() -> None:
    cell = RING.encrypt("text", about="people.name")
    with pytest.raises(Invalid, match="cannot decrypt"):
        RING.decrypt(cell, about="people.phone")


@pytest.mark.parametrize("profile", RINGS)
def test_a_cell_of_another_key_or_with_a_flipped_bit_or_cut_short_cannot_be_read(profile: str) -> None:
    ring = RINGS[profile]
    cell = ring.encrypt("text", about="a")
    with pytest.raises(Invalid):
        OTHER.decrypt(cell, about="a")
    for place in range(len(cell)):
        broken = cell[:place] + bytes([cell[place] ^ 1]) + cell[place + 1 :]
        with pytest.raises(Invalid):
            ring.decrypt(broken, about="a")
        with pytest.raises(Invalid):
            ring.decrypt(cell[:place], about="a")


def test_json_comes_back_with_its_chinese() -> None:
    value = {"名": ["a", 1, None]}
    assert RING.decrypt_json(RING.encrypt_json(value, about="x"), about="x") == value


def test_the_blind_index_is_hmac_sha256_and_needs_the_key() -> None:
    assert RING.blind_index("x") == hmac.new(RING.index_key, b"x", "sha256").digest()
    assert RING.blind_index("x") != OTHER.blind_index("x")


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert len({RING.index_key, RING.fact_key, OTHER.index_key, OTHER.fact_key}) == 4


def test_a_master_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(Invalid, match="32"):
        Keyring(b"short")


def test_a_keyring_is_made_once_and_only_when_allowed(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    with pytest.raises(Invalid, match="missing"):
        open_keyring(path, create=False)
    made = open_keyring(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_keyring(path, create=False).index_key == made.index_key


@pytest.mark.parametrize(
    ("name", "masked"), [("张三丰", "张*"), ("阿卜杜拉·买买提", "阿*"), ("", ""), (None, ""), ("  李四 ", "李*")]
)
def test_a_name_is_masked_to_its_first_character(name: str | None, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(alphabet="0123456789X", min_size=0, max_size=20))
def test_a_masked_number_keeps_its_length_and_at_most_ten_digits(number: str) -> None:
    masked = mask_id(number)
    assert len(masked) == len(number)
    assert len(masked.replace("*", "")) in (0, 10)


def test_a_phone_loses_its_middle() -> None:
    assert mask_phone("10012345678") == "100****5678"
    assert mask_phone("12345") == "*****"


def test_a_token_is_kept_as_its_hash_only() -> None:
    assert hash_token("secret") != "secret"
    assert len(hash_token("secret")) == 64
