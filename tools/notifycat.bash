# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Bash completion of notifycat: options, their arguments, and devices.

_notifycat() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} node
	local words=()

	case $before in
	-f | --format) words=(text json csv vcd raw record) ;;
	--timescale) words=(ns us ms) ;;
	-n | --count | -t | --timeout | -d | --decode | -q | --queue | -i | --interval) return ;;
	*)
		if [[ $word == -* ]]; then
			words=(--format --count --timeout --wall-clock --decode --follow --queue
			       --replay-only --mmap --uring --timescale --info --stats --batch
			       --interval --help --version)
		elif [[ $word == */* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
		else
			for node in /dev/notify/*; do
				[ ! -e "$node" ] || words+=("${node##*/}")
			done
			[ "$COMP_CWORD" != 1 ] || words+=(top)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$word")
}

complete -F _notifycat notifycat
