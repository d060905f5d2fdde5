#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# debug_kernel.sh MACHINE: build a kernel from Debian's source of its series into the cache, beside
# the kernels from fetch.sh. Its config is testing/qemu/config/base and the fragments named by its
# architecture, if that is not x86, and by its flavour, which may unset options; all other options
# are off. ARCHITECTURE.patch and FLAVOUR.patch are applied if they exist. Prints the directory. The
# release contains a hash of the options and the patches, so a change causes a rebuild.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

MACHINE=${1:?usage: debug_kernel.sh MACHINE}
machine_row "$MACHINE"
[ "$SUITE" = built ] || die "the kernel of $MACHINE is in an archive: use fetch.sh kernel $MACHINE"

DIR=$CACHE/kernels/$MACHINE
LOG=$DIR.log
BUILD=$DIR/build
CONFIG=$TESTING/qemu/config
FRAGMENTS=("$CONFIG/base")
[ "$KARCH" = x86 ] || FRAGMENTS+=("$CONFIG/$KARCH")
FRAGMENTS+=("$CONFIG/$FLAVOUR")
PATCHES=("$CONFIG/$KARCH.patch" "$CONFIG/$FLAVOUR.patch")

# wanted_options: print the options without those that a fragment unsets.
wanted_options() {
	grep -h '^CONFIG' "${FRAGMENTS[@]}" |
		grep -vxFf <(sed -n 's/^# \(CONFIG_.*\) is not set$/\1=y/p' "${FRAGMENTS[@]}")
}

HASH=$({ wanted_options; cat "${PATCHES[@]}" 2>/dev/null || :; } | sha256sum | cut -c1-8)

# Skip most unused files, which saves a minute. All Kconfig files are needed.
unpack_source() {
	local tar dir patch exclude=(--exclude '*/Documentation/*.*')

	for dir in 'arch/[a-tv-wyz]*' drivers/{gpu,media,staging,infiniband,scsi,usb,iio,crypto} \
		   drivers/{video,clk,pinctrl} drivers/net/{ethernet,wireless} sound \
		   tools/{perf,testing}; do
		exclude+=(--exclude "*/$dir/*.[chS]" --exclude "*/$dir/*.dts*")
	done
	tar=$("$TESTING/fetch/fetch.sh" tarball "$SERIES")
	say "unpacking $(basename "$tar")"
	mkdir -p "$BUILD"
	xz -dc "$tar" | tar -x -C "$BUILD" --strip-components=1 --wildcards "${exclude[@]}"
	for patch in "${PATCHES[@]}"; do
		[ ! -e "$patch" ] || patch -s -d "$BUILD" -p1 <"$patch"
	done
}

kernel_make() {
	make -C "$BUILD" -j"$(nproc)" ARCH="$KARCH" CC="$GCC" HOSTCC="$GCC" \
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
	done < <(wanted_options)
	[ ${#missing[@]} -eq 0 ] || die "options not in .config: ${missing[*]}"
}

# Keep only the files needed to build modules; the rest is a gigabyte.
prune_build() {
	find "$BUILD" -mindepth 1 -maxdepth 1 ! -name Makefile ! -name 'Module.symvers' \
		! -name .config ! -name include ! -name scripts ! -name arch \
		! -name tools -exec rm -rf {} +
	find "$BUILD/arch" -mindepth 1 -maxdepth 1 ! -name x86 ! -name um -exec rm -rf {} +
	find "$BUILD"/arch/*/ -mindepth 1 -maxdepth 1 ! -name 'Makefile*' \
		! -name include ! -name um ! -name scripts -exec rm -rf {} +
	find "$BUILD/tools" -type f ! -path "$BUILD/tools/objtool/objtool" -delete
}

build_kernel() {
	local image=arch/x86/boot/bzImage

	[ "$KARCH" != um ] || image=linux
	rm -rf "$DIR"
	: >"$LOG"
	unpack_source
	cat "${FRAGMENTS[@]}" >"$BUILD/fragments"
	kernel_make KCONFIG_ALLCONFIG=fragments allnoconfig
	verify_config
	say "building $MACHINE, takes minutes"
	kernel_make
	kernel_make INSTALL_MOD_PATH="$DIR" DEPMOD=true modules_install
	cp "$BUILD/$image" "$DIR/vmlinuz"
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
