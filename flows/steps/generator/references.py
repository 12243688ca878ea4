"""How people refer to what a home has, exactly or not, and to what it has not. A reference means one thing in that home.

Nothing else there has all the words of a reference in its name, aliases, area or kind, and no other name is one edit away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from flows.steps.generator.lexicons.qualifiers import MODIFIERS, PLAIN
from flows.steps.generator.lexicons.things import BY_DOMAIN
from flows.steps.generator.misspelling import misspelled, plainly
from flows.steps.generator.names import name_of
from flows.steps.generator.places import Place, lowered
from flows.steps.generator.words import invented, pick, words_of
from schemas.inventory import Area, Entity, Floor

ReferenceKind = Literal["exact", "alias", "described", "partial", "misspelled"]
_PROPER_DOMAINS = frozenset({"person", "todo", "timer", "scene", "script"})
_ON = frozenset({"balcony", "terrace", "porch", "patio", "deck", "landing", "veranda", "roof", "rooftop", "lawn", "stairs"})
_NOWHERE = frozenset({"upstairs", "downstairs", "outside", "inside", "outdoors"})
_QUALITIES = frozenset((*MODIFIERS, *PLAIN))  # "the velvet" is no way to say "the velvet lamp"; "the lumira" is
_VAGUE = frozenset({"sensor", "level", "detector", "machine", "unit", "panel", "alarm", "strip", "system", "box", "state"})
_TRIES = 40
Way = Callable[[Random, Place, Entity], "Reference | None"]


@dataclass(frozen=True, slots=True)
class Reference:
    """``text`` as it is said, without an article. ``proper``: it takes none ("dusty", "anna's lamp", "movie night")."""

    text: str
    kind: ReferenceKind
    proper: bool = False

    @property
    def the(self) -> str:
        """With its article where it takes one."""
        return self.text if self.proper else f"the {self.text}"

    @property
    def within(self) -> str:
        """Of an area or floor, as a place: "in the kitchen", "on the balcony", "upstairs"."""
        said = lowered(self.text)
        if said in _NOWHERE:
            return self.text
        on = said.rpartition(" ")[2] in _ON or said.endswith(("floor", "level"))
        return f"{'on' if on else 'in'} {self.the}"


def refer(rng: Random, place: Place, entity: Entity, verbatim: float = 0.7) -> Reference:
    """How ``entity`` is called in a request: its name with the chance ``verbatim``, else another way that means it alone."""
    if rng.random() >= verbatim:
        for make in _ways(rng, entity):
            if found := make(rng, place, entity):
                return found
    return Reference(_said(rng, place, entity.name), "exact", _is_proper(place, entity, entity.name))


def refer_area(rng: Random, place: Place, area: Area, verbatim: float = 0.8) -> Reference:
    return _of_place(rng, place, area, verbatim)


def refer_floor(rng: Random, place: Place, floor: Floor, verbatim: float = 0.8) -> Reference:
    return _of_place(rng, place, floor, verbatim)


def absent_name(rng: Random, place: Place, domain: str, near: bool) -> str:
    """A lower-case name for a thing of ``domain`` that nothing here may be meant by; ``near``: made of a name that is here."""
    there = place.by_domain.get(domain) if near else None
    for _ in range(_TRIES):
        name = name_of(rng, place.part, pick(rng, BY_DOMAIN[domain]), None).name
        if there:
            name = _changed(rng, place, pick(rng, there), name)
        if _is_absent(place, name):
            return name
    word = invented(rng, place.part)
    return word if domain == "person" else f"{word} {domain.replace('_', ' ')}"


def _is_absent(place: Place, name: str) -> bool:
    return not (place.taken(name) or place.meant(name) or place.overlapped(name) or place.near(name))


def _changed(rng: Random, place: Place, entity: Entity, other: str) -> str:
    """The entity's name with one word or its area exchanged."""
    old, noun = lowered(entity.name), place.nouns[entity.id]
    area = place.area_of(entity)
    if area and rng.random() < 0.4:
        where = lowered(pick(rng, place.inventory.areas).name) if rng.random() < 0.5 else pick(rng, words_of(place.part).areas)
        return f"{where} {noun or pick(rng, place.kinds[entity.id].generic or (place.kinds[entity.id].domain,))}"
    words = old.split()
    if len(words) == 1:
        return f"{pick(rng, words_of(place.part).modifiers)} {old}"
    at = int(rng.random() * (len(words) - 1))
    return " ".join([*words[:at], pick(rng, words_of(place.part).modifiers), *words[at + 1 :]]) if rng.random() < 0.8 else other


def _of_place(rng: Random, place: Place, item: Area | Floor, verbatim: float) -> Reference:
    if rng.random() >= verbatim:
        if item.aliases and rng.random() < 0.6:
            alias = pick(rng, item.aliases)
            return Reference(_said(rng, place, alias), "alias", _has_own(alias))
        text = misspelled(rng, lowered(item.name))
        if text and not place.taken(text) and not place.near(text, item):
            return Reference(text, "misspelled", _has_own(text))
    return Reference(_said(rng, place, item.name), "exact", _has_own(item.name))


def _alias(rng: Random, place: Place, entity: Entity) -> Reference | None:
    if not entity.aliases:
        return None
    alias = pick(rng, entity.aliases)
    return Reference(_said(rng, place, alias), "alias", _is_proper(place, entity, alias))


def _described(rng: Random, place: Place, entity: Entity) -> Reference | None:
    """By what it is and where: "kitchen tv", "tv in the kitchen", or only "vacuum" where there is one."""
    noun = place.nouns[entity.id]
    nouns = (*place.kinds[entity.id].generic, *((noun,) if noun else ()))
    if not nouns:
        return None
    noun, area = pick(rng, nouns), place.area_of(entity)
    if area is None or rng.random() < 0.15:
        return Reference(noun, "described") if _alone(place, entity, noun) else None
    name = pick(rng, (area.name, *area.aliases))
    where = lowered(name)
    if where in noun or not _alone(place, entity, f"{where} {noun}"):
        return None
    if rng.random() < 0.5:
        return Reference(f"{where} {noun}", "described", _has_own(where))
    return Reference(f"{noun} {Reference(where, 'exact', _has_own(where)).within}", "described")


def _partial(rng: Random, place: Place, entity: Entity) -> Reference | None:
    """A part of the name that no other name has: without its area or owner, with a shorter noun, or without the noun."""
    name, noun = lowered(entity.name), place.nouns[entity.id]
    before = name.removesuffix(noun).strip() if noun and name.endswith(noun) else ""
    head = noun.rpartition(" ")[2]
    texts = []
    area = place.area_of(entity)
    if area and name.startswith(lowered(area.name) + " "):
        texts.append(name[len(lowered(area.name)) + 1 :])
    elif name.partition(" ")[0].endswith("'s") and name.count(" ") > 1:
        texts.append(name.partition(" ")[2])
    elif " " in before:
        texts += [f"{word} {noun}" for word in before.split()]
    elif len(before) > 3 and before not in _QUALITIES and not before.endswith("'s"):
        texts.append(before)
    if before and head not in _VAGUE:
        texts.append(f"{before} {head}")
    text = pick(rng, texts) if texts else name
    if text == name or not _alone(place, entity, text):
        return None
    return Reference(text, "partial", _is_proper(place, entity, text))


def _misspelled(rng: Random, place: Place, entity: Entity) -> Reference | None:
    name = lowered(entity.name)
    plain = plainly(name)
    text = plain if plain != name and rng.random() < 0.6 else misspelled(rng, plain)
    if not text or place.taken(text) or place.near(text, entity) or any(e is not entity for e in place.meant(text)):
        return None
    return Reference(text, "misspelled", _is_proper(place, entity, text))


def _ways(rng: Random, entity: Entity) -> tuple[Way, ...]:
    """In the order in which they are tried: a mistake is possible nearly always, the others only where they mean one thing."""
    meant = (_described, _partial) if rng.random() < 0.6 else (_partial, _described)
    if rng.random() < (0.6 if entity.aliases else 0.25):
        return (_alias, _misspelled, *meant)
    return (*meant, _alias, _misspelled)


def _alone(place: Place, entity: Entity, text: str) -> bool:
    """Whether ``text`` may mean ``entity`` and nothing else here, nor an area or a floor."""
    return not place.taken(text) and not place.near(text, entity) and all(e is entity for e in place.meant(text))


def _said(rng: Random, place: Place, name: str) -> str:
    """A name in a request: as it is written, or without the capitals that nobody hears."""
    return lowered(name) if place.capitals and rng.random() < 0.75 else name


def _is_proper(place: Place, entity: Entity, text: str) -> bool:
    return entity.domain in _PROPER_DOMAINS or (entity.domain == "vacuum" and not place.nouns[entity.id]) or _has_own(text)


def _has_own(text: str) -> bool:
    """Whether it says whose it is, or brings its article along."""
    said = lowered(text)
    return said.partition(" ")[0].endswith("'s") or said.startswith("the ") or said in _NOWHERE
