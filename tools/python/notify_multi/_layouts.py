# SPDX-License-Identifier: GPL-2.0
"""Layouts: how the records of a device become events, or rows of selected fields."""

from __future__ import annotations

import ctypes
import itertools
import operator
import struct
from typing import (Any, Callable, Iterable, Iterator, Optional, Tuple, Type, Union,
                    get_type_hints)

from . import _abi
from ._events import Event, GpioEvent, IrqEvent, PacketEvent

# A format for struct, a class of events, or a type of packets.
LayoutArgument = Union[None, str, Type[Any]]
Values = Tuple[Any, ...]

# The size of the payload is constant.
HEADER = tuple((name, "4x" if name == "size" else code) for name, code in _abi.RECORD)
HEADER_VALUES = len(HEADER) - 1
GPIO_MEMBERS = tuple(("gpio_flags" if name == "flags" else name, code)
                     for name, code in _abi.GPIO_EVENT)
IRQ_MEMBERS = tuple((name, "4x" if name == "nregs" else code) for name, code in _abi.IRQ_EVENT)


class LayoutError(ValueError):
    """The layout is invalid, or does not fit the packets of the device."""


class Layout:
    """Decodes records.

    base is the class of the events; members are those of the payload; make, if given, returns the
    fields of an event from the values of the payload.
    """

    def __init__(self, base: Type[Event], members: _abi.Members,
                 make: Optional[Callable[[Values], Values]] = None) -> None:
        self.base = base
        size = _abi.layout(members).size
        self.members = (*HEADER, *members, ("padding", f"{-size % 8}x"))
        self.make = make

    def decoder(self, cls: Type[Any]) -> Callable[[bytes], Iterator[Any]]:
        """Return a function that decodes records to events of a class derived from base."""
        unpack = _abi.layout(self.members).iter_unpack
        new, make = tuple.__new__, self.make
        if make is None:
            classes = itertools.repeat(cls)
            return lambda data: map(new, classes, unpack(data))
        fields = make
        return lambda data: (new(cls, values[:HEADER_VALUES] + fields(values[HEADER_VALUES:]))
                             for values in unpack(data))

    def row_decoder(self, names: Tuple[str, ...]) -> Callable[[bytes], Iterable[Values]]:
        """Return a function that decodes records to rows of these fields."""
        known = [name for name, code in self.members if not code.endswith("x")]
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise LayoutError(f"no field {', '.join(unknown) or 'is given'}: there are "
                              f"{', '.join(known)}")
        codes = [(name, code if name in names else f"{_abi.layout(((name, code),)).size}x")
                 for name, code in self.members]
        unpack = _abi.layout(tuple(codes)).iter_unpack
        order = [name for name in known if name in names]
        if order == list(names):
            return unpack
        select = operator.itemgetter(*map(order.index, names))
        return lambda data: map(select, unpack(data))


def packet_members(cls: Type[Any]) -> _abi.Members:
    """Return the members of a dataclass or NamedTuple whose fields are Annotated with codes."""
    members = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        code = next((code for code in getattr(hint, "__metadata__", ())
                     if isinstance(code, str)), None)
        if code is None:
            raise LayoutError(f"{cls.__name__}.{name}: use Annotated[type, code for struct]")
        try:
            unpacker = struct.Struct("=" + code)
            count = len(unpacker.unpack(bytes(unpacker.size)))
        except struct.error as error:
            raise LayoutError(f"{cls.__name__}.{name}: {code!r}: {error}") from None
        if count != 1:
            raise LayoutError(f"{cls.__name__}.{name}: {code!r} has {count} values instead of 1")
        members.append((name, code))
    if not members:
        raise LayoutError(f"{cls.__name__} has no fields")
    return tuple(members)


def typed_layout(cls: Type[Any], size: int) -> Tuple[Layout, int]:
    """Return the layout for a type, and its size."""
    raw = (("packet", f"{size}s"),)
    if issubclass(cls, GpioEvent):
        return Layout(cls, GPIO_MEMBERS), _abi.layout(GPIO_MEMBERS).size
    if issubclass(cls, IrqEvent):
        fixed = _abi.layout(IRQ_MEMBERS).size
        regs = max(size - fixed, 0) // 4
        members = (*IRQ_MEMBERS, *((f"reg{i}", "I") for i in range(regs)))
        return Layout(cls, members, lambda values: (*values[:2], values[2:])), fixed + 4 * regs
    if issubclass(cls, bytes):
        return Layout(PacketEvent, raw), size
    if issubclass(cls, ctypes.Structure):
        return (Layout(PacketEvent, raw, lambda values: (cls.from_buffer_copy(values[0]),)),
                ctypes.sizeof(cls))
    members = packet_members(cls)
    return Layout(PacketEvent, members, lambda values: (cls(*values),)), _abi.layout(members).size


def find_layout(argument: LayoutArgument, driver: str, size: int) -> Layout:
    """Return the layout for packets of a size; without an argument, that of the driver."""
    own = {"notify_gpio": GpioEvent, "notify_irq": IrqEvent}.get(driver)
    if argument is None:
        argument = own or bytes
    if isinstance(argument, str):
        try:
            unpacker = struct.Struct(argument)
        except struct.error as error:
            raise LayoutError(f"{argument!r}: {error}") from None
        layout = Layout(PacketEvent, (("packet", f"{size}s"),),
                        lambda values: (unpacker.unpack(values[0]),))
        needed = unpacker.size
    elif isinstance(argument, type):
        if own and issubclass(argument, Event) and not issubclass(argument, own):
            raise LayoutError(f"the device is of {driver}: its events are {own.__name__}")
        layout, needed = typed_layout(argument, size)
    else:
        raise LayoutError(f"not a format or type: {argument!r}")
    if needed != size:
        raise LayoutError(f"the layout has {needed} bytes, but packets have {size}")
    return layout
