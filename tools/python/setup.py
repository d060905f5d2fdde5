# SPDX-License-Identifier: GPL-2.0
"""Take the version from Kbuild, or in a source distribution, which lacks Kbuild, from PKG-INFO."""

import pathlib
import re

import setuptools

HERE = pathlib.Path(__file__).resolve().parent


def version():
    """Return the version of the project."""
    for path, pattern in ((HERE.parent.parent / "Kbuild", r"^NOTIFY_MULTI_VERSION := (\S+)$"),
                          (HERE / "PKG-INFO", r"^Version: (\S+)$")):
        if path.exists():
            found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
            if found:
                return found[1]
    raise RuntimeError("neither Kbuild nor PKG-INFO has a version")


setuptools.setup(version=version())
