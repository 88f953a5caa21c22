#!/usr/bin/env python3
"""Every interleaving of what touches one VictoriaMetrics version folder, over a dictionary.

usage: vm_commit_model.py [--mutations]

The bucket is a frozen dictionary; each actor is a small state machine whose steps are single requests, as
docs/design/victoria-metrics.md orders them. The explorer tries every order of requests, kills each actor at each
step, pauses it for long enough to be taken over, and after every request checks three promises:
  right     holdfast's reading rule yields a state that really existed, or says "broken"
  kept      while only holdfast writes, that state is the one before the run or the one after it
  refuses   what vmrestore would write is a state that really existed, or it refuses
--mutations proves that the model can fail: each known wrong order or rule must break a promise.
"""
import collections
import itertools
import sys

# Four moments of one server's data. Parts are immutable and merged away or dropped; the list file changes in place, at
# the same size (1) or another (2), or not at all. A state is (parts, list file's size, list file's content).
STATES = [
    (frozenset("ab"), 1, "x"),
    (frozenset("ac"), 1, "y"),
    (frozenset("a"), 1, "y"),
    (frozenset("d"), 2, "z"),
]
MARKER, MANIFEST = "marker", "manifest"
BROKEN, REFUSES = "broken", "refuses"


def keys_of(state):
    return {("part", p) for p in state[0]} | {("list", state[1])}


def value_of(state, key):
    return key[1] if key[0] == "part" else state[2]


def freeze(bucket):
    return frozenset(bucket.items())


class Rules:
    """The decided order and reading rule, with switches that undo one decision each."""
    order = ("drop_marker", "put_parts", "commit", "put_list", "remove", "put_marker")
    adopt_foreign = True        # a foreign state gets its own manifest before its marker goes
    own_marker_is_not_foreign = True  # our marker that names another manifest counts as no marker
    check_list_without_marker = True
    commit_is_conditional = True
    remove_order = (MARKER, "data", MANIFEST)
    list_from_manifest = True   # the files that change in place are read from the manifest
    etags_tell = True           # a list's ETags tell the list file's content (where they are MD5s)
    list_known_by_marker = True  # else it is believed to be the manifest's only when the marker names the manifest


# ---- readers ------------------------------------------------------------------------------------------------------

def from_objects(bucket):
    """What a reader without manifest (vmrestore, or holdfast on a vmbackup-made version) puts together."""
    parts = frozenset(k[1] for k in bucket if k[0] == "part")
    lists = [k for k in bucket if k[0] == "list"]
    if len(lists) != 1:
        return BROKEN  # two sizes of one file overlap; none: the file is missing
    return (parts, lists[0][1], bucket[lists[0]])


def vmrestore(bucket):
    if MARKER not in bucket:
        return REFUSES
    state = from_objects(bucket)
    return REFUSES if state == BROKEN else state


def holdfast_read(bucket, rules):
    marker, manifest = bucket.get(MARKER), bucket.get(MANIFEST)
    if marker is not None and manifest is not None and marker == ("names", manifest):
        foreign = False
    elif marker is None:
        foreign = False
    else:
        foreign = marker == "ok" or not rules.own_marker_is_not_foreign
    if foreign or (manifest is None and marker is not None):
        return from_objects(bucket)
    if manifest is None:
        return BROKEN
    state = manifest[1]
    there = frozenset(p for p in state[0] if ("part", p) in bucket)
    if there != state[0]:  # with a marker too: a restore always compares one list with the manifest first
        return BROKEN if rules.check_list_without_marker else (there,) + state[1:]
    if not rules.list_from_manifest:
        return from_objects(bucket) if len([k for k in bucket if k[0] == "list"]) == 1 else BROKEN
    return state


# ---- actors: each is (kind, program counter, memory); step() yields the possible successors -----------------------

def plan_of(bucket, state, rules, run):
    """What a run decides after its reads: the list of phases, each a set of requests in any order."""
    before = holdfast_read(bucket, rules)
    old_manifest = bucket.get(MANIFEST)
    foreign = bucket.get(MARKER) == "ok" or (MARKER in bucket and old_manifest is None)
    wanted = keys_of(state)
    present = {k for k in bucket if k not in (MARKER, MANIFEST)}
    new = ("m%d" % run, state)
    counts = not foreign and old_manifest is not None
    named = counts and bucket.get(MARKER) == ("names", old_manifest)
    if rules.etags_tell:
        list_stored = bucket.get(("list", state[1])) == state[2]
    else:
        list_stored = counts and (named or not rules.list_known_by_marker) and old_manifest[1][1:] == state[1:] and (
            "list", state[1]) in present
    if counts and old_manifest[1] == state and present == wanted and list_stored:
        return ((("put", MARKER, ("names", old_manifest)),),)
    phases = []
    expected = old_manifest
    if foreign and rules.adopt_foreign and before != BROKEN:
        adopted = ("a%d" % run, before)
        phases.append((("commit", expected, adopted),))
        expected = adopted
    work = {
        "drop_marker": (("remove", MARKER),),
        "put_parts": tuple(("put", k, value_of(state, k)) for k in sorted(wanted - present) if k[0] == "part"),
        "commit": (("commit", expected, new),),
        "put_list": tuple(("put", k, value_of(state, k)) for k in wanted if k[0] == "list" and not list_stored),
        "remove": tuple(("remove", k) for k in sorted(present - wanted)),
        "put_marker": (("put", MARKER, ("names", new)),),
    }
    phases += [work[name] for name in rules.order if work[name]]
    return tuple(phases)


def foreign_plan(bucket, state):
    """vmbackup: marker away, delete what is not in the snapshot (the list file always), upload, marker."""
    wanted = keys_of(state)
    present = {k for k in bucket if k not in (MARKER, MANIFEST)}
    gone = {k for k in present if k not in wanted or k[0] == "list"}
    phases = [(("remove", MARKER),), tuple(("remove", k) for k in sorted(gone)),
              tuple(("put", k, value_of(state, k)) for k in sorted(wanted - (present - gone))), (("put", MARKER, "ok"),)]
    return tuple(p for p in phases if p)


def remove_plan(bucket, rules):
    data = tuple(("remove", k) for k in sorted(bucket, key=str) if k not in (MARKER, MANIFEST))
    phases = [data if name == "data" else (("remove", name),) for name in rules.remove_order]
    return tuple(p for p in phases if p)


def apply(bucket, request, rules):
    """The bucket after one request, or None when its condition failed."""
    out = dict(bucket)
    if request[0] == "remove":
        out.pop(request[1], None)
    elif request[0] == "put":
        out[request[1]] = request[2]
    else:
        if rules.commit_is_conditional and out.get(MANIFEST) != request[1]:
            return None
        out[MANIFEST] = request[2]
    return out


def requests_of(phases):
    """(request, phases that remain) for each request that may come next: a phase's requests go in any order."""
    if not phases:
        return
    head = phases[0]
    for i, request in enumerate(head):
        rest = head[:i] + head[i + 1:]
        yield request, ((rest,) if rest else ()) + phases[1:]


# ---- explorer -----------------------------------------------------------------------------------------------------

class Breach(Exception):
    pass


def check(bucket, allowed, rules, trail):
    read = holdfast_read(bucket, rules)
    restored = vmrestore(bucket)
    if read != BROKEN and read not in STATES:
        raise Breach(f"right: holdfast reads {read} after {trail}")
    if restored != REFUSES and restored not in STATES:
        raise Breach(f"refuses: vmrestore writes {restored} after {trail}")
    if allowed is not None and read not in allowed:
        raise Breach(f"kept: holdfast reads {read}, allowed are {allowed} after {trail}")


def starts(bucket, now, runs_left, rules, run):
    """(name, phases, acceptable reads while it runs, what it commits) of every actor that may start now."""
    if runs_left == 0:
        return
    before = holdfast_read(bucket, rules)
    for index in range(now, len(STATES)):
        state = STATES[index]
        # A version that did not read before (half removed, or torn by vmbackup) may read as any right state meanwhile.
        allowed = None if before == BROKEN else frozenset({before, state})
        yield f"backup{index}", plan_of(bucket, state, rules, run), allowed, index
        # vmbackup guards nothing: the reading may become "broken", never wrong.
        yield f"vmbackup{index}", foreign_plan(bucket, state), None, index
    if bucket:
        yield "prune", remove_plan(bucket, rules), None, now


def explore(rules, runs=3):
    """All sequences of runs, each killed at any request; returns the number of distinct situations."""
    seen = set()
    queue = collections.deque([({}, 0, runs, ())])
    while queue:
        bucket, now, left, trail = queue.popleft()
        for name, phases, allowed, index in starts(bucket, now, left, rules, left):
            inner = collections.deque([(bucket, phases, trail + (name,))])
            visited = set()
            while inner:
                current, todo, path = inner.popleft()
                mark = (freeze(current), todo)
                if mark in visited:
                    continue
                visited.add(mark)
                if len(path) > len(trail) + 1:
                    check(current, allowed, rules, path)
                if not todo and name.startswith(("backup", "vmbackup")):
                    for read in (holdfast_read(current, rules), vmrestore(current)):
                        if read != STATES[index]:
                            raise Breach(f"kept: a finished {name} reads as {read} after {path}")
                after = (freeze(current), index, left - 1)  # killed here, or finished
                if after not in seen:
                    seen.add(after)
                    queue.append((current, index, left - 1, path + (("killed",) if todo else ())))
                for request, rest in requests_of(todo):
                    result = apply(current, request, rules)
                    if result is None:
                        raise Breach(f"kept: a lone run's commit failed after {path}")
                    inner.append((result, rest, path + (request[:2],)))
    return len(seen)


def explore_takeover(rules, late):
    """A run is paused before any request, taken over by a second one, and wakes at any moment.

    late=0: the fence stops it at its next request. late=1: one request had passed the fence and arrives at any later
    moment; then only holdfast's own reading is promised (vmrestore is after the next whole run).
    """
    situations = 0
    for first, second in itertools.combinations_with_replacement(range(len(STATES)), 2):
        for start in (0, None):
            bucket = {} if start is None else finished(STATES[start], rules)
            if start is not None and first < start:
                continue
            paused = collections.deque([(bucket, plan_of(bucket, STATES[first], rules, 1))])
            seen = set()
            while paused:
                current, todo = paused.popleft()
                if (freeze(current), todo) in seen:
                    continue
                seen.add((freeze(current), todo))
                for request, rest in requests_of(todo):
                    situations += take_over(current, request if late else None, second, rules)
                    result = apply(current, request, rules)
                    if result is not None:
                        paused.append((result, rest))
    return situations


def take_over(bucket, late, index, rules):
    """The second run, the late request of the first arriving between any two of its requests or after it."""
    state = STATES[index]
    count = 0
    before = holdfast_read(bucket, rules)
    todo = collections.deque([(bucket, plan_of(bucket, state, rules, 2), late, False)])
    seen = set()
    while todo:
        current, phases, pending, lost = todo.popleft()
        mark = (freeze(current), phases, pending, lost)
        if mark in seen:
            continue
        seen.add(mark)
        count += 1
        read = holdfast_read(current, rules)
        if read != BROKEN and read not in STATES:
            raise Breach(f"right: holdfast reads {read} with the late request {late}")
        if late is None:
            check(current, {before, state}, rules, ("takeover", index))
        if not phases and not lost and read != state:
            raise Breach(f"kept: a finished run reads as {read} with the late request {late}")
        if not phases and pending is None:
            repaired = finish(current, plan_of(current, state, rules, 3), rules)
            if holdfast_read(repaired, rules) != state or vmrestore(repaired) != state:
                raise Breach(f"kept: the run after a late {late} leaves {holdfast_read(repaired, rules)}")
        if pending is not None:
            result = apply(current, pending, rules)
            todo.append((current if result is None else result, phases, None, lost))
        for request, rest in requests_of(phases):
            result = apply(current, request, rules)
            if result is None:  # the late commit came first: this run fails and is over
                todo.append((current, (), pending, True))
            else:
                todo.append((result, rest, pending, lost))
    return count


def finish(bucket, phases, rules):
    while phases:
        request, phases = next(requests_of(phases))
        bucket = apply(bucket, request, rules)
    return bucket


def finished(state, rules):
    return finish({}, plan_of({}, state, rules, 0), rules)


# ---- the model must be able to fail -------------------------------------------------------------------------------

def mutated(**changes):
    return type("Mutated", (Rules,), changes)


MUTATIONS = {
    "marker dropped after the commit": mutated(
        order=("put_parts", "commit", "drop_marker", "put_list", "remove", "put_marker")),
    "commit before the parts": mutated(order=("drop_marker", "commit", "put_parts", "put_list", "remove", "put_marker")),
    "obsolete objects removed before the commit": mutated(
        order=("drop_marker", "put_parts", "remove", "commit", "put_list", "put_marker")),
    "marker put before the removal": mutated(order=("drop_marker", "put_parts", "commit", "put_list", "put_marker", "remove")),
    "files that change in place put before the commit and read from objects": mutated(
        order=("drop_marker", "put_parts", "put_list", "commit", "remove", "put_marker"), list_from_manifest=False),
    "foreign state not adopted": mutated(adopt_foreign=False),
    "manifest trusted without a list": mutated(check_list_without_marker=False),
    "the list file's content believed without ETag or marker": mutated(etags_tell=False, list_known_by_marker=False),
    "data removed before the marker": mutated(remove_order=("data", MARKER, MANIFEST)),
}
LATE_MUTATIONS = {
    "the list file's content believed by the marker alone": mutated(etags_tell=False),
    "our marker that names another manifest read as vmbackup's": mutated(own_marker_is_not_foreign=False),
    "commit without a condition": mutated(commit_is_conditional=False),
}


def main() -> int:
    print(f"{explore(Rules)} situations after up to 3 runs, each killed at every request: every promise holds")
    print(f"{explore(mutated(etags_tell=False))} the same where ETags tell nothing")
    print(f"{explore_takeover(Rules, late=0)} situations of a paused run taken over: every promise holds")
    print(f"{explore_takeover(Rules, late=1)} situations with one late request: no wrong reading, the next run repairs")
    if "--mutations" not in sys.argv:
        return 0
    failed = 0
    for table, check_it in ((MUTATIONS, explore), (LATE_MUTATIONS, lambda r: explore_takeover(r, late=1))):
        for name, rules in table.items():
            try:
                check_it(rules)
                print(f"NOT NOTICED: {name}")
                failed = 1
            except Breach as breach:
                print(f"noticed: {name}: {str(breach)[:160]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
