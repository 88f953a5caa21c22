"""An HTTP proxy on loopback that breaks requests on purpose: in turn it refuses some and loses the answers to others."""
import http.client
import http.server
import socket
import threading

REFUSAL = b'<?xml version="1.0" encoding="utf-8"?><Error><Code>ServerBusy</Code><Message>made up by the test</Message></Error>'


class FaultProxy:
    """In front of 127.0.0.1:`port`; faults only while `active`. Every `refuse`-th request is answered at once with one of `statuses` in turn;
    of every `lose`-th the answer is thrown away and the connection cut, so that the server acted and the client cannot know."""

    def __init__(self, port: int, refuse: int, lose: int, statuses=(503,)):
        self.target, self.refuse, self.lose, self.statuses = port, refuse, lose, statuses
        self.under_way = 0
        self.lock = threading.Lock()
        self.active = False
        self.requests = self.refused = self.lost = 0
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *unused):
                pass

            def handle_any(self):
                with proxy.lock:
                    proxy.under_way += 1
                try:
                    self.handle_one_of_all()
                finally:
                    with proxy.lock:
                        proxy.under_way -= 1

            def handle_one_of_all(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if len(body) < length:  # whoever asked is gone; the rest would be waited for behind us too
                    self.close_connection = True
                    return None
                refused, lost = proxy.next_faults()
                if refused:
                    status = proxy.statuses[proxy.refused % len(proxy.statuses)]
                    return self.answer(status, [("x-ms-error-code", "ServerBusy")], REFUSAL)
                status, headers, answer = proxy.forward(self.command, self.path, dict(self.headers), body)
                if lost:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return None
                return self.answer(status, headers, answer)

            def answer(self, status, headers, body):
                self.send_response_only(status)
                sized = any(name.lower() == "content-length" for name, _ in headers)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "connection", "keep-alive"):
                        self.send_header(name, value)
                if not sized and status not in (204, 304):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):  # connections end in the middle here by design
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def next_faults(self) -> tuple[bool, bool]:
        with self.lock:
            if not self.active:
                return False, False
            self.requests += 1
            refused = self.requests % self.refuse == 0
            lost = not refused and self.requests % self.lose == 0
            self.refused += refused
            self.lost += lost
            return refused, lost

    def forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        try:
            headers.pop("Expect", None)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
