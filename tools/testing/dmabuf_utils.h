/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other drivers that export or import dma-bufs: udmabuf (of a memfd), the system heap,
 * graphics (vgem), and video (vivid, vim2m). All of them exist in software. Functions that
 * create something return its fd, or -errno if the kernel has no such driver.
 */
#ifndef _DMABUF_UTILS_H
#define _DMABUF_UTILS_H

#include "iokmem_utils.h"

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

/* Create a dma-buf of a memfd, which cannot shrink from then on. */
static inline int new_udmabuf(size_t size)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memfd, fd;

	if (dev < 0)
		return -errno;
	memfd = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (memfd < 0 || ftruncate(memfd, size) || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		abort();
	create.memfd = memfd;
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	if (fd < 0)
		fd = -errno;
	close(memfd);
	close(dev);
	return fd;
}

/* Allocate from the system heap. @access is O_RDWR or O_RDONLY. */
static inline int new_heap_buffer(size_t size, int access)
{
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = access | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	int err;

	if (heap < 0)
		return -errno;
	err = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : 0;
	close(heap);
	return err ? err : (int)data.fd;
}

/* Begin or end accesses by the CPU. */
static inline int sync_dma_buf(int fd, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

#endif /* _DMABUF_UTILS_H */
