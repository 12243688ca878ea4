"""The domains that the simulated home knows, one family a file. An entity of another domain is shown and never acted on."""

from __future__ import annotations

from serve.actions.domains.climates import CLIMATE
from serve.actions.domains.covers import COVER, VALVE
from serve.actions.domains.lights import LIGHT
from serve.actions.domains.locks import LOCK
from serve.actions.domains.media import MEDIA_PLAYER
from serve.actions.domains.sensing import BINARY_SENSOR, PERSON, SENSOR, WEATHER
from serve.actions.domains.service import Domain
from serve.actions.domains.switches import FAN, INPUT_BOOLEAN, SWITCH
from serve.actions.domains.timers import TIMER
from serve.actions.domains.todos import TODO
from serve.actions.domains.triggers import BUTTON, INPUT_BUTTON, SCENE, SCRIPT
from serve.actions.domains.vacuums import VACUUM

DOMAINS: dict[str, Domain] = {
    domain.name: domain
    for domain in (
        LIGHT,
        SWITCH,
        INPUT_BOOLEAN,
        FAN,
        COVER,
        VALVE,
        LOCK,
        CLIMATE,
        MEDIA_PLAYER,
        VACUUM,
        TODO,
        TIMER,
        SCENE,
        SCRIPT,
        BUTTON,
        INPUT_BUTTON,
        SENSOR,
        BINARY_SENSOR,
        PERSON,
        WEATHER,
    )
}


def domain_of(name: str) -> Domain:
    return DOMAINS.get(name) or Domain(name)
