"""Arrow schemas of the tables on disk."""

from __future__ import annotations

import pyarrow as pa

# One conversation a row. `messages` is JSON text: nested lists of optional fields would make every reader agree on
# nulls, and the row must come back exactly as it went in.
CONVERSATIONS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # content hash of messages, tools and home
        pa.field("messages", pa.string(), nullable=False),  # JSON list of schemas.conversation.Message
        pa.field("tools", pa.string(), nullable=False),  # key into tools.json; "" for none
        pa.field("home", pa.list_(pa.string()), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("tool", pa.string(), nullable=False),  # first tool called, or "none": what splits and reports group by
        pa.field("calls", pa.int32(), nullable=False),
        pa.field("request", pa.string(), nullable=False),  # the last user message
        pa.field("answer", pa.string(), nullable=False),  # the last assistant message, as schemas.prompt renders it
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.int64(), nullable=False),  # line number, from 1
    ]
)

QUARANTINE = pa.schema([*CONVERSATIONS, pa.field("reasons", pa.list_(pa.string()), nullable=False)])

# A row of a source that became no row of the dataset. `detail` names keys and places, never what a user said.
DROPPED = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
