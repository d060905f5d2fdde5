# SPDX-License-Identifier: GPL-2.0
"""A simulated device of notify_gpio for a program with preload.so."""

import os
import socket
import struct
import threading
import time

MAX_LINES = 64
RECORD = struct.Struct("=QQiIII")
EVENT = struct.Struct("=IIIIQII")
# notify_multi_info, notify_multi_stats, notify_gpio_levels, the driver, the number of lines.
HELLO = struct.Struct("=8IQ3Q 4I4Q2Q 3Q 64s Q")
LINE = struct.Struct("=8I32s32s")
REPLAY = 1
NONE, RISING, FALLING = range(3)
MESSAGE_RECORDS = 50


class Device:
    """A device with named lines. Use "with"."""

    def __init__(self, path, lines, replay=0, level=0):
        self.path, self.lines, self.replay = path, lines, replay
        self.seq, self.levels = 0, level
        self.history = []
        self.clients = []
        self.lock = threading.Lock()
        self.server = None

    def __enter__(self):
        self.register()
        return self

    def __exit__(self, *_):
        self.remove()

    def register(self):
        """Create the device; seq starts with 1."""
        self.seq, self.history = 0, []
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(self.path + ".new")
        self.server.listen()
        os.rename(self.path + ".new", self.path)
        threading.Thread(target=self.accept, args=(self.server,), daemon=True).start()

    def remove(self):
        """Remove the device."""
        if self.server:
            os.unlink(self.path)
            self.server.shutdown(socket.SHUT_RDWR)
            self.server.close()
            self.server = None
        with self.lock:
            for client in self.clients:
                client.close()
            self.clients = []

    def accept(self, server):
        """Give each client the state of the device and the replayed packets."""
        while True:
            try:
                client = server.accept()[0]
            except OSError:
                return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            with self.lock:
                client.send(self.hello())
                replayed = self.history[len(self.history) - self.replay:] if self.replay else []
                self.send(client, [self.record(*packet, flags=REPLAY) for packet in replayed])
                self.clients.append(client)

    def hello(self):
        """Return struct hello of preload.c."""
        size = RECORD.size + EVENT.size
        head = HELLO.pack(1, EVENT.size, size, 1024, 1, self.replay, 0, 0, 0, 0, 0, 0,
                          1, 1, 0, 0, self.seq, self.seq + 1, 0, 0, 0, 0,
                          self.levels, (1 << len(self.lines)) - 1, self.seq,
                          b"notify_gpio", len(self.lines))
        lines = [LINE.pack(index, index, 0, 6, 0, 0, 0, 0, name.encode(), b"chip")
                 for index, name in enumerate(self.lines)]
        return head + b"".join(lines).ljust(MAX_LINES * LINE.size, b"\0")

    @staticmethod
    def record(seq, nanoseconds, dropped, event, flags=0):
        """Return a record."""
        return RECORD.pack(seq, nanoseconds, 0, dropped, EVENT.size, flags) + event

    @staticmethod
    def send(client, records):
        """Send records in messages that fit into the buffer of a reader."""
        for start in range(0, len(records), MESSAGE_RECORDS):
            client.send(b"".join(records[start:start + MESSAGE_RECORDS]))

    def edges(self, *lines, dropped=0):
        """Broadcast an edge of each of these lines; the first one after dropped packets."""
        with self.lock:
            self.seq += dropped
            records = []
            for line in lines:
                self.seq += 1
                self.levels ^= 1 << line
                level = self.levels >> line & 1
                event = EVENT.pack(line, RISING if level else FALLING, level, 0, self.levels, 0, 0)
                packet = self.seq, time.monotonic_ns(), dropped, event
                dropped = 0
                self.history.append(packet)
                records.append(self.record(*packet))
            for client in self.clients:
                self.send(client, records)

    def wait_for_client(self, seconds=60):
        """Wait until a program has the device open."""
        end = time.monotonic() + seconds
        while not self.clients:
            if time.monotonic() > end:
                raise TimeoutError("nothing has opened the device")
            time.sleep(0.01)
