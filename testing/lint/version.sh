#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checks that every place with a version has that of Kbuild: packages, NEWS, documentation, the
# file for pkg-config; and modules and notifycat, if they are built. Prints those that differ.

set -eu
cd "$(dirname "$0")/../.."

VERSION=$(sed -n 's/^NOTIFY_MULTI_VERSION := //p' Kbuild)
failed=0

# check WHERE FOUND: FOUND may be several lines, each a version.
check() {
	if [ -z "$2" ] || grep -vqxF -- "$VERSION" <<<"$2"; then
		echo "$1: version ${2:-missing}, Kbuild has $VERSION"
		failed=1
	fi
}

# in_file FILE EXPRESSION: a sed expression with the version as its first group.
in_file() {
	check "$1" "$(sed -nE "s|$2|\1|p" "$1")"
}

in_file dkms.conf '^PACKAGE_VERSION="(.*)"'
check debian/changelog "$(sed -nE '1s/^notify-multi \((.*)-[0-9]+\).*/\1/p' debian/changelog)"
check NEWS "$(sed -nE 's/^## ([0-9].*)/\1/p' NEWS | head -n 1)"
in_file packaging/buildroot/package/notify-multi/notify-multi.mk '^NOTIFY_MULTI_VERSION = (.*)'
in_file packaging/yocto/recipes-kernel/notify-multi/notify-multi.inc '^PV = "(.*)"'
for file in dkms.conf Documentation/packages.md testing/debian/packages.py; do
	check "$file" "$(grep -oE 'notify-multi[-/_][0-9.]*[0-9]' "$file" | sed 's/.*[-/_]//')"
done

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
make -s headers_install DESTDIR="$stage" PREFIX=/usr
in_file "$stage/usr/share/pkgconfig/notify-multi.pc" '^Version: (.*)'

for file in *.c hwsrc/*.c; do
	if grep -q '^MODULE_LICENSE(' "$file" &&
	   ! grep -qx 'MODULE_VERSION(NOTIFY_MULTI_VERSION);' "$file"; then
		echo "$file: no MODULE_VERSION(NOTIFY_MULTI_VERSION)"
		failed=1
	fi
done
for module in notify_multi.ko hwsrc/*.ko; do
	[ ! -e "$module" ] || check "$module" "$(modinfo -F version "./$module")"
done
[ ! -x tools/notifycat ] || check tools/notifycat "$(tools/notifycat --version | cut -d ' ' -f 2)"
exit $failed
