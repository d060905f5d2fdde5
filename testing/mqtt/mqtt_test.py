#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test notify-mqtt with mosquitto and simulated devices of notify_gpio.

NOTIFY_MQTT is the program to test, by default that in tools/.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import mosquitto
from mosquitto import SECONDS, wait_for
from simulated import Device

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("NOTIFY_MQTT", os.path.join(TOP, "tools", "notify-mqtt"))
HOST = socket.gethostname()
with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot_id:
    BOOT = boot_id.read().strip().replace("-", "")
TOPIC = f"notify/{HOST}/{BOOT}/door"
AVAILABILITY = f"notify/{HOST}/door/device/availability"
LINES = ("left", "right")


def level_topic(name):
    """Return the default topic of a line's level."""
    return f"notify/{HOST}/door/{name}/level"


class Publisher:
    """A running notify-mqtt."""

    def __init__(self, *arguments, environment=None):
        self.log = []
        self.process = subprocess.Popen([PROGRAM, *arguments], stderr=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})})
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        """Collect messages."""
        with self.process.stderr:
            for line in self.process.stderr:
                self.log.append(line.rstrip("\n"))

    def wait_for_message(self, text, count=1):
        """Wait for a message."""
        wait_for(lambda: sum(text in line for line in list(self.log)) >= count,
                 f"the message \"{text}\" in {self.log}")

    def stop(self, number=signal.SIGTERM):
        """End it by a signal and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.thread.join()
        return self.process.wait(SECONDS)


class Case(unittest.TestCase):
    """A test with a broker and a simulated device."""

    directory = broker = device = None

    @classmethod
    def setUpClass(cls):
        cls.build = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.build.cleanup)
        cls.preload = os.path.join(cls.build.name, "preload.so")
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared",
                        "-fPIC", "-I" + os.path.join(TOP, "uapi"), "-o", cls.preload,
                        os.path.join(TOP, "testing", "mqtt", "preload.c"), "-ldl"], check=True)

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.chmod(self.directory, 0o755)
        self.use_broker()
        self.device = Device(self.path("door"), LINES, replay=64)
        self.device.register()
        self.addCleanup(self.device.remove)

    def use_broker(self, **options):
        """Use a broker with these options."""
        self.broker = mosquitto.Broker(self.directory, **options)
        self.addCleanup(self.broker.stop, signal.SIGKILL)

    def path(self, name):
        """Return the path of a file of this test."""
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o600):
        """Write a file and return its path."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def publish(self, *options, port=None, devices=("door",)):
        """Start notify-mqtt for the device."""
        publisher = Publisher("--host", "127.0.0.1", "--port", str(port or self.broker.port),
                              "--max-delay", "1", *options, *map(self.path, devices),
                              environment={"LD_PRELOAD": self.preload})
        self.addCleanup(publisher.stop, signal.SIGKILL)
        return publisher

    def subscribe(self, topic="notify/+/+/+", name="account"):
        """Start a subscriber."""
        subscriber = mosquitto.Subscriber(self.broker.port, topic, name=name)
        self.addCleanup(subscriber.stop)
        return subscriber

    def proxy(self, rate=None):
        """Start a proxy in front of the broker."""
        proxy = mosquitto.Proxy(self.broker.port, rate)
        self.addCleanup(proxy.stop)
        return proxy

    def retained(self, topic, text):
        """Wait until a topic has a retained text."""
        wait_for(lambda: mosquitto.get_retained(self.broker.port, topic).get(topic) == text,
                 f"{topic}: {text}")

    def check_account(self, packets, last):
        """Check that each seq up to the last one arrived or is reported as dropped."""
        packets = {packet["seq"]: packet for packet in packets}
        expected = 1
        for seq in sorted(packets):
            dropped = packets[seq]["dropped"] + packets[seq]["dropped_unsent"]
            self.assertEqual(seq - expected, dropped, f"before {seq}")
            expected = seq + 1
        self.assertEqual(expected, last + 1)


class Packets(Case):
    """Messages of packets."""

    def test_packet_is_json_of_notifycat(self):
        """A message has the members that notifycat prints, and dropped_unsent."""
        self.broker.start()
        subscriber = self.subscribe()
        self.publish()
        self.device.wait_for_client()
        self.device.edges(1)
        wait_for(subscriber.packets, "a packet")
        self.assertEqual(subscriber.messages[0][:2], (TOPIC, False))
        packet = subscriber.packets()[0]
        self.assertLessEqual({"device": "door", "seq": 1, "status": 0, "dropped": 0, "replay": False,
                              "line": 1, "name": "right", "edge": "rising", "level": 1,
                              "levels": 2, "dropped_unsent": 0}.items(), packet.items())
        self.assertIn("time", packet)

    def test_layout(self):
        """--decode selects the members."""
        self.broker.start()
        subscriber = self.subscribe()
        self.publish("--decode", "u32 number, u32 _, u16 state")
        self.device.wait_for_client()
        self.device.edges(1)
        wait_for(subscriber.packets, "a packet")
        packet = subscriber.packets()[0]
        self.assertEqual((packet["number"], packet["state"]), (1, 1))
        self.assertNotIn("line", packet)

    def test_replayed_packets_are_published(self):
        """The packets that the device replays are published at the start."""
        self.device.edges(*[0] * 10)
        self.broker.start()
        subscriber = self.subscribe()
        self.publish()
        wait_for(lambda: subscriber.seqs() == set(range(1, 11)), "replayed packets")

    def test_broker_absent_at_start(self):
        """Packets from before the broker is reachable arrive."""
        publisher = self.publish()
        self.device.wait_for_client()
        self.device.edges(*[0, 1] * 500)
        publisher.wait_for_message("127.0.0.1: Connection refused")
        self.broker.start()
        subscriber = self.subscribe()
        wait_for(lambda: len(subscriber.seqs()) == 1000, "1000 packets")
        self.check_account(subscriber.packets(), 1000)

    def test_drops_of_the_kernel_are_in_the_message(self):
        """A record's dropped is in its message."""
        self.broker.start()
        subscriber = self.subscribe()
        self.publish()
        self.device.wait_for_client()
        self.device.edges(0)
        self.device.edges(0, dropped=7)
        wait_for(lambda: 9 in subscriber.seqs(), "packet 9")
        self.assertEqual(subscriber.packets()[-1]["dropped"], 7)
        self.check_account(subscriber.packets(), 9)

    def test_unix_socket(self):
        """The broker can listen on a Unix socket."""
        self.use_broker(more=f"listener 0 {self.path('socket')}")
        self.broker.start()
        publisher = Publisher("--host", self.path("socket"), self.path("door"),
                              environment={"LD_PRELOAD": self.preload})
        self.addCleanup(publisher.stop, signal.SIGKILL)
        publisher.wait_for_message("connected")

    def test_two_devices(self):
        """Each device has its own topic and session."""
        self.broker.start()
        subscriber = self.subscribe()
        with Device(self.path("gate"), LINES) as gate:
            publisher = self.publish(devices=("door", "gate"))
            self.device.wait_for_client()
            gate.wait_for_client()
            self.device.edges(0)
            gate.edges(1)
            wait_for(lambda: len(subscriber.messages) == 2, "two packets")
            self.assertEqual({topic for topic, _, _ in subscriber.messages},
                             {TOPIC, TOPIC.replace("/door", "/gate")})
            publisher.wait_for_message("connected", 2)


class Brokers(Case):
    """Brokers that fail."""

    def test_broker_killed_twenty_times_under_load(self):
        """Each packet is confirmed at least once, or reported as dropped."""
        self.broker.start()
        proxy = self.proxy()
        publisher = self.publish(port=proxy.port)
        self.device.wait_for_client()
        stop = threading.Event()

        def load():
            while not stop.is_set():
                self.device.edges(*[0] * 20)
                time.sleep(0.005)

        thread = threading.Thread(target=load)
        thread.start()
        for count in range(1, 21):
            publisher.wait_for_message(": connected", count)
            confirmed = len(proxy.confirmed)
            wait_for(lambda: len(proxy.confirmed) > confirmed, "a confirmation")
            self.broker.stop(signal.SIGKILL)
            self.broker.start()
        stop.set()
        thread.join()
        wait_for(lambda: self.device.seq in proxy.seqs(), "the last packet")
        self.check_account(proxy.confirmed, self.device.seq)
        self.assertGreaterEqual(proxy.connections, 20)

    def test_stopped_broker_fills_the_queue(self):
        """While the broker stands still, the oldest packets are dropped and counted."""
        self.broker.start()
        subscriber = self.subscribe()
        publisher = self.publish("--queue-messages", "100", "--max-unconfirmed", "10")
        self.device.wait_for_client()
        publisher.wait_for_message("connected")
        self.retained(AVAILABILITY, "online")
        self.broker.pause()
        self.device.edges(*[0] * 1000)
        publisher.wait_for_message("queue of unsent messages is full")
        self.broker.process.send_signal(signal.SIGCONT)
        wait_for(lambda: 1000 in subscriber.seqs(), "the last packet")
        self.check_account(subscriber.packets(), 1000)
        # At least those in the queue; the broker may take more while packets are still read.
        self.assertIn(len(subscriber.seqs()), range(100, 1000))

    def test_dropped_packet_passes_on_its_own_drops(self):
        """A packet dropped from the queue had a drop of the kernel before it: both are counted."""
        publisher = self.publish("--queue-messages", "1")
        self.device.wait_for_client()
        self.device.edges(0, dropped=5)
        self.device.edges(0)
        publisher.wait_for_message("6 packets dropped")
        self.broker.start()
        subscriber = self.subscribe()
        wait_for(subscriber.packets, "a packet")
        self.assertEqual(subscriber.packets()[0]["dropped_unsent"], 6)
        self.check_account(subscriber.packets(), 7)

    def test_queue_is_bounded_in_bytes(self):
        """The queue of messages has a limit in bytes, too."""
        publisher = self.publish("--queue-messages", "1000000", "--queue-bytes", "1048576")
        self.device.wait_for_client()
        self.device.edges(*[0] * 10000)
        publisher.wait_for_message("packets dropped")
        self.broker.start()
        subscriber = self.subscribe()
        wait_for(lambda: 10000 in subscriber.seqs(), "the last packet")
        self.check_account(subscriber.packets(), 10000)
        self.assertLess(len(subscriber.seqs()), 1048576 // 250)
        self.assertGreater(len(subscriber.seqs()), 1048576 // 500)

    def test_slow_broker(self):
        """With a slow connection, at most --max-unconfirmed packets are unconfirmed."""
        self.broker.start()
        proxy = self.proxy(rate=100000)
        self.publish("--max-unconfirmed", "30", port=proxy.port)
        self.device.wait_for_client()
        self.device.edges(*[0] * 1000)
        wait_for(lambda: 1000 in proxy.seqs(), "the last packet")
        self.check_account(proxy.confirmed, 1000)
        self.assertEqual(proxy.most_unconfirmed, 30)

    def test_delay_between_attempts_grows(self):
        """The delays between attempts to connect are at least half of 1, 2, 4 seconds."""
        times = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            publisher = self.publish("--max-delay", "60", port=server.getsockname()[1])
            while len(times) < 4:
                server.accept()[0].close()
                times.append(time.monotonic())
            publisher.wait_for_message("127.0.0.1: ", 3)
        for number, (before, after) in enumerate(zip(times, times[1:])):
            self.assertGreaterEqual(after - before, 2 ** number / 2 - 0.01)

    def test_password(self):
        """A wrong password is reported and tried again; the right one works."""
        self.use_broker(anonymous=False, more=f"password_file {self.path('users')}")
        self.write("users", "", 0o644)
        subprocess.run(["mosquitto_passwd", "-b", self.path("users"), "door", "secret"], check=True)
        self.broker.start()
        wrong = self.publish("--username", "door", "--password-file", self.write("wrong", "x\n"))
        wrong.wait_for_message("not authorised", 2)
        self.assertIsNone(wrong.process.poll())
        wrong.stop(signal.SIGKILL)
        right = self.publish("--username", "door", "--password-file",
                             self.write("right", "secret\n"))
        right.wait_for_message("connected")


class Tls(Case):
    """TLS."""

    def openssl(self, *arguments):
        """Run openssl in the directory of the test."""
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, timeout=SECONDS,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def authority(self, name):
        """Create a certificate authority."""
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                     f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def certificate(self, name, authority):
        """Create a key and a certificate."""
        self.write("extensions", "subjectAltName=IP:127.0.0.1\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey",
                     f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile",
                     "extensions", "-out", f"{name}.crt")
        os.chmod(self.path(f"{name}.key"), 0o644)

    def test_certificates_are_verified(self):
        """Both sides verify certificates; an error is reported with its reason and retried."""
        self.authority("ca")
        self.authority("other")
        self.certificate("broker", "ca")
        self.certificate("client", "ca")
        self.use_broker(more="\n".join((
            f"cafile {self.path('ca.crt')}", f"certfile {self.path('broker.crt')}",
            f"keyfile {self.path('broker.key')}", "require_certificate true",
            "use_identity_as_username true")))
        self.broker.start()
        client = ("--cert", self.path("client.crt"), "--key", self.path("client.key"))
        wrong = self.publish("--cafile", self.path("other.crt"), *client)
        wrong.wait_for_message("certificate verify failed", 2)
        wrong.stop(signal.SIGKILL)
        broken = self.publish("--cafile", self.write("broken", ""), *client)
        broken.wait_for_message("Unable to load CA certificates", 2)
        broken.stop(signal.SIGKILL)
        without = self.publish("--cafile", self.path("ca.crt"))
        without.wait_for_message("127.0.0.1: ", 2)
        self.assertFalse([line for line in without.log if "connected" in line])
        without.stop(signal.SIGKILL)
        self.publish("--cafile", self.path("ca.crt"), *client).wait_for_message("connected")


class States(Case):
    """Retained levels, availability and discovery."""

    def test_level_is_retained(self):
        """The levels are published at the start and after each edge."""
        self.device.edges(1)
        self.broker.start()
        self.publish()
        self.retained(level_topic("left"), "0")
        self.retained(level_topic("right"), "1")
        self.device.edges(0, 1)
        self.retained(level_topic("left"), "1")
        self.retained(level_topic("right"), "0")

    def test_level_after_broker_lost_its_state(self):
        """A broker that has lost its retained messages gets them again."""
        self.broker.start()
        publisher = self.publish()
        self.device.wait_for_client()
        self.device.edges(0)
        self.retained(level_topic("left"), "1")
        self.broker.stop(signal.SIGKILL)
        self.device.edges(1, 0)
        if os.path.exists(self.path("mosquitto.db")):
            os.unlink(self.path("mosquitto.db"))
        self.broker.start()
        publisher.wait_for_message(": connected", 2)
        self.retained(level_topic("left"), "0")
        self.retained(level_topic("right"), "1")
        self.retained(AVAILABILITY, "online")

    def test_level_after_drops(self):
        """The levels are right although the packets that changed them were dropped."""
        publisher = self.publish("--queue-messages", "1")
        self.device.wait_for_client()
        self.device.edges(0, 1, 1, 1, 0, 0)
        publisher.wait_for_message("packets dropped")
        self.broker.start()
        self.retained(level_topic("left"), "1")
        self.retained(level_topic("right"), "1")

    def test_replayed_packets_do_not_change_levels(self):
        """The levels at the start are those of now, not those in replayed packets."""
        self.device.edges(0, 1, 0, 1, 0)
        self.device.levels = 0b10
        self.broker.start()
        levels = self.subscribe("notify/+/+/+/level")
        subscriber = self.subscribe(name="packets")
        self.publish()
        wait_for(lambda: 5 in subscriber.seqs(), "the last packet")
        wait_for(lambda: len(levels.messages) >= 2, "levels")
        self.assertEqual(levels.last(), {level_topic("left"): "0", level_topic("right"): "1"})
        self.assertEqual(len(levels.messages), 2)

    def test_names_of_lines(self):
        """Lines without a name have a number; special characters are escaped."""
        self.device.remove()
        with Device(self.path("names"), ("", "a/b", "+#", "same", "same", "Tür")):
            self.broker.start()
            self.publish("--level-topic", "l/{name}", devices=("names",))
            for name in ("line0", "a%2Fb", "%2B%23", "same-3", "same-4", "Tür"):
                self.retained(f"l/{name}", "0")

    def test_last_will(self):
        """A publisher that is killed is offline."""
        self.broker.start()
        publisher = self.publish()
        self.retained(AVAILABILITY, "online")
        publisher.stop(signal.SIGKILL)
        self.retained(AVAILABILITY, "offline")

    def test_offline_after_sigterm(self):
        """A publisher that ends is offline and exits with 0."""
        self.broker.start()
        publisher = self.publish()
        self.retained(AVAILABILITY, "online")
        self.assertEqual(publisher.stop(), 0)
        self.retained(AVAILABILITY, "offline")

    def test_removed_device_is_offline(self):
        """A device that is removed is offline until it is present again."""
        self.broker.start()
        subscriber = self.subscribe()
        self.publish()
        self.device.wait_for_client()
        self.device.edges(0)
        self.retained(AVAILABILITY, "online")
        self.device.remove()
        self.retained(AVAILABILITY, "offline")
        self.device.register()
        self.device.wait_for_client()
        self.device.edges(0)
        self.retained(AVAILABILITY, "online")
        wait_for(lambda: len(subscriber.packets()) == 2, "a packet of each device")
        self.assertEqual([json.loads(text).get("event") or json.loads(text)["seq"]
                          for _, _, text in subscriber.messages], [1, "removed", "added", 1])

    def test_device_absent_at_start(self):
        """A device that is absent is offline, and read when it appears."""
        self.device.remove()
        self.broker.start()
        publisher = self.publish()
        publisher.wait_for_message("not present, waiting")
        self.retained(AVAILABILITY, "offline")
        subscriber = self.subscribe()
        self.device.register()
        self.device.wait_for_client()
        self.device.edges(0)
        wait_for(subscriber.packets, "a packet")
        self.retained(AVAILABILITY, "online")


class HomeAssistant(Case):
    """Discovery."""

    def topic(self, line):
        """Return the discovery topic of a line."""
        return f"homeassistant/binary_sensor/notify_{HOST}_door_{line}/config"

    def test_discovery(self):
        """Each line has a retained configuration with the required members."""
        self.broker.start()
        self.publish("--home-assistant")
        self.device.wait_for_client()
        for number, name in enumerate(LINES):
            topic = self.topic(number)
            text = wait_for(lambda t=topic: mosquitto.get_retained(self.broker.port, t).get(t),
                            topic)
            config = json.loads(text)
            self.assertLessEqual({
                "name": name, "unique_id": f"notify_{HOST}_door_{number}",
                "state_topic": level_topic(name), "payload_on": "1", "payload_off": "0",
                "availability_topic": AVAILABILITY}.items(), config.items())
            self.assertEqual(config["device"]["identifiers"], [f"notify_{HOST}_door"])
            self.assertEqual(config["device"]["name"], f"{HOST} door")
            self.assertIn("name", config["origin"])
            self.retained(config["state_topic"], "0")
            self.retained(config["availability_topic"], "online")

    def test_birth(self):
        """The configuration is published again after Home Assistant's birth message."""
        self.broker.start()
        subscriber = self.subscribe("ha/#")
        self.publish("--home-assistant=ha")
        wait_for(lambda: len(subscriber.messages) == 2, "two configurations")
        mosquitto.publish(self.broker.port, "ha/status", "offline")
        mosquitto.publish(self.broker.port, "ha/status", "online")
        wait_for(lambda: len(subscriber.messages) == 6, "two configurations again")

    def test_no_discovery_by_default(self):
        """Nothing is announced without the option."""
        self.broker.start()
        self.publish()
        self.retained(AVAILABILITY, "online")
        self.assertEqual(mosquitto.get_retained(self.broker.port, "homeassistant/#"), {})


class Bridge(Case):
    """A broker that forwards to another one, as in Documentation/fleet.md."""

    def site(self):
        """Return the broker of a site that forwards to self.broker."""
        with open(os.path.join(TOP, "testing", "mqtt", "bridge.conf"), encoding="ascii") as file:
            text = file.read()
        # Brokers of this test set these options, and have other ports.
        text = "\n".join(line for line in text.splitlines()
                         if not line.startswith(("max_queued_messages", "persistence ")))
        directory = self.path("site")
        os.mkdir(directory)
        os.chmod(directory, 0o777)
        site = mosquitto.Broker(directory, more=text.replace("1884", str(self.broker.port)).replace(
            "restart_timeout 1 30", "restart_timeout 1"))
        self.addCleanup(site.stop, signal.SIGKILL)
        site.start()
        return site

    def test_central_broker_restarted(self):
        """Packets and levels arrive at the central broker although it was restarted."""
        self.broker.start()
        subscriber = self.subscribe()
        self.publish(port=self.site().port)
        self.device.wait_for_client()
        self.device.edges(0)
        wait_for(lambda: 1 in subscriber.seqs(), "packet 1")
        for _ in range(3):
            self.broker.stop()
            self.device.edges(*[0] * 100)
            self.broker.start()
            self.device.edges(*[0] * 100)
            wait_for(lambda: self.device.seq in subscriber.seqs(), "the last packet")
        self.check_account(subscriber.packets(), 601)
        self.retained(level_topic("left"), "1")

    def test_home_assistant_at_the_central_broker(self):
        """Discovery messages arrive at the central broker, and its birth message at the site."""
        self.broker.start()
        subscriber = self.subscribe("homeassistant/binary_sensor/#")
        self.publish("--home-assistant", port=self.site().port)
        # A bridge repeats messages when it connects.
        wait_for(lambda: len(subscriber.last()) == 2, "two configurations")
        subscriber.messages.clear()
        mosquitto.publish(self.broker.port, "homeassistant/status", "online")
        wait_for(lambda: len(subscriber.last()) == 2, "two configurations again")


class End(Case):
    """The end of the program."""

    def test_sigterm_sends_the_queue(self):
        """What is queued is sent before the program ends."""
        publisher = self.publish("--stop-timeout", str(SECONDS))
        self.device.wait_for_client()
        self.device.edges(*[0] * 5000)
        publisher.wait_for_message("refused")
        self.broker.start()
        subscriber = self.subscribe()
        self.assertEqual(publisher.stop(), 0)
        wait_for(lambda: len(subscriber.seqs()) == 5000, "5000 packets")

    def test_sigterm_reports_unsent_messages(self):
        """Without a broker, the program ends after the timeout and reports what is left."""
        publisher = self.publish("--stop-timeout", "1")
        self.device.wait_for_client()
        self.device.edges(*[0] * 50)
        publisher.wait_for_message("refused")
        self.assertEqual(publisher.stop(), 0)
        publisher.wait_for_message("door: not sent: 50 messages; not confirmed: 0")

    def test_killed_publisher_is_continued_by_the_next(self):
        """Packets lost with a killed publisher are replayed to the next one."""
        publisher = self.publish()
        self.device.wait_for_client()
        self.device.edges(*[0] * 64)
        publisher.stop(signal.SIGKILL)
        self.broker.start()
        subscriber = self.subscribe()
        self.publish()
        wait_for(lambda: len(subscriber.seqs()) == 64, "64 packets")
        self.check_account(subscriber.packets(), 64)


class BadInput(Case):
    """Wrong command lines and files."""

    def check(self, status, text, *arguments):
        """Check exit status and message."""
        result = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.PIPE, timeout=SECONDS, check=False,
                                errors="replace")
        self.assertIn(text, result.stdout + result.stderr)
        self.assertEqual(result.returncode, status)

    def test_usage(self):
        """A wrong command line has a message and exit status 2."""
        for text, *arguments in (
                ("no device",), ("--bad", "--bad", "door"), ("given twice", "door", "/dev/notify/door"),
                ("empty name", ""), ("empty name", "/dev/notify/"),
                ("--port must be 1 to 65535: 0", "-p", "0", "door"),
                ("--port must be 1 to 65535: 65536", "-p", "65536", "door"),
                ("--port must be 1 to 65535: 1x", "-p", "1x", "door"),
                ("--queue-messages must be 1 to 10000000: 0", "--queue-messages", "0", "door"),
                ("10000001", "--queue-messages", "10000001", "door"),
                ("1048575", "--queue-bytes", "1048575", "door"),
                ("1073741825", "--queue-bytes", "1073741825", "door"),
                ("1001", "--max-unconfirmed", "1001", "door"),
                ("empty name of a host", "-h", "", "door"),
                ("Unix socket", "-h", "/run/broker", "-p", "1883", "door"),
                ("wildcard", "-t", "notify/+", "door"), ("wildcard", "-t", "notify/#", "door"),
                ("unknown field", "-t", "{hots}", "door"),
                ("unknown field", "-t", "{host", "door"),
                ("unknown field", "-t", "{line}", "door"),
                ("begins with $", "-t", "$SYS", "door"), ("length", "-t", "", "door"),
                ("length", "-t", "a" * 501, "door"), ("UTF-8", "-t", b"\xff", "door"),
                ("several devices need {device}", "-t", "notify/{host}", "door", "gate"),
                ("several devices need {device}", "-i", "me", "door", "gate"),
                ("lines need {name} or {line}", "--level-topic", "level", "door"),
                ("unknown type", "--decode", "u7 x", "door"),
                ("need each other", "--cert", "/dev/null", "door"),
                ("--cert needs", "--cert", "/dev/null", "--key", "/dev/null", "door"),
                ("needs --username", "--password-file", self.write("password", "secret\n"), "door")):
            with self.subTest(arguments=arguments):
                self.check(2, text, *arguments)

    def test_files(self):
        """A file that cannot be read has a message and exit status 1."""
        self.check(1, "/nowhere: No such file", "--cafile", "/nowhere", "door")
        self.check(1, "/nowhere: No such file", "-u", "me", "--password-file", "/nowhere", "door")

    def test_other_device(self):
        """A device of another driver is an error."""
        self.check(1, "Not a notify_multi device", "--stop-timeout", "0", "/dev/null")

    def test_password_that_others_can_read(self):
        """A password that others can read has a warning."""
        self.broker.start()
        publisher = self.publish("-u", "me", "--password-file", self.write("p", "x", 0o644))
        publisher.wait_for_message("readable by all users")
        publisher.wait_for_message("connected")

    def test_instance_of_a_unit(self):
        """--unescape decodes the name of an instance."""
        with Device(self.path("front-door"), LINES) as device:
            self.broker.start()
            self.publish("--unescape", devices=("front\\x2ddoor",))
            device.wait_for_client()
            topic = f"notify/{HOST}/front-door/device/availability"
            self.retained(topic, "online")

    def test_help_and_version(self):
        """--help and --version exit with 0."""
        self.check(0, "--queue-bytes", "--help")
        self.check(0, "notify-mqtt 0", "--version")
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=SECONDS, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)


if __name__ == "__main__":
    unittest.main()
