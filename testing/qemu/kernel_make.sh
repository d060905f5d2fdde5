#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel_make.sh MACHINE DIR [ARG...]: runs make in the build directory of a machine's kernel, with
# the compiler of that kernel. A compiler newer than the host's runs in a root directory of its own,
# which has DIR and the cache of the host.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

MACHINE=${1:?usage: kernel_make.sh MACHINE DIR [ARG...]}
DIR=${2:?usage: kernel_make.sh MACHINE DIR [ARG...]}
shift 2

machine_row "$MACHINE"
KERNEL=$("$TESTING/fetch/fetch.sh" kernel "$MACHINE")
TOOLCHAIN=
[ "$SUITE" = built ] || TOOLCHAIN=$("$TESTING/fetch/fetch.sh" toolchain "$MACHINE")
CROSS=$(cross_prefix "$ARCH")
COMPILER=$GCC
ENTER=()
if [ -n "$TOOLCHAIN" ]; then
	COMPILER=gcc-$(cat "$KERNEL/gcc")
	ENTER=(bwrap --bind "$TOOLCHAIN" / --dev /dev --proc /proc --tmpfs /tmp
	       --bind "$CACHE" "$CACHE" --bind "$DIR" "$DIR" --chdir "$KERNEL/build"
	       --die-with-parent)
fi
exec "${ENTER[@]}" make -j"$(nproc)" -C "$KERNEL/build" ARCH="$KARCH" \
	CROSS_COMPILE="$CROSS" CC="$CROSS$COMPILER" "$@"
