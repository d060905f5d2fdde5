#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check the recipes in packaging/yocto by rules that kirkstone and scarthgap have in common.

Debian has no bitbake. This parses each statement of the recipes and of layer.conf, and then checks
that it rejects each of DEFECTS.
"""

import glob
import hashlib
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LAYER = os.path.join(TOP, "packaging", "yocto")

NAME = r"[A-Za-z0-9_${}.+~-]+(?::[a-z0-9${}A-Z-]+)*"
ASSIGNMENT = re.compile(rf'({NAME})(?:\[([\w-]+)\])?\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*"([^"]*)"')
DIRECTIVE = re.compile(r"(inherit|require) ((?:[\w.-]+ ?)+)")
FUNCTION = re.compile(r"do_[a-z]+(:[a-z]+)*\(\) \{")
# Before kirkstone, operators and overrides followed an underscore.
OLD_OVERRIDE = re.compile(r"_(append|prepend|remove|class-\w+|\$\{PN\})|_(notify-multi|pn)-")
# Names of a collection, which are no overrides.
COLLECTION = re.compile(r"(BBFILE_PATTERN|BBFILE_PRIORITY|LAYERDEPENDS|LAYERSERIES_COMPAT)_notify-multi$")
# Classes of openembedded-core in both releases.
CLASSES = {"bash-completion", "externalsrc", "module", "pkgconfig", "python3-dir", "useradd"}
# Variables that bitbake.conf and these classes define in both releases.
DEFINED = {"D", "LAYERDIR", "PN", "PYTHON_SITEPACKAGES_DIR", "STAGING_KERNEL_DIR", "nonarch_base_libdir", "prefix",
           "systemd_system_unitdir"}
LICENCES = {"GPL-2.0-only"}
RELEASES = {"kirkstone", "scarthgap"}

# Each is a file, a text in it, and a replacement that must be rejected.
DEFECTS = (
    ("notify-multi-tools.bb", "FILES:${PN}", "FILES_${PN}"),
    ("notify-multi-tools.bb", 'SUMMARY = "', 'SUMMARY = '),
    ("notify-multi-tools.bb", "inherit pkgconfig", "inherit pkg-config"),
    ("notify-multi-tools.bb", "${systemd_system_unitdir}", "${systemd_unit_dir}"),
    ("notify-multi-tools.bb", "do_install() {", "do_install {"),
    ("notify-multi-tools.bb", "require notify-multi.inc", "require notify.inc"),
    ("kernel-module-notify-multi.bb", "EXTRA_OEMAKE +=", "EXTRA_OEMAKE_append ="),
    ("notify-multi.inc", "GPL-2.0-only", "GPLv2"),
    ("notify-multi.inc", "md5=b", "md5=c"),
    ("layer.conf", "kirkstone scarthgap", "kirkstone"),
)


def statements(text):
    """Yield the logical lines of a file, of a function only the first, and its end."""
    inside = False
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if inside:
            inside = line != "}"
            if not inside:
                yield line
        elif line.strip() and not line.startswith("#"):
            inside = bool(FUNCTION.fullmatch(line))
            yield line
    if inside:
        yield "unfinished function"


def check_name(name):
    """Return the problem of the name of a variable."""
    if OLD_OVERRIDE.search(name) and not COLLECTION.match(name):
        return f"override with an underscore: {name}"
    return None


def check_directive(word, names, directory):
    """Yield the problems of inherit and require."""
    for name in names.split():
        if word == "inherit" and name not in CLASSES:
            yield f"not a class of both releases: {name}"
        if word == "require" and not os.path.exists(os.path.join(directory, name)):
            yield f"missing file: {name}"


def check_value(name, value):
    """Yield the problems of a value."""
    if name == "LICENSE" and not set(re.split(r" [&|] ", value)) <= LICENCES:
        yield f"not an identifier of SPDX: {value}"
    if name.startswith("LAYERSERIES_COMPAT") and set(value.split()) != RELEASES:
        yield f"releases: {value}"
    if name == "LIC_FILES_CHKSUM":
        with open(os.path.join(TOP, "COPYING"), "rb") as licence:
            checksum = hashlib.md5(licence.read()).hexdigest()
        if not value.endswith(f"COPYING;md5={checksum}"):
            yield f"wrong checksum: {value}"


def check(text, directory):
    """Yield the problems of a file."""
    defined = set(DEFINED)
    for statement in statements(text):
        assignment, directive = ASSIGNMENT.fullmatch(statement), DIRECTIVE.fullmatch(statement)
        if assignment:
            name, value = assignment[1], assignment[4]
            defined.add(name)
            yield from filter(None, [check_name(name)])
            yield from check_value(name, value)
        elif directive:
            yield from check_directive(*directive.groups(), directory)
        elif not FUNCTION.fullmatch(statement) and statement != "}":
            yield f"not a statement: {statement}"
    for variable in re.findall(r"\$\{(\w+)\}", re.sub("^#.*", "", text, flags=re.MULTILINE)):
        if variable not in defined:
            yield f"not a variable of both releases: {variable}"


def main():
    """Check all files and all defects; exit with 1 if there is a problem."""
    problems = []
    texts = {}
    for path in glob.glob(f"{LAYER}/**/*.*", recursive=True):
        name, directory = os.path.basename(path), os.path.dirname(path)
        with open(path, encoding="utf-8") as file:
            texts[name] = file.read(), directory
        problems += [f"{name}: {problem}" for problem in check(*texts[name])]
    for name, text, replacement in DEFECTS:
        original, directory = texts[name]
        if text not in original or not list(check(original.replace(text, replacement, 1), directory)):
            problems.append(f"{name}: undetected defect: {replacement!r}")
    print("\n".join(problems or [f"{len(texts)} files checked, {len(DEFECTS)} defects detected"]))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
