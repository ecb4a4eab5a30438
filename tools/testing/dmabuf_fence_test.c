// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences of dma-bufs: a program that brackets its accesses waits for devices that are not done
 * with the memory, and can pass fences on. Those of vgem stand for a device's.
 */
#include "dmabuf_frames.h"

#include <poll.h>

#include <drm/vgem_drm.h>

/* Newer than some headers. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};

struct dma_buf_import_sync_file {
	__u32 flags;
	__s32 fd;
};

#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE	_IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE	_IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

#define READ_START	(DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START)
#define READ_END	(DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END)

/* Memory of this module as memory of vgem. */
FIXTURE(fenced)
{
	int dev;
	int fd;		/* the descriptor */
	int dma_buf;
	int vgem;
	__u32 handle;
};

FIXTURE_SETUP(fenced)
{
	self->vgem = open_vgem();
	if (self->vgem < 0)
		SKIP(return, "no vgem");
	self->dev = open_device();
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, 0, SIZE, 0);
	ASSERT_LE(0, self->fd);
	self->dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, self->dma_buf);
	ASSERT_EQ(0, vgem_import(self->vgem, self->dma_buf, &self->handle));
}

FIXTURE_TEARDOWN(fenced)
{
}

/* Have the device begin to write the memory. Returns the fence's number. */
static __u32 begin_writing(int vgem, __u32 handle)
{
	struct drm_vgem_fence_attach arg = { .handle = handle, .flags = VGEM_FENCE_WRITE };

	return ioctl(vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &arg) ? 0 : arg.out_fence;
}

static int end_writing(int vgem, __u32 fence)
{
	struct drm_vgem_fence_signal arg = { .fence = fence };

	return ioctl(vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &arg) ? -errno : 0;
}

/* Return true if nothing is to be waited for, for a dma-buf or a sync file. */
static bool is_idle(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* Let a child begin an access, and exit. */
static pid_t access_by_child(int dma_buf)
{
	pid_t child = fork();

	if (!child)
		_exit(sync_dma_buf(dma_buf, READ_START) || sync_dma_buf(dma_buf, READ_END));
	return child;
}

TEST_F(fenced, is_waited_for)
{
	__u32 fence = begin_writing(self->vgem, self->handle);
	int status = -1;
	pid_t child;

	ASSERT_NE(0, fence);
	EXPECT_FALSE(is_idle(self->dma_buf));
	child = access_by_child(self->dma_buf);
	ASSERT_LT(0, child);
	usleep(300000);
	EXPECT_EQ(0, waitpid(child, &status, WNOHANG));
	/* The wait hinders nobody. */
	EXPECT_EQ(0, try_map(self->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, end_writing(self->vgem, fence));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(is_idle(self->dma_buf));
}

TEST_F(fenced, can_be_killed_while_waiting)
{
	__u32 fence = begin_writing(self->vgem, self->handle);
	int status = -1;
	pid_t child;

	ASSERT_NE(0, fence);
	child = access_by_child(self->dma_buf);
	ASSERT_LT(0, child);
	usleep(100000);
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	/* It has not waited for the end of the fence. */
	EXPECT_EQ(0, end_writing(self->vgem, fence));
}

/* A fence goes from our dma-buf to a file, and from a file to another dma-buf of ours. */
TEST_F(fenced, passes_fences_on)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ };
	struct dma_buf_import_sync_file import = { .flags = DMA_BUF_SYNC_WRITE };
	int other = get_dma_buf(create(self->dev, 0, SIZE, 0), 0);
	__u32 fence = begin_writing(self->vgem, self->handle);

	ASSERT_NE(0, fence);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, ioctl(self->dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	EXPECT_FALSE(is_idle(export.fd));
	EXPECT_TRUE(is_idle(other));
	import.fd = export.fd;
	ASSERT_EQ(0, ioctl(other, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import));
	EXPECT_FALSE(is_idle(other));
	EXPECT_EQ(0, end_writing(self->vgem, fence));
	EXPECT_TRUE(is_idle(export.fd));
	EXPECT_TRUE(is_idle(other));
	EXPECT_EQ(0, sync_dma_buf(other, READ_START));
	EXPECT_EQ(0, sync_dma_buf(other, READ_END));
}

TEST_HARNESS_MAIN
