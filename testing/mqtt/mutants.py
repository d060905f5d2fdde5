#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Break notify-mqtt in one way after another; the named test must fail each time.

    mutants.py [NUMBER...]
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
TEST = os.path.join(TOP, "testing", "mqtt", "mqtt_test.py")

# The file in tools/, a text in it, its replacement, and the test that fails.
MUTANTS = (
    ("mqtt_queue.c", "queue->total += packets;", "queue->total++;",
     "Brokers.test_dropped_packet_passes_on_its_own_drops"),
    ("mqtt_queue.c", "queue->messages >= queue->max_messages ||", "0 ||",
     "Brokers.test_stopped_broker_fills_the_queue"),
    ("mqtt_queue.c", "queue->bytes + size > queue->max_bytes", "0",
     "Brokers.test_queue_is_bounded_in_bytes"),
    ("mqtt_queue.c", "queue_drop(queue, oldest->packets);", "queue_drop(queue, 1);",
     "Brokers.test_dropped_packet_passes_on_its_own_drops"),
    ("mqtt_publisher.c", "\t\tqueue->dropped = 0;\n", "",
     "Brokers.test_stopped_broker_fills_the_queue"),
    ("mqtt_publisher.c", "publisher->unconfirmed < publisher->options->max_unconfirmed",
     "publisher->unconfirmed <= publisher->options->max_unconfirmed",
     "Brokers.test_slow_broker"),
    ("mqtt_publisher.c", "retained_renew(set, 0, set->count);", "",
     "States.test_level_after_broker_lost_its_state"),
    ("mqtt_publisher.c", "record->seq > publisher->levels_seq", "record->seq",
     "States.test_replayed_packets_do_not_change_levels"),
    ("mqtt_publisher.c", "\tget_levels(publisher);\n", "",
     "States.test_replayed_packets_do_not_change_levels"),
    ("mqtt_publisher.c", "publisher_set_available(publisher, false);", "",
     "States.test_removed_device_is_offline"),
    ("mqtt_publisher.c", "retained_renew(set, 0, publisher->first_level);", "",
     "HomeAssistant.test_birth"),
    ("mqtt_publisher.c", "i != line && ", "", "States.test_names_of_lines"),
    ("mqtt_publisher.c", "i != line && ", "0 && ", "States.test_names_of_lines"),
    ("mqtt_publisher.c", "queue_removed(publisher);", "", "States.test_removed_device_is_offline"),
    ("mqtt_topic.c", "/+#%$", "+#%$", "States.test_names_of_lines"),
    ("mqtt_topic.c", "field & allowed", "field", "BadInput.test_usage"),
    ("mqtt_broker.c", "mosquitto_will_set(client, will_topic, strlen(\"offline\"), \"offline\", 1, "
     "true)", "0", "States.test_last_will"),
    ("mqtt_broker.c", "broker->delay *= 2;", "", "Brokers.test_delay_between_attempts_grows"),
    ("mqtt_broker.c", "put_event(data, BROKER_CONFIRMED, id);", "(void)id; (void)data;",
     "Packets.test_broker_absent_at_start"),
    ("mqtt_broker.c", "topic, length, text, 1, retain)", "topic, length, text, 0, retain)",
     "Brokers.test_broker_killed_twenty_times_under_load"),
    ("mqtt_broker.c", "mosquitto_loop(broker->client, LOOP_MS, 1);\n\t} while (!error);",
     "mosquitto_loop(broker->client, LOOP_MS, 1);\n\t} while (!error);\n\tmosquitto_reinitialise("
     "broker->client, \"x\", true, broker);",
     "Brokers.test_broker_killed_twenty_times_under_load"),
    ("mqtt_home_assistant.c", 'print_member("state_topic", state);', "(void)state;",
     "HomeAssistant.test_discovery"),
    ("mqtt_retained.c", "\tretained->changed = true;\n}", "}", "States.test_level_is_retained"),
    ("notify-mqtt.c", "\t\tpublisher_set_available(publisher, false);\n", "",
     "States.test_offline_after_sigterm"),
    ("notify-mqtt.c", "while (!all_done(program) && clock_monotonic() < deadline);", "while (0);",
     "End.test_sigterm_sends_the_queue"),
    ("mqtt_password.c", "st.st_mode & 0007", "0",
     "BadInput.test_password_that_others_can_read"),
)


def survives(directory, mutant):
    """Return true if the test does not fail."""
    name, old, new, test = mutant
    path = os.path.join(directory, "tools", name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) < 1:
        sys.exit(f"{name} does not contain {old}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))
    try:
        subprocess.run(["make", "-s", "-C", os.path.join(directory, "tools"), "notify-mqtt"],
                       check=True, timeout=300, stderr=subprocess.DEVNULL)
        result = subprocess.run(
            [TEST, test], timeout=300, capture_output=True, text=True, check=False,
            env={**os.environ, "NOTIFY_MQTT": os.path.join(directory, "tools", "notify-mqtt"),
                 "MQTT_SECONDS": "15"})
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    if not re.search(r"^(OK|FAILED)", result.stderr, re.M):
        sys.exit(f"{test}:\n{result.stderr}")
    return not result.returncode


def main():
    """Test the mutants."""
    chosen = [int(word) for word in sys.argv[1:]] or range(len(MUTANTS))
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for name in ("tools", "uapi", "include"):
            shutil.copytree(os.path.join(TOP, name), os.path.join(directory, name))
        shutil.copy(os.path.join(TOP, "Kbuild"), directory)
        for number in chosen:
            bad = survives(directory, MUTANTS[number])
            failed += bad
            name, old, _, test = MUTANTS[number]
            print(f"{number} {'SURVIVES' if bad else 'caught'}: {name}: {old.strip()}: {test}",
                  flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
