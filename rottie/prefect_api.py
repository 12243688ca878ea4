"""The few calls of Prefect's REST interface that the command line needs; importing Prefect itself takes seconds."""

from __future__ import annotations

import os
from typing import Any

import httpx

from rottie.stack.health import prefect_client
from schemas.errors import StackDown, StackError


def _post(path: str, body: dict[str, Any]) -> Any:
    try:
        with prefect_client(os.environ) as client:
            answer = client.post(path, json=body)
    except httpx.HTTPError as error:
        raise StackDown("the Prefect server does not answer", where=os.environ["PREFECT_API_URL"]) from error
    if answer.status_code >= 400:
        raise StackError(f"Prefect answered {answer.status_code}: {answer.text[:200]}", where=path)
    return answer.json()


def latest(limit: int, scheduled: bool = False) -> list[dict[str, Any]]:
    """Flow runs, newest first: id, name, flow, state, type, started and expected (ISO 8601), seconds, parameters."""
    states = {} if scheduled else {"flow_runs": {"state": {"type": {"not_any_": ["SCHEDULED"]}}}}
    found = _post("/flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC", "limit": limit, **states})
    if not scheduled:
        # A run that is late or about to start is scheduled too, and what the user has just asked for.
        soon = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": _now()}}}
        found += _post("/flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC", "limit": limit, **soon})
        found = sorted(found, key=lambda row: row["expected_start_time"] or "", reverse=True)[:limit]
    flows = {row["id"]: row["name"] for row in _post("/flows/filter", {"limit": 200})}
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "flow": flows.get(row["flow_id"], row["flow_id"]),
            "state": row["state_name"] or "Unknown",
            "type": row["state_type"],
            "started": row["start_time"],
            "expected": row["expected_start_time"],
            "seconds": row["estimated_run_time"],
            "parameters": row["parameters"],
        }
        for row in found
    ]


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()


def submit(flow: str, parameters: dict[str, Any]) -> dict[str, str]:
    """Start a run of the flow's deployment: id, name, deployment, url. Raises StackError when it isn't deployed."""
    found = _post("/deployments/filter", {"flows": {"name": {"any_": [flow]}}, "limit": 1})
    if not found:
        raise StackError(f"flow {flow} is not deployed", where="prefect.yaml", hint="`rottie up` deploys all of prefect.yaml.")
    deployment = found[0]
    body = {"parameters": {**deployment["parameters"], **parameters}, "state": {"type": "SCHEDULED"}}
    made = _post(f"/deployments/{deployment['id']}/create_flow_run", body)
    base = os.environ["PREFECT_API_URL"].removesuffix("/api")
    return {
        "id": made["id"],
        "name": made["name"],
        "deployment": f"{flow}/{deployment['name']}",
        "url": f"{base}/runs/flow-run/{made['id']}",
    }
