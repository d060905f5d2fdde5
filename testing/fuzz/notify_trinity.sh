#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# notify_trinity [--seconds=N] [--seed=N]: run trinity, which makes random system calls, with our
# device nodes as its only files: all system calls for half of the time, then only those for files
# and memory.

# shellcheck source=testing/fuzz/fuzzed.sh
. "$(dirname "$0")/fuzzed.sh"

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

parse_options "$@"
make_devices
start_checker
echo_packets 50

mkdir "$victims"
for device in $devices; do
	cp -a "/dev/notify/$device" "$victims/$device"
	cp -a "/dev/notify_sim/$device" "$victims/$device-injector"
done

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
