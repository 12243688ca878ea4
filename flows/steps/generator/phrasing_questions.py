"""What people ask about the home: ``{x}`` a thing with its article, ``{place}`` with its preposition, ``{things}`` plural."""

from __future__ import annotations

from flows.steps.generator.patterns import Patterns

_ON_OFF = """
    is {x} on
    is {x} still on
    is {x} off
    is {x} (switched|turned) on
    is {x} (switched|turned) off
    is {x} on or off
    did i leave {x} on
    did i turn off {x}
    did someone leave {x} on
    did anybody turn on {x}
    have i turned off {x}
    what's the state of {x}
    what is the status of {x}
    check whether {x} is on
    check if {x} is off
    can you check {x}
    can you see if {x} is on
    tell me if {x} is on
    i want to know whether {x} is on
    {x} is on, isn't it
    {x} is off, right
    {bare} on or off
    {x} status
    how is {x} doing
    i'm not sure if {x} is on
    do i have to turn off {x}
    was {x} left on
    has {x} been turned on
"""
OF_THING: dict[str, Patterns] = {
    "light": Patterns(
        _ON_OFF
        + """
        how bright is {x}
        what is the brightness of {x}
        at how many percent is {x}
        is {x} lit
        is {x} burning
        is {x} dimmed
        what color is {x}
    """
    ),
    "switch": Patterns(
        _ON_OFF
        + """
        is {x} running
        does {x} have power
        is {x} active
    """
    ),
    "fan": Patterns(
        _ON_OFF
        + """
        is {x} running
        how fast is {x}
        at what speed is {x}
        is {x} spinning
    """
    ),
    "cover": Patterns("""
        is {x} open
        is {x} closed
        is {x} still open
        is {x} open or closed
        how far is {x} open
        how far open is {x}
        did i leave {x} open
        did i close {x}
        did somebody open {x}
        what's the state of {x}
        what is the position of {x}
        check if {x} is closed
        can you check {x}
        tell me whether {x} is open
        i want to know if {x} is shut
        {x} is closed, isn't it
        is {x} shut
        {bare} open or closed
        was {x} left open
        have i closed {x}
        do i need to close {x}
        how is {x}
    """),
    "lock": Patterns("""
        is {x} locked
        is {x} unlocked
        did i lock {x}
        did anyone unlock {x}
        what is the state of {x}
        is {x} still locked
        have i locked {x}
        check if {x} is locked
        can you check {x}
        tell me whether {x} is locked
        {x} is locked, isn't it
        i'm not sure i locked {x}
        is {x} secure
        was {x} left unlocked
        {bare} locked
        do i need to lock {x}
        is {x} locked or unlocked
        make sure, is {x} locked
    """),
    "climate": Patterns("""
        what is {x} set to
        what temperature is {x} set to
        how warm is it at {x}
        what's the target of {x}
        what does {x} say
        is {x} on
        is {x} heating
        is {x} running
        how many degrees does {x} show
        what is the temperature at {x}
        which mode is {x} in
        did i leave {x} on
        how is {x} set
        what is {x} at
        check {x}
        tell me what {x} is set to
        how high is {x} set
        what temperature does {x} have
    """),
    "media_player": Patterns("""
        is {x} playing
        what is {x} playing
        what's playing on {x}
        is {x} paused
        is {x} on
        is {x} off
        what song is on {x}
        how loud is {x}
        what is the volume of {x}
        did i leave {x} on
        is {x} muted
        is anything playing on {x}
        what am i listening to on {x}
        what's on {x}
        tell me what {x} is playing
        is {x} still running
        check if {x} is on
        what's the state of {x}
    """),
    "vacuum": Patterns("""
        where is {x}
        is {x} cleaning
        is {x} docked
        what is {x} doing
        is {x} done
        is {x} still cleaning
        how is {x} doing
        how much battery does {x} have
        has {x} finished
        is {x} back at its base
        what's the status of {x}
        is {x} stuck
        is {x} charging
        what is {x} up to
        did {x} finish cleaning
    """),
    "todo": Patterns("""
        what is on {list}
        what's on {list}
        how many things are on {list}
        is {list} empty
        read {list}
        read me {list}
        read out {list}
        show me {list}
        what do i have on {list}
        is there anything on {list}
        tell me what's on {list}
        how long is {list}
        what's left on {list}
        what did we put on {list}
        how many items does {list} have
        go through {list}
    """),
    "sensor": Patterns("""
        what does {x} say
        what is {x}
        what's {x}
        what does {x} show
        what is the reading of {x}
        what value does {x} have
        check {x}
        tell me {x}
        read {x}
        how much is {x}
        what's the value of {x}
        give me {x}
        what is {x} at
        how is {x}
    """),
    "binary_sensor": Patterns("""
        what does {x} say
        is {x} triggered
        has {x} been triggered
        what is the state of {x}
        is there anything from {x}
        check {x}
        does {x} report anything
        is {x} active
        is {x} on
        what's the status of {x}
        did {x} go off
        does {x} detect something
    """),
    "person": Patterns("""
        where is {x}
        is {x} home
        is {x} at home
        is {x} here
        is {x} away
        is {x} out
        is {x} in
        has {x} left
        has {x} come home
        did {x} get home yet
        is {x} at work
        do you know where {x} is
        is {x} around
        tell me where {x} is
        where could {x} be
        is {x} still out
    """),
    "weather": Patterns("""
        what's the weather
        what is the weather like
        how is the weather
        how is the weather today
        is it raining
        is it sunny outside
        do i need an umbrella
        what's it like outside
        how cold is it outside
        how warm is it outside
        should i take a jacket
        is it snowing
        weather report
        tell me the weather
        what is the weather right now
        is it windy outside
        will i get wet if i go out now
    """),
}
ON_IN = Patterns("""
    what is on {place}
    is anything on {place}
    is anything still on {place}
    what's running {place}
    what's going on {place}
    what is switched on {place}
    did i leave anything on {place}
    is everything off {place}
    how is everything {place}
    what is the state of things {place}
    give me the status {place}
    what's happening {place}
    is there something on {place}
    check everything {place}
    tell me what's on {place}
    what do we have on {place}
    what devices are {place}
    what is there {place}
""")
OF_KIND = Patterns("""
    which {things} are on {place}
    are the {things} on {place}
    are any {things} on {place}
    what {things} are on {place}
    are all the {things} off {place}
    how many {things} are on {place}
    are there any {things} on {place}
    did i leave the {things} on {place}
    are the {things} {place} off
    is any {thing} on {place}
    are the {things} {place} still on
    did someone leave the {things} on {place}
    how many {things} are there {place}
    check the {things} {place}
    tell me which {things} are on {place}
    what's the state of the {things} {place}
    are all {things} {place} on
    list the {things} {place}
""")
OPEN_KIND = Patterns("""
    which {things} are open {place}
    are the {things} open {place}
    are any {things} open {place}
    what {things} are open {place}
    are all the {things} closed {place}
    how many {things} are open {place}
    did i leave the {things} open {place}
    are the {things} {place} closed
    is any {thing} open {place}
    are the {things} {place} still open
    did someone leave a {thing} open {place}
    check the {things} {place}
    tell me which {things} are open {place}
    what's the state of the {things} {place}
    how many {things} are there {place}
""")
LOCK_KIND = Patterns("""
    are the {things} locked {place}
    are all {things} locked {place}
    is everything locked {place}
    which {things} are unlocked {place}
    is any {thing} unlocked {place}
    did i lock the {things} {place}
    are any {things} unlocked {place}
    how many {things} are unlocked {place}
    check the {things} {place}
    are the {things} {place} still unlocked
    did we lock up {place}
""")
WARM = Patterns("""
    how warm is it {place}
    how cold is it {place}
    what's the temperature {place}
    what is the temperature {place}
    how hot is it {place}
    how many degrees is it {place}
    what temperature is it {place}
    is it warm {place}
    is it cold {place}
    {place} how warm is it
    temperature {place}
    tell me the temperature {place}
    check the temperature {place}
""")
HUMID = Patterns("""
    how humid is it {place}
    what's the humidity {place}
    what is the humidity {place}
    is it humid {place}
    is the air dry {place}
    how dry is the air {place}
    humidity {place}
    tell me the humidity {place}
    check the humidity {place}
    how damp is it {place}
""")
HOME = Patterns("""
    who is home
    who's home
    is anyone home
    is anybody at home
    who is here
    is everyone home
    is anyone there
    who is at home right now
    is the house empty
    who is out
    has everyone left
    where is everybody
    who is not home
    is the family home
""")
TIME = Patterns("""
    what time is it
    what's the time
    what is the time
    tell me the time
    how late is it
    do you have the time
    what time do we have
    time please
    can you tell me the time
    what's the time now
    what hour is it
    give me the time
    current time
    is it late already
""")
DATE = Patterns("""
    what day is it
    what's the date
    what is today's date
    what date is it
    which day is it today
    what is the date today
    what day of the week is it
    what month is it
    what year is it
    today's date
    tell me the date
    is it monday today
    what weekday do we have
    which day of the month is it
    is it the weekend yet
""")
# What a kind is called in questions: domain -> (singular, plural).
CALLED = {
    "light": (("light", "lights"), ("lamp", "lamps")),
    "switch": (("switch", "switches"),),
    "fan": (("fan", "fans"),),
    "media_player": (("media player", "media players"), ("player", "players")),
    "climate": (("thermostat", "thermostats"),),
}
