"""Tools that are not the home's: with names, parameters and values that no other row has, so that the model reads them.

Half are of everyday life (weather, calendar, music, travel), half are put together from verbs, things and slots, some of them
words made up on the spot. What a tool does and takes is said by its name and its parameters' names alone: the prompt holds
no more (schemas.prompt.signature). A request names the thing and gives values in any order, those that it says and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from flows.steps.generator.exchanges import Exchange
from flows.steps.generator.frames import framed, written
from flows.steps.generator.homes import Place
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.quantities import said
from flows.steps.generator.sessions import tools_of
from flows.steps.generator.words import PARTS, invented, items, of_part, pick, words_of
from schemas.conversation import FunctionSpec, Tool
from schemas.pipeline import Part

NO_TOOL = "I have no tool for that."
BESIDE_HOME, AT_HOME, MISSING = 0.2, 0.25, 0.08
"""Shares: among the home's own tools, alone in a home, and asked for what no tool does."""

Value = tuple[Any, str, tuple[str, ...]]
"""What an argument is, how it is said, and the part of that which must stay letter for letter."""


@dataclass(frozen=True)
class Slot:
    """A parameter: the names that it may go by, and its value with how that is said after what it is asked of."""

    names: tuple[str, ...]
    said: tuple[str, ...]
    make: Callable[[Random, Part], Value]
    schema: dict[str, Any]


@dataclass(frozen=True)
class _Made:
    """A tool of one set: what it is called, what it does in words, and its parameters by name."""

    tool: Tool
    phrases: tuple[str, ...]
    slots: tuple[tuple[str, Slot], ...]
    key: str


def _entries(text: str) -> tuple[str, ...]:
    return tuple(" ".join(entry.split()) for entry in text.replace("\n", " ").split("|") if entry.strip())


def _split(text: str) -> dict[Part, tuple[str, ...]]:
    entries = _entries(text)
    return {part: of_part(entries, part) for part in PARTS}


_VERBS = _split("""
    archive|approve|assign|audit|backup|balance|bookmark|broadcast|brew|calibrate|charge|check|clone|compare|compile|compress
    |confirm|convert|count|create|decline|delete|deliver|deploy|describe|detect|dispatch|donate|download|draft|drain|duplicate
    |edit|encrypt|enroll|estimate|export|feed|fetch|file|fill|filter|find|flag|flush|forecast|format|forward|freeze|generate
    |grade|grind|import|inspect|install|invite|invoice|label|launch|lease|list|locate|log|mail|map|mark|measure|merge|mix|monitor
    |mount|move|name|notify|open|order|organize|pack|patch|pay|plan|plot|polish|post|preview|price|print|process|promote|publish
    |purchase|queue|quote|rank|rate|read|rebuild|recharge|record|recycle|refill|refund|register|release|remove|rename|renew|rent
    |repair|replace|report|request|rerun|reserve|reset|resize|restart|restock|restore|review|rinse|roast|rotate|route|save|scan
    |schedule|search|sell|send|ship|show|sign|simulate|sort|split|spray|start|stop|store|submit|subscribe|summarize|swap|sync
    |tag|test|tow|trace|track|trade|train|transfer|translate|trim|unpack|update|upgrade|upload|validate|verify|view|warm|wash
    |water|weigh|withdraw|wrap|zip
""")
_THINGS = _split("""
    account|album|alert|ambulance|antenna|aquarium|article|badge|balloon|banner|barrel|basket|battery|beacon|bicycle|bill|blog
    |boat|book|booking|bottle|bouquet|bracelet|brochure|budget|bus|cabinet|cable|cake|camera|campaign|candle|canoe|card|cargo
    |cart|case|catalog|certificate|channel|chapter|chart|claim|class|client|clip|clock|cluster|coat|code|column|combine|comment
    |compost|concert|contact|container|contract|costume|coupon|course|crane|crate|crop|customer|dashboard|database|deposit|desk
    |diagram|diary|diploma|discount|dish|dock|document|donation|drill|drone|drum|easel|elevator|email|engine|envelope|episode
    |essay|event|exam|excavator|exhibit|expense|fabric|ferry|field|file|film|flight|flyer|folder|forklift|form|fossil|freezer
    |gallery|game|garment|gift|glacier|goal|grant|greenhouse|guest|guitar|habit|hammock|harvest|helmet|herd|hive|horse|hotel
    |hydrant|image|incident|index|insurance|invoice|issue|jacket|jar|job|journal|journey|kayak|kiln|kite|label|laboratory
    |laptop|lawn|lease|ledger|lesson|letter|library card|license|lifeboat|link|loan|locker|lunch|machine|magazine|mailbox|manual
    |map|market|meal|medal|meeting|member|memo|menu|message|meter|microscope|mission|mixer|model|monitor|mortgage|mural|napkin
    |network|newsletter|notebook|notice|novel|nozzle|offer|orchard|orchestra|order|oven|package|page|painting|pallet|parade
    |parcel|parking spot|party|passport|password|path|patient|payment|permit|photo|piano|picture|pipeline|pizza|planet|plate
    |playlist|podcast|poem|policy|pond|portfolio|portrait|poster|printer|prize|product|profile|project|puppet|puzzle|quilt|quiz
    |raft|receipt|recipe|record|refund|relay|rental|repository|reservation|resource|ride|robot|rocket|route|rover|sail|salad
    |sample|satellite|saw|schedule|score|sculpture|seat|server|session|shelf|shift|shipment|shipping box|shuttle|signal|sketch
    |slide|sled|snack|sofa|song|soup|statue|stock|story|stove|studio|submarine|subscription|suit|survey|tank|task|taxi|team
    |telescope|template|tent|theater|ticket|tile|toast|token|tool|tour|tournament|toy|tractor|trail|trailer|train|transcript
    |transfer|trench|tricycle|trip|trophy|truck|tunnel|turbine|uniform|vacancy|van|vehicle|vessel|video|village|violin|visa
    |visitor|vote|voucher|wagon|wallet|warehouse|warranty|wedding|well|wheel|widget|windmill|workshop|yacht|yard
""")
_CITIES = _split("""
    oslo|lima|cairo|berlin|paris|rome|vienna|boston|chicago|denver|dublin|geneva|havana|istanbul|jakarta|kyoto|lagos|lisbon
    |london|madrid|manila|milan|montreal|moscow|mumbai|munich|nairobi|naples|new york|osaka|perth|porto|prague|quito|riga
    |san diego|santiago|seoul|seville|sofia|stockholm|sydney|tallinn|tokyo|toronto|tunis|turin|vancouver|venice|warsaw|zurich
    |antwerp|bergen|cape town|dakar|edinburgh|fez|graz|helsinki|innsbruck|jaipur|krakow|leeds|malaga|nice|odessa|pisa|quebec
    |rotterdam|salzburg|tampere|utrecht|valencia|windhoek|york|zagreb
""")
_DAYS = _split("""
    today|tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday|next monday|next tuesday|next friday
    |next week|this weekend|next month|tomorrow morning|tomorrow evening|on monday morning|friday night|sunday afternoon
    |the day after tomorrow|march 3rd|the 5th of may|june 12|august 1st|october 30th|christmas eve|new year's day|next thursday
    |this evening|saturday morning|in two weeks|december 4|april 9th|the 21st of july|next wednesday|sunday night|in three days
""")
_HOURS = _split("""
    7 am|8 am|9 am|10 am|11 am|noon|1 pm|2 pm|3 pm|4 pm|5 pm|6 pm|7 pm|8 pm|9 pm|10 pm|midnight|7:30|8:15|9:45|half past eight
    |quarter to nine|six thirty|18:30|20:00|12:30|10:15|5:45|quarter past four|half past six|14:00|21:15|ten to five|seven o'clock
    |eight o'clock|nine thirty|11:30 am|3:45 pm|6:15 pm|16:20
""")
_TONGUES = _split("""
    french|spanish|german|italian|dutch|polish|greek|turkish|hindi|korean|swedish|welsh|finnish|arabic|danish|czech
""")
_ADJECTIVES = _split("""
    urgent|weekly|annual|private|public|shared|spare|broken|empty|heavy|hidden|local|lost|main|missing|monthly|new|next|old|pending
    |personal|quick|quiet|rare|recent|remote|second|secret|short|special|temporary|test|tiny|yearly|daily|final|fresh|global
""")


def _text(values: Callable[[Random, Part], str]) -> Callable[[Random, Part], Value]:
    def make(rng: Random, part: Part) -> Value:
        value = values(rng, part)
        return value, value, (value,)

    return make


def _whole(low: int, high: int) -> Callable[[Random, Part], Value]:
    def make(rng: Random, part: Part) -> Value:
        value = rng.randint(low, high)
        return value, said(rng, value), ()

    return make


def _decimal(rng: Random, part: Part) -> Value:
    value = rng.randint(1, 400) / rng.choice((1, 2, 10))
    value = int(value) if value == int(value) else value
    return value, f"{value:g}", ()


def _choice(*options: str) -> Callable[[Random, Part], Value]:
    def make(rng: Random, part: Part) -> Value:
        value = pick(rng, options)
        return value, value.replace("_", " "), ()

    return make


def _flag(rng: Random, part: Part) -> Value:
    return True, "", ()


def _slot(names: str, phrases: str, make: Callable[[Random, Part], Value], kind: str = "string", **schema: Any) -> Slot:
    return Slot(_entries(names), _entries(phrases), make, {"type": kind, **schema})


def _enum(names: str, phrases: str, *options: str) -> Slot:
    return _slot(names, phrases, _choice(*options), enum=list(options))


def _person(rng: Random, part: Part) -> str:
    return pick(rng, words_of(part).people)


def _word(rng: Random, part: Part) -> str:
    return invented(rng, part)


def _title(rng: Random, part: Part) -> str:
    words = words_of(part)
    return pick(rng, pick(rng, (words.songs, words.films, words.modifiers)))


def _from(table: dict[Part, tuple[str, ...]]) -> Callable[[Random, Part], str]:
    return lambda rng, part: pick(rng, table[part])


def _code(rng: Random, part: Part) -> str:
    letters = "".join(pick(rng, "abcdefghkmnpqrstuvwxyz") for _ in range(rng.randint(1, 3)))
    return f"{letters}{rng.randint(1, 9999)}"


PERSON = _slot("person|name|recipient|owner|contact|who|assignee", "for {v}|to {v}|of {v}", _text(_person))
CITY = _slot("city|place|location|town|where", "in {v}|at {v}|for {v}", _text(_from(_CITIES)))
DAY = _slot("date|day|when|due|on_day", "{v}|for {v}|{v} please", _text(_from(_DAYS)))
HOUR = _slot("time|hour|at|start_time|clock", "at {v}|for {v}|at {v} sharp", _text(_from(_HOURS)))
COUNT = _slot("count|number|quantity|how_many|copies", "{v} times|{v} of them|{v} pieces", _whole(2, 60), "integer")
PEOPLE = _slot(
    "people|guests|persons|party_size|seats", "for {v} people|for {v} persons|for {v} guests", _whole(2, 20), "integer"
)
MINUTES = _slot("minutes|duration|length|duration_minutes", "for {v} minutes|lasting {v} minutes", _whole(2, 120), "integer")
DAYS = _slot("days|nights|num_days", "for {v} days|over {v} days", _whole(2, 30), "integer")
PERCENT = _slot("percent|level|share|percentage", "to {v} percent|at {v}%|at {v} percent", _whole(1, 100), "integer")
AMOUNT = _slot("amount|sum|price|total|value", "of {v} euros|over {v} dollars|for {v} euros", _decimal, "number")
WEIGHT = _slot("weight|kilograms|kilos|weight_kg", "of {v} kilos|weighing {v} kilograms|with {v} kilos", _decimal, "number")
TITLE = _slot("title|label|subject|called|name", "called {v}|named {v}|titled {v}", _text(_title))
CODE = _slot("code|id|reference|number|serial", "number {v}|with the code {v}|{v}", _text(_code))
ITEM = _slot("item|content|thing|product", "with {v}|containing {v}", _text(items))
COLOR = _enum("color|colour|shade", "in {v}", "red", "green", "blue", "black", "white", "yellow")
SIZE = _enum("size|format|dimension", "in size {v}|in {v}", "small", "medium", "large")
PRIORITY = _enum("priority|urgency|importance", "with {v} priority|as {v} priority", "low", "normal", "high")
MODE = _enum("mode|style|setting|profile", "in {v} mode|with the {v} setting", "eco", "fast", "silent", "turbo", "auto")
FORMAT = _enum("format|type|file_type|output", "as {v}|in {v} format", "pdf", "png", "csv", "html", "json")
UNIT = _enum("unit|units|scale", "in {v}", "celsius", "fahrenheit", "kelvin")
EVERY = _enum("repeat|frequency|interval|every", "{v}|repeating {v}", "hourly", "daily", "weekly", "monthly")
URGENT = _slot("urgent|express|priority|rush", "urgently|as an express|right away as urgent", _flag, "boolean")
WRAPPED = _slot("gift_wrap|wrapped|as_gift", "gift wrapped|wrapped as a gift", _flag, "boolean")
INSURED = _slot("insured|with_insurance|insurance", "with insurance|insured", _flag, "boolean")
SILENT = _slot("silent|quiet|no_notification", "silently|without a notification", _flag, "boolean")
_SLOTS = (PERSON, CITY, DAY, HOUR, COUNT, PEOPLE, MINUTES, DAYS, PERCENT, AMOUNT, WEIGHT, TITLE, CODE, ITEM, COLOR, SIZE,
          PRIORITY, MODE, FORMAT, EVERY, URGENT, WRAPPED, INSURED, SILENT)  # fmt: skip

FROM_CITY = _slot("from|origin|departure|from_city", "from {v}", _text(_from(_CITIES)))
TO_CITY = _slot("to|destination|arrival|to_city", "to {v}", _text(_from(_CITIES)))
SONG = _slot("song|track|title|music", "{v}|the song {v}", _text(lambda rng, part: pick(rng, words_of(part).songs)))
ARTIST = _slot("artist|band|musician|singer", "by {v}|from {v}", _text(lambda rng, part: pick(rng, words_of(part).artists)))
GENRE = _slot("genre|style|kind", "{v}|some {v}", _text(lambda rng, part: pick(rng, words_of(part).genres)))
FILM = _slot("film|movie|title", "{v}|the film {v}", _text(lambda rng, part: pick(rng, words_of(part).films)))
FOOD = _slot("dish|food|item|meal", "{v}|some {v}", _text(items))
TO_PERSON = _slot("to|recipient|person|contact|name", "to {v}", _text(_person))
WHO = _slot("person|name|contact|who", "{v}", _text(_person))
WITH = _slot("with|attendee|person|guest", "with {v}", _text(_person))
TASK = _slot("text|task|what|reminder|title", "to {v}", _text(lambda rng, part: pick(rng, words_of(part).tasks)))
WORD = _slot("word|term|text", "{v}|the word {v}", _text(_word))
TONGUE = _slot("language|to_language|target_language", "into {v}|to {v}", _text(_from(_TONGUES)))
PLACE_OF = _slot("restaurant|venue|place|name", "at {v}|in {v}", _text(lambda rng, part: f"{pick(rng, words_of(part).makers)}"))
STOCK = _slot("symbol|company|stock|name", "of {v}|for {v}", _text(lambda rng, part: pick(rng, words_of(part).makers)))

# Names of the function (verb and thing), how it is asked for, and its parameters; one without "?" is always said.
_EVERYDAY: tuple[tuple[str, str, tuple[Slot, ...], tuple[Slot, ...]], ...] = (
    ("get weather|weather forecast|fetch forecast|check weather",
     "what's the weather like|weather|how will the weather be|give me the forecast|will it rain",
     (CITY,), (DAY, UNIT)),
    ("get temperature|outdoor temperature|read temperature",
     "how warm is it|what's the temperature|temperature outside",
     (CITY,), (UNIT,)),
    ("add event|create event|calendar add|schedule meeting|create appointment",
     "schedule a meeting|make an appointment|put a meeting in my calendar|plan a meeting",
     (WITH,), (DAY, HOUR, MINUTES)),
    ("list events|calendar list|show agenda|get appointments",
     "what's on my calendar|what do i have|show me my appointments|which meetings do i have",
     (DAY,), ()),
    ("cancel event|delete appointment|calendar remove|cancel meeting",
     "cancel my meeting|delete the appointment|call off the meeting",
     (WITH,), (DAY,)),
    ("play song|music play|start track|spotify play",
     "play|put on|i want to hear|start playing",
     (SONG,), (ARTIST,)),
    ("play genre|play radio|start playlist|genre radio",
     "play|put on|i feel like|let's hear",
     (GENRE,), (MINUTES,)),
    ("send message|message send|text contact|send sms|write message",
     "send a message|text|write a message|send a text",
     (TO_PERSON,), ()),
    ("call contact|phone call|start call|dial",
     "call|phone|ring|give a call to",
     (WHO,), ()),
    ("order food|food order|order meal|delivery order",
     "order|get me|i'd like to order|have delivered",
     (FOOD,), (COUNT, PERSON)),
    ("book table|reserve table|table booking|make reservation",
     "book a table|reserve a table|i need a table|get us a table",
     (PLACE_OF,), (PEOPLE, DAY, HOUR)),
    ("book flight|flight booking|reserve flight|buy flight",
     "book a flight|i need a flight|get me a plane ticket|fly me",
     (TO_CITY,), (FROM_CITY, DAY, PEOPLE)),
    ("find train|train search|search trains|rail connections",
     "find a train|when is there a train|look up trains|train connections",
     (TO_CITY,), (FROM_CITY, DAY, HOUR)),
    ("book hotel|hotel booking|reserve room|find hotel",
     "book a hotel|i need a hotel room|reserve a hotel|find me a hotel",
     (CITY,), (DAYS, PEOPLE, DAY)),
    ("order taxi|request ride|call cab|book ride",
     "order a taxi|get me a cab|i need a ride|call a taxi",
     (), (HOUR, TO_CITY, PEOPLE)),
    ("set alarm|alarm create|add alarm|wake up",
     "set an alarm|wake me up|alarm|make an alarm",
     (HOUR,), (DAY, EVERY)),
    ("cancel alarm|alarm delete|remove alarm|stop alarm",
     "cancel the alarm|delete my alarm|remove the alarm|turn off the alarm",
     (HOUR,), ()),
    ("add reminder|set reminder|remind me|reminder create",
     "remind me|set a reminder|don't let me forget|make a reminder",
     (TASK,), (DAY, HOUR)),
    ("define word|dictionary lookup|get definition|word meaning",
     "define|what does it mean,|give me the definition of|look up",
     (WORD,), ()),
    ("translate text|translation|translate word",
     "translate|how do you say",
     (WORD,), (TONGUE,)),
    ("spell word|get spelling|spelling",
     "spell|how do you spell|how is it spelled,",
     (WORD,), ()),
    ("get stock|stock price|quote stock|market price",
     "what's the share price|how is the stock|get the stock price",
     (STOCK,), ()),
    ("transfer money|send money|pay person|make payment",
     "send money|transfer money|pay|make a transfer",
     (TO_PERSON,), (AMOUNT, DAY)),
    ("add expense|log expense|expense create|record spending",
     "log an expense|record an expense|note an expense|add spending",
     (AMOUNT,), (DAY, TITLE)),
    ("search movie|find film|cinema times|film showtimes",
     "where can i see|when is it on,|showtimes of|look up",
     (FILM,), (CITY, DAY)),
    ("rent bike|bike rental|hire bicycle|reserve bike",
     "rent a bike|hire a bicycle|i need a bike|get me a rental bike",
     (), (CITY, DAYS, COUNT)),
    ("start workout|workout begin|log training|fitness start",
     "start a workout|begin my training|start exercising|let's train",
     (), (MINUTES, MODE)),
    ("track parcel|package status|parcel tracking|where is parcel",
     "where is my parcel|track the package|what's the status of the shipment",
     (CODE,), ()),
    ("print document|print file|start print|printer print",
     "print the document|make a printout|print my file",
     (TITLE,), (COUNT, COLOR, FORMAT)),
    ("brew coffee|make coffee|coffee start|coffee brew",
     "make coffee|brew a coffee|i need coffee|start the coffee",
     (), (SIZE, COUNT, HOUR)),
    ("feed pet|pet feeder|dispense food|feed animal",
     "feed the pet|give the pet some food|dispense pet food",
     (), (PERSON, WEIGHT, HOUR)),
    ("water garden|irrigation start|start sprinkler|garden watering",
     "water the garden|start the irrigation|sprinkle the lawn",
     (), (MINUTES, HOUR)),
    ("mow lawn|mower start|start mowing|lawn mower",
     "mow the lawn|cut the grass|start the mower",
     (), (HOUR, DAY, MODE)),
    ("charge car|start charging|ev charge|car charger",
     "charge the car|start charging the car|load the car battery",
     (), (PERCENT, HOUR)),
    ("set speed|speed control|adjust speed|motor speed",
     "set the speed|change the speed|adjust the motor",
     (PERCENT,), ()),
    ("take photo|camera capture|snap picture|capture image",
     "take a photo|take a picture|snap a photo",
     (), (SIZE, SILENT)),
    ("buy ticket|ticket purchase|get tickets|order tickets",
     "buy tickets|get me tickets|i want tickets",
     (), (PEOPLE, DAY, CITY)),
    ("check traffic|traffic report|get traffic|route traffic",
     "how is the traffic|check the traffic|any traffic jams",
     (TO_CITY,), (FROM_CITY, HOUR)),
    ("convert currency|exchange rate|currency convert",
     "convert the money|what's the exchange|change money",
     (AMOUNT,), ()),
    ("read news|news headlines|get news|latest news",
     "what's in the news|read me the news|any news",
     (), (CITY, COUNT)),
)  # fmt: skip
_EVERYDAY_OF = {
    part: tuple(entry for entry in _EVERYDAY if entry[0] in of_part((e[0] for e in _EVERYDAY), part)) for part in PARTS
}
# What stands for itself: "could you" does not go before it.
_TOLD = frozenset(_entries("""
    what|what's|how|when|where|is|any|i|i'd|which|weather|temperature|showtimes|alarm|train|don't|let's|the|will
"""))  # fmt: skip
_ASK_THING = Patterns("""
    {verb} the {thing}
    {verb} a {thing}
    {verb} my {thing}
    {verb} this {thing}
    {verb} the {adjective} {thing}
    {verb} our {thing}
    {verb} that {thing}
    {verb} an {adjective} {thing}
    {verb} one {thing}
    {verb} another {thing}
    {verb} the {thing} there
    {verb} some {thing}
""")


def tools(rng: Random, place: Place, part: Part) -> Exchange:
    """A request that one of two to eight tools serves, or, now and then, none of them."""
    made = _toolset(rng, part)
    wanted = pick(rng, made)
    request, arguments = _request(rng, part, wanted)
    share = rng.random()
    shown = [other for other in made if rng.random() >= MISSING or other is not wanted]
    if wanted not in shown or len(shown) < 2:
        shown = [other for other in made if other is not wanted]
        call, reply = (), NO_TOOL
    else:
        call, reply = ((wanted.tool.function.name, arguments),), ""
    declared = [other.tool for other in shown]
    home: tuple[str, ...] | None = ()
    if share < BESIDE_HOME:
        declared, home = [*tools_of(place), *declared], None
    elif share < BESIDE_HOME + AT_HOME:
        home = None
    return Exchange("tools", request, call, reply, home=home, tools=tuple(declared))


def _toolset(rng: Random, part: Part) -> list[_Made]:
    """Two to eight tools, in one manner of naming; some are much like others."""
    style, wanted = pick(rng, _STYLES), rng.randint(2, 8)
    everyday, odd = rng.random() < 0.5, rng.random() < 0.25
    found: list[_Made] = []
    names: set[str] = set()
    keys: set[str] = set()
    shared = pick(rng, _THINGS[part]), pick(rng, _VERBS[part])
    while len(found) < wanted:
        plain = everyday and rng.random() < 0.75  # a part may have fewer than are wanted
        made = _everyday(rng, part, style) if plain else _composed(rng, part, style, shared, odd)
        if made.tool.function.name not in names and made.key not in keys:
            names.add(made.tool.function.name)
            keys.add(made.key)
            found.append(made)
    return found


def _everyday(rng: Random, part: Part, style: Callable[[str, str], str]) -> _Made:
    called, phrases, needed, optional = pick(rng, _EVERYDAY_OF[part])
    verb, _, thing = pick(rng, _entries(called)).partition(" ")
    extra = rng.sample(optional, rng.randint(0, len(optional)))
    name = style(verb, thing or "now")
    return _made(rng, name, _entries(phrases), needed, tuple(extra), called)


def _composed(rng: Random, part: Part, style: Callable[[str, str], str], shared: tuple[str, str], odd: bool) -> _Made:
    thing, verb = pick(rng, _THINGS[part]), pick(rng, _VERBS[part])
    if odd:
        thing = invented(rng, part)
        verb = invented(rng, part) if rng.random() < 0.3 else verb
    kin = rng.random()
    if kin < 0.3 and not odd:
        thing = shared[0]
    elif kin < 0.45:
        verb = shared[1]
    pattern = _ASK_THING.draw(rng, part)
    phrase = pattern.format(verb=verb, thing=thing, adjective=pick(rng, _ADJECTIVES[part]))
    slots = rng.sample(_SLOTS, rng.randint(0, 4))
    return _made(rng, style(verb, thing), (phrase,), tuple(slots[:1]), tuple(slots[1:]), f"{verb} {thing}")


def _made(rng: Random, name: str, phrases: tuple[str, ...], needed: tuple[Slot, ...], extra: tuple[Slot, ...], key: str) -> _Made:
    slots: list[tuple[str, Slot]] = []
    for slot in (*needed, *extra):
        free = [option for option in slot.names if option not in dict(slots)]
        if free:
            slots.append((pick(rng, free[:1]) if rng.random() < 0.4 else pick(rng, free), slot))
    required = [called for called, slot in slots if slot in needed]
    if rng.random() < 0.3:
        rng.shuffle(slots)
    parameters: dict[str, Any] = {"type": "object", "properties": {called: dict(slot.schema) for called, slot in slots}}
    if required:
        parameters["required"] = required
    return _Made(Tool(function=FunctionSpec(name=name, parameters=parameters)), phrases, tuple(slots), key)


def _request(rng: Random, part: Part, made: _Made) -> tuple[str, dict[str, Any]]:
    """Words for ``made`` with the values that are said, in the order of the tool's parameters."""
    required = made.tool.function.required()
    given: dict[str, Any] = {}
    bits: list[str] = []
    kept: tuple[str, ...] = ()
    tight = ""
    for called, slot in made.slots:
        if called not in required and rng.random() < 0.3:
            continue
        value, spoken, exact = slot.make(rng, part)
        bit = pick(rng, slot.said).format(v=spoken)
        given[called], kept = value, (*kept, *exact)
        if slot.said[0] == "{v}" and slot is not DAY and not tight:
            tight = bit  # "play" wants its song at once
        else:
            bits.append(bit)
    if rng.random() < 0.5:
        rng.shuffle(bits)
    phrase = pick(rng, made.phrases)
    text = " ".join(filter(None, (phrase, tight, *bits)))
    told = phrase.split()[0] in _TOLD
    return written(rng, text if told else framed(rng, part, text, 0.3), kept), given


def _snake(verb: str, thing: str) -> str:
    return "_".join((verb, *thing.split()))


def _snake_back(verb: str, thing: str) -> str:
    return "_".join((*thing.split(), verb))


def _camel(verb: str, thing: str) -> str:
    return verb + "".join(word.capitalize() for word in thing.split())


def _pascal(verb: str, thing: str) -> str:
    return _camel(verb.capitalize(), thing)


def _dotted(verb: str, thing: str) -> str:
    return f"{_snake(*(thing.partition(' ')[::2])) if ' ' in thing else thing}.{verb}"


def _served(verb: str, thing: str) -> str:
    return f"{'_'.join(thing.split())}__{verb}"


def _dashed(verb: str, thing: str) -> str:
    return "-".join((verb, *thing.split()))


_STYLES = (_snake, _snake, _snake_back, _camel, _camel, _pascal, _dotted, _served, _dashed)
