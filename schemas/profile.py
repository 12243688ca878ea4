"""WHERE it runs: workers, devices, addresses and ports."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from schemas.pipeline import Spec


class Workers(Spec):
    """The training workers of one run."""

    launcher: Literal["ray", "torchrun", "alone"] = Field(
        default="ray",
        description="ray: Ray Train in a Ray Job; torchrun: torch's own launcher on this machine; alone: one process.",
    )
    count: int = Field(default=1, ge=1, le=4096)
    cpus: float = Field(default=1, gt=0, description="CPUs a worker.")
    gpus: float = Field(default=0, ge=0, description="GPUs a worker.")
    memory_gb: float = Field(default=1.5, gt=0, description="Memory a worker needs; fewer workers start where it is not there.")
    threads: int = Field(default=1, ge=1, description="OMP threads a worker: more than the free cores slow everything down.")
    precision: Literal["float32", "bfloat16"] = "float32"
    zero_stage: Literal[0, 1, 2, 3] = Field(default=0, description="DeepSpeed ZeRO stage; 0 trains with DDP, without DeepSpeed.")
    generators: int = Field(
        default=0, ge=0, le=64, description="Processes that make streamed rows for a worker; 0 for a thread, enough for a CPU."
    )
    warm_steps: int = Field(default=0, ge=0, description="First steps that a budget of minutes does not count: compiling.")
    max_failures: int = Field(
        default=3, ge=0, description="Times that a run resumes from its last checkpoint after a dead worker."
    )

    @model_validator(mode="after")
    def _alone_is_one(self) -> Workers:
        if self.launcher == "alone" and self.count != 1:
            raise ValueError("launcher 'alone' runs one worker; set count: 1 or another launcher")
        return self


class Ports(Spec):
    """Loopback ports of the local stack."""

    api: int = Field(default=8000, ge=1024, le=65535)
    prefect: int = Field(default=4200, ge=1024, le=65535)
    mlflow: int = Field(default=5000, ge=1024, le=65535)
    ray_dashboard: int = Field(default=8265, ge=1024, le=65535)
    ray_gcs: int = Field(default=6379, ge=1024, le=65535)
    wyoming: int = Field(default=20700, ge=1024, le=65535)

    @model_validator(mode="after")
    def _distinct(self) -> Ports:
        values = list(self.model_dump().values())
        if len(values) != len(set(values)):
            raise ValueError("two services share a port")
        # Ray gives 10002-19999 to its workers: a port in there is sometimes taken by one of them.
        for name in ("ray_gcs", "wyoming"):
            if 10002 <= getattr(self, name) <= 19999:
                raise ValueError(f"{name} must lie outside 10002-19999, which Ray's workers use")
        return self


class Wyoming(Spec):
    """For Home Assistant and other clients. Wyoming knows no keys: whoever reaches the port may talk to the assistant."""

    host: str | None = Field(default=None, description="Where it listens; as the stack does when left out: on loopback.")
    wake: str | None = Field(
        default="starter",
        description="The wake word: starter is the one that comes with Rottie. Otherwise a folder with one; relative paths start"
        " at ROTTIE_HOME. null: none is listened for.",
    )


class Stack(Spec):
    """What `rottie up` starts on this machine. With local false, the addresses below name running services instead."""

    local: bool = True
    host: str = "127.0.0.1"
    ports: Ports = Ports()
    ray_cpus: int | None = Field(default=None, ge=1, description="Logical CPUs that Ray may plan with; at least 4 when absent.")
    proxy: Literal["haproxy", "python"] = Field(
        default="haproxy",
        description="What stands before Serve: haproxy, which Ray brings on Linux, or Serve's own proxy, which takes thrice as"
        " long and stands there wherever there is no HAProxy.",
    )
    object_store_mb: int = Field(default=150, ge=80)
    work_pool: str = "rottie"
    wyoming: Wyoming | None = Field(
        default=None, description="on, or how: it runs, on the port ports.wyoming. Not by default, since it asks for no key."
    )

    @field_validator("wyoming", mode="before")
    @classmethod
    def _switched(cls, given: object) -> object:
        """``off`` and ``on`` are false and true in YAML."""
        return {"off": None, "on": {}}.get(given, given) if isinstance(given, str) else {} if given is True else given or None

    @property
    def listening(self) -> dict[str, tuple[str, int]]:
        """Host and port of each service that runs."""
        found = {name: (self.host, port) for name, port in self.ports.model_dump().items() if name != "wyoming"}
        return found | ({"wyoming": (self.wyoming.host or self.host, self.ports.wyoming)} if self.wyoming else {})


class Addresses(Spec):
    """Remote services of a cluster profile; empty ones are the local stack's."""

    prefect: str | None = None
    mlflow: str | None = None
    ray: str | None = Field(default=None, description="The Ray dashboard's address, for jobs and Serve (http://host:8265).")
    storage: str | None = Field(
        default=None, description="Shared folder or URI that all workers see, for checkpoints and models."
    )


class Profile(Spec):
    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    description: str = ""
    workers: Workers = Workers()
    stack: Stack = Stack()
    addresses: Addresses = Addresses()
    assistant: str = Field(default="home", description="File under deployments/assistants/ that promotion rolls out to.")

    @model_validator(mode="after")
    def _remote_has_addresses(self) -> Profile:
        if not self.stack.local and not (self.addresses.prefect and self.addresses.mlflow and self.addresses.ray):
            raise ValueError("stack.local is false: addresses.prefect, addresses.mlflow and addresses.ray are needed")
        return self
