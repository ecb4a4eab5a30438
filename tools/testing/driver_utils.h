/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions by which a test has a driver make and put maps: the driver is the device of
 * tools/testing/probe.
 */
#ifndef _IOKMEM_DRIVER_UTILS_H
#define _IOKMEM_DRIVER_UTILS_H

#include "iokmem_utils.h"

#include <sys/uio.h>

#define DRIVER	"/dev/" IOKMEM_PROBE_DEVICE

/* Open the driver. Return a file, which can have one map at a time, or -errno. */
static inline int open_driver(void)
{
	int driver = open(DRIVER, O_RDWR | O_CLOEXEC);

	return driver < 0 ? -errno : driver;
}

/* Have the driver map part of a buffer into the task that it keeps. */
static inline int driver_map(int driver, int fd, __u32 options, __u64 offset, __u64 length,
			     __u32 flags, char **address)
{
	struct iokmem_probe_map arg = {
		.fd = fd,
		.options = options | IOKMEM_MAP_ANYWHERE,
		.offset = offset,
		.length = length,
		.flags = flags,
	};
	int err = iok(driver, IOKMEM_PROBE_MAP, &arg);

	*address = err ? NULL : (char *)(uintptr_t)arg.address;
	return err;
}

/* Have the driver put its map. */
static inline int driver_put(int driver, __u32 flags)
{
	return iok(driver, IOKMEM_PROBE_PUT, (void *)(uintptr_t)flags);
}

/* Have the driver unmap its map for all who share it, and put it. */
static inline int driver_unmap(int driver, __u32 flags)
{
	return iok(driver, IOKMEM_PROBE_UNMAP, (void *)(uintptr_t)flags);
}

/* Wait until the driver's worker is done. */
static inline int driver_wait(int driver)
{
	return iok(driver, IOKMEM_PROBE_WAIT, NULL);
}

/* Make the driver map into the calling thread's address space from now on. */
static inline int driver_keep_task(int driver)
{
	return iok(driver, IOKMEM_PROBE_KEEP_TASK, NULL);
}

/*
 * Have the driver hold the mmap lock of this address space for so long. Meanwhile the
 * address space cannot change, and once a writer waits for the lock, faults wait as well.
 */
static inline int driver_hold_lock(int driver, unsigned long milliseconds)
{
	return iok(driver, IOKMEM_PROBE_HOLD_LOCK, (void *)milliseconds);
}

/* Have the driver prepare this memory, and complete it. */
static inline int driver_prepare(int driver, void *address, __u64 length, __u32 direction)
{
	struct iokmem_probe_prepare arg = {
		.address = (uintptr_t)address,
		.length = length,
		.direction = direction,
	};

	return iok(driver, IOKMEM_PROBE_PREPARE, &arg);
}

/*
 * Have the driver describe @nr ranges of the caller's memory. Return an fd of the descriptor, or
 * -errno.
 */
static inline int driver_ranges(int driver, const struct iovec *ranges, unsigned int nr,
				__u32 options, __u32 flags)
{
	struct iokmem_probe_ranges arg = { .nr = nr, .options = options, .flags = flags };
	unsigned int i;
	int fd;

	for (i = 0; i < nr && i < IOKMEM_PROBE_RANGES_MAX; i++) {
		arg.address[i] = (uintptr_t)ranges[i].iov_base;
		arg.length[i] = ranges[i].iov_len;
	}
	fd = ioctl(driver, IOKMEM_PROBE_RANGES, &arg);
	return fd < 0 ? -errno : fd;
}

/* As driver_ranges(), for one range. */
static inline int driver_range(int driver, void *address, size_t length, __u32 options)
{
	struct iovec range = { address, length };

	return driver_ranges(driver, &range, 1, options, 0);
}

/* Have the driver use a descriptor in one of the ways that iokmem_probe.h lists. */
static inline int driver_use(int driver, int fd, __u32 how, __u64 offset, __u64 length)
{
	struct iokmem_probe_use arg = {
		.fd = fd,
		.how = how,
		.offset = offset,
		.length = length,
	};

	return iok(driver, IOKMEM_PROBE_USE, &arg);
}

/* Choose what mmap() of the driver's file does. */
static inline int driver_show(int driver, int fd, __u32 how)
{
	struct iokmem_probe_show arg = { .fd = fd, .how = how };

	return iok(driver, IOKMEM_PROBE_SHOW, &arg);
}

/* Have the driver make a buffer. Return an fd of it, or -errno. */
static inline int driver_make_buffer(int driver, __u32 options, __u64 capacity, __u32 flags)
{
	struct iokmem_probe_buffer arg = {
		.options = options,
		.capacity = capacity,
		.flags = flags,
	};
	int fd = ioctl(driver, IOKMEM_PROBE_BUFFER, &arg);

	return fd < 0 ? -errno : fd;
}

/* Have the driver make a buffer for the task that it keeps. */
static inline int driver_buffer(int driver, __u32 options, __u64 capacity)
{
	return driver_make_buffer(driver, options, capacity, 0);
}

/* Return a dma-buf of the driver's that has no kernel address. */
static inline int driver_opaque(int driver)
{
	int fd = ioctl(driver, IOKMEM_PROBE_OPAQUE);

	return fd < 0 ? -errno : fd;
}

#endif /* _IOKMEM_DRIVER_UTILS_H */
