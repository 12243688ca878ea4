"""What stands before a thing's noun: qualities, people, pets, makers."""

from __future__ import annotations

from flows.steps.generator.lexicons import words

MODIFIERS = words("""
    red blue green yellow white black silver golden copper brass amber violet orange pink grey gray ivory crimson bronze old new
    small big tall short round square long narrow little large giant tiny front back left right upper lower main side corner
    middle outer inner north south east west reading floor ceiling wall table desk bedside window door night morning evening
    summer winter garden river forest mountain ocean desert island meadow valley harbor sunset moon star cloud rain snow storm
    oak pine maple birch cedar willow walnut cherry bamboo ivy fern moss rose lily tulip daisy orchid lotus clover stone
    marble granite slate crystal glass velvet linen cotton silk paper iron steel tin wooden rustic modern vintage antique
    classic quiet cosy bright dim warm cool fancy plain magic lucky happy lazy busy mellow gentle royal noble humble secret
    hidden spare second third double single twin mini super turbo retro nordic tuscan roman celtic persian baltic""")

PEOPLE = words("""
    anna ben clara david emma felix grace henry iris jonas kira leo mila noah olga paul quinn rosa sam tessa uma victor
    wanda yara zoe alma boris carla dora elsa frida gustav hanna ivan julia karl lena maja nils otto petra ruth sven thea
    ursula vera willem xenia yusuf zara amir bilal chen deniz eko farah goran hiro indira jamal kofi lakshmi mateo ife""")

PETS = words("""
    dusty rosie robby sweepy bruno crumb fluffy hoover scout biscuit pebble turbo nibbles waldo zippy rusty oscar pepper
    gizmo pixel sparky bandit chester daisy ember figaro goblin hobbit igor jumbo kermit marvin nemo olive pogo""")

MAKERS = words("lumira voltex nordlys hueva brightly zigma tellux kelvio sonara vexo aerix thermio klimax domova rolux shadely")
