"""JSON text from an encoder made once says what the library's own says, to the letter."""

import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.written import as_json

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = st.text() | st.integers() | st.booleans() | st.none()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner))


@given(VALUES)
def test_a_value_is_written_as_the_library_writes_it(value: Any) -> None:
    assert as_json(value) == json.dumps(value, ensure_ascii=False)


def test_what_json_has_no_word_for_is_refused_in_the_librarys_words_and_the_next_is_written() -> None:
    with pytest.raises(TypeError, match="UUID is not JSON serializable"):
        as_json({"id": uuid.uuid4()})
    assert as_json({"名": ["低保", 1.5]}) == '{"名": ["低保", 1.5]}'
