"""Areas and floors in everyday English. ``EVERYDAY`` ones are said in every part, since few homes are without them."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries

EVERYDAY = entries("""
    kitchen|living room|bedroom|bathroom|hall|hallway|office|garage|garden|dining room|attic|basement|guest room|balcony
    |study|nursery|laundry room|cellar|terrace|kids room|porch|entrance|toilet|workshop|pantry|master bedroom""")

AREAS = entries("""
    laundry|library|greenhouse|conservatory|sauna|gym|music room|playroom|den|loft|landing|utility room|larder|studio
    |sun room|sunroom|lobby|veranda|shed|carport|storeroom|dressing room|wardrobe|game room|games room|media room
    |wine cellar|boot room|snug|parlour|patio|driveway|courtyard|barn|stable|kitchenette|spare room|corridor|mud room
    |foyer|lounge|family room|sitting room|front room|back room|tv room|cinema|home cinema|home office|computer room
    |server room|tech closet|closet|walk-in closet|linen closet|cloakroom|powder room|guest bathroom|en suite|ensuite
    |master bathroom|kids bathroom|wet room|shower room|steam room|spa|pool|pool house|hot tub|jacuzzi|front yard
    |back yard|backyard|front garden|back garden|vegetable garden|rose garden|herb garden|orchard|vineyard|meadow|pond
    |fountain court|gazebo|pergola|deck|roof terrace|rooftop|winter garden|summer house|garden shed|tool shed|bike shed
    |bike room|boiler room|plant room|furnace room|wood shed|wood store|coal cellar|crawl space|storage|storage room
    |box room|lumber room|junk room|craft room|sewing room|hobby room|art studio|darkroom|recording studio|piano room
    |rehearsal room|yoga room|fitness room|weight room|meditation room|prayer room|chapel|reading nook|reading corner
    |breakfast nook|breakfast room|bar|tavern|billiard room|pool room|ping pong room|man cave|she shed|tree house
    |dog house|cat room|chicken coop|aviary|kennel|tack room|hay loft|granary|mill|smithy|forge|boat house|dock|jetty
    |hangar|annex|annexe|granny flat|in-law suite|guest house|cabin|cottage|bungalow|caravan|camper|tent|tower|turret|keep
    |gallery|atrium|vestibule|anteroom|antechamber|drawing room|salon|ballroom|great room|morning room|mezzanine|galley
    |bunk room|dormitory|nursery corner|teen room|twins room|boys room|girls room|baby room|big bedroom|small bedroom
    |front bedroom|back bedroom|middle bedroom|blue room|green room|red room|yellow room|white room|rose room|oak room
    |corner room|attic bedroom|attic office|attic bathroom|upstairs hall|downstairs hall|upstairs bathroom
    |downstairs toilet|upstairs landing|stairs|staircase|stairwell|back stairs|entry|entryway|back entrance|side entrance
    |front porch|back porch|vault|safe room|panic room|archive|showroom|meeting room|conference room|reception
    |waiting room|break room|copy room|warehouse|loading bay|lab|laboratory|surgery|treatment room|shop|kiosk|cafe|canteen
    |scullery|butlery|cold room|root cellar|ice house|smokehouse|dairy|brewhouse|potting shed|orangery|aquarium
    |terrarium room|observatory|planetarium|map room|trophy room|smoking room|cigar lounge|tea room|bakery|laundry corner
    |ironing room|mop closet|well house|pump room|meter cupboard|fuse room|cloister|colonnade|loggia|portico|quarterdeck
    |engine room|bridge|cockpit|kids' room|children's room|parents' bedroom|guest bedroom|guest toilet|second bedroom
    |third bedroom|bedroom 1|bedroom 2|bedroom 3|room 1|room 2|room 3|room 101|bathroom 2|bath|wc|loo|washroom|restroom
    |water closet|half bath|kitchen diner|open kitchen|kitchen island|eat-in kitchen|breakfast bar|dinette|dining hall
    |dining area|living area|living|lounge area|sleeping area|sleeping loft|alcove|window seat|bay window|fireplace corner
    |inglenook|chill corner|gaming corner|gaming room|desk corner|work room|workroom|workspace|coworking|library corner
    |bookroom|quiet room|nap room|sick room|changing room|locker room|ski room|shoe room|coat room|hall closet
    |stair cupboard|under the stairs|broom closet|airing cupboard|electrical room|technical room|heating cellar
    |battery room|solar shed|rack room|network closet|av closet|control room|garage 2|double garage|motorbike shed
    |car park|parking|parking lot|parking spot|front drive|back alley|side yard|yard|lawn|flower bed|raised beds|compost
    |allotment|field|paddock|pasture|woods|forest edge|creek|lakeside|beach hut|boathouse|pier|fire pit|barbecue
    |grill area|outdoor kitchen|outdoor shower|playground|sandpit|trampoline|tennis court|basketball hoop|pavilion|arbour
    |bower|bothy|yurt|tipi|log cabin|tiny house|houseboat|loft apartment|apartment|flat|studio flat|penthouse|suite
    |royal suite|presidential suite|north room|south room|east room|west room|east bedroom|west bedroom|sea view room
    |mountain room|purple room|orange room|pink room|gold room|silver room|grey room|black room|chinese room|moroccan room
    |japanese garden|zen garden|rock garden|sunken garden|kitchen garden|front hall|back hall|side hall|main hall
    |great hall|ground hall|long gallery|passage|passageway|tunnel|crypt|dungeon|catacombs|belfry|bell tower|steeple
    |minaret|battlement|moat|drawbridge|gatehouse|guard room|armoury|treasury|throne room|banquet hall|minstrels' gallery
    |still room|wash house|wash kitchen|summer kitchen|dirty kitchen|prep kitchen|spice kitchen|pastry corner
    |coffee corner|tea corner|cocktail bar|home bar|beer cellar|cheese cellar|potato cellar|fruit cellar|storm cellar
    |bunker|shelter|bomb shelter""")

FLOORS = entries("""
    ground floor|first floor|second floor|third floor|upstairs|downstairs|basement level|top floor|upper floor|lower floor
    |main floor|attic floor|cellar level|roof level|outside|mezzanine level|garden level|street level|lower level
    |upper level|fourth floor|bottom floor|middle floor|east wing|west wing|north wing|south wing|main house|guest wing
    |annex floor|outdoors|inside|fifth floor|split level|half floor|parents' floor|kids' floor|sleeping floor|living floor
    |work floor|penthouse level|parking level|utility level|sub level|level one|level two|level three|level zero
    |under the roof|new wing|old wing|front building|rear building|coach house|outbuildings|yard level|terrace level
    |loft level|tower floor""")
