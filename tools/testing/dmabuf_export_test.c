// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors as dma-bufs, and as memory of other drivers' devices. A test skips if the kernel
 * does not have the driver.
 */
#include "dmabuf_frames.h"

/* Requests that fail, and limits of those that do not. */
FIXTURE(requests)
{
	int dev;
	int fd;
	int dma_buf;
};

FIXTURE_SETUP(requests)
{
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, INOUT, SIZE, 0);
	ASSERT_LE(0, self->fd);
	self->dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, self->dma_buf);
}

FIXTURE_TEARDOWN(requests)
{
}

TEST_F(requests, with_unknown_options_are_refused)
{
	struct state before = look(self->fd);
	int bit;

	for (bit = 0; bit < BITS; bit++) {
		if (1u << bit != RO)
			EXPECT_EQ(-EOPNOTSUPP, get_dma_buf(self->fd, 1u << bit));
		if (1u << bit & ~IOKMEM_DIRECTION_MASK)
			EXPECT_EQ(-EOPNOTSUPP, with_dma_buf(self->dev, 1u << bit,
							    self->dma_buf));
	}
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(requests, of_other_files_are_refused)
{
	struct state before = look(self->fd);

	EXPECT_EQ(-EBADF, with_dma_buf(self->dev, INOUT, -1));
	EXPECT_EQ(-EBADF, with_dma_buf(self->dev, INOUT, 1000));
	EXPECT_EQ(-EBADF, with_dma_buf(self->dev, INOUT, self->dev));
	EXPECT_EQ(-EBADF, with_dma_buf(self->dev, INOUT, self->fd));
	EXPECT_EQ(-EBADF, with_dma_buf(self->dev, INOUT, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(requests, for_parts_of_pages_are_refused)
{
	int part = create_sub(self->fd, INOUT, 0, PAGE + 1);
	int shifted = create_sub(self->fd, INOUT, 1, PAGE);
	int nothing = create_sub(self->fd, INOUT, 0, 0);
	struct state before = look(self->fd);

	EXPECT_EQ(-EACCES, get_dma_buf(part, 0));
	EXPECT_EQ(-EACCES, get_dma_buf(shifted, 0));
	EXPECT_EQ(-ERANGE, get_dma_buf(nothing, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

TEST_F(requests, through_a_read_only_descriptor_give_only_that)
{
	int read_only = duplicate(self->fd, RO), dma_buf, back;
	struct iokmem_query_buffer buffer;
	char *bytes;

	dma_buf = get_dma_buf(read_only, 0);
	ASSERT_LE(0, dma_buf);
	EXPECT_EQ(O_RDONLY, fcntl(dma_buf, F_GETFL) & O_ACCMODE);
	EXPECT_ERRNO(EACCES, mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				  dma_buf, 0));
	bytes = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, dma_buf, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_TRUE(can_read(bytes));
	EXPECT_ERRNO(EACCES, mprotect(bytes, SIZE, PROT_READ | PROT_WRITE));

	/* An importer of a read-only dma-buf gets read access only. */
	EXPECT_EQ(-EACCES, with_dma_buf(self->dev, INOUT, dma_buf));
	EXPECT_EQ(-EACCES, with_dma_buf(self->dev, IOKMEM_DIRECTION_IN, dma_buf));
	EXPECT_EQ(-EACCES, with_dma_buf(self->dev, IOKMEM_DIRECTION_NONE, dma_buf));
	back = with_dma_buf(self->dev, OUT, dma_buf);
	ASSERT_LE(0, back);
	ASSERT_EQ(0, query(back, &buffer));
	EXPECT_EQ(RO, buffer.access);
	EXPECT_EQ(OUT, buffer.options);
	EXPECT_EQ(-EACCES, map(back, 0, 0, 0, &bytes));
	EXPECT_EQ(0, map(back, IOKMEM_MAP_READ_ONLY, 0, 0, &bytes));
	EXPECT_EQ(-EACCES, set_length(back, PAGE));

	/* A read-only dma-buf of another driver. */
	dma_buf = new_heap_buffer(SIZE, O_RDONLY);
	if (dma_buf == -ENOENT)
		SKIP(return, "no system heap");
	EXPECT_EQ(-EACCES, with_dma_buf(self->dev, INOUT, dma_buf));
	back = with_dma_buf(self->dev, OUT, dma_buf);
	ASSERT_LE(0, back);
	EXPECT_EQ(-EACCES, map(back, 0, 0, 0, &bytes));
	EXPECT_EQ(0, map(back, IOKMEM_MAP_READ_ONLY, 0, 0, &bytes));
	EXPECT_TRUE(can_read(bytes));
	EXPECT_TRUE(is_same_file(dma_buf, get_dma_buf(back, 0)));
}

/* A dma-buf of the first page gives no access to the second page. */
TEST_F(requests, give_no_more_than_the_dma_buf)
{
	int dma_buf, back;

	ASSERT_EQ(0, set_length(self->fd, PAGE));
	dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, dma_buf);
	EXPECT_EQ(PAGE, lseek(dma_buf, 0, SEEK_END));
	ASSERT_EQ(0, set_length(self->fd, SIZE));
	back = with_dma_buf(self->dev, INOUT, dma_buf);
	ASSERT_LE(0, back);
	EXPECT_EQ(PAGE, length_of(back));
	EXPECT_TRUE(is_of_kind(back, "sub"));
	EXPECT_GT(0, set_length(back, SIZE));
	/* So does one of all pages: it is not the descriptor itself. */
	back = with_dma_buf(self->dev, INOUT, self->dma_buf);
	EXPECT_EQ(SIZE, length_of(back));
	EXPECT_TRUE(is_of_kind(back, "sub"));
	EXPECT_GT(0, set_length(back, PAGE));
	EXPECT_EQ(-EACCES, revoke_memory(back));
	/* It has the bytes of the dma-buf, whatever the length is by now. */
	ASSERT_EQ(0, set_length(self->fd, PAGE));
	EXPECT_EQ(SIZE, length_of(with_dma_buf(self->dev, INOUT, self->dma_buf)));
}

/* Export pageable memory of device @arg as a user who may lock no memory. */
static int export_without_limit(void *arg)
{
	struct rlimit none = { 0, 0 };
	int dev = *(int *)arg, fd;

	fd = create(dev, INOUT | IOKMEM_PAGEABLE, SIZE, 0);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &none));
	CHILD_EXPECT(!setresuid(60011, 60011, 60011));
	CHILD_EXPECT(get_dma_buf(fd, 0) == -EPERM);
	CHILD_EXPECT(get_dma_buf(fd, RO) == -EPERM);
	return 0;
}

TEST_F(requests, for_pageable_memory_are_bound_by_the_limit)
{
	EXPECT_EQ(0, run_child(export_without_limit, &self->dev));
}

TEST_F(requests, keep_the_module)
{
	long before = read_number("/sys/module/iokmem/refcnt");
	int more = get_dma_buf(self->fd, 0);

	EXPECT_LT(before, read_number("/sys/module/iokmem/refcnt"));
	close(more);
	EXPECT_EQ(before, read_number("/sys/module/iokmem/refcnt"));
}

/* Memory of every kind, used by other drivers. */
FIXTURE(own)
{
	int dev;
	int fd;
	int whole;
	int dma_buf;
	char *ours;	/* a map of it */
};

FIXTURE_VARIANT(own)
{
	__u32 options;
	bool sub;	/* a sub-descriptor of pages in the middle of a buffer */
	bool multi;	/* a multi-descriptor of two buffers */
};

#define CONTIGUOUS_COMBINED						\
	(IOKMEM_PHYSICALLY_CONTIGUOUS | IOKMEM_MAP_WRITE_COMBINE_CACHE)

#define OWN(_name, ...)							\
	FIXTURE_VARIANT_ADD(own, _name) { __VA_ARGS__ }

OWN(wired, .options = 0);
OWN(combined, .options = IOKMEM_MAP_WRITE_COMBINE_CACHE);
OWN(uncached, .options = IOKMEM_MAP_INHIBIT_CACHE);
OWN(contiguous, .options = IOKMEM_PHYSICALLY_CONTIGUOUS);
OWN(contiguous_combined, .options = CONTIGUOUS_COMBINED);
OWN(pageable, .options = IOKMEM_PAGEABLE);
OWN(sub, .sub = true);
OWN(sub_of_combined, .options = IOKMEM_MAP_WRITE_COMBINE_CACHE, .sub = true);
OWN(sub_of_pageable, .options = IOKMEM_PAGEABLE, .sub = true);
OWN(multi, .multi = true);

/* @whole: out: of which the mode can be changed. */
static int make_own(int dev, __u32 options, bool sub, bool multi, int *whole)
{
	__s32 members[2];

	if (sub) {
		*whole = create(dev, INOUT | options, 3 * SIZE, 0);
		return create_sub(*whole, INOUT, SIZE, SIZE);
	}
	if (multi) {
		members[0] = create(dev, INOUT, PAGE, 0);
		members[1] = create(dev, INOUT | IOKMEM_PAGEABLE, SIZE - PAGE, 0);
		return create_multi(dev, INOUT, members, 2);
	}
	*whole = create(dev, INOUT | options, SIZE, 0);
	return *whole;
}

/* Maps of one memory are shared, so they have one address. */
static bool is_the_memory_at(int fd, const char *address)
{
	char *bytes;
	bool same;

	if (map(fd, 0, 0, 0, &bytes))
		return false;
	same = bytes == address;
	return !release(fd, bytes, SIZE) && same;
}

FIXTURE_SETUP(own)
{
	NEED_CACHE_MODE(variant->options);
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = make_own(self->dev, variant->options, variant->sub, variant->multi,
			    &self->whole);
	ASSERT_LE(0, self->fd);
	self->dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, self->dma_buf);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->ours));
}

FIXTURE_TEARDOWN(own)
{
}

TEST_F(own, is_a_dma_buf)
{
	char path[64], line[128];

	EXPECT_EQ(SIZE, lseek(self->dma_buf, 0, SEEK_END));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->dma_buf, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(self->dma_buf, F_GETFL) & O_ACCMODE);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->dma_buf);
	ASSERT_TRUE(find_line(path, "exp_name:", line, sizeof(line)));
	EXPECT_STREQ("exp_name:\tiokmem\n", line);
	EXPECT_EQ(0, sync_dma_buf(self->dma_buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, sync_dma_buf(self->dma_buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_TRUE(is_the_memory_at(with_dma_buf(self->dev, INOUT, self->dma_buf), self->ours));
}

/* The mapping has the type that the memory has everywhere else. */
TEST_F(own, is_mapped_by_the_dma_buf)
{
	struct iokmem_query_buffer buffer;
	struct iokmem_probe a, b;
	char *bytes;
	size_t at;

	bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->dma_buf, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_NE(self->ours, bytes);
	EXPECT_EQ(2, nr_maps(self->fd));
	sign(self->ours, SIZE, OURS);
	EXPECT_TRUE(is_signed(bytes, SIZE, OURS));
	sign(bytes, SIZE, THEIRS);
	EXPECT_TRUE(is_signed(self->ours, SIZE, THEIRS));
	ASSERT_EQ(0, query(self->fd, &buffer));
	for (at = 0; at < SIZE && !probe_user(bytes + at, &a); at += PAGE) {
		ASSERT_EQ(0, probe_user(self->ours + at, &b));
		ASSERT_EQ(b.pfn, a.pfn);
		ASSERT_EQ(b.cache, a.cache);
		ASSERT_EQ(entry_cache(buffer.cache_mode), a.cache);
	}
	ASSERT_EQ(0, munmap(bytes, SIZE));
	EXPECT_EQ(1, nr_maps(self->fd));
}

/* The dma-buf keeps the memory, whatever else is closed. So does a map of it. */
TEST_F(own, lives_as_long_as_the_dma_buf)
{
	long long id = buffer_id(self->fd);
	char *bytes;

	sign(self->ours, SIZE, OURS);
	ASSERT_EQ(0, release(self->fd, self->ours, SIZE));
	close(self->fd);
	EXPECT_TRUE(is_listed(id));
	bytes = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->dma_buf, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	close(self->dma_buf);
	close(self->dev);
	EXPECT_TRUE(is_signed(bytes, SIZE, OURS));
	ASSERT_EQ(0, munmap(bytes, SIZE));
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
}

TEST_F(own, keeps_its_cache_mode)
{
	struct iokmem_query_buffer buffer;
	__u32 other;

	ASSERT_EQ(0, query(self->fd, &buffer));
	other = buffer.cache_mode == IOKMEM_MAP_INHIBIT_CACHE ?
		IOKMEM_MAP_WRITE_COMBINE_CACHE : IOKMEM_MAP_INHIBIT_CACHE;
	if (variant->multi || (variant->options & IOKMEM_PAGEABLE))
		SKIP(return, "it has only one");
	NEED_CACHE_MODE(other);
	ASSERT_EQ(0, release(self->fd, self->ours, SIZE));
	EXPECT_EQ(-EBUSY, try_map(self->whole, IOKMEM_MAP_ANYWHERE | other, 0, 0, 0));
	close(self->dma_buf);
	EXPECT_EQ(0, try_map(self->whole, IOKMEM_MAP_ANYWHERE | other, 0, 0, 0));
}

/* A graphics driver imports it, and keeps it as long as it has a handle. */
TEST_F(own, is_memory_of_vgem)
{
	long long id = buffer_id(self->fd);
	int vgem = open_vgem(), again, i;
	__u32 handle = 0, same = 0;
	char *bytes;

	if (vgem < 0)
		SKIP(return, "no vgem");
	sign(self->ours, SIZE, OURS);
	ASSERT_EQ(0, vgem_import(vgem, self->dma_buf, &handle));
	ASSERT_EQ(0, vgem_import(vgem, self->dma_buf, &same));
	EXPECT_EQ(handle, same);
	again = vgem_export(vgem, handle);
	ASSERT_LE(0, again);
	EXPECT_TRUE(is_same_file(self->dma_buf, again));
	EXPECT_TRUE(is_the_memory_at(with_dma_buf(self->dev, INOUT, again), self->ours));
	bytes = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, again, 0);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_TRUE(is_signed(bytes, SIZE, OURS));
	ASSERT_EQ(0, munmap(bytes, SIZE));

	/* Only the handle is left. */
	ASSERT_EQ(0, release(self->fd, self->ours, SIZE));
	for (i = 3; i < 64; i++)
		if (i != vgem && i != self->dev)
			close(i);
	EXPECT_TRUE(is_listed(id));
	again = vgem_export(vgem, handle);
	ASSERT_LE(0, again);
	self->fd = with_dma_buf(self->dev, INOUT, again);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &bytes));
	EXPECT_TRUE(is_signed(bytes, SIZE, OURS));
	ASSERT_EQ(0, release(self->fd, bytes, SIZE));
	close(again);
	close(self->fd);
	EXPECT_TRUE(is_listed(id));
	vgem_close(vgem, handle);
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
}

/* Capture a frame. It changes every byte of the buffer that belongs to a frame. */
static void capture_into(struct __test_metadata *_metadata, int video, int dma_buf,
			 char *ours)
{
	long size = set_format(video, CAPTURE), at;

	ASSERT_EQ(FRAME_SIZE, size);
	memset(ours, 0xa5, SIZE);
	ASSERT_EQ(0, request_buffers(video, CAPTURE, V4L2_MEMORY_DMABUF, 1));
	ASSERT_EQ(0, queue_dma_buf(video, CAPTURE, dma_buf));
	ASSERT_EQ(0, stream(video, CAPTURE, true));
	ASSERT_EQ(0, dequeue(video, CAPTURE, V4L2_MEMORY_DMABUF));
	for (at = 0; at + 64 <= size; at += 64)
		EXPECT_FALSE(is_filled(ours + at, 64, 0xa5));
	ASSERT_EQ(0, stream(video, CAPTURE, false));
}

TEST_F(own, is_captured_into)
{
	int video = open_video("vivid", VIVID, V4L2_CAP_VIDEO_CAPTURE);

	if (video < 0)
		SKIP(return, "no vivid");
	capture_into(_metadata, video, self->dma_buf, self->ours);
	/* The device gives up its reference. */
	ASSERT_EQ(0, request_buffers(video, CAPTURE, V4L2_MEMORY_DMABUF, 0));
	close(video);
}

/* A device that needs contiguous memory accepts only that. */
TEST_F(own, is_captured_into_by_dma)
{
	int video = open_video("vivid", VIVID_DMA, V4L2_CAP_VIDEO_CAPTURE);
	struct iokmem_query_buffer buffer;

	if (video < 0)
		SKIP(return, "no vivid with contiguous memory");
	ASSERT_EQ(0, query(self->fd, &buffer));
	if (buffer.extents == 1 && !variant->multi) {
		capture_into(_metadata, video, self->dma_buf, self->ours);
		return;
	}
	ASSERT_LT(0, set_format(video, CAPTURE));
	ASSERT_EQ(0, request_buffers(video, CAPTURE, V4L2_MEMORY_DMABUF, 1));
	EXPECT_GE(0, queue_dma_buf(video, CAPTURE, self->dma_buf));
}

/* A device copies a frame to another buffer, and back. */
TEST_F(own, is_copied_by_a_device)
{
	int video = open_video("vim2m", "platform:vim2m", V4L2_CAP_VIDEO_M2M);
	int fd, dma_buf;
	char *other;

	if (video < 0)
		SKIP(return, "no vim2m");
	NEED_CACHE_MODE(IOKMEM_MAP_WRITE_COMBINE_CACHE);
	fd = create(self->dev, INOUT | IOKMEM_MAP_WRITE_COMBINE_CACHE, SIZE, 0);
	dma_buf = get_dma_buf(fd, 0);
	ASSERT_LE(0, dma_buf);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &other));
	ASSERT_EQ(FRAME_SIZE, set_format(video, OUTPUT));
	ASSERT_EQ(FRAME_SIZE, set_format(video, CAPTURE));
	ASSERT_EQ(0, request_buffers(video, OUTPUT, V4L2_MEMORY_DMABUF, 1));
	ASSERT_EQ(0, request_buffers(video, CAPTURE, V4L2_MEMORY_DMABUF, 1));
	ASSERT_EQ(0, stream(video, OUTPUT, true));
	ASSERT_EQ(0, stream(video, CAPTURE, true));

	sign(self->ours, SIZE, OURS);
	ASSERT_EQ(0, queue_dma_buf(video, OUTPUT, self->dma_buf));
	ASSERT_EQ(0, queue_dma_buf(video, CAPTURE, dma_buf));
	ASSERT_EQ(0, dequeue(video, OUTPUT, V4L2_MEMORY_DMABUF));
	ASSERT_EQ(0, dequeue(video, CAPTURE, V4L2_MEMORY_DMABUF));
	EXPECT_TRUE(is_signed(other, FRAME_SIZE, OURS));

	sign(other, SIZE, THEIRS);
	ASSERT_EQ(0, queue_dma_buf(video, OUTPUT, dma_buf));
	ASSERT_EQ(0, queue_dma_buf(video, CAPTURE, self->dma_buf));
	ASSERT_EQ(0, dequeue(video, OUTPUT, V4L2_MEMORY_DMABUF));
	ASSERT_EQ(0, dequeue(video, CAPTURE, V4L2_MEMORY_DMABUF));
	EXPECT_TRUE(is_signed(self->ours, FRAME_SIZE, THEIRS));

	/* Memory that is queued stays valid for the device. */
	ASSERT_EQ(0, queue_dma_buf(video, OUTPUT, self->dma_buf));
	ASSERT_EQ(0, close(self->dma_buf));
	ASSERT_EQ(0, release(self->fd, self->ours, SIZE));
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, queue_dma_buf(video, CAPTURE, dma_buf));
	ASSERT_EQ(0, dequeue(video, CAPTURE, V4L2_MEMORY_DMABUF));
	EXPECT_TRUE(is_signed(other, FRAME_SIZE, THEIRS));
}

/* vivid writes by kernel addresses, which read-only memory does not have. */
TEST_F(own, is_not_captured_into_if_read_only)
{
	int video = open_video("vivid", VIVID, V4L2_CAP_VIDEO_CAPTURE);
	int read_only = get_dma_buf(self->fd, RO);

	if (video < 0)
		SKIP(return, "no vivid");
	ASSERT_LE(0, read_only);
	ASSERT_LT(0, set_format(video, CAPTURE));
	ASSERT_EQ(0, request_buffers(video, CAPTURE, V4L2_MEMORY_DMABUF, 1));
	memset(self->ours, 0xa5, SIZE);
	EXPECT_GT(0, queue_dma_buf(video, CAPTURE, read_only));
	EXPECT_TRUE(is_filled(self->ours, SIZE, 0xa5));
}

/*
 * A camera captures a frame into its own memory. The descriptor of that shows the frame, and
 * another device copies it to a buffer.
 */
TEST(frames_go_from_device_to_device)
{
	int camera = open_video("vivid", VIVID, V4L2_CAP_VIDEO_CAPTURE);
	int copier = open_video("vim2m", "platform:vim2m", V4L2_CAP_VIDEO_M2M);
	int dev = open_device(), captured, fd, dma_buf;
	char *frame, *copy;
	long size;

	if (camera < 0 || copier < 0)
		SKIP(return, "no vivid, or no vim2m");
	size = set_format(camera, CAPTURE);
	ASSERT_EQ(FRAME_SIZE, size);
	ASSERT_EQ(0, request_buffers(camera, CAPTURE, V4L2_MEMORY_MMAP, 1));
	captured = video_export(camera, CAPTURE, O_RDWR);
	ASSERT_LE(0, captured);
	fd = with_dma_buf(dev, INOUT, captured);
	ASSERT_EQ(0, map(fd, IOKMEM_MAP_READ_ONLY, 0, SIZE, &frame));
	ASSERT_EQ(0, queue_own(camera, CAPTURE));
	ASSERT_EQ(0, stream(camera, CAPTURE, true));
	ASSERT_EQ(0, dequeue(camera, CAPTURE, V4L2_MEMORY_MMAP));
	EXPECT_FALSE(is_zero(frame, FRAME_SIZE));

	fd = create(dev, INOUT, SIZE, 0);
	dma_buf = get_dma_buf(fd, 0);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &copy));
	ASSERT_EQ(FRAME_SIZE, set_format(copier, OUTPUT));
	ASSERT_EQ(FRAME_SIZE, set_format(copier, CAPTURE));
	ASSERT_EQ(0, request_buffers(copier, OUTPUT, V4L2_MEMORY_DMABUF, 1));
	ASSERT_EQ(0, request_buffers(copier, CAPTURE, V4L2_MEMORY_DMABUF, 1));
	ASSERT_EQ(0, stream(copier, OUTPUT, true));
	ASSERT_EQ(0, stream(copier, CAPTURE, true));
	ASSERT_EQ(0, queue_dma_buf(copier, OUTPUT, captured));
	ASSERT_EQ(0, queue_dma_buf(copier, CAPTURE, dma_buf));
	ASSERT_EQ(0, dequeue(copier, CAPTURE, V4L2_MEMORY_DMABUF));
	EXPECT_EQ(0, memcmp(frame, copy, FRAME_SIZE));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
