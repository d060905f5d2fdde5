#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# setup.sh [TARGET]: installs missing packages of "make check" and "make TARGET", or only those of
# "make demo". The TARGETs debug, all, docs and
# mqtt are check-debug, check-all, docs-check and mqtt-check.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

PACKAGES=(
	make python3 cpio kmod xz-utils                        # the scripts
	"$GCC-aarch64-linux-gnu" pahole                        # modules and tool
	qemu-system-arm                                        # the guest
	device-tree-compiler cpp                               # nodes of boards
)
[ "${1-}" = demo ] || PACKAGES+=(
	perl
	"$GCC" "lib32$GCC-dev"                                 # modules, tool and tests
	libc6-dev                                              # programs that kernel builds run
	qemu-system-x86                                        # guests
	qemu-efi-aarch64 acpica-tools
	jq                                                     # reads JSON of notifycat
)

case ${1-} in
bench)
	PACKAGES+=(pkgconf)                                    # builds gpio-manager
	;;
waveform)
	PACKAGES+=(sigrok-cli)                                 # reads the waveform
	;;
bench-native)
	PACKAGES+=(flex bison bc libelf-dev gnuplot-nox)       # the kernel, the plot
	;;
all)
	PACKAGES+=(bubblewrap                                  # newer compilers
		   "$GCC-arm-linux-gnueabihf" "$GCC-riscv64-linux-gnu" "$GCC-s390x-linux-gnu"
		   qemu-system-misc opensbi)
	# Debian 13 has split qemu-system-misc.
	for package in qemu-system-riscv qemu-system-s390x; do
		[ "$(apt-cache show "$package" 2>/dev/null | grep -c ^Filename:)" = 0 ] ||
			PACKAGES+=("$package")
	done
	;;
lint)
	PACKAGES+=(git codespell shellcheck pyflakes3 mandoc unifdef coccinelle
		   gcc g++ clang musl-tools                    # the headers for programs
		   libmosquitto-dev                            # notify-mqtt
		   bubblewrap                                  # newer compilers
		   yamllint python3-jsonschema python3-libfdt python3-rfc3987 python3-ruamel.yaml)
	[ "$(host_release)" = trixie ] || PACKAGES+=(dt-schema)  # see fetch.sh
	;;
htmldocs)
	PACKAGES=(make python3 perl xz-utils mandoc python3-sphinx python3-myst-parser)
	;;
mqtt)
	PACKAGES=(make "$GCC" gcc libc6-dev pkgconf python3 openssl mosquitto mosquitto-clients
		  libmosquitto-dev)
	;;
packages | docs)
	PACKAGES+=(git debootstrap e2fsprogs                   # a fresh Debian
		   flex bison bc libelf-dev rsync)             # kernel_tree.sh
	;;
debug | coverage)
	PACKAGES+=(flex bison bc libelf-dev gcovr)             # kernel builds
	;;
esac

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
		die "need root or sudo to install $(missing | xargs)"
	fi
}

[ "$(dpkg --print-architecture)" = amd64 ] || die "needs an amd64 host"

mapfile -t wanted < <(missing)
if [ ${#wanted[@]} -gt 0 ]; then
	say "installing ${wanted[*]}"
	as_root apt-get -q update || die "apt-get update failed: check the network"
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q install -y --no-install-recommends "${wanted[@]}" ||
		die "apt-get install failed"
fi
