"""Reads a lake of Parquet files in Hive's folders with pyarrow and with DuckDB; prints what each saw as JSON."""

import datetime
import decimal
import glob
import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq


def printable(value):
    if isinstance(value, dict):
        return {key: printable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [printable(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        utc = value.astimezone(datetime.timezone.utc) if value.tzinfo else value
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def rows(rows):
    return sorted((printable(row) for row in rows), key=lambda row: row["event_id"])


folder = sys.argv[1]
files = sorted(glob.glob(f"{folder}/load_date=*/**/*.parquet", recursive=True))
schema = pa.unify_schemas([pq.read_schema(file) for file in files], promote_options="permissive")
partitioning = ds.partitioning(pa.schema([("load_date", pa.string()), ("event_name", pa.string())]), flavor="hive")
dataset = ds.dataset(files, schema=schema.append(pa.field("load_date", pa.string())), partitioning=partitioning)

con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
found = con.execute(
    f"SELECT * FROM read_parquet('{folder}/load_date=*/**/*.parquet', union_by_name = true, hive_partitioning = true)"
)
names = [column[0] for column in found.description]
by_duckdb = rows(dict(zip(names, row)) for row in found.fetchall())
by_partition = con.execute(
    f"SELECT event_name, count(*) FROM read_parquet('{folder}/load_date=*/**/*.parquet', hive_partitioning = true,"
    " union_by_name = true) GROUP BY 1 ORDER BY 1"
).fetchall()

metadata = [pq.ParquetFile(file).metadata for file in files]
columns = [metadata[0].row_group(0).column(at) for at in range(metadata[0].num_columns)]
one = next(column for column in columns if column.path_in_schema == "event_id")
print(
    json.dumps(
        {
            "types": {field.name: str(field.type) for field in schema},
            "required": [field.name for field in schema if not field.nullable],
            "physical": {
                column.path: f"{column.physical_type} {column.logical_type}"
                for column in (metadata[0].schema.column(at) for at in range(metadata[0].num_columns))
            },
            "codec": one.compression,
            "codec_without_values": sorted({
                column.compression
                for column in columns
                if "." not in column.path_in_schema and column.statistics.null_count == column.num_values
            }),
            "has_statistics": one.is_stats_set,
            "has_page_index": one.has_column_index and one.has_offset_index,
            "pyarrow": rows(dataset.to_table().to_pylist()),
            "duckdb": by_duckdb,
            "partitions": dict(by_partition),
        }
    )
)
