"""A modern ClickHouse for tests: the engine as a library (chdb) behind the few parts of the HTTP interface that programs use. Run as a
program, with Python of the test clients, it serves; ModernServer starts and stops that, with the interface of clickhouse_server.Server.

Unlike a server: one query at a time, no native protocol, no Keeper, users are checked here only and may all do everything."""
import base64
import hmac
import http.server
import json
import os
import pathlib
import re
import signal
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import clickhouse_server  # noqa: E402

NOT_SETTINGS = {"query", "database", "default_format", "user", "password", "query_id", "wait_end_of_query", "compress", "decompress", "session_id"}
# What the engine's own HTTP server answers to these codes, as far as tests meet them; all others are 500.
STATUS = {516: 403, 47: 400, 62: 400, 60: 404, 81: 404}


class ModernServer(clickhouse_server.ClickHouse):
    """The disks are `default` (`data`) and `second` (`second_disk`); the storage policy `two_disks` writes to both in turn.
    SYSTEM UNFREEZE is allowed; BACKUP may write below `backups`. `settings` are elements of the configuration."""

    modern = True

    def __init__(self, work: pathlib.Path, settings: dict | None = None, name: str = "clickhouse-modern", **more):
        self.settings = settings or {}
        self.second_disk = pathlib.Path(work) / name / "second"
        super().__init__(work, name=name, **more)

    def start(self):
        self.configure()
        return super().start()

    def program(self) -> list:
        # The venv's own name for Python, not where it links to.
        python = os.environ.get("HOLDFAST_TEST_PYTHON", sys.executable)
        return [python, pathlib.Path(__file__).resolve(), self.home / "front.json"]

    def configure(self):
        backups = self.home / "backups"
        for folder in (self.second_disk, backups):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / "config.xml").write_text(f"""<clickhouse>
  <backups><allowed_path>{backups}/</allowed_path><allowed_disk>default</allowed_disk></backups>
  <enable_system_unfreeze>1</enable_system_unfreeze>
  <timezone>UTC</timezone>
  <macros><shard>01</shard><replica>one</replica></macros>
  <storage_configuration>
    <disks><second><path>{self.second_disk}/</path></second></disks>
    <policies><two_disks><volumes><both><disk>default</disk><disk>second</disk></both></volumes></two_disks></policies>
  </storage_configuration>
  {clickhouse_server.xml_elements(self.settings)}
</clickhouse>
""")
        (self.home / "front.json").write_text(json.dumps({
            "data": str(self.data), "config": str(self.home / "config.xml"), "port": self.port, "users": self.users}))


class Engine:
    """The one session that a process may have, and what must be done by one thread at a time."""

    def __init__(self, data: str, config: str):
        from chdb import session
        self.lock = threading.Lock()
        self.session = session.Session(f"{data}?config-file={config}")

    def run(self, sql: str, parameters: dict) -> bytes:
        form = parameters.get("default_format", "TabSeparated")
        settings = {key: value for key, value in parameters.items() if key not in NOT_SETTINGS}
        with self.lock:
            try:
                if "database" in parameters:
                    self.session.query("USE " + clickhouse_server.quoted(parameters["database"]))
                for key, value in settings.items():
                    self.session.query(f"SET {clickhouse_server.quoted(key)} = {clickhouse_server.literal(value)}")
                return self.session.query(sql, form).bytes() or b""
            finally:
                for key in settings:
                    self.session.query(f"SET {clickhouse_server.quoted(key)} = DEFAULT")
                if "database" in parameters:
                    self.session.query("USE default")

    def close(self):
        with self.lock:
            self.session.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    engine: Engine
    users: dict

    def log_message(self, *unused):
        """Queries may hold secrets: nothing is logged."""

    def answer(self, status: int, body: bytes, code: int = 0):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def is_known(self, parameters: dict) -> bool:
        user = self.headers.get("X-ClickHouse-User") or parameters.get("user", "default")
        password = self.headers.get("X-ClickHouse-Key") or parameters.get("password", "")
        basic = self.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            user, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        return user in self.users and hmac.compare_digest(self.users[user].encode(), password.encode())

    def do_POST(self):
        body = self.read_body()
        address = urllib.parse.urlsplit(self.path)
        if address.path == "/ping":
            return self.answer(200, b"Ok.\n")
        parameters = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
        if not self.is_known(parameters):
            return self.answer(STATUS[516], b"Code: 516. DB::Exception: Authentication failed: password is incorrect, "
                                            b"or there is no user with such name. (AUTHENTICATION_FAILED)\n", 516)
        sql = parameters.get("query", "")
        sql = "\n".join(part for part in (sql, body.decode("utf-8", "surrogateescape")) if part)
        try:
            result = self.engine.run(sql, parameters)
        except Exception as error:  # the library has no type of its own for what the engine refuses
            text = str(error)
            found = re.search(r"Code: (\d+)", text)
            code = int(found.group(1)) if found else 1002
            return self.answer(STATUS.get(code, 500), text.encode() + b"\n", code)
        return self.answer(200, result)

    do_GET = do_HEAD = do_POST


def serve(settings: dict):
    Handler.engine = Engine(settings["data"], settings["config"])
    Handler.users = settings["users"]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", settings["port"]), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *unused: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    Handler.engine.close()


if __name__ == "__main__":
    serve(json.loads(pathlib.Path(sys.argv[1]).read_text()))
