# SPDX-License-Identifier: GPL-2.0
#
# notify_multi: see README.md. The modules are in Kbuild; the targets here are for users.

KDIR ?= /lib/modules/$(shell uname -r)/build
MODULES_DIR ?= updates
DESTDIR ?=
PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR ?= $(PREFIX)/share/doc/notify-multi
UDEVDIR ?= $(PREFIX)/lib/udev
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
DEPMOD ?= depmod

DTC ?= dtc

VERSION := $(shell sed -n 's/^NOTIFY_MULTI_VERSION := //p' Kbuild)
QEMU := testing/qemu
OVERLAYS := $(patsubst %.dts,%.dtbo,$(wildcard Documentation/devicetree/overlays/*.dts))

all: modules tools $(if $(shell command -v $(DTC)),dtbo)

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C tools

# Device tree overlays for boards; "all" includes them if dtc is installed.
dtbo: $(OVERLAYS)

%.dtbo: %.dts
	$(DTC) -q -@ -I dts -O dtb -o $@ $<

# These targets work on a bare Debian system: setup.sh installs the packages they need.
demo:
	testing/fetch/setup.sh demo
	$(QEMU)/demo.py $(if $(filter 1 y yes,$(INTERACTIVE)),--interactive)

# Set a GPIO line of the board that "make demo INTERACTIVE=1" runs.
line:
	@$(QEMU)/demo.py --line $(LINE) $(LEVEL)

# Drive GPIO lines of the board and check notifycat's waveform of them with sigrok.
waveform:
	testing/fetch/setup.sh waveform
	$(QEMU)/waveform.py

# TESTS= and MACHINES= select tests and machines. FAILFAST=1 ends after the first failure.
MACHINES ?= check
FAILFAST ?=

check:
	testing/fetch/setup.sh
	$(if $(TESTS),,testing/litmus/barriers.sh)
	$(if $(TESTS),,$(QEMU)/races_test.py)
	$(if $(TESTS),,$(QEMU)/console_test.py)
	$(if $(TESTS),,testing/docs/losses_test.py)
	$(if $(TESTS),,testing/notifycat/notifycat_test.py)
	$(if $(TESTS),,testing/python/unit_test.py)
	$(QEMU)/check.py $(if $(FAILFAST),--fail-fast) $(MACHINES)

# Run the whole test matrix. CHECK_ARGS is passed to check.py.
CHECK_MACHINES ?= check all

check-all:
	testing/fetch/setup.sh all
	$(QEMU)/check.py $(CHECK_MACHINES) $(CHECK_ARGS)

# Debug kernels: the suite with fault injection, then the stress test and the fuzzers. Debian's
# trinity runs on a kernel without KASAN, where it makes many more calls.
check-debug:
	testing/fetch/setup.sh debug
	$(QEMU)/check.py debug
	$(QEMU)/torture.py stress --seconds $(STRESS_SECONDS) $(if $(SEED),--seed $(SEED)) debug
	$(QEMU)/torture.py fuzz --seconds 60 $(if $(SEED),--seed $(SEED)) amd64-6.12-debug
	$(QEMU)/torture.py trinity --seconds 20 $(if $(SEED),--seed $(SEED)) amd64-6.12

# All operations at once; afterwards the counters must add up. STRESS_SECONDS=, SEED=, MACHINE=.
STRESS_SECONDS ?= 120
SEED ?=
MACHINE ?= amd64-6.12-debug

stress:
	testing/fetch/setup.sh
	$(QEMU)/torture.py stress --seconds $(STRESS_SECONDS) $(if $(SEED),--seed $(SEED)) $(MACHINE)

# Break the module in one way after another; a test must fail each time. MUTANTS= selects some.
mutants:
	testing/fetch/setup.sh debug
	testing/mutants/mutants.py $(MUTANTS)

# The same with COUNT= random changes of the modules' lines; SEED= selects the sample.
COUNT ?= 120

mutants-mechanical:
	testing/fetch/setup.sh debug
	testing/mutants/mechanical.py --count $(COUNT) $(if $(SEED),--seed $(SEED))

# Test the Python package with the Python of Debian 12 and 13, in User-Mode Linux.
python:
	testing/fetch/setup.sh packages
	testing/python/unit_test.py
	testing/python/guest.py device_test.py gpio_test.py

# Compare its speed with python3-libgpiod and python3-evdev.
python-bench:
	testing/fetch/setup.sh packages
	testing/python/guest.py --suite trixie benchmark.py

# List the module lines that the suite does not run; fail if the core's coverage is too low.
coverage:
	testing/fetch/setup.sh coverage
	$(QEMU)/coverage.py

# Run all linters, fastest first; LINTERS="checkpatch sparse" selects some.
lint:
	testing/fetch/setup.sh lint
	testing/lint/lint.sh $(LINTERS)

# Check the ring with the kernel's memory model.
litmus:
	testing/fetch/setup.sh litmus
	testing/litmus/barriers.sh
	testing/litmus/check.sh

# Render the comments of the headers, README.md and Documentation/ as a site; fail on a broken link.
HTML := html

htmldocs:
	testing/fetch/setup.sh htmldocs
	Documentation/abi.py
	sphinx-build -q -n -W --keep-going -c Documentation/site . $(HTML)
	ln -sf README.html $(HTML)/index.html

# Run the commands in README.md and Documentation/.
docs-check: htmldocs
	testing/fetch/setup.sh docs
	testing/docs/docs.py --prove
	testing/docs/docs.py

# Test notify-mqtt with mosquitto and simulated devices, on the host.
mqtt-check:
	testing/fetch/setup.sh mqtt
	$(MAKE) -C tools notify-mqtt
	testing/mqtt/mqtt_test.py

# Test notify-mqtt with GPIO lines in User-Mode Linux, with Debian's mosquitto.
mqtt-gpio:
	testing/fetch/setup.sh mqtt
	testing/fetch/setup.sh packages
	$(MAKE) -C tools notify-mqtt
	testing/mqtt/gpio_guest.py

# Build, install and use the packages in fresh Debian 12 and 13; build inside a kernel tree. With
# DKMS=all, dkms builds for each amd64 kernel of the matrix, with DKMS="MACHINE..." for some.
DKMS ?=

packages:
	testing/fetch/setup.sh packages
	testing/debian/packages.py
	$(if $(DKMS),testing/debian/dkms.py $(filter-out all,$(DKMS)))
	testing/debian/kernel_tree.sh
	testing/debian/buildroot.sh

# Write the reference of the ABI and the in-kernel API from the comments of the headers.
abi:
	Documentation/abi.py --write

# Count instructions, and compare them with Documentation/performance.md.
bench:
	testing/fetch/setup.sh bench
	testing/bench/bench.py $(BENCH_ARGS)
	testing/bench/edge.py

# Measure cycles of the host's CPU in User-Mode Linux. BENCH_ARGS="--readers 16,256 --bytes 64"
# measures a part.
bench-native:
	testing/fetch/setup.sh bench-native
	testing/native/native.py $(BENCH_ARGS)
	testing/native/wakeup.py

# Stress on two real CPUs, in User-Mode Linux, for SECONDS=. Then the test must fail with each module
# from which a check or a barrier has been removed.
SECONDS ?= 120
CONTROLS := overwritten-unchecked mapped-overwritten-unchecked sleep-without-recheck \
	wake-without-barrier bit-cleared-without-recheck

stress-native:
	testing/fetch/setup.sh bench-native
	for what in stress races lockstep; do \
		$(QEMU)/torture.py $$what --seconds $$(($(SECONDS) / 3)) \
			$(if $(SEED),--seed $(SEED)) uml || exit 1; \
	done
	JOBS=1 testing/mutants/mutants.py $(CONTROLS)

# Install for the running kernel. With DESTDIR= or kbuild's MODLIB=, depmod is not run: run it on
# the target. O= is the output directory of a kernel source in KDIR.
install: modules_install tools_install udev_install headers_install

modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=$(MODULES_DIR) \
		modules_install
	$(if $(DESTDIR)$(MODLIB),,$(DEPMOD) $$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
		$(or $(O),$(KDIR))/include/generated/utsrelease.h))

# notify-mqtt is built only with libmosquitto.
MQTT = $(shell ls tools/notify-mqtt 2>/dev/null)

# The unit runs at boot if there are files in /etc/notify-multi.d.
tools_install: tools
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin tools/notifycat $(MQTT)
	install -d $(DESTDIR)/etc/notify-multi.d $(DESTDIR)$(UNITDIR)/multi-user.target.wants
	install -D -m 644 -t $(DESTDIR)$(DOCDIR)/examples packaging/systemd/buttons.conf
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) packaging/systemd/notify-multi.service
	ln -sf ../notify-multi.service $(DESTDIR)$(UNITDIR)/multi-user.target.wants
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 tools/notifycat.1 $(MQTT:=.1)
	$(if $(MQTT),install -D -m 644 -t $(DESTDIR)$(UNITDIR) packaging/systemd/notify-mqtt@.service)
	install -D -m 644 tools/notifycat.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/notifycat
	install -D -m 644 tools/notifycat.zsh $(DESTDIR)$(ZSHDIR)/_notifycat
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d \
		tools/notifycat.fish

# systemd-sysusers creates the groups to which the rules give read access.
udev_install:
	install -D -m 644 -t $(DESTDIR)$(UDEVDIR)/rules.d \
		packaging/udev/60-notify-multi.rules
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/sysusers.d packaging/udev/notify-multi.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/tmpfiles.d packaging/tmpfiles/notify-multi.conf

headers_install:
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux uapi/linux/*.h
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/notify_multi include/notify_multi/*.h
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' \
		packaging/pkgconfig/notify-multi.pc.in | \
		install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/pkgconfig/notify-multi.pc

# For images without pip. PYTHONDIR is a directory on Python's path.
python_install:
	install -D -m 644 -t $(DESTDIR)$(PYTHONDIR)/notify_multi \
		tools/python/notify_multi/*.py tools/python/notify_multi/py.typed

# kbuild's own target needs the headers of a kernel.
clean:
	$(MAKE) -C tools clean
	for dir in bench fuzz native stress; do $(MAKE) -C testing/$$dir clean; done
	$(RM) -r $(OVERLAYS) $(HTML)
	find . ! -path './.git/*' -type f \( -name '*.o' -o -name '*.a' -o -name '*.ko' -o \
		-name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' -o \
		-name modules.order -o -name Module.symvers \) -delete

.PHONY: all modules tools demo line waveform check check-all check-debug stress mutants \
	mutants-mechanical python python-bench coverage litmus htmldocs docs-check mqtt-check \
	mqtt-gpio packages abi bench bench-native stress-native lint install modules_install \
	tools_install udev_install headers_install python_install clean dtbo
