"""How people refer to what a home has, exactly or not, and to what it has not. A reference means one thing in that home."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from flows.steps.generator.homes import Place, folded
from flows.steps.generator.lexicons.things import KINDS
from flows.steps.generator.names import name_of
from flows.steps.generator.words import invented, pick
from schemas.inventory import Area, Entity, Floor

ReferenceKind = Literal["exact", "alias", "described", "partial", "misspelled"]


@dataclass(frozen=True, slots=True)
class Reference:
    """``text`` as it is said, without an article. ``proper``: it takes none ("dusty", "anna's lamp")."""

    text: str
    kind: ReferenceKind
    proper: bool = False

    @property
    def the(self) -> str:
        """With its article where it takes one."""
        return self.text if self.proper else f"the {self.text}"


def refer(rng: Random, place: Place, entity: Entity, verbatim: float = 0.7) -> Reference:
    """How ``entity`` is called in a request: by its name with the chance ``verbatim``, else by another way that it alone has."""
    if rng.random() >= verbatim:
        for make in rng.sample((_alias, _described, _partial, _misspelled), 4):
            if found := make(rng, place, entity):
                return found
    return _reference(rng, place, entity.name, "exact")


def refer_area(rng: Random, place: Place, area: Area, verbatim: float = 0.8) -> Reference:
    return _named(rng, place, area, verbatim)


def refer_floor(rng: Random, place: Place, floor: Floor, verbatim: float = 0.8) -> Reference:
    return _named(rng, place, floor, verbatim)


def absent_name(rng: Random, place: Place, domain: str, near: bool) -> str:
    """A lower-case name for a thing of ``domain`` that this home lacks; ``near``: one word other than in a name it has."""
    kinds = [kind for kind in KINDS if kind.domain == domain]
    for _ in range(50):
        kind = pick(rng, kinds)
        name = name_of(rng, place.part, kind, None).name
        if near and (there := place.by_domain.get(domain)):
            old = folded(pick(rng, there).name).split()
            name = " ".join([*name.split()[:1], *old[1:]])
        if not any(_means(place, e, name) for e in place.inventory.entities):
            return name
    return f"{invented(rng, place.part)} {domain.replace('_', ' ')}"


def _named(rng: Random, place: Place, item: Area | Floor, verbatim: float) -> Reference:
    if item.aliases and rng.random() >= verbatim:
        return _reference(rng, place, pick(rng, item.aliases), "alias")
    return _reference(rng, place, item.name, "exact")


def _alias(rng: Random, place: Place, entity: Entity) -> Reference | None:
    return _reference(rng, place, pick(rng, entity.aliases), "alias") if entity.aliases else None


def _described(rng: Random, place: Place, entity: Entity) -> Reference | None:
    """By what it is and where: "kitchen tv", "tv in the kitchen"."""
    area, generic = place.area_of(entity), place.kinds[entity.id].generic
    if area is None or not generic:
        return None
    noun, where = pick(rng, generic), folded(area.name)
    if not _alone(place, entity, f"{where} {noun}"):
        return None
    return Reference(f"{noun} in the {where}" if rng.random() < 0.5 else f"{where} {noun}", "described")


def _partial(rng: Random, place: Place, entity: Entity) -> Reference | None:
    words = folded(entity.name).split()
    if len(words) < 2:
        return None
    text = " ".join(words[1:] if rng.random() < 0.5 else words[:-1])
    return Reference(text, "partial") if _alone(place, entity, text) else None


def _misspelled(rng: Random, place: Place, entity: Entity) -> Reference | None:
    name = folded(entity.name)
    at = int(rng.random() * len(name))
    if len(name) < 6 or not name[at].isalpha():
        return None
    text = name[:at] + name[at + 1 :]
    return None if place.taken(text) else Reference(text, "misspelled")


def _reference(rng: Random, place: Place, name: str, kind: ReferenceKind) -> Reference:
    said = folded(name) if place.capitals and rng.random() < 0.7 else name
    return Reference(said, kind, "'s " in said)


def _alone(place: Place, entity: Entity, text: str) -> bool:
    """Whether ``text`` is said of ``entity`` and of nothing else here."""
    if place.taken(text):
        return False
    return not any(_means(place, other, text) for other in place.inventory.entities if other is not entity)


def _means(place: Place, entity: Entity, text: str) -> bool:
    return all(word in _bag(place, entity.id) for word in text.split())


@lru_cache(maxsize=512)
def _bag(place: Place, entity_id: str) -> frozenset[str]:
    entity = next(e for e in place.inventory.entities if e.id == entity_id)
    area = place.area_of(entity)
    said = [entity.name, *entity.aliases, *place.kinds[entity.id].generic]
    if area:
        said += [area.name, *area.aliases]
    return frozenset(word for text in said for word in folded(text).split())
