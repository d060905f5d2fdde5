#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# barriers.sh [--write]: compares the barriers, RCU sections and spin locks of the code, and the
# marked accesses, copies and wakeups between them, with the list "barriers" beside this script.
# README.md names the litmus test of each barrier. Tests on an emulated x86 do not detect a missing
# barrier. --write: updates the list. Update the litmus tests first.

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

LIST=$TESTING/litmus/barriers
FILES=(notify_multi.c client.c read.c splice.c uring.c observe.c internal.h ring.h
       include/notify_multi/reader.h)

# Print lines "file function barrier" in the order of the code, without comments.
barriers() {
	local file barrier

	barrier='smp_[a-z_]+\(|rcu_[a-z_]+\(|[a-z_]+_rcu\(|synchronize_[a-z]+\('
	barrier+='|atomic(64)?_[a-z_]+\(|[a-z_]*(set|clear|test)_bit\(|__ATOMIC_[A-Z_]+'
	barrier+='|spin_(un)?lock[a-z_]*\([^(),;]*|(READ|WRITE)_ONCE\([^(),;]*'
	barrier+='|\+ 1 - (pos|seq)'
	barrier+='|[a-z_]*wake[a-z_]*\(|wait_event[a-z_]*\(|notify_client_announce_waiter\('
	barrier+='|waitqueue_active\(|poll_wait\(|fasync_helper\(|notify_client_overwritten\('
	barrier+='|mutex_(is_locked|trylock)\(|mutex_unlock\(&client|notify_client_busy\('
	barrier+='|memcpy\(|notify_record_write\(|notify_client_copy[a-z_]*\('
	barrier+='|notify_ring_(read|copy)\(|notify_multi_last\('
	cd "$TOP"
	for file in "${FILES[@]}"; do
		barrier=$barrier awk -v file="$file" '
		/^ ?\*|^\/\*|^[ \t]*\/?\*/ { next }
		/^[a-z_].*\(/ {
			if (/;/)
				next
			name = $0
			sub(/\(.*/, "", name)
			sub(/.*[ *]/, "", name)
			next
		}
		{
			line = $0
			sub(/\/\*.*/, "", line)
			while (match(line, ENVIRON["barrier"])) {
				found = substr(line, RSTART, RLENGTH)
				line = substr(line, RSTART + RLENGTH)
				if (found ~ /_ONCE|^spin_/) {
					sub(/\(&?/, " ", found)
				} else {
					sub(/\(.*/, "", found)
					gsub(/ /, "", found)
				}
				print file, name, found
			}
		}' "$file"
	done
}

case ${1-} in
--write) barriers >"$LIST" ;;
"")
	if ! diff -u --label "barriers with a test" "$LIST" \
	     --label "barriers of the code" <(barriers); then
		die "the code differs from testing/litmus/barriers: see its README.md"
	fi
	echo "$(wc -l <"$LIST") barriers and accesses as in testing/litmus/barriers"
	;;
*) die "usage: barriers.sh [--write]" ;;
esac
