"""The Serve config: what Ray accepts, what may change between roll-outs, and the shipped declarations around it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.assistant import Assistant, LlmEngine
from schemas.home_lines import home_lines
from schemas.inventory import Inventory
from schemas.loading import load_assistant, load_inventory
from schemas.profile import Addresses, Ports, Profile, Stack
from serve.config import serve_config, wish_of
from serve.holding import Wish
from tests.serve.speaking import ref

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")  # in Ray
ROOT = Path(__file__).resolve().parents[2]
HOME = Path("/var/rottie")
PROFILE = Profile(name="laptop")


def made(version: str | None = "1", **changes: Any) -> dict[str, Any]:
    assistant = Assistant.model_validate({"name": "test", **changes})
    wish = wish_of(ref(version) if version else None, assistant, Inventory())
    return json.loads(json.dumps(serve_config(wish, assistant, PROFILE, HOME)))


def deployment(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in config["applications"][0]["deployments"] if item["name"] == name)


@pytest.mark.parametrize("version", [None, "1"])
def test_ray_accepts_it_whole(version: str | None) -> None:
    from ray.serve.schema import ServeDeploySchema

    config = made(version, engine={"gpu_layers": 99}, replicas=3, stt={}, tts={})
    checked = ServeDeploySchema.model_validate(config)
    assert checked.http_options.host == "127.0.0.1"
    # The schemas ignore keys they do not know: every key of ours must have arrived.
    for ours, theirs in zip(config["applications"][0]["deployments"], checked.applications[0].deployments, strict=True):
        assert set(ours) <= set(type(theirs).model_fields)
        assert theirs.name == ours["name"]
    assert set(config["http_options"]) <= set(type(checked.http_options).model_fields)
    assert deployment(config, "Llm")["num_replicas"] == 3


def test_names_are_those_of_the_graph() -> None:
    import importlib

    from serve import deployments

    graph = (deployments.Gateway, deployments.Llm, deployments.OneHome, deployments.Stt, deployments.Tts)
    configured = made(stt={}, tts={})["applications"][0]["deployments"]
    assert {stage.name for stage in graph} == {item["name"] for item in configured}  # type: ignore[attr-defined]
    module, _, name = made()["applications"][0]["import_path"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(
    "changes",
    [{"engine": {"threads": 2}}, {"engine": {"context": 256}}, {"limits": {"timeout_s": 5, "max_tokens": 9}}, {"act": False}],
)
def test_a_roll_out_changes_only_what_needs_no_restart(changes: dict[str, Any]) -> None:
    one, two = made("1"), made("2", **changes)
    for config in (one, two):
        for item in config["applications"][0]["deployments"]:
            for light in ("user_config", "graceful_shutdown_timeout_s", "max_ongoing_requests", "max_queued_requests"):
                item.pop(light)  # Serve hands these to running replicas
    assert one == two


def test_the_wish_survives_the_journey() -> None:
    config = made("7", engine={"slots": 2})
    wish = Wish.model_validate(deployment(config, "Llm")["user_config"])
    assert wish.model == ref("7")
    assert wish.engine == LlmEngine(slots=2)
    assert wish.generation == Wish.model_validate_json(wish.model_dump_json()).generation
    other = Wish.model_validate(deployment(made("8", engine={"slots": 2}), "Llm")["user_config"])
    assert other.generation != wish.generation


def test_how_sure_a_model_must_be_reaches_the_gateway() -> None:
    assert deployment(made(sure=0.5), "Gateway")["user_config"]["sure"] == 0.5
    assert deployment(made(), "Gateway")["user_config"]["sure"] == 0


def test_the_home_survives_the_journey() -> None:
    from serve.keeping import HomeWish

    bounds = {"bounds": {"HassLightSet.brightness": {"high": 80}}, "areas": ["kitchen", "hall"]}
    wish = HomeWish.model_validate(deployment(made(act=False, policy={"roles": {"user": bounds}}), "Home")["user_config"])
    assert wish.policy.roles["user"].bounds["HassLightSet.brightness"].high == 80
    assert wish.policy.roles["user"].areas == {"kitchen", "hall"}
    assert not wish.act
    assert wish.inventory == Inventory()


def test_a_stage_of_speech_is_there_where_its_section_is() -> None:
    for changes, stages in (({}, []), ({"stt": {}}, ["Stt"]), ({"stt": {}, "tts": {"replicas": 3}}, ["Stt", "Tts"])):
        application = made(**changes)["applications"][0]
        assert application["args"] == {"stages": stages}
        assert [item["name"] for item in application["deployments"]] == ["Gateway", "Llm", "Home", *stages]
    config = made(stt={"longest_s": 5}, tts={"replicas": 3})
    assert deployment(config, "Tts")["num_replicas"] == 3
    told = deployment(config, "Gateway")["user_config"]["stt"]
    assert deployment(config, "Stt")["user_config"] == {key: value for key, value in told.items() if key != "second"}
    assert deployment(config, "Stt")["user_config"]["longest_s"] == 5


def test_a_second_engine_is_a_deployment_of_its_own() -> None:
    from flows.steps.rolling_out import SECTIONS
    from serve.app import SPEECH

    config = made(stt={"second": {"model": "tiny", "replicas": 2}}, tts={"second": {}})
    application = config["applications"][0]
    assert application["args"] == {"stages": ["Stt", "Tts", "SttSecond", "TtsSecond"]}
    assert {stage.name for stage in SPEECH.values()} == set(application["args"]["stages"]) == set(SECTIONS)
    second = deployment(config, "SttSecond")
    assert (second["num_replicas"], second["user_config"]["model"]) == (2, "tiny")
    # What is told of the second is no reason to load the first again.
    alone = made(stt={}, tts={})
    assert deployment(config, "Stt") == deployment(alone, "Stt")
    assert deployment(config, "Tts") == deployment(alone, "Tts")


def test_no_secret_and_no_foreign_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    text = json.dumps(made())
    assert "hunter2" not in text
    assert "0.0.0.0" not in text


def test_addresses_follow_the_profile() -> None:
    profile = Profile(name="p", stack=Stack(ports=Ports(api=9999)))
    assistant = Assistant(name="test")
    options = serve_config(wish_of(None, assistant, None), assistant, profile, HOME)["http_options"]
    assert (options["host"], options["port"]) == ("127.0.0.1", 9999)
    there = Addresses(prefect="http://p", mlflow="http://m", ray="http://r")
    remote = Profile(name="c", stack=Stack(local=False), addresses=there)
    assert serve_config(wish_of(None, assistant, None), assistant, remote, HOME)["proxy_location"] == "EveryNode"


def test_the_shipped_assistant() -> None:
    assistant = load_assistant("home")
    assert assistant.engine.kind == "xllamacpp"
    home = load_inventory(str(assistant.inventory))
    assert home_lines(home)
    # It travels inside the config, so that no node needs the file.
    config = serve_config(wish_of(ref(), assistant, home), assistant, PROFILE, HOME)
    assert Wish.model_validate(deployment(json.loads(json.dumps(config)), "Llm")["user_config"]).inventory == home


def test_the_cluster_file_fits_rays_schema() -> None:
    import jsonschema
    import ray.autoscaler as autoscaler

    schema = json.loads((Path(autoscaler.__file__).parent / "ray-schema.json").read_text())
    cluster = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())
    jsonschema.validate(cluster, schema)
    kinds = cluster["available_node_types"]
    assert cluster["head_node_type"] in kinds
    assert set(kinds) == {"head", "cpu_worker", "gpu_worker"}
    assert kinds["gpu_worker"]["resources"]["GPU"] >= 1
    assert sum(kind.get("min_workers", 0) for kind in kinds.values()) <= cluster["max_workers"]
    starts = cluster["head_start_ray_commands"] + cluster["worker_start_ray_commands"]
    for command in starts:
        # `ray stop` would end every cluster on the host; the ports must not be among those of Ray's workers.
        assert "ray stop" not in command
        if "ray start" in command:
            assert "RAY_AUTH_MODE=token" in command
            assert "0.0.0.0" not in command


def test_replicas_start_light() -> None:
    """What a replica imports, it holds in memory for good."""
    code = "import sys, serve.app, serve.api.gateway, flows.steps.rolling_out; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    heavy = {"torch", "transformers", "mlflow", "prefect", "great_expectations", "polars", "openai", "xllamacpp"}
    assert heavy & set(done.stdout.split()) == set()
