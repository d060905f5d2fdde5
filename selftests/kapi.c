// SPDX-License-Identifier: GPL-2.0
/*
 * The in-kernel API. The tests are in test_modules/notify_multi_api.c: loading this module with
 * test=NAME runs one of them.
 */

#include "client.h"
#include "kapi.h"
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

#define KERNEL_TEST(name, ...)							\
TEST(name)									\
{										\
	int ret = run_in_kernel(#name);						\
										\
	if (ret == -ENOENT)							\
		SKIP(return, "no module " MODULE);				\
	if (ret == -EOPNOTSUPP)							\
		SKIP(return, "not allowed on PREEMPT_RT");			\
	EXPECT_EQ(0, ret);							\
}

API_TESTS(KERNEL_TEST)

TEST(unknown_test_returns_einval)
{
	int ret = run_in_kernel("no_such_test");

	if (ret == -ENOENT)
		SKIP(return, "no module " MODULE);
	EXPECT_EQ(-EINVAL, ret);
}

TEST_HARNESS_MAIN
