#!/usr/bin/env python3
"""A cluster, or a proxy before it, that answers anything: one line, in bounded time and memory, and no secret in it."""
import base64
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402

STORE = "elasticsearch"
PASSWORD = "the-password-of-the-user"
MISSING = {"error": {"type": "repository_missing_exception", "reason": "missing"}}


def error(kind, reason) -> bytes:
    return json.dumps({"error": {"type": kind, "reason": reason}}).encode()


# What is answered to a request with that body and Authorization: (code, bytes); GET and the others.
ANSWERS = {
    "tells the body back, 403": lambda body, _: (403, error("security_exception", "no: " + body)),
    "tells the body back, 503": lambda body, _: (503, error("master_not_discovered_exception", "no: " + body)),
    "tells the body back, late": lambda body, _: (500, error("z", "y" * 430 + body)),
    "tells the body back, bare": lambda body, _: (502, ("bad gateway " + body).encode()),
    "tells the login back": lambda _, login: (401, f"<h1>who? {login}</h1>".encode()),
    "other types": lambda *_: (500, b'{"error":{"type":5,"reason":["a"]}}'),
    "a list": lambda *_: (200, b'[1,2,{"a":null}]'),
    "a text": lambda *_: (200, b'"x"'),
    "nothing": lambda *_: (200, b"null"),
    "no JSON": lambda *_: (200, b"<html>hello</html>"),
    "nested without end": lambda *_: (200, b"[" * (8 << 20)),
    "longer than is read": lambda *_: (200, b" " * ((64 << 20) + 1)),
    "elsewhere": lambda *_: (302, b""),
}


class HostileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-hostile-")
        self.addCleanup(folder.cleanup)
        self.work, self.mode = pathlib.Path(folder.name), ""
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                is_asked_first = self.command == "GET" and test.mode.startswith("tells the body")
                code, content = (404, json.dumps(MISSING).encode()) if is_asked_first else ANSWERS[test.mode](body, self.headers["Authorization"])
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    self.wfile.write(content)
                except ConnectionError:  # the program has seen enough
                    self.close_connection = True

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.values = self.work / "values.yaml"
        processes.write_values(self.values, processes.free_port(), self.work / "objects", {"backup": {STORE: {}}, "holdfast": {STORE: {
            "url": f"http://127.0.0.1:{server.server_port}", "user": "elastic", "password": PASSWORD}}})

    def test_every_answer_is_one_line_without_a_secret(self):
        login = base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
        for self.mode in ANSWERS:
            for command in (("list", STORE), (STORE, "register"), (STORE, "delete-indices", "sts*", "--yes")):
                with self.subTest(self.mode, command=command[:2]):
                    done = processes.holdfast(self.values, "--quiet", *command, timeout=120)
                    shown = done.stdout + done.stderr
                    self.assertNotIn("unexpected failure", shown)
                    for secret in (PASSWORD, login, processes.SECRET_KEY, processes.SECRET_KEY[:len(processes.SECRET_KEY) // 2 + 1],
                                   processes.SECRET_KEY[len(processes.SECRET_KEY) // 2:]):
                        self.assertNotIn(secret, shown)
                    if done.returncode:
                        # Before it at most what could not be taken back.
                        lines = done.stderr.strip().splitlines()
                        self.assertLessEqual(len(lines), 2, done.stderr)
                        self.assertRegex(lines[-1], "^holdfast: .+: .+")


if __name__ == "__main__":
    unittest.main()
