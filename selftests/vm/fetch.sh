#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Brings what a machine of the matrix needs into the cache, without installing it:
#
#   fetch.sh source           the kernel source that the suite builds against
#   fetch.sh kernel MACHINE   kernel image, modules and headers of that machine
#   fetch.sh busybox ARCH     a static busybox
#   fetch.sh liburing ARCH    liburing, to be linked statically
#   fetch.sh herd             herd7, which judges the litmus tests
#
# Prints the directory (or file) where it stands. What is there already is kept;
# remove it from the cache to have it fetched anew.

# shellcheck source=selftests/vm/common.sh
. "$(dirname "$0")/common.sh"

# The release whose packages carry the kernel source, busybox and liburing.
readonly BASE_SUITE=bookworm
readonly SOURCE_SERIES=6.12
# The release whose herd7 knows the memory model of that source.
readonly HERD_SUITE=forky

# Without its release information apt names what it has not downloaded, too.
host_uris() {
	# shellcheck disable=SC2016 # the names are apt's
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' | sort -u
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
		-o APT::Architectures::=i386 \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 -o Acquire::http::Timeout=60 \
		-o Debug::NoLocking=1 "$@"
}

# sources SUITE: the lines of its sources.list. i386 is there for liburing only.
sources() {
	local suite=$1 archive security key options architectures=amd64,arm64

	archive=$(archive_uri)
	[ -n "$archive" ] || die "apt's sources name no Debian archive for this release"
	security=$(security_uri)
	key=$(keyring) || exit
	options="signed-by=$key arch="
	echo "deb [$options$architectures] $archive $suite-updates main"
	echo "deb [$options$architectures] $security $suite-security main"
	if [ "$suite" = "$BASE_SUITE" ]; then
		architectures+=,i386
	fi
	echo "deb [$options$architectures] $archive $suite main"
}

# Package lists older than a day no longer name what the archive holds.
update_lists() {
	local suite=$1 root=$CACHE/apt/$1 lines

	lines=$(sources "$suite")
	if [ -n "$(find "$root/updated" -mmin -1440 2>/dev/null)" ] &&
	   [ "$lines" = "$(cat "$root/sources.list")" ]; then
		return
	fi
	mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	echo "$lines" >"$root/sources.list"
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

# A bare machine has no xz.
uncompress() {
	if command -v xz >/dev/null; then
		xz -dc "$1"
	else
		"$(fetch_busybox amd64)" xzcat "$1"
	fi
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
		uncompress "$tar" | tar -x -C "$dir" --strip-components=1 --wildcards '*/scripts' \
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

# The headers, and the library in lib/.
fetch_liburing() {
	local arch=$1 dir=$CACHE/liburing-$1

	if [ ! -e "$dir/done" ]; then
		update_lists "$BASE_SUITE"
		rm -rf "$dir"
		unpack "$BASE_SUITE" "$dir" "liburing-dev:$arch"
		mkdir "$dir/lib"
		cp "$dir"/usr/lib/*/liburing.a "$dir/lib/"
		touch "$dir/done"
	fi
	echo "$dir"
}

# herd7 with the libraries that it is linked with, which are newer than this machine's
# may be: started by their own loader.
fetch_herd() {
	local dir=$CACHE/herd lib=$CACHE/herd/usr/lib/x86_64-linux-gnu

	if [ ! -e "$dir/done" ]; then
		update_lists "$HERD_SUITE"
		rm -rf "$dir"
		unpack "$HERD_SUITE" "$dir" herdtools7:amd64 libc6:amd64 libgmp10:amd64
		find "$dir/usr/bin" -type f ! -name herd7 -delete
		cat >"$dir/herd7" <<-END
			#!/bin/sh
			exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" \\
				"$dir/usr/bin/herd7" -set-libdir "$dir/usr/share/herdtools7/herd" "\$@"
		END
		chmod +x "$dir/herd7"
		touch "$dir/done"
	fi
	echo "$dir/herd7"
}

mkdir -p "$CACHE"
exec 9>"$CACHE/fetch.lock"
flock -w 1800 9 || die "another fetch has held $CACHE/fetch.lock for half an hour"

case ${1-} in
source) fetch_source ;;
kernel) fetch_kernel "${2:?a machine}" ;;
busybox) fetch_busybox "${2:?an architecture}" ;;
liburing) fetch_liburing "${2:?an architecture}" ;;
herd) fetch_herd ;;
*) die "usage: fetch.sh source | kernel MACHINE | busybox ARCH | liburing ARCH | herd" ;;
esac
