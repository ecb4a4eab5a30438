// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs of other drivers as descriptors. These drivers know nothing of this one. A test
 * skips if the kernel does not have the driver.
 */
#include "dmabuf_frames.h"
#include "limits_utils.h"

/* Memory of another driver, of at least SIZE bytes. */
FIXTURE(foreign)
{
	int dev;
	int driver;	/* fd of the driver; -1 if the dma-buf needs none */
	int dma_buf;
	size_t size;
	char *theirs;	/* a mapping by the dma-buf's own mmap() */
	int fd;		/* the descriptor */
};

FIXTURE_VARIANT(foreign)
{
	int (*make)(int *driver);
};

static int make_udmabuf(int *driver)
{
	return new_udmabuf(SIZE);
}

static int make_heap_buffer(int *driver)
{
	return new_heap_buffer(SIZE, O_RDWR);
}

/* Larger than one entry of a device's table, for exporters that have large entries. */
static int make_large_heap_buffer(int *driver)
{
	return new_heap_buffer(5 * MIB + PAGE, O_RDWR);
}

static int make_vgem(int *driver)
{
	*driver = open_vgem();
	return *driver < 0 ? *driver : vgem_export(*driver, vgem_create(*driver, SIZE));
}

static int make_video(int *driver, const char *name, const char *bus, __u32 type)
{
	long size;
	int err;

	*driver = open_video(name, bus, V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_M2M);
	if (*driver < 0)
		return *driver;
	size = set_format(*driver, type);
	if (size < 0)
		return size;
	err = request_buffers(*driver, type, V4L2_MEMORY_MMAP, 1);
	return err ? err : video_export(*driver, type, O_RDWR);
}

static int make_vivid(int *driver)
{
	return make_video(driver, "vivid", VIVID, CAPTURE);
}

static int make_vivid_dma(int *driver)
{
	return make_video(driver, "vivid", VIVID_DMA, CAPTURE);
}

static int make_vim2m(int *driver)
{
	return make_video(driver, "vim2m", "platform:vim2m", OUTPUT);
}

#define FOREIGN(_name)							\
	FIXTURE_VARIANT_ADD(foreign, _name) { .make = make_##_name }

FOREIGN(udmabuf);
FOREIGN(heap_buffer);
FOREIGN(large_heap_buffer);
FOREIGN(vgem);
FOREIGN(vivid);
FOREIGN(vivid_dma);
FOREIGN(vim2m);

FIXTURE_SETUP(foreign)
{
	self->driver = -1;
	self->dma_buf = variant->make(&self->driver);
	if (self->dma_buf == -ENOENT || self->dma_buf == -ENODEV)
		SKIP(return, "the kernel has no such driver");
	ASSERT_LE(0, self->dma_buf);
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->size = lseek(self->dma_buf, 0, SEEK_END);
	ASSERT_LE(SIZE, self->size);
	self->theirs = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->dma_buf, 0);
	ASSERT_NE(MAP_FAILED, self->theirs);
	self->fd = with_dma_buf(self->dev, INOUT, self->dma_buf);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(foreign)
{
}

TEST_F(foreign, has_the_same_bytes)
{
	struct iokmem_query_buffer buffer;
	char *ours;

	ASSERT_EQ(0, query(self->fd, &buffer));
	EXPECT_EQ(self->size, buffer.capacity);
	EXPECT_EQ(self->size, buffer.length);
	EXPECT_EQ(INOUT, buffer.options);
	EXPECT_TRUE(is_of_kind(self->fd, "dma-buf"));
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &ours));
	EXPECT_EQ(0, sync_dma_buf(self->dma_buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	sign(self->theirs, self->size, THEIRS);
	EXPECT_TRUE(is_signed(ours, self->size, THEIRS));
	sign(ours, self->size, OURS);
	EXPECT_TRUE(is_signed(self->theirs, self->size, OURS));
	EXPECT_EQ(0, sync_dma_buf(self->dma_buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, release(self->fd, ours, self->size));
	EXPECT_FALSE(can_read(ours));
}

/* Page table entries of both mappings show equal frames of an equal type. */
TEST_F(foreign, has_the_same_frames_and_type)
{
	struct iokmem_query_buffer buffer;
	struct iokmem_probe a, b;
	char *ours;
	size_t at;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &ours));
	ASSERT_EQ(0, query(self->fd, &buffer));
	for (at = 0; at < self->size; at += PAGE) {
		touch(ours + at, true);
		touch(self->theirs + at, true);
		if (probe_user(ours + at, &a))
			SKIP(return, "no " PROBE);
		ASSERT_EQ(0, probe_user(self->theirs + at, &b));
		ASSERT_TRUE(a.present && b.present);
		ASSERT_EQ(b.pfn, a.pfn);
		ASSERT_EQ(b.cache, a.cache);
		ASSERT_EQ(entry_cache(buffer.cache_mode), a.cache);
		EXPECT_TRUE(a.write);
		EXPECT_FALSE(a.exec);
	}
	/* The importer cannot change the type. */
	EXPECT_EQ(buffer.cache_mode == IOKMEM_MAP_INHIBIT_CACHE ? 0 : -EOPNOTSUPP,
		  try_map(self->fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE |
			  IOKMEM_MAP_INHIBIT_CACHE, 0, 0, 0));
}

TEST_F(foreign, is_what_it_was_made_of)
{
	int again = get_dma_buf(self->fd, 0);

	ASSERT_LE(0, again);
	EXPECT_TRUE(is_same_file(self->dma_buf, again));
	/* The dma-buf has more rights than these requests allow. */
	EXPECT_EQ(-EOPNOTSUPP, get_dma_buf(self->fd, RO));
	EXPECT_EQ(-EOPNOTSUPP, get_dma_buf(duplicate(self->fd, RO), 0));
	/* A part of an imported dma-buf cannot be exported. */
	EXPECT_EQ(-EOPNOTSUPP, get_dma_buf(create_sub(self->fd, INOUT, 0, PAGE), 0));
	/* mmap() cannot map memory that has to be held. */
	EXPECT_ERRNO(EOPNOTSUPP, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
}

TEST_F(foreign, is_part_of_others)
{
	int wired = create(self->dev, INOUT, 2 * PAGE, 0);
	__s32 members[2] = { wired, self->fd };
	int sub = create_sub(self->fd, INOUT, 2 * PAGE, PAGE);
	int multi = create_multi(self->dev, INOUT, members, 2);
	char *whole, *part, *both;

	ASSERT_LE(0, sub);
	ASSERT_LE(0, multi);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &whole));
	ASSERT_EQ(0, map(sub, 0, 0, 0, &part));
	EXPECT_EQ(whole + 2 * PAGE, part);
	sign(self->theirs, self->size, THEIRS);
	ASSERT_EQ(0, map(multi, 0, 0, 0, &both));
	EXPECT_TRUE(is_signed(both + 2 * PAGE, self->size, THEIRS));
	EXPECT_TRUE(is_zero(both, 2 * PAGE));
}

TEST_F(foreign, is_redirected_to_and_from)
{
	int wired = create(self->dev, INOUT, self->size, 0);
	char *unique, *other;

	ASSERT_LE(0, wired);
	ASSERT_EQ(0, map(wired, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	sign(unique, self->size, OURS);
	sign(self->theirs, self->size, THEIRS);
	ASSERT_EQ(0, redirect(wired, unique, self->size, self->fd, 0, 0));
	EXPECT_TRUE(is_signed(unique, self->size, THEIRS));
	EXPECT_EQ(1, nr_maps(self->fd));
	ASSERT_EQ(0, redirect(self->fd, unique, self->size, wired, 0, 0));
	EXPECT_TRUE(is_signed(unique, self->size, OURS));

	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &other));
	ASSERT_EQ(0, redirect(self->fd, other, self->size, wired, 0, 0));
	EXPECT_TRUE(is_signed(other, self->size, OURS));
	EXPECT_EQ(0, nr_maps(self->fd));
}

static int look_from_a_child(void *arg)
{
	int fd = *(int *)arg;
	long long size = length_of(fd);
	char *ours;

	CHILD_EXPECT(!map(fd, IOKMEM_MAP_READ_ONLY, 0, 0, &ours));
	CHILD_EXPECT(is_signed(ours, size, THEIRS));
	CHILD_EXPECT(!can_write(ours));
	CHILD_EXPECT(!map(fd, 0, 0, 0, &ours));
	sign(ours, size, OURS);
	return 0;
}

#define ORDINARY	1000

/* The members of the fixture that a child uses. */
struct mapper {
	int dev;
	int fd;
	size_t size;
};

/* The exporter pins the memory for as long as it is mapped. */
static int map_within_limit(void *arg)
{
	struct mapper *mapper = arg;
	char *base;
	int i;

	CHILD_EXPECT(!become(ORDINARY, mapper->size + PAGE));
	for (i = 0; i < 3; i++) {
		CHILD_EXPECT(!map(mapper->fd, 0, 0, 0, &base));
		CHILD_EXPECT(count_available(mapper->dev, 3) == 1);
		CHILD_EXPECT(!unmap(mapper->fd, base, mapper->size));
		CHILD_EXPECT(count_available(mapper->dev, 3) == 3);
	}
	return 0;
}

/* A process that imports a dma-buf again, and the number of the descriptor that it should get. */
struct importer {
	int dev;
	int dma_buf;
	long long id;
};

static int map_beyond_limit(void *arg)
{
	struct mapper *mapper = arg;

	CHILD_EXPECT(!become(ORDINARY, mapper->size - PAGE));
	CHILD_EXPECT(try_map(mapper->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0) == -EPERM);
	CHILD_EXPECT(count_available(mapper->dev, 3) == 3);
	return 0;
}

TEST_F(foreign, counts_for_the_lock_limit_while_it_is_mapped)
{
	struct mapper mapper = { .dev = self->dev, .fd = self->fd, .size = self->size };

	EXPECT_EQ(0, run_child(map_within_limit, &mapper));
	EXPECT_EQ(0, run_child(map_beyond_limit, &mapper));
}

TEST_F(foreign, is_mapped_by_another_process)
{
	sign(self->theirs, self->size, THEIRS);
	EXPECT_EQ(0, run_child(look_from_a_child, &self->fd));
	EXPECT_TRUE(is_signed(self->theirs, self->size, OURS));
}

static int import_again(void *arg)
{
	const struct importer *importer = arg;
	int fd = with_dma_buf(importer->dev, INOUT, importer->dma_buf);

	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(buffer_id(fd) == importer->id);
	return 0;
}

/* The tables that say where the memory is are there once. */
TEST_F(foreign, is_one_descriptor_for_all_who_import_it)
{
	struct importer importer = { self->dev, self->dma_buf, buffer_id(self->fd) };
	int again = with_dma_buf(self->dev, INOUT, self->dma_buf);
	int in = with_dma_buf(self->dev, IOKMEM_DIRECTION_IN, self->dma_buf);
	char *ours, *same;

	ASSERT_LE(0, again);
	ASSERT_LE(0, in);
	EXPECT_EQ(importer.id, buffer_id(again));
	EXPECT_EQ(0, run_child(import_again, &importer));
	/* The direction is the descriptor's. */
	EXPECT_NE(importer.id, buffer_id(in));

	/* Maps are shared, and each file descriptor has to be closed. */
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &ours));
	ASSERT_EQ(0, map(again, 0, 0, 0, &same));
	EXPECT_EQ(ours, same);
	close(self->fd);
	EXPECT_TRUE(is_listed(importer.id));
	ASSERT_EQ(0, release(again, same, self->size));
	ASSERT_EQ(0, release(again, ours, self->size));
	close(again);
	EXPECT_TRUE(EVENTUALLY(!is_listed(importer.id)));

	/* A later import makes a new one. */
	self->fd = with_dma_buf(self->dev, INOUT, self->dma_buf);
	ASSERT_LE(0, self->fd);
	EXPECT_NE(importer.id, buffer_id(self->fd));
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &ours));
	sign(ours, self->size, OURS);
	EXPECT_TRUE(is_signed(self->theirs, self->size, OURS));
	close(in);
}

/* Close the descriptor, the dma-buf and the driver's file in any order, and then unmap. */
TEST_F(foreign, lives_as_long_as_anybody_needs_it)
{
	long long id = buffer_id(self->fd);
	int order;

	for (order = 0; order < 6; order++) {
		int files[3] = { dup(self->fd), dup(self->dma_buf), dup(self->dev) }, i;
		/* With another direction it is another descriptor. */
		int fd = with_dma_buf(self->dev, IOKMEM_DIRECTION_IN, self->dma_buf);
		long long other = buffer_id(fd);
		char *ours;

		ASSERT_LE(0, fd);
		EXPECT_NE(id, other);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &ours));
		sign(self->theirs, self->size, THEIRS + order);
		for (i = 0; i < 3; i++) {
			close(files[(order / 2 + (order & 1 ? 2 * i : i)) % 3]);
			EXPECT_TRUE(is_signed(ours, self->size, THEIRS + order));
		}
		close(fd);
		EXPECT_TRUE(is_signed(ours, self->size, THEIRS + order));
		EXPECT_TRUE(is_listed(other));
		ASSERT_EQ(0, munmap(ours, self->size));
		EXPECT_TRUE(EVENTUALLY(!is_listed(other)));
	}
	/* Keep only the descriptor. */
	ASSERT_EQ(0, munmap(self->theirs, self->size));
	close(self->dma_buf);
	if (self->driver >= 0)
		close(self->driver);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->theirs));
	EXPECT_TRUE(is_signed(self->theirs, self->size, THEIRS + 5));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
