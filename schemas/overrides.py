"""Whose override is whose; apart from schemas.loading because the command line reads it before anything heavier."""

from __future__ import annotations

from collections.abc import Sequence


def split_overrides(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """Pipeline's and profile's, without their prefixes; a key without either prefix is the pipeline's."""
    profile = [item.removeprefix("profile.") for item in overrides if item.startswith("profile.")]
    pipeline = [item.removeprefix("pipeline.") for item in overrides if not item.startswith("profile.")]
    return pipeline, profile
