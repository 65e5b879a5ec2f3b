"""An alert, and the account of a household, in words: Chinese or English, for a terminal or a printed page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from monitor.alerts.explaining import Account, Answer
from monitor.alerts.people import Shown, places, title
from monitor.lifecycle import ALERT
from monitor.policy import Policy
from monitor.policy.vocabulary import CATEGORIES, DIRECTIONS, LEVELS, UNITS
from monitor.tables import Alert, Reason

Language = Literal["zh", "en"]

_GAPS_NAMED = 4
_STATUS: Mapping[Language, Mapping[str, str]] = {
    "zh": {"active": "", "unknown": "·现缺数据", "cleared": "·已消除", "annulled": "·已撤销"},
    "en": {"active": "", "unknown": ", no data now", "cleared": ", cleared", "annulled": ", annulled"},
}
_SAID: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "head": "【{level}预警】{number} {name}户 {region} {category} 共{count}人，{opened}起第{episode}次预警",
        "cleared": "  全部原因已于{on}消除，待人工办结",
        "reason": "  {place}. [{level}·{direction}{status}] {sentence}",
        "law": "     依据：{title} {article}{known}", "known": "；数据截至 {}",
        "row": "     凭据：{feed} 第{delivery}批第{row}行{who}{on}{amount}",
        "who": "，成员{}", "on": "，{}", "amount": "，{}{}",
        "unseen": "  未能判断的规则：{}{more}", "more": " 等共{}条",
        "rule": "{}（缺少：{}）", "no_limit": "当地无有效标准",
        "fires": "触发", "silent": "未触发", "unknown": "缺数据",
        "account": "{number} {region} {category}，截至{as_of}：{fires}条触发，{unknown}条缺数据，{silent}条未触发",
        "answer": "  [{verdict}] {name}：{text}",
        "quiet": "     已核实无需处理，静默至 {until}（{why}）",
        "dormant": "  [缺数据] 休眠{count}条，缺 {feeds}：{rules}", "never": "{}（从未收到）", "last": "{}（最近 {}）",
        "stale": "  已过期的数据：{}", "list": "、", "steps": "；",
    },
    "en": {
        "head": "[{level} alert] {number}, {name}, {region}, {category}, "
        "{count} member(s), episode {episode}, since {opened}",
        "cleared": "  every reason cleared on {on}; a person may close it",
        "reason": "  {place}. [{level}, {direction}{status}] {sentence}",
        "law": "     under: {title} {article}{known}", "known": "; data up to {}",
        "row": "     shown by: {feed}, delivery {delivery}, row {row}{who}{on}{amount}",
        "who": ", member {}", "on": ", {}", "amount": ", {} {}",
        "unseen": "  rules that could not be judged: {}{more}", "more": ", {} in all",
        "rule": "{} (lacks: {})", "no_limit": "a limit in force here",
        "fires": "fires", "silent": "silent", "unknown": "unknown",
        "account": "{number}, {region}, {category}, as of {as_of}: {fires} fire, {unknown} unknown, {silent} silent",
        "answer": "  [{verdict}] {name}: {text}",
        "quiet": "     found to need nothing, quiet until {until} ({why})",
        "dormant": "  [unknown] {count} dormant for want of {feeds}: {rules}",
        "never": "{} (never received)", "last": "{} (last on {})",
        "stale": "  stale or missing data: {}", "list": ", ", "steps": "; ",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Speaker:
    """Says things in one language, with the names that policy gives to rules, indicators and feeds."""

    policy: Policy
    language: Language

    def alert(self, alert: Alert, shown: Sequence[Shown], *, region: str) -> str:
        """Return the alert in words: who (masked), where, how urgent, each reason with its law and its rows."""
        said = self._said
        lines = [
            said["head"].format(
                level=LEVELS[alert.level][self.language], number=alert.household.household_no, name=title(shown),
                region=region, category=self._category(alert.category), count=len(shown), opened=alert.opened_on,
                episode=alert.episode,
            )
        ]  # fmt: skip
        if alert.cleared_on and alert.status in ALERT.living:
            lines.append(said["cleared"].format(on=alert.cleared_on))
        for number, reason in enumerate(alert.reasons, start=1):
            lines.extend(self._reason(number, reason, places(shown)))
        if alert.unseen:
            lines.append(self._gaps(alert.unseen))
        return "\n".join(lines)

    def account(self, account: Account, *, region: str) -> str:
        """Return why and why not: what fires, what is unknown, and the nearest way for the rest to fire.

        Rules that only wait for a feed are one line for each feed (or for those that lack the same several).
        """
        said, verdicts = self._said, [answer.explanation.verdict for answer in account.answers]
        lines = [
            said["account"].format(
                number=account.household.household_no, region=region, category=self._category(account.category),
                as_of=account.as_of, **{name: verdicts.count(name) for name in ("fires", "unknown", "silent")},
            )
        ]  # fmt: skip
        dormant = _dormant(account, self.policy)
        asleep = {answer.explanation.rule.name for answers in dormant.values() for answer in answers}
        for answer in account.answers:
            if answer.explanation.rule.name not in asleep:
                lines.extend(self._answer(answer))
        lines.extend(self._asleep(account, feeds, answers) for feeds, answers in sorted(dormant.items()))
        stale = [self.feed(name) for name, state in sorted(account.states.items()) if not state.fresh]
        if stale:
            lines.append(said["stale"].format(said["list"].join(stale)))
        return "\n".join(lines)

    def unseen(self, gap: Mapping[str, Any]) -> str:
        """Name a rule that could not be judged and what it lacked."""
        inputs = [self.indicator(name) for name in gap["inputs"]] or [self._said["no_limit"]]
        return self._said["rule"].format(self.rule(gap["rule"]), self._said["list"].join(inputs))

    def rule(self, name: str) -> str:
        """Return what policy calls the rule; its bare name when policy no longer has it."""
        return self.policy.rules[name].description[self.language] if name in self.policy.rules else name

    def indicator(self, name: str) -> str:
        """Return what policy calls the indicator or the register's column."""
        return self.policy.explainer.names[self.language].get(name, name)

    def feed(self, name: str) -> str:
        """Return what policy calls the feed."""
        return self.policy.feeds[name].description[self.language] if name in self.policy.feeds else name

    def unit(self, feed: str) -> str:
        """Return the unit of what the feed's rows amount to; empty where they have none in common."""
        unit = self.policy.feeds[feed].amount_unit if feed in self.policy.feeds else "yuan"
        return UNITS[unit][self.language] if unit else ""

    def _gaps(self, unseen: Sequence[Mapping[str, Any]]) -> str:
        said, first = self._said, unseen[:_GAPS_NAMED]
        more = said["more"].format(len(unseen)) if len(unseen) > len(first) else ""
        return said["unseen"].format(said["list"].join(map(self.unseen, first)), more=more)

    def _reason(self, number: int, reason: Reason, who: Mapping[int, int]) -> Iterator[str]:
        said = self._said
        yield said["reason"].format(
            place=number, level=LEVELS[reason.level][self.language],
            direction=DIRECTIONS[reason.direction][self.language], status=_STATUS[self.language][reason.status],
            sentence=reason.sentence_zh if self.language == "zh" else reason.sentence_en,
        )  # fmt: skip
        law = reason.reference
        known = said["known"].format(reason.data_on) if reason.data_on else ""
        yield said["law"].format(title=law.get("title", ""), article=law.get("article", ""), known=known)
        for row in reason.evidence:
            yield self._row(row, who)

    def _row(self, row: Mapping[str, Any], who: Mapping[int, int]) -> str:
        said, place = self._said, who.get(row["person"])
        amount = "" if row["amount"] is None else said["amount"].format(f"{row['amount']:,.2f}", self.unit(row["feed"]))
        return said["row"].format(
            feed=self.feed(row["feed"]), delivery=row["delivery"], row=row["row"],
            who=said["who"].format(place) if place else "", on=said["on"].format(row["on"]) if row["on"] else "",
            amount=amount.rstrip(),
        )  # fmt: skip

    def _answer(self, answer: Answer) -> Iterator[str]:
        said, one = self._said, answer.explanation
        steps = said["steps"].join(step[self.language] for step in one.gap_sentences)
        text = one.sentence[self.language] if one.verdict == "fires" else steps
        yield said["answer"].format(verdict=said[one.verdict], name=self.rule(one.rule.name), text=text)
        if answer.quiet:
            yield said["quiet"].format(until=answer.quiet.until_on, why=answer.quiet.why)

    def _asleep(self, account: Account, feeds: Sequence[str], answers: Sequence[Answer]) -> str:
        said, joined = self._said, self._said["list"].join
        heard = {feed: account.states[feed].last_known_on for feed in feeds}
        names = [said["last" if on else "never"].format(self.feed(feed), on) for feed, on in heard.items()]
        rules = [self.rule(answer.explanation.rule.name) for answer in answers]
        return said["dormant"].format(count=len(answers), feeds=joined(names), rules=joined(rules))

    def _category(self, category: str | None) -> str:
        known = CATEGORIES.get(category or "")
        return known[self.language] if known else category or "—"

    @property
    def _said(self) -> Mapping[str, str]:
        return _SAID[self.language]


def _dormant(account: Account, policy: Policy) -> dict[tuple[str, ...], list[Answer]]:
    """Return the unknown rules by the stale feeds that they read; one that a person has quieted stands alone."""
    found: dict[tuple[str, ...], list[Answer]] = {}
    for answer in account.answers:
        name = answer.explanation.rule.name
        stale = tuple(feed for feed in sorted(policy.feeds_of(name)) if not account.states[feed].fresh)
        if answer.explanation.verdict == "unknown" and stale and not answer.quiet:
            found.setdefault(stale, []).append(answer)
    return found
