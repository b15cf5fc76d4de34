"""A proxy before the server that knows which statement the binary sends, and can kill it there.

It reads the frontend's messages (the manual's chapter "Frontend/Backend Protocol"): a simple query
(Q) is a statement of its own, an Execute (E) is the statement of its portal (B), whose text came
with a Parse (P). `on_statement(text, connection)` says what becomes of each: PASS, BEFORE (the
server never sees it) or AFTER (the server gets it, and no other one); at the latter two the binary
is killed, and all of its connections end.
"""

import socket
import struct
import threading

PASS, BEFORE, AFTER = range(3)
CANCEL, SSL, GSS = 80877102, 80877103, 80877104


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def c_string(data, start=0):
    end = data.index(b"\0", start)
    return data[start:end].decode(), end + 1


class Frontend:
    """What one connection has prepared and bound."""

    def __init__(self):
        self._texts = {}
        self._portals = {}

    def statement(self, kind, body):
        """The text of the statement that this message starts, or None."""
        if kind == b"Q":
            return c_string(body)[0]
        if kind == b"P":
            name, after = c_string(body)
            self._texts[name] = c_string(body, after)[0]
        elif kind == b"B":
            portal, after = c_string(body)
            self._portals[portal] = self._texts.get(c_string(body, after)[0], "")
        elif kind == b"E":
            return self._portals.get(c_string(body)[0], "")
        return None


class CuttingProxy:
    """Listens on a free port; `close` ends it. One statement at a time is judged."""

    def __init__(self, host, port, on_statement):
        self._server = (host, port)
        self._on_statement = on_statement
        self._turn = threading.Lock()
        self._open = set()
        self.kill = lambda: None
        self.cut = False
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self, kill):
        """For the next start of the binary; `kill` ends it at once."""
        self.kill = kill

    def close(self):
        self._listener.close()
        self.end_all()

    def end_all(self):
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = socket.create_connection(self._server)
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(sock)
        try:
            if self._start(client, server):
                threading.Thread(target=self._back, args=(server, client), daemon=True).start()
                self._forward(client, server)
        except (OSError, ConnectionError):
            pass
        finally:
            for sock in (client, server):
                self._open.discard(sock)
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                sock.close()

    def _start(self, client, server):
        """Hands the start-up packet on; encryption is declined. False after a cancel request."""
        while True:
            head = exactly(client, 8)
            length, code = struct.unpack("!ii", head)
            if code in (SSL, GSS):
                client.sendall(b"N")
                continue
            server.sendall(head + exactly(client, length - 8))
            return code != CANCEL

    @staticmethod
    def _back(server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _forward(self, client, server):
        frontend = Frontend()
        while True:
            kind = exactly(client, 1)
            size = exactly(client, 4)
            body = exactly(client, struct.unpack("!i", size)[0] - 4)
            text = frontend.statement(kind, body)
            if text is None:
                server.sendall(kind + size + body)
                continue
            with self._turn:
                if self.cut:
                    raise ConnectionError("cut")
                what = self._on_statement(text, frontend)
                if what == AFTER:
                    server.sendall(kind + size + body)
                if what != PASS:
                    self.cut = True
                    self.kill()
                    # Whoever waited for its turn was sent by a program that no longer lives.
                    raise ConnectionError("cut")
            server.sendall(kind + size + body)
