// SPDX-License-Identifier: GPL-2.0-only
/*
 * DriverKit's classes in C++: the cases of library_driverkit.cc. The fixture checks that each
 * leaves no file descriptor, mapping or memory behind.
 */
#include "library_fixture.h"
#include "library_driverkit.h"

void tell_mapped(uint64_t address, uint64_t length)
{
	is_mapped(address, length);
}

int signal_of(uint64_t address, bool write)
{
	return signal_at(address, write);
}

/* A driver's ring, of which the client gets a descriptor that it can only read. */
TEST_F(library, cpp_driver_shares_its_ring)
{
	struct iokmem_desc *received;
	struct iokmem_map *map;
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	ASSERT_EQ(0, driverkit_ring(sockets[0]));
	ASSERT_OK(iokmem_desc_receive(sockets[1], &received));
	close(sockets[0]);
	close(sockets[1]);
	EXPECT_FAILS(ERROR, EACCES, iokmem_desc_create_mapping(received, 0, 0, 0, 0, 0, &map));
	map = make_map(received, IOKMEM_MEMORY_MAP_READ_ONLY, 0, 0);
	ASSERT_NE(NULL, map);
	EXPECT_EQ('r', bytes_of(map)[0]);
	iokmem_map_put(map);
	iokmem_desc_put(received);
}

TEST_F(library, cpp_buffer_is_created_and_mapped)
{
	EXPECT_EQ(0, driverkit_creates_and_maps());
}

TEST_F(library, cpp_buffer_has_one_address_range)
{
	EXPECT_EQ(0, driverkit_has_one_address_range());
}

TEST_F(library, cpp_descriptors_are_made_of_others)
{
	EXPECT_EQ(0, driverkit_describes_parts());
}

TEST_F(library, cpp_fails_as_the_library_does)
{
	EXPECT_EQ(0, driverkit_fails_as_the_library());
}

TEST_F(library, cpp_shared_pointers_hold_one_reference)
{
	EXPECT_EQ(0, driverkit_shared_pointers());
}

TEST_HARNESS_MAIN
