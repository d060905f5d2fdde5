#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reads the packets of /dev/notify/test."""

import struct

with open("/dev/notify/test", "rb", buffering=0) as device:
    while record := device.read(48):                    # 32 bytes, and a packet of 16
        seq, ns, status, lost, size, flags, packet = struct.unpack("=QQiIII16s", record)
        print(seq, ns, packet, "lost before it:", lost, flush=True)
