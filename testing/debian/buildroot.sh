#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Test packaging/buildroot without Buildroot: parse its Config.in with the kernel's kconfig, which
# Buildroot uses as well, and run the package's commands for an arm64 board through a stand-in for
# Buildroot's package infrastructure. Test packaging/yocto without bitbake: run the commands of its
# recipes with the variables that bitbake's classes pass; recipes.py parses them.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

readonly MACHINE=arm64-6.12
readonly EXTERNAL=$TOP/packaging/buildroot
readonly RECIPES=$TOP/packaging/yocto/recipes-kernel/notify-multi
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

quietly() {
	"$@" >"$WORK/log" 2>&1 || {
		tail -n 30 "$WORK/log" >&2
		die "failed: $*"
	}
}

# config KERNEL COUNT: check that the package can be selected only if a kernel is built. Unlike the
# kernel's kconfig, Buildroot's expands variables without parentheses.
config() {
	printf 'config BR2_LINUX_KERNEL\n\tbool "kernel"\n' >"$WORK/Config.in"
	# shellcheck disable=SC2016 # expanded by kconfig
	sed 's/\$BR2_EXTERNAL_NOTIFY_MULTI_PATH/$(BR2_EXTERNAL_NOTIFY_MULTI_PATH)/' \
		"$EXTERNAL/Config.in" >>"$WORK/Config.in"
	printf '%s\n' "BR2_LINUX_KERNEL=$1" BR2_PACKAGE_NOTIFY_MULTI=y >"$WORK/defconfig"
	(cd "$WORK" && BR2_EXTERNAL_NOTIFY_MULTI_PATH=$EXTERNAL CONFIG_='' KCONFIG_CONFIG=.config \
		quietly "$LINUX/scripts/kconfig/conf" --defconfig=defconfig Config.in)
	[ "$(grep -cx 'BR2_PACKAGE_NOTIFY_MULTI=y' "$WORK/.config")" = "$2" ] ||
		die "Config.in: wrong value of the package if BR2_LINUX_KERNEL=$1"
}

# Write a Makefile that runs the package's commands as Buildroot's infrastructure does.
stand_in() {
	cat >"$WORK/Makefile" <<-'END'
		BR2_EXTERNAL_NOTIFY_MULTI_PATH := $(EXTERNAL)
		TARGET_DIR := $(WORK)/target
		STAGING_DIR := $(WORK)/staging
		TARGET_MAKE_ENV := PATH="$(PATH)"
		BR2_PACKAGE_PYTHON3 := y
		PYTHON3_VERSION_MAJOR := 3.12
		TARGET_CONFIGURE_OPTS := CC=$(CROSS)gcc-12 CFLAGS=-O2 PKG_CONFIG=false
		LINUX_MAKE := $(MAKE) -C $(KERNEL)/build ARCH=arm64 CROSS_COMPILE=$(CROSS) \
			CC=$(CROSS)gcc-12
		KCONFIG_ENABLE_OPT = echo enable $(1)

		define kernel-module
		$(SOURCE)/.modules: ; $$(LINUX_MAKE) M=$$(@D) modules
		$(SOURCE)/.modules_install: ; $$(LINUX_MAKE) M=$$(@D) \
			INSTALL_MOD_PATH=$$(TARGET_DIR) modules_install
		endef
		define generic-package
		$(SOURCE)/.build: ; $$(NOTIFY_MULTI_BUILD_CMDS)
		$(SOURCE)/.staging: ; $$(NOTIFY_MULTI_INSTALL_STAGING_CMDS)
		$(SOURCE)/.target: ; $$(NOTIFY_MULTI_INSTALL_TARGET_CMDS)
		$(SOURCE)/.hook: ; $$($(NOTIFY_MULTI_POST_INSTALL_TARGET_HOOKS))
		$(SOURCE)/.linux: ; $$(NOTIFY_MULTI_LINUX_CONFIG_FIXUPS)
		endef

		all: $(addprefix $(SOURCE)/.,modules modules_install build staging target hook \
			linux)
		include $(EXTERNAL)/external.mk
	END
}

build_package() {
	local file

	mkdir "$WORK/source"
	copy_sources "$WORK/source"
	stand_in
	quietly make -C "$WORK" EXTERNAL="$EXTERNAL" WORK="$WORK" SOURCE="$WORK/source" \
		KERNEL="$KERNEL" CROSS="$(cross_prefix arm64)"
	for file in target/usr/bin/notifycat target/usr/lib/udev/rules.d/60-notify-multi.rules \
		    target/usr/lib/python3.12/site-packages/notify_multi/py.typed \
		    staging/usr/include/linux/notify_multi.h; do
		[ -e "$WORK/$file" ] || die "$file is not installed"
	done
	[ "$(find "$WORK/target/lib/modules" -name 'notify_*.ko*' | wc -l)" -ge 4 ] ||
		die "modules are missing"
	[ "$(od -An -j18 -N2 -tu2 "$WORK/target/usr/bin/notifycat" | tr -d ' ')" = 183 ] ||
		die "notifycat is not for arm64"
}

# Expand variables of bitbake.conf.
# shellcheck disable=SC2016 # bitbake's variables
expand() {
	sed -e "s|\${D}|$WORK/image|; s|\${prefix}|/usr|g; s|\${nonarch_base_libdir}|/lib|g" \
		-e 's|${systemd_system_unitdir}|/lib/systemd/system|g' \
		-e 's|${PYTHON_SITEPACKAGES_DIR}|/usr/lib/python3.12/site-packages|g'
}

# recipe_commands FUNCTION RECIPE: print the commands of a function.
recipe_commands() {
	sed -n "/^$1() {/,/^}/p" "$RECIPES/$2.bb" | sed '1d;$d' | expand
}

# The kernel's source and build directories differ, as those of Yocto do. depmod must not run: it
# would be that of the build host, with the modules of the build host.
recipe_modules() {
	local source build cross
	local modlib=$WORK/image/lib/modules/version

	build=$(readlink -f "$KERNEL/build")
	source=$(echo "$KERNEL"/usr/src/linux-headers-*-common)
	cross=$(cross_prefix arm64)
	set -- make -C "$WORK/yocto" "KDIR=$source" "KERNEL_PATH=$source" "O=$build" ARCH=arm64 \
		"CROSS_COMPILE=$cross" "CC=$cross$GCC" "LD=${cross}ld" DEPMOD=false
	quietly "$@" "$(sed -n 's/^MAKE_TARGETS = "\(.*\)"/\1/p' "$RECIPES"/kernel-*.bb)"
	quietly "$@" "MODLIB=$modlib" \
		"$(sed -n 's/^MODULES_INSTALL_TARGET = "\(.*\)"/\1/p' "$RECIPES"/kernel-*.bb)"
	[ "$(find "$modlib" -name 'notify_*.ko*' | wc -l)" = 4 ] || die "modules are missing"
}

# The compiler is in the environment, as that of bitbake is.
recipe_tools() {
	local cross

	cross=$(cross_prefix arm64)
	cat >"$WORK/recipe" <<-END
		set -e
		oe_runmake() { make -C "$WORK/yocto" "\$@"; }
		$(recipe_commands do_compile notify-multi-tools)
		$(recipe_commands do_install notify-multi-tools)
		$(recipe_commands do_install python3-notify-multi)
	END
	quietly env "CC=$cross$GCC" "CFLAGS=-O2 -g" PKG_CONFIG=false bash "$WORK/recipe"
	[ "$(od -An -j18 -N2 -tu2 "$WORK/image/usr/bin/notifycat" | tr -d ' ')" = 183 ] ||
		die "the recipe's notifycat is not for arm64"
}

# Each file must be in a package: of the recipe, or by default.
# shellcheck disable=SC2016 # a variable of bitbake
recipe_files() {
	local pattern added packaged=(/usr/bin /usr/share/man /usr/include /usr/share/pkgconfig
				      /usr/share/bash-completion /usr/share/doc /etc /lib/modules)

	read -rd '' -a added < <(sed -n 's/^FILES:${PN} += "\(.*\)"/\1/p' \
		"$RECIPES"/*.bb | expand) || true
	for pattern in "${packaged[@]}" "${added[@]}"; do
		rm -rf "${WORK:?}/image$pattern"
	done
	find "$WORK/image" -type f >"$WORK/unpackaged"
	[ ! -s "$WORK/unpackaged" ] || die "installed but not packaged: $(cat "$WORK/unpackaged")"
}

list_files() {
	(cd "$WORK/yocto" && find . -type f | sort)
}

recipes() {
	mkdir "$WORK/yocto"
	copy_sources "$WORK/yocto"
	list_files >"$WORK/before"
	recipe_modules
	recipe_tools
	recipe_files
	quietly make -C "$WORK/yocto" KDIR=/nonexistent clean
	list_files >"$WORK/after"
	diff "$WORK/before" "$WORK/after" || die "make clean does not remove these files"
}

KERNEL=$("$TESTING/fetch/fetch.sh" kernel "$MACHINE")
LINUX=$CACHE/kernel_tree
[ -e "$LINUX/scripts/kconfig/conf" ] || "$TESTING/debian/kernel_tree.sh"
say "buildroot: Config.in"
config y 1
config n 0
say "buildroot: the package's commands, for $MACHINE"
build_package
say "yocto: the recipes' statements"
quietly "$TESTING/debian/recipes.py"
say "yocto: the recipes' commands, for $MACHINE"
recipes
say "buildroot: passed; Buildroot and bitbake were not run"
