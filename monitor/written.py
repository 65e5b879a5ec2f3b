"""Values as JSON text: their encoder is made once, not anew for each of the half million that a night writes."""

from collections.abc import Callable
from json import JSONEncoder, encoder
from typing import Any


def _made() -> Callable[[Any], str]:
    said = JSONEncoder(ensure_ascii=False)
    # What ``JSONEncoder.encode`` makes for each value and throws away; without the list of what holds itself.
    write = encoder.c_make_encoder(  # type: ignore[attr-defined]
        None, said.default, encoder.encode_basestring, None, said.key_separator, said.item_separator,
        said.sort_keys, said.skipkeys, said.allow_nan,
    )  # fmt: skip
    return lambda value: "".join(write(value, 0))


as_json = _made()
"""Return a value as ``json.dumps(value, ensure_ascii=False)`` does."""
