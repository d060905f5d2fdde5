#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reads the packets of /dev/notify/test."""

import notify_multi

with notify_multi.open("test") as device:
    for event in device:
        print(event.seq, event.time, event.packet, "dropped before it:", event.dropped, flush=True)
