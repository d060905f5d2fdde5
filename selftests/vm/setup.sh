#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# setup.sh [bench]: installs the packages that "make demo" and "make check" need, where one
# is missing; and those of "make bench".

# shellcheck source=selftests/vm/common.sh
. "$(dirname "$0")/common.sh"

PACKAGES=(
	make python3 perl cpio kmod xz-utils                   # the scripts
	"$GCC" "$GCC-aarch64-linux-gnu" "$GCC-multilib"        # modules, tool and tests
	libc6-dev libc6-dev-i386 libc6-dev-arm64-cross pahole
	qemu-system-x86 qemu-system-arm device-tree-compiler   # the machines
)

if [ "${1-}" = bench ]; then
	PACKAGES+=(gnuplot-nox)                                # the plot
fi

missing() {
	local package

	for package in "${PACKAGES[@]}"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
			grep -q 'install ok installed' || echo "$package"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "packages are missing, and neither root nor sudo is there to install them: $(missing | xargs)"
	fi
}

[ "$(dpkg --print-architecture)" = amd64 ] || die "the machines are built on amd64 only"

mapfile -t wanted < <(missing)
if [ ${#wanted[@]} -gt 0 ]; then
	say "installing ${wanted[*]}"
	as_root apt-get -q update || die "apt-get update failed: is there a network?"
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q install -y --no-install-recommends "${wanted[@]}" ||
		die "apt-get install failed"
fi
