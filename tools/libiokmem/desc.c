// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors (IOMemoryDescriptor): creating them from others, counting references, and asking
 * for properties.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iokmem.h>

#include "internal.h"

/*
 * Create an object for @fd, and take ownership of it: on failure @fd is closed. The kernel
 * tells what the descriptor is, so that no other process needs to be trusted.
 */
int32_t __iokmem_desc_with_fd(int fd, unsigned long maker,
			      struct iokmem_desc **desc)
{
	struct iokmem_query_buffer query = { .size = sizeof(query) };
	struct iokmem_desc *new = NULL;
	int err;

	if (ioctl(fd, IOKMEM_QUERY_BUFFER, &query))
		goto err_fd;
	/* Another driver's file may take any ioctl, and answer nothing. */
	errno = EBADF;
	if (!query.id || query.length > query.capacity)
		goto err_fd;
	new = calloc(1, sizeof(*new));
	if (!new)
		goto err_fd;
	new->references = 1;
	new->maker = maker;
	new->fd = fd;
	new->direction = query.options & DIRECTION_MASK;
	new->start = query.offset;
	*desc = new;
	return IOKMEM_RETURN_SUCCESS;

err_fd:
	err = errno;
	close(fd);
	return __iokmem_fail(IOKMEM_RETURN_NO_MEMORY, err);
}

/**
 * iokmem_desc_create_sub_memory_descriptor - describe part of a descriptor
 * @options: IOKMEM_MEMORY_DIRECTION_*
 * @offset: of the first byte in @of
 * @length: in bytes; 0 is allowed, but cannot be mapped
 * @of: the descriptor
 * @memory: out: the new one, or NULL
 *
 * A process that receives the new descriptor can reach that part only, in whole pages. The
 * new descriptor is no buffer: if it is read-only, it is so for its creator as well.
 *
 * Return: BAD_ARGUMENT: NULL, @options that are no direction, or a range that wraps or
 * passes the end of @of; NO_MEMORY: the descriptor could not be created.
 */
int32_t iokmem_desc_create_sub_memory_descriptor(uint64_t options,
						 uint64_t offset, uint64_t length,
						 struct iokmem_desc *of,
						 struct iokmem_desc **memory)
{
	struct iokmem_create_sub arg = {
		.size = sizeof(arg),
		.options = options,
		.offset = offset,
		.length = length,
	};

	if (!memory)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*memory = NULL;
	if (!of)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (options & ~(uint64_t)DIRECTION_MASK)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	if (ioctl(of->fd, IOKMEM_CREATE_SUB, &arg))
		return errno == EOVERFLOW || errno == ERANGE ?
		       IOKMEM_RETURN_BAD_ARGUMENT : IOKMEM_RETURN_NO_MEMORY;
	return __iokmem_desc_with_fd(arg.fd, 0, memory);
}

static int32_t create_multi(uint32_t options, const int32_t *fds, uint32_t count,
			    struct iokmem_desc **memory)
{
	struct iokmem_create_multi arg = {
		.size = sizeof(arg),
		.options = options,
		.fds = (uintptr_t)fds,
		.nr_fds = count,
	};
	int dev = open("/dev/iokmem", O_RDWR | O_CLOEXEC);
	int err;

	if (dev < 0)
		return IOKMEM_RETURN_NO_DEVICE;
	err = ioctl(dev, IOKMEM_CREATE_MULTI, &arg) ? errno : 0;
	close(dev);
	if (err)
		return __iokmem_fail(IOKMEM_RETURN_NO_MEMORY, err);
	return __iokmem_desc_with_fd(arg.fd, 0, memory);
}

/**
 * iokmem_desc_create_with_memory_descriptors - describe several descriptors' memory,
 *	one after the other
 * @options: IOKMEM_MEMORY_DIRECTION_*
 * @count: how many, at most IOKMEM_MEMORY_DESCRIPTORS_MAX
 * @members: the descriptors; one may occur more than once
 * @memory: out: the new descriptor, or NULL
 *
 * The new descriptor can be mapped if all members but the first begin with a page, and all
 * but the last end with one. It is no buffer. It is read-only if a member is.
 *
 * Return: BAD_ARGUMENT: NULL, no members or too many, or @options that are no
 * direction; NO_DEVICE: /dev/iokmem cannot be opened; NO_MEMORY: the descriptor could
 * not be made.
 */
int32_t iokmem_desc_create_with_memory_descriptors(uint64_t options,
						   uint32_t count,
						   struct iokmem_desc *const *members,
						   struct iokmem_desc **memory)
{
	int32_t fds[IOKMEM_MEMORY_DESCRIPTORS_MAX];
	uint32_t i;

	if (!memory)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*memory = NULL;
	if (!members || !count || count > IOKMEM_MEMORY_DESCRIPTORS_MAX)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (options & ~(uint64_t)DIRECTION_MASK)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	for (i = 0; i < count; i++) {
		if (!members[i])
			return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
		fds[i] = members[i]->fd;
	}
	return create_multi(options, fds, count, memory);
}

/**
 * iokmem_desc_get - take a reference (OSObject::retain)
 * @desc: the descriptor
 *
 * Return: @desc.
 */
struct iokmem_desc *iokmem_desc_get(struct iokmem_desc *desc)
{
	__iokmem_get(&desc->references);
	return desc;
}

/**
 * iokmem_desc_put - drop a reference (OSObject::release)
 * @desc: the descriptor, or NULL
 *
 * The last reference ends the mappings of iokmem_desc_map() and
 * iokmem_buffer_get_address_range(). Maps hold a reference of their own.
 */
void iokmem_desc_put(struct iokmem_desc *desc)
{
	if (!desc || !__iokmem_put(&desc->references))
		return;
	__iokmem_kept_release(desc);
	close(desc->fd);
	free(desc);
}

/**
 * iokmem_desc_get_retain_count - return the number of references
 * @desc: the descriptor
 *
 * For diagnosis only: other threads may change the number at any time.
 *
 * Return: the number, including those of maps.
 */
unsigned int iokmem_desc_get_retain_count(const struct iokmem_desc *desc)
{
	return __atomic_load_n(&desc->references, __ATOMIC_RELAXED);
}

/**
 * iokmem_desc_get_length - return the length of the memory
 * @desc: the descriptor
 * @length: out: in bytes
 *
 * iokmem_buffer_set_length() in any process changes the length of a buffer.
 *
 * Return: BAD_ARGUMENT: NULL; ERROR: the kernel cannot tell, see errno.
 */
int32_t iokmem_desc_get_length(struct iokmem_desc *desc, uint64_t *length)
{
	struct iokmem_query_buffer query = { .size = sizeof(query) };

	if (length)
		*length = 0;
	if (!desc || !length)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (ioctl(desc->fd, IOKMEM_QUERY_BUFFER, &query))
		return IOKMEM_RETURN_ERROR;
	*length = query.length;
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_desc_get_fd - return the file descriptor, for ioctls that this library lacks
 * @desc: the descriptor
 *
 * Return: the file descriptor. @desc owns it and closes it.
 */
int iokmem_desc_get_fd(const struct iokmem_desc *desc)
{
	return desc->fd;
}

/**
 * iokmem_desc_revoke - end all use of a descriptor's memory, in all processes
 * @desc: the descriptor, created by this process, or received with the right to revoke it
 *
 * All maps have ended on return: their addresses stay reserved, and a touch gets SIGBUS. See
 * IOKMEM_REVOKE in <linux/iokmem.h>. References and maps are put as usual.
 *
 * Return: BAD_ARGUMENT: NULL; NOT_PERMITTED: @desc is part of another descriptor, was made of
 * a dma-buf, or was received without the right.
 */
int32_t iokmem_desc_revoke(struct iokmem_desc *desc)
{
	struct iokmem_revoke arg = { .size = sizeof(arg) };

	if (!desc)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	return ioctl(desc->fd, IOKMEM_REVOKE, &arg) ? IOKMEM_RETURN_NOT_PERMITTED :
						      IOKMEM_RETURN_SUCCESS;
}
