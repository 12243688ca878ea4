"""What tier one knows of a language beside home-assistant-intents, as data: a YAML file each, in its own template language.

joining    what stands between two orders in one sentence
named      a name as it stands in a sentence: with what may come before and after it
both, article, within   what may stand before several names, before each, and before each place: "in the kitchen and in the hall"
pointing   words that mean something said before: a free text of ``alone`` only, or one that ends with ``end``, does
doubtful   what no order has; a question may
asked      a whole sentence that asks, though its words would do for an order
linking    how things are meant that are not called by their names (serve.actions.linking)
free       what no free text of an intent has (``any``: of any intent): one that has it is another sentence
wording    how a request is brought into fewer words (serve.actions.wording)
rules, lists   added to those of the package, or in place of theirs
intents    the sentences, joined to the package's by intent; their lists, rules and replies serve both
responses  the replies that the package lacks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class Linking:
    """Words that may stand around a thing, those that say nothing of one, and what things of a domain and class are called."""

    articles: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()
    vague: frozenset[str] = frozenset()
    pointing: frozenset[str] = frozenset()
    plurals: frozenset[str] = frozenset()
    idioms: tuple[tuple[str, ...], ...] = ()
    kinds: dict[tuple[str, str | None], tuple[str, ...]] = field(default_factory=dict)
    telling: dict[str, frozenset[str]] = field(default_factory=dict)
    """Words that only things of certain domains are spoken of with."""

    @cached_property
    def closed(self) -> frozenset[str]:
        """Words that are never part of a thing that is not called by its name."""
        return (self.articles | self.before | self.after | self.inside) - self.things

    @cached_property
    def orders(self) -> frozenset[str]:
        """Words that begin another order where they stand behind a thing."""
        return self.before - self.after - self.inside - self.articles

    @cached_property
    def things(self) -> frozenset[str]:
        """Words of what things are, one and several: "lamps" means no lamp."""
        return self._of_nouns | self.several

    @cached_property
    def several(self) -> frozenset[str]:
        """Words for several things of a kind, but those that are a kind's own, such as "drapes"."""
        return (frozenset(f"{word}s" for word in self._of_nouns) | self.plurals) - self._of_nouns

    @cached_property
    def parts(self) -> frozenset[str]:
        """Words that name a kind only together: "cleaner" of "vacuum cleaner" means no vacuum."""
        alone = frozenset(noun for nouns in self.kinds.values() for noun in nouns)
        return self._of_nouns - alone

    @cached_property
    def _of_nouns(self) -> frozenset[str]:
        return frozenset(word for nouns in self.kinds.values() for noun in nouns for word in noun.split())

    @cached_property
    def words(self) -> frozenset[str]:
        return self.closed | self.things | self.vague

    def nouns(self, domain: str, device_class: str | None, names: Iterable[Sequence[str]]) -> tuple[str, ...]:
        """What a thing of this kind is called. One without a class is of the kind that its ``names``, in words, end with."""
        if device_class and (domain, device_class) in self.kinds:
            return self.kinds[domain, device_class]
        said = {" ".join(name[at:]) for name in names for at in range(len(name))}
        fits = [nouns for (other, kind), nouns in self.kinds.items() if other == domain and kind and said & set(nouns)]
        return tuple(noun for nouns in fits for noun in nouns) or self.kinds.get((domain, None), ())


def _linking(data: dict[str, Any]) -> Linking:
    kinds = {}
    for kind, nouns in data.get("kinds", {}).items():
        domain, _, device_class = kind.partition(" ")
        kinds[domain, device_class or None] = tuple(noun.strip().replace("-", " ") for noun in nouns.split(","))
    telling: dict[str, frozenset[str]] = {}
    for domain, words in data.get("telling", {}).items():
        for word in words.split():
            telling[word] = telling.get(word, frozenset()) | {domain}
    sets = {name: words for name, words in data.items() if name not in ("kinds", "idioms", "telling")}
    sets = {name: frozenset(words.split() if isinstance(words, str) else words) for name, words in sets.items()}
    return Linking(**sets, kinds=kinds, telling=telling, idioms=tuple(tuple(idiom.split()) for idiom in data.get("idioms", ())))


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
    linking: Linking = field(default_factory=Linking)
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
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = _joined(raw)
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
        linking=_linking(raw.get("linking", {})),
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
