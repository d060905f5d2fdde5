#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the packets of several devices, each read by a task of asyncio."""

import asyncio
import sys

import notify_multi


async def watch(name):
    """Print the packets of a device until it is removed."""
    with notify_multi.open(name) as device:
        try:
            async for event in device:
                print(name, event.seq, event.packet, flush=True)
        except notify_multi.DeviceRemoved as error:
            print(error, flush=True)


async def main():
    """Watch all devices."""
    await asyncio.gather(*map(watch, sys.argv[1:]))


asyncio.run(main())
