"""Moments and durations as Home Assistant writes them: ISO 8601 in UTC, and H:MM:SS."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_CLOCK = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d)")
LONGEST = timedelta(days=31)


def written(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()


def moment(text: Any) -> datetime | None:
    """None for what is no moment. A moment without a zone is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def duration_text(length: timedelta) -> str:
    seconds = max(0, round(length.total_seconds()))
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def duration(value: Any) -> timedelta | None:
    """From ``H:MM:SS`` or a number of seconds; None for anything else and for more than a month."""
    if isinstance(value, str) and (match := _CLOCK.fullmatch(value)):
        length = timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3]))
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST.total_seconds():
        length = timedelta(seconds=value)
    else:
        return None
    return length if length <= LONGEST else None
