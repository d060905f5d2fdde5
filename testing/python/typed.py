#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A program whose types mypy --strict checks. It runs without a device."""

import dataclasses
from typing import Annotated, Any, Dict, Optional, Tuple, assert_type

import notify_multi
from notify_multi import Device, Edge, GpioEvent, PacketEvent


@dataclasses.dataclass
class Sample:
    """A packet."""

    value: Annotated[int, "I"]


def print_edges(device: Device[GpioEvent]) -> None:
    """Use a device of known type."""
    for event in device:
        assert_type(event, GpioEvent)
        assert_type(event.edge, Edge)
        assert_type(event.name, str)
    levels: Dict[str, Optional[int]] = device.levels()
    print(levels, device.stats().dropped, device.read_events(max=1, timeout=None)[0].seq)


async def print_tasks(device: Device[PacketEvent[Sample]]) -> None:
    """Use a device in a task."""
    async for event in device:
        assert_type(event.packet, Sample)


def main() -> None:
    """Open a device with each kind of layout."""
    try:
        assert_type(notify_multi.open("missing"), Device[Any])
        assert_type(notify_multi.open("missing", GpioEvent), Device[GpioEvent])
        assert_type(notify_multi.open("missing", "=I"), Device[PacketEvent[Tuple[Any, ...]]])
        assert_type(notify_multi.open("missing", Sample), Device[PacketEvent[Sample]])
    except FileNotFoundError as error:
        print(error)


if __name__ == "__main__":
    main()
