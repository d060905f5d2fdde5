#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the packets of several devices in one thread."""

import selectors
import sys

import notify_multi

selector = selectors.DefaultSelector()
for name in sys.argv[1:]:
    selector.register(notify_multi.open(name), selectors.EVENT_READ)
while selector.get_map():
    for key, _ in selector.select():
        device = key.fileobj
        try:
            for event in device.read_events():
                print(device.name, event.seq, event.packet, flush=True)
        except notify_multi.DeviceRemoved as error:
            print(error, flush=True)
            selector.unregister(device)
            device.close()
