"""Names that are a whole of their own: lists, timers, scenes, scripts, weather."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries

LISTS = entries("""
    groceries|shopping|hardware|errands|chores|packing|gifts|pharmacy|market|todo|books|ideas|holiday|to do|shopping list
    |to-do list|wish list|packing list|work|school|birthday|party|camping|movies to watch|recipes|repairs|garden tasks|cleaning
    |weekend|bucket list|reading list|christmas gifts|drugstore|bakery|butcher|pet supplies|baby things|diy store""")
TIMERS = entries("""
    pizza|pasta|eggs|tea|laundry|oven|rice|cake|bread|nap|workout|homework|meeting|coffee|potatoes|chicken|cookies|dishwasher
    |medicine|parking|break|study|sauna|soup|roast|bath|screen time|dough|marinade|steak""")
SCENES = entries("""
    movie night|good morning|good night|dinner|party|romantic|relax|reading|bright|night|sunset|sunrise|focus|cleaning|away
    |cosy evening|breakfast|gaming|concentration|energize|nightlight|tropical twilight|arctic aurora|christmas|halloween|sleep
    |wake up|welcome home|goodbye|cinema|sunday brunch|candlelight|date night|game night|yoga|work|bedtime|story time""")
SCRIPTS = entries("""
    leave home|arrive home|lock everything|goodnight routine|morning routine|bedtime routine|start the day|end the day
    |announce dinner|open everything|close up|water the plants|feed the fish|vacation start|vacation end|panic|wake the kids
    |coffee time|air the house|fireplace on|all quiet|guest welcome|work from home|lights out""")
WEATHER = entries("weather|home weather|forecast|local weather|outside|the weather|weather station|my weather|forecast home")
