"""What is wrong with one field of a request, in Chinese and in English: what is expected, never what was sent."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Expected(NamedTuple):
    """A kind of fault, as one of a few words of ours, and what the field should have been."""

    code: str
    zh: str
    en: str


_KINDS: Mapping[str, Expected] = {
    "missing": Expected("missing", "必填", "required"),
    "extra_forbidden": Expected("unknown_field", "没有这个字段，请去掉", "there is no such field: leave it out"),
    "json_invalid": Expected("not_json", "须为有效的 JSON", "must be valid JSON"),
    "literal_error": Expected("not_one_of", "须为以下之一：{expected}", "must be one of: {expected}"),
    "enum": Expected("not_one_of", "须为以下之一：{expected}", "must be one of: {expected}"),
    "string_too_long": Expected("too_long", "最多 {max_length} 个字符", "at most {max_length} characters"),
    "string_too_short": Expected("too_short", "至少 {min_length} 个字符", "at least {min_length} characters"),
    "too_long": Expected("too_long", "最多 {max_length} 项", "at most {max_length} items"),
    "too_short": Expected("too_short", "至少 {min_length} 项", "at least {min_length} items"),
    "greater_than_equal": Expected("out_of_range", "不得小于 {ge}", "must be {ge} or more"),
    "less_than_equal": Expected("out_of_range", "不得大于 {le}", "must be {le} or less"),
    "greater_than": Expected("out_of_range", "须大于 {gt}", "must be more than {gt}"),
    "less_than": Expected("out_of_range", "须小于 {lt}", "must be less than {lt}"),
    "string_pattern_mismatch": Expected("wrong_form", "写法须为 {form_zh}", "must be written as {form_en}"),
}
_FAMILIES: Mapping[str, Expected] = {
    "date_": Expected("not_a_date", "须为日期，写作 YYYY-MM-DD", "must be a date, written YYYY-MM-DD"),
    "datetime_": Expected("not_an_instant", "须为时刻，写作 YYYY-MM-DDThh:mm:ss+08:00", "must be an instant, RFC 3339"),
    "timezone_": Expected("not_an_instant", "时刻须带时区", "the instant must carry its offset"),
    "uuid_": Expected("not_an_id", "须为 UUID（32 位十六进制，分五段）", "must be a UUID"),
    "int_": Expected("not_a_number", "须为整数", "must be a whole number"),
    "float_": Expected("not_a_number", "须为数字", "must be a number"),
    "decimal_": Expected("not_a_number", "须为数字", "must be a number"),
    "finite_": Expected("not_a_number", "须为有限的数字", "must be a finite number"),
    "bool_": Expected("not_a_flag", "须为 true 或 false", "must be true or false"),
    "string_": Expected("not_a_text", "须为一段文字", "must be a text"),
    "list_": Expected("not_a_list", "须为列表", "must be a list"),
    "model_": Expected("not_an_object", "须为 JSON 对象", "must be a JSON object"),
    "dict_": Expected("not_an_object", "须为 JSON 对象", "must be a JSON object"),
}
_OTHER = Expected("not_as_required", "不符合接口说明（见 /openapi.json）", "not as /openapi.json describes it")
_FORMS: Mapping[str, tuple[str, str]] = {
    "^[0-9]{2,12}$": ("2 至 12 位数字的行政区划代码", "a region code of 2 to 12 digits"),
    "^[a-z][a-z0-9_]{0,63}$": ("规则名（小写字母、数字、下划线）", "a rule's name: small letters, digits, underscores"),
    "^[a-z_]{1,64}$": ("部门数据名（小写字母、下划线）", "a feed's name: small letters and underscores"),
    "^[0-9a-fA-F]{64}$": ("64 位十六进制的 SHA-256", "a SHA-256 of 64 hexadecimal digits"),
}


def expected(kind: str, context: Mapping[str, Any]) -> Expected:
    """Return what a field should have been, from the kind of its fault and the limits that its schema sets.

    ``context`` is used for limits and choices only: what is the sender's own text never gets into the words.
    """
    families = (said for start, said in _FAMILIES.items() if kind.startswith(start))
    found = _KINDS.get(kind) or next(families, _OTHER)
    pattern = str(context.get("pattern", ""))
    form_zh, form_en = _FORMS.get(pattern, (pattern, pattern))
    limits = {name: context[name] for name in ("max_length", "min_length", "ge", "le", "gt", "lt") if name in context}
    choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    words = limits | {"expected": choices, "form_zh": form_zh, "form_en": form_en}
    return Expected(found.code, found.zh.format(**words), found.en.format(**words))
