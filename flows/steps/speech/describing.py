"""The card that lies with a speech model: what it is, what from, its figures, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.speech import SpeechRecipe

_SPOKEN_BY = "espeak-ng (run in a process of its own; none of its code or data is in this folder)"


def speech_card(
    recipe: SpeechRecipe, figures: Mapping[str, float], facts: Mapping[str, str], command: str, limits: Sequence[str] = ()
) -> str:
    """Markdown. ``facts`` are rows about the model, ``command`` is what measures ``figures`` again."""
    lines = [
        f"# {recipe.model}, built by recipe `{recipe.name}`",
        "",
        recipe.description.strip() or "No description.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in facts.items()),
        "| licence | Apache-2.0 |",
        "",
        "## Made from",
        "",
        f"Speech synthesised by {_SPOKEN_BY}, of sentences that this project's generator makes; seed {recipe.fit.seed}.",
        "No recording of a person, nothing downloaded.",
        "",
        "## Figures",
        "",
        "On held-out sentences, names and voices: none of them occurs in training.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value:.4g} |" for name, value in sorted(figures.items())),
        "",
        f"Measured again by `{command}`.",
        "",
        "## Limits",
        "",
        "Synthetic speech only: no figure here says anything about people, their microphones or their rooms.",
        *limits,
        "",
    ]
    return "\n".join(lines)
