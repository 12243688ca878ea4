"""One turn, without Ray: a conversation in, events out. The model's format gives meaning to an engine's text.

Errors are raised, not sent as events: whoever stands at the boundary (an API route, a replica) turns them into answers.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, Literal

from schemas.artifacts import ModelManifest
from schemas.conversation import IMAGE, Message, Tool, ToolCall
from schemas.errors import EngineError, PromptTooLong, RequestError
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TurnFinished, TurnStarted
from schemas.prompt import MalformedReply
from serve.actions.linking import linked
from serve.engines.grammar import ToolChoice
from serve.engines.pictures import decoded
from serve.engines.pieces import Pieces, joined, within
from serve.engines.protocol import Delta, Finished, LlmEngine, Picture, Placed, Sampling, around
from serve.engines.spans import literal
from serve.engines.structured import grammar_of_schema
from serve.formats.protocol import Format, Reply
from serve.formats.rendering import TemplateRefused
from serve.formats.rottie import RottieFormat
from serve.sureness import ALTERNATIVES, sureness

_SHORTEST_RESULT = 64  # characters of a tool result that still say something
_ROOT = re.compile(r"^root ::= .*$", re.MULTILINE)


class MalformedCall(EngineError):
    """The model began a tool call that does not parse, or named a tool that was not offered."""

    code = "engine.call"
    default_hint = "Ask again, or train the model with decoding.arguments: typed."


Earlier = int | Literal["trained", "all"]


@dataclass(frozen=True)
class TurnRequest:
    """``tools`` and ``home`` are None for the model's own tools and the assistant's home; empty for none.

    ``home_now``: the lines of the assistant's home as it is now, for a model that was trained with a home; None for those
    that it was opened with. ``home_tools``: what that home offers, for a model that was trained without tools of its own.
    ``earlier``: turns before the newest one that the model gets at most; trained: as many as its training rows had.
    ``whole``: where they do not fit, the turn is refused; otherwise the oldest of them give way.
    ``prompt``: the model continues this text, or what these token ids stand for, as it is, and messages, tools and home have
    no part in it. ``adapter``: one that the engine was opened with. ``reply_schema``: the JSON schema that a reply in words
    follows; a call that must be made does not. ``sure``: calls come with how sure the model is of each, exactly so where that may
    be less than this; 0 for not at all. ``language``: what the user speaks.
    """

    messages: tuple[Message, ...] = ()
    prompt: str | tuple[int, ...] | None = None
    tools: tuple[Tool, ...] | None = None
    home: tuple[str, ...] | None = None
    home_now: tuple[str, ...] | None = None
    home_tools: tuple[Tool, ...] | None = None
    sampling: Sampling = field(default_factory=Sampling)
    tool_choice: ToolChoice = field(default_factory=ToolChoice)
    earlier: Earlier = "all"
    whole: bool = False
    adapter: str | None = None
    reply_schema: dict[str, Any] | None = None
    sure: float = 0.0
    language: str = "en"


Event = TurnStarted | ReplyDelta | CallsReady | TurnFinished


class Answerer:
    """An engine with what its model was trained for. ``home`` are the lines of the home that it acts in.

    ``form`` is how the model is spoken to; absent, as the models that are trained here.
    """

    def __init__(self, engine: LlmEngine, manifest: ModelManifest, home: Sequence[str] = (), form: Format | None = None) -> None:
        self.engine = engine
        self.manifest = manifest
        self.home = tuple(home)
        self.form = form or RottieFormat(manifest.decoding)

    async def answer(self, request: TurnRequest) -> AsyncGenerator[Event, None]:
        """Events of one turn: TurnStarted, then deltas of speech, CallsReady where there are calls, TurnFinished.

        Stop strings end speech, and mean nothing in a call. Closing the iterator early stops decoding. Raises RequestError
        (PromptTooLong, ImageUnusable, NoProjector and others), Overloaded and EngineError, all but the last before the first
        event.
        """
        began, inference_id = time.monotonic(), uuid.uuid4().hex
        plan = await self._plan(request)

        def stamp() -> dict[str, Any]:
            return {"inference_id": inference_id, "at_ms": (time.monotonic() - began) * 1000}

        yield TurnStarted(**stamp(), model=self.manifest.candidate, reads_results=self.manifest.reads_results)
        plan, pieces, spent = await self._begin(plan, request)
        spoken = _Spoken(request.sampling.stop if plan.tools else ())
        weighed: list[TokenLogprob] = []
        end: Finished | None = None
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Finished):
                    end = piece
                    text = plan.reply.rest()
                else:
                    weighed += piece.logprobs if request.sure else ()
                    spoken.hear(piece)
                    text = plan.reply.add(piece.text)
                if said := spoken.say(text, last=end is not None):
                    tokens = said.logprobs if request.sampling.logprobs is not None else ()
                    yield ReplyDelta(**stamp(), text=said.text, logprobs=tokens)
                if spoken.stopped:
                    break
        if spoken.stopped:
            end = await self._stopped(plan, spoken.heard) if end is None else replace(end, finish_reason="stop")
        if end is None:
            raise EngineError("the engine ended a reply without saying why")
        calls = () if spoken.stopped else _calls(plan.reply, plan.tools, inference_id, end)
        if calls:
            yield CallsReady(**stamp(), calls=calls, sure=await _sure(calls, weighed, plan, request.sure))
        yield TurnFinished(
            **stamp(),
            finish_reason="tool_calls" if calls else end.finish_reason,
            prompt_tokens=end.prompt_tokens,
            cached_tokens=end.cached_tokens,
            completion_tokens=spent + end.completion_tokens,
        )

    async def _begin(self, plan: _Plan, request: TurnRequest) -> tuple[_Plan, AsyncGenerator[Any, None], int]:
        """The plan that is followed, its pieces as they come, and the tokens that choosing it took.

        Where a plan has another beside it, a call is made whole first; where none is made, the reply starts anew.
        """
        if plan.instead is None:
            return plan, self._pieces(plan, request), 0
        made = [piece async for piece in self._pieces(plan, request)]
        reading = self.form.reply(plan.tools)
        for piece in made[:-1]:
            reading.add(piece.text)
        reading.rest()
        try:
            called = bool(reading.calls())
        except MalformedReply:
            called = True
        if called:
            return plan, _again(made), 0
        return plan.instead, self._pieces(plan.instead, request), made[-1].completion_tokens

    def _pieces(self, plan: _Plan, request: TurnRequest) -> AsyncGenerator[Any, None]:
        sampling = replace(request.sampling, logprobs=ALTERNATIVES) if request.sure else request.sampling
        if plan.tools:
            # An engine cannot tell a call from speech: in a call, what is a stop string elsewhere belongs to it.
            sampling = replace(sampling, stop=(), in_one=sampling.in_one and not sampling.stop)
        prompt = plan.prompt
        return _generator(self.engine.generate(prompt.text, sampling, plan.grammar, request.adapter, prompt.images))

    async def _stopped(self, plan: _Plan, reply: str) -> Finished:
        """The end of a reply that was stopped here: the engine tells none. What it had of the prompt already is not known."""
        prompt, made = [len(await self.engine.tokenize(text)) for text in (plan.prompt.text, reply)]
        prompt += sum(image.tokens for image in plan.prompt.images)
        return Finished("stop", prompt, 0, made, 0.0, 0.0)

    async def _plan(self, request: TurnRequest) -> _Plan:
        if request.prompt is not None:
            return _Plan(await self._short_enough(request.prompt), None, _Continued(), ())
        messages = self.form.normal(self._recalled(request.messages, request.earlier))
        tools = (self.manifest.tools or request.home_tools or ()) if request.tools is None else request.tools
        home = self._lines(request) if request.home is None else request.home
        meant: frozenset[str] = frozenset()
        if self.manifest.format == "rottie":
            said = linked(messages, home, request.language)
            messages, meant = said.messages, said.meant
        seen = await self._seen(messages)
        prompt = await self._fit(messages, tools, home, seen, request)
        messages = _worded(messages)
        choice = request.tool_choice
        callable_tools = choice.offered(tools)
        if request.reply_schema is None or choice.mode in ("required", "named"):
            grammar = self.form.grammar(messages, tools, home, choice, meant)
            return _Plan(prompt, grammar, self.form.reply(callable_tools), callable_tools)
        document = _Plan(prompt, grammar_of_schema(request.reply_schema), self.form.reply(()), ())
        if choice.mode == "none" or not request.tools:
            return document
        # Of two grammars in different languages, no one can be made: the model first chooses between them.
        grammar = self.form.grammar(messages, tools, home, replace(choice, mode="required"), meant) or ""
        grammar = _call_or_begun(grammar, self.form.lead)
        return _Plan(prompt, grammar, self.form.reply(callable_tools), callable_tools, instead=document)

    async def _short_enough(self, given: str | tuple[int, ...]) -> _Prompt:
        prompt = _Prompt(given if isinstance(given, str) else await self.engine.detokenize(given))
        limit = self.engine.context - 1
        if (tokens := await self._tokens(prompt, limit)) > limit:
            raise PromptTooLong(f"the prompt has {tokens} tokens; this model takes {self.engine.context}", where="prompt")
        return prompt

    def _lines(self, request: TurnRequest) -> tuple[str, ...]:
        if not self.manifest.home:
            return ()
        return self.home if request.home_now is None else request.home_now

    @property
    def adapters(self) -> frozenset[str]:
        return self.engine.adapters

    def close(self) -> None:
        """Free the weights; only after the last turn has ended."""
        self.engine.close()
        self.form.close()

    def _recalled(self, messages: Sequence[Message], earlier: Earlier) -> Sequence[Message]:
        """``messages`` without the turns that are more than ``earlier`` says."""
        if earlier == "trained":
            earlier = self.manifest.turns - 1 if self.manifest.format == "rottie" else "all"
        if earlier == "all":
            return messages
        kept = _turns([message for message in messages if message.role != "system"])[-1 - earlier :]
        system = [message for message in messages if message.role == "system"]
        return [*system, *(message for turn in kept for message in turn)]

    async def _seen(self, messages: Sequence[Message]) -> _Seen:
        """Every image of ``messages``. Raises ImageUnusable, NoProjector."""
        seen: _Seen = {}
        for image in dict.fromkeys(image for message in messages for image in message.images):
            picture = await asyncio.to_thread(decoded, image)
            seen[image] = picture, await self.engine.image_tokens(picture)
        return seen

    async def _fit(
        self, messages: Sequence[Message], tools: Sequence[Tool], home: Sequence[str], seen: _Seen, request: TurnRequest
    ) -> _Prompt:
        """The prompt with as many of the newest turns as fit beside the reply. System messages and the newest turn stay, and
        with ``request.whole`` all do. Where the newest turn alone is too long, the results of its tools are cut.

        Raises PromptTooLong where it is still.
        """
        system = [message for message in messages if message.role == "system"]
        turns = _turns([message for message in messages if message.role != "system"])
        if not turns:
            raise RequestError("there is nothing to answer", where="messages", hint="Send at least one user message.")
        context = self.engine.context
        room = context - min(request.sampling.max_tokens, context // 4)
        last = 0 if request.whole else len(turns) - 1

        def made(newest: Iterable[Message]) -> _Prompt:
            shown = [*system, *newest]
            images = [seen[image] for message in shown for image in message.images]
            if not images:
                return _Prompt(self.form.prompt(shown, tools, home))
            place = f"image-{secrets.token_hex(16)}"  # which no text can foresee
            return _placed(self.form.prompt([_with_places(message, place) for message in shown], tools, home), place, images)

        def since(first: int) -> _Prompt:
            return made(message for turn in turns[first:] for message in turn)

        # All of them, or by halving the most that fit: counting a long conversation's tokens turn by turn takes seconds.
        low, high, probe = 0, last, 0
        while low < high:
            if await self._tokens(since(probe), room) <= room:
                high = probe
            else:
                low = probe + 1
            probe = (low + high) // 2
        prompt = since(low)
        if low == last and (tokens := await self._tokens(prompt, context - 1)) > context - 1:
            # What was already done must be told, whatever a tool had to say about it.
            longest = 0 if request.whole else max((len(m.content or "") for m in turns[low] if m.role == "tool"), default=0)
            while (longest := longest // 2) >= _SHORTEST_RESULT:
                prompt = made(_cut(message, longest) for message in turns[low])
                if await self._tokens(prompt, room) <= room:
                    return prompt
            what = "the conversation" if request.whole else "the newest message"
            raise PromptTooLong(
                f"{what}, with the system text, tools and home, has {tokens} tokens; this model takes {context}", where="messages"
            )
        return prompt

    async def _tokens(self, prompt: _Prompt, enough: int) -> int:
        """How many there are, or a number that is not below it where that is at most ``enough``."""
        # A token is at least one byte: most prompts need no counting.
        shown = sum(image.tokens for image in prompt.images)
        size = len(prompt.text.encode()) + shown
        if size <= enough:
            return size
        return shown + sum([len(await self.engine.tokenize(text)) for text in around(prompt.text, prompt.images)])


def _cut(message: Message, most: int) -> Message:
    """A tool's result with ``most`` characters at most; any other message as it is."""
    content = message.content or ""
    if message.role != "tool" or len(content) <= most:
        return message
    return message.model_copy(update={"content": f"{content[:most]} [cut]"})


@dataclass(frozen=True)
class _Prompt:
    text: str
    images: tuple[Placed, ...] = ()


# An image as it came -> what the engine gets of it, and the tokens that it takes.
_Seen = dict[str, tuple[Picture, int]]


def _with_places(message: Message, place: str) -> Message:
    return message.model_copy(update={"content": (message.content or "").replace(IMAGE, place)}) if message.images else message


def _worded(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same without images: what can be copied from them is their text."""
    return tuple(
        _with_places(message, "").model_copy(update={"images": ()}) if message.images else message for message in messages
    )


def _placed(text: str, place: str, images: Sequence[tuple[Picture, int]]) -> _Prompt:
    """``text`` with ``images`` where it has ``place``. Raises TemplateRefused where a template dropped or repeated one."""
    parts = text.split(place)
    if len(parts) != len(images) + 1:
        raise TemplateRefused("this model's chat template does not keep images in their places", where="messages")
    ends = accumulate(map(len, parts))
    return _Prompt(
        "".join(parts), tuple(Placed(picture, at, tokens) for (picture, tokens), at in zip(images, ends, strict=False))
    )


@dataclass(frozen=True)
class _Plan:
    """What the engine is asked, and how its answer is read."""

    prompt: _Prompt
    grammar: str | None
    reply: Reply
    tools: tuple[Tool, ...]
    instead: _Plan | None = None
    """What is asked when this one makes no call."""


def _call_or_begun(grammar: str, lead: str) -> str:
    """``grammar`` with the beginning of a JSON document in the place of speech."""
    return _ROOT.sub(lambda _: f"root ::= calls | begun\nbegun ::= {literal(lead + '{')}", grammar)


class _Spoken:
    """Speech on its way out: up to the first of ``stops``, with the tokens of just that.

    It is one stretch of what the engine says; what a reader leaves out of it stands before it or after it.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._pieces = Pieces(stops)
        self._begun = False
        self._tokens: deque[TokenLogprob] = deque()
        self._owed = 0
        self.heard = ""

    @property
    def stopped(self) -> bool:
        return self._pieces.stopped

    def hear(self, piece: Delta) -> None:
        self.heard += piece.text
        self._tokens += piece.logprobs

    def say(self, text: str, last: bool) -> Delta | None:
        """What may be said once the reader gave ``text``; ``last``: it will give no more."""
        if text and not self._begun:
            self._begun, self._owed = True, len(self.heard.partition(text)[0].encode())
        said = self._pieces.add(text)
        if last:
            said = joined((said, self._pieces.rest()))
        return Delta(said.text, self._taken(said.text)) if said else None

    def _taken(self, text: str) -> tuple[TokenLogprob, ...]:
        """The tokens up to the end of ``text``, of which the last may go on after it."""
        self._owed += len(text.encode())
        taken: list[TokenLogprob] = []
        while self._tokens and self._owed > 0:
            taken.append(self._tokens.popleft())
            self._owed -= len(taken[-1].bytes)
        return within(taken, sum(len(token.bytes) for token in taken) + min(0, self._owed)) if self.stopped else tuple(taken)


class _Continued:
    """A reply that is text and nothing else, as it comes."""

    def add(self, text: str) -> str:
        return text

    def rest(self) -> str:
        return ""

    def calls(self) -> tuple[ToolCall, ...]:
        return ()


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Each from a user message up to the next; calls and their results are never parted."""
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _calls(reply: Reply, tools: Sequence[Tool], inference_id: str, end: Finished) -> tuple[ToolCall, ...]:
    """The calls of ``reply``; none where it was cut off at its limit. Raises MalformedCall."""
    try:
        calls = reply.calls()
    except MalformedReply as error:
        if end.finish_reason == "length":
            return ()
        raise MalformedCall("the model began a tool call that does not parse") from error
    offered = {tool.function.name for tool in tools}
    if any(call.function.name not in offered for call in calls):
        raise MalformedCall("the model called a tool that was not offered")
    return tuple(call.model_copy(update={"id": f"call_{inference_id[:16]}_{i}"}) for i, call in enumerate(calls))


async def _sure(calls: Sequence[ToolCall], tokens: Sequence[TokenLogprob], plan: _Plan, below: float) -> tuple[float, ...]:
    return await asyncio.to_thread(sureness, calls, tokens, plan.grammar, below) if below else ()


async def _again(pieces: Sequence[Any]) -> AsyncGenerator[Any, None]:
    for piece in pieces:
        yield piece


async def _generator(pieces: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """Makes closing reach the engine whether its iterator is a generator or has no ``aclose``."""
    try:
        async for piece in pieces:
            yield piece
    finally:
        if (close := getattr(pieces, "aclose", None)) is not None:
            await close()
