# SPDX-License-Identifier: GPL-2.0
"""A device that is read."""

from __future__ import annotations

import asyncio
import builtins
import errno
import fcntl
import itertools
import logging
import operator
import os
import select
import struct
import threading
import time
from types import TracebackType
from typing import (Any, Callable, Dict, Generic, Iterable, Iterator, List, NamedTuple, Optional,
                    Tuple, Type, TypeVar, Union, overload)

from . import _abi, _nodes
from ._aio import Waiters
from ._clock import Clock, WallClock
from ._events import EDGES, Event, Levels, Line, PacketEvent, derive
from ._layouts import LayoutArgument, find_layout

E = TypeVar("E")
T = TypeVar("T")
EventT = TypeVar("EventT", bound=Event)
Row = Tuple[Any, ...]
OnDrop = Callable[[Any], object]

BATCH_BYTES = 65536
SEQ, DROPPED, DROPPED_OFFSET = struct.Struct("=Q"), struct.Struct("=I"), 20
log = logging.getLogger("notify_multi")


class Info(NamedTuple):
    """Sizes and limits of a reader: struct notify_multi_info."""

    packet_size: int
    record_size: int
    max_packets: int
    max_requests: int
    replay: int
    clock: Clock
    ring_bytes: int


class Stats(NamedTuple):
    """Counters of a reader: struct notify_multi_stats. delivered includes batched events."""

    clients: int
    pending_packets: int
    pending_requests: int
    seq: int
    next: int
    delivered: int
    dropped: int


def log_drop(event: Any) -> None:
    """Log a warning, as by default at each drop."""
    log.warning("%s: %d packets dropped before %d", event.device, event.dropped, event.seq)


class Device(Generic[E]):
    """An open device, which is a reader with a queue of its own.

    It iterates over events, also with "async for". What an iteration has read but not returned when
    it ends is returned first by the next one, so a "break" loses nothing.
    """

    def __init__(self, name: Union[str, "os.PathLike[str]"], layout: LayoutArgument = None, *,
                 max_packets: Optional[int] = None, on_drop: OnDrop = log_drop) -> None:
        self.path = _nodes.node_path(name)
        self.name = os.path.basename(self.path)
        self.on_drop = on_drop
        directory = _nodes.sysfs_directory(self.path)
        try:
            self._file = builtins.open(self.path, "rb", buffering=0, opener=open_nonblocking)
        except OSError as error:
            raise self._explained(error) from None
        try:
            self._start(layout, max_packets, directory)
        except BaseException:
            self._file.close()
            raise

    def _start(self, layout: LayoutArgument, max_packets: Optional[int], directory: str) -> None:
        self._waiters = Waiters(self.fileno())
        self._lock = threading.Lock()
        # The last batch, and an iterator over the rest of its events, once it is decoded.
        self._data = b""
        self._events: Optional[Iterator[E]] = None
        self._row_decoders: Dict[Tuple[str, ...], Callable[[bytes], Iterable[Row]]] = {}
        self._next_seq = 0
        info = self.info
        if max_packets is not None:
            self.set_max_packets(max_packets)
        self.driver = _nodes.driver_of(directory)
        self.lines = self._get_lines() if self.driver == "notify_gpio" else ()
        self._record_size = info.record_size
        self._batch_records = max(BATCH_BYTES // info.record_size, 1)
        self._layout = find_layout(layout, self.driver, info.packet_size)
        self._decode = self._layout.decoder(derive(
            self._layout.base, self.name, tuple(line.name for line in self.lines),
            WallClock(info.clock)))

    def __repr__(self) -> str:
        return f"<notify_multi.Device {self.path}{' closed' if self.closed else ''}>"

    # -- File --

    def fileno(self) -> int:
        """Return the descriptor, which is nonblocking, to wait for packets with poll()."""
        return self._file.fileno()

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._file.closed

    def close(self) -> None:
        """Close the device. Waiting tasks get ValueError."""
        if not self.closed:
            self._waiters.close()
            self._undecoded()
            self._file.close()

    def __enter__(self) -> "Device[E]":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    # -- Events --

    def events(self, timeout: Optional[float] = None) -> Iterator[E]:
        """Iterate over events; with a timeout, until none arrives for that many seconds.

        DeviceRemoved is raised after the device is removed and all queued events are returned.
        """
        return itertools.chain.from_iterable(iter(
            lambda: self._take(timeout, self._batch_records, self._decoded), None))

    def __iter__(self) -> Iterator[E]:
        return self.events()

    def __aiter__(self) -> "AsyncEvents[E]":
        return AsyncEvents(self)

    def read_events(self, max: Optional[int] = None, timeout: Optional[float] = 0) -> List[E]:
        """Return queued events: at most max, or those of a batch of 64 KiB.

        If there are none, wait for up to timeout seconds, without a limit if that is None. Returns
        an empty list if no event has arrived.
        """
        if max is not None and max < 1:
            raise ValueError("max must be at least 1")
        # Do not read more than max: poll() would not know of the rest.
        records = min(max or self._batch_records, self._batch_records)
        return self._take(timeout, records,
                          lambda: list(itertools.islice(self._decoded(), max))) or []

    def read_rows(self, *fields: str, timeout: Optional[float] = 0) -> List[Row]:
        """Return a tuple of these fields for each event of a batch: much faster than events.

        It waits as read_events() does.
        """
        decode = self._row_decoders.get(fields)
        if decode is None:
            decode = self._row_decoders[fields] = self._layout.row_decoder(fields)
        data = self._take(timeout, self._batch_records, self._undecoded)
        return list(decode(data)) if data else []

    async def readable(self) -> None:
        """Wait in a task until read_events() returns events or raises an exception."""
        self.fileno()  # ValueError if it is closed.
        if not self._left():
            await self._waiters.wait()

    def _take(self, timeout: Optional[float], records: int,
              take: Callable[[], T]) -> Optional[T]:
        """Return the result of take() when events are left or read; None after the timeout.

        The lock prevents that two threads read, and one batch replaces the other.
        """
        deadline = None
        while True:
            with self._lock:
                drops = [] if self._left() else self._read(records)
                if not drops and self._left():
                    return take()
            for event in drops:
                self.on_drop(event)
            if drops:
                continue
            if timeout is not None:
                if timeout <= 0:
                    return None
                deadline = deadline or time.monotonic() + timeout
            if not self._wait(deadline):
                return None

    def _left(self) -> int:
        """Return the number of events that have been read, but not returned."""
        if self._events is None:
            return len(self._data) // self._record_size
        return operator.length_hint(self._events)

    def _decoded(self) -> Iterator[E]:
        """Return the iterator over the events that are left, which all iterations share."""
        if self._events is None:
            self._events = iter(list(self._decode(self._data)))
        return self._events

    def _undecoded(self) -> bytes:
        """Return the records that are left."""
        left = self._left()
        data = self._data[-left * self._record_size:] if left else b""
        self._data, self._events = b"", None
        return data

    def _read(self, records: int) -> List[E]:
        """Read a batch of up to this number of records. Return its events after drops."""
        try:
            data = self._file.read(records * self._record_size)
        except OSError as error:
            raise self._explained(error) from None
        if not data:
            return []
        self._data, self._events = data, None
        return self._drops(data)

    def _drops(self, data: bytes) -> List[E]:
        """Return each event after a drop. Without drops, all seqs are consecutive."""
        size = self._record_size
        first, last = (SEQ.unpack_from(data, at)[0] for at in (0, len(data) - size))
        expected, self._next_seq = self._next_seq, last + 1
        if first == expected and (last - first + 1) * size == len(data):
            return []
        return [next(self._decode(data[at:at + size])) for at in range(0, len(data), size)
                if DROPPED.unpack_from(data, at + DROPPED_OFFSET)[0]]

    def _wait(self, deadline: Optional[float]) -> bool:
        """Wait until the device is readable or removed; return false after the deadline."""
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        if deadline is None:
            return bool(poller.poll())
        return bool(poller.poll(max((deadline - time.monotonic()) * 1000, 0)))

    # -- Control --

    def _explained(self, error: OSError) -> OSError:
        """Return the error with the path, and of our type if there is one."""
        if error.errno == errno.ENODEV:
            return _nodes.DeviceRemoved(error.errno, "Device has been removed", self.path)
        if error.errno == errno.ENOTTY:
            return _nodes.wrong_device(self.path)
        return OSError(error.errno, error.strerror, self.path)

    def _ioctl(self, request: int, members: _abi.Members, argument: bytes = b"") -> Row:
        layout = _abi.layout(members)
        try:
            result = fcntl.ioctl(self.fileno(), request, argument.ljust(layout.size, b"\0"))
        except OSError as error:
            raise self._explained(error) from None
        return layout.unpack(result)

    @property
    def info(self) -> Info:
        """Sizes and limits of this reader."""
        (_, packet_size, record_size, max_packets, max_requests, replay, _, clock,
         ring_bytes) = self._ioctl(_abi.IOCTLS.get_info, _abi.INFO)
        return Info(packet_size, record_size, max_packets, max_requests, replay, Clock(clock),
                    ring_bytes)

    def stats(self) -> Stats:
        """Return the counters of this reader."""
        return Stats(*self._ioctl(_abi.IOCTLS.get_stats, _abi.STATS)[1:])

    @property
    def dropped(self) -> int:
        """Number of packets dropped from the queue of this reader."""
        return self.stats().dropped

    def set_max_packets(self, packets: int) -> None:
        """Resize the queue of this reader. It keeps the newest packets that fit."""
        if not 0 < packets < 1 << 32:
            raise ValueError("max_packets must be 1 to 4294967295")
        self._ioctl(_abi.IOCTLS.set_max_packets, (("packets", "I"),), struct.pack("=I", packets))

    # -- GPIO lines --

    def _get_lines(self) -> Tuple[Line, ...]:
        lines = []
        for number in range(_abi.GPIO_MAX_LINES):
            try:
                line, offset, flags, edges, debounce_ms, name, chip = self._ioctl(
                    _abi.IOCTLS.gpio_get_line, _abi.GPIO_LINE, struct.pack("=I", number))
            except OSError as error:
                if error.errno == errno.EINVAL:
                    break
                raise
            lines.append(Line(
                line, text(name), text(chip), offset, bool(flags & _abi.GPIO_LINE_ACTIVE_LOW),
                next((bias for flag, bias in _abi.GPIO_LINE_BIAS.items() if flags & flag), None),
                tuple(edge for edge in EDGES if edges & 1 << edge), debounce_ms))
        return tuple(lines)

    def levels(self) -> Levels:
        """Read the levels of the GPIO lines now."""
        if not self.lines:
            raise _nodes.WrongDevice(errno.ENOTTY, "Not a device of notify_gpio", self.path)
        bits, valid, seq = self._ioctl(_abi.IOCTLS.gpio_get_levels, _abi.GPIO_LEVELS)
        return Levels(tuple(line.name for line in self.lines), bits, valid, seq)


class AsyncEvents(Generic[E]):
    """Iterates over events in a task. A task that is cancelled while it waits loses no event."""

    def __init__(self, device: Device[E]) -> None:
        self._device = device
        self._waited = True

    def __aiter__(self) -> "AsyncEvents[E]":
        return self

    async def __anext__(self) -> E:
        device = self._device
        while True:
            for event in device._decoded():
                return event
            if not self._waited:
                # Packets may arrive faster than they are read: let other tasks run.
                await asyncio.sleep(0)
            self._waited = device._take(0, device._batch_records, device._decoded) is None
            if self._waited:
                await device.readable()
            else:
                # Other tasks get the events that this task leaves.
                device._waiters.wake()


def text(field: bytes) -> str:
    """Return the text of a field with a null byte."""
    return os.fsdecode(field.split(b"\0")[0])


def open_nonblocking(path: str, flags: int) -> int:
    """Open a file for open()."""
    return os.open(path, flags | os.O_NONBLOCK)


@overload
def open(name: Union[str, "os.PathLike[str]"], layout: None = None, *,
         max_packets: Optional[int] = None, on_drop: OnDrop = log_drop) -> Device[Any]: ...


@overload
def open(name: Union[str, "os.PathLike[str]"], layout: str, *,
         max_packets: Optional[int] = None,
         on_drop: OnDrop = log_drop) -> Device[PacketEvent[Row]]: ...


@overload
def open(name: Union[str, "os.PathLike[str]"], layout: Type[EventT], *,  # type: ignore
         max_packets: Optional[int] = None, on_drop: OnDrop = log_drop) -> Device[EventT]: ...


@overload
def open(name: Union[str, "os.PathLike[str]"], layout: Type[T], *,
         max_packets: Optional[int] = None,
         on_drop: OnDrop = log_drop) -> Device[PacketEvent[T]]: ...


def open(name: Union[str, "os.PathLike[str]"], layout: LayoutArgument = None, *,
         max_packets: Optional[int] = None, on_drop: OnDrop = log_drop) -> Device[Any]:
    """Open a device by its name in /dev/notify or by a path, which contains a slash.

    layout       how packets are decoded: a format for struct, a dataclass or NamedTuple whose
                 fields are Annotated with such codes, a ctypes.Structure, bytes, GpioEvent or
                 IrqEvent; by default that of the device's driver, or bytes
    max_packets  length of this reader's queue
    on_drop      called with each event before which packets were dropped; logs a warning by default

    Raises FileNotFoundError or PermissionError as the built-in open() does, WrongDevice if the file
    is not a device of notify_multi, and LayoutError.
    """
    return Device(name, layout, max_packets=max_packets, on_drop=on_drop)
