#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# completion.sh NOTIFYCAT: checks the bash completion of notifycat against its --help.

set -euo pipefail

program=${1:?usage: completion.sh NOTIFYCAT}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
failed=0

# shellcheck source=tools/notifycat.bash
. "$top/tools/notifycat.bash"

# completes WORDS WORD...: check that the last of WORDS is completed to one of WORD.
completes() {
	local typed=$1
	shift

	read -ra COMP_WORDS <<<"notifycat $typed"
	[[ $typed != *' ' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_notifycat
	if [ "${COMPREPLY[*]}" != "$*" ]; then
		echo "notifycat $typed: completed to \"${COMPREPLY[*]}\", expected \"$*\""
		failed=1
	fi
}

# options COMMAND: print the options in the help of a command; "" for reading.
options() {
	# shellcheck disable=SC2086 # a command or nothing
	"$program" $1 --help | grep -oE -- '--[a-z]+[a-z-]*' | sort -u
}

for command in "" attach detach list; do
	mapfile -t known < <(options "$command")
	for option in "${known[@]}"; do
		mapfile -t same < <(printf '%s\n' "${known[@]}" | grep "^$option")
		[ ${#same[@]} -gt 1 ] || completes "${command:+$command }$option" "$option"
	done
	# All options that are offered are known.
	read -ra COMP_WORDS <<<"notifycat $command --"
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_notifycat
	mapfile -t offered < <(printf '%s\n' "${COMPREPLY[@]}" | sort)
	if [ "${offered[*]}" != "${known[*]}" ]; then
		echo "notifycat $command: offers ${offered[*]}, has ${known[*]}"
		failed=1
	fi
done
completes to top
completes att attach
completes "top --b" --batch
completes "-f v" vcd
completes "--format r" raw record
completes "--timescale " ns us ms
completes "list -f " text json
completes "attach --edge f" falling
completes "attach --clock " monotonic boottime realtime
completes "-n " ""
completes "attach --label " ""
completes "list " ""
completes "/dev/nul" /dev/null
completes "attach --config /dev/nul" /dev/null
[ $failed = 0 ] && echo "bash completion of notifycat: ok"
exit $failed
