// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps of libiokmem: options and how the kernel is asked for them, invalid arguments,
 * references, and maps that share their addresses.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_fixture.h"

#define LARGE_GUARD	(64 * KIB)

/* Options of maps, and the kernel's options for them. */

FIXTURE(options)
{
	struct iokmem_desc *buffer;
	size_t guard;
};

FIXTURE_VARIANT(options)
{
	uint64_t options;
	__u32 kernel;
	__u32 cache_mode;
	struct measure guard;
};

FIXTURE_VARIANT_ADD(options, none)
{
	.options = 0,
	.kernel = IOKMEM_MAP_GUARDED_SMALL,
	.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
	.guard = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(options, guarded_small)
{
	.options = 0x8,
	.kernel = IOKMEM_MAP_GUARDED_SMALL,
	.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
	.guard = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(options, guarded_large)
{
	.options = 0xc,
	.kernel = IOKMEM_MAP_GUARDED_LARGE,
	.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
	.guard = NR_BYTES(LARGE_GUARD),
};

FIXTURE_VARIANT_ADD(options, guarded_none)
{
	.options = 0x4,
	.kernel = 0,
	.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
	.guard = NR_PAGES(0),
};

FIXTURE_VARIANT_ADD(options, inhibit)
{
	.options = 0x100,
	.kernel = IOKMEM_MAP_GUARDED_SMALL | IOKMEM_MAP_INHIBIT_CACHE,
	.cache_mode = IOKMEM_MAP_INHIBIT_CACHE,
	.guard = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(options, copyback)
{
	.options = 0x200 | 0x4,
	.kernel = IOKMEM_MAP_COPYBACK_CACHE,
	.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
	.guard = NR_PAGES(0),
};

FIXTURE_VARIANT_ADD(options, write_through)
{
	.options = 0x400 | 0xc,
	.kernel = IOKMEM_MAP_GUARDED_LARGE | IOKMEM_MAP_WRITE_THRU_CACHE,
	.cache_mode = IOKMEM_MAP_INHIBIT_CACHE,
	.guard = NR_BYTES(LARGE_GUARD),
};

FIXTURE_VARIANT_ADD(options, real_time)
{
	.options = 0x800,
	.kernel = IOKMEM_MAP_GUARDED_SMALL | IOKMEM_MAP_REAL_TIME_CACHE,
	.cache_mode = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.guard = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(options, pinnable)
{
	.options = 0x10000 | 0x4,
	.kernel = IOKMEM_MAP_PINNABLE,
	.cache_mode = IOKMEM_MAP_COPYBACK_CACHE,
	.guard = NR_PAGES(0),
};

FIXTURE_SETUP(options)
{
	NEED_CACHE_MODE(variant->kernel);
	self->guard = measured(variant->guard);
	self->buffer = make_buffer(0, BUFFER_SIZE);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(options)
{
	iokmem_desc_put(self->buffer);
	EXPECT_EQ(0, nr_iokmem_vmas());
}

TEST_F(options, are_translated)
{
	struct iokmem_map *map = make_map(self->buffer, variant->options, 0, 0);
	struct iokmem_query_mapping info;

	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, query_map(iokmem_desc_get_fd(self->buffer), bytes_of(map),
			       BUFFER_SIZE, &info));
	EXPECT_EQ(variant->kernel | IOKMEM_MAP_ANYWHERE, info.options);
	EXPECT_EQ(variant->cache_mode, info.cache_mode);
	iokmem_map_put(map);
}

TEST_F(options, guards_are_where_nobody_can_touch_them)
{
	struct iokmem_map *map = make_map(self->buffer, variant->options, 0, 0);
	uint64_t start = iokmem_map_get_address(map), end = start + WHOLE_PAGES;

	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, signal_at(start, true));
	EXPECT_EQ(0, signal_at(end - 1, true));
	if (self->guard) {
		EXPECT_EQ(SIGSEGV, signal_at(start - self->guard, false));
		EXPECT_EQ(SIGSEGV, signal_at(start - 1, false));
		EXPECT_EQ(SIGSEGV, signal_at(end, false));
		EXPECT_EQ(SIGSEGV, signal_at(end + self->guard - 1, false));
	}
	iokmem_map_put(map);
}

TEST_F(options, fixed_address_has_no_guards)
{
	/* Use an address whose neighbours are in use, so that guards have no room. */
	char *area = mmap(NULL, WHOLE_PAGES + 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iokmem_query_mapping info;
	struct iokmem_map *map;

	ASSERT_NE(MAP_FAILED, area);
	ASSERT_EQ(0, munmap(area + PAGE, WHOLE_PAGES));
	ASSERT_OK(iokmem_desc_create_mapping(self->buffer, variant->options |
					     IOKMEM_MEMORY_MAP_FIXED_ADDRESS,
					     (uintptr_t)area + PAGE, 0, 0, 0, &map));
	EXPECT_EQ(area + PAGE, bytes_of(map));
	ASSERT_EQ(0, query_map(iokmem_desc_get_fd(self->buffer), area + PAGE,
			       BUFFER_SIZE, &info));
	EXPECT_EQ(variant->kernel & ~IOKMEM_MAP_GUARDED_MASK, info.options);
	iokmem_map_put(map);
	EXPECT_EQ(0, munmap(area, WHOLE_PAGES + 2 * PAGE));
}

TEST_F(library, fixed_address_that_is_not_to_be_had_is_an_error)
{
	uint64_t options = IOKMEM_MEMORY_MAP_FIXED_ADDRESS;
	char *hole = find_hole(WHOLE_PAGES, PAGE);
	uint64_t at = (uintptr_t)hole;
	struct iokmem_map *map, *taken;
	struct state before;

	ASSERT_OK(iokmem_desc_create_mapping(self->buffer, options, at, 0, PAGE, 0, &taken));
	before = look(self->fd);
	EXPECT_FAILS(ERROR, EEXIST,
		     iokmem_desc_create_mapping(self->buffer, options, at, PAGE, PAGE, 0,
						&map));
	EXPECT_EQ(NULL, map);
	EXPECT_FAILS(ERROR, EINVAL,
		     iokmem_desc_create_mapping(self->buffer, options, at + 1, 0, PAGE, 0,
						&map));
	EXPECT_FAILS(ERROR, EADDRNOTAVAIL,
		     iokmem_desc_create_mapping(self->buffer, options, 0, 0, PAGE, 0, &map));
	EXPECT_FAILS(ERROR, EADDRNOTAVAIL,
		     iokmem_desc_create_mapping(self->buffer, options, -PAGE, 0, 0, 0,
						&map));
	EXPECT_UNCHANGED(before, self->fd);
	iokmem_map_put(taken);
}

TEST_F(library, map_options_that_do_not_exist_are_bad_arguments)
{
	struct state before = look(self->fd);
	struct iokmem_map *map;
	uint64_t guard;
	int bit;

	for (bit = 5; bit < 64; bit++) {
		/* These bits are cache modes, and IOKMEM_MEMORY_MAP_PINNABLE. */
		if ((bit >= 8 && bit <= 11) || bit == 16)
			continue;
		map = (struct iokmem_map *)self;
		EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
			     iokmem_desc_create_mapping(self->buffer, 1ull << bit, 0, 0, 0,
							0, &map));
		EXPECT_EQ(NULL, map);
	}
	for (guard = 0x10; guard <= 0x1c; guard += 4)
		EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
			     iokmem_desc_create_mapping(self->buffer, guard, 0, 0, 0, 0,
							&map));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(library, cache_mode_is_one_of_five)
{
	struct iokmem_map *map;
	uint64_t mode;

	for (mode = 0; mode <= 0xff00; mode += 0x100) {
		int32_t ret = iokmem_desc_create_mapping(self->buffer, mode, 0, 0, 0, 0,
							 &map);

		if (!mode || mode == 0x100 || mode == 0x200 || mode == 0x400 ||
		    mode == 0x800) {
			if (ret && !has_cache_mode(IOKMEM_MAP_INHIBIT_CACHE)) {
				EXPECT_EQ(IOKMEM_RETURN_ERROR, ret);
				EXPECT_EQ(EOPNOTSUPP, errno);
				continue;
			}
			EXPECT_EQ(IOKMEM_RETURN_SUCCESS, ret);
			iokmem_map_put(map);
		} else {
			EXPECT_EQ(IOKMEM_RETURN_BAD_ARGUMENT, ret);
			EXPECT_EQ(NULL, map);
		}
	}
}

TEST_F(library, another_cache_mode_of_mapped_memory_is_an_error)
{
	struct iokmem_map *map, *other;

	NEED_CACHE_MODE(IOKMEM_MAP_INHIBIT_CACHE);
	map = make_map(self->buffer, 0, 0, 0);
	ASSERT_NE(NULL, map);
	EXPECT_FAILS(ERROR, EBUSY,
		     iokmem_desc_create_mapping(self->buffer,
						IOKMEM_MEMORY_MAP_CACHE_MODE_INHIBIT,
						0, 0, 0, 0, &other));
	EXPECT_EQ(NULL, other);
	iokmem_map_put(map);
}

TEST_F(library, other_arguments_that_make_no_sense_are_bad_arguments)
{
	struct state before = look(self->fd);
	struct iokmem_map *map;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_mapping(NULL, 0, 0, 0, 0, 0, &map));
	EXPECT_EQ(NULL, map);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, 0, 0, 0, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, 0, 0, 1, &map));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, 0, 0, PAGE, &map));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_mapping(self->buffer, 0, 0x10000000, 0, 0, 0, &map));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(library, range_that_is_not_there_is_an_error)
{
	struct state before = look(self->fd);
	struct iokmem_map *map;

	EXPECT_FAILS(ERROR, EINVAL,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, 1, 0, 0, &map));
	EXPECT_EQ(NULL, map);
	EXPECT_FAILS(ERROR, ERANGE,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, 1, BUFFER_SIZE, 0, &map));
	EXPECT_FAILS(ERROR, ERANGE,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, 1ull << 32, 1, 0, &map));
	EXPECT_FAILS(ERROR, EOVERFLOW,
		     iokmem_desc_create_mapping(self->buffer, 0, 0, UINT64_MAX, 1, 0, &map));
	EXPECT_UNCHANGED(before, self->fd);
}

/* References and sharing. */

TEST_F(library, map_is_born_with_one_reference_and_counts)
{
	struct iokmem_map *map = make_map(self->buffer, 0, PAGE + 5, 100);

	ASSERT_NE(NULL, map);
	EXPECT_EQ(1, iokmem_map_get_retain_count(map));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(self->buffer));
	EXPECT_EQ(map, iokmem_map_get(map));
	EXPECT_EQ(2, iokmem_map_get_retain_count(map));
	/* Neither the kernel nor the descriptor counts references to the object. */
	EXPECT_EQ(1, kernel_references(self->buffer, map));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(self->buffer));
	iokmem_map_put(map);
	EXPECT_EQ(1, iokmem_map_get_retain_count(map));
	EXPECT_EQ(0, map_signal(map, true));
	EXPECT_EQ(PAGE + 5, iokmem_map_get_offset(map));
	EXPECT_EQ(100, iokmem_map_get_length(map));
	EXPECT_EQ(5, iokmem_map_get_address(map) % PAGE);
	iokmem_map_put(map);
	EXPECT_EQ(1, iokmem_desc_get_retain_count(self->buffer));
	iokmem_map_put(NULL);
	iokmem_desc_put(NULL);
}

TEST_F(library, descriptor_counts)
{
	struct iokmem_desc *buffer = make_buffer(0, PAGE);

	ASSERT_NE(NULL, buffer);
	EXPECT_EQ(1, iokmem_desc_get_retain_count(buffer));
	EXPECT_EQ(buffer, iokmem_desc_get(buffer));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(buffer));
	iokmem_desc_put(buffer);
	EXPECT_EQ(0, nr_maps(iokmem_desc_get_fd(buffer)));
	iokmem_desc_put(buffer);
}

TEST_F(library, map_keeps_its_descriptor)
{
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	struct iokmem_map *map = make_map(buffer, 0, 0, 0);
	int fds = nr_fds();
	uint64_t address;

	ASSERT_NE(NULL, map);
	iokmem_desc_put(buffer);
	EXPECT_EQ(fds, nr_fds());
	address = iokmem_map_get_address(map);
	EXPECT_EQ(0, map_signal(map, true));
	iokmem_map_put(map);
	EXPECT_EQ(fds - 1, nr_fds());
	EXPECT_EQ(SIGSEGV, signal_at(address, false));
}

TEST_F(library, same_request_gives_the_same_address_in_another_object)
{
	struct iokmem_map *one = make_map(self->buffer, 0, 0, 0);
	struct iokmem_map *two = make_map(self->buffer, 0, 0, 0);
	struct iokmem_map *inside = make_map(self->buffer, 0, 3 * PAGE + 7, 50);

	ASSERT_NE(NULL, one);
	ASSERT_NE(NULL, two);
	ASSERT_NE(NULL, inside);
	EXPECT_NE(one, two);
	EXPECT_EQ(bytes_of(one), bytes_of(two));
	EXPECT_EQ(bytes_of(one) + 3 * PAGE + 7, bytes_of(inside));
	EXPECT_EQ(2, kernel_references(self->buffer, one));
	EXPECT_EQ(1, nr_iokmem_vmas());
	iokmem_map_put(one);
	EXPECT_EQ(1, kernel_references(self->buffer, two));
	iokmem_map_put(two);
	iokmem_map_put(inside);
}

TEST_F(library, maps_can_be_put_in_any_order)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		struct iokmem_map *maps[] = {
			make_map(self->buffer, 0, 0, 0),
			make_map(self->buffer, 0, 0, 0),
			make_map(self->buffer, 0, PAGE, 10),
		};
		uint64_t address = iokmem_map_get_address(maps[2]);

		for (n = 0; n < 3; n++) {
			EXPECT_EQ(0, signal_at(address, true));
			iokmem_map_put(maps[orders[i][n]]);
		}
		EXPECT_EQ(SIGSEGV, signal_at(address, false));
		EXPECT_EQ(0, nr_maps(self->fd));
	}
}

TEST_F(library, map_that_the_program_has_unmapped_itself_can_be_put)
{
	struct iokmem_map *map = make_map(self->buffer, IOKMEM_MEMORY_MAP_GUARDED_NONE,
					  0, 0);

	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, munmap(bytes_of(map), WHOLE_PAGES));
	errno = 77;
	iokmem_map_put(map);
	EXPECT_EQ(77, errno);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
