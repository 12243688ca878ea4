"""The programs of the local stack, each as a command line, and how the supervisor treats it."""

from __future__ import annotations

import configparser
import io
import os
import sys
from dataclasses import dataclass, field

from rottie.stack import haproxy
from rottie.stack.keys import MLFLOW_USER, mlflow_auth_db, mlflow_password_path, mlflow_session_path, prefect_auth_path, read_key
from rottie.stack.places import haproxy_folder, ray_session
from rottie.stack.ports import reachable
from rottie.stack.serving import SERVING
from schemas.hashing import write_atomic
from schemas.profile import Profile, Wyoming
from schemas.settings import Home

LEAST_CPUS = 4  # Ray's own accounting: a training job, its workers and Serve's replicas each reserve a part


@dataclass(frozen=True)
class Program:
    """``settings`` are non-secret variables of this program alone; secrets come with the supervisor's environment."""

    name: str
    command: tuple[str, ...]
    autostart: bool = True
    stop_wait_s: int = 8
    stop_group: bool = True  # TERM to the whole process group, not only to the first process
    settings: dict[str, str] = field(default_factory=dict)


def programs(home: Home, profile: Profile) -> tuple[Program, ...]:
    always = (_ray(home, profile), _prefect(profile), _mlflow(home, profile), _worker(profile), _watcher())
    return (*always, _wyoming(profile, profile.stack.wyoming)) if profile.stack.wyoming else always


def _launch(service: str, *command: str) -> tuple[str, ...]:
    """The command, after the leftovers of the same service have been ended (see rottie.stack.launching)."""
    return (sys.executable, "-m", "rottie.stack.launching", service, *command)


def _ray(home: Home, profile: Profile) -> Program:
    stack, ports = profile.stack, profile.stack.ports
    command = _launch(
        "ray",
        *(sys.executable, "-m", "rottie.stack.ray_head", "start", "--head", "--block", "--disable-usage-stats"),
        f"--node-ip-address={stack.host}",
        f"--port={ports.ray_gcs}",
        "--include-dashboard=true",
        f"--dashboard-host={stack.host}",
        f"--dashboard-port={ports.ray_dashboard}",
        "--dashboard-agent-listen-port=0",  # the default, 52365, would clash with a second Ray on this machine
        f"--num-cpus={stack.ray_cpus or max(LEAST_CPUS, os.cpu_count() or 1)}",
        f"--object-store-memory={stack.object_store_mb * 2**20}",
        f"--temp-dir={ray_session(home)}",
        "--log-color=false",
        "--no-monitor",  # of the autoscaler, which has nothing to scale on one machine
    )
    settings = {**SERVING, **(haproxy.settings(haproxy_folder(home)) if stack.proxy == "haproxy" else {})}
    # `ray start` ends its children in order; when all get TERM at once it waits for ever for some of them.
    # Draining the node can take half a minute while Serve runs; what is left after some seconds gets KILL.
    return Program("ray", command, stop_wait_s=5, stop_group=False, settings=settings)


def _prefect(profile: Profile) -> Program:
    host, port = profile.stack.host, profile.stack.ports.prefect
    command = _launch(
        "prefect", sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port), "--analytics-off"
    )
    settings = {"PREFECT_UI_API_URL": f"http://{host}:{port}/api", "PREFECT_LOGGING_SERVER_LEVEL": "WARNING"}
    return Program("prefect", command, settings=settings)


def _mlflow(home: Home, profile: Profile) -> Program:
    host, port = profile.stack.host, profile.stack.ports.mlflow
    command = _launch(
        "mlflow",
        *(sys.executable, "-m", "rottie.stack.tracking", "server", "--app-name=basic-auth"),
        f"--backend-store-uri=sqlite:///{home.mlflow_db}",
        "--serve-artifacts",
        f"--artifacts-destination={home.artifacts}",
        f"--host={host}",
        f"--port={port}",
        "--workers=1",
        f"--allowed-hosts=localhost:{port},{host}:{port}",
        "--uvicorn-opts=--log-level=warning",
    )
    settings = {
        "MLFLOW_AUTH_CONFIG_PATH": str(mlflow_auth_config(home)),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its job runners are seven more processes
    }
    return Program("mlflow", command, settings=settings)


def _worker(profile: Profile) -> Program:
    pool = profile.stack.work_pool
    command = ("-m", "prefect", "worker", "start", "--pool", pool, "--type", "process", "--name", "local")
    return Program("worker", (sys.executable, *command, "--install-policy", "never"), autostart=False, stop_wait_s=6)


def _watcher() -> Program:
    return Program("watcher", (sys.executable, "-m", "rottie.stack.watching"), stop_wait_s=3)


def _wyoming(profile: Profile, wyoming: Wyoming) -> Program:
    stack = profile.stack
    command = _launch(
        "wyoming",
        *(sys.executable, "-m", "rottie.wyoming.bridge"),
        f"--host={wyoming.host or stack.host}",
        f"--port={stack.ports.wyoming}",
        f"--api=http://{reachable(stack.host)}:{stack.ports.api}",
        *([f"--wake={wyoming.wake}"] if wyoming.wake else []),
    )
    return Program("wyoming", command, stop_wait_s=3)


def mlflow_auth_config(home: Home) -> os.PathLike[str]:
    return home.run / "mlflow_auth.ini"


def write_mlflow_auth(home: Home) -> None:
    """MLflow's own users file; the administrator's password comes from the environment, not from here."""
    config = configparser.ConfigParser(interpolation=None)
    config["mlflow"] = {
        "default_permission": "NO_PERMISSIONS",
        "database_uri": f"sqlite:///{mlflow_auth_db(home)}",
        "admin_username": MLFLOW_USER,
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        # Hashing the password takes tens of milliseconds; one worker, so no other process can hold a stale entry.
        "auth_cache_ttl_seconds": "300",
    }
    text = io.StringIO()
    config.write(text)
    write_atomic(home.run / "mlflow_auth.ini", text.getvalue(), 0o600)


def server_secrets(home: Home) -> dict[str, str]:
    """What the servers themselves need besides the clients' environment."""
    return {
        "PREFECT_SERVER_API_AUTH_STRING": read_key(prefect_auth_path(home)),
        "MLFLOW_AUTH_ADMIN_PASSWORD": read_key(mlflow_password_path(home)),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": read_key(mlflow_session_path(home)),
    }
