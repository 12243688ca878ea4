"""A home as data: areas, devices and entities with Home Assistant's ids, states and attributes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Area(_Strict):
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    floor: str | None = None


class Floor(_Strict):
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    level: int | None = None


class Device(_Strict):
    id: str
    name: str
    area: str | None = None


class Entity(_Strict):
    id: str = Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$", description="domain.object_id")
    name: str
    area: str | None = None
    device: str | None = None
    aliases: tuple[str, ...] = ()
    state: str = "unknown"
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def domain(self) -> str:
        return self.id.partition(".")[0]


class Inventory(_Strict):
    """``floors`` may be left out: an area's ``floor`` is then the floor's id and name in one."""

    floors: tuple[Floor, ...] = ()
    areas: tuple[Area, ...] = ()
    devices: tuple[Device, ...] = ()
    entities: tuple[Entity, ...] = ()

    @model_validator(mode="after")
    def _ids_are_known(self) -> Inventory:
        for kind in (self.floors, self.areas, self.devices, self.entities):
            ids = [item.id for item in kind]
            if len(ids) != len(set(ids)):
                raise ValueError(f"duplicate id among {sorted(i for i in ids if ids.count(i) > 1)[:3]}")
        areas, devices = {a.id for a in self.areas}, {d.id for d in self.devices}
        floors = {floor.id for floor in self.floors}
        for area in self.areas:
            if floors and area.floor is not None and area.floor not in floors:
                raise ValueError(f"{area.id}: unknown floor {area.floor!r}")
        for item in (*self.devices, *self.entities):
            if item.area is not None and item.area not in areas:
                raise ValueError(f"{item.id}: unknown area {item.area!r}")
        for entity in self.entities:
            if entity.device is not None and entity.device not in devices:
                raise ValueError(f"{entity.id}: unknown device {entity.device!r}")
        return self

    def area_name(self, area_id: str | None) -> str | None:
        return next((a.name for a in self.areas if a.id == area_id), None)
