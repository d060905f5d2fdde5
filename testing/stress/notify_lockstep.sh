#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Lockstep of a producer and a reader on two CPUs, for --seconds=N: see module/notify_lockstep.c.
# --seed=N is ignored.

seconds=60
for option in "$@"; do
	case $option in
	--seconds=*) seconds=${option#*=} ;;
	esac
done

[ "$(nproc)" -ge 2 ] || { echo "@failed notify_lockstep: needs two CPUs"; exit 1; }

now() {
	cut -d . -f 1 /proc/uptime
}

result=/sys/module/notify_lockstep/parameters
start=$(now)
packets=0 sleeps=0 round=0
while [ $(($(now) - start)) -lt "$seconds" ]; do
	cpu=$((round / 2 % 2))
	parameters="cpu=$cpu irqs=$((round % 4 / 3)) polls=$((round % 8 / 6))"
	parameters="$parameters packet_size=$((8 << round / 2 % 8))"
	# shellcheck disable=SC2086 # a list of parameters
	if ! taskset $((2 - cpu)) insmod /modules/notify_lockstep.ko $parameters; then
		echo "@failed notify_lockstep: the reader is not woken" \
			"($parameters, within $(($(now) - start)) s)"
		exit 1
	fi
	packets=$((packets + $(cat $result/packets))) sleeps=$((sleeps + $(cat $result/sleeps)))
	rmmod notify_lockstep
	round=$((round + 1))
	[ $((round % 16)) != 0 ] || echo "$packets packets, $sleeps sleeps"
done
echo "@result $round rounds, $packets packets, $sleeps sleeps"
