#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# notify_trinity [--seconds=N] [--seed=N]: run trinity, which makes random system calls, as an
# unprivileged user with our device nodes as its only files: all system calls for half of the time,
# then only those for files and memory. Meanwhile a checker reads the same devices, and must not be
# disturbed.

user=fuzzer uid=1000
devices="fuzz-thread fuzz-hardirq fuzz-process"
config=/sys/kernel/config/notify_sim
seconds=60 seed=1 failed=0

# Working directory of the fuzzer, which may leave files here.
home=/tmp/fuzzer
victims=/tmp/victims

# System calls that stop the machine or the fuzzer, block it, or taint the kernel.
excluded="reboot kexec_load kexec_file_load init_module finit_module delete_module
	vhangup pause sigsuspend rt_sigsuspend kill tkill tgkill fanotify_init fanotify_mark"

# System calls for files, and for memory: mapped rings and read buffers.
wanted="read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 poll ppoll
	select epoll_create epoll_ctl epoll_wait ioctl fcntl dup dup2 dup3 open openat lseek
	mmap munmap mremap mprotect madvise msync mincore mlock pipe2 splice vmsplice tee sendfile
	copy_file_range fsync fdatasync ftruncate fallocate fadvise64 readahead flock newfstat
	io_setup io_submit io_cancel io_destroy io_uring_setup io_uring_enter io_uring_register"

fail() {
	echo "@failed $*"
	failed=1
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

# The checker runs until stop_checker, after the fuzzer has exited.
start_checker() {
	# shellcheck disable=SC2086 # a list of names
	/torture/checker $devices &
	checker=$!
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

# run_trinity LOG OPTION...: run trinity for half of the time; SIGINT ends it.
run_trinity() {
	log=/tmp/trinity.$1
	shift
	as_user timeout -s INT -k 60 $((seconds / 2)) trinity -q -l off -C 4 -s "$seed" \
		--enable-fds=pseudo -V "$victims" --stats "$@" >"$log" 2>&1
	kill_user
	grep -q 'Bailing main loop because ctrl-c' "$log" || fail "trinity ended too early"
	grep -q 'Ran [1-9][0-9]* syscalls' "$log" || fail "no system calls by trinity"
	if [ "$failed" = 1 ]; then
		cat "$log"
	else
		grep -E '^\[main\] (Added|Ran)' "$log"
	fi
}

for option in "$@"; do
	case $option in
	--seconds=*) seconds=${option#*=} ;;
	--seed=*) seed=${option#*=} ;;
	*) echo "usage: $0 [--seconds=N] [--seed=N]" >&2; exit 2 ;;
	esac
done

mkdir -p /etc
echo "$user:x:$uid:$uid::$home:/bin/sh" >/etc/passwd
echo "$user:x:$uid:" >/etc/group
# A user namespace would give the user capabilities.
echo 0 >/proc/sys/user/max_user_namespaces
mkdir "$home" && chmod 777 "$home"
make_device thread 24
make_device hardirq 4000
make_device process 64
start_checker
# Broadcast packets again that were read: a fuzzer does so only occasionally.
for device in fuzz-thread fuzz-process; do
	as_user "notifycat -n 50 -f raw $device >/dev/notify_sim/$device" ||
		fail "cannot broadcast packets of $device again"
done

mkdir "$victims"
for device in $devices; do
	cp -a "/dev/notify/$device" "$victims/$device"
	cp -a "/dev/notify_sim/$device" "$victims/$device-injector"
done

# shellcheck disable=SC2046,SC2086 # lists of names
run_trinity any $(printf ' -x %s' $excluded)
# shellcheck disable=SC2046,SC2086
run_trinity files $(printf ' -c %s' $wanted)

stop_checker
check_devices
echo "successful system calls with files:"
awk -F '[^a-z0-9_]+' '/attempted/ { calls[$1] += $3; good[$1] += $5 }
	END { for (name in calls) printf " %s %d/%d", name, good[name], calls[name]; print "" }' \
	/tmp/trinity.files
calls=$(sed -n 's/.*Ran \([0-9]*\) syscalls.*/\1/p' /tmp/trinity.* |
	awk '{ sum += $1 } END { print sum + 0 }')
echo "@result trinity: $calls system calls, $total_clients clients"
[ "$failed" = 0 ]
