# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Bash completion of notifycat. Where it has no words, files are completed.

_notifycat() {
	local words=() found word

	# Bash splits --OPTION=WORD at "=".
	for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
		[ "$word" = = ] || words+=("$word")
	done
	[ "$word" != = ] || words+=("")
	COMPREPLY=()
	mapfile -t found < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null | cut -f 1)
	[ ${#found[@]} = 0 ] || mapfile -t COMPREPLY < <(printf '%q\n' "${found[@]}")
}

complete -o default -F _notifycat notifycat
