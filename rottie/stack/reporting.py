"""What `rottie status` tells of the stack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from rottie.stack.environment import environment
from rottie.stack.health import check, services
from rottie.stack.identity import marked, memory_mb
from rottie.stack.recording import running
from rottie.stack.supervising import process_states
from schemas.errors import RottieError
from schemas.settings import Home
from serve.api.doors import read_key

STATUS_S = 10.0


def report(home: Home) -> dict[str, Any]:
    """running, healthy, profile, services by name, memory in MiB. The API is optional while nothing was ever rolled out."""
    record = running(home)
    if record is None:
        return {"running": False, "healthy": False, "home": str(home.root), "leftovers": [p.pid for p in marked(home)]}
    variables, states = environment(home, record.profile), process_states(home)
    names = (*services(record.profile), "api")
    with ThreadPoolExecutor(len(names)) as pool:
        checks = dict(zip(names, pool.map(lambda name: check(name, record, variables), names), strict=True))
    rows = {name: _row(name, states.get(name, {}), record.urls.get(name, "")) for name in (*names, "watcher")}
    for name, found in checks.items():
        rows[name] |= {"healthy": found.healthy, "detail": found.detail}
    rows["api"] |= {
        "state": "SERVING" if checks["api"].healthy else "NOT SERVING",
        "optional": not home.serve_config.is_file(),
    }
    if rows["api"]["optional"] and not checks["api"].healthy:
        rows["api"]["detail"] = "nothing has been rolled out yet"
    if checks["api"].healthy:
        rows |= {name: _stage(states) for name, states in _speech(home, record.urls["api"]).items()}
    pss, rss = memory_mb(home)
    return {
        "running": True,
        "healthy": all(row["healthy"] or row["optional"] for row in rows.values()),
        "home": str(home.root),
        "id": record.id,
        "profile": record.profile.name,
        "services": rows,
        "processes": len(marked(home)),
        "memory_mb": {"pss": round(pss, 1), "rss": round(rss, 1)},
    }


def _speech(home: Home, url: str) -> dict[str, list[dict[str, Any]]]:
    """The states of the recogniser and the voice, as the API tells them; none where it does not."""
    try:
        headers = {"Authorization": f"Bearer {read_key(home.api_key)}"}
        reply = httpx.get(f"{url}/v1/status", headers=headers, timeout=STATUS_S, trust_env=False)
        return reply.json().get("speech", {}) if reply.status_code == 200 else {}
    except (httpx.HTTPError, ValueError, AttributeError, RottieError):
        return {}


def _stage(replicas: list[dict[str, Any]]) -> dict[str, Any]:
    """One row for the replicas of a stage. Without it there is text: it is optional."""
    error = next((state["error"] for state in replicas if state["error"]), None)
    loaded = bool(replicas) and all(state["reached"] for state in replicas)
    about = sorted({f"{state['model']} ({', '.join(state['languages'][:3])})" for state in replicas if state["reached"]})
    return {
        "healthy": loaded,
        "state": "LOADED" if loaded else "FAILED" if error else "LOADING",
        "pid": None,
        "uptime_s": 0,
        "url": "",
        "detail": error["message"] if error else ", ".join(about),
        "optional": True,
    }


def _row(name: str, state: dict[str, Any], url: str) -> dict[str, Any]:
    runs = state.get("state") == "RUNNING"
    return {
        "healthy": runs,
        "state": state.get("state", "UNKNOWN"),
        "pid": state.get("pid"),
        "uptime_s": state.get("uptime_s", 0),
        "url": url,
        "detail": "" if runs else str(state.get("detail", "")),
        "optional": False,
    }
