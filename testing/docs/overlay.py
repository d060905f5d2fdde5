#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Apply parameters to an overlay as the Raspberry Pi firmware does with those in config.txt.

overlay.py OVERLAY.dtbo OUTPUT.dtbo [NAME=VALUE]...

__overrides__ lists the properties that each NAME sets: PROPERTY:OFFSET is a 32-bit number at that
offset, PROPERTY a string. Every property in __overrides__ must exist, with or without a parameter
that sets it.
"""

import sys

import libfdt

EXTRA_BYTES = 1024


def targets(fdt, value):
    """Parse the value of a property of __overrides__: yield (node, property, offset)."""
    data = bytes(value)
    while data:
        node = fdt.node_offset_by_phandle(int.from_bytes(data[:4], "big"))
        target, _, data = data[4:].partition(b"\0")
        name, _, offset = target.decode("ascii").partition(":")
        size = len(bytes(fdt.getprop(node, name)))
        if offset and int(offset) + 4 > size:
            raise ValueError(f"{name} has only {size} bytes, no number at {offset}")
        yield node, name, int(offset) if offset else None


def override(fdt, parameter, text):
    """Set the properties of a parameter; with text None only check that they exist."""
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
    """Yield the names of all parameters."""
    offset = fdt.first_property_offset(fdt.path_offset("/__overrides__"))
    while offset >= 0:
        yield fdt.get_property_by_offset(offset).name
        offset = fdt.next_property_offset(offset, libfdt.QUIET_NOTFOUND)


def main():
    """Read, check and change the overlay, and write the result."""
    source, output, *arguments = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read()
    fdt = libfdt.Fdt(data)
    fdt.resize(len(data) + EXTRA_BYTES)
    for name in list(parameters(fdt)):
        override(fdt, name, None)
    for argument in arguments:
        name, _, text = argument.partition("=")
        override(fdt, name, text)
    fdt.pack()
    with open(output, "wb") as file:
        file.write(fdt.as_bytearray()[:fdt.totalsize()])


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, libfdt.FdtException) as error:
        sys.exit(f"overlay.py: {error!r}")
