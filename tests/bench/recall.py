"""What earlier turns do to a model that acts: the same requests alone and after 1, 2 and 4 turns about the same home.

    python -m tests.bench.recall [folder of an export]

Without a folder the newest export under ROTTIE_HOME is taken. Requests come from generated homes that no pipeline's seed
makes; earlier turns are other requests of the same home with the right calls, their results and a reply, as conversations
keep them. Differences are of neighbours (the same request), with a bootstrap interval. An assistant's file says in
``conversations.turns`` how many earlier turns its model gets; this is how to choose.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from statistics import fmean

from flows.steps.acting import act
from flows.steps.generating import generate
from flows.steps.judging import measures
from flows.steps.scoring import Outcome
from schemas.action import Actor
from schemas.assistant import LlmEngine
from schemas.conversation import Conversation, Message
from schemas.errors import ActionError, PromptTooLong
from schemas.events import Action, CallsReady, TurnFinished
from schemas.home_lines import inventory_of
from schemas.pipeline import HomeSource
from schemas.settings import Home
from serve.actions.home import SimulatedHome
from serve.actions.tools import plan
from serve.conversations import KeptTurn
from serve.engines.protocol import Sampling
from serve.models import open_model
from serve.turn import Answerer, MalformedCall, TurnRequest
from tests.bench.comparing import interval, keep

ROWS, HOMES, SEED = 240, 40, 77
EARLIER = (0, 1, 2, 4)
AT_ONCE = 4


def kept(row: Conversation, number: int) -> list[Message]:
    """``row`` as a conversation keeps it."""
    inventory = inventory_of(row.home)
    assert inventory is not None
    home, actions = SimulatedHome(inventory), []
    for call in row.answer().tool_calls:
        try:
            made = plan(call, home, Actor(id="bench", role="admin"))
            home.apply(*made.calls, new=made.new)
            text = made.say(home)
        except ActionError as error:
            text = f"Error: {error.message}"
        actions.append(Action(name=call.function.name, arguments=call.function.parsed(), text=text))
    reply = row.answer().content or "; ".join(action.text.removeprefix("Done. ") for action in actions)
    said = row.messages[0].content or ""
    return KeptTurn(number=number, inference_id="i", at=0, text=said, actions=tuple(actions), reply=reply).messages()


async def answered(model: Answerer, row: Conversation, past: list[Message], room: asyncio.Semaphore) -> Outcome:
    outcome = Outcome("", row.tags, row.messages[0].content or "", row.answer().tool_calls, row.tools)
    request = TurnRequest((*past, *row.request()), tools=row.tools, home=row.home, sampling=Sampling(max_tokens=96))
    async with room:
        try:
            async for event in model.answer(request):
                if isinstance(event, CallsReady):
                    outcome.got = event.calls
                elif isinstance(event, TurnFinished) and event.finish_reason == "length":
                    outcome.error = "length"
        except (MalformedCall, PromptTooLong) as error:
            outcome.error = error.code
    outcome.acted = act(outcome, row.home)
    return outcome


async def scored(model: Answerer, rows: list[Conversation], earlier: int) -> list[Outcome]:
    rng, room = random.Random(earlier), asyncio.Semaphore(AT_ONCE)
    jobs = []
    for row in rows:
        others = [other for other in rows if other.home == row.home and other is not row]
        chosen = rng.sample(others, min(earlier, len(others)))
        past = [message for number, other in enumerate(chosen) for message in kept(other, number)]
        jobs.append(answered(model, row, past, room))
    return await asyncio.gather(*jobs)


def main() -> None:
    exports = sorted(Home.current().models.glob("exports/*/model.json"), key=lambda path: path.stat().st_mtime)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else (exports[-1].parent if exports else None)
    if folder is None:
        print("there is no export here: train a model first, or name a folder")
        return
    drawn = generate(HomeSource(kind="home", rows=2 * ROWS, homes=HOMES, seed=SEED))
    # Rows that lean on no earlier turn and call the home's own tools.
    rows = [row for row in drawn if len(row.messages) == 2 and row.tags[0] not in ("tools", "injection")][:ROWS]
    model = open_model(folder, LlmEngine(context=2048, slots=AT_ONCE))
    found = {earlier: asyncio.run(scored(model, rows, earlier)) for earlier in EARLIER}
    model.close()
    result: dict[str, object] = {"model": model.manifest.pipeline, "trained_turns": model.manifest.turns, "rows": len(rows)}
    for earlier, outcomes in found.items():
        acted = measures([outcome.acted for outcome in outcomes if outcome.acted])
        gains = [float(one.exact) - float(alone.exact) for one, alone in zip(outcomes, found[0], strict=True)]
        result[f"earlier_{earlier}"] = {
            "exact": round(fmean(outcome.exact for outcome in outcomes), 3),
            "state_exact_both": round(acted["state_exact_both"], 3),
            "wrong_action_both": round(acted["wrong_action_both"], 3),
            "exact_against_none": round(fmean(gains), 3),
            "interval_95": [round(end, 3) for end in interval(gains, fmean, seed=1)],
        }
    print(keep("recall", result))


if __name__ == "__main__":
    main()
