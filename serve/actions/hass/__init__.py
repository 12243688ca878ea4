"""A real home: Home Assistant behind a URL and a token, mirrored so that everything else works on it unchanged.

wire.py         one WebSocket connection: sign-in, commands, events, errors
mirror.py       Home Assistant's registries and states as an Inventory
reach.py        what a scene, a script or a group may touch, so that policy can judge it
translating.py  planned services as Home Assistant takes them
home.py         RealHome: the mirror kept up to date, and acting that waits for the states to follow
"""
