"""Tools for media players. Without a name they mean the player of the room, or the only one in the right state."""

from __future__ import annotations

from collections.abc import Callable

from schemas.action import Actor, ServiceCall
from schemas.inventory import Entity
from serve.actions import arguments as args
from serve.actions.home import SimulatedHome
from serve.actions.matching import match_one
from serve.actions.planning import HomeTool, Plan, on_each

Planner = Callable[[SimulatedHome, args.Place, Actor], Plan]
AWAKE = ("playing", "paused", "idle", "on", "buffering")


def _player(home: SimulatedHome, call: args.Place, actor: Actor, *states: str) -> Entity:
    return match_one(home, call.target("media_player"), actor.area, states)


def _does(service: str, *states: str) -> Planner:
    """A tool that calls ``service`` on the player that is meant, one in ``states`` before others."""
    return lambda home, call, actor: on_each((_player(home, call, actor, *states),), service)


def _muted(muted: bool) -> Planner:
    return lambda home, call, actor: on_each((_player(home, call, actor, *AWAKE),), "volume_mute", is_volume_muted=muted)


def _set_volume(home: SimulatedHome, call: args.Volume, actor: Actor) -> Plan:
    return on_each((_player(home, call, actor, *AWAKE),), "volume_set", volume_level=call.volume_level / 100)


def _step_volume(home: SimulatedHome, call: args.VolumeStep, actor: Actor) -> Plan:
    """Up and down are a tenth, as Home Assistant's own step; a number is percent points."""
    player = _player(home, call, actor, *AWAKE)
    if isinstance(call.volume_step, str):
        return on_each((player,), f"volume_{call.volume_step}")
    level = (player.attributes.get("volume_level") or 0) + call.volume_step / 100
    return on_each((player,), "volume_set", volume_level=min(1.0, max(0.0, level)))


def _play(home: SimulatedHome, call: args.Play, actor: Actor) -> Plan:
    player = _player(home, call, actor, "playing", "paused", "idle")
    data = {"media_content_id": call.search_query, "media_content_type": call.media_class or "music"}
    calls = (ServiceCall(service="play_media", entity_id=player.id, data=data),)
    if player.state in ("off", "standby"):
        calls = (ServiceCall(service="turn_on", entity_id=player.id), *calls)
    return Plan(calls, targets=(player.id,), facts={"media": call.search_query})


def _tool(name: str, description: str, arguments: type[args.Place], plan: Callable[..., Plan]) -> HomeTool:
    return HomeTool(name, description, arguments, plan, domains=("media_player",))


PLAYING = (
    _tool("HassMediaPause", "Pauses a media player.", args.Place, _does("media_pause", "playing")),
    _tool("HassMediaUnpause", "Resumes a media player.", args.Place, _does("media_play", "paused")),
    _tool("HassMediaNext", "Skips to the next track.", args.Place, _does("media_next_track", "playing")),
    _tool("HassMediaPrevious", "Goes back to the previous track.", args.Place, _does("media_previous_track", "playing")),
    _tool("HassSetVolume", "Sets the volume of a media player in percent.", args.Volume, _set_volume),
    _tool(
        "HassSetVolumeRelative",
        "Makes a media player louder or quieter by a step in percent.",
        args.VolumeStep,
        _step_volume,
    ),
    _tool("HassMediaPlayerMute", "Mutes a media player.", args.Place, _muted(True)),
    _tool("HassMediaPlayerUnmute", "Unmutes a media player.", args.Place, _muted(False)),
    _tool("HassMediaSearchAndPlay", "Plays music, a film or a programme on a media player.", args.Play, _play),
)
