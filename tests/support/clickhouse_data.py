"""Tables as an OpenTelemetry collector makes them, and every kind that a backup meets, on either kind of server; rows that are random but
the same for the same seed; changes between backups; and what tells whether two states of a server hold the same rows."""
import csv
import dataclasses
import pathlib
import time

from clickhouse_server import CLUSTER, ClickHouse, literal, quoted

DATABASE = "otel"
ODD_DATABASE = "odd db-2"
ODD_TABLES = ("odd-name.1", "größe`\\1 %2E")
FIRST_DAY = "2026-11-10"
# Engines whose merges change rows: counted as if merged, so that a merge in the background makes no difference.
MERGED_ON_READ = ("Summing", "Replacing", "Collapsing", "Aggregating")

SHORT_LIVES = {"merge_tree": {"old_parts_lifetime": 1}}

# {time}, {text}, {attributes} and {more} differ between the servers.
TABLES = {
    "otel_logs": """(Timestamp {time}, TraceId String, SeverityNumber Int32, ServiceName {text}, Body String, ResourceAttributes {attributes}{more})
        ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, Timestamp)""",
    "otel_traces": """(Timestamp {time}, TraceId String, SpanId String, ServiceName {text}, Duration Int64, StatusCode Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
        SpanAttributes {attributes}) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, Timestamp)""",
    "otel_metrics_gauge": """(TimeUnix {time}, MetricName {text}, Value Float64, Host Nullable(String))
        ENGINE = MergeTree PARTITION BY toDate(TimeUnix) ORDER BY (MetricName, TimeUnix)""",
    "otel_metrics_sum": """(TimeUnix {time}, MetricName {text}, Value Float64, IsMonotonic UInt8)
        ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(TimeUnix) ORDER BY (MetricName, TimeUnix)""",
    "errors_per_day": "(day Date, ServiceName String, errors UInt64) ENGINE = SummingMergeTree PARTITION BY day ORDER BY (day, ServiceName)",
    ODD_TABLES[0]: "(d Date, x UInt64) ENGINE = MergeTree PARTITION BY d ORDER BY x",
    ODD_TABLES[1]: "(d Date, x UInt64) ENGINE = MergeTree PARTITION BY (d, x % 3) ORDER BY x",
    "empty_table": "(d Date, x UInt64) ENGINE = MergeTree PARTITION BY d ORDER BY x",
    "no_partitions": "(x UInt64, text String) ENGINE = MergeTree ORDER BY x",
    "many_parts": "(x UInt64, text String) ENGINE = MergeTree PARTITION BY x % {parts} ORDER BY x",
    "old_syntax": "(d Date, x UInt64) ENGINE = MergeTree(d, x, 8192)",
    "a_log": "(x UInt64) ENGINE = Log",
}
DIALECTS = {
    False: {"time": "DateTime", "text": "String", "attributes": "Nested(k String, v String)", "more": ""},
    True: {"time": "DateTime64(9) CODEC(Delta(8), ZSTD(1))", "text": "LowCardinality(String) CODEC(ZSTD(1))",
           "attributes": "Map(LowCardinality(String), String) CODEC(ZSTD(1))",
           "more": ", INDEX trace TraceId TYPE bloom_filter(0.001) GRANULARITY 1, PROJECTION severities (SELECT SeverityNumber, count() GROUP BY SeverityNumber)"},
}


@dataclasses.dataclass(frozen=True)
class TableState:
    """Equal states hold the same rows, in whatever order and in whatever parts."""
    rows: int
    hash: int


FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures/clickhouse-backup"


def fixture_states(chain: str) -> dict[str, dict]:
    """What each backup of a chain that clickhouse-backup made holds, a table."""
    found: dict[str, dict] = {}
    with open(FIXTURES / "expected.tsv") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["bucket_prefix"] == chain:
                found.setdefault(row["backup"], {})["otel", row["table"]] = TableState(int(row["rows"]), int(row["sum_cityHash64"]))
    return found


def create(server: ClickHouse, parts: int = 1000):
    """Every table, without rows; `parts` is how many parts `many_parts` gets."""
    server.query(f"CREATE DATABASE {DATABASE}")
    server.query(f"CREATE DATABASE {quoted(ODD_DATABASE)}")
    dialect = DIALECTS[server.modern] | {"parts": parts}
    for name in stored_names(server):
        text = TABLES[name].format(**dialect)
        if server.modern and name == "otel_logs":
            text += " TTL toDateTime(Timestamp) + INTERVAL 40 YEAR SETTINGS storage_policy = 'two_disks', min_bytes_for_wide_part = 4096"
        server.query(f"CREATE TABLE {quoted(name)} {text}", database=DATABASE)
    server.query("CREATE TABLE `a.b` (x UInt64, day Date) ENGINE = MergeTree PARTITION BY day ORDER BY x", database=ODD_DATABASE)
    create_dependents(server)


def stored_names(server: ClickHouse) -> list[str]:
    """The new server keeps tables of the old syntax only when told to, and brings their replaced parts back when it is killed."""
    return [name for name in TABLES if not (server.modern and name == "old_syntax")]


def create_dependents(server: ClickHouse):
    """Tables that hold no rows of their own, made from the others."""
    columns = "(d Date, x UInt64)"
    queries = [
        """CREATE MATERIALIZED VIEW logs_per_service ENGINE = SummingMergeTree PARTITION BY day ORDER BY (day, ServiceName)
           AS SELECT toDate(Timestamp) AS day, ServiceName, count() AS logs FROM otel.otel_logs GROUP BY day, ServiceName""",
        """CREATE MATERIALIZED VIEW errors_to TO otel.errors_per_day
           AS SELECT toDate(Timestamp) AS day, ServiceName, count() AS errors FROM otel.otel_traces WHERE StatusCode = 'error' GROUP BY day, ServiceName""",
        "CREATE VIEW slow_traces AS SELECT TraceId, Duration FROM otel.otel_traces WHERE Duration > 900000",
        f"CREATE TABLE odd_buffer {columns} ENGINE = Buffer(otel, {literal(ODD_TABLES[0])}, 1, 3600, 3600, 1000000, 1000000, 100000000, 100000000)",
        f"CREATE TABLE odd_merge {columns} ENGINE = Merge(otel, '^odd-name')",
        f"CREATE TABLE nothing {columns} ENGINE = Null",
    ]
    if server.modern:
        queries += [
            "CREATE DICTIONARY services (id UInt64, name String) PRIMARY KEY id SOURCE(CLICKHOUSE(QUERY 'SELECT 1 AS id, ''one'' AS name')) LIFETIME(0) LAYOUT(FLAT())",
            "CREATE FUNCTION otel_seconds AS nanoseconds -> nanoseconds / 1000000000",
        ]
    else:
        queries.append(f"CREATE TABLE odd_everywhere {columns} ENGINE = Distributed({CLUSTER}, otel, {literal(ODD_TABLES[0])})")
    for query in queries:
        server.query(query, database=DATABASE)


def rows_from(seed: int, rows: int) -> str:
    """The FROM clause of `rows` rows with random but fixed h1..h3."""
    return f"(SELECT number, cityHash64(number, {seed}, 1) AS h1, cityHash64(number, {seed}, 2) AS h2, cityHash64(number, {seed}, 3) AS h3 FROM system.numbers LIMIT {rows})"


def fill(server: ClickHouse, seed: int, rows: int = 2000, first_day: int = 0, days: int = 3):
    """`rows` rows into each table of telemetry, spread over `days` days, and a few into the others."""
    day = f"toDate('{FIRST_DAY}') + {first_day} + (number % {days})"
    moment = f"toDateTime('{FIRST_DAY} 00:00:00') + ({first_day} + (number % {days})) * 86400 + (h1 % 86400)"
    service = "concat('service-', toString(h2 % 20))"
    text = "concat(hex(h1), ' ', hex(h2), ' ', hex(h3))"
    keys, values = "['host', 'pod']", "[toString(h2 % 50), hex(h3)]"
    attributes = f"mapFromArrays({keys}, {values})" if server.modern else f"{keys}, {values}"
    selects = {
        "otel_logs": f"{moment}, hex(h1), h2 % 24, {service}, {text}, {attributes}",
        "otel_traces": f"{moment}, hex(h1), hex(h2), {service}, h3 % 1000000, CAST(h3 % 3 AS Enum8('unset' = 0, 'ok' = 1, 'error' = 2)), {attributes}",
        "otel_metrics_gauge": f"{moment}, concat('gauge-', toString(h2 % 30)), h3 % 100000 / 7, if(h1 % 5 = 0, NULL, toString(h1 % 9))",
        "otel_metrics_sum": f"{moment}, concat('sum-', toString(h2 % 30)), h3 % 100000 / 7, 1",
        ODD_TABLES[0]: f"{day}, h1", ODD_TABLES[1]: f"{day}, h2", "old_syntax": f"{day}, h3",
        "no_partitions": f"h1, {text}", "a_log": "h1",
    }
    for table in (name for name in stored_names(server) if name in selects):
        insert(server, DATABASE, table, selects[table], seed, rows)
    insert(server, ODD_DATABASE, "a.b", f"h1, {day}", seed, 50)


def fill_many_parts(server: ClickHouse, seed: int, rows: int):
    """One part for each of `rows` partitions."""
    unlimited = {"max_partitions_per_insert_block": 0} if server.modern else {}
    insert(server, DATABASE, "many_parts", "number, hex(h1)", seed, rows, **unlimited)


def insert(server: ClickHouse, database: str, table: str, select: str, seed: int, rows: int, **settings):
    server.query(f"INSERT INTO {quoted(table)} SELECT {select} FROM {rows_from(seed, rows)}", database=database, **settings)


def make(server: ClickHouse, rows: int = 2000, parts: int = 1000):
    """Everything, with two parts in most partitions."""
    create(server, parts)
    fill(server, 1, rows)
    fill(server, 2, rows // 4)
    fill_many_parts(server, 3, parts)


def change(server: ClickHouse, step: int):
    """What happens between two backups; the steps 1 to 5 in this order."""
    def run(sql):
        server.query(sql, database=DATABASE)

    if step == 1:  # a day more, and rows that arrive late
        fill(server, 11, 500, first_day=3, days=1)
        fill(server, 12, 100, first_day=1, days=1)
    elif step == 2:  # merges: the rows stay, every part is another
        for table in (name for name in stored_names(server) if name in ("otel_logs", "otel_metrics_sum", "old_syntax", "no_partitions")):
            for partition in partitions(server, DATABASE, table):
                run(f"OPTIMIZE TABLE {table} PARTITION ID {literal(partition)} FINAL" if server.modern else f"OPTIMIZE TABLE {table} FINAL")
                if not server.modern:
                    break
    elif step == 3:  # mutations
        run("ALTER TABLE otel_metrics_gauge UPDATE Value = Value + 1 WHERE MetricName = 'gauge-7'")
        run("ALTER TABLE otel_traces DELETE WHERE ServiceName = 'service-3'")
        wait_for_mutations(server)
    elif step == 4:  # partitions, tables and columns go and come
        run(f"ALTER TABLE {quoted(ODD_TABLES[0])} DROP PARTITION ID '{FIRST_DAY.replace('-', '')}'")
        run("ALTER TABLE otel_traces DROP PARTITION ID '20261111'")
        run("ALTER TABLE otel_metrics_gauge ADD COLUMN Unit String DEFAULT 'bytes'")
        run("CREATE TABLE newcomer (x UInt64) ENGINE = MergeTree ORDER BY x")
        run("INSERT INTO newcomer SELECT number FROM system.numbers LIMIT 10")
        run("DROP TABLE nothing")
    elif step == 5:  # the same content under other names of parts
        for table in ("otel_logs", "no_partitions"):
            for partition in partitions(server, DATABASE, table):
                run(f"ALTER TABLE {table} DETACH PARTITION ID {literal(partition)}")
                run(f"ALTER TABLE {table} ATTACH PARTITION ID {literal(partition)}")
        run("INSERT INTO newcomer SELECT number + 100 FROM system.numbers LIMIT 10")
    else:
        raise ValueError(f"no step {step}")


def settle(server: ClickHouse, seconds: float = 120):
    """Until no dropped part is left on the disk: 18.16 takes parts of a DROP, DETACH or REPLACE PARTITION, and what these were merged
    from, for live ones again when it is restarted before it has removed them. That is 8 minutes after a merge; with the server's
    settings SHORT_LIVES, a second. Newer servers leave an empty part in place of what is dropped, and need no wait."""
    if server.modern:
        return
    end = time.monotonic() + seconds
    while (left := dropped_parts(server)) and time.monotonic() < end:
        time.sleep(0.02)
    if left:
        raise TimeoutError(f"dropped parts are still there after {seconds} s: {left}")


def dropped_parts(server: ClickHouse) -> list[str]:
    """Inactive parts that no active part covers (what is merged away is covered, and stays for minutes)."""
    active, inactive = [], []
    for database, table, partition, first, last, is_active in server.rows(
            "SELECT database, table, partition_id, min_block_number, max_block_number, active FROM system.parts"):
        (active if is_active == "1" else inactive).append(((database, table, partition), int(first), int(last)))
    return [f"{where} {first}-{last}" for where, first, last in inactive
            if not any(where == there and begin <= first and last <= end for there, begin, end in active)]


def partitions(server: ClickHouse, database: str, table: str) -> list[str]:
    return [row[0] for row in server.rows(f"SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {literal(database)} "
                                          f"AND table = {literal(table)} ORDER BY partition_id")]


def wait_for_mutations(server: ClickHouse, seconds: float = 120):
    end = time.monotonic() + seconds
    while (left := int(server.value("SELECT count() FROM system.mutations WHERE NOT is_done"))) and time.monotonic() < end:
        time.sleep(0.02)
    if left:
        raise TimeoutError(f"{left} mutations are not done after {seconds} s")


def stored_tables(server: ClickHouse, databases=(DATABASE, ODD_DATABASE), engines: str = "MergeTree") -> list[tuple[str, str, str]]:
    """(database, table, engine) of every table that keeps rows in parts; inner tables of views are named after their view, as on old servers."""
    listed = ", ".join(literal(database) for database in databases)
    return [tuple(row) for row in server.rows(
        f"SELECT database, name, engine FROM system.tables WHERE database IN ({listed}) AND engine LIKE '%{engines}' ORDER BY database, name")]


def state(server: ClickHouse, databases=(DATABASE, ODD_DATABASE), merged: bool = True) -> dict[tuple[str, str], TableState]:
    """Rows and the sum of cityHash64 over all columns of every row, a table. With `merged`, tables whose merges change rows are read
    as if merged; without, as they lie."""
    names = {f".inner_id.{uuid}": f".inner.{name}" for uuid, name in views(server, databases)}
    found = {}
    for database, table, engine in stored_tables(server, databases):
        final = " FINAL" if merged and engine.startswith(MERGED_ON_READ) else ""
        sums = f"count(), sum(cityHash64({', '.join(hashed_columns(server, database, table))}))"
        ((rows, total),) = server.rows(f"SELECT {sums} FROM {quoted(database)}.{quoted(table)}{final}")
        found[database, names.get(table, table)] = TableState(int(rows), int(total))
    return found


def views(server: ClickHouse, databases) -> list[list[str]]:
    if not server.modern:
        return []
    listed = ", ".join(literal(database) for database in databases)
    return server.rows(f"SELECT uuid, name FROM system.tables WHERE database IN ({listed}) AND engine = 'MaterializedView'")


def hashed_columns(server: ClickHouse, database: str, table: str) -> list[str]:
    columns = server.rows(f"SELECT name, type FROM system.columns WHERE database = {literal(database)} AND table = {literal(table)} AND default_kind != 'ALIAS'")
    out = []
    for name, kind in columns:
        column = quoted(name)
        out += [f"isNull({column})", f"assumeNotNull({column})"] if kind.startswith("Nullable") else [column]
    return out


def schema(server: ClickHouse, databases=(DATABASE, ODD_DATABASE)) -> dict[tuple[str, str], str]:
    """The engine of every table, view and dictionary; inner tables left out, whose names differ between servers."""
    listed = ", ".join(literal(database) for database in databases)
    return {(database, table): engine for database, table, engine in server.rows(
        f"SELECT database, name, engine FROM system.tables WHERE database IN ({listed}) AND name NOT LIKE '.inner%'")}
