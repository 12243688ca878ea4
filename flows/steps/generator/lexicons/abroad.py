"""Names of rooms and things in other languages, as they stand in homes whose people speak English to them."""

from __future__ import annotations

from dataclasses import dataclass

from flows.steps.generator.lexicons import entries


@dataclass(frozen=True)
class Tongue:
    """``things`` maps kinds (things.py) to nouns. ``joined`` has {thing} and {room}: how the language places a thing."""

    rooms: tuple[str, ...]
    things: dict[str, tuple[str, ...]]
    joined: str = "{thing} {room}"


def _tongue(rooms: str, joined: str = "{thing} {room}", **things: str) -> Tongue:
    return Tongue(entries(rooms), {kind: entries(nouns) for kind, nouns in things.items()}, joined)


TONGUES: dict[str, Tongue] = {
    "de": _tongue(
        "küche|wohnzimmer|schlafzimmer|badezimmer|bad|flur|büro|keller|dachboden|kinderzimmer|esszimmer|garten|diele|gästezimmer",
        "{room} {thing}",
        light="stehlampe|deckenlampe|nachttischlampe|licht|leuchte|lichterkette|schreibtischlampe",
        plug="steckdose|zwischenstecker",
        fan="lüfter|ventilator",
        blind="jalousie|rollo",
        curtain="vorhang",
        shutter="rollladen",
        lock="haustür|schloss",
        heating="heizung|thermostat|heizkörper",
        tv="fernseher",
        speaker="lautsprecher|radio",
    ),
    "fr": _tongue(
        "cuisine|salon|chambre|salle de bain|couloir|bureau|cave|grenier|jardin|entrée|terrasse",
        light="lampe|lampadaire|plafonnier|lumière|guirlande",
        plug="prise",
        fan="ventilateur",
        blind="store",
        curtain="rideau",
        shutter="volet|volets",
        lock="serrure|porte d'entrée",
        heating="chauffage|radiateur",
        tv="télé",
        speaker="enceinte|radio",
    ),
    "es": _tongue(
        "cocina|salón|dormitorio|baño|pasillo|oficina|sótano|jardín|entrada|terraza|comedor",
        light="lámpara|luz|foco",
        plug="enchufe",
        fan="ventilador",
        blind="estor|persiana",
        curtain="cortina",
        lock="cerradura",
        heating="calefacción|radiador",
        tv="tele",
        speaker="altavoz|radio",
    ),
}
