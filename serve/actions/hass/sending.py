"""One command to Home Assistant: its errors as ours, and a search before something is played by its words."""

from __future__ import annotations

from typing import Any

from schemas.errors import ActionError, BadArgument, Denied, HomeFailed, NotSupported
from schemas.inventory import Entity
from serve.actions.hass.translating import SEARCH_MEDIA, Command
from serve.actions.hass.wire import CommandFailed, Lost, Wire

_CODES: dict[str, type[ActionError]] = {
    "not_found": NotSupported,
    "not_supported": NotSupported,
    "invalid_format": BadArgument,
    "service_validation_error": BadArgument,
    "unauthorized": Denied,
}


async def send(wire: Wire, command: Command, first: Entity, timeout_s: float) -> str:
    """The id of the context that Home Assistant gives to all that follows. ``first`` is the command's first entity.

    Raises ActionError: HomeFailed where something may have been done, another kind where nothing was.
    """
    data = command.data
    if command.name == "media_player.play_media":
        data = await _found(wire, command, first, timeout_s)
    answer = await _call(wire, command, timeout_s, data)
    context = answer.get("context") if isinstance(answer, dict) else None
    return str(context.get("id")) if isinstance(context, dict) else ""


async def _call(wire: Wire, command: Command, timeout_s: float, data: dict[str, Any], **more: Any) -> Any:
    target = {"entity_id": list(command.entity_ids)}
    named = {"domain": command.domain, "service": command.service, "service_data": data, "target": target}
    try:
        return await wire.ask("call_service", timeout_s, **named, **more)
    except CommandFailed as error:
        kind = _CODES.get(error.code, HomeFailed)
        raise kind(f"Home Assistant says: {error.reason or error.code}", where=command.name) from None
    except TimeoutError:
        raise HomeFailed(f"Home Assistant did not answer within {timeout_s:g} s", where=command.name) from None
    except Lost as error:
        raise HomeFailed(f"{error}, before an answer came", where=command.name) from None


async def _found(wire: Wire, command: Command, player: Entity, timeout_s: float) -> dict[str, Any]:
    """Words become something that this player can play: the first that it finds by them itself."""
    features = player.attributes.get("supported_features")
    if not isinstance(features, int) or not features & SEARCH_MEDIA:
        raise NotSupported(f"{player.name} cannot search for what it is told to play", where=player.id)
    query: dict[str, Any] = {"search_query": command.data["media_content_id"]}
    if (kind := command.data.get("media_content_type")) != "music":
        query["media_filter_classes"] = [kind]
    search = Command(command.domain, "search_media", command.entity_ids, query)
    answer = await _call(wire, search, timeout_s, query, return_response=True)
    best = _first(answer, player.id)
    if best is None:
        raise NotSupported(f"{player.name} found nothing to play", where=player.id, hint="Ask for something else.")
    return best


def _first(answer: Any, entity_id: str) -> dict[str, Any] | None:
    """``{"response": {entity_id: {"result": [{media_content_id, media_content_type, ...}, ...]}}}``."""
    response = answer.get("response") if isinstance(answer, dict) else None
    found = response.get(entity_id) if isinstance(response, dict) else None
    results = found.get("result") if isinstance(found, dict) else None
    for each in results if isinstance(results, list) else ():
        if isinstance(each, dict) and each.get("can_play", True) and each.get("media_content_id"):
            return {key: each.get(key) for key in ("media_content_id", "media_content_type")}
    return None
