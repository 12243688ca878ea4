"""Subtitles of transcripts that were made by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from serve.api.subtitles import GAP_S, LINE, LONGEST_S, srt, vtt
from serve.engines.faster_whisper import Piece, Transcript, Word


def said(text: str, start_s: float, each_s: float = 0.3, words: list[str] | None = None) -> Piece:
    """Words of ``each_s`` seconds, one behind the other."""
    timed = [Word(word, start_s + at * each_s, start_s + (at + 1) * each_s, 0.9) for at, word in enumerate(words or text.split())]
    return Piece(text, start_s, timed[-1].end_s, 0.0, 0.9, tuple(timed))


def transcript(*pieces: Piece) -> Transcript:
    return Transcript(" ".join(piece.text for piece in pieces), pieces, 0.0, "en", 1.0, 100.0)


def cues(text: str) -> list[tuple[float, float, str]]:
    """When, till when, and what; of SubRip."""
    found = []
    for number, block in enumerate(text.strip().split("\n\n"), start=1):
        head, times, words = block.split("\n")
        assert head == str(number)
        start, end = (seconds(time) for time in times.split(" --> "))
        found.append((start, end, words))
    return found


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))


def test_pieces_are_cues_and_numbered_through() -> None:
    heard = transcript(said("turn on the lamp", 1.0), said("thank you", 3600.5))
    assert srt(heard) == ("1\n00:00:01,000 --> 00:00:02,200\nturn on the lamp\n\n2\n01:00:00,500 --> 01:00:01,100\nthank you\n")
    assert vtt(heard) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.200\nturn on the lamp\n\n01:00:00.500 --> 01:00:01.100\nthank you\n"
    )
    assert (srt(transcript()), vtt(transcript())) == ("", "WEBVTT\n")


@pytest.mark.parametrize("each_s", [0.1, 0.5, 2.5])
def test_a_long_piece_is_cut_between_words(each_s: float) -> None:
    long = "it was a bright cold day in april and the clocks were striking thirteen while nobody at all looked up"
    found = cues(srt(transcript(said(long, 0.0, each_s), said("the end", 90.0))))
    assert " ".join(text for _, _, text in found) == f"{long} the end"
    assert len(found) > 3
    assert all(len(text) <= LINE and end - start <= LONGEST_S + 0.001 for start, end, text in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))


def test_a_pause_ends_a_cue() -> None:
    words = [Word("off", 0.0, 0.4, 0.9), Word("no", 0.3 + GAP_S, 1.4, 0.9), Word("on", 1.5 + GAP_S, 2.6, 0.9)]
    assert [cue[2] for cue in cues(srt(transcript(Piece("off no on", 0.0, 2.6, 0.0, 0.9, tuple(words)))))] == ["off no", "on"]


def test_a_word_that_is_too_long_stands_alone() -> None:
    text = f"so {'a' * 60} it is"
    assert [cue[2] for cue in cues(srt(transcript(said(text, 0.0))))] == ["so", "a" * 60, "it is"]
    slow = Piece("so", 1.0, 9.0, 0.0, 0.9, (Word("so", 1.0, 9.0, 0.9),))
    assert cues(srt(transcript(slow))) == [(1.0, 9.0, "so")]
    at_once = Piece("so", 1.0, 1.0, 0.0, 0.9, (Word("so", 1.0, 1.0, 0.9),))
    assert cues(srt(transcript(at_once))) == [(1.0, 1.001, "so")]


def test_what_is_written_without_spaces_stays_so() -> None:
    text = "打开走廊里的灯" * 8
    found = cues(srt(transcript(said(text, 0.0, 0.05, list(text)))))
    assert [len(words) for _, _, words in found] == [LINE, len(text) - LINE]


def test_without_times_of_its_words_a_piece_is_one_cue() -> None:
    long = "word " * 30
    for words in ((), (Word("another", 1.0, 2.0, 0.9),), (Word("word", 1.0, 2.0, 0.9),)):
        assert cues(srt(transcript(Piece(long.strip(), 1.0, 9.0, 0.0, 0.9, words)))) == [(1.0, 9.0, long.strip())]


def test_what_means_something_to_players_is_text() -> None:
    heard = transcript(Piece("a --> b & <i>c\n\nd", 0.0, 1.0, 0.0, 0.9))
    assert vtt(heard).split("\n")[3] == "a --&gt; b &amp; &lt;i&gt;c d"
    assert cues(srt(heard)) == [(0.0, 1.0, "a -> b & <i>c d")]
