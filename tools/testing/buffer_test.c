// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: the arguments that IOKMEM_CREATE_BUFFER takes and refuses, the length that can
 * change, and further file descriptors of a buffer. A call that fails changes nothing.
 */
#include "iokmem_utils.h"

#define BUFFER_SIZE	(3 * PAGE + 100)

/* Creating buffers. */
FIXTURE(create_buffer)
{
	int dev;
	struct state before;
};

FIXTURE_SETUP(create_buffer)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->before = look(-1);
}

FIXTURE_TEARDOWN(create_buffer)
{
}

TEST_F(create_buffer, query_tells_what_was_asked_for)
{
	static const __u32 options[] = {
		IOKMEM_DIRECTION_NONE, IOKMEM_DIRECTION_IN, IOKMEM_DIRECTION_OUT,
		IOKMEM_DIRECTION_INOUT,
		IOKMEM_DIRECTION_OUT | IOKMEM_MAP_COPYBACK_CACHE,
	};
	struct iokmem_query_buffer buffer;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		int fd = create(self->dev, options[i], 5 * PAGE + 1, 2);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, query(fd, &buffer));
		EXPECT_EQ(options[i], buffer.options);
		EXPECT_EQ(5 * PAGE + 1, buffer.capacity);
		EXPECT_EQ(5 * PAGE + 1, buffer.length);
		EXPECT_EQ(2, buffer.alignment);
		EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, buffer.cache_mode);
		EXPECT_LE(1, buffer.extents);
		EXPECT_GE(6, buffer.extents);
		EXPECT_EQ(0, buffer.maps);
		EXPECT_EQ(0, buffer.access);
		ASSERT_EQ(0, close(fd));
	}
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, memory_comes_in_few_extents)
{
	struct iokmem_query_buffer buffer;
	int fd = create(self->dev, 0, 8 * MIB, 0);

	/* 2048 extents if each page were on its own. Fragmentation makes some more than 2. */
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_LE(1, buffer.extents);
	EXPECT_GE(64, buffer.extents);
}

TEST_F(create_buffer, unknown_options_are_refused)
{
	static const __u32 provided = IOKMEM_DIRECTION_MASK |
		IOKMEM_MAP_CACHE_MASK | IOKMEM_PHYSICALLY_CONTIGUOUS |
		IOKMEM_PAGEABLE | IOKMEM_PURGEABLE | IOKMEM_KERNEL_USER_SHARED;
	unsigned int i;
	__u32 mode;

	for (i = 0; i < BITS; i++) {
		if (1u << i & provided)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, create(self->dev, 1u << i, PAGE, 0));
		/* Known options in addition do not help. */
		EXPECT_EQ(-EOPNOTSUPP,
			  create(self->dev, 1u << i | IOKMEM_DIRECTION_INOUT |
				 IOKMEM_MAP_COPYBACK_CACHE, PAGE, 0));
	}
	for (mode = 10; mode < 16; mode++)
		EXPECT_EQ(-EOPNOTSUPP, create(self->dev, mode << IOKMEM_MAP_CACHE_SHIFT,
					      PAGE, 0));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_of_zero_is_refused)
{
	EXPECT_EQ(-EINVAL, create(self->dev, 0, 0, 0));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_that_wraps_is_refused)
{
	EXPECT_EQ(-EOVERFLOW, create(self->dev, 0, UINT64_MAX, 0));
	EXPECT_EQ(-EOVERFLOW, create(self->dev, 0, UINT64_MAX - PAGE + 2, 0));
	/* The largest capacity that does not wrap is more than there is. */
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, UINT64_MAX - PAGE + 1, 0));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_beyond_all_memory_is_refused_at_once)
{
	double start = now();
	long total = memory("MemTotal:");

	ASSERT_LT(0, total);
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, total + PAGE, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, 1ull << 40, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, 1ull << 62, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, 0, 1ull << 63, 4 * MIB));
	/* Trying to reclaim memory first would take longer. */
	EXPECT_GT(1.0, now() - start);
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, capacity_is_exact_and_at_least_one_byte)
{
	const __u64 capacities[] = { 1, PAGE - 1, PAGE, PAGE + 1 };
	struct iokmem_query_buffer buffer;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(capacities); i++) {
		int fd = create(self->dev, 0, capacities[i], 0);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, query(fd, &buffer));
		EXPECT_EQ(capacities[i], buffer.capacity);
		EXPECT_EQ(capacities[i], buffer.length);
		EXPECT_EQ(-ERANGE, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0,
					   capacities[i] + 1));
		close(fd);
	}
}

TEST_F(create_buffer, alignment_that_is_no_power_of_two_is_refused)
{
	const __u64 alignments[] = {
		3, 5, 6, 7, 12, PAGE - 1, PAGE + 1, 3 * PAGE, 3 * MIB,
		4 * MIB - 1, UINT64_MAX, UINT64_MAX - 1, 3ull << 62,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(alignments); i++)
		EXPECT_EQ(-EINVAL, create(self->dev, 0, PAGE, alignments[i]));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, alignment_larger_than_all_memory_is_refused)
{
	__u64 alignment;

	for (alignment = 1ull << 40; alignment; alignment <<= 1)
		EXPECT_EQ(-ERANGE, create(self->dev, 0, PAGE, alignment));
	EXPECT_UNCHANGED(self->before, -1);
}

TEST_F(create_buffer, alignment_of_zero_means_one)
{
	struct iokmem_query_buffer buffer;
	int fd = create(self->dev, 0, PAGE, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(1, buffer.alignment);
}

/* Maps of the whole buffer lie at multiples of the alignment, by ioctl and by mmap(). */
static void expect_aligned(struct __test_metadata *_metadata, int fd,
			   __u64 capacity, __u64 alignment)
{
	char *filler, *address, *again;

	/* Without this mapping the next free address might be aligned by chance. */
	filler = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, filler);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_EQ(0, (uintptr_t)address & (alignment - 1));
	ASSERT_EQ(0, map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &again));
	EXPECT_EQ(0, (uintptr_t)again & (alignment - 1));
	EXPECT_NE(address, again);
	ASSERT_EQ(0, release(fd, again, capacity));
	ASSERT_EQ(0, release(fd, address, capacity));

	address = mmap(NULL, capacity, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, address);
	EXPECT_EQ(0, (uintptr_t)address & (alignment - 1));
	ASSERT_EQ(0, munmap(address, capacity));
}

TEST_F(create_buffer, alignment_is_honoured_in_the_address)
{
	static const __u64 capacities[] = { 1, 64 * KIB, 5 * MIB + 1 };
	struct iokmem_query_buffer buffer;
	__u64 alignment;
	unsigned int i;

	for (alignment = 1; alignment <= 4 * MIB; alignment <<= 1) {
		for (i = 0; i < ARRAY_SIZE(capacities); i++) {
			int fd = create(self->dev, 0, capacities[i], alignment);

			/* A machine cannot provide 64 blocks of 4 MiB for ever. */
			ASSERT_LE(0, fd);
			ASSERT_EQ(0, query(fd, &buffer));
			EXPECT_EQ(alignment, buffer.alignment);
			expect_aligned(_metadata, fd, capacities[i], alignment);
			close(fd);
		}
	}
}

TEST_F(create_buffer, alignment_holds_where_mmap_gets_a_hint_it_cannot_follow)
{
	int fd = create(self->dev, 0, 64 * KIB, MIB);
	char *taken, *address;

	ASSERT_LE(0, fd);
	taken = find_hole(PAGE, 2 * MIB);
	ASSERT_EQ(taken, mmap(taken, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED |
			      MAP_ANONYMOUS, -1, 0));
	/* The kernel chooses the address: the hint is not free. */
	address = mmap(taken, 64 * KIB, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, address);
	EXPECT_NE(taken, address);
	EXPECT_EQ(0, (uintptr_t)address & (MIB - 1));
}

/* Changing the length. */
FIXTURE(set_length)
{
	int fd;
};

FIXTURE_SETUP(set_length)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(set_length)
{
}

TEST_F(set_length, is_bounded_by_the_capacity)
{
	struct state before = look(self->fd);
	struct iokmem_query_buffer buffer;

	EXPECT_EQ(-EINVAL, set_length(self->fd, BUFFER_SIZE + 1));
	EXPECT_EQ(-EINVAL, set_length(self->fd, 4 * PAGE));
	EXPECT_EQ(-EINVAL, set_length(self->fd, UINT64_MAX));
	EXPECT_EQ(-EINVAL, set_length(self->fd, (1ull << 32) + 1));
	EXPECT_UNCHANGED(before, self->fd);

	EXPECT_EQ(0, set_length(self->fd, 1));
	ASSERT_EQ(0, query(self->fd, &buffer));
	EXPECT_EQ(1, buffer.length);
	EXPECT_EQ(BUFFER_SIZE, buffer.capacity);
	EXPECT_EQ(0, set_length(self->fd, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(set_length, to_zero_leaves_nothing_to_map)
{
	struct state before;

	ASSERT_EQ(0, set_length(self->fd, 0));
	before = look(self->fd);
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 1));
	EXPECT_ERRNO(ERANGE, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(set_length, bounds_new_maps_and_leaves_old_ones_alone)
{
	char *whole, *part;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &whole));
	number_pages(whole, BUFFER_SIZE);
	ASSERT_EQ(0, set_length(self->fd, PAGE));

	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, PAGE + 1));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 1));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0,
				   BUFFER_SIZE));
	EXPECT_TRUE(pages_are_numbered(whole, BUFFER_SIZE, 0));
	EXPECT_TRUE(can_write(whole + BUFFER_SIZE - 1));
	EXPECT_EQ(1, references(self->fd, whole, BUFFER_SIZE));

	/* The whole of the shorter buffer lies inside the old map. */
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &part));
	EXPECT_EQ(whole, part);
	EXPECT_EQ(1, references(self->fd, part, PAGE));
	EXPECT_EQ(0, release(self->fd, whole, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, part, PAGE));

	/* Content beyond the shorter length has survived. */
	ASSERT_EQ(0, set_length(self->fd, BUFFER_SIZE));
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &whole));
	EXPECT_TRUE(pages_are_numbered(whole, BUFFER_SIZE, 0));
}

FIXTURE(duplicate)
{
	int fd;
};

FIXTURE_SETUP(duplicate)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(duplicate)
{
}

TEST_F(duplicate, refuses_unknown_flags)
{
	struct state before = look(self->fd);
	int bit;

	for (bit = 0; bit < BITS; bit++)
		if (!(1u << bit & (IOKMEM_FD_READ_ONLY | IOKMEM_FD_NO_REVOKE |
				   IOKMEM_FD_PINNABLE)))
			EXPECT_EQ(-EOPNOTSUPP, duplicate(self->fd, 1u << bit));
	EXPECT_EQ(-EOPNOTSUPP, duplicate(self->fd, UINT32_MAX));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(duplicate, has_the_rights_asked_for_and_never_more)
{
	struct iokmem_query_buffer buffer;
	int same = duplicate(self->fd, 0);
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	int again, still;

	ASSERT_LE(0, same);
	ASSERT_LE(0, read_only);
	ASSERT_EQ(0, query(same, &buffer));
	EXPECT_EQ(0, buffer.access);
	ASSERT_EQ(0, query(read_only, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY, buffer.access);
	EXPECT_EQ(O_RDONLY, fcntl(read_only, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_RDWR, fcntl(same, F_GETFL) & O_ACCMODE);

	again = duplicate(read_only, 0);
	still = duplicate(read_only, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, again);
	ASSERT_LE(0, still);
	ASSERT_EQ(0, query(again, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY, buffer.access);
	ASSERT_EQ(0, query(still, &buffer));
	EXPECT_EQ(IOKMEM_FD_READ_ONLY, buffer.access);
}

TEST_F(duplicate, keeps_the_buffer)
{
	long long id = buffer_id(self->fd);
	int fd = duplicate(self->fd, 0);
	char *address;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(is_listed(id));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_TRUE(can_write(address));
	ASSERT_EQ(0, release(fd, address, BUFFER_SIZE));
	ASSERT_EQ(0, close(fd));
	EXPECT_FALSE(is_listed(id));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
