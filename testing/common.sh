# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # used by the sourcing scripts
#
# Functions and variables of the scripts below this directory; to be sourced.

set -euo pipefail

TESTING=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$TESTING")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/notify_multi
readonly TESTING TOP CACHE

# The C compiler of most of Debian's kernels in the matrix.
readonly GCC=gcc-12

say() {
	printf '== %s\n' "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

host_release() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# machine_row NAME: set ARCH, SUITE, SERIES and FLAVOUR from the table of machines, and KARCH, the
# kernel's name of the architecture. Programs for User-Mode Linux are those of amd64.
machine_row() {
	local row

	row=$(awk -v name="$1" '$1 == name' "$TESTING/qemu/machines")
	[ -n "$row" ] || die "no machine '$1' in testing/qemu/machines"
	read -r _ ARCH SUITE SERIES FLAVOUR _ <<<"$row"
	KARCH=$(kernel_arch "$ARCH")
	[ "$ARCH" != um ] || ARCH=amd64
}

# triplet ARCH: print the compiler's name of the architecture.
triplet() {
	case $1 in
	amd64) echo x86_64-linux-gnu ;;
	arm64) echo aarch64-linux-gnu ;;
	armhf) echo arm-linux-gnueabihf ;;
	riscv64) echo riscv64-linux-gnu ;;
	s390x) echo s390x-linux-gnu ;;
	*) die "unknown architecture $1" ;;
	esac
}

# cross_prefix ARCH: print the prefix of the compiler.
cross_prefix() {
	case $1 in
	amd64) echo "" ;;
	*) echo "$(triplet "$1")-" ;;
	esac
}

# kernel_arch ARCH: print the kernel's name of the architecture.
kernel_arch() {
	case $1 in
	amd64) echo x86 ;;
	armhf) echo arm ;;
	riscv64) echo riscv ;;
	s390x) echo s390 ;;
	*) echo "$1" ;;
	esac
}

# copy_sources DIR: copy tracked and new files, but not ignored ones (build output).
copy_sources() {
	(cd "$TOP" && git ls-files -co --exclude-standard | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done | cpio -pdm --quiet "$1")
}
