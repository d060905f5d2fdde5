#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the parts of the Python package that need no device: the ABI and layouts."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing
import unittest
import unittest.mock

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PACKAGE = os.path.join(TOP, "tools", "python")
sys.path.insert(0, PACKAGE)

from notify_multi import Edge, GpioEvent, LayoutError, _abi, _clock, _layouts  # noqa: E402

# setup.sh installs gcc-12, which may be the only compiler.
CC = os.environ.get("CC") or shutil.which("gcc") or "gcc-12"
HEADERS = ("notify_multi", "notify_gpio", "notify_irq")
STRUCTURES = {"notify_multi_record": _abi.RECORD, "notify_multi_info": _abi.INFO,
              "notify_multi_stats": _abi.STATS, "notify_gpio_event": _abi.GPIO_EVENT,
              "notify_gpio_levels": _abi.GPIO_LEVELS, "notify_gpio_line": _abi.GPIO_LINE,
              "notify_irq_event": _abi.IRQ_EVENT}
IOCTLS = {"NOTIFY_MULTI_IOC_GET_INFO": "get_info", "NOTIFY_MULTI_IOC_GET_STATS": "get_stats",
          "NOTIFY_MULTI_IOC_SET_MAX_PACKETS": "set_max_packets",
          "NOTIFY_GPIO_IOC_GET_LEVELS": "gpio_get_levels",
          "NOTIFY_GPIO_IOC_GET_LINE": "gpio_get_line"}
CONSTANTS = {"NOTIFY_MULTI_REC_REPLAY": _abi.REC_REPLAY,
             "NOTIFY_GPIO_UNCHANGED": _abi.GPIO_UNCHANGED,
             "NOTIFY_GPIO_LINE_ACTIVE_LOW": _abi.GPIO_LINE_ACTIVE_LOW,
             "NOTIFY_GPIO_EDGE_NONE": Edge.NONE, "NOTIFY_GPIO_EDGE_RISING": Edge.RISING,
             "NOTIFY_GPIO_EDGE_FALLING": Edge.FALLING,
             **{"NOTIFY_GPIO_LINE_" + ("BIAS_DISABLED" if bias == "disabled" else
                                       bias.upper().replace("-", "_")): flag
                for flag, bias in _abi.GPIO_LINE_BIAS.items()},
             "NOTIFY_MULTI_CLOCK_MONOTONIC": 0, "NOTIFY_MULTI_CLOCK_BOOTTIME": 1,
             "NOTIFY_MULTI_CLOCK_REALTIME": 2}


def members(name):
    """Return the names of a structure's members in the headers."""
    for header in HEADERS:
        with open(f"{TOP}/uapi/linux/{header}.h", encoding="ascii") as file:
            found = re.search(rf"^struct {name} {{\n(.*?)^}};", file.read(),
                              re.MULTILINE | re.DOTALL)
        if found:
            return re.findall(r"(\w+)(?:\[\w*\])?;", found[1])
    raise LookupError(name)


def run_c(statements):
    """Compile and run C statements. Return the output's lines, each a name and a number."""
    includes = "".join(f"#include <linux/{header}.h>\n" for header in HEADERS)
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "abi")
        text = f"#include <stdio.h>\n#include <stddef.h>\n{includes}int main(void) {{ {statements} }}"
        subprocess.run((CC, f"-I{TOP}/uapi", "-xc", "-", "-o", program),
                       input=text, text=True, check=True)
        output = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: int(value) for name, value in map(str.split, output.splitlines())}


class AbiTest(unittest.TestCase):
    """The headers and the package have the same constants and structures."""

    def test_constants(self):
        self.assertEqual(CONSTANTS, run_c("".join(f'printf("{name} %d\\n", (int){name});'
                                                  for name in CONSTANTS)))

    def test_ioctls(self):
        ioctls = run_c("".join(f'printf("{name} %u\\n", {name});' for name in IOCTLS))
        self.assertEqual(ioctls, {name: getattr(_abi.IOCTLS, attribute)
                                  for name, attribute in IOCTLS.items()})

    def test_ioctls_of_machines(self):
        for machine, read, write, both in (
                ("x86_64", 0x80404ea0, 0x40044ea3, 0xc0604eb1),
                ("aarch64", 0x80404ea0, 0x40044ea3, 0xc0604eb1),
                ("ppc64le", 0x40404ea0, 0x80044ea3, 0xc0604eb1),
                ("mips", 0x40404ea0, 0x80044ea3, 0xc0604eb1),
                ("parisc64", 0x40404ea0, 0x80044ea3, 0xc0604eb1)):
            ioctls = _abi.Ioctls(machine)
            with self.subTest(machine):
                self.assertEqual((ioctls.get_info, ioctls.set_max_packets, ioctls.gpio_get_line),
                                 (read, write, both))

    def test_structures(self):
        statements, expected = [], {}
        for structure, layout in STRUCTURES.items():
            offset = 0
            for name, code in layout:
                statements.append(f'printf("{structure}.{name} %zu\\n", '
                                  f"offsetof(struct {structure}, {name}));")
                expected[f"{structure}.{name}"] = offset
                offset += _abi.layout(((name, code),)).size
            statements.append(f'printf("{structure} %zu\\n", sizeof(struct {structure}));')
            expected[structure] = offset
        self.assertEqual(run_c("".join(statements)), expected)

    def test_members_in_order(self):
        for structure, layout in STRUCTURES.items():
            with self.subTest(structure):
                self.assertEqual([name for name in members(structure) if name != "regs"],
                                 [name for name, _ in layout])


@dataclasses.dataclass
class NotAnnotated:
    """Its field has no code."""

    value: int


class LayoutTest(unittest.TestCase):
    """Layouts that do not fit, and what they report."""

    def test_errors(self):
        for layout, message in (
                ("=H", "the layout has 2 bytes, but packets have 4"),
                ("=y", "'=y': bad char in struct format"),
                (NotAnnotated, "NotAnnotated.value: use Annotated[type, code for struct]"),
                (GpioEvent, "the layout has 32 bytes, but packets have 4"),
                (7, "not a format or type: 7")):
            with self.subTest(layout), self.assertRaises(LayoutError) as raised:
                _layouts.find_layout(layout, "", 4)
            self.assertEqual(str(raised.exception), message)

    def test_codes_of_fields(self):
        for code in ("2H", "4x", "y", ""):
            cls = dataclasses.make_dataclass("Packet", [("value", typing.Annotated[int, code])])
            with self.subTest(code), self.assertRaises(LayoutError):
                _layouts.find_layout(cls, "", 4)

    def test_layout_of_driver(self):
        for driver, size, base in (("notify_gpio", 32, "GpioEvent"), ("notify_irq", 24, "IrqEvent"),
                                   ("", 3, "PacketEvent"), ("other", 32, "PacketEvent")):
            with self.subTest(driver):
                self.assertEqual(_layouts.find_layout(None, driver, size).base.__name__, base)


class WallClockTest(unittest.TestCase):
    """The offset of the wall clock, with clocks that advance by a step at each reading."""

    def setUp(self):
        self.now, self.offset, self.step = 10**9, 10**18, 100
        self.enterContext(unittest.mock.patch("time.clock_gettime_ns", self.read))
        self.clock = _clock.WallClock(_clock.Clock.MONOTONIC)

    def read(self, clock):
        """Return the time of a clock."""
        self.now += self.step
        return self.now + (self.offset if clock == time.CLOCK_REALTIME else 0)

    def microseconds(self):
        """Return the time of the monotonic clock's start, in microseconds."""
        return round(self.clock.datetime(0).timestamp() * 10**6)

    def test_offset(self):
        self.assertEqual(self.microseconds(), 10**15)

    def test_slow_reading_changes_nothing(self):
        self.microseconds()
        self.step = 10**9
        self.assertEqual(self.microseconds(), 10**15)

    def test_clock_is_set(self):
        for offset in (10**18 + 10**6, 10**18 - 10**6):
            self.microseconds()
            self.offset = offset
            with self.subTest(offset):
                self.assertEqual(self.microseconds(), offset // 1000)

    def test_realtime_is_not_converted(self):
        self.clock = _clock.WallClock(_clock.Clock.REALTIME)
        self.assertEqual(self.microseconds(), 0)


class VersionTest(unittest.TestCase):
    """The version is that of Kbuild."""

    def test_version(self):
        with open(f"{TOP}/Kbuild", encoding="ascii") as file:
            version = re.search(r"^NOTIFY_MULTI_VERSION := (.*)$", file.read(), re.MULTILINE)[1]
        stub = "import sys, types, runpy; m = types.ModuleType('setuptools'); " \
               "m.setup = lambda version: print(version); sys.modules['setuptools'] = m; " \
               "runpy.run_path(sys.argv[1])"
        output = subprocess.run((sys.executable, "-c", stub, f"{PACKAGE}/setup.py"), text=True,
                                check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(output.strip(), version)


if __name__ == "__main__":
    unittest.main()
