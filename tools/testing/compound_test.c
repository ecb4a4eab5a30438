// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors made from others: parts of a buffer, and several descriptors as one.
 */
#include "iokmem_utils.h"

/* Sub-descriptors. */
FIXTURE(sub)
{
	int fd;
	char *base;
};

FIXTURE_VARIANT(sub)
{
	__u32 options;
};

FIXTURE_VARIANT_ADD(sub, wired)
{
	.options = 0,
};

FIXTURE_VARIANT_ADD(sub, pageable)
{
	.options = IOKMEM_PAGEABLE,
};

FIXTURE_SETUP(sub)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	self->fd = create(dev, variant->options, 16 * PAGE + 100, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->base));
	number_pages(self->base, 16 * PAGE);
}

FIXTURE_TEARDOWN(sub)
{
}

/* Return the length of this process's only mapping, or 0 if it does not have exactly one. */
static size_t mapped_length(void)
{
	unsigned long start, end;
	char line[256];

	if (nr_iokmem_vmas() != 1 ||
	    !find_line("/proc/self/maps", "iokmem:", line, sizeof(line)) ||
	    sscanf(line, "%lx-%lx", &start, &end) != 2)
		return 0;
	return end - start;
}

static int use_part(void *arg)
{
	int fd = *(int *)arg;
	char *base;

	CHILD_EXPECT(!map(fd, 0, 0, 0, &base));
	CHILD_EXPECT(pages_are_numbered(base, 3 * PAGE, 5));
	CHILD_EXPECT(mapped_length() == 3 * PAGE);
	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 3 * PAGE) == -ERANGE);
	CHILD_EXPECT(mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	base = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * PAGE);
	CHILD_EXPECT(base != MAP_FAILED && pages_are_numbered(base, PAGE, 7));
	base[4] = 77;
	return 0;
}

TEST_F(sub, shows_another_process_just_that_part)
{
	int fd = create_sub(self->fd, IOKMEM_DIRECTION_OUT, 5 * PAGE, 3 * PAGE);
	struct iokmem_query_buffer buffer;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(3 * PAGE, buffer.length);
	EXPECT_EQ(IOKMEM_DIRECTION_OUT, buffer.options);
	EXPECT_EQ(0, run_child(use_part, &fd));
	EXPECT_EQ(77, self->base[7 * PAGE + 4]);
}

TEST_F(sub, maps_are_shared_with_the_whole)
{
	int fd = create_sub(self->fd, 0, 5 * PAGE, 3 * PAGE);
	char *base;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_EQ(self->base + 5 * PAGE, base);
	EXPECT_EQ(1, references(fd, base, 3 * PAGE));
	EXPECT_EQ(1, references(self->fd, base, 3 * PAGE));
	EXPECT_EQ(0, release(fd, base, 3 * PAGE));
	EXPECT_EQ(-ENOENT, release(fd, base, 3 * PAGE));
}

TEST_F(sub, shows_no_part_of_a_page)
{
	int fd = create_sub(self->fd, 0, 5 * PAGE, PAGE + 1);

	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 1));
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 100, 5));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	fd = create_sub(self->fd, 0, 5 * PAGE + 1, 2 * PAGE);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	/* The last page of the buffer belongs to it up to its end. */
	fd = create_sub(self->fd, 0, 15 * PAGE, PAGE + 100);
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
}

TEST_F(sub, has_the_rights_of_its_parent)
{
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	int fd = create_sub(read_only, 0, 0, PAGE);
	struct state before;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY, 0, 0, 0));
	before = look(self->fd);
	EXPECT_EQ(-EACCES, set_length(fd, 5));
	EXPECT_EQ(-EOPNOTSUPP, set_length(create_sub(self->fd, 0, 0, PAGE), 5));
	EXPECT_EQ(-ERANGE, create_sub(self->fd, 0, 1, 16 * PAGE + 100));
	EXPECT_EQ(-EOVERFLOW, create_sub(self->fd, 0, UINT64_MAX, 2));
	EXPECT_EQ(-EOPNOTSUPP, create_sub(self->fd, 4, 0, 1));
	EXPECT_EQ(before.buffer.maps, look(self->fd).buffer.maps);
}

TEST_F(sub, keeps_the_memory)
{
	int fd = create_sub(self->fd, 0, 5 * PAGE, 3 * PAGE);
	long long id = buffer_id(self->fd);
	char *base;

	ASSERT_EQ(0, munmap(self->base, 17 * PAGE));
	close(self->fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_TRUE(pages_are_numbered(base, 3 * PAGE, 5));
	EXPECT_TRUE(is_listed(id));
	ASSERT_EQ(0, release(fd, base, 3 * PAGE));
	close(fd);
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
}

/* Multi-descriptors. */
FIXTURE(multi)
{
	int dev;
	__s32 fds[3];	/* wired, pageable, part of a wired one */
	char *bases[3];
};

FIXTURE_SETUP(multi)
{
	int i;

	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fds[0] = create(self->dev, 0, 4 * PAGE, 0);
	self->fds[1] = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0);
	self->fds[2] = create_sub(self->fds[0], 0, PAGE, 2 * PAGE);
	for (i = 0; i < 3; i++) {
		ASSERT_LE(0, self->fds[i]);
		ASSERT_EQ(0, map(self->fds[i], 0, 0, 0, &self->bases[i]));
	}
	number_pages(self->bases[0], 4 * PAGE);
	number_pages(self->bases[1], 3 * PAGE);
}

FIXTURE_TEARDOWN(multi)
{
}

static int see_all(void *arg)
{
	int fd = *(int *)arg;
	char *base, *plain;

	CHILD_EXPECT(!map(fd, 0, 0, 0, &base));
	CHILD_EXPECT(pages_are_numbered(base, 4 * PAGE, 0));
	CHILD_EXPECT(pages_are_numbered(base + 4 * PAGE, 3 * PAGE, 0));
	CHILD_EXPECT(pages_are_numbered(base + 7 * PAGE, 2 * PAGE, 1));
	base[4 * PAGE + 5] = 77;
	CHILD_EXPECT(mapped_length() == 9 * PAGE);
	/* mmap() cannot map memory that has to be held. */
	plain = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHILD_EXPECT(plain == MAP_FAILED && errno == EOPNOTSUPP);
	return 0;
}

TEST_F(multi, is_one_range_of_addresses)
{
	int fd = create_multi(self->dev, 0, self->fds, 3), i;

	ASSERT_LE(0, fd);
	EXPECT_EQ(9 * PAGE, length_of(fd));
	/* The multi-descriptor keeps its members. */
	for (i = 0; i < 3; i++)
		close(self->fds[i]);
	EXPECT_EQ(0, run_child(see_all, &fd));
	EXPECT_EQ(77, self->bases[1][5]);
}

TEST_F(multi, needs_members_that_fit)
{
	__s32 fds[2] = { create_sub(self->fds[0], 0, 0, 100),
			 create_sub(self->fds[1], 0, 0, 2 * PAGE - 100) };
	int fd = create_multi(self->dev, 0, fds, 2);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, nr_maps(fd));
}

TEST_F(multi, is_mapped_in_parts_whose_members_fit)
{
	__s32 fds[4] = { create_sub(self->fds[0], 0, 0, 100), self->fds[1], self->fds[2],
			 create_sub(self->fds[0], 0, 0, 100) };
	int fd = create_multi(self->dev, 0, fds, 4), own;
	char *address, *inside;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EINVAL, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 99, PAGE + 1));
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 100));
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 100, 5 * PAGE + 1));
	ASSERT_EQ(0, map(fd, 0, 100, 5 * PAGE, &address));
	EXPECT_EQ(0, (uintptr_t)address % PAGE);
	EXPECT_TRUE(pages_are_numbered(address, 3 * PAGE, 0));
	EXPECT_TRUE(pages_are_numbered(address + 3 * PAGE, 2 * PAGE, 1));
	address[5] = 77;
	EXPECT_EQ(77, self->bases[1][5]);
	ASSERT_EQ(0, map(fd, 0, 100 + PAGE, PAGE, &inside));
	EXPECT_EQ(address + PAGE, inside);

	/* A window of the part, and a program's own mmap() of a dma-buf of it. */
	own = create_sub(fd, 0, 100, 5 * PAGE);
	ASSERT_LE(0, own);
	ASSERT_EQ(0, map(own, 0, 0, 0, &inside));
	EXPECT_EQ(address, inside);
	own = get_dma_buf(own, 0);
	ASSERT_LE(0, own);
	inside = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, own, PAGE);
	ASSERT_NE(MAP_FAILED, (void *)inside);
	EXPECT_TRUE(!memcmp(inside, address + PAGE, 4 * PAGE));
	EXPECT_EQ(-EINVAL, get_dma_buf(fd, 0));
}

TEST_F(multi, has_the_least_rights)
{
	__s32 fds[2] = { self->fds[0], duplicate(self->fds[1], IOKMEM_FD_READ_ONLY) };
	int fd = create_multi(self->dev, 0, fds, 2);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY, 0, 0, 0));
}

TEST_F(multi, refuses_invalid_members)
{
	__s32 fds[] = { self->fds[0], -1 };
	static __s32 many[1025];
	struct state before = look(self->fds[0]);
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(many); i++)
		many[i] = self->fds[0];
	EXPECT_EQ(-EBADF, create_multi(self->dev, 0, fds, 2));
	fds[1] = self->dev;
	EXPECT_EQ(-EBADF, create_multi(self->dev, 0, fds, 2));
	fds[1] = 0;
	EXPECT_EQ(-EBADF, create_multi(self->dev, 0, fds, 2));
	EXPECT_EQ(-EINVAL, create_multi(self->dev, 0, fds, 0));
	EXPECT_EQ(-ENOSPC, create_multi(self->dev, 0, many, 1025));
	EXPECT_EQ(-ENOSPC, create_multi(self->dev, 0, many, -1));
	EXPECT_EQ(-EFAULT, create_multi(self->dev, 0, NULL, 2));
	EXPECT_EQ(-EOPNOTSUPP, create_multi(self->dev, 0x10, self->fds, 2));
	EXPECT_UNCHANGED(before, self->fds[0]);
	EXPECT_LE(0, create_multi(self->dev, 0, many, 1024));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
