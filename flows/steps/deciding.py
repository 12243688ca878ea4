"""The gate: whether a candidate becomes champion, with a sentence for every bar."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.artifacts import Decision, ModelRef, Report, RuleOutcome
from schemas.pipeline import Gate, Rule

# Metrics where less is better; all others are shares or rates where more is.
_LOWER_IS_BETTER = ("latency", "wrong")


def decide(
    report: Report, champion: ModelRef | None, champion_metrics: Mapping[str, float], gate: Gate, replaced: bool = False
) -> Decision:
    """Compare on equal rows: ``champion_metrics`` must come from the same suites and dataset as the report.

    A candidate that was champion before and has been ``replaced``, by a later version or by a rollback, is not promoted
    again by itself: a nightly run on unchanged rows would otherwise undo what came after it.
    """
    if champion is not None and champion.candidate == report.candidate:
        return Decision(
            promoted=False,
            unchanged=True,
            candidate=report.candidate,
            champion=champion,
            reason=f"{champion.label} is this candidate",
        )
    outcomes = tuple(_judge(rule, report.metrics(), champion_metrics, champion is not None) for rule in gate.rules)
    if replaced:
        reason, promoted = "it was champion before and has been replaced; promote it by hand if it should answer again", False
    else:
        broken = [outcome.sentence for outcome in outcomes if not outcome.held]
        reason, promoted = "; ".join(broken) or "every rule of the gate held", not broken
    return Decision(promoted=promoted, candidate=report.candidate, reason=reason, outcomes=outcomes, champion=champion)


def _judge(rule: Rule, metrics: Mapping[str, float], champion: Mapping[str, float], has_champion: bool) -> RuleOutcome:
    ours, theirs = metrics.get(rule.metric), champion.get(rule.metric)
    if ours is None:
        sentence = f"{rule.metric} was not measured"
        return RuleOutcome(metric=rule.metric, held=False, candidate=None, champion=theirs, sentence=sentence)
    broken = []
    if rule.at_least is not None and ours < rule.at_least:
        broken.append(f"{rule.metric} is {ours:.4g}, below {rule.at_least:g}")
    if rule.at_most is not None and ours > rule.at_most:
        broken.append(f"{rule.metric} is {ours:.4g}, above {rule.at_most:g}")
    if has_champion and (rule.not_worse_by is not None or rule.improve_by is not None):
        broken += _against_champion(rule, ours, theirs)
    sentence = "; ".join(broken) or f"{rule.metric} is {ours:.4g}: held"
    return RuleOutcome(metric=rule.metric, held=not broken, candidate=ours, champion=theirs, sentence=sentence)


def _against_champion(rule: Rule, ours: float, theirs: float | None) -> list[str]:
    if theirs is None:
        return [f"{rule.metric} was not measured for the champion"]
    lower = any(part in rule.metric for part in _LOWER_IS_BETTER)
    gain = theirs - ours if lower else ours - theirs
    broken = []
    # A hair of tolerance: shares are quotients, and equal shares must not differ by rounding.
    if rule.not_worse_by is not None and gain < -rule.not_worse_by - 1e-9:
        broken.append(f"{rule.metric} is {ours:.4g}, more than {rule.not_worse_by:g} behind the champion's {theirs:.4g}")
    if rule.improve_by is not None and gain < rule.improve_by - 1e-9:
        broken.append(f"{rule.metric} is {ours:.4g}, not {rule.improve_by:g} better than the champion's {theirs:.4g}")
    return broken
