#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Copy this tree into a kernel tree as described in Documentation/packages.md, and build it there,
# built in and as modules, with W=1. The kernel source is that of the suite, in a minimal
# configuration. Install the suite with the harness of the kernel tree.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

readonly SUBTREE=drivers/misc/notify_multi
# Modules, and the parts of those that have several.
readonly MODULES=(hwsrc/notify_irq hwsrc/notify_sim)
readonly LINKED=(notify_multi hwsrc/notify_gpio)
readonly PARTS=(core client read splice uring observe hwsrc/gpio hwsrc/gpio_settings
	hwsrc/gpio_configfs)
readonly OPTIONS=(NOTIFY_MULTI NOTIFY_MULTI_GPIO NOTIFY_MULTI_IRQ NOTIFY_MULTI_SIM)

readonly LINUX=$CACHE/kernel_tree
readonly LOG=$LINUX.log

# Skip the sources of other architectures and drivers, which saves a minute. Kconfig is needed.
unpack_kernel() {
	local tar

	[ ! -e "$LINUX/unpacked" ] || return 0
	rm -rf "$LINUX"
	mkdir -p "$LINUX"
	tar=$("$TESTING/fetch/fetch.sh" tarball)
	say "unpacking $(basename "$tar")"
	xz -dc "$tar" | tar -x -C "$LINUX" --strip-components=1 --wildcards \
		--exclude '*/Documentation/*.*' --exclude '*/arch/[a-wyz]*/*.[chS]' \
		--exclude '*.dts*' --exclude '*/drivers/[a-ln-z]*/*.[chS]' --exclude '*/fs/*.c' \
		--exclude '*/net/*.c' --exclude '*/sound/*.[ch]' --exclude '*/tools/testing/*'
	touch "$LINUX/unpacked"
}

# Add the tree with the commands of Documentation/packages.md.
drop_in() {
	[ ! -e "$LINUX/$SUBTREE" ] || rm -r "${LINUX:?}/$SUBTREE"
	mkdir "$LINUX/$SUBTREE"
	copy_sources "$LINUX/$SUBTREE"
	grep -qw notify_multi "$LINUX/drivers/misc/Makefile" || {
		# shellcheck disable=SC2016 # expanded by make
		echo 'obj-$(CONFIG_NOTIFY_MULTI) += notify_multi/' >>"$LINUX/drivers/misc/Makefile"
		sed -i '$i source "drivers/misc/notify_multi/Kconfig"' "$LINUX/drivers/misc/Kconfig"
	}
}

kernel_make() {
	make -C "$LINUX" -j"$(nproc)" ARCH=x86 CC="$GCC" HOSTCC="$GCC" "$@" >"$LOG" 2>&1 || {
		tail -n 30 "$LOG" >&2
		die "failed: make $*"
	}
}

# configure VALUE: set OPTIONS to VALUE and enable their dependencies.
configure() {
	local option

	{
		printf 'CONFIG_%s=y\n' 64BIT SMP MODULES PRINTK GPIOLIB CONFIGFS_FS IO_URING PM \
			SUSPEND FTRACE DEBUG_FS
		printf "CONFIG_%s=$1\\n" "${OPTIONS[@]}"
	} >"$LINUX/fragment"
	kernel_make KCONFIG_ALLCONFIG=fragment allnoconfig
	for option in "${OPTIONS[@]}"; do
		grep -qx "CONFIG_$option=$1" "$LINUX/.config" ||
			die "Kconfig: $option is not $1"
	done
}

# build VALUE: build with OPTIONS=VALUE and check that each object is built in or a module as
# configured: only a module contains its licence.
build() {
	local object kind objects=("${MODULES[@]}")

	say "$SUBTREE: =$1"
	configure "$1"
	# Built-in parts are not linked to one object.
	if [ "$1" = y ]; then
		objects+=("${PARTS[@]}")
	else
		objects+=("${LINKED[@]}")
	fi
	rm -f "$LINUX/$SUBTREE"/{,hwsrc/}*.o
	kernel_make prepare
	kernel_make W=1 KCFLAGS=-Werror "$SUBTREE/"
	for object in "${objects[@]}"; do
		[ -e "$LINUX/$SUBTREE/$object.o" ] || die "$object.o was not built"
		kind=y
		strings "$LINUX/$SUBTREE/$object.o" | grep -x "license=GPL" >/dev/null && kind=m
		[ "$kind" = "$1" ] || die "$object.o is built as =$kind, not =$1"
	done
}

# Built-in objects are linked together, so their global symbols must not clash.
link_together() {
	ld -r -o "$LINUX/together.o" --whole-archive "$LINUX/$SUBTREE/built-in.a" ||
		die "the objects cannot be linked together"
}

# The suite, copied unchanged, must build and install with the kernel's harness. Its modules need a
# complete kernel build.
install_suite() {
	local source tests=$LINUX/tools/testing/selftests file

	say "tools/testing/selftests/notify_multi: install"
	source=$("$TESTING/fetch/fetch.sh" source)
	rm -rf "$tests" "$LINUX/kselftest"
	mkdir -p "$tests" "$LINUX/kselftest/built"
	cp -r "$source"/tools/testing/selftests/{lib.mk,kselftest,*.h} "$tests/"
	cp -r "$TOP/selftests" "$tests/notify_multi"
	make -C "$tests/notify_multi" KDIR= \
		CC="$GCC --sysroot=$("$TESTING/fetch/fetch.sh" sysroot amd64)" \
		USERCFLAGS=-Werror USERLDFLAGS=-static OUTPUT="$LINUX/kselftest/built" \
		INSTALL_PATH="$LINUX/kselftest/installed" install >"$LOG" 2>&1 || {
		tail -n 30 "$LOG" >&2
		die "the suite cannot be installed"
	}
	for file in read notifycat.sh ktap_helpers.sh run_kselftest.sh test_names settings \
		    config; do
		[ -e "$LINUX/kselftest/installed/$file" ] || die "$file was not installed"
	done
}

unpack_kernel
drop_in
install_suite
build y
link_together
build m
say "$SUBTREE: built without warnings"
