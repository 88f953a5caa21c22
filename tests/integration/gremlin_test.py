#!/usr/bin/env python3
"""The Gremlin client of a graph against a real Gremlin Server: what goes out comes back, TinkerPop reads our files and we read its own, and every
failure on the way is one clear line."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gremlin_data as data  # noqa: E402
from certificates import Authority  # noqa: E402
from gremlin_server import GremlinServer  # noqa: E402
from tls_tunnel import TlsTunnel  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST_GREMLIN", "build/debug/tests/integration/gremlin_program")
FAILED, REFUSED, CORRUPT = 1, 4, 5
PASSWORD = "correct horse"


def command(verb: str, url: str, *words, **named):
    return [PROGRAM, verb, url, *map(str, words), *(f"{name}={value}" for name, value in named.items())]


class GremlinTestCase(unittest.TestCase):
    SETTINGS = {}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-gremlin-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.server = GremlinServer(cls.work, **cls.SETTINGS)
        cls.addClassCleanup(lambda: cls.server.stop())

    def setUp(self):
        if self.server.process.poll() is not None:
            type(self).server = GremlinServer(self.work, **self.SETTINGS)
        self.server.clear()
        self.file = self.work / f"{self.id().rpartition('.')[2]}.json"

    def ask(self, verb: str, *words, code: int = 0, **named):
        """The JSON of the last line, or the error's line when another code is expected."""
        done = subprocess.run(command(verb, named.pop("url", self.server.url), *words, **named), capture_output=True, text=True, timeout=300,
                              env={**os.environ, "GREMLIN_PASSWORD": named.pop("secret", PASSWORD)})
        self.assertEqual(done.returncode, code, done.stderr + done.stdout[-500:])
        if code == 0:
            self.assertEqual(done.stderr, "")
            return json.loads(done.stdout.splitlines()[-1]) if done.stdout else None
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("holdfast: "), done.stderr)
        return done.stderr

    def begin(self, verb: str, *words, **named):
        """Starts the program and returns it once it has told of its first phase."""
        process = subprocess.Popen(command(verb, named.pop("url", self.server.url), *words, **named), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertTrue(process.stdout.readline().startswith("phase "))
        return process

    def end(self, process, code: int) -> str:
        out, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, error + out[-500:])
        return error


class RoundTripTest(GremlinTestCase):
    def there_and_back(self, **named):
        saved = self.ask("export", self.file)
        self.assertEqual(self.ask("measure"), saved)
        self.server.clear()
        self.assertTrue(self.ask("empty"))
        self.assertEqual(self.ask("import", self.file, **named), saved)
        return saved

    def test_every_type_and_shape_comes_back(self):
        self.server.run(data.EVERYTHING)
        self.server.run(data.SEVERAL_VALUES)
        saved = self.there_and_back()
        self.assertEqual(saved["counts"], {"vertices": 4, "edges": 4, "vertex_properties": 43, "meta_properties": 3, "edge_properties": 4})
        again = self.work / "again.json"
        self.ask("export", again)
        self.assertEqual(sorted(again.read_bytes().splitlines()), sorted(self.file.read_bytes().splitlines()))

    def test_a_graph_that_gives_its_own_ids_holds_the_same(self):
        self.server.run(data.EVERYTHING)
        self.server.run(data.SEVERAL_VALUES)
        self.server.run(data.many(500, 2000))
        self.there_and_back(keep_ids="false")
        self.assertEqual(self.server.run("g.V().has('name', 'n7').count()"), [1])

    def test_ids_of_another_kind_than_the_graphs_are_mapped(self):
        with GremlinServer(self.work, name="uuids", ids="UUID") as other:
            other.run(data.EVERYTHING)
            saved = self.ask("export", self.file, url=other.url)
        self.assertEqual(self.ask("import", self.file), saved)

    def test_a_vertex_with_more_edges_than_a_page_holds_is_one_line(self):
        self.server.run(data.hub(9000))
        saved = self.there_and_back()
        self.assertEqual((saved["counts"]["edges"], len(self.file.read_bytes().splitlines())), (18000, 2))

    def test_an_empty_graph_is_an_empty_file(self):
        saved = self.ask("export", self.file)
        self.assertEqual((self.file.stat().st_size, set(saved["counts"].values())), (0, {0}))

    def test_a_source_that_gives_references_is_read_whole(self):
        self.server.run(data.EVERYTHING)
        self.assertEqual(self.ask("export", self.file, traversal="references", streams=1), self.ask("measure", streams=3))

    def test_tinkerpops_own_reader_reads_ours(self):
        self.server.run(data.EVERYTHING)
        self.server.run(data.ONE_META)
        saved = self.ask("export", self.file)
        self.server.clear()
        self.server.run(data.own_reader(self.file))
        self.assertEqual(self.ask("measure"), saved)
        self.server.clear()
        self.server.run(f"g.io('{self.file}').read().iterate(); 0")
        self.assertEqual(self.ask("measure")["counts"], saved["counts"])

    def test_a_file_of_tinkerpops_own_writer_is_imported(self):
        self.server.run(data.EVERYTHING)
        self.server.run(data.SEVERAL_VALUES)
        saved = self.ask("measure")
        self.server.run(data.own_writer(self.file))
        self.server.clear()
        self.assertEqual(self.ask("import", self.file), saved)

    def test_what_is_there_is_kept_unless_force_is_given(self):
        self.server.run(data.many(50, 100))
        self.ask("export", self.file)
        self.server.run(data.SEVERAL_VALUES)
        now = self.ask("measure")
        line = self.ask("import", self.file, code=REFUSED)
        self.assertIn("Restore isn't possible in a non empty", line)
        self.assertEqual(self.ask("measure"), now)
        self.assertEqual(self.ask("import", self.file, force="true")["counts"]["vertices"], 50)
        self.file.write_bytes(self.file.read_bytes()[:-20])
        self.ask("import", self.file, force="true", code=CORRUPT)
        self.assertEqual(self.server.run("g.V().count()"), [50])

    def test_over_tls_with_a_ca_of_its_own(self):
        self.server.run(data.EVERYTHING)
        tls = Authority(self.work).server()
        with TlsTunnel(self.server.port, tls["certFile"], tls["keyFile"]) as tunnel:
            url = f"wss://127.0.0.1:{tunnel.port}/gremlin"
            self.assertEqual(self.ask("export", self.file, url=url, ca=tls["caFile"]), self.ask("measure"))
            self.assertIn("is not trusted", self.ask("measure", url=url, code=FAILED))

    def test_a_large_graph_of_all_types_comes_back_and_takes_little_memory(self):
        with GremlinServer(self.work, heap="2g", name="large") as large:
            large.run(data.many_of_all(100_000, 300_000))
            process = self.begin("export", self.file, url=large.url)
            lines = process.stdout.read().splitlines()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            saved = json.loads(lines[-1])
            self.assertEqual((saved["counts"]["vertices"], saved["counts"]["edges"]), (100_000, 300_000))
            self.assertGreater(self.file.stat().st_size, 150_000_000)
            self.assertLess(usage.ru_maxrss, 40_000)
            large.clear()
            self.assertEqual(self.ask("import", self.file, url=large.url), saved)


class FailureTest(GremlinTestCase):
    def assert_no_file(self):
        self.assertFalse(self.file.exists())

    def test_an_error_after_good_parts_throws_all_away(self):
        self.server.run(data.many(5000, 10000))
        self.server.run("""class Bad { String toString() { throw new IllegalStateException("made up by the test") } }
g.V().skip(2500).next().property("bad", new Bad()); 0""")
        self.assertIn("cannot write a value", self.ask("export", self.file, code=FAILED))
        self.assert_no_file()

    def test_a_script_that_fails_is_told_with_the_servers_words(self):
        self.assertIn("nosuch", self.ask("measure", traversal="nosuch", code=FAILED))

    def test_an_answer_that_takes_too_long_is_given_up(self):
        self.server.run(data.many(100, 100))
        self.server.suspend()
        self.addCleanup(self.server.resume)
        self.assertIn("no byte came", self.ask("empty", idle_timeout=1000, code=FAILED))

    def test_a_server_that_stops_in_the_middle_is_given_up(self):
        self.server.run(data.many(30_000, 60_000))
        process = self.begin("export", self.file, idle_timeout=3000)
        self.server.suspend()
        self.addCleanup(self.server.resume)
        self.assertIn("no byte came", self.end(process, FAILED))
        self.assert_no_file()

    def test_a_server_killed_in_the_middle_of_an_export_leaves_no_file(self):
        self.server.run(data.many(30_000, 60_000))
        process = self.begin("export", self.file)
        self.server.kill()
        error = self.end(process, FAILED)
        self.assertRegex(error, "^holdfast: export graph: .*connection")
        self.assertEqual(len(error.splitlines()), 1)
        self.assert_no_file()

    def test_a_server_killed_in_the_middle_of_an_import_is_one_line(self):
        self.server.run(data.many(5000, 10_000))
        self.ask("export", self.file)
        self.server.clear()
        process = self.begin("import", self.file)
        self.assertTrue(process.stdout.readline().startswith("advance "))
        self.server.kill()
        error = self.end(process, FAILED)
        self.assertRegex(error, f"^holdfast: import graph from {self.file.name}: .*connection")
        self.assertEqual(len(error.splitlines()), 1)

    def test_a_graph_that_changes_meanwhile_is_refused(self):
        self.server.run(data.many(30_000, 60_000))
        process = self.begin("export", self.file)
        process.send_signal(signal.SIGSTOP)
        self.server.run("graph.addVertex('late'); 0")
        process.send_signal(signal.SIGCONT)
        self.assertIn("30000 vertices and 60000 edges before and 30001 vertices", self.end(process, FAILED))
        self.assert_no_file()

    def test_a_request_that_is_too_long_for_the_server_is_told(self):
        self.server.run("graph.addVertex('text', 'x' * 100000); 0")
        self.ask("export", self.file)
        self.assertIn("maxContentLength", self.ask("import", self.file, force="true", code=FAILED))


class LoginTest(GremlinTestCase):
    SETTINGS = {"user": "backup", "password": PASSWORD}

    def test_only_the_right_login_is_let_in(self):
        self.server.run(data.EVERYTHING)
        login = {"user": "backup", "password": "GREMLIN_PASSWORD"}
        saved = self.ask("export", self.file, **login)
        self.server.clear()
        self.assertEqual(self.ask("import", self.file, **login), saved)
        self.assertIn("wants a user and a password", self.ask("measure", code=FAILED))
        wrong = self.ask("measure", **login, secret="a wrong one", code=FAILED)
        self.assertIn("check user and password", wrong)
        self.assertNotIn("a wrong one", wrong)


if __name__ == "__main__":
    unittest.main()
