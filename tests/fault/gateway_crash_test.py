#!/usr/bin/env python3
"""The gateway is killed with SIGKILL under load, and the power is cut under load: no acknowledged object, upload or version is missing or
torn, and nothing is left over. bench/power-cuts.sh and bench/soak.sh do the same for long."""
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import crash_load  # noqa: E402
import power_cut  # noqa: E402
import processes  # noqa: E402
import versions_load  # noqa: E402

KILLS = 5
CUTS = int(os.environ.get("HOLDFAST_POWER_CUTS", "3"))


class GatewayCrashTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-crash-")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)
        self.objects, self.port = self.work / "objects", processes.free_port()

    def gateway(self) -> processes.Gateway:
        return processes.Gateway(self.work, self.objects, port=self.port)

    def killed_under(self, make_crew, changes: int, after_start):
        """`make_crew` makes the load on the first gateway; `after_start` looks at every gateway that started after a kill."""
        crew = None
        for _ in range(KILLS):
            with self.gateway() as gateway:
                crew = crew or make_crew(gateway.url)
                crew.go()
                power_cut.wait_for_progress(crew.acknowledged, changes)
                gateway.kill()
                crew.pause()
            with self.gateway() as gateway:
                self.assertEqual(power_cut.leftovers(self.objects), [])
                after_start(gateway.url, crew)
        crew.end()
        self.assertEqual(crew.surprises(), [])
        return crew

    def test_sigkill_under_load(self):
        def look(url, load):
            found, states = crash_load.check(url, load.snapshot())
            self.assertEqual(found + crash_load.upload_problems(url, load.uploads(), load.ended_uploads()), [])
            load.settle(states)
        load = self.killed_under(crash_load.Load, 300, look)
        with self.gateway() as gateway:
            self.assertEqual(power_cut.cleared_problems(gateway.url, self.objects), [])
        print(f"{KILLS} kills, {load.acknowledged()} acknowledged changes, none lost or torn")

    def test_versions_and_locks_outlive_sigkill(self):
        known = {}

        def look(url, load):
            known.update(load.known_now())
            self.assertEqual(versions_load.problems(url, load.known_now()), [])
        load = self.killed_under(versions_load.VersionLoad, 150, look)
        locked = sum(1 for each in known.values() if each and (each.get("hold") or each.get("locked")))
        print(f"{KILLS} kills, {load.acknowledged()} acknowledged changes of versions, {locked} of them locked, none lost or torn")
        self.assertGreater(locked, 20)

    def test_power_cuts_under_load(self):
        for kind in power_cut.MAKE:
            with self.subTest(kind):
                why = power_cut.why_not(kind)
                if why:
                    self.skipTest(f"no power cuts on {kind}: {why}")
                work = self.work / kind
                work.mkdir()
                self.assertEqual(power_cut.run_cuts(work, kind, CUTS), [])


if __name__ == "__main__":
    unittest.main()
