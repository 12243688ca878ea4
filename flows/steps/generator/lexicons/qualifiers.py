"""What stands before a thing's noun: qualities, people, pets, makers."""

from __future__ import annotations

from flows.steps.generator.lexicons import words

# Said in every part: a name of one of these and a noun has the part that the whole name has.
PLAIN = words("left right front back upper lower top bottom big small main side middle second old new other first")

MODIFIERS = words("""
    red blue green yellow white black silver golden copper brass amber violet orange pink grey gray ivory crimson bronze
    old new small big tall short round square long narrow little large giant tiny front back left right upper lower main
    side corner middle outer inner north south east west reading floor ceiling wall table desk bedside window door night
    morning evening summer winter garden river forest mountain ocean desert island meadow valley harbor sunset moon star
    cloud rain snow storm oak pine maple birch cedar willow walnut cherry bamboo ivy fern moss rose lily tulip daisy
    orchid lotus clover stone marble granite slate crystal glass velvet linen cotton silk paper iron steel tin wooden
    rustic modern vintage antique classic quiet cosy bright dim warm cool fancy plain magic lucky happy lazy busy mellow
    gentle royal noble humble secret hidden spare second third double single twin mini super turbo retro nordic tuscan
    roman celtic persian baltic purple turquoise teal indigo magenta scarlet maroon navy olive beige cream charcoal
    lavender lilac mauve peach coral salmon rust ochre mustard lime mint emerald jade ruby sapphire topaz pearl opal onyx
    ebony platinum chrome gilded silvery rosy dusky first fourth fifth last next central rear far near top bottom high low
    flat curved straight crooked hanging standing clip spiral arched oval circular triangular hexagon diamond cube ball
    globe ring arrow ladder tower bridge arch column pillar fireplace mantel shelf bookshelf cabinet cupboard closet
    drawer counter sink stove oven fridge mirror vanity shower tub bath bed sofa couch armchair chair bench stool rug
    piano guitar easel bar buffet sideboard dresser wardrobe nightstand crib cot bunk loft stairs step railing banister
    landing beam rafter roof gable eaves chimney gutter facade pillow curtain fence hedge path driveway gate pond pool
    fountain terrace patio deck lawn tree bush flower arbor pergola swing sandbox street alley avenue plaza market station
    harbour beach dune cliff canyon cave lagoon reef bay lake creek brook waterfall glacier volcano prairie savanna jungle
    tundra steppe orchard vineyard farm barn windmill lighthouse castle chapel sun dawn dusk noon midnight twilight aurora
    comet meteor galaxy nebula planet saturn jupiter mars venus mercury neptune spring autumn january april june october
    december monday friday sunday weekend holiday christmas easter halloween apple banana lemon plum pear apricot fig
    grape melon mango papaya coconut almond hazel chestnut pistachio pepper cinnamon vanilla saffron ginger basil sage
    thyme rosemary parsley jasmine hibiscus magnolia peony poppy iris sunflower marigold dahlia camellia azalea begonia
    hyacinth crocus heather thistle nettle reed cactus palm spruce fir larch elm ash beech linden poplar aspen sycamore
    acacia eucalyptus sequoia juniper holly laurel myrtle fox wolf bear deer elk moose hare rabbit badger otter beaver
    hedgehog squirrel owl eagle falcon hawk raven crow swan goose heron stork robin sparrow finch swallow magpie parrot
    peacock penguin pelican dolphin whale shark seal turtle crab lobster octopus starfish dragon unicorn phoenix griffin
    mermaid wizard pirate ninja robot rocket spaceship submarine balloon kite tiger lion leopard panther zebra giraffe
    elephant hippo rhino camel llama panda koala monkey gorilla lizard gecko frog wool felt denim leather suede canvas
    burlap wicker rattan cork clay ceramic porcelain terracotta concrete brick plaster aluminium titanium nickel zinc lead
    rubber plastic acrylic resin mosaic lacquer enamel loud silent noisy soft hard rough smooth shiny matte dull fresh
    stale clean dirty dusty misty foggy sunny windy frosty icy fast slow quick sleepy grumpy cheerful merry jolly funny
    silly clever wise brave bold shy proud sweet sour bitter spicy cheap fine grand posh shabby chic industrial colonial
    victorian gothic baroque georgian edwardian bauhaus danish swedish finnish norwegian german french italian spanish
    greek turkish moroccan egyptian indian chinese japanese korean mexican brazilian cuban scottish irish welsh english
    dutch belgian swiss austrian polish czech russian work study homework guest kids baby teen parents grandma grandpa
    family party dinner breakfast lunch tea coffee wine cocktail music movie game hobby craft sewing painting writing
    cooking baking laundry ironing yoga fitness meditation prayer relax focus emergency backup master primary secondary
    test smart wireless portable outdoor indoor solar electric digital analog infrared ambient accent mood task feature
    display show art photo picture poster neon disco strobe lava salt candle lantern torch alpha beta gamma delta epsilon
    omega sigma zeta echo bravo foxtrot kilo lima quebec romeo sierra tango whiskey zulu""")

PEOPLE = words("""
    anna ben clara david emma felix grace henry iris jonas kira leo mila noah olga paul quinn rosa sam tessa uma victor
    wanda yara zoe alma boris carla dora elsa frida gustav hanna ivan julia karl lena maja nils otto petra ruth sven thea
    ursula vera willem xenia yusuf zara amir bilal chen deniz eko farah goran hiro indira jamal kofi lakshmi mateo ife
    james mary john patricia robert jennifer michael linda william elizabeth richard barbara susan joseph jessica thomas
    sarah charles karen christopher nancy daniel lisa matthew betty anthony margaret mark sandra donald ashley steven
    kimberly andrew emily joshua donna kenneth michelle kevin carol brian amanda george melissa edward deborah ronald
    stephanie timothy rebecca jason sharon jeffrey laura ryan cynthia jacob kathleen gary amy nicholas angela eric shirley
    jonathan stephen brenda larry pamela justin nicole scott katherine brandon samantha benjamin christine samuel debra
    gregory rachel alexander carolyn oliver amelia harry isla jack ava olivia arthur freya theodore lily archie ella alfie
    evie freddie poppy oscar sienna liam saoirse finn aoife conor niamh sean siobhan declan orla eoin ciara padraig maeve
    rhys cerys gareth bronwen dylan hamish fiona angus morag callum eilidh lachlan kirsty lukas lea finja moritz annika
    jannik heike jurgen sabine dieter renate uwe birgit wolfgang ingrid helmut gisela torsten anke luca giulia matteo
    chiara alessandro francesca lorenzo elena andrea martina giuseppe paola antonio silvia marco valentina pierre camille
    antoine manon baptiste chloe hugo lucie julien margaux etienne sylvie thierry odile remi colette alejandro lucia
    javier carmen miguel pilar diego ines pablo marta sergio rocio alvaro nuria joaquin beatriz ximena joao mariana tiago
    catarina rui leonor duarte beatrice vasco matilde lars astrid bjorn sigrid erik linnea anders freja mikkel signe
    magnus solveig henrik ingeborg olav kari aino eero väinö piotr agnieszka tomasz katarzyna krzysztof malgorzata
    wojciech zofia marek halina jan jiri tereza vaclav lenka zoltan eszter laszlo katalin istvan ildiko andrei ioana mihai
    radu bogdan svetlana dmitri natasha sergei ludmila nikos eleni giorgos katerina yannis despina mehmet ayse emre zeynep
    mustafa elif burak fatma kemal ahmed fatima omar layla hassan noor khalid salma tariq amina ibrahim mariam zayd huda
    rania samir moshe rivka avi tamar yael eitan shira noam priya arjun ananya rohan kavya vikram meera sanjay divya rahul
    anjali aditya nisha ravi pooja siddharth wei ming xiu lan jun hua ling feng yuki haruto sakura ren aoi sota hina kenji
    emiko takeshi naoko minjun jiwoo seoyeon hyun jisoo linh minh thuy duc somchai malee budi siti putri agus dewi maria
    jose rizal kwame ama yaw abena chidi ngozi emeka adaeze tunde folake sipho thandi lerato themba zanele wanjiru kamau
    achieng abebe tigist selam mom dad mum grandma grandpa nana auntie granny papa mama""")

PETS = words("""
    dusty rosie robby sweepy bruno crumb fluffy hoover scout biscuit pebble turbo nibbles waldo zippy rusty oscar pepper
    gizmo pixel sparky bandit chester daisy ember figaro goblin hobbit igor jumbo kermit marvin nemo olive pogo max bella
    charlie luna buddy lucy cooper molly rocky bailey bear duke sadie tucker maggie jake sophie zeus toby chloe shadow
    stella milo simba nala tiger smokey boots mittens whiskers socks patches snowball ginger tigger felix garfield
    sylvester salem binx ziggy bowie elvis jagger ringo lennon presley prince queenie duchess baron earl sultan pasha
    rajah noodle dumpling waffle pancake muffin cupcake cookie brownie peanut pickle mochi sushi tofu nacho taco burrito
    pretzel bagel crumpet toffee fudge caramel nutmeg cinnamon clove sesame pumpkin squash radish turnip beans sprout
    dobby gandalf frodo bilbo sauron yoda chewie leia vader jabba spock kirk data bender rosey wall-e eve hal jarvis
    alfred dustin dirtbuster sucker dustbuster  mopsy mopey meep beep bloop blip zoomer vroom whirl
    twister tornado cyclone storm blizzard thunder bolt flash comet rocket jet dash speedy slowpoke crawler rover wanderer
    nomad rambo rex dino godzilla kong yeti nessie bigfoot kraken hercules atlas ajax achilles odin thor loki freya""")

MAKERS = words("""
    lumira voltex nordlys hueva brightly zigma tellux kelvio sonara vexo aerix thermio klimax domova rolux shadely lumen
    glowtec lichtwerk ledora solaris photonix beamly radiant wattson ampere ohmly fluxa currento plugly swytch tapno sonix
    audiva harmon vibra tonica melodia acusta resono basso trebla echolux wavely soundly noizo vistron screenix pictora
    cinevo optima viewly pixtron glasco airvent breezo windex cyclona ventura zephyr aeros gust fanatica heatly calora
    thermos warmix pyra frosto polar arctico tempra klima lockwell keyless boltix secura guardia sentry fortis vaultic
    roboclean dustix sweepo vacura mopsie cleanbot blindex shadora rollux drapeo curtina sunscreen sensix detecta monita
    trackly probe gaugeo metrix tuyo shelby aqaro sonof ikeo hama phillo osrom ledvo innrix netami tado fibarro homey
    wiser bosho siemo gira jungo busch samsong elgee sonie panasonik filips toshibo sharpo boze sonoz yamara denan onkio
    marantza technico pioneero""")
