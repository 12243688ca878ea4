"""Tier one: the sentences that people say most, recognised exactly and without a model.

``hassil`` matches the sentence templates of ``home-assistant-intents`` over the home's own names, areas and floors. What is
recognised becomes a tool call that is tried on the home first: a call that the home would refuse is left to the model.
Several orders in one sentence are recognised where each of them is a whole sentence of its own.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hassil import HomeInfo, IntentData, Intents, RecognizeResult, TextSlotList, filter_intents, recognize_best
from hassil.expression import Alternative, Expression, Group, ListReference, RuleReference, Sentence
from hassil.intents import Intent, RangeSlotList
from hassil.util import normalize_for_matching
from home_assistant_intents import get_intents, get_languages

from schemas.action import Actor
from schemas.conversation import ToolCall, call
from schemas.errors import ActionError
from schemas.inventory import Entity
from schemas.text import one_line
from serve.actions.beside import sayings
from serve.actions.home import SimulatedHome
from serve.actions.linking import Linker, Thing
from serve.actions.matching import area_of, fold
from serve.actions.orders import Named, bare, named_in, several
from serve.actions.sentences import Language
from serve.actions.sentences import language as known_of
from serve.actions.tools import TOOLS, plan
from serve.actions.wording import plain

HOMES = 16  # homes times languages whose names are kept ready
LONGEST = 300  # characters; what is longer is no frequent sentence
WORDS = 8  # of a free text such as a list's item; more is a sentence that happens to fit
# "Turn on the light in ten minutes" needs a memory of what to do later; to the model such sentences go.
_LATER = "conversation_command"
_LESS = "_less"
_OF_HOME, _NUMBER = frozenset({"name", "area", "floor"}), "number"
_STEP_DOWN = ("{volume_step_down:volume_step}", "{volume_step_up:volume_step_less}")
_LIST = "\ue000"  # before the name of a list or a domain, where fragments of text stand beside it


@dataclass(frozen=True)
class Recognised:
    """``slots`` are as spoken, for the reply; ``response`` names the reply's template. ``free``: a part of it may be any text.

    ``parts`` are the orders of a sentence that holds several, with one call each; intent and reply are then theirs.
    """

    intent: str
    language: str
    calls: tuple[ToolCall, ...]
    response: str
    slots: dict[str, Any]
    free: bool = False
    parts: tuple[Recognised, ...] = ()


@dataclass(frozen=True)
class _Sieve:
    """Finds the blocks that a text can match at all, an order of magnitude faster than asking each.

    Each block has, for every sentence, the clauses of which the text must contain one fragment each (hassil proves them
    from the template), and the lists of the home that it must have a name of. What can be needed has a bit each in ``bits``;
    a sentence has the sum of what it needs all of, and of each clause of which it needs one.
    """

    bits: dict[str, int]
    blocks: tuple[tuple[str, IntentData, frozenset[tuple[int, tuple[int, ...]]]], ...]

    @classmethod
    def of(cls, intents: Intents) -> _Sieve:
        blocks, bits = [], dict[str, int]()

        def mask(clause: Iterable[str]) -> int:
            return sum(bits.setdefault(need, 1 << len(bits)) for need in clause)

        def masks(clauses: list[frozenset[str]]) -> tuple[int, tuple[int, ...]]:
            all_of = frozenset[str]().union(*(clause for clause in clauses if len(clause) == 1))
            return mask(all_of), tuple({mask(clause) for clause in clauses if len(clause) > 1})

        for name, intent in intents.intents.items():
            for block in intent.data:
                needed = frozenset(masks(_needs(sentence, block, intents)) for sentence in block.sentences)
                blocks.append((name, block, needed))
        return cls(bits, tuple(blocks))

    def sift(self, intents: Intents, text: str, named: frozenset[str]) -> Intents:
        """``intents`` with the blocks of which some sentence can match ``text``, which has names of the lists and domains
        ``named``; nothing that matches is lost."""
        if intents.settings.ignore_whitespace:
            return intents
        spoken = normalize_for_matching(text).text.casefold()
        there = sum(bit for need, bit in self.bits.items() if (need in named if need[0] == _LIST else need in spoken))
        kept: dict[str, Intent] = {}
        for name, block, sentences in self.blocks:
            for all_of, clauses in sentences:
                if all_of & there == all_of and all(clause & there for clause in clauses):
                    kept.setdefault(name, Intent(name)).data.append(block)
                    break
        return replace(intents, intents=kept)


def _needs(sentence: Sentence, block: IntentData, intents: Intents) -> list[frozenset[str]]:
    """What a text must have to match ``sentence``: of each set one. A list, or a domain of the home's things, is marked."""
    rules = {**intents.expansion_rules, **block.expansion_rules}
    lists = _lists_of(sentence.expression, rules)
    needed = [*sentence.get_required_clauses(rules), *(_marked(name) for name in lists & _OF_HOME)]
    if "name" in lists and (wanted := block.requires_context.get("domain")):
        needed.append(_marked(*([wanted] if isinstance(wanted, str) else wanted)))
    for values in (intents.slot_lists.get(name) for name in lists - _OF_HOME - block.slot_lists.keys()):
        if isinstance(values, RangeSlotList):
            needed.append(_marked(_NUMBER))
        elif isinstance(values, TextSlotList) and (said := _one_of(values)):
            needed.append(said)
    return needed


def _one_of(values: TextSlotList) -> frozenset[str]:
    """Fragments of which each of ``values`` has one; none where one of them has none."""
    found: set[str] = set()
    for value in values.values:
        clauses = Sentence(expression=value.text_in).get_required_clauses({})
        if not clauses:
            return frozenset()
        found.update(max(clauses, key=lambda clause: (min(map(len, clause)), sorted(clause))))
    return frozenset(found)


def _lists_of(expression: Expression, rules: dict[str, Sentence]) -> frozenset[str]:
    """The lists that every text of ``expression`` has a value of."""
    if isinstance(expression, ListReference):
        return frozenset({expression.list_name})
    if isinstance(expression, RuleReference):
        rule = rules.get(expression.rule_name)
        return _lists_of(rule.expression, rules) if rule else frozenset()
    if not isinstance(expression, Group) or (isinstance(expression, Alternative) and expression.is_optional):
        return frozenset()
    parts = [_lists_of(item, rules) for item in expression.items] or [frozenset[str]()]
    return frozenset.intersection(*parts) if isinstance(expression, Alternative) else frozenset.union(*parts)


@dataclass(frozen=True)
class _Ready:
    """A language over one home: its sentences for the domains that are there, and the home's names."""

    tag: str
    intents: Intents
    sieve: _Sieve
    lists: dict[str, Any]
    domains: dict[str, frozenset[str]]
    named: Named
    known: Language
    linker: Linker
    squeezed: tuple[tuple[str, frozenset[str]], ...]

    def named_in(self, text: str) -> frozenset[str]:
        """The lists and domains that have a name in ``text``, or at least its letters; numbers, where there may be one."""
        spoken, number = _squeezed(text), self.known.number
        numbers = _marked(_NUMBER) if number is None or number.search(text) else frozenset[str]()
        return numbers.union(*(kinds for name, kinds in self.squeezed if name in spoken))


def recognise(
    text: str,
    home: SimulatedHome,
    language: str = "en",
    actor: Actor | None = None,
    beside: frozenset[str] = frozenset(),
) -> Recognised | None:
    """The tool calls that ``text`` stands for; None when it is for the model. Never raises for any text.

    ``actor.area`` is what "the lights" means; without it such sentences are left to the model. ``beside`` are the names of
    the built-in tools beside the home that are on.
    """
    spoken, tag = one_line(text), supported(language)
    if tag is None or not spoken or len(spoken) > LONGEST:
        return None
    ready = _ready(home, tag, beside)

    def whole(text: str) -> Recognised | None:
        return _worded(text, home, ready, actor)

    if found := whole(spoken) or _several(spoken, ready, whole):
        return found
    linked = ready.linker.link(spoken)
    return None if linked == spoken else whole(linked) or _several(linked, ready, whole)


def _worded(text: str, home: SimulatedHome, ready: _Ready, actor: Actor | None) -> Recognised | None:
    """``text`` as it is said, or in fewer words.

    A free text may end as an order does: "play apocalypse now" is left to the model, since nobody knows the title.
    """
    asked = ready.known.asked is not None and ready.known.asked.search(text)
    kept, shortest = plain(text, ready.tag, ending=False), plain(text, ready.tag)
    free: dict[str, Recognised] = {}
    for said in dict.fromkeys((text, kept, shortest)):
        made = _whole(said, home, ready, actor)
        if made is None or (asked and not _reads(made.intent)):
            continue
        if not made.free:
            return made
        free[said] = made
    found = free.get(kept) or free.get(text)
    if kept == shortest or found is None:
        return found or free.get(shortest)
    other = free.get(shortest)
    return other if other and other.calls == found.calls else None


def _several(spoken: str, ready: _Ready, whole: Callable[[str], Recognised | None]) -> Recognised | None:
    parts = several(spoken, ready.tag, ready.named, whole)
    if not parts:
        return None
    calls = tuple(part.calls[0].model_copy(update={"id": f"call_{number}"}) for number, part in enumerate(parts))
    return Recognised(parts[0].intent, ready.tag, calls, "", {}, parts=parts)


def _whole(spoken: str, home: SimulatedHome, ready: _Ready, actor: Actor | None) -> Recognised | None:
    tag = ready.tag
    near = next((area.name for area in home.areas if actor and area.id == actor.area), None)
    context = {"area": {"value": near, "text": near}} if near else None
    try:
        possible = ready.sieve.sift(ready.intents, spoken, ready.named_in(spoken))
        found = recognize_best(
            spoken, possible, slot_lists=ready.lists, intent_context=context, best_slot_name="name", language=tag
        )
    except (ValueError, KeyError, IndexError, RecursionError, NotImplementedError):
        # A number or a script that the sentence library cannot read is no sentence of ours.
        return None
    if found is None or _is_doubtful(found, spoken, ready):
        return None
    free = any(entity.is_wildcard for entity in found.entities_list)
    made = _call(found, ready)
    made = replace(made, free=free) if made else None
    return made if made and _works(made.calls, home, actor) else None


def supported(language: str) -> str | None:
    """The tag that the sentences have: ``de_AT`` is ``de``; None for a language that has none."""
    tag = language.replace("_", "-")
    known = {name.casefold(): name for name in get_languages()}
    return known.get(tag.casefold()) or known.get(tag.partition("-")[0].casefold())


def warm_up(home: SimulatedHome, language: str = "en", beside: frozenset[str] = frozenset()) -> None:
    """Make the first sentence as fast as the next ones: parses all templates of the language, about a second."""
    for text in ("turn on", "0"):
        recognise(text, home, language, beside=beside)


@lru_cache(maxsize=4)
def _language(tag: str) -> Intents:
    document = get_intents(tag)
    assert document is not None, f"{tag} is listed and has no sentences"
    ours = known_of(tag)
    theirs = {name: body for name, body in document["intents"].items() if name in TOOLS}
    known = {name: _blocks(theirs.get(name, {"data": []}), ours.intents.get(name, [])) for name in {**theirs, **ours.intents}}
    known |= {name: {"data": blocks} for name, blocks in sayings.SENTENCES.get(tag, {}).items()}
    lists = {**document.get("lists", {}), **ours.lists, sayings.FREE_TEXT: {"wildcard": True}}
    rules = {**document.get("expansion_rules", {}), **ours.rules}
    skipped = [] if ours.wording else document.get("skip_words", [])
    document = {**document, "intents": known, "lists": lists, "expansion_rules": rules, "skip_words": skipped}
    return Intents.from_dict(document)


def _blocks(body: dict[str, Any], ours: list[dict[str, Any]]) -> dict[str, Any]:
    kept = [block for block in body["data"] if not any(_LATER in sentence for sentence in block["sentences"])]
    right = [{**block, "sentences": [said.replace(*_STEP_DOWN) for said in block["sentences"]]} for block in kept]
    return {**body, "data": [*right, *ours]}


_homes: OrderedDict[tuple[str, str, frozenset[str]], _Ready] = OrderedDict()
_homes_lock = threading.Lock()


def _ready(home: SimulatedHome, tag: str, beside: frozenset[str]) -> _Ready:
    key = (home.structure_hash(), tag, beside)
    with _homes_lock:
        if key in _homes:
            _homes.move_to_end(key)
            return _homes[key]
    made = _prepare(home, tag, beside)
    with _homes_lock:
        _homes[key] = made
        while len(_homes) > HOMES:
            _homes.popitem(last=False)
    return made


def _prepare(home: SimulatedHome, tag: str, beside: frozenset[str]) -> _Ready:
    entities = [entity for entity in home.entities() if not entity.attributes.get("spoken")]
    domains = {entity.domain for entity in entities}
    intents = filter_intents(_language(tag), home=HomeInfo(domains=domains, intent_names=_useful(domains) | beside))
    names = [(name, entity.name, _context(entity)) for entity in entities for name in (entity.name, *entity.aliases)]
    lists = {
        "name": TextSlotList.from_tuples(_said(names), allow_template=False, name="name"),
        "area": _places(((area.name, area.aliases) for area in home.areas), "area"),
        "floor": _places(((floor.name, floor.aliases) for floor in home.floors()), "floor"),
    }
    called = {fold(entity.name) for entity in entities}
    by_name = {name: frozenset(e.domain for e in entities if fold(e.name) == name) for name in called}
    kinds: dict[str, frozenset[str]] = {}
    for said, kind in (
        *((name, _marked("name", entity.domain)) for entity in entities for name in (entity.name, *entity.aliases)),
        *((name, _marked("area")) for area in home.areas for name in (area.name, *area.aliases)),
        *((name, _marked("floor")) for floor in home.floors() for name in (floor.name, *floor.aliases)),
    ):
        kinds[said] = kinds.get(said, frozenset()) | kind
    is_thing = {said: _LIST + "name" in kind for said, kind in kinds.items()}
    named = named_in(filter(is_thing.get, kinds), (said for said in kinds if not is_thing[said]), tag)
    squeezed = tuple((short, kind) for said, kind in kinds.items() if (short := _squeezed(said)))
    return _Ready(tag, intents, _Sieve.of(intents), lists, by_name, named, known_of(tag), _linker(home, entities, tag), squeezed)


def _linker(home: SimulatedHome, entities: Iterable[Entity], tag: str) -> Linker:
    floors = {floor.id: (floor.name, *floor.aliases) for floor in home.floors()}
    areas = {area.id: ((area.name, *area.aliases), floors.get(area.floor or "", ())) for area in home.areas}
    things = []
    for entity in entities:
        place, floor = areas.get(area_of(home, entity) or "", ((), ()))
        device_class = entity.attributes.get("device_class")
        kind = device_class if isinstance(device_class, str) else None
        things.append(Thing((entity.name, *entity.aliases), entity.domain, kind, (*place, *floor)))
    return Linker(things, [*(names for names, _ in areas.values()), *floors.values()], known_of(tag).linking)


def _marked(*kinds: str) -> frozenset[str]:
    return frozenset(_LIST + kind for kind in kinds)


def _squeezed(text: str) -> str:
    """The letters and digits of ``text``, which stay the same however it is spaced and written."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", text).casefold()))


def _useful(domains: set[str]) -> set[str]:
    """Intents whose tool has something to act on here; fewer templates, faster answers."""
    return {name for name, tool in TOOLS.items() if not tool.domains or domains & set(tool.domains)}


def _context(entity: Entity) -> dict[str, Any]:
    context = {"domain": entity.domain}
    if device_class := entity.attributes.get("device_class"):
        context["device_class"] = device_class
    return context


def _said(names: Iterable[tuple[str, Any, Any]]) -> list[tuple[str, Any, Any]]:
    return [name for name in names if fold(name[0])]


def _places(places: Iterable[tuple[str, tuple[str, ...]]], kind: str) -> TextSlotList:
    pairs = [(said, name) for name, aliases in places for said in (name, *aliases) if fold(said)]
    return TextSlotList.from_tuples(pairs, allow_template=False, name=kind)


def _is_doubtful(found: RecognizeResult, spoken: str, ready: _Ready) -> bool:
    """A name alone is no order, nor what the language's file says of whole sentences. A free text that is long, or has what the
    file says of those, or a thing of the home, is another sentence than the one matched.

    One that points back at what was said before needs the earlier turns, which only the model has.
    """
    name = found.entities.get("name")
    alone = (fold(spoken.strip(" .!?,")), fold(bare(plain(spoken, ready.tag), ready.tag)))
    if name is not None and not name.is_wildcard and fold(name.text_clean) in alone:
        return True
    if ready.known.doubtful and ready.known.doubtful.search(spoken) and not _reads(found.intent.name):
        return True
    return any(_is_no_text(fold(free.text_clean), found, ready) for free in found.entities_list if free.is_wildcard)


def _reads(intent: str) -> bool:
    return intent in TOOLS and TOOLS[intent].risk == "read"


def _is_no_text(text: str, found: RecognizeResult, ready: _Ready) -> bool:
    if not text or len(text.split()) > WORDS or points_back(text, ready.tag):
        return True
    patterns = (ready.known.free.get("any"), ready.known.free.get(found.intent.name))
    return any(pattern and pattern.search(text) for pattern in patterns) or ready.named.thing.search(text) is not None


def points_back(text: str, language: str) -> bool:
    """Whether a free text, folded, means something said before: "it", "the other one", "eggs too"."""
    known = known_of(language)
    words = text.split()
    return set(words) <= known.alone | known.end or words[-1] in known.end


def _call(found: RecognizeResult, ready: _Ready) -> Recognised | None:
    """One call of the tool that has the intent's name, with those slots that it declares."""
    slots = dict(_slot(name, entity.value) for name, entity in found.entities.items())
    slots.update({name: entity.text_clean for name, entity in found.entities.items() if entity.is_wildcard})
    language = ready.intents.language or "en"
    if (arguments_of := sayings.ARGUMENTS.get(found.intent.name)) is not None:
        made = call(found.intent.name, arguments_of(slots), "call_0")
        return Recognised(found.intent.name, language, (made,), found.response or "default", slots)
    tool = TOOLS[found.intent.name]
    fields = tool.arguments.model_fields
    arguments = {key: value for key, value in slots.items() if key in fields}
    if "domain" in fields and "domain" not in arguments and (domain := _domain(found, slots.get("name"), ready)):
        arguments["domain"] = domain
    said = {key: entity.text_clean or slots[key] for key, entity in found.entities.items() if isinstance(slots.get(key), str)}
    kept = {"device_class", "domain", "state", "color", "fan_mode"}
    shown = {**slots, **{key: value for key, value in said.items() if key not in kept}}
    made = call(tool.name, arguments, "call_0")
    return Recognised(tool.name, language, (made,), found.response or "default", shown)


def _domain(found: RecognizeResult, name: Any, ready: _Ready) -> str | None:
    """The domain that the sentence is about, where the name alone would not tell: "open the kitchen" is no light."""
    there = ready.domains.get(fold(str(name)), frozenset()) if name is not None else frozenset()
    wanted = found.intent_data.requires_context.get("domain", ())
    fitting = there & ({wanted} if isinstance(wanted, str) else set(wanted))
    needed = len(there) > 1 or found.intent.name == "HassGetState"
    return next(iter(fitting)) if needed and len(fitting) == 1 else None


def _slot(name: str, value: Any) -> tuple[str, Any]:
    """Numbers come as floats; those that are whole are said and sent whole. ``*_less`` is the slot ``*`` with less for more:
    a list's own multiplier does nothing to numbers in words."""
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    return (name.removesuffix(_LESS), -value) if name.endswith(_LESS) else (name, value)


def _works(calls: Iterable[ToolCall], home: SimulatedHome, actor: Actor | None) -> bool:
    asking = actor or Actor(id="preview")
    try:
        for made in (each for each in calls if each.function.name in TOOLS):
            planned = plan(made, home, asking)
            home.preview(*planned.calls, new=planned.new)
    except ActionError:
        return False
    return True


def forget() -> None:
    """Drop what is kept ready, for tests of the cold start."""
    with _homes_lock:
        _homes.clear()
    _language.cache_clear()
