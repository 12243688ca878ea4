"""Wyoming over TCP: Rottie as recogniser, voice, wake word and conversation agent of Home Assistant and other clients.

A process of its own that asks Rottie's API as any client does; only the wake word is listened for in this process.
"""
