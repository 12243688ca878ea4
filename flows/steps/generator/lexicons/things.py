"""Kinds of things: their domain and device class, how often homes have them, and the nouns that name them in English."""

from __future__ import annotations

from dataclasses import dataclass

from flows.steps.generator.lexicons import entries


@dataclass(frozen=True)
class Kind:
    """``generic`` nouns are what people call such a thing when they do not know its name; the first is the plainest.

    ``placed``: it belongs in an area. ``named``: its name is a whole of its own (a scene, a person), not a noun with a qualifier.
    """

    key: str
    domain: str
    weight: float
    nouns: tuple[str, ...]
    generic: tuple[str, ...] = ()
    device_class: str | None = None
    placed: bool = True
    named: bool = False


def _kind(key: str, domain: str, weight: float, nouns: str, generic: str = "", device_class: str | None = None) -> Kind:
    return Kind(key, domain, weight, entries(nouns), entries(generic), device_class)


def _whole(key: str, domain: str, weight: float, generic: str = "") -> Kind:
    return Kind(key, domain, weight, (), entries(generic), placed=False, named=True)


KINDS: tuple[Kind, ...] = (
    _kind(
        "light",
        "light",
        26,
        """
        lamp|light|lights|spotlight|spotlights|lantern|chandelier|bulb|strip|sconce|downlight|downlights|pendant|floodlight|glow
        |nightlight|night light|led strip|ceiling light|floor lamp|table lamp|desk lamp|reading lamp|bedside lamp|wall light
        |string lights|fairy lights|spot|spots|uplight|uplighter|torchiere|light strip|ceiling lamp|standing lamp|track lights
        |pendant light|mirror light|cabinet light|shelf light|stair light|porch light|path lights|lava lamp|salt lamp|neon sign
        |light bar|led panel|dimmer""",
        "light|lamp",
    ),
    _kind(
        "plug",
        "switch",
        6,
        "plug|socket|outlet|power strip|smart plug|switch|power outlet|extension lead|adapter|relay",
        "plug|socket",
        "outlet",
    ),
    _kind(
        "appliance",
        "switch",
        6,
        """
        coffee maker|coffee machine|kettle|pump|fountain|toaster|dehumidifier|humidifier|christmas tree|boiler|sprinkler
        |sprinklers        |electric blanket|towel rail|towel warmer|espresso machine|rice cooker|slow cooker|dishwasher|washing machine|washer|dryer
        |tumble dryer|freezer|fridge|aquarium|aquarium pump|pond pump|pool pump|water heater|immersion heater|irrigation|doorbell
        |siren|printer|router|charger|car charger|bike charger|heat mat|grow light|infrared panel|waffle iron|bread maker""",
    ),
    _kind(
        "helper",
        "input_boolean",
        2,
        "mode|guest mode|holiday mode|away mode|vacation mode|night mode|party mode|quiet mode|alert",
    ),
    _kind(
        "fan",
        "fan",
        5,
        """
        fan|ventilator|blower|extractor|air purifier|ceiling fan|exhaust fan|tower fan|desk fan|extractor fan|cooker hood
        |ventilation|circulator|recuperator""",
        "fan",
    ),
    _kind("blind", "cover", 5, "blind|blinds|roller blind|venetian blind|roman blind|roller|screen", "blinds|blind", "blind"),
    _kind("curtain", "cover", 3, "curtain|curtains|drapes|drape|sheers", "curtains|curtain", "curtain"),
    _kind("shutter", "cover", 3, "shutter|shutters|roller shutter|storm shutter", "shutters|shutter", "shutter"),
    _kind("shade", "cover", 1.5, "shade|shades|honeycomb shade|pleated shade", "shades|shade", "shade"),
    _kind("awning", "cover", 1, "awning|sunshade|marquee|canopy", "awning", "awning"),
    _kind("window", "cover", 1.5, "window|skylight|roof window|hatch|vent", "window", "window"),
    _kind("garage", "cover", 1.5, "garage door|overhead door|roll-up door", "garage door", "garage"),
    _kind("gate", "cover", 1, "gate|driveway gate|garden gate|barrier", "gate", "gate"),
    _kind("valve", "valve", 1.5, "valve|water valve|gas valve|main valve|tap|faucet|hose|irrigation valve", "valve", "water"),
    _kind(
        "lock",
        "lock",
        5,
        "lock|door|deadbolt|padlock|gate lock|front door|back door|side door|door lock|smart lock|latch|safe",
        "lock|door lock",
    ),
    _kind(
        "heating",
        "climate",
        6,
        "thermostat|heater|radiator|heating|stove|floor heating|underfloor heating|trv|convector|wall heater",
        "heating|thermostat|heater",
    ),
    _kind(
        "cooling", "climate", 2, "air conditioner|air conditioning|ac|aircon|heat pump|split unit|cooler", "ac|air conditioner"
    ),
    _kind("tv", "media_player", 4, "tv|television|telly|projector|screen tv|flatscreen|smart tv", "tv|television", "tv"),
    _kind(
        "speaker",
        "media_player",
        6,
        """
        radio|speaker|speakers|stereo|soundbar|record player|jukebox|sound system|hifi|smart speaker|boombox|music
        |turntable|dock""",
        "speaker|music",
        "speaker",
    ),
    _kind("receiver", "media_player", 1, "receiver|amplifier|amp|av receiver|streamer|cast", "receiver", "receiver"),
    Kind(
        "vacuum",
        "vacuum",
        3,
        entries("vacuum|robot|robot vacuum|hoover|mop|mower bot|cleaner"),
        entries("vacuum|robot"),
        named=True,
    ),
    _whole("list", "todo", 6, "list"),
    _whole("timer", "timer", 1, ""),
    _whole("scene", "scene", 4, ""),
    _whole("script", "script", 3, ""),
    _whole("person", "person", 4, ""),
    _whole("weather", "weather", 2, "weather"),
    _kind("button", "button", 1.5, "button|restart|identify|reboot|doorbell chime|bell|feeder|pet feeder"),
    _kind("helper_button", "input_button", 1, "call button|bell button|panic button|reset button|test button"),
    _kind(
        "temperature",
        "sensor",
        4,
        "temperature|temp|thermometer|temperature sensor|air temperature",
        "temperature",
        "temperature",
    ),
    _kind("humidity", "sensor", 3, "humidity|hygrometer|humidity sensor|moisture", "humidity", "humidity"),
    _kind("power", "sensor", 2, "power|consumption|power meter|wattage|load", "power", "power"),
    _kind("energy", "sensor", 1, "energy|energy meter|energy today|electricity|yield", "energy", "energy"),
    _kind("battery", "sensor", 2, "battery|battery level|charge", "battery", "battery"),
    _kind("illuminance", "sensor", 1, "illuminance|light level|brightness|lux", "light level", "illuminance"),
    _kind("air", "sensor", 1, "co2|carbon dioxide|air quality|co2 level", "co2", "carbon_dioxide"),
    _kind("pressure", "sensor", 0.5, "pressure|barometer|air pressure", "air pressure", "atmospheric_pressure"),
    _kind("door_contact", "binary_sensor", 2, "door|door sensor|door contact|front door|back door|fridge door", "door", "door"),
    _kind("window_contact", "binary_sensor", 2, "window|window sensor|window contact", "window", "window"),
    _kind("motion", "binary_sensor", 2, "motion|motion sensor|motion detector|movement", "motion sensor", "motion"),
    _kind("leak", "binary_sensor", 1, "leak|leak sensor|water sensor|flood sensor", "leak sensor", "moisture"),
    _kind("smoke", "binary_sensor", 1, "smoke detector|smoke alarm|smoke|fire alarm", "smoke detector", "smoke"),
    _kind("occupancy", "binary_sensor", 1, "occupancy|presence|presence sensor|bed occupancy", "presence sensor", "occupancy"),
)
