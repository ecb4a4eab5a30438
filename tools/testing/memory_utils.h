/* SPDX-License-Identifier: GPL-2.0-only */
/* Page table entries, accesses to memory, and its content. */
#ifndef _MEMORY_UTILS_H
#define _MEMORY_UTILS_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/iokmem.h>

#include "probe/iokmem_probe.h"
#include "units.h"

#define PROBE		"/sys/kernel/debug/iokmem_probe"

/* Read page table entries by tools/testing/probe. Returns -errno if it is not loaded. */

/* Look up an address of the calling process. */
static inline int probe_user(const void *address, struct iokmem_probe *probe)
{
	/* Opening the file once saves time: tests look up every page. */
	static int fd = -1;

	if (fd < 0)
		fd = open(PROBE "/user", O_RDONLY | O_CLOEXEC);
	return pread(fd, probe, sizeof(*probe), (uintptr_t)address) ==
	       sizeof(*probe) ? 0 : -errno;
}

/*
 * Have a driver map IOKMEM_PROBE_TEXT into this process, from another thread. Returns an fd
 * that keeps the map until it is closed, or -errno.
 */
static inline int map_from_outside(__u32 options, struct iokmem_probe_outside *arg)
{
	int fd = open(PROBE "/outside", O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (pread64(fd, arg, sizeof(*arg), options | IOKMEM_MAP_ANYWHERE) == sizeof(*arg))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Return the cache mode of a frame in the kernel's map of all memory, or -errno. */
static inline int frame_cache(__u64 pfn)
{
	struct iokmem_probe probe;
	static int fd = -1;

	if (fd < 0)
		fd = open(PROBE "/frame", O_RDONLY | O_CLOEXEC);
	return pread(fd, &probe, sizeof(probe), pfn) == sizeof(probe) ?
	       (int)probe.cache : -errno;
}

/*
 * entry_cache() returns the mode that page table entries of RAM in @mode show, and
 * direct_entry_cache() the one that the kernel's map of all memory shows. On arm64
 * uncached and write-combined RAM are one type, Normal-NC, and the kernel's map of all
 * memory is copyback.
 */
static inline __u32 entry_cache(__u32 mode)
{
#ifdef __aarch64__
	if (mode == IOKMEM_MAP_INHIBIT_CACHE)
		return IOKMEM_MAP_WRITE_COMBINE_CACHE;
#endif
	return mode;
}

static inline __u32 direct_entry_cache(__u32 mode)
{
#ifdef __aarch64__
	return IOKMEM_MAP_COPYBACK_CACHE;
#endif
	return mode;
}

/* Accesses to memory. */

/* Read the byte and, if @write, write it back. The compiler must not optimise this away. */
static inline void touch(char *address, bool write)
{
	volatile char *byte = address;
	char value = *byte;

	if (write)
		*byte = value;
}

static __thread sigjmp_buf probe_env;

static void probe_handler(int sig)
{
	siglongjmp(probe_env, sig);
}

/* Return the signal that touching the address in this way raises, or 0. */
static inline int probe_by(void (*touch)(char *address, bool write), char *address, bool write)
{
	struct sigaction act = { .sa_handler = probe_handler };
	struct sigaction segv, bus;
	int sig;

	sigaction(SIGSEGV, &act, &segv);
	sigaction(SIGBUS, &act, &bus);
	sig = sigsetjmp(probe_env, 1);
	if (!sig)
		touch(address, write);
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return sig;
}

/* Return the signal that an access to the byte raises, or 0. */
static inline int probe(char *address, bool write)
{
	return probe_by(touch, address, write);
}

static inline int can_read(char *address)
{
	return !probe(address, false);
}

static inline int can_write(char *address)
{
	return !probe(address, true);
}

static inline bool is_filled(const char *bytes, size_t length, char with)
{
	return length == 0 ||
	       (bytes[0] == with && !memcmp(bytes, bytes + 1, length - 1));
}

static inline bool is_zero(const char *bytes, size_t length)
{
	return is_filled(bytes, length, 0);
}

/* Write another number to every page, so that a page in the wrong place shows. */
static inline void number_pages(char *bytes, size_t length)
{
	size_t at;

	for (at = 0; at + sizeof(uint32_t) <= length; at += PAGE)
		*(uint32_t *)(bytes + at) = 0x10000000 + at / PAGE;
}

static inline bool pages_are_numbered(const char *bytes, size_t length,
				      size_t first)
{
	size_t at;

	for (at = 0; at + sizeof(uint32_t) <= length; at += PAGE)
		if (*(const uint32_t *)(bytes + at) !=
		    0x10000000 + first + at / PAGE)
			return false;
	return true;
}

/* Return a hole of @length bytes in the address space, at a multiple of @alignment. */
static inline char *find_hole(size_t length, size_t alignment)
{
	char *hole = mmap(NULL, length + alignment, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (hole == MAP_FAILED)
		return NULL;
	munmap(hole, length + alignment);
	return (char *)round_up((uintptr_t)hole, alignment);
}

#endif /* _MEMORY_UTILS_H */
