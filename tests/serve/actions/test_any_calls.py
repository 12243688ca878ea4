"""Whatever is called, in whatever order: every state stays one that its domain has, and only ActionErrors are raised."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.action import ServiceCall
from schemas.conversation import call
from schemas.errors import ActionError
from schemas.inventory import Inventory
from serve.actions.domains import DOMAINS, domain_of
from serve.actions.home import SimulatedHome
from serve.actions.tools import TOOLS, plan
from tests.serve.actions.conftest import USER, Clock

NAMES = ("Counter lamp", "moon", "Kettle", "Hood", "Left blind", "Garage door", "Back door", "Radiator", "Radio", "Rolf")
PLACES = ("Kitchen", "bath", "upstairs", "Ground floor", "Laundry", "Welcome", "Evening", "Bell", "Chores", "nowhere", "all")
values = (
    st.sampled_from((*NAMES, *PLACES))
    | st.integers(-5, 110)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(max_size=8)
    | st.lists(st.sampled_from(("light", "cover", "lock", "on", "blind")), max_size=2)
    | st.sampled_from(("light", "fan", "cover", "up", "down", "red", "blind"))
)
names = st.sampled_from(sorted({name for tool in TOOLS.values() for name in tool.arguments.model_fields}))


def likely(tool: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Arguments that the tool declares, most often of a kind that it takes, and now and then another."""
    properties = TOOLS[tool].declared().function.properties()
    fitting: dict[str, st.SearchStrategy[Any]] = {}
    for name, schema in properties.items():
        kind = schema.get("type")
        numbers = st.integers(0, 100) if kind == "integer" else st.floats(5, 30)
        texts = st.sampled_from(schema["enum"]) if "enum" in schema else st.sampled_from((*NAMES, *PLACES))
        fitting[name] = st.one_of(numbers if kind in ("integer", "number") else texts, values)
    return st.tuples(st.just(tool), st.fixed_dictionaries({}, optional=fitting))


calls = st.sampled_from(sorted(TOOLS)).flatmap(likely)
anything = st.tuples(st.sampled_from(sorted(TOOLS)), st.dictionaries(names, values, max_size=4))
steps = st.lists(calls | calls | anything | st.floats(0, 4000), max_size=12)


def valid(home: SimulatedHome) -> None:
    for entity in home.entities():
        assert domain_of(entity.domain).verify(entity) == entity
    assert Inventory.model_validate(home.snapshot().model_dump()) == home.snapshot()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=steps)
def test_any_sequence_of_tool_calls(inventory: Inventory, steps: list[Any]) -> None:
    clock = Clock()
    home = SimulatedHome(inventory, clock)
    for step in steps:
        if isinstance(step, float):
            clock.forward(step)
            home.elapse()
            continue
        before = home.content_hash()
        try:
            made = plan(call(*step), home, USER)
            assert home.content_hash() == before
            promised = home.preview(*made.calls, new=made.new)
            assert home.apply(*made.calls, new=made.new) == promised
            made.say(home)
        except ActionError:
            assert home.content_hash() == before
        valid(home)


takes = sorted({key for domain in DOMAINS.values() for service in domain.services.values() for key in service.takes})
services = st.builds(
    ServiceCall,
    service=st.sampled_from(sorted({name for domain in DOMAINS.values() for name in domain.services})),
    entity_id=st.text(max_size=5),
    data=st.dictionaries(st.sampled_from(takes), values, max_size=3),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(wanted=st.lists(services, max_size=10), index=st.integers(0, 100))
def test_any_sequence_of_services(inventory: Inventory, wanted: list[ServiceCall], index: int) -> None:
    home = SimulatedHome(inventory, Clock())
    ids = [entity.id for entity in home.entities()]
    for number, service in enumerate(wanted):
        domain_fits = [name for name in ids if service.service in domain_of(name.partition(".")[0]).services]
        target = (domain_fits or ids)[(index + number) % len(domain_fits or ids)]
        try:
            home.apply(service.model_copy(update={"entity_id": target}))
        except ActionError:
            continue
        valid(home)
