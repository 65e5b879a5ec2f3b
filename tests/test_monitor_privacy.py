"""Keys, encryption, the blind index and the masks."""

import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Invalid
from monitor.privacy import Keyring, hash_token, mask_id, mask_name, mask_phone, open_keyring

RING = Keyring(bytes(range(32)))
OTHER = Keyring(bytes(range(1, 33)))


@given(st.text())
def test_what_is_encrypted_comes_back_and_never_looks_the_same_twice(text: str) -> None:
    first, second = RING.encrypt(text, about="people.name"), RING.encrypt(text, about="people.name")
    assert first != second
    assert RING.decrypt(first, about="people.name") == text


def test_a_cell_moved_to_another_column_cannot_be_read() -> None:
    cell = RING.encrypt("text", about="people.name")
    with pytest.raises(Invalid, match="cannot decrypt"):
        RING.decrypt(cell, about="people.phone")


def test_a_cell_of_another_key_or_with_a_flipped_bit_cannot_be_read() -> None:
    cell = RING.encrypt("text", about="a")
    with pytest.raises(Invalid):
        OTHER.decrypt(cell, about="a")
    for place in range(len(cell)):
        broken = cell[:place] + bytes([cell[place] ^ 1]) + cell[place + 1 :]
        with pytest.raises(Invalid):
            RING.decrypt(broken, about="a")


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
