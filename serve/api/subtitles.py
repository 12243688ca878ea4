"""Transcripts as subtitles: SubRip and WebVTT, in cues of a line that can be read while it is said.

Cues are cut between words whose times are known; a piece without them is a cue as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from serve.engines.faster_whisper import Piece, Transcript

LINE, LONGEST_S, GAP_S = 42, 6.0, 0.7
"""Characters and seconds of a cue at most, and the silence between words that ends one; a longer word stands alone."""
_SHORTEST_S = 0.001  # players pass over what ends as it begins


@dataclass(frozen=True)
class _Span:
    """Characters ``begin`` to ``end`` of a piece's text, said from ``start_s`` to ``end_s``."""

    begin: int
    end: int
    start_s: float
    end_s: float


def srt(heard: Transcript) -> str:
    """SubRip."""
    lines = []
    for number, (start, end, text) in enumerate(_cues(heard, ","), start=1):
        lines += [str(number), f"{start} --> {end}", text.replace("-->", "->"), ""]
    return "\n".join(lines)


def vtt(heard: Transcript) -> str:
    """WebVTT."""
    lines = ["WEBVTT", ""]
    for start, end, text in _cues(heard, "."):
        lines += [f"{start} --> {end}", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), ""]
    return "\n".join(lines)


def _cues(heard: Transcript, point: str) -> Iterator[tuple[str, str, str]]:
    """From when, to when, and what; ``point`` stands before milliseconds."""
    for piece in heard.pieces:
        for cue in _cut(piece):
            end_s = max(cue.end_s, cue.start_s + _SHORTEST_S)
            yield _clock(cue.start_s, point), _clock(end_s, point), " ".join(piece.text[cue.begin : cue.end].split())


def _cut(piece: Piece) -> list[_Span]:
    cues: list[_Span] = []
    for word in _words(piece):
        last = cues[-1] if cues else None
        if (
            last is None
            or word.end - last.begin > LINE
            or word.end_s - last.start_s > LONGEST_S
            or word.start_s - last.end_s > GAP_S
        ):
            cues.append(word)
        else:
            cues[-1] = _Span(last.begin, word.end, last.start_s, word.end_s)
    return cues


def _words(piece: Piece) -> list[_Span]:
    """Words at their places in the text, which tells whether there are spaces between; all of it as one where they have none."""
    found, at = list[_Span](), 0
    for word in piece.words:
        begin = piece.text.find(word.text, at)
        if begin < 0 or piece.text[at:begin].strip():
            return [_Span(0, len(piece.text), piece.start_s, piece.end_s)]
        at = begin + len(word.text)
        found.append(_Span(begin, at, word.start_s, word.end_s))
    if not found or piece.text[at:].strip():
        return [_Span(0, len(piece.text), piece.start_s, piece.end_s)]
    return found


def _clock(seconds: float, point: str) -> str:
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{ms:03}"
