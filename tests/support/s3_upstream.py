"""S3 storages for a gateway to stand in front of: moto (nobody here wrote it), and a proxy of ours before it that allows what a policy
allows, answers other ETags as an encrypted bucket does, and breaks what a test wants broken."""
import contextlib
import http.client
import http.server
import pathlib
import re
import secrets
import ssl
import sys
import tempfile
import threading
import urllib.parse

import botocore.exceptions

import processes
from s3_clients import GatewayTestCase, boto3_client

ETAG = re.compile(rb"(<ETag>(?:&quot;|&#34;|\")?)([0-9a-f]{32})")
BUCKETS = ["up-clickhouse", "up-elastic", "up-stackgraph", "up-vm"]
# What the documented policy allows (ListBucket, GetBucketLocation on buckets; Put, Get and DeleteObject on objects), by what a request is.
ALLOWED = {"ListBucket", "GetBucketLocation", "PutObject", "GetObject", "DeleteObject"}
KMS = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:111122223333:key/test"}


class Moto(processes.Process):
    """A moto server: checks no signatures, keeps everything in memory."""

    def __init__(self, work: pathlib.Path):
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        start = "import sys, moto.server; moto.server.main(sys.argv[1:])"
        super().__init__([sys.executable, "-c", start, "-H", "127.0.0.1", "-p", self.port], work / "moto.log",
                         {"AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto"})
        self.wait_until(lambda: processes.http_get(self.url + "/moto-api/data.json", 5) is not None)


def action_of(method: str, bucket: str, key: str, query: dict) -> str:
    """The right that AWS asks for this request."""
    if not bucket:
        return "ListAllMyBuckets"
    if not key:
        if method == "POST" and "delete" in query:
            return "DeleteObject"
        if method == "HEAD" or (method == "GET" and not set(query) - {"list-type", "prefix", "delimiter", "max-keys", "encoding-type", "marker",
                                                                     "continuation-token", "start-after", "fetch-owner"}):
            return "ListBucket"
        if method == "GET" and "location" in query:
            return "GetBucketLocation"
        return f"{method} bucket?{'&'.join(sorted(query))}"
    if "uploadId" in query and method in ("GET", "DELETE"):
        return "ListMultipartUploadParts" if method == "GET" else "AbortMultipartUpload"
    if set(query) - {"uploadId", "partNumber", "uploads", "x-id"}:
        return f"{method} object?{'&'.join(sorted(query))}"
    return {"PUT": "PutObject", "POST": "PutObject", "GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}.get(method, method)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        """A gateway that has seen enough hangs up; everything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, address)


class Proxy:
    """In front of `upstream`. `allowed` None: everything; `etags` "plain" or "random" (never an MD5, the same for the same version); `kms`: says
    in its answers that the bucket is encrypted with KMS; `faults`: what it breaks (see Handler.break_request); `tls`: its certificate and key file. Keeps what it saw."""

    def __init__(self, upstream_port: int, allowed=None, etags="plain", kms=False, faults=(), tls=None):
        self.upstream_port, self.allowed, self.etags, self.kms = upstream_port, allowed, etags, kms
        self.faults = set(faults)
        self.mask = secrets.randbits(128) | 1
        self.seen: list[str] = []
        self.denied: list[str] = []
        self.bad_etags: list[str] = []
        self.session_tokens: set[str] = set()
        self.cuts: list[str] = []
        self.one_condition = threading.Lock()  # S3 decides and writes in one step; moto in two
        self.checked: set[str] = set()  # keys whose upload was begun with a checksum
        handler = type("ProxyHandler", (Handler,), {"proxy": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def cut(self, path: str) -> bool:
        """Whether it is this path's first time."""
        if path in self.cuts:
            return False
        self.cuts.append(path)
        return True

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def other(self, text: str) -> str:
        """Another ETag for each one, there and back by the same rule."""
        if self.etags == "plain":
            return text
        return re.sub(r"[0-9a-f]{32}", lambda match: f"{int(match[0], 16) ^ self.mask:032x}", text)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *unused):
        pass

    def answer_error(self, status: int, code: str):
        body = f"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> bytes:
        """Half of it when the request is about to be cut."""
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length // 2 if "cut_once" in self.proxy.faults and self.command == "PUT" and self.path not in self.proxy.cuts else length)

    def break_request(self, action: str, query: dict, headers: dict):
        """The status and code to answer with in place of the upstream, or what the upstream must not see any more."""
        faults = self.proxy.faults
        if "no_writes" in faults and action == "PutObject":
            return 403, "AccessDenied"
        if "no_reads" in faults and action == "GetObject" and self.command == "GET":
            return 403, "AccessDenied"
        if "no_lists" in faults and action == "ListBucket" and self.command == "GET":
            return 403, "AccessDenied"
        if "no_deletes" in faults and action == "DeleteObject":
            return 403, "AccessDenied"
        if "no_multipart" in faults and "uploads" in query:
            return 501, "NotImplemented"
        if "no_copy" in faults and "x-amz-copy-source" in headers:
            return 501, "NotImplemented"
        if "no_trailers" in faults and "x-amz-trailer" in headers:
            return 501, "NotImplemented"
        # AWS has refused these ("Checksum Type mismatch occurred, expected checksum Type: null"), and so do others that follow it.
        if "strict_parts" in faults:
            upload = self.path.partition("?")[0]
            if "uploads" in query and "x-amz-checksum-algorithm" in headers:
                self.proxy.checked.add(upload)
            has_checksum = "x-amz-trailer" in headers or any(name.startswith("x-amz-checksum-") for name in headers)
            if self.command == "PUT" and "uploadId" in query and has_checksum and upload not in self.proxy.checked:
                return 400, "InvalidRequest"
        if "no_ranges" in faults:
            headers.pop("range", None)
        if "no_conditions" in faults:
            for name in ("if-match", "if-none-match"):
                headers.pop(name, None)
        return None

    def handle_any(self):
        path, _, query_text = self.path.partition("?")
        bucket, _, key = path.lstrip("/").partition("/")
        query = dict(urllib.parse.parse_qsl(query_text, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.read_body()
        if "cut_once" in self.proxy.faults and self.command == "PUT" and self.proxy.cut(self.path):
            self.close_connection = True
            return
        if len(body) < int(headers.get("content-length") or 0):  # the gateway gave the request up
            self.close_connection = True
            return
        action = action_of(self.command, bucket, key, query)
        self.proxy.seen.append(action)
        if "x-amz-security-token" in headers:
            self.proxy.session_tokens.add(headers["x-amz-security-token"])
        if self.proxy.allowed is not None and action not in self.proxy.allowed:
            self.proxy.denied.append(action)
            return self.answer_error(403, "AccessDenied")
        broken = self.break_request(action, query, headers)
        if broken:
            return self.answer_error(*broken)
        for name in ("if-match", "if-none-match", "x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match"):
            if name in headers:
                if "-0\"" in headers[name]:
                    self.proxy.bad_etags.append(headers[name])
                headers[name] = self.proxy.other(headers[name])
        if self.command == "POST" and "uploadId" in query:
            body = self.swap_etags(body)
            headers["content-length"] = str(len(body))
        self.forward(headers, body, action)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def swap_etags(self, document: bytes) -> bytes:
        return ETAG.sub(lambda match: match[1] + self.proxy.other(match[2].decode()).encode(), document)

    def forward(self, headers: dict, body: bytes, action: str):
        headers.pop("expect", None)
        is_decided = self.command in ("PUT", "POST") and ("if-match" in headers or "if-none-match" in headers)
        with self.proxy.one_condition if is_decided else contextlib.nullcontext():
            answer, content = self.ask_upstream(headers, body)
        self.answer(answer, content, action)

    def ask_upstream(self, headers: dict, body: bytes) -> tuple:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream_port, timeout=120)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def answer(self, answer, content: bytes, action: str):
        xml = "xml" in (answer.getheader("Content-Type") or "")
        if xml:
            content = self.swap_etags(content)
            content = content.replace(b"ListPartsResponse", b"ListPartsResult")  # moto's name for it is nobody else's
        if "stale_lists" in self.proxy.faults and action == "ListBucket" and self.command == "GET":
            content = re.sub(rb"<Contents>.*</Contents>", b"", content, flags=re.DOTALL)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            lower = name.lower()
            if lower in ("content-length", "transfer-encoding", "connection", "date", "server"):
                continue
            self.send_header(name, self.proxy.other(value) if lower == "etag" else value)
        if self.proxy.kms and answer.status < 300 and action in ("PutObject", "GetObject"):
            for name, value in KMS.items():
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        if answer.status not in (204, 304) and length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(content)
            except ConnectionError:  # whoever asked has seen enough, as of a range that was ignored
                self.close_connection = True


def upstream_values(url: str, **upstream) -> dict:
    """Values for the S3 kind, with the buckets that the documentation has."""
    vm = {"backup": {"enabled": True, "bucketName": "up-vm"}}
    return {
        "minio": {"persistence": {"enabled": False},
                  "s3gateway": {"enabled": True, "serviceEndpoint": url, "accessKey": "upstreamkey", "secretKey": "upstreamsecret", **upstream}},
        "backup": {"stackGraph": {"bucketName": "up-stackgraph"}, "elasticsearch": {"bucketName": "up-elastic"}},
        "clickhouse": {"backup": {"enabled": True, "bucketName": "up-clickhouse"}},
        "victoria-metrics-0": vm, "victoria-metrics-1": vm}


class UpstreamTestCase(GatewayTestCase):
    """moto, the proxy before it, and the gateway before that."""

    BUCKET = "up-vm"
    PROXY: dict = {"allowed": ALLOWED}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-upstream-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.moto = Moto(cls.work)
        cls.addClassCleanup(cls.moto.stop)
        cls.raw = boto3_client(cls.moto.url)
        for bucket in BUCKETS:
            cls.raw.create_bucket(Bucket=bucket)
        cls.proxy = Proxy(cls.moto.port, **cls.PROXY)
        cls.addClassCleanup(cls.proxy.stop)
        cls.gateway = processes.Gateway(cls.work, cls.work / "unused", upstream_values(cls.proxy.url))
        cls.addClassCleanup(cls.gateway.stop)
        cls.s3 = boto3_client(cls.gateway.url)

    def raw_get(self, key: str) -> bytes:
        return self.raw.get_object(Bucket="up-vm", Key=key)["Body"].read()

    def assert_code(self, code: str, action, **arguments):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            action(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
