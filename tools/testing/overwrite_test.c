// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that replace other mappings: by mmap() with MAP_FIXED, and by IOKMEM_MAP_OVERWRITE
 * over memory that a program has sealed.
 */
#include "iokmem_utils.h"

#ifndef SYS_mseal
#define SYS_mseal	462
#endif

#define SIZE	(16 * PAGE)

FIXTURE(over)
{
	int fd;
	char *address;
};

FIXTURE_VARIANT(over)
{
	__u32 options;
	int flags;
};

#define OVER(_name, _options, _flags)					\
	FIXTURE_VARIANT_ADD(over, _name)				\
	{								\
		.options = _options, .flags = _flags,			\
	}

OVER(shared, 0, 0);
OVER(shared_populated, 0, MAP_POPULATE);
OVER(shared_prefilled, IOKMEM_MAP_PREFAULT, MAP_POPULATE);
OVER(unique_populated, IOKMEM_MAP_UNIQUE, MAP_POPULATE);
OVER(pinnable_populated, IOKMEM_MAP_PINNABLE, MAP_POPULATE);
OVER(read_only_populated, IOKMEM_MAP_READ_ONLY, MAP_POPULATE);

FIXTURE_SETUP(over)
{
	self->fd = new_buffer(SIZE);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, variant->options, 0, 0, &self->address));
}

FIXTURE_TEARDOWN(over)
{
}

TEST_F(over, mmap_of_the_same_file_replaces_a_map)
{
	struct iokmem_query_mapping info;
	char *mapped, *other;

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &other));
	number_pages(other, SIZE);
	mapped = mmap(self->address, SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED | variant->flags, self->fd, 0);
	ASSERT_EQ(self->address, mapped);
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	EXPECT_TRUE(can_write(mapped));
	/* The map that was there has been killed. mmap() has made a Unique map in its place. */
	EXPECT_EQ(2, nr_maps(self->fd));
	ASSERT_EQ(0, query_map(self->fd, mapped, SIZE, &info));
	EXPECT_EQ(1, info.references);
	EXPECT_TRUE(info.options & IOKMEM_MAP_UNIQUE);
	ASSERT_EQ(0, release(self->fd, mapped, SIZE));
	EXPECT_EQ(SIGSEGV, probe(mapped, false));
	EXPECT_EQ(1, nr_maps(self->fd));
}

TEST_F(over, mmap_of_part_of_the_same_file_replaces_no_part_of_a_map)
{
	/* The error is EINVAL, but kernels before 6.12 turn it into ENOMEM. */
	EXPECT_EQ(MAP_FAILED, mmap(self->address, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED | variant->flags, self->fd, 0));
	EXPECT_TRUE(can_read(self->address));
	EXPECT_EQ(1, references(self->fd, self->address, SIZE));
}

/*
 * Sealed memory can be neither unmapped nor replaced, so children use it.
 */
static int map_over_sealed(void *arg)
{
	char *there = mmap(NULL, 3 * SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = *(int *)arg;

	CHILD_EXPECT(there != MAP_FAILED);
	memset(there, 'a', 3 * SIZE);
	CHILD_EXPECT(!syscall(SYS_mseal, there + SIZE, SIZE, 0));
	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_OVERWRITE, (uintptr_t)there + SIZE, 0, 0) ==
		     -EPERM);
	/* The map would overwrite part of the sealed memory. */
	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_OVERWRITE, (uintptr_t)there + PAGE, 0, 0) ==
		     -EPERM);
	CHILD_EXPECT(is_filled(there + SIZE, SIZE, 'a'));
	CHILD_EXPECT(nr_maps(fd) == 0);
	/* Memory just beside the sealed memory can be overwritten. */
	CHILD_EXPECT(!try_map(fd, IOKMEM_MAP_OVERWRITE, (uintptr_t)there + 2 * SIZE, 0, 0));
	return 0;
}

TEST(overwrite_of_sealed_memory_is_not_permitted)
{
	int fd = new_buffer(SIZE);

	ASSERT_LE(0, fd);
	/* Sealing an empty range succeeds if the system call exists. */
	if (syscall(SYS_mseal, 0, 0, 0))
		SKIP(return, "this kernel has no mseal()");
	EXPECT_EQ(0, run_child(map_over_sealed, &fd));
}

static int overwrite_low_unprivileged(void *arg)
{
	CHILD_EXPECT(!setresuid(65534, 65534, 65534));
	CHILD_EXPECT(try_map(*(int *)arg, IOKMEM_MAP_OVERWRITE, PAGE, 0, 0) ==
		     -EADDRNOTAVAIL);
	return 0;
}

TEST(overwrite_below_the_lowest_address_is_not_available)
{
	int fd = new_buffer(SIZE);

	ASSERT_LE(0, fd);
	if (read_number("/proc/sys/vm/mmap_min_addr") <= (long)PAGE)
		SKIP(return, "vm.mmap_min_addr allows everything");
	EXPECT_EQ(0, run_child(overwrite_low_unprivileged, &fd));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
