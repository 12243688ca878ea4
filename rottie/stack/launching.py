"""Program ``python -m rottie.stack.launching SERVICE COMMAND...``: end what the last start of SERVICE left, then become COMMAND.

A server that is killed with -9 leaves its children behind (Ray's raylet, for one); they would hold its ports for ever.
"""

from __future__ import annotations

import os
import sys

from rottie.stack.identity import end, marked
from rottie.stack.places import clear_ray_sessions
from schemas.settings import Home


def main(arguments: list[str]) -> None:
    service, *command = arguments
    home = Home.current()
    left = end(marked(home, service), patience_s=4)
    if left:
        print(f"ended {left} processes that an earlier {service} left behind", flush=True)
    if service == "ray":
        clear_ray_sessions(home)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
