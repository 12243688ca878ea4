"""What people put on lists."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries, words

QUALITIES = words("""
    fresh frozen organic brown white dark smoked dried sliced green red sweet salted spicy cheap two three four six ten
    some more big small large low-fat vegan gluten-free sugar-free wholegrain plain grated minced ground roasted raw ripe
    baby wild canned pickled instant unsalted skimmed whole local free-range thick thin soft hard mild hot cold five seven
    eight twelve extra several spare new good black blue yellow purple""")
ITEMS = entries("""
    milk|bread|eggs|butter|cheese|yogurt|flour|sugar|salt|pepper|rice|pasta|noodles|lentils|beans|chickpeas|tomatoes
    |onions|garlic|ginger|carrots|potatoes|spinach|broccoli|lettuce|cucumbers|apples|bananas|pears|plums|oranges|lemons
    |limes|grapes|berries|mangoes|peaches|avocados|nuts|almonds|raisins|honey|jam|oats|cereal|coffee|tea|cocoa|juice|water
    |wine|beer|soap|shampoo|toothpaste|sponges|towels|napkins|batteries|candles|matches|screws|nails|glue|paint|tape
    |string|stamps|envelopes|pencils|notebooks|socks|gloves|cat food|dog treats|olive oil|soy sauce|peanut butter
    |maple syrup|light bulbs|bin bags|washing powder|baking soda|cling film|oat milk|almond milk|soy milk|cream|sour cream
    |cottage cheese|mozzarella|parmesan|feta|cheddar|brie|ham|bacon|sausages|salami|chicken breast|beef|pork chops|turkey
    |lamb|fish fingers|salmon|tuna|shrimp|mussels|tofu|tempeh|hummus|falafel|tortillas|wraps|pita|bagels|croissants|rolls
    |baguette|rye bread|toast|crackers|chips|crisps|popcorn|pretzels|chocolate|cookies|biscuits|cake|muffins|pancake mix
    |ice cream|gummy bears|chewing gum|mints|zucchini|eggplant|peppers|mushrooms|celery|leeks|cabbage|cauliflower|kale
    |arugula|radishes|beets|parsnips|turnips|pumpkin|squash|corn|peas|asparagus|artichokes|fennel|basil|parsley|cilantro
    |dill|mint|chives|thyme|rosemary|oregano|bay leaves|cinnamon|nutmeg|cumin|paprika|turmeric|curry powder|chili flakes
    |vanilla|yeast|baking powder|cornstarch|breadcrumbs|vinegar|balsamic|mustard|ketchup|mayonnaise|hot sauce|pesto
    |tomato paste|coconut milk|broth|stock cubes|miso|tahini|sunflower oil|sesame oil|cooking spray|couscous|quinoa|bulgur
    |polenta|barley|granola|muesli|walnuts|cashews|pistachios|hazelnuts|pecans|dates|figs|apricots|cherries|strawberries
    |blueberries|raspberries|blackberries|kiwis|pineapple|melon|watermelon|papaya|pomegranate|grapefruit|tangerines
    |nectarines|lychees|cranberries|orange juice|apple juice|lemonade|cola|ginger ale|tonic water|sparkling water|iced tea
    |energy drinks|espresso beans|decaf|green tea|chamomile tea|cider|gin|rum|vodka|whiskey|prosecco|champagne|dish soap
    |detergent|fabric softener|bleach|glass cleaner|toilet paper|kitchen roll|tissues|wet wipes|diapers|baby formula
    |baby food|cotton swabs|cotton pads|razors|shaving cream|deodorant|conditioner|body lotion|sunscreen|lip balm
    |hand cream|nail polish remover|mouthwash|dental floss|toothbrushes|bandages|painkillers|cough syrup|vitamins|antacids
    |thermometer|plasters|face masks|hair ties|safety pins|aluminium foil|baking paper|freezer bags|sandwich bags
    |paper plates|straws|toothpicks|mop heads|dusters|rubber gloves|dishwasher tablets|rinse aid|drain cleaner
    |air freshener|mosquito spray|ant traps|cat litter|bird seed|fish food|hamster bedding|dog leash|potting soil
    |fertilizer|flower seeds|garden hose|rake|bulbs|fuses|extension cord|usb cable|printer paper|ink cartridge
    |sticky notes|markers|crayons|scissors|stapler|rubber bands|gift wrap|greeting card|ribbon|balloons|birthday candles
    |charcoal|firewood|lighter fluid|sandpaper|wood screws|wall plugs|drill bits|paint roller|masking tape|duct tape
    |superglue|hooks|hinges|door handle|shower curtain|bath mat|pillow|blanket|bed sheets|coat hangers|laundry basket
    |storage boxes|slippers|umbrella|raincoat|sneakers|swimsuit|goggles|tennis balls|yoga mat|water bottle|backpack
    |suitcase|travel adapter|passport|sleeping bag|tent pegs|flashlight|power bank|headphones|phone charger|memory card
    |board game|puzzle|lego|picture frame|vase|tulips|roses|house plant""")
TASKS = entries("""
    call the plumber|water the plants|book a table|pay the rent|clean the oven|fix the bike|buy tickets|return the books
    |wash the car|feed the cat|renew the passport|pick up the parcel|write to grandma|mow the lawn|change the sheets
    |call mom|email the landlord|book the dentist|cancel the subscription|check the tires|order new glasses
    |descale the kettle|defrost the freezer|vacuum the stairs|clean the gutters|trim the hedge|sweep the chimney
    |oil the hinges|paint the fence|hang the pictures|sort the mail|shred old papers|back up the laptop|update the router
    |replace the filter|bleed the radiators|test the smoke alarm|insure the bike|file the taxes|transfer the money
    |sign the contract|print the tickets|pack the suitcase|iron the shirts|polish the shoes|sew the button
    |wash the curtains|flip the mattress|air the duvets|bake a cake|plan the party|send the invitations|wrap the presents
    |practice the piano|study for the test|finish the report|prepare the slides|answer the survey|read chapter five
    |walk the dog|take out the trash|bring back the bottles|empty the dishwasher|clean the windows|scrub the shower
    |unclog the sink|repot the ferns|plant the tulips|prune the roses|feed the birds|clean the aquarium|brush the cat
    |take the cat to the vet|pump up the tires|charge the camera|sell the sofa|donate old clothes|measure the window
    |assemble the shelf|fix the leaky tap|order firewood|book flights|rent a van|visit the museum|thank the neighbours
    |collect the dry cleaning|drop off the keys""")
