#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Decode the packets of a device to objects."""

import dataclasses
import typing

import notify_multi


@dataclasses.dataclass
class Sample:
    """struct sample { __u8 channel; float volts; };"""

    channel: typing.Annotated[int, "B"]
    volts: typing.Annotated[float, "3xf"]


with notify_multi.open("adc", Sample) as adc:
    for event in adc.events(timeout=1):
        print(event.seq, event.packet.channel, event.packet.volts)
