"""Every check in turn. The measuring ones come last: they take seconds each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rottie.doctor import Finding
from schemas.profile import Profile
from schemas.settings import Home


def examine(home: Home, profile: Profile, quick: bool, tell: Callable[[str], None]) -> Iterator[Finding]:
    """Findings as they are made; ``tell`` hears what is looked at. ``quick`` leaves out what needs a process of its own."""
    from rottie.doctor import machine, services, software
    from rottie.stack.deploying import project_root

    tell("Python and packages")
    yield software.check_python()
    yield software.check_packages(project_root() / "requirements.lock")
    yield software.check_sqlite()
    tell("the machine")
    yield machine.check_disk(home)
    yield machine.check_memory()
    yield machine.check_processor()
    gpu = machine.check_gpu()
    yield gpu
    if profile.stack.local:
        tell("ports and services")
        yield from services.check_ports(home, profile)
    if not quick:
        tell("a quantised decode")
        yield services.check_decode(home)
        tell("torch with one thread and with several")
        yield from machine.check_threads(gpu.level == "ok" and not gpu.message.startswith("none"))
