# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034 # used by the sourcing scripts
#
# Functions of the scripts that run general fuzzers: create devices for an unprivileged fuzzer, and
# run a checker that reads the same devices and must not be disturbed. To be sourced.

user=fuzzer uid=1000
devices="fuzz-thread fuzz-hardirq fuzz-process"
config=/sys/kernel/config/notify_sim
seconds=60 seed=1

# Working directory of the fuzzer, which may leave files here.
home=/tmp/fuzzer

fail() {
	echo "@failed $*"
	failed=1
}

parse_options() {
	for option in "$@"; do
		case $option in
		--seconds=*) seconds=${option#*=} ;;
		--seed=*) seed=${option#*=} ;;
		*) echo "usage: $0 [--seconds=N] [--seed=N]" >&2; exit 2 ;;
		esac
	done
	failed=0
}

# make_device CONTEXT PACKET_SIZE: create a device that the user can read, write and map.
make_device() {
	dir=$config/fuzz-$1
	mkdir "$dir"
	echo "$2" >"$dir/packet_size"
	echo "$1" >"$dir/context"
	echo 8 >"$dir/replay"
	echo 4 >"$dir/max_requests"
	echo 0666 >"$dir/mode"
	echo 1 >"$dir/live"
	chmod 666 "/dev/notify_sim/fuzz-$1" || fail "device fuzz-$1 is missing"
}

make_devices() {
	mkdir -p /etc
	echo "$user:x:$uid:$uid::$home:/bin/sh" >/etc/passwd
	echo "$user:x:$uid:" >/etc/group
	# A user namespace would give the user capabilities.
	echo 0 >/proc/sys/user/max_user_namespaces
	mkdir "$home" && chmod 777 "$home"
	make_device thread 24
	make_device hardirq 4000
	make_device process 64
}

# The checker runs until stop_checker, after the fuzzer has exited.
start_checker() {
	# shellcheck disable=SC2086 # a list of names
	/torture/checker $devices &
	checker=$!
}

# echo_packets COUNT: broadcast packets again that were read. A fuzzer does so only occasionally.
echo_packets() {
	for device in fuzz-thread fuzz-process; do
		as_user "notifycat -n $1 -f raw $device >/dev/notify_sim/$device" ||
			fail "cannot broadcast packets of $device again"
	done
}

stop_checker() {
	kill "$checker" || fail "the checker exited before the fuzzer"
	wait "$checker" || fail "the checker found errors"
}

as_user() {
	(cd "$home" && exec su -s /bin/sh "$user" -c "$*")
}

# Print the number of the user's processes, without zombies, which have closed their files.
count_processes() {
	cat /proc/[0-9]*/status 2>/dev/null | awk -v uid="$uid" '
		$1 == "State:" { state = $2 }
		$1 == "Uid:" && $2 == uid && state != "Z" { count++ }
		END { print count + 0 }'
}

# Kill processes that the fuzzer left running.
kill_user() {
	as_user kill -KILL -1
	for _ in $(seq 300); do
		[ "$(count_processes)" = 0 ] && return
		sleep 0.1
	done
	fail "processes of the fuzzer do not exit"
}

# Check that the devices still work and that each arrival had a departure, and remove the devices.
check_devices() {
	start_checker
	sleep 2
	stop_checker
	for device in $devices; do
		clients=$(cat "/sys/class/misc/notify!$device/clients")
		[ "$clients" = 0 ] || fail "$device: $clients clients are left"
		echo 0 >"$config/$device/live"
		arrivals=$(cat "$config/$device/arrivals")
		departures=$(cat "$config/$device/departures")
		[ "$arrivals" = "$departures" ] ||
			fail "$device: $arrivals arrivals, but $departures departures"
		total_clients=$((${total_clients:-0} + arrivals))
		echo "$device: $arrivals arrivals, $departures departures"
		rmdir "$config/$device" || fail "cannot remove $device"
	done
}
