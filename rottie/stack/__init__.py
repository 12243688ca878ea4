"""The local stack: Ray, Prefect, MLflow, a worker and a watcher under supervisord, on loopback, owned by one ROTTIE_HOME."""

from rottie.stack.environment import environment
from rottie.stack.recording import Record, read_record

__all__ = ["Record", "environment", "read_record"]
