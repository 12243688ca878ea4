"""What the assistant can do in a home, and what keeps it from doing more.

    home.py         the simulated home: states, services, time (domains/ one family of domains a file)
    clock.py        keep_time: timers really fire, the vacuum docks
    matching.py     which entities are meant by a name, an area, a floor, a kind
    tools.py        the tools that a language model is offered, as Home Assistant offers them
    intents.py      tier one: frequent sentences to tool calls, without a model; replies.py what is said after them
    policy.py       who may do what, how often, and what needs a person's yes
    actionlog.py    an append-only log of every action
    performing.py   Actions: the one entry point, from a tool call to its result
    hass/           a real home: Home Assistant, mirrored
    beside/         built-in tools beside the home: reminders, notes, a calculator, listed pages
    providers.py    tools that are not the home's own; mcp/ those of other servers, plugins.py those of plugins

    actions = Actions(SimulatedHome(inventory), Policy(), ActionLog(home.root / "rottie.db"))
    clock = asyncio.create_task(keep_time(actions.home))
    result = await actions.run(call, actor, idempotency_key)     # result.text is for the model

No Ray: everything runs in the process that holds the home. Does not cover commands for later ("turn it off in ten
minutes").
"""
