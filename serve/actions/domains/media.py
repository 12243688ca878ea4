"""media_player: what plays, how loud (0 to 1), which track.

No sound is made. A player whose attributes list a ``playlist`` goes through its titles; another counts tracks.
"""

from __future__ import annotations

from typing import Any

from schemas.errors import NotSupported, WrongState
from schemas.inventory import Entity
from serve.actions.domains.service import FLAG, TEXTS, Data, Domain, Run, between, changed, needs_feature, service, whole

PAUSE, VOLUME_SET, VOLUME_MUTE, PREVIOUS, NEXT = 1, 4, 8, 16, 32
TURN_ON, TURN_OFF, PLAY_MEDIA, VOLUME_STEP, SELECT_SOURCE, STOP, PLAY = 128, 256, 512, 1024, 2048, 4096, 16384
SHUFFLE, REPEAT = 32768, 262144
STATES = frozenset({"off", "on", "idle", "playing", "paused", "buffering", "standby"})
_SILENT = frozenset({"off", "standby"})
STEP = 0.1


def _turn_on(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, TURN_ON, "be turned on")
    return changed(entity, "idle") if entity.state in _SILENT or entity.state == "unknown" else entity


def _turn_off(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, TURN_OFF, "be turned off")
    return changed(entity, "off")


def _toggle(entity: Entity, data: Data) -> Entity:
    return (_turn_on if entity.state in _SILENT else _turn_off)(entity, data)


def _play(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, PLAY, "play")
    return changed(_awake(entity, "resumed"), "playing")


def _pause(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, PAUSE, "pause")
    if entity.state not in ("playing", "paused", "buffering", "on"):
        raise WrongState(f"{entity.name} is {entity.state}, so there is nothing to pause", where=entity.id)
    return changed(entity, "paused")


def _play_pause(entity: Entity, data: Data) -> Entity:
    return (_pause if entity.state == "playing" else _play)(entity, data)


def _stop(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, STOP, "stop")
    return changed(_awake(entity, "stopped"), "idle")


def _skip(step: int, bit: int, what: str) -> Run:
    def run(entity: Entity, data: Data) -> Entity:
        needs_feature(entity, bit, what)
        if entity.state not in ("playing", "paused", "on", "buffering"):
            raise WrongState(f"{entity.name} is {entity.state}, so it cannot {what}", where=entity.id)
        playlist = entity.attributes.get("playlist") or ()
        track = max(1, (entity.attributes.get("media_track") or 1) + step)
        if not playlist:
            return changed(entity, "playing", media_track=track)
        track = (track - 1) % len(playlist) + 1
        return changed(entity, "playing", media_track=track, media_title=playlist[track - 1])

    return run


def _set_volume(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, VOLUME_SET, "change its volume")
    return changed(entity, volume_level=round(data.needed("volume_level", data.number("volume_level", 0, 1)), 2))


def _louder(sign: int) -> Run:
    def run(entity: Entity, data: Data) -> Entity:
        needs_feature(entity, VOLUME_STEP | VOLUME_SET, "change its volume")
        level = (entity.attributes.get("volume_level") or 0) + sign * STEP
        return changed(entity, volume_level=round(min(1.0, max(0.0, level)), 2))

    return run


def _mute(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, VOLUME_MUTE, "be muted")
    return changed(entity, is_volume_muted=data.needed("is_volume_muted", data.flag("is_volume_muted")))


def _play_media(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, PLAY_MEDIA, "play what it is told")
    title = data.needed("media_content_id", data.text("media_content_id"))
    kind = data.text("media_content_type") or "music"
    return changed(entity, "playing", media_title=title, media_content_type=kind, media_track=1)


def _source(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, SELECT_SOURCE, "change its source")
    sources = tuple(entity.attributes.get("source_list") or ())
    if not sources:
        raise NotSupported(f"{entity.name} has no sources", where=entity.id)
    return changed(entity, source=data.needed("source", data.text("source", sources)))


def _shuffle(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, SHUFFLE, "shuffle")
    return changed(entity, shuffle=data.needed("shuffle", data.flag("shuffle")))


def _repeat(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, REPEAT, "repeat")
    return changed(entity, repeat=data.needed("repeat", data.text("repeat", ("off", "one", "all"))))


def _awake(entity: Entity, what: str) -> Entity:
    if entity.state in _SILENT:
        raise WrongState(f"{entity.name} is {entity.state}, so it cannot be {what}", where=entity.id)
    return entity


_SERVICES: dict[str, Any] = {
    "turn_on": service(_turn_on),
    "turn_off": service(_turn_off),
    "toggle": service(_toggle),
    "media_play": service(_play),
    "media_pause": service(_pause),
    "media_play_pause": service(_play_pause),
    "media_stop": service(_stop),
    "media_next_track": service(_skip(1, NEXT, "skip")),
    "media_previous_track": service(_skip(-1, PREVIOUS, "go back")),
    "volume_set": service(_set_volume, "volume_level"),
    "volume_up": service(_louder(1)),
    "volume_down": service(_louder(-1)),
    "volume_mute": service(_mute, "is_volume_muted"),
    "play_media": service(_play_media, "media_content_id", "media_content_type"),
    "select_source": service(_source, "source"),
    "shuffle_set": service(_shuffle, "shuffle"),
    "repeat_set": service(_repeat, "repeat"),
}
MEDIA_PLAYER = Domain(
    "media_player",
    STATES,
    _SERVICES,
    {
        "volume_level": between(0, 1),
        "is_volume_muted": FLAG,
        "media_track": whole(1, 1_000_000),
        "playlist": TEXTS,
        "source_list": TEXTS,
        "shuffle": FLAG,
    },
)
