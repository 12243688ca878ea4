"""lock: locked or unlocked. A lock that asks for a code cannot be worked from here."""

from __future__ import annotations

from schemas.errors import NotSupported
from schemas.inventory import Entity
from serve.actions.domains.service import Data, Domain, Run, changed, needs_feature, service

OPEN = 1


def _to(state: str) -> Run:
    def run(entity: Entity, data: Data) -> Entity:
        if entity.attributes.get("code_format"):
            raise NotSupported(f"{entity.name} asks for a code, which is never spoken or kept", where=entity.id)
        if state == "open":
            needs_feature(entity, OPEN, "unlatch")
        return changed(entity, state)

    return run


LOCK = Domain(
    "lock",
    frozenset({"locked", "unlocked", "locking", "unlocking", "jammed", "open", "opening"}),
    {"lock": service(_to("locked")), "unlock": service(_to("unlocked")), "open": service(_to("open"))},
)
