"""Program ``python -m rottie.wyoming.bridge``: listens for clients until it is told to end.

Wyoming knows no keys: whoever reaches the port may talk to the assistant. It listens on loopback unless told otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from rottie.wyoming.asking import Api
from rottie.wyoming.connection import Connection, Parts
from rottie.wyoming.reading import HEADER_BYTES
from rottie.wyoming.waking import Wake
from schemas.errors import ModelUnusable, Overloaded
from schemas.settings import Home
from serve.speech_models import wake_folder

MOST_OPEN = 64
log = logging.getLogger("rottie.wyoming")


@asynccontextmanager
async def bridge(host: str, port: int, parts: Parts) -> AsyncGenerator[asyncio.Server, None]:
    """Listens while the block runs; its end ends every connection. Raises OSError where the port is taken."""
    running: dict[Connection, asyncio.Task[None] | None] = {}

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, parts)
        if len(running) >= MOST_OPEN:
            await connection.refuse(Overloaded(f"{MOST_OPEN} connections are open", hint="Close one, or try again later."))
            return
        running[connection] = asyncio.current_task()
        try:
            await connection.run()
        finally:
            del running[connection]

    server = await asyncio.start_server(accept, host, port, limit=HEADER_BYTES)
    try:
        yield server
    finally:
        server.close()
        ending = [task for task in running.values() if task is not None]
        for connection in tuple(running):
            connection.stop()
        await asyncio.gather(*ending)


def wake_of(name: str | None) -> Wake | None:
    """The wake word that comes with Rottie, or the one in a folder; None where there is none, which the log tells."""
    if name is None:
        return None
    try:
        return Wake(wake_folder(name))
    except ModelUnusable as error:
        log.warning("no wake word is listened for: %s", error)
        return None


async def serve(host: str, port: int, parts: Parts) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with bridge(host, port, parts):
        log.info("listening on %s:%d", host, port)
        await stop.wait()
    await parts.api.close()


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rottie.wyoming.bridge")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True, help="Such as http://127.0.0.1:8000.")
    parser.add_argument("--wake", help="starter, or a folder with a wake word.")
    asked = parser.parse_args(arguments)
    parts = Parts(Api(asked.api, Path(Home.current().api_key)), wake_of(asked.wake))
    await serve(asked.host, asked.port, parts)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1:]))
