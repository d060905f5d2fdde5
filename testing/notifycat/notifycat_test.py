#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the parts of notifycat that need no device: JSON, CSV and the wall clock."""

import csv
import ctypes
import datetime
import io
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TOOLS = os.path.join(TOP, "tools")
# setup.sh installs gcc-12, which may be the only compiler.
CC = (os.environ.get("CC") or shutil.which("gcc") or "gcc-12", "-O2", "-Wall", "-Wextra",
      "-Werror", "-D_GNU_SOURCE", "-I" + TOOLS, "-I" + os.path.join(TOP, "uapi"))
PRINT = ("formats", "format_bytes", "format_csv", "format_json", "format_text", "format_vcd",
         "clock", "field", "layout", "layout_parse", "message", "print", "timescale")
# A clock whose readings a test supplies.
FAKE_CLOCK = """
#include <stdint.h>
#include <time.h>

uint64_t (*fake_clock)(int id);

int clock_gettime(clockid_t id, struct timespec *now)
{
	uint64_t ns = fake_clock(id);

	*now = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	return 0;
}
"""
REPLACEMENT = "\ufffd"
# Bytes of a text and their characters.
TEXTS = {
    b"": "",
    b"plain": "plain",
    b'"quoted", \\': '"quoted", \\',
    b"a,b": "a,b",
    b"two\r\nlines": "two\r\nlines",
    bytes(range(1, 0x80)): "".join(map(chr, range(1, 0x80))),
    # First and last character of each length, and around the surrogates.
    "\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff".encode():
        "\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff",
    "Tür 戸 🚪".encode(): "Tür 戸 🚪",
    b"\x80z\xbf": f"{REPLACEMENT}z{REPLACEMENT}",
    b"\xfe\xff": REPLACEMENT * 2,
    # Overlong, a surrogate, beyond U+10FFFF.
    b"\xc0\x80\xc1\xbf": REPLACEMENT * 4,
    b"\xe0\x9f\xbf": REPLACEMENT * 3,
    b"\xed\xa0\x80": REPLACEMENT * 3,
    b"\xf0\x8f\xbf\xbf": REPLACEMENT * 4,
    b"\xf4\x90\x80\x80": REPLACEMENT * 4,
    b"\xf5\x80\x80\x80": REPLACEMENT * 4,
    # The field ends within a character.
    b"\xe6\x88": REPLACEMENT * 2,
    b"\xe6a": f"{REPLACEMENT}a",
}


def compile_program(output, *arguments):
    """Compile a program or library."""
    subprocess.run((*CC, "-o", output, *arguments), check=True)


def source(name):
    """Return the path of a source of notifycat."""
    return os.path.join(TOOLS, name + ".c")


class FormatTest(unittest.TestCase):
    """Any text survives JSON and CSV."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.program = os.path.join(cls.directory.name, "print")
        compile_program(cls.program, os.path.join(os.path.dirname(__file__), "print.c"),
                        *map(source, PRINT))

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def print(self, output_format, layout, packet, device=b"device"):
        """Return the output for a packet."""
        return subprocess.run((self.program, device, output_format, layout), input=packet,
                              stdout=subprocess.PIPE, check=True).stdout

    def print_text(self, output_format, text, device=b"device"):
        """Return the output for a packet that is a text."""
        return self.print(output_format, f"char[{len(text)}] text", text, device)

    def jq(self, query, text):
        """Return the output of jq without its last newline."""
        return subprocess.run(("jq", "-j", query), input=text, stdout=subprocess.PIPE,
                              check=True).stdout.decode()

    def test_json_text(self):
        for text, characters in TEXTS.items():
            with self.subTest(text):
                if text:
                    output = self.print_text("json", text)
                    self.assertEqual(json.loads(output)["text"], characters)
                    self.assertEqual(self.jq(".text", output), characters)
                output = self.print_text("json", b"x", text)
                self.assertEqual(json.loads(output)["device"], characters)
                self.assertEqual(output.count(b"\n"), 1)

    def test_json_integers(self):
        version = subprocess.run(("jq", "--version"), stdout=subprocess.PIPE, check=True).stdout
        exact = tuple(map(int, version.decode().strip()[3:].split("-")[0].split("."))) >= (1, 7)
        for value in (0, 2**53, 2**53 + 1, 2**63 - 1, 2**64 - 1):
            output = self.print("json", "u64 value", struct.pack("=Q", value))
            self.assertEqual(json.loads(output)["value"], value)
            printed = self.jq(".value", output)
            # Older versions of jq round to a double.
            self.assertEqual(float(printed), float(value))
            if exact or value <= 2**53:
                self.assertEqual(printed, str(value))
        output = self.print("json", "s64 value", struct.pack("=q", -2**63))
        self.assertEqual(json.loads(output)["value"], -2**63)
        self.assertEqual(json.loads(output)["seq"], 2**64 - 1)

    def test_csv_text(self):
        for text, characters in TEXTS.items():
            with self.subTest(text):
                if text:
                    rows = self.csv_rows(self.print_text("csv", text))
                    self.assertEqual(rows[1][-1], characters)
                rows = self.csv_rows(self.print_text("csv", b"x", text))
                self.assertEqual(rows[1][0], characters)

    def csv_rows(self, output):
        """Return the header and the row of a CSV."""
        rows = list(csv.reader(io.StringIO(output.decode(), newline=""), strict=True))
        self.assertEqual(rows[0], ["device", "seq", "time", "status", "dropped", "replay", "text"])
        self.assertEqual([len(row) for row in rows], [7, 7])
        return rows

    def test_csv_quotes_only_where_needed(self):
        for text, field in ((b"a b;c'", b"a b;c'"), (b'a"b', b'"a""b"'), (b"a,b", b'"a,b"'),
                            (b"a\nb", b'"a\nb"'), (b"a\rb", b'"a\rb"'), (b"\0", b'""')):
            self.assertTrue(self.print_text("csv", text).endswith(b",0," + field + b"\n"), text)

    def test_vcd_names_are_words(self):
        output = self.print("vcd", "u8 value", b"\1", "my device\n\u00e9".encode())
        self.assertIn(b"$scope module my_device___ $end", output)


class WallClockTest(unittest.TestCase):
    """The wall clock is computed from readings that may be preempted."""

    OFFSET = 1764432000_123456789

    def setUp(self):
        self.now = 10**12
        self.offset = self.OFFSET
        self.suspended = 0
        # Times between the readings of the clocks; then 20.
        self.delays = []
        with tempfile.TemporaryDirectory() as directory:
            fake = os.path.join(directory, "fake.c")
            with open(fake, "w", encoding="ascii") as file:
                file.write(FAKE_CLOCK)
            library = os.path.join(directory, "clock.so")
            compile_program(library, "-shared", "-fPIC", "-Wl,-Bsymbolic", source("clock"), fake)
            self.library = ctypes.CDLL(library)
        self.callback = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_int)(self.read)
        ctypes.c_void_p.in_dll(self.library, "fake_clock").value = ctypes.cast(
            self.callback, ctypes.c_void_p).value
        os.environ["TZ"] = "UTC0"

    def read(self, clock):
        """Read a clock: 0 is CLOCK_REALTIME, 1 is CLOCK_MONOTONIC, 7 is CLOCK_BOOTTIME."""
        self.now += self.delays.pop(0) if self.delays else 20
        return self.now + {0: self.offset, 1: 0, 7: self.suspended}[clock]

    def error(self, timestamp=10**12, clock=0):
        """Return the error of a wall-clock time, in nanoseconds."""
        text = ctypes.create_string_buffer(64)
        self.library.clock_wall_text(ctypes.c_uint64(timestamp), clock, text)
        date, fraction = text.value.decode().removesuffix("+00:00").split(".")
        seconds = datetime.datetime.fromisoformat(date + "+00:00").timestamp()
        return int(seconds) * 10**9 + int(fraction) - timestamp - self.offset

    def test_error_is_that_of_tightest_reading(self):
        self.delays = [33000] * 6 + [20, 20, 20]
        self.assertLessEqual(abs(self.error()), 20)

    def test_preemption_does_not_change_offset(self):
        before = self.error()
        self.delays = [33000] * 100
        self.assertEqual(self.error(), before)

    def test_boottime_before_suspend_is_printed_right(self):
        for suspended in (0, 3600 * 10**9):
            self.suspended = suspended
            self.offset = self.OFFSET + suspended
            # The difference to OFFSET, as error() returns that to the present offset.
            self.assertLessEqual(abs(self.error(clock=1) + suspended), 20)

    def test_realtime_is_printed_as_it_was(self):
        self.offset = 0
        self.assertEqual(self.error(self.OFFSET, clock=2), 0)

    def test_offset_follows_set_clock(self):
        for step in (10**9, -10**9, 100000, -1000):
            self.error()
            self.offset += step
            self.assertLessEqual(abs(self.error()), 20)


if __name__ == "__main__":
    unittest.main()
