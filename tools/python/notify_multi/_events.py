# SPDX-License-Identifier: GPL-2.0
"""Events: records with a decoded payload."""

from __future__ import annotations

import datetime
import enum
from typing import (TYPE_CHECKING, Any, ClassVar, Dict, Generic, NamedTuple, Optional, Tuple, Type,
                    TypeVar)

from . import _abi
from ._clock import Clock, WallClock

T = TypeVar("T")


class Edge(enum.IntEnum):
    """Direction of an edge. NONE reports a state: at the start, after resume, or after an error."""

    NONE = 0
    RISING = 1
    FALLING = 2


EDGES = tuple(Edge)


class Event:
    """What all events have in common. Each is a tuple, so it does not change.

    seq           number of the packet in the device's stream; the same for every reader
    timestamp_ns  time of the hardware event on the clock of the device
    status        0, or the negative errno that the source has broadcast with the packet
    dropped       packets dropped from this reader's queue immediately before this one
    flags         flags of the record
    """

    __slots__ = ()
    # The same for all events of a device; see derive().
    device: ClassVar[str] = ""
    names: ClassVar[Tuple[str, ...]] = ()
    wall_clock: ClassVar[WallClock] = WallClock(Clock.MONOTONIC)

    if TYPE_CHECKING:
        @property
        def seq(self) -> int: ...

        @property
        def timestamp_ns(self) -> int: ...

        @property
        def status(self) -> int: ...

        @property
        def dropped(self) -> int: ...

        @property
        def flags(self) -> int: ...

    @property
    def time(self) -> datetime.datetime:
        """Time of the hardware event in UTC, in microseconds."""
        return self.wall_clock.datetime(self.timestamp_ns)

    @property
    def replay(self) -> bool:
        """True if the packet was broadcast before this reader opened the device."""
        return bool(self.flags & _abi.REC_REPLAY)

    def __reduce__(self) -> Tuple[Any, ...]:
        """Let pickle find the class from which the device's class is derived."""
        cls = type(self)
        return restore, (cls.__bases__[0] if "device" in cls.__dict__ else cls, cls.device,
                         cls.names, cls.wall_clock.clock, tuple(self))  # type: ignore


def derive(base: Type[T], device: str, names: Tuple[str, ...], wall_clock: WallClock) -> Type[T]:
    """Return the class of a device's events."""
    return type(base.__name__, (base,), {
        "__slots__": (), "__module__": base.__module__, "__doc__": base.__doc__, "device": device,
        "names": names, "wall_clock": wall_clock})


def restore(base: Type[Any], device: str, names: Tuple[str, ...], clock: Clock,
            values: Tuple[Any, ...]) -> Any:
    """Return an event of a pickle."""
    return tuple.__new__(derive(base, device, names, WallClock(clock)), values)


class _GpioFields(NamedTuple):
    seq: int
    timestamp_ns: int
    status: int
    dropped: int
    flags: int
    line: int
    edge: int
    level: int
    line_seqno: int
    levels: int
    gpio_flags: int


class GpioEvent(_GpioFields, Event):
    """An edge of a GPIO line, or the state of all lines.

    line        index of the line in the device
    level       1 active, 0 inactive
    line_seqno  number of the line's edge
    levels      last observed levels of all lines: bit 0 is line 0
    """

    __slots__ = ()

    @property
    def edge(self) -> Edge:
        """Direction of the edge."""
        return EDGES[self[6]]

    @property
    def name(self) -> str:
        """Name of the line, empty if it has none."""
        return self.names[self[5]] if self[5] < len(self.names) else ""

    @property
    def unchanged(self) -> bool:
        """True if the level is that of the line's last packet: it has changed back before."""
        return bool(self.gpio_flags & _abi.GPIO_UNCHANGED)

    def named_levels(self) -> Dict[str, int]:
        """Return the levels of all lines by name, or by index if a line has none."""
        return {name or str(line): self.levels >> line & 1
                for line, name in enumerate(self.names)}


class _IrqFields(NamedTuple):
    seq: int
    timestamp_ns: int
    status: int
    dropped: int
    flags: int
    irq_count: int
    irq: int
    regs: Tuple[int, ...]


class IrqEvent(_IrqFields, Event):
    """An interrupt of a block with registers.

    irq_count  number of the block's interrupt
    irq        index of the interrupt in the firmware node
    regs       values of the registers in the interrupt handler, lowest offset first
    """

    __slots__ = ()


class _PacketFields(NamedTuple):
    seq: int
    timestamp_ns: int
    status: int
    dropped: int
    flags: int
    packet: Any


class PacketEvent(_PacketFields, Event, Generic[T]):
    """A packet of any other source: bytes, or what the layout makes of them."""

    __slots__ = ()

    if TYPE_CHECKING:
        @property
        def packet(self) -> T: ...


class Line(NamedTuple):
    """Settings of a GPIO line. bias is None if it is as the firmware left it."""

    line: int
    name: str
    chip: str
    offset: int
    active_low: bool
    bias: Optional[str]
    edges: Tuple[Edge, ...]
    debounce_ms: int


class Levels(Dict[str, Optional[int]]):
    """Levels of GPIO lines by name, or by index if a line has none. None: cannot be read.

    bits   levels as a mask: bit 0 is line 0
    valid  mask of the lines that could be read
    seq    seq of the last packet before the lines were read: that and earlier packets are older
    """

    def __init__(self, names: Tuple[str, ...], bits: int, valid: int, seq: int) -> None:
        super().__init__((name or str(line), bits >> line & 1 if valid >> line & 1 else None)
                         for line, name in enumerate(names))
        self.bits, self.valid, self.seq = bits, valid, seq
