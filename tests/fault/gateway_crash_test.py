#!/usr/bin/env python3
"""The gateway is killed with SIGKILL under load, and the power is cut under load: no acknowledged object is missing or torn.

A power cut is simulated as it happens to a disk: ext4 in an image file that lies on btrfs; a reflink copy of the image at any moment is
what the disk would hold after a cut at that moment, without what was never synced."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import crash_load  # noqa: E402
import processes  # noqa: E402
import versions_load  # noqa: E402

KILLS = 5
CUTS = int(os.environ.get("HOLDFAST_POWER_CUTS", "10"))


def wait_for_progress(load: crash_load.Load, more: int):
    target, end = load.acknowledged() + more, time.monotonic() + 60
    while load.acknowledged() < target and time.monotonic() < end:
        time.sleep(0.01)


class GatewayCrashTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-crash-")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def test_sigkill_under_load(self):
        objects = self.work / "objects"
        states, total = {}, 0
        for _ in range(KILLS):
            with processes.Gateway(self.work, objects) as gateway:
                load = crash_load.Load(gateway.url)
                for writer in load.writers:
                    writer.expected.update({k: s for k, s in states.items() if k.startswith(f"w{writer.number}/")})
                wait_for_progress(load, 300)
                gateway.kill()
                load.end()
                states, total = load.snapshot(), total + load.acknowledged()
            with processes.Gateway(self.work, objects) as gateway:
                self.assertEqual(crash_load.problems(gateway.url, states), [])
            self.assertEqual(list((objects / ".hf~sys").rglob("*.tmp*")), [])
        print(f"{KILLS} kills, {total} acknowledged changes, none lost or torn")
        self.assertGreater(total, 200)

    def test_versions_and_locks_outlive_sigkill(self):
        objects, known, total = self.work / "objects", {}, 0
        for _ in range(KILLS):
            with processes.Gateway(self.work, objects) as gateway:
                load = versions_load.VersionLoad(gateway.url)
                load.start(known)
                wait_for_progress(load, 150)
                gateway.kill()
                known, total = load.end(), total + load.acknowledged()
            with processes.Gateway(self.work, objects) as gateway:
                self.assertEqual(versions_load.problems(gateway.url, known), [])
            self.assertEqual(list((objects / ".hf~sys/removals").iterdir()), [])
        locked = sum(1 for each in known.values() if each and (each.get("hold") or each.get("locked")))
        print(f"{KILLS} kills, {total} acknowledged changes of versions, {locked} of them locked, none lost or torn")
        self.assertGreater(locked, 20)

    def mount(self, device, where: pathlib.Path, *options):
        where.mkdir(exist_ok=True)
        subprocess.run(["mount", *options, str(device), str(where)], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", str(where)], check=False))

    def test_power_cuts_under_load(self):
        if os.geteuid() != 0 or not os.path.exists("/dev/loop-control"):
            self.skipTest("simulating a power cut needs root and loop devices")
        disk = self.work / "disk.img"
        subprocess.run(["truncate", "-s", "6G", disk], check=True)
        subprocess.run(["mkfs.btrfs", "-q", disk], check=True)
        self.mount(disk, self.work / "disk", "-o", "loop")
        image = self.work / "disk" / "image"
        subprocess.run(["truncate", "-s", "1G", image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        self.mount(image, self.work / "mounted", "-o", "loop")
        cuts = []
        with processes.Gateway(self.work, self.work / "mounted" / "objects") as gateway:
            load = crash_load.Load(gateway.url)
            for number in range(CUTS):
                wait_for_progress(load, 150)
                # What is acknowledged before the copy begins must be in it; what happens while it is made may be.
                load.snapshot()
                cut = self.work / "disk" / f"cut-{number}"
                subprocess.run(["cp", "--reflink=always", image, cut], check=True)
                cuts.append((cut, load.snapshot(all_since_last=True), load.acknowledged()))
            load.end()
        lost = 0
        for number, (cut, states, acknowledged) in enumerate(cuts):
            where = self.work / f"cut-{number}"
            where.mkdir()
            subprocess.run(["mount", "-o", "loop", cut, where], check=True)
            try:
                work = self.work / f"gateway-{number}"
                work.mkdir()
                with processes.Gateway(work, where / "objects") as gateway:
                    found = crash_load.problems(gateway.url, states)
            finally:
                subprocess.run(["umount", where], check=True)
            print(f"power cut {number + 1}: {acknowledged} acknowledged, {len(found)} problems {found[:3]}", flush=True)
            lost += len(found)
        self.assertEqual(lost, 0)


if __name__ == "__main__":
    unittest.main()
