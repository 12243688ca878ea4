"""A small Home Assistant on a real socket: the WebSocket API's own messages, a few services, and faults on demand.

Messages and error codes are those of Home Assistant 2025.4. Not covered: rights of single users but being an
administrator, templates, and every domain that is not in SERVICES.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TOKEN = "a-long-lived-token"
VERSION = "2025.4.4"


def state(entity_id: str, value: str, name: str | None = None, /, **attributes: Any) -> dict[str, Any]:
    named = {"friendly_name": name} if name else {}
    return {
        "entity_id": entity_id,
        "state": value,
        "attributes": {**attributes, **named},
        "last_changed": "2026-03-01T12:00:00+00:00",
        "last_reported": "2026-03-01T12:00:00+00:00",
        "last_updated": "2026-03-01T12:00:00+00:00",
        "context": {"id": "01", "parent_id": None, "user_id": None},
    }


def entry(entity_id: str, exposed: bool | None = True, **more: Any) -> dict[str, Any]:
    """A row of the entity registry's list, as ``as_partial_dict`` has it."""
    options = {} if exposed is None else {"conversation": {"should_expose": exposed}}
    row = {"entity_id": entity_id, "area_id": None, "device_id": None, "disabled_by": None, "entity_category": None}
    row |= {"hidden_by": None, "name": None, "platform": "demo", "options": options, "labels": []}
    return row | more


class FakeHomeAssistant:
    """Faults: ``slow_s`` before a service answers, ``late_s`` between its answer and the states, ``fail`` (code, message),
    ``drop`` the connection in the middle of a service, ``admin`` False, ``mute`` to take a service and do nothing."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.entries: list[dict[str, Any]] = []
        self.areas: list[dict[str, Any]] = []
        self.floors: list[dict[str, Any]] = []
        self.devices: list[dict[str, Any]] = []
        self.aliases: dict[str, list[str]] = {}
        self.scripts: dict[str, Any] = {}
        self.items: dict[str, list[dict[str, str]]] = {}
        self.media: list[dict[str, Any]] = []
        self.expose_new, self.admin, self.token = True, True, TOKEN
        self.slow_s = self.late_s = 0.0
        self.fail: tuple[str, str] | None = None
        self.drop = self.mute = False
        self.calls: list[dict[str, Any]] = []
        self.sign_ins = 0
        self._contexts = itertools.count(100)
        self._subscribers: dict[ServerConnection, dict[int, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await serve(self._client, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def break_all(self) -> None:
        for client in tuple(self._subscribers):
            client.transport.abort()
        await asyncio.sleep(0)

    def set(self, entity_id: str, value: str | None, context: str | None = None, **attributes: Any) -> None:
        """A state as a device reports it; None removes the entity."""
        old = copy.deepcopy(self.states.get(entity_id))
        if value is None:
            self.states.pop(entity_id, None)
        else:
            kept = (old or {}).get("attributes", {})
            self.states[entity_id] = state(entity_id, value) | {"attributes": {**kept, **attributes}}
            self.states[entity_id]["context"]["id"] = context or "device"
        data = {"entity_id": entity_id, "old_state": old, "new_state": copy.deepcopy(self.states.get(entity_id))}
        self.fire("state_changed", data)

    def fire(self, kind: str, data: dict[str, Any]) -> None:
        event = {"event_type": kind, "data": data, "origin": "LOCAL", "time_fired": "2026-03-01T12:00:00+00:00"}
        for client, subscriptions in self._subscribers.items():
            for number, wanted in subscriptions.items():
                if wanted == kind:
                    self._soon(self._send(client, {"id": number, "type": "event", "event": event}))

    def _soon(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, client: ServerConnection, message: Any) -> None:
        with suppress(ConnectionClosed):
            await client.send(json.dumps(message))

    async def _client(self, client: ServerConnection) -> None:
        if client.request is None or client.request.path != "/api/websocket":
            return
        try:
            await client.send(json.dumps({"type": "auth_required", "ha_version": VERSION}))
            auth = json.loads(await client.recv())
            self.sign_ins += 1
            if auth != {"type": "auth", "access_token": self.token}:
                await client.send(json.dumps({"type": "auth_invalid", "message": "Invalid access token or password"}))
                return
            await client.send(json.dumps({"type": "auth_ok", "ha_version": VERSION}))
            self._subscribers[client] = {}
            async for text in client:
                self._soon(self._command(client, json.loads(text)))
        except ConnectionClosed:
            pass
        finally:
            self._subscribers.pop(client, None)

    async def _command(self, client: ServerConnection, message: dict[str, Any]) -> None:
        number, kind = message["id"], message["type"]
        if kind.startswith("homeassistant/expose") and not self.admin:
            await self._refuse(client, number, "unauthorized", "Unauthorized")
        elif kind == "subscribe_events":
            self._subscribers[client][number] = message["event_type"]
            await self._answer(client, number, None)
        elif kind == "unsubscribe_events":
            del self._subscribers[client][message["subscription"]]
            await self._answer(client, number, None)
        elif kind == "todo/item/subscribe":
            self._subscribers[client][number] = message["entity_id"]
            await self._answer(client, number, None)
            await self._tell_items(message["entity_id"])
        elif kind == "call_service":
            await self._service(client, number, message)
        elif kind == "script/config":
            if message["entity_id"] in self.scripts:
                await self._answer(client, number, {"config": self.scripts[message["entity_id"]]})
            else:
                await self._refuse(client, number, "not_found", "Entity not found")
        elif (listing := self._listing(kind, message)) is not None:
            await self._answer(client, number, listing)
        else:
            await self._refuse(client, number, "unknown_command", "Unknown command.")

    def _listing(self, kind: str, message: dict[str, Any]) -> Any:
        legacy = {each: {} for each in self.states if each not in {row["entity_id"] for row in self.entries}}
        rows = {row["entity_id"]: {**row, "aliases": self.aliases.get(row["entity_id"], [])} for row in self.entries}
        return {
            "get_states": list(self.states.values()),
            "config/area_registry/list": self.areas,
            "config/floor_registry/list": self.floors,
            "config/device_registry/list": self.devices,
            "config/entity_registry/list": self.entries,
            "config/entity_registry/get_entries": {each: rows.get(each) for each in message.get("entity_ids", ())},
            "homeassistant/expose_entity/list": {"exposed_entities": legacy},
            "homeassistant/expose_new_entities/get": {"expose_new": self.expose_new},
        }.get(kind)

    async def _answer(self, client: ServerConnection, number: int, result: Any) -> None:
        await self._send(client, {"id": number, "type": "result", "success": True, "result": result})

    async def _refuse(self, client: ServerConnection, number: int, code: str, text: str) -> None:
        error = {"code": code, "message": text}
        await self._send(client, {"id": number, "type": "result", "success": False, "error": error})

    async def _service(self, client: ServerConnection, number: int, message: dict[str, Any]) -> None:
        self.calls.append(message)
        await asyncio.sleep(self.slow_s)
        if self.drop:
            client.transport.abort()
            return
        if self.fail is not None:
            await self._refuse(client, number, *self.fail)
            return
        domain, service, data = message["domain"], message["service"], message.get("service_data", {})
        if (domain, service) == ("media_player", "search_media"):
            found = {each: {"version": 1, "result": self.media} for each in message["target"]["entity_id"]}
            await self._answer(client, number, {"context": {"id": "search"}, "response": found})
            return
        if f"{domain}.{service}" not in SERVICES:
            await self._refuse(client, number, "not_found", f"Service {domain}.{service} not found.")
            return
        context = str(next(self._contexts))
        answer = {"context": {"id": context, "parent_id": None, "user_id": "u"}, "response": None}
        if self.late_s:
            await self._answer(client, number, answer)
            await asyncio.sleep(self.late_s)
        if not self.mute:
            for entity_id in message["target"]["entity_id"]:
                await self._act(entity_id, SERVICES[f"{domain}.{service}"], data, context)
        if not self.late_s:
            await self._answer(client, number, answer)

    async def _act(self, entity_id: str, becomes: str, data: dict[str, Any], context: str) -> None:
        now = self.states[entity_id]
        if entity_id.startswith("todo."):
            items = self.items[entity_id]
            if becomes == "add":
                items.append({"summary": data["item"], "uid": str(len(items)), "status": "needs_action"})
            else:
                next(item for item in items if item["summary"] == data["item"])["status"] = data["status"]
            left = sum(item["status"] == "needs_action" for item in items)
            self.set(entity_id, str(left), context)
            await self._tell_items(entity_id)
            return
        known = {key: data[key] for key in ("media_content_id", "media_content_type", "temperature") if key in data}
        if "brightness_pct" in data:
            known["brightness"] = round(data["brightness_pct"] * 255 / 100)
        if entity_id.startswith("timer."):
            known |= {"duration": "0:05:00", "finishes_at": "2099-01-01T00:00:00+00:00"}
        self.set(entity_id, becomes.format(state=now["state"]), context, **known)

    async def _tell_items(self, entity_id: str) -> None:
        for client, subscriptions in tuple(self._subscribers.items()):
            for number, wanted in subscriptions.items():
                if wanted == entity_id:
                    event = {"items": self.items[entity_id]}
                    await self._send(client, {"id": number, "type": "event", "event": event})


SERVICES = {
    "light.turn_on": "on",
    "light.turn_off": "off",
    "switch.turn_on": "on",
    "lock.lock": "locked",
    "lock.unlock": "unlocked",
    "cover.open_cover": "opening",
    "climate.set_temperature": "{state}",
    "media_player.play_media": "playing",
    "script.turn_on": "on",
    "timer.start": "active",
    "todo.add_item": "add",
    "todo.update_item": "update",
}


def furnished() -> FakeHomeAssistant:
    """A house with two floors, three rooms and some of everything."""
    home = FakeHomeAssistant()
    home.floors = [{"floor_id": "ground", "name": "Ground floor", "aliases": ["downstairs"], "level": 0, "icon": None}]
    home.areas = [
        {"area_id": "kitchen", "name": "Kitchen", "aliases": ["cook room"], "floor_id": "ground", "labels": [], "picture": None},
        {"area_id": "hall", "name": "Hall", "aliases": [], "floor_id": "ground", "labels": [], "picture": None},
    ]
    home.devices = [{"id": "d1", "name": "Bulb", "name_by_user": "Kitchen bulb", "area_id": "kitchen"}]
    home.states = {
        each["entity_id"]: each
        for each in (
            state("light.ceiling", "off", "Ceiling light", brightness=None, supported_color_modes=["brightness"]),
            state("light.hall", "off", "Hall light", supported_color_modes=["onoff"]),
            state("lock.front", "locked", "Front door"),
            state("cover.garage", "closed", "Garage", device_class="garage", supported_features=15),
            state("switch.kettle", "off", "Kettle"),
            state("climate.hall", "heat", "Thermostat", temperature=20, min_temp=7, max_temp=35, hvac_modes=["heat", "off"]),
            state("media_player.kitchen", "idle", "Radio", supported_features=4194304 | 512 | 16384),
            state("todo.shopping", "1", "Shopping list", supported_features=15),
            state("timer.tea", "idle", "Tea", duration="0:05:00"),
            state("script.welcome", "off", "Welcome"),
            state("sensor.outside", "21.5", "Outside", device_class="temperature", unit_of_measurement="°C"),
            state("sensor.odd", "not a number", "Odd", unit_of_measurement="W"),
            state("humidifier.bath", "on", "Humidifier"),
            state("lock.cellar", "locked", "Cellar"),
            state("light.legacy", "off", "Old lamp"),
        )
    }
    home.entries = [
        entry("light.ceiling", device_id="d1"),
        entry("light.hall", area_id="hall"),
        entry("lock.front", area_id="hall"),
        entry("lock.cellar", exposed=False),
        *(entry(each) for each in home.states if each.partition(".")[0] not in ("light", "lock")),
    ]
    home.aliases = {"light.ceiling": ["big lamp"]}
    home.items = {"todo.shopping": [{"summary": "Milk", "uid": "1", "status": "needs_action"}]}
    home.scripts = {
        "script.welcome": {"alias": "Welcome", "sequence": [{"action": "lock.unlock", "target": {"entity_id": "lock.cellar"}}]}
    }
    home.media = [
        {
            "title": "Jazz",
            "media_class": "playlist",
            "media_content_id": "x:1",
            "media_content_type": "playlist",
            "can_play": True,
        }
    ]
    return home


@asynccontextmanager
async def running(home: FakeHomeAssistant | None = None) -> AsyncIterator[FakeHomeAssistant]:
    home = home or furnished()
    await home.start()
    try:
        yield home
    finally:
        await home.stop()
