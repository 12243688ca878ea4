"""What goes around a request: courtesies, asking instead of telling, joints between several, capitals, stops."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from flows.steps.generator.lexicons import words
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.words import pick
from schemas.pipeline import Part

# Around a command in the imperative. Commas are left out as often as recognisers leave them out.
_FRAMES = Patterns("""
    please {do}
    {do} please
    {do}, please
    {do} (now|right now|right away|at once|immediately|quickly)
    {do} for me
    {do} for me please
    {do}, thanks
    {do} thank you
    {do}, will you
    {do}, would you
    {do}, ok
    {do} if you can
    {do} if you don't mind
    {do} as soon as you can
    {do} when you get a chance
    just {do}
    now {do}
    then {do}
    quick, {do}
    quickly {do}
    kindly {do}
    can you {do}
    could you {do}
    would you {do}
    will you {do}
    can you please {do}
    could you please {do}
    would you please {do}
    please could you {do}
    can you {do} for me
    could you {do} for me
    could you maybe {do}
    could you possibly {do}
    could you quickly {do}
    can you just {do}
    can you go ahead and {do}
    would you be so kind and {do}
    would you be able to {do}
    are you able to {do}
    is it possible for you to {do}
    do you mind if i ask you to {do}
    i want you to {do}
    i need you to {do}
    i'd like you to {do}
    i would like you to {do}
    i would love it if you could {do}
    i'd appreciate it if you could {do}
    i'd be grateful if you could {do}
    i was wondering if you could {do}
    i wonder if you could {do}
    i was hoping you could {do}
    i think you could {do}
    i think you should {do}
    i guess you can {do}
    i guess you could {do} now
    maybe you could {do}
    perhaps you could {do}
    it would be nice if you could {do}
    it would help if you could {do}
    you can {do} now
    you could {do}
    you should {do}
    you may {do}
    you need to {do}
    you'd better {do}
    go ahead and {do}
    be so kind as to {do}
    be a dear and {do}
    do me a favor and {do}
    do me a favour, {do}
    let's {do}
    let us {do}
    why don't you {do}
    why don't we {do}
    how about we {do}
    shall we {do}
    it's time to {do}
    time to {do}
    remember to {do} now
    make sure to {do}
    be sure to {do}
    try to {do}
    help me {do}
    i have to {do}, do it for me
    my hands are full, {do}
    i'm in bed already, {do}
    i'm busy, {do}
    before i forget, {do}
    one more thing, {do}
    hey, {do}
    hey {do}
    hi, {do}
    hello, {do}
    hey there, could you {do}
    ok, {do}
    okay {do}
    ok now {do}
    alright, {do}
    all right, {do}
    so, {do}
    well, {do}
    um {do}
    uh, {do}
    listen, {do}
    excuse me, {do}
    sorry, {do}
    sorry to bother you, could you {do}
    assistant, {do}
    computer, {do}
    house, {do}
    hey house, {do}
    yes, {do}
    and {do}
    also {do}
    actually, {do}
    actually could you {do}
    we're going out, {do}
    we're going to bed, {do}
    guests are coming, {do}
    if possible, {do}
    when you can, {do}
    in case it isn't done yet, {do}
    i said {do}
    the next thing i want is to {do}
    what i need is for you to {do}
    the thing to do now is {do}
    would it be possible to {do}
    would it be ok to {do}
    is there any chance you could {do}
    any chance you can {do}
""")
# Around a sentence that is whole.
_AROUND = Patterns("""
    {say} please
    {say}, please
    {say} now
    {say} right now
    hey, {say}
    hi, {say}
    hello, {say}
    ok, {say}
    okay {say}
    oh, {say}
    oh no, {say}
    um {say}
    uh, {say}
    well, {say}
    so, {say}
    listen, {say}
    excuse me, {say}
    sorry, {say}
    you know what, {say}
    by the way, {say}
    {say}, thanks
    {say} thank you
    {say}, ok
    i think {say}
    alright, {say}
    hmm, {say}
    assistant, {say}
    hey house, {say}
    {say} you know
    honestly, {say}
""")
_ASKED = Patterns("""
    tell me, {ask}
    hey, {ask}
    hi, {ask}
    ok, {ask}
    {ask} please
    {ask} right now
    {ask} at the moment
    um, {ask}
    so {ask}
    sorry, {ask}
    excuse me, {ask}
    quick question, {ask}
    i was wondering, {ask}
    by the way, {ask}
    one question, {ask}
    well, {ask}
    assistant, {ask}
    do you know, {ask}
    just checking, {ask}
    remind me, {ask}
""")
_JOINTS = Patterns("""
    {a} and {b}
    {a} and then {b}
    {a} then {b}
    {a}, then {b}
    {a} and also {b}
    {a}, and {b}
    {a}, {b}
    {a} plus {b}
    {a} as well as {b}
    {a} and after that {b}
    {a}. {b}
    {a}. also {b}
    {a} and while you're at it {b}
    first {a} and then {b}
    {a}, and please {b}
    {a} and please {b}
    {a}; {b}
    {a}. then {b}
    {a}, also {b}
    {a} next {b}
    {a} and could you {b}
    {a}, oh and {b}
""")

_QUESTION_STARTS = frozenset(
    [
        "can",
        "could",
        "would",
        "will",
        "are",
        "is",
        "do",
        "shall",
        "why",
        "how",
        "what",
        "who",
        "which",
        "when",
        "where",
        "does",
        "did",
        "any",
        "has",
        "have",
        "was",
        "were",
        "may",
    ]
)

_VERBS = frozenset(
    words("""
    abort activate add adjust air alert append apply ask bathe beep begin black block blow bolt brighten bring buy call
    cancel carry change check clean clear click close color complete continue cool count crank create cross cut deactivate
    decrease delete dim disable disengage do dock double douse draw drop enable end engage erase execute extend extinguish
    find fire flick flip forget forward freeze fully get give go halt have heat hit hold hoover hush include increase
    interrupt jot jump keep kick kill knock launch leave lengthen let lift light lighten list listen load lock lower make
    mark move mute name note open paint park pause pick place play position power press prolong protect pull pump push put
    raise recall reduce release remind remove restart resume return rewind ring roll run scratch search secure see send set
    shorten show shush shut silence skip slow soften speed start stick stop strike subtract suspend sweep switch take tap
    tell tick time tone trigger turn unbolt undo unlock unmute unpause use vacuum wake warm wind write
    """)
)


def is_command(text: str) -> bool:
    """Whether ``text`` is in the imperative, by its first word."""
    return text.split(" ", 1)[0] in _VERBS


def framed(rng: Random, part: Part, command: str, chance: float = 0.5) -> str:
    """A command, told as it is or with a courtesy around it; one that does not begin with a verb as the sentence it is."""
    if not is_command(command):
        return around(rng, part, command, chance / 2)
    if rng.random() >= chance:
        return command
    return _FRAMES.draw(rng, part).replace("{do}", command, 1)


def around(rng: Random, part: Part, sentence: str, chance: float = 0.2) -> str:
    return _AROUND.draw(rng, part).replace("{say}", sentence, 1) if rng.random() < chance else sentence


def asked(rng: Random, part: Part, question: str, chance: float = 0.25) -> str:
    return _ASKED.draw(rng, part).replace("{ask}", question, 1) if rng.random() < chance else question


def joined(rng: Random, part: Part, clauses: Sequence[str]) -> str:
    """Two to four commands in one sentence or two."""
    text = clauses[-1]
    if len(clauses) > 2:
        return ", ".join(clauses[:-1]) + pick(rng, (" and ", ", and ", ", ", " and then ")) + text
    joint = _JOINTS.draw(rng, part)
    return joint.replace("{a}", clauses[0], 1).replace("{b}", text, 1)


def listed(rng: Random, things: Sequence[str]) -> str:
    """``the lamp, the radio and the blind``; now and then ``both`` of two."""
    if len(things) == 1:
        return things[0]
    if len(things) == 2 and rng.random() < 0.1:
        return f"both {things[0]} and {things[1]}"
    joint = pick(rng, (" and ", " and ", " and ", ", ", " plus ", " as well as "))
    return ", ".join(things[:-1]) + (" and " if len(things) > 2 and joint != ", and " else joint) + things[-1]


def written(rng: Random, text: str, kept: Sequence[str] = (), question: bool = False) -> str:
    """As it arrives: most often in lower case and without a stop. The strings in ``kept`` stay letter for letter."""
    text = " ".join(text.split()).replace(" ,", ",")
    kind = rng.random()
    if kind < 0.35:
        return text.replace(",", "") if kind < 0.2 and not any("," in part for part in kept) else text
    asks = question or text.split(" ", 1)[0] in _QUESTION_STARTS
    if kind > 0.72:
        text += ("?" if rng.random() < 0.85 else "") if asks else "." if rng.random() < 0.8 else "!"
    if kind > 0.8 and not any(text.startswith(part) for part in kept):
        text = text[0].upper() + text[1:]
    return text
