// SPDX-License-Identifier: GPL-2.0
/* lines.c for a line of gpio-keys: events_evdev /dev/input/eventN */

#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, clock = CLOCK_MONOTONIC;
	struct input_event event;

	if (fd < 0 || ioctl(fd, EVIOCSCLOCKID, &clock))
		return 1;
	while (read(fd, &event, sizeof(event)) == sizeof(event))
		if (event.type == EV_KEY)
			printf("%lld.%06ld key %u %s\n", (long long)event.input_event_sec,
			       (long)event.input_event_usec, event.code,
			       event.value ? "pressed" : "released");
		else if (event.type == EV_SYN && event.code == SYN_DROPPED)
			printf("some were dropped\n");
	return 1;
}
