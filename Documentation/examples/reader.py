#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reads the packets of /dev/notify/test."""

import struct

with open("/dev/notify/test", "rb", buffering=0) as device:
    while record := device.read(48):                    # a header of 32 bytes, a packet of 16
        seq, ns, status, dropped, size, flags, packet = struct.unpack("=QQiIII16s", record)
        print(seq, ns, packet, "dropped before it:", dropped, flush=True)
