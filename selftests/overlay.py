#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Gives an overlay parameters, as the Raspberry Pi's loader does with those of config.txt.

overlay.py OVERLAY.dtbo OUTPUT.dtbo [NAME=VALUE]...

__overrides__ says of each NAME which properties it sets: those named PROPERTY:OFFSET have a
32-bit number there, the others are strings. It fails if one that is named there is not in the
overlay, whatever parameters are given.
"""

import sys

import libfdt

ROOM = 1024


def targets(fdt, value):
    """Of a property of __overrides__: node, property and offset of each that it sets."""
    data = bytes(value)
    while data:
        node = fdt.node_offset_by_phandle(int.from_bytes(data[:4], "big"))
        where, _, data = data[4:].partition(b"\0")
        name, _, offset = where.decode("ascii").partition(":")
        size = len(bytes(fdt.getprop(node, name)))
        if offset and int(offset) + 4 > size:
            raise ValueError(f"{name} has {size} bytes, and nothing at {offset}")
        yield node, name, int(offset) if offset else None


def override(fdt, parameter, text):
    """Sets what a parameter sets; without a text it only looks whether that is there."""
    overrides = fdt.path_offset("/__overrides__")
    for node, name, offset in list(targets(fdt, fdt.getprop(overrides, parameter))):
        if text is None:
            continue
        if offset is None:
            fdt.setprop_str(node, name, text)
        else:
            value = bytearray(fdt.getprop(node, name))
            value[offset:offset + 4] = int(text, 0).to_bytes(4, "big")
            fdt.setprop(node, name, bytes(value))


def parameters(fdt):
    """The names of all parameters."""
    at = fdt.first_property_offset(fdt.path_offset("/__overrides__"))
    while at >= 0:
        yield fdt.get_property_by_offset(at).name
        at = fdt.next_property_offset(at, libfdt.QUIET_NOTFOUND)


def main():
    """Reads the overlay, checks it, gives it the parameters, and writes it."""
    source, output, *given = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read()
    fdt = libfdt.Fdt(data)
    fdt.resize(len(data) + ROOM)
    for name in list(parameters(fdt)):
        override(fdt, name, None)
    for parameter in given:
        name, _, text = parameter.partition("=")
        override(fdt, name, text)
    fdt.pack()
    with open(output, "wb") as file:
        file.write(fdt.as_bytearray()[:fdt.totalsize()])


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, libfdt.FdtException) as error:
        sys.exit(f"overlay.py: {error!r}")
