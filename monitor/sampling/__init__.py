"""Who is visited though no rule says so: the random sample, and what a model suggests; and why each was chosen."""

from monitor.sampling.choices import enter_visits
from monitor.sampling.drawing import draw
from monitor.sampling.scores import Scores
from monitor.sampling.suggesting import confirm, dismiss, refresh, waiting

__all__ = ["Scores", "confirm", "dismiss", "draw", "enter_visits", "refresh", "waiting"]
