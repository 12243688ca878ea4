"""One tree of errors. Each kind has a stable code, an exit code and a sentence that says what to do next."""

from __future__ import annotations

from typing import Any, ClassVar


class RottieError(Exception):
    """Base of every error that Rottie raises on purpose.

    ``code`` is stable and machine-readable; ``exit_code`` is what the command line ends with; ``status`` is the HTTP
    status the API answers with. ``where`` names the file, key, row, port or service; ``hint`` is the next step.
    """

    code: ClassVar[str] = "rottie"
    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500
    default_hint: ClassVar[str] = "Run `rottie doctor` to see what is wrong with this machine."

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint or self.default_hint

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"[{self.code}] {self.message}{place}. {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process boundaries (Ray, Prefect): keyword-only arguments need an explicit rebuild.
        return _rebuild, (type(self), self.message, self.where, self.hint)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "where": self.where, "hint": self.hint}


def _rebuild(kind: type[RottieError], message: str, where: str | None, hint: str | None) -> RottieError:
    return kind(message, where=where, hint=hint)


class ConfigError(RottieError):
    """A YAML file, an environment variable or a ``--set`` that does not fit the schema."""

    code, exit_code, status = "config", 2, 400
    default_hint = "Correct the file, key or value named here; `rottie config show` tells where each value comes from."


class DataError(RottieError):
    """Rows, files or datasets that cannot be used."""

    code, exit_code, status = "data", 3, 400
    default_hint = "Correct or remove the file named here and run the flow again; finished steps are not repeated."


class StarterMissing(DataError):
    """A starter model is asked for that this version was not shipped with."""

    code = "starter.missing"
    default_hint = "Releases hold it; `rottie run pretrain_starter`, train_recogniser, train_voice and train_wake_word make one."


class SourceMissing(DataError):
    code = "data.missing"
    default_hint = "Check the path in the pipeline's `sources`, or override it with --set sources.0.path=FILE."


class SourceEmpty(DataError):
    code = "data.empty"
    default_hint = "The source has no usable row; see the reasons in the dataset's manifest."


class IntegrityError(DataError):
    """A file's SHA-256 differs from its manifest."""

    code = "data.integrity"
    default_hint = "Delete the damaged folder named here and run the flow again: it is rebuilt from its sources."


class ChecksFailed(DataError):
    code = "checks.failed"
    default_hint = "Open the Data Docs named here, correct the rows in quarantine, or loosen `checks` in the pipeline."


class TrainingError(RottieError):
    code, exit_code = "training", 4
    default_hint = "See the training log named here; running the flow again resumes from the last checkpoint."


class TrainingDiverged(TrainingError):
    code = "training.diverged"
    default_hint = "The loss is not finite: lower training.learning_rate and run again."


class StepCrashed(RottieError):
    """The process of a step ended without an error of its own: killed, or out of memory."""

    code, exit_code = "step.crashed", 4
    default_hint = "See whether the machine ran out of memory, then run the flow again: finished steps are kept."


class EvaluationError(RottieError):
    code, exit_code = "evaluation", 5


class ParityError(EvaluationError):
    """The exported model does not compute what the trained one does."""

    code = "evaluation.parity"
    default_hint = "The export differs from the trained model; nothing was promoted. Report this with the report file."


class HubError(DataError):
    """The Hugging Face hub does not have what was asked for, does not give it, or gave something else."""

    code = "hub"
    default_hint = "Check the name on the hub; `rottie models pull --help` shows how files and revisions are named."


class HubMissing(HubError):
    code, status = "hub.missing", 404


class HubRefused(HubError):
    code, status = "hub.refused", 403
    default_hint = "Accept the model's terms on its page on the hub, then set HF_TOKEN to a token of yours that may read it."


class HubDown(HubError):
    code, status = "hub.down", 503
    default_hint = "Check the network and HF_ENDPOINT, and that HF_HUB_OFFLINE is not set; what was downloaded is kept."


class RegistryError(RottieError):
    code, exit_code = "registry", 6
    default_hint = "Check that the MLflow server is up: `rottie status`."


class VersionMissing(RegistryError):
    code, status = "registry.missing", 404
    default_hint = "List what exists with `rottie models`."


class NotScored(RegistryError):
    """A version that was never scored here."""

    code, status = "registry.not_scored", 409
    default_hint = "If you know it to be good, promote it with `rottie promote VERSION --unscored`; the registry records that."


class RollOutFailed(RottieError):
    """The new version did not become healthy; the previous one answers on."""

    code, exit_code = "rollout.failed", 7
    default_hint = "The previous version still answers. See the serve logs, then `rottie promote` again."


class StackError(RottieError):
    code, exit_code = "stack", 8


class PortInUse(StackError):
    code = "stack.port"
    default_hint = "Stop the program that holds the port, or choose another with ROTTIE__PROFILE__STACK__PORTS__<SERVICE>=<port>."


class StackDown(StackError):
    code, status = "stack.down", 503
    default_hint = "Start it with `rottie up` (or `make run`)."


class DiskFull(StackError):
    code = "stack.disk"
    default_hint = "Free some disk space, then run the same command again: finished steps are kept."


class EngineError(RottieError):
    code, exit_code, status = "engine", 9, 500


class ModelUnusable(EngineError):
    """A model file that is damaged, of the wrong kind, or cannot be decoded here."""

    code = "engine.model"
    default_hint = "Verify the files with `rottie models verify`, or roll back with `rottie rollback`."


class NoChampion(EngineError):
    code, status = "engine.no_champion", 503
    default_hint = "Train and promote one: `rottie run retrain --pipeline starter`."


class Overloaded(EngineError):
    code, status = "engine.overloaded", 503
    default_hint = "Try again after the time given in Retry-After."


class TimedOut(EngineError):
    code, status = "engine.timeout", 504
    default_hint = "Ask for a shorter reply, or raise limits.timeout_s in the assistant's file."


class RequestError(RottieError):
    """A request that the API refuses."""

    code, exit_code, status = "request", 2, 400
    default_hint = "Correct the request; the API's schema is at /openapi.json."


class PromptTooLong(RequestError):
    code = "request.too_long"
    default_hint = "Shorten the conversation, or raise engine.context in the assistant's file."


class GrammarUnusable(RequestError):
    """A grammar, or a schema that one is made of, that the engine cannot hold a reply to."""

    code = "request.grammar"
    default_hint = "Correct the schema at the place named here: leave out what a reply cannot be held to."


class ResponseMissing(RequestError):
    code, status = "request.response_missing", 404
    default_hint = "Responses are kept in memory only, and not for ever; send the conversation again."


class RequestTooLarge(RequestError):
    code, status = "request.too_large", 413
    default_hint = "Send fewer or shorter messages, or raise limits.request_bytes in the assistant's file."


class UpgradeNeeded(RequestError):
    """A plain request to what is a WebSocket."""

    code, status = "request.upgrade", 426
    default_hint = "Open a WebSocket at this address, with the key as a bearer header."


class Cancelled(RottieError):
    """A turn that the one who asked ended before its time."""

    code, status = "request.cancelled", 409
    default_hint = "What it had done stays done; ask again with a new idempotency key."


class HomeDown(RottieError):
    """The process that holds the home does not answer."""

    code, exit_code, status = "home.down", 10, 503
    default_hint = "It is started again by itself; ask once more in a moment, or see the serve logs."


class SpeechMissing(ConfigError):
    """Something that speech needs is not installed: packages under the GPL (all else runs without), or a model."""

    code = "speech.missing"
    default_hint = "Install them with `uv pip install piper-tts espeakng-loader onnx`, or do without speech."


class NoSoundDevice(RottieError):
    """This machine has no microphone or no loudspeaker, or it does not open."""

    code, exit_code = "speech.device", 2
    default_hint = "Connect one, choose one with --microphone and --loudspeaker, or play a recording with --in FILE.wav."


class TextUnspeakable(RequestError):
    """A text with nothing to say in it, or with too much."""

    code = "request.unspeakable"
    default_hint = "Send some words, and long texts sentence by sentence."


class AudioUnusable(RequestError):
    """Samples of the wrong rate, width or shape, with values that are no numbers, or too many at once."""

    code = "request.audio"
    default_hint = "Send mono audio at 16,000 Hz, as 16-bit integers or as floats between -1 and 1, a few seconds at a time."


class ImageUnusable(RequestError):
    """An image that is none, is damaged, or is larger than is taken here."""

    code = "request.image"
    default_hint = "Send PNG, JPEG or WebP in base64 as a data URL (data:image/png;base64,...); addresses are not fetched."


class NoProjector(RequestError):
    """An image came for a model that takes text alone."""

    code = "request.no_projector"
    default_hint = "Send text alone, or name the model's projector as engine.projector in the assistant's file."


class NoRecogniser(RequestError):
    """Audio came, and nothing here turns speech into text."""

    code = "request.no_recogniser"
    default_hint = "Send text, or name a recogniser in the section `stt` of the assistant's file."


class NoVoice(RequestError):
    """Speech is asked for, and nothing here turns text into it."""

    code = "request.no_voice"
    default_hint = "Read the text, or name a voice in the section `tts` of the assistant's file."


class SpeechDown(EngineError):
    """The process that hears or speaks does not answer."""

    code, status = "speech.down", 503
    default_hint = "It is started again by itself; send text, or ask once more in a moment."


class ForeignPage(RequestError):
    """A browser sent it for a page of another host."""

    code, status = "request.origin", 403
    default_hint = "Open the page from the API's own address, or name its origin in the assistant's `origins`."


class ConversationMissing(RequestError):
    code, status = "conversation.missing", 404
    default_hint = "List those that are kept with `rottie conversations list`; leave the id out to begin a new one."


class ConversationBusy(RequestError):
    """More requests in one conversation than may wait for their turn."""

    code, status = "conversation.busy", 409
    default_hint = "Wait for the reply to the request before, or cancel it."


class ConversationsUnusable(RottieError):
    """The database of conversations cannot be read or written."""

    code, exit_code, status = "conversation.store", 10, 503
    default_hint = "Free disk space, or move the database named here aside; it is then begun anew."


class Unauthorised(RequestError):
    code, status = "request.key", 401
    default_hint = "Send `Authorization: Bearer <key>`; the first key lies in ROTTIE_HOME/api_key."


class KeysUnusable(ConfigError):
    """A file of API keys with a line that cannot be used: none of its keys counts."""

    code = "config.keys"
    default_hint = (
        "A line is KEY, or KEY id=NAME role=admin|user|guest|device area=AREA (area may be left out); # begins a comment."
    )


class ActionError(RottieError):
    """A tool call, a service call or a change of the home that cannot be done; nothing of it was done.

    ``changes`` (schemas.action.Change) is empty but in a real home, which may do a part of an order and fail.
    """

    changes: tuple[Any, ...] = ()
    code, exit_code, status = "action", 10, 400
    default_hint = "Nothing was changed. Correct the arguments and call again."


class UnknownTool(ActionError):
    code, status = "action.unknown_tool", 404
    default_hint = "Call one of the tools that were offered."


class UnknownEntity(ActionError):
    code, status = "action.unknown_entity", 404
    default_hint = "Use a name or an alias of this home, as GetLiveContext lists them."


class UnknownArea(ActionError):
    code, status = "action.unknown_area", 404
    default_hint = "Use the name or an alias of an area of this home."


class UnknownFloor(ActionError):
    code, status = "action.unknown_floor", 404
    default_hint = "Use the name or an alias of a floor of this home."


class NoMatch(ActionError):
    """Name, area and kind exist, but nothing in the home is all of them at once."""

    code, status = "action.no_match", 404
    default_hint = "Ask for less: leave out the area or the domain, or name one thing."


class Ambiguous(ActionError):
    code, status = "action.ambiguous", 409
    default_hint = "Say which one is meant: add its area or its domain."


class NotSupported(ActionError):
    code, status = "action.not_supported", 409
    default_hint = "This thing cannot do that; choose another tool or another thing."


class WrongState(ActionError):
    code, status = "action.wrong_state", 409
    default_hint = "Bring it into the right state first, such as turned on or playing."


class Unavailable(ActionError):
    code, status = "action.unavailable", 409
    default_hint = "The device does not answer; check its power and its connection."


class Unreachable(ActionError):
    """A real home is not connected: nothing was sent, and nothing is kept to be sent later."""

    code, status = "action.unreachable", 503
    default_hint = "Nothing was done. The home is tried again by itself; ask once more in a moment."


class HomeFailed(ActionError):
    """A real home took an order and failed, or did not answer; a part of it may have been done."""

    code, status = "action.home", 424
    default_hint = "Look at the states before asking again: a part may have been done."


class NotSeen(HomeFailed):
    """A real home took an order, and no change was seen in time."""

    code, status = "action.not_seen", 424
    default_hint = "It may still come; look at the state before asking again."


class BadArgument(ActionError):
    code = "action.bad_argument"


class InvalidState(ActionError):
    """A state or attribute that Home Assistant's domain does not have."""

    code = "action.invalid_state"
    default_hint = "Correct the entity's state or attribute named here."


class Denied(ActionError):
    code, status = "action.denied", 403
    default_hint = "The one who asked has no right to this; an admin may do it, or grant it in the assistant's policy."


class ConfirmationNeeded(ActionError):
    code, status = "action.confirm", 409
    default_hint = "Ask the person; on yes, send the same call again with the confirmation given here."


class Unsure(ConfirmationNeeded):
    """A call that nobody would have to confirm, if the model that made it were sure of it."""

    code = "action.unsure"


class ConfirmationUnknown(ActionError):
    """A confirmation that was never handed out, was used, or whose time is over."""

    code, status = "action.confirmation", 409
    default_hint = "Ask again for what should be done; a fresh confirmation comes with the reply."


class TooOften(ActionError):
    code, status = "action.rate", 429
    default_hint = "Wait a moment before acting again."


class KeyReused(ActionError):
    """An idempotency key that stood for another call before."""

    code, status = "action.key_reused", 409
    default_hint = "Send a new idempotency key with a new call."


class Interrupted(ActionError):
    """The same call began before and never ended: the process died, or it is being done elsewhere."""

    code, status = "action.interrupted", 409
    default_hint = "Look at the state of the home; if it was not done, send the call with a new idempotency key."


class ToolFailed(ActionError):
    """A tool that is not the home's own raised, answered with an error, or answered with too much."""

    code, status = "action.tool", 424
    default_hint = "Ask in another way, or do without this tool."


class ToolTimedOut(ActionError):
    code, status = "action.tool_timeout", 424
    default_hint = "It may have been done or not; look before calling it again."


class ToolBusy(ActionError):
    code, status = "action.tool_busy", 429
    default_hint = "Nothing was done. Wait a moment and call it again."


class ToolDown(ActionError):
    """The server that lends this tool is not connected."""

    code, status = "action.tool_down", 424
    default_hint = "Nothing was done. It is tried again by itself; do without this tool for now."


class UnknownReminder(ActionError):
    code, status = "action.unknown_reminder", 404
    default_hint = "ListReminders tells which there are."


class UnknownNote(ActionError):
    code, status = "action.unknown_note", 404
    default_hint = "FindNotes tells which there are."


class TooMany(ActionError):
    """More reminders or notes than are kept for one person."""

    code, status = "action.too_many", 409
    default_hint = "Remove some of them first."


class NotFetched(ActionError):
    """A page that could not be got, or that nobody may get from here."""

    code, status = "action.fetch", 424
    default_hint = "Do without this page."


class StoreUnusable(ActionError):
    """The database of reminders, notes and notices cannot be read or written."""

    code, status = "action.store", 503
    default_hint = "Free disk space, or move the database named here aside; it is then begun anew."


class ActionLogUnusable(ActionError):
    """Nothing is done that cannot be written down."""

    code, status = "action.log", 503
    default_hint = "Free disk space, or move the database named here aside; it is then begun anew."
