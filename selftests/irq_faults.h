/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes with one fault each, for the board (testing/qemu/irq_faults.dts.in), the test of their
 * errors (notify_irq_board.c) and the linter of the bindings:
 *
 *     FAULT(name, error, message, properties)
 *
 * adds these properties to a valid node. The probe must fail with the error, the kernel log must
 * contain the message, and the binding must reject the node. The binding accepts a DRIVER_FAULT(),
 * the driver a BINDING_FAULT().
 */

#define FAULT(name, error, message, ...) \
	FAULT_AT("a003e00." #name, error, message, name@a003e00, __VA_ARGS__)
#define DRIVER_FAULT(name, error, message, ...) \
	DRIVER_FAULT_AT("a003e00." #name, error, message, name@a003e00, __VA_ARGS__)
#define TEN_ZEROS 0 0 0 0 0 0 0 0 0 0

#define BYTES(bytes) reg-io-width = <bytes>;

FAULT(label-slash, EINVAL, "label: invalid: \"a/b\"", label = "a/b";)
FAULT(label-empty, EINVAL, "label: invalid: \"\"", label = "";)
DRIVER_FAULT(label-number, EINVAL, "label: not a string", label = <0x61626364>;)
DRIVER_FAULT(label-taken, EEXIST, "cannot register", label = "pl061";)
FAULT_AT("no-reg", EINVAL, "reg", no-reg, /delete-property/ reg;)
DRIVER_FAULT_AT("9030400.reg-taken", EBUSY, "reg", reg-taken@9030400,
	reg = <0 0x9030400 0 0x100>;)
FAULT(no-interrupt, ENXIO, "interrupts: none", /delete-property/ interrupts;)
DRIVER_FAULT(line-not-shared, EBUSY, "interrupts: cannot request 0",
	interrupts = <0 7 4>; notify-multi,ack = <0 0>;)
/* Needs IRQF_ONESHOT, which the other handlers of the line do not use. */
DRIVER_FAULT(line-not-masked, EBUSY, "interrupts: cannot request 0",
	label = "masked"; interrupts = <0 7 4>; notify-multi,status = <0x60 0xff>;)
DRIVER_FAULT(level-triggered, EINVAL, "interrupts: 0 is level-triggered", interrupts = <0 46 4>;)
DRIVER_FAULT(second-level, EINVAL, "interrupts: 1 is level-triggered",
	interrupts = <0 47 1>, <0 46 4>;)
/* The interrupt controller has no type 5. */
DRIVER_FAULT(interrupt-unmapped, EINVAL, "interrupts: cannot map 1",
	interrupts = <0 47 1>, <5 1 1>, <0 48 1>;)
DRIVER_FAULT(interrupt-first-unmapped, EINVAL, "interrupts: cannot map 0", interrupts = <5 1 1>;)
DRIVER_FAULT(interrupt-twice, EINVAL, "interrupts: 2 is listed twice",
	interrupts = <0 47 1>, <0 48 1>, <0 47 1>;)

DRIVER_FAULT_AT("a003e02.reg-odd", EINVAL, "reg: not a multiple of 4", reg-odd@a003e02,
	reg = <0 0xa003e02 0 0x100>;)
FAULT(width-none, EINVAL, "reg-io-width: not 1, 2 or 4: 0", reg-io-width = <0>;)
FAULT(width-three, EINVAL, "reg-io-width: not 1, 2 or 4: 3", reg-io-width = <3>;)
FAULT(width-eight, EINVAL, "reg-io-width: not 1, 2 or 4: 8", reg-io-width = <8>;)
FAULT(width-two, EINVAL, "reg-io-width: not one cell", reg-io-width = <1 2>;)
FAULT(width-text, EINVAL, "reg-io-width: not one cell", reg-io-width = "wide";)
FAULT(endian-both, EINVAL, "little-endian: conflicts with big-endian", big-endian; little-endian;)
FAULT(endian-native, EINVAL, "native-endian: conflicts with little-endian",
	native-endian; little-endian;)
FAULT(endian-big-native, EINVAL, "native-endian: conflicts with big-endian",
	native-endian; big-endian;)

FAULT(syscon-and-reg, EINVAL, "syscon: conflicts with reg", syscon = <&empty_syscon>;)
DRIVER_FAULT_AT("syscon-none", EINVAL, "syscon: not a phandle", syscon-none,
	/delete-property/ reg; syscon = <0xdead>;)
DRIVER_FAULT_AT("syscon-other", EINVAL, "syscon: not a syscon: /no-syscon", syscon-other,
	/delete-property/ reg; syscon = <&no_syscon>;)
DRIVER_FAULT_AT("syscon-empty", EINVAL, "syscon: no registers: /empty-syscon", syscon-empty,
	/delete-property/ reg; syscon = <&empty_syscon>;)

FAULT(domains-two, EINVAL, "power-domains: more than one",
	power-domains = <&no_syscon>, <&no_syscon>;)
DRIVER_FAULT(clock-unknown, EINVAL, "clocks", clocks = <0xdead>;)

FAULT(snapshot-number, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <0>;)
FAULT(snapshot-three, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <0 1 2>;)
FAULT(snapshot-empty, EINVAL, "notify-multi,snapshot", notify-multi,snapshot;)
FAULT(snapshot-none, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <0 0>;)
FAULT(snapshot-many, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <0 65>;)
DRIVER_FAULT(snapshot-odd, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <2 1>;)
DRIVER_FAULT(snapshot-odd-of-two, EINVAL, "not a multiple of 2: 0x1",
	BYTES(2) notify-multi,snapshot = <1 1>;)
DRIVER_FAULT(snapshot-beyond-two, EINVAL, "outside reg: 2 registers at 0x1fe",
	BYTES(2) notify-multi,snapshot = <0x1fe 2>;)
DRIVER_FAULT(snapshot-beyond, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <0x1fc 2>;)
DRIVER_FAULT(snapshot-far, EINVAL, "notify-multi,snapshot", notify-multi,snapshot = <0xfffffffc 2>;)

FAULT(status-number, EINVAL, "notify-multi,status", notify-multi,status = <0>;)
FAULT(status-mask, EINVAL, "notify-multi,status", notify-multi,status = <0 0>;)
DRIVER_FAULT(status-odd, EINVAL, "notify-multi,status", notify-multi,status = <1 1>;)
DRIVER_FAULT(status-beyond, EINVAL, "notify-multi,status", notify-multi,status = <0x200 1>;)

DRIVER_FAULT(status-wide, EINVAL, "notify-multi,status: more than 1 bytes: 0x100",
	BYTES(1) notify-multi,status = <0 0x100>;)

FAULT(ack-number, EINVAL, "notify-multi,ack", notify-multi,ack = <0>;)
DRIVER_FAULT(ack-odd, EINVAL, "notify-multi,ack", notify-multi,ack = <3 1>;)
DRIVER_FAULT(ack-beyond, EINVAL, "notify-multi,ack", notify-multi,ack = <0x200 1>;)
DRIVER_FAULT(ack-wide, EINVAL, "notify-multi,ack: more than 2 bytes: 0x10000",
	BYTES(2) notify-multi,ack = <0 0x10000>;)
FAULT(ack-twice, EINVAL, "notify-multi,ack-copy",
	notify-multi,ack = <0 1>; notify-multi,ack-copy = <0 4>;)
FAULT(copy-number, EINVAL, "notify-multi,ack-copy", notify-multi,ack-copy = <0>;)
DRIVER_FAULT(copy-from-odd, EINVAL, "notify-multi,ack-copy", notify-multi,ack-copy = <2 4>;)
DRIVER_FAULT(copy-to-odd, EINVAL, "notify-multi,ack-copy", notify-multi,ack-copy = <4 2>;)
DRIVER_FAULT(copy-from-beyond, EINVAL, "notify-multi,ack-copy", notify-multi,ack-copy = <0x200 4>;)
DRIVER_FAULT(copy-to-beyond, EINVAL, "notify-multi,ack-copy", notify-multi,ack-copy = <4 0x200>;)

FAULT(init-half, EINVAL, "notify-multi,init", notify-multi,init = <0 1 2>;)
FAULT(init-empty, EINVAL, "notify-multi,init", notify-multi,init;)
FAULT(init-many, EINVAL, "notify-multi,init", notify-multi,init = <TEN_ZEROS TEN_ZEROS TEN_ZEROS
	TEN_ZEROS TEN_ZEROS TEN_ZEROS TEN_ZEROS TEN_ZEROS TEN_ZEROS TEN_ZEROS TEN_ZEROS TEN_ZEROS
	TEN_ZEROS>;)
DRIVER_FAULT(init-odd, EINVAL, "notify-multi,init", notify-multi,init = <0 0>, <2 0>;)
DRIVER_FAULT(init-beyond, EINVAL, "notify-multi,init", notify-multi,init = <0 0>, <0x200 0>;)
DRIVER_FAULT(init-wide, EINVAL, "notify-multi,init: more than 1 bytes: 0x100",
	BYTES(1) notify-multi,init = <0 0xff>, <1 0x100>;)
FAULT(exit-half, EINVAL, "notify-multi,exit", notify-multi,exit = <0>;)
DRIVER_FAULT(exit-odd, EINVAL, "notify-multi,exit", notify-multi,exit = <2 1>;)
DRIVER_FAULT(exit-wide, EINVAL, "notify-multi,exit: more than 2 bytes: 0x10000",
	BYTES(2) notify-multi,exit = <2 0xffff>, <0 0x10000>;)
DRIVER_FAULT(exit-beyond, EINVAL, "notify-multi,exit", notify-multi,exit = <0x200 0>;)

FAULT(packets-none, EINVAL, "max-packets 0", notify-multi,max-packets = <0>;)
DRIVER_FAULT(packets-many, EINVAL, "max-packets 4294967295",
	notify-multi,max-packets = <0xffffffff>;)
FAULT(packets-two, EINVAL, "notify-multi,max-packets: not one cell", notify-multi,max-packets = <1 2>;)
FAULT(requests-none, EINVAL, "max-requests 0", notify-multi,max-requests = <0>;)
FAULT(requests-text, EINVAL, "notify-multi,max-requests: not one cell",
	notify-multi,max-requests = "many";)
DRIVER_FAULT(replay-many, EINVAL, "replay 5",
	notify-multi,max-packets = <4>; notify-multi,replay = <5>;)
FAULT(replay-text, EINVAL, "notify-multi,replay: not one cell", notify-multi,replay = "every";)
FAULT(mode-large, EINVAL, "notify-multi,mode: exceeds 0777: 01000", notify-multi,mode = <0x200>;)
FAULT(clock-other, EINVAL, "notify-multi,clock: invalid: \"utc\"", notify-multi,clock = "utc";)
FAULT(clock-number, EINVAL, "notify-multi,clock: invalid", notify-multi,clock = <0x61626364>;)

BINDING_FAULT(compatible-unknown, compatible = "notify-multi,interrupt";)
BINDING_FAULT(wakeup-number, wakeup-source = <1>;)
BINDING_FAULT(property-unknown, notify-multi,acks = <0 1>;)
