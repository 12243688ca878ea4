from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from schemas.errors import ImageUnusable
from serve.engines.pictures import blank, decoded, of_url
from tests.seeing import data_url, image, in_base64

MOST = 4_000_000


def opened(raw: bytes, form: str) -> Image.Image:
    """As an engine gets it."""
    picture = decoded(of_url(data_url(raw, form), MOST, "here"))
    found = Image.open(io.BytesIO(base64.b64decode(picture.png)))
    assert (found.format, found.mode, found.size) == ("PNG", "RGB", (picture.width, picture.height))
    return found


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "jpg"])
def test_each_kind_becomes_the_same_picture(form: str) -> None:
    kind = "jpeg" if form == "jpg" else form
    found = opened(image((200, 30, 30), form=kind.upper()), form)
    assert found.size == (40, 30)
    assert all(abs(a - b) < 6 for a, b in zip(found.getpixel((9, 9)), (200, 30, 30), strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "color", "seen"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 77 * 256, (77, 77, 77)),
        ("P", 0, (0, 0, 0)),
    ],
)
def test_every_colour_space_is_seen_as_people_see_it(mode: str, color: Any, seen: tuple[int, ...]) -> None:
    assert opened(image(color, mode=mode), "png").getpixel((0, 0)) == seen


def test_a_photograph_is_turned_upright_and_made_smaller() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert opened(image(size=(40, 30), form="JPEG", exif=exif), "jpeg").size == (30, 40)
    assert opened(image(size=(2000, 1000)), "png").size == (2000, 1000)
    assert decoded(in_base64(image(size=(5000, 100)))).width == 2048


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/cat.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:text/plain;base64,aGVsbG8=",
        "data:image/png,abc",
        "data:image/png;base64,",
        "data:image/png;base64,@@@@",
        "data:image/png;base64,aGVsbG8=",
        data_url(image(form="GIF"), "png"),
        data_url(image(form="BMP"), "png"),
        data_url(image()[:20]),
        data_url(image()) + "\n",
        data_url(image(size=(3000, 2000))),
        data_url(image(size=(1, 101))),
    ],
)
def test_what_is_no_image_or_too_large(url: str) -> None:
    with pytest.raises(ImageUnusable) as refused:
        of_url(url, MOST, "messages.0")
    assert refused.value.where == "messages.0"
    assert "passwd" not in str(refused.value)


def test_a_header_that_lies_about_the_size_costs_nothing() -> None:
    raw = bytearray(image())
    raw[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(ImageUnusable):
        of_url(data_url(bytes(raw)), MOST, "here")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_what_is_damaged_behind_its_header(form: str) -> None:
    file = io.BytesIO()
    Image.effect_noise((300, 200), 90).convert("RGB").save(file, form)
    assert decoded(in_base64(file.getvalue())).width == 300
    with pytest.raises(ImageUnusable):
        decoded(of_url(data_url(file.getvalue()[: file.tell() // 2]), MOST, "here"))


def test_a_blank_one_has_its_size() -> None:
    assert (blank(3, 5).width, blank(3, 5).height) == (3, 5)
