// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem: DriverKit's calls, checks and return codes over /dev/iokmem. That the
 * kernel shares, protects and cleans up as it should is tested elsewhere; here, that
 * the library asks it for the right thing, and that its objects count as they should.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_utils.h"
#include "racers.h"

#include <sys/socket.h>

#define LARGE_GUARD	(64 * KIB)

/* Every test ends with as many file descriptors and mappings as it began with. */
FIXTURE(library)
{
	int fds;
	struct iokmem_desc *buffer;	/* of this process's, InOut */
	int fd;				/* its file descriptor, for a look from outside */
};

FIXTURE_SETUP(library)
{
	self->fds = nr_fds();
	self->buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_INOUT, BUFFER_SIZE);
	ASSERT_NE(NULL, self->buffer);
	self->fd = iokmem_desc_get_fd(self->buffer);
}

FIXTURE_TEARDOWN(library)
{
	EXPECT_EQ(1, iokmem_desc_get_retain_count(self->buffer));
	iokmem_desc_put(self->buffer);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(0, nr_leaks());
}

/* Buffers. */

TEST_F(library, buffer_is_zero_and_as_long_as_its_capacity)
{
	struct iokmem_query_buffer info;
	struct iokmem_map *map = make_map(self->buffer, 0, 0, 0);
	uint64_t length;

	ASSERT_NE(NULL, map);
	EXPECT_OK(iokmem_desc_get_length(self->buffer, &length));
	EXPECT_EQ(BUFFER_SIZE, length);
	EXPECT_EQ(BUFFER_SIZE, iokmem_map_get_length(map));
	EXPECT_TRUE(is_zero(bytes_of(map), BUFFER_SIZE));
	ASSERT_EQ(0, query(self->fd, &info));
	EXPECT_EQ(IOKMEM_DIRECTION_INOUT | IOKMEM_KERNEL_USER_SHARED, info.options);
	EXPECT_TRUE(is_close_on_exec(self->buffer));
	iokmem_map_put(map);
}

TEST_F(library, buffer_of_each_direction)
{
	struct iokmem_query_buffer info;
	uint64_t direction;

	for (direction = 0; direction <= 3; direction++) {
		struct iokmem_desc *buffer = make_buffer(direction, 1);

		ASSERT_NE(NULL, buffer);
		ASSERT_EQ(0, query(iokmem_desc_get_fd(buffer), &info));
		EXPECT_EQ(direction, info.options & IOKMEM_DIRECTION_MASK);
		iokmem_desc_put(buffer);
	}
}

TEST_F(library, buffer_options_other_than_direction_are_bad_arguments)
{
	struct state before = look(self->fd);
	struct iokmem_desc *buffer;
	int bit;

	for (bit = 2; bit < 64; bit++) {
		buffer = self->buffer;
		EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
			     iokmem_buffer_create(1ull << bit, PAGE, 0, &buffer));
		EXPECT_EQ(NULL, buffer);
	}
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_buffer_create(0, PAGE, 0, NULL));
	/* Options are looked at first. */
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP, iokmem_buffer_create(4, 0, 0, &buffer));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(library, buffer_that_cannot_be_had_is_no_memory)
{
	struct state before = look(self->fd);
	struct iokmem_desc *buffer = self->buffer;

	EXPECT_FAILS(NO_MEMORY, EINVAL, iokmem_buffer_create(0, 0, 0, &buffer));
	EXPECT_EQ(NULL, buffer);
	EXPECT_FAILS(NO_MEMORY, EINVAL, iokmem_buffer_create(0, PAGE, 3, &buffer));
	EXPECT_FAILS(NO_MEMORY, ENOMEM,
		     iokmem_buffer_create(0, (1ull << 46) + 1, 0, &buffer));
	EXPECT_FAILS(NO_MEMORY, EOVERFLOW,
		     iokmem_buffer_create(0, UINT64_MAX, 0, &buffer));
	EXPECT_FAILS(NO_MEMORY, ERANGE,
		     iokmem_buffer_create(0, PAGE, 1ull << 63, &buffer));
	EXPECT_UNCHANGED(before, self->fd);
}

static int create_without_device(void *arg)
{
	struct iokmem_desc *buffer, *multi, *members[] = { arg };

	CHILD_EXPECT(!chroot("/proc/sys"));
	CHILD_EXPECT(iokmem_buffer_create(0, PAGE, 0, &buffer) ==
		     IOKMEM_RETURN_NO_DEVICE && errno == ENOENT && !buffer);
	CHILD_EXPECT(iokmem_desc_create_with_memory_descriptors(0, 1, members, &multi) ==
		     IOKMEM_RETURN_NO_DEVICE && errno == ENOENT && !multi);
	return 0;
}

TEST_F(library, missing_device_is_no_device)
{
	EXPECT_EQ(0, run_child(create_without_device, self->buffer));
}

static int create_without_fds(void *arg)
{
	struct iokmem_desc *desc, *members[] = { arg };
	int fds = nr_fds();

	limit_fds(0);
	CHILD_EXPECT(iokmem_buffer_create(0, PAGE, 0, &desc) ==
		     IOKMEM_RETURN_NO_DEVICE && errno == EMFILE);
	CHILD_EXPECT(iokmem_desc_create_sub_memory_descriptor(0, 0, PAGE, arg, &desc) ==
		     IOKMEM_RETURN_NO_MEMORY && errno == EMFILE && !desc);
	limit_fds(1);
	CHILD_EXPECT(iokmem_buffer_create(0, PAGE, 0, &desc) ==
		     IOKMEM_RETURN_NO_MEMORY && errno == EMFILE && !desc);
	CHILD_EXPECT(iokmem_desc_create_with_memory_descriptors(0, 1, members, &desc) ==
		     IOKMEM_RETURN_NO_MEMORY && errno == EMFILE && !desc);
	limit_fds(100);
	CHILD_EXPECT(nr_fds() == fds);
	return 0;
}

TEST_F(library, no_room_for_file_descriptors_leaves_none_behind)
{
	NOT_FOR_VALGRIND;
	EXPECT_EQ(0, run_child(create_without_fds, self->buffer));
}

TEST_F(library, alignment_is_kept_where_the_whole_is_mapped)
{
	struct iokmem_desc *buffer;
	struct iokmem_map *map;

	ASSERT_OK(iokmem_buffer_create(0, PAGE, 64 * KIB, &buffer));
	map = make_map(buffer, 0, 0, 0);
	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, iokmem_map_get_address(map) % (64 * KIB));
	iokmem_map_put(map);
	iokmem_desc_put(buffer);
}

TEST_F(library, length_can_be_changed_up_to_the_capacity)
{
	struct iokmem_map *map = make_map(self->buffer, 0, 0, 0), *shorter;
	uint64_t length;

	ASSERT_NE(NULL, map);
	EXPECT_OK(iokmem_buffer_set_length(self->buffer, 5000));
	EXPECT_OK(iokmem_desc_get_length(self->buffer, &length));
	EXPECT_EQ(5000, length);
	EXPECT_EQ(BUFFER_SIZE, iokmem_map_get_length(map));
	shorter = make_map(self->buffer, 0, 0, 0);
	ASSERT_NE(NULL, shorter);
	EXPECT_EQ(5000, iokmem_map_get_length(shorter));

	EXPECT_OK(iokmem_buffer_set_length(self->buffer, 0));
	EXPECT_OK(iokmem_buffer_set_length(self->buffer, BUFFER_SIZE));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_buffer_set_length(self->buffer, BUFFER_SIZE + 1));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_buffer_set_length(NULL, 1));
	EXPECT_OK(iokmem_desc_get_length(self->buffer, &length));
	EXPECT_EQ(BUFFER_SIZE, length);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_get_length(self->buffer, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_get_length(NULL, &length));
	EXPECT_EQ(0, length);
	iokmem_map_put(shorter);
	iokmem_map_put(map);
}

/* The maker's own mapping, and others without an object. */

TEST_F(library, address_range_is_one_mapping_for_as_long_as_the_buffer_is_there)
{
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	struct iokmem_address_segment range, again;
	int i, fd;

	ASSERT_NE(NULL, buffer);
	fd = iokmem_desc_get_fd(buffer);
	EXPECT_EQ(0, nr_maps(fd));
	ASSERT_OK(iokmem_buffer_get_address_range(buffer, &range));
	is_mapped(range.address, range.length);
	EXPECT_EQ(BUFFER_SIZE, range.length);
	EXPECT_EQ(0, signal_at(range.address + BUFFER_SIZE - 1, true));
	EXPECT_EQ(SIGSEGV, signal_at(range.address - 1, false));
	EXPECT_EQ(SIGSEGV, signal_at(range.address + WHOLE_PAGES, false));
	for (i = 0; i < 10; i++) {
		ASSERT_OK(iokmem_buffer_get_address_range(buffer, &again));
		EXPECT_EQ(range.address, again.address);
	}
	EXPECT_EQ(1, references(fd, (char *)(uintptr_t)range.address, BUFFER_SIZE));
	EXPECT_EQ(1, nr_maps(fd));
	EXPECT_EQ(1, iokmem_desc_get_retain_count(buffer));
	iokmem_desc_put(buffer);
	EXPECT_EQ(SIGSEGV, signal_at(range.address, false));
}

TEST_F(library, address_range_follows_the_length)
{
	struct iokmem_address_segment whole, part, grown;
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	char *address;
	int i;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_buffer_set_length(buffer, 10));
	ASSERT_OK(iokmem_buffer_get_address_range(buffer, &part));
	EXPECT_EQ(10, part.length);
	ASSERT_OK(iokmem_buffer_set_length(buffer, BUFFER_SIZE));
	ASSERT_OK(iokmem_buffer_get_address_range(buffer, &whole));
	is_mapped(part.address, part.length);
	is_mapped(whole.address, whole.length);
	EXPECT_EQ(BUFFER_SIZE, whole.length);

	/* The former address is good still. */
	address = (char *)(uintptr_t)part.address;
	address[9] = 'p';
	EXPECT_EQ('p', ((char *)(uintptr_t)whole.address)[9]);
	EXPECT_EQ(0, signal_at(whole.address + BUFFER_SIZE - 1, true));

	/* From now on it stays, and no more mappings are made. */
	for (i = 0; i < 10; i++) {
		ASSERT_OK(iokmem_buffer_set_length(buffer, BUFFER_SIZE - 100 * i));
		ASSERT_OK(iokmem_buffer_get_address_range(buffer, &grown));
		EXPECT_EQ(BUFFER_SIZE - 100 * i, grown.length);
		EXPECT_EQ(whole.address, grown.address);
	}
	EXPECT_EQ(2, nr_maps(iokmem_desc_get_fd(buffer)));

	ASSERT_OK(iokmem_buffer_set_length(buffer, 0));
	EXPECT_FAILS(ERROR, ERANGE, iokmem_buffer_get_address_range(buffer, &grown));
	EXPECT_EQ(0, grown.address);
	EXPECT_EQ(0, grown.length);
	iokmem_desc_put(buffer);
}

TEST_F(library, address_range_of_nothing_is_a_bad_argument)
{
	struct iokmem_address_segment range;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_buffer_get_address_range(NULL, &range));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_buffer_get_address_range(self->buffer, NULL));
}

TEST_F(library, map_without_an_object_lives_as_long_as_the_descriptor)
{
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	uint64_t address, again, large, length;
	struct iokmem_map *map;
	int fd;

	ASSERT_NE(NULL, buffer);
	fd = iokmem_desc_get_fd(buffer);
	ASSERT_OK(iokmem_desc_map(buffer, 0, 0, 0, 0, &address, &length));
	is_mapped(address, length);
	EXPECT_EQ(BUFFER_SIZE, length);
	ASSERT_OK(iokmem_desc_map(buffer, 0, 0, 100, 0, &again, &length));
	EXPECT_EQ(address, again);
	EXPECT_EQ(100, length);
	EXPECT_EQ(1, nr_maps(fd));
	/* Other options are another mapping. */
	ASSERT_OK(iokmem_desc_map(buffer, IOKMEM_MEMORY_MAP_GUARDED_LARGE, 0, 0, 0,
				  &large, &length));
	EXPECT_NE(address, large);
	EXPECT_EQ(2, nr_maps(fd));

	/* The last reference is a map's. */
	map = make_map(buffer, 0, 0, 0);
	ASSERT_NE(NULL, map);
	iokmem_desc_put(buffer);
	EXPECT_EQ(0, signal_at(large, true));
	iokmem_map_put(map);
	EXPECT_EQ(SIGSEGV, signal_at(address, false));
	EXPECT_EQ(SIGSEGV, signal_at(large, false));
}

TEST_F(library, map_without_an_object_at_a_fixed_address)
{
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	uint64_t options = IOKMEM_MEMORY_MAP_FIXED_ADDRESS;
	uint64_t hole = (uintptr_t)find_hole(2 * WHOLE_PAGES, PAGE);
	uint64_t address, length;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_desc_map(buffer, options, hole, 0, 0, &address, &length));
	EXPECT_EQ(hole, address);
	ASSERT_OK(iokmem_desc_map(buffer, options, hole, 0, 0, &address, &length));
	EXPECT_EQ(hole, address);
	EXPECT_EQ(1, nr_maps(iokmem_desc_get_fd(buffer)));
	ASSERT_OK(iokmem_desc_map(buffer, options, hole + WHOLE_PAGES, 0, 0, &address,
				  &length));
	EXPECT_EQ(hole + WHOLE_PAGES, address);
	EXPECT_FAILS(ERROR, EADDRNOTAVAIL,
		     iokmem_desc_map(buffer, options, 0, 0, 0, &address, &length));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_map(buffer, 0, hole, 0, 0, &address, &length));
	iokmem_desc_put(buffer);
	EXPECT_EQ(SIGSEGV, signal_at(hole, false));
}

TEST_F(library, map_without_an_object_refuses_what_create_mapping_does)
{
	struct iokmem_desc *buffer = self->buffer;
	struct state before = look(self->fd);
	uint64_t address = 1, length = 1;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_map(NULL, 0, 0, 0, 0, &address, &length));
	EXPECT_EQ(0, address);
	EXPECT_EQ(0, length);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_map(buffer, 0, 0, 0, 0, NULL, &length));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_map(buffer, 0, 0, 0, 0, &address, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_map(buffer, 0, 0, 0, PAGE, &address, &length));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_map(buffer, 0x20, 0, 0, 0, &address, &length));
	EXPECT_FAILS(ERROR, ERANGE,
		     iokmem_desc_map(buffer, 0, 0, BUFFER_SIZE + 1, 0, &address, &length));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(library, map_without_an_object_knows_when_the_buffer_has_become_shorter)
{
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	uint64_t address, length;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_desc_map(buffer, 0, 0, 0, 0, &address, &length));
	ASSERT_OK(iokmem_buffer_set_length(buffer, PAGE));
	EXPECT_FAILS(ERROR, ERANGE,
		     iokmem_desc_map(buffer, 0, 0, PAGE + 1, 0, &address, &length));
	ASSERT_OK(iokmem_desc_map(buffer, 0, 0, 0, 0, &address, &length));
	EXPECT_EQ(PAGE, length);
	iokmem_desc_put(buffer);
}

/* The options of maps, and what they are for the kernel. */

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
	/* Where the neighbours are in use, so that no guard has room. */
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
		/* One of the modes, or nothing at all. */
		if (bit >= 8 && bit <= 11)
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

/* References, and what is shared. */

TEST_F(library, map_is_born_with_one_reference_and_counts)
{
	struct iokmem_map *map = make_map(self->buffer, 0, PAGE + 5, 100);

	ASSERT_NE(NULL, map);
	EXPECT_EQ(1, iokmem_map_get_retain_count(map));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(self->buffer));
	EXPECT_EQ(map, iokmem_map_get(map));
	EXPECT_EQ(2, iokmem_map_get_retain_count(map));
	/* The kernel and the descriptor need not know. */
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

/* Sub-descriptors and several descriptors as one. */

TEST_F(library, sub_descriptor_is_a_window_that_shares)
{
	struct iokmem_map *whole = make_map(self->buffer, 0, 0, 0), *window;
	struct iokmem_desc *sub;
	uint64_t length;

	ASSERT_NE(NULL, whole);
	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(IOKMEM_MEMORY_DIRECTION_INOUT,
							   2 * PAGE, 3 * PAGE,
							   self->buffer, &sub));
	EXPECT_OK(iokmem_desc_get_length(sub, &length));
	EXPECT_EQ(3 * PAGE, length);
	window = make_map(sub, 0, PAGE, PAGE);
	ASSERT_NE(NULL, window);
	EXPECT_EQ(bytes_of(whole) + 3 * PAGE, bytes_of(window));
	EXPECT_EQ(PAGE, iokmem_map_get_offset(window));
	EXPECT_TRUE(is_close_on_exec(sub));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP, iokmem_buffer_set_length(sub, 1));

	/* Neither the buffer nor its map are needed for it. */
	iokmem_map_put(whole);
	EXPECT_EQ(0, map_signal(window, true));
	iokmem_map_put(window);
	iokmem_desc_put(sub);
}

TEST_F(library, sub_descriptor_of_nonsense_is_a_bad_argument)
{
	struct state before = look(self->fd);
	struct iokmem_desc *sub = self->buffer;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_sub_memory_descriptor(0, 0, 1, NULL, &sub));
	EXPECT_EQ(NULL, sub);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_sub_memory_descriptor(0, 0, 1, self->buffer, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_create_sub_memory_descriptor(4, 0, 1, self->buffer, &sub));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_create_sub_memory_descriptor(1ull << 32, 0, 1,
							      self->buffer, &sub));
	EXPECT_FAILS(BAD_ARGUMENT, EOVERFLOW,
		     iokmem_desc_create_sub_memory_descriptor(0, UINT64_MAX, 1,
							      self->buffer, &sub));
	EXPECT_FAILS(BAD_ARGUMENT, ERANGE,
		     iokmem_desc_create_sub_memory_descriptor(0, 1, BUFFER_SIZE,
							      self->buffer, &sub));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(library, empty_sub_descriptor_cannot_be_mapped)
{
	struct iokmem_desc *sub;
	struct iokmem_map *map;

	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(0, PAGE, 0, self->buffer, &sub));
	EXPECT_FAILS(ERROR, ERANGE,
		     iokmem_desc_create_mapping(sub, 0, 0, 0, 0, 0, &map));
	iokmem_desc_put(sub);
}

TEST_F(library, dma_buf_is_of_the_same_memory)
{
	struct iokmem_map *map = make_map(self->buffer, 0, 0, 0), *again;
	struct iokmem_desc *same;
	uint64_t length;
	int fd = 5;
	char *bytes;

	ASSERT_NE(NULL, map);
	ASSERT_OK(iokmem_desc_get_dma_buf(self->buffer, 0, &fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(WHOLE_PAGES, lseek(fd, 0, SEEK_END));
	bytes = mmap(NULL, WHOLE_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	bytes[PAGE] = 'd';
	EXPECT_EQ('d', bytes_of(map)[PAGE]);
	ASSERT_EQ(0, munmap(bytes, WHOLE_PAGES));

	ASSERT_OK(iokmem_desc_create_with_dma_buf(IOKMEM_MEMORY_DIRECTION_INOUT, fd, &same));
	EXPECT_TRUE(is_close_on_exec(same));
	EXPECT_OK(iokmem_desc_get_length(same, &length));
	EXPECT_EQ(BUFFER_SIZE, length);
	again = make_map(same, 0, 0, 0);
	ASSERT_NE(NULL, again);
	EXPECT_EQ(bytes_of(map), bytes_of(again));
	close(fd);
	iokmem_map_put(map);
	EXPECT_EQ('d', bytes_of(again)[PAGE]);
	iokmem_map_put(again);
	iokmem_desc_put(same);
}

TEST_F(library, dma_buf_that_is_read_only_gives_no_more)
{
	struct iokmem_desc *same;
	struct iokmem_map *map;
	int fd;

	ASSERT_OK(iokmem_desc_get_dma_buf(self->buffer, IOKMEM_DMA_BUF_READ_ONLY, &fd));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_FAILS(BAD_ARGUMENT, EACCES,
		     iokmem_desc_create_with_dma_buf(IOKMEM_MEMORY_DIRECTION_INOUT, fd,
						     &same));
	EXPECT_EQ(NULL, same);
	ASSERT_OK(iokmem_desc_create_with_dma_buf(IOKMEM_MEMORY_DIRECTION_OUT, fd, &same));
	map = make_map(same, 0, 0, 0);
	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, map_signal(map, false));
	EXPECT_EQ(SIGSEGV, map_signal(map, true));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_buffer_set_length(same, 1));
	iokmem_map_put(map);
	iokmem_desc_put(same);
	close(fd);
}

TEST_F(library, dma_buf_of_nonsense_is_refused)
{
	struct state before = look(self->fd);
	struct iokmem_desc *desc = self->buffer, *part;
	int fd = 5;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_get_dma_buf(NULL, 0, &fd));
	EXPECT_EQ(-1, fd);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_get_dma_buf(self->buffer, 0, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_get_dma_buf(self->buffer, 2, &fd));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_get_dma_buf(self->buffer, 1ull << 32, &fd));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_create_with_dma_buf(0, 0, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EBADF, iokmem_desc_create_with_dma_buf(0, -1, &desc));
	EXPECT_EQ(NULL, desc);
	EXPECT_FAILS(BAD_ARGUMENT, EBADF,
		     iokmem_desc_create_with_dma_buf(0, self->fd, &desc));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_create_with_dma_buf(4, self->fd, &desc));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_create_with_dma_buf(1ull << 32, self->fd, &desc));
	EXPECT_UNCHANGED(before, self->fd);

	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(0, 0, 100, self->buffer, &part));
	EXPECT_FAILS(UNSUPPORTED, EACCES, iokmem_desc_get_dma_buf(part, 0, &fd));
	iokmem_desc_put(part);
}

TEST_F(library, several_descriptors_are_one_after_the_other)
{
	struct iokmem_desc *other = make_buffer(0, 2 * PAGE), *all, *pages, *members[3];
	struct iokmem_map *a, *b, *map;
	uint64_t length;

	ASSERT_NE(NULL, other);
	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(0, PAGE, PAGE, self->buffer,
							   &pages));
	members[0] = other;
	members[1] = pages;
	members[2] = other;
	ASSERT_OK(iokmem_desc_create_with_memory_descriptors(0, 3, members, &all));
	EXPECT_OK(iokmem_desc_get_length(all, &length));
	EXPECT_EQ(5 * PAGE, length);
	EXPECT_TRUE(is_close_on_exec(all));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP, iokmem_buffer_set_length(all, 1));

	a = make_map(other, 0, 0, 0);
	b = make_map(self->buffer, 0, 0, 0);
	map = make_map(all, IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, 0);
	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	ASSERT_NE(NULL, map);
	bytes_of(a)[PAGE] = 'a';
	bytes_of(b)[PAGE] = 'b';
	EXPECT_EQ('a', bytes_of(map)[PAGE]);
	EXPECT_EQ('b', bytes_of(map)[2 * PAGE]);
	EXPECT_EQ('a', bytes_of(map)[4 * PAGE]);
	iokmem_map_put(a);
	iokmem_map_put(b);
	iokmem_desc_put(pages);
	iokmem_desc_put(other);
	EXPECT_EQ('a', bytes_of(map)[PAGE]);
	iokmem_map_put(map);
	iokmem_desc_put(all);
}

TEST_F(library, several_descriptors_of_nonsense_are_a_bad_argument)
{
	struct iokmem_desc *members[IOKMEM_MEMORY_DESCRIPTORS_MAX + 1], *all = self->buffer;
	struct state before = look(self->fd);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		members[i] = self->buffer;
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_with_memory_descriptors(0, 1, NULL, &all));
	EXPECT_EQ(NULL, all);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_with_memory_descriptors(0, 1, members, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_with_memory_descriptors(0, 0, members, &all));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_create_with_memory_descriptors(4, 1, members, &all));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_with_memory_descriptors(0, i, members, &all));
	members[2] = NULL;
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_create_with_memory_descriptors(0, 3, members, &all));
	EXPECT_UNCHANGED(before, self->fd);
	/* As many as DriverKit has. */
	members[2] = self->buffer;
	ASSERT_OK(iokmem_desc_create_with_memory_descriptors(0, i - 1, members, &all));
	iokmem_desc_put(all);
}

/* Threads. */

static struct iokmem_desc *shared;
static struct iokmem_map *shared_map;

/* Maps that share, each with its own end. */
static void *map_and_put(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	do {
		uint64_t offset = random_below(racer, BUFFER_SIZE);
		uint64_t length = 1 + random_below(racer, BUFFER_SIZE - offset);
		struct iokmem_map *map;

		RACER_EXPECT(racer, !iokmem_desc_create_mapping(shared, 0, 0, offset, length,
								0, &map));
		if (!map)
			break;
		is_mapped(iokmem_map_get_address(map), length);
		touch(bytes_of(map) + length - 1, true);
		RACER_EXPECT(racer, iokmem_map_get_retain_count(map) == 1);
		iokmem_map_put(map);
		racer->done++;
	} while (!stop && !racer->wrong);
	return NULL;
}

TEST_F(library, threads_map_and_put)
{
	NOT_FOR_VALGRIND;
	shared = self->buffer;
	race(_metadata, self->fd, NR_THREADS, map_and_put);
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* One object, whose last reference is the main thread's. */
static void *get_and_put(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	do {
		RACER_EXPECT(racer, iokmem_map_get(shared_map) == shared_map);
		RACER_EXPECT(racer, iokmem_desc_get(shared) == shared);
		RACER_EXPECT(racer, iokmem_map_get_retain_count(shared_map) >= 2);
		RACER_EXPECT(racer, iokmem_desc_get_retain_count(shared) >= 3);
		iokmem_desc_put(shared);
		iokmem_map_put(shared_map);
		racer->done++;
	} while (!stop && !racer->wrong);
	return NULL;
}

TEST_F(library, threads_get_and_put)
{
	NOT_FOR_VALGRIND;
	shared = self->buffer;
	shared_map = make_map(shared, 0, 0, 0);
	ASSERT_NE(NULL, shared_map);
	race(_metadata, self->fd, NR_THREADS, get_and_put);
	EXPECT_EQ(1, iokmem_map_get_retain_count(shared_map));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(shared));
	iokmem_map_put(shared_map);
}

/* Whoever is last frees it: one reference each. */
static void *put_once(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	iokmem_map_put(shared_map);
	iokmem_desc_put(shared);
	racer->done++;
	return NULL;
}

TEST_F(library, threads_put_the_last_reference)
{
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int round, i;

	NOT_FOR_VALGRIND;
	for (round = 0; round < 20; round++) {
		shared = make_buffer(0, PAGE);
		shared_map = make_map(shared, 0, 0, 0);
		ASSERT_NE(NULL, shared_map);
		for (i = 1; i < NR_THREADS; i++) {
			iokmem_map_get(shared_map);
			iokmem_desc_get(shared);
		}
		start(_metadata, -1, racers, NR_THREADS, &barrier, put_once);
		finish(_metadata, racers, NR_THREADS);
		EXPECT_EQ(0, nr_iokmem_vmas());
	}
}

/* The first mapping of a buffer, by all at once. */
static void *get_range_once(void *arg)
{
	struct iokmem_address_segment range = { 0 };
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	RACER_EXPECT(racer, !iokmem_buffer_get_address_range(shared, &range));
	is_mapped(range.address, range.length);
	RACER_EXPECT(racer, range.length == PAGE);
	racer->address = (char *)(uintptr_t)range.address;
	racer->done++;
	return NULL;
}

TEST_F(library, threads_that_ask_for_the_range_at_once_get_the_same)
{
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int round, i;

	NOT_FOR_VALGRIND;
	for (round = 0; round < 20; round++) {
		shared = make_buffer(0, PAGE);
		ASSERT_NE(NULL, shared);
		start(_metadata, -1, racers, NR_THREADS, &barrier, get_range_once);
		finish(_metadata, racers, NR_THREADS);
		for (i = 1; i < NR_THREADS; i++)
			EXPECT_EQ(racers[0].address, racers[i].address);
		EXPECT_EQ(1, nr_iokmem_vmas());
		iokmem_desc_put(shared);
		EXPECT_EQ(0, nr_iokmem_vmas());
	}
}

/* When the kernel has no memory, at each place in turn where it needs some. */

FIXTURE(failing)
{
	int fds;
	int control;	/* fail-nth of this thread */
};

FIXTURE_SETUP(failing)
{
	self->fds = nr_fds();
	self->control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->control < 0)
		SKIP(return, "no fault injection");
}

FIXTURE_TEARDOWN(failing)
{
	if (self->control >= 0)
		close(self->control);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
}

static void fail_nth(int control, int n)
{
	char text[16];

	pwrite(control, text, snprintf(text, sizeof(text), "%d", n), 0);
}

/* Was there an nth place? Stops the failing. */
static bool has_failed(int control)
{
	char left[16] = "";
	bool failed = pread(control, left, sizeof(left) - 1, 0) > 0 && atoi(left) == 0;

	fail_nth(control, 0);
	return failed;
}

struct things {
	struct iokmem_desc *buffer, *sub, *all, *sent;
	struct iokmem_map *map;
};

/* All calls that make something, until one fails. */
static int32_t make_things(struct things *made, int socks[2])
{
	uint64_t address, length;
	int32_t ret;

	ret = iokmem_buffer_create(0, 3 * PAGE, 0, &made->buffer);
	if (!ret)
		ret = iokmem_desc_create_sub_memory_descriptor(0, 0, PAGE, made->buffer,
							       &made->sub);
	if (!ret)
		ret = iokmem_desc_create_with_memory_descriptors(0, 1, &made->sub,
								 &made->all);
	if (!ret)
		ret = iokmem_desc_map(made->buffer, 0, 0, 0, 0, &address, &length);
	if (!ret)
		ret = iokmem_desc_create_mapping(made->all, 0, 0, 0, 0, 0, &made->map);
	if (!ret)
		ret = iokmem_desc_send(made->buffer, socks[0], IOKMEM_SEND_READ_ONLY);
	if (!ret)
		ret = iokmem_desc_receive(socks[1], &made->sent);
	return ret;
}

static void put_things(struct things *made)
{
	iokmem_map_put(made->map);
	iokmem_desc_put(made->sent);
	iokmem_desc_put(made->all);
	iokmem_desc_put(made->sub);
	iokmem_desc_put(made->buffer);
}

TEST_F_TIMEOUT(failing, nothing_is_left_wherever_it_fails, 120)
{
	int socks[2], n, failures = 0;
	struct things made;
	struct state before;
	bool again = true;
	int32_t ret;

	for (n = 1; again; n++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks));
		before = look(-1);
		made = (struct things){ 0 };
		fail_nth(self->control, n);
		ret = make_things(&made, socks);
		again = has_failed(self->control);
		put_things(&made);
		failures += ret != IOKMEM_RETURN_SUCCESS;
		if (!again)
			EXPECT_EQ(IOKMEM_RETURN_SUCCESS, ret);
		EXPECT_EQ(before.fds, nr_fds());
		EXPECT_EQ(0, nr_iokmem_vmas());
		/* What could be sent and not received goes with the socket. */
		close(socks[0]);
		close(socks[1]);
		EXPECT_TRUE(EVENTUALLY(nr_descriptors() == before.descriptors));
		ASSERT_GT(2000, n);
	}
	EXPECT_LT(20, failures);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
