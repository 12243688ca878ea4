"""How Serve runs in the local stack: what Ray reads from its environment, and nothing that a Serve config could say.

On two busy cores they seemed to save a third of what Serve adds; `python -m tests.bench.serving` measures it.
"""

from __future__ import annotations

SERVING = {
    # A replica's code, its router and Serve's own part share one event loop: each thread less is two switches less a message.
    # Whatever blocks, such as loading a model, runs in a thread of its own.
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    # Messages between replicas as gRPC calls, which ask for Ray's token, in place of tasks with objects.
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
    # Every line stands in Serve's own log files already.
    "RAY_SERVE_LOG_TO_STDERR": "0",
    # Each process pushes its counters ten times a second otherwise, whether anybody asks or not.
    "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "2000",
}
