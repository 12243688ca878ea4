"""Images of requests: looked at when they come, decoded into what an engine sees. By Pillow; nothing is ever fetched."""

from __future__ import annotations

import base64
import binascii
import io
import re
import threading
from typing import Any

from PIL import Image, ImageOps

from schemas.errors import ImageUnusable
from serve.engines.protocol import Picture

_FORMATS = ("PNG", "JPEG", "WEBP")
_DATA_URL = re.compile(r"data:image/(?:png|jpe?g|webp);base64,", re.IGNORECASE)
_LONGEST = 2048  # pixels of a side that an engine gets: what projectors look at is smaller still
_NARROWEST = 100  # times as long as wide: beyond, the resizing of some projectors ends the process
# Decoding takes some hundred MB for the largest image that may come.
_one_at_a_time = threading.Lock()


def of_url(url: str, pixels: int, where: str) -> str:
    """The base64 text in a data URL, once the header in it is that of an image of at most ``pixels``.

    Raises ImageUnusable, which names ``where``.
    """
    if (head := _DATA_URL.match(url)) is None:
        raise ImageUnusable("this is no data URL of a PNG, JPEG or WebP image", where=where)
    data = url[head.end() :]
    try:
        with _opened(data) as image:
            width, height = image.size
    except Exception as error:  # what decoders raise for damaged files has no common kind
        raise ImageUnusable("this is no PNG, JPEG or WebP image in base64", where=where) from error
    if width * height > pixels:
        raise ImageUnusable(f"the image has {width} x {height} pixels; at most {pixels} are taken", where=where)
    if max(width, height) > _NARROWEST * min(width, height):
        raise ImageUnusable(f"the image has {width} x {height} pixels: it is too narrow", where=where)
    return data


def decoded(data: str) -> Picture:
    """The image in the base64 text ``data``, the right way up, on white where it is transparent, and no larger than it is
    looked at. Takes up to a second. Raises ImageUnusable for a damaged one.
    """
    try:
        with _one_at_a_time, _opened(data) as image:
            image.draft("RGB", (_LONGEST, _LONGEST))
            plain = _flat(ImageOps.exif_transpose(image))
            plain.thumbnail((_LONGEST, _LONGEST))
            return _picture(plain)
    except Exception as error:
        raise ImageUnusable("the image is damaged", where="messages") from error


def blank(width: int, height: int) -> Picture:
    return _picture(Image.new("RGB", (width, height)))


def _opened(data: str) -> Image.Image:
    """With its header read and nothing else. Raises whatever is wrong with it."""
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    return Image.open(io.BytesIO(raw), formats=_FORMATS)


def _flat(image: Any) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which converting would cut off, not scale
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _picture(image: Image.Image) -> Picture:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return Picture(base64.b64encode(file.getvalue()).decode(), *image.size)
