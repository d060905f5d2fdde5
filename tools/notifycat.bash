# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Bash completion of notifycat: commands, options, their arguments, devices and GPIO chips.

# Set words to the last components of paths that exist.
_notifycat_names() {
	local path

	for path in "$@"; do
		[ ! -e "$path" ] || words+=("${path##*/}")
	done
}

# Complete the argument of an option, or return false.
_notifycat_argument() {
	case $1 in
	-f | --format)
		words=(text json)
		[[ $command =~ ^(list|top)$ ]] || words+=(csv vcd raw record)
		;;
	--timescale) words=(ns us ms) ;;
	-e | --edge) words=(rising falling both) ;;
	--clock) words=(monotonic boottime realtime) ;;
	-c | --chip) _notifycat_names /dev/gpiochip* ;;
	-n | --count | -t | --timeout | -d | --decode | -q | --queue | -i | --interval | \
	--label | --debounce | --max-packets | --max-requests | --replay | --mode) ;;
	*) return 1 ;;
	esac
}

_notifycat_options() {
	case $command in
	attach)
		words=(--label --chip --edge --debounce --active-low --pull-up --pull-down
		       --bias-disabled --max-packets --max-requests --replay --clock --mode
		       --wakeup --config --help)
		;;
	detach) words=(--config --help) ;;
	list) words=(--format --help) ;;
	*)
		words=(--format --count --timeout --wall-clock --decode --follow --queue
		       --replay-only --mmap --uring --timescale --info --stats --batch
		       --interval --help --version)
		;;
	esac
}

_notifycat() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} words=()

	[ "$COMP_CWORD" -gt 1 ] || command=
	if [[ $word == */* || $before == --config ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	elif [[ $word == -* ]]; then
		_notifycat_options
	elif ! _notifycat_argument "$before"; then
		case $command in
		attach) [ "$COMP_CWORD" != 2 ] || _notifycat_names /dev/gpiochip* ;;
		detach) _notifycat_names /sys/kernel/config/notify_gpio/* ;;
		list) ;;
		*)
			_notifycat_names /dev/notify/*
			[ -n "$command" ] || words+=(attach detach list top)
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$word")
}

complete -F _notifycat notifycat
