/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that share their memory as dma-bufs, and use others': graphics (vgem), and video
 * (vivid captures, vim2m copies). They exist in software.
 */
#ifndef _DMABUF_DEVICES_H
#define _DMABUF_DEVICES_H

#include "dmabuf_utils.h"

#include <linux/videodev2.h>

#include <drm/drm.h>

/* Nodes of a kind are numbered; no machine of the tests has more. */
#define NODES	8

/* vgem, to have and to be given memory; or -errno. */
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

/* A handle of memory of @size bytes; 0 if it cannot be had. */
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

/* A dma-buf of a handle. */
static inline int vgem_export(int vgem, __u32 handle)
{
	struct drm_prime_handle prime = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};

	return ioctl(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) ? -errno : prime.fd;
}

/* A handle of a dma-buf, into @handle. */
static inline int vgem_import(int vgem, int dma_buf, __u32 *handle)
{
	struct drm_prime_handle prime = { .fd = dma_buf };

	if (ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	*handle = prime.handle;
	return 0;
}

/* A node of that driver and device that can do that; or -errno. */
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

/* The smallest that all of them have; three bytes a dot. */
#define FRAME_WIDTH	320
#define FRAME_HEIGHT	180
#define FRAME_SIZE	(3 * FRAME_WIDTH * FRAME_HEIGHT)

/* How long a frame of the queue @type is in that size, after having asked for it. */
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

/* Give buffer 0 of a queue the memory of a dma-buf, filled if the device reads it. */
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

/* The same with the driver's own memory. */
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

/* Waits for the device to have done with it. */
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

/* A dma-buf of the driver's own memory of buffer 0. */
static inline int video_export(int video, __u32 type, int access)
{
	struct v4l2_exportbuffer export = { .type = type, .flags = access | O_CLOEXEC };

	return ioctl(video, VIDIOC_EXPBUF, &export) ? -errno : export.fd;
}

#endif /* _DMABUF_DEVICES_H */
