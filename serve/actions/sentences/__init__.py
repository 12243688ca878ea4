"""What tier one knows of a language beside home-assistant-intents, as data: a YAML file each, in its own template language.

joining    what stands between two orders in one sentence
named      a name as it stands in a sentence: with what may come before and after it
both, article, within   what may stand before several names, before each, and before each place: "in the kitchen and in the hall"
pointing   words that mean something said before: a free text of ``alone`` only, or one that ends with ``end``, does
doubtful   what no order has; a question may
asked      a whole sentence that asks, though its words would do for an order
free       what no free text of an intent has (``any``: of any intent): one that has it is another sentence
wording    how a request is brought into fewer words (serve.actions.wording)
rules, lists   added to those of the package, or in place of theirs
intents    the sentences, joined to the package's by intent; their lists, rules and replies serve both
responses  the replies that the package lacks
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Language:
    """One language's file. Patterns are None where it has none: sentences are then taken as said."""

    joining: re.Pattern[str] | None = None
    named: re.Pattern[str] | None = None
    both: str = ""
    article: str = ""
    within: str = ""
    number: re.Pattern[str] | None = None
    doubtful: re.Pattern[str] | None = None
    asked: re.Pattern[str] | None = None
    alone: frozenset[str] = frozenset()
    end: frozenset[str] = frozenset()
    free: dict[str, re.Pattern[str]] = field(default_factory=dict)
    wording: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    intents: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    responses: dict[str, dict[str, str]] = field(default_factory=dict)


@cache
def language(tag: str) -> Language:
    """What is known of the language of ``tag``: ``de-CH`` is ``de``. Nothing, for one without a file."""
    path = FOLDER / f"{tag.partition('-')[0].casefold()}.yaml"
    if not path.is_file():
        return Language()
    found = _joined(yaml.safe_load(path.read_text(encoding="utf-8")))
    pointing = found.get("pointing", {})
    number = found.get("wording", {}).get("parts", {}).get("number", "")
    return Language(
        joining=re.compile(found["joining"], re.IGNORECASE),
        named=re.compile(found["named"], re.IGNORECASE),
        both=found["both"],
        article=found["article"],
        within=found["within"],
        number=re.compile(rf"\d|\b(?:{number})\b", re.IGNORECASE) if number else None,
        doubtful=re.compile(found["doubtful"], re.IGNORECASE) if "doubtful" in found else None,
        asked=re.compile(found["asked"], re.IGNORECASE) if "asked" in found else None,
        alone=frozenset(pointing.get("alone", ())),
        end=frozenset(pointing.get("end", ())),
        free={
            name: re.compile(pattern.replace("<number>", number), re.IGNORECASE)
            for name, pattern in found.get("free", {}).items()
        },
        wording=found.get("wording", {}),
        rules=found.get("rules", {}),
        lists=found.get("lists", {}),
        intents=found["intents"],
        responses=found.get("responses", {}),
    )


def _joined(value: Any) -> Any:
    """Texts of several lines in one: a pattern goes on where its line is broken."""
    if isinstance(value, dict):
        return {key: _joined(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_joined(each) for each in value]
    return re.sub(r"\n\s*", "", value) if isinstance(value, str) else value
