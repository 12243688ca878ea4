"""Names that are a whole of their own: lists, timers, scenes, scripts, weather."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries

LISTS = entries("""
    groceries|shopping|hardware|errands|chores|packing|gifts|pharmacy|market|todo|books|ideas|holiday|to do|shopping list
    |to-do list|wish list|packing list|work|school|birthday|party|camping|movies to watch|recipes|repairs|garden tasks
    |cleaning|weekend|bucket list|reading list|christmas gifts|drugstore|bakery|butcher|pet supplies|baby things|diy store
    |supermarket|farmers market|costco|weekly shop|food|drinks|household|house projects|renovation|furniture|decor
    |electronics|office supplies|stationery|hobby shop|sewing supplies|music to hear|podcasts|games|films|series
    |restaurants|places to see|travel ideas|ski trip|beach trip|road trip|picnic|barbecue|wedding|anniversary|guest list
    |invitations|thank you notes|letters|phone calls|emails|bills|taxes|insurance|bank|appointments|doctor|dentist|vet
    |medication|vitamins|workout plan|goals|habits|resolutions|gratitude|journal prompts|spring cleaning|daily tasks
    |weekly tasks|monthly tasks|morning tasks|evening tasks|kids tasks|homework list|exam prep|project|client work
    |meetings|follow ups|backlog|inbox|someday|waiting for|later|today|tomorrow|this week|fridge|freezer stock
    |pantry stock|spice rack|wine list|beer list|plants to buy|seeds|garden supplies|paint colors|tools to buy
    |car maintenance|bike parts|fishing gear|camera gear|aquarium supplies|dog things|cat things|lent out|borrowed|returns
    |donations|things to sell|moving boxes|lost things|questions|jokes|names""")
TIMERS = entries("""
    pizza|pasta|eggs|tea|laundry|oven|rice|cake|bread|nap|workout|homework|meeting|coffee|potatoes|chicken|cookies
    |dishwasher|medicine|parking|break|study|sauna|soup|roast|bath|screen time|dough|marinade|steak|noodles|lasagna|quiche
    |pie|muffins|brownies|granola|popcorn|fries|fish fingers|salmon|turkey|lamb|ribs|stew|chili|curry|lentils|beans|quinoa
    |polenta|oatmeal|porridge|pancakes|waffles|toast|grill|barbecue|smoker|yeast|sourdough|rolls|croissants|jelly|custard
    |pudding|ice cream|face mask|hair dye|nail polish|toothbrush|shower|meditation|yoga|plank|stretching|push ups|run|swim
    |walk the dog|feed the baby|bottle|bedtime|time out|reading time|piano practice|video games|tv time|quiet time|chess
    |quiz|presentation|phone call|interview|pomodoro|focus|nap time|power nap|alarm|washing machine|dryer|sprinkler|hose
    |watering|glue|paint|varnish|film developing|print|download|charger|kettle|cold brew|espresso|steep|ferment|brine""")
SCENES = entries("""
    movie night|good morning|good night|dinner|party|romantic|relax|reading|bright|night|sunset|sunrise|focus|cleaning
    |away|cosy evening|breakfast|gaming|concentration|energize|nightlight|tropical twilight|arctic aurora|christmas
    |halloween|sleep|wake up|welcome home|goodbye|cinema|sunday brunch|candlelight|date night|game night|yoga|work|bedtime
    |story time|savanna sunset|spring blossom|northern lights|deep ocean|forest walk|campfire|fireplace|moonlight
    |starry night|full moon|golden hour|blue hour|daylight|overcast|rainy day|snow day|thunderstorm|beach day|desert dusk
    |jungle|aquarium|disco|club|karaoke|concert|jazz bar|speakeasy|restaurant|candle dinner|tea time|coffee break|lunch
    |buffet|cocktail hour|wine tasting|poker night|board games|puzzle|study time|homework time|exam mode|deep work
    |video call|meeting|presentation|phone call|painting|crafting|sewing|cooking|baking|dishes|laundry day|spring clean
    |workout|stretching|meditation|massage|spa day|bath|bubble bath|nap|siesta|early bird|late night|night feed|baby sleep
    |toddler time|kids party|birthday|pyjama party|sleepover|homecoming|leaving|vacation|guests|visitors|open house
    |burglar scare|alarm test|all white|all red|all blue|warm white|cold white|dimmed|half light|full blast|soft glow
    |evening glow|morning mist|mood|chill|lounge|sunday morning|friday night|easter|hanukkah|diwali|ramadan evening
    |new year|valentine|independence day|carnival|rainbow|pastel|autumn leaves|winter wonderland|summer breeze
    |cherry blossom|lavender field""")
SCRIPTS = entries("""
    leave home|arrive home|lock everything|goodnight routine|morning routine|bedtime routine|start the day|end the day
    |announce dinner|open everything|close up|water the plants|feed the fish|vacation start|vacation end|panic
    |wake the kids|coffee time|air the house|fireplace on|all quiet|guest welcome|work from home|lights out
    |evening routine|school run|leave for work|back from work|weekend start|weekend end|lunch break|after school
    |homework start|movie start|movie end|party start|party end|clean up|robot rounds|vacuum everywhere|mop the floor
    |garden watering|pool cleaning|sauna warm up|heat up|cool down|boost heating|eco mode|save energy|storm alert
    |fire drill|flood alert|intruder alert|simulate presence|blink the lights|flash porch|ring the bell|call everyone
    |dinner is ready|time for bed|brush teeth|story start|lullaby|white noise start|rain sounds|wake up slowly
    |sunrise alarm|snooze|morning news|daily briefing|weather report|commute check|car warm up|charge the car
    |open the garage|close the garage|parcel delivery|guest wifi|let the dog out|let the cat in|feed the cat|feed the dog
    |chicken door|greenhouse vent|frost protection|shade the house|all blinds down|all blinds up|music everywhere
    |stop the music|pause everything|resume everything|mute the house|reset the router|reboot the server|backup now
    |test the alarm|arm the house|disarm the house|holiday lights|christmas lights on|new year countdown|gentle exit
    |quick exit|big reset|sunday setup|laundry done|trash reminder|recycling day""")
WEATHER = entries("""
    weather|home weather|forecast|local weather|outside|the weather|weather station|my weather|forecast home
    |weather at home|outdoor weather|city weather|regional forecast|daily forecast|garden weather|roof weather
    |met forecast|weather report|sky conditions|weather now|hourly forecast|village weather|coast weather|mountain weather""")
