"""The words that homes are named with. Wide on purpose: a model that has seen few names learns them by heart instead of
reading them off the home. One name in six contains a word made up on the spot, which nothing but reading can get right."""

from __future__ import annotations

from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _entries(text: str) -> tuple[str, ...]:
    """Entries of one word or several, separated by bars."""
    return tuple(" ".join(entry.split()) for entry in text.split("|"))


AREAS = _entries("""
    kitchen|hall|hallway|living room|bedroom|bathroom|attic|basement|cellar|garage|workshop|office|study|nursery|pantry
    |laundry|dining room|guest room|library|porch|balcony|terrace|garden|greenhouse|conservatory|sauna|gym|music room|playroom
    |den|loft|landing|utility room|larder|studio|sun room|entrance|lobby|veranda|shed|carport|storeroom|dressing room
    |wardrobe|game room|media room|wine cellar|boot room|snug|parlour|patio|driveway|courtyard|barn|stable|kitchenette
    |master bedroom|kids room|spare room|upstairs|downstairs|corridor|mud room""")

MODIFIERS = _words("""
    red blue green yellow white black silver golden copper brass amber violet orange pink grey ivory crimson bronze old new
    small big tall short round square long narrow little large giant tiny front back left right upper lower main side corner
    middle outer inner north south east west reading floor ceiling wall table desk bedside window door night morning evening
    summer winter garden river forest mountain ocean desert island meadow valley harbor sunset moon star cloud rain snow storm
    oak pine maple birch cedar willow walnut cherry bamboo ivy fern moss rose lily tulip daisy orchid lotus clover stone
    marble granite slate crystal glass velvet linen cotton silk paper iron steel tin wooden rustic modern vintage antique
    classic quiet cosy bright dim warm cool fancy plain magic lucky happy lazy busy mellow gentle royal noble humble secret
    hidden spare second third double single twin mini super turbo retro nordic tuscan roman celtic persian baltic""")

PEOPLE = _words("""
    anna ben clara david emma felix grace henry iris jonas kira leo mila noah olga paul quinn rosa sam tessa uma victor
    wanda yara zoe alma boris carla dora elsa frida gustav hanna ivan julia karl lena maja nils otto petra ruth sven thea
    ursula vera willem xenia yusuf zara amir bilal chen deniz eko farah goran hiro indira jamal kofi lakshmi mateo ife""")

PETS = _words("""
    dusty rosie robby sweepy bruno crumb fluffy hoover scout biscuit pebble turbo nibbles waldo zippy rusty oscar pepper
    gizmo pixel sparky bandit chester daisy ember figaro goblin hobbit igor jumbo kermit marvin nemo olive pogo""")

NOUNS = {
    "light": "lamp|light|spotlight|lantern|chandelier|bulb|strip|sconce|downlight|pendant|floodlight|glow|nightlight",
    "switch": "plug|socket|coffee maker|kettle|heater plug|pump|fountain|toaster|dehumidifier|christmas tree|boiler|sprinkler",
    "fan": "fan|ventilator|blower|extractor|air purifier",
    "cover": "blind|curtain|shutter|shade|awning|window|gate|garage door|skylight",
    "lock": "lock|door|deadbolt|padlock|gate lock",
    "climate": "thermostat|heater|radiator|heating|air conditioner|stove",
    "media_player": "tv|radio|speaker|stereo|soundbar|record player|projector|jukebox",
    "todo": "list|shopping|chores|errands|tasks|reminders",
}
NOUN_LISTS = {domain: _entries(nouns) for domain, nouns in NOUNS.items()}

LISTS = _entries("groceries|shopping|hardware|errands|chores|packing|gifts|pharmacy|market|todo|books|ideas|holiday")

ITEM_KINDS = _words("""
    fresh frozen organic brown white dark smoked dried sliced green red sweet salted spicy cheap two three four six ten some
    more""")
ITEMS = _entries("""
    milk|bread|eggs|butter|cheese|yogurt|flour|sugar|salt|pepper|rice|pasta|noodles|lentils|beans|chickpeas|tomatoes|onions
    |garlic|ginger|carrots|potatoes|spinach|broccoli|lettuce|cucumbers|apples|bananas|pears|plums|oranges|lemons|limes|grapes
    |berries|mangoes|peaches|avocados|nuts|almonds|raisins|honey|jam|oats|cereal|coffee|tea|cocoa|juice|water|wine|beer|soap
    |shampoo|toothpaste|sponges|towels|napkins|batteries|candles|matches|screws|nails|glue|paint|tape|string|stamps|envelopes
    |pencils|notebooks|socks|gloves|cat food|dog treats|olive oil|soy sauce|peanut butter|maple syrup|light bulbs|bin bags
    |washing powder|baking soda|cling film""")

_ONSETS = _words("b br ch d dr f fl g gl h j k kl l m n p pl r s sk st t tr v w z")
_VOWELS = _words("a e i o u ai ee oo")
_CODAS = _words("n r l s m x k th nd rn") + ("",) * 6


def invented(rng: Random) -> str:
    """A pronounceable word of two or three syllables that no list holds."""
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((2, 2, 3))))


def entity_name(rng: Random, domain: str, area: str | None) -> str:
    """A lower-case name such as ``reading lamp``, ``kitchen blind``, ``velmar radio`` or, for a vacuum, ``dusty``."""
    if domain == "vacuum":
        return invented(rng) if rng.random() < 0.3 else rng.choice(PETS)
    if domain == "todo" and rng.random() < 0.7:
        return rng.choice(LISTS)
    noun = rng.choice(NOUN_LISTS[domain])
    kind = rng.random()
    if kind < 0.17:
        return f"{invented(rng)} {noun}"
    if kind < 0.25:
        return f"{rng.choice(PEOPLE)} {noun}"
    if kind < 0.4 and area:
        return f"{area} {noun}"
    if kind < 0.5:
        return f"{rng.choice(MODIFIERS)} {rng.choice(MODIFIERS)} {noun}"
    return f"{rng.choice(MODIFIERS)} {noun}"


def item(rng: Random) -> str:
    """Something to put on a list: ``oat milk``, ``two lemons``."""
    thing = rng.choice(ITEMS)
    kind = rng.random()
    if kind < 0.15:
        return f"{invented(rng)} {thing}"
    return f"{rng.choice(ITEM_KINDS)} {thing}" if kind < 0.5 else thing
