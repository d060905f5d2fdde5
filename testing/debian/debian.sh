#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Provide a fresh Debian (amd64) for debian.py to boot. Needs root.
#
#   debian.sh root SUITE                  install bookworm or trixie with the packages below into
#                                         the cache by debootstrap, if it is not there yet
#   debian.sh run SUITE COPY COMMAND...   run a command in a copy, with the network; /src contains
#                                         a copy of this tree to build in
#   debian.sh image SUITE COPY            write the copy to a disk image, with its kernel
#   debian.sh remove COPY
#
# COPY is a directory, created if necessary. It contains only the changes (overlayfs) and keeps
# them. "root" and "image" print the path of the result.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

# Packages for users of our packages, for the builds in Documentation/packages.md, and for other
# pages in Documentation/.
readonly PACKAGES=(
	systemd-sysv udev linux-image-amd64 linux-headers-amd64 initramfs-tools mokutil
	build-essential debhelper dh-dkms dkms lintian pkgconf libncurses-dev liburing-dev
	python3 trace-cmd bpftrace sigrok-cli mosquitto mosquitto-clients bash-completion
	device-tree-compiler gpiod libgpiod-dev libmosquitto-dev git ca-certificates
	zsh fish prometheus influxdb influxdb-client podman crun autopkgtest devscripts
	python3-all python3-setuptools dh-python pybuild-plugin-pyproject mypy
	python3-gi python3-libgpiod python3-evdev python3-sphinx python3-myst-parser
)

# Services that only the tests of some pages start.
readonly SERVICES=(prometheus influxdb)

usage() {
	die "usage: see the beginning of testing/debian/debian.sh"
}

# Configure the root before any package scripts run: start no services, create a small initramfs,
# and use the host's apt settings to reach the archive.
prepare() {
	local root=$1

	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	"$TESTING/fetch/fetch.sh" sources "$SUITE" amd64 >"$root/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(Check-|https?::Proxy|Retries)' \
		>"$root/etc/apt/apt.conf.d/90host" || true
	[ -z "${http_proxy-}" ] ||
		echo "Acquire::http::Proxy \"$http_proxy\";" >>"$root/etc/apt/apt.conf.d/90host"
	# The root can be recreated, so dpkg need not sync.
	echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
	mkdir -p "$root/etc/initramfs-tools/conf.d"
	echo MODULES=list >"$root/etc/initramfs-tools/conf.d/modules"
	printf '%s\n' virtio_pci virtio_blk ext4 >"$root/etc/initramfs-tools/modules"
	echo notify >"$root/etc/hostname"
}

# enter DIR COMMAND...: run a command in a chroot with the host's devices and network.
enter() {
	local dir=$1
	shift

	cp -L /etc/resolv.conf /etc/hosts "$dir/etc/" 2>/dev/null || true
	mount --rbind /dev "$dir/dev"
	mount -t proc none "$dir/proc"
	mount -t sysfs -o ro sysfs "$dir/sys"
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$dir" "$@"
}

# Run a function of this script in its own namespaces, so that no mounts or processes outlive it.
readonly UNSHARED=(unshare --mount --pid --fork --kill-child "$TESTING/debian/debian.sh")

install_packages() {
	enter "$1" sh -ec "apt-get -q update; apt-get -q install -y --no-install-recommends $2"
}

make_root() {
	local log=$DIR.log archive

	rm -rf "$DIR"
	mkdir -p "$DIR"
	archive=$("$TESTING/fetch/fetch.sh" sources "$SUITE" amd64 |
		sed -nE '1s/.*\] ([^ ]+) .*/\1/p')
	say "$SUITE: debootstrap"
	debootstrap --variant=minbase --arch=amd64 --include=ca-certificates "$SUITE" \
		"$DIR/root" "$archive" >"$log" 2>&1 || die "debootstrap failed; see $log"
	prepare "$DIR/root"
	say "$SUITE: ${PACKAGES[*]}"
	"${UNSHARED[@]}" @install_packages "$SUITE" "$DIR/root" "${PACKAGES[*]}" >>"$log" 2>&1 ||
		die "apt-get failed; see $log"
	"${UNSHARED[@]}" @enter "$SUITE" "$DIR/root" systemctl disable "${SERVICES[@]}" \
		>>"$log" 2>&1 || die "systemctl failed; see $log"
	rm -f "$DIR"/root/var/cache/apt/archives/*.deb
	echo "${PACKAGES[*]}" >"$DIR/done"
}

root() {
	mkdir -p "$CACHE"
	exec 8>"$DIR.lock"
	flock -w 1800 8 || die "$DIR.lock has been locked by another process for half an hour"
	[ "$(cat "$DIR/done" 2>/dev/null)" = "${PACKAGES[*]}" ] || make_root >&2
	exec 8>&-
	echo "$DIR/root"
}

# mount_copy COPY: mount the Debian root with the copy's changes on COPY/root.
mount_copy() {
	mkdir -p "$1"/{changes,scratch,root}
	mount -t overlay none -o "lowerdir=$DIR/root,upperdir=$1/changes,workdir=$1/scratch" \
		"$1/root"
}

run() {
	local copy=$1
	shift

	mount_copy "$copy"
	if [ ! -e "$copy/root/src" ]; then
		mkdir -p "$copy/root/src/notify-multi"
		copy_sources "$copy/root/src/notify-multi"
	fi
	enter "$copy/root" "$@"
}

# newest FILE...: an installation in the copy may have added a newer kernel.
newest() {
	printf '%s\n' "$@" | sort -V | tail -n 1
}

image() {
	local copy=$1 disk=$1/disk

	mount_copy "$copy"
	cp "$(newest "$copy"/root/boot/vmlinuz-*)" "$copy/vmlinuz"
	cp "$(newest "$copy"/root/boot/initrd.img-*)" "$copy/initrd"
	rm -f "$disk"
	truncate -s 6G "$disk"
	mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=1 -d "$copy/root" "$disk"
	echo "$copy"
}

[ "$(id -u)" = 0 ] || die "needs root: use sudo"
command=${1-}
case $command in
remove)
	rm -rf "${2:?a copy}"
	exit
	;;
esac
SUITE=${2:?a suite}
DIR=$CACHE/debian-$SUITE
shift 2
case $command in
@*) "${command#@}" "$@" ;;
root) root ;;
run | image)
	root >/dev/null
	exec "${UNSHARED[@]}" "@$command" "$SUITE" "$@"
	;;
*) usage ;;
esac
