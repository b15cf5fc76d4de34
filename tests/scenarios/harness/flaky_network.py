"""A network that fails: a proxy on loopback between the binary and its server."""

import socket
import struct
import threading
import time

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  # CommandComplete, as it stands in the manual


class FlakyNetwork:
    """Passes bytes on, until told otherwise. `close` ends it and everything that goes through it."""

    def __init__(self, host, port):
        self._server = (host, port)
        self._links = set()
        self._lock = threading.Lock()
        self._stalled_until = 0.0
        self._delay = 0.0
        self._lose_commit = False
        self.commits_lost = 0
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    # --- What can go wrong. ---

    def cut(self):
        """Every connection is reset, at both ends."""
        for link in self._all():
            for sock in link:
                reset(sock)

    def half_close(self):
        """The servers' answers end; what the binary sends still arrives."""
        for client, _ in self._all():
            shut(client, socket.SHUT_WR)

    def stall(self, seconds):
        """Nothing arrives for a while, and nobody is told."""
        self._stalled_until = time.monotonic() + seconds

    def slow(self, delay):
        """Each piece takes that long, in seconds; 0 ends it."""
        self._delay = delay

    def lose_next_commit(self):
        """A COMMIT reaches the server and is done; its answer never arrives, for the connection
        breaks in between."""
        self._lose_commit = True

    def heal(self):
        self._stalled_until = 0.0
        self._delay = 0.0
        self._lose_commit = False

    def close(self):
        self._listener.close()
        self.cut()

    # --- Its inside. ---

    def _all(self):
        with self._lock:
            return list(self._links)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client):
        try:
            server = socket.create_connection(self._server)
        except OSError:
            reset(client)
            return
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = (client, server)
        with self._lock:
            self._links.add(link)
        back = threading.Thread(target=self._pass_on, args=(server, client, link, True), daemon=True)
        back.start()
        self._pass_on(client, server, link, False)
        back.join()
        with self._lock:
            self._links.discard(link)
        for sock in link:
            sock.close()

    def _pass_on(self, source, target, link, answers):
        try:
            while data := source.recv(65536):
                while (wait := self._stalled_until - time.monotonic()) > 0:
                    time.sleep(min(wait, 0.05))
                if self._delay:
                    time.sleep(self._delay)
                if answers and self._is_lost(data):
                    for sock in link:
                        reset(sock)
                    return
                target.sendall(data)
            shut(target, socket.SHUT_WR)
        except OSError:
            for sock in link:
                shut(sock, socket.SHUT_RDWR)

    def _is_lost(self, data):
        with self._lock:
            if not self._lose_commit or COMMITTED not in data:
                return False
            self._lose_commit = False
            self.commits_lost += 1
            return True


def reset(sock):
    """The other end gets RST, not an orderly end."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    shut(sock, socket.SHUT_RDWR)


def shut(sock, how):
    try:
        sock.shutdown(how)
    except OSError:
        pass
