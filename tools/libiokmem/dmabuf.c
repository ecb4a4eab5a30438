// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs: how drivers that know nothing of descriptors share memory with each other, and
 * with programs. DriverKit has nothing like it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iokmem.h>

#include "internal.h"

/**
 * iokmem_desc_get_dma_buf - share a descriptor's memory as a dma-buf
 * @desc: the descriptor
 * @options: IOKMEM_DMA_BUF_READ_ONLY, or 0
 * @fd: out: a file descriptor of the dma-buf, the caller's to close; or -1
 *
 * Of all of the length, rounded up to pages. What was sent read-only is a read-only dma-buf
 * in any case. As long as the dma-buf is there, the memory has the cache mode that it has.
 *
 * Return: BAD_ARGUMENT: NULL, or unknown @options; UNSUPPORTED: the memory is not whole
 * pages of its own, or cannot be shared in this way; NO_RESOURCES: no room for a file
 * descriptor; NOT_PERMITTED: no room for what has to stay in memory; NO_MEMORY: all else,
 * see errno.
 */
int32_t iokmem_desc_get_dma_buf(struct iokmem_desc *desc, uint64_t options, int *fd)
{
	struct iokmem_get_dma_buf arg = {
		.size = sizeof(arg),
		.flags = options ? IOKMEM_FD_READ_ONLY : 0,
	};

	if (!fd)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*fd = -1;
	if (!desc)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (options & ~(uint64_t)IOKMEM_DMA_BUF_READ_ONLY)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (!ioctl(desc->fd, IOKMEM_GET_DMA_BUF, &arg)) {
		*fd = arg.fd;
		return IOKMEM_RETURN_SUCCESS;
	}
	switch (errno) {
	case EOPNOTSUPP:
	case EACCES:
	case EINVAL:
	case ERANGE:
		return IOKMEM_RETURN_UNSUPPORTED;
	case EMFILE:
	case ENFILE:
		return IOKMEM_RETURN_NO_RESOURCES;
	case EPERM:
		return IOKMEM_RETURN_NOT_PERMITTED;
	default:
		return IOKMEM_RETURN_NO_MEMORY;
	}
}

/**
 * iokmem_desc_create_with_dma_buf - describe the memory of a dma-buf
 * @options: IOKMEM_MEMORY_DIRECTION_*; OUT for what can only be read
 * @dma_buf: its file descriptor, which stays the caller's
 * @memory: out: the descriptor, or NULL
 *
 * Its cache mode is the one that the memory has. Who uses it while a device does, does so
 * between the two calls of DMA_BUF_IOCTL_SYNC on @dma_buf. Of a dma-buf that is from
 * iokmem_desc_get_dma_buf(), this describes the same memory as the descriptor there, and is
 * of that's direction.
 *
 * Return: BAD_ARGUMENT: NULL, @options that are no direction, @dma_buf is no dma-buf, or
 * one that can only be read and @options are not OUT; NO_DEVICE: /dev/iokmem cannot be
 * opened; UNSUPPORTED: its exporter does not let it be used so; NO_MEMORY: the descriptor
 * could not be made.
 */
int32_t iokmem_desc_create_with_dma_buf(uint64_t options, int dma_buf,
					struct iokmem_desc **memory)
{
	struct iokmem_with_dma_buf arg = {
		.size = sizeof(arg),
		.options = options,
		.dma_buf = dma_buf,
	};
	int dev, err;

	if (!memory)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*memory = NULL;
	if (options & ~(uint64_t)DIRECTION_MASK)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	dev = open("/dev/iokmem", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return IOKMEM_RETURN_NO_DEVICE;
	err = ioctl(dev, IOKMEM_WITH_DMA_BUF, &arg) ? errno : 0;
	close(dev);
	switch (err) {
	case 0:
		return __iokmem_desc_with_fd(arg.fd, 0, memory);
	case EBADF:
	case EACCES:
	case EINVAL:
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, err);
	case EOPNOTSUPP:
		return __iokmem_fail(IOKMEM_RETURN_UNSUPPORTED, err);
	default:
		return __iokmem_fail(IOKMEM_RETURN_NO_MEMORY, err);
	}
}
