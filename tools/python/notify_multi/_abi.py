# SPDX-License-Identifier: GPL-2.0
"""Structures and ioctl numbers of <linux/notify_multi.h>, notify_gpio.h and notify_irq.h.

All structures have the same layout for 32-bit and 64-bit programs, in the byte order of the CPU.
"""

from __future__ import annotations

import os
import struct
from typing import Dict, NamedTuple, Tuple

ABI_VERSION = 1
REC_REPLAY = 1
GPIO_UNCHANGED = 1
GPIO_MAX_LINES = 64
GPIO_LINE_ACTIVE_LOW = 1
# Flags of a line and the bias that they request.
GPIO_LINE_BIAS = {2: "pull-up", 4: "pull-down", 8: "disabled"}

# Members of structures with their codes for struct, in order. "x" is padding.
Members = Tuple[Tuple[str, str], ...]

RECORD: Members = (("seq", "Q"), ("timestamp_ns", "Q"), ("status", "i"), ("dropped", "I"),
                   ("size", "I"), ("flags", "I"))
INFO: Members = (("abi_version", "I"), ("packet_size", "I"), ("record_size", "I"),
                 ("max_packets", "I"), ("max_requests", "I"), ("replay", "I"), ("format", "I"),
                 ("clock", "I"), ("ring_bytes", "Q"), ("reserved", "24x"))
STATS: Members = (("abi_version", "I"), ("clients", "I"), ("pending_packets", "I"),
                  ("pending_requests", "I"), ("seq", "Q"), ("next", "Q"), ("delivered", "Q"),
                  ("dropped", "Q"), ("reserved", "16x"))
GPIO_EVENT: Members = (("line", "I"), ("edge", "I"), ("level", "I"), ("line_seqno", "I"),
                       ("levels", "Q"), ("flags", "I"), ("reserved", "4x"))
GPIO_LEVELS: Members = (("levels", "Q"), ("valid", "Q"), ("seq", "Q"))
GPIO_LINE: Members = (("line", "I"), ("offset", "I"), ("flags", "I"), ("edges", "I"),
                      ("debounce_ms", "I"), ("reserved", "12x"), ("name", "32s"), ("chip", "32s"))
IRQ_EVENT: Members = (("irq_count", "I"), ("nregs", "I"), ("irq", "I"), ("reserved", "4x"))


def layout(members: Members) -> struct.Struct:
    """Return the Struct of members."""
    return struct.Struct("=" + "".join(code for _, code in members))


class IoctlEncoding(NamedTuple):
    """How an architecture encodes ioctl numbers."""

    read: int
    write: int
    direction_shift: int


# By the machine of uname(), or its beginning. All others are like x86 and ARM.
COMMON_ENCODING = IoctlEncoding(read=2, write=1, direction_shift=30)
ENCODINGS: Dict[str, IoctlEncoding] = {
    **dict.fromkeys(("alpha", "mips", "ppc", "sparc"),
                    IoctlEncoding(read=2, write=4, direction_shift=29)),
    "parisc": IoctlEncoding(read=1, write=2, direction_shift=30),
}


def encoding(machine: str) -> IoctlEncoding:
    """Return the encoding of ioctl numbers of a machine."""
    for prefix, found in ENCODINGS.items():
        if machine.startswith(prefix):
            return found
    return COMMON_ENCODING


class Ioctls:
    """The ioctl numbers of a machine."""

    def __init__(self, machine: str) -> None:
        code = encoding(machine)

        def ioctl(direction: int, number: int, size: int) -> int:
            return direction << code.direction_shift | size << 16 | ord("N") << 8 | number

        self.get_info = ioctl(code.read, 0xa0, layout(INFO).size)
        self.get_stats = ioctl(code.read, 0xa1, layout(STATS).size)
        self.set_max_packets = ioctl(code.write, 0xa3, 4)
        self.gpio_get_levels = ioctl(code.read, 0xb0, layout(GPIO_LEVELS).size)
        self.gpio_get_line = ioctl(code.read | code.write, 0xb1, layout(GPIO_LINE).size)


IOCTLS = Ioctls(os.uname().machine)
