"""A recogniser that has learnt nothing but to say the same about whatever it hears: what is tested around it."""

from pathlib import Path

import torch

from flows.steps.recogniser import tokenizing
from flows.steps.recogniser.exporting import export, vocabulary_size
from flows.steps.recogniser.modelling import Recogniser, Shape


def tiny_recogniser(folder: Path) -> None:
    """Into ``folder``, as faster-whisper opens it."""
    torch.manual_seed(1)
    tokenizer = tokenizing.train_tokenizer(["turn on the lamp"] * 20, 300, "en")
    model = Recogniser(Shape(32, 2, 1, 1, vocabulary_size(tokenizer), 400, 10)).eval()
    with torch.no_grad():
        model.decoder.layer_norm.weight.zero_()
        model.decoder.layer_norm.bias.copy_(300 * model.decoder.embed_tokens.weight[tokenizer.encode(" lamp").ids[0]])
    export(model, tokenizer, "en", 8, folder)
