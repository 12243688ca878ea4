"""Program ``python -m rottie.stack.watching``: the supervisor restarts what ends; this restarts what hangs.

It also notes the stack's processes, and rolls the champion out again when Ray came back without the application.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from types import FrameType

from rottie.stack.environment import environment
from rottie.stack.health import check, services
from rottie.stack.identity import note_processes
from rottie.stack.recording import Record, read_record
from rottie.stack.supervising import process_states, restart_program, start_program
from schemas.errors import RottieError
from schemas.settings import Home

PERIOD_S = 5.0
MISSES = 5  # over half a minute of silence; a server on a busy machine may pause for some seconds
GRACE_S = 180  # for a program that has not answered once since it started
ROLL_OUT_PAUSE_S = 60  # between two tries to roll out again
log = logging.getLogger("rottie.watcher")


@dataclass
class Watched:
    """What is known of one service since its process started."""

    pid: int | None = None
    answered: bool = False
    misses: int = 0


@dataclass
class Watcher:
    home: Home
    record: Record
    services: dict[str, Watched] = field(init=False)
    rolled_out: float = float("-inf")
    roller: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.services = {name: Watched() for name in services(self.record.profile)}

    def round(self) -> None:
        """Look at every service once and act on what is found."""
        variables = environment(self.home, self.record.profile)
        states = process_states(self.home)
        for name, seen in self.services.items():
            state = states.get(name)
            if state is None:
                continue
            if state["state"] == "FATAL":
                log.warning("%s gave up starting (%s): starting it again", name, state["detail"])
                start_program(self.home, name)
                continue
            if state["state"] != "RUNNING":
                continue
            if state["pid"] != seen.pid:
                self.services[name] = seen = Watched(pid=state["pid"])
            self.judge(name, seen, check(name, self.record, variables).healthy, state["uptime_s"])
        if self.services["ray"].answered and not self.services["ray"].misses:
            self.keep_served()
        note_processes(self.home)

    def judge(self, name: str, seen: Watched, healthy: bool, uptime_s: float) -> None:
        """Restart ``name`` after MISSES misses in a row, but give one that never answered GRACE_S to start."""
        if healthy:
            seen.answered, seen.misses = True, 0
            return
        seen.misses += 1
        if seen.misses >= MISSES and (seen.answered or uptime_s > GRACE_S):
            log.warning("%s runs but has not answered %d times: restarting it", name, seen.misses)
            restart_program(self.home, name)

    def keep_served(self) -> None:
        """Roll out the last Serve config when Ray has no application: its head died and came back empty."""
        if self.roller is not None and self.roller.is_alive():
            return
        if not self.home.serve_config.is_file() or time.monotonic() - self.rolled_out < ROLL_OUT_PAUSE_S:
            return
        if check("api", self.record, {}).healthy or has_application(self.home, self.record):
            return
        log.info("Ray serves no application: applying the last Serve config again")
        self.rolled_out = time.monotonic()
        # It takes as long as a model loads; the other services are watched meanwhile.
        self.roller = threading.Thread(target=roll_out_last, args=(self.home, self.record), daemon=True)
        self.roller.start()


def roll_out_last(home: Home, record: Record) -> None:
    """Apply the last Serve config, on the port that the API has now."""
    from flows.steps.rolling_out import apply_last

    try:
        apply_last(home, record.profile)
        log.info("the last Serve config answers again")
    except (RottieError, OSError) as error:
        log.warning("could not apply the last Serve config: %s", error)


def has_application(home: Home, record: Record) -> bool:
    """Whether Serve knows any application, healthy or still starting; True while Ray cannot be asked."""
    import httpx

    from rottie.stack.health import ray_headers

    headers = ray_headers(environment(home, record.profile))
    try:
        answer = httpx.get(f"{record.urls['ray']}/api/serve/applications/", headers=headers, timeout=10, trust_env=False)
        answer.raise_for_status()
        return bool(answer.json().get("applications"))
    except (httpx.HTTPError, ValueError):
        return True  # the next round asks again


def main() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    home = Home.current()
    watcher: Watcher | None = None
    while not stop.wait(PERIOD_S if watcher else 0.5):
        record = read_record(home)
        if record is None:
            continue
        if watcher is None or watcher.record != record:
            watcher = Watcher(home, record)
        try:
            watcher.round()
        except (RottieError, OSError) as error:
            log.warning("%s", error)
        except Exception:
            log.exception("this round failed; the next one follows")


if __name__ == "__main__":
    main()
