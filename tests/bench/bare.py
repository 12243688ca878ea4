"""The least that an answer through Ray Serve can cost: the same hops as ours, and nothing done at either end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray import serve as ray_serve
from ray.serve.handle import DeploymentHandle

ROUTE = "/bare"


@ray_serve.deployment(name="Leaf", ray_actor_options={"num_cpus": 0.1})
class Leaf:
    async def whole(self, text: str) -> str:
        return text


@ray_serve.deployment(name="Front", ray_actor_options={"num_cpus": 0.1})
@ray_serve.ingress()
class Front:
    """Plain ASGI: reads the body, asks the other deployment, sends what it says."""

    def __init__(self, leaf: DeploymentHandle) -> None:
        self._leaf = leaf

    def __serve_build_asgi_app__(self) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                return
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
            reply = (await self._leaf.whole.remote(body.decode())).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(reply)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": reply})

        return app


app = Front.bind(Leaf.bind())
APPLICATION = {
    "name": "bare",
    "route_prefix": ROUTE,
    "import_path": "tests.bench.bare:app",
    "runtime_env": {"env_vars": {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}},
}
