"""Calls that failed, as the model sees them when it is asked again: another call where that may do, else a short honest reply.

A reply repeats what the tool said ("Sorry, the lamp cannot be dimmed."); what was done beside the failure is told by code. What
is tried again is never what was done. Failures are those that the home itself answers with, and those of homes and tools that
are far away, in the words of serve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from flows.steps.generator.clauses import the_shopping_list
from flows.steps.generator.exchanges import Exchange
from flows.steps.generator.follow_ups import AMOUNTS, call_of, first_of, value_of
from flows.steps.generator.frames import framed, joined, written
from flows.steps.generator.homes import Place, folded
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.phrasing_more import LISTS, MEDIA
from flows.steps.generator.phrasing_things import DO
from flows.steps.generator.references import Reference, refer
from flows.steps.generator.sessions import Call, Session
from flows.steps.generator.words import items, pick
from schemas.conversation import Message, call
from schemas.errors import ActionError, Denied, HomeFailed, NotSeen, ToolBusy, ToolTimedOut, TooOften, Unreachable
from schemas.inventory import Entity
from schemas.pipeline import Part

SORRY = "Sorry, {message}."

_NO_TIMER: dict[str, Patterns] = {
    "HassCancelTimer": Patterns("""
        cancel the timer
        stop the timer
        cancel my timer
        delete the timer
        end the timer
        turn the timer off
        i don't need the timer anymore
        drop the timer
    """),
    "HassPauseTimer": Patterns("""
        pause the timer
        hold the timer
        put the timer on hold
        pause my timer
        freeze the timer
        stop the timer for a moment
    """),
    "HassUnpauseTimer": Patterns("""
        resume the timer
        continue the timer
        let the timer go on
        unpause my timer
        restart the paused timer
        carry on with the timer
    """),
}
_MISDIRECTED: dict[str, tuple[str, ...]] = {
    "cover": ("HassLightSet", "HassFanSetSpeed"),
    "light": ("HassSetPosition", "HassFanSetSpeed"),
    "fan": ("HassLightSet", "HassSetPosition"),
}
_AMOUNT_OF = {"HassLightSet": "brightness", "HassSetPosition": "position", "HassFanSetSpeed": "percentage"}


def failure(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Any of the kinds below, by their shares."""
    makers, weights = zip(*_SHARES, strict=True)
    for _ in range(6):
        if made := rng.choices(makers, weights)[0](rng, place, part):
            return made
    return None


def not_able(rng: Random, place: Place, part: Part) -> Exchange | None:
    """What the home's lines do not show: a lamp without a dimmer, a fan with one speed, a blind that only goes up and down."""
    found = [
        e
        for e in place.inventory.entities
        if e.domain in ("light", "fan", "cover")
        and e.state != "unavailable"
        and (e.attributes.get("supported_color_modes") == ["onoff"] or e.attributes.get("supported_features") in (0, 11))
    ]
    if not found:
        return None
    entity = pick(rng, found)
    action = AMOUNTS[entity.domain]
    if entity.domain == "light" and rng.random() < 0.3:
        action = "color"
    x = refer(rng, place, entity, 0.8)
    value, said = value_of(rng, action)
    slots = {"x": x.the, "bare": x.text, "pct": said, "color": said}
    request = _worded(rng, part, DO[action].draw(rng, part, slots).format(**slots), x)
    return _told(place, request, (call_of(entity, action, value),), x)


def not_there(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A thing that does not answer."""
    if (first := first_of(rng, place, part)) is None:
        return None
    session = Session(place)
    session.home.patch(first.entity.id, state="unavailable")
    return _told(place, first.request, (first.call,), session=session)


def not_playing(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A player that is off cannot be paused, nor skip."""
    found = [e for e in place.by_domain.get("media_player", ()) if e.state in ("off", "idle")]
    if not found:
        return None
    entity, action = pick(rng, found), pick(rng, ("pause", "next", "previous"))
    x = refer(rng, place, entity, 0.8)
    slots = {"x": x.the, "bare": x.text}
    request = _worded(rng, part, MEDIA[action].draw(rng, part, slots).format(**slots), x)
    tool = {"pause": "HassMediaPause", "next": "HassMediaNext", "previous": "HassMediaPrevious"}[action]
    return _told(place, request, ((tool, {"name": entity.name}),), x)


def not_on_list(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Something that no list has cannot be taken off it."""
    found = [e for e in place.by_domain.get("todo", ()) if e is not the_shopping_list(place)]
    if not found:
        return None
    entity, item = pick(rng, found), items(rng, part)
    if folded(item) in map(folded, entity.attributes.get("items") or ()):
        return None
    action = pick(rng, ("remove", "complete"))
    x = refer(rng, place, entity, 0.9)
    listed = x.text if folded(x.text).endswith("list") else f"{x.text} list"
    text = LISTS[action].draw(rng, part).format(item=item, list=f"the {listed}")
    tool = "HassListRemoveItem" if action == "remove" else "HassListCompleteItem"
    return _told(place, written(rng, text, (item, x.text)), ((tool, {"item": item, "name": entity.name}),), x)


def no_timer(rng: Random, place: Place, part: Part) -> Exchange | None:
    """No timer runs."""
    if any(e.state in ("active", "paused") for e in place.by_domain.get("timer", ())):
        return None
    tool = pick(rng, tuple(_NO_TIMER))
    return _told(place, _worded(rng, part, _NO_TIMER[tool].draw(rng, part)), ((tool, {}),))


def far_away(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A right, or a connection, that is missing."""
    if (first := first_of(rng, place, part)) is None:
        return None
    tool = first.call[0]
    error = pick(rng, _errors(tool, first.entity))
    since = _called((first.call,), (f"Error: {error.message}. {error.hint}",))
    return Exchange("failure", first.request, reply=SORRY.format(message=error.message), since=since)


def misplaced(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The right thing, looked for in the wrong room: its name is enough."""
    first = first_of(rng, place, part)
    if first is None or first.call[0] in ("HassFanSetSpeed", "HassSetVolume"):
        return None
    others = [area for area in place.inventory.areas if area.id != first.entity.area]
    if not others:
        return None
    tool, arguments = first.call
    wrong = (tool, {"name": arguments["name"], "area": pick(rng, others).name, **arguments})
    return _again(place, first.request, (wrong,), (first.call,))


def misnamed(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A name with a slip: the home says which one it may be."""
    first = first_of(rng, place, part)
    if first is None:
        return None
    wrong = (first.call[0], {**first.call[1], "name": _slipped(rng, first.entity.name)})
    return _again(place, first.request, (wrong,), (first.call,), hint=f"Did you mean {first.entity.name}?")


def misdirected(rng: Random, place: Place, part: Part) -> Exchange | None:
    """A tool that does not go with the thing, though another does."""
    first = first_of(rng, place, part, switched=False)
    if first is None or first.entity.domain not in _MISDIRECTED:
        return None
    offered = [tool for tool in _MISDIRECTED[first.entity.domain] if _DOMAIN_OF[tool] in place.by_domain]
    if not offered:
        return None
    tool = pick(rng, offered)
    wrong = (tool, {"name": first.entity.name, _AMOUNT_OF[tool]: first.value})
    return _again(place, first.request, (wrong,), (first.call,))


def misfiled(rng: Random, place: Place, part: Part) -> Exchange | None:
    """The right name, taken for a thing of another domain."""
    first = first_of(rng, place, part, switched=True)
    if first is None:
        return None
    others = [domain for domain in ("light", "switch", "fan", "cover", "lock") if domain != first.entity.domain]
    wrong = (first.call[0], {**first.call[1], "domain": pick(rng, others)})
    return _again(place, first.request, (wrong,), (first.call,))


def one_of_two(rng: Random, place: Place, part: Part) -> Exchange | None:
    """Of two things that were asked for, one went well: that one is left alone."""
    first, second = first_of(rng, place, part), first_of(rng, place, part)
    if first is None or second is None or first.entity is second.entity:
        return None
    request = joined(rng, part, (_unstopped(first.request), _unstopped(second.request)))
    session = Session(place)
    if rng.random() < 0.5:
        session.home.patch(second.entity.id, state="unavailable")
        return _told(place, request, (first.call, second.call), session=session)
    slip = (second.call[0], {**second.call[1], "name": _slipped(rng, second.entity.name)})
    calls = (slip, first.call) if rng.random() < 0.3 else (first.call, slip)
    return _again(place, request, calls, (second.call,), hint=f"Did you mean {second.entity.name}?")


def _told(
    place: Place, request: str, calls: Sequence[Call], reference: Reference | None = None, session: Session | None = None
) -> Exchange | None:
    """The reply to what the home refused; None where it refused nothing."""
    session = session or Session(place)
    results = session.do(calls)
    errors = [result.error["message"] for result in results if result.error]
    if not errors:
        return None
    kinds = (reference.kind,) if reference else ()
    reply = " ".join(SORRY.format(message=message) for message in dict.fromkeys(errors))
    return Exchange("failure", request, reply=reply, since=tuple(session.messages), references=kinds, home=session.lines())


def _again(place: Place, request: str, wrong: Sequence[Call], right: tuple[Call, ...], hint: str = "") -> Exchange | None:
    """Another try after what the home refused; with ``hint`` only where the home gave that."""
    session = Session(place)
    errors = [result.error for result in session.do(wrong) if result.error]
    if len(errors) != 1 or (hint and errors[0]["hint"] != hint):
        return None
    after = session.forked().do(right)
    if not all(result.ok for result in after):
        return None
    return Exchange("failure", request, right, since=tuple(session.messages), home=session.lines())


def _unstopped(request: str) -> str:
    """As one part of a longer sentence."""
    return request.rstrip(".!?")


def _called(calls: Sequence[Call], texts: Sequence[str]) -> tuple[Message, ...]:
    made = tuple(call(name, arguments, f"call_{i}") for i, (name, arguments) in enumerate(calls))
    results = (Message(role="tool", tool_call_id=m.id, name=m.function.name, content=t) for m, t in zip(made, texts, strict=True))
    return (Message(role="assistant", tool_calls=made), *results)


def _errors(tool: str, entity: Entity) -> tuple[ActionError, ...]:
    """What a home that is far away, or the policy, answers."""
    return (
        ToolTimedOut(f"{tool} is not done yet", where=tool),
        Denied(f"guest may not act on {entity.domain}", where=tool),
        Denied(f"guest may not use {tool}", where=tool),
        TooOften("more than 60 calls in a minute", where=tool),
        Unreachable("Home Assistant cannot be reached: the connection was lost", where=tool),
        HomeFailed("Home Assistant did not answer within 10 s", where=tool),
        NotSeen(f"Home Assistant took the order, and {entity.name} shows no change yet", where=tool),
        ToolBusy(f"{tool} has too much to do", where=tool),
    )


def _slipped(rng: Random, name: str) -> str:
    """``name`` with a letter left out, doubled or changed."""
    at = int(rng.random() * len(name))
    kind = rng.random()
    if kind < 0.4:
        return name[:at] + name[at + 1 :]
    return name[:at] + (name[at] * 2 if kind < 0.7 else pick(rng, "aeiourstln")) + name[at + 1 :]


def _worded(rng: Random, part: Part, text: str, x: Reference | None = None) -> str:
    return written(rng, framed(rng, part, text, 0.3), (x.text,) if x else ())


_DOMAIN_OF = {"HassLightSet": "light", "HassSetPosition": "cover", "HassFanSetSpeed": "fan"}
_Maker = Callable[[Random, Place, Part], Exchange | None]
_SHARES: tuple[tuple[_Maker, int], ...] = (
    (not_able, 18), (not_there, 16), (not_playing, 8), (not_on_list, 8), (no_timer, 5), (far_away, 10), (misplaced, 9),
    (misnamed, 10), (misdirected, 6), (misfiled, 6), (one_of_two, 14),
)  # fmt: skip
