#!/usr/bin/env python3
"""Every interleaving of two processes that want one lease, in ticks of a clock that nobody shares.

usage: lease_model.py [--mutations]

The lease is one object (holder, revision). A process observes, takes over, renews, sends data requests, is paused or
dies at any tick; a request that was sent is applied at any tick up to LONGEST later, or its answer is lost.
Promise: whenever a data request is applied, the lease object still names its sender. --mutations: each weakened rule
must break the promise, so that the model is known to be able to fail.
"""
import collections
import sys
from typing import NamedTuple, Optional


class Rules(NamedTuple):
    ttl: int = 4
    longest: int = 1
    wait: int = 5               # an observer takes over after one revision stood still for this long: ttl + longest
    stop: int = 3               # a holder sends while its last good renewal began at most this long ago: ttl - longest
    conditional: bool = True    # takeover and renewal carry If-Match
    age_from_start: bool = True  # a renewal's age counts from its start, not from its answer
    late_send: bool = False     # a process may be paused between the check and the sending


class Request(NamedTuple):
    kind: str                   # "take", "renew" or "data"
    expected: int               # revision that must still be there
    age: int                    # ticks since it was sent


class Process(NamedTuple):
    role: str = "watching"      # watching, holding, dead
    seen: int = -1              # revision watched or held
    age: int = 0                # ticks since `seen` was first seen, or since the last good renewal began
    paused: bool = False
    flight: Optional[Request] = None
    checked: bool = False       # late_send: passed the fence, not yet sent


class World(NamedTuple):
    holder: int                 # -1: nobody yet
    revision: int
    processes: tuple


CAP = 7
REVISIONS = 4                   # bound of the search: enough for a renewal, a takeover and a late request


def replace(world, index, process):
    processes = list(world.processes)
    processes[index] = process
    return world._replace(processes=tuple(processes))


def tick(world, rules):
    """One tick passes, unless a request has to be applied first."""
    out = []
    for process in world.processes:
        flight = process.flight
        if flight is not None:
            if flight.age >= rules.longest:
                return None
            flight = flight._replace(age=flight.age + 1)
        out.append(process._replace(age=min(process.age + 1, CAP), flight=flight))
    return world._replace(processes=tuple(out))


class Breach(Exception):
    pass


def apply(world, index, rules):
    """The storage applies the request that `index` has in flight; yields worlds by what the sender learns."""
    process = world.processes[index]
    request = process.flight
    rest = process._replace(flight=None)
    if request.kind == "data":
        if world.holder != index:
            raise Breach(f"a data request of {index} is applied while {world.holder} holds the lease: {world}")
        yield replace(world, index, rest)
        return
    good = not rules.conditional or world.revision == request.expected
    if not good:
        # 412: read the object. Another holder: the lease is lost. One's own id: an earlier renewal of unknown outcome.
        if process.role == "holding" and world.holder == index:
            yield replace(world, index, rest._replace(seen=world.revision))
        elif process.role != "dead":
            yield replace(world, index, rest._replace(role="watching", seen=world.revision, age=0))
        else:
            yield replace(world, index, rest)
        return
    if world.revision + 1 >= REVISIONS:
        return
    changed = world._replace(holder=index, revision=world.revision + 1)
    if process.role == "dead":
        yield replace(changed, index, rest)
        return
    age = request.age if rules.age_from_start else 0
    if process.role == "watching":
        yield replace(changed, index, rest._replace(role="holding", seen=changed.revision, age=age))
    else:
        yield replace(changed, index, rest._replace(seen=changed.revision, age=age))
        yield replace(changed, index, rest)  # the answer is lost: age goes on from the renewal before
    return


def acts(world, index, rules):
    """What process `index` may do by itself."""
    process = world.processes[index]
    if process.flight is not None:
        yield from apply(world, index, rules)
    if process.role == "dead":
        return
    yield replace(world, index, process._replace(role="dead", checked=False))
    yield replace(world, index, process._replace(paused=not process.paused))
    if process.paused or process.flight is not None:
        return

    def sent(kind):
        return process._replace(flight=Request(kind, process.seen, 0), checked=False)

    if process.checked:
        yield replace(world, index, sent("data"))
        return
    if process.role == "watching":
        if process.seen != world.revision:
            yield replace(world, index, process._replace(seen=world.revision, age=0))
        elif world.holder == -1 or process.age >= rules.wait:
            yield replace(world, index, sent("take"))
    elif process.age <= rules.stop:
        yield replace(world, index, sent("renew"))
        if rules.late_send:
            yield replace(world, index, process._replace(checked=True))
        else:
            yield replace(world, index, sent("data"))
    else:
        yield replace(world, index, process._replace(role="watching", age=0))


def explore(rules):
    start = World(-1, 0, (Process(), Process()))
    seen = {start}
    queue = collections.deque([start])
    takeovers = 0
    while queue:
        world = queue.popleft()
        following = list(acts(world, 0, rules)) + list(acts(world, 1, rules))
        later = tick(world, rules)
        if later is not None:
            following.append(later)
        for other in following:
            if other not in seen:
                takeovers += world.holder not in (-1, other.holder)
                seen.add(other)
                queue.append(other)
    return len(seen), takeovers


MUTATIONS = {
    "an observer waits only as long as a holder sends": Rules(wait=2),
    "a holder sends for its whole time to live and more": Rules(stop=6),
    "takeover and renewal without If-Match": Rules(conditional=False),
    "a renewal's age counts from its answer, and requests are slow": Rules(
        age_from_start=False, longest=3, ttl=4, wait=4, stop=1),
    "paused between the check and the sending": Rules(late_send=True),
}


def main() -> int:
    situations, takeovers = explore(Rules())
    if takeovers == 0:
        print("the model is too small: no takeover was reached")
        return 1
    print(f"{situations} situations, {takeovers} takeovers: every data request was applied under its sender's lease")
    failed = 0
    for name, rules in MUTATIONS.items() if "--mutations" in sys.argv else ():
        try:
            explore(rules)
            print(f"NOT NOTICED: {name}")
            failed = 1
        except Breach as breach:
            print(f"noticed: {name}: {str(breach)[:140]}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
