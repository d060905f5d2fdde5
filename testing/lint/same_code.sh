#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# same_code.sh BASE: checks that the modules and the tool compile to the same instructions as
# at revision BASE, so that a commit that claims to change only comments does just that. Line
# numbers of WARN_ON() and the like are data, which is not compared.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

BASE=${1:?usage: same_code.sh BASE}
MACHINE=amd64-6.12

KERNEL=$("$TESTING/fetch/fetch.sh" kernel "$MACHINE")
SYSROOT=$("$TESTING/fetch/fetch.sh" sysroot amd64)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# disassemble NAME: builds the tree on standard input (tar). Both trees are built at the same
# path, which is part of some objects.
disassemble() {
	rm -rf "$WORK/tree"
	mkdir "$WORK/tree"
	tar -x -C "$WORK/tree"
	make -s -j"$(nproc)" -C "$KERNEL/build" M="$WORK/tree" CC="$GCC" \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules
	make -s -j"$(nproc)" -C "$WORK/tree/tools" CC="$GCC --sysroot=$SYSROOT" LDFLAGS=-static \
		URING_LIBS=-luring NCURSES_LIBS="-lncurses -ltinfo" MOSQUITTO_LIBS=
	(cd "$WORK/tree" && find . -name '*.o' ! -name '.*' ! -name '*.mod.o' | LC_ALL=C sort |
		xargs objdump -d --no-show-raw-insn) >"$WORK/$1"
}

git -C "$TOP" archive "$BASE" | disassemble before
(cd "$TOP" && git ls-files -z | tar -c --null -T -) | disassemble after
if ! cmp -s "$WORK/before" "$WORK/after"; then
	diff -u0 "$WORK/before" "$WORK/after" | head -40 || true
	die "the code differs from that of $BASE"
fi
echo "same code as $(git -C "$TOP" rev-parse --short "$BASE"):" \
	"$(grep -c '^ ' "$WORK/after") instructions" \
	"in $(grep -c 'file format' "$WORK/after") objects"
