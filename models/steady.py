"""The gates that ask whether a score keeps its word: G5, G6, G10-G16."""

import numpy as np
import pandas as pd

from models.bootstrap import Array, Interval, resampled
from models.goals import FAILED, LEAST_POSITIVES, NOBODY, REACHED, Evidence, Gate, Judge, as_verdict, unknown

G5_DAYS, G6_SLOPE, G6_INTERCEPT, G6_ECE = 30, (0.9, 1.1), 0.1, 0.02
G10_OVERLAP, G11_NOTED, G12_REGRET, G13_SHARE, G14_PAIRS = 0.9, 0.5, 0.05, 0.9, 10_000


def lead_time(evidence: Evidence) -> Gate:
    """G5: the median of days from first flag to approval by another way, beyond that of the rules."""
    goal, leads = f"median +{G5_DAYS} days", evidence.leads
    if leads is None or len(leads) < LEAST_POSITIVES:
        return unknown("G5", goal, "fewer than 30 households approved by another way")

    def beyond(rows: pd.DataFrame) -> float:
        return float(rows["model"].median() - rows["rules"].median())

    figure = resampled(leads, beyond, block="village", seed=evidence.seed)
    verdict = as_verdict(figure.value >= G5_DAYS)
    return Gate("G5", figure, goal, verdict, baseline=float(leads["rules"].median()))


def calibration(evidence: Evidence) -> Gate:
    """G6: slope, intercept, ECE and Brier skill; hard for showing a probability, else the rank alone is shown."""
    goal = f"slope {G6_SLOPE[0]}-{G6_SLOPE[1]}, intercept +-{G6_INTERCEPT}, ECE <= {G6_ECE}, Brier skill > 0"
    told = evidence.calibration
    if not told or not all(
        np.isfinite(told.get(name, np.nan)) for name in ("slope", "intercept", "ece", "brier_skill")
    ):
        return unknown("G6", goal, "not measured", hard=True)
    well = (
        G6_SLOPE[0] <= told["slope"] <= G6_SLOPE[1]
        and abs(told["intercept"]) <= G6_INTERCEPT
        and told["ece"] <= G6_ECE
        and told["brier_skill"] > 0
    )
    figure = Interval(told["ece"], told.get("ece_low", np.nan), told.get("ece_high", np.nan))
    note = ", ".join(f"{name} {told[name]:.3f}" for name in ("slope", "intercept", "brier_skill"))
    return Gate("G6", figure, goal, as_verdict(well), as_verdict(well), note=note)


def overlap(first: Array, second: Array, capacity: float) -> float:
    """Return the Jaccard overlap of the first ``capacity`` of two scores; ties keep the order of the rows."""
    places = max(1, round(capacity * len(first)))
    tops = [set(np.argsort(-score, kind="stable")[:places].tolist()) for score in (first, second)]
    return len(tops[0] & tops[1]) / len(tops[0] | tops[1])


def list_stability(evidence: Evidence) -> Gate:
    """G10: households without new data keep their score to the bit, and so their list."""
    goal, weeks = f"overlap >= {G10_OVERLAP}, unchanged data gives unchanged scores", evidence.weeks
    same = None if weeks is None else weeks[~weeks["changed"].astype(bool)]
    if same is None or len(same) < LEAST_POSITIVES:
        return unknown("G10", goal, "fewer than 30 households without new data", hard=True)
    before, after = same["before"].to_numpy(dtype=float), same["after"].to_numpy(dtype=float)
    moved = int((~((before == after) | (np.isnan(before) & np.isnan(after)))).sum())
    value = overlap(before, after, evidence.capacity)
    verdict = as_verdict(value >= G10_OVERLAP and moved == 0)
    return Gate("G10", _exactly(value), goal, verdict, verdict, note=f"{moved} of {len(same)} scores moved")


def retrain_overlap(evidence: Evidence) -> Gate:
    """G11: how far champion and challenger agree; below a half it wants a note that says why."""
    goal, both = f"reported; below {G11_NOTED} with a note", evidence.retrained
    if both is None or both.empty:
        return unknown("G11", goal, "no challenger beside a champion")
    value = overlap(both["champion"].to_numpy(dtype=float), both["challenger"].to_numpy(dtype=float), evidence.capacity)
    verdict = as_verdict(value >= G11_NOTED or bool(evidence.note_on_overlap.strip()))
    return Gate("G11", _exactly(value), goal, verdict, note=evidence.note_on_overlap)


def regret(evidence: Evidence) -> Gate:
    """G12: how far the chosen model stays behind the best of the next date, on average."""
    goal, selection = f"<= {G12_REGRET:.0%} of the best", evidence.selection
    if selection is None or len(selection) < 2:
        return unknown("G12", goal, "fewer than two dates to choose on")
    each = (selection["best"] - selection["chosen"]) / selection["best"]
    value = float(each.mean())
    return Gate("G12", _exactly(value), goal, as_verdict(value <= G12_REGRET), note=f"{len(each)} dates")


def reasons_hold(evidence: Evidence) -> Gate:
    """G13: how often removing the three reasons lowers a score more than removing three random features."""
    goal, told = f">= {G13_SHARE:.0%}", evidence.fidelity
    if told is None or len(told) < LEAST_POSITIVES:
        return unknown("G13", goal, "fewer than 30 households explained")
    cases = told.assign(_row=np.arange(len(told)))
    figure = resampled(cases, lambda rows: float(rows["won"].mean()), block="_row", seed=evidence.seed)
    return Gate("G13", figure, goal, as_verdict(figure.value >= G13_SHARE), note=f"{len(told)} households")


def directions(evidence: Evidence) -> Gate:
    """G14: among pairs that differ in one feature of declared direction, how many scores move against it."""
    goal = f"0 of {G14_PAIRS:,}"
    if evidence.violations is None or evidence.pairs < G14_PAIRS:
        return unknown("G14", goal, f"{evidence.pairs:,} pairs", hard=True)
    verdict = as_verdict(evidence.violations == 0)
    return Gate("G14", _exactly(evidence.violations), goal, verdict, verdict, note=f"{evidence.pairs:,} pairs")


def drift(evidence: Evidence) -> Gate:
    """G15: whether an alarm of ``models.drift`` stands; then rules alone order the queue."""
    goal = "PSI <= 0.2, precision not outside two months running"
    if evidence.drifted is None:
        return unknown("G15", goal, "no month measured")
    verdict = as_verdict(not evidence.drifted)
    return Gate("G15", _exactly(evidence.drifted), goal, verdict)


def reproducible(evidence: Evidence) -> Gate:
    """G16: two trainings from one manifest give the same scores, to the bit."""
    goal = "the same hash"
    if evidence.hashes is None or not all(evidence.hashes):
        return unknown("G16", goal, "trained once", hard=True)
    verdict = REACHED if evidence.hashes[0] == evidence.hashes[1] else FAILED
    return Gate("G16", NOBODY, goal, verdict, verdict, note=", ".join(one[:12] for one in evidence.hashes))


def _exactly(value: float) -> Interval:
    return Interval(float(value), float(value), float(value))


GATES: dict[str, Judge] = {
    "G5": lead_time,
    "G6": calibration,
    "G10": list_stability,
    "G11": retrain_overlap,
    "G12": regret,
    "G13": reasons_hold,
    "G14": directions,
    "G15": drift,
    "G16": reproducible,
}
