// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary user can cost others: memory that is taken out although little is charged.
 */
#include "limits_utils.h"

#define UNCACHED	IOKMEM_MAP_INHIBIT_CACHE

/* Each test has its own users, because the kernel counts the locked memory of a user everywhere. */
FIXTURE(harm)
{
	int dev;	/* opened by root */
};

FIXTURE_SETUP(harm)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(harm)
{
	if (!access(TEST_CGROUP, F_OK))
		EXPECT_TRUE(EVENTUALLY(!rmdir(TEST_CGROUP)));
}

/* Returns the buffer's fd, or -errno. */
static int create_below(int dev, __u64 capacity, __u64 mask)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.capacity = capacity,
		.physical_mask = mask,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* A block that has a buffer in it is of no use to others, so the user pays for the block. */
static int have_small_buffers_of_large_alignment(void *arg)
{
	int dev = *(int *)arg, fd, same;

	CHILD_EXPECT(!become(60300, 16 * PAGE));
	fd = create(dev, 0, 1, 8 * PAGE);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 8);
	same = create_below(dev, PAGE, ~(8 * PAGE - 1ull));
	CHILD_EXPECT(same >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 0);
	close(same);
	CHILD_EXPECT(count_available(dev, 20) == 8);
	CHILD_EXPECT(create(dev, 0, PAGE, 16 * PAGE) == -EPERM);
	close(fd);
	CHILD_EXPECT(count_available(dev, 20) == 16);
	/* A buffer that fills its block costs no more than itself. */
	fd = create(dev, 0, 9 * PAGE, 8 * PAGE);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 7);
	close(fd);
	return 0;
}

TEST_F(harm, of_an_alignment_is_charged)
{
	EXPECT_EQ(0, run_child(have_small_buffers_of_large_alignment, &self->dev));
}

static int try_to_break_up_huge_blocks(void *arg)
{
	int dev = *(int *)arg, i;

	CHILD_EXPECT(!become(60301, 8 * MIB));
	for (i = 0; create(dev, 0, PAGE, PMD) >= 0; i++)
		;
	CHILD_EXPECT(errno == EPERM || errno == ENOMEM);
	CHILD_EXPECT(i <= (int)(8 * MIB / PMD));
	return 0;
}

TEST_F(harm, to_huge_blocks_is_limited_by_what_a_user_may_have)
{
	EXPECT_EQ(0, run_child(try_to_break_up_huge_blocks, &self->dev));
}

static int ask_for_places(void *arg)
{
	static const __u64 masks[] = { 0xffffff, 0xfff000, 0x7fffffff, 0xffffffff, 0xfffff000 };
	int dev = *(int *)arg, fd;
	unsigned int i;

	CHILD_EXPECT(!become(60302, RLIM_INFINITY));
	CHILD_EXPECT(create(dev, 0, PAGE, 2 * PMD) == -EPERM);
	CHILD_EXPECT(create(dev, 0, 4 * PMD, 2 * PMD) == -EPERM);
	CHILD_EXPECT(create_below(dev, PAGE, ~(2 * PMD - 1ull)) == -EPERM);
	for (i = 0; i < ARRAY_SIZE(masks); i++)
		CHILD_EXPECT(create_below(dev, PAGE, masks[i]) == -EPERM);
	/* Values that make no sense have their own errors. */
	CHILD_EXPECT(create_below(dev, PAGE, 0x5000) == -EINVAL);
	CHILD_EXPECT(create_below(dev, 2 * PAGE, PAGE - 1) == -ERANGE);
	CHILD_EXPECT(create(dev, 0, PAGE, 1ull << 62) == -ERANGE);
	/* All of the machine's memory will do. */
	fd = create_below(dev, PAGE, ~0ull);
	CHILD_EXPECT(fd >= 0);
	close(fd);
	fd = create_below(dev, PAGE, ~(PAGE - 1ull));
	CHILD_EXPECT(fd >= 0);
	return 0;
}

TEST_F(harm, to_scarce_places_needs_a_capability)
{
	EXPECT_EQ(0, run_child(ask_for_places, &self->dev));
}

/* The kernel splits large entries of its map of all memory for good. */
TEST_F(harm, of_aligned_uncached_buffers_to_the_kernels_own_map_is_none)
{
	long before = memory("DirectMap4k:"), grown;
	int fds[16], i;

	if (before < 0)
		SKIP(return, "the kernel does not tell how it maps memory");
	NEED_CACHE_MODE(UNCACHED);
	for (i = 0; i < (int)ARRAY_SIZE(fds); i++) {
		fds[i] = create(self->dev, UNCACHED, PAGE, PMD);
		ASSERT_LE(0, fds[i]);
	}
	grown = memory("DirectMap4k:") - before;
	EXPECT_GE(2 * (long)PMD, grown);
	for (i = 0; i < (int)ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
