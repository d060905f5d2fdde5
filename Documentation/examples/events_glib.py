#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the packets of a device in GLib's main loop, as in a program with GTK."""

import sys

from gi.repository import GLib

import notify_multi


def on_readable(_fd, _condition):
    """Print what is queued, and end the loop when the device is removed."""
    try:
        for event in device.read_events():
            print(device.name, event.seq, event.packet, flush=True)
    except notify_multi.DeviceRemoved as error:
        print(error, flush=True)
        loop.quit()
    return GLib.SOURCE_CONTINUE


loop = GLib.MainLoop()
with notify_multi.open(sys.argv[1]) as device:
    GLib.io_add_watch(device.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_readable)
    loop.run()
