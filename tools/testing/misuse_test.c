// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that a driver must not make, and that the module refuses with a warning. This
 * program runs in a guest of its own, which checks that the kernel's log has that warning
 * exactly once, and no other warning: see scripts/guest/init.
 */
#include "bounded.h"
#include "driver_utils.h"

#define SIZE	(4 * PAGE)

/* In mmap() the driver holds the mmap lock, which its request for a map has to take. */
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
	/* Without the lock the driver can make a map. */
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
