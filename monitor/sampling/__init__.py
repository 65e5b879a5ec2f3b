"""Who is visited though no rule says so: the random sample, and what a model suggests; and why each was chosen."""

from monitor.sampling.choices import enter_visits, unentered
from monitor.sampling.drawing import draw, enter, samples
from monitor.sampling.scores import Scores
from monitor.sampling.suggesting import SetAside, confirm, dismiss, refresh, waiting, wanted

__all__ = [
    "Scores", "SetAside", "confirm", "dismiss", "draw", "enter", "enter_visits", "refresh", "samples", "unentered",
    "waiting", "wanted",
]  # fmt: skip
