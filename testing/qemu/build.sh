#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh MACHINE [strict|fuzzers|gcov|bench]: build modules, tool and suite for a machine of the
# matrix in the cache, and pack them into an initramfs. Prints the directory of the build.
#
#   strict   fail on warnings, with W=1
#   fuzzers  like strict, with Debian's fuzzers
#   gcov     count the lines that run; in a separate directory
#   bench    the benchmark instead of the suite; in a separate directory

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

MACHINE=${1:?usage: build.sh MACHINE [strict|fuzzers|gcov|bench]}
KIND=${2-}

# kernel_make ARG...: run make in the kernel's build directory. A kernel whose toolchain is newer
# than the host's is built in a root with that toolchain.
kernel_make() {
	local toolchain enter=() compiler=$CROSS$GCC

	toolchain=$("$TESTING/fetch/fetch.sh" toolchain "$MACHINE")
	if [ -n "$toolchain" ]; then
		enter=(bwrap --bind "$toolchain" / --dev /dev --proc /proc --tmpfs /tmp
		       --bind "$CACHE" "$CACHE" --bind "$BUILD" "$BUILD" --chdir "$KERNEL/build"
		       --die-with-parent)
		compiler=${CROSS}gcc-$(cat "$KERNEL/gcc")
	fi
	"${enter[@]}" make -j"$(nproc)" -C "$KERNEL/build" ARCH="$KARCH" \
		CROSS_COMPILE="$CROSS" CC="$compiler" "${MODULE_FLAGS[@]}" "$@"
}

# Debian's kernel modules that the guest loads, and those that some kernels lack.
KERNEL_MODULES=(configfs)
OPTIONAL_MODULES=(gpio-sim)
if [ "$KIND" = bench ]; then
	KERNEL_MODULES+=(evdev uinput hid hid-generic uhid)
	OPTIONAL_MODULES=()
fi

MODULE_FLAGS=()
ERRORS=
case $KIND in
strict | fuzzers)
	MODULE_FLAGS=(W=1 KCFLAGS=-Werror)
	ERRORS=-Werror
	;;
gcov)
	MODULE_FLAGS=(GCOV_PROFILE=y)
	;;
esac
machine_row "$MACHINE"
KERNEL=$("$TESTING/fetch/fetch.sh" kernel "$MACHINE")
KSRC=$("$TESTING/fetch/fetch.sh" source)
SYSROOT=$("$TESTING/fetch/fetch.sh" sysroot "$ARCH")
CROSS=$(cross_prefix "$ARCH")
PROGRAM_CC="$CROSS$GCC --sysroot=$SYSROOT"
BUILD=${NOTIFY_MULTI_BUILDS:-$CACHE/build}/$MACHINE
case $KIND in
bench | gcov) BUILD+=-$KIND ;;
esac
TREE=$BUILD/tree
ROOT=$BUILD/root

# quietly LOG COMMAND...: run a command and show its output only if it fails.
quietly() {
	local log=$BUILD/log/$1
	shift

	"$@" >"$log" 2>&1 || {
		cat "$log" >&2
		die "failed: $*"
	}
}

# Copy the tree, because each machine needs its own objects. Files that were removed since the last
# copy are deleted, because make would find them.
copy_tree() {
	local list=$BUILD/sources

	[ -e "$list" ] || rm -rf "$TREE"
	mkdir -p "$TREE"
	(cd "$TOP" && find . -path ./.git -prune -o -type f \
		\( -name '*.[ch]' -o -name Kbuild -o -name Makefile \
		-o -name '*.mk' -o -name '*.sh' \) -print |
		LC_ALL=C sort) >"$list.new"
	[ ! -e "$list" ] || LC_ALL=C comm -23 "$list" "$list.new" | (cd "$TREE" && xargs -r rm -f)
	(cd "$TOP" && cpio -pdmu --quiet "$TREE") <"$list.new"
	mv "$list.new" "$list"
}

build_modules() {
	# KCOV (if the kernel has it) guides the fuzzer.
	quietly modules kernel_make M="$TREE" KCOV_INSTRUMENT=y modules
	quietly test_modules kernel_make M="$TREE/selftests/test_modules" \
		KBUILD_EXTRA_SYMBOLS="$TREE/Module.symvers" modules
	[ "$KIND" != bench ] || quietly bench_module kernel_make M="$TREE/testing/bench/module" \
		KBUILD_EXTRA_SYMBOLS="$TREE/Module.symvers" modules
	quietly driver kernel_make M="$TREE/Documentation/driver" \
		KBUILD_EXTRA_SYMBOLS="$TREE/Module.symvers" modules
}

# build_suite OUTPUT CC
build_suite() {
	mkdir -p "$1"
	quietly suite make -j"$(nproc)" -C "$TREE/selftests" KSRC="$KSRC" KDIR= CC="$2" \
		OUTPUT="$1" USERCFLAGS="$ERRORS" USERLDFLAGS=-static all
}

build_tool() {
	quietly tool make -C "$TREE/tools" CC="$PROGRAM_CC" CFLAGS="-O2 $ERRORS" LDFLAGS=-static \
		URING_LIBS=-luring NCURSES_LIBS="-lncurses -ltinfo"
}

build_torture() {
	local dir

	for dir in stress fuzz; do
		quietly "$dir" make -C "$TREE/testing/$dir" CC="$PROGRAM_CC" \
			CFLAGS="-O2 $ERRORS" LDFLAGS=-static
	done
}

build_bench() {
	quietly bench make -C "$TREE/testing/bench" CC="$PROGRAM_CC" CFLAGS="-O2 -Werror" \
		LDFLAGS=-static
}

install_kernel_module() {
	local file

	file=$(find "$KERNEL/modules/" -name "$1.ko*")
	case $file in
	*.ko) cp "$file" "$ROOT/modules/" ;;
	*.ko.xz) xz -dc "$file" >"$ROOT/modules/$1.ko" ;;
	*) grep -q "/$1.ko\$" "$KERNEL/modules/modules.builtin" ||
		die "$MACHINE has no module $1" ;;
	esac
}

pack_root() {
	local module

	rm -rf "$ROOT"
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,modules,selftests}
	find "$SYSROOT" -path '*/bin/busybox' -exec cp {} "$ROOT/bin/" \;
	for module in "${KERNEL_MODULES[@]}"; do
		install_kernel_module "$module"
	done
	for module in "${OPTIONAL_MODULES[@]}"; do
		[ -z "$(find "$KERNEL/modules/" -name "$module.ko*")" ] ||
			install_kernel_module "$module"
	done
	cp "$TREE"/*.ko "$TREE"/hwsrc/*.ko "$TREE"/selftests/test_modules/*.ko \
		"$TREE"/Documentation/driver/*.ko "$ROOT/modules/"
	cp "$TREE/tools/notifycat" "$ROOT/bin/"
	find "$SYSROOT" -path '*/terminfo/l/linux' -exec install -D -t "$ROOT/lib/terminfo/l" {} +
	if [ "$KIND" = bench ]; then
		cp "$TREE/testing/bench/notify_bench" "$ROOT/bin/"
		cp "$TREE"/testing/bench/module/*.ko "$ROOT/modules/"
	else
		cp "$TREE/selftests/run_kselftest.sh" "$ROOT/selftests/"
		cp -r "$BUILD"/suite* "$ROOT/selftests/"
		make -s -C "$TREE/testing/stress" install DESTDIR="$ROOT/torture"
		make -s -C "$TREE/testing/fuzz" install DESTDIR="$ROOT/torture"
	fi
	if [ "$KIND" = fuzzers ]; then
		cp -r "$("$TESTING/fetch/fetch.sh" fuzzers)"/{bin,lib,lib64} "$ROOT/"
	fi
	cp "$TESTING/qemu/init" "$ROOT/init"
	(cd "$ROOT" && find . | cpio -o --quiet -H newc -R 0:0 >"$BUILD/initramfs")
}

say "building for $MACHINE ($(cat "$KERNEL/done"))"
mkdir -p "$BUILD/log"
copy_tree
build_modules
build_tool
if [ "$KIND" = bench ]; then
	build_bench
else
	build_suite "$BUILD/suite" "$PROGRAM_CC"
	build_torture
fi
if [ "$KARCH" = x86 ] && [ "$KIND" != bench ] && [ "$KIND" != gcov ]; then
	build_suite "$BUILD/suite32" "$GCC -m32 --sysroot=$("$TESTING/fetch/fetch.sh" sysroot i386)"
fi
pack_root
echo "$BUILD"
