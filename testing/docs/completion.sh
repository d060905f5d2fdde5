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

mapfile -t options < <("$program" --help | grep -oE -- '--[a-z-]+' | sort -u)
for option in "${options[@]}"; do
	mapfile -t same < <(printf '%s\n' "${options[@]}" | grep "^$option")
	[ ${#same[@]} -gt 1 ] || completes "$option" "$option"
done
completes to top
completes "top --b" --batch
completes "-f v" vcd
completes "--format r" raw record
completes "--timescale " ns us ms
completes "-n " ""
completes "/dev/nul" /dev/null
# Options that the program does not have.
mapfile -t offered < <(grep -oE -- '--[a-z-]+' "$top/tools/notifycat.bash" | sort -u)
for option in "${offered[@]}"; do
	[[ " ${options[*]} " == *" $option "* ]] || {
		echo "notifycat: completed to unknown option $option"
		failed=1
	}
done
[ $failed = 0 ] && echo "bash completion of notifycat: ok"
exit $failed
