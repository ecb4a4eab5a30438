// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample driver samples/iokmem_chardev.c: a character device whose buffer programs map, and
 * that is unplugged.
 */
#include "dmabuf_utils.h"

#include "../../samples/iokmem_chardev.h"

#define NODE	"/dev/iokmem-chardev"
#define DRIVER	"/sys/bus/platform/drivers/iokmem-chardev/"
#define SIZE	((size_t)IOKMEM_CHARDEV_SIZE)

FIXTURE(chardev)
{
	int fd;
	char *bytes;
};

FIXTURE_SETUP(chardev)
{
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (self->fd < 0)
		SKIP(return, "no sample driver");
	self->bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->bytes);
	memset(self->bytes, 0, SIZE);
}

FIXTURE_TEARDOWN(chardev)
{
}

static int unplug(void)
{
	return write_file(DRIVER "unbind", "iokmem-chardev");
}

static int plug_in(void)
{
	return write_file(DRIVER "bind", "iokmem-chardev");
}

TEST_F(chardev, is_one_buffer_for_all_who_map_it)
{
	int other = open(NODE, O_RDWR | O_CLOEXEC);
	char *bytes = mmap(NULL, SIZE - PAGE, PROT_READ, MAP_SHARED, other, PAGE);

	ASSERT_NE(MAP_FAILED, bytes);
	number_pages(self->bytes, SIZE);
	EXPECT_TRUE(pages_are_numbered(bytes, SIZE - PAGE, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, other, PAGE));
	EXPECT_EQ(ERANGE, errno);
	/* A map needs no open file. */
	close(other);
	EXPECT_TRUE(pages_are_numbered(bytes, SIZE - PAGE, 1));
	ASSERT_EQ(0, munmap(bytes, SIZE - PAGE));
}

TEST_F(chardev, opened_to_read_cannot_be_written)
{
	int reader = open(NODE, O_RDONLY | O_CLOEXEC), dma_buf;
	char *bytes;

	ASSERT_LE(0, reader);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, reader, 0));
	EXPECT_EQ(EACCES, errno);
	bytes = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, reader, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_ERRNO(EACCES, mprotect(bytes, SIZE, PROT_READ | PROT_WRITE));
	dma_buf = ioctl(reader, IOKMEM_CHARDEV_GET_DMA_BUF);
	ASSERT_LE(0, dma_buf);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, dma_buf, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_ERRNO(ENOTTY, ioctl(reader, IOKMEM_CHARDEV_STORE + 1));
}

TEST_F(chardev, that_is_unplugged_takes_its_buffer_away)
{
	int dma_buf = ioctl(self->fd, IOKMEM_CHARDEV_GET_DMA_BUF), again;
	char *bytes;

	ASSERT_LE(0, dma_buf);
	memset(self->bytes, 'x', SIZE);
	ASSERT_EQ(0, unplug());
	EXPECT_EQ(SIGBUS, probe(self->bytes, false));
	EXPECT_EQ(SIGBUS, probe(self->bytes + SIZE - PAGE, true));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_ERRNO(ENODEV, ioctl(self->fd, IOKMEM_CHARDEV_GET_DMA_BUF));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, dma_buf, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_ERRNO(ENOENT, open(NODE, O_RDWR));

	/* The next device has a buffer of its own. The old file stays dead. */
	ASSERT_EQ(0, plug_in());
	again = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, again);
	bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_TRUE(is_zero(bytes, SIZE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->fd, 0));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
