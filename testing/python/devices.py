# SPDX-License-Identifier: GPL-2.0
"""Devices for tests: simulators of notify_sim, and GPIO lines of gpio-sim."""

import os

CONFIG = "/sys/kernel/config"


def write(path, value):
    """Write an attribute or a packet."""
    data = value if isinstance(value, bytes) else str(value).encode()
    with open(path, "wb", buffering=0) as file:
        file.write(data)


def read(path):
    """Return the text of an attribute."""
    with open(path, encoding="ascii") as file:
        return file.read().strip()


class Simulator:
    """A device of notify_sim whose packets are queued when broadcast() returns. Use "with"."""

    def __init__(self, name, packet_size, **attributes):
        self.name = name
        self.directory = f"{CONFIG}/notify_sim/{name}"
        self.attributes = {"context": "process", "packet_size": packet_size, **attributes}

    def __enter__(self):
        os.mkdir(self.directory)
        for name, value in self.attributes.items():
            self.set(name, value)
        self.set("live", 1)
        return self

    def __exit__(self, *_):
        self.remove()
        os.rmdir(self.directory)

    def set(self, name, value):
        """Set an attribute."""
        write(f"{self.directory}/{name}", value)

    def remove(self):
        """Remove the device."""
        self.set("live", 0)

    def broadcast(self, *packets):
        """Broadcast packets."""
        write(f"/dev/notify_sim/{self.name}", b"".join(packets))

    def clients(self):
        """Return the number of readers."""
        return int(read(f"/sys/class/misc/notify!{self.name}/clients"))


class GpioChip:
    """A controller of gpio-sim. Use "with"."""

    def __init__(self, label, lines):
        self.label, self.count = label, lines
        self.directory = f"{CONFIG}/gpio-sim/{label}"

    def __enter__(self):
        bank = f"{self.directory}/bank"
        os.makedirs(bank)
        write(f"{bank}/num_lines", self.count)
        write(f"{bank}/label", self.label)
        write(f"{self.directory}/live", 1)
        self.chip = read(f"{bank}/chip_name")
        self.lines = f"/sys/devices/platform/{read(self.directory + '/dev_name')}/{self.chip}"
        return self

    def __exit__(self, *_):
        write(f"{self.directory}/live", 0)
        os.rmdir(f"{self.directory}/bank")
        os.rmdir(self.directory)

    def move(self, line, level):
        """Set the level of an input."""
        write(f"{self.lines}/sim_gpio{line}/pull", "pull-up" if level else "pull-down")


class GpioDevice:
    """A device of notify_gpio on lines of a chip, each with its settings. Use "with"."""

    def __init__(self, name, chip, *lines, **attributes):
        self.name, self.chip, self.lines, self.attributes = name, chip, lines, attributes
        self.directory = f"{CONFIG}/notify_gpio/{name}"

    def __enter__(self):
        os.mkdir(self.directory)
        for name, value in self.attributes.items():
            write(f"{self.directory}/{name}", value)
        for number, settings in enumerate(self.lines):
            line = f"{self.directory}/line{number}"
            os.mkdir(line)
            for name, value in {"key": self.chip.label, **settings}.items():
                write(f"{line}/{name}", value)
        write(f"{self.directory}/live", 1)
        return self

    def __exit__(self, *_):
        write(f"{self.directory}/live", 0)
        for number, _ in enumerate(self.lines):
            os.rmdir(f"{self.directory}/line{number}")
        os.rmdir(self.directory)
