// SPDX-License-Identifier: GPL-2.0
/*
 * Both sources in ACPI: lines 0 and 1 of the controller GPO0, and a clock (PL031) with its
 * registers and interrupt. With PRP0001 the kernel matches "compatible"; the properties are those
 * of the device tree bindings.
 */
DefinitionBlock ("", "SSDT", 2, "NOTIFY", "SOURCES", 1)
{
	External (\_SB.GPO0, DeviceObj)

	Scope (\_SB)
	{
		Device (BTNS)
		{
			Name (_HID, "PRP0001")
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				GpioIo (Exclusive, PullNone, 0, 0, IoRestrictionInputOnly,
					"\\_SB.GPO0", 0, ResourceConsumer) { 0, 1 }
			})
			Name (_DSD, Package ()
			{
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package ()
				{
					Package () { "compatible", "notify-multi,gpio" },
					Package () { "label", "buttons" },
					// Per line: device, resource, pin, active low.
					Package () { "gpios", Package () { ^BTNS, 0, 0, 0,
									   ^BTNS, 0, 1, 0 } },
					Package () { "wakeup-source", 1 }
				}
			})
		}

		Device (CLCK)
		{
			Name (_HID, "PRP0001")
			Name (_UID, 2)
			Name (_CRS, ResourceTemplate ()
			{
				Memory32Fixed (ReadWrite, 0x09010000, 0x1000)
				Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 34 }
			})
			Name (_DSD, Package ()
			{
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package ()
				{
					Package () { "compatible", "notify-multi,irq" },
					Package () { "label", "clock" },
					Package () { "notify-multi,snapshot", Package () { 0x00, 7 } },
					Package () { "notify-multi,status", Package () { 0x18, 1 } },
					Package () { "notify-multi,ack", Package () { 0x1c, 1 } },
					Package () { "notify-multi,init", Package () { 0x10, 1 } },
					Package () { "notify-multi,exit", Package () { 0x10, 0 } }
				}
			})
		}
	}
}
