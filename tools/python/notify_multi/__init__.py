# SPDX-License-Identifier: GPL-2.0
"""Read the packets of notify_multi devices, such as the edges of GPIO lines.

    import notify_multi

    with notify_multi.open("buttons") as buttons:
        for event in buttons:
            print(event.time, event.name, event.edge.name, event.level)

Documentation/python.md describes the rest.
"""

from ._clock import Clock
from ._device import Device, Info, Stats, open
from ._events import Edge, Event, GpioEvent, IrqEvent, Levels, Line, PacketEvent
from ._layouts import LayoutError
from ._nodes import DeviceRemoved, Node, WrongDevice, devices

__all__ = ["Clock", "Device", "DeviceRemoved", "Edge", "Event", "GpioEvent", "Info", "IrqEvent",
           "LayoutError", "Levels", "Line", "Node", "PacketEvent", "Stats", "WrongDevice",
           "devices", "open"]
