"""Indices of telemetry as tests need them, the same at each run, and what two states of a cluster are compared by."""
import hashlib
import json
import random

from elasticsearch_server import Node, quoted

KINDS = ("sts_internal_events", "sts_topology_events", "sts_generic_events", "sts_metrics", "sts_trace_events")
MAPPINGS = {"dynamic": "strict", "properties": {
    "@timestamp": {"type": "date"}, "host": {"type": "keyword"}, "level": {"type": "keyword"}, "message": {"type": "text"},
    "value": {"type": "double"}, "labels": {"type": "object", "dynamic": True}, "revision": {"type": "integer"}}}
SETTINGS = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"}
WORDS = "connection refused retry timeout topology component relation synced dropped agent check metric stream partition leader".split()
BATCH = 5000
# Of settings what every index has for itself.
OWN_SETTINGS = ("uuid", "creation_date", "version", "provided_name", "resize")


def names(days: int, kinds=KINDS, first_day: int = 1) -> list[str]:
    """As the stack names its indices: a kind and a day."""
    return [f"{kind}-2026.11.{day:02d}" for day in range(first_day, first_day + days) for kind in kinds]


def document(seed: str, number: int, revision: int = 0) -> dict:
    chosen = random.Random(f"{seed}/{number}/{revision}")
    return {"@timestamp": 1_790_000_000_000 + number * 1000, "host": f"host-{chosen.randrange(50)}", "revision": revision,
            "level": chosen.choice(("info", "warning", "error")), "message": " ".join(chosen.choices(WORDS, k=12)),
            "value": round(chosen.uniform(-1e6, 1e6), 6), "labels": {"team": f"team-{chosen.randrange(5)}"}}


def bulk(server: Node, actions) -> int:
    """`actions` are (action, document or None); returns how many were done."""
    done, lines = 0, []

    def send():
        answer = server.request("POST", "/_bulk?filter_path=errors,items.*.error", "\n".join(lines) + "\n", timeout=600)
        if answer.get("errors"):
            raise RuntimeError(f"bulk: {json.dumps(answer)[:2000]}")
        lines.clear()

    for action, body in actions:
        lines.append(json.dumps(action))
        if body is not None:
            lines.append(json.dumps(body))
        done += 1
        if len(lines) >= 2 * BATCH:
            send()
    if lines:
        send()
    return done


def fill(server: Node, index: str, count: int, first: int = 0, revision: int = 0) -> int:
    """Documents `first` to `first + count`, of which those that are there are replaced; searchable and on disk when it returns."""
    done = bulk(server, (({"index": {"_index": index, "_id": str(number)}}, document(index, number, revision))
                         for number in range(first, first + count)))
    flush(server, index)
    return done


def remove(server: Node, index: str, numbers) -> int:
    done = bulk(server, (({"delete": {"_index": index, "_id": str(number)}}, None) for number in numbers))
    flush(server, index)
    return done


def flush(server: Node, index: str):
    server.request("POST", f"/{quoted(index)}/_refresh")
    server.request("POST", f"/{quoted(index)}/_flush")


def create(server: Node, index: str, documents: int = 0, aliases: dict | None = None, **settings):
    """An index, with what a template may add; healthy when it returns."""
    server.request("PUT", f"/{quoted(index)}", {"settings": {**SETTINGS, **settings}, "mappings": MAPPINGS, "aliases": aliases or {}})
    if documents:
        fill(server, index, documents)


def delete(server: Node, pattern: str = "*"):
    """Indices, hidden and closed ones too; none is no error."""
    found = list(server.indices(pattern))
    for start in range(0, len(found), 10):
        server.request("DELETE", f"/{quoted(','.join(found[start:start + 10]))}")


def digest(server: Node, index: str) -> str:
    """How many documents, and the sum of the hashes of each one's id, routing and source: equal whatever their order."""
    total, count = 0, 0
    query = "?scroll=5m&filter_path=_scroll_id,hits.hits._id,hits.hits._routing,hits.hits._source"
    page = server.request("POST", f"/{quoted(index)}/_search{query}", {"size": BATCH, "sort": ["_doc"]})
    while hits := page.get("hits", {}).get("hits"):
        for hit in hits:
            text = json.dumps([hit["_id"], hit.get("_routing"), hit["_source"]], sort_keys=True)
            total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        count += len(hits)
        page = server.request("POST", "/_search/scroll" + query.replace("scroll=5m&", ""), {"scroll": "5m", "scroll_id": page["_scroll_id"]})
    if "_scroll_id" in page:
        server.request("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})
    return f"{count} {total % 2**256:064x}"


def count(server: Node, index: str) -> int:
    return server.request("GET", f"/{quoted(index)}/_count")["count"]


def aliases(server: Node, index: str) -> dict:
    return next(iter(server.request("GET", f"/{quoted(index)}/_alias").values()))["aliases"]


def all_settings(server: Node, index: str) -> dict[str, str]:
    """Flat, without their `index.`"""
    answer = server.request("GET", f"/{quoted(index)}/_settings?flat_settings=true")
    return {key.removeprefix("index."): value for key, value in next(iter(answer.values()))["settings"].items()}


def settings(server: Node, index: str) -> dict[str, str]:
    """Those that a restored index must have as well."""
    return {key: value for key, value in all_settings(server, index).items() if key.split(".")[0] not in OWN_SETTINGS}


def effective(found: dict[str, str]) -> dict[str, str]:
    """Settings without what means the same as nothing: what a clone leaves (docs/design/elasticsearch.md), and switches that are off."""
    off = {"routing_partition_size": "1", "auto_expand_replicas": "false"}
    return {key: value for key, value in found.items()
            if value is not None and off.get(key) != value and not (key.startswith("blocks.") and value == "false")}


def mappings(server: Node, index: str) -> dict:
    return next(iter(server.request("GET", f"/{quoted(index)}/_mapping").values()))["mappings"]


def description(server: Node, index: str) -> dict:
    """Everything that a restore has to bring back, but for the documents."""
    row = server.indices(index)[index]
    return {"status": row["status"], "aliases": aliases(server, index), "settings": settings(server, index), "mappings": mappings(server, index)}


def state(server: Node, pattern: str = "sts*") -> dict[str, dict]:
    """Every index that matches, with its documents unless it is closed."""
    found = {}
    for index, row in sorted(server.indices(pattern).items()):
        found[index] = description(server, index)
        found[index]["settings"] = effective(found[index]["settings"])
        found[index]["documents"] = digest(server, index) if row["status"] == "open" and row["health"] != "red" else None
    return found


def change(server: Node, indices: list[str], step: int, share: float = 0.1):
    """Another day: in every fourth index some documents are replaced, some are new and a few are gone."""
    for position, index in enumerate(indices):
        if position % 4 != step % 4:
            continue
        known = count(server, index)
        part = max(1, int(known * share))
        fill(server, index, part, first=(step * part) % max(1, known - part), revision=step)
        fill(server, index, part, first=10_000_000 * step)
        remove(server, index, range(10_000_000 * step, 10_000_000 * step + part, 5))
