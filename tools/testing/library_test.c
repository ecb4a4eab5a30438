// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem: DriverKit's calls, checks and return codes over /dev/iokmem. Other tests prove
 * that the kernel shares, protects and cleans up. Those of the library prove that it makes
 * the right requests, and that its objects count their references. Here: buffers, addresses
 * without a map object, and descriptors made from others.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_fixture.h"

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
	/* Options are checked first. */
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP, iokmem_buffer_create(4, 0, 0, &buffer));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(library, buffer_that_cannot_be_had_is_no_memory)
{
	struct state before = look(self->fd);
	struct iokmem_desc *buffer = self->buffer;

	EXPECT_FAILS(NO_MEMORY, EINVAL, iokmem_buffer_create(0, 0, 0, &buffer));
	EXPECT_EQ(NULL, buffer);
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

TEST_F(library, buffer_can_be_revoked)
{
	struct iokmem_map *map = make_map(self->buffer, IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, 0);
	struct iokmem_desc *sub;
	char *address;

	ASSERT_NE(NULL, map);
	address = (char *)(uintptr_t)iokmem_map_get_address(map);
	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(IOKMEM_MEMORY_DIRECTION_INOUT, 0, 1,
							   self->buffer, &sub));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_revoke(NULL));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_desc_revoke(sub));
	EXPECT_OK(iokmem_desc_revoke(self->buffer));
	EXPECT_OK(iokmem_desc_revoke(self->buffer));
	EXPECT_EQ(NULL, make_map(self->buffer, 0, 0, 0));
	EXPECT_FALSE(can_read(address));
	iokmem_desc_put(sub);
	iokmem_map_put(map);
	/* The addresses stay reserved until the program unmaps them. */
	EXPECT_EQ(0, munmap(address, BUFFER_SIZE));
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

/* Addresses without a map object: that of the creator, and others. */

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

	/* The former address is still valid. */
	address = (char *)(uintptr_t)part.address;
	address[9] = 'p';
	EXPECT_EQ('p', ((char *)(uintptr_t)whole.address)[9]);
	EXPECT_EQ(0, signal_at(whole.address + BUFFER_SIZE - 1, true));

	/* The address stays from now on, and no further mappings are created. */
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
	/* A request with other options gets another mapping. */
	ASSERT_OK(iokmem_desc_map(buffer, IOKMEM_MEMORY_MAP_GUARDED_LARGE, 0, 0, 0,
				  &large, &length));
	EXPECT_NE(address, large);
	EXPECT_EQ(2, nr_maps(fd));

	/* The map holds the last reference to the descriptor. */
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
	/* From the start of the buffer on, as in the kernel. */
	EXPECT_EQ(3 * PAGE, iokmem_map_get_offset(window));
	EXPECT_TRUE(is_close_on_exec(sub));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP, iokmem_buffer_set_length(sub, 1));

	/* The window needs neither the buffer nor its map. */
	iokmem_map_put(whole);
	EXPECT_EQ(0, map_signal(window, true));
	iokmem_map_put(window);
	iokmem_desc_put(sub);
}

TEST_F(library, offset_of_a_map_is_in_the_first_parent)
{
	struct iokmem_desc *sub, *inner;
	struct iokmem_map *map;

	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(0, PAGE + 10, 3 * PAGE,
							   self->buffer, &sub));
	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(0, PAGE, 2 * PAGE - 10, sub, &inner));
	map = make_map(inner, 0, PAGE - 10, 10);
	ASSERT_NE(NULL, map);
	EXPECT_EQ(3 * PAGE, iokmem_map_get_offset(map));
	iokmem_map_put(map);
	iokmem_desc_put(inner);
	iokmem_desc_put(sub);
}

TEST_F(library, alignment_is_rounded_up_to_a_power_of_two)
{
	struct iokmem_query_buffer arg;
	struct iokmem_desc *buffer;

	ASSERT_OK(iokmem_buffer_create(0, 100, 48, &buffer));
	ASSERT_EQ(0, query(iokmem_desc_get_fd(buffer), &arg));
	EXPECT_EQ(64, arg.alignment);
	iokmem_desc_put(buffer);
	EXPECT_FAILS(NO_MEMORY, EINVAL, iokmem_buffer_create(0, 100, (1ull << 63) + 1, &buffer));
	EXPECT_EQ(NULL, buffer);
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
	/* The largest number of descriptors that DriverKit allows. */
	members[2] = self->buffer;
	ASSERT_OK(iokmem_desc_create_with_memory_descriptors(0, i - 1, members, &all));
	iokmem_desc_put(all);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
