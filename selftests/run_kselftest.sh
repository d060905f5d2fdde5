#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# run_kselftest.sh [-d DIR] [-x TEST]... [-a TEST [-T NAME]...] [TEST]...: run the suite
#
# DIR contains the built tests; default: the directory of this script. By default all tests run
# that the file test_names lists. TEST.NAME is only the test case NAME of TEST. Tests of -x do not
# run. With -a, run only the tests after TEST, and with -T, first TEST again without the test cases
# NAME.
# Loads missing modules from $NOTIFY_MULTI_MODULES, or with modprobe. Prints TAP, then the numbers
# of skipped, passed and failed tests. Exits with 1 if a test failed.

dir=$(dirname "$0")
program_seconds=900

left_out=
after=
exclude=

while getopts d:x:a:T: option; do
	case $option in
	d) dir=$OPTARG ;;
	x) left_out="$left_out $OPTARG" ;;
	a) after=$OPTARG ;;
	T) exclude="$exclude -T $OPTARG" ;;
	*) echo "usage: $0 [-d DIR] [-x TEST]... [-a TEST [-T NAME]...] [TEST]..." >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
tests=${*:-$(cat "$dir/test_names")}
if [ -n "$after" ]; then
	tests=" $tests "
	tests="${exclude:+$after} ${tests##*" $after "}"
fi

if [ "$(id -u)" != 0 ]; then
	echo "$0: must be run as root" >&2
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
	load "$module" || { echo "$0: cannot load module $module" >&2; exit 1; }
done
[ -d /sys/kernel/config/notify_sim ] || mount -t configfs none /sys/kernel/config || exit 1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

count() {
	grep -c "$1" "$log"
}

for test in $tests; do
	case "$left_out " in
	*" $test "*) continue ;;
	esac
	program=$dir/${test%%.*} only=
	[ ! -e "$program.sh" ] || program=$program.sh
	case $test in
	*.*) only="-t ${test#*.}" ;;
	esac
	echo "# selftests: notify_multi: $test"
	# shellcheck disable=SC2086 # options
	{ timeout "$program_seconds" "$program" $only $exclude 2>&1; echo "# exit status $?"; } |
		tee "$log"
	exclude=

	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | head -n 1)
	skip=$(count '^ok .*# SKIP')
	pass=$(($(count '^ok ') - skip))
	fail=$(count '^not ok ')
	# Unfinished tests have failed, and so has a program without tests.
	missing=$((${planned:-1} - pass - fail - skip))
	[ "$missing" -le 0 ] || echo "# $missing tests of $test did not finish"
	passed=$((passed + pass)) skipped=$((skipped + skip)) failed=$((failed + fail + missing))
done

echo "# $skipped skipped"
echo "# $passed passed, $failed failed"
[ "$failed" -eq 0 ]
