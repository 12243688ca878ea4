"""Planned services as Home Assistant takes them: one command for all entities of a service, in the plan's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.action import ServiceCall
from schemas.inventory import Area, Entity
from serve.actions.domains.todos import folded
from serve.actions.matching import fold

SEARCH_MEDIA = 4194304  # of a media player: it finds what plays by words


@dataclass(frozen=True)
class Command:
    """One ``call_service`` command."""

    domain: str
    service: str
    entity_ids: tuple[str, ...]
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.domain}.{self.service}"


def commands(calls: Iterable[ServiceCall], entities: Mapping[str, Entity], areas: Iterable[Area]) -> list[Command]:
    """``calls`` that follow each other and differ by their entity alone become one command."""
    made: list[Command] = []
    known = tuple(areas)
    for call in calls:
        domain = call.entity_id.partition(".")[0]
        data = _data(call, entities[call.entity_id], known)
        last = made[-1] if made else None
        if last is not None and (last.domain, last.service, last.data) == (domain, call.service, data):
            made[-1] = Command(domain, call.service, (*last.entity_ids, call.entity_id), data)
        else:
            made.append(Command(domain, call.service, (call.entity_id,), data))
    return made


def _data(call: ServiceCall, entity: Entity, areas: tuple[Area, ...]) -> dict[str, Any]:
    data = dict(call.data)
    if entity.domain == "todo" and "item" in data and call.service != "add_item":
        data["item"] = _as_written(entity, data["item"])
    if (entity.domain, call.service) == ("vacuum", "clean_area"):
        name = fold(str(data.pop("area", "")))
        data["cleaning_area_id"] = [area.id for area in areas if fold(area.name) == name]
    return data


def _as_written(entity: Entity, item: str) -> str:
    """Home Assistant finds an item by its exact words; people say it in their own."""
    listed = (*entity.attributes.get("items", ()), *entity.attributes.get("completed", ()))
    return next((each for each in listed if folded(each) == folded(item)), item)
