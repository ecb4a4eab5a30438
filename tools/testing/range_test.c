// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver prepares memory that a program has already. The driver gets no more than the program
 * itself may do with the memory.
 */
#include "driver_utils.h"

#define SIZE	(4 * PAGE)
#define IN	IOKMEM_DIRECTION_IN
#define OUT	IOKMEM_DIRECTION_OUT

FIXTURE(range)
{
	int driver;
	char *memory;
};

FIXTURE_VARIANT(range)
{
	int flags;
	bool touched;
};

FIXTURE_VARIANT_ADD(range, private)
{
	.flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(range, private_touched)
{
	.flags = MAP_PRIVATE,
	.touched = true,
};

FIXTURE_VARIANT_ADD(range, shared)
{
	.flags = MAP_SHARED,
};

FIXTURE_SETUP(range)
{
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | variant->flags,
			    -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->memory);
	if (variant->touched)
		memset(self->memory, 1, SIZE);
}

FIXTURE_TEARDOWN(range)
{
	close(self->driver);
	munmap(self->memory, SIZE);
}

TEST_F(range, can_be_prepared_as_it_may_be_touched)
{
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE, OUT));

	ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_READ));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, IN));
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE, OUT));

	ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_NONE));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, IN));
	EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, OUT));
}

TEST_F(range, with_a_page_that_may_not_be_touched_is_not_prepared)
{
	int i;

	for (i = 0; i < SIZE / PAGE; i++) {
		ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_READ));
		ASSERT_EQ(0, mprotect(self->memory + i * PAGE, PAGE, PROT_NONE));
		EXPECT_EQ(-EACCES, driver_prepare(self->driver, self->memory, SIZE, OUT));
	}
	/* The pages before the last one. */
	EXPECT_EQ(0, driver_prepare(self->driver, self->memory, SIZE - PAGE, OUT));
}

/* The program's own addresses are no map that it would have to release. */
TEST_F(range, that_the_program_maps_is_where_it_is)
{
	char *address;
	int fd;

	fd = driver_range(self->driver, self->memory + 33, SIZE - 66, IN);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_EQ(self->memory + 33, address);
	EXPECT_EQ(0, nr_maps(fd));
	EXPECT_EQ(-ENOENT, release(fd, address, SIZE - 66));
	/* Nothing is left when the program exits: see the last test. */
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	close(fd);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
