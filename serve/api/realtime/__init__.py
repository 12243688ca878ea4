"""``WS /v1/realtime``: a spoken conversation in the shape of OpenAI's Realtime interface.

    door.py        who may come in, and how many
    connection.py  one connection: messages in, events out
    shapes.py, messages.py, items.py   what clients send, checked
    settings.py    what a session is set to, and what that means for listening and speaking
    asking.py      who answers: the assistant in its home, or the model with the client's own tools
    replying.py    a reply as events

Does not cover the conversation itself: that is serve/talking.
"""
