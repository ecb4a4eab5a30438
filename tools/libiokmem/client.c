// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a driver offers to the programs that have its device open (IOUserClient's
 * clientMemoryForType()). The kernel gives out a file descriptor of it.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iokmem.h>

#include "internal.h"

#define CLIENT_MAP_OPTIONS	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_CACHE_MASK | IOKMEM_MAP_READ_ONLY)

/* Return a file descriptor of the driver's memory, or -1. */
static int get_memory(int client, uint32_t type)
{
	struct iokmem_client_memory arg = {
		.size = sizeof(arg),
		.type = type,
	};

	return ioctl(client, IOKMEM_CLIENT_MEMORY, &arg) ? -1 : arg.fd;
}

/* Return what errno says, in DriverKit's numbers. */
static int32_t failure(void)
{
	switch (errno) {
	case EINVAL:
	case EBADF:
		return IOKMEM_RETURN_BAD_ARGUMENT;
	case ENOTTY:
	case EOPNOTSUPP:
		return IOKMEM_RETURN_UNSUPPORTED;
	case EACCES:
	case EPERM:
		return IOKMEM_RETURN_NOT_PERMITTED;
	case ENODEV:
		return IOKMEM_RETURN_NO_DEVICE;
	case EMFILE:
	case ENFILE:
		return IOKMEM_RETURN_NO_RESOURCES;
	case ENOMEM:
		return IOKMEM_RETURN_NO_MEMORY;
	default:
		return IOKMEM_RETURN_ERROR;
	}
}

/* Close @fd. The result is @err, as an errno, in DriverKit's numbers. */
static int32_t close_and_tell(int fd, int err)
{
	close(fd);
	errno = err;
	return err ? failure() : IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_desc_create_with_client_memory - describe the memory that a driver offers
 * @client: a file descriptor of the driver's device
 * @type: which memory, a number of the driver's
 * @memory: out: the descriptor, or NULL
 *
 * The descriptor works like one that another process has sent. It needs @client no more. When the
 * driver revokes the memory, poll() of iokmem_desc_get_fd() reports POLLHUP.
 *
 * Return: BAD_ARGUMENT: NULL, the driver has no memory of this @type, or @client is not a file
 * descriptor; UNSUPPORTED: the file descriptor is not of such a driver; NOT_PERMITTED: it is for
 * writing only; NO_RESOURCES: no room for a file descriptor; NO_MEMORY: the descriptor could not be
 * created; all else, such as NO_DEVICE or ERROR, comes from the driver: see errno.
 */
int32_t iokmem_desc_create_with_client_memory(int client, uint32_t type,
					      struct iokmem_desc **memory)
{
	int fd;

	if (!memory)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*memory = NULL;
	fd = get_memory(client, type);
	if (fd < 0)
		return failure();
	return __iokmem_desc_with_fd(fd, 0, memory);
}

/**
 * iokmem_client_map - map the memory that a driver offers (IOConnectMapMemory64)
 * @client: a file descriptor of the driver's device
 * @type: which memory, a number of the driver's
 * @options: IOKMEM_MAP_ANYWHERE, IOKMEM_MAP_READ_ONLY and a cache mode, of <linux/iokmem.h>. These
 *	are IOKit's numbers, not DriverKit's
 * @address: the address of the first byte: with IOKMEM_MAP_ANYWHERE only out, otherwise in, too
 * @length: out: all of the memory's length, in bytes
 *
 * The map has no guard. It is read-only if @options say so, or if the driver does. Calls with equal
 * options return one address, and each is undone by iokmem_client_unmap(). A child after fork()
 * does not have the map. When the driver revokes the memory, a touch of the map is SIGBUS.
 *
 * Return: as iokmem_desc_create_with_client_memory(); BAD_ARGUMENT also for other options;
 * UNSUPPORTED for a cache mode that is not provided; NOT_PERMITTED for one that the program may not
 * choose; NO_DEVICE: the memory has been revoked; NO_MEMORY: no room for a map.
 */
int32_t iokmem_client_map(int client, uint32_t type, uint32_t options, uint64_t *address,
			  uint64_t *length)
{
	struct iokmem_create_mapping arg = { .size = sizeof(arg), .options = options };
	struct iokmem_query_buffer query = { .size = sizeof(query) };
	int fd, err = 0;

	if (!address || !length)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (!(options & IOKMEM_MAP_ANYWHERE))
		arg.address = *address;
	*address = 0;
	*length = 0;
	if (options & ~CLIENT_MAP_OPTIONS)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	fd = get_memory(client, type);
	if (fd < 0)
		return failure();
	if (ioctl(fd, IOKMEM_QUERY_BUFFER, &query))
		return close_and_tell(fd, errno);
	if (query.access & IOKMEM_FD_READ_ONLY)
		arg.options |= IOKMEM_MAP_READ_ONLY;
	if (ioctl(fd, IOKMEM_CREATE_MAPPING, &arg))
		err = errno;
	if (!err) {
		*address = arg.address;
		*length = arg.length;
	}
	return close_and_tell(fd, err);
}

/**
 * iokmem_client_unmap - undo one iokmem_client_map() (IOConnectUnmapMemory64)
 * @client: a file descriptor of the driver's device
 * @type: which memory
 * @address: of the map
 *
 * A map that the driver has ended by a revoke cannot be found any more. Its addresses stay reserved
 * until the program calls munmap(). The length of the memory must be that which was mapped.
 *
 * Return: as iokmem_desc_create_with_client_memory(); ERROR, with errno ENOENT: this process has no
 * map of all the memory there.
 */
int32_t iokmem_client_unmap(int client, uint32_t type, uint64_t address)
{
	struct iokmem_release_mapping arg = { .size = sizeof(arg), .address = address };
	struct iokmem_query_buffer query = { .size = sizeof(query) };
	int fd, err = 0;

	fd = get_memory(client, type);
	if (fd < 0)
		return failure();
	if (ioctl(fd, IOKMEM_QUERY_BUFFER, &query))
		return close_and_tell(fd, errno);
	arg.length = query.length;
	if (ioctl(fd, IOKMEM_RELEASE_MAPPING, &arg))
		err = errno;
	return close_and_tell(fd, err);
}
