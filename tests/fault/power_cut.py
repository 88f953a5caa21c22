"""Power cuts, simulated as they happen to a disk, under a gateway with a load on it.

The file system under test lies in an image file, and that on btrfs. A reflink copy of the image is one step for whoever writes to it: it is
what the disk holds at that moment, with all that was handed to it and without what still waits in the page cache. (Freezing the file
system first would write that out, and so hide a missing sync.) What the copy does not show is a disk that forgets what it was handed and
not told to keep: that is between the file system's own flushes and the disk, and no program's to order but by the syncs that are tested here."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import time

import crash_load
import processes
import versions_load

AT_ONCE = 10  # cuts that are kept before the load rests and they are looked at
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
# A copy has the same identity as its mounted original, which xfs refuses otherwise.
OPTIONS = {"ext4": "loop", "xfs": "loop,nouuid"}


def why_not(kind: str) -> str | None:
    """Why this machine cannot do it; None when it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    known = pathlib.Path("/proc/filesystems").read_text().split()
    for name in ("btrfs", kind):
        if name not in known:
            return f"the kernel has no {name}"
        if not shutil.which(f"mkfs.{name}"):
            return f"mkfs.{name} is not installed"
    return None


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr or done.stdout}")


class Disk:
    """A mounted file system of that kind at `where`, whose state can be kept. close() it."""

    def __init__(self, work: pathlib.Path, kind: str):
        self.kind, self.below, self.where = kind, work / "below", work / "mounted"
        self.below.mkdir()
        self.where.mkdir()
        self.mounts = contextlib.ExitStack()
        try:
            run("truncate", "-s", "12G", work / "disk.img")
            run("mkfs.btrfs", "-q", work / "disk.img")
            self.mount(work / "disk.img", self.below, "loop")
            self.image = self.below / "image"
            run("truncate", "-s", "2G", self.image)
            run(*MAKE[kind], self.image)
            self.mount(self.image, self.where, "loop")
        except BaseException:
            self.close()
            raise

    def mount(self, device: pathlib.Path, where: pathlib.Path, options: str):
        run("mount", "-o", options, device, where)
        self.mounts.callback(run, "umount", where)

    def close(self):
        self.mounts.close()

    def keep(self, name: str) -> pathlib.Path:
        copy = self.below / name
        run("cp", "--reflink=always", self.image, copy)
        return copy

    @contextlib.contextmanager
    def after_cut(self, copy: pathlib.Path, where: pathlib.Path):
        """What a machine finds that mounts the disk again; the copy is gone afterwards."""
        where.mkdir()
        run("mount", "-o", OPTIONS[self.kind], copy, where)
        try:
            yield where
        finally:
            run("umount", where)
            where.rmdir()
            copy.unlink()


@dataclasses.dataclass
class Cut:
    copy: pathlib.Path
    acknowledged: int
    states: dict      # key to states, of which one must be there
    uploads: dict     # that must be there
    ended: set        # uploads that must not
    versions: dict    # that must be as they are told here


def take_cut(disk: Disk, number: int, load: crash_load.Load, versions: versions_load.VersionLoad) -> Cut:
    """What is acknowledged before the copy begins must be in it; what happens while it is made may be."""
    acknowledged = load.acknowledged() + versions.acknowledged()
    load.snapshot()
    uploads, ended, known = load.uploads(), load.ended_uploads(), versions.known_now()
    copy = disk.keep(f"cut-{number}")
    states, still_open, taken = load.snapshot(all_since_last=True), load.uploads(), versions.taken()
    return Cut(copy, acknowledged, states, {name: upload for name, upload in uploads.items() if name in still_open}, ended,
               {name: value for name, value in known.items() if name not in taken})


def leftovers(objects: pathlib.Path, folders=("tmp", "pending", "removals")) -> list[str]:
    """Files that a start, or the end of everything, should have cleared away."""
    system = objects / ".hf~sys"
    return [str(path.relative_to(objects)) for folder in folders for path in (system / folder).rglob("*") if not path.is_dir()]


def cleared_problems(url: str, objects: pathlib.Path, bucket: str = crash_load.BUCKET) -> list[str]:
    """Removes all objects and uploads of the bucket; whatever file of theirs is still there."""
    crash_load.remove_objects(url, bucket)
    crash_load.abort_uploads(url, bucket)
    own = [f"links/{bucket}", f"uploads/{bucket}", "labels"]
    files = [str(path.relative_to(objects)) for path in (objects / bucket).rglob("*")]
    return [f"{name}: left after everything was removed" for name in files + leftovers(objects, ("tmp", "pending", *own))]


def look(disk: Disk, work: pathlib.Path, number: int, cut: Cut) -> list[str]:
    """Everything that is wrong after the cut."""
    home = work / f"gateway-{number}"
    home.mkdir()
    with disk.after_cut(cut.copy, work / f"cut-{number}") as where:
        objects = where / "objects"
        try:
            started = processes.Gateway(home, objects)
        except RuntimeError as error:
            return [str(error)]
        with started as gateway:
            found = [f"{name}: left after the start" for name in leftovers(objects)]
            found += crash_load.problems(gateway.url, cut.states)
            found += crash_load.upload_problems(gateway.url, cut.uploads, cut.ended)
            found += versions_load.problems(gateway.url, cut.versions, 200)
            found += cleared_problems(gateway.url, objects)
    shutil.rmtree(home)
    return found


def wait_for_progress(acknowledged, more: int, seconds: float = 120):
    """Until `more` have been acknowledged; what then is judged does not depend on how long it took."""
    target, end = acknowledged() + more, time.monotonic() + seconds
    while acknowledged() < target:
        if time.monotonic() > end:
            raise TimeoutError(f"only {acknowledged()} changes were acknowledged")
        time.sleep(0.01)


def run_cuts(work: pathlib.Path, kind: str, cuts: int, seed: int = 0, between: int = 150) -> list[str]:
    """So many cuts, `between` changes apart; prints a line each, returns what is wrong."""
    wrong, disk = [], Disk(work, kind)
    try:
        with processes.Gateway(work, disk.where / "objects") as gateway:
            load = crash_load.Load(gateway.url, seed=seed)
            versions = versions_load.VersionLoad(gateway.url, writers=2, seed=seed)
            crews = (load, versions)
            done = 0
            while done < cuts:
                for crew in crews:
                    crew.go()
                kept = []
                for number in range(done, min(done + AT_ONCE, cuts)):
                    wait_for_progress(lambda: load.acknowledged() + versions.acknowledged(), between)
                    kept.append((number, take_cut(disk, number, load, versions)))
                for crew in crews:
                    crew.pause()
                for number, cut in kept:
                    found = look(disk, work, number, cut)
                    print(f"{kind}, power cut {number + 1}: {cut.acknowledged} acknowledged, {len(cut.states)} keys, {len(cut.uploads)} uploads and "
                          f"{len(cut.versions)} versions looked at, {len(found)} problems {found[:3]}", flush=True)
                    wrong += found
                done += len(kept)
            for crew in crews:
                crew.end()
                wrong += crew.surprises()
                if crew.refused() > 0:
                    wrong.append(f"{crew.refused()} requests got no good answer from a gateway that was well")
    finally:
        disk.close()
    return wrong
