#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the suite on this machine: run_kselftest.sh [-d DIR] [TEST]...
#
# DIR has the built tests; without it, that of this script. Loads the modules if they are
# not there (from $NOTIFY_MULTI_MODULES, or as modprobe finds them) and prints TAP, then
# how many tests passed, failed and were skipped. Exits with 1 if one failed.

dir=$(dirname "$0")
tests="read drop raw requests poll replay callbacks ioctl charge sysfs observe vanish held"
tests="$tests mmap uring sim api gpio card signals faults notifycat"
program_seconds=900

while getopts d: option; do
	case $option in
	d) dir=$OPTARG ;;
	*) echo "usage: $0 [-d DIR] [TEST]..." >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || tests=$*

if [ "$(id -u)" != 0 ]; then
	echo "$0: the tests make and remove devices: run them as root" >&2
	exit 2
fi

load() {
	[ -d "/sys/module/$1" ] && return
	if [ -e "${NOTIFY_MULTI_MODULES:-/nonexistent}/$1.ko" ]; then
		insmod "$NOTIFY_MULTI_MODULES/$1.ko"
	else
		modprobe "$1"
	fi
}

for module in configfs notify_multi notify_sim; do
	grep -q "/$module.ko\$" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null && continue
	load "$module" || { echo "$0: module $module is not to be loaded" >&2; exit 1; }
done
[ -d /sys/kernel/config/notify_sim ] || mount -t configfs none /sys/kernel/config || exit 1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

count() {
	grep -c "$1" "$log"
}

for test in $tests; do
	echo "# selftests: notify_multi: $test"
	{ timeout "$program_seconds" "$dir/$test" 2>&1; echo "# exit status $?"; } | tee "$log"

	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | head -n 1)
	skip=$(count '^ok .*# SKIP')
	pass=$(($(count '^ok ') - skip))
	fail=$(count '^not ok ')
	# What did not come to its end has failed, and so has a program without a test.
	missing=$((${planned:-1} - pass - fail - skip))
	[ "$missing" -le 0 ] || echo "# $missing tests of $test did not come to their end"
	passed=$((passed + pass)) skipped=$((skipped + skip)) failed=$((failed + fail + missing))
done

echo "# $skipped skipped"
echo "# $passed passed, $failed failed"
[ "$failed" -eq 0 ]
