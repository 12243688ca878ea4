"""The network and its features: the same numbers in a stream as over a whole recording."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from flows.steps.wake import exporting
from flows.steps.wake.learning import labels_of, paced, response, threshold_at
from flows.steps.wake.network import BANDS, FRAMES, HOP, OVERLAP, RATE, FrontEnd, WakeNetwork, features
from flows.steps.wake.scenes import FRAMES as SCENE


def hiss(samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


def test_features_in_the_graph_are_those_that_are_learnt_from() -> None:
    audio = hiss(RATE)
    graph = FrontEnd()(torch.from_numpy(audio)[None])[0].numpy()
    assert graph == pytest.approx(features(audio), abs=1e-4)
    assert not features(np.zeros(RATE, np.float32)).any()


@pytest.mark.parametrize("layers", [1, 3, 5])
def test_a_view_gives_one_hop_and_eight_frames_more_another(layers: int) -> None:
    network = WakeNetwork(8, layers).eval()
    for frames, hops in ((network.view, 1), (network.view + FRAMES - 1, 1), (network.view + FRAMES, 2)):
        assert network(torch.zeros(2, frames, 40)).shape == (2, hops)


@torch.no_grad()
def test_a_stream_scores_as_a_recording_does() -> None:
    torch.manual_seed(0)
    streaming = exporting.Streaming(WakeNetwork(8, 2).eval(), 0.0).eval()
    audio = torch.from_numpy(hiss(20 * HOP))[None]
    state = torch.zeros(1, OVERLAP), torch.zeros(1, streaming.network.view - FRAMES, 40)
    whole, _, _ = streaming(audio, *state)
    scores = []
    for size in (1, 3, 7, 9):
        piece, audio = audio[:, : size * HOP], audio[:, size * HOP :]
        score, *state = streaming(piece, *state)
        scores.append(score)
    assert torch.allclose(torch.cat(scores, dim=1), whole, atol=1e-5)


def test_hops_after_the_end_of_the_phrase_are_those_that_hear_it() -> None:
    view = 160
    labels = labels_of(np.array([[-1, 200], [-1, -1]], np.int32), view)
    newest = np.arange(labels.shape[1]) * FRAMES + view
    heard = newest[labels[0] == 1] - (SCENE + 200)
    assert (heard >= 0).all()
    assert (heard < 40).all()
    assert len(heard) >= 3
    assert (labels[1] == 0).all()
    assert (labels[0][newest < SCENE] == 0).all()


def test_a_threshold_lets_through_what_is_allowed() -> None:
    highest = np.arange(100, dtype=np.float32)
    assert (highest > threshold_at(highest, hours=10, rate=0.5)).sum() == 5
    assert (highest > threshold_at(highest, hours=1, rate=0.5)).sum() == 0


def test_a_scene_at_another_pace_keeps_the_place_where_the_phrase_ends() -> None:
    features = np.tile(np.arange(SCENE, dtype=np.float32)[None, :, None], (64, 1, BANDS))
    before = np.array([-1, 140, 200, 295] * 16, np.int32)
    ends = paced(features, before, np.random.default_rng(0))
    assert ((ends < 0) == (before < 0)).all()
    said = np.flatnonzero(before >= 0)
    assert features[said, ends[said], 0] == pytest.approx(before[said], abs=1.5)
    assert (ends[said] < SCENE).all()
    assert 4 < (ends[said] != before[said]).sum() < 24, "about a quarter of them"
    assert (features[:, -1] == SCENE - 1).all()


def test_another_throat_moves_what_is_heard_by_a_band_at_most() -> None:
    rng = np.random.default_rng(0)
    moved = []
    for _ in range(50):
        heard = np.eye(BANDS, dtype=np.float32)[20] @ response(rng)
        assert (heard >= 0).all()
        assert 0.04 < heard.sum() < 8, "-13 to 8 dB, a little of it between two bands"
        moved.append(float(heard @ np.arange(BANDS) / heard.sum()) - 20)
    assert -1.1 < min(moved) < -0.5
    assert 0.5 < max(moved) < 1.1
