"""Whether each service of the stack really answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx
from wyoming.event import read_event, write_event
from wyoming.ping import Ping

from rottie.stack.ports import reachable
from rottie.stack.recording import Record
from schemas.profile import Profile

SERVICES = ("ray", "prefect", "mlflow", "worker")  # of every stack
STALE_HEARTBEAT_S = 120  # a worker sends one every 30 s


@dataclass(frozen=True)
class Health:
    healthy: bool
    detail: str = ""


def services(profile: Profile) -> tuple[str, ...]:
    return (*SERVICES, "wyoming") if profile.stack.wyoming else SERVICES


def check(service: str, record: Record, variables: Mapping[str, str], timeout_s: float = 4) -> Health:
    """Ask ``service`` in its own words; a refused connection, a wrong status or a late answer is unhealthy, never raised."""
    try:
        # All on loopback, without TLS: reading the authorities' certificates would cost more than the question.
        with httpx.Client(timeout=timeout_s, trust_env=False, verify=False) as client:  # noqa: S501
            return _CHECKS[service](client, record, variables)
    except (httpx.HTTPError, OSError, ValueError, KeyError) as error:
        return Health(False, type(error).__name__ if not str(error) else str(error)[:120])


def ray_headers(variables: Mapping[str, str]) -> dict[str, str]:
    path = variables.get("RAY_AUTH_TOKEN_PATH")
    return {"Authorization": f"Bearer {Path(path).read_text().strip()}"} if path else {}


def prefect_client(variables: Mapping[str, str], timeout_s: float = 10) -> httpx.Client:
    user, _, password = variables.get("PREFECT_API_AUTH_STRING", "").partition(":")
    auth = httpx.BasicAuth(user, password) if user else None
    address = variables["PREFECT_API_URL"]
    verify = address.startswith("https:")  # without TLS there is nothing to verify, and certificates are slow to read
    return httpx.Client(base_url=address, auth=auth, timeout=timeout_s, trust_env=False, verify=verify)


def _ray(client: httpx.Client, record: Record, variables: Mapping[str, str]) -> Health:
    address = record.urls["ray"]
    gcs = client.get(f"{address}/api/gcs_healthz")
    if gcs.status_code != 200:
        return Health(False, f"GCS: {gcs.status_code}")
    # The node list is empty until the raylet has joined: a head without one accepts jobs and runs none.
    nodes = client.get(f"{address}/nodes", params={"view": "summary"}, headers=ray_headers(variables))
    nodes.raise_for_status()
    alive = [n for n in nodes.json()["data"]["summary"] if n.get("raylet", {}).get("state") == "ALIVE"]
    return Health(bool(alive), "" if alive else "no living node")


def _prefect(client: httpx.Client, record: Record, variables: Mapping[str, str]) -> Health:
    answer = client.get(f"{record.urls['prefect']}/api/ready")
    return Health(answer.status_code == 200, "" if answer.status_code == 200 else str(answer.status_code))


def _mlflow(client: httpx.Client, record: Record, variables: Mapping[str, str]) -> Health:
    answer = client.get(f"{record.urls['mlflow']}/health")
    return Health(answer.status_code == 200, "" if answer.status_code == 200 else str(answer.status_code))


def _worker(client: httpx.Client, record: Record, variables: Mapping[str, str]) -> Health:
    with prefect_client(variables, 4) as prefect:
        answer = prefect.post(f"/work_pools/{record.profile.stack.work_pool}/workers/filter", json={})
    if answer.status_code == 404:
        return Health(False, "no work pool yet")
    answer.raise_for_status()
    # One that an earlier start of the stack left is ONLINE for a while longer.
    beats = [age for row in answer.json() if (age := _age_s(row)) < time.time() - record.started]
    if not beats:
        return Health(False, "no heartbeat")
    return Health(min(beats) < STALE_HEARTBEAT_S, f"last heartbeat {min(beats):.0f} s ago")


def _api(client: httpx.Client, record: Record, variables: Mapping[str, str]) -> Health:
    answer = client.get(f"{record.urls['api']}/healthz")
    return Health(answer.status_code == 200, "" if answer.status_code == 200 else str(answer.status_code))


def _wyoming(client: httpx.Client, record: Record, variables: Mapping[str, str]) -> Health:
    host, port = record.profile.stack.listening["wyoming"]
    with (
        socket.create_connection((reachable(host), port), timeout=client.timeout.read) as connection,
        connection.makefile("rwb") as stream,
    ):
        both = cast(BinaryIO, stream)
        write_event(Ping().event(), both)
        return Health(read_event(both) is not None)  # also one that says that too many are connected


def _age_s(worker: Mapping[str, Any]) -> float:
    seen = datetime.fromisoformat(worker["last_heartbeat_time"].replace("Z", "+00:00"))
    return (datetime.now(UTC) - seen).total_seconds()


_CHECKS = {"ray": _ray, "prefect": _prefect, "mlflow": _mlflow, "worker": _worker, "api": _api, "wyoming": _wyoming}
