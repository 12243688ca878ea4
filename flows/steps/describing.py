"""The model card that travels with every registered version."""

from __future__ import annotations

from schemas.artifacts import Candidate, ModelManifest, Report
from schemas.pipeline import Pipeline

_ROWS = ("exact_match", "exact_match_low", "exact_match_high", "tool_match", "valid_call_rate", "argument_f1")


def model_card(candidate: Candidate, report: Report, pipeline: Pipeline) -> str:
    """Markdown: what the model is, what it was made from, how it scores, and what it must not be used for."""
    manifest = report.exported.manifest
    lines = [
        f"# {pipeline.model}, built by pipeline `{pipeline.name}`",
        "",
        pipeline.description.strip() or "No description.",
        "",
        "| | |",
        "|---|---|",
        f"| parameters | {candidate.parameters:,} |",
        f"| context | {manifest.context} tokens |",
        f"| weights | `{manifest.serve}`, SHA-256 `{manifest.files[manifest.serve]}` |",
        f"| decoding | {manifest.decoding.arguments} |",
        f"| tools | {', '.join(tool.function.name for tool in manifest.tools) or 'none'} |",
        "",
        "## Made from",
        "",
        f"- candidate `{candidate.id}` from {', '.join(f'`{parent}`' for parent in candidate.parents)}",
        f"- dataset `{candidate.dataset}`",
        f"- training method `{pipeline.training.method.kind}`, {pipeline.training.steps} steps, seed {pipeline.training.seed}",
        *(f"- {name}: {value:.6g}" for name, value in sorted(candidate.metrics.items())),
        "",
        "## Scores on held-out rows, through the serving engine",
        "",
        "| suite | rows | " + " | ".join(_ROWS) + " |",
        "|---|---|" + "---|" * len(_ROWS),
    ]
    for result in report.suites:
        cells = (f"{result.metrics[name]:.3f}" if name in result.metrics else "" for name in _ROWS)
        lines.append(f"| {result.suite} | {result.rows} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## Limits",
        "",
        "Trained for the tools and the kind of requests in its dataset; other tools, languages and long conversations were "
        "not measured. Its calls must be checked against a policy before anything irreversible is done.",
        "",
    ]
    return "\n".join(lines)


def origin_card(manifest: ModelManifest) -> str:
    """Markdown for a downloaded model: where it came from, and that nothing here has scored it."""
    origin = manifest.origin
    assert origin is not None
    lines = [
        f"# {origin.repository}",
        "",
        "Downloaded from the Hugging Face hub. Never scored here.",
        "",
        "| | |",
        "|---|---|",
        f"| commit | `{origin.commit}` (asked for: {origin.revision}) |",
        f"| licence | {origin.license or 'not stated'} |",
        f"| parameters | {manifest.parameters:,} |",
        f"| context | {manifest.context} tokens |",
        f"| weights | `{manifest.serve}`, SHA-256 `{manifest.files[manifest.serve]}` |",
        f"| decoding | {manifest.decoding.arguments} |",
        "",
    ]
    return "\n".join(lines)
