"""The format of the models that are trained here: schemas.prompt both ways, and its grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.conversation import Message, Tool, ToolCall
from schemas.pipeline import Decoding
from schemas.prompt import MalformedReply, parse_reply, render_prompt
from schemas.text import block, one_line
from serve.engines.grammar import ToolChoice, grammar_for

# While a text may still become ``Name{``, it is neither speech nor a call.
_UNDECIDED = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_CALL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\{")


class RottieFormat:
    """See serve.formats.protocol.Format."""

    lead = " "
    visible = ()

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding

    def normal(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Texts as training rows have them."""
        return tuple(
            message.model_copy(update={"content": (one_line if message.role == "user" else block)(message.content)})
            if message.content
            else message
            for message in messages
        )

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool], home: Sequence[str]) -> str:
        return render_prompt(messages, tools, home)

    def grammar(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        home: Sequence[str],
        choice: ToolChoice,
        meant: frozenset[str] = frozenset(),
    ) -> str | None:
        return grammar_for(tools, last_asked(messages), home, self._decoding, choice, meant=meant)

    def reply(self, tools: Sequence[Tool]) -> RottieReply:
        return RottieReply(call_possible=bool(tools))

    def close(self) -> None:
        return


class RottieReply:
    """Tells speech from calls as text arrives: speech is passed on at once, calls are kept until they are whole."""

    def __init__(self, call_possible: bool) -> None:
        self._text = ""
        self._is_call = False
        self._is_speech = not call_possible
        self._sent = 0

    def add(self, text: str) -> str:
        self._text += text
        if not self._is_speech and not self._is_call:
            self._is_call = bool(_CALL.match(self._text))
            self._is_speech = not self._is_call and bool(self._text) and not _UNDECIDED.fullmatch(self._text)
        return self._take() if self._is_speech else ""

    def rest(self) -> str:
        """A word that never became a call is speech."""
        return "" if self._is_call else self._take()

    def calls(self) -> tuple[ToolCall, ...]:
        try:
            return parse_reply(self._text).tool_calls if self._is_call else ()
        except ValueError as error:
            raise MalformedReply("the call does not parse") from error

    def _take(self) -> str:
        start = self._sent or (1 if self._text.startswith(" ") else 0)
        self._sent = max(len(self._text), self._sent)
        return self._text[start:]


def last_asked(messages: Sequence[Message]) -> str:
    """The text of the last user message; empty where there is none."""
    return next((message.content or "" for message in reversed(messages) if message.role == "user"), "")
