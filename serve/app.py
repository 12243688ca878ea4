"""The application graph that Ray Serve runs, on one screen; serve/config.py sizes it.

client --HTTP--> proxy --> Gateway (doors, limits, OpenAI shapes, the assist turn) --handle--> Llm (one model a replica)
                                                                             `----handle--> Home (one: states, policy, log)
"""

from __future__ import annotations

from typing import Any

from ray.serve import Application

from serve.deployments import Gateway, Llm, OneHome


def build(args: dict[str, Any]) -> Application:
    """The application; its settings arrive as user_config, so that a roll-out never restarts a process."""
    return Gateway.bind(Llm.bind(), OneHome.bind())
