#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# debug_kernel.sh MACHINE: build a debug kernel from Debian's source of its series into the cache,
# beside the kernels from fetch.sh. Its config is testing/qemu/config/base and the fragment named
# by its flavour; all other options are off. Prints the directory. The release contains a hash of
# the options, so a changed option causes a rebuild.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

MACHINE=${1:?usage: debug_kernel.sh MACHINE}
machine_row "$MACHINE"
[ "$SUITE" = built ] || die "the kernel of $MACHINE is in an archive: use fetch.sh kernel $MACHINE"

DIR=$CACHE/kernels/$MACHINE
LOG=$DIR.log
BUILD=$DIR/build
FRAGMENTS=("$TESTING/qemu/config/base" "$TESTING/qemu/config/$FLAVOUR")
HASH=$(grep -h '^CONFIG' "${FRAGMENTS[@]}" | sha256sum | cut -c1-8)

# Skip most unused files, which saves a minute. All Kconfig files are needed.
unpack_source() {
	local tar dir exclude=(--exclude '*/Documentation/*.*')

	for dir in 'arch/[a-wyz]*' drivers/{gpu,media,staging,infiniband,scsi,usb,iio,crypto} \
		   drivers/{video,clk,pinctrl} drivers/net/{ethernet,wireless} sound \
		   tools/{perf,testing}; do
		exclude+=(--exclude "*/$dir/*.[chS]" --exclude "*/$dir/*.dts*")
	done
	tar=$("$TESTING/fetch/fetch.sh" tarball)
	say "unpacking $(basename "$tar")"
	mkdir -p "$BUILD"
	xz -dc "$tar" | tar -x -C "$BUILD" --strip-components=1 --wildcards "${exclude[@]}"
}

kernel_make() {
	make -C "$BUILD" -j"$(nproc)" ARCH="$(kernel_arch "$ARCH")" CC="$GCC" HOSTCC="$GCC" \
		CROSS_COMPILE="$(cross_prefix "$ARCH")" LOCALVERSION="-$FLAVOUR-$HASH" \
		"$@" >>"$LOG" 2>&1 || {
		grep -E 'error|Error|\*\*\*' "$LOG" >&2 || tail -n 20 "$LOG" >&2
		die "failed: make $*; see $LOG"
	}
}

# Kconfig silently drops options with unmet dependencies.
verify_config() {
	local option missing=()

	while read -r option; do
		grep -qxF "$option" "$BUILD/.config" || missing+=("$option")
	done < <(grep -h '^CONFIG' "${FRAGMENTS[@]}")
	[ ${#missing[@]} -eq 0 ] || die "options not in .config: ${missing[*]}"
}

# Keep only the files needed to build modules; the rest is a gigabyte.
prune_build() {
	local arch

	arch=$(kernel_arch "$ARCH")
	find "$BUILD" -mindepth 1 -maxdepth 1 ! -name Makefile ! -name 'Module.symvers' \
		! -name .config ! -name include ! -name scripts ! -name arch \
		! -name tools -exec rm -rf {} +
	find "$BUILD/arch" -mindepth 1 -maxdepth 1 ! -name "$arch" -exec rm -rf {} +
	find "$BUILD/arch/$arch" -mindepth 1 -maxdepth 1 ! -name 'Makefile*' \
		! -name include -exec rm -rf {} +
	find "$BUILD/tools" -type f ! -path "$BUILD/tools/objtool/objtool" -delete
}

build_kernel() {
	rm -rf "$DIR"
	: >"$LOG"
	unpack_source
	cat "${FRAGMENTS[@]}" >"$BUILD/fragments"
	kernel_make KCONFIG_ALLCONFIG=fragments allnoconfig
	verify_config
	say "building $MACHINE, takes minutes"
	kernel_make
	kernel_make INSTALL_MOD_PATH="$DIR" DEPMOD=true modules_install
	cp "$BUILD/arch/$(kernel_arch "$ARCH")/boot/bzImage" "$DIR/vmlinuz"
	ln -sfn "$(echo "$DIR"/lib/modules/*)" "$DIR/modules"
	basename "$(readlink "$DIR/modules")" >"$DIR/done.new"
	prune_build
	mv "$DIR/done.new" "$DIR/done"
}

mkdir -p "$CACHE/kernels"
exec 8>"$DIR.lock"
flock -w 3600 8 || die "$DIR.lock has been locked by another build for an hour"
case $(cat "$DIR/done" 2>/dev/null) in
*"-$FLAVOUR-$HASH") ;;
*) build_kernel ;;
esac
echo "$DIR"
