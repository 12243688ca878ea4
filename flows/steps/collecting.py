"""Gathering conversations into the columns of a table: repeats dropped, contradictions noted, every drop with its reason."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from schemas.conversation import Conversation, Message, Tool
from schemas.hashing import canonical, content_id
from schemas.prompt import render_body
from schemas.tables import CONVERSATIONS

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


class Collection:
    """What was kept, a list a column of schemas.tables.CONVERSATIONS, and why the rest was not."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in CONVERSATIONS.names}
        self.dropped: list[dict[str, Any]] = []
        self.tool_sets: dict[str, tuple[Tool, ...]] = {}
        self.read: Counter[str] = Counter()
        self.conflicts: list[str] = []
        self._places: dict[str, int] = {}
        self._asked: dict[bytes, int] = {}
        self._keys: dict[tuple[int, ...], tuple[str, tuple[Tool, ...]]] = {}

    def drop(self, source: str, row: int, reason: str, detail: str) -> None:
        self.read[source] += 1
        self.dropped.append({"source": source, "source_row": row, "reason": reason, "detail": detail})

    def add(self, source: str, row: int, conversation: Conversation) -> None:
        """Keep the conversation, which ends with its answer; drop it when the same one was kept before."""
        key = self._tools_key(conversation.tools)
        texts = [_ENCODE(_plain(message)) for message in conversation.messages]
        home = conversation.home
        identity = _digest("answered", key, *texts, "home", *home).hex()[:16]
        at = len(self.columns["id"])
        first = self._places.setdefault(identity, at)
        if first != at:
            self.drop(source, row, "duplicate", f"of {self._place(first)}")
            return
        self.read[source] += 1
        answer = conversation.messages[-1]
        requests = [message.content or "" for message in conversation.messages[:-1] if message.role == "user"]
        record = {
            "id": identity,
            "messages": f"[{', '.join(texts)}]",
            "tools": key,
            "home": list(home),
            "tags": list(conversation.tags),
            "tool": answer.tool_calls[0].function.name if answer.tool_calls else "none",
            "calls": len(answer.tool_calls),
            "request": requests[-1] if requests else "",
            "answer": render_body(answer),
            "source": source,
            "source_row": row,
        }
        for name, values in self.columns.items():
            values.append(record[name])
        self._note_conflict(_digest("asked", key, *texts[:-1], "home", *home), at)

    def reasons(self) -> dict[str, int]:
        """How many rows were dropped, by reason."""
        return dict(sorted(Counter(item["reason"] for item in self.dropped).items()))

    def _place(self, at: int) -> str:
        return f"{self.columns['source'][at]}:{self.columns['source_row'][at]}"

    def _note_conflict(self, asked: bytes, at: int) -> None:
        """The same question answered in two ways is kept, since either may be right, but counted and listed."""
        first = self._asked.setdefault(asked, at)
        if first != at and self._said(first) != self._said(at):
            self.conflicts.append(f"{self._place(first)} and {self._place(at)}")

    def _said(self, at: int) -> str:
        """The answer of a row; the order of arguments says nothing."""
        answer = json.loads(self.columns["messages"][at])[-1]
        calls = [call["function"] for call in answer.get("tool_calls", ())]
        return canonical([[call["name"], json.loads(call["arguments"])] for call in calls] or answer.get("content"))

    def _tools_key(self, tools: tuple[Tool, ...]) -> str:
        """Content hash of a tool set, computed once for each set of objects: rows of one source share them."""
        if not tools:
            return ""
        objects = tuple(map(id, tools))
        if objects not in self._keys:
            # The tools are kept with their key, since an object that is gone leaves its id() to another.
            self._keys[objects] = (content_id(tools), tools)
            self.tool_sets.setdefault(self._keys[objects][0], tools)
        return self._keys[objects][0]


def _plain(message: Message) -> dict[str, Any]:
    """The message as OpenAI writes it, without what it does not use."""
    plain: dict[str, Any] = {"role": message.role}
    for key in ("content", "tool_call_id", "name"):
        if (value := getattr(message, key)) is not None:
            plain[key] = value
    if message.tool_calls:
        plain["tool_calls"] = [
            {"id": call.id, "type": call.type, "function": {"name": call.function.name, "arguments": call.function.arguments}}
            for call in message.tool_calls
        ]
    return plain


def _digest(*parts: str) -> bytes:
    # Text in normal form holds no NUL, so that no two lists of parts are joined to the same bytes.
    return hashlib.sha256("\0".join(parts).encode()).digest()
