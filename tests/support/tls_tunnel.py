"""TLS in front of a plain server on loopback: what comes in by TLS goes on as it is, and back."""
import socket
import ssl
import threading


class TlsTunnel:
    """In front of 127.0.0.1:`target`, with the given certificate; `port` is where it listens. A context manager."""

    def __init__(self, target: int, certificate, key):
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        self.start(self.accept)

    def start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.start(self.serve, plain)

    def serve(self, plain):
        try:
            inside = self.context.wrap_socket(plain, server_side=True)
        except (OSError, ssl.SSLError):
            plain.close()
            return
        outside = socket.create_connection(("127.0.0.1", self.target))
        self.start(self.pump, inside, outside)
        self.pump(outside, inside)
        inside.close()
        outside.close()

    @staticmethod
    def pump(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
        except (OSError, ssl.SSLError):
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(10)
