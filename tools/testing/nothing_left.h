/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last test of every program, which includes this file at its end: all descriptors of the
 * earlier tests are gone once their processes have ended.
 */
#include "iokmem_utils.h"

static int descriptors_at_start;

static void __attribute__((constructor)) count_at_start(void)
{
	descriptors_at_start = nr_descriptors();
}

FIXTURE(finally)
{
	int unused;
};

FIXTURE_SETUP(finally)
{
	if (descriptors_at_start < 0)
		SKIP(return, "no " LIST);
}

FIXTURE_TEARDOWN(finally)
{
}

TEST_F(finally, no_descriptor_is_left)
{
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == descriptors_at_start));
}
