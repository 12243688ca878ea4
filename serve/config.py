"""The Serve config of an assistant: what PUT /api/serve/applications/ of the Ray dashboard takes.

Everything that differs between two roll-outs of an assistant stands in user_config, which Serve hands to running
replicas; a change anywhere else restarts them. Secrets never stand here: replicas have them from Ray's environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.action import Actor
from schemas.artifacts import ModelRef
from schemas.assistant import Assistant, RecogniserChoice, VoiceChoice
from schemas.inventory import Inventory
from schemas.profile import Profile
from serve.holding import Wish

APPLICATION = "rottie"
IMPORT_PATH = "serve.app:build"
# The proxy's options cannot change while it runs, so this is the same for every assistant: a net under the gateway's own
# limit, which ends a late turn with a proper error.
PROXY_TIMEOUT_S = 900.0
_WATCHED = {"graceful_shutdown_wait_loop_s": 1, "health_check_period_s": 5, "health_check_timeout_s": 30}  # every deployment
_LOGGING = {"encoding": "JSON", "log_level": "INFO", "enable_access_log": True}
# What reaches them came through the gateway, which logs each request once.
_BEHIND = {**_WATCHED, "logging_config": {**_LOGGING, "enable_access_log": False}}


def wish_of(ref: ModelRef | None, assistant: Assistant, inventory: Inventory | None) -> Wish:
    return Wish(model=ref, alias=assistant.alias, engine=assistant.engine, inventory=inventory)


def serve_config(wish: Wish, assistant: Assistant, profile: Profile, root: Path) -> dict[str, Any]:
    """The whole config as JSON data. ``root`` is ROTTIE_HOME as the replicas see it."""
    # The local stack starts Ray with these already; naming them again would make Ray start fresh processes for replicas
    # in place of the ones it keeps ready.
    speech = _speech(assistant)
    environment = {} if profile.stack.local else {"env_vars": {"ROTTIE_HOME": str(root), "OMP_NUM_THREADS": "1"}}
    return {
        "proxy_location": "HeadOnly" if profile.stack.local else "EveryNode",
        "http_options": {
            "host": profile.stack.host,
            "port": profile.stack.ports.api,
            "request_timeout_s": PROXY_TIMEOUT_S,
        },
        "logging_config": _LOGGING,
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": "/",
                "import_path": IMPORT_PATH,
                "runtime_env": environment,
                # A stage that is off has no process; switching one on or off builds the application anew.
                "args": {"stages": [item["name"] for item in speech]},
                "deployments": [_gateway(assistant, profile), _llm(wish, assistant), _home(wish, assistant), *speech],
            }
        ],
    }


def _gateway(assistant: Assistant, profile: Profile) -> dict[str, Any]:
    return {
        "name": "Gateway",
        "num_replicas": 1,
        "user_config": {
            "limits": assistant.limits.model_dump(mode="json"),
            "host": profile.stack.host,
            "alias": assistant.alias,
            "tiers": assistant.tiers.model_dump(mode="json"),
            "rounds": assistant.rounds,
            "ask_again": assistant.ask_again,
            "sure": assistant.sure,
            "conversations": assistant.conversations.model_dump(mode="json"),
            "origins": list(assistant.origins),
            "actor": Actor(id="api", role=assistant.role, language=assistant.language).model_dump(mode="json"),
            "stt": assistant.stt and assistant.stt.model_dump(mode="json"),
            "tts": assistant.tts and assistant.tts.model_dump(mode="json"),
            "talk": assistant.talk.model_dump(mode="json"),
        },
        # It only waits for others; what bounds the work is the model's queue.
        "max_ongoing_requests": 1000,
        "max_queued_requests": 100,
        "backpressure_config": {"status_code": 503, "retry_after_s": 1},
        "ray_actor_options": {"num_cpus": 0.1},
        **_WATCHED,
        "graceful_shutdown_timeout_s": 20,
        "max_surge_percent": 100,
    }


def _llm(wish: Wish, assistant: Assistant) -> dict[str, Any]:
    options: dict[str, Any] = {"num_cpus": 0.1}
    if assistant.engine.gpu_layers:
        # Ray hides the GPU from an actor that asks for none; a small share leaves the rest to training.
        options["num_gpus"] = 0.1
    return {
        "name": "Llm",
        "num_replicas": assistant.replicas,
        "user_config": wish.model_dump(mode="json"),
        "max_ongoing_requests": assistant.engine.slots,
        "max_queued_requests": assistant.limits.queue,
        "ray_actor_options": options,
        **_BEHIND,
        "graceful_shutdown_timeout_s": assistant.limits.timeout_s,
        "max_surge_percent": 100,
    }


def _home(wish: Wish, assistant: Assistant) -> dict[str, Any]:
    kept = {
        "inventory": (wish.inventory or Inventory()).model_dump(mode="json"),
        "home": assistant.home.model_dump(mode="json"),
        "tools": assistant.tools.model_dump(mode="json"),
        "language": assistant.language,
        "intents": assistant.tiers.intents,
        "act": assistant.act,
        "policy": assistant.policy.model_dump(mode="json"),
        "servers": [server.model_dump(mode="json") for server in assistant.servers],
        "plugins": list(assistant.plugins),
    }
    return {
        "name": "Home",
        # One owner of the states; and no surge: the old one has ended before a new one reads them.
        "num_replicas": 1,
        "user_config": kept,
        "max_ongoing_requests": 100,
        "max_queued_requests": assistant.limits.queue,
        "ray_actor_options": {"num_cpus": 0.1},
        **_BEHIND,
        "graceful_shutdown_timeout_s": 20,
    }


def _speech(assistant: Assistant) -> list[dict[str, Any]]:
    """The recogniser and the voice, where the assistant has them, and what stands in for them, in processes of its own."""
    stt, tts = assistant.stt, assistant.tts
    sections = {"Stt": stt, "Tts": tts, "SttSecond": stt and stt.second, "TtsSecond": tts and tts.second}
    return [_stage(name, section, assistant) for name, section in sections.items() if section is not None]


def _stage(name: str, section: RecogniserChoice | VoiceChoice, assistant: Assistant) -> dict[str, Any]:
    """Each replica works on one thing at a time; the rest wait beside it."""
    return {
        "name": name,
        "num_replicas": section.replicas,
        # Of its second a stage knows nothing: another one there is no reason to load anything here.
        "user_config": section.model_dump(mode="json", exclude={"second"}),
        "max_ongoing_requests": 4,
        "max_queued_requests": assistant.limits.queue,
        "ray_actor_options": {"num_cpus": 0.1},
        **_BEHIND,
        "graceful_shutdown_timeout_s": 20,
        "max_surge_percent": 100,
    }
