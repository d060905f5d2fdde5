# SPDX-License-Identifier: GPL-2.0
#
# Rules of the programs below testing/, which share the code of this directory. PROGRAMS is set
# before this file is included. CFLAGS and LDFLAGS contain the paths of liburing if it is not
# installed.
#
# For a board with another libc: make CROSS_COMPILE=... LDFLAGS=-static

ifeq ($(origin CC),default)
CC = $(CROSS_COMPILE)gcc
endif
CFLAGS ?= -O2
override CFLAGS += -std=gnu11 -Wall -Wextra -Wno-unused-parameter -pthread
CPPFLAGS += -I../lib -I../../selftests -I../../uapi -I../../include -D_GNU_SOURCE
LDLIBS += -luring

# Objects of the library.
LIB := $(notdir $(patsubst %.c,%.o,$(wildcard ../lib/*.c)))
HEADERS := $(wildcard *.h ../lib/*.h ../../selftests/*.h ../../uapi/linux/*.h ../../include/notify_multi/*.h)

vpath %.c ../lib

all: $(PROGRAMS)

%.o: %.c $(HEADERS)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(PROGRAMS): $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

clean:
	$(RM) $(PROGRAMS) *.o

.PHONY: all clean
