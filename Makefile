# SPDX-License-Identifier: GPL-2.0
#
# notify_multi: see README.md. Kbuild has the modules; what is built here otherwise are
# the user's commands.

KDIR ?= /lib/modules/$(shell uname -r)/build
MODULES_DIR ?= updates
DESTDIR ?=
PREFIX ?= /usr/local

DTC ?= dtc

VM := selftests/vm
OVERLAYS := $(patsubst %.dts,%.dtbo,$(wildcard Documentation/devicetree/overlays/*.dts))

all: modules tools $(if $(shell command -v $(DTC)),dtbo)

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C tools

# Overlays for boards, where the device tree compiler is installed.
dtbo: $(OVERLAYS)

%.dtbo: %.dts
	$(DTC) -q -@ -I dts -O dtb -o $@ $<

# From a bare Debian machine: both install what they need.
demo:
	$(VM)/setup.sh
	$(VM)/demo.py $(if $(filter 1 y yes,$(INTERACTIVE)),--interactive)

# Moves a line of the board of "make demo INTERACTIVE=1".
line:
	@$(VM)/line $(LINE) $(LEVEL)

# Lines of the board, and what sigrok shows of the waveform that notifycat writes there.
waveform:
	$(VM)/setup.sh waveform
	$(VM)/waveform.py

check:
	$(VM)/setup.sh
	Documentation/litmus/barriers.sh
	$(VM)/races_test.py
	$(VM)/console_test.py
	$(VM)/check.py

# The whole matrix. CHECK_ARGS goes to check.py.
CHECK_MACHINES ?= check all

check-all:
	$(VM)/setup.sh all
	$(VM)/check.py $(CHECK_MACHINES) $(CHECK_ARGS)

# Kernels that watch themselves: the suite with its faults, then what has a seed. Of Debian's
# fuzzers a kernel without KASAN makes many more calls.
check-debug:
	$(VM)/setup.sh debug
	$(VM)/check.py debug
	$(VM)/torture.py stress --seconds $(STRESS_SECONDS) $(if $(SEED),--seed $(SEED)) debug
	$(VM)/torture.py fuzz --seconds 60 $(if $(SEED),--seed $(SEED)) amd64-6.12-debug
	$(VM)/torture.py dev --seconds 20 $(if $(SEED),--seed $(SEED)) amd64-6.12
	$(VM)/torture.py trinity --seconds 20 $(if $(SEED),--seed $(SEED)) amd64-6.12

# Everything at once, and then the accounts: STRESS_SECONDS=, SEED=, MACHINE=.
STRESS_SECONDS ?= 120
SEED ?=
MACHINE ?= amd64-6.12-debug

stress:
	$(VM)/setup.sh
	$(VM)/torture.py stress --seconds $(STRESS_SECONDS) $(if $(SEED),--seed $(SEED)) $(MACHINE)

# Breaks the module in ways that matter: each has to be caught. MUTANTS= names some.
mutants:
	$(VM)/setup.sh debug
	$(VM)/mutants.py $(MUTANTS)

# Which lines of the modules the suite runs: fails if they are too few of the core's.
coverage:
	$(VM)/setup.sh debug
	$(VM)/coverage.py

# What reads code finds, the quickest first; LINTERS="checkpatch sparse" are these only.
lint:
	$(VM)/setup.sh lint
	selftests/lint.sh $(LINTERS)

# The memory model's word on the ring.
litmus:
	Documentation/litmus/barriers.sh
	Documentation/litmus/check.sh

# What README and Documentation/ tell to type does what they say.
docs-check:
	$(VM)/setup.sh docs
	selftests/docs.py --prove
	selftests/docs.py

# Packages are built, installed and used in a fresh Debian 12 and 13; the tree in a kernel's.
packages:
	$(VM)/setup.sh packages
	$(VM)/packages.py
	$(VM)/kernel_tree.sh
	$(VM)/buildroot.sh

# The reference of the ABI and the in-kernel API, from the comments of the headers.
abi:
	Documentation/abi.py --write

# Instructions, or with BENCH=time nanoseconds; BENCH_ARGS goes to notify_bench.
bench:
	$(VM)/setup.sh bench
	$(VM)/bench.py

# Into a kernel that runs here; with DESTDIR= it is for one elsewhere, whose depmod is yours to run.
install: modules_install tools_install udev_install headers_install

modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=$(MODULES_DIR) \
		modules_install
	$(if $(DESTDIR),,depmod $$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
		$(KDIR)/include/generated/utsrelease.h))

tools_install: tools
	install -D -m 755 tools/notifycat $(DESTDIR)$(PREFIX)/bin/notifycat
	install -D -m 644 tools/notifycat.1 $(DESTDIR)$(PREFIX)/share/man/man1/notifycat.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system \
		packaging/systemd/notify-mqtt@.service
	install -D -m 644 tools/notifycat.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/notifycat

# The group "notify", which the rule lets read, is made by systemd-sysusers.
udev_install:
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/udev/rules.d \
		packaging/udev/60-notify-multi.rules
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/sysusers.d packaging/udev/notify-multi.conf

headers_install:
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/linux uapi/linux/*.h

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	$(MAKE) -C tools clean
	$(MAKE) -C selftests/bench clean
	$(RM) $(OVERLAYS)

.PHONY: all modules tools demo line waveform check check-all check-debug stress mutants \
	coverage litmus docs-check packages abi bench lint install modules_install tools_install udev_install \
	headers_install clean dtbo
