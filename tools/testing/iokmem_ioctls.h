/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of /dev/iokmem as functions that return 0 or -errno.
 */
#ifndef _IOKMEM_IOCTLS_H
#define _IOKMEM_IOCTLS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/iokmem.h>

#include "kselftest_harness.h"
#include "units.h"

/* Emulated machines with a sanitizer's kernel are slow. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#define DEVICE		"/dev/iokmem"

static inline int iok(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

/* Create a buffer. Returns its fd, or -errno. */
static inline int create(int dev, __u32 options, __u64 capacity, __u64 alignment)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = options,
		.capacity = capacity,
		.alignment = alignment,
		.fd = -1,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* Create a buffer and map it in one call. Returns the buffer's fd, or -errno. */
static inline int create_mapped(int dev, __u32 options, __u64 capacity, __u32 map_options,
				char **address)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = options,
		.capacity = capacity,
		.fd = -1,
		.map_options = map_options,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &arg);

	*address = err ? NULL : (char *)(uintptr_t)arg.address;
	return err ? err : arg.fd;
}

/* Return true if memory can have the cache mode in @options on this machine. */
static inline bool has_cache_mode(__u32 options)
{
	int dev, fd;

	if (!(options & IOKMEM_MAP_CACHE_MASK))
		return true;
	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	fd = create(dev, options & IOKMEM_MAP_CACHE_MASK, PAGE, 0);
	if (fd >= 0)
		close(fd);
	close(dev);
	return fd != -EOPNOTSUPP;
}

/* Skip a test of a cache mode that memory cannot have here. */
#define NEED_CACHE_MODE(options)					\
	do {								\
		if (!has_cache_mode(options))				\
			SKIP(return, "memory cannot have this cache mode here"); \
	} while (0)

/* Create a buffer on a device file that is closed again. Returns the buffer's fd, or -errno. */
static inline int new_buffer(__u64 capacity)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fd;

	if (dev < 0)
		return -errno;
	fd = create(dev, IOKMEM_DIRECTION_INOUT, capacity, 0);
	close(dev);
	return fd;
}

static inline int map_at(int fd, __u32 options, __u64 at, __u64 offset,
			 __u64 length, char **address)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = options,
		.address = at,
		.offset = offset,
		.length = length,
	};
	int err = iok(fd, IOKMEM_CREATE_MAPPING, &arg);

	*address = err ? NULL : (char *)(uintptr_t)arg.address;
	return err;
}

static inline int map(int fd, __u32 options, __u64 offset, __u64 length,
		      char **address)
{
	return map_at(fd, options | IOKMEM_MAP_ANYWHERE, 0, offset, length,
		      address);
}

/* Request a map whose address does not matter: most such requests are expected to fail. */
static inline int try_map(int fd, __u32 options, __u64 at, __u64 offset,
			  __u64 length)
{
	char *address;

	return map_at(fd, options, at, offset, length, &address);
}

static inline int release(int fd, const void *address, __u64 length)
{
	struct iokmem_release_mapping arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)address,
		.length = length,
	};

	return iok(fd, IOKMEM_RELEASE_MAPPING, &arg);
}

/* End a map for everybody who shares it. */
static inline int unmap(int fd, const void *address, __u64 length)
{
	struct iokmem_unmap arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)address,
		.length = length,
	};

	return iok(fd, IOKMEM_UNMAP, &arg);
}

/* Redirect a map to the memory of @to, or block it if @to is -1. */
static inline int redirect(int fd, const void *address, __u64 length, int to,
			   __u32 options, __u64 offset)
{
	struct iokmem_redirect_mapping arg = {
		.size = sizeof(arg),
		.options = options,
		.address = (uintptr_t)address,
		.length = length,
		.offset = offset,
		.fd = to,
	};

	return iok(fd, IOKMEM_REDIRECT_MAPPING, &arg);
}

static inline int set_length(int fd, __u64 length)
{
	struct iokmem_set_length arg = { .size = sizeof(arg), .length = length };

	return iok(fd, IOKMEM_SET_LENGTH, &arg);
}

/* Returns the new fd, or -errno. */
static inline int duplicate(int fd, __u32 flags)
{
	struct iokmem_duplicate arg = { .size = sizeof(arg), .flags = flags };
	int err = iok(fd, IOKMEM_DUPLICATE, &arg);

	return err ? err : arg.fd;
}

/* Returns the previous state, or -errno. */
static inline int set_purgeable(int fd, __u32 state)
{
	struct iokmem_set_purgeable arg = { .size = sizeof(arg), .state = state };
	int old = ioctl(fd, IOKMEM_SET_PURGEABLE, &arg);

	return old < 0 ? -errno : old;
}

static inline int page_counts(int fd, struct iokmem_get_page_counts *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	return iok(fd, IOKMEM_GET_PAGE_COUNTS, arg);
}

/* Returns the sub-descriptor's fd, or -errno. */
static inline int create_sub(int fd, __u32 options, __u64 offset, __u64 length)
{
	struct iokmem_create_sub arg = {
		.size = sizeof(arg),
		.options = options,
		.offset = offset,
		.length = length,
	};
	int err = iok(fd, IOKMEM_CREATE_SUB, &arg);

	return err ? err : arg.fd;
}

/* Returns the multi-descriptor's fd, or -errno. */
static inline int create_multi(int dev, __u32 options, const __s32 *fds, int nr)
{
	struct iokmem_create_multi arg = {
		.size = sizeof(arg),
		.options = options,
		.fds = (uintptr_t)fds,
		.nr_fds = nr,
	};
	int err = iok(dev, IOKMEM_CREATE_MULTI, &arg);

	return err ? err : arg.fd;
}

/* Returns the dma-buf's fd, or -errno. */
static inline int get_dma_buf(int fd, __u32 flags)
{
	struct iokmem_get_dma_buf arg = { .size = sizeof(arg), .flags = flags };
	int err = iok(fd, IOKMEM_GET_DMA_BUF, &arg);

	return err ? err : arg.fd;
}

/* Returns the descriptor's fd, or -errno. */
static inline int with_dma_buf(int dev, __u32 options, int dma_buf)
{
	struct iokmem_with_dma_buf arg = {
		.size = sizeof(arg),
		.options = options,
		.dma_buf = dma_buf,
	};
	int err = iok(dev, IOKMEM_WITH_DMA_BUF, &arg);

	return err ? err : arg.fd;
}

/* End all use of a descriptor's memory. */
static inline int revoke_memory(int fd)
{
	struct iokmem_revoke arg = { .size = sizeof(arg) };

	return iok(fd, IOKMEM_REVOKE, &arg);
}

static inline int query(int fd, struct iokmem_query_buffer *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	return iok(fd, IOKMEM_QUERY_BUFFER, arg);
}

static inline int query_map(int fd, const void *address, __u64 length,
			    struct iokmem_query_mapping *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->address = (uintptr_t)address;
	arg->length = length;
	return iok(fd, IOKMEM_QUERY_MAPPING, arg);
}

/* Return how often the map has to be released, 0 if there is no such map, or -errno. */
static inline long references(int fd, const void *address, __u64 length)
{
	struct iokmem_query_mapping arg;
	int err = query_map(fd, address, length, &arg);

	if (err)
		return err == -ENOENT ? 0 : err;
	return arg.references;
}

static inline int nr_maps(int fd)
{
	struct iokmem_query_buffer arg;
	int err = query(fd, &arg);

	return err ? err : (int)arg.maps;
}

static inline long long length_of(int fd)
{
	struct iokmem_query_buffer arg;
	int err = query(fd, &arg);

	return err ? err : (long long)arg.length;
}

static inline long long buffer_id(int fd)
{
	struct iokmem_query_buffer arg;
	int err = query(fd, &arg);

	return err ? err : (long long)arg.id;
}

#endif /* _IOKMEM_IOCTLS_H */
