"""Real ClickHouse servers for tests: Debian's 18.16.1 here, a modern engine behind the same class in chdb_front.py. On loopback, on free
ports, each in a folder of its own with a configuration written here (nothing below /etc is read), ended by its own id."""
import http.client
import os
import pathlib
import pwd
import signal
import urllib.parse
import xml.sax.saxutils

import processes
from processes import free_port

BINARY = "clickhouse-server"
CLUSTER = "this_server"  # a cluster of one, for Distributed tables


class ClickHouseError(RuntimeError):
    """What a server answered in place of a result. `code` is ClickHouse's (60: no such table), 0 when the answer held none."""

    def __init__(self, status: int, code: int, text: str):
        super().__init__(f"HTTP {status}, code {code}: {text}")
        self.status, self.code, self.text = status, code, text


def xml_text(value) -> str:
    return xml.sax.saxutils.escape(str(value))


def xml_elements(settings: dict) -> str:
    """Elements of a configuration; a value that is a dict itself nests."""
    return "".join(f"<{key}>{xml_elements(value) if isinstance(value, dict) else xml_text(value)}</{key}>" for key, value in settings.items())


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    """A string in SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class ClickHouse(processes.Process):
    """What both kinds of server have in common. `url` and `port` are of HTTP, `data` is the server's data path; they stay the same over
    restart(). With `users` ({name: password}) the first one named is whom query() asks as; without, `default` without a password.
    `run_as` (as root only): the system's user the server runs as, who then owns its files. A context manager."""

    modern = False

    def __init__(self, work: pathlib.Path, users: dict | None = None, run_as: str = "", data: pathlib.Path | None = None,
                 port: int | None = None, name: str = "clickhouse"):
        self.work, self.users, self.run_as, self.name = pathlib.Path(work), users or {"default": ""}, run_as, name
        self.home = self.work / name
        self.data = pathlib.Path(data or self.home / "data")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.user, self.password = next(iter(self.users.items()))
        for folder in (self.home, self.data):
            folder.mkdir(parents=True, exist_ok=True)
        self.configure()
        if run_as:
            self.give_away()
        self.start()

    def configure(self):
        raise NotImplementedError

    def program(self) -> list:
        raise NotImplementedError

    def give_away(self):
        """The folders to the user that the server runs as, who must also get there."""
        account = pwd.getpwnam(self.run_as)
        self.work.chmod(0o711)
        for top in (self.home, self.data):
            for folder, _, names in os.walk(top):
                for path in [folder, *(os.path.join(folder, name) for name in names)]:
                    os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)

    def start(self):
        prefix = ["setpriv", f"--reuid={self.run_as}", f"--regid={self.run_as}", "--clear-groups"] if self.run_as else []
        super().__init__([*prefix, *self.program()], self.work / f"{self.name}.log", cwd=self.home)
        self.wait_until(lambda: processes.http_get(self.url + "/ping", 5) == b"Ok.\n", 120)
        return self

    def restart(self):
        """A clean stop unless it has ended already, then a start in the same folder and on the same ports."""
        self.stop()
        return self.start()

    def suspend(self):
        """Answers nothing more until resume(); connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def query(self, sql: str, body: str | bytes = b"", database: str = "", timeout: float = 300, user: str | None = None,
              password: str | None = None, **settings) -> str:
        """The text of the answer. With `body` the SQL goes into the address and the body is what an INSERT ... FORMAT reads.
        Raises ClickHouseError, or OSError/HTTPException when the server went away."""
        parameters = {**settings, **({"database": database} if database else {}), **({"query": sql} if body else {})}
        headers = {"X-ClickHouse-User": self.user if user is None else user,
                   "X-ClickHouse-Key": self.password if password is None else password}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            content = body or sql
            connection.request("POST", "/?" + urllib.parse.urlencode(parameters),
                               content.encode() if isinstance(content, str) else content, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "surrogateescape")
            code = answer.getheader("X-ClickHouse-Exception-Code") or text.partition("Code: ")[2].partition(",")[0]
        finally:
            connection.close()
        if answer.status != 200:
            raise ClickHouseError(answer.status, int(code) if code.isdigit() else 0, text)
        return text

    def rows(self, sql: str, **more) -> list[list[str]]:
        """The rows of an answer in TabSeparated, HTTP's default, each a list of its columns as text."""
        text = self.query(sql, **more)
        return [[unescaped(cell) for cell in line.split("\t")] for line in text.split("\n")[:-1]]

    def value(self, sql: str, **more) -> str:
        """The one cell of a SELECT of one row and one column."""
        (row,) = self.rows(sql, **more)
        (cell,) = row
        return cell

    def version(self) -> str:
        return self.value("SELECT version()")


ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def unescaped(cell: str) -> str:
    """A cell of TabSeparated as it was."""
    head, *rest = cell.split("\\")
    out, i = head, 0
    while i < len(rest):
        if rest[i]:
            out += ESCAPES.get(rest[i][0], rest[i][0]) + rest[i][1:]
            i += 1
        else:  # an escaped backslash: what follows is plain
            out += "\\" + (rest[i + 1] if i + 1 < len(rest) else "")
            i += 2
    return out


class Server(ClickHouse):
    """Debian's clickhouse-server 18.16.1. `settings` are elements of config.xml ({"max_table_size_to_drop": 1}); they can be changed
    before a restart()."""

    def __init__(self, work: pathlib.Path, settings: dict | None = None, **more):
        self.settings = settings or {}
        self.tcp_port, self.interserver_port = free_port(), free_port()
        super().__init__(work, **more)

    def start(self):
        self.configure()
        return super().start()

    def program(self) -> list:
        return [BINARY, f"--config-file={self.home / 'config.xml'}"]

    def configure(self):
        values = {
            "path": f"{self.data}/", "tmp_path": f"{self.home / 'tmp'}/", "user_files_path": f"{self.home / 'user_files'}/",
            "format_schema_path": f"{self.home / 'format_schemas'}/", "users_config": self.home / "users.xml",
            "http_port": self.port, "tcp_port": self.tcp_port, "interserver_http_port": self.interserver_port,
            "interserver_http_host": "127.0.0.1", "listen_host": "127.0.0.1", "timezone": "UTC", "default_profile": "default",
            "default_database": "default", "mark_cache_size": 268435456, "max_concurrent_queries": 100,
            "dictionaries_config": self.home / "*_dictionary.xml", **self.settings}
        (self.home / "config.xml").write_text(f"""<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><console>1</console></logger>
  {xml_elements(values)}
  <remote_servers><{CLUSTER}><shard><replica><host>127.0.0.1</host><port>{self.tcp_port}</port><user>{xml_text(self.user)}</user>
    <password>{xml_text(self.password)}</password></replica></shard></{CLUSTER}></remote_servers>
  <macros><shard>01</shard><replica>one</replica></macros>
</yandex>
""")
        users = "".join(f"<{name}><password>{xml_text(password)}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>"
                        f"<quota>default</quota></{name}>" for name, password in self.users.items())
        (self.home / "users.xml").write_text(f"""<?xml version="1.0"?>
<yandex>
  <profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
  <users>{users}</users>
  <quotas><default></default></quotas>
</yandex>
""")
