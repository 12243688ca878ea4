"""A byte-level BPE tokenizer, trained on rendered rows.

The pre-tokenizer (single digits, then GPT-2's byte-level split) is the one that llama.cpp calls ``refact``, so that the
exported GGUF cuts text into the same tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from schemas.conversation import Conversation
from schemas.prompt import CHAT_TEMPLATE, END, PAD, SPECIALS, render_messages, render_prefix, system_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_SPECIAL = re.compile("|".join(re.escape(special) for special in SPECIALS))


def rendered_texts(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Every rendered stretch between special tokens; a prefix that several rows share comes once.

    Special tokens are left out: the trainer would otherwise learn their letters as ordinary merges.
    """
    seen: set[str] = set()
    for conversation in conversations:
        prefix = render_prefix(system_text(conversation.messages), conversation.tools, conversation.home)
        if prefix not in seen:
            seen.add(prefix)
            yield from filter(None, _SPECIAL.split(prefix))
        for piece in render_messages(conversation.messages):
            yield from filter(None, _SPECIAL.split(piece.text))


def train_tokenizer(conversations: Iterable[Conversation], vocabulary: int, context: int) -> PreTrainedTokenizerFast:
    """Learn at most ``vocabulary`` tokens, special ones first and all 256 bytes among them; the same rows in the same
    order give the same tokenizer. ``context`` is the length that the tokenizer warns beyond."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(rendered_texts(conversations), trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=[special for special in SPECIALS if special not in (PAD, END)],
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped
