#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Send the packets of a simulated source to a local broker through notify-mqtt@.service while
# parts of the chain fail. Check that arrived and lost packets add up to the broadcast ones. It
# stops and starts services: run it in a guest. See Documentation/fleet.md.

set -eu

PACKET=16
RING=256
NAME=fleet-1
WORK=$(mktemp -d)
HERE=$(cd "$(dirname "$0")" && pwd)
INJECTOR=/dev/notify_sim/$NAME
UNIT=notify-mqtt@$NAME
AVAILABILITY=notify/$(uname -n)/$NAME/device/availability
sent=0
seq=0

# wait_for COMMAND...: wait until COMMAND succeeds.
wait_for() {
	for _ in $(seq 600); do
		if "$@" >/dev/null 2>&1; then
			return
		fi
		sleep 0.1
	done
	echo "timed out waiting for: $*" >&2
	tail -n 3 "$WORK/packets" "$WORK/missing" >&2
	journalctl -u "$UNIT" -u mosquitto --no-pager | tail -n 20 >&2
	exit 1
}

# broadcast COUNT: broadcast packets by one write.
broadcast() {
	head -c $(($1 * PACKET)) /dev/zero >"$INJECTOR"
	sent=$((sent + $1))
	seq=$((seq + $1))
}

arrived_last() {
	tail -n 1 "$WORK/packets" | grep -q "\"seq\":$seq,"
}

lost() {
	awk '/ missing before / { sum += $2 } / arrived late/ { sum-- } END { print sum + 0 }' \
		"$WORK/missing"
}

# account TITLE [LOST]: check that arrived and lost packets add up to the broadcast ones.
account() {
	local arrived

	wait_for arrived_last
	arrived=$(wc -l <"$WORK/packets")
	echo "$1: $sent broadcast, $arrived arrived, $(lost) lost"
	if [ $((arrived + $(lost))) != "$sent" ] || [ "${2-$(lost)}" != "$(lost)" ]; then
		tail -n 5 "$WORK/missing" >&2
		exit 1
	fi
}

publisher() {
	systemctl show --property MainPID --value "$UNIT"
}

reads() {
	[ "$(cat "/sys/class/misc/notify!$NAME/clients")" = 1 ]
}

# Succeed if the kernel's queue is empty.
read_all() {
	! grep -q '^queued:.[1-9]' "/proc/$(publisher)/fdinfo/"*
}

# Print the number that the kernel gave to the reader when it opened the device.
client() {
	grep -h -A 1 -x "device:.$NAME" "/proc/$(publisher)/fdinfo/"* | sed -n 's/^client:.//p'
}

start_source() {
	mkdir "/sys/kernel/config/notify_sim/$NAME"
	cd "/sys/kernel/config/notify_sim/$NAME"
	echo $PACKET >packet_size
	echo $RING >max_packets
	echo $RING >replay
	echo 1 >live
	cd /
}

# The broker keeps the messages of this session.
subscribe() {
	mosquitto_sub -q 1 -i account -c -t 'notify/+/+/+' "$@"
}

# A process group, which is killed as a whole.
start_subscriber() {
	set -m
	subscribe -F '%t %p' |
		python3 "$HERE/../../Documentation/examples/losses.py" \
			>"$WORK/packets" 2>"$WORK/missing" &
	set +m
}

# Print how often the broker confirmed the connection.
connections() {
	journalctl -u "$UNIT" --no-pager | grep -c "$NAME: connected"
}

# connected COUNT: succeed if the broker confirmed more connections.
connected() {
	[ "$(connections)" -gt "$1" ]
}

is_available() {
	[ "$(mosquitto_sub -W 5 -C 1 -t "$AVAILABILITY" "${login[@]}")" = "$1" ]
}

login=()
mkdir -p /run/systemd/system/mosquitto.service.d
printf '[Unit]\nStartLimitIntervalSec=0\n' >/run/systemd/system/mosquitto.service.d/restarts.conf
# Save sessions and queued messages after each change.
printf 'autosave_on_changes true\nautosave_interval 1\nmax_queued_messages 0\n' \
	>/etc/mosquitto/conf.d/fleet.conf
echo MQTT_OPTIONS=\"--max-delay 1 --queue-messages 1000\" >/etc/default/notify-mqtt
systemctl daemon-reload
modprobe notify_sim
systemctl restart mosquitto
wait_for subscribe -E
systemctl stop mosquitto

systemctl start "$UNIT"
start_source
wait_for reads
opened=$(client)
broadcast $RING
wait_for read_all
broadcast $RING
systemctl start mosquitto
start_subscriber
account "the broker and the device were absent at the start" 0
is_available online

systemctl stop mosquitto
broadcast $RING
wait_for read_all
broadcast $RING
systemctl start mosquitto
account "the broker was down" 0

systemctl stop mosquitto
for _ in $(seq 8); do
	broadcast $RING
	wait_for read_all
done
systemctl start mosquitto
account "the broker was down, and the queue of messages was full"
[ "$(lost)" -ge 1000 ]

for _ in $(seq 20); do
	before=$(connections)
	broadcast 100
	systemctl kill --signal KILL mosquitto
	wait_for connected "$before"
	broadcast 1
	wait_for arrived_last
done
account "the broker was killed 20 times"
[ "$(client)" = "$opened" ]

systemctl stop mosquitto
broadcast $RING
kill -KILL "$(publisher)"
systemctl start mosquitto
account "the broker was down, and the publisher died"
wait_for is_available online

kill -STOP "$(publisher)"
broadcast 5000
kill -CONT "$(publisher)"
account "the publisher stood still"

rmdir "/sys/kernel/config/notify_sim/$NAME"
wait_for is_available offline
start_source
wait_for reads
seq=0
broadcast 100
account "the device was removed and registered again"
wait_for is_available online

systemctl restart "$UNIT"
wait_for reads
broadcast 100
account "the unit was restarted"

systemctl stop "$UNIT"
is_available offline
kill %1
UNIT=notify-mqtt@$(systemd-escape "$NAME")
mkdir -p /etc/notify-mqtt
(umask 077 && echo secret >/etc/notify-mqtt/password)
echo 'MQTT_OPTIONS="--max-delay 1 --username board1"' >/etc/default/notify-mqtt
printf 'listener 1883\nallow_anonymous false\npassword_file %s\n' /etc/mosquitto/users \
	>>/etc/mosquitto/conf.d/fleet.conf
install -m 600 -o mosquitto -g mosquitto /dev/null /etc/mosquitto/users
# Newer versions warn that the owner is not root; older ones read the file as another user.
for user in board1 reader; do
	mosquitto_passwd -b /etc/mosquitto/users $user secret 2>/dev/null
done
login=(-u reader -P secret)
systemctl restart mosquitto
systemctl start "$UNIT"
wait_for is_available online
echo "the broker has a password: the device is online"
systemctl stop "$UNIT" mosquitto
rmdir "/sys/kernel/config/notify_sim/$NAME"
exposure=$(systemd-analyze security --no-pager "$UNIT.service" |
	sed -n 's/.*level.*: \([0-9.]*\).*/\1/p')
echo "systemd-analyze security: $exposure"
awk "BEGIN { exit !($exposure <= 2.5) }"
