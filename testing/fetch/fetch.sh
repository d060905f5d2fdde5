#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Downloads Debian packages to the cache and unpacks them there, without installing them:
#
#   fetch.sh source             the parts of the kernel source that the tests use
#   fetch.sh tarball [SERIES]   the complete kernel source
#   fetch.sh kernel MACHINE     kernel image, modules and headers of a machine
#   fetch.sh toolchain MACHINE  a root directory with the compiler of that kernel; nothing if the
#                               host's compiler can build its modules
#   fetch.sh sysroot ARCH       a root directory to link static programs in, with liburing, ncurses
#                               and busybox
#   fetch.sh fuzzers            trinity for amd64, with its libraries
#   fetch.sh gpiod              libgpiod's programs, gpio-manager and dbus-daemon for arm64, with
#                               their libraries
#   fetch.sh herd               herd7 for the litmus tests
#   fetch.sh sparse             a sparse that the newest kernel accepts
#   fetch.sh dt-schema          the programs that check device tree bindings
#   fetch.sh sources SUITE ARCH prints lines for sources.list instead
#
# Prints the path of the directory or file. To download again, delete it.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

# The release of the kernel source, the sysroots and the fuzzers; see also base_suite().
readonly BASE_SUITE=bookworm
readonly SOURCE_SERIES=6.12
# The release of the complete source of other series.
readonly SERIES_SUITE=trixie-backports
# The release whose herd7 accepts the memory model of that source, and whose sparse the newest
# kernel accepts.
readonly TOOLS_SUITE=forky

# missing DIR: return true if DIR must be downloaded. Other downloads wait until this process exits.
missing() {
	[ ! -e "$1/done" ] || return 1
	flock -w 1800 9 || die "timeout: another fetch.sh holds $CACHE/fetch.lock"
	[ ! -e "$1/done" ]
}

# With --no-release-info, apt also prints sources that it has not downloaded yet.
host_uris() {
	# shellcheck disable=SC2016 # variables of apt
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' | sort -u
}

# The archives are those of the host's apt. Without a security archive there, its usual path next to
# the main archive is used.
archive_uri() {
	local code

	code=$(host_release)
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

# suite_apt SUITE ARCH COMMAND...: runs an apt command with separate configuration and package lists
# for one release, amd64 and another architecture. Packages of the latter need packages of the same
# architecture if NATIVE is set to it.
suite_apt() {
	local suite=$1 arch=$2 command=$3 root
	shift 3

	root=$CACHE/apt/$suite-$arch
	"$command" -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$root/state" -o Dir::State::status="$root/status" \
		-o Dir::Cache="$root/cache" \
		-o APT::Architecture="${NATIVE:-amd64}" -o APT::Architectures::=amd64 \
		-o APT::Architectures::="$arch" \
		-o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::http::Timeout=60 \
		-o Debug::NoLocking=1 "$@"
}

# sources SUITE ARCH: prints the lines of its sources.list, the main archive first.
sources() {
	local suite=$1 archive security key options

	archive=$(archive_uri)
	[ -n "$archive" ] || die "no Debian archive for this release in apt's sources"
	security=$(security_uri)
	key=$(keyring) || exit
	options="signed-by=$key arch=amd64"
	[ "$2" = amd64 ] || options+=",$2"
	echo "deb [$options] $archive ${suite%-backports} main"
	case $suite in
	sid) ;;
	experimental) echo "deb [$options] $archive sid main" ;;
	*-backports) echo "deb [$options] $archive $suite main" ;;
	*) echo "deb [$options] $security $suite-security main" ;;
	esac
}

# fetched COMMAND...: runs an apt command that downloads, and prints only its errors and the sum.
fetched() {
	"$@" | { grep ^Fetched >&2 || :; }
}

read_lists() {
	fetched suite_apt "$1" "$2" apt-get -q update
}

# Lists older than a day may name packages that the archive no longer has. A security archive that
# cannot be read, e.g. because it lacks the architecture, is skipped.
update_lists() {
	local suite=$1 arch=$2 root=$CACHE/apt/$1-$2 lines

	lines=$(sources "$suite" "$arch")
	if [ -n "$(find "$root/updated" -mmin -1440 2>/dev/null)" ] &&
	   [ "$lines" = "$(cat "$root/wanted")" ]; then
		return
	fi
	mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	echo "$lines" >"$root/wanted"
	echo "$lines" >"$root/sources.list"
	say "package lists of $suite for $arch"
	if ! read_lists "$suite" "$arch"; then
		say "lists of $suite for $arch are incomplete, using only the main archive"
		head -n 1 "$root/wanted" >"$root/sources.list"
		read_lists "$suite" "$arch" ||
			die "cannot read the lists of $suite: check the network"
	fi
	touch "$root/updated"
}

# unpack_all DIR DEBS: unpacks packages from one directory to another.
unpack_all() {
	local deb

	mkdir -p "$1"
	for deb in "$2"/*.deb; do
		dpkg -x "$deb" "$1"
	done
	rm -rf "$2"
}

# extract SUITE ARCH DIR PACKAGE...: unpacks packages with their dependencies.
extract() {
	local suite=$1 arch=$2 dir=$3 debs=$3.debs
	shift 3

	update_lists "$suite" "$arch"
	rm -rf "$dir" "$debs"
	mkdir -p "$debs"
	say "downloading $* of $suite for $arch, and their dependencies"
	NATIVE=$arch fetched suite_apt "$suite" "$arch" apt-get -q -y --no-install-recommends \
		--download-only -o Dir::Cache::archives="$debs" install "$@" ||
		die "download failed: $*"
	unpack_all "$dir" "$debs"
}

# unpack SUITE ARCH DIR PACKAGE...: unpacks packages without their dependencies, which for a kernel
# are a compiler and the tools that make an initramfs.
unpack() {
	local suite=$1 arch=$2 dir=$3 debs=$3.debs
	shift 3

	rm -rf "$debs"
	mkdir -p "$debs"
	say "downloading $*"
	(cd "$debs" && fetched suite_apt "$suite" "$arch" apt-get -q download "$@") ||
		die "download failed: $*"
	unpack_all "$dir" "$debs"
}

# newest_release: prints the release of the newest kernel with an image and headers.
newest_release() {
	local series=${SERIES//./\\.} release
	local revision='(\.[0-9]+)*(-[0-9]+|\+deb[0-9]+(\.[0-9]+)?)?'

	[ "$SERIES" != newest ] || series='[0-9]+\.[0-9]+'
	for release in $(machine_apt apt-cache pkgnames linux-headers- |
			 sed -nE "s/^linux-headers-($series$revision-$FLAVOUR)\$/\1/p" |
			 sort -rV); do
		if [ -n "$(image_packages "$release")" ]; then
			echo "$release"
			return
		fi
	done
}

machine_apt() {
	suite_apt "$SUITE" "$ARCH" "$@"
}

# Without "Filename", other packages only mention the package. grep -q would break apt-cache's pipe.
has_package() {
	[ "$(machine_apt apt-cache show "$1" 2>/dev/null | grep -c ^Filename:)" -gt 0 ]
}

# Since 7.x, the kernel and its modules are separate packages.
image_packages() {
	local name

	if has_package "linux-binary-$1:$ARCH"; then
		echo "linux-binary-$1:$ARCH linux-modules-$1:$ARCH"
		return
	fi
	for name in "linux-image-$1" "linux-image-$1-unsigned"; do
		if has_package "$name:$ARCH"; then
			echo "$name:$ARCH"
			return
		fi
	done
}

# headers_gcc RELEASE: prints the version of gcc that the headers depend on.
headers_gcc() {
	machine_apt apt-cache show "linux-headers-$1:$ARCH" |
		sed -nE 's/^Depends:.*gcc-([0-9]+).*/\1/p' | head -n 1
}

# Adjust the absolute paths in the headers.
relocate_headers() {
	local root=$1 headers

	headers=$(echo "$root"/usr/src/linux-headers-*-"$FLAVOUR")
	sed -i "s|/usr/src/|$root/usr/src/|g" "$headers/Makefile"
	[ ! -e "$headers/.kernelvariables" ] ||
		sed -i "s|/usr/src/|$root/usr/src/|g" "$headers/.kernelvariables"
	ln -sfn "$headers" "$root/build"
}

# Newer kernels run no checker, and only warn, unless scripts/checker-valid.sh prints 1.
# Debian's linux-kbuild lacks that script.
add_checker_valid() {
	local scripts

	scripts=$(echo "$1"/usr/lib/linux-kbuild-*/scripts)
	[ ! -e "$scripts/checker-valid.sh" ] || return 0
	cat >"$scripts/checker-valid.sh" <<-'END'
		#!/bin/sh
		# Prints 1 if the checker "$@" parses an operator that the kernel's headers use.
		code='extern const int a; static __typeof_unqual__(a) b;'
		output=$(echo "$code" | "$@" - 2>&1) && [ -z "$output" ] && echo 1
	END
	chmod +x "$scripts/checker-valid.sh"
}

fetch_kernel() {
	local dir release image kbuild

	machine_row "$1"
	dir=$CACHE/kernels/$1
	if missing "$dir"; then
		update_lists "$SUITE" "$ARCH"
		release=$(newest_release)
		[ -n "$release" ] || die "$SUITE has no kernel $SERIES of flavour $FLAVOUR"
		image=$(image_packages "$release")
		kbuild=$(kbuild_package "$release")
		rm -rf "$dir"
		# shellcheck disable=SC2086 # one package or two
		unpack "$SUITE" "$ARCH" "$dir" $image "linux-headers-$release:$ARCH" \
			"$(common_package "$release")" "$kbuild"
		relocate_headers "$dir"
		[ "$ARCH" != armhf ] || replace_modpost "$dir"
		ln -sfn "$(find "$dir"/{boot,usr/lib/modules} -name 'vmlinu[xz]*' 2>/dev/null)" \
			"$dir/vmlinuz"
		ln -sfn "$(find "$dir"{,/usr}/lib/modules -mindepth 1 -maxdepth 1 2>/dev/null)" \
			"$dir/modules"
		headers_gcc "$release" >"$dir/gcc"
		echo "$release" >"$dir/done"
	fi
	add_checker_valid "$dir"
	echo "$dir"
}

# modpost of amd64 assumes 64-bit longs and rejects the device tables of a 32-bit target. Use that
# of i386.
replace_modpost() {
	local kbuild=$1/i386-kbuild

	update_lists "$SUITE" i386
	unpack "$SUITE" i386 "$kbuild" "linux-kbuild-$SERIES:i386"
	cp "$kbuild"/usr/lib/linux-kbuild-*/scripts/mod/modpost.real-lsb-32 \
		"$1"/usr/lib/linux-kbuild-*/scripts/mod/
	rm -r "$kbuild"
}

# PREEMPT_RT kernels may have a separate common package.
common_package() {
	local version=${1%-"$FLAVOUR"}

	case $FLAVOUR in
	rt-*)
		if has_package "linux-headers-$version-common-rt"; then
			echo "linux-headers-$version-common-rt"
			return
		fi
		;;
	esac
	echo "linux-headers-$version-common"
}

# Named after the version, or in older releases after the series.
kbuild_package() {
	local version=${1%-"$FLAVOUR"} name

	for name in "linux-kbuild-$version" "linux-kbuild-$SERIES"; do
		if has_package "$name"; then
			echo "$name"
			return
		fi
	done
	die "$SUITE has no linux-kbuild for $1"
}

# Unpacks gcc and the other programs that kbuild calls, and creates the links that installation
# would create.
fetch_toolchain() {
	local root gcc packages

	machine_row "$1"
	gcc=$(cat "$CACHE/kernels/$1/gcc")
	[ "$gcc" -gt "${GCC#gcc-}" ] || return 0
	root=$CACHE/toolchains/$SUITE-$ARCH-gcc-$gcc
	if missing "$root"; then
		update_lists "$SUITE" "$ARCH"
		packages=(base-files bash dash coreutils findutils diffutils sed grep mawk make
			  kmod perl python3 "gcc-$gcc"
			  "$(kbuild_package "$(cat "$CACHE/kernels/$1/done")")")
		[ "$ARCH" = amd64 ] || packages+=("gcc-$gcc-$(triplet "$ARCH" | tr _ -)")
		extract "$SUITE" amd64 "$root" "${packages[@]}"
		ln -sf mawk "$root/usr/bin/awk"
		ln -sf dash "$root/usr/bin/sh"
		touch "$root/done"
	fi
	echo "$root"
}

fetch_tarball() {
	local series=$1 suite=$SERIES_SUITE dir=$CACHE/tarball-$1

	[ "$series" != "$SOURCE_SERIES" ] || suite=$BASE_SUITE
	if missing "$dir"; then
		update_lists "$suite" amd64
		rm -rf "$dir"
		unpack "$suite" amd64 "$dir" "linux-source-$series"
		touch "$dir/done"
	fi
	echo "$dir"/usr/src/linux-source-*.tar.xz
}

fetch_source() {
	local dir=$CACHE/source-$SOURCE_SERIES tar

	if missing "$dir"; then
		tar=$(fetch_tarball "$SOURCE_SERIES")
		rm -rf "$dir"
		say "unpacking parts of $(basename "$tar")"
		mkdir -p "$dir"
		tar -x -f "$tar" -C "$dir" --strip-components=1 --wildcards '*/scripts' \
			'*/tools/testing/selftests/*.*' '*/tools/testing/selftests/kselftest' \
			'*/tools/include/uapi' '*/tools/memory-model'
		touch "$dir/done"
	fi
	echo "$dir"
}

# base_suite ARCH: prints the release of its static programs and libraries.
base_suite() {
	case $1 in
	riscv64) echo trixie ;;
	*) echo "$BASE_SUITE" ;;
	esac
}

fetch_sysroot() {
	local dir=$CACHE/sysroot-$1

	if missing "$dir"; then
		extract "$(base_suite "$1")" "$1" "$dir" \
			libc6-dev liburing-dev libncurses-dev ncurses-base busybox-static
		touch "$dir/done"
	fi
	echo "$dir"
}

# The programs in bin/, and their libraries where the loader of the guest finds them.
fetch_fuzzers() {
	local dir=$CACHE/fuzzers lib=lib/x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2

	if missing "$dir"; then
		extract "$BASE_SUITE" amd64 "$dir/root" trinity
		mkdir -p "$dir"/{bin,$lib,lib64}
		cp "$dir/root/$loader" "$dir/lib64/"
		cp "$dir/root/usr/bin/trinity" "$dir/bin/"
		"$dir/$loader" --library-path "$dir/root/$lib:$dir/root/usr/$lib" \
			--list "$dir/bin/trinity" |
			awk '$3 ~ /^\// { print $3 } $3 == "not" { exit 1 }' |
			xargs cp -t "$dir/$lib" || die "trinity needs another library"
		rm -r "$dir/root"
		touch "$dir/done"
	fi
	echo "$dir"
}

# source_tarball SUITE ARCH DIR PACKAGE: downloads and unpacks the upstream source of a package. The
# other parts of the source package are not needed, and may be missing.
source_tarball() {
	local suite=$1 arch=$2 dir=$3 package=$4 root=$CACHE/apt/$1-$2 options

	rm -rf "$dir"
	mkdir -p "$dir"
	options=(-q -o Dir::Etc::SourceList="$dir/sources.list" -o APT::Get::List-Cleanup=false)
	sed 's/^deb /deb-src /' "$root/wanted" | cat "$root/wanted" - >"$dir/sources.list"
	fetched suite_apt "$suite" "$arch" apt-get "${options[@]}" update
	(cd "$dir" && suite_apt "$suite" "$arch" apt-get "${options[@]}" --download-only \
		source "$package") >/dev/null 2>&1 || :
	tar -x -f "$dir/$package"_*.orig.tar.* -C "$dir" --strip-components=1 ||
		die "the archive of $suite has no source of $package"
}

# build_gpio_manager SOURCE SYSROOT: GLib's code generators are Python programs of the sysroot.
build_gpio_manager() {
	local source=$1 sysroot=$2 tool lib=$2/usr/lib/aarch64-linux-gnu

	ln -sfn usr/lib "$sysroot/lib"
	mkdir "$source/generators"
	for tool in gdbus-codegen glib-mkenums; do
		cat >"$source/generators/$tool" <<-END
			#!/bin/sh
			export PYTHONPATH="$sysroot/usr/lib/python3/dist-packages"
			exec /usr/bin/python3 "$sysroot/usr/bin/$tool" "\$@"
		END
		chmod +x "$source/generators/$tool"
	done
	say "building gpio-manager"
	(cd "$source" && export PATH=$source/generators:$PATH PKG_CONFIG_SYSROOT_DIR=$sysroot \
		PKG_CONFIG_LIBDIR=$lib/pkgconfig:$sysroot/usr/share/pkgconfig &&
	 ./configure -q --host=aarch64-linux-gnu --enable-dbus --disable-shared CFLAGS=-O2 \
		CC="aarch64-linux-gnu-$GCC --sysroot=$sysroot" \
		GLIB_MKENUMS="$source/generators/glib-mkenums" && make -s -j"$(nproc)") \
		>"$source/log" 2>&1 || die "cannot build gpio-manager: see $source/log"
}

# Debian's packages of libgpiod lack gpio-manager and gpiocli.
fetch_gpiod() {
	local dir=$CACHE/gpiod suite=trixie arch=arm64

	if missing "$dir"; then
		extract "$suite" "$arch" "$dir/sysroot" libglib2.0-dev libgudev-1.0-dev libc6-dev
		source_tarball "$suite" "$arch" "$dir/source" libgpiod
		build_gpio_manager "$dir/source" "$dir/sysroot"
		extract "$suite" "$arch" "$dir/root" gpiod dbus-daemon libgudev-1.0-0
		cp "$dir"/source/dbus/{manager/gpio-manager,client/gpiocli} "$dir/root/usr/bin/"
		ln -sfn usr/lib "$dir/root/lib"
		rm -rf "$dir"/{source,sysroot,root/usr/share}
		touch "$dir/done"
	fi
	echo "$dir/root"
}

# fetch_program NAME PACKAGE [OPTION]...: fetches a program of a newer release with its libraries.
fetch_program() {
	local name=$1 package=$2 dir=$CACHE/$1 lib=$CACHE/$1/usr/lib/x86_64-linux-gnu
	shift 2

	if missing "$dir"; then
		extract "$TOOLS_SUITE" amd64 "$dir" "$package"
		cat >"$dir/$name" <<-END
			#!/bin/sh
			exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" \\
			    "$dir/usr/bin/$name" $* "\$@"
		END
		chmod +x "$dir/$name"
		touch "$dir/done"
	fi
	echo "$dir/$name"
}

fetch_herd() {
	fetch_program herd7 herdtools7 -set-libdir "$CACHE/herd7/usr/share/herdtools7/herd"
}

fetch_sparse() {
	fetch_program sparse "sparse"
}

# Debian 13 has no dt-schema, but can run the package of the next release, which is pure Python.
fetch_dt_schema() {
	local dir=$CACHE/dt-schema

	if [ "$(host_release)" != trixie ]; then
		command -v dt-validate >/dev/null ||
			die "dt-validate is missing: apt-get install dt-schema"
		dirname "$(command -v dt-validate)"
		return
	fi
	if missing "$dir"; then
		update_lists "$TOOLS_SUITE" amd64
		rm -rf "$dir"
		unpack "$TOOLS_SUITE" amd64 "$dir" dt-schema
		touch "$dir/done"
	fi
	echo "$dir/usr/bin"
}

# Before the lock is taken, because the build takes minutes and calls this script.
if [ "${1-}" = kernel ]; then
	machine_row "${2:?a machine}"
	[ "$SUITE" != built ] || exec "$TESTING/qemu/debug_kernel.sh" "$2"
fi

mkdir -p "$CACHE"
exec 9>"$CACHE/fetch.lock"

case ${1-} in
sources) sources "${2:?a suite}" "${3:?an architecture}" ;;
source) fetch_source ;;
tarball) fetch_tarball "${2:-$SOURCE_SERIES}" ;;
kernel) fetch_kernel "${2:?a machine}" ;;
toolchain) fetch_toolchain "${2:?a machine}" ;;
sysroot) fetch_sysroot "${2:?an architecture}" ;;
fuzzers) fetch_fuzzers ;;
gpiod) fetch_gpiod ;;
herd) fetch_herd ;;
sparse) fetch_sparse ;;
dt-schema) fetch_dt_schema ;;
*) die "usage: see the beginning of testing/fetch/fetch.sh" ;;
esac
