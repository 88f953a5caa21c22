#!/usr/bin/env python3
"""StackGraph by the Gremlin client: `holdfast backup`, `restore`, `verify`, `drill` of a graph on a real Gremlin Server, through a gateway on a folder."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gremlin_data  # noqa: E402
import processes  # noqa: E402
from gremlin_server import GremlinServer  # noqa: E402
from stackgraph_cases import CORRUPT, FAILED, OLD, REFUSED, STORE, StackGraphTestCase  # noqa: E402

COUNTS = {"vertices": "g.V().count()", "edges": "g.E().count()", "vertex_properties": "g.V().properties().count()"}


class GremlinStoreTest(StackGraphTestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-gremlin-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.server = GremlinServer(pathlib.Path(folder.name), heap="512m", ids="ANY")
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.drills = GremlinServer(pathlib.Path(folder.name), heap="512m", name="drills", ids="ANY")
        cls.addClassCleanup(lambda: cls.drills.stop())
        cls.VALUES = {"holdfast": {"stackgraph": {"driver": "gremlin", "url": cls.server.url, "drillUrl": cls.drills.url}}}

    def setUp(self):
        super().setUp()
        self.server.clear()
        self.drills.clear()

    def counts(self, server=None) -> dict:
        return {name: (server or self.server).run(script)[0] for name, script in COUNTS.items()}

    def test_backup_restore_drill(self):
        for script in (gremlin_data.EVERYTHING, gremlin_data.SEVERAL_VALUES, gremlin_data.many(500, 1500)):
            self.server.run(script)
        live = self.counts()
        made = json.loads(self.holdfast("--output", "json", "backup", STORE))
        name = made["name"]
        self.assertEqual({count: made["counts"][count] for count in COUNTS}, live)
        self.holdfast("verify", STORE, name, "--deep")
        self.assertIn("Restore isn't possible in a non empty", self.refused(REFUSED, "restore", STORE, name))
        self.assertEqual(self.counts(), live)
        # Proven in a graph of its own, which is empty afterwards.
        self.holdfast("drill", STORE, name)
        self.assertEqual(self.counts(self.drills)["vertices"], 0)
        self.server.clear()
        self.server.run('graph.addVertex("new"); 0')
        out = self.holdfast("restore", STORE, name, "--force")
        self.assertIn(f"{live['vertices']} vertices, as noted", out)
        self.assertEqual(self.counts(), live)
        safety, = [found for found in self.names() if found != name]
        self.holdfast("restore", STORE, safety, "--force", "--no-safety-backup")
        self.assertEqual(self.counts()["vertices"], 1)

    def test_a_file_of_tinkerpop_itself(self):
        self.server.run(gremlin_data.many(50, 100))
        live = self.counts()
        file = self.bucket / "theirs.graph"
        self.server.run(gremlin_data.own_writer(file))
        self.server.clear()
        self.holdfast("restore", STORE, "theirs.graph")
        self.assertEqual(self.counts(), live)
        # One that is cut is found before the graph is touched, although nobody has noted its bytes.
        cut = self.bucket / "cut.graph"
        cut.write_bytes(file.read_bytes()[:-40])
        self.refused(CORRUPT, "restore", STORE, "cut.graph", "--force", "--no-safety-backup")
        self.assertEqual(self.counts(), live)

    def test_one_that_is_compressed(self):
        values = json.loads(self.gateway.values.read_text())
        values["holdfast"]["stackgraph"].update(compression="zstd", streams=3)
        self.gateway.values.write_text(json.dumps(values))
        for script in (gremlin_data.EVERYTHING, gremlin_data.SEVERAL_VALUES, gremlin_data.many(500, 1500)):
            self.server.run(script)
        live = self.counts()
        name = self.backup()
        bytes_ = (self.bucket / name).read_bytes()
        self.assertEqual(bytes_[:4], b"\x28\xb5\x2f\xfd")
        self.assertEqual(self.names(), [name])
        self.holdfast("verify", STORE, name, "--deep")
        self.holdfast("drill", STORE, name)
        self.holdfast("restore", STORE, name, "--force", "--no-safety-backup")
        self.assertEqual(self.counts(), live)
        # Known by its content, while new ones are plain.
        values["holdfast"]["stackgraph"].update(compression="none")
        self.gateway.values.write_text(json.dumps(values))
        moved = self.rename(name, "moved.graph")
        self.holdfast("restore", STORE, moved, "--force", "--no-safety-backup")
        self.assertEqual(self.counts(), live)
        # One that is cut short, of which nobody knows anything.
        (self.bucket / "cut.graph").write_bytes(bytes_[:-40])
        self.refused(CORRUPT, "restore", STORE, "cut.graph", "--force", "--no-safety-backup")
        self.assertEqual(self.counts(), live)

    def test_a_drill_clears_only_what_is_its_own(self):
        self.server.run(gremlin_data.many(20, 40))
        self.backup()
        self.drills.run('graph.addVertex("theirs"); 0')
        self.assertIn("not empty", self.refused(REFUSED, "drill", STORE))
        self.assertEqual(self.counts(self.drills)["vertices"], 1)

    def test_what_no_request_can_hold_is_found_before_the_graph_is_touched(self):
        self.server.run('v = graph.addVertex("large"); 3000.times { v.property("a property " + it, "x" * 20) }; 0')
        made = self.run_holdfast("backup", STORE)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("a restore will want maxContentLength above", made.stdout + made.stderr)
        name = self.rename(self.names()[0], OLD)
        self.server.run('graph.addVertex("new"); 0')
        live = self.counts()
        line = self.refused(FAILED, "restore", STORE, name, "--force")
        self.assertIn("nothing is touched: set the server's maxContentLength", line)
        self.assertNotIn("restore once more", line)
        self.assertEqual(self.names(), [name], "no safety copy was needed")
        self.assertEqual(self.counts(), live)

    def test_indexes_are_noted_and_told_at_a_restore(self):
        self.server.run('graph.createIndex("name", Vertex.class); graph.createIndex("since", Edge.class); 0')
        self.server.run(gremlin_data.many(20, 40))
        made = self.run_holdfast("backup", STORE)
        self.assertNotIn("warning", made.stderr)
        name, = self.names()
        note, = (json.loads(path.read_text()) for path in (self.bucket / "holdfast-notes").iterdir())
        self.assertEqual(note["schema"], "index on Vertex name\nindex on Edge since")
        done = self.run_holdfast("restore", STORE, self.rename(name, "moved.graph"), "--force", "--no-safety-backup")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("index on Edge since", done.stderr + done.stdout)

    def test_an_empty_graph_is_no_backup(self):
        self.assertIn("nothing in the graph", self.refused(FAILED, "backup", STORE))
        self.assertEqual(self.stored_files(), [])

    def test_a_server_that_is_not_there(self):
        values = json.loads(self.gateway.values.read_text())
        values["holdfast"]["stackgraph"]["url"] = f"ws://127.0.0.1:{processes.free_port()}/gremlin"
        self.gateway.values.write_text(json.dumps(values))
        self.refused(FAILED, "backup", STORE)
        self.assertEqual(self.stored_files(), [])


if __name__ == "__main__":
    unittest.main()
