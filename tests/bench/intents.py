"""How long tier one takes: sentences over homes of 50 entities, warm and cold, beside bare hassil over the same names.

    python -m tests.bench.intents

Prints percentiles of the wall time and of the processor's time a sentence (the second is what an idle machine would show)
and the ratio to bare hassil, sentence by sentence in turn; writes bench-results/intents.json.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from hassil import Intents, TextSlotList, recognize_best
from home_assistant_intents import get_intents

from schemas.inventory import Area, Entity, Inventory
from serve.actions.home import SimulatedHome
from serve.actions.intents import forget, recognise, warm_up
from tests.bench.comparing import interval, keep

ROOMS = ("kitchen", "hall", "study", "attic", "bedroom")
THINGS = {
    "ceiling light": ("light", "off"),
    "lamp": ("light", "on"),
    "socket": ("switch", "off"),
    "fan": ("fan", "off"),
    "blind": ("cover", "open"),
    "door": ("lock", "locked"),
    "heater": ("climate", "heat"),
    "radio": ("media_player", "playing"),
    "list": ("todo", "0"),
    "sensor": ("sensor", "20"),
}
SENTENCES = (
    "turn on the kitchen lamp",
    "turn off the lights in the study",
    "set the hall ceiling light to 40 percent",
    "is the attic door locked",
    "add oat milk to the kitchen list",
    "set the bedroom heater to 21 degrees",
    "open the study blind",
    "pause the attic radio",
    "set a timer for 5 minutes",
    "what time is it",
    "which lights are on",
    "tell me a story about a dragon in the attic",
    "could you please make it a bit cosier in here",
    "turn on the kitchen lamp and close the hall blind",
)
PASSES = 15


def house() -> Inventory:
    areas = tuple(Area(id=room, name=room) for room in ROOMS)
    entities = tuple(
        Entity(id=f"{domain}.{room}_{thing.replace(' ', '_')}", name=f"{room} {thing}", area=room, state=state)
        for room in ROOMS
        for thing, (domain, state) in THINGS.items()
    )
    return Inventory(areas=areas, entities=entities)


def bare(inventory: Inventory) -> Callable[[str], object]:
    document = get_intents("en")
    assert document is not None
    intents = Intents.from_dict(document)
    names = [(entity.name, entity.name, {"domain": entity.domain}) for entity in inventory.entities]
    places = [(area.name, area.name) for area in inventory.areas]
    lists = {
        "name": TextSlotList.from_tuples(names, allow_template=False, name="name"),
        "area": TextSlotList.from_tuples(places, allow_template=False, name="area"),
        "floor": TextSlotList.from_tuples([], name="floor"),
    }
    return lambda text: recognize_best(text, intents, slot_lists=lists, best_slot_name="name", language="en")


def timed(function: Callable[[str], object], text: str) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    function(text)
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def ranks(values: list[float]) -> list[tuple[str, float]]:
    hundredths = statistics.quantiles(values, n=100)
    return [("p50", hundredths[49]), ("p95", hundredths[94]), ("p99", hundredths[98])]


def main() -> None:
    inventory = house()
    home = SimulatedHome(inventory)
    forget()
    began = time.perf_counter()
    warm_up(home)
    cold = (time.perf_counter() - began) * 1000
    ours, theirs = (lambda text: recognise(text, home)), bare(inventory)
    for text in SENTENCES:
        ours(text), theirs(text)
    walls, cpus, ratios = [], [], []
    for _ in range(PASSES):
        mine = other = 0.0
        for text in SENTENCES:
            wall, cpu = timed(ours, text)
            walls.append(wall)
            cpus.append(cpu)
            mine += cpu
            other += timed(theirs, text)[1]
        ratios.append(other / mine)
    times = {"wall_ms": walls, "cpu_ms": cpus}
    percent = {f"{kind}_{rank}": round(value, 2) for kind, values in times.items() for rank, value in ranks(values)}
    low, high = interval(ratios, draws=1000, seed=1)
    result = {
        "entities": len(inventory.entities),
        "sentences": len(SENTENCES),
        "recognised": sum(recognise(text, home) is not None for text in SENTENCES),
        "warm_up_ms": round(cold, 1),
        **percent,
        "bare_hassil_over_ours": round(statistics.median(ratios), 2),
        "interval_95": [round(low, 2), round(high, 2)],
    }
    print(keep("intents", result))


if __name__ == "__main__":
    main()
