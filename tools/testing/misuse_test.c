// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver must not do, and that the module refuses it, with a warning. So this
 * program has a guest of its own, which demands that warning in the kernel's log, once,
 * and no other: see scripts/guest/init.
 */
#include "bounded.h"
#include "driver_utils.h"

#define SIZE	(4 * PAGE)

/* The driver holds the mmap lock, which its request for a map would wait for. */
static int map_in_mmap(void *arg)
{
	int driver = *(int *)arg, fd = new_buffer(SIZE), i;
	char *mapped;

	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(!driver_show(driver, fd, IOKMEM_PROBE_MAP_IN_MMAP));
	for (i = 0; i < 3; i++) {
		errno = 0;
		mapped = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, driver, 0);
		CHILD_EXPECT(mapped == MAP_FAILED);
		CHILD_EXPECT(errno == EDEADLK);
		CHILD_EXPECT(nr_maps(fd) == 0);
	}
	/* Without the lock it is as ever. */
	CHILD_EXPECT(!driver_keep_task(driver));
	CHILD_EXPECT(!driver_map(driver, fd, 0, 0, 0, 0, &mapped));
	CHILD_EXPECT(can_write(mapped));
	CHILD_EXPECT(!driver_put(driver, 0));
	return 0;
}

TEST(making_a_map_with_the_mmap_lock_held_is_a_deadlock_that_is_refused)
{
	int driver = open_driver();

	if (driver < 0)
		SKIP(return, "no probe module");
	EXPECT_EQ(0, run_bounded(map_in_mmap, &driver));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
