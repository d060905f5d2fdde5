#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the edges of GPIO lines."""

import notify_multi

with notify_multi.open("buttons") as buttons:
    for event in buttons:
        print(event.time.astimezone(), event.name or event.line, event.edge.name, event.level, flush=True)
