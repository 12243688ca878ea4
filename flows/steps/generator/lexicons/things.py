"""Kinds of things: their domain and device class, how often homes have them, and the nouns that name them in English."""

from __future__ import annotations

from dataclasses import dataclass

from flows.steps.generator.lexicons import entries


@dataclass(frozen=True, eq=False)
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


def _whole(key: str, weight: float, nouns: str = "", generic: str = "", domain: str | None = None, placed: bool = False) -> Kind:
    return Kind(key, domain or key, weight, entries(nouns), entries(generic), placed=placed, named=True)


_LIGHTS = """
    lamp|light|lights|spotlight|spotlights|lantern|chandelier|bulb|strip|sconce|downlight|downlights|pendant|floodlight|glow
    |nightlight|night light|led strip|ceiling light|floor lamp|table lamp|desk lamp|reading lamp|bedside lamp|wall light
    |string lights|fairy lights|spot|spots|uplight|uplighter|torchiere|light strip|ceiling lamp|standing lamp|track lights
    |pendant light|mirror light|cabinet light|shelf light|stair light|porch light|path lights|lava lamp|salt lamp|neon sign
    |light bar|led panel|dimmer|lamps|leds|bulbs|globe|work light|security light|picture light|under cabinet light|strip light
    |tube light|main light|overhead light|corner lamp|arc lamp|clip lamp|light panel|light rope|star projector"""
_APPLIANCES = """
    coffee maker|coffee machine|kettle|pump|fountain|toaster|dehumidifier|humidifier|christmas tree|boiler|sprinkler|sprinklers
    |electric blanket|towel rail|towel warmer|espresso machine|rice cooker|slow cooker|dishwasher|washing machine|washer|dryer
    |tumble dryer|freezer|fridge|aquarium|aquarium pump|pond pump|pool pump|water heater|immersion heater|irrigation|siren
    |printer|router|charger|car charger|bike charger|heat mat|grow light|infrared panel|waffle iron|bread maker|oven|microwave
    |air fryer|wine cooler|ice maker|diffuser|heated floor mat|foot warmer|treadmill|massage chair|computer|pc|monitor|nas
    |game console|amplifier plug|3d printer|soldering iron|compressor|table saw|air pump|uv filter|terrarium|bug zapper
    |snow melter|gutter heater|hot tub pump|fireplace|water feature"""
_FANS = """
    fan|ventilator|blower|extractor|air purifier|ceiling fan|exhaust fan|tower fan|desk fan|extractor fan|cooker hood
    |ventilation|circulator|recuperator|pedestal fan|range hood|purifier|vent fan|window fan|attic fan|bathroom fan"""
_LOCKS = """
    lock|door|deadbolt|padlock|gate lock|front door|back door|side door|door lock|smart lock|latch|safe|bolt|entry door
    |cellar door|patio door|main door|letterbox|bike lock|cabinet lock"""
_HEATINGS = """
    thermostat|heater|radiator|heating|stove|floor heating|underfloor heating|trv|convector|wall heater|radiator valve
    |panel heater|towel radiator|fireplace insert|pellet stove|space heater|room thermostat"""
_SPEAKERS = """
    radio|speaker|speakers|stereo|soundbar|record player|jukebox|sound system|hifi|smart speaker|boombox|music|turntable|dock
    |echo|subwoofer|bluetooth speaker|kitchen radio|clock radio|alarm clock|music box|gramophone|cd player"""

KINDS: tuple[Kind, ...] = (
    _kind("light", "light", 26, _LIGHTS, "light|lamp"),
    _kind(
        "plug",
        "switch",
        5,
        "plug|socket|outlet|power strip|smart plug|switch|power outlet|extension lead|relay",
        "plug",
        "outlet",
    ),
    _kind("appliance", "switch", 6, _APPLIANCES),
    _kind(
        "helper",
        "input_boolean",
        1.5,
        "mode|guest mode|holiday mode|away mode|vacation mode|night mode|party mode|quiet mode|alert|alarm|automation|simulation",
    ),
    _kind("fan", "fan", 5, _FANS, "fan"),
    _kind("blind", "cover", 5, "blind|blinds|roller blind|venetian blind|roman blind|roller|screen", "blinds|blind", "blind"),
    _kind(
        "curtain", "cover", 3, "curtain|curtains|drapes|drape|sheers|net curtain|blackout curtain", "curtains|curtain", "curtain"
    ),
    _kind("shutter", "cover", 3, "shutter|shutters|roller shutter|storm shutter|window shutter", "shutters|shutter", "shutter"),
    _kind("shade", "cover", 1.5, "shade|shades|honeycomb shade|pleated shade|sun shade|roller shade", "shades|shade", "shade"),
    _kind("awning", "cover", 1, "awning|sunshade|marquee|canopy|sun sail", "awning", "awning"),
    _kind("window", "cover", 1.5, "window|skylight|roof window|hatch|vent|dormer window|roof hatch", "window", "window"),
    _kind("garage", "cover", 1.5, "garage door|overhead door|roll-up door|garage gate|big door", "garage door", "garage"),
    _kind("gate", "cover", 1, "gate|driveway gate|garden gate|barrier|sliding gate|entrance gate", "gate", "gate"),
    _kind(
        "valve",
        "valve",
        1.5,
        "valve|water valve|gas valve|main valve|tap|faucet|hose|irrigation valve|stopcock",
        "valve",
        "water",
    ),
    _kind("lock", "lock", 5, _LOCKS, "lock|door lock"),
    _kind("heating", "climate", 6, _HEATINGS, "heating|thermostat|heater"),
    _kind(
        "cooling",
        "climate",
        2,
        "air conditioner|air conditioning|ac|aircon|heat pump|split unit|cooler|ac unit|mini split",
        "ac|air conditioner",
    ),
    _kind("tv", "media_player", 4, "tv|television|telly|projector|flatscreen|smart tv|big screen|beamer", "tv|television", "tv"),
    _kind("speaker", "media_player", 6, _SPEAKERS, "speaker|music", "speaker"),
    _kind("receiver", "media_player", 1, "receiver|amplifier|amp|av receiver|streamer|cast|set top box", "receiver", "receiver"),
    _whole("vacuum", 3, "vacuum|robot|robot vacuum|hoover|mop|cleaner|vacuum cleaner|robo", "vacuum|robot", placed=True),
    _whole("list", 6, "", "list", domain="todo"),
    _whole("timer", 1.2),
    _whole("scene", 4),
    _whole("script", 3),
    _whole("person", 3),
    _whole("weather", 1.5, "", "weather"),
    _kind("button", "button", 1.2, "button|restart|identify|reboot|chime|bell|feeder|pet feeder|doorbell|gong|dispenser"),
    _kind("helper_button", "input_button", 0.8, "call button|bell button|panic button|reset button|test button|trigger|shortcut"),
    _kind(
        "temperature",
        "sensor",
        4,
        "temperature|temp|thermometer|temperature sensor|air temperature",
        "temperature",
        "temperature",
    ),
    _kind("humidity", "sensor", 2.5, "humidity|hygrometer|humidity sensor|humidity level", "humidity", "humidity"),
    _kind("power", "sensor", 1.5, "power|consumption|power meter|wattage|load|power draw", "power", "power"),
    _kind("energy", "sensor", 1, "energy|energy meter|energy today|electricity|yield|solar yield", "energy", "energy"),
    _kind("battery", "sensor", 1.5, "battery|battery level|charge|battery state", "battery", "battery"),
    _kind("illuminance", "sensor", 0.7, "illuminance|light level|lux|light sensor|daylight", "light level", "illuminance"),
    _kind("air", "sensor", 1, "co2|carbon dioxide|co2 level|co2 sensor|air quality", "co2", "carbon_dioxide"),
    _kind("pressure", "sensor", 0.5, "pressure|barometer|air pressure", "air pressure", "atmospheric_pressure"),
    _kind("door_contact", "binary_sensor", 2, "door|door sensor|door contact|front door|back door|fridge door", "door", "door"),
    _kind("window_contact", "binary_sensor", 2, "window|window sensor|window contact|skylight contact", "window", "window"),
    _kind(
        "motion", "binary_sensor", 2, "motion|motion sensor|motion detector|movement|movement sensor", "motion sensor", "motion"
    ),
    _kind("leak", "binary_sensor", 1, "leak|leak sensor|water sensor|flood sensor|leak detector", "leak sensor", "moisture"),
    _kind("smoke", "binary_sensor", 1, "smoke detector|smoke alarm|smoke|fire alarm|smoke sensor", "smoke detector", "smoke"),
    _kind(
        "occupancy", "binary_sensor", 1, "occupancy|presence|presence sensor|bed occupancy|seat", "presence sensor", "occupancy"
    ),
)
BY_DOMAIN: dict[str, tuple[Kind, ...]] = {
    domain: tuple(kind for kind in KINDS if kind.domain == domain) for domain in dict.fromkeys(kind.domain for kind in KINDS)
}
