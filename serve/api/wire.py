"""What travels from the gateway to a replica of the model, and how every body from outside is read.

Unknown keys are refused by name: a setting that is silently ignored would be worse. Does not cover what each route takes:
its own module does.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas.conversation import Message, Tool
from schemas.errors import RequestError
from schemas.nesting import DEEPEST, too_deep
from serve.engines import protocol
from serve.engines.grammar import ToolChoice

LARGEST_INTEGER = 2**63 - 1
TOP_LOGPROBS = 20


class Body(BaseModel):
    """Of a request or a reply: no unknown keys, and no text that is taken for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Turn(BaseModel):
    """A checked request, without the wire's spellings.

    ``model`` may end in ``:adapter``. With ``prompt`` the
    model continues that text, or what those token ids stand for, and messages, tools and home have no part in it.
    ``reply_schema``: the JSON schema that a reply in words must follow. ``home_now`` to ``whole``, ``sure`` and ``language``: see
    TurnRequest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    messages: tuple[Message, ...] = ()
    prompt: str | tuple[int, ...] | None = None
    tools: tuple[Tool, ...] | None = None
    home: tuple[str, ...] | None = None
    home_now: tuple[str, ...] | None = None
    home_tools: tuple[Tool, ...] | None = None
    earlier: int | Literal["trained", "all"] = "all"
    whole: bool = False
    tool_choice: ToolChoice = ToolChoice()
    reply_schema: dict[str, Any] | None = None
    sampling: protocol.Sampling = protocol.Sampling()
    sure: float = 0.0
    language: str = "en"


class Passages(BaseModel):
    """Texts, or their token ids, that shall become vectors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    inputs: tuple[str | tuple[int, ...], ...]


class Vectors(BaseModel):
    """One vector of length 1 for each text, in their order, and the version that made them. ``tokens``: of all texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    vectors: tuple[tuple[float, ...], ...]
    tokens: int


SpokenLanguage = Annotated[
    str,
    Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$"),
    AfterValidator(lambda tag: tag.partition("-")[0].lower()),
]
"""Two or three small letters; of a tag such as `en-US` the region is left out."""
StopText = Annotated[str, Field(min_length=1, max_length=256)]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]


class Sampling(Body):
    """How tokens are chosen: settings that several routes take. Left out: the most likely token each time."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0, le=1_000_000, description="Extension: the number of tokens to choose from.")
    min_p: float | None = Field(default=None, ge=0, le=1, description="Extension: least share of the likeliest token's.")
    seed: int | None = Field(default=None, ge=0, le=LARGEST_INTEGER)


class PenalisedSampling(Sampling):
    repeat_penalty: float | None = Field(
        default=None,
        gt=0,
        le=2,
        description="Extension, llama.cpp's: how much less likely tokens become that came before; 1: not at all.",
    )
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], Annotated[float, Field(ge=-100, le=100)]] | None = Field(
        default=None, max_length=300, description="Token id -> what is added to its logit."
    )
    stop: StopText | Annotated[tuple[StopText, ...], Field(max_length=4)] | None = None
    n: int | None = Field(default=None, ge=1, le=8, description="Replies to give; each has the seed after the one before it.")

    @property
    def choices(self) -> int:
        return self.n or 1


def sampling_of(asked: Sampling, max_tokens: int, logprobs: int | None) -> protocol.Sampling:
    """How the engine shall choose tokens, from what ``asked`` names."""
    found = protocol.Sampling(
        max_tokens=max_tokens,
        logprobs=logprobs,
        temperature=asked.temperature or 0.0,
        top_p=1.0 if asked.top_p is None else asked.top_p,
        top_k=asked.top_k or 0,
        min_p=asked.min_p or 0.0,
        seed=asked.seed,
    )
    if not isinstance(asked, PenalisedSampling):
        return found
    return replace(
        found,
        repeat_penalty=1.0 if asked.repeat_penalty is None else asked.repeat_penalty,
        presence_penalty=asked.presence_penalty or 0.0,
        frequency_penalty=asked.frequency_penalty or 0.0,
        logit_bias=tuple((int(token), bias) for token, bias in (asked.logit_bias or {}).items()),
        stop=(asked.stop,) if isinstance(asked.stop, str) else (asked.stop or ()),
    )


def repeated(turn: Turn, times: int) -> list[Turn]:
    """The same turn for each choice, with seeds that differ where one was given."""
    sampling, seed = turn.sampling, turn.sampling.seed
    if seed is None:
        return [turn] * times
    seeds = [(seed + i) & LARGEST_INTEGER for i in range(times)]
    return [turn.model_copy(update={"sampling": replace(sampling, seed=each)}) for each in seeds]


Shape = TypeVar("Shape", bound=BaseModel)


def checked(kind: type[Shape], raw: bytes) -> Shape:
    """The body ``raw`` as a ``kind``; RequestError names the first key that does not fit, never its value."""
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        if b"\\u" in raw:
            # Escapes may form half of a character pair, which no tokenizer can take.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise RequestError("the body is not valid UTF-8", where="body") from error
    except json.JSONDecodeError as error:
        raise RequestError(f"the body is not JSON: {error.msg} at character {error.pos}", where="body") from None
    except (RecursionError, ValueError) as error:
        raise RequestError("the body is not JSON that can be read here", where="body") from error
    if too_deep(document):
        raise RequestError(f"lists and objects stand over {DEEPEST} deep in one another", where="body")
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise refusal(error, document) from None


class Where:
    """Turns a validation error inside its block into a RequestError at ``place``."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValidationError):
            raise refusal(error, prefix=self.place) from None


def refusal(error: ValidationError, document: Any = None, prefix: str = "") -> RequestError:
    """The first problem as a RequestError. Input values stay out: they are the user's words."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in (prefix, *_place(first["loc"], document)) if part != "")
    return RequestError(f"{key or 'body'}: {first['msg']}", where=key or "body")


def _place(found: tuple[int | str, ...], document: Any) -> list[int | str]:
    """The keys of ``found`` that lead into ``document``: those in between name branches of a union, not places.

    The last is kept where it is a key that is missing.
    """
    if document is None:
        return list(found)
    place: list[int | str] = []
    for number, part in enumerate(found):
        if isinstance(document, dict):
            if part in document:
                document = document[part]
            elif number < len(found) - 1:
                continue
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            continue
        place.append(part)
    return place


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
