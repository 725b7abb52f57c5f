"""JSON lines of events → Parquet, some thousands at a time. Needs the extra `parquet`."""

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 10_000
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("version", pa.int32()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("stream", pa.string()),
        ("stream_version", pa.int64()),
        ("position", pa.int64()),
        ("correlation_id", pa.string()),
        ("causation_id", pa.string()),
        ("data", pa.string()),
    ]
)


def to_parquet(lines: Path) -> Path:
    """Write the events beside their JSON lines. `data` is a column of JSON text."""
    made = lines.with_suffix(".parquet")
    unfinished = made.with_suffix(".unfinished")
    with lines.open("rb") as file, pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
        rows = (_row(line) for line in file)
        while chunk := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(chunk, SCHEMA))
    unfinished.replace(made)
    return made


def _row(line: bytes) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(line)
    return told | {"time": datetime.fromisoformat(told["time"]), "data": orjson.dumps(told["data"]).decode()}
