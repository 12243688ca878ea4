"""Needs that name no action, and wishes for more or less of what there is: what to do about them follows from the home.

``{place}`` is "in the study" or "upstairs", ``{area}`` "the study", ``{x}`` a thing with its article. Relative wishes have a
step each: a little, plain, a lot; and one that is said ({step}).
"""

from __future__ import annotations

from flows.steps.generator.patterns import Patterns

DARK = Patterns("""
    it's [too|so|very|rather|pretty] dark {place}
    it is (too|so|really) dark {place}
    i can't see (a thing|anything) {place}
    i can't see what i'm doing {place}
    i can hardly see anything {place}
    we can't see (a thing|anything) {place}
    {place} it's pitch black
    it's pitch dark {place}
    it's gloomy {place}
    it's a bit gloomy {place}
    there's no light {place}
    there is not enough light {place}
    i need [some|more] light {place}
    we need [some] light {place}
    give me [some] light {place}
    some light {place} would be (nice|good)
    could we have some light {place}
    i'm sitting in the dark {place}
    i'm standing in the dark {place}
    i want to read {place} but it's too dark
    i keep bumping into things {place}, it's dark
    why is it so dark {place}
    {area} is too dark
    {area} is pitch black
    {area} could do with some light
    {area} needs (some|more) light
    let there be light {place}
    light {place}
    it got dark {place}
    someone is coming home, it should be light {place}
    i'm about to work {place} and can't see
    i dropped something {place} and can't find it in the dark
    (lighten|light) up {area}
    the sun has gone and it's dark {place}
    the kids are afraid of the dark {place}
    i just walked into a wall {place}, make it light
""")
GLARE = Patterns("""
    it's [too|so|very] bright {place} at this hour, no lights
    nobody is {place}, it doesn't need light
    nobody is {place} anymore, the lights are on
    it's light enough outside, no lights needed {place}
    we don't need any light {place} [anymore]
    i don't need light {place} [anymore]
    i want it dark {place}
    make it dark {place}
    it should be dark {place}
    i want to sleep {place}, it's too light
    i'm trying to sleep {place} and the lights are on
    someone left the lights burning {place}
    why are all the lights burning {place}
    the lights {place} are wasting electricity
    time to sleep {place}, lights out
    lights out {place}
    i need darkness {place}
    {area} should be dark
    {area} doesn't need any light
    we left {area} and it's still lit
    there is light {place} but nobody there
    the baby is asleep {place}, make it dark
    we're watching a film {place}, no light please
""")
COLD = Patterns("""
    i'm [so|really|very] cold
    i'm freezing
    i am freezing
    i'm freezing to death
    it's [too|so|very] cold [in here]
    it's freezing [in here]
    it is far too cold
    my feet are [so|getting] cold
    my hands are like ice
    i'm shivering
    we're cold
    we're freezing
    it's getting chilly
    it's (chilly|nippy) in here
    i need it warmer
    could it be warmer
    i can see my breath in here
    it feels like winter in here
    i had to put on a second sweater
    everybody is wearing a coat in here
    the house is [too|so] cold
    brr
    why is it so cold
    my teeth are chattering
    this place is like a fridge
""")
COLD_PLACE = Patterns("""
    i'm [so|really] cold {place}
    i'm freezing {place}
    it's [too|so|very] cold {place}
    it's freezing {place}
    {area} is [too|so|really] cold
    {area} is freezing
    {area} is like a fridge
    it's chilly {place}
    we're freezing {place}
    {place} it's too cold
    it could be warmer {place}
    it's not warm enough {place}
    {area} could be warmer
    why is it so cold {place}
    my feet are cold {place}
    make it warmer {place}
    {area} needs to be warmer
    warm up {area}
    make {area} warmer
    i need it warmer {place}
    i'm shivering {place}
""")
HOT = Patterns("""
    i'm [so|too|really] hot
    i'm sweating
    i am boiling
    i'm melting
    it's [too|so|very] (hot|warm) [in here]
    it's boiling [in here]
    it's like a sauna in here
    it is far too warm
    we're all sweating
    we're too warm
    it's stuffy and hot
    it's getting [too] (hot|warm)
    i can't sleep, it's too hot
    could it be cooler
    i need it cooler
    the house is [too|so] (hot|warm)
    why is it so hot
    it's roasting in here
    i'm overheating
    it feels like a greenhouse in here
    phew, it's hot
""")
HOT_PLACE = Patterns("""
    i'm [so|really] hot {place}
    i'm sweating {place}
    it's [too|so|very] (hot|warm) {place}
    it's boiling {place}
    {area} is [too|so|really] (hot|warm)
    {area} is boiling
    {area} is like an oven
    {area} is like a sauna
    we're melting {place}
    {place} it's too (hot|warm)
    it could be cooler {place}
    {area} could be cooler
    why is it so hot {place}
    i can't sleep {place}, it's too warm
    make it cooler {place}
    make {area} cooler
    {area} needs to be cooler
    cool down {area}
    i need it cooler {place}
""")
STUFFY = Patterns("""
    it's [so|too|really] stuffy {place}
    the air {place} is stale
    the air {place} is thick
    i can't breathe {place}
    i need [some] (air|a breeze) {place}
    we need some air {place}
    there's no air {place}
    it smells {place}
    {area} smells
    {area} needs [some] air
    {area} is stuffy
    get some air moving {place}
    let's get a breeze {place}
    a breeze {place} would be nice
    air out {area}
    it reeks of cooking {place}
    {place} it's stuffy
    the air doesn't move {place}
""")
DRAFT = Patterns("""
    the fan {place} is too windy
    there's too much wind {place} from the fan
    i don't need a breeze {place} anymore
    it's too windy {place} with the fan
    the breeze {place} can stop
    the air {place} is fine now, no fan needed
    the fan noise {place} is annoying
    we don't need the breeze {place}
    enough air {place} for now
    the draft from the fan {place} bothers me
""")
SUN = Patterns("""
    the sun is blinding me {place}
    the sun is in my eyes {place}
    the sun is glaring {place}
    the sun shines right in my face {place}
    there's too much sun {place}
    i can't see the screen {place} because of the sun
    the neighbours can look in {place}
    everybody can look in {place}
    i want some privacy {place}
    we need privacy {place}
    i feel watched {place}
    keep the sun out {place}
    block the sun {place}
    {area} gets too much sun
    the sun is heating up {area}
    protect {area} from the sun
    i don't want anyone to see me {place}
""")
DAYLIGHT = Patterns("""
    let the sun in {place}
    let some daylight in {place}
    i want daylight {place}
    i'd like to look outside {place}
    i want to see the view {place}
    some sunshine {place} would be nice
    let in the morning light {place}
    let {area} have some sun
    {area} could use some daylight
    i want to see the sun {place}
    it's a lovely day, let the sun in {place}
    we need natural light {place}
    bring the daylight in {place}
""")
LOUD = Patterns("""
    {x} is too loud
    {x} is (way|far|much) too loud
    {x} is hurting my ears
    i can't hear myself think with {x}
    {x} is blaring
    {x} is waking the baby
    the neighbours are complaining about {x}
    i can't talk over {x}
    {x} is so loud
    {x} is bothering me, it's too loud
    why is {x} so loud
    my ears hurt from {x}
""")
QUIET = Patterns("""
    i can't hear {x}
    {x} is too quiet
    {x} is (way|far|much) too quiet
    i can barely hear {x}
    i can hardly hear {x}
    we can't hear {x} [over here]
    {x} is so quiet
    {x} is hard to hear
    i can't make out what {x} says
    why is {x} so quiet
    {x} could be easier to hear
    grandpa can't hear {x}
""")
SILENCE = Patterns("""
    i'm on the phone, {x} has to be silent
    the phone is ringing, silence {x}
    i need to take a call, no sound from {x}
    no sound from {x} please, but let it play
    not a sound from {x}, keep it playing
    shush {x}
    hush {x}
    silence from {x} for a moment
    i'm in a meeting, no sound from {x}
""")
LEFT_OPEN = Patterns("""
    it's raining and {x} is open
    there's a draft from {x}
    it's about to rain, {x} is still open
    cold air is coming in through {x}
    a storm is coming and {x} is open
    flies are coming in through {x}
    {x} is letting the cold in
    {x} is letting the rain in
    there's wind coming through {x}
    it's getting cold because of {x}
""")
LOCK_UP = Patterns("""
    i don't want anyone to come in through {x}
    nobody should get in through {x}
    i'm not sure that {x} is safe, secure it
    we're going to bed, {x} is unlocked
    we're leaving and {x} is not locked
    i left without locking {x}
    anyone could walk in through {x}
    {x} isn't safe like this, lock up
    i'd sleep better with {x} locked
    better safe than sorry with {x}, lock up
""")
LET_IN = Patterns("""
    i can't get in, {x} is locked
    my guests are standing in front of {x} and it's locked
    the plumber has to get in through {x}
    someone needs to get in through {x}, it's locked
    we're locked out at {x}
    i'm standing outside {x} and have no key
    let the courier in through {x}
    i forgot my key, {x} is locked
    anna is waiting outside {x}, it's locked
    i want to get out, {x} is locked
""")
DIRTY = Patterns("""
    {area} is (dirty|dusty|filthy)
    {area} is a mess
    the floor {place} is (dirty|filthy|full of crumbs)
    there are crumbs all over the floor {place}
    i spilled (flour|cereal|sugar|rice) {place}
    i dropped a bag of rice {place}
    the dog shed all over {area}
    the cat left hair all over {area}
    there's dust everywhere {place}
    {area} could use a clean
    {area} needs vacuuming
    {area} needs a good cleaning
    someone walked into {area} with muddy shoes
    the kids made a mess {place}
    the carpet {place} is full of dog hair
    we have guests coming and {area} is dusty
""")
OUT_OF = Patterns("""
    we're out of {item}
    we are out of {item}
    we ran out of {item}
    i used up the last {item}
    we need {item}
    i need to buy {item}
    we have no {item} left
    there's no {item} left
    don't let me forget to buy {item}
    remind me to buy {item}
    next time i'm at the store i need {item}
    the {item} is all gone
    we should buy {item}
    buy {item}
    pick up {item}
    get {item} from the store
    we're running low on {item}
    the last {item} is gone
""")
BORED = Patterns("""
    i feel like listening to {title}
    i'm in the mood for {title}
    i'd love to hear {title}
    it's too quiet, how about some {title}
    i want to dance to {title}
    can we listen to {title}
    let me hear {title}
    nothing beats {title} right now
    i want to relax with {title}
    we want to hear {title}
    i could use some {title}
""")

WHICH_ROOM = "In which room?"

BRIGHTER = {
    "little": Patterns("""
        make {x} a (bit|little) brighter
        turn {x} up a (bit|little)
        brighten {x} a (bit|little)
        a (bit|little) more light from {x}
        {x} a (bit|little) brighter
        {x} could be a (bit|little) brighter
        raise {x} slightly
        {x} slightly brighter
        make {x} slightly brighter
        give {x} a touch more light
        a touch brighter on {x}
        {x} up a notch
        turn up {x} a notch
    """),
    "plain": Patterns("""
        make {x} brighter
        turn up {x}
        turn {x} up
        brighten {x}
        brighten up {x}
        more light from {x}
        {x} brighter
        {bare} brighter
        increase the brightness of {x}
        raise the brightness of {x}
        i want {x} brighter
        {x} is too dim
        {x} isn't bright enough
        {x} should be brighter
        {x} could be brighter
        {x} needs to be brighter
        increase {x}
        up the brightness on {x}
    """),
    "lot": Patterns("""
        make {x} (much|a lot|way) brighter
        turn {x} up a lot
        {x} (much|a lot|way) brighter
        a lot more light from {x}
        {x} is (much|way|far) too dim
        brighten {x} a lot
        i need {x} (much|a lot) brighter
        {x} needs to be way brighter
        {x} should be far brighter
    """),
    "step": Patterns("""
        make {x} {step} brighter
        turn {x} up by {step}
        turn up {x} by {step}
        brighten {x} by {step}
        increase {x} by {step}
        increase the brightness of {x} by {step}
        raise {x} by {step}
        {step} more on {x}
        {x} {step} brighter
        {step} brighter on {x}
        add {step} to {x}
        give {x} {step} more
        raise the brightness of {x} by {step}
        {x} up {step}
    """),
}
DIMMER = {
    "little": Patterns("""
        make {x} a (bit|little) (dimmer|darker)
        turn {x} down a (bit|little)
        dim {x} a (bit|little)
        a (bit|little) less light from {x}
        {x} a (bit|little) dimmer
        {x} could be a (bit|little) darker
        lower {x} slightly
        {x} slightly dimmer
        make {x} slightly darker
        take {x} down a touch
        a touch dimmer on {x}
        {x} down a notch
        turn down {x} a notch
    """),
    "plain": Patterns("""
        make {x} (dimmer|darker)
        turn down {x}
        turn {x} down
        dim {x}
        dim down {x}
        less light from {x}
        {x} dimmer
        {bare} dimmer
        decrease the brightness of {x}
        lower the brightness of {x}
        reduce the brightness of {x}
        i want {x} dimmer
        {x} is too bright
        {x} is blinding me
        {x} should be dimmer
        {x} could be dimmer
        {x} needs to be dimmer
        tone down {x}
        soften {x}
    """),
    "lot": Patterns("""
        make {x} (much|a lot|way) dimmer
        turn {x} down a lot
        {x} (much|a lot|way) dimmer
        a lot less light from {x}
        {x} is (much|way|far) too bright
        dim {x} a lot
        i need {x} (much|a lot) darker
        {x} needs to be way dimmer
        {x} should be far dimmer
    """),
    "step": Patterns("""
        make {x} {step} (dimmer|darker)
        turn {x} down by {step}
        turn down {x} by {step}
        dim {x} by {step}
        decrease {x} by {step}
        decrease the brightness of {x} by {step}
        reduce {x} by {step}
        lower {x} by {step}
        {step} less on {x}
        {x} {step} dimmer
        {step} dimmer on {x}
        take {step} off {x}
        lower the brightness of {x} by {step}
        {x} down {step}
    """),
}
WARMER = {
    "little": Patterns("""
        make it a (bit|little) warmer with {x}
        turn {x} up a (bit|little)
        {x} a (bit|little) warmer
        turn up {x} a (bit|little)
        set {x} a (bit|little) (higher|warmer)
        {x} could be a (bit|little) warmer
        {x} slightly (warmer|higher)
        raise {x} slightly
        {x} up a notch
        a touch warmer on {x}
        put {x} up a touch
    """),
    "plain": Patterns("""
        make {x} warmer
        turn up {x}
        turn {x} up
        set {x} (higher|warmer)
        {x} warmer
        {x} higher
        raise {x}
        raise the temperature of {x}
        increase the temperature of {x}
        {x} should be warmer
        {x} is set too low
        i want {x} warmer
        {x} needs to be warmer
        put {x} up
    """),
    "lot": Patterns("""
        make {x} (much|a lot|way) warmer
        turn {x} up a lot
        {x} (much|a lot|way) warmer
        set {x} (much|a lot) higher
        {x} is set (much|way|far) too low
        raise {x} a lot
        i need {x} (much|a lot) warmer
        {x} should be far warmer
    """),
    "step": Patterns("""
        make {x} {step} warmer
        turn {x} up by {step}
        turn {x} up {step}
        turn up {x} by {step}
        raise {x} by {step}
        raise the temperature of {x} by {step}
        increase {x} by {step}
        {step} warmer on {x}
        {x} {step} warmer
        set {x} {step} higher
        {step} more on {x}
        {x} up {step}
        add {step} to {x}
    """),
}
COOLER = {
    "little": Patterns("""
        make it a (bit|little) cooler with {x}
        turn {x} down a (bit|little)
        {x} a (bit|little) cooler
        turn down {x} a (bit|little)
        set {x} a (bit|little) (lower|cooler)
        {x} could be a (bit|little) cooler
        {x} slightly (cooler|lower)
        lower {x} slightly
        {x} down a notch
        a touch cooler on {x}
        take {x} down a touch
    """),
    "plain": Patterns("""
        make {x} cooler
        turn down {x}
        turn {x} down
        set {x} (lower|cooler)
        {x} cooler
        {x} lower
        lower {x}
        lower the temperature of {x}
        decrease the temperature of {x}
        {x} should be cooler
        {x} is set too high
        i want {x} cooler
        {x} needs to be cooler
        reduce {x}
    """),
    "lot": Patterns("""
        make {x} (much|a lot|way) cooler
        turn {x} down a lot
        {x} (much|a lot|way) cooler
        set {x} (much|a lot) lower
        {x} is set (much|way|far) too high
        lower {x} a lot
        i need {x} (much|a lot) cooler
        {x} should be far cooler
    """),
    "step": Patterns("""
        make {x} {step} cooler
        turn {x} down by {step}
        turn {x} down {step}
        turn down {x} by {step}
        lower {x} by {step}
        lower the temperature of {x} by {step}
        decrease {x} by {step}
        {step} cooler on {x}
        {x} {step} cooler
        set {x} {step} lower
        {step} less on {x}
        {x} down {step}
        take {step} off {x}
    """),
}
FASTER = {
    "plain": Patterns("""
        make {x} faster
        turn up {x}
        turn {x} up
        speed up {x}
        speed {x} up
        {x} faster
        increase the speed of {x}
        i want {x} faster
        more wind from {x}
        a stronger breeze from {x}
        {x} should spin faster
        {x} isn't strong enough
    """),
    "step": Patterns("""
        make {x} {step} faster
        turn {x} up by {step}
        speed {x} up by {step}
        increase {x} by {step}
        increase the speed of {x} by {step}
        {x} {step} faster
        raise {x} by {step}
        {step} more on {x}
        {x} up {step}
    """),
}
SLOWER = {
    "plain": Patterns("""
        make {x} slower
        turn down {x}
        turn {x} down
        slow down {x}
        slow {x} down
        {x} slower
        decrease the speed of {x}
        i want {x} slower
        less wind from {x}
        {x} is too strong
        {x} is too fast
        {x} should spin slower
    """),
    "step": Patterns("""
        make {x} {step} slower
        turn {x} down by {step}
        slow {x} down by {step}
        decrease {x} by {step}
        decrease the speed of {x} by {step}
        {x} {step} slower
        lower {x} by {step}
        {step} less on {x}
        {x} down {step}
    """),
}
FURTHER_OPEN = Patterns("""
    open {x} by another {step}
    open {x} {step} more
    open {x} {step} further
    raise {x} by {step}
    open {x} another {step}
    {x} {step} further open
    move {x} up by {step}
    {step} more open on {x}
""")
FURTHER_CLOSED = Patterns("""
    close {x} by another {step}
    close {x} {step} more
    close {x} {step} further
    lower {x} by {step}
    close {x} another {step}
    {x} {step} further closed
    move {x} down by {step}
    {step} more closed on {x}
""")
