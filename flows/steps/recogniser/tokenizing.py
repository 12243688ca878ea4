"""The recogniser's tokenizer: a small byte-level BPE with Whisper's special tokens, in the order that its runtimes expect."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END, START, NO_SPEECH, NO_TIMES = "<|endoftext|>", "<|startoftranscript|>", "<|nospeech|>", "<|notimestamps|>"
TIMES = 1501  # of 20 ms, up to the longest chunk that a Whisper knows


def specials(language: str) -> list[str]:
    """Whisper's order; whatever is below the first of these is text, whatever is above the last is a time."""
    between = ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>"]
    return [END, START, f"<|{language}|>", *between, NO_SPEECH, NO_TIMES]


def train_tokenizer(texts: Iterable[str], vocabulary: int, language: str) -> Tokenizer:
    """At most ``vocabulary`` pieces of text, all bytes among them, then the special tokens. Digits stand alone."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    # faster-whisper looks some signs up by name, and takes them for single tokens.
    tokenizer.train_from_iterator([*(f" {text}" for text in texts), *[" -", " '", " ♪"] * 1000], trainer)
    tokenizer.add_special_tokens(specials(language))
    return tokenizer


def number_of(tokenizer: Tokenizer, name: str) -> int:
    """Of a token that every tokenizer of ours has."""
    number = tokenizer.token_to_id(name)
    assert number is not None
    return number
