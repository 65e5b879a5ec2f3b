"""The language that conditions are written in: closed, three-valued, the same in pandas, in SQL and in words."""

from monitor.policy.language.evaluation import Columns, evaluate, number, truth
from monitor.policy.language.kinds import kind_of
from monitor.policy.language.parsing import parse
from monitor.policy.language.saying import Language, say
from monitor.policy.language.sql import to_sql
from monitor.policy.language.tree import Expression, Kind, Place, PolicyError

__all__ = [
    "Columns",
    "Expression",
    "Kind",
    "Language",
    "Place",
    "PolicyError",
    "evaluate",
    "kind_of",
    "number",
    "parse",
    "say",
    "to_sql",
    "truth",
]
