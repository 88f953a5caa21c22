"""A strict reader of Prometheus' text format 0.0.4: what it takes, every scraper takes."""
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>[^{}]*)\})? (?P<value>[^ ]+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
TYPES = {"counter", "gauge", "histogram"}


def family_of(name: str, types: dict) -> str:
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and types.get(name[:-len(suffix)]) == "histogram":
            return name[:-len(suffix)]
    return name


def read_labels(text: str | None) -> tuple:
    if not text:
        return ()
    labels, rest = [], text
    while rest:
        match = LABEL.match(rest)
        if not match:
            raise ValueError(f"labels: {text}")
        labels.append((match[1], match[2]))
        rest = rest[match.end():]
        if rest and not rest.startswith(","):
            raise ValueError(f"labels: {text}")
        rest = rest[1:]
    if len({name for name, _ in labels}) != len(labels):
        raise ValueError(f"a label twice: {text}")
    return tuple(sorted(labels))


def check_histogram(family: str, samples: dict):
    series: dict = {}
    for (name, labels), value in samples.items():
        rest = tuple(label for label in labels if label[0] != "le")
        one = series.setdefault(rest, {"buckets": [], "sum": None, "count": None})
        if name == family + "_bucket":
            one["buckets"].append((float(dict(labels)["le"]), value))
        else:
            one[name[len(family) + 1:]] = value
    for labels, one in series.items():
        bounds, counts = [bound for bound, _ in one["buckets"]], [count for _, count in one["buckets"]]
        if bounds != sorted(set(bounds)) or counts != sorted(counts) or bounds[-1:] != [math.inf]:
            raise ValueError(f"buckets of {family} {labels}: {one['buckets']}")
        if one["count"] != counts[-1] or one["sum"] is None or one["sum"] < 0:
            raise ValueError(f"count or sum of {family} {labels}")


def parse(text: str) -> dict:
    """Values by (name, labels), labels as sorted pairs. ValueError for anything that is not to the letter: a family in two places, a
    sample without TYPE and HELP before it, a sample twice, a counter without _total, a histogram whose buckets do not add up."""
    if not text.endswith("\n"):
        raise ValueError("no newline at the end")
    types, helps, order, samples = {}, set(), [], {}
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            _, kind, name, rest = line.split(" ", 3)
            if not NAME.fullmatch(name) or kind not in ("HELP", "TYPE") or name in order:
                raise ValueError(line)
            if kind == "HELP":
                if name in helps:
                    raise ValueError(line)
                helps.add(name)
            elif name in types or rest not in TYPES or (rest == "counter") != name.endswith("_total"):
                raise ValueError(line)
            else:
                types[name] = rest
            continue
        match = SAMPLE.fullmatch(line)
        if not match:
            raise ValueError(line)
        family = family_of(match["name"], types)
        if family not in types or family not in helps:
            raise ValueError(f"no TYPE or HELP before {line}")
        if not order or order[-1] != family:
            if family in order:
                raise ValueError(f"{family} is in two places")
            order.append(family)
        where, value = (match["name"], read_labels(match["labels"])), float(match["value"])
        if where in samples or math.isnan(value) or (types[family] != "gauge" and value < 0):
            raise ValueError(line)
        samples[where] = value
    for family, kind in types.items():
        if kind == "histogram":
            check_histogram(family, {where: value for where, value in samples.items() if family_of(where[0], types) == family})
    return samples
