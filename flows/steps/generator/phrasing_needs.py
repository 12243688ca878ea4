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
    i can barely see {place}
    i can barely see a thing {place}
    i can't see a hand before my eyes {place}
    i can't find anything {place}, it's dark
    i can't read {place}
    i can't see where i'm going {place}
    we can hardly see each other {place}
    we can barely see anything {place}
    nobody can see anything {place}
    you can't see anything {place}
    you can hardly see a thing {place}
    it's night and {area} has no light
    it's dark as night {place}
    it's way too dark {place}
    it's black as a cave {place}
    it's getting dark {place}
    it's getting too dark {place}
    it is dark {place}
    it's dim {place}
    it's too dim {place}
    it's murky {place}
    {place} it's dark
    {place} it's too dark
    {place} it is pitch dark
    {place} i can't see anything
    {place} there's no light
    there isn't any light {place}
    there isn't enough light {place}
    there's not enough light {place}
    there's hardly any light {place}
    there should be light {place}
    there needs to be more light {place}
    i need to see something {place}
    i need to see what i'm doing {place}
    i need it bright {place}
    i want it bright {place}
    i want light {place}
    i want some light {place}
    i'd like some light {place}
    i'd like to see something {place}
    we want light {place}
    make it bright {place}
    make it light {place}
    bring some light {place}
    get some light {place}
    put some light {place}
    can i have some light {place}
    can we get some light {place}
    could i get some light {place}
    a little light {place} would help
    light would be nice {place}
    how about some light {place}
    {area} is dark
    {area} is so dark
    {area} is way too dark
    {area} is rather gloomy
    {area} is gloomy
    {area} is in the dark
    {area} should be bright
    {area} should be lit
    {area} wants some light
    {area} has no light
    i'm in the dark {place}
    i'm stumbling around {place} in the dark
    i'm cooking {place} and can't see
    i stubbed my toe {place}, it's so dark
    i lost my glasses {place}, i need light
    i almost fell {place}, it's too dark
    who turned out the lights {place}, i can't see
    mum can't see anything {place}
    my book is too hard to read {place}, more light
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
    nobody needs light {place}
    nobody needs the lights {place}
    nobody is {place}, why is it lit
    nobody is in there, no lights {place}
    no light {place} please
    no lights {place} please
    no more light {place}
    i'd like it dark {place}
    i want darkness {place}
    i want {area} dark
    i need it dark {place}
    i can't sleep with the light {place}
    i can't sleep {place}, the light is on
    i'm going to sleep {place}, make it dark
    i'm lying down {place}, it should be dark
    we want it dark {place}
    we're going to bed, no light {place}
    we want to sleep {place}, lights out
    we're watching a movie {place}, make it dark
    we're done {place}, the light isn't needed
    it's bright enough {place} without lamps
    it's light enough {place}
    it's much too bright {place}, no lamps please
    it's bedtime {place}, lights out
    it's daytime, {area} doesn't need lights
    let it be dark {place}
    let it get dark {place}
    let's have it dark {place}
    make {area} dark
    make {area} pitch black
    {area} should be pitch dark
    {area} needs to be dark
    {area} needs no light
    {area} can be dark
    the lights {place} aren't needed
    the lights {place} are burning for nothing
    the light {place} is on for nothing
    the light {place} is keeping me awake
    the light {place} hurts my eyes
    the kids are asleep {place}, no light
    the film is starting {place}, make it dark
    there's no need for light {place}
    there's nobody {place}, save the electricity
    don't waste light {place}
    darkness {place} please
    all dark {place} please
    put out the light {place}
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
    i feel cold
    i feel so cold
    i'm a bit cold
    i'm feeling cold
    i'm feeling chilly
    i'm getting cold
    i'm ice cold
    i'm turning into an icicle
    i'm wrapped in a blanket and still cold
    i am really cold
    i can't feel my toes, it's cold
    i can't get warm
    i need some warmth
    i want it warmer
    i want it to be warmer
    i'd like it warmer
    i'd like it a bit warmer
    it could be warmer
    it could be a bit warmer in here
    it needs to be warmer
    it should be warmer
    it should be warmer in here
    it isn't warm enough
    it's not warm enough in here
    it's a bit cold
    it's a bit chilly
    it's a little cold in here
    it's bitterly cold
    it's cold
    it's freezing cold
    it's getting cold
    it's getting cold in here
    it's icy in here
    it's like the north pole in here
    it's much too cold
    it's way too cold in here
    it's uncomfortably cold
    make it warmer
    make it warmer in here
    make it nice and warm
    more heat
    more heat please
    more warmth please
    my fingers are freezing
    my hands are cold
    my nose is cold
    the kids are cold
    the kids are freezing
    the room is too cold
    the temperature is too low
    there's ice on the inside of the window
    this house is freezing
    warmer
    warmer please
    warm it up
    warm it up in here
    warm up the house
    we are freezing
    we are so cold
    we need it warmer
    we need more heat
    we want it warmer
    why is it freezing in here
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
    i feel cold {place}
    i'm getting cold {place}
    i'd like it warmer {place}
    i want it warmer {place}
    it's a bit cold {place}
    it's a bit chilly {place}
    it's cold {place}
    it's freezing cold {place}
    it's getting cold {place}
    it's icy {place}
    it's much too cold {place}
    it's way too cold {place}
    it should be warmer {place}
    it needs to be warmer {place}
    it isn't warm {place}
    {place} it's freezing
    {place} it's cold
    {place} it should be warmer
    {place} i'm cold
    {area} is a bit cold
    {area} is chilly
    {area} is cold
    {area} is ice cold
    {area} is much too cold
    {area} is not warm enough
    {area} feels cold
    {area} feels like a fridge
    {area} should be warmer
    {area} is too cold for the baby
    get it warmer {place}
    get {area} warmer
    get {area} warm
    heat up {area}
    heat {area} up
    heat {area} a bit more
    more heat {place}
    more warmth {place} please
    my hands are freezing {place}
    the baby is cold {place}
    the kids are freezing {place}
    the temperature {place} is too low
    too cold {place}
    warm {area} up
    warmer {place} please
    warmer {place}
    we're cold {place}
    we want it warmer {place}
    we need more heat {place}
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
    cool it down
    cool it down in here
    cooler
    cooler please
    cool down the house
    i feel hot
    i'm boiling
    i'm burning up
    i'm cooking in here
    i'm getting hot
    i'm roasting
    i'm way too hot
    i am so hot
    i am too warm
    i can't stand the heat
    i need it colder
    i want it cooler
    i want it to be cooler
    i'd like it cooler
    i'd like it a bit cooler
    it could be a bit cooler in here
    it could be cooler
    it isn't cool enough
    it needs to be cooler
    it should be cooler
    it should be cooler in here
    it's a bit hot
    it's a bit too warm
    it's a little warm in here
    it's hot
    it's much too hot
    it's way too hot in here
    it's sweltering
    it's unbearably hot
    it's like an oven in here
    it's tropical in here
    less heat
    less heat please
    make it colder
    make it cooler
    make it cooler in here
    my face is burning, it's too hot
    nobody can sleep in this heat
    the baby is sweating
    the heat is unbearable
    the kids are too hot
    the room is too hot
    the temperature is too high
    this house is an oven
    we are boiling
    we are melting
    we need it cooler
    we want it cooler
    we're sweating
    why is it so warm in here
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
    {area} feels like a sauna
    {area} feels too warm
    {area} is a bit warm
    {area} is an oven
    {area} is hot
    {area} is much too hot
    {area} is roasting
    {area} is stifling
    {area} is sweltering
    {area} is too hot for the baby
    {area} should be cooler
    {area} isn't cool enough
    {place} i'm sweating
    {place} it should be cooler
    {place} it's boiling
    {place} it's hot
    cool {area} down
    cooler {place}
    cooler {place} please
    get it cooler {place}
    get {area} cooler
    get {area} cool
    i feel hot {place}
    i want it cooler {place}
    i'd like it cooler {place}
    i'm boiling {place}
    i'm getting too warm {place}
    i'm melting {place}
    it needs to be cooler {place}
    it should be cooler {place}
    it's a bit too warm {place}
    it's getting hot {place}
    it's hot {place}
    it's much too hot {place}
    it's roasting {place}
    it's stifling {place}
    it's sweltering {place}
    it's way too warm {place}
    less heat {place}
    less heat {place} please
    the baby is sweating {place}
    the heat {place} is unbearable
    the kids are sweating {place}
    the temperature {place} is too high
    too hot {place}
    too warm {place}
    we want it cooler {place}
    we're boiling {place}
    we're sweating {place}
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
    {area} could use some air
    {area} could use a breeze
    {area} is so stuffy
    {area} is full of smoke
    {area} needs a breeze
    {area} needs airing
    {area} stinks
    {place} the air is stale
    {place} there's no air
    {place} it smells
    air {area} out
    can we get a breeze {place}
    could we have some air {place}
    fresh air {place} please
    get some air {place}
    get the air moving {place}
    give me some air {place}
    i could use a breeze {place}
    i could use some air {place}
    i can hardly breathe {place}
    i burned the toast and {area} is full of smoke
    i'd like a breeze {place}
    i'd like some air {place}
    i want a breeze {place}
    i want some air {place}
    it stinks {place}
    it's airless {place}
    it's muggy {place}
    it's smoky {place}
    it smells of fish {place}
    it smells of paint {place}
    let there be a breeze {place}
    move some air {place}
    some air {place} would be good
    the air {place} is bad
    the air {place} is awful
    the air {place} is terrible
    the air is so thick {place}
    there's a bad smell {place}
    there's a strange smell {place}
    there's smoke {place}
    there's no breeze {place}
    there is no fresh air {place}
    we can't breathe {place}
    we could use a breeze {place}
    we need a breeze {place}
    we need fresh air {place}
    what a smell {place}
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
    {area} is too windy because of the fan
    {area} is drafty from the fan
    {place} the fan is too windy
    {place} there's enough air
    i don't need any more air {place}
    i don't need the fan's breeze {place}
    i don't want any wind {place}
    i feel a draft {place} from the fan
    i'm getting a stiff neck from the fan {place}
    it's drafty {place} with the fan
    it's breezy enough {place}
    my papers are flying around {place} because of the fan
    no more breeze {place}
    no more wind {place}
    stop the breeze {place}
    stop the wind {place}
    that's enough air {place}
    that's enough breeze {place}
    the air {place} is fresh again
    the air {place} is good again, no breeze needed
    the breeze {place} is too much
    the fan {place} is blowing my papers away
    the fan {place} is making me cold
    the fan {place} isn't needed anymore
    the fan {place} is so noisy
    the hum of the fan {place} keeps me awake
    the smell {place} is gone, no fan needed
    the wind {place} is too much
    there's a draft {place} from the fan
    there's enough air {place}
    too much breeze {place}
    we have enough air {place}
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
    {area} is too sunny
    {area} is in full sun
    {area} is getting hot from the sun
    {area} needs some shade
    {area} needs privacy
    {area} should be shady
    {place} the sun is too strong
    {place} the sun is blinding
    {place} everyone can see us
    anyone can look in {place}
    get the sun out of {area}
    give me some shade {place}
    give us some privacy {place}
    i can't work {place}, the sun is blinding me
    i can't watch tv {place} because of the sun
    i don't want the neighbours to look in {place}
    i don't want to be seen {place}
    i need privacy {place}
    i need some shade {place}
    i want shade {place}
    i'd like some privacy {place}
    i'm getting sunburned {place}
    i'm changing {place}, nobody should look in
    it's too sunny {place}
    it's much too sunny {place}
    keep the heat of the sun out {place}
    make it shady {place}
    my plants are burning in the sun {place}
    no more sun {place} please
    people are looking in {place}
    people can see me {place}
    shade {area} from the sun
    shield {area} from the sun
    shut out the sun {place}
    shut the sun out {place}
    the sun blinds me {place}
    the sun dazzles me {place}
    the sun is burning {place}
    the sun is fading the sofa {place}
    the sun is hitting the screen {place}
    the sun is in the baby's face {place}
    the sun is too strong {place}
    the sun is shining on the tv {place}
    the neighbours can see us {place}
    the neighbours are watching {place}
    there's a glare on the screen {place} from the sun
    too much sun {place}
    we're being watched {place}
    we don't want the sun {place}
    we want some privacy {place}
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
    {area} could do with some sun
    {area} needs daylight
    {area} needs some sunshine
    {area} should get some sun
    {area} should get the morning sun
    {area} wants daylight
    {place} let the sun in
    bring in some daylight {place}
    bring the sun in {place}
    can we get some daylight {place}
    could we have some daylight {place}
    could we have some sun {place}
    daylight {place} please
    get some daylight {place}
    get some sun in {place}
    give me some daylight {place}
    give me a view {place}
    i need daylight {place}
    i need some sun {place}
    i want some sun {place}
    i want sunshine {place}
    i want to look out {place}
    i want to look outside {place}
    i want to see outside {place}
    i want to see the garden from {area}
    i want to see the snow {place}
    i'd like some daylight {place}
    i'd like some sun {place}
    i'd like to see the sky {place}
    i'd like to see the view {place}
    it's morning, let the light in {place}
    it's morning, daylight {place}
    it's so nice outside, let the sun in {place}
    let daylight in {place}
    let in some sun {place}
    let in the daylight {place}
    let in the sun {place}
    let some light in from outside {place}
    let some sun in {place}
    let the day in {place}
    let the daylight in {place}
    let the morning in {place}
    let the sunshine in {place}
    let us see the view {place}
    my plants need sun {place}
    natural light {place} would be nice
    sunlight {place} please
    the plants {place} need daylight
    the sun is out, let it in {place}
    we want daylight {place}
    we want some sun {place}
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
    {x} is deafening
    {x} is disturbing me
    {x} is driving me mad, it's so loud
    {x} is giving me a headache
    {x} is keeping the kids awake
    {x} is much too loud for me
    {x} is roaring
    {x} is shouting at me
    {x} is too noisy
    {x} is waking everybody up
    {x} is a bit loud
    {x} is a little too loud
    {x} is too loud for the baby
    {x} is too loud for this hour
    {x} drowns out everything
    does {x} have to be so loud
    grandma says {x} is too loud
    i can't concentrate with {x} so loud
    i can't hear anything over {x}
    i can't hear you over {x}
    i can't sleep, {x} is too loud
    i can't understand you because of {x}
    my head hurts from {x}
    that's too loud on {x}
    the baby can't sleep because of {x}
    the kids are asleep and {x} is loud
    the noise from {x} is too much
    the sound of {x} is too loud
    the volume of {x} is too high
    we can't talk because of {x}
    we can't hear each other over {x}
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
    {x} is a bit quiet
    {x} is a little too quiet
    {x} is barely audible
    {x} is hardly audible
    {x} is inaudible
    {x} is much too quiet for me
    {x} is only whispering
    {x} is too soft
    {x} is too quiet for grandma
    {x} isn't loud enough
    {x} is not loud enough
    {x} can't be heard in the back
    dad can't hear {x}
    i can hardly understand {x}
    i can't hear a word from {x}
    i can't hear a thing from {x}
    i can't hear what {x} is saying
    i can't understand {x}, it's so quiet
    i don't hear {x} well
    i'd like to hear {x} better
    i want to hear more of {x}
    it's hard to hear {x}
    nobody can hear {x}
    that's too quiet on {x}
    the dishwasher drowns out {x}
    the rain drowns out {x}
    the sound of {x} is too quiet
    the volume of {x} is too low
    we can barely hear {x}
    we can hardly hear {x}
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
    i have a call, {x} should be mute
    i have a call coming in, no sound from {x}
    i have to answer the phone, silence {x}
    i need silence from {x} for a call
    i'm getting a call, mute {x}
    i'm in a call, {x} should be silent
    i'm talking to someone, no sound from {x}
    my boss is calling, no sound on {x}
    quiet for a moment, {x}
    someone is calling, {x} should be silent
    someone's on the phone, hush {x}
    sound off on {x} while i'm on the phone
    the baby is on my arm, no sound from {x}
    the doorbell rang, no sound from {x} for a moment
    the phone rings, {x} should be silent
    we have a call, not a sound from {x}
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
    {x} is open and it's cold outside
    {x} is open and it's raining
    {x} is open and we're leaving
    {x} is still open and it's getting dark
    {x} lets in the cold
    {x} lets the flies in
    {x} lets the heat out
    {x} lets in all the noise
    a cat is coming in through {x}
    all the warmth is going out through {x}
    cold air comes in from {x}
    i feel a draft from {x}
    i forgot {x} and it's raining
    i hear the street through {x}
    it's cold because {x} is open
    it's going to rain and {x} is open
    it's snowing in through {x}
    it's windy and {x} is open
    leaves are blowing in through {x}
    mosquitoes are coming in through {x}
    rain is coming in through {x}
    the cold comes in through {x}
    the heat is going out through {x}
    the noise comes in through {x}
    the wind is blowing in through {x}
    there's a cold wind from {x}
    there's a thunderstorm and {x} is open
    there's a draught from {x}
    we're heating the street through {x}
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
    {x} is not locked and we're going out
    {x} is open to anyone, lock up
    {x} is unlocked and nobody is home
    {x} isn't locked and it's late
    {x} should be safe for the night
    anybody can come in through {x}
    burglars could come in through {x}
    did anyone lock {x}, if not do it
    i don't feel safe with {x} unlocked
    i don't trust {x}, lock it
    i don't want visitors coming in through {x}
    i forgot to lock up at {x}
    i want {x} to be burglar proof, lock it
    it's late and {x} is unlocked
    keep strangers out through {x}
    make {x} safe for the night
    make {x} secure
    no one should come in through {x}
    nobody must get in through {x}
    nobody should be able to open {x}
    strangers could come in through {x}
    the kids must not get out through {x}
    we left {x} unlocked
    we're going on holiday, {x} has to be secure
    we're out and {x} is unlocked
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
    a friend is waiting at {x}, it's locked
    a parcel is coming, {x} is locked
    i can't get out, {x} is locked
    i have my hands full and {x} is locked
    i lost my key to {x}
    i need to get in through {x}
    i need to get out through {x}
    i'm at {x} without my key
    i'm locked out at {x}
    i've no key for {x}
    it's me outside {x}, it's locked
    let me in through {x}
    let me out through {x}
    let my mother in through {x}
    let the cleaner in through {x}
    let the guests in through {x}
    let the kids in through {x}
    let the plumber in through {x}
    let us in through {x}
    my sister is standing at {x} and can't get in
    my key doesn't work on {x}
    somebody has to get out through {x}, it's locked
    the cleaner is waiting outside {x}
    the dog has to go out through {x}, it's locked
    the guests can't get in through {x}
    the kids can't get in, {x} is locked
    the neighbour wants to come in through {x}, it's locked
    there's someone at {x} who should come in, it's locked
    we can't get in through {x}
    we want to get in through {x}
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
    {area} could do with vacuuming
    {area} could do with a clean
    {area} is covered in dust
    {area} is full of crumbs
    {area} is full of dust
    {area} is full of hair
    {area} is so dirty
    {area} is very dirty
    {area} is not clean
    {area} isn't clean
    {area} looks dirty
    {area} looks terrible, it needs cleaning
    {area} must be cleaned
    {area} needs a clean
    {area} needs cleaning
    {area} needs to be cleaned
    {area} needs to be vacuumed
    {area} should be clean
    {area} should be cleaned
    i broke a flower pot {place}
    i dropped crumbs {place}
    i dropped my cereal {place}
    i spilled sand {place}
    i want {area} clean
    i want a clean floor {place}
    it's dirty {place}
    it's dusty {place}
    it's so dusty {place}
    my dog rolled around {place}, it's full of hair
    my shoes left dirt {place}
    somebody left crumbs {place}
    the cat knocked over a plant {place}
    the christmas tree shed its needles {place}
    the dog left mud {place}
    the floor {place} needs cleaning
    the floor {place} needs vacuuming
    the floor {place} is a mess
    the floor {place} is dusty
    the kids dropped crumbs {place}
    the kids spilled sand {place}
    the rug {place} is dirty
    the rug {place} is full of crumbs
    there are breadcrumbs {place}
    there are leaves all over {place}
    there is dirt {place}
    there is dog hair {place}
    there's cat hair everywhere {place}
    there's dirt all over {place}
    there's sand {place}
    we had a party {place} and it's dirty
    we had cake {place}, there are crumbs
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
    {item} is all gone
    {item} is gone
    {item} is missing
    {item} is running low
    {item} is what we need
    {item}, we need to buy that
    i ate the last {item}
    i finished the {item}
    i finished the last {item}
    i forgot to buy {item}
    i have to buy {item}
    i have to get {item}
    i just used the last of the {item}
    i must buy {item}
    i need {item}
    i need some {item}
    i need {item} from the store
    i need to get {item}
    i need to pick up {item}
    i want to buy {item}
    i should get {item}
    i'm out of {item}
    i'm running out of {item}
    i've run out of {item}
    get some {item}
    get more {item}
    grab {item} at the store
    next time we shop we need {item}
    nobody bought {item}
    put {item} down for the store
    the {item} is empty
    the {item} is finished
    the {item} is nearly gone
    the {item} is running out
    the {item} ran out
    there is no more {item}
    there isn't any {item}
    there isn't any {item} left
    there's hardly any {item} left
    we could use some {item}
    we have almost no {item} left
    we have run out of {item}
    we have to buy {item}
    we have to get {item}
    we haven't got any {item}
    we need more {item}
    we need some {item}
    we need to buy {item}
    we need to get {item}
    we should get {item}
    we should get some more {item}
    we want {item} from the store
    we'll need {item}
    we're almost out of {item}
    we're nearly out of {item}
    we're running out of {item}
    we've got no {item}
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
    a bit of {title} would be nice
    can i listen to {title}
    can we dance to {title}
    could we listen to some {title}
    i could listen to {title} all day
    i could listen to {title} right now
    i have a craving for {title}
    i need {title} to wake up
    i need some {title} in my life
    i think {title} would be nice now
    i want to cook to {title}
    i want to fall asleep to {title}
    i want to hear {title}
    i want to listen to {title}
    i want to listen to some {title}
    i want to sing along to {title}
    i want to work to {title}
    i would like to hear {title}
    i'd like to dance to {title}
    i'd like to hear some {title}
    i'd love to listen to {title}
    i'm bored, i want {title}
    i'm bored, how about {title}
    i'm in a {title} mood
    i'm in the mood for some {title}
    it's so quiet, i want to hear {title}
    let us dance to {title}
    let us hear {title}
    let's dance to {title}
    let's hear some {title}
    let's listen to some {title}
    maybe some {title}
    my guests want to hear {title}
    some {title} would cheer me up
    some {title} would be good now
    the kids want to hear {title}
    the party needs {title}
    the silence is awful, how about {title}
    this evening calls for {title}
    time to hear {title}
    we could listen to {title}
    we feel like {title}
    we'd love to hear {title}
    what would i give for {title} now
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
        bring {x} up a (bit|little)
        bring up {x} a touch
        can {x} be a (bit|little) brighter
        get {x} a (bit|little) brighter
        give me a (bit|little) more light from {x}
        have {x} a (bit|little) brighter
        i want {x} a (bit|little) brighter
        i'd like {x} a (bit|little) brighter
        i need a (bit|little) more light from {x}
        increase {x} a (bit|little)
        increase {x} slightly
        let {x} be a (bit|little) brighter
        let {x} shine a (bit|little) brighter
        raise {x} a (bit|little)
        raise {x} a touch
        slightly more light from {x}
        turn up {x} slightly
        turn up {x} a touch
        turn {x} up slightly
        turn {x} up a notch
        {x} is a (bit|little) too dim
        {x} is a (bit|little) too dark
        {x} is slightly too dim
        {x} needs to be a (bit|little) brighter
        {x} should be a (bit|little) brighter
        {x} up a (bit|little)
        {x} up a touch
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
        boost {x}
        boost the brightness of {x}
        bring up {x}
        bring {x} up
        can {x} be brighter
        get more light out of {x}
        get {x} brighter
        give me more light from {x}
        give {x} more light
        have {x} brighter
        have {x} shine brighter
        i'd like {x} brighter
        i need more light from {x}
        i need {x} brighter
        i want more light from {x}
        increase the light of {x}
        let {x} be brighter
        let {x} shine brighter
        make {x} shine brighter
        more brightness on {x}
        more brightness for {x}
        raise {x}
        raise the light of {x}
        set {x} brighter
        step up {x}
        the brightness of {x} should go up
        turn the brightness of {x} up
        turn up the brightness of {x}
        up with {x}
        {x} has to be brighter
        {x} is not bright enough
        {x} is too dark
        {x} isn't giving enough light
        {x} shines too weakly
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
        boost {x} a lot
        bring {x} up a lot
        give me a lot more light from {x}
        give me (much|far) more light from {x}
        i want {x} (much|a lot|way) brighter
        increase {x} a lot
        let {x} be (much|a lot) brighter
        much more light from {x}
        raise {x} a lot
        raise the brightness of {x} a lot
        turn up {x} a lot
        way more light from {x}
        {x} has to be (much|a lot) brighter
        {x} is (much|way|far) too dark
        {x} should be (much|a lot) brighter
        {x} up a lot
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
        boost {x} by {step}
        bring {x} up by {step}
        bring {x} up {step}
        get {x} {step} brighter
        go up {step} on {x}
        have {x} {step} brighter
        i want {x} {step} brighter
        i'd like {x} {step} brighter
        increase {x} {step}
        let {x} be {step} brighter
        lift {x} by {step}
        make {x} brighter by {step}
        plus {step} on {x}
        push {x} up by {step}
        put {step} more on {x}
        raise {x} {step}
        set {x} {step} brighter
        step {x} up by {step}
        turn the brightness of {x} up by {step}
        turn up {x} {step}
        turn {x} up {step}
        up {x} by {step}
        {x} brighter by {step}
        {x} plus {step}
        {x} should be {step} brighter
        {x} up by {step}
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
        bring {x} down a (bit|little)
        bring down {x} a touch
        can {x} be a (bit|little) dimmer
        dim {x} slightly
        dim {x} a touch
        dim down {x} a (bit|little)
        get {x} a (bit|little) darker
        give me a (bit|little) less light from {x}
        have {x} a (bit|little) dimmer
        i want {x} a (bit|little) darker
        i'd like {x} a (bit|little) dimmer
        i need a (bit|little) less light from {x}
        let {x} be a (bit|little) darker
        lower {x} a (bit|little)
        lower {x} a touch
        make {x} a touch darker
        reduce {x} a (bit|little)
        reduce {x} slightly
        slightly less light from {x}
        soften {x} a (bit|little)
        turn down {x} slightly
        turn {x} down slightly
        turn {x} down a notch
        {x} is a (bit|little) too bright
        {x} is slightly too bright
        {x} needs to be a (bit|little) darker
        {x} should be a (bit|little) dimmer
        {x} down a (bit|little)
        {x} down a touch
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
        bring down {x}
        bring {x} down
        can {x} be darker
        darken {x}
        decrease {x}
        decrease the light of {x}
        get {x} darker
        give me less light from {x}
        give {x} less light
        have {x} darker
        i'd like {x} darker
        i need less light from {x}
        i need {x} darker
        i want less light from {x}
        less brightness on {x}
        less brightness for {x}
        let {x} be darker
        let {x} shine less
        lower {x}
        lower the light of {x}
        reduce {x}
        reduce the light of {x}
        set {x} darker
        set {x} dimmer
        take {x} down
        the brightness of {x} should go down
        turn the brightness of {x} down
        turn down the brightness of {x}
        {x} darker
        {x} has to be darker
        {x} hurts my eyes
        {x} is giving too much light
        {x} is glaring
        {x} should be darker
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
        bring {x} down a lot
        darken {x} a lot
        decrease {x} a lot
        give me (much|far) less light from {x}
        i want {x} (much|a lot|way) darker
        let {x} be (much|a lot) darker
        lower {x} a lot
        lower the brightness of {x} a lot
        make {x} far darker
        much less light from {x}
        reduce {x} a lot
        turn down {x} a lot
        way less light from {x}
        {x} (much|a lot|way) darker
        {x} has to be (much|a lot) darker
        {x} should be (much|a lot) dimmer
        {x} down a lot
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
        bring {x} down by {step}
        bring {x} down {step}
        cut {x} by {step}
        darken {x} by {step}
        dim {x} {step}
        drop {x} by {step}
        get {x} {step} darker
        go down {step} on {x}
        have {x} {step} dimmer
        i want {x} {step} darker
        i'd like {x} {step} dimmer
        let {x} be {step} darker
        lower {x} {step}
        make {x} darker by {step}
        minus {step} on {x}
        pull {x} down by {step}
        reduce the brightness of {x} by {step}
        set {x} {step} darker
        step {x} down by {step}
        turn the brightness of {x} down by {step}
        turn down {x} {step}
        turn {x} down {step}
        {x} darker by {step}
        {x} minus {step}
        {x} should be {step} dimmer
        {x} down by {step}
        {x} {step} darker
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
        bring {x} up a (bit|little)
        can {x} be a (bit|little) warmer
        get {x} a (bit|little) warmer
        have {x} a (bit|little) warmer
        i want {x} a (bit|little) warmer
        i'd like it a (bit|little) warmer from {x}
        i'd like {x} a (bit|little) higher
        increase {x} a (bit|little)
        increase {x} slightly
        let {x} be a (bit|little) warmer
        make {x} a (bit|little) warmer
        make {x} slightly warmer
        raise {x} a (bit|little)
        turn up {x} slightly
        turn {x} up a notch
        turn {x} up slightly
        {x} needs to be a (bit|little) warmer
        {x} should be a (bit|little) warmer
        {x} up a (bit|little)
        {x} is a (bit|little) too low
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
        bring up {x}
        bring {x} up
        can {x} be warmer
        get more heat out of {x}
        get {x} warmer
        have {x} warmer
        i need more heat from {x}
        i want more heat from {x}
        i'd like {x} warmer
        increase {x}
        increase the heat of {x}
        let {x} be warmer
        let {x} get warmer
        let {x} heat more
        more heat from {x}
        more warmth from {x}
        push up {x}
        raise the heat of {x}
        turn the temperature of {x} up
        turn up the temperature of {x}
        turn up the heat of {x}
        up the temperature on {x}
        {x} could be warmer
        {x} has to be warmer
        {x} isn't warm enough
        {x} is too low
        {x} should be higher
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
        bring {x} up a lot
        get {x} (much|a lot) warmer
        i want {x} (much|a lot|way) warmer
        increase {x} a lot
        let {x} be (much|a lot) warmer
        much more heat from {x}
        raise the temperature of {x} a lot
        turn up {x} a lot
        {x} has to be (much|a lot) warmer
        {x} needs to be (much|way) warmer
        {x} should be (much|a lot) warmer
        {x} is (much|way|far) too cold
        {x} up a lot
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
        bring {x} up by {step}
        bring {x} up {step}
        get {x} {step} warmer
        go up {step} on {x}
        have {x} {step} warmer
        i want {x} {step} warmer
        i'd like {x} {step} warmer
        increase the temperature of {x} by {step}
        increase {x} {step}
        let {x} be {step} warmer
        make {x} warmer by {step}
        move {x} up by {step}
        plus {step} on {x}
        push {x} up by {step}
        put {x} up by {step}
        raise {x} {step}
        set {x} {step} warmer
        step {x} up by {step}
        turn the temperature of {x} up by {step}
        turn up {x} {step}
        up {x} by {step}
        {x} higher by {step}
        {x} plus {step}
        {x} should be {step} warmer
        {x} up by {step}
        {x} {step} higher
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
        bring {x} down a (bit|little)
        can {x} be a (bit|little) cooler
        get {x} a (bit|little) cooler
        have {x} a (bit|little) cooler
        i want {x} a (bit|little) cooler
        i'd like {x} a (bit|little) lower
        let {x} be a (bit|little) cooler
        lower {x} a (bit|little)
        make {x} a (bit|little) cooler
        make {x} slightly cooler
        reduce {x} a (bit|little)
        reduce {x} slightly
        turn down {x} slightly
        turn {x} down a notch
        turn {x} down slightly
        {x} needs to be a (bit|little) cooler
        {x} should be a (bit|little) cooler
        {x} down a (bit|little)
        {x} is a (bit|little) too high
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
        bring down {x}
        bring {x} down
        can {x} be cooler
        decrease {x}
        get {x} cooler
        have {x} cooler
        i need less heat from {x}
        i want less heat from {x}
        i'd like {x} cooler
        less heat from {x}
        less warmth from {x}
        let {x} be cooler
        let {x} get cooler
        let {x} heat less
        lower the heat of {x}
        reduce the heat of {x}
        reduce the temperature of {x}
        turn the temperature of {x} down
        turn down the temperature of {x}
        turn down the heat of {x}
        {x} could be cooler
        {x} has to be cooler
        {x} isn't cool enough
        {x} is too high
        {x} is too warm
        {x} should be lower
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
        bring {x} down a lot
        get {x} (much|a lot) cooler
        i want {x} (much|a lot|way) cooler
        let {x} be (much|a lot) cooler
        lower the temperature of {x} a lot
        much less heat from {x}
        reduce {x} a lot
        turn down {x} a lot
        {x} has to be (much|a lot) cooler
        {x} needs to be (much|way) cooler
        {x} should be (much|a lot) cooler
        {x} is (much|way|far) too warm
        {x} down a lot
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
        bring {x} down by {step}
        bring {x} down {step}
        cut {x} by {step}
        decrease the temperature of {x} by {step}
        drop {x} by {step}
        get {x} {step} cooler
        go down {step} on {x}
        have {x} {step} cooler
        i want {x} {step} cooler
        i'd like {x} {step} cooler
        let {x} be {step} cooler
        lower {x} {step}
        make {x} cooler by {step}
        minus {step} on {x}
        move {x} down by {step}
        reduce the temperature of {x} by {step}
        reduce {x} by {step}
        set {x} {step} cooler
        step {x} down by {step}
        turn the temperature of {x} down by {step}
        turn down {x} {step}
        {x} lower by {step}
        {x} minus {step}
        {x} should be {step} cooler
        {x} down by {step}
        {x} {step} lower
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
        boost {x}
        get {x} to spin faster
        give {x} more speed
        give me more wind from {x}
        have {x} spin faster
        i need a stronger breeze from {x}
        i'd like {x} faster
        increase {x}
        let {x} run faster
        let {x} spin faster
        make {x} spin faster
        more air from {x}
        more speed on {x}
        more power on {x}
        raise the speed of {x}
        run {x} faster
        turn the speed of {x} up
        turn up the speed of {x}
        up the speed of {x}
        {x} could be faster
        {x} is too slow
        {x} is too weak
        {x} needs to be faster
        {x} should be faster
        {x} should blow harder
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
        boost {x} by {step}
        bring {x} up by {step}
        get {x} {step} faster
        go up {step} on {x}
        have {x} {step} faster
        i want {x} {step} faster
        increase {x} {step}
        let {x} spin {step} faster
        make {x} faster by {step}
        raise the speed of {x} by {step}
        speed up {x} by {step}
        turn the speed of {x} up by {step}
        turn up {x} by {step}
        turn {x} up {step}
        up {x} by {step}
        {x} faster by {step}
        {x} should be {step} faster
        {x} up by {step}
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
        get {x} to spin slower
        give {x} less speed
        give me less wind from {x}
        have {x} spin slower
        i need less of a breeze from {x}
        i'd like {x} slower
        let {x} run slower
        let {x} spin slower
        make {x} spin slower
        less air from {x}
        less speed on {x}
        less power on {x}
        lower the speed of {x}
        reduce the speed of {x}
        reduce {x}
        run {x} slower
        turn the speed of {x} down
        turn down the speed of {x}
        {x} blows too hard
        {x} could be slower
        {x} needs to be slower
        {x} should be slower
        {x} should blow less
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
        bring {x} down by {step}
        cut {x} by {step}
        get {x} {step} slower
        go down {step} on {x}
        have {x} {step} slower
        i want {x} {step} slower
        let {x} spin {step} slower
        lower the speed of {x} by {step}
        make {x} slower by {step}
        reduce the speed of {x} by {step}
        reduce {x} by {step}
        slow down {x} by {step}
        turn the speed of {x} down by {step}
        turn down {x} by {step}
        turn {x} down {step}
        {x} slower by {step}
        {x} should be {step} slower
        {x} down by {step}
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
    another {step} open on {x}
    bring {x} up by {step}
    get {x} {step} further open
    have {x} {step} more open
    i want {x} {step} more open
    i'd like {x} open by another {step}
    let {x} open {step} more
    let {x} up by {step}
    lift {x} by {step}
    make {x} {step} more open
    move {x} {step} up
    move {x} {step} further open
    open up {x} by {step}
    open up {x} {step} more
    open {x} by {step} more
    open {x} further by {step}
    pull {x} up by {step}
    push {x} open {step} more
    {step} further open on {x}
    {step} up on {x}
    {x} another {step} open
    {x} open by {step} more
    {x} should be {step} further open
    {x} up by {step}
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
    another {step} closed on {x}
    bring {x} down by {step}
    get {x} {step} further closed
    have {x} {step} more closed
    i want {x} {step} more closed
    i'd like {x} closed by another {step}
    let {x} close {step} more
    let {x} down by {step}
    drop {x} by {step}
    make {x} {step} more closed
    move {x} {step} down
    move {x} {step} further closed
    close {x} by {step} more
    close {x} further by {step}
    pull {x} down by {step}
    shut {x} by another {step}
    shut {x} {step} more
    shut {x} {step} further
    {step} further closed on {x}
    {step} down on {x}
    {x} another {step} closed
    {x} closed by {step} more
    {x} should be {step} further closed
    {x} down by {step}
""")
