"""Who may do what. The properties hold for any request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.action import Actor, Change, EntityState, Risk, Role, ServiceCall
from schemas.policy import Bounds, Grant, Rules
from serve.actions.policy import Asked, Policy, decide, risk_of
from tests.serve.actions.conftest import ADMIN, GUEST, USER, Clock

ROLES, RISKS = get_args(Role), get_args(Risk)
UNLOCK = (ServiceCall(service="unlock", entity_id="lock.back"),)


def asked(actor: Actor, risk: Risk = "write", calls: tuple[ServiceCall, ...] = (), **arguments: Any) -> Asked:
    return Asked(actor, "HassTurnOff", arguments, risk, calls)


def change(entity_id: str, before: str, after: str, **attributes: Any) -> Change:
    return Change(
        entity_id=entity_id,
        before=EntityState(state=before, attributes=attributes),
        after=EntityState(state=after, attributes=attributes),
    )


def test_risk_follows_what_changes() -> None:
    rules = Rules(irreversible=frozenset({"button.launch"}))
    assert risk_of(rules, "read", (), ()) == "read"
    assert risk_of(rules, "write", (), (change("light.a", "off", "on"),)) == "write"
    assert risk_of(rules, "write", (), (change("lock.a", "locked", "unlocked"),)) == "irreversible"
    assert risk_of(rules, "write", (), (change("lock.a", "unlocked", "locked"),)) == "write"
    assert risk_of(rules, "write", (), (change("cover.g", "closed", "open", device_class="garage"),)) == "irreversible"
    assert risk_of(rules, "write", (), (change("cover.b", "closed", "open", device_class="blind"),)) == "write"
    assert risk_of(rules, "write", (ServiceCall(service="press", entity_id="button.launch"),), ()) == "irreversible"


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (("open", 1), ("open", 100), "irreversible"),
        (("closed", 0), ("open", 5), "irreversible"),
        (("open", 100), ("open", 40), "write"),
        (("open", 30), ("closed", 0), "write"),
        (("open", None), ("closed", None), "write"),
        (("closed", None), ("open", None), "irreversible"),
    ],
)
def test_a_garage_that_opens_further_is_open(before: tuple[str, int | None], after: tuple[str, int | None], risk: Risk) -> None:
    def state(told: tuple[str, int | None]) -> EntityState:
        return EntityState(state=told[0], attributes={"device_class": "garage", "current_position": told[1]})

    moved = Change(entity_id="cover.garage", before=state(before), after=state(after))
    assert risk_of(Rules(), "write", (), (moved,)) == risk


def test_roles() -> None:
    rules = Rules()
    assert decide(rules, asked(GUEST), 0, False).verdict == "allowed"
    assert decide(rules, asked(GUEST, "write", UNLOCK), 0, False).reason == "guest may not act on lock"
    assert decide(rules, asked(GUEST, "irreversible"), 0, True).verdict == "denied"
    assert decide(rules, asked(USER, "irreversible"), 0, False).verdict == "confirm"
    assert decide(rules, asked(USER, "irreversible"), 0, True).verdict == "allowed"
    assert decide(Rules(unconfirmed=frozenset({"admin"})), asked(ADMIN, "irreversible"), 0, False).verdict == "allowed"


def test_limits_of_arguments_areas_and_numbers() -> None:
    grant = Grant(
        risks=frozenset({"write"}),
        bounds={"HassTurnOff.level": Bounds(low=5, high=10)},
        areas=frozenset({"kitchen"}),
        denied_tools=frozenset({"HassTurnOn"}),
    )
    rules = Rules(roles={"user": grant}, entities=1)
    assert decide(rules, asked(USER, level=5), 0, False).verdict == "allowed"
    assert "5 to 10" in decide(rules, asked(USER, level=11), 0, False).reason
    assert decide(rules, Asked(USER, "HassTurnOn", {}, "write"), 0, False).verdict == "denied"
    outside = Asked(USER, "HassTurnOff", {}, "write", UNLOCK, areas=frozenset({"bath"}))
    assert "kitchen only" in decide(rules, outside, 0, False).reason
    many = Asked(USER, "x", {}, "write", (*UNLOCK, ServiceCall(service="lock", entity_id="lock.b")), areas=frozenset({"kitchen"}))
    assert "1 things, not 2" in decide(rules, many, 0, False).reason
    assert decide(rules, asked(GUEST), 0, False).verdict == "denied"


def test_confirmations_are_bound_timed_and_good_once(clock: Clock) -> None:
    policy = Policy(clock=clock)
    wanted = asked(USER, "irreversible", UNLOCK, name="back door")
    token = policy.judge(wanted).confirmation
    assert token
    other_words = asked(USER, "irreversible", UNLOCK, name="Back door")
    other_thing = asked(USER, "irreversible", (ServiceCall(service="unlock", entity_id="lock.x"),), name="back door")
    other_person = asked(Actor(id="eve"), "irreversible", UNLOCK, name="back door")
    for other in (other_words, other_thing, other_person):
        assert policy.judge(other, token).verdict == "confirm"
    assert policy.judge(wanted, "guess").verdict == "confirm"
    assert policy.judge(wanted, token).verdict == "allowed"
    assert policy.judge(wanted, token).verdict == "confirm"
    late = policy.judge(wanted).confirmation
    clock.forward(121)
    assert policy.judge(wanted, late).verdict == "confirm"


def test_rates_are_kept_by_actor_and_by_minute(clock: Clock) -> None:
    policy = Policy(Rules(roles={"user": Grant(risks=frozenset({"write"}), per_minute=3)}), clock)
    assert [policy.judge(asked(USER)).code for _ in range(5)] == ["ok"] * 3 + ["action.rate"] * 2
    assert policy.judge(asked(Actor(id="other"))).code == "ok"
    clock.forward(60)
    assert policy.judge(asked(USER)).code == "ok"


grants = st.builds(
    Grant,
    risks=st.frozensets(st.sampled_from(RISKS)),
    denied_tools=st.frozensets(st.sampled_from(["HassTurnOff", "HassTurnOn"])),
    denied_domains=st.frozensets(st.sampled_from(["lock", "light"])),
    per_minute=st.integers(1, 5),
)
requests = st.builds(
    Asked,
    st.builds(Actor, id=st.sampled_from(["a", "b"]), role=st.sampled_from(ROLES)),
    st.sampled_from(["HassTurnOff", "HassTurnOn"]),
    st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=3),
    st.sampled_from(RISKS),
    st.sampled_from([(), UNLOCK]),
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(ROLES), grants), requests, st.integers(0, 6), st.booleans())
def test_nothing_is_allowed_beyond_the_grant(roles: dict[Any, Grant], wanted: Asked, recent: int, confirmed: bool) -> None:
    rules = Rules(roles=roles)
    decision = decide(rules, wanted, recent, confirmed)
    assert decision == decide(rules, wanted, recent, confirmed)
    if decision.verdict == "denied":
        return
    grant = roles[wanted.actor.role]
    assert wanted.risk in grant.risks
    assert wanted.tool not in grant.denied_tools
    assert not {name.partition(".")[0] for name in wanted.touched} & grant.denied_domains
    assert recent < grant.per_minute
    assert decision.verdict == ("confirm" if wanted.risk == "irreversible" and not confirmed else "allowed")


@settings(max_examples=50)
@given(st.lists(requests, max_size=30))
def test_no_words_raise_rights(stream: list[Asked]) -> None:
    """Whatever a model is talked into calling, what is irreversible never passes without a confirmation of a person."""
    policy = Policy(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for wanted in stream:
        words = " ".join(str(value) for value in wanted.arguments.values())
        decision = policy.judge(wanted, words or None)
        assert not (decision.verdict == "allowed" and wanted.risk == "irreversible")
