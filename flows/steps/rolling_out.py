"""Rolling a version out: apply the Serve config, wait until every replica answers with it, or go back.

The running application loads the new version beside the old, so a roll-out loses no request; one that fails leaves the
old version answering. The last config that worked lies in ROTTIE_HOME/serve/config.json.
Does not cover the swap itself: that is serve/holding.py.
"""

from __future__ import annotations

import fcntl
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.steps.serving_api import Api, Dashboard
from schemas.artifacts import ModelRef
from schemas.assistant import Assistant, Stt, Tts
from schemas.errors import ConfigError, RollOutFailed, RottieError, StackDown
from schemas.hashing import content_id, write_atomic
from schemas.inventory import Inventory
from schemas.loading import load
from schemas.profile import Profile
from schemas.settings import Home
from serve.api.doors import ensure_key
from serve.config import serve_config, wish_of
from serve.holding import Wish

log = logging.getLogger("rottie.rollout")
TIMEOUT_S = 300.0
POLL_S = 0.5
SECTIONS: dict[str, type[Stt] | type[Tts]] = {"Stt": Stt, "Tts": Tts, "SttSecond": Stt, "TtsSecond": Tts}


def roll_out(ref: ModelRef | None, assistant: Assistant, profile: Profile, home: Home, timeout_s: float = TIMEOUT_S) -> None:
    """Make ``assistant`` answer with ``ref`` (None: with no model yet) on the Serve that the environment names.

    Raises RollOutFailed when that is not reached, after applying the previous config again.
    """
    wish = wish_of(ref, assistant, inventory_of(assistant))
    apply(serve_config(wish, assistant, profile, home.root), home, timeout_s)


def apply_last(home: Home, profile: Profile | None = None, timeout_s: float = TIMEOUT_S) -> bool:
    """Apply the last good config again, as after a restart of the stack. False where nothing was ever rolled out.

    ``profile`` gives the address to listen on, which may have changed since; the kept config then names it too, so that a
    roll-out that fails later goes back to where Serve listens.
    """
    with _alone(home):
        config = last_good(home)
        if config is None:
            return False
        if profile is not None and _readdressed(config, profile):
            _keep(config, home)
        ensure_key(home.api_key)
        _reach(config, home, timeout_s)
        return True


def _readdressed(config: dict[str, Any], profile: Profile) -> bool:
    """Write the address of ``profile`` into ``config``; False where it was there already."""
    options = config.setdefault("http_options", {})
    address = {"host": profile.stack.host, "port": profile.stack.ports.api}
    changed = any(options.get(name) != value for name, value in address.items())
    options |= address
    return changed


def _keep(config: dict[str, Any], home: Home) -> None:
    write_atomic(home.serve_config, json.dumps(config, indent=2, ensure_ascii=False) + "\n", mode=0o600)


def last_good(home: Home) -> dict[str, Any] | None:
    try:
        return json.loads(home.serve_config.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        hint = "Delete the file; the next promotion writes it again."
        raise ConfigError("the last Serve config is not JSON", where=str(home.serve_config), hint=hint) from error


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One roll-out at a time on this installation; the lock ends with its process, however that ends."""
    home.serve_config.parent.mkdir(parents=True, exist_ok=True)
    with (home.serve_config.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def inventory_of(assistant: Assistant) -> Inventory | None:
    if assistant.inventory is None:
        return None
    return load(Inventory, assistant.inventory).value


def apply(config: dict[str, Any], home: Home, timeout_s: float = TIMEOUT_S) -> None:
    """Apply ``config`` and keep it as the last good one; on failure apply the one before it, and raise RollOutFailed.

    Raises StackDown where Ray does not answer at all: then there is nothing to go back on, and the last good config is what
    the stack applies when it comes back.
    """
    ensure_key(home.api_key)
    with _alone(home):
        before = last_good(home)
        if before == config and _is_there(config, home):
            return
        try:
            _reach(config, home, timeout_s)
        except StackDown:
            raise
        except RottieError as error:
            back = _go_back(before, home, timeout_s) if before is not None else "there was no version before it"
            raise RollOutFailed(f"{error.message}; {back}", where=error.where or "serve") from error
        _keep(config, home)


def _go_back(before: dict[str, Any], home: Home, timeout_s: float) -> str:
    """Apply ``before`` and tell, as a clause, what came of it."""
    try:
        _reach(before, home, timeout_s)
    except RottieError as error:
        log.error("going back failed too: %s", error)
        return f"going back failed too: {error.message}"
    return "the previous version answers again"


def wish_in(config: dict[str, Any]) -> Wish:
    deployments = config["applications"][0]["deployments"]
    return Wish.model_validate(next(item for item in deployments if item["name"] == "Llm")["user_config"])


def _is_there(config: dict[str, Any], home: Home) -> bool:
    """Whether every replica answers with ``config`` already, so that nothing need be sent."""
    wish = wish_in(config)
    with Api.of(config, home.api_key) as api:
        told = api.statuses()
    states = told.get("Llm", [])
    there = len(states) >= _replicas(config, "Llm") and all(s["reached"] and s["wanted"] == wish.generation for s in states)
    return there and not _unsettled(config, told)


def _replicas(config: dict[str, Any], name: str) -> int:
    return next(item for item in config["applications"][0]["deployments"] if item["name"] == name)["num_replicas"]


def _reach(config: dict[str, Any], home: Home, timeout_s: float) -> None:
    """Send ``config``, then poll until Serve reports it running, every replica of the model answers with it and decodes, and
    the recogniser and the voice are loaded. One that cannot be loaded is told in the log: without it there is text.
    """
    deadline = time.monotonic() + timeout_s
    wish = wish_in(config)
    with Dashboard.current(deadline) as dashboard, Api.of(config, home.api_key) as api:
        dashboard.put(config)
        while missing := _missing(dashboard, api, wish, config):
            if time.monotonic() >= deadline:
                raise RollOutFailed(f"not reached after {timeout_s:g} s: {missing}", where="serve")
            time.sleep(POLL_S)
        _tell_silent(api.statuses())
        if wish.model is not None:
            api.decode(wish.model)


def _missing(dashboard: Dashboard, api: Api, wish: Wish, config: dict[str, Any]) -> str:
    """What is not yet as it should be, as a clause; empty when all is. Raises once it can not become so."""
    application = dashboard.application()
    if application is None:
        return "Serve does not know the application yet"
    if application["status"] == "DEPLOY_FAILED":
        raise RollOutFailed(f"Serve could not start it: {first_line(application['message'])}", where="serve")
    if application["status"] != "RUNNING":
        return f"the application is {application['status']}"
    everyone = api.statuses()
    states, replicas = everyone.get("Llm", []), _replicas(config, "Llm")
    told = [state for state in states if state["wanted"] == wish.generation]
    for state in told:
        if state["error"] is not None:
            raise RollOutFailed(f"a replica could not load it: {state['error']['message']}", where=state["error"]["where"])
    there = sum(state["reached"] for state in told)
    if there < replicas or len(told) != len(states):
        return f"{there} of {replicas} replicas answer with it"
    return _unsettled(config, everyone)


def _unsettled(config: dict[str, Any], told: dict[str, list[dict[str, Any]]]) -> str:
    """Which of the recogniser and the voice is still loading, as a clause; empty where none is."""
    for item in config["applications"][0]["deployments"]:
        # A gateway from before there was speech to tell of names neither.
        if item["name"] not in SECTIONS or item["name"] not in told:
            continue
        wanted = content_id(SECTIONS[item["name"]].model_validate(item["user_config"]))
        states = [state for state in told[item["name"]] if state["wanted"] == wanted]
        settled = sum(state["reached"] or state["error"] is not None for state in states)
        if settled < item["num_replicas"] or len(states) != len(told[item["name"]]):
            return f"{settled} of {item['num_replicas']} replicas of {item['name']} have loaded it"
    return ""


def _tell_silent(told: dict[str, list[dict[str, Any]]]) -> None:
    for name in SECTIONS:
        for state in told.get(name, []):
            if state["error"] is not None:
                log.warning("%s is not there, the rest answers: %s", name, state["error"]["message"])


def first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines or ["no reason given"])[-1][:300]
