# SPDX-License-Identifier: GPL-2.0
#
# Rules of the programs below testing/, which share the code of this directory. PROGRAMS is set
# before this file is included.
#
# For a board with another libc: make CROSS_COMPILE=... LDFLAGS=-static

CC = $(CROSS_COMPILE)gcc
CFLAGS ?= -O2
override CFLAGS += -std=gnu11 -Wall -Wextra -pthread
CPPFLAGS += -I../lib -I../../uapi -I../../include -D_GNU_SOURCE

HEADERS := $(wildcard *.h ../lib/*.h ../../uapi/linux/*.h ../../include/notify_multi/*.h)

vpath %.c ../lib

all: $(PROGRAMS)

%.o: %.c $(HEADERS)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(PROGRAMS):
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

clean:
	$(RM) $(PROGRAMS) *.o

.PHONY: all clean
