"""A home that somebody has, as the generator needs it: what kind each of its things is, guessed from domain, class and name."""

from __future__ import annotations

from flows.steps.generator.lexicons.things import BY_DOMAIN, Kind
from flows.steps.generator.places import Place, lowered
from schemas.inventory import Entity, Floor, Inventory
from schemas.pipeline import Part


def owned_place(inventory: Inventory, part: Part) -> Place:
    """The home with the words of ``part`` around its own names. Things of unknown kinds stay in it; nothing calls them by one."""
    known = {floor.id for floor in inventory.floors}
    missing = dict.fromkeys(area.floor for area in inventory.areas if area.floor and area.floor not in known)
    floors = (*inventory.floors, *(Floor(id=name, name=name) for name in missing))
    whole = inventory.model_copy(update={"floors": floors})
    kinds, nouns = {}, {}
    for entity in whole.entities:
        kinds[entity.id], nouns[entity.id] = _kind(entity)
    names = [item.name for item in (*whole.entities, *whole.areas)]
    return Place(part, whole, kinds, nouns, capitals=any(name != lowered(name) for name in names))


def _kind(entity: Entity) -> tuple[Kind, str]:
    """The kind, and the noun in the name: of the kinds that could be meant the one whose noun ends the name at its longest."""
    device_class = entity.attributes.get("device_class")
    possible = BY_DOMAIN.get(entity.domain, ())
    fitting = [kind for kind in possible if kind.device_class == device_class] or list(possible)
    name = f" {lowered(entity.name)}"
    ends = [(len(noun), noun, kind) for kind in fitting for noun in kind.nouns if name.endswith(f" {noun}")]
    if ends:
        _, noun, kind = max(ends, key=lambda found: found[0])
        return kind, noun
    return (fitting[0] if fitting else Kind(entity.domain, entity.domain, 0, ())), ""
