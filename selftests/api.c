// SPDX-License-Identifier: GPL-2.0
/*
 * The in-kernel API. The tests are in modules/notify_multi_api.c: loading this module with
 * test=NAME runs one of them.
 */

#include "sim.h"

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
KERNEL_TEST(register_of_a_taken_name_is_EEXIST)
KERNEL_TEST(devm_unregisters_with_the_parent)
KERNEL_TEST(first_seq_0_means_1)
KERNEL_TEST(broadcast_of_another_size_is_EINVAL)
KERNEL_TEST(broadcast_status_is_0_or_an_errno)
KERNEL_TEST(broadcast_at_says_when)
KERNEL_TEST(broadcast_says_that_it_is_now)
KERNEL_TEST(broadcast_with_interrupts_off)
KERNEL_TEST(broadcast_after_unregister_is_ENODEV)
KERNEL_TEST(callbacks_know_the_source_and_its_private_pointer)
KERNEL_TEST(refused_open_does_not_depart)
KERNEL_TEST(unregister_departs_opens_once)
KERNEL_TEST(packet_broadcast_on_arrival_reaches_the_open)
KERNEL_TEST(ops_are_copied_at_registration)
KERNEL_TEST(complete_changes_this_opens_copy_only)
KERNEL_TEST(complete_error_fails_the_read_and_consumes_the_packet)
KERNEL_TEST(complete_runs_once_for_a_packet_that_ends_a_batch)
KERNEL_TEST(what_cannot_be_completed_any_more_is_not_delivered)
KERNEL_TEST(read_during_unregister_returns_enodev)
KERNEL_TEST(killed_read_during_unregister_returns_eintr)

TEST(unknown_test_is_refused)
{
	int ret = run_in_kernel("no_such_test");

	if (ret == -ENOENT)
		SKIP(return, "no " MODULE ".ko in $NOTIFY_MULTI_MODULES");
	EXPECT_EQ(-EINVAL, ret);
}

TEST_HARNESS_MAIN
