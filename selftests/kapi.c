// SPDX-License-Identifier: GPL-2.0
/*
 * The in-kernel API. The tests are in test_modules/notify_multi_api.c: loading this module with
 * test=NAME runs one of them.
 */

#include "client.h"
#include "module.h"

#define MODULE	"notify_multi_api"

/*
 * Return 0 if the test passes, -ENOENT if there is no module, -EOPNOTSUPP if the kernel does
 * not allow the tested calls. The kernel log contains the failed check.
 */
static int run_in_kernel(const char *test)
{
	char parameters[128];
	int ret;

	snprintf(parameters, sizeof(parameters), "test=%s", test);
	ret = load_module(MODULE, parameters);
	return ret ? ret : unload_module(MODULE);
}

#define KERNEL_TEST(name)							\
TEST(name)									\
{										\
	int ret = run_in_kernel(#name);						\
										\
	if (ret == -ENOENT)							\
		SKIP(return, "no " MODULE ".ko in $NOTIFY_MULTI_MODULES");	\
	if (ret == -EOPNOTSUPP)							\
		SKIP(return, "not allowed on PREEMPT_RT");			\
	EXPECT_EQ(0, ret);							\
}

KERNEL_TEST(register_rejects_bad_names)
KERNEL_TEST(register_rejects_sizes_out_of_range)
KERNEL_TEST(register_taken_name_returns_eexist)
KERNEL_TEST(devm_unregisters_with_parent)
KERNEL_TEST(first_seq_0_means_1)
KERNEL_TEST(broadcast_wrong_size_returns_einval)
KERNEL_TEST(broadcast_bad_status_returns_einval)
KERNEL_TEST(broadcast_at_sets_timestamp)
KERNEL_TEST(broadcast_sets_current_timestamp)
KERNEL_TEST(broadcast_works_with_interrupts_off)
KERNEL_TEST(broadcast_after_unregister_returns_enodev)
KERNEL_TEST(callbacks_get_drvdata_and_private)
KERNEL_TEST(refused_open_calls_no_departure)
KERNEL_TEST(unregister_calls_departure_once)
KERNEL_TEST(packet_broadcast_in_arrival_is_received)
KERNEL_TEST(register_copies_ops)
KERNEL_TEST(complete_changes_copy_of_one_client)
KERNEL_TEST(complete_cannot_move_reader)
KERNEL_TEST(complete_error_fails_read_consumes_packet)
KERNEL_TEST(complete_runs_once_for_packet_after_batch)
KERNEL_TEST(unregister_discards_packets_with_complete)
KERNEL_TEST(read_during_unregister_returns_enodev)
KERNEL_TEST(killed_read_during_unregister_returns_eintr)

TEST(unknown_test_returns_einval)
{
	int ret = run_in_kernel("no_such_test");

	if (ret == -ENOENT)
		SKIP(return, "no " MODULE ".ko in $NOTIFY_MULTI_MODULES");
	EXPECT_EQ(-EINVAL, ret);
}

TEST_HARNESS_MAIN
