#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Brings what a machine of the matrix needs into the cache, without installing it:
#
#   fetch.sh source           the kernel source that the suite builds against
#   fetch.sh kernel MACHINE   kernel image, modules and headers of that machine
#   fetch.sh busybox ARCH     a static busybox
#
# Prints the directory (or file) where it stands. What is there already is kept;
# remove it from the cache to have it fetched anew.

# shellcheck source=selftests/vm/common.sh
. "$(dirname "$0")/common.sh"

# The release whose packages carry the kernel source and busybox.
readonly BASE_SUITE=bookworm
readonly SOURCE_SERIES=6.12

host_uris() {
	# shellcheck disable=SC2016 # the names are apt's
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u
}

# Debian's archive and its security archive, as this machine's apt knows them. Where it
# knows no security archive, the usual place beside the main one is tried.
archive_uri() {
	local code

	code=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	host_uris | awk -v code="$code" '$2 == code || $2 == "stable" { print $1; exit }'
}

security_uri() {
	local uri

	uri=$(host_uris | awk '$2 ~ /-security$/ { print $1; exit }')
	if [ -z "$uri" ]; then
		uri=$(archive_uri)
		uri=${uri%/}-security/
	fi
	echo "$uri"
}

keyring() {
	local file

	for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		if [ -e "$file" ]; then
			echo "$file"
			return
		fi
	done
	die "Debian's archive keyring is missing: apt-get install debian-archive-keyring"
}

# suite_apt SUITE COMMAND...: an apt of its own for one release, so that this machine's
# apt configuration and package lists stay as they are.
suite_apt() {
	local suite=$1 command=$2 root
	shift 2

	root=$CACHE/apt/$suite
	"$command" -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$root/state" -o Dir::State::status="$root/status" \
		-o Dir::Cache="$root/cache" \
		-o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 -o Acquire::http::Timeout=60 \
		-o Debug::NoLocking=1 "$@"
}

# Package lists older than a day no longer name what the archive holds.
update_lists() {
	local suite=$1 root=$CACHE/apt/$1 archive security key

	if [ -n "$(find "$root/updated" -mmin -1440 2>/dev/null)" ]; then
		return
	fi
	archive=$(archive_uri)
	[ -n "$archive" ] || die "apt's sources name no Debian archive for this release"
	security=$(security_uri)
	key=$(keyring)
	mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	{
		echo "deb [signed-by=$key] $archive $suite main"
		echo "deb [signed-by=$key] $archive $suite-updates main"
		echo "deb [signed-by=$key] $security $suite-security main"
	} >"$root/sources.list"
	say "package lists of $suite"
	suite_apt "$suite" apt-get -qq update >&2 ||
		die "apt cannot read the lists of $suite (network? a security archive in apt's sources?)"
	touch "$root/updated"
}

# unpack SUITE DIR PACKAGE...
unpack() {
	local suite=$1 dir=$2 deb
	shift 2

	rm -rf "$dir.debs"
	mkdir -p "$dir.debs" "$dir"
	say "downloading $*"
	(cd "$dir.debs" && suite_apt "$suite" apt-get -q download "$@" >&2) ||
		die "download failed: $*"
	for deb in "$dir.debs"/*.deb; do
		say "unpacking $(basename "$deb")"
		dpkg -x "$deb" "$dir"
	done
	rm -rf "$dir.debs"
}

# newest_release SUITE SERIES FLAVOUR ARCH: the newest kernel that has image and headers.
newest_release() {
	local suite=$1 series=${2//./\\.} flavour=$3 arch=$4 release

	for release in $(suite_apt "$suite" apt-cache pkgnames linux-headers- |
			 sed -nE "s/^linux-headers-($series(\.[0-9]+)*(-[0-9]+|\+deb[0-9]+(\.[0-9]+)?)-$flavour)\$/\1/p" |
			 sort -rV); do
		if [ -n "$(image_package "$suite" "$release" "$arch")" ]; then
			echo "$release"
			return
		fi
	done
}

# Whether the archive has it, and not only packages that mention it. grep reads all there
# is: had it -q, apt-cache could fail for writing to nobody.
has_package() {
	[ "$(suite_apt "$1" apt-cache show "$2" 2>/dev/null | grep -c ^Filename:)" -gt 0 ]
}

image_package() {
	local name

	for name in "linux-image-$2" "linux-image-$2-unsigned"; do
		if has_package "$1" "$name:$3"; then
			echo "$name"
			return
		fi
	done
}

# The headers find their common part by absolute paths: point them here.
relocate_headers() {
	local root=$1 headers

	headers=$(echo "$root"/usr/src/linux-headers-*-"$FLAVOUR")
	sed -i "s|/usr/src/|$root/usr/src/|g" "$headers/Makefile"
	[ ! -e "$headers/.kernelvariables" ] || sed -i "s|/usr/src/|$root/usr/src/|g" "$headers/.kernelvariables"
	ln -sfn "$headers" "$root/build"
}

fetch_kernel() {
	local dir release image kbuild

	machine_row "$1"
	dir=$CACHE/kernels/$1
	if [ ! -e "$dir/done" ]; then
		update_lists "$SUITE"
		release=$(newest_release "$SUITE" "$SERIES" "$FLAVOUR" "$ARCH")
		[ -n "$release" ] || die "$SUITE has no kernel $SERIES of flavour $FLAVOUR"
		image=$(image_package "$SUITE" "$release" "$ARCH")
		kbuild=$(kbuild_package "$release")
		rm -rf "$dir"
		unpack "$SUITE" "$dir" "$image:$ARCH" "linux-headers-$release:$ARCH" \
			"linux-headers-${release%-"$FLAVOUR"}-common" "$kbuild"
		relocate_headers "$dir"
		ln -sfn "$(echo "$dir"/boot/vmlinu[xz]-*)" "$dir/vmlinuz"
		ln -sfn "$(echo "$dir"/lib/modules/*)" "$dir/modules"
		echo "$release" >"$dir/done"
	fi
	echo "$dir"
}

# kbuild is named after the whole version, in older releases after the series.
kbuild_package() {
	local version=${1%-"$FLAVOUR"} name

	for name in "linux-kbuild-$version" "linux-kbuild-$SERIES"; do
		if has_package "$SUITE" "$name"; then
			echo "$name"
			return
		fi
	done
	die "$SUITE has no linux-kbuild for $1"
}

fetch_source() {
	local dir=$CACHE/source-$SOURCE_SERIES tar

	if [ ! -e "$dir/done" ]; then
		update_lists "$BASE_SUITE"
		rm -rf "$dir"
		unpack "$BASE_SUITE" "$dir.pkg" "linux-source-$SOURCE_SERIES"
		tar=$(echo "$dir.pkg"/usr/src/linux-source-*.tar.xz)
		say "unpacking the parts of $(basename "$tar") that are used"
		mkdir -p "$dir"
		tar -xf "$tar" -C "$dir" --strip-components=1 --wildcards '*/scripts' \
			'*/tools/testing/selftests/*.*' '*/tools/testing/selftests/kselftest' \
			'*/tools/include/uapi' '*/tools/memory-model'
		rm -rf "$dir.pkg"
		touch "$dir/done"
	fi
	echo "$dir"
}

fetch_busybox() {
	local arch=$1 dir=$CACHE/busybox-$1

	if [ ! -e "$dir/done" ]; then
		update_lists "$BASE_SUITE"
		rm -rf "$dir"
		unpack "$BASE_SUITE" "$dir" "busybox-static:$arch"
		touch "$dir/done"
	fi
	echo "$dir/bin/busybox"
}

mkdir -p "$CACHE"
exec 9>"$CACHE/fetch.lock"
flock -w 1800 9 || die "another fetch has held $CACHE/fetch.lock for half an hour"

case ${1-} in
source) fetch_source ;;
kernel) fetch_kernel "${2:?a machine}" ;;
busybox) fetch_busybox "${2:?an architecture}" ;;
*) die "usage: fetch.sh source | kernel MACHINE | busybox ARCH" ;;
esac
