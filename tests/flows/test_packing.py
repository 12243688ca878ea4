from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from flows.steps import attending
from flows.steps.branching import Tree, tree_attention
from flows.steps.modelling import scratch_model
from flows.steps.packing import Encoded, Encoder, Pack, collate, pack, pack_trees
from flows.steps.tokenizing import train_tokenizer
from schemas.conversation import Conversation, Message
from schemas.prompt import render_prompt
from tests.flows.training_rows import BASE, conversation, conversations


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(conversations(40, home=True), BASE.vocabulary, 512)


@pytest.fixture(scope="module")
def model(tokenizer):
    attending.register()
    return scratch_model(BASE, tokenizer).eval()


def losses(model, batch):
    """Per loss-bearing token, in the batch's order."""
    model.set_attn_implementation(attending.NAME)
    hidden = model.model(batch.tokens, position_ids=batch.positions, use_cache=False, layout=batch.layout).last_hidden_state[0]
    return cross_entropy(model.lm_head(hidden[batch.predicted - 1]), batch.tokens[0, batch.predicted], reduction="none")


def alone(model, encoder, row, prefix_too=False):
    model.set_attn_implementation("sdpa")
    prefix = encoder.prefixes[row.prefix]
    tokens = torch.from_numpy(np.concatenate([prefix, row.tokens]))
    weights = np.concatenate([encoder.prefix_weights(row.prefix), row.weights])
    at = torch.from_numpy(weights).nonzero().squeeze(1)
    if not prefix_too:
        at = at[at >= len(prefix)]
    return cross_entropy(model(tokens[None]).logits[0, at - 1], tokens[at], reduction="none")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=12),
    st.booleans(),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
    st.booleans(),
)
def test_a_packed_conversation_loses_what_it_loses_alone(model, tokenizer, indices, home, request_loss, no_prefix, tree):
    encoder = Encoder(tokenizer, request_loss=request_loss)
    items = [conversation(index, home) for index in indices]
    if no_prefix:
        items.append(Conversation(messages=items[0].messages))
    rows = encoder.encode(items)
    if tree:
        packs, dropped = pack_trees(rows, encoder, 256, random.Random(0))
    else:
        packs, dropped = pack(rows, [len(prefix) for prefix in encoder.prefixes], 256, random.Random(0))
    assert dropped == 0
    assert sorted(index for item in packs for index in item.rows) == list(range(len(rows)))
    with torch.no_grad():
        together = losses(model, collate(packs, rows, encoder, tree=tree)).sort().values
        apart = torch.cat([alone(model, encoder, row) for row in rows]).sort().values
    torch.testing.assert_close(together, apart, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("tree", [False, True])
def test_gradients_too_are_those_of_conversations_alone(model, tokenizer, tree):
    encoder = Encoder(tokenizer, request_loss=0.5)
    rows = encoder.encode([conversation(index, home=True) for index in range(7)])
    packs, _ = pack_trees(rows, encoder, 256, random.Random(1))
    batch = collate(packs, rows, encoder, tree=tree)
    model.zero_grad()
    (losses(model, batch) * batch.weights).sum().backward()
    together = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    for row in rows:
        weights = torch.from_numpy(row.weights[row.weights > 0])
        (alone(model, encoder, row) * weights).sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(together[name], parameter.grad, atol=2e-4, rtol=1e-3)


def test_everything_bears_loss_in_pretraining_the_prefix_once_a_pack(model, tokenizer):
    encoder = Encoder(tokenizer, "everything")
    rows = encoder.encode([conversation(index) for index in (1, 2)])
    batch = collate([Pack((0,)), Pack((1,))], rows, encoder)
    prefix = len(encoder.prefixes[0])
    assert batch.tokens.shape[1] == prefix + sum(len(row.tokens) for row in rows)
    assert float(batch.weights.sum()) == 2 * (prefix - 1) + sum(len(row.tokens) - 1 for row in rows)
    with torch.no_grad():
        expected = sum(float(alone(model, encoder, row, prefix_too=True).sum()) for row in rows)
        assert float((losses(model, batch) * batch.weights).sum()) == pytest.approx(expected, rel=1e-4)


def test_tokens_are_those_of_the_rendered_prompt(tokenizer):
    encoder = Encoder(tokenizer)
    item = conversation(5, home=True)
    (row,) = encoder.encode([item])
    whole = tokenizer(render_prompt(item.request(), item.tools, item.home), add_special_tokens=False)["input_ids"]
    tokens = [*encoder.prefixes[row.prefix], *row.tokens]
    assert tokens[: len(whole)] == whole
    answer = tokenizer.decode([t for t, w in zip(row.tokens, row.weights, strict=True) if w == 1])
    assert answer.startswith("PlayMusic{")
    assert answer.endswith("}<|end|>")


def test_request_loss_weighs_what_was_said_but_no_header(tokenizer):
    (row,) = Encoder(tokenizer, request_loss=0.3).encode([conversation(5)])
    assert np.unique(row.weights).tolist() == pytest.approx([0.0, 0.3, 1.0])
    assert list(row.weights).count(0.0) == 2


def test_every_answer_of_a_long_conversation_is_learned(tokenizer):
    first, second = conversation(1), conversation(2)
    both = Conversation(messages=(*first.messages, *second.messages), tools=first.tools)
    encoder = Encoder(tokenizer)
    one, two, rows = (encoder.encode([item])[0] for item in (first, second, both))
    assert rows.weights.sum() == one.weights.sum() + two.weights.sum()


def test_the_blocks_that_a_gpu_skips_leave_what_a_tree_sees(tokenizer):
    from torch.nn.attention.flex_attention import flex_attention

    encoder = Encoder(tokenizer)
    rows = encoder.encode([conversation(index, home=True) for index in range(7)])
    packs, _ = pack_trees(rows, encoder, 10_000, random.Random(0))
    tree = collate(packs, rows, encoder, tree=True).layout
    assert isinstance(tree, Tree)
    length = tree.stretches[-1][1]
    query, key, value = torch.randn(3, 1, 2, length, 8, generator=torch.Generator().manual_seed(0))
    one = tree_attention(query, key, value, tree, 0.3)
    mask = tree.blocks(torch.device("cpu"))
    torch.testing.assert_close(flex_attention(query, key, value, block_mask=mask, scale=0.3), one, atol=1e-5, rtol=1e-4)


def test_a_tree_lays_tools_that_many_homes_share_once(tokenizer):
    encoder = Encoder(tokenizer)
    rows = encoder.encode([conversation(index, home=True) for index in range(9)])
    packs, _ = pack_trees(rows, encoder, 10_000, random.Random(0))
    assert len(packs) == 1
    stem = encoder.stems[0]
    assert len(set(encoder.stems)) == 1
    homes = sum(len(prefix) - stem for prefix in encoder.prefixes)
    assert len(encoder.prefixes) == 3
    laid = collate(packs, rows, encoder, tree=True).tokens.shape[1]
    assert laid == stem + homes + sum(len(row.tokens) for row in rows)


def test_rows_without_an_answer_and_rows_too_long_are_dropped_and_counted(tokenizer):
    encoder = Encoder(tokenizer)
    silent = Conversation(messages=(Message(role="user", content="hello"),))
    long = Conversation(messages=(Message(role="user", content="a b c " * 200), Message(role="assistant", content="yes")))
    rows = encoder.encode([silent, long, conversation(1)])
    packs, dropped = pack(rows, [len(prefix) for prefix in encoder.prefixes], 256, random.Random(0))
    assert dropped == 2
    assert [item.rows for item in packs] == [(2,)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(2, 40)), max_size=60), st.integers(0, 5))
def test_packs_hold_every_row_once_within_the_sequence(shapes, seed):
    rows = [Encoded(prefix, np.zeros(length, np.int64), np.ones(length, np.float32)) for prefix, length in shapes]
    lengths = [0, 5, 11, 20]
    packs, dropped = pack(rows, lengths, 60, random.Random(seed))
    assert sorted(index for item in packs for index in item.rows) == list(range(len(rows)))
    assert dropped == 0
    for item in packs:
        (prefix,) = {rows[index].prefix for index in item.rows}
        assert lengths[prefix] + sum(len(rows[index].tokens) for index in item.rows) <= 60
    assert pack(rows, lengths, 60, random.Random(seed)) == (packs, dropped)
