"""What policy says: pages of law and practice, read strictly, judged with three truths, explained in words."""

from monitor.policy.days import Deadlines
from monitor.policy.explaining import Explanation, Pin
from monitor.policy.feed_pages import Column, FeedPage, Quality
from monitor.policy.gaps import Step
from monitor.policy.indicator_pages import Aggregate, IndicatorPage, Window
from monitor.policy.judging import FIRES, SILENT, UNKNOWN, Verdicts
from monitor.policy.language import PolicyError
from monitor.policy.pack import HERE, Pack, Policy, in_force, load, read_pack
from monitor.policy.rule_pages import Rule
from monitor.policy.score_pages import ScorePage
from monitor.policy.thresholds import Parameter, Reference

__all__ = [
    "FIRES",
    "HERE",
    "SILENT",
    "UNKNOWN",
    "Aggregate",
    "Column",
    "Deadlines",
    "Explanation",
    "FeedPage",
    "IndicatorPage",
    "Pack",
    "Parameter",
    "Pin",
    "Policy",
    "PolicyError",
    "Quality",
    "Reference",
    "Rule",
    "ScorePage",
    "Step",
    "Verdicts",
    "Window",
    "in_force",
    "load",
    "read_pack",
]
