"""The application graph that Ray Serve runs, on one screen; serve/config.py sizes it.

client --HTTP--> proxy --> Gateway (doors, limits, OpenAI shapes, the assist turn) --handle--> Llm (one model a replica)
                                                                             |----handle--> Home (one: states, policy, log)
                                                                             |----handle--> Stt (recordings to words)
                                                                             |                 SttSecond, where that one fails
                                                                             `----handle--> Tts (words to recordings)
                                                                                               TtsSecond, where that one fails
"""

from __future__ import annotations

from typing import Any

from ray.serve import Application

from serve.deployments import Gateway, Llm, OneHome, Stt, Tts

SPEECH = {
    "stt": Stt,
    "tts": Tts,
    "stt_second": Stt.options(name="SttSecond"),
    "tts_second": Tts.options(name="TtsSecond"),
}


def build(args: dict[str, Any]) -> Application:
    """The application with those ``stages`` that the assistant has; a stage that is left out costs its ability alone.

    Settings arrive as user_config, so that a roll-out never restarts a process.
    """
    stages = {name: stage.bind() for name, stage in SPEECH.items() if stage.name in args.get("stages", ())}
    return Gateway.bind(Llm.bind(), OneHome.bind(), **stages)
