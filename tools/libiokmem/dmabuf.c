// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs: drivers that know nothing of descriptors share memory by them with each other and
 * with programs. DriverKit has no counterpart.
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
 * @fd: out: a file descriptor of the dma-buf, which the caller closes; or -1
 *
 * The dma-buf has the whole length, rounded up to pages. It is read-only if @desc was sent
 * read-only. As long as it exists, the cache mode of the memory cannot change.
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
 * @options: IOKMEM_MEMORY_DIRECTION_*; OUT for a dma-buf that can only be read
 * @dma_buf: its file descriptor, which the caller still owns
 * @memory: out: the descriptor, or NULL
 *
 * The cache mode is that of the memory. A program that uses the memory while a device does must
 * do so between the two calls of DMA_BUF_IOCTL_SYNC on @dma_buf. For a dma-buf from
 * iokmem_desc_get_dma_buf(), the new descriptor is a sub-descriptor of the one passed there.
 *
 * Return: BAD_ARGUMENT: NULL, @options that are no direction, @dma_buf is no dma-buf, or one
 * that cannot be read, or one that can only be read and @options are not OUT; NO_DEVICE:
 * /dev/iokmem cannot be opened; UNSUPPORTED: its exporter does not allow such a use; NO_MEMORY:
 * the descriptor could not be created.
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
