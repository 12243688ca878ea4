"""todo: lists whose state is the number of open items. ``items`` are the open ones, ``completed`` the ticked ones.

A list that says only how many items it has (state "7", no items) keeps that count: what is added comes on top.
"""

from __future__ import annotations

import re
from typing import Any

from schemas.errors import BadArgument, InvalidState
from schemas.inventory import Entity
from serve.actions.domains.service import STATE_LENGTH, Data, Domain, changed, service

MOST = 1000
_NUMBER = re.compile(r"[0-9]{1,6}")


def folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _add(entity: Entity, data: Data) -> Entity:
    item = _item(data)
    items = entity.attributes["items"]
    if len(items) >= MOST:
        raise BadArgument(f"{entity.name} is full: a list has at most {MOST} items", where=entity.id)
    return _counted(entity, 1, items=[*items, item])


def _remove(entity: Entity, data: Data) -> Entity:
    """Open items first; a completed one of that name otherwise."""
    item = _item(data)
    if (found := _find(entity.attributes["items"], item)) is not None:
        return _counted(entity, -1, items=_without(entity.attributes["items"], found))
    if (found := _find(entity.attributes["completed"], item)) is not None:
        return _counted(entity, 0, completed=_without(entity.attributes["completed"], found))
    raise _missing(entity, item)


def _update(entity: Entity, data: Data) -> Entity:
    item, status, rename = _item(data), data.text("status", ("needs_action", "completed")), data.text("rename")
    open_, done = entity.attributes["items"], entity.attributes["completed"]
    in_open = _find(open_, item)
    at = in_open if in_open is not None else _find(done, item)
    if at is None:
        raise _missing(entity, item)
    was_open = in_open is not None
    name = rename or (open_ if was_open else done)[at]
    stays_open = was_open if status is None else status == "needs_action"
    if was_open and stays_open:
        return changed(entity, items=[name if i == at else other for i, other in enumerate(open_)])
    if not was_open and not stays_open:
        return changed(entity, completed=[name if i == at else other for i, other in enumerate(done)])
    if stays_open:
        return _counted(entity, 1, items=[*open_, name], completed=_without(done, at))
    return _counted(entity, -1, items=_without(open_, at), completed=[*done, name][-MOST:])


def _clear(entity: Entity, data: Data) -> Entity:
    return changed(entity, completed=[])


def _item(data: Data) -> str:
    return " ".join(data.needed("item", data.text("item")).split())


def _find(items: list[str], item: str) -> int | None:
    wanted = folded(item)
    return next((i for i, other in enumerate(items) if folded(other) == wanted), None)


def _without(items: list[str], at: int) -> list[str]:
    return [*items[:at], *items[at + 1 :]]


def _missing(entity: Entity, item: str) -> BadArgument:
    there = ", ".join(entity.attributes["items"][:10]) or "nothing"
    return BadArgument(f"{item!r:.60} is not on {entity.name}; on it: {there}", where=entity.id)


def _counted(entity: Entity, step: int, **attributes: Any) -> Entity:
    count = _count(entity)
    return changed(entity, str(max(0, (len(entity.attributes["items"]) if count is None else count) + step)), **attributes)


def _complete(entity: Entity) -> Entity:
    """Items as texts, or as Home Assistant's ``{summary, status}``, become two lists; the state their count."""
    items, done = entity.attributes.get("items"), entity.attributes.get("completed", [])
    if not isinstance(items, list | tuple | None) or not isinstance(done, list | tuple):
        raise InvalidState("items and completed must be lists", where=entity.id)
    open_: list[str] = []
    closed = [_summary(entity, item) for item in done]
    for item in items or ():
        ticked = isinstance(item, dict) and item.get("status") == "completed"
        (closed if ticked else open_).append(_summary(entity, item))
    count = _count(entity)
    state = str(max(count or 0, len(open_))) if count is not None or entity.state == "unknown" else None
    return changed(entity, state, items=open_, completed=closed)


def _count(entity: Entity) -> int | None:
    """The number that the state is, if it is one."""
    return int(entity.state) if _NUMBER.fullmatch(entity.state) else None


def _summary(entity: Entity, item: Any) -> str:
    text = item.get("summary") if isinstance(item, dict) else item
    if not isinstance(text, str) or not text.strip() or len(text) > STATE_LENGTH:
        raise InvalidState(f"an item must be a text of 1 to {STATE_LENGTH} characters, not {item!r:.40}", where=entity.id)
    return text


def _agrees(entity: Entity) -> str | None:
    if len(entity.attributes["items"]) > MOST or len(entity.attributes["completed"]) > MOST:
        return f"a list has at most {MOST} items"
    if _count(entity) is None and entity.state != "unavailable":
        return f"{entity.state!r:.40} is no number of items"
    return None


TODO = Domain(
    "todo",
    None,
    {
        "add_item": service(_add, "item"),
        "remove_item": service(_remove, "item"),
        "update_item": service(_update, "item", "status", "rename"),
        "remove_completed_items": service(_clear),
    },
    complete=_complete,
    check=_agrees,
)
