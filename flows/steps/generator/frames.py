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
    be so good as to {do}
    be so nice as to {do}
    be nice and {do}
    be a good assistant and {do}
    would you be so good as to {do}
    would you be so kind as to {do}
    would you kindly {do}
    would you mind and {do}
    do me the favor and {do}
    do me a kindness and {do}
    do us a favour and {do}
    please be so kind and {do}
    please go and {do}
    please go ahead and {do}
    please try to {do}
    please make sure to {do}
    could you go and {do}
    could you go ahead and {do}
    could you kindly {do}
    could you try to {do}
    could you quickly go and {do}
    could you please quickly {do}
    can you kindly {do}
    can you quickly {do}
    can you maybe {do}
    can you try to {do}
    can i get you to {do}
    could i get you to {do}
    can i ask you to {do}
    may i ask you to {do}
    could i ask you to {do}
    i'd ask you to {do}
    i would ask you to {do}
    i'm asking you to {do}
    i want to {do}
    i'd like to {do}
    i need to {do}
    we need to {do}
    we want to {do}
    we'd like you to {do}
    we want you to {do}
    we should {do}
    you might want to {do}
    you have to {do}
    you must {do}
    you'll have to {do}
    you can go ahead and {do}
    you're welcome to {do}
    will you please {do}
    won't you {do}
    do {do}
    hurry up and {do}
    go on and {do}
    go on, {do}
    come on, {do}
    come on and {do}
    first of all, {do}
    for now, {do}
    for me, {do}
    from here, {do}
    good, now {do}
    great, now {do}
    hello there, {do}
    hello assistant, {do}
    hi there, {do}
    hi there, could you {do}
    good morning, {do}
    good evening, {do}
    if you would, {do}
    if you don't mind, {do}
    if it's possible, {do}
    if it's not too much trouble, {do}
    in that case, {do}
    it'd be great if you could {do}
    it would be great if you could {do}
    it would be good if you could {do}
    it would be lovely if you could {do}
    it's important to {do}
    let me ask you to {do}
    my dear, {do}
    next, {do}
    next thing, {do}
    oh and {do}
    oh yes, {do}
    oh, {do}
    one thing, {do}
    quick one, {do}
    right, {do}
    right now {do}
    see if you can {do}
    see to it that you {do}
    somebody has to {do}
    someone needs to {do}
    tell you what, {do}
    thanks, now {do}
    that's nice, now {do}
    the kids want you to {do}
    the plan is to {do}
    there's one more thing, {do}
    to be safe, {do}
    today, {do}
    try and {do}
    we have to {do}
    what about you {do}
    whenever you're ready, {do}
    while i think of it, {do}
    yeah, {do}
    yes please, {do}
    you there, {do}
    {do} and that's it
    {do} and thanks
    {do} before i forget
    {do} if possible
    {do} if you would
    {do} in case it isn't yet
    {do} like i said
    {do} once you can
    {do} real quick
    {do} straight away
    {do} this instant
    {do} today
    {do} when you're ready
    {do} while you're at it
    {do}, come on
    {do}, computer
    {do}, hurry
    {do}, i'm in a rush
    {do}, if possible
    {do}, if that's ok
    {do}, if you can
    {do}, if you please
    {do}, my hands are full
    {do}, quickly
    {do}, right
    {do}, that would be great
    {do}, that's all
    {do}, thank you very much
    {do}, there's a dear
    {do}, will you please
    {do}, would you please
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
    ah, {say}
    actually, {say}
    also {say}
    and {say}
    anyway, {say}
    as i said, {say}
    but {say}
    computer, {say}
    damn, {say}
    frankly, {say}
    good morning, {say}
    hello there, {say}
    hey there, {say}
    hi there, {say}
    house, {say}
    i believe {say}
    i feel like {say}
    i guess {say}
    i mean, {say}
    i said {say}
    look, {say}
    my god, {say}
    ok so {say}
    oh dear, {say}
    oh well, {say}
    please, {say}
    right, {say}
    say, {say}
    see, {say}
    the thing is, {say}
    to be honest, {say}
    ugh, {say}
    wait, {say}
    well now, {say}
    yeah, {say}
    yes, {say}
    {say} again
    {say} already
    {say} and it bothers me
    {say} as always
    {say} at the moment
    {say} today
    {say} tonight
    {say}, actually
    {say}, don't you think
    {say}, i think
    {say}, if you don't mind
    {say}, if you ask me
    {say}, isn't it
    {say}, please do something
    {say}, right
    {say}, that's all
    {say}, thank you very much
    {say}, you see
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
    actually, {ask}
    ah, {ask}
    and {ask}
    assistant, tell me, {ask}
    before i go, {ask}
    but {ask}
    can you tell me, {ask}
    could you tell me, {ask}
    computer, {ask}
    good morning, {ask}
    hello, {ask}
    hey there, {ask}
    house, {ask}
    i forgot, {ask}
    i have a question, {ask}
    i need to know, {ask}
    i want to know, {ask}
    i'd like to know, {ask}
    i'm curious, {ask}
    just a question, {ask}
    just curious, {ask}
    just tell me, {ask}
    let me ask, {ask}
    listen, {ask}
    oh, {ask}
    one more thing, {ask}
    ok so {ask}
    please tell me, {ask}
    quick one, {ask}
    say, {ask}
    tell me please, {ask}
    wait, {ask}
    would you know, {ask}
    yes, {ask}
    {ask} again
    {ask} now
    {ask} today
    {ask}, assistant
    {ask}, can you tell me
    {ask}, do you know
    {ask}, i forgot
    {ask}, please
    {ask}, tell me
    {ask}, would you know
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
    abort activate actuate add adjust advance aim air alert append apply ask bathe beep begin black block blow bolt boost
    brighten bring bump buy call cancel carry change check clean clear click close color complete continue cool count crank
    create cross cue cut darken deactivate decrease deduct delete dim disable discard disengage ditch do dock double douse
    draw drop dump ease eliminate enable end engage enter erase exclude execute extend extinguish fade fasten fill find
    finish fire flick flip forget forward freeze fully get give go halt have heat hit hoist hold hoover hush illuminate
    include increase interrupt jot jump keep kick kill knock launch leave lengthen let lift light lighten list listen load
    lock log lose lower make mark move mute name note open paint park pass pause pencil perform pick place play poke pop
    position power prepare press proceed process prolong protect pull pump push put raise recall record reduce register
    release remember remind remove repeat restart resume return rewind ring roll rub run save scrap scratch seal search
    secure see select send set shave shift shorten show shush shut silence skip slam slide slip slow snap soften speed spin
    start step stick stop stream stretch strike subtract suspend swap sweep swing switch tack take tap tell terminate throw
    tick time tint toggle tone toss touch trigger trim tune turn un-mute unbolt undo unfasten unfreeze unlock unmute unpause
    unplug unseal update use vacuum wait wake warm wind wipe write
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
