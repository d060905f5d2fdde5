#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the Python package with devices of notify_sim. Needs root and the module notify_sim."""

import asyncio
import collections
import ctypes
import dataclasses
import datetime
import errno
import itertools
import os
import pickle
import select
import struct
import sys
import tempfile
import threading
import typing
import unittest
import unittest.mock

import devices
import notify_multi

WAIT = 20
NOBODY = 65534


def number(value):
    """Return a packet of 4 bytes."""
    return struct.pack("=I", value)


def values(events):
    """Return the numbers in events."""
    return [struct.unpack("=I", event.packet)[0] for event in events]


class DeviceTest(unittest.TestCase):
    """A device whose packets are numbers, and a reader of it."""

    attributes: dict = {}

    def setUp(self):
        self.sim = self.enterContext(devices.Simulator("python", 4, **self.attributes))
        self.device = self.enterContext(notify_multi.open("python"))

    def send(self, *numbers):
        """Broadcast numbers."""
        self.sim.broadcast(*map(number, numbers))


class OpenTest(DeviceTest):
    """What open() accepts, and its exceptions."""

    def test_path(self):
        with notify_multi.open("/dev/notify/python") as device:
            self.assertEqual((device.name, device.path), ("python", "/dev/notify/python"))

    def test_unknown_device(self):
        with self.assertRaises(FileNotFoundError) as raised:
            notify_multi.open("missing")
        self.assertEqual(raised.exception.filename, "/dev/notify/missing")

    def test_other_files(self):
        with tempfile.NamedTemporaryFile() as file:
            for path in (file.name, "/dev/null", "/dev/notify/", "/dev"):
                with self.subTest(path), self.assertRaises(notify_multi.WrongDevice) as raised:
                    notify_multi.open(path)
                self.assertEqual(raised.exception.filename, path)

    def test_permission_denied(self):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.setuid(NOBODY)
            try:
                notify_multi.open("python")
            except PermissionError as error:
                os.write(writing, error.filename.encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            self.assertEqual(pipe.read(), b"/dev/notify/python")

    def test_refused_by_source(self):
        self.sim.set("arrival_error", -errno.EBUSY)
        with self.assertRaises(OSError) as raised:
            notify_multi.open("python")
        self.assertEqual(raised.exception.errno, errno.EBUSY)

    def test_wrong_layout_closes_device(self):
        for layout in ("=H", notify_multi.GpioEvent, notify_multi.IrqEvent):
            with self.subTest(layout), self.assertRaises(notify_multi.LayoutError):
                notify_multi.open("python", layout)
        self.assertEqual(self.sim.clients(), 1)

    def test_queue_length(self):
        with notify_multi.open("python", max_packets=7) as device:
            self.assertEqual(device.info.max_packets, 7)
        with self.assertRaises(OSError) as raised:
            notify_multi.open("python", max_packets=0xffffffff)
        self.assertEqual(raised.exception.errno, errno.EINVAL)
        for packets in (0, 1 << 32):
            with self.subTest(packets), self.assertRaises(ValueError):
                notify_multi.open("python", max_packets=packets)
        self.assertEqual(self.sim.clients(), 1)

    def test_not_inherited(self):
        self.assertFalse(os.get_inheritable(self.device.fileno()))

    def test_list(self):
        self.send(1, 2)
        self.assertIn(notify_multi.Node("python", "/dev/notify/python", "", 1, 0, 2),
                      notify_multi.devices())


class ReadTest(DeviceTest):
    """Iteration and reads."""

    def test_iteration_in_order(self):
        self.send(5, 6, 7)
        events = list(itertools.islice(self.device, 3))
        self.assertEqual(values(events), [5, 6, 7])
        self.assertEqual([event.seq for event in events], [1, 2, 3])

    def test_break_loses_nothing(self):
        self.send(*range(10))
        for event in self.device:
            break
        self.assertEqual(values([event]), [0])
        self.assertEqual(values(self.device.read_events(max=2)), [1, 2])
        self.assertEqual([packet for _, packet in self.device.read_rows("seq", "packet")],
                         [number(value) for value in range(3, 10)])

    def test_nested_iterations_share_events(self):
        self.send(*range(4))
        outer, inner = iter(self.device), iter(self.device)
        self.assertEqual(values([next(outer), next(inner), next(outer), next(inner)]), [0, 1, 2, 3])
        self.send(4, 5)
        self.assertEqual(values([next(inner), next(outer)]), [4, 5])

    def test_threads_share_events(self):
        received = collections.Counter()

        def count():
            for event in self.device:
                received.update(values([event]))
                if not values([event])[0]:
                    return

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for value in range(1, 2001):
            self.send(value)
            if value % 50 == 0:
                while self.device.stats().pending_packets:
                    pass
        for thread in threads:
            # A thread that ends may leave events, which the next packet makes another one read.
            while thread.is_alive():
                self.send(0)
                thread.join(0.01)
        del received[0]
        self.assertEqual(received, dict.fromkeys(range(1, 2001), 1))

    def test_exception_of_type_loses_nothing(self):
        class Strict(typing.NamedTuple):
            value: typing.Annotated[int, "I"]

        def refuse(*_):
            raise ArithmeticError

        with notify_multi.open("python", Strict) as device:
            self.send(1, 2)
            with unittest.mock.patch.object(Strict, "__new__", refuse), \
                    self.assertRaises(ArithmeticError):
                device.read_events()
            self.assertEqual([event.packet.value for event in device.read_events()], [1, 2])

    def test_iteration_ends_after_timeout(self):
        self.send(1, 2)
        self.assertEqual(values(self.device.events(timeout=0)), [1, 2])

    def test_blocked_iteration_gets_event(self):
        timer = threading.Timer(0.1, self.send, (3,))
        timer.start()
        self.assertEqual(values([next(iter(self.device))]), [3])
        timer.join()

    def test_read_events_does_not_block(self):
        self.assertEqual(self.device.read_events(), [])
        self.assertEqual(self.device.read_events(timeout=0.01), [])

    def test_poll_reports_what_max_has_left(self):
        self.send(1, 2, 3)
        self.assertEqual(values(self.device.read_events(max=2)), [1, 2])
        poller = select.poll()
        poller.register(self.device, select.POLLIN)
        self.assertEqual(poller.poll(0), [(self.device.fileno(), select.POLLIN)])
        self.assertEqual(values(self.device.read_events(max=2)), [3])
        self.assertEqual(poller.poll(0), [])

    def test_max_below_one(self):
        for count in (0, -1):
            with self.subTest(count), self.assertRaises(ValueError):
                self.device.read_events(max=count)

    def test_rows(self):
        self.assertEqual(self.device.read_rows("seq"), [])
        self.send(8, 9)
        self.assertEqual(self.device.read_rows("packet", "seq", "status"),
                         [(number(8), 1, 0), (number(9), 2, 0)])
        for fields in ((), ("color",), ("seq", "size"), ("padding",)):
            with self.subTest(fields), self.assertRaises(notify_multi.LayoutError):
                self.device.read_rows(*fields)

    def test_status(self):
        self.sim.set("status", -errno.EIO)
        self.send(1)
        self.assertEqual(self.device.read_events()[0].status, -errno.EIO)

    def test_removed_after_queued_events(self):
        self.send(1, 2)
        self.sim.remove()
        received = []
        with self.assertRaises(notify_multi.DeviceRemoved) as raised:
            received.extend(self.device.read_events())
            for event in self.device:
                received.append(event)
        self.assertEqual(values(received), [1, 2])
        self.assertEqual(raised.exception.errno, errno.ENODEV)
        self.assertEqual(raised.exception.filename, "/dev/notify/python")

    def test_removed_while_blocked(self):
        timer = threading.Timer(0.1, self.sim.remove)
        timer.start()
        with self.assertRaises(notify_multi.DeviceRemoved):
            next(iter(self.device))
        timer.join()

    def test_closed(self):
        self.send(1, 2)
        for _ in self.device:
            self.device.close()
            break
        self.device.close()
        self.assertTrue(self.device.closed)
        for call in (self.device.read_events, self.device.stats, self.device.fileno,
                     self.device.levels, lambda: next(iter(self.device)),
                     lambda: self.device.read_rows("seq"), lambda: self.device.info):
            with self.assertRaises((ValueError, notify_multi.WrongDevice)):
                call()

    def test_iteration_continues_after_exception(self):
        iterator = iter(self.device)
        self.sim.remove()
        for _ in range(2):
            with self.assertRaises(notify_multi.DeviceRemoved):
                next(iter(self.device))
        with self.assertRaises(notify_multi.DeviceRemoved):
            next(iterator)

    def test_levels_of_other_device(self):
        with self.assertRaises(notify_multi.WrongDevice):
            self.device.levels()

    def test_pickle(self):
        self.send(1)
        event = self.device.read_events()[0]
        copy = pickle.loads(pickle.dumps(event))
        self.assertEqual((copy, copy.device), (event, "python"))
        self.assertEqual(repr(copy), repr(event))
        self.assertIsInstance(copy, notify_multi.PacketEvent)
        self.assertLess(abs(copy.time - event.time), datetime.timedelta(milliseconds=1))


class ReplayTest(DeviceTest):
    """Packets from before the open, with any seq and clock."""

    attributes = {"replay": 2, "first_seq": (1 << 63) - 2, "clock": "realtime"}

    def test_replay(self):
        self.send(1)
        with notify_multi.open("python") as late:
            self.send(2)
            self.assertEqual([(event.replay, event.seq) for event in late.read_events()],
                             [(True, (1 << 63) - 2), (False, (1 << 63) - 1)])


class CompleteTest(DeviceTest):
    """A source whose completion callback fails."""

    attributes = {"complete_error": -errno.EPERM}

    def test_error_of_source(self):
        self.send(1)
        with self.assertRaises(PermissionError) as raised:
            self.device.read_events()
        self.assertEqual(raised.exception.filename, "/dev/notify/python")
        self.assertEqual(self.device.read_events(), [])


class TimeTest(unittest.TestCase):
    """Timestamps of each clock as datetime."""

    def test_clocks(self):
        for clock in notify_multi.Clock:
            with self.subTest(clock), \
                    devices.Simulator("python", 4, clock=clock.name.lower()) as sim, \
                    notify_multi.open("python") as device:
                # Microseconds are truncated, and the offset of a clock has an error below 1 ms.
                slack = datetime.timedelta(milliseconds=1)
                before = datetime.datetime.now(datetime.timezone.utc) - slack
                sim.broadcast(number(1))
                after = datetime.datetime.now(datetime.timezone.utc) + slack
                event = device.read_events()[0]
                self.assertEqual(device.info.clock, clock)
                self.assertLessEqual(before, event.time)
                self.assertLessEqual(event.time, after)


class DropTest(DeviceTest):
    """A queue of 4 packets."""

    attributes = {"max_packets": 4}

    def setUp(self):
        super().setUp()
        self.drops = []
        self.device.on_drop = self.drops.append

    def test_attributes_and_hook(self):
        self.send(*range(10))
        events = self.device.read_events()
        self.assertEqual(values(events), [6, 7, 8, 9])
        self.assertEqual([event.dropped for event in events], [6, 0, 0, 0])
        self.assertEqual(self.drops, events[:1])
        self.assertEqual(self.device.dropped, 6)
        self.assertEqual(self.device.stats(), (1, 0, 0, 10, 11, 4, 6))

    def test_rows(self):
        self.send(*range(5))
        rows = self.device.read_rows("seq", "dropped")
        self.assertEqual(rows, [(2, 1), (3, 0), (4, 0), (5, 0)])
        self.assertEqual([event.seq for event in self.drops], [2])

    def test_no_hook_without_drops(self):
        for start in range(0, 12, 4):
            self.send(*range(start, start + 4))
            self.assertEqual(len(self.device.read_events(max=3)), 3)
            self.assertEqual(len(self.device.read_events(max=3)), 1)
        self.assertEqual(self.drops, [])

    def test_each_drop(self):
        for _ in range(3):
            self.send(*range(6))
            self.device.read_events(max=2)
        self.assertEqual([event.dropped for event in self.drops], [2, 4, 4])

    def test_exception_of_hook_loses_nothing(self):
        def refuse(event):
            raise InterruptedError(event.dropped)

        self.device.on_drop = refuse
        for read in (self.device.read_events, lambda: self.device.read_rows("seq"),
                     lambda: next(iter(self.device))):
            self.send(*range(5))
            with self.assertRaises(InterruptedError):
                read()
            self.assertEqual(values(self.device.read_events()), [1, 2, 3, 4])

    def test_hook_can_read(self):
        read = []
        self.device.on_drop = lambda _: read.extend(self.device.read_events(max=1))
        self.send(*range(5))
        self.assertEqual(values(self.device.read_events()), [2, 3, 4])
        self.assertEqual(values(read), [1])

    def test_logged_by_default(self):
        with notify_multi.open("python") as device:
            self.send(*range(6))
            with self.assertLogs("notify_multi", "WARNING") as logs:
                device.read_events()
        self.assertEqual([record.getMessage() for record in logs.records],
                         ["python: 2 packets dropped before 3"])

    def test_resized_queue(self):
        self.device.set_max_packets(6)
        self.send(*range(7))
        self.device.set_max_packets(2)
        self.assertEqual(values(self.device.read_events()), [5, 6])
        self.assertEqual(self.device.dropped, 5)


class Sample(typing.NamedTuple):
    """A packet of 8 bytes, the second field after padding."""

    kind: typing.Annotated[int, "B"]
    value: typing.Annotated[float, "3xf"]


@dataclasses.dataclass
class Record(object):
    """The same packet."""

    kind: typing.Annotated[int, "B"]
    value: typing.Annotated[float, "3xf"]


class Structure(ctypes.Structure):
    """The same packet."""

    _fields_ = [("kind", ctypes.c_uint8), ("value", ctypes.c_float)]


class LayoutTest(unittest.TestCase):
    """Packets decoded by each kind of layout."""

    def read(self, layout, packet):
        """Return the event for a packet."""
        with devices.Simulator("python", len(packet)) as sim, \
                notify_multi.open("python", layout) as device:
            sim.broadcast(packet)
            return device.read_events()[0]

    def test_types_of_packets(self):
        packet = struct.pack("=B3xf", 7, 1.5)
        for layout in (Sample, Record):
            with self.subTest(layout):
                self.assertEqual(self.read(layout, packet).packet, layout(7, 1.5))
        self.assertEqual(self.read("=B3xf", packet).packet, (7, 1.5))
        self.assertEqual(self.read("@Bf", packet).packet, (7, 1.5))
        self.assertEqual(self.read(bytes, packet).packet, packet)
        read = self.read(Structure, packet).packet
        self.assertEqual((read.kind, read.value), (7, 1.5))

    def test_rows_of_dataclass(self):
        with devices.Simulator("python", 8) as sim, \
                notify_multi.open("python", Record) as device:
            sim.broadcast(struct.pack("=B3xf", 7, 1.5), struct.pack("=B3xf", 8, 2.5))
            next(iter(device))
            self.assertEqual(device.read_rows("value", "seq"), [(2.5, 2)])

    def test_sizes_of_packets(self):
        for size in (1, 7, 8, 9, 65536):
            packet = os.urandom(size)
            with self.subTest(size):
                self.assertEqual(self.read(None, packet).packet, packet)

    def test_gpio(self):
        event = self.read(notify_multi.GpioEvent,
                          struct.pack("=4IQII", 3, 2, 0, 9, 1 << 63 | 5, 1, 0))
        self.assertEqual((event.line, event.edge, event.level, event.line_seqno, event.levels),
                         (3, notify_multi.Edge.FALLING, 0, 9, 1 << 63 | 5))
        self.assertTrue(event.unchanged)
        self.assertEqual(event.name, "")

    def test_irq(self):
        for regs in ((), (1,), (1, 2, 0xffffffff)):
            packet = struct.pack(f"=4I{len(regs)}I", 5, len(regs), 1, 0, *regs)
            with self.subTest(regs):
                event = self.read(notify_multi.IrqEvent, packet)
                self.assertEqual((event.irq_count, event.irq, event.regs), (5, 1, regs))


class AsyncTest(unittest.IsolatedAsyncioTestCase, DeviceTest):
    """Tasks of asyncio."""

    async def take(self, count):
        """Return events of the device."""
        events = []
        if count:
            async for event in self.device:
                events.append(event)
                if len(events) == count:
                    break
        return events

    async def waiting(self, coroutine):
        """Return a task that waits for the device."""
        task = asyncio.create_task(coroutine)
        for _ in range(3):
            await asyncio.sleep(0)
        self.assertFalse(task.done())
        return task

    async def test_iteration(self):
        task = await self.waiting(self.take(3))
        self.send(1)
        self.send(2, 3, 4)
        self.assertEqual(values(await asyncio.wait_for(task, WAIT)), [1, 2, 3])
        self.assertEqual(values(self.device.read_events()), [4])

    async def test_cancelled_task_loses_nothing(self):
        task = await self.waiting(self.take(1))
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.send(1, 2)
        self.assertEqual(values(await asyncio.wait_for(self.take(2), WAIT)), [1, 2])

    async def test_cancelled_when_event_arrives(self):
        task = await self.waiting(self.take(1))
        self.send(1)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(values(await asyncio.wait_for(self.take(1), WAIT)), [1])

    async def test_iterator_survives_timeout(self):
        iterator = aiter(self.device)
        for value in range(3):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(iterator), 0.01)
            self.send(value)
            self.assertEqual(values([await asyncio.wait_for(anext(iterator), WAIT)]), [value])

    async def test_two_tasks_share_events(self):
        received = collections.Counter()

        async def count():
            async for event in self.device:
                received.update(values([event]))
                if not values([event])[0]:
                    return
                await asyncio.sleep(0)

        tasks = [await self.waiting(count()) for _ in range(2)]
        self.send(*range(1, 30))
        self.send(0)
        await asyncio.wait_for(asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED), WAIT)
        self.send(0)
        await asyncio.wait_for(asyncio.gather(*tasks), WAIT)
        self.assertEqual(received, {0: 2, **dict.fromkeys(range(1, 30), 1)})

    async def test_task_gets_events_that_other_leaves(self):
        task = await self.waiting(self.take(1))
        self.send(1, 2)
        self.assertEqual(values(await self.take(1)), [1])
        self.assertEqual(values(await asyncio.wait_for(task, WAIT)), [2])

    async def test_cancelled_task_does_not_stop_other(self):
        first, second = [await self.waiting(self.take(1)) for _ in range(2)]
        first.cancel()
        await asyncio.wait([first])
        self.send(6)
        self.assertEqual(values(await asyncio.wait_for(second, WAIT)), [6])

    async def test_removed(self):
        task = await self.waiting(self.take(2))
        self.send(1)
        self.sim.remove()
        with self.assertRaises(notify_multi.DeviceRemoved):
            await asyncio.wait_for(task, WAIT)

    async def test_closed(self):
        task = await self.waiting(self.take(1))
        self.device.close()
        with self.assertRaises(ValueError):
            await asyncio.wait_for(task, WAIT)
        with self.assertRaises(ValueError):
            await asyncio.wait_for(self.device.readable(), WAIT)
        # It gets the same descriptor.
        self.device = self.enterContext(notify_multi.open("python"))
        task = await self.waiting(self.take(1))
        self.send(1)
        self.assertEqual(values(await asyncio.wait_for(task, WAIT)), [1])

    async def test_readable(self):
        task = await self.waiting(self.device.readable())
        self.send(1, 2)
        await asyncio.wait_for(task, WAIT)
        self.assertEqual(values(self.device.read_events(max=1)), [1])
        await asyncio.wait_for(self.device.readable(), WAIT)
        self.assertEqual(values(self.device.read_events()), [2])

    async def test_other_tasks_run_between_batches(self):
        turns = []

        async def other():
            while True:
                turns.append(len(turns))
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        self.send(0)
        received = 0
        # Each event is followed by another one, so that the reader never waits.
        async for _ in self.device:
            received += 1
            self.send(received)
            if received == 10:
                break
        task.cancel()
        self.assertGreaterEqual(len(turns), 9)


class LoopTest(DeviceTest):
    """One device and several event loops."""

    async def first(self):
        """Return an event."""
        async for event in self.device:
            return event

    def test_loops_after_each_other(self):
        for value in range(2):
            with self.assertRaises(asyncio.TimeoutError):
                asyncio.run(asyncio.wait_for(self.first(), 0.01))
            self.send(value)
            self.assertEqual(values([asyncio.run(asyncio.wait_for(self.first(), WAIT))]), [value])

    def test_loop_closed_while_task_waits(self):
        loop = asyncio.new_event_loop()
        task = loop.create_task(self.first())
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
        self.assertFalse(task.done())
        # It would log that a pending task is destroyed.
        task._log_destroy_pending = False
        del task
        self.send(1)
        self.assertEqual(values([asyncio.run(asyncio.wait_for(self.first(), WAIT))]), [1])


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("needs Python 3.11")
    unittest.main(verbosity=2)
