// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dma-buf whose exporter gives the kernel no address of the memory, but maps it for programs. A
 * map of it is as bounded as any other: the exporter's own file would show all of it.
 */
#include "driver_utils.h"
#include "memory_utils.h"

#define PAGES		IOKMEM_PROBE_OPAQUE_PAGES
#define BUFFER_SIZE	(PAGES * PAGE)
#define INOUT		IOKMEM_DIRECTION_INOUT

FIXTURE(opaque)
{
	int dev;
	int dma_buf;
	int fd;		/* the descriptor */
	char *at;	/* a map of all of it */
};

FIXTURE_SETUP(opaque)
{
	int driver = open_driver();

	self->dma_buf = driver < 0 ? driver : driver_opaque(driver);
	if (driver == -ENOENT)
		SKIP(return, "the probe is not loaded");
	ASSERT_LE(0, self->dma_buf);
	close(driver);
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = with_dma_buf(self->dev, INOUT, self->dma_buf);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->at));
}

FIXTURE_TEARDOWN(opaque)
{
}

static bool shows_all(const char *at)
{
	int i;

	for (i = 0; i < PAGES; i++)
		if (!is_filled(at + i * PAGE, PAGE, i))
			return false;
	return true;
}

TEST_F(opaque, is_shown_by_a_map)
{
	char *theirs = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->dma_buf, 0);

	ASSERT_NE(MAP_FAILED, theirs);
	EXPECT_TRUE(shows_all(self->at));
	memset(self->at + PAGE, 7, PAGE);
	EXPECT_TRUE(is_filled(theirs + PAGE, PAGE, 7));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_EQ(0, release(self->fd, self->at, BUFFER_SIZE));
	EXPECT_EQ(SIGSEGV, probe(self->at, false));
	EXPECT_TRUE(is_filled(theirs + PAGE, PAGE, 7));
	EXPECT_EQ(0, munmap(theirs, BUFFER_SIZE));
}

TEST_F(opaque, cannot_be_moved_or_split)
{
	char *hole = find_hole(BUFFER_SIZE, PAGE);

	EXPECT_ERRNO(EINVAL, mremap(self->at, BUFFER_SIZE, BUFFER_SIZE,
				    MREMAP_MAYMOVE | MREMAP_FIXED, hole));
	EXPECT_ERRNO(EINVAL, mremap(self->at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole));
	EXPECT_ERRNO(EINVAL, mremap(self->at, BUFFER_SIZE, PAGE, 0));
	EXPECT_ERRNO(EFAULT, mremap(self->at, BUFFER_SIZE, 2 * BUFFER_SIZE, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EFAULT, mremap(self->at, 0, BUFFER_SIZE, MREMAP_MAYMOVE));
	EXPECT_ERRNO(EINVAL, mprotect(self->at, PAGE, PROT_READ));
	EXPECT_ERRNO(EINVAL, munmap(self->at + PAGE, PAGE));
	EXPECT_EQ(SIGSEGV, probe(hole, false));
	EXPECT_TRUE(shows_all(self->at));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_EQ(0, munmap(self->at, BUFFER_SIZE));
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* Have the kernel map the file of a map again, at @at, from that page on. */
static void remap(char *at, size_t page)
{
	syscall(SYS_remap_file_pages, at, PAGE, 0, page, 0);
}

TEST_F(opaque, shows_no_more_than_was_given)
{
	int sub = create_sub(self->fd, INOUT, PAGE, PAGE);
	char *at;

	ASSERT_LE(0, sub);
	EXPECT_EQ(0, munmap(self->at, BUFFER_SIZE));
	ASSERT_EQ(0, map(sub, 0, 0, 0, &at));
	EXPECT_TRUE(is_filled(at, PAGE, 1));
	remap(at, 3);
	EXPECT_TRUE(!can_read(at) || is_filled(at, PAGE, 1));
}

TEST_F(opaque, is_not_written_where_that_was_not_given)
{
	char *at;

	EXPECT_EQ(0, munmap(self->at, BUFFER_SIZE));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, PAGE, PAGE, &at));
	EXPECT_TRUE(is_filled(at, PAGE, 1));
	EXPECT_EQ(SIGSEGV, probe(at, true));
	EXPECT_ERRNO(EACCES, mprotect(at, PAGE, PROT_READ | PROT_WRITE));
	remap(at, 1);
	EXPECT_ERRNO(EACCES, mprotect(at, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_FALSE(can_write(at));
}

static int touch_inherited(void *at)
{
	return *(volatile char *)at;
}

TEST_F(opaque, is_not_inherited)
{
	EXPECT_ERRNO(EINVAL, madvise(self->at, BUFFER_SIZE, MADV_DOFORK));
	EXPECT_EQ(128 + SIGSEGV, run_child(touch_inherited, self->at));
	EXPECT_TRUE(shows_all(self->at));
}

static int exit_with_a_map(void *fd)
{
	char *at;

	CHILD_EXPECT(!map(*(int *)fd, 0, 0, 0, &at));
	CHILD_EXPECT(shows_all(at));
	return 0;
}

TEST_F(opaque, ends_with_its_process)
{
	EXPECT_EQ(0, run_child(exit_with_a_map, &self->fd));
	EXPECT_EQ(1, nr_maps(self->fd));
	close(self->dma_buf);
	close(self->fd);
	EXPECT_TRUE(shows_all(self->at));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
