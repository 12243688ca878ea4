"""Requests that lean on what was said before: "and turn it off again", "the other one", "make it 30", "no, i meant the lamp".

What stands before them is acted out in a copy of the home; the lines of a row are those of the home by then. A correction
does the right thing and leaves the wrong one as it is, unless it is told to undo it. Some requests after other turns lean on
nothing: they are answered for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from flows.steps.generator.clauses import LOUDER, the_shopping_list
from flows.steps.generator.exchanges import Category, Exchange
from flows.steps.generator.frames import framed, written
from flows.steps.generator.homes import Place, folded
from flows.steps.generator.needs import STEPS, WARMTH
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.phrasing_more import MEDIA
from flows.steps.generator.phrasing_things import DO
from flows.steps.generator.quantities import degrees, duration, percent
from flows.steps.generator.references import Reference, refer, refer_area
from flows.steps.generator.refusals import HEAT, ITEM, LENGTH, SHARE, ambiguous, asked_which
from flows.steps.generator.requests import exchange
from flows.steps.generator.sessions import Call, Session
from flows.steps.generator.words import items, pick, words_of
from schemas.inventory import Entity
from schemas.pipeline import Part

TOOLS = {
    "on": "HassTurnOn", "off": "HassTurnOff", "open": "HassTurnOn", "close": "HassTurnOff", "lock": "HassTurnOn",
    "unlock": "HassTurnOff", "brightness": "HassLightSet", "position": "HassSetPosition", "speed": "HassFanSetSpeed",
    "temperature": "HassClimateSetTemperature", "volume": "HassSetVolume", "pause": "HassMediaPause",
    "unpause": "HassMediaUnpause", "color": "HassLightSet",
}  # fmt: skip
ARGUMENTS = {
    "brightness": "brightness", "position": "position", "speed": "percentage", "temperature": "temperature",
    "volume": "volume_level", "color": "color",
}  # fmt: skip
OPPOSITE = {"on": "off", "off": "on", "open": "close", "close": "open", "lock": "unlock", "unlock": "lock"}
AMOUNTS = {"light": "brightness", "cover": "position", "fan": "speed", "climate": "temperature", "media_player": "volume"}
_SWITCHED: dict[str, tuple[str, str]] = {
    "light": ("on", "off"), "switch": ("on", "off"), "fan": ("on", "off"), "cover": ("open", "close"),
    "lock": ("lock", "unlock"), "media_player": ("on", "off"), "climate": ("on", "off"), "input_boolean": ("on", "off"),
}  # fmt: skip
_REACHED = {"on": ("on",), "off": ("off",), "open": ("open",), "close": ("closed",), "lock": ("locked",), "unlock": ("unlocked",)}
_COLORS = ("red", "green", "blue", "purple", "orange", "yellow", "pink", "turquoise")

IT: dict[str, Patterns] = {
    "on": Patterns("""
        turn it on
        turn it on again
        turn it back on
        switch it on [again]
        switch it back on
        and on again
        and turn it on again
        put it back on
        (ok|okay|no|well) turn it back on
        on again please
        now turn it on
        turn that back on
        i want it on again
        i need it on after all
        leave it on after all
        please turn that on again
        actually i still need it, turn it on
        it should be on
    """),
    "off": Patterns("""
        turn it off
        turn it off again
        turn it back off
        switch it off [again]
        switch it back off
        and off again
        and turn it off again
        (ok|okay|no|well) turn it off
        off again please
        now turn it off
        turn that off again
        turn that back off
        i want it off again
        i don't need it anymore
        that's enough, turn it off
        you can turn it off now
        shut it off again
        kill it again
        it can go off now
    """),
    "open": Patterns("""
        open it
        open it again
        and open it again
        now open it
        open it back up
        (ok|okay|no|well) open it again
        open that again
        i want it open after all
        leave it open after all
        please open it once more
        back open please
        open again
    """),
    "close": Patterns("""
        close it
        close it again
        and close it again
        now close it
        shut it again
        (ok|okay|no|well) close it again
        close that again
        i want it closed after all
        please close it once more
        and shut it
        back down please
        closed again
    """),
    "lock": Patterns("""
        lock it
        lock it again
        and lock it again
        now lock it
        lock it back up
        (ok|okay|no|well) lock it again
        lock that again
        i want it locked after all
        please lock it once more
        locked again please
    """),
    "unlock": Patterns("""
        unlock it
        unlock it again
        and unlock it again
        now unlock it
        (ok|okay|no|well) unlock it again
        unlock that again
        i want it unlocked after all
        please unlock it once more
        unlocked again please
        leave it unlocked
    """),
    "brightness": Patterns("""
        dim it to {n}
        set it to {n}
        and dim it to {n}
        and set it to {n}
        make it {n}
        make it {n} bright
        bring it to {n}
        now dim it to {n}
        {n} please
        at {n}
        put it at {n}
        but only at {n}
        turn it to {n}
        and its brightness to {n}
        i want it at {n}
    """),
    "position": Patterns("""
        set it to {n}
        and set it to {n}
        move it to {n}
        open it to {n}
        make it {n} open
        only to {n}
        {n} please
        put it at {n}
        leave it at {n}
        but only {n}
        bring it to {n}
        now move it to {n}
    """),
    "speed": Patterns("""
        set it to {n}
        and set it to {n}
        run it at {n}
        make it {n}
        at {n} please
        {n} please
        put it at {n}
        its speed to {n}
        let it spin at {n}
        bring it to {n}
        now set it to {n}
    """),
    "temperature": Patterns("""
        set it to {n}
        and set it to {n}
        make it {n}
        put it at {n}
        {n} please
        and to {n}
        bring it to {n}
        let it heat to {n}
        turn it to {n}
        now set it to {n}
        i want it at {n}
    """),
    "volume": Patterns("""
        set its volume to {n}
        and set its volume to {n}
        volume {n}
        volume to {n} please
        put its volume at {n}
        and the volume at {n}
        and turn its volume to {n}
        make its volume {n}
        with the volume at {n}
        now volume {n}
    """),
    "color": Patterns("""
        make it {n}
        and make it {n}
        in {n} please
        turn it {n}
        set it to {n}
        now {n}
        and {n}
        change it to {n}
        i want it {n}
        {n} please
        color it {n}
        and in {n}
    """),
    "pause": Patterns("""
        pause it
        pause that
        and pause it
        (ok|okay|now) pause it
        put it on pause
        pause please
        stop it for a moment
        pause
        hold it for a second
    """),
    "unpause": Patterns("""
        continue
        let it play on
        resume
        play it again
        go on
        unpause it
        continue please
        and let it go on
        resume it
    """),
}
INSTEAD = Patterns("""
    make it {n} instead
    no, {n}
    no make it {n}
    no, {n} please
    better {n}
    actually {n}
    actually make it {n}
    {n} instead
    sorry, {n}
    sorry, i meant {n}
    i meant {n}
    i mean {n}
    i said {n}
    not that much, {n}
    that's not right, {n}
    change that to {n}
    rather {n}
    {n} is better
    hmm, {n} would be better
    let's say {n}
    or {n}
    wait, {n}
    no wait, {n}
    correction, {n}
    oh, {n}
    no i said {n}
    wrong, it should be {n}
    make that {n}
    can you make that {n}
    could you change it to {n}
""")
MEANT = Patterns("""
    no, i meant {x}
    no i meant {x}
    i meant {x}
    sorry, i meant {x}
    not that one, {x}
    no, {x}
    no not that one, {x}
    wrong one, {x}
    the wrong one, i meant {x}
    that's the wrong one, i want {x}
    oh sorry, {x}
    i was talking about {x}
    i was thinking of {x}
    no, {x} please
    actually {x}
    actually i meant {x}
    i said {x}
    not that, {x}
    that was the wrong one, {x}
    wait, i meant {x}
    no no, {x}
    hmm i meant {x}
    correction, {x}
    sorry, {x} is what i meant
""")
SWAP = Patterns("""
    no, undo that and do {x} instead
    put that back and do it with {x}
    not that one, put it back, i meant {x}
    undo that, i meant {x}
    take that back and do {x}
    wrong one, undo it and do {x}
    revert that, i wanted {x}
    no, put it back as it was, i meant {x}
    not this one, put it back and take {x}
""")
TOO = Patterns("""
    and {x}
    and {x} too
    {x} too
    {x} as well
    also {x}
    and also {x}
    and {x} as well
    same for {x}
    the same for {x}
    same with {x}
    do the same with {x}
    do the same for {x}
    now {x}
    now {x} too
    and now {x}
    then {x}
    and then {x}
    what about {x}
    how about {x}
    {x} next
    don't forget {x}
    you forgot {x}
    and please {x} too
    plus {x}
    {x} please
""")
TOO_AREA = Patterns("""
    the {a} too
    and the {a}
    and in the {a}
    in the {a} too
    same in the {a}
    the same in the {a}
    do the same in the {a}
    also in the {a}
    in the {a} as well
    and the {a} as well
    what about the {a}
    how about the {a}
    now the {a}
    now in the {a}
    and the ones in the {a}
    those in the {a} too
    the {a} ones too
    also the {a}
    same thing in the {a}
""")
OTHER = Patterns("""
    the other one
    the other one too
    and the other one
    and the other one too
    the other one as well
    also the other one
    now the other one
    same for the other one
    same with the other one
    what about the other one
    and the other
    do the other one too
    the other one please
""")
OTHER_MEANT = Patterns("""
    no, the other one
    not that one, the other one
    no i meant the other one
    i meant the other one
    sorry, the other one
    wrong one, i meant the other one
    the other one, not that one
    no, the other
    wait, the other one
    that was the wrong one, the other one
""")
UNDO = Patterns("""
    undo that
    undo
    undo it
    undo that please
    put it back
    put it back as it was
    put that back
    change it back
    reverse that
    revert that
    go back
    take that back
    as it was before please
    can you undo that
    no, undo that
    that was a mistake, undo it
    i changed my mind, undo that
    on second thought, undo that
    make it like it was
""")
CHECK = Patterns("""
    is it {state} now
    is it {state}
    and is it {state} now
    did it work
    what is it now
    how is it now
    did that work
    and what's its state
    is that done
    check it again
    what does it say now
""")
THEN: dict[str, Patterns] = {
    action: Patterns("\n".join(f"{before}{do}{after}" for before in befores for do in dos for after in ("", " please")))
    for action, dos in {
        "on": ("turn it on", "switch it on"),
        "off": ("turn it off", "switch it off"),
        "open": ("open it", "open it up"),
        "close": ("close it", "shut it"),
        "lock": ("lock it", "lock it up"),
        "unlock": ("unlock it", "get it unlocked"),
    }.items()
    for befores in (("then ", "ok ", "well ", "in that case ", "so ", "okay then ", "", "can you ", "oh, ", "if so "),)
}
FIRST_ASKED = Patterns("""
    is {x} {state}
    is {x} still {state}
    what is the state of {x}
    tell me if {x} is {state}
    did i leave {x} {state}
    check if {x} is {state}
    how is {x}
    what about {x}
""")
AND_THAT = Patterns("""
    and {x}
    what about {x}
    how about {x}
    and is {x}
    and how is {x}
    {x} too
    and what about {x}
    same question for {x}
    and {x} then
""")
# What is said of each amount: for more of it, and for less.
_MORE = {
    "brightness": ("brighter", "darker"), "speed": ("faster", "slower"), "temperature": ("warmer", "cooler"),
    "volume": ("louder", "quieter"),
}  # fmt: skip
_NUDGED: dict[str, Patterns] = {
    "little": Patterns("""
        a bit {w}
        a little {w}
        a bit {m}
        a little {m}
        make it a bit {w}
        make it a little {w}
        slightly {w}
        just a bit {w}
        a touch {w}
        a tiny bit {w}
        a bit {w} please
        a little bit {m} please
        could it be a bit {w}
        hmm, a bit {w}
        no, a little {w}
    """),
    "plain": Patterns("""
        {w}
        {m}
        even {w}
        {w} please
        make it {w}
        {m} please
        still {m}
        {w} than that
        no, {w}
        can you make it {w}
        i want it {w}
        it should be {w}
        and {w}
        it could be {w}
    """),
    "lot": Patterns("""
        much {w}
        a lot {w}
        much {m}
        a lot {m}
        way {w}
        make it much {w}
        make it a lot {w}
        far {w}
        much {w} please
        no, much {w}
        i want it much {w}
    """),
}
MORE_ITEMS = Patterns("""
    and {i}
    and {i} too
    {i} too
    also {i}
    and also {i}
    {i} as well
    and {i} as well
    oh and {i}
    plus {i}
    add {i} too
    put {i} on it too
    add {i} as well
    and put {i} on there
    we also need {i}
    i forgot {i}
    and don't forget {i}
""")
ADD = Patterns("""
    add {i} to {x}
    put {i} on {x}
    {i} on {x} please
    can you add {i} to {x}
    i need {i} on {x}
    write {i} on {x}
    note {i} on {x}
""")
NOT_ITEM = Patterns("""
    no, {i}
    no, i meant {i}
    i said {i}
    sorry, {i}
    not that, {i}
    i meant {i}
    wait, {i}
    actually {i}
""")
TIMER = Patterns("""
    set a timer for {t}
    start a timer for {t}
    timer for {t}
    {t} timer please
    set a {t} timer
    start a {t} timer
    wake me in {t}
    can you set a timer for {t}
    count down {t}
    give me a timer for {t}
""")
TIMER_THEN: dict[str, Patterns] = {
    "HassCancelTimer": Patterns("""
        cancel it
        cancel that
        cancel it again
        stop it
        stop that timer
        never mind, cancel the timer
        i don't need it anymore
        delete it
        turn it off
        forget the timer
        actually cancel that
    """),
    "HassTimerStatus": Patterns("""
        how long is left
        how much time is left
        how much longer
        how long does it still take
        how much is left on it
        what's left on it
        is it done yet
        how long now
        time left
    """),
    "HassPauseTimer": Patterns("""
        pause it
        pause that
        hold it
        pause the timer
        pause it for a moment
        stop it for now
        put it on hold
    """),
    "HassIncreaseTimer": Patterns("""
        add {t}
        add {t} to it
        {t} more
        make it {t} longer
        give it {t} more
        add another {t}
        another {t} please
        extend it by {t}
        let it run {t} longer
        and {t} more
    """),
    "HassDecreaseTimer": Patterns("""
        take off {t}
        take {t} off
        {t} less
        make it {t} shorter
        shorten it by {t}
        subtract {t}
        remove {t} from it
        cut it by {t}
    """),
    "HassStartTimer": Patterns("""
        and another one for {t}
        and one for {t}
        another one for {t}
        set another one for {t}
        and a second one for {t}
        one more for {t}
        also one for {t}
        and another timer for {t}
    """),
}
MEDIA_THEN: dict[tuple[str, int | None], Patterns] = {
    ("HassSetVolumeRelative", LOUDER): Patterns("""
        louder
        a bit louder
        make it louder
        turn it up
        turn it up a bit
        louder please
        and louder
        up a little
        i can't hear it
        crank it up
        more volume
    """),
    ("HassSetVolumeRelative", -LOUDER): Patterns("""
        quieter
        a bit quieter
        make it quieter
        turn it down
        turn it down a bit
        quieter please
        not so loud
        down a little
        too loud
        softer
        less volume
    """),
    ("HassMediaNext", None): Patterns("""
        next
        next one
        skip it
        skip this one
        next song
        next please
        i don't like this one
        skip to the next one
        another one
        play the next one
    """),
    ("HassMediaPrevious", None): Patterns("""
        go back one
        the one before
        play the last one again
        previous one
        back one
        previous
        one back please
        the previous song again
    """),
    ("HassMediaPause", None): IT["pause"],
    ("HassMediaPlayerMute", None): Patterns("""
        mute it
        mute that
        mute
        and mute it
        mute it please
        make it silent
        silence it
    """),
}
WHICH_ANSWER = Patterns("""
    {w}
    {w} please
    the {w} one
    the {w}
    the {w} please
    {w} of course
    i mean the {w}
    i mean {w}
    the {w} one please
    just the {w}
    um, the {w}
    {w} i think
""")
NTH = (("the first one", "the first", "the first one please", "first one", "number one"),
       ("the second one", "the second", "the second one please", "second one", "number two"),
       ("the third one", "the third", "the third one please", "third one", "number three"))  # fmt: skip
BOTH = ("both", "both of them", "both please", "the two of them")
ANSWERED = Patterns("""
    {n}
    {n} please
    to {n}
    make it {n}
    let's say {n}
    {n} i think
    um, {n}
    {n} would be good
    say {n}
    how about {n}
""")


@dataclass(frozen=True)
class First:
    """What was asked first, of whom, and the call that did it."""

    entity: Entity
    action: str
    value: Any
    request: str
    call: Call


def follow_up(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Any of the kinds below that is no correction, by their shares."""
    return _any(rng, place, part, _FOLLOW_UPS)


def correction(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Any of the kinds below that takes something back, by their shares."""
    return _any(rng, place, part, _CORRECTIONS)


def back(rng: Random, place: Place, part: Part) -> Exchange | None:
    """It, the other way round."""
    if (first := first_of(rng, place, part, switched=True)) is None:
        return None
    action = OPPOSITE[first.action]
    return _after(rng, place, part, first, "followup", IT[action].draw(rng, part), (call_of(first.entity, action),))


def undone(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Undo what really changed something, and can be taken back whole."""
    first = first_of(rng, place, part, switched=True)
    if first is None or _is(first.entity, first.action) or first.entity.domain in ("climate", "media_player"):
        return None
    call = call_of(first.entity, OPPOSITE[first.action])
    return _after(rng, place, part, first, "correction", UNDO.draw(rng, part), (call,))


def amount(rng: Random, place: Place, part: Part) -> Exchange | None:
    """It, to so much."""
    first = first_of(rng, place, part, switched=True)
    if first is None or first.action in ("off", "close") or first.entity.domain not in AMOUNTS:
        return None
    action = AMOUNTS[first.entity.domain]
    if action == "brightness" and _colored(first.entity) and rng.random() < 0.3:
        action = "color"
    value, said = value_of(rng, action)
    if not _able(first.entity, action):
        return None
    text = IT[action].draw(rng, part).format(n=said)
    return _after(rng, place, part, first, "followup", text, (call_of(first.entity, action, value),))


def another_amount(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Not that much: so much."""
    if (first := first_of(rng, place, part, switched=False)) is None:
        return None
    value, said = value_of(rng, first.action)
    text = INSTEAD.draw(rng, part).format(n=said)
    return _after(rng, place, part, first, "correction", text, (call_of(first.entity, first.action, value),))


def too(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The same with another thing."""
    return _with_another(rng, place, part, "followup", TOO)


def meant(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Another thing was meant; now and then the first is to be put back."""
    if rng.random() < 0.15:
        return _swapped(rng, place, part)
    return _with_another(rng, place, part, "correction", MEANT)


def other(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The other one, where there are two."""
    return _other(rng, place, part, "followup", OTHER)


def other_meant(rng: Random, place: Place, part: Part) -> Exchange | None:
    return _other(rng, place, part, "correction", OTHER_MEANT)


def too_area(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The same in another room."""
    return _of_areas(rng, place, part, "followup", TOO_AREA)


def meant_area(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Another room was meant."""
    return _of_areas(rng, place, part, "correction", _MEANT_AREA)


def checked(rng: Random, place: Place, part: Part) -> Exchange | None:
    """How it is now."""
    if (first := first_of(rng, place, part, switched=rng.random() < 0.6)) is None:
        return None
    state = {"close": "closed", "lock": "locked", "unlock": "unlocked"}.get(first.action, first.action)
    text = CHECK.draw(rng, part, None if first.action in _REACHED else {}).format(state=state)
    calls = (("GetLiveContext", {"name": first.entity.name}),)
    return _after(rng, place, part, first, "followup", text, calls, question=True)


def asked_then(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A question first, then what to do about it, or the same question about another thing."""
    found = _things(place, _SWITCHED)
    if not found:
        return None
    entity = pick(rng, found)
    on, off = _SWITCHED[entity.domain]
    action = off if _is(entity, on) else on
    state = {"close": "closed", "lock": "locked", "unlock": "unlocked"}.get(OPPOSITE[action], OPPOSITE[action])
    x = refer(rng, place, entity, 0.8)
    session = Session(place)
    asked = written(rng, FIRST_ASKED.draw(rng, part).format(x=x.the, state=state), (x.text,), question=True)
    if not session.turn(rng, asked, (("GetLiveContext", {"name": entity.name}),)):
        return None
    another = _another(rng, place, entity)
    if another is not None and rng.random() < 0.4:
        y = refer(rng, place, another, 0.8)
        text = written(rng, AND_THAT.draw(rng, part).format(x=y.the), (y.text,), question=True)
        return _made(session, "followup", text, (("GetLiveContext", {"name": another.name}),), y)
    return _made(session, "followup", written(rng, THEN[action].draw(rng, part)), (call_of(entity, action),))


def more_items(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Something else on the same list."""
    return _listed(rng, place, part, "followup", MORE_ITEMS)


def timers(rng: Random, place: Place, part: Part) -> Exchange | None:
    """What to do with the timer that was just set."""
    session = Session(place)
    arguments, said = _length(rng)
    request = written(rng, TIMER.draw(rng, part).format(t=said))
    if not session.turn(rng, request, (("HassStartTimer", arguments),)):
        return None
    tool = pick(rng, tuple(TIMER_THEN))
    arguments, said = _length(rng) if "{t}" in TIMER_THEN[tool].draw(rng, part) else ({}, "")
    text = TIMER_THEN[tool].draw(rng, part).format(t=said)
    return _made(session, "followup", written(rng, text), ((tool, arguments),))


def playing(rng: Random, place: Place, part: Part) -> Exchange | None:
    """What to do with what was just begun to play."""
    found = [e for e in place.by_domain.get("media_player", ()) if e.state != "unavailable"]
    if not found:
        return None
    player, words = pick(rng, found), words_of(part)
    x = refer(rng, place, player, 0.8)
    session = Session(place)
    what = pick(rng, pick(rng, (words.songs, words.artists, words.genres, words.stations)))
    asked = written(rng, f"{pick(rng, ('play', 'put on', 'please play', 'i want to hear'))} {what} on {x.the}", (what, x.text))
    if not session.turn(rng, asked, (("HassMediaSearchAndPlay", {"name": player.name, "search_query": what}),)):
        return None
    (tool, step), patterns = pick(rng, tuple(MEDIA_THEN.items()))
    arguments = {"name": player.name} if step is None else {"name": player.name, "volume_step": step}
    return _made(session, "followup", written(rng, patterns.draw(rng, part)), ((tool, arguments),))


def which_answered(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The answer to "which one?"."""
    if (found := ambiguous(rng, place)) is None:
        return None
    noun, things, action = found
    session = Session(place)
    asked = framed(rng, part, DO[action].draw(rng, part, {"x": "", "bare": ""}).format(x=f"the {noun}", bare=noun), 0.3)
    session.turn(rng, written(rng, asked), reply=asked_which(things))
    if len(things) == 2 and rng.random() < 0.12:
        return _made(session, "followup", written(rng, pick(rng, BOTH)), tuple(call_of(thing, action) for thing in things))
    number = int(rng.random() * len(things))
    chosen = things[number]
    if rng.random() < 0.3:
        return _made(session, "followup", written(rng, pick(rng, NTH[number])), (call_of(chosen, action),))
    words = folded(chosen.name).split()
    own = [word for word in words if not any(word in folded(t.name).split() for t in things if t is not chosen)]
    if not own:
        return None
    said = " ".join(words[:-1]) if rng.random() < 0.5 and len(words) > 1 and words[0] in own else own[0]
    if rng.random() < 0.3:
        said = folded(chosen.name)
    text = WHICH_ANSWER.draw(rng, part).format(w=said)
    if said.endswith(noun):
        text = text.replace(" one", "", 1)
    return _made(session, "followup", written(rng, text), (call_of(chosen, action),))


def unsaid_answered(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The answer to "for how long?", "to how many percent?" and the like."""
    reply = pick(rng, (LENGTH, HEAT, SHARE, SHARE, ITEM))
    session = Session(place)
    if reply == LENGTH:
        arguments, said = _length(rng)
        session.turn(rng, written(rng, pick(rng, ("set a timer", "start a timer", "i need a timer", "timer"))), reply=reply)
        return _made(session, "followup", written(rng, ANSWERED.draw(rng, part).format(n=said)), (("HassStartTimer", arguments),))
    if reply == ITEM:
        if not (found := place.by_domain.get("todo")):
            return None
        x, thing = refer(rng, place, entity := pick(rng, found), 0.8), items(rng, part)
        asked = pick(rng, ("add something to {x}", "put something on {x}", "new item on {x}", "add to {x}")).format(x=x.the)
        session.turn(rng, written(rng, asked, (x.text,)), reply=reply)
        text = pick(rng, ("{n}", "{n} please", "{n}, please", "um, {n}")).format(n=thing)
        return _made(session, "followup", text, (_adding(place, entity, thing),))
    action = "temperature" if reply == HEAT else pick(rng, ("brightness", "brightness", "position", "volume"))
    domain = {"temperature": "climate", "brightness": "light", "position": "cover", "volume": "media_player"}[action]
    found = [e for e in _things(place, (domain,)) if _able(e, action)]
    if not found:
        return None
    entity = pick(rng, found)
    x, (value, said) = refer(rng, place, entity, 0.8), value_of(rng, action)
    what = {"temperature": "temperature", "brightness": "brightness", "position": "position", "volume": "volume"}[action]
    asked = pick(rng, ("set the {w} of {x}", "change the {w} of {x}", "adjust the {w} of {x}")).format(w=what, x=x.the)
    session.turn(rng, written(rng, asked, (x.text,)), reply=reply)
    return _made(session, "followup", written(rng, ANSWERED.draw(rng, part).format(n=said)), (call_of(entity, action, value),))


def nudged(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A bit more, or less, than it was just set to."""
    first = first_of(rng, place, part, switched=False)
    if first is None or first.action not in _MORE:
        return None
    up, size = rng.random() < 0.5, pick(rng, ("little", "plain", "plain", "lot"))
    text = _NUDGED[size].draw(rng, part).format(w=_MORE[first.action][0 if up else 1], m="more" if up else "less")
    if first.action == "volume":
        call: Call = ("HassSetVolumeRelative", {"name": first.entity.name, "volume_step": LOUDER if up else -LOUDER})
        return _after(rng, place, part, first, "followup", text, (call,))
    step = (WARMTH if first.action == "temperature" else STEPS)[size]
    low, high = (7, 35) if first.action == "temperature" else (1, 100)
    if not low <= (first.value + step if up else first.value - step) <= high:
        return None
    tool, arguments = call_of(first.entity, first.action, step if up else -step)
    key = next(name for name in arguments if name != "name")
    call = (tool, {"name": first.entity.name, f"{key}_step": arguments[key]})
    return _after(rng, place, part, first, "followup", text, (call,))


def unrelated(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A new request that has nothing to do with what was said before."""
    session = Session(place)
    for _ in range(1 if rng.random() < 0.7 else 2):
        before = exchange(rng, place, part)
        if not session.turn(rng, before.request, before.calls, before.reply):
            return None
    if sum(len(message.content or "") for message in session.messages) > _LONGEST_EARLIER:
        return None
    then = exchange(rng, session.place_now(), part)
    earlier, references = tuple(session.messages), then.references
    return Exchange("followup", then.request, then.calls, then.reply, earlier, references=references, home=session.lines())


def other_item(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Something else was to be put on the list."""
    return _listed(rng, place, part, "correction", NOT_ITEM)


_LONGEST_EARLIER = 700  # characters of earlier turns that mean nothing for the newest
_MEANT_AREA = Patterns("""
    no, i meant the {a}
    no, the {a}
    not there, in the {a}
    i meant in the {a}
    sorry, the {a}
    sorry, i meant in the {a}
    no, in the {a}
    the wrong room, i meant the {a}
    wrong room, the {a}
    i said the {a}
    actually in the {a}
    wait, in the {a}
    no not there, the {a}
""")


def _any(rng: Random, place: Place, part: Part, shares: tuple[tuple[_Maker, int], ...]) -> Exchange | None:
    makers, weights = zip(*shares, strict=True)
    for _ in range(5):
        if made := rng.choices(makers, weights)[0](rng, place, part):
            return made
    return None


def first_of(rng: Random, place: Place, part: Part, switched: bool | None = None) -> First | None:
    """A first request: ``switched`` on or off and the like, or set to an amount; None for either."""
    if switched is None:
        switched = rng.random() < 0.6
    found = _things(place, _SWITCHED if switched else AMOUNTS)
    if not found:
        return None
    entity = pick(rng, found)
    if switched:
        on, off = _SWITCHED[entity.domain]
        action = off if _is(entity, on) else on
        value, said = None, ""
    else:
        action = AMOUNTS[entity.domain]
        if not _able(entity, action):
            return None
        value, said = value_of(rng, action)
    x = refer(rng, place, entity, 0.8)
    table = MEDIA["volume"] if action == "volume" else DO[action]
    slots = {"x": x.the, "bare": x.text, "pct": said, "deg": said}
    request = framed(rng, part, table.draw(rng, part, slots).format(**slots), 0.3)
    return First(entity, action, value, written(rng, request, (x.text,)), call_of(entity, action, value))


def _with_another(rng: Random, place: Place, part: Part, category: Category, patterns: Patterns) -> Exchange | None:
    first = first_of(rng, place, part)
    if first is None or (another := _another(rng, place, first.entity)) is None or not _able(another, first.action):
        return None
    y = refer(rng, place, another, 0.8)
    text = patterns.draw(rng, part).format(x=y.the)
    return _after(rng, place, part, first, category, text, (call_of(another, first.action, first.value),), y)


def _swapped(rng: Random, place: Place, part: Part) -> Exchange | None:
    first = first_of(rng, place, part, switched=True)
    if first is None or _is(first.entity, first.action):
        return None
    if (another := _another(rng, place, first.entity)) is None:
        return None
    y = refer(rng, place, another, 0.8)
    calls = (call_of(first.entity, OPPOSITE[first.action]), call_of(another, first.action))
    return _after(rng, place, part, first, "correction", SWAP.draw(rng, part).format(x=y.the), calls, y)


def _other(rng: Random, place: Place, part: Part, category: Category, patterns: Patterns) -> Exchange | None:
    first = first_of(rng, place, part)
    if first is None:
        return None
    entity = first.entity
    here = place.by_area.get(entity.area or "", {}).get(entity.domain, ())
    pair = here if len(here) == 2 else place.by_domain[entity.domain]
    if len(pair) != 2 or len(here) > 2:
        return None
    another = pair[1] if pair[0] is entity else pair[0]
    if another.state == "unavailable" or not _able(another, first.action):
        return None
    calls = (call_of(another, first.action, first.value),)
    return _after(rng, place, part, first, category, patterns.draw(rng, part), calls)


def _of_areas(rng: Random, place: Place, part: Part, category: Category, patterns: Patterns) -> Exchange | None:
    domain = pick(rng, ("light", "light", "light", "fan", "media_player"))
    areas = [area for area in place.inventory.areas if domain in place.by_area.get(area.id, {})]
    if len(areas) < 2:
        return None
    here, there = rng.sample(areas, 2)
    things = {"light": "lights", "fan": "fans", "media_player": "media players"}[domain]
    a, b = refer_area(rng, place, here), refer_area(rng, place, there)
    action = pick(rng, ("on", "off", "off", "brightness" if domain == "light" else "on"))
    if action == "brightness":
        value, said = value_of(rng, action)
        asked = pick(rng, ("dim the lights in the {a} to {n}", "set the lights in the {a} to {n}", "set the {a} lights to {n}"))
        more: dict[str, Any] = {"brightness": value}
        if not any(_able(e, action) for area in (here, there) for e in place.by_area[area.id][domain]):
            return None
    else:
        said, more = "", {"domain": domain}
        asked = pick(rng, (f"turn {action} the {things} in the {{a}}", f"turn the {{a}} {things} {action}",
                           f"switch {action} all {things} in the {{a}}", f"{things} {action} in the {{a}}"))  # fmt: skip
    session = Session(place)
    if not session.turn(
        rng, written(rng, asked.format(a=a.text, n=said), (a.text,)), ((TOOLS[action], {"area": here.name, **more}),)
    ):
        return None
    text = written(rng, patterns.draw(rng, part).format(a=b.text), (b.text,))
    return _made(session, category, text, ((TOOLS[action], {"area": there.name, **more}),), b)


def _listed(rng: Random, place: Place, part: Part, category: Category, patterns: Patterns) -> Exchange | None:
    found = place.by_domain.get("todo")
    if not found:
        return None
    entity, thing, more = pick(rng, found), items(rng, part), items(rng, part)
    x = refer(rng, place, entity, 0.8)
    session = Session(place)
    asked = written(rng, ADD.draw(rng, part).format(i=thing, x=x.the), (thing, x.text))
    if not session.turn(rng, asked, (_adding(place, entity, thing),)):
        return None
    text = written(rng, patterns.draw(rng, part).format(i=more), (more,))
    return _made(session, category, text, (_adding(place, entity, more),))


def _after(
    rng: Random, place: Place, part: Part, first: First, category: Category, text: str, calls: tuple[Call, ...],
    reference: Reference | None = None, question: bool = False,
) -> Exchange | None:  # fmt: skip
    """``text`` after ``first``, which has something else before it now and then."""
    session = Session(place)
    if rng.random() < 0.2 and (before := first_of(rng, place, part)) is not None and before.entity is not first.entity:
        session.turn(rng, before.request, (before.call,))
    if not session.turn(rng, first.request, (first.call,)):
        return None
    said = written(rng, text, (reference.text,) if reference else (), question)
    return _made(session, category, said, calls, reference)


def _made(
    session: Session, category: Category, text: str, calls: tuple[Call, ...], reference: Reference | None = None
) -> Exchange:
    kinds = (reference.kind,) if reference else ()
    return Exchange(category, text, calls, earlier=tuple(session.messages), references=kinds, home=session.lines())


def _adding(place: Place, entity: Entity, item: str) -> Call:
    """What adds to a list: the shopping list has a tool of its own."""
    if the_shopping_list(place) is entity:
        return "HassShoppingListAddItem", {"item": item}
    return "HassListAddItem", {"item": item, "name": entity.name}


def _things(place: Place, domains: Mapping[str, Any] | tuple[str, ...]) -> list[Entity]:
    return [e for e in place.inventory.entities if e.domain in domains and e.state != "unavailable"]


def _another(rng: Random, place: Place, entity: Entity) -> Entity | None:
    found = [e for e in place.by_domain.get(entity.domain, ()) if e is not entity and e.state != "unavailable"]
    return pick(rng, found) if found else None


def call_of(entity: Entity, action: str, value: Any = None) -> Call:
    arguments: dict[str, Any] = {"name": entity.name}
    if action in ARGUMENTS:
        arguments[ARGUMENTS[action]] = value
    return TOOLS[action], arguments


def _is(entity: Entity, action: str) -> bool:
    """Whether it is already what ``action`` would make of it."""
    if entity.domain in ("climate", "media_player"):
        return (entity.state == "off") == (action == "off")
    return entity.state in _REACHED[action]


def value_of(rng: Random, action: str) -> tuple[Any, str]:
    """A value and how it is said."""
    if action == "temperature":
        value = rng.randint(16, 26) + (0.5 if rng.random() < 0.15 else 0)
        return value, degrees(rng, value)
    if action == "color":
        color = pick(rng, _COLORS)
        return color, color
    number = rng.randrange(5, 101, 5) if rng.random() < 0.7 else rng.randint(1, 99)
    return number, percent(rng, number)


def _length(rng: Random) -> tuple[dict[str, int], str]:
    """The arguments of a length, and how it is said."""
    kind = rng.random()
    hours = rng.randint(1, 4) if kind < 0.12 else 0
    minutes = rng.randint(1, 59) if kind > 0.06 and kind < 0.85 else 0
    seconds = rng.randrange(5, 60, 5) if kind >= 0.85 else 0
    found = {"hours": hours, "minutes": minutes, "seconds": seconds}
    return {unit: count for unit, count in found.items() if count}, duration(rng, hours, minutes, seconds)


def _able(entity: Entity, action: str) -> bool:
    """Whether its attributes allow it; what the model cannot see is never what fails."""
    attributes = entity.attributes
    if action == "brightness":
        return attributes.get("supported_color_modes") != ["onoff"]
    if action == "color":
        return _colored(entity)
    if action == "speed":
        return attributes.get("supported_features") is None
    if action == "position":
        return attributes.get("supported_features") is None
    return True


def _colored(entity: Entity) -> bool:
    return "rgb" in (entity.attributes.get("supported_color_modes") or ())


_Maker = Callable[[Random, Place, Part], Exchange | None]
_FOLLOW_UPS: tuple[tuple[_Maker, int], ...] = (
    (back, 18), (amount, 12), (too, 16), (too_area, 9), (other, 5), (checked, 6), (asked_then, 9), (more_items, 6),
    (timers, 6), (playing, 6), (nudged, 7), (which_answered, 5), (unsaid_answered, 7), (unrelated, 14),
)  # fmt: skip
_CORRECTIONS: tuple[tuple[_Maker, int], ...] = (
    (meant, 30), (another_amount, 26), (other_meant, 8), (meant_area, 12), (undone, 18), (other_item, 6),
)  # fmt: skip
