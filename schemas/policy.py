"""What each role may do in a home, as data; serve/actions/policy.py decides by it."""

from __future__ import annotations

from math import isfinite
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from schemas.action import Risk, Role

# In order, so that the same rules are the same text in every process.
_sorted = PlainSerializer(lambda names: names if names is None else sorted(names), when_used="json")
Risks = Annotated[frozenset[Risk], _sorted]
Roles = Annotated[frozenset[Role], _sorted]
# JSON has no infinity.
Bound = Annotated[float, PlainSerializer(lambda value: value if isfinite(value) else str(value), when_used="json")]
Names = Annotated[frozenset[str], _sorted]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(_Rules):
    low: Bound = float("-inf")
    high: Bound = float("inf")


class Grant(_Rules):
    """What a role may do. ``areas`` None for the whole home."""

    risks: Risks = frozenset({"read"})
    denied_tools: Names = frozenset()
    denied_domains: Names = frozenset()
    areas: Names | None = None
    per_minute: int = Field(default=60, ge=1, description="Calls of one actor in any minute.")
    bounds: dict[str, Bounds] = Field(default_factory=dict, description="Limits by 'Tool.argument'.")


_ALL: frozenset[Risk] = frozenset({"read", "write", "irreversible"})
_DAILY: frozenset[Risk] = frozenset({"read", "write"})


class Rules(_Rules):
    """Irreversible is: to unlock, to open a garage, door or gate, and whatever ``irreversible`` names by entity id."""

    roles: dict[Role, Grant] = Field(
        default_factory=lambda: {
            "admin": Grant(risks=_ALL, per_minute=600),
            "user": Grant(risks=_ALL, per_minute=120),
            "guest": Grant(risks=_DAILY, denied_domains=frozenset({"lock", "script"}), per_minute=30),
            "device": Grant(risks=_DAILY, per_minute=60),
        }
    )
    irreversible: Names = frozenset()
    unconfirmed: Roles = Field(default=frozenset(), description="Roles that need no confirmation.")
    confirmation_s: float = Field(default=120, gt=0, description="How long a confirmation can be given.")
    entities: int = Field(default=50, ge=1, description="Things that one call may act on.")

    def reading(self) -> Rules:
        """The same rules for those who may only look."""
        looking: frozenset[Risk] = frozenset({"read"})
        roles = {role: grant.model_copy(update={"risks": grant.risks & looking}) for role, grant in self.roles.items()}
        return self.model_copy(update={"roles": roles})
