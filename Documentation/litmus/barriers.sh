#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# barriers.sh [--write]: compares the barriers, RCU sections, takings of nm->lock and margins
# of the code, and the marked accesses, copies and wakings between them, in their order, with
# those of the list "barriers" beside this script, each of which has its test (or its reason
# to need none) in README.md: what orders the code is what was proved. Neither machines that
# emulate x86 nor tests that pass can tell when one is missing, or where it orders nothing.
# --write makes the list anew, after the tests were.

# shellcheck source=selftests/vm/common.sh
. "$(dirname "$0")/../../selftests/vm/common.sh"

LIST=$TOP/Documentation/litmus/barriers

# Lines "file function barrier", one for each that is not in a comment, as they follow.
barriers() {
	local file barrier

	barrier='smp_[a-z_]+\(|xchg\(|rcu_[a-z_]+\(|[a-z_]+_rcu\(|synchronize_[a-z]+\('
	barrier+='|atomic_[a-z_]+\(|spin_(un)?lock[a-z_]*\(&[a-z>-]*nm->lock|__ATOMIC_[A-Z_]+'
	barrier+='|\+ 1 - pos|(READ|WRITE)_ONCE\([^(),;]*|[a-z_]*wake[a-z_]*\('
	barrier+='|waitqueue_active\(|poll_wait\(|fasync_helper\(|set_current_state\('
	barrier+='|notify_ring_(begin|end|last|read|write|overwritten)\('
	barrier+='|notify_client_copy[a-z_]*\(|memcpy\('
	cd "$TOP"
	for file in notify_multi.c ring.h uapi/linux/notify_multi.h; do
		barrier=$barrier awk -v file="$file" '
		/^ ?\*|^\/\*|^[ \t]*\/?\*/ { next }
		/^[a-z].*\(/ && !/;/ {
			name = $0
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			next
		}
		{
			line = $0
			while (match(line, ENVIRON["barrier"])) {
				found = substr(line, RSTART, RLENGTH)
				line = substr(line, RSTART + RLENGTH)
				if (found !~ /_ONCE/)
					sub(/\(.*/, "", found)
				gsub(/ /, "", found)
				sub(/_ONCE\(/, "_ONCE ", found)
				print file, name, found
			}
		}' "$file"
	done
}

case ${1-} in
--write) barriers >"$LIST" ;;
"")
	if ! diff -u --label "barriers that were proved" "$LIST" \
	     --label "barriers of the code" <(barriers); then
		die "the code's barriers are not those of Documentation/litmus/barriers"
	fi
	echo "$(wc -l <"$LIST") barriers, and accesses between them: those that were proved"
	;;
*) die "usage: barriers.sh [--write]" ;;
esac
