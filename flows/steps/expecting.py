"""Running a Great Expectations suite over a table: which rows fail which expectation, and the Data Docs that show it.

Great Expectations takes seconds to import, so it is imported when it runs. Its analytics are off, and nothing that a
user said goes into results or docs: rows are named by id.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemas
from schemas.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

_KEYS = {"name", "meta", "expectations"}
_MOVIES = ("glossary_scroller.gif", "validation_failed_unexpected_values.gif")  # 3 MB that no page of a finished run shows


@dataclass(frozen=True)
class Outcome:
    """One expectation's result. ``rows`` are the ids that fail it; a failed one without rows is about the whole table."""

    reason: str
    expectation: str
    held: bool
    rows: tuple[str, ...] = field(repr=False, default=())


def read_suite(name: str) -> dict[str, Any]:
    """The suite in schemas/expectations/<name>.json; ConfigError when it is missing, malformed or of another shape."""
    folder = Path(schemas.__file__).parent / "expectations"
    path = folder / f"{name}.json"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.json")))
        raise ConfigError("no such suite of expectations", where=str(path), hint=f"Choose one of: {there}.")
    try:
        suite = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"not valid JSON: {error}", where=str(path)) from error
    if not isinstance(suite, dict) or set(suite) - _KEYS or not suite.get("expectations"):
        raise ConfigError("a suite holds name, meta and a list of expectations", where=str(path))
    return suite


def run_suite(rows: pl.DataFrame, suite: dict[str, Any], parameters: dict[str, Any], docs: Path) -> list[Outcome]:
    """Check ``rows`` (one with a unique ``id`` each) and write the Data Docs to ``docs`` (index.html).

    ``parameters`` fill ``$PARAMETER`` in the suite. Raises ConfigError for an expectation that cannot be computed.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while it is imported
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.core import ExpectationSuite
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.add_data_docs_site("docs", _site(docs))
    added = context.suites.add(ExpectationSuite(name=suite["name"], expectations=_expectations(suite)))
    asset = context.data_sources.add_pandas("dataset").add_dataframe_asset("rows")
    definition = gx.ValidationDefinition(name="rows", data=asset.add_batch_definition_whole_dataframe("all"), suite=added)
    checkpoint = gx.Checkpoint(
        name=suite["name"],
        validation_definitions=[context.validation_definitions.add(definition)],
        actions=[UpdateDataDocsAction(name="docs", site_names=["docs"])],
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["id"],
            "exclude_unexpected_values": True,
            "return_unexpected_index_query": False,
        },
    )
    done = context.checkpoints.add(checkpoint).run(
        batch_parameters={"dataframe": rows.to_pandas()}, expectation_parameters=parameters
    )
    for name in _MOVIES:
        (docs / "static" / "images" / name).unlink(missing_ok=True)
    return [_outcome(result, suite["name"]) for run in done.run_results.values() for result in run.results]


def _expectations(suite: dict[str, Any]) -> list[Any]:
    """Built one by one: given a list, the library logs what it cannot build and checks the rest, as if all were well."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    built = []
    for number, item in enumerate(suite["expectations"]):
        try:
            built.append(ExpectationConfiguration(**item).to_domain_obj())
        except Exception as error:  # of a dozen kinds
            where = f"suite {suite['name']}: expectations.{number}"
            raise ConfigError(f"the expectation cannot be used: {_first_line(error)}", where=where) from error
    return built


def _site(docs: Path) -> Any:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }


def _outcome(result: Any, suite: str) -> Outcome:
    config = result.expectation_config
    column = config.kwargs.get("column", "table")
    reason = (config.meta or {}).get("reason") or f"{config.type.removeprefix('expect_')}:{column}"
    problem = _exception(result.exception_info or {})
    if problem:
        raise ConfigError(f"{config.type} on {column!r} cannot be computed: {problem}", where=f"suite {suite}")
    return Outcome(reason, f"{config.type}({column})", bool(result.success), _failing(result.result))


def _failing(result: dict[str, Any]) -> tuple[str, ...]:
    """Ids out of either shape of the list: ``[{"id": [..]}]`` where values are left out, ``[{"id": .., ..}, ..]`` else."""
    found: list[str] = []
    for entry in result.get("unexpected_index_list") or ():
        ids = entry["id"]
        found.extend(ids if isinstance(ids, list) else [ids])
    return tuple(dict.fromkeys(found))


def _exception(info: dict[str, Any]) -> str | None:
    """The message of an exception, which is nested under a metric's name in some releases."""
    for entry in (info, *(value for value in info.values() if isinstance(value, dict))):
        if entry.get("raised_exception"):
            return _first_line(entry.get("exception_message") or "unknown")
    return None


def _first_line(error: Any) -> str:
    return str(error).strip().partition("\n")[0][:200]
