"""The environment that flows, steps and serving read their addresses from; nothing else tells them where servers are."""

from __future__ import annotations

import os
from collections.abc import Mapping

from rottie.stack.keys import MLFLOW_USER, mlflow_password_path, prefect_auth_path, ray_token_path, read_key
from schemas.profile import Profile
from schemas.settings import Home

# Left over from another installation, these would win over the addresses below.
FOREIGN = (
    "RAY_ADDRESS",
    "RAY_AUTH_TOKEN",
    "PREFECT_PROFILE",
    "PREFECT_API_KEY",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_REGISTRY_URI",
)
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def environment(home: Home, profile: Profile) -> dict[str, str]:
    """Addresses and credentials of the profile's services. Raises StackError when a local secret is missing.

    Remote services (stack.local false) take their credentials from the caller's own environment.
    """
    values = {
        "ROTTIE_HOME": str(home.root),
        "OMP_NUM_THREADS": str(profile.workers.threads),
        "MALLOC_ARENA_MAX": "2",  # some thirty processes with a dozen threads each: an arena a thread is memory for nothing
        "PREFECT_HOME": str(home.prefect),  # also holds the results that cached steps are read from
        **QUIET,
    }
    if profile.stack.local:
        return {**values, **_local(home, profile)}
    remote = profile.addresses
    values |= {"PREFECT_API_URL": remote.prefect or "", "MLFLOW_TRACKING_URI": remote.mlflow or ""}
    values |= {"RAY_API_SERVER_ADDRESS": remote.ray or "", "RAY_DASHBOARD_ADDRESS": remote.ray or ""}
    return values


def _local(home: Home, profile: Profile) -> dict[str, str]:
    host, ports = profile.stack.host, profile.stack.ports
    dashboard = f"http://{host}:{ports.ray_dashboard}"
    return {
        "MLFLOW_TRACKING_URI": f"http://{host}:{ports.mlflow}",
        "MLFLOW_TRACKING_USERNAME": MLFLOW_USER,
        "MLFLOW_TRACKING_PASSWORD": read_key(mlflow_password_path(home)),
        "PREFECT_API_URL": f"http://{host}:{ports.prefect}/api",
        "PREFECT_API_AUTH_STRING": read_key(prefect_auth_path(home)),
        "RAY_API_SERVER_ADDRESS": dashboard,
        "RAY_DASHBOARD_ADDRESS": dashboard,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(ray_token_path(home)),
        # Ray replaces 127.0.0.1 by the machine's own address, and listens there, unless clusters are off.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        # Flows load the profile by name again: ports that `rottie up --set` chose must reach them too.
        **{f"ROTTIE__PROFILE__STACK__PORTS__{name.upper()}": str(port) for name, port in ports.model_dump().items()},
        "NO_PROXY": _without_proxy(os.environ),
        "no_proxy": _without_proxy(os.environ),
    }


def _without_proxy(inherited: Mapping[str, str]) -> str:
    given = inherited.get("NO_PROXY") or inherited.get("no_proxy") or ""
    names = [name for name in given.split(",") if name]
    return ",".join(dict.fromkeys([*names, "127.0.0.1", "localhost"]))


def clean(inherited: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would point the stack's programs elsewhere."""
    return {name: value for name, value in inherited.items() if name not in FOREIGN}
