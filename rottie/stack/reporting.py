"""What `rottie status` tells of the stack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rottie.stack.environment import environment
from rottie.stack.health import SERVICES, check
from rottie.stack.identity import marked, memory_mb
from rottie.stack.recording import running
from rottie.stack.supervising import process_states
from schemas.settings import Home


def report(home: Home) -> dict[str, Any]:
    """running, healthy, profile, services by name, memory in MiB. The API is optional while nothing was ever rolled out."""
    record = running(home)
    if record is None:
        return {"running": False, "healthy": False, "home": str(home.root), "leftovers": [p.pid for p in marked(home)]}
    variables, states = environment(home, record.profile), process_states(home)
    names = (*SERVICES, "api")
    with ThreadPoolExecutor(len(names)) as pool:
        checks = dict(zip(names, pool.map(lambda name: check(name, record, variables), names), strict=True))
    services = {name: _row(name, states.get(name, {}), record.urls.get(name, "")) for name in (*names, "watcher")}
    for name, found in checks.items():
        services[name] |= {"healthy": found.healthy, "detail": found.detail}
    services["api"] |= {
        "state": "SERVING" if checks["api"].healthy else "NOT SERVING",
        "optional": not home.serve_config.is_file(),
    }
    if services["api"]["optional"] and not checks["api"].healthy:
        services["api"]["detail"] = "nothing has been rolled out yet"
    pss, rss = memory_mb(home)
    return {
        "running": True,
        "healthy": all(row["healthy"] or row["optional"] for row in services.values()),
        "home": str(home.root),
        "id": record.id,
        "profile": record.profile.name,
        "services": services,
        "processes": len(marked(home)),
        "memory_mb": {"pss": round(pss, 1), "rss": round(rss, 1)},
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
