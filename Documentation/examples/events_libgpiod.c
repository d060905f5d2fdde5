// SPDX-License-Identifier: GPL-2.0
/* lines.c with libgpiod 2: events_libgpiod CHIP LINE */

#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct gpiod_edge_event_buffer *buffer = gpiod_edge_event_buffer_new(16);
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *config = gpiod_line_config_new();
	struct gpiod_chip *chip = argc > 2 ? gpiod_chip_open(argv[1]) : NULL;
	struct gpiod_line_request *request;
	struct gpiod_edge_event *event;
	unsigned int line;
	int count, i;

	if (!chip)
		return 1;
	line = strtoul(argv[2], NULL, 10);
	gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT);
	gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
	gpiod_line_config_add_line_settings(config, &line, 1, settings);
	request = gpiod_chip_request_lines(chip, NULL, config);
	while (request && (count = gpiod_line_request_read_edge_events(request, buffer, 16)) > 0)
		for (i = 0; i < count; i++) {
			event = gpiod_edge_event_buffer_get_event(buffer, i);
			printf("%llu line %u %s\n",
			       (unsigned long long)gpiod_edge_event_get_timestamp_ns(event),
			       gpiod_edge_event_get_line_offset(event),
			       gpiod_edge_event_get_event_type(event) ==
			       GPIOD_EDGE_EVENT_RISING_EDGE ? "rising" : "falling");
		}
	return 1;
}
