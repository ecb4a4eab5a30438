// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem in a 32-bit program, where its numbers have 64 bits as well, as those of DriverKit
 * and of the kernel do.
 */
#include "iokmem_utils.h"

#include <assert.h>
#include <sys/socket.h>

#include <libiokmem.h>

/* The Makefile builds this with -m32. */
static_assert(sizeof(void *) == 4);
static_assert(sizeof(struct iokmem_address_segment) == 16);

#define BUFFER_SIZE	(16 * PAGE)

FIXTURE(library32)
{
	struct iokmem_desc *buffer;
	int fd;
};

FIXTURE_SETUP(library32)
{
	ASSERT_EQ(0, iokmem_buffer_create(IOKMEM_MEMORY_DIRECTION_OUT, BUFFER_SIZE, 0,
					  &self->buffer));
	self->fd = iokmem_desc_get_fd(self->buffer);
}

FIXTURE_TEARDOWN(library32)
{
	iokmem_desc_put(self->buffer);
	EXPECT_EQ(0, nr_iokmem_vmas());
}

TEST_F(library32, maps_lie_where_the_program_can_reach_them)
{
	struct iokmem_address_segment range;
	struct iokmem_map *map;
	char *bytes;

	ASSERT_EQ(0, iokmem_buffer_get_address_range(self->buffer, &range));
	EXPECT_EQ(BUFFER_SIZE, range.length);
	ASSERT_EQ(0, iokmem_desc_create_mapping(self->buffer,
						IOKMEM_MEMORY_MAP_GUARDED_LARGE, 0, 0, 0, 0,
						&map));
	EXPECT_GT(1ull << 32, range.address + BUFFER_SIZE);
	EXPECT_GT(1ull << 32, iokmem_map_get_address(map) + BUFFER_SIZE + 64 * KIB);
	bytes = (char *)(uintptr_t)range.address;
	number_pages(bytes, BUFFER_SIZE);
	bytes = (char *)(uintptr_t)iokmem_map_get_address(map);
	EXPECT_TRUE(pages_are_numbered(bytes, BUFFER_SIZE, 0));
	EXPECT_EQ(SIGSEGV, probe(bytes - 1, false));
	EXPECT_EQ(SIGSEGV, probe(bytes + BUFFER_SIZE, false));
	iokmem_map_put(map);
}

TEST_F(library32, numbers_are_not_cut_to_32_bits)
{
	const uint64_t too_much = 1ull << 32;
	struct state before = look(self->fd);
	struct iokmem_desc *desc;
	struct iokmem_map *map;

	EXPECT_EQ(IOKMEM_RETURN_BAD_ARGUMENT,
		  iokmem_buffer_create(too_much, PAGE, 0, &desc));
	EXPECT_EQ(IOKMEM_RETURN_NO_MEMORY,
		  iokmem_buffer_create(0, (1ull << 46) + PAGE, 0, &desc));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(IOKMEM_RETURN_BAD_ARGUMENT,
		  iokmem_buffer_set_length(self->buffer, too_much + 1));
	EXPECT_EQ(IOKMEM_RETURN_BAD_ARGUMENT,
		  iokmem_desc_create_sub_memory_descriptor(0, too_much, 1, self->buffer,
							   &desc));
	EXPECT_EQ(IOKMEM_RETURN_BAD_ARGUMENT,
		  iokmem_desc_create_mapping(self->buffer, too_much, 0, 0, 0, 0, &map));
	EXPECT_EQ(IOKMEM_RETURN_BAD_ARGUMENT,
		  iokmem_desc_create_mapping(self->buffer, 0, 0, 0, 0, too_much, &map));
	EXPECT_EQ(IOKMEM_RETURN_ERROR,
		  iokmem_desc_create_mapping(self->buffer, 0, 0, too_much, 1, 0, &map));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(IOKMEM_RETURN_ERROR,
		  iokmem_desc_create_mapping(self->buffer, 0, 0, 0, too_much + 1, 0, &map));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(IOKMEM_RETURN_ERROR,
		  iokmem_desc_create_mapping(self->buffer, IOKMEM_MEMORY_MAP_FIXED_ADDRESS,
					     too_much + 16 * MIB, 0, 0, 0, &map));
	EXPECT_EQ(EADDRNOTAVAIL, errno);
	EXPECT_UNCHANGED(before, self->fd);
}

static int receive_and_map(void *arg)
{
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	char *bytes;

	CHILD_EXPECT(!iokmem_desc_receive(*(int *)arg, &desc));
	CHILD_EXPECT(!iokmem_desc_create_mapping(desc, 0, 0, 0, 0, 0, &map));
	bytes = (char *)(uintptr_t)iokmem_map_get_address(map);
	CHILD_EXPECT(pages_are_numbered(bytes, BUFFER_SIZE, 0));
	/* The direction is Out, and another process has created it. */
	CHILD_EXPECT(probe(bytes, true) == SIGSEGV);
	iokmem_map_put(map);
	iokmem_desc_put(desc);
	return 0;
}

TEST_F(library32, another_process_receives_the_same_memory)
{
	struct iokmem_address_segment range;
	int socks[2];
	pid_t peer;

	ASSERT_EQ(0, iokmem_buffer_get_address_range(self->buffer, &range));
	number_pages((char *)(uintptr_t)range.address, BUFFER_SIZE);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	peer = spawn(receive_and_map, &socks[1]);
	EXPECT_EQ(0, iokmem_desc_send(self->buffer, socks[0], 0));
	EXPECT_EQ(0, join(peer));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
