"""Parts of a message, texts and images, as one text with a place for each image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from schemas.assistant import Limits
from schemas.conversation import IMAGE
from schemas.errors import RequestError
from serve.api.wire import Body
from serve.engines.pictures import of_url

Detail = Literal["low", "high", "auto"]


class Part(Protocol):
    """``shown``: the URL of an image; where there is none, ``said`` is what the part says."""

    @property
    def said(self) -> str: ...

    @property
    def shown(self) -> str | None: ...


class Text(Body):
    """A Part of words."""

    text: str

    @property
    def said(self) -> str:
        return self.text

    @property
    def shown(self) -> None:
        return None


Content = str | Sequence[Part] | None


def check_images(contents: Iterable[Content], limits: Limits, where: str) -> None:
    """Raises RequestError for too many, before any is looked at."""
    parts = (part for content in contents if content and not isinstance(content, str) for part in content)
    if sum(part.shown is not None for part in parts) > limits.images:
        hint = "Send fewer, or raise limits.images in the assistant's file."
        raise RequestError(f"more than {limits.images} images", where=where, hint=hint)


def joined(content: Content, limits: Limits, where: str) -> tuple[str | None, tuple[str, ...]]:
    """The text, and the images in base64, of ``content``, which stands at ``where`` in the request. Raises ImageUnusable."""
    if content is None or isinstance(content, str):
        return content, ()
    images = tuple(
        of_url(part.shown, limits.image_pixels, f"{where}.{number}.image_url")
        for number, part in enumerate(content)
        if part.shown is not None
    )
    if not images:
        return "".join(part.said for part in content), ()
    return "".join(part.said.replace(IMAGE, "") if part.shown is None else IMAGE for part in content), images
