# SPDX-License-Identifier: GPL-2.0
"""mosquitto, its clients, and a proxy in front of it."""

import contextlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import threading
import time

SECONDS = int(os.environ.get("MQTT_SECONDS", "60"))
CONFIG = """
user root
listener {port} 127.0.0.1
allow_anonymous {anonymous}
persistence true
persistence_location {directory}/
max_queued_messages 0
max_inflight_messages 0
{more}
"""


# Below the ports that the kernel gives to connections: one of these would keep a broker that was
# killed from listening again, or be that of a client that connects to itself.
PORTS = range(20000, 32000)


def free_port():
    """Return a port on which nothing listens."""
    while True:
        with contextlib.suppress(OSError), socket.socket() as test:
            port = random.choice(PORTS)
            test.bind(("127.0.0.1", port))
            return port


def wait_for(condition, what, seconds=SECONDS):
    """Wait until a condition is true, and return its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"timed out waiting for {what}")
        time.sleep(0.01)


class Broker:
    """A mosquitto that can be stopped and started again."""

    def __init__(self, directory, anonymous=True, more=""):
        self.port, self.process = free_port(), None
        self.config = os.path.join(directory, "mosquitto.conf")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(port=self.port, directory=directory, more=more,
                                     anonymous=str(anonymous).lower()))

    def listens(self):
        """Return true if the broker accepts connections."""
        with socket.socket() as test:
            return not test.connect_ex(("127.0.0.1", self.port))

    def start(self):
        """Start and wait until it listens."""
        self.process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", self.config],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.listens, "mosquitto")

    def pause(self):
        """Let it stand still."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def stop(self, number=signal.SIGTERM):
        """End it by a signal."""
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(SECONDS)
        self.process = None


class Subscriber:
    """A subscriber with a persistent session: messages as (topic, retained, text)."""

    def __init__(self, port, topic, *options, name="account"):
        self.messages = []
        command = ["mosquitto_sub", "-p", str(port), "-q", "1", "-i", name, "-c", "-t", topic,
                   *options]
        # From now on, the broker keeps messages of the session.
        subprocess.run([*command, "-E"], check=True, timeout=SECONDS)
        self.process = subprocess.Popen([*command, "-F", "%t\t%r\t%p"], stdout=subprocess.PIPE,
                                        text=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        """Collect messages."""
        with self.process.stdout:
            for line in self.process.stdout:
                topic, retained, text = line.rstrip("\n").split("\t", 2)
                self.messages.append((topic, retained == "1", text))

    def last(self):
        """Return the last text of each topic."""
        return {topic: text for topic, _, text in list(self.messages)}

    def packets(self):
        """Return the packets that arrived."""
        return [json.loads(text) for _, _, text in list(self.messages)
                if text.startswith("{") and '"seq"' in text]

    def seqs(self):
        """Return the set of seqs that arrived."""
        return {packet["seq"] for packet in self.packets()}

    def stop(self):
        """End it."""
        self.process.kill()
        self.thread.join()
        self.process.wait(SECONDS)


def get_retained(port, topic):
    """Return the retained text of topics."""
    first = () if topic.endswith("#") else ("-C", "1")
    result = subprocess.run(
        ["mosquitto_sub", "-p", str(port), "-t", topic, "--retained-only", "-W", "1", *first,
         "-F", "%t\t%p"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        timeout=SECONDS, check=False)
    return dict(line.split("\t", 1) for line in result.stdout.splitlines())


def publish(port, topic, text):
    """Publish a message."""
    subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-t", topic, "-m", text],
                   check=True, timeout=SECONDS)


class Proxy:
    """Forwards connections to a broker, slowly if rate (bytes per second) is given, and records
    which packets the publisher has sent and the broker has confirmed."""

    def __init__(self, port, rate=None):
        self.target, self.rate = port, rate
        self.unconfirmed, self.confirmed = {}, []
        self.connections = 0
        self.most_unconfirmed = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """Serve connections one after another."""
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.unconfirmed.clear()
            with client, socket.socket() as broker:
                if not broker.connect_ex(("127.0.0.1", self.target)):
                    self.forward(client, broker)

    def forward(self, client, broker):
        """Forward both directions until one is closed."""
        up, down = Parser(self.sent), Parser(self.received)
        while True:
            for side in select.select([client, broker], [], [])[0]:
                other, parser = (broker, up) if side is client else (client, down)
                try:
                    data = side.recv(65536 if not self.rate else max(self.rate // 20, 64))
                    if not data:
                        return
                    parser.add(data)
                    other.sendall(data)
                except OSError:
                    return
                if self.rate:
                    time.sleep(len(data) / self.rate)

    def sent(self, kind, body):
        """Record a PUBLISH."""
        if kind >> 4 != 3:
            return
        topic = int.from_bytes(body[:2], "big")
        number, text = body[2 + topic:4 + topic], body[4 + topic:]
        if text.startswith(b"{") and b'"seq"' in text:
            self.unconfirmed[number] = json.loads(text)
            self.most_unconfirmed = max(self.most_unconfirmed, len(self.unconfirmed))

    def received(self, kind, body):
        """Record a PUBACK."""
        if kind >> 4 == 4 and body[:2] in self.unconfirmed:
            self.confirmed.append(self.unconfirmed.pop(body[:2]))

    def seqs(self):
        """Return the set of confirmed seqs."""
        return {packet["seq"] for packet in list(self.confirmed)}

    def stop(self):
        """Stop accepting connections."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class Parser:
    """Splits a stream into MQTT packets."""

    def __init__(self, on_packet):
        self.data, self.on_packet = b"", on_packet

    def add(self, data):
        """Process data."""
        self.data += data
        while True:
            length = shift = 0
            at = 1
            while at < len(self.data):
                length |= (self.data[at] & 127) << shift
                shift += 7
                at += 1
                if self.data[at - 1] < 128:
                    break
            else:
                return
            if len(self.data) < at + length:
                return
            self.on_packet(self.data[0], self.data[at:at + length])
            self.data = self.data[at + length:]
