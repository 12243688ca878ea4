"""Keeping a replica's own port off the network where the node itself is on loopback.

Ray Serve opens one gRPC port a replica, for messages between replicas, on all interfaces and with no setting against it. It
asks for Ray's token; on one machine nobody else need reach it at all.
"""

from __future__ import annotations

import sys
from typing import Any

_EVERYWHERE = "[::]"


def narrow() -> None:
    """To be called as a replica is made, before Serve opens the port. Does nothing on a node that others must reach."""
    import ray.util

    node = ray.util.get_node_ip_address()
    serving: Any = sys.modules.get("ray.serve._private.replica")
    opened = getattr(serving, "add_port_to_grpc_server", None)
    if not node.startswith("127.") or opened is None:
        return

    def on_this_node(server: Any, address: str) -> int:
        return opened(server, address.replace(_EVERYWHERE, node))

    serving.add_port_to_grpc_server = on_this_node
