/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of descriptors, maps and memory, from the kernel's files, and whether it has changed.
 * Functions that count lines, mappings or file descriptors must not allocate, because
 * allocating would change what they count.
 */
#ifndef _KERNEL_STATE_H
#define _KERNEL_STATE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include "iokmem_ioctls.h"

#define LIST		"/proc/iokmem/descriptors"
#define POOLS		"/proc/iokmem/pools"

/* Return how many lines of @path match @needle, or -errno if the file cannot be read. */
static inline int count_matching(const char *path, const char *needle,
				 bool (*match)(const char *line, const char *needle))
{
	char line[512], chunk[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	int found = 0;
	ssize_t n, i;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		for (i = 0; i < n; i++) {
			if (chunk[i] != '\n') {
				if (used < sizeof(line) - 1)
					line[used++] = chunk[i];
				continue;
			}
			line[used] = 0;
			used = 0;
			found += match(line, needle);
		}
	}
	close(fd);
	return n < 0 ? -errno : found;
}

static inline bool line_contains(const char *line, const char *needle)
{
	return strstr(line, needle);
}

static inline bool line_begins(const char *line, const char *needle)
{
	return !strncmp(line, needle, strlen(needle));
}

static inline bool line_is(const char *line, const char *needle)
{
	return !strcmp(line, needle);
}

/* Return how many lines of @path contain @needle, or -errno if the file cannot be read. */
static inline int count_lines(const char *path, const char *needle)
{
	return count_matching(path, needle, line_contains);
}

/* Return how many lines of @path are @needle, or -errno if the file cannot be read. */
static inline int count_equal_lines(const char *path, const char *needle)
{
	return count_matching(path, needle, line_is);
}

/*
 * Copy the first line of @path that contains @needle to @line. Returns false if there is none.
 */
static inline bool find_line(const char *path, const char *needle, char *line,
			     int size)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, size, file))
		found = strstr(line, needle);
	fclose(file);
	return found;
}

/* Copy the line that begins with @key from the map at @address in /proc/self/smaps to @line. */
static inline bool find_in_smaps(const char *address, const char *key, char *line, int size)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool here = false, found = false;
	char name[32];

	if (!smaps)
		return false;
	snprintf(name, sizeof(name), "%lx-", (long)address);
	while (!found && fgets(line, size, smaps)) {
		here |= !strncmp(line, name, strlen(name));
		found = here && !strncmp(line, key, strlen(key));
	}
	fclose(smaps);
	return found;
}

/*
 * Return how many bytes of the map at @address are in huge entries of @kind, such as
 * ShmemPmdMapped; or -ENOENT if the kernel does not tell.
 */
static inline long huge_bytes(const char *address, const char *kind)
{
	char line[256];

	if (!find_in_smaps(address, kind, line, sizeof(line)))
		return -ENOENT;
	return atol(line + strlen(kind) + 1) * 1024;
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	close(fd);
	return err;
}

static inline long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n < 0 ? -errno : atol(text);
}

/* Return a value of /proc/meminfo in bytes. */
static inline long memory(const char *key)
{
	char line[128];

	if (!find_line("/proc/meminfo", key, line, sizeof(line)))
		return -1;
	return atol(strchr(line, ':') + 1) * (long)KIB;
}

/*
 * Return a value of /proc/meminfo that counts free memory, plus the pages on each CPU's lists.
 * The kernel keeps blocks of up to 2 MiB there and does not count them as free.
 */
static inline long free_memory(const char *key)
{
	FILE *zones = fopen("/proc/zoneinfo", "re");
	long bytes = memory(key), count;
	char line[128];

	if (!zones)
		return -1;
	while (fgets(line, sizeof(line), zones))
		if (sscanf(line, " count: %ld", &count) == 1)
			bytes += count * (long)PAGE;
	fclose(zones);
	return bytes;
}

static inline int nr_iokmem_vmas(void)
{
	return count_lines("/proc/self/maps", "iokmem:");
}

/* A sanitizer maps memory for itself at any time, so only this driver's mappings count then. */
static inline int nr_vmas(void)
{
#ifdef __SANITIZE_ADDRESS__
	return nr_iokmem_vmas();
#else
	return count_lines("/proc/self/maps", "");
#endif
}

static inline int nr_descriptors(void)
{
	/* The name of a process may contain the key. */
	return count_matching(LIST, "iokmem-id:", line_begins);
}

/* Return true if the kernel's list has a descriptor with this number. */
static inline bool is_listed(long long id)
{
	char needle[32];

	snprintf(needle, sizeof(needle), "iokmem-id:\t%lld", id);
	return count_equal_lines(LIST, needle) > 0;
}

static inline int maps_of_process(pid_t pid)
{
	char needle[32];

	snprintf(needle, sizeof(needle), "iokmem-map-pid:\t%d", pid);
	return count_equal_lines(LIST, needle);
}

static inline int nr_fds(void)
{
	struct rlimit limit;
	int found = 0;
	rlim_t fd;

	getrlimit(RLIMIT_NOFILE, &limit);
	for (fd = 0; fd < limit.rlim_cur && fd < 1024; fd++)
		found += fcntl(fd, F_GETFD) >= 0;
	return found;
}

/* State that an ioctl must leave as it was if it fails. */
struct state {
	int fds;
	int next_fd;	/* shows a number that was reserved and not given back */
	int vmas;
	int descriptors;
	struct iokmem_query_buffer buffer;
};

/* Record the state. @fd is a buffer, or -1 for none. */
static inline struct state look(int fd)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	if (fd >= 0)
		query(fd, &state.buffer);
	state.fds = nr_fds();
	state.next_fd = fcntl(0, F_DUPFD, 0);
	close(state.next_fd);
	state.vmas = nr_vmas();
	state.descriptors = nr_descriptors();
	return state;
}

#define EXPECT_UNCHANGED(before, fd)					\
	do {								\
		struct state _now = look(fd);				\
									\
		EXPECT_EQ((before).fds, _now.fds);			\
		EXPECT_EQ((before).next_fd, _now.next_fd);		\
		EXPECT_EQ((before).vmas, _now.vmas);			\
		EXPECT_EQ((before).descriptors, _now.descriptors);	\
		EXPECT_EQ((before).buffer.maps, _now.buffer.maps);	\
		EXPECT_EQ(0, memcmp(&(before).buffer, &_now.buffer,	\
				    sizeof(_now.buffer)));		\
	} while (0)

/* Wait up to ten seconds for @condition: the kernel cleans up after a killed process later. */
#define EVENTUALLY(condition)						\
	({								\
		struct timespec _moment = { .tv_nsec = 10 * 1000 * 1000 }; \
		bool _so = condition;					\
		int _i;							\
									\
		for (_i = 0; !_so && _i < 1000; _i++) {			\
			nanosleep(&_moment, NULL);			\
			_so = condition;				\
		}							\
		_so;							\
	})

static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Return true if scripts/check says that the machine has this: edu, iommu, tree, or vfio. */
static inline bool machine_has(const char *what)
{
	const char *devices = getenv("IOKMEM_DEVICES");

	return devices && strstr(devices, what);
}

static inline bool kernel_is_since(int since_major, int since_minor)
{
	int major = 0, minor = 0;
	struct utsname uts;

	if (uname(&uts) || sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > since_major || (major == since_major && minor >= since_minor);
}

/* Large page table entries for raw frames came in 6.12. */
static inline bool kernel_has_huge_pfn(void)
{
	return kernel_is_since(6, 12);
}

/* Modules can take entries of the kernel's mappings away. */
static inline bool kernel_maps_have_guards(void)
{
	struct utsname uts;

	return !uname(&uts) && !strcmp(uts.machine, "x86_64") && !kernel_is_since(6, 18);
}

#endif /* _KERNEL_STATE_H */
