// SPDX-License-Identifier: GPL-2.0-only
/*
 * A read-only file of a descriptor never allows a writable map, not even through a driver
 * whose mmap() forwards to that file.
 */
#include "driver_utils.h"

#define SIZE	(16 * PAGE)

FIXTURE(forwarded)
{
	int fd, driver;
	char *own;
};

FIXTURE_VARIANT(forwarded)
{
	__u32 options;
};

#define FORWARDED(_name, _options)					\
	FIXTURE_VARIANT_ADD(forwarded, _name) { .options = _options }

FORWARDED(wired, 0);
FORWARDED(pageable, IOKMEM_PAGEABLE);
FORWARDED(contiguous, IOKMEM_PHYSICALLY_CONTIGUOUS);

FIXTURE_SETUP(forwarded)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->fd = create(dev, IOKMEM_DIRECTION_INOUT | variant->options, SIZE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->own));
	number_pages(self->own, SIZE);
	ASSERT_EQ(0, driver_show(self->driver, self->fd, IOKMEM_PROBE_FORWARD_READ_ONLY));
}

FIXTURE_TEARDOWN(forwarded)
{
}

static char *map_driver(int driver, int prot)
{
	return mmap(NULL, SIZE, prot, MAP_SHARED, driver, 0);
}

TEST_F(forwarded, read_only_file_cannot_be_mapped_writable)
{
	EXPECT_ERRNO(EACCES, map_driver(self->driver, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, map_driver(self->driver, PROT_WRITE));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_TRUE(pages_are_numbered(self->own, SIZE, 0));
}

TEST_F(forwarded, read_only_file_can_be_mapped_to_read)
{
	char *mapped = map_driver(self->driver, PROT_READ);

	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	EXPECT_EQ(SIGSEGV, probe(mapped, true));
	EXPECT_EQ(2, nr_maps(self->fd));
	ASSERT_EQ(0, munmap(mapped, SIZE));
	EXPECT_EQ(1, nr_maps(self->fd));
}

TEST_F(forwarded, map_of_a_read_only_file_stays_read_only)
{
	char *mapped = map_driver(self->driver, PROT_READ);

	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EACCES, mprotect(mapped, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_ERRNO(EACCES, mprotect(mapped, SIZE, PROT_WRITE));
	EXPECT_EQ(SIGSEGV, probe(mapped, true));
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	ASSERT_EQ(0, munmap(mapped, SIZE));

	mapped = map_driver(self->driver, PROT_NONE);
	ASSERT_NE(MAP_FAILED, mapped);
	EXPECT_ERRNO(EACCES, mprotect(mapped, SIZE, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, mprotect(mapped, SIZE, PROT_READ));
	EXPECT_TRUE(pages_are_numbered(mapped, SIZE, 0));
	ASSERT_EQ(0, munmap(mapped, SIZE));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
