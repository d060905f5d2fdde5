#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# notifycat.sh [-t TEST] [-T TEST]...: test notifycat, from $NOTIFYCAT or $PATH; all tests by
# default, or only that of -t, but not those of -T.
#
# A test is a function test_NAME. It runs in a subshell, in an empty directory. All its commands
# must succeed ("set -e"); otherwise its last commands are shown.

# shellcheck source=/dev/null
. "$(dirname "$0")/ktap_helpers.sh"

export TZ=UTC0 LC_ALL=C
program=$(command -v "${NOTIFYCAT:-notifycat}")
as_user='' output=out
dev=kselftest other=kselftest-other gpio=kselftest-gpio
config=/sys/kernel/config/notify_sim
sim=$config/$dev
chip=/sys/module/notify_gpio_chip
driver=/sys/bus/platform/drivers/notify_gpio
chip_label=notify-gpio-chip
attached=/sys/kernel/config/notify_gpio
gpio_sim=/sys/kernel/config/gpio-sim sim_label=kselftest-sim
wait_seconds=30

# -- Sources --

remove_sim() { [ ! -e "$config/$1" ] || rmdir "$config/$1"; }

# start_sim NAME [ATTRIBUTE=VALUE]...
start_sim() {
	name=$1
	shift
	remove_sim "$name"
	mkdir "$config/$name"
	for attribute in "$@" live=1; do
		echo "${attribute#*=}" >"$config/$name/${attribute%%=*}"
	done
}

# The counters start again from 0.
reregister() {
	echo 0 >$sim/live
	echo 1 >$sim/live
}

start_dev() { start_sim $dev packet_size=16 max_packets=8 replay=8; }

# inject [NAME]: broadcast the packets of standard input by one write.
inject() { dd obs=65536 of="/dev/notify_sim/${1-$dev}" 2>/dev/null; }

# broadcast COUNT: broadcast packets of 16 zeros.
broadcast() { head -c $((16 * $1)) /dev/zero | inject; }

shifts='0 8 16 24 32 40 48 56'
[ "$(printf '\001\000' | od -A n -t u2 | tr -d ' ')" = 1 ] || shifts='56 48 40 32 24 16 8 0'

# number BYTES VALUE...: print binary numbers.
number() {
	bits=$((8 * $1))
	shift
	for value in "$@"; do
		for shift in $shifts; do
			[ "$shift" -lt $bits ] || continue
			byte=$((value >> shift & 255))
			# shellcheck disable=SC2059 # an octal escape
			printf "\\$((byte >> 6))$((byte >> 3 & 7))$((byte & 7))"
		done
	done
}

# read_records COUNT SIZE [NAME]: read the queued packets of SIZE bytes into the file records.
read_records() {
	record_size=$((32 + ($2 + 7) / 8 * 8))
	timeout 60 dd if="/dev/notify/${3-$dev}" of=records bs=65536 count=1 2>/dev/null
	[ "$(wc -c <records)" -eq $(($1 * record_size)) ]
}

# Print the timestamp of a record, in nanoseconds.
timestamp() { od -A n -t u8 -j $((($1 - 1) * record_size + 8)) -N 8 records | tr -d ' '; }

seconds() { printf %010d "$(timestamp "$1")" | sed 's/.\{9\}$/.&/'; }

load_chip() {
	unload_chip
	file=${NOTIFY_MULTI_MODULES-}/notify_gpio_chip.ko
	if [ -e "$file" ]; then
		insmod "$file" "$@"
	else
		modprobe -q notify_gpio_chip "$@" || skip "no module notify_gpio_chip"
	fi
}

unload_chip() {
	[ -e $chip ] || return 0
	echo 0 >$chip/parameters/device
	rmmod notify_gpio_chip
}

detach() {
	for label in "$gpio" "$other"; do
		[ -e "$attached/$label" ] || continue
		echo 0 >"$attached/$label/live"
		rmdir "$attached/$label"/line* 2>/dev/null
		rmdir "$attached/$label"
	done
}

# start_gpio_sim DEVICE...: create chips with the lines "left" at offset 1, "right" at 2, and an
# output at 3.
start_gpio_sim() {
	[ -d $gpio_sim ] || modprobe -q gpio-sim ||
		insmod "${NOTIFY_MULTI_MODULES-}/gpio-sim.ko" || skip "no gpio-sim"
	stop_gpio_sim
	for device in "$@"; do
		bank=$gpio_sim/$device/bank
		for directory in . line1 line2 line3 line3/hog; do
			mkdir -p "$bank/$directory"
		done
		echo 4 >"$bank/num_lines"
		echo $sim_label >"$bank/label"
		echo left >"$bank/line1/name"
		echo right >"$bank/line2/name"
		echo "the lamp" >"$bank/line3/hog/name"
		echo output-high >"$bank/line3/hog/direction"
		echo 1 >"$gpio_sim/$device/live"
	done
}

stop_gpio_sim() {
	for bank in "$gpio_sim"/kselftest*/bank; do
		[ -e "$bank" ] || return 0
		echo 0 >"$bank/../live"
		rmdir "$bank"/line3/hog "$bank"/line* "$bank" "${bank%/bank}"
	done
}

need_attach() { [ -e $attached ] || skip "no $attached"; }

# -- Runs --

# start ARGUMENT...: run notifycat in the background.
start() {
	: >out
	: >err
	# shellcheck disable=SC2086 # a command or nothing
	$as_user "$program" "$@" >>$output 2>>err &
	pid=$!
	pids="$pids $pid"
}

# Return true if notifycat waits for packets of its device N, counted from 0.
reads() { grep -q "^tfd:.* data: *$1 " "/proc/$pid/fdinfo/"*; }

# Start, and wait until no packet of the first device can be missed.
start_reading() {
	start "$@"
	wait_for reads 0
}

# wait_for COMMAND...: repeat the command until it succeeds. Fail if notifycat exits before.
wait_for() {
	read -r now _ </proc/uptime
	deadline=$((${now%.*} + wait_seconds))
	until "$@" 2>/dev/null; do
		read -r now _ </proc/uptime
		[ "${now%.*}" -lt $deadline ]
		! exited || deadline=0
		sleep 0.05
	done
}

wait_output() { wait_for grep -q -e "$1" out; }
wait_error() { wait_for grep -q -e "$1" err; }

stop() {
	kill -STOP "$1"
	wait_for grep -q ' T ' "/proc/$1/stat"
}

# while_stopped COMMAND...: run the command while notifycat is stopped.
while_stopped() {
	stop "$pid"
	"$@"
	kill -CONT "$pid"
}

exited() { ! read -r _ _ state _ 2>/dev/null <"/proc/$pid/stat" || [ "$state" = Z ]; }

# finish STATUS: wait for the end of notifycat and check its exit status.
finish() {
	status=0
	wait_for exited
	wait "$pid" || status=$?
	[ $status -eq "$1" ]
}

# run STATUS ARGUMENT...: run notifycat to its end and check its exit status.
run() {
	expected_status=$1
	shift
	start "$@"
	finish "$expected_status"
}

# prints ARGUMENT...: run notifycat and compare its output with standard input.
prints() {
	run 0 "$@"
	diff - out
}

# shows PATTERN ARGUMENT...: run notifycat and search a line of its output.
shows() {
	pattern=$1
	shift
	run 0 "$@"
	contains "$pattern"
}

# interrupt SIGNAL: end notifycat, which must die by the signal.
interrupt() {
	kill "-$1" "$pid"
	finish $((128 + $(kill -l "$1")))
}

# Print standard input as one line.
join() { tr -d '\n'; echo; }

error_is() { echo "notifycat: $1" | diff - err; }
no_error() { [ ! -s err ]; }

# fails MESSAGE ARGUMENT...: run notifycat, which must exit with 1 and this message.
fails() {
	message=$1
	shift
	run 1 "$@"
	error_is "$message"
}

contains() { grep -q -e "$1" out; }
lacks() { if grep -e "$1" out; then return 1; fi; }

skip() {
	echo "$*" >reason
	exit "$KSFT_SKIP"
}

need_inotify() { [ -e /proc/sys/fs/inotify ] || skip "the kernel has no inotify"; }

# -- Formats --

test_text_and_json_print_packets() {
	start_dev
	printf '\000\001\177\200\377abcdefghijk' | inject
	echo -5 >$sim/status
	printf 'packet number 02' | inject
	read_records 2 16
	data1=00017f80ff6162636465666768696a6b data2=7061636b6574206e756d626572203032
	cat >expected <<-END
		$dev 1 $(seconds 1) $data1 replay
		$dev 2 $(seconds 2) $data2 replay status -5 (Input/output error)
	END
	prints -n 2 $dev <expected
	no_error
	prints --count=2 --format=text /dev/notify/$dev <expected
	rest='"dropped":0,"replay":true,"data":'
	prints -f json -n 2 $dev <<-END
		{"device":"$dev","seq":1,"timestamp_ns":$(timestamp 1),"status":0,$rest"$data1"}
		{"device":"$dev","seq":2,"timestamp_ns":$(timestamp 2),"status":-5,$rest"$data2"}
	END
}

# The older packet is first.
test_csv_prints_columns_of_all_devices() {
	start_sim $dev packet_size=8 replay=8
	{ number 4 7; printf '\001\002\003\377'; } | inject
	read_records 1 8
	first=$(seconds 1)
	start_sim $other packet_size=5 replay=1
	printf 'a,"b\200' | inject $other
	read_records 1 5 $other
	prints -f csv -n 2 -d $other:'char[4] name' -d 'u32 line, x8[4] raw' $other $dev <<-END
		device,seq,time,status,dropped,replay,name,line,raw[0],raw[1],raw[2],raw[3],data
		$dev,1,$first,0,0,1,,7,0x01,0x02,0x03,0xff,
		$other,1,$(seconds 1),0,0,1,"a,""b",,,,,,80
	END
}

test_raw_and_record_print_unchanged_bytes() {
	start_sim $dev packet_size=13 replay=8
	printf 'packet\000\200\37701\n\r' | inject
	echo -5 >$sim/status
	printf 'packet number' | inject
	echo 0 >$sim/status
	printf '\000packet three' | inject
	read_records 3 13
	run 0 -f raw --replay-only $dev
	printf 'packet\000\200\37701\n\r\000packet three' | cmp - out
	error_is "$dev: packet 2 has status -5: Input/output error"
	run 0 -f record --replay-only $dev
	cmp records out
}

# Compare the words of a waveform, without its date, with standard input. Its last time is TIME.
wave_is() {
	sed -e "1,/^.comment/d" -e "\$s/^#[0-9]*$/TIME/" out | tr ' ' '\n' >actual
	tr -s ' ' '\n' | diff - actual
}

test_vcd_draws_wire_per_number() {
	start_sim $dev packet_size=8 replay=8
	{
		number 1 1 -1; number 2 0 32769; number 1 9 9
		number 1 255 2; number 2 3 4; number 1 0 0
	} | inject
	read_records 2 8
	for unit in ns:1 us:1000 ms:1000000; do
		origin=$(($(timestamp 1) - ${unit#*:}))
		time=$((($(timestamp 2) - origin) / ${unit#*:}))
		# A time is printed if it has changed.
		[ $time -gt 1 ] && time="#$time" || time=
		run 0 -f vcd --timescale=${unit%:*} --replay-only \
			-d 'u8 a, s8 b, u16[2] c, u8[2] _' $dev
		grep -qx ".comment time 0 is $origin ns of CLOCK_MONOTONIC .end" out
		wave_is <<-END
			\$timescale 1 ${unit%:*} \$end \$scope module $dev \$end
			\$var wire 8 % a \$end \$var wire 8 & b \$end
			\$var wire 16 ' c_0 \$end \$var wire 16 ( c_1 \$end
			\$upscope \$end \$enddefinitions \$end
			#0 \$dumpvars bx % bx & bx ' bx ( \$end
			#1 b1 % b11111111 & b0 ' b1000000000000001 (
			$time b11111111 % b10 & b11 ' b100 ( TIME
		END
	done
	fails "$dev: no packet layout to draw, use --decode" -f vcd --replay-only $dev
}

# wall_clock PATTERN OPTION...: TIME in the pattern matches the time of day.
wall_clock() {
	pattern=$(echo "$1" | sed 's/TIME/\\([-0-9T:]*\\)\\.[0-9]\\{9\\}+00:00/')
	shift
	run 0 "$@" -n 1 $dev
	sed -n "s/$pattern/\\1/p" out >printed
	date -u +%Y-%m-%dT%H:%M:%S >after
	[ "$(wc -l <printed)" -eq 1 ]
	cat before printed after | sort -c
}

# The difference of two clocks, which are read one after the other, may be too small.
test_wall_clock_prints_time_of_day() {
	start_dev
	date -u -d "@$(($(date +%s) - 1))" +%Y-%m-%dT%H:%M:%S >before
	broadcast 1
	wall_clock "^$dev 1 TIME 0.*" --wall-clock
	wall_clock '.*,"time":"TIME",.*' -w -f json
	wall_clock "^$dev,1,TIME,.*" -w -f csv
}

# Both events are printed as they were timed, although the clock was set in between.
test_wall_clock_of_realtime_device_is_kept() {
	start_sim $dev packet_size=16 clock=realtime replay=8
	date -u +%Y-%m-%dT%H:%M:%S >before
	broadcast 1
	date -u +%Y-%m-%dT%H:%M:%S >>before
	date -s "@$(($(date +%s) + 7200))"
	date -u +%Y-%m-%dT%H:%M:%S >after
	broadcast 1
	date -u +%Y-%m-%dT%H:%M:%S >>after
	date -s "@$(($(date +%s) - 7200))"
	run 0 -w --replay-only $dev
	sed -n "s/^$dev [12] \\([-0-9T:]*\\)\\..*/\\1/p" out >printed
	[ "$(wc -l <printed)" -eq 2 ]
	{
		head -n 1 before; head -n 1 printed; tail -n 1 before
		head -n 1 after; tail -n 1 printed; tail -n 1 after
	} | sort -c
}

# broadcast_with_time TIMES: broadcast a packet on both devices; the times before and
# after it are added to a file.
broadcast_with_time() {
	date -u +%Y-%m-%dT%H:%M:%S >>"$1"
	broadcast 1
	head -c 16 /dev/zero | inject $other
	date -u +%Y-%m-%dT%H:%M:%S >>"$1"
}

# Print the time between the two packets of a device, in nanoseconds.
time_between() {
	read_records 2 16 "$1"
	echo $(($(timestamp 2) - $(timestamp 1)))
}

# CLOCK_MONOTONIC shows that the clocks were suspended.
test_wall_clock_of_boottime_device_survives_suspend() {
	rtc=/sys/class/rtc/rtc0
	if ! grep -q deep /sys/power/mem_sleep 2>/dev/null || [ ! -e $rtc/wakealarm ]; then
		skip "the system cannot suspend its clocks and wake up"
	fi
	start_sim $dev packet_size=16 clock=boottime replay=8
	start_sim $other packet_size=16 replay=8
	broadcast_with_time before
	echo deep >/sys/power/mem_sleep
	echo 0 >$rtc/wakealarm
	echo +4 >$rtc/wakealarm
	echo mem >/sys/power/state
	broadcast_with_time after
	[ $(($(time_between $dev) - $(time_between $other))) -ge 1000000000 ] ||
		skip "the system woke up at once, as QEMU's PC does from the second time on"
	run 0 -w --replay-only $dev
	sed -n "s/^$dev [12] \\([-0-9T:]*\\)\\..*/\\1/p" out >printed
	[ "$(wc -l <printed)" -eq 2 ]
	{
		head -n 1 before; head -n 1 printed; tail -n 1 before
		head -n 1 after; tail -n 1 printed; tail -n 1 after
	} | sort -c
}

# -- Layouts --

types='u8 a,s8 b,u16 c,s16 d,u32 e,s32 f,u64 g,s64 h,x8 i,x16 j,x32 k,x64 l,'
types=$types'char[6] text , s16 [ 2 ] array'

# Limits of each type, escaped characters, and bytes without a layout.
test_decode_prints_each_type() {
	start_sim $dev packet_size=57 replay=8
	{
		number 1 255 -128; number 2 65535 -32768; number 4 4294967295 -2147483648
		number 8 -1 -9223372036854775808
		number 1 -1; number 2 -1; number 4 -1; number 8 -1
		printf 'a"\\\n\351z'; number 2 -32768 32767; number 1 1 254

		number 1 0 127; number 2 0 32767; number 4 0 2147483647
		number 8 0 9223372036854775807
		number 1 1; number 2 2; number 4 3; number 8 4
		printf 'ok\000\000\000\000'; number 2 0 0; number 1 0 0
	} | inject
	read_records 2 57
	replaced=$(printf '\357\277\275')
	join >expected <<-END
		$dev 1 $(seconds 1) a 255 b -128 c 65535 d -32768 e 4294967295 f -2147483648
		 g 18446744073709551615 h -9223372036854775808 i 0xff j 0xffff k 0xffffffff
		 l 0xffffffffffffffff text "a\x22\x5c\x0a\xe9z" array -32768,32767 data 01fe replay
	END
	join >>expected <<-END
		$dev 2 $(seconds 2) a 0 b 127 c 0 d 32767 e 0 f 2147483647 g 0 h 9223372036854775807
		 i 0x01 j 0x0002 k 0x00000003 l 0x0000000000000004 text "ok" array 0,0
		 data 0000 replay
	END
	prints --replay-only -d "$types" $dev <expected
	join >expected <<-END
		{"device":"$dev","seq":1,"timestamp_ns":$(timestamp 1),"status":0,"dropped":0,
		"replay":true,"a":255,"b":-128,"c":65535,"d":-32768,"e":4294967295,"f":-2147483648,
		"g":18446744073709551615,"h":-9223372036854775808,"i":255,"j":65535,"k":4294967295,
		"l":18446744073709551615,"text":"a\"\\\\\u000a${replaced}z","array":[-32768,32767],
		"data":"01fe"}
	END
	prints -f json -n 1 --decode "$types" $dev <expected
}

# refuse_layout COLUMN MESSAGE LAYOUT
refuse_layout() {
	run 2 -d "$3" $dev
	printf 'notifycat: invalid --decode: %s\n  %s\n  %*s^\n' "$2" "$3" "$1" '' | diff - err
}

test_decode_marks_error_in_layout() {
	known='(use u8 to u64, s8 to s64, x8 to x64, char)'
	refuse_layout 0 'missing type' ''
	refuse_layout 10 "unknown type \"u33\" $known" 'u32 line, u33 raw'
	refuse_layout 0 "unknown type \"u\" $known" 'u 8'
	refuse_layout 3 'missing name' 'u32'
	refuse_layout 4 'missing name' 'u32 1a'
	for count in 0 65537 -1; do
		refuse_layout 3 'count must be 1 to 65536' "u8[$count] a"
	done
	refuse_layout 5 'missing "]"' 'u8[4 a'
	refuse_layout 5 'missing ","' 'u8 a u8 b'
	refuse_layout 5 'missing type' 'u8 a,'
	refuse_layout 9 'duplicate field "a"' 'u8 a, u8 a'
	refuse_layout 3 'reserved name "dropped"' 'u8 dropped'
	refuse_layout 13 'layout exceeds 65536 bytes' 'u8[65536] a, u8 b'
	refuse_layout 6 'missing ","' 'x:u8 a; u8 b'
}

test_decode_fails_if_layout_exceeds_packet() {
	start_sim $dev packet_size=8 replay=8
	start_sim $other packet_size=9
	number 8 1 | inject
	run 0 -n 1 -d 'u64 a' $dev
	fails "$dev: layout needs 9 bytes, packets have only 8" -n 1 -d 'u64 a, u8 b' $dev
	run 0 -n 1 -d "$other:u64 a, u8 b" $dev $other
}

test_formats_decode_gpio_edges() {
	dev=$gpio
	load_chip sleeping=0 replay=8
	echo 1 >$chip/parameters/device
	# The thread may read the level after the next edge.
	count=1
	for line in 0 1 1; do
		echo $line 1 >$chip/parameters/toggle
		count=$((count + 1))
		wait_for grep -qx $count "/sys/class/misc/notify!$dev/broadcasts"
	done
	read_records 4 32
	prints -n 4 $dev <<-END
		$dev 1 $(seconds 1) line 0 state level 0 edge 0 levels 0x0 flags 0 replay
		$dev 2 $(seconds 2) line 0 rising level 1 edge 1 levels 0x1 flags 0 replay
		$dev 3 $(seconds 3) line 1 rising level 1 edge 1 levels 0x3 flags 0 replay
		$dev 4 $(seconds 4) line 1 falling level 0 edge 2 levels 0x1 flags 0 replay
	END
	shows ',"line":0,"edge":"rising","level":1,"line_seqno":1,"levels":1,"flags":0}$' \
		-n 2 -f json $dev
	shows ',replay,line,edge,level,line_seqno,levels,flags$' -n 2 -f csv $dev
	contains ',0,0,1,0,rising,1,1,0x1,0$'
	run 0 -n 4 -f vcd --timescale ns $dev
	wave_is <<-END
		\$timescale 1 ns \$end \$scope module $dev \$end
		\$var wire 1 % line0 \$end \$var wire 1 & line1 \$end
		\$upscope \$end \$enddefinitions \$end
		#0 \$dumpvars 0% 0& \$end #1 1% #$(($(timestamp 3) - $(timestamp 2) + 1)) 1&
		#$(($(timestamp 4) - $(timestamp 2) + 1)) 0& TIME
	END
}

# attach_named ARGUMENT...: attach lines of the simulated controller: "left" at 4, and 6.
attach_named() {
	need_attach
	load_chip sleeping=0
	echo 6 1 >$chip/parameters/toggle
	run 0 attach $chip_label 4:name=left 6 --label $gpio "$@"
}

test_formats_print_names_of_lines() {
	attach_named --replay 8
	count=1
	for line in 4 6; do
		echo $line 1 >$chip/parameters/toggle
		count=$((count + 1))
		wait_for grep -qx $count "/sys/class/misc/notify!$gpio/broadcasts"
	done
	read_records 3 32 $gpio
	prints --replay-only $gpio <<-END
		$gpio 1 $(seconds 1) line 0 left state level 0 edge 0 levels 0x2 flags 0 replay
		$gpio 2 $(seconds 2) line 0 left rising level 1 edge 1 levels 0x3 flags 0 replay
		$gpio 3 $(seconds 3) line 1 falling level 0 edge 1 levels 0x1 flags 0 replay
	END
	run 0 --replay-only -f json $gpio
	contains ',"line":0,"name":"left","edge":"state","level":0,'
	contains ',"line":1,"name":"","edge":"falling","level":0,'
	run 0 --replay-only -f csv $gpio
	contains ',replay,line,name,edge,level,line_seqno,levels,flags$'
	contains ',0,left,rising,1,1,0x3,0$'
	contains ',1,"",falling,0,1,0x1,0$'
}

# values_are VALUES: compare the values of a waveform, with LATER for each time after the first two.
values_are() {
	sed -e '1,/^.enddefinitions/d' -e '/^[$]/d' -e 's/^#[0-9]\{2,\}$/LATER/' out |
		tr '\n' ' ' >actual
	[ "$(cat actual)" = "$1 " ]
}

# The replayed state was broadcast long before the waveform.
test_waveform_starts_with_replayed_levels() {
	attach_named
	start_reading -n 2 -f vcd $gpio
	echo 4 1 >$chip/parameters/toggle
	finish 0
	contains '^.var wire 1 % left .end$'
	contains '^.var wire 1 & line1 .end$'
	values_are '#0 0% 1& #1 1% LATER'
	# The replayed edge is the state at the start, also without any other packet.
	run 0 -f vcd -t 0.1 $gpio
	values_are '#0 1% 1& LATER'
}

# The levels are those read at the start, or those before the first edge.
test_waveform_without_replay_starts_with_levels() {
	attach_named --replay 0
	run 0 -f vcd -t 0.1 $gpio
	values_are '#0 0% 1& LATER'
	start_reading -n 2 -f vcd $gpio
	stop "$pid"
	echo 4 1 >$chip/parameters/toggle
	echo 6 1 >$chip/parameters/toggle
	kill -CONT "$pid"
	finish 0
	values_are '#0 0% 1& #1 1% LATER 0& LATER'
}

test_format_string_prints_letters_of_gpiomon() {
	attach_named --replay 8
	toggle 4 6
	read_records 3 32 $gpio
	prints --replay-only --format-string '%o %l %c %e %E 100%% %{level} %{seq}:%{dropped}' \
		$gpio <<-END
		4 left $chip_label 0 state 100% 0 1:0
		4 left $chip_label 1 rising 100% 1 2:0
		6 unnamed $chip_label 2 falling 100% 0 3:0
	END
	prints -n 1 -e rising --format-string '%S' $gpio <<-END
		$(seconds 2)
	END
	date='[0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]\{9\}'
	shows "^${date}Z $date x$" -n 1 --format-string '%U %L x' $gpio
	run 0 -n 1 --format-string '%U %L' $gpio
	contains '\.\([0-9]\{9\}\)Z .*\.\1$'
	# A field may be missing in some devices, a letter in all.
	start_dev
	broadcast 1
	run 0 --replay-only --format-string '%{device} %{name}%l.' $gpio $dev
	contains "^$gpio leftleft.$"
	contains "^$dev .$"
	fails 'no device has packets with the field "nolevel"' --format-string '%{nolevel}' $gpio
}

# -- Selection --

# wait_broadcasts COUNT [NAME]
wait_broadcasts() { wait_for grep -qx "$1" "/sys/class/misc/notify!${2-$gpio}/broadcasts"; }

# Toggle lines of the simulated controller, and wait until each edge is broadcast.
toggle() {
	count=$(cat "/sys/class/misc/notify!$gpio/broadcasts")
	for line in "$@"; do
		echo "$line" 1 >$chip/parameters/toggle
		count=$((count + 1))
		wait_broadcasts $count
	done
}

# The state, and the edges: left rising, 1 falling, left falling.
test_lines_and_edges_select_packets() {
	attach_named --replay 8
	toggle 4 6 4
	start_dev
	broadcast 1
	while IFS='|' read -r seqs arguments; do
		eval "run 0 --replay-only $arguments"
		cut -d ' ' -f 2 out | tr '\n' ' ' >actual
		[ "$(cat actual)" = "$seqs " ]
	done <<-END
		1 2 4|-l left $gpio
		1 2 4|--lines=0 $gpio
		3|-l 1 $gpio
		1 2 3 4|-l left,1 $gpio
		2 3 4|-l left -l 1 -e both $gpio
		2|-e rising $gpio
		3 4|--edge falling $gpio
		4|-l left -e falling $gpio
		4|-l left -e falling /dev/notify
		4|-l left -e falling --decode 'u32 a' $gpio
	END
	# Only printed packets count.
	shows "^$gpio 3 " -e falling -n 1 $gpio
	# A level that could not be read may be an edge.
	echo 1 >$chip/parameters/broken
	toggle 6
	run 0 --replay-only -e rising -l 1 $gpio
	contains "^$gpio 5 .* status -5 "
	[ "$(wc -l <out)" -eq 1 ]
	echo 0 >$chip/parameters/broken
	fails "$gpio: no line \"middle\", it has 0 left, 1" -l left,middle $gpio
	fails "$gpio: no line \"2\", it has 0 left, 1" -l 2 $gpio
	fails "$dev: --lines needs a device of notify_gpio" -l 0 $dev
	fails "$dev: --edge needs a device of notify_gpio" -e both $dev
}

# Three edges of the other line are dropped, and a fourth is not printed.
test_hidden_drops_are_in_next_printed_packet() {
	attach_named --replay 0 --max-packets 2
	start_reading -f json -l 1 -n 1 $gpio
	while_stopped toggle 4 4 4 4 6
	finish 0
	error_is "$gpio: 3 packets dropped before 5"
	contains '"seq":6,.*"dropped":3,'
}

test_new_omits_replayed_packets() {
	start_dev
	broadcast 3
	for option in --new --since-open; do
		start_reading $option -n 1 $dev
		broadcast 1
		finish 0
		[ "$(wc -l <out)" -eq 1 ]
		lacks replay
	done
	contains "^$dev 5 "
}

# The time starts again after each packet.
test_idle_timeout_exits_with_124() {
	start_dev
	run 124 --idle-timeout .1 $dev
	run 124 --idle-timeout .1 -n 1 --follow $dev
	start_reading --idle-timeout 6 $dev
	for _ in 1 2 3 4; do
		sleep 1.8
		broadcast 1
	done
	finish 124
	contains "^$dev 4 "
	run 0 -n 4 --idle-timeout 60 $dev
}

test_banner_reports_open_devices() {
	start_dev
	start --banner --new -n 1 $dev
	wait_error "^notifycat: reading $dev$"
	broadcast 1
	finish 0
}

# -- Commands --

test_exec_runs_command_with_fields() {
	start_sim $dev packet_size=16 replay=8
	# shellcheck disable=SC2016 # must not be expanded
	printf '$(touch bad);`b`' | inject
	read_records 1 16
	types='char[16] text'
	prints --replay-only -d "$types" $dev --exec \
		'printf %s\n {device}:{seq} "{text} x" {none} {} a"b  "c' <<-END
		$dev:1
		\$(touch bad);\`b\` x
		{none}
		{}
		ab  c
	END
	prints --replay-only -w -d "$types" $dev \
		--exec "sh -c 'env | grep ^NOTIFY_ | grep -v ^NOTIFY_TIME= | sort'" <<-END
		NOTIFY_DEVICE=$dev
		NOTIFY_DROPPED=0
		NOTIFY_REPLAY=1
		NOTIFY_SEQ=1
		NOTIFY_STATUS=0
		NOTIFY_TEXT=\$(touch bad);\`b\`
		NOTIFY_TIMESTAMP_NS=$(timestamp 1)
	END
	# A packet is printed before its command runs.
	prints --replay-only --format-string '%{seq}' -d "$types" --exec 'echo {seq}' $dev <<-END
		1
		1
	END
	[ ! -e bad ]
}

test_exec_reports_failing_commands() {
	start_dev
	broadcast 3
	cat >script <<-'END'
		#!/bin/sh
		echo $1
		[ $1 -ne 2 ] || kill -9 $$
		exit $((3 * ($1 == 1)))
	END
	chmod +x script
	run 1 --replay-only --exec './script {seq}' $dev
	printf '%s\n' 1 2 3 | diff - out
	cat >expected <<-END
		notifycat: $dev 1: command exited with 3
		notifycat: $dev 2: command was killed by signal 9
	END
	diff expected err
	fails 'cannot run ./nosuch: No such file or directory' -n 1 --exec './nosuch x' $dev
	fails 'cannot run ./expected: Permission denied' -n 1 --exec ./expected $dev
	fails 'missing quote' --exec "echo 'x" $dev
	fails 'empty command' --exec ' ' $dev
}

# The first packet is read, eight of the others are queued.
test_exec_lets_packets_wait_and_drop() {
	start_dev
	cat >script <<-'END'
		#!/bin/sh
		echo $NOTIFY_SEQ $NOTIFY_DROPPED
		until [ -e go ]; do sleep 0.05; done
	END
	chmod +x script
	start_reading --exec ./script -n 9 $dev
	broadcast 1
	wait_output '^1 0$'
	broadcast 20
	[ "$(wc -l <out)" -eq 1 ]
	touch go
	finish 0
	error_is "$dev: 12 packets dropped before 14"
	contains '^14 12$'
	contains '^21 0$'
}

test_exec_runs_jobs_at_once() {
	start_dev
	cat >script <<-'END'
		#!/bin/sh
		echo $1
		until [ -e go$1 ]; do sleep 0.05; done
		[ $1 -ne 1 ]
	END
	chmod +x script
	start_reading --exec './script {seq}' --jobs 2 $dev
	broadcast 3
	wait_output '^1$'
	wait_output '^2$'
	lacks '^3$'
	touch go1
	wait_output '^3$'
	wait_error "^notifycat: $dev 1: command exited with 1$"
	touch go2 go3
	interrupt TERM
}

# The command is completed, the other packets are not.
test_signal_ends_exec_after_command() {
	start_dev
	cat >script <<-'END'
		#!/bin/sh
		echo start
		until [ -e go ]; do sleep 0.05; done
		echo end
	END
	chmod +x script
	broadcast 5
	start --exec ./script $dev
	wait_output '^start$'
	kill -TERM "$pid"
	touch go
	finish 143
	printf 'start\nend\n' | diff - out
	error_is "$dev: 4 packets not handled"
}

# -- Options and errors --

test_misspelled_command_is_reported() {
	run 1 lst
	cat >expected <<-END
		notifycat: /dev/notify/lst: No such device (is its source loaded?)
		notifycat: lst is no command either: read, list, attach, detach, stats, top
	END
	diff expected err
	fails '/dev/notify/lst: No such device (is its source loaded?)' read lst
}

test_each_command_has_help_and_version() {
	run 0 --version
	mv out version
	for command in read list attach detach stats top; do
		shows '^Exit status: 0' $command --help
		contains '^Examples*:$'
		run 0 $command --version
		diff version out
	done
}

test_exits_after_count_timeout_or_replay() {
	start_dev
	broadcast 3
	shows "^$dev 2 " -n 2 $dev
	lacks "^$dev 3 "
	run 124 -n 4 -t 0.2 $dev
	contains "^$dev 3 "
	shows "^$dev 3 " --timeout=.2 $dev
	shows "^$dev 3 " --replay-only $dev
	# Without packets to replay, --replay-only exits at once.
	reregister
	prints --replay-only $dev </dev/null
}

# refuse MESSAGE ARGUMENT...
refuse() {
	message=$1
	shift
	run 2 "$@"
	[ ! -s out ]
	grep -qF -e "$message" err
}

test_options_are_refused_if_invalid() {
	refuse 'invalid format "xml": use text|json|csv|vcd|raw|record|none' -f xml x
	for count in 0 -1 1x 18446744073709551616; do
		refuse "invalid count \"$count\"" -n $count x
	done
	for seconds in '' 0.0 1s; do
		refuse "invalid timeout \"$seconds\"" -t "$seconds" x
		refuse "invalid idle timeout \"$seconds\"" --idle-timeout="$seconds" x
	done
	refuse 'invalid queue "4294967296"' -q 4294967296 x
	refuse 'invalid timescale "s": use ns|us|ms' --timescale s x
	refuse 'invalid interval "x"' top -i x
	refuse 'invalid number of jobs "0"' --exec true --jobs 0 x
	refuse 'invalid number of jobs "1025"' --exec true --jobs 1025 x
	refuse 'invalid edge "up": use rising|falling|both' -e up x
	refuse 'invalid lines "a,,b"' -l a,,b x
	refuse 'unknown "%x"' --format-string '%l %x' x
	refuse 'unknown "%"' --format-string '%l %' x
	refuse 'missing "}"' --format-string '%{line' x
	refuse 'Usage:' --nonsense x
	refuse 'Usage:' -f
	refuse 'Usage:'
}

# refuse_use MESSAGE ARGUMENT...
refuse_use() {
	refuse "$@"
	grep -q '^Usage: ' err
}

test_options_without_effect_are_refused() {
	while IFS='|' read -r message arguments; do
		eval "refuse_use '$message' $arguments"
	done <<-END
		--mmap and --uring cannot be combined|--mmap --uring x
		--replay-only and --follow cannot be combined|--replay-only --follow x
		--replay-only and --all cannot be combined|--replay-only --all
		--replay-only and --timeout cannot be combined|--replay-only -t 1 x
		--replay-only and --idle-timeout cannot be combined|--replay-only --idle-timeout 1 x
		--replay-only and --new cannot be combined|--replay-only --since-open x
		--format and --format-string cannot be combined|-f text --format-string %l x
		--all and a device cannot be combined|--all x
		--jobs requires --exec|--jobs 2 x
		--wall-clock has no effect on the format raw|-w -f raw x
		--decode has no effect on the format record|-d 'u8 a' -f record x
		--timescale has no effect on the format text|--timescale ns x
		--lines has no effect on the format vcd|-l 0 -f vcd x
		--edge has no effect on the format vcd|-e both -f vcd x
		--decode twice for all devices|-d 'u8 a' -d 'u8 b' x
		--decode twice for x|-d 'x:u8 a' -d 'u8 b' -d 'x:u8 a' x
		--decode for y, which is not read|-d 'y:u8 a' x /dev/y/x
		no device|read
		--format requires --batch|top -f json
		--prometheus and --format cannot be combined|stats --prometheus -f json
		--prometheus and --watch cannot be combined|stats --prometheus --watch
		--count requires --watch|stats -n 1
		unexpected argument "x"|list x
	END
}

test_device_errors_are_reported() {
	start_dev
	fails '/dev/notify/nosuch: No such device (is its source loaded?)' read nosuch
	mkfifo fifo
	for path in /dev/null ./err ./fifo /dev/input/event*; do
		[ ! -e "$path" ] || fails "$path: Not a notify_multi device" "$path"
	done
	fails "$dev: queue of 4294967295 packets exceeds notify_multi's max_ring_bytes" \
		-q 4294967295 $dev
	echo -16 >$sim/arrival_error
	fails "/dev/notify/$dev: Device or resource busy" $dev
	echo 0 >$sim/arrival_error
	# The removal of the last device ends the program.
	start_reading $dev
	echo 0 >$sim/live
	finish 1
	error_is "/dev/notify/$dev: No such device"
}

# The error consumes one packet. The next one is still read, as are other devices until the last one
# is removed.
test_failed_read_of_packet_is_reported() {
	start_sim $dev packet_size=16 complete_error=-5
	start_sim $other packet_size=16
	fails "$dev: cannot map ring: not supported by this device" --mmap $dev
	start_reading $dev $other $other
	wait_for reads 1
	wait_for reads 2
	broadcast 1
	wait_error "^notifycat: $dev: cannot read packet 1: Input/output error$"
	printf 'packet number 01' | inject $other
	wait_output "^$other 1 .* 7061636b6574206e756d626572203031$"
	broadcast 1
	wait_error "^notifycat: $dev: cannot read packet 2: Input/output error$"
	echo 0 >$sim/live
	wait_error "^notifycat: /dev/notify/$dev: No such device$"
	printf 'packet number 02' | inject $other
	wait_output "^$other 2 "
	echo 0 >$config/$other/live
	finish 1
	lacks "^$dev "
	[ "$(grep -c "^$other 2 " out)" -eq 2 ]
}

# completes WORDS COMMANDLINE...: words, separated by blanks, that may complete the last word.
completes() {
	expected=$1
	shift
	run 0 --complete "$@"
	cut -f 1 out | tr '\n' ' ' >actual
	[ "$(cat actual)" = "$expected${expected:+ }" ]
}

test_completion_lists_devices_lines_and_chips() {
	attach_named
	start_dev
	completes "$gpio" kselftest-g
	completes "$dev $gpio" read --new kselftest
	completes "$gpio" detach ks
	completes 'left 1' read $gpio -l ''
	completes '1,left 1,1' -n 1 $gpio --lines 1,
	completes '--lines=left' $gpio --lines=le
	completes '' $dev -l ''
	completes '' nosuch -l ''
	completes '' $gpio --format-string ''
	completes "$(cd /dev && echo gpiochip*)" attach gpio
	completes "$(cd /dev && echo gpiochip*)" attach -c gpio
	completes '' attach 0 gpio
}

# -- Drops --

# expect_drops PATTERN OPTION...
expect_drops() {
	pattern=$1
	shift
	start_dev
	start_reading -n 8 "$@" $dev
	while_stopped broadcast 20
	finish 0
	error_is "$dev: 12 packets dropped before 13"
	contains "$pattern"
}

test_drops_are_reported_in_each_format() {
	expect_drops "^$dev 13 " -f text
	expect_drops '"seq":13,.*"dropped":12,"replay":false' -f json
	expect_drops '"seq":13,.*"dropped":12,"replay":false' -f json --mmap
	expect_drops "^$dev,13,[0-9.]*,0,12,0," -f csv
}

# Wires are x from the last packet before the drop to the first one after it.
test_drops_are_x_in_waveform() {
	start_sim $dev packet_size=1 max_packets=8
	start_reading -n 9 -f vcd --timescale=ns -d 'u8 level' $dev
	printf '\005' | inject
	wait_output '^b101 %$'
	printf '\001\001\001\000\001\001\001\001\001\001\001' >dropped
	while_stopped inject <dropped
	finish 0
	error_is "$dev: 3 packets dropped before 5"
	grep -A 4 '^b101' out | sed 's/^#[0-9]\{2,\}$/LATER/' >actual
	printf 'b101 %%\n#2\nbx %%\nLATER\nb0 %%\n' | diff - actual
}

test_queue_option_avoids_drops() {
	start_dev
	start_reading -n 100 --queue 100 $dev
	while_stopped broadcast 100
	finish 0
	no_error
	contains "^$dev 100 "
}

# -- Readers --

# Compare packets that are read at once, and those left in the queue at unregistration.
expect_same_as_read() {
	start_dev
	start_reading -f json $dev
	mv out read.out
	mv err read.err
	read_pid=$pid
	start_reading -f json "$1" $dev
	for seqs in 1 '2 3' '4 5 6 7 8'; do
		# shellcheck disable=SC2086 # several numbers
		printf 'packet %09d' $seqs | inject
		wait_output "\"seq\":${seqs##* },"
		wait_for grep -q "\"seq\":${seqs##* }," read.out
	done
	wait_for grep -q '^queued:[[:space:]]*0$' "/proc/$pid/fdinfo/"*
	stop "$pid"
	stop "$read_pid"
	printf 'packet %09d' 9 10 11 12 13 14 15 16 | inject
	echo 0 >$sim/live
	kill -CONT "$pid" "$read_pid"
	finish 1
	contains '"seq":16,'
	error_is "/dev/notify/$dev: No such device"
	pid=$read_pid
	finish 1
	diff read.out out
}

test_mmap_prints_same_packets_as_read() { expect_same_as_read --mmap; }

test_uring_prints_same_packets_as_read() {
	start_dev
	start --uring --replay-only $dev
	wait_for exited
	! grep 'cannot set up io_uring\|built without liburing' err || skip "$(cat err)"
	expect_same_as_read --uring
}

# -- Following --

expect_follow() {
	need_inotify
	start_dev
	echo 0 >$sim/live
	start --follow -f json "$1" $dev
	wait_error "^notifycat: $dev: not present, waiting$"
	for _ in 1 2 3; do
		: >out
		echo 1 >$sim/live
		wait_output "^{\"device\":\"$dev\",\"event\":\"added\",\"missed\":0}$"
		broadcast 2
		wait_output '"seq":1,'
		wait_output '"seq":2,'
		echo 0 >$sim/live
		wait_output "^{\"device\":\"$dev\",\"event\":\"removed\"}$"
	done
	interrupt INT
}

test_follow_reopens_added_device() { expect_follow --queue=8; }
test_follow_reopens_added_device_by_mmap() { expect_follow --mmap; }

# The kernel removes /dev/notify together with its last node.
test_follow_reopens_device_of_rebound_driver() {
	need_inotify
	load_chip sleeping=0
	start -F $gpio
	wait_error "^notifycat: $gpio: not present, waiting$"
	echo 1 >$chip/parameters/device
	for _ in 1 2 3; do
		wait_error "^notifycat: $gpio: available; no packets missed$"
		echo 0 1 >$chip/parameters/toggle
		wait_output ' edge 1 levels 0x[01] flags 0$'
		: >out
		: >err
		echo notify_gpio.77 >$driver/unbind
		wait_error "^notifycat: $gpio: removed$"
		echo notify_gpio.77 >$driver/bind
	done
	wait_error "^notifycat: $gpio: available; no packets missed$"
	interrupt INT
}

test_follow_reports_missed_packets() {
	need_inotify
	start_dev
	start_reading --follow -f json $dev
	stop "$pid"
	start_sim $dev packet_size=16 first_seq=1000
	broadcast 3
	kill -CONT "$pid"
	wait_output '"event":"added","missed":3}$'
	wait_error "^notifycat: $dev: available; 3 packets missed$"
	broadcast 1
	wait_output '"seq":1003,'
	# Replayed packets were not missed.
	stop "$pid"
	start_sim $dev packet_size=16 replay=2
	broadcast 3
	kill -CONT "$pid"
	wait_output '"event":"added","missed":1}$'
	wait_output '"seq":2,.*"replay":true'
	interrupt TERM
}

test_follow_prints_layout_of_later_device() {
	need_inotify
	remove_sim $dev
	start -F -f json -d 'u16 a' $dev
	wait_error "^notifycat: $dev: not present, waiting$"
	start_sim $dev packet_size=2 replay=1
	wait_output '"event":"added"'
	number 2 513 | inject
	wait_output '"a":513}$'
	interrupt INT

	remove_sim $dev
	start -F -f csv -d 'u16 a' $dev
	wait_error "^notifycat: $dev: not present, waiting$"
	[ ! -s out ]
	start_sim $dev packet_size=2
	wait_output '^device,.*,replay,a$'
	number 2 514 | inject
	wait_output ",514$"
	# The same columns: no second header.
	reregister
	number 2 515 | inject
	wait_output ",515$"
	[ "$(grep -c ^device out)" -eq 1 ]
	interrupt INT

	remove_sim $dev
	start -F -f vcd -d 'u16 a' $dev
	wait_error "^notifycat: $dev: not present, waiting$"
	start_sim $dev packet_size=2
	wait_error "^notifycat: $dev: available; "
	number 2 516 | inject
	wait_output '^b1000000100 %$'
	contains '^.var wire 16 % a .end$'
	interrupt INT
}

test_follow_prints_csv_header_for_new_fields() {
	need_inotify
	start_sim $dev packet_size=3
	remove_sim $other
	start_reading -F -f csv -d $dev:'u8 a' -d $other:'u8 b, u8 a' $dev $other
	wait_output '^device,seq,time,status,dropped,replay,a,data$'
	printf '\001\002\003' | inject
	wait_output "^$dev,1,.*,1,0203$"
	start_sim $other packet_size=2
	wait_output '^device,seq,time,status,dropped,replay,a,b,data$'
	printf '\004\005' | inject $other
	wait_output "^$other,1,.*,5,4,$"
	printf '\001\002\003' | inject
	wait_output "^$dev,2,.*,1,,0203$"
	interrupt INT
}

# The packets of the present device stay in its queue.
test_follow_draws_all_devices_in_waveform() {
	need_inotify
	start_sim $dev packet_size=1
	remove_sim $other
	start -F -f vcd -d 'u8 a' $dev $other
	wait_error "^notifycat: $other: not present, waiting$"
	printf '\001' | inject
	start_sim $other packet_size=1
	printf '\002' | inject $other
	wait_output '^b1 %$'
	wait_output '^b10 &$'
	contains "^.var wire 8 & ${other}_a .end$"
	interrupt INT
	# A timeout ends the wait for the other device.
	remove_sim $other
	start_sim $dev packet_size=1 replay=1
	printf '\003' | inject
	run 0 -F -f vcd -d 'u8 a' -t 0.5 $dev $other
	contains '^b11 %$'
	lacks $other
}

# No capability overrides the mode of the node.
as_nobody() {
	as_user='nsenter -S 65534 -F'
	$as_user "$program" --help >/dev/null || skip "no nsenter -S, or $program is not executable"
}

test_follow_waits_for_access() {
	need_inotify
	as_nobody
	remove_sim $dev
	start -F $dev
	wait_error "^notifycat: $dev: not present, waiting$"
	start_dev
	wait_error "^notifycat: $dev: Permission denied, waiting$"
	chmod 644 /dev/notify/$dev
	wait_error "^notifycat: $dev: available; no packets missed$"
	broadcast 1
	wait_output "^$dev 1 "
	interrupt INT
	start_dev
	start -F $dev
	wait_error "^notifycat: $dev: Permission denied, waiting$"
	chmod 644 /dev/notify/$dev
	wait_error "^notifycat: $dev: available; no packets missed$"
	interrupt INT
}

test_follow_reports_denied_access_after_10_seconds() {
	need_inotify
	as_nobody
	start_dev
	start_sim $other packet_size=1
	chmod 644 /dev/notify/$other
	start -F '/dev/notify/kselftest*'
	wait_for reads 1
	found=$pid
	mv out found.out
	mv err found.err
	run 1 -F $dev
	grep -qx "notifycat: /dev/notify/$dev: Permission denied (are you in its group?)" err
	# A device that was found may stay inaccessible.
	pid=$found
	mv found.out out
	mv found.err err
	wait_error "^notifycat: /dev/notify/$dev: Permission denied (are you in its group?)$"
	printf 1 | inject $other
	wait_output "^$other 1 "
	chmod 644 /dev/notify/$dev
	broadcast 1
	wait_output "^$dev 1 "
	interrupt INT
}

# A board has other devices.
has_searched() { grep -q 'waiting$' err || reads 0; }

# The directory may be missing: the kernel creates it with the first node.
test_follow_finds_later_devices() {
	need_inotify
	for arguments in /dev/notify /dev/notify/ '/dev/notify/ksel*' 'ksel*t'; do
		remove_sim $dev
		remove_sim $other
		start -F -f json -d $dev:'u8 a' "$arguments"
		wait_for has_searched
		for _ in 1 2; do
			start_sim $dev packet_size=1
			wait_output "^{\"device\":\"$dev\",\"event\":\"added\",\"missed\":0}$"
			printf '\001' | inject
			wait_output '"seq":1,.*"a":1}$'
			: >out
			remove_sim $dev
			wait_output "^{\"device\":\"$dev\",\"event\":\"removed\"}$"
		done
		start_dev
		start_sim $other packet_size=16
		wait_error "^notifycat: $dev: available"
		case $arguments in
		*t)
			broadcast 1
			printf 'packet number 01' | inject $other
			broadcast 1
			wait_output "^{\"device\":\"$dev\",\"seq\":2,"
			lacks $other
			;;
		*) wait_output "^{\"device\":\"$other\",\"event\":\"added\"" ;;
		esac
		interrupt INT
	done
}

test_directory_and_pattern_are_devices() {
	start_sim $dev packet_size=16 replay=1
	start_sim $other packet_size=16 replay=1
	broadcast 1
	printf 'packet number 01' | inject $other
	for argument in /dev/notify 'kselftest*' '/dev/notify/kself?est*'; do
		run 0 --replay-only "$argument"
		contains "^$dev 1 "
		contains "^$other 1 "
		shows "^$other$" stats "$argument"
		contains "^$dev$"
	done
	run 0 --replay-only 'k*t' $dev
	[ "$(wc -l <out)" -eq 1 ]
	fails "nosuch*: No such device" 'nosuch*'
	fails "nosuch*: No such device" stats 'nosuch*'
}

test_devices_of_several_clocks_are_merged_by_time() {
	start_sim $dev packet_size=16 replay=8 clock=realtime
	start_sim $other packet_size=16 replay=8 clock=boottime
	for name in $dev $other $other $dev $other; do
		printf 'packet number 01' | inject "$name"
		sleep 0.001
	done
	run 0 --replay-only $other $dev
	cut -d ' ' -f 1,2 out >actual
	diff - actual <<-END
		$dev 1
		$other 1
		$other 2
		$dev 2
		$other 3
	END
}

# create_many COUNT: create devices with a packet. Old kernels have 128 minors for such devices.
many=kselftest-many
create_many() {
	for number in $(seq "$1"); do
		start_sim "$many$number" packet_size=1 replay=1 max_packets=2
		printf 1 | inject "$many$number"
	done
}

remove_many() {
	for directory in "$config/$many"*; do
		[ ! -e "$directory" ] || rmdir "$directory"
	done
}

test_many_devices_are_read_and_listed() {
	need_inotify
	create_many 60
	# shellcheck disable=SC3045 # dash and busybox have it
	ulimit -S -n 40
	start --all -f json
	for number in 1 30 60; do
		wait_output "\"device\":\"$many$number\",\"seq\":1,"
	done
	printf 2 | inject ${many}50
	wait_output "\"device\":\"${many}50\",\"seq\":2,"
	interrupt INT
	run 0 --replay-only "$many*"
	[ "$(wc -l <out)" -eq 60 ]
	# In the order of their packets.
	sed -e "/^${many}50 /d" -e "s/^$many\([0-9]*\).*/\1/" out | sort -n -c
	run 0 list
	[ "$(grep -c "^$many" out)" -eq 60 ]
	run 0 stats -f json "$many*"
	[ "$(wc -l <out)" -eq 60 ]
	# shellcheck disable=SC3045 # likewise
	ulimit -n 40
	run 1 "$many*"
	grep -q ': Too many open files$' err
}

# -- Exit --

# Detected without another packet.
test_exits_when_pipe_is_closed() {
	start_dev
	broadcast 1
	output=pipe
	mkfifo $output
	for arguments in $dev 'top -b -i .1' "stats --watch=.1 $dev"; do
		head -n 1 $output &
		pids="$pids $!"
		# shellcheck disable=SC2086 # several arguments
		run 0 $arguments
		no_error
	done
	: <$output &
	reader=$!
	exec 5>$output
	wait $reader
	for arguments in list --help "stats $dev"; do
		# shellcheck disable=SC2086 # several arguments
		"$program" $arguments >&5 2>err
		no_error
	done
}

# Without standard output, the device must not get its descriptor.
test_closed_output_is_reported() {
	start_dev
	broadcast 1
	status=0
	"$program" -n 1 $dev >&- 2>err || status=$?
	[ $status -eq 1 ]
	error_is 'cannot write output: Bad file descriptor'
}

test_exits_with_1_if_output_fails() {
	start_dev
	broadcast 1
	output=/dev/full
	for arguments in $dev "stats $dev" 'top -b -i .1' --help list 'attach --help' \
		'stats --prometheus'; do
		# shellcheck disable=SC2086 # several arguments
		fails 'cannot write output: No space left on device' $arguments
	done
}

# An interrupted waveform is complete and extends to the signal.
test_signal_ends_waveform_completely() {
	start_sim $dev packet_size=1
	for signal in INT TERM HUP; do
		start_reading -f vcd -d 'u8 a' $dev
		printf '\001' | inject
		wait_output '^b1 %$'
		sleep 0.1
		interrupt $signal
		no_error
		microseconds=$(sed -n '$s/^#//p' out)
		[ "$microseconds" -gt 100000 ]
		[ "$(tail -c 1 out | od -A n -t u1 | tr -d ' ')" = 10 ]
	done
}

is_delivered() { grep -q "^delivered:[[:space:]]*$1\$" "/proc/$pid/fdinfo/"*; }

# The line is longer than the pipe.
test_signal_lets_packet_be_completed() {
	start_sim $dev packet_size=65536 max_packets=4
	mkfifo pipe
	{ while [ ! -e signalled ]; do sleep 0.05; done; cat >copy; } <pipe &
	reader=$!
	pids="$pids $reader"
	output=pipe
	start_reading -f raw $dev
	head -c 65536 /dev/zero | inject
	head -c 65536 /dev/zero | inject
	wait_for is_delivered 2
	kill -TERM "$pid"
	touch signalled
	finish 143
	wait $reader
	[ "$(wc -c <copy)" -eq 131072 ]
}

test_ignored_hangup_is_ignored() {
	start_dev
	trap '' HUP
	start_reading $dev
	kill -HUP "$pid"
	broadcast 1
	wait_output "^$dev 1 "
	interrupt TERM
}

test_waveform_is_complete_without_packets() {
	start_sim $dev packet_size=1
	run 0 -f vcd -d 'u8 a' -t 0.1 $dev
	wave_is <<-END
		\$timescale 1 us \$end \$scope module $dev \$end \$var wire 8 % a \$end
		\$upscope \$end \$enddefinitions \$end #0 \$dumpvars bx % \$end TIME
	END
}

# -- Properties and counters --

test_stats_prints_properties() {
	start_sim $dev packet_size=13 max_packets=8 replay=4
	prints stats $dev <<-END
		$dev
		  node              /dev/notify/$dev
		  packet_size       13
		  record_size       48
		  max_packets       8
		  max_requests      $(cat "/sys/class/misc/notify!$dev/max_requests")
		  replay            4
		  clock             monotonic
		  ring_bytes        $(cat "/sys/class/misc/notify!$dev/ring_bytes")
		  broadcasts        0
		  readers           0
		  dropped           0
	END
}

test_stats_and_top_are_no_readers() {
	start_dev
	broadcast 8
	run 0 stats $dev
	run 0 stats --prometheus
	run 0 top -b -n 3 -i 0.1 $dev
	grep -qx 0 $sim/arrivals
	grep -qx 0 "/sys/class/misc/notify!$dev/dropped"
}

test_stats_continues_after_bad_device() {
	start_dev
	run 1 stats nosuch $dev /dev/null
	contains "^$dev$"
	printf 'notifycat: %s\n' '/dev/notify/nosuch: No such device (is its source loaded?)' \
		'/dev/null: Not a notify_multi device' | diff - err
}

client_header='       PID COMMAND              QUEUED        MAX  DELIVERED    DROPPED PENDING'

# Open a client, and get the properties of this process.
open_client() {
	exec 3<"/dev/notify/$dev"
	read -r self _ </proc/self/stat
	read -r command </proc/self/comm
	client=$(sed -n 's/^client:[[:space:]]*//p' "/proc/$self/fdinfo/3")
	process=$(printf '%10d %-16s' "$self" "$command")
}

test_stats_prints_metrics_of_prometheus() {
	odd='kselftest-"odd"\x'
	start_sim "$odd" packet_size=16 max_packets=8
	start_dev
	open_client
	broadcast 13
	bytes=$(cat "/sys/class/misc/notify!$dev/ring_bytes")
	run 0 stats --prometheus "$odd" $dev $dev
	diff - out <<-END
		# HELP notify_multi_broadcasts_total Packets broadcast by the source.
		# TYPE notify_multi_broadcasts_total counter
		notify_multi_broadcasts_total{device="kselftest-\\"odd\\"\\\\x"} 0
		notify_multi_broadcasts_total{device="$dev"} 13
		# HELP notify_multi_dropped_total Packets dropped from the queues of all readers.
		# TYPE notify_multi_dropped_total counter
		notify_multi_dropped_total{device="kselftest-\\"odd\\"\\\\x"} 0
		notify_multi_dropped_total{device="$dev"} 5
		# HELP notify_multi_overflows_total Overflows of the source's queue.
		# TYPE notify_multi_overflows_total counter
		# HELP notify_multi_readers Readers that have the device open.
		# TYPE notify_multi_readers gauge
		notify_multi_readers{device="kselftest-\\"odd\\"\\\\x"} 0
		notify_multi_readers{device="$dev"} 1
		# HELP notify_multi_ring_bytes Memory of all rings.
		# TYPE notify_multi_ring_bytes gauge
		notify_multi_ring_bytes{device="kselftest-\\"odd\\"\\\\x"} 0
		notify_multi_ring_bytes{device="$dev"} $bytes
	END
	if [ -x "$(command -v promtool)" ]; then
		promtool check metrics <out
	fi
	remove_sim "$odd"
}

test_stats_repeats() {
	start_dev
	run 0 stats -w.05 -n 3 -f json $dev
	[ "$(wc -l <out)" -eq 3 ]
	run 0 stats -w -n 1 $dev
	start stats --watch=.1 $dev
	wait_output '^  broadcasts        0$'
	broadcast 1
	wait_output '^  broadcasts        1$'
	interrupt INT
}

test_stats_lists_clients() {
	start_dev
	open_client
	broadcast 13
	dd bs=48 count=1 <&3 >/dev/null
	run 0 stats $dev
	sed 1,/ring_bytes/d out >actual
	diff - actual <<-END
		  broadcasts        13
		  readers           1
		  dropped           5
		$client_header
		$process          7          8          1          5       0
	END
	join >expected <<-END
		,"broadcasts":13,"readers":1,"dropped":5,"clients":[
		{"client":$client,"pid":$self,"command":"$command",
		"queued":7,"max":8,"delivered":1,"dropped":5,"pending":0}]}
	END
	run 0 stats -f json $dev
	grep -F -f expected out | grep ',"packet_size":16,'
}

test_stats_omits_clients_of_removed_device() {
	start_dev
	open_client
	echo 0 >$sim/live
	run 1 stats $dev
	echo 1 >$sim/live
	shows '^  readers           0$' stats $dev
	lacks PID
}

# has_client ID PID: the client is listed once, with this process.
has_client() {
	[ "$(grep -o "\"client\":$1," out | wc -l)" -eq 1 ]
	contains "\"client\":$1,\"pid\":$2,"
}

# hold COMMAND...: keep a copy of the client open in another process.
hold() {
	"$@" sleep 1000 &
	holder=$!
	pids="$pids $holder"
}

test_stats_lists_shared_client_once() {
	start_dev
	open_client
	exec 4<&3
	hold
	run 0 stats -f json $dev
	has_client "$client" "$self"
	# Without the opener, the client belongs to the other process.
	exec 3<&- 4<&-
	run 0 stats -f json $dev
	has_client "$client" $holder
}

is_owner() { [ "$(stat -c %u "$1")" = "$2" ]; }

test_stats_lists_own_processes_without_root() {
	user='nsenter -S 65534 -F'
	$user "$program" --help >/dev/null || skip "no nsenter -S, or $program is not executable"
	start_dev
	open_client
	own=$client
	# shellcheck disable=SC2086 # a command
	hold $user
	# Until exec(), the process belongs to root.
	wait_for is_owner "/proc/$holder/fdinfo" 65534
	open_client
	run 0 stats -f json $dev
	has_client "$own" "$holder"
	has_client "$client" "$self"

	as_user=$user
	for arguments in stats 'top -b -n 1 -i .1'; do
		# shellcheck disable=SC2086 # several arguments
		run 0 $arguments -f json $dev 3<&-
		contains '"readers":2,'
		has_client "$own" "$holder"
		lacks "\"client\":$client,"
	done
}

# -- top --

top_header='DEVICE              RATE/s   DROPS/s READERS    DROPPED BROADCASTS'

# The sum includes drops of closed readers.
test_top_prints_table() {
	start_dev
	open_client
	broadcast 13
	prints top -b -n 1 -i 0.1 $dev <<-END
		$top_header
		$client_header
		$dev              0.0       0.0       1          5         13
		$process          8          8          0          5       0
	END
	exec 3<&-
	prints top -b -n 1 -i 0.1 $dev <<-END
		$top_header
		$client_header
		$dev              0.0       0.0       0          5         13
	END
}

test_top_fails_if_named_device_has_error() {
	start_dev
	for device in $other /dev/null; do
		run 1 top -b -n 1 -i 0.1 "$device" $dev
		contains "^$dev "
	done
	contains '^null             not a notify_multi device$'
	# The last update counts.
	start top -b -n 40 -i 0.1 $other
	wait_output "^$other  not present$"
	start_sim $other
	finish 0
}

# Print the names of the devices of an update.
devices() { sed -n 's/{"device":"\([^"]*\)".*/\1/p' out; }

test_top_sorts_by_drop_rate_and_name() {
	start_dev
	start_sim $other packet_size=16 max_packets=8
	exec 3<"/dev/notify/$dev" 4<"/dev/notify/$other"
	run 0 top -b -n 1 -i 0.1 -f json $other $dev
	devices | join | grep -qx "$dev$other"
	start top -b -i 0.2 -f json $dev $other
	wait_output '"broadcasts":0,'
	# Many more, because top may be stopped while it reads the counters of one device.
	while_stopped broadcast_both 12 1008
	wait_output '"broadcasts":12,'
	interrupt INT
	# The first update with drops, or that after it.
	sed -i '/"drop_rate":0.0/d' out
	devices | join | grep -qx "$other$dev"
}

broadcast_both() {
	broadcast "$1"
	head -c $((16 * $2)) /dev/zero | inject $other
}

test_top_finds_devices_and_rates() {
	start_dev
	row="^{\"device\":\"$dev\",\"present\":true,\"rate\":"
	idle='0.0,"drop_rate":0.0,"readers":0,"dropped":0,'
	start top -b -i .2 -f json
	wait_output "$row$idle\"broadcasts\":0,\"clients\":\[\]}$"
	# One update has all packets.
	while_stopped broadcast 777
	wait_output "$row$idle\"broadcasts\":777,"
	[ "$(grep -c "${row}[0.]*[1-9][0-9.]*,.*\"broadcasts\":777," out)" -eq 1 ]
	: >out
	while_stopped reregister
	wait_output "$row$idle\"broadcasts\":0,"
	lacks "${row}[0.]*[1-9].*\"broadcasts\":0,"
	echo 0 >$sim/live
	wait_output "^{\"device\":\"$dev\",\"present\":false}$"
	: >out
	echo 1 >$sim/live
	wait_output "$row$idle\"broadcasts\":0,"
	interrupt INT
}

# -- Attached devices --

chip_node() { basename /sys/bus/platform/devices/notify_gpio_chip/gpiochip*; }

# value_is FILE VALUE: compare an attribute of the attached device.
value_is() { grep -qx -e "$2" "$attached/$gpio/$1"; }

# refuses_to_attach MESSAGE ARGUMENT...: nothing may be left.
refuses_to_attach() {
	message=$1
	shift
	run 1 attach "$@" --label $gpio
	error_is "$message"
	[ ! -e $attached/$gpio ]
	[ ! -e /dev/notify/$gpio ]
}

test_attach_accepts_number_name_path_and_label_of_chip() {
	need_attach
	load_chip sleeping=0
	node=$(chip_node)
	ln -s "/dev/$node" link
	for name in $chip_label "$node" "${node#gpiochip}" "/dev/$node" ./link; do
		run 0 attach "$name" 1 3 --label $gpio
		no_error
		value_is line0/key $chip_label
		value_is line0/offset 1
		value_is line1/key $chip_label
		value_is line1/offset 3
		value_is status active
		[ -c /dev/notify/$gpio ]
		run 0 detach $gpio
		no_error
		[ ! -e /dev/notify/$gpio ]
		[ ! -e $attached/$gpio ]
	done
}

test_attach_options_are_settings() {
	need_attach
	load_chip sleeping=0
	run 0 attach -e rising --label $gpio --debounce 1s --active-low --pull-up --clock boottime \
		--max-packets=7 --max-requests=3 --replay 2 --mode 640 --wakeup \
		--chip $chip_label 5 7:name=right,edge=falling,debounce=3000us,pull-down
	no_error
	for setting in edge:rising debounce_ms:1000 clock:boottime max_packets:7 max_requests:3 \
		       replay:2 mode:0*640 wakeup:1 live:1 \
		       line0/offset:5 line0/active_low:1 line0/bias:pull-up \
		       line1/offset:7 line1/active_low:1 line1/bias:pull-down line1/name:right \
		       line1/edge:falling line1/debounce_ms:3; do
		value_is "${setting%%:*}" "${setting#*:}"
	done
	[ "$(stat -c %a /dev/notify/$gpio)" = 640 ]
	shows '^  max_packets       7$' stats $gpio
	contains '^  clock             boottime$'
	contains '^  lines             2$'
}

test_attach_waits_for_label_of_chip() {
	need_attach
	unload_chip
	run 0 attach $chip_label 0 3:name=last --label $gpio
	error_is "$gpio: waiting for $chip_label"
	shows "^$gpio   notify_gpio        -          - waiting for $chip_label\$" list
	join >expected <<-END
		{"device":"$gpio","driver":"notify_gpio","status":"waiting for $chip_label"}
	END
	run 0 list -f json
	grep -qxFf expected out
	load_chip sleeping=0
	wait_for test -c /dev/notify/$gpio
	run 0 list
	contains "^$gpio   notify_gpio        0          0 0=0 last=0$"
	lacks waiting
	run 0 detach $gpio
}

test_attach_removes_device_that_fails() {
	need_attach
	load_chip sleeping=0
	invalid='Invalid argument'
	refuses_to_attach "$chip_label: no line 65, $(chip_node) has 65" $chip_label 0 65
	refuses_to_attach "/dev/gpiochip99: No such file or directory" gpiochip99 0
	refuses_to_attach "/dev/null: Not a GPIO chip" /dev/null 0
	refuses_to_attach "line 5 twice" $chip_label 5 4 5
	refuses_to_attach "$gpio: max_packets \"0\": $invalid" $chip_label 0 --max-packets 0
	refuses_to_attach "$gpio: mode \"999\": $invalid" $chip_label 0 --mode 999
	refuses_to_attach "$gpio: line1 debounce_ms \"60001\": $invalid" \
		$chip_label 0 1:debounce=60001
	run 0 attach $chip_label 0 --label $gpio
	run 1 attach $chip_label 1 --label $gpio
	error_is "$gpio: already attached"
	value_is line0/offset 0
	run 1 attach $chip_label 5 0 --label $other
	grep -qx "notifycat: $other: line 0 is in use by \".*\"" err
	[ ! -e $attached/$other ]
	start_sim $other
	run 1 attach $chip_label 5 --label $other
	error_is "$other: another device has this label"
	[ ! -e $attached/$other ]
	run 1 attach $chip_label 5 --label 'two words'
	error_is "two words: invalid label"
}

test_attach_finds_lines_by_name() {
	need_attach
	start_gpio_sim kselftest
	run 0 attach right left:name=first --label $gpio
	no_error
	value_is line0/key right
	value_is line0/offset -1
	value_is line0/name right
	value_is line1/name first
	value_is status active
	run 0 detach $gpio
	run 0 attach $sim_label right 0 --label $gpio
	value_is line0/key $sim_label
	value_is line0/offset 2
	value_is line1/offset 0
	run 0 detach $gpio
	refuses_to_attach "line left twice" $sim_label 1 left
	refuses_to_attach "$sim_label: no line \"middle\"" $sim_label middle
	refuses_to_attach "nochip is not present: line left needs an offset" -c nochip left
	refuses_to_attach "$gpio: line 3 is in use by \"the lamp\"" $sim_label 0 3
	run 0 attach middle --label $gpio
	error_is "$gpio: waiting for middle"
}

test_attached_device_returns_with_chip() {
	need_attach
	need_inotify
	start_gpio_sim kselftest
	run 0 attach $sim_label 0 --label $gpio
	start_reading -F $gpio
	wait_output "^$gpio 1 .* state "
	echo 0 >$gpio_sim/kselftest/live
	wait_error "^notifycat: $gpio: removed$"
	value_is status "waiting for $sim_label"
	echo 1 >$gpio_sim/kselftest/live
	wait_error "^notifycat: $gpio: available; no packets missed$"
	value_is status active
	interrupt INT
}

test_attach_refuses_ambiguous_names() {
	need_attach
	start_gpio_sim kselftest kselftest2
	names=$(basename -a /sys/bus/gpio/devices/gpiochip* | sort -V | tail -n 2)
	first=${names%
*} second=${names#*
}
	refuses_to_attach "$sim_label: label of $first and $second, use names of lines" $sim_label 1
	refuses_to_attach "$sim_label: label of $first and $second, use names of lines" "$first" 1
	refuses_to_attach "left: name of several lines: $first 1 and $second 1" left
}

test_attach_refuses_bad_arguments() {
	while IFS='|' read -r message arguments; do
		# shellcheck disable=SC2086 # several arguments
		refuse "$message" attach $arguments
	done <<-END
		invalid label "a/b"|--label a/b c
		invalid label ".."|--label .. c
		invalid edge "up": use rising|-e up a
		invalid clock "tai": use monotonic|--clock tai a
		invalid debounce "5m"|--debounce 5m a
		invalid debounce "5us"|--debounce 5us a
		pull-down: bias is already set|--pull-up --pull-down a
	END
	refuse_use 'no line' attach --label x
	refuse_use 'no --label' attach a
	refuse_use '--config cannot be combined with others' attach --config x a
	refuse_use 'unrecognized option' attach --nonsense
	refuse_use 'requires an argument' attach --label
	refuse 'line a: unknown setting "edges"' attach --label x a:edges=both
	refuse 'line a: edge needs a value' attach --label x a:edge
	refuse 'line a: pull-up has no value' attach --label x a:pull-up=1
	refuse 'line a: unknown setting "clock"' attach --label x a:clock=realtime
	refuse 'edge: edge is already set' attach --label x a:edge=both,edge=rising
	refuse 'empty name of a line' attach --label x :edge=both
	# shellcheck disable=SC2046 # 65 arguments
	refuse 'more than 64 lines' attach --label x $(seq 65 | sed 's/^/l/')
	for command in detach 'detach --config x y' 'detach --nonsense'; do
		# shellcheck disable=SC2086 # several arguments
		refuse 'Usage: ' $command
	done
	refuse 'invalid format "csv": use text|json' list -f csv
}

test_detach_continues_after_unknown_label() {
	need_attach
	load_chip sleeping=0
	run 0 attach $chip_label 0 --label $gpio
	start_dev
	run 1 detach nosuch $gpio ../notify_sim/$dev
	printf 'notifycat: %s: not attached\n' nosuch ../notify_sim/$dev | diff - err
	[ ! -e $attached/$gpio ]
	[ -e $sim ]
	# A device that was only configured.
	mkdir $attached/$gpio $attached/$gpio/line0
	shows "^$gpio   notify_gpio        -          - inactive$" list
	run 0 detach $gpio
	[ ! -e $attached/$gpio ]
}

test_attach_reads_config_files() {
	need_attach
	load_chip sleeping=0
	mkdir conf
	cat >conf/$gpio.conf <<-END
		# Two lines of a chip.
		$chip_label  1:name=left   # a comment
		"3:name=right"

		--edge falling
	END
	printf '%s --label %s 5' $chip_label $other >conf/a.conf
	printf '%s --nonsense 6' $chip_label >conf/b.conf
	printf '%s 6' $chip_label >conf/c.conf.old
	run 2 attach --config conf
	printf "conf/b.conf: unrecognized option '--nonsense'\n" | diff - err
	value_is line0/name left
	value_is line1/name right
	value_is edge falling
	[ -c /dev/notify/$gpio ]
	[ -c /dev/notify/$other ]
	rm conf/b.conf
	run 0 detach --config conf
	[ ! -e $attached/$gpio ]
	[ ! -e $attached/$other ]
	# None is attached.
	run 0 detach --config conf
	no_error
	run 0 attach --config conf/a.conf
	[ -c /dev/notify/$other ]
	printf '%s "3' $chip_label >conf/b.conf
	run 2 attach --config conf/b.conf
	error_is "conf/b.conf: missing quote"
	printf 'gpiochip99 3' >conf/b.conf
	run 1 attach --config conf/b.conf
	error_is "conf/b.conf: /dev/gpiochip99: No such file or directory"
	printf '%s 3 --config x' $chip_label >conf/b.conf
	run 2 attach --config conf/b.conf
	error_is "conf/b.conf: --config in a file"
	fails "nosuch: No such file or directory" attach --config nosuch
}

test_list_prints_names_in_utf8() {
	attach_named
	run 0 attach $chip_label 5:name=tür --label $other
	run 0 list
	contains "^$other .* tür=0$"
}

# The device of another user is listed without its lines.
test_attach_and_list_without_root_report_errors() {
	attach_named
	as_nobody
	run 1 attach $chip_label 5 --label $other
	grep -q ': Permission denied$' err
	run 1 detach $gpio
	error_is "$gpio: Permission denied"
	run 0 list
	contains "^$gpio   notify_gpio        0          0 Permission denied$"
	run 0 list -f json
	contains "^{\"device\":\"$gpio\",\"driver\":.*,\"dropped\":0}$"
}

# -- list --

test_list_prints_devices_and_levels() {
	need_attach
	load_chip sleeping=0
	start_dev
	run 0 attach $chip_label 4:name=left 6:active-low '7:name=right' --label $gpio
	echo 4 1 >$chip/parameters/toggle
	open_client
	broadcast 13
	run 0 list
	[ "$(head -n 1 out)" = 'DEVICE           SOURCE       READERS    DROPPED LINES' ]
	contains "^$dev        -                  1          5$"
	contains "^$gpio   notify_gpio        0          0 left=1 1=1 right=0$"
	run 0 list --format=json
	contains "^{\"device\":\"$dev\",\"status\":\"active\",\"readers\":1,\"dropped\":5}$"
	join >expected <<-END
		{"device":"$gpio","driver":"notify_gpio","status":"active","readers":0,"dropped":0,
		"lines":[{"line":0,"name":"left","chip":"$chip_label","offset":4,"level":1},
		{"line":1,"name":"","chip":"$chip_label","offset":6,"level":1},
		{"line":2,"name":"right","chip":"$chip_label","offset":7,"level":0}]}
	END
	grep -qxFf expected out
}

# -- Runner --

clean_up() {
	set +ex
	exec 3<&-
	# shellcheck disable=SC2086 # a list of numbers
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	remove_sim $dev
	remove_sim $other
	remove_many
	detach
	unload_chip
	stop_gpio_sim
}

run_test() {
	ktap_print_msg "RUN $1 ..."
	mkdir "$work/$1"
	(
		cd "$work/$1" || exit
		pid=self pids=
		trap clean_up EXIT
		[ -n "$program" ] || skip "no notifycat in \$PATH or \$NOTIFYCAT"
		set -ex
		"test_$1"
	) >"$work/log" 2>&1
	case $? in
	0)
		ktap_test_pass "$1"
		;;
	"$KSFT_SKIP")
		__ktap_test ok "$1" "SKIP $(cat "$work/$1/reason")"
		KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
		;;
	*)
		{
			tail -n 6 "$work/log"
			tail -n 2 "$work/$1/out" "$work/$1/err" 2>/dev/null
		} | sed 's/^/# /'
		ktap_test_fail "$1"
		;;
	esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^test_\([a-z0-9_]*\)() {.*/\1/p' "$0" >"$work/tests"
while getopts t:T: option; do
	case $option in
	t) echo "$OPTARG" >"$work/tests" ;;
	*) sed -i "/^$OPTARG\$/d" "$work/tests" ;;
	esac
done
# shellcheck disable=SC2046 # names of tests
set -- $(cat "$work/tests")
ktap_print_header
ktap_set_plan $#
for test in "$@"; do
	run_test "$test"
done
ktap_finished
