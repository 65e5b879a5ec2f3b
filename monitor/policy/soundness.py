"""Check page against page: every name exists, every expression is of the kind that its place wants."""

from collections.abc import Mapping

from monitor.policy.feed_pages import FeedPage
from monitor.policy.indicator_pages import IndicatorPage, find
from monitor.policy.language import Expression, Kind, PolicyError, kind_of
from monitor.policy.language.kinds import KINDS
from monitor.policy.language.tree import Among, Comparison, Name, Parameter, Text, parts
from monitor.policy.reading import Words
from monitor.policy.rule_pages import Rule
from monitor.policy.thresholds import Parameter as ParameterPage
from monitor.policy.vocabulary import CATEGORIES, CONSTANTS, MEMBER, REGISTER

INDICATOR = Words("指标", "indicator")
PARAMETER = Words("参数", "parameter")
FEED = Words("部门数据", "feed")
COLUMN = Words("列", "column")
CATEGORY = Words("救助类别", "category")
WANTED: Mapping[str, Kind] = {"any": "flag", "sum": "number", "max": "number", "min": "number"}
ROLLED_UP: Mapping[str | None, Kind] = {"any": "flag", "sum": "number", "max": "number", "min": "number"}
ATTRIBUTES: Mapping[str, Kind] = {name: kind for name, (kind, _, _) in REGISTER.items()}


def check_indicator(
    page: IndicatorPage, indicators: Mapping[str, IndicatorPage], feeds: Mapping[str, FeedPage]
) -> None:
    """Refuse an indicator over a feed, column or indicator that no page defines, or over itself."""
    for feed in [*page.reads, *([page.feed] if page.feed else [])]:
        find(feeds, feed, page.place, FEED)
    for expression in (page.where, page.value.argument if page.value else None, page.compute):
        if expression and expression.parameters:
            raise expression.refuse(
                expression.every(lambda node: isinstance(node, Parameter))[0],
                zh="指标只说事实,标准写在规则里",
                en="an indicator is a fact; limits belong in rules",
            )
    if page.feed:
        _check_facts(page, feeds[page.feed])
    if page.compute:
        _check_computed(page, page.compute, indicators, feeds)


def _check_computed(
    page: IndicatorPage,
    compute: Expression,
    indicators: Mapping[str, IndicatorPage],
    feeds: Mapping[str, FeedPage],
) -> None:
    known = {**dict.fromkeys(indicators, page.kind), **ATTRIBUTES, **CONSTANTS}
    check_names(compute, {**known, **MEMBER} if page.level == "member" else known, INDICATOR)
    _check_circle(page, indicators, ())
    kinds = _kinds_below(page, indicators, feeds)
    check_kind(compute, kinds, page.kind if page.level == "household" else ROLLED_UP.get(page.household))


def _kinds_below(
    page: IndicatorPage, indicators: Mapping[str, IndicatorPage], feeds: Mapping[str, FeedPage]
) -> Mapping[str, Kind]:
    """The kinds of what ``page`` is computed from: of households, or of one member."""
    below = {name: indicators[name] for name in page.names if name in indicators}
    if page.level == "household":
        return {**{name: inner.kind for name, inner in below.items()}, **ATTRIBUTES, **CONSTANTS}
    of_members = {name: _kind_of_member(inner, indicators, feeds) for name, inner in below.items()}
    return {**{name: kind for name, kind in of_members.items() if kind}, **ATTRIBUTES, **CONSTANTS, **MEMBER}


def _kind_of_member(
    page: IndicatorPage, indicators: Mapping[str, IndicatorPage], feeds: Mapping[str, FeedPage]
) -> Kind | None:
    if page.compute:
        return kind_of(page.compute, _kinds_below(page, indicators, feeds))
    value = page.value
    if value and value.argument and value.function == "latest":
        return kind_of(value.argument, {**CONSTANTS, **MEMBER, **feeds[page.feed or ""].kinds})
    return "flag" if value and value.function == "any" else "number"


def _check_facts(page: IndicatorPage, feed: FeedPage) -> None:
    kinds = {**CONSTANTS, **MEMBER, **feed.kinds}
    for name in [page.on, page.value.by if page.value else None]:
        if name:
            find(feed.kinds, name, page.place, COLUMN)
    if page.where:
        check_names(page.where, kinds, COLUMN)
        check_kind(page.where, kinds, "flag")
    if page.value and page.value.argument:
        check_names(page.value.argument, kinds, COLUMN)
        if page.value.function in WANTED:
            check_kind(page.value.argument, kinds, WANTED[page.value.function])


def _check_circle(page: IndicatorPage, indicators: Mapping[str, IndicatorPage], above: tuple[str, ...]) -> None:
    if page.name in above:
        way = " -> ".join((*above, page.name))
        raise PolicyError(page.place, zh=f"指标互相循环:{way}", en=f"indicators go in a circle: {way}")
    for name in sorted(page.names):
        if name in indicators:
            _check_circle(indicators[name], indicators, (*above, page.name))


def check_rule(rule: Rule, indicators: Mapping[str, IndicatorPage], parameters: Mapping[str, ParameterPage]) -> None:
    """Refuse a rule that reads what no page defines, or compares what cannot be compared."""
    kinds = {**{name: page.kind for name, page in indicators.items()}, **ATTRIBUTES}
    wanted: tuple[tuple[Expression | None, Kind], ...] = ((rule.when, "flag"), (rule.limit, "number"))
    for expression, kind in wanted:
        if expression:
            check_names(expression, kinds, INDICATOR)
            check_parameters(expression, parameters)
            check_kind(expression, kinds, kind)
            check_codes(expression)
    if rule.observed:
        find(kinds, rule.observed, rule.place, INDICATOR)
    _check_shown(rule)
    _check_examples(rule)
    for template in rule.sentence.values():
        for name in sorted(template.names - {"limit"}):
            find(kinds, name, rule.sentence_at, INDICATOR)
    if any("limit" in template.names for template in rule.sentence.values()) and not rule.limit:
        raise PolicyError(
            rule.place, zh="句中有 {limit},页上没有 limit", en="the sentence has {limit}, the page no limit"
        )


def _check_examples(rule: Rule) -> None:
    for example in rule.examples:
        if example.given.get("category") is not None:
            find(CATEGORIES, str(example.given["category"]), example.place, CATEGORY)


def _check_shown(rule: Rule) -> None:
    """Refuse a limit or a value that the condition does not look at: the sentence would say what was not judged."""
    if rule.limit and (other := sorted(rule.limit.parameters - rule.when.parameters)):
        zh, en = f"limit 中的标准 {other[0]} 不在 when 里", f"the limit's parameter {other[0]} is not in the condition"
        raise rule.limit.refuse(rule.limit.root, zh=zh, en=en)
    if rule.observed and rule.observed not in rule.when.names:
        zh, en = (
            f"observed 的 {rule.observed} 不在 when 里",
            f"what is observed, {rule.observed}, is not in the condition",
        )
        raise PolicyError(rule.place, zh=zh, en=en)


def check_names(expression: Expression, known: Mapping[str, Kind], what: Words) -> None:
    """Refuse the first name that ``known`` does not hold, at its own column."""
    for node in expression.every(lambda node: isinstance(node, Name)):
        if isinstance(node, Name):
            find(known, node.name, expression.place.at(node.at), what)


def check_codes(expression: Expression) -> None:
    """Refuse a category that there is none of: nobody would ever be in it, and the rule would be silent."""
    for node in expression.every(lambda node: isinstance(node, Comparison | Among)):
        subject, *others = parts(node)
        if not isinstance(subject, Name) or subject.name != "category":
            continue
        for other in (one for one in others if isinstance(one, Text)):
            find(CATEGORIES, other.value, expression.place.at(other.at), CATEGORY)


def check_parameters(expression: Expression, parameters: Mapping[str, ParameterPage]) -> None:
    """Refuse the first parameter that no page defines, at its own column."""
    for node in expression.every(lambda node: isinstance(node, Parameter)):
        if isinstance(node, Parameter):
            find(parameters, node.name, expression.place.at(node.at), PARAMETER)


def check_kind(expression: Expression, kinds: Mapping[str, Kind], wanted: Kind | None) -> None:
    """Refuse an expression that is well made but of another kind than ``wanted``; None wants any."""
    found = kind_of(expression, kinds)
    if found is not None and wanted is not None and found != wanted:
        raise expression.refuse(
            expression.root,
            zh=f"整体应为{KINDS[wanted][0]},却是{KINDS[found][0]}",
            en=f"the whole should be {KINDS[wanted][1]}, but is {KINDS[found][1]}",
        )
