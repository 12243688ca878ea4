"""Program ``python -m rottie.stack.ray_head start ...``: Ray's own command line, without the Ray Client server.

Nothing here speaks ``ray://``: work comes as jobs and Serve configs over HTTP. Ray starts that server whenever it could
run, with no switch against it; it takes 90 MB and a port, and the head ends when it does not come up in 30 s.
"""

from __future__ import annotations

import sys


def main() -> None:
    from ray.scripts import scripts

    if hasattr(scripts, "get_ray_client_dependency_error"):  # a later Ray without it starts the server as before
        scripts.get_ray_client_dependency_error = lambda: ImportError("not wanted")  # pyright: ignore
    scripts.cli(sys.argv[1:], prog_name="ray")


if __name__ == "__main__":
    main()
