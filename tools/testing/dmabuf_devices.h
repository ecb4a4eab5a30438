/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that share their memory as dma-bufs, and use that of others: graphics (vgem), and
 * video (vivid captures, vim2m copies). They exist in software.
 */
#ifndef _DMABUF_DEVICES_H
#define _DMABUF_DEVICES_H

#include "dmabuf_utils.h"

#include <linux/videodev2.h>

#include <drm/drm.h>

/* Nodes of a kind are numbered. No machine of the tests has more of them. */
#define NODES	8

/* Open the vgem device, which exports and imports memory. Returns an fd, or -errno. */
static inline int open_vgem(void)
{
	char path[64], name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int i, fd;

	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* Create memory of @size bytes. Returns a handle, or 0 on failure. */
static inline __u32 vgem_create(int vgem, size_t size)
{
	struct drm_mode_create_dumb create = {
		.width = PAGE / 4,
		.height = size / PAGE,
		.bpp = 32,
	};

	return ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create) ? 0 : create.handle;
}

static inline void vgem_close(int vgem, __u32 handle)
{
	struct drm_gem_close arg = { .handle = handle };

	if (ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &arg))
		abort();
}

/* Export a handle. Returns a dma-buf, or -errno. */
static inline int vgem_export(int vgem, __u32 handle)
{
	struct drm_prime_handle prime = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};

	return ioctl(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) ? -errno : prime.fd;
}

/* Import a dma-buf into @handle. */
static inline int vgem_import(int vgem, int dma_buf, __u32 *handle)
{
	struct drm_prime_handle prime = { .fd = dma_buf };

	if (ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	*handle = prime.handle;
	return 0;
}

/*
 * Open the video node of this driver and bus with these capabilities. Returns an fd, or
 * -errno.
 */
static inline int open_video(const char *driver, const char *bus, __u32 capability)
{
	struct v4l2_capability capabilities;
	char path[64];
	int i, fd;

	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/dev/video%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ioctl(fd, VIDIOC_QUERYCAP, &capabilities) &&
		    !strcmp((char *)capabilities.driver, driver) &&
		    !strcmp((char *)capabilities.bus_info, bus) &&
		    (capabilities.device_caps & capability))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* The smallest frame that all these devices have, with three bytes a pixel. */
#define FRAME_WIDTH	320
#define FRAME_HEIGHT	180
#define FRAME_SIZE	(3 * FRAME_WIDTH * FRAME_HEIGHT)

/* Set the frame size of the queue @type. Returns the size of a frame in bytes, or -errno. */
static inline long set_format(int video, __u32 type)
{
	struct v4l2_format format = {
		.type = type,
		.fmt.pix = {
			.width = FRAME_WIDTH,
			.height = FRAME_HEIGHT,
			.pixelformat = V4L2_PIX_FMT_RGB24,
			.field = V4L2_FIELD_NONE,
		},
	};

	return ioctl(video, VIDIOC_S_FMT, &format) ? -errno : (long)format.fmt.pix.sizeimage;
}

static inline int request_buffers(int video, __u32 type, __u32 memory, __u32 count)
{
	struct v4l2_requestbuffers request = {
		.type = type,
		.memory = memory,
		.count = count,
	};

	return ioctl(video, VIDIOC_REQBUFS, &request) ? -errno : 0;
}

/* Queue a dma-buf as buffer 0. A device that reads it is told that it is filled. */
static inline int queue_dma_buf(int video, __u32 type, int dma_buf)
{
	struct v4l2_buffer buffer = {
		.type = type,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = dma_buf,
		.bytesused = type == V4L2_BUF_TYPE_VIDEO_OUTPUT ? FRAME_SIZE : 0,
		.field = V4L2_FIELD_NONE,
	};

	return ioctl(video, VIDIOC_QBUF, &buffer) ? -errno : 0;
}

/* Queue buffer 0 of the driver's own memory. */
static inline int queue_own(int video, __u32 type)
{
	struct v4l2_buffer buffer = {
		.type = type,
		.memory = V4L2_MEMORY_MMAP,
		.bytesused = type == V4L2_BUF_TYPE_VIDEO_OUTPUT ? FRAME_SIZE : 0,
		.field = V4L2_FIELD_NONE,
	};

	return ioctl(video, VIDIOC_QBUF, &buffer) ? -errno : 0;
}

/* Wait until the device is done with the buffer. */
static inline int dequeue(int video, __u32 type, __u32 memory)
{
	struct v4l2_buffer buffer = { .type = type, .memory = memory };

	if (ioctl(video, VIDIOC_DQBUF, &buffer))
		return -errno;
	return buffer.flags & V4L2_BUF_FLAG_ERROR ? -EIO : 0;
}

static inline int stream(int video, __u32 type, bool on)
{
	int arg = type;

	return ioctl(video, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &arg) ? -errno : 0;
}

/* Export buffer 0 of the driver's own memory. Returns a dma-buf, or -errno. */
static inline int video_export(int video, __u32 type, int access)
{
	struct v4l2_exportbuffer export = { .type = type, .flags = access | O_CLOEXEC };

	return ioctl(video, VIDIOC_EXPBUF, &export) ? -errno : export.fd;
}

#endif /* _DMABUF_DEVICES_H */
