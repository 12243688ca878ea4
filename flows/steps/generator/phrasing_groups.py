"""What people say to many things at once: ``{things}`` in the plural, ``{place}`` with its preposition, ``{area}`` without.

``{place}`` is "in the kitchen", "on the first floor" or "upstairs"; ``{area}`` "the kitchen"; ``{bare}`` "kitchen".
"""

from __future__ import annotations

from flows.steps.generator.patterns import Patterns

ON = Patterns("""
    turn on the {things} {place}
    turn the {things} on {place}
    turn the {things} {place} on
    switch on the {things} {place}
    switch on all [the] {things} {place}
    turn on all [of] the {things} {place}
    turn on every {thing} {place}
    {place} turn on the {things}
    {place} turn the {things} on
    put the {things} on {place}
    put on the {things} {place}
    get the {things} {place} on
    power on the {things} {place}
    activate the {things} {place}
    make sure the {things} {place} are on
    have all the {things} {place} on
    turn on each {thing} {place}
    turn every {thing} {place} on
    get all {things} going {place}
    set all {things} {place} to on
    enable all {things} {place}
    bring on the {things} {place}
""")
ON_AREA = Patterns("""
    turn on the {bare} {things}
    turn the {bare} {things} on
    switch on the {bare} {things}
    switch the {bare} {things} on
    put the {bare} {things} on
    turn on all [the] {bare} {things}
    get the {bare} {things} on
    make sure the {bare} {things} are on
    turn {bare} {things} on
    power on the {bare} {things}
""")
ON_SAY = Patterns("""
    {things} on {place}
    all {things} on {place}
    all {things} {place} on
    {place} all {things} on
    i want the {things} {place} on
    i'd like the {things} on {place}
    i need the {things} on {place}
    the {things} {place} should be on
    we need the {things} on {place}
    would you mind turning on the {things} {place}
    how about turning on the {things} {place}
    let's have the {things} on {place}
    can we have the {things} on {place}
""")
OFF = Patterns("""
    turn off the {things} {place}
    turn the {things} off {place}
    turn the {things} {place} off
    switch off the {things} {place}
    switch off all [the] {things} {place}
    turn off all [of] the {things} {place}
    turn off every {thing} {place}
    {place} turn off the {things}
    {place} turn the {things} off
    shut off the {things} {place}
    shut the {things} off {place}
    kill the {things} {place}
    cut the {things} {place}
    power off the {things} {place}
    make sure the {things} {place} are off
    make sure all {things} are off {place}
    turn off each {thing} {place}
    turn every {thing} {place} off
    set all {things} {place} to off
    disable all {things} {place}
    get all the {things} {place} off
""")
OFF_AREA = Patterns("""
    turn off the {bare} {things}
    turn the {bare} {things} off
    switch off the {bare} {things}
    switch the {bare} {things} off
    shut off the {bare} {things}
    turn off all [the] {bare} {things}
    kill the {bare} {things}
    make sure the {bare} {things} are off
    turn {bare} {things} off
    power off the {bare} {things}
""")
OFF_SAY = Patterns("""
    {things} off {place}
    all {things} off {place}
    all {things} {place} off
    {place} all {things} off
    i want the {things} {place} off
    i'd like the {things} off {place}
    no {things} {place} please
    the {things} {place} should be off
    the {things} {place} can go off
    we don't need the {things} {place}
    who left the {things} on {place}
    someone left the {things} {place} on
    would you mind turning off the {things} {place}
    how about turning off the {things} {place}
    why are the {things} {place} still on
    nobody needs the {things} {place} anymore
""")
OPEN = Patterns("""
    open the {things} {place}
    open all [the] {things} {place}
    open up the {things} {place}
    open every {thing} {place}
    {place} open the {things}
    get the {things} {place} open
    make sure the {things} {place} are open
    have all {things} {place} open
    open each {thing} {place}
    set the {things} {place} to open
    open all of the {things} {place}
    put the {things} {place} open
""")
OPEN_AREA = Patterns("""
    open the {bare} {things}
    open all [the] {bare} {things}
    get the {bare} {things} open
    open up the {bare} {things}
    make sure the {bare} {things} are open
    have the {bare} {things} open
""")
OPEN_SAY = Patterns("""
    {things} open {place}
    all {things} open {place}
    i want the {things} {place} open
    i'd like the {things} open {place}
    the {things} {place} should be open
    would you mind opening the {things} {place}
    how about opening the {things} {place}
    why are the {things} {place} still closed
""")
CLOSE = Patterns("""
    close the {things} {place}
    close all [the] {things} {place}
    close up the {things} {place}
    close every {thing} {place}
    shut the {things} {place}
    shut all [the] {things} {place}
    {place} close the {things}
    get the {things} {place} closed
    make sure the {things} {place} are closed
    have all {things} {place} shut
    close each {thing} {place}
    set the {things} {place} to closed
    close all of the {things} {place}
""")
CLOSE_AREA = Patterns("""
    close the {bare} {things}
    shut the {bare} {things}
    close all [the] {bare} {things}
    get the {bare} {things} closed
    make sure the {bare} {things} are closed
    have the {bare} {things} closed
""")
CLOSE_SAY = Patterns("""
    {things} closed {place}
    all {things} closed {place}
    i want the {things} {place} closed
    i'd like the {things} shut {place}
    the {things} {place} should be closed
    would you mind closing the {things} {place}
    how about closing the {things} {place}
    why are the {things} {place} still open
    who left the {things} open {place}
""")
LOCK = Patterns("""
    lock the {things} {place}
    lock all [the] {things} {place}
    lock up the {things} {place}
    lock every {thing} {place}
    {place} lock the {things}
    get the {things} {place} locked
    make sure the {things} {place} are locked
    secure all {things} {place}
    bolt all the {things} {place}
    set all {things} {place} to locked
    have every {thing} {place} locked
""")
UNLOCK = Patterns("""
    unlock the {things} {place}
    unlock all [the] {things} {place}
    unlock every {thing} {place}
    {place} unlock the {things}
    get the {things} {place} unlocked
    make sure the {things} {place} are unlocked
    set all {things} {place} to unlocked
    have every {thing} {place} unlocked
    unbolt all the {things} {place}
""")
EVERYTHING_ON = Patterns("""
    turn on everything {place}
    turn everything on {place}
    switch everything on {place}
    switch on everything {place}
    power up everything {place}
    {place} turn everything on
    turn all of it on {place}
    get everything running {place}
    put everything on {place}
    make sure everything {place} is on
    activate everything {place}
""")
EVERYTHING_OFF = Patterns("""
    turn off everything {place}
    turn everything off {place}
    switch everything off {place}
    switch off everything {place}
    shut everything down {place}
    shut off everything {place}
    power down everything {place}
    {place} turn everything off
    {place} switch everything off
    kill everything {place}
    make sure everything {place} is off
    nothing should be on {place}
    i want everything off {place}
    everything off {place}
""")
EVERYTHING_OFF_AREA = Patterns("""
    shut down {area}
    power down {area}
    switch off {area}
    turn off {area}
    turn {area} off
    shut {area} down
    make {area} go quiet and dark
    i'm done in {area}, turn everything off
    we're leaving {area}, switch everything off
""")
BRIGHTNESS = Patterns("""
    set the lights {place} to {pct}
    set the brightness {place} to {pct}
    dim the lights {place} to {pct}
    set all [the] lights {place} to {pct}
    brighten the lights {place} to {pct}
    turn the lights {place} (up|down) to {pct}
    {place} set the lights to {pct}
    {place} dim the lights to {pct}
    put the lights {place} at {pct}
    put all lights {place} on {pct}
    bring the lights {place} to {pct}
    change the lights {place} to {pct}
    adjust the lights {place} to {pct}
    make the lights {place} {pct} bright
    set the light level {place} to {pct}
    i want the lights {place} at {pct}
    i'd like {pct} light {place}
    lights {place} at {pct}
    lights to {pct} {place}
    {pct} light {place}
""")
BRIGHTNESS_AREA = Patterns("""
    dim {area} to {pct}
    set {area} to {pct}
    set {area} to {pct} brightness
    set the {bare} lights to {pct}
    dim the {bare} lights to {pct}
    set the {bare} brightness to {pct}
    turn the {bare} lights (up|down) to {pct}
    put the {bare} lights at {pct}
    light {area} at {pct}
    bring the {bare} lights to {pct}
    {bare} lights {pct}
    {bare} lights to {pct}
    brighten {area} to {pct}
    change the {bare} lights to {pct}
""")
COLOR = Patterns("""
    set the lights {place} to {color}
    turn the lights {place} {color}
    make the lights {place} {color}
    change the lights {place} to {color}
    make all [the] lights {place} {color}
    change the color of the lights {place} to {color}
    change the colour of the lights {place} to {color}
    switch the lights {place} to {color}
    {place} make the lights {color}
    put the lights {place} on {color}
    i want {color} light {place}
    {color} lights {place}
    lights {color} {place}
    let the lights {place} glow {color}
""")
COLOR_AREA = Patterns("""
    make {area} {color}
    turn {area} {color}
    set {area} to {color}
    turn the {bare} lights {color}
    make the {bare} lights {color}
    set the {bare} lights to {color}
    change the {bare} lights to {color}
    light {area} in {color}
    light up {area} in {color}
    {bare} lights {color}
    bathe {area} in {color} light
    color {area} {color}
""")
WHITE = Patterns("""
    set the lights {place} to {white}
    make the lights {place} {white}
    change the lights {place} to {white}
    switch the lights {place} to {white}
    {place} make the lights {white}
    i want {white} light {place}
    put the lights {place} on {white}
    {white} light {place}
    give me {white} light {place}
""")
POSITION = Patterns("""
    set the {things} {place} to {pct}
    open the {things} {place} to {pct}
    move the {things} {place} to {pct}
    put the {things} {place} at {pct}
    set all [the] {things} {place} to {pct}
    bring the {things} {place} to {pct}
    {place} set the {things} to {pct}
    adjust the {things} {place} to {pct}
    i want the {things} {place} at {pct}
    {things} {place} at {pct}
    leave the {things} {place} {pct} open
""")
TEMPERATURE = Patterns("""
    set the temperature {place} to {deg}
    set the heating {place} to {deg}
    make it {deg} {place}
    heat to {deg} {place}
    {place} set the temperature to {deg}
    {place} make it {deg}
    change the temperature {place} to {deg}
    put the temperature {place} at {deg}
    bring it to {deg} {place}
    i want {deg} {place}
    i'd like it to be {deg} {place}
    it should be {deg} {place}
    keep it at {deg} {place}
    turn the temperature {place} to {deg}
    {deg} {place}
    adjust the temperature {place} to {deg}
""")
TEMPERATURE_AREA = Patterns("""
    set {area} to {deg}
    heat {area} to {deg}
    warm {area} to {deg}
    cool {area} to {deg}
    bring {area} to {deg}
    make {area} {deg}
    keep {area} at {deg}
    set the {bare} temperature to {deg}
    turn {area} to {deg}
    {bare} {deg} degrees
    change the {bare} temperature to {deg}
    put {area} at {deg}
""")
SPEED = Patterns("""
    set the fans {place} to {pct}
    set the speed of the fans {place} to {pct}
    run the fans {place} at {pct}
    put the fans {place} at {pct}
    turn the fans {place} to {pct}
    set all [the] fans {place} to {pct}
    {place} set the fans to {pct}
    let the fans {place} spin at {pct}
    fans {place} at {pct}
    change the fans {place} to {pct}
""")

# What a group is called: domain, or device class of a cover -> (singular, plural) as people say it.
CALLED: dict[str, tuple[tuple[str, str], ...]] = {
    "light": (("light", "lights"), ("lamp", "lamps"), ("light", "lights")),
    "switch": (("switch", "switches"), ("socket", "sockets")),
    "fan": (("fan", "fans"), ("fan", "fans")),
    "media_player": (("media player", "media players"), ("player", "players"), ("media device", "media devices")),
    "climate": (("thermostat", "thermostats"), ("climate device", "climate devices")),
    "cover": (("cover", "covers"), ("cover", "covers")),
    "valve": (("valve", "valves"),),
    "lock": (("lock", "locks"), ("door", "doors")),
    "awning": (("awning", "awnings"),),
    "blind": (("blind", "blinds"),),
    "curtain": (("curtain", "curtains"),),
    "door": (("door", "doors"),),
    "garage": (("garage door", "garage doors"),),
    "gate": (("gate", "gates"),),
    "shade": (("shade", "shades"),),
    "shutter": (("shutter", "shutters"),),
    "window": (("window", "windows"),),
}
