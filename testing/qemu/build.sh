#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh MACHINE [KIND]: build modules and programs for a machine of the matrix in the cache, and
# pack them into an initramfs. Prints the directory of the build.
#
#   check    the suite, or only $TESTS of it
#   torture  the programs of torture.py; "fuzzers" adds Debian's fuzzers
#   gcov     the suite and the fuzzer; count the lines that run, in a separate directory
#   bench    the benchmark
#   native   the benchmark in User-Mode Linux
#   board    only the modules and the tool
#   demo     the same without test modules

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

MACHINE=${1:?usage: build.sh MACHINE [check|torture|fuzzers|gcov|bench|native|board|demo]}
KIND=${2:-check}

# Debian's kernel modules that the guest loads, and those that some kernels lack.
KERNEL_MODULES=(configfs)
OPTIONAL_MODULES=(gpio-sim gpio-mxc)
# KCOV (if the kernel has it) guides the fuzzer.
MODULE_FLAGS=(W=1 KCFLAGS=-Werror KCOV_INSTRUMENT=y)
SUFFIX=
PROGRAMS=()
case $KIND in
torture | fuzzers) PROGRAMS=(stress fuzz) ;;
gcov)
	PROGRAMS=(fuzz)
	MODULE_FLAGS=(GCOV_PROFILE=y)
	SUFFIX=-gcov
	;;
esac
machine_row "$MACHINE"
KERNEL=$("$TESTING/fetch/fetch.sh" kernel "$MACHINE")
SYSROOT=$("$TESTING/fetch/fetch.sh" sysroot "$ARCH")
CROSS=$(cross_prefix "$ARCH")
PROGRAM_CC="$CROSS$GCC --sysroot=$SYSROOT"
BUILDS=${NOTIFY_MULTI_BUILDS:-$CACHE/build/$(sha256sum <<<"$TOP" | cut -c1-12)}
BUILD=$BUILDS/$MACHINE$SUFFIX
TREE=$BUILD/tree
ROOT=$BUILD/root
# The machines of an architecture share their programs.
SHARED=$BUILDS/$ARCH

# quietly LOG COMMAND...: run a command and show its output only if it fails.
quietly() {
	local log=$BUILD/log/$1
	shift

	"$@" >"$log" 2>&1 || {
		cat "$log" >&2
		die "failed: $*"
	}
}

# copy_tree DIR: copy the tree to DIR/tree. Files that were removed since the last copy are deleted,
# because make would find them.
copy_tree() {
	local list=$1/sources tree=$1/tree

	[ -e "$list" ] || rm -rf "$tree"
	mkdir -p "$tree"
	(cd "$TOP" && find . -path ./.git -prune -o -type f \
		\( -name '*.[ch]' -o -name Kbuild -o -name Makefile \
		-o -name '*.mk' -o -name '*.sh' \) -print |
		LC_ALL=C sort) >"$list.new"
	[ ! -e "$list" ] || LC_ALL=C comm -23 "$list" "$list.new" | (cd "$tree" && xargs -r rm -f)
	(cd "$TOP" && cpio -pdmu --quiet "$tree") <"$list.new"
	mv "$list.new" "$list"
}

# Each checkout has its own builds. Remove those of checkouts that no longer exist.
remove_old_builds() {
	local file

	mkdir -p "$BUILD/log"
	echo "$TOP" >"$BUILDS/checkout"
	for file in "$CACHE"/build/*/checkout; do
		[ ! -e "$file" ] || [ -e "$(cat "$file")" ] || rm -rf "$(dirname "$file")"
	done
}

# kernel_make NAME DIR [ARG...]
kernel_make() {
	quietly "$1" "$TESTING/qemu/kernel_make.sh" "$MACHINE" "$BUILD" "${MODULE_FLAGS[@]}" \
		M="$2" "${@:3}" modules
}

# make needs seconds to find that nothing has changed.
build_modules() {
	local dir others="selftests/test_modules Documentation/driver" sums=$BUILD/modules.sums

	[ "$KIND" != demo ] || others=
	[ ! -d "$TREE/testing/$KIND/module" ] || others+=" testing/$KIND/module"
	[ "$KIND-$KARCH" != torture-um ] || others+=" testing/stress/module"
	(cd "$TREE" && echo "$(cat "$KERNEL/done") ${MODULE_FLAGS[*]} $others" &&
	 grep -E "^\./([^/]*\$|hwsrc/|uapi/|include/|${others// //|}/)" "$BUILD/sources" |
		xargs sha256sum) >"$sums.new"
	! cmp -s "$sums.new" "$sums" || return 0
	rm -f "$sums"
	kernel_make modules "$TREE"
	for dir in $others; do
		kernel_make "${dir##*/}" "$TREE/$dir" KBUILD_EXTRA_SYMBOLS="$TREE/Module.symvers"
	done
	mv "$sums.new" "$sums"
}

# build_suite NAME CC
build_suite() {
	local test goals=() output=$SHARED/$1

	for test in $(tr ' ' '\n' <<<"${TESTS-}" | sed 's/\..*//' | sort -u); do
		if [ -e "$SHARED/tree/selftests/$test.c" ]; then
			goals+=("$output/$test")
		elif [ -e "$TREE/selftests/$test.sh" ]; then
			goals+=("$output/ktap_helpers.sh")
		else
			goals+=(all)
		fi
	done
	mkdir -p "$output"
	quietly "$1" make -j"$(nproc)" -C "$SHARED/tree/selftests" CC="$2" OUTPUT="$output" KDIR= \
		KSRC="$("$TESTING/fetch/fetch.sh" source)" USERCFLAGS=-Werror USERLDFLAGS=-static \
		"${goals[@]:-all}"
	[[ "${goals[*]:-all}" != *all* ]] || goals=("$output"/*)
	install -D -t "$ROOT/selftests/$1" "$TREE"/selftests/*.sh "${goals[@]}"
}

# build_program DIR [ARG...]
build_program() {
	local dir=$1
	shift

	quietly "${dir##*/}" make -j"$(nproc)" -C "$SHARED/tree/$dir" CC="$PROGRAM_CC" \
		CFLAGS="-O2 -Werror" LDFLAGS=-static "$@"
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

new_root() {
	local module

	rm -rf "$ROOT"
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,modules,selftests}
	find "$SYSROOT" -path '*/bin/busybox' -exec cp {} "$ROOT/bin/" \;
	find "$SYSROOT" -path '*/terminfo/l/linux' -exec install -D -t "$ROOT/lib/terminfo/l" {} +
	for module in "${KERNEL_MODULES[@]}"; do
		install_kernel_module "$module"
	done
	for module in "${OPTIONAL_MODULES[@]}"; do
		[ -z "$(find "$KERNEL/modules/" -name "$module.ko*")" ] ||
			install_kernel_module "$module"
	done
	find "$TREE" -name '*.ko' -exec cp -t "$ROOT/modules" {} +
	"${CROSS}strip" --strip-debug "$ROOT"/modules/*.ko
	cp "$TESTING/qemu/init" "$ROOT/init"
}

# The programs that notify_edge is compared with.
install_gpiod() {
	cp -r "$("$TESTING/fetch/fetch.sh" gpiod)/usr" "$ROOT/"
	mkdir -p "$ROOT"/{etc,lib}
	ln -s /usr/lib/ld-linux-aarch64.so.1 "$ROOT/lib/"
	cp "$TESTING/bench/bus.conf" "$ROOT/etc/"
	echo "root:x:0:0::/:/bin/sh" >"$ROOT/etc/passwd"
}

say "building for $MACHINE ($(cat "$KERNEL/done"))"
remove_old_builds
# Several boards use the build of a machine.
exec 8>"$BUILD.lock"
flock 8
copy_tree "$BUILD"
build_modules
new_root
exec 9>"$SHARED.lock"
flock 9
copy_tree "$SHARED"
build_program tools URING_LIBS=-luring NCURSES_LIBS="-lncurses -ltinfo" MOSQUITTO_LIBS=
cp "$SHARED/tree/tools/notifycat" "$ROOT/bin/"
case $KIND in
check | gcov)
	build_suite suite "$PROGRAM_CC"
	[ "$KIND-$KARCH" != check-x86 ] ||
		build_suite suite32 "$GCC -m32 --sysroot=$("$TESTING/fetch/fetch.sh" sysroot i386)"
	;;
bench)
	build_program testing/bench
	cp "$SHARED/tree/testing/bench"/notify_{bench,edge} "$ROOT/bin/"
	[ "$ARCH" != arm64 ] || install_gpiod
	;;
native)
	build_program testing/native
	cp "$SHARED/tree/testing/native/notify_mapped" "$ROOT/bin/"
	;;
fuzzers)
	cp -r "$("$TESTING/fetch/fetch.sh" fuzzers)"/{bin,lib,lib64} "$ROOT/"
	;;
esac
for program in "${PROGRAMS[@]}"; do
	build_program "testing/$program" install DESTDIR="$ROOT/torture"
done
(cd "$ROOT" && find . | cpio -o --quiet -H newc -R 0:0 >"$BUILD/initramfs.new")
mv "$BUILD/initramfs.new" "$BUILD/initramfs"
echo "$BUILD"
