"""Which operations of a traced run are worth a kill: every dangerous one, and more spread evenly over the rest."""
import os
import pathlib

DANGEROUS = ("file.rename", "file.exchange", "file.remove", "file.remove_tree", "journal.append", "storage.remove", "vm.", "ch.")
SPREAD = 30
AT_MOST = int(os.environ.get("HOLDFAST_MOST_KILLS", "90"))


def read_trace(path: pathlib.Path) -> list[tuple[int, str, str]]:
    """(number, kind, subject) of every operation of a run made with HOLDFAST_TRACE_OPERATIONS."""
    operations = []
    for line in path.read_text(errors="replace").splitlines():
        number, kind, *subject = line.split(" ", 2)
        operations.append((int(number), kind, subject[0] if subject else ""))
    return operations


def is_dangerous(kind: str, subject: str) -> bool:
    if kind.startswith(DANGEROUS):
        return True
    return kind == "storage.put" and subject.endswith((".ignore", ".json"))


def choose(operations: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """(number, "before" | "after", description), in order. When there are too many dangerous ones of one kind (hundreds of removed
    files), an even share of them is taken; SPREAD others are always added."""
    dangerous = [op for op in operations if is_dangerous(op[1], op[2])]
    others = [op for op in operations if not is_dangerous(op[1], op[2])]
    room = max(1, (AT_MOST - SPREAD) // 2)
    points = [(number, when, f"{kind} {subject}") for number, kind, subject in evenly(dangerous, room) for when in ("before", "after")]
    points += [(number, "before", f"{kind} {subject}") for number, kind, subject in evenly(others, SPREAD)]
    return sorted(points)


def evenly(items: list, count: int) -> list:
    if len(items) <= count:
        return items
    # The rare kinds first: each kind's first and last one are always in.
    first_last = {}
    for item in items:
        first_last.setdefault(item[1], [item, item])[1] = item
    chosen = {item[0]: item for pair in first_last.values() for item in pair}
    step = len(items) / count
    for i in range(count):
        item = items[int(i * step)]
        chosen.setdefault(item[0], item)
    return sorted(chosen.values())
