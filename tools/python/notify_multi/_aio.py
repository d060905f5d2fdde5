# SPDX-License-Identifier: GPL-2.0
"""Tasks of asyncio that wait for a device."""

from __future__ import annotations

import asyncio
from typing import Dict, Set

Futures = Set["asyncio.Future[None]"]


class Waiters:
    """The waiting tasks. An event loop has one callback per descriptor, which wakes all of them."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._futures: Dict[asyncio.AbstractEventLoop, Futures] = {}

    async def wait(self) -> None:
        """Wait until the device is readable."""
        loop = asyncio.get_running_loop()
        futures = self._futures.setdefault(loop, set())
        if not futures:
            loop.add_reader(self._fd, self._wake, futures)
        future: asyncio.Future[None] = loop.create_future()
        futures.add(future)
        try:
            await future
        finally:
            futures.discard(future)
            if not futures and self._futures.pop(loop, None) is not None:
                loop.remove_reader(self._fd)

    def wake(self) -> None:
        """Wake the tasks of this event loop."""
        self._wake(self._futures.get(asyncio.get_running_loop(), set()))

    @staticmethod
    def _wake(futures: Futures) -> None:
        for future in futures:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Wake all tasks before the descriptor is closed."""
        for loop, futures in self._futures.items():
            if not loop.is_closed():
                loop.remove_reader(self._fd)
                self._wake(futures)
        self._futures.clear()
