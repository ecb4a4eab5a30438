// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOKMEM_CREATE_MAPPING: ranges, options and fixed addresses that it takes and refuses. A
 * call that fails changes nothing.
 */
#include "iokmem_utils.h"

#define BUFFER_SIZE	(3 * PAGE + 100)

/* Ranges, options and addresses. */
FIXTURE(create_mapping)
{
	int fd;
	struct state before;
};

FIXTURE_SETUP(create_mapping)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->before = look(self->fd);
}

FIXTURE_TEARDOWN(create_mapping)
{
}

TEST_F(create_mapping, length_zero_means_the_whole_length)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = IOKMEM_MAP_ANYWHERE,
	};

	ASSERT_EQ(0, iok(self->fd, IOKMEM_CREATE_MAPPING, &arg));
	EXPECT_EQ(BUFFER_SIZE, arg.length);
	ASSERT_EQ(0, set_length(self->fd, PAGE + 7));
	arg.address = 0;
	arg.length = 0;
	ASSERT_EQ(0, iok(self->fd, IOKMEM_CREATE_MAPPING, &arg));
	EXPECT_EQ(PAGE + 7, arg.length);
}

TEST_F(create_mapping, offset_without_length_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 1, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
				   BUFFER_SIZE, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
				   UINT64_MAX, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, range_that_wraps_is_refused)
{
	const __u64 ranges[][2] = {
		{ 1, UINT64_MAX }, { UINT64_MAX, 1 }, { UINT64_MAX, UINT64_MAX },
		{ PAGE, UINT64_MAX - PAGE + 1 }, { UINT64_MAX - PAGE + 1, PAGE },
		{ 1ull << 63, 1ull << 63 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_EQ(-EOVERFLOW, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
					      ranges[i][0], ranges[i][1]));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, range_past_the_end_is_refused)
{
	const __u64 ranges[][2] = {
		{ 0, BUFFER_SIZE + 1 }, { 1, BUFFER_SIZE }, { BUFFER_SIZE, 1 },
		{ BUFFER_SIZE - 1, 2 }, { BUFFER_SIZE + 1, 1 },
		/* These end in the last page, which belongs to the buffer. */
		{ 0, 4 * PAGE }, { 3 * PAGE, PAGE },
		{ 0, UINT64_MAX }, { UINT64_MAX - 1, 1 }, { 1ull << 63, 1 },
		{ 1ull << 32, 1 }, { 0, 1ull << 32 }, { 1ull << 44, PAGE },
	};
	char *address;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
					   ranges[i][0], ranges[i][1]));
	EXPECT_UNCHANGED(self->before, self->fd);
	/* The last byte can be mapped. */
	EXPECT_EQ(0, map(self->fd, 0, BUFFER_SIZE - 1, 1, &address));
	EXPECT_EQ(99, (uintptr_t)address % PAGE);
}

TEST_F(create_mapping, mmap_range_past_the_end_is_refused)
{
	struct state before;
	char *address;

	/* mmap() maps whole pages, so up to the end of the last one. */
	address = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, self->fd, 0);
	EXPECT_NE(MAP_FAILED, address);
	before = look(self->fd);
	EXPECT_ERRNO(ERANGE, mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED,
				  self->fd, 0));
	EXPECT_ERRNO(ERANGE, mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED,
				  self->fd, PAGE));
	EXPECT_ERRNO(ERANGE, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
				  self->fd, 4 * PAGE));
	EXPECT_ERRNO(ERANGE, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				  1l << 62));
	EXPECT_ERRNO(EOVERFLOW, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED,
				     self->fd, -PAGE));
	ASSERT_EQ(0, set_length(self->fd, PAGE));
	EXPECT_ERRNO(ERANGE, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED,
				  self->fd, 0));
	ASSERT_EQ(0, set_length(self->fd, BUFFER_SIZE));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(create_mapping, unknown_and_unprovided_options_are_refused)
{
	static const __u32 provided = IOKMEM_MAP_ANYWHERE |
		IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_REFERENCE | IOKMEM_MAP_UNIQUE |
		IOKMEM_MAP_PREFAULT | IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_PINNABLE |
		IOKMEM_MAP_GUARDED_MASK | IOKMEM_MAP_CACHE_MASK;
	unsigned int i;
	__u32 mode;

	for (i = 0; i < BITS; i++)
		if (!(1u << i & provided))
			EXPECT_EQ(-EOPNOTSUPP,
				  try_map(self->fd, IOKMEM_MAP_ANYWHERE |
					  1u << i, 0, 0, 0));
	for (mode = 10; mode < 16; mode++)
		EXPECT_EQ(-EOPNOTSUPP,
			  try_map(self->fd, IOKMEM_MAP_ANYWHERE |
				  mode << IOKMEM_MAP_CACHE_SHIFT, 0, 0, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, provided_options_work)
{
	static const __u32 options[] = {
		0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_COPYBACK_CACHE,
		IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE | IOKMEM_MAP_COPYBACK_CACHE,
		IOKMEM_MAP_PREFAULT, IOKMEM_MAP_PINNABLE,
		IOKMEM_MAP_GUARDED_SMALL, IOKMEM_MAP_GUARDED_LARGE,
		IOKMEM_MAP_PINNABLE | IOKMEM_MAP_GUARDED_LARGE | IOKMEM_MAP_PREFAULT |
		IOKMEM_MAP_READ_ONLY,
	};
	struct iokmem_query_mapping info;
	unsigned int i;
	char *address;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		ASSERT_EQ(0, map(self->fd, options[i], PAGE + 5, 10, &address));
		ASSERT_EQ(0, query_map(self->fd, address, 10, &info));
		EXPECT_EQ(options[i] | IOKMEM_MAP_ANYWHERE, info.options);
		EXPECT_EQ((uintptr_t)address, info.address);
		EXPECT_EQ(10, info.length);
		EXPECT_EQ(PAGE + 5, info.offset);
		EXPECT_EQ(1, info.references);
		EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, info.cache_mode);
		ASSERT_EQ(0, release(self->fd, address, 10));
	}
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, options_that_contradict_are_refused)
{
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE |
				   IOKMEM_MAP_UNIQUE | IOKMEM_MAP_REFERENCE,
				   0, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, PAGE, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 1, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE,
				   (uintptr_t)find_hole(BUFFER_SIZE, PAGE), 0, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, fixed_address_is_taken)
{
	char *hole = find_hole(4 * PAGE, PAGE), *address;

	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, 0, 0, &address));
	EXPECT_EQ(hole, address);
	EXPECT_TRUE(can_write(address + BUFFER_SIZE - 1));
	ASSERT_EQ(0, release(self->fd, address, BUFFER_SIZE));
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, fixed_address_is_of_the_page_or_of_the_first_byte)
{
	char *hole = find_hole(4 * PAGE, PAGE), *address;

	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, PAGE + 9, 20, &address));
	EXPECT_EQ(hole + 9, address);
	ASSERT_EQ(0, release(self->fd, address, 20));
	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole + 9, PAGE + 9, 20,
			    &address));
	EXPECT_EQ(hole + 9, address);
	/* Both addresses name one map. */
	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, PAGE + 9, 20, &address));
	EXPECT_EQ(hole + 9, address);
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_EQ(2, references(self->fd, address, 20));
}

TEST_F(create_mapping, fixed_address_that_is_unaligned_is_refused)
{
	uintptr_t hole = (uintptr_t)find_hole(4 * PAGE, PAGE);
	unsigned int in_page;

	for (in_page = 1; in_page < PAGE; in_page++) {
		EXPECT_EQ(-EINVAL, try_map(self->fd, 0, hole + in_page, 0, 0));
		if (in_page != 9)
			EXPECT_EQ(-EINVAL, try_map(self->fd, 0, hole + in_page,
						   PAGE + 9, 20));
	}
	EXPECT_UNCHANGED(self->before, self->fd);
}

TEST_F(create_mapping, fixed_address_that_nobody_can_use_is_refused)
{
	const __u64 addresses[] = {
		0, 1ull << 56, (1ull << 56) - PAGE, 1ull << 63,
		0xffff800000000000, 0xffff888000000000, 0xffffffff81000000,
		0xffffffffff600000, UINT64_MAX - 4 * PAGE + 1,
		/* These wrap if the length is added. */
		UINT64_MAX - PAGE + 1, UINT64_MAX - 3 * PAGE + 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, addresses[i], 0, 0));
	/* The first byte would be in page zero. */
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 9, PAGE + 9, 20));
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 0, PAGE + 9, 20));
	EXPECT_UNCHANGED(self->before, self->fd);
}

/* An unprivileged process below vm.mmap_min_addr. */
static int map_low_unprivileged(void *arg)
{
	int fd = *(int *)arg, err;

	CHILD_EXPECT(!setresuid(65534, 65534, 65534));
	err = try_map(fd, 0, PAGE, 0, 0);
	if (err != -EADDRNOTAVAIL)
		fprintf(stderr, "# at the address of page 1: %s\n", strerror(-err));
	CHILD_EXPECT(err == -EADDRNOTAVAIL);
	return 0;
}

TEST_F(create_mapping, fixed_address_below_what_is_allowed_is_refused)
{
	if (read_number("/proc/sys/vm/mmap_min_addr") <= (long)PAGE)
		SKIP(return, "vm.mmap_min_addr allows everything");
	EXPECT_EQ(0, run_child(map_low_unprivileged, &self->fd));
}

TEST_F(create_mapping, fixed_address_where_something_is_mapped_is_refused)
{
	char *area = find_hole(16 * PAGE, PAGE), *occupant = area + 6 * PAGE;
	char on_stack = 42;
	int page;

	ASSERT_EQ(occupant, mmap(occupant, 2 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(occupant, 0x5a, 2 * PAGE);
	self->before = look(self->fd);

	/* Overlap the mapping by one page and by more, from below and from above. */
	for (page = 3; page <= 7; page++)
		EXPECT_EQ(-EEXIST, try_map(self->fd, 0,
					   (uintptr_t)(area + page * PAGE), 0, 0));
	/* Ask for one page within a mapping. */
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)occupant, 0, 1));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)&on_stack & -PAGE, 0, 1));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)&self->fd & -PAGE, 0, 1));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0,
				   (uintptr_t)&map_low_unprivileged & -PAGE, 0, 1));
	EXPECT_UNCHANGED(self->before, self->fd);
	EXPECT_TRUE(is_filled(occupant, 2 * PAGE, 0x5a));
	EXPECT_TRUE(can_write(occupant));
	EXPECT_EQ(42, on_stack);

	/* The pages just beside the mapping are free. */
	EXPECT_EQ(0, try_map(self->fd, 0, (uintptr_t)(area + 2 * PAGE), 0, 0));
	EXPECT_EQ(0, try_map(self->fd, IOKMEM_MAP_UNIQUE,
			     (uintptr_t)(area + 8 * PAGE), 0, 0));
	EXPECT_TRUE(is_filled(occupant, 2 * PAGE, 0x5a));
}

TEST_F(create_mapping, fixed_address_where_another_buffer_is_mapped_is_refused)
{
	int other = new_buffer(BUFFER_SIZE);
	char *address;

	ASSERT_EQ(0, map(other, 0, 0, 0, &address));
	memset(address, 0x5a, 4 * PAGE);
	self->before = look(self->fd);
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)address, 0, 0));
	EXPECT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)address + PAGE, 0, 1));
	EXPECT_UNCHANGED(self->before, self->fd);
	EXPECT_TRUE(is_filled(address, 4 * PAGE, 0x5a));
	EXPECT_EQ(1, references(other, address, BUFFER_SIZE));
}

TEST_F(create_mapping, no_room_in_the_address_space_is_enomem)
{
	struct rlimit limit = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY };
	char *address;

	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_EQ(-ENOMEM, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_ERRNO(ENOMEM, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_UNCHANGED(self->before, self->fd);
	limit.rlim_cur = RLIM_INFINITY;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_EQ(0, map(self->fd, 0, 0, 0, &address));
}

/* A process whose new mappings are all locked, and which may lock nothing. */
static int map_where_all_is_locked(void *arg)
{
	struct rlimit limit = { .rlim_cur = 0, .rlim_max = 0 };
	int fd = *(int *)arg, err;

	CHILD_EXPECT(!mlockall(MCL_FUTURE));
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHILD_EXPECT(!setresuid(65534, 65534, 65534));
	err = try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0);
	CHILD_EXPECT(err == -EAGAIN);
	CHILD_EXPECT(nr_maps(fd) == 0);
	/* Without the locking there is room. */
	CHILD_EXPECT(!munlockall());
	CHILD_EXPECT(!try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	return 0;
}

TEST_F(create_mapping, beyond_the_lock_limit_is_eagain)
{
	EXPECT_EQ(0, run_child(map_where_all_is_locked, &self->fd));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
