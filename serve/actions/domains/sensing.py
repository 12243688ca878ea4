"""sensor, binary_sensor, person and weather: what is only read. Their states are set by hand (SimulatedHome.patch)."""

from __future__ import annotations

from schemas.inventory import Entity
from serve.actions.domains.service import Domain, between, is_number

CONDITIONS = frozenset(
    {
        "clear-night",
        "cloudy",
        "exceptional",
        "fog",
        "hail",
        "lightning",
        "lightning-rainy",
        "partlycloudy",
        "pouring",
        "rainy",
        "snowy",
        "snowy-rainy",
        "sunny",
        "windy",
        "windy-variant",
    }
)


def _measured(entity: Entity) -> str | None:
    """A sensor with a unit measures: its state is a number."""
    if "unit_of_measurement" not in entity.attributes or entity.state in ("unknown", "unavailable"):
        return None
    try:
        good = is_number(float(entity.state))
    except ValueError:
        good = False
    return None if good else f"{entity.state!r:.40} is no number, but it has a unit_of_measurement"


SENSOR = Domain("sensor", None, check=_measured)
BINARY_SENSOR = Domain("binary_sensor", frozenset({"on", "off"}))
PERSON = Domain("person", None, attributes={"latitude": between(-90, 90), "longitude": between(-180, 180)})
WEATHER = Domain("weather", CONDITIONS, attributes={"humidity": between(0, 100), "temperature": between(-150, 150)})
