#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# completion.sh NOTIFYCAT: what bash offers for notifycat, which is to have those options.

set -euo pipefail

program=${1:?usage: completion.sh NOTIFYCAT}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
failed=0

# shellcheck source=tools/notifycat.bash
. "$top/tools/notifycat.bash"

# offers WORDS WORD...: after those words, of which the last is begun, it offers these.
offers() {
	local typed=$1
	shift

	read -ra COMP_WORDS <<<"notifycat $typed"
	[[ $typed != *' ' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_notifycat
	if [ "${COMPREPLY[*]}" != "$*" ]; then
		echo "notifycat $typed: it offers \"${COMPREPLY[*]}\", not \"$*\""
		failed=1
	fi
}

mapfile -t options < <("$program" --help | grep -oE -- '--[a-z-]+' | sort -u)
for option in "${options[@]}"; do
	mapfile -t same < <(printf '%s\n' "${options[@]}" | grep "^$option")
	[ ${#same[@]} -gt 1 ] || offers "$option" "$option"
done
offers to top
offers "top --b" --batch
offers "-f v" vcd
offers "--format r" raw record
offers "--timescale " ns us ms
offers "-n " ""
offers "/dev/nul" /dev/null
# An option that it has and the program has not.
mapfile -t offered < <(grep -oE -- '--[a-z-]+' "$top/tools/notifycat.bash" | sort -u)
for option in "${offered[@]}"; do
	[[ " ${options[*]} " == *" $option "* ]] || {
		echo "notifycat has no $option"
		failed=1
	}
done
[ $failed = 0 ] && echo "bash completes notifycat: ok"
exit $failed
