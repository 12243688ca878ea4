"""WHAT is served: stages, engines, model alias, limits."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from schemas.action import Role
from schemas.lending import Plugins, Servers, Token
from schemas.pipeline import Spec
from schemas.policy import Rules


class Adapter(Spec):
    """A LoRA adapter for the served weights. Its sum names it: a changed file is another wish, and is rolled out as one."""

    path: str = Field(description="A GGUF file; relative paths start at ROTTIE_HOME.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Speculation(Spec):
    """Tokens guessed ahead and checked together: the same reply, sooner where guesses are good, later where they are not."""

    draft: Adapter | None = Field(
        default=None,
        description="A smaller model with the same vocabulary that guesses; without one, guesses are what followed the same words"
        " earlier in the prompt and reply, which suits answers that copy.",
    )
    tokens: int = Field(default=8, ge=1, le=64, description="Guessed at once, at most.")


class Projector(Adapter):
    """What turns images into tokens of the served model: the mmproj file that is published beside it."""

    tokens: int | None = Field(
        default=None,
        ge=64,
        le=16_384,
        description="Of one image, about at most, where the projector can choose; left out, its own.",
    )


class LlmEngine(Spec):
    kind: Literal["xllamacpp", "llama_cpp", "scripted"] = "xllamacpp"
    context: int = Field(default=1024, ge=128, description="Tokens a conversation may take, prompt and reply together.")
    slots: int = Field(default=4, ge=1, le=256, description="Conversations decoded at once.")
    threads: int = Field(default=1, ge=1, description="CPU threads; more than the free cores slow everything down.")
    gpu_layers: int = Field(default=0, ge=0)
    batch: int = Field(
        default=128, ge=32, le=4096, description="Tokens of a prompt computed at once; running replies go on in between."
    )
    queue: int = Field(default=64, ge=0, le=4096, description="Replies that may wait for a slot; further ones are refused.")
    speculation: Speculation | None = Field(default=None, description="xllamacpp only.")
    adapters: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")], Adapter] = Field(
        default={}, max_length=32, description="LoRA adapters by name, loaded with the model; a request chooses one or none."
    )

    projector: Projector | None = Field(
        default=None,
        description="xllamacpp only; without one, images are refused. It is for one model: others do not load with it.",
    )

    @model_validator(mode="after")
    def _who_can(self) -> LlmEngine:
        for name in ("speculation", "projector"):
            if getattr(self, name) is not None and self.kind != "xllamacpp":
                raise ValueError(f"{name} needs kind: xllamacpp")
        return self


class Limits(Spec):
    max_tokens: int = Field(default=256, ge=1, description="Longest reply in tokens.")
    request_bytes: int = Field(default=262_144, ge=1024)
    messages: int = Field(default=200, ge=1)
    images: int = Field(default=4, ge=0, le=64, description="Of a conversation; their bytes count among request_bytes.")
    image_pixels: int = Field(default=16_777_216, ge=1, le=2**27, description="Of one image.")
    tools: int = Field(default=64, ge=0)
    timeout_s: float = Field(default=60, gt=0)
    queue: int = Field(default=32, ge=1, description="Requests that may wait; further ones are answered 503 with Retry-After.")


class Tiers(Spec):
    """Who answers a request: the first that is on and knows what is meant."""

    intents: bool = Field(default=True, description="Frequent sentences, recognised exactly and without a model.")
    model: bool = Field(default=True, description="The language model, for everything else.")


class Conversations(Spec):
    """What is kept of conversations on this machine, and how much of them the model gets again."""

    keep: bool = Field(default=True, description="Off: nothing is kept, whatever a request asks.")
    turns: Literal["trained"] | Annotated[int, Field(ge=0, le=1000)] = Field(
        default="trained",
        description="Earlier turns that the model gets at most, newest first as they fit. trained: as many as its training rows"
        " had before the last one; a model that has only seen single turns is confused by more.",
    )
    most: int = Field(default=1000, ge=1, description="Conversations; the one that rested longest gives way.")
    longest: int = Field(default=500, ge=1, description="Turns of a conversation; the oldest give way.")
    bytes: int = Field(default=1_048_576, ge=4096, description="Of a conversation; its oldest turns give way.")
    days: float = Field(default=30, gt=0, description="A conversation that rested for longer is deleted.")


class HomeChoice(Spec):
    """Which home is acted in: a simulated one, or Home Assistant behind its address."""

    kind: Literal["simulated", "home_assistant"] = "simulated"
    url: str | None = Field(default=None, max_length=2000, description="Such as http://homeassistant.local:8123.")
    token: Token | None = Field(default=None, description="A long-lived access token; an administrator's tells what is exposed.")
    timeout_s: float = Field(default=10, gt=0, le=120, description="For one order.")
    follow_s: float = Field(default=3, gt=0, le=60, description="How long the states are awaited after an order.")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            plain = not ("@" in parts.netloc or parts.query or parts.fragment)
            if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
                raise ValueError("it must be an http or https address, without a name, a password or a query in it")
        return url

    @model_validator(mode="after")
    def _whole(self) -> HomeChoice:
        given = (self.url is not None, self.token is not None)
        if given != ((True, True) if self.kind == "home_assistant" else (False, False)):
            raise ValueError("home_assistant needs url and token, and a simulated home has neither")
        return self


class Web(Spec):
    """Pages that the model may read. No host is listed by default, and then there is no such tool."""

    hosts: tuple[Annotated[str, Field(pattern=r"^(https?://)?[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$")], ...] = Field(
        default=(), max_length=100, description="host or host:port for https; http://host for pages in the clear. No wildcards."
    )
    bytes: int = Field(default=500_000, ge=1000, le=5_000_000, description="Of one page; a longer one is not read.")
    output: int = Field(default=8000, ge=100, le=100_000, description="Characters of its text that are kept.")
    timeout_s: float = Field(default=10, gt=0, le=60)
    per_minute: int = Field(default=20, ge=1, le=1000)


class Tools(Spec):
    """Tools beside the home that come with Rottie. A model that was trained with tools of its own is not offered them."""

    to_model: bool = Field(
        default=True,
        description="Off: known sentences alone reach them. A small model that was trained without them is confused by them.",
    )
    reminders: bool = True
    notes: bool = True
    calculator: bool = True
    web: Web = Web()


Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
AUTO = "auto"
_BY_LANGUAGE = (
    "Models by what is spoken, as `{de: NAME}`: what a client says it speaks, or what was heard, chooses; else `model`."
)


class RecogniserChoice(Spec):
    """One recogniser."""

    kind: Literal["faster_whisper", "scripted"] = Field(
        default="faster_whisper", description="scripted hears what stands in a text file; for tests."
    )
    model: str = Field(
        default="starter",
        max_length=1000,
        description="starter: the recogniser that comes with Rottie. auto: the largest that was pulled for `language`, which is"
        " then the assistant's unless it stands here. Otherwise the name of one that was pulled, or a folder with a CTranslate2"
        " model, ours or any Whisper; relative paths start at ROTTIE_HOME.",
    )
    languages: dict[Language, str] = Field(default={}, max_length=16, description=_BY_LANGUAGE)
    language: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2,3}$",
        description="What is spoken, for models of several languages; they find out without.",
    )
    threads: int = Field(default=1, ge=1, le=64)
    beam: int = Field(default=1, ge=1, le=10, description="Ways of hearing that are followed at once; 1 is the fastest.")
    replicas: int = Field(default=1, ge=1, le=256)
    longest_s: float = Field(default=120, gt=0, le=600, description="Seconds of a recording; a longer one is refused.")
    bytes: int = Field(default=26_214_400, ge=1024, le=50_000_000, description="Of a recording as it is sent.")
    confidence: float = Field(
        default=0.0, ge=0, lt=1, description="Below it nothing is done: the recogniser's mean certainty of what it wrote."
    )


class Stt(RecogniserChoice):
    """What turns speech into text."""

    second: RecogniserChoice | None = Field(
        default=None, description="In processes of its own: hears where the first cannot be loaded, has ended or is late."
    )


class VoiceChoice(Spec):
    """One voice."""

    kind: Literal["piper", "scripted"] = Field(default="piper", description="scripted hums; for tests.")
    model: str = Field(
        default="starter",
        max_length=1000,
        description="starter: the voice that comes with Rottie. auto: the largest that was pulled for `language`. Otherwise the"
        " name of one that was pulled, or a Piper voice as its ONNX file or the folder that holds it; relative paths start at"
        " ROTTIE_HOME.",
    )
    languages: dict[Language, str] = Field(default={}, max_length=16, description=_BY_LANGUAGE)
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}$", description="What `auto` is chosen for; the assistant's language without."
    )
    speed: float = Field(default=1.0, ge=0.25, le=4, description="2: twice as fast.")
    threads: int = Field(default=1, ge=1, le=64)
    replicas: int = Field(default=1, ge=1, le=256)
    longest: int = Field(default=4096, ge=1, le=5000, description="Characters that are spoken at once.")
    timeout_s: float = Field(default=20, gt=0, le=300, description="For a reply; one that takes longer is given as text alone.")


class Tts(VoiceChoice):
    """What turns text into speech."""

    second: VoiceChoice | None = Field(
        default=None, description="In processes of its own: speaks where the first cannot be loaded, has ended or is late."
    )


class Talk(Spec):
    """How the assistant listens and speaks where speech streams in and out."""

    floor_ms: int = Field(default=300, ge=100, le=10_000, description="Silence that ends what sounds finished.")
    cap_ms: int = Field(default=1200, ge=100, le=60_000, description="Silence that ends whatever was said.")
    start_ms: int = Field(default=96, ge=32, le=2000, description="Speech that lasts so long is speech.")
    threshold: float = Field(default=0.5, gt=0, lt=1, description="Probability of speech from which on it counts.")
    partial_ms: int = Field(default=600, ge=100, le=10_000, description="Speech between two looks at what was said so far.")
    ahead: bool = Field(
        default=True, description="The model begins while the end of a turn is still awaited. Nothing is done before the end."
    )
    barge_in: bool = Field(default=True, description="Speaking into a reply ends it. Off: it is heard out.")
    longest_s: float = Field(default=30, gt=1, le=120, description="Seconds of speech in one turn; then it ends.")
    backlog_s: float = Field(default=60, gt=1, le=600, description="Audio that may wait to be heard; more is refused.")
    sessions: int = Field(default=64, ge=1, le=10_000, description="Spoken conversations at once; further ones are refused.")
    keep_audio: bool = Field(default=False, description="On: what was said is kept as WAV files under ROTTIE_HOME/recordings.")

    @model_validator(mode="after")
    def _ordered(self) -> Talk:
        if self.floor_ms > self.cap_ms:
            raise ValueError("talk.floor_ms must not be above talk.cap_ms")
        return self


class Assistant(Spec):
    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    description: str = ""
    model: str = "rottie-llm"
    alias: str = "champion"
    engine: LlmEngine = LlmEngine()
    replicas: int = Field(default=1, ge=1, le=256)
    inventory: str | None = Field(default=None, description="The home, as an inventory file; its lines stand in the prompt.")
    home: HomeChoice = HomeChoice()
    language: str = Field(default="en", description="What people speak: the sentences of the first tier, and replies.")
    tiers: Tiers = Tiers()
    act: bool = Field(default=True, description="Off: the home is read, and every change of it is refused.")
    role: Role = Field(default="user", description="Of an API key without marks: it comes from the door, never from a text.")
    rounds: int = Field(
        default=1,
        ge=1,
        le=8,
        description="Times that the model is asked in one request at most. From 2 on it sees what came of its calls and may call"
        " again; a model that was trained without results of calls is asked once whatever stands here.",
    )
    ask_again: Literal["failed", "always"] = Field(
        default="failed",
        description="After which calls, within rounds. failed: where one ended in an error; otherwise the reply is put together"
        " from what happened. always: for models that put what happened into their own words.",
    )
    sure: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="A call of the model that changes something is asked about in place of done where it is less sure of it: how"
        " probable exactly this call was. 0: never. `python -m flows.steps.doubting` measures what a bar costs and saves.",
    )
    tools: Tools = Tools()
    policy: Rules = Rules()
    servers: Servers = Field(default=(), description="MCP servers whose tools are offered beside the home's own.")
    plugins: Plugins = Field(default=(), description="Entry points of the group rottie that are loaded; no others are.")
    conversations: Conversations = Conversations()
    stt: Stt | None = Field(default=None, description="Left out: audio is refused.")
    tts: Tts | None = Field(default=None, description="Left out: replies are text alone.")
    talk: Talk = Talk()
    origins: tuple[str, ...] = Field(
        default=(),
        description="Web pages, such as https://panel.local, that may open the WebSocket beside those of the API's own host.",
    )
    limits: Limits = Limits()

    @field_validator("stt", "tts")
    @classmethod
    def _best_for_whom(cls, section: Stt | Tts | None, info: ValidationInfo) -> Stt | Tts | None:
        """What is best is best for a language."""
        language = str(info.data.get("language", "en")).partition("-")[0].lower()
        if section is None:
            return None
        second = section.second and _speaking(section.second, language)
        return _speaking(section.model_copy(update={"second": second}), language)

    @model_validator(mode="after")
    def _one_home(self) -> Assistant:
        if self.inventory is not None and self.home.kind != "simulated":
            raise ValueError("an inventory is for a simulated home; a real one has its own")
        return self


Choice = TypeVar("Choice", bound=RecogniserChoice | VoiceChoice)


def _speaking(section: Choice, language: str) -> Choice:
    """``section``, with ``language`` where its model is chosen by one and none is named."""
    return section.model_copy(update={"language": language}) if section.model == AUTO and not section.language else section
