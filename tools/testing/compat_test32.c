// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 32-bit program on a 64-bit kernel.
 */
#include "iokmem_utils.h"

#include <assert.h>
#include <stddef.h>

/* The Makefile builds this with -m32. */
static_assert(sizeof(void *) == 4);

/* Structures are identical to those of 64-bit programs. */
static_assert(sizeof(struct iokmem_create_buffer) == 56);
static_assert(offsetof(struct iokmem_create_buffer, options) == 4);
static_assert(offsetof(struct iokmem_create_buffer, capacity) == 8);
static_assert(offsetof(struct iokmem_create_buffer, alignment) == 16);
static_assert(offsetof(struct iokmem_create_buffer, fd) == 24);
static_assert(offsetof(struct iokmem_create_buffer, map_options) == 28);
static_assert(offsetof(struct iokmem_create_buffer, physical_mask) == 32);
static_assert(offsetof(struct iokmem_create_buffer, address) == 40);
static_assert(offsetof(struct iokmem_create_buffer, node) == 48);

static_assert(sizeof(struct iokmem_create_mapping) == 32);
static_assert(offsetof(struct iokmem_create_mapping, options) == 4);
static_assert(offsetof(struct iokmem_create_mapping, address) == 8);
static_assert(offsetof(struct iokmem_create_mapping, offset) == 16);
static_assert(offsetof(struct iokmem_create_mapping, length) == 24);

static_assert(sizeof(struct iokmem_release_mapping) == 24);
static_assert(offsetof(struct iokmem_release_mapping, address) == 8);
static_assert(offsetof(struct iokmem_release_mapping, length) == 16);

static_assert(sizeof(struct iokmem_query_buffer) == 64);
static_assert(offsetof(struct iokmem_query_buffer, id) == 8);
static_assert(offsetof(struct iokmem_query_buffer, capacity) == 16);
static_assert(offsetof(struct iokmem_query_buffer, length) == 24);
static_assert(offsetof(struct iokmem_query_buffer, alignment) == 32);
static_assert(offsetof(struct iokmem_query_buffer, cache_mode) == 40);
static_assert(offsetof(struct iokmem_query_buffer, access) == 52);

static_assert(sizeof(struct iokmem_query_mapping) == 48);
static_assert(offsetof(struct iokmem_query_mapping, address) == 8);
static_assert(offsetof(struct iokmem_query_mapping, references) == 32);
static_assert(offsetof(struct iokmem_query_mapping, __reserved) == 44);

static_assert(sizeof(struct iokmem_set_length) == 16);
static_assert(offsetof(struct iokmem_set_length, length) == 8);
static_assert(sizeof(struct iokmem_duplicate) == 16);
static_assert(offsetof(struct iokmem_duplicate, fd) == 8);

static_assert(sizeof(struct iokmem_set_purgeable) == 8);
static_assert(offsetof(struct iokmem_set_purgeable, state) == 4);
static_assert(sizeof(struct iokmem_get_page_counts) == 24);
static_assert(offsetof(struct iokmem_get_page_counts, resident) == 8);
static_assert(offsetof(struct iokmem_get_page_counts, dirty) == 16);
static_assert(sizeof(struct iokmem_create_sub) == 32);
static_assert(offsetof(struct iokmem_create_sub, offset) == 8);
static_assert(offsetof(struct iokmem_create_sub, length) == 16);
static_assert(offsetof(struct iokmem_create_sub, fd) == 24);
static_assert(sizeof(struct iokmem_redirect_mapping) == 40);
static_assert(offsetof(struct iokmem_redirect_mapping, address) == 8);
static_assert(offsetof(struct iokmem_redirect_mapping, offset) == 24);
static_assert(offsetof(struct iokmem_redirect_mapping, fd) == 32);
static_assert(sizeof(struct iokmem_unmap) == 24);
static_assert(offsetof(struct iokmem_unmap, length) == 16);
static_assert(sizeof(struct iokmem_get_dma_buf) == 16);
static_assert(offsetof(struct iokmem_get_dma_buf, fd) == 8);
static_assert(sizeof(struct iokmem_with_dma_buf) == 16);
static_assert(offsetof(struct iokmem_with_dma_buf, dma_buf) == 8);
static_assert(offsetof(struct iokmem_with_dma_buf, fd) == 12);
static_assert(sizeof(struct iokmem_create_multi) == 24);
static_assert(offsetof(struct iokmem_create_multi, fds) == 8);
static_assert(offsetof(struct iokmem_create_multi, nr_fds) == 16);
static_assert(offsetof(struct iokmem_create_multi, fd) == 20);

#define BUFFER_SIZE	(16 * PAGE)

FIXTURE(compat)
{
	int fd;
};

FIXTURE_SETUP(compat)
{
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(compat)
{
}

static __u64 map_for_address(int fd, __u32 options, __u64 offset, __u64 length)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = options | IOKMEM_MAP_ANYWHERE,
		.offset = offset,
		.length = length,
	};

	return iok(fd, IOKMEM_CREATE_MAPPING, &arg) ? 0 : arg.address;
}

TEST_F(compat, maps_lie_where_the_program_can_reach_them)
{
	__u64 address, previous = 0;
	int i;

	for (i = 0; i < 100; i++) {
		address = map_for_address(self->fd, IOKMEM_MAP_UNIQUE, 0, 0);
		ASSERT_NE(0, address);
		EXPECT_GT(1ull << 32, address + BUFFER_SIZE);
		EXPECT_NE(previous, address);
		previous = address;
	}
	EXPECT_EQ(0, probe((char *)(uintptr_t)previous, true));
	EXPECT_EQ(100, nr_maps(self->fd));
}

TEST_F(compat, large_and_aligned_maps_too)
{
	int fd = new_buffer(8 * MIB);
	__u64 address;

	ASSERT_LE(0, fd);
	address = map_for_address(fd, 0, 0, 0);
	ASSERT_NE(0, address);
	EXPECT_GT(1ull << 32, address + 8 * MIB);
	number_pages((char *)(uintptr_t)address, 8 * MIB);
	EXPECT_TRUE(pages_are_numbered((char *)(uintptr_t)address, 8 * MIB, 0));
}

TEST_F(compat, same_request_shares_and_takes_as_many_releases)
{
	struct iokmem_query_mapping info;
	char *one, *two, *inside;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &one));
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &two));
	EXPECT_EQ(one, two);
	ASSERT_EQ(0, map(self->fd, 0, PAGE + 5, 100, &inside));
	EXPECT_EQ(one + PAGE + 5, inside);
	ASSERT_EQ(0, query_map(self->fd, one, BUFFER_SIZE, &info));
	EXPECT_EQ(2, info.references);
	EXPECT_EQ(0, release(self->fd, one, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, one, BUFFER_SIZE));
	EXPECT_EQ(-ENOENT, release(self->fd, one, BUFFER_SIZE));
	EXPECT_EQ(0, probe(inside, true));
	EXPECT_EQ(0, release(self->fd, inside, 100));
	EXPECT_EQ(SIGSEGV, probe(inside, false));
}

TEST_F(compat, mmap_works)
{
	char *address = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     self->fd, PAGE), *whole;

	ASSERT_NE(MAP_FAILED, address);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &whole));
	address[0] = 'm';
	EXPECT_EQ('m', whole[PAGE]);
	EXPECT_EQ(0, release(self->fd, address, 2 * PAGE));
	EXPECT_EQ(SIGSEGV, probe(address, false));
}

TEST_F(compat, fixed_address_is_taken)
{
	char *hole = find_hole(BUFFER_SIZE, PAGE), *address;

	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, 0, 0, &address));
	EXPECT_EQ(hole, address);
	EXPECT_EQ(0, probe(address, true));
	EXPECT_EQ(-EEXIST, try_map(self->fd, IOKMEM_MAP_UNIQUE,
				   (uintptr_t)hole, 0, 0));
}

TEST_F(compat, fixed_address_beyond_32_bits_is_refused)
{
	struct state before = look(self->fd);

	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 1ull << 32, 0, 0));
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 1ull << 40, 0, 0));
	/* The end of the range is beyond 32 bits. */
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 0xfffff000, 0, 0));
	EXPECT_EQ(-EADDRNOTAVAIL, try_map(self->fd, 0, 0xfffff000, 0, 1));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(compat, numbers_are_not_cut_to_32_bits)
{
	struct state before = look(self->fd);

	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 1ull << 32, 1));
	EXPECT_EQ(-ERANGE, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0,
				   (1ull << 32) + 1));
	EXPECT_EQ(-EOVERFLOW, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0,
				      UINT64_MAX, 1));
	EXPECT_EQ(-EINVAL, set_length(self->fd, (1ull << 32) + 1));
	EXPECT_EQ(-EINVAL, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 1ull << 32, 0, 0));
	EXPECT_EQ(-ENOMEM, new_buffer((1ull << 46) + 1));
	EXPECT_EQ(-EOVERFLOW, new_buffer(UINT64_MAX));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(compat, full_address_space_is_enomem)
{
	int fd = new_buffer(64 * MIB), n;
	struct state before;

	ASSERT_LE(0, fd);
	for (n = 0; map_for_address(fd, IOKMEM_MAP_UNIQUE, 0, 0); n++)
		ASSERT_GT(64, n);
	before = look(fd);
	EXPECT_EQ(-ENOMEM, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE, 0,
				   0, 0));
	EXPECT_UNCHANGED(before, fd);
	EXPECT_LT(32, n);
}

static int map_in_child(void *arg)
{
	char *address;

	CHILD_EXPECT(nr_iokmem_vmas() == 0);
	CHILD_EXPECT(!map(*(int *)arg, IOKMEM_MAP_READ_ONLY, 0, 0, &address));
	CHILD_EXPECT(pages_are_numbered(address, BUFFER_SIZE, 0));
	CHILD_EXPECT(probe(address, true) == SIGSEGV);
	return 0;
}

TEST_F(compat, another_process_sees_the_same_memory)
{
	char *address;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &address));
	number_pages(address, BUFFER_SIZE);
	EXPECT_EQ(0, run_child(map_in_child, &self->fd));
}

TEST_F(compat, maps_made_from_outside_lie_where_the_program_can_reach_them)
{
	static const __u32 options[] = {
		0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_GUARDED_LARGE, IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_PINNABLE, IOKMEM_MAP_PREFAULT,
	};
	struct iokmem_probe_outside map;
	size_t i;
	int fd;

	if (access(PROBE "/outside", R_OK))
		SKIP(return, "no probe module");
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		fd = map_from_outside(options[i], &map);
		ASSERT_LE(0, fd);
		ASSERT_GT(1ull << 32, map.address + map.length);
		ASSERT_EQ(sizeof(IOKMEM_PROBE_TEXT), map.length);
		EXPECT_STREQ(IOKMEM_PROBE_TEXT, (char *)(uintptr_t)map.address);
		ASSERT_EQ(0, close(fd));
		EXPECT_FALSE(can_read((char *)(uintptr_t)map.address));
	}
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
