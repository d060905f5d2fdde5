# SPDX-License-Identifier: GPL-2.0
"""Clocks of devices, and their relation to the wall clock."""

from __future__ import annotations

import datetime
import enum
import time

NS_PER_SECOND = 10**9
READINGS = 3


class Clock(enum.IntEnum):
    """Clock of a device's timestamps."""

    MONOTONIC = 0
    BOOTTIME = 1
    REALTIME = 2


CLOCK_IDS = {Clock.MONOTONIC: time.CLOCK_MONOTONIC, Clock.BOOTTIME: time.CLOCK_BOOTTIME,
             Clock.REALTIME: time.CLOCK_REALTIME}


class WallClock:
    """Converts the times of a clock.

    The wall clock minus another clock is in the range that each reading returns, and constant until
    the wall clock is set. Preemption during a reading makes its range larger.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._low = self._high = 0
        self._known = clock is Clock.REALTIME

    def _offset(self) -> int:
        """Intersect the ranges. A reading outside of them is from after the clock was set."""
        if self.clock is Clock.REALTIME:
            return 0
        for _ in range(READINGS):
            before = time.clock_gettime_ns(CLOCK_IDS[self.clock])
            wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
            after = time.clock_gettime_ns(CLOCK_IDS[self.clock])
            low, high = wall - after, wall - before
            if not self._known or low > self._high or high < self._low:
                self._known, self._low, self._high = True, low, high
            self._low, self._high = max(low, self._low), min(high, self._high)
        return (self._low + self._high) // 2

    def datetime(self, timestamp_ns: int) -> datetime.datetime:
        """Return the time in UTC, with microseconds."""
        seconds, ns = divmod(timestamp_ns + self._offset(), NS_PER_SECOND)
        return (datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc) +
                datetime.timedelta(microseconds=ns // 1000))
