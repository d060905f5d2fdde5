# SPDX-License-Identifier: GPL-2.0
"""Device nodes and their sysfs attributes."""

from __future__ import annotations

import errno
import os
import stat
from typing import List, NamedTuple, Union

NODES = "/dev/notify"
# sysfs has "!" where a device name has "/".
SYSFS_PREFIX = "notify!"


class DeviceRemoved(OSError):
    """The source of the device has unregistered, and all queued packets have been read."""


class WrongDevice(OSError):
    """The file is not a device of notify_multi."""


class Node(NamedTuple):
    """A device and its counters, as sysfs has them.

    readers is the number of clients; dropped is the sum of all readers' drops. driver is empty if
    the device has none.
    """

    name: str
    path: str
    driver: str
    readers: int
    dropped: int
    broadcasts: int


def node_path(name: Union[str, "os.PathLike[str]"]) -> str:
    """Return the path for a name of a device, or for a path, which contains a slash."""
    text = os.fspath(name)
    return text if "/" in text else os.path.join(NODES, text)


def sysfs_directory(path: str) -> str:
    """Return the directory of a node in sysfs, or raise WrongDevice."""
    status = os.stat(path)
    directory = f"/sys/dev/char/{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if not stat.S_ISCHR(status.st_mode):
        raise wrong_device(path)
    return directory


def wrong_device(path: str) -> WrongDevice:
    """Return the error for a file that is not a device of notify_multi."""
    return WrongDevice(errno.ENOTTY, "Not a notify_multi device", path)


def driver_of(directory: str) -> str:
    """Return the driver of a device's source."""
    try:
        return os.path.basename(os.readlink(os.path.join(directory, "device/driver")))
    except OSError:
        return ""


def attribute(directory: str, name: str) -> int:
    """Return an attribute of a device."""
    with open(os.path.join(directory, name), encoding="ascii") as file:
        return int(file.read())


def find(path: str) -> Node:
    """Return the node of a device without opening it."""
    directory = sysfs_directory(path)
    if not os.path.basename(os.path.realpath(directory)).startswith(SYSFS_PREFIX):
        raise wrong_device(path)
    return Node(os.path.basename(path), path, driver_of(directory),
                *(attribute(directory, name) for name in ("clients", "dropped", "broadcasts")))


def devices() -> List[Node]:
    """Return the devices in /dev/notify by name. None is opened."""
    found = []
    try:
        names = sorted(os.listdir(NODES))
    except FileNotFoundError:
        return []
    for name in names:
        try:
            found.append(find(os.path.join(NODES, name)))
        except OSError as error:
            # A device may be removed at any time.
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.ENOTTY):
                raise
    return found
