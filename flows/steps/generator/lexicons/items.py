"""What people put on lists."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries, words

QUALITIES = words("""
    fresh frozen organic brown white dark smoked dried sliced green red sweet salted spicy cheap two three four six ten some
    more""")
ITEMS = entries("""
    milk|bread|eggs|butter|cheese|yogurt|flour|sugar|salt|pepper|rice|pasta|noodles|lentils|beans|chickpeas|tomatoes|onions
    |garlic|ginger|carrots|potatoes|spinach|broccoli|lettuce|cucumbers|apples|bananas|pears|plums|oranges|lemons|limes|grapes
    |berries|mangoes|peaches|avocados|nuts|almonds|raisins|honey|jam|oats|cereal|coffee|tea|cocoa|juice|water|wine|beer|soap
    |shampoo|toothpaste|sponges|towels|napkins|batteries|candles|matches|screws|nails|glue|paint|tape|string|stamps|envelopes
    |pencils|notebooks|socks|gloves|cat food|dog treats|olive oil|soy sauce|peanut butter|maple syrup|light bulbs|bin bags
    |washing powder|baking soda|cling film""")
TASKS = entries("""
    call the plumber|water the plants|book a table|pay the rent|clean the oven|fix the bike|buy tickets|return the books
    |wash the car|feed the cat|renew the passport|pick up the parcel|write to grandma|mow the lawn|change the sheets""")
