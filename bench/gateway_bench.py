"""Gateways under the same load: holdfast alone, or beside its peers. Every round measures each in turn; medians are kept."""
import json
import os
import pathlib
import statistics
import subprocess

import peers
import processes

BUCKET = "bench-load"
SEALED = ("plain", "sse-s3", "sse-c")
# size in bytes, operations a round
LOADS = ((4096, 3000), (1 << 20, 200), (64 << 20, 16))


def process_tree(pid: int) -> list[int]:
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += process_tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    ticks = 0
    for each in process_tree(pid):
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def load(server, *arguments) -> dict:
    """Runs gateway_load against `server`; its figures, with the server's CPU milliseconds an operation."""
    before = cpu_seconds(server.process.pid)
    done = subprocess.run([os.environ["HOLDFAST_LOAD"], server.url, processes.ACCESS_KEY, BUCKET, *map(str, arguments)],
                          env={**os.environ, "HOLDFAST_LOAD_SECRET": processes.SECRET_KEY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise SystemExit(f"load of {server.url} failed: {done.stderr}")
    result = json.loads(done.stdout)
    cpu = cpu_seconds(server.process.pid) - before
    result["server_cpu_ms"] = cpu * 1000 / result["operations"]
    result["cores"] = (cpu + result["cpu_seconds"]) / result["seconds"]
    return result


def row(verb: str, size: int, connections: int, measured: dict[str, list[dict]]) -> dict:
    out = {"verb": verb, "size": size, "c": connections}
    unit = "mib_per_second" if size >= 1 << 20 else "operations_per_second"
    for name, rounds in measured.items():
        out[f"{name} {'MiB/s' if size >= 1 << 20 else 'ops/s'}"] = round(statistics.median(r[unit] for r in rounds))
        out[f"{name} cpu ms"] = round(statistics.median(r["server_cpu_ms"] for r in rounds), 3)
    ours = measured["holdfast"]
    out["cores"] = round(statistics.median(r["cores"] for r in ours), 2)
    for name, rounds in measured.items():
        if name != "holdfast":
            ratios = [a[unit] / b[unit] for a, b in zip(ours, rounds)]
            out[f"x {name}"] = round(statistics.median(ratios), 2)
    return out


def bench_objects(servers: list, nginx, rounds: int, scale: float) -> list[dict]:
    rows = []
    for size, operations in LOADS:
        for connections in (1, 16):
            count = max(int(operations * scale), connections)
            for verb in ("put", "put signed", "new", "get"):
                contenders = servers + ([nginx] if verb == "get" and nginx else [])
                measured: dict[str, list[dict]] = {server.name: [] for server in contenders}
                for number in range(rounds):
                    for server in contenders if number % 2 == 0 else reversed(contenders):
                        measured[server.name].append(load(server, verb.split()[0], size, connections, count, *verb.split()[1:]))
                rows.append(row(verb, size, connections, measured))
                print("  " + "  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    return rows


def bench_sealed(gateway, rounds: int, scale: float) -> list[dict]:
    """What encryption costs: the same load plain, under the folder's key (sse-s3), and under the client's (sse-c)."""
    rows = []
    for size, connections, operations in ((4096, 16, 3000), (64 << 20, 1, 16)):
        count = max(int(operations * scale), connections)
        for verb in ("put", "get"):
            measured: dict[str, list[dict]] = {kind: [] for kind in SEALED}
            for number in range(rounds):
                for kind in SEALED if number % 2 == 0 else reversed(SEALED):
                    measured[kind].append(load(gateway, verb, size, connections, count, kind))
            measured["holdfast"] = measured.pop("plain")
            rows.append(row(verb, size, connections, measured))
            print("  " + "  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    return rows


def forget_caches() -> bool:
    """Has the kernel drop what it remembers of files; False: only root may."""
    try:
        os.sync()
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def walk(server, objects: int) -> float:
    """Seconds of one walk through all names, which have to be all."""
    done = load(server, "list", 0, 1, 1)
    if done["names"] != objects:
        raise SystemExit(f"{server.name} told {done['names']} names of {objects}")
    return done["seconds"]


def bench_lists(servers: list, objects: int, rounds: int) -> list[dict]:
    rows = []
    for server in servers:
        if server.name == "s3proxy":
            continue  # minutes for a list; its figure is in docs/design/gateway.md
        load(server, "fill", 16, 16, objects)
        first = walk(server, objects)
        cold = []
        for _ in range(rounds if forget_caches() else 0):
            forget_caches()
            cold.append(walk(server, objects))
        warm = statistics.median(walk(server, objects) for _ in range(rounds))
        rows.append({"list": server.name, "objects": objects, "first_seconds": round(first, 2),
                     "cold_seconds": round(statistics.median(cold), 2) if cold else "", "again_seconds": round(warm, 2)})
    return rows


def run(work: pathlib.Path, rounds: int, scale: float, objects: int, with_peers: list[str]) -> dict:
    servers, started, nginx = [], [], None
    try:
        (work / "folder-key").write_text("0123456789abcdef" * 4)
        keys = [{"keyFile": str(work / "folder-key")}]
        gateway = processes.Gateway(work, work / "objects", {
            "holdfast": {"storage": {"encryption": {"keys": keys}}, "gateway": {"customerKeysOverHttp": True}}})
        gateway.name = "holdfast"
        servers.append(gateway)
        started.append(gateway)
        for name in with_peers:
            why = peers.available(name)
            if why:
                print(f"left out: {why}")
            elif name == "nginx":
                nginx = peers.start_nginx(work, work / "objects")
                started.append(nginx)
            else:
                servers.append(peers.STARTERS[name](work))
                started.append(servers[-1])
        report = {"objects": bench_objects(servers, nginx, rounds, scale), "sealed": bench_sealed(gateway, rounds, scale),
                  "lists": bench_lists(servers, objects, rounds)}
        report["memory"] = [{"gateway": server.name, "peak_mib": round(server.peak_memory() / 1048576, 1)} for server in servers]
        return report
    finally:
        for server in started:
            server.stop()
