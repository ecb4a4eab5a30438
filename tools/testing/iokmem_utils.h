/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of /dev/iokmem share: the ioctls as functions that return 0 or
 * -errno, and ways to look whether anything has changed.
 */
#ifndef _IOKMEM_UTILS_H
#define _IOKMEM_UTILS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/iokmem.h>

#include "kselftest_harness.h"
#include "probe/iokmem_probe.h"

#define PAGE		((unsigned long)getpagesize())
#define KIB		1024UL
#define MIB		(1024UL * KIB)
/* A huge entry maps as much as a whole page table, which is a page of 8-byte entries. */
#define PMD		(PAGE / sizeof(__u64) * PAGE)
/* The largest block that the kernel's allocator has is of PMD or of 2 * PMD. */
#define MORE_THAN_A_BLOCK	(4 * PMD)
#define DEVICE		"/dev/iokmem"
#define LIST		"/sys/kernel/debug/iokmem/descriptors"
#define POOLS		"/sys/kernel/debug/iokmem/pools"
#define PROBE		"/sys/kernel/debug/iokmem_probe"
#define BITS		32

/* The whole of a call's failure: -1, and this errno. */
#define EXPECT_ERRNO(expected, call)					\
	do {								\
		errno = 0;						\
		EXPECT_EQ(-1, (long)(call));				\
		EXPECT_EQ(expected, errno);				\
	} while (0)

static inline size_t round_up(size_t x, size_t to)
{
	return (x + to - 1) / to * to;
}

/**
 * struct measure - a size whose parts are added up
 * @huge: how many times PMD
 * @pages: how many pages
 * @bytes: how many bytes
 *
 * A fixture's variants are constants, but the sizes of pages and of huge entries are not
 * known before the program runs.
 */
struct measure {
	long huge;
	long pages;
	long bytes;
};

#define MEASURE(_huge, _pages, _bytes) \
	{ .huge = _huge, .pages = _pages, .bytes = _bytes }
#define NR_HUGE(_n)	{ .huge = _n }
#define NR_PAGES(_n)	{ .pages = _n }
#define NR_BYTES(_n)	{ .bytes = _n }

static inline size_t measured(struct measure measure)
{
	return measure.huge * PMD + measure.pages * PAGE + measure.bytes;
}

/* The ioctls. */

static inline int iok(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

/* Returns the buffer's fd, or -errno. */
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

/* The same, mapped at once. */
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

/* On a device file of its own, for those who make only one. */
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

/* For requests that are expected to fail. */
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

/* For all who share the map. */
static inline int unmap(int fd, const void *address, __u64 length)
{
	struct iokmem_unmap arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)address,
		.length = length,
	};

	return iok(fd, IOKMEM_UNMAP, &arg);
}

/* @to: the fd of the new memory, or -1 */
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

/* Returns the state until now, or -errno. */
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

/* How often the map has to be released; 0 if there is none. */
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

/* Looking at the kernel's files, without allocating: that would change what is seen. */

/* How many lines of @path have @needle in them; -errno if it cannot be read. */
static inline int count_lines(const char *path, const char *needle)
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
			found += !!strstr(line, needle);
		}
	}
	close(fd);
	return n < 0 ? -errno : found;
}

/* The first line of @path with @needle in it, into @line. */
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

/* The line of /proc/self/smaps that begins with @key, of the map at @address. */
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

/* From /proc/meminfo, in bytes. */
static inline long memory(const char *key)
{
	char line[128];

	if (!find_line("/proc/meminfo", key, line, sizeof(line)))
		return -1;
	return atol(strchr(line, ':') + 1) * (long)KIB;
}

/*
 * The same of free memory: with what lies in the lists of each CPU, in blocks of up to
 * 2 MiB, which the kernel does not count as free.
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

/* A sanitizer maps memory for itself whenever it likes. */
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
	return count_lines(LIST, "descriptor ");
}

/* Is the buffer in the kernel's list? */
static inline bool is_listed(long long id)
{
	char needle[32];

	snprintf(needle, sizeof(needle), "descriptor %lld:", id);
	return count_lines(LIST, needle) > 0;
}

static inline int maps_of_process(pid_t pid)
{
	char needle[32];

	snprintf(needle, sizeof(needle), "map pid %d (", pid);
	return count_lines(LIST, needle);
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

/* What an ioctl that fails must leave as it was. */
struct state {
	int fds;
	int next_fd;	/* a number that was reserved and forgotten is not free */
	int vmas;
	int descriptors;
	struct iokmem_query_buffer buffer;
};

/* @fd: a buffer, or -1 */
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

/* The kernel cleans up after a killed process when it comes to it. */
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

/* Large page table entries for raw frames came in 6.12. */
static inline bool kernel_has_huge_pfn(void)
{
	int major = 0, minor = 0;
	struct utsname uts;

	if (uname(&uts) || sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 12);
}

/* Page table entries, as tools/testing/probe has them; -errno if it is not loaded. */

/* For an address of this process's. */
static inline int probe_user(const void *address, struct iokmem_probe *probe)
{
	/* Opened once: tests ask for every page. */
	static int fd = -1;

	if (fd < 0)
		fd = open(PROBE "/user", O_RDONLY | O_CLOEXEC);
	return pread(fd, probe, sizeof(*probe), (uintptr_t)address) ==
	       sizeof(*probe) ? 0 : -errno;
}

/*
 * A map of IOKMEM_PROBE_TEXT that a driver makes from another thread, for as long as the
 * fd that is returned is open; or -errno.
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

/* The cache mode that a frame has in the kernel's map of all memory, or -errno. */
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

/* Touching memory. */

/* Read the byte and, if @write, write it back; whatever the compiler thinks of it. */
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

/* The signal that touching the byte raises, or 0. */
static inline int probe(char *address, bool write)
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

/* Every page another number, so that a page in the wrong place is seen. */
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

/* A hole in the address space of @length bytes, at a multiple of @alignment. */
static inline char *find_hole(size_t length, size_t alignment)
{
	char *hole = mmap(NULL, length + alignment, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (hole == MAP_FAILED)
		return NULL;
	munmap(hole, length + alignment);
	return (char *)round_up((uintptr_t)hole, alignment);
}

/* Other processes. */

/* The exit code of a child; 128 + signal if it was killed, as in a shell. */
static inline int join(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline pid_t spawn(int (*run)(void *), void *arg)
{
	pid_t child = fork();

	if (!child)
		_exit(run(arg));
	return child;
}

/* Its exit code. */
static inline int run_child(int (*run)(void *), void *arg)
{
	return join(spawn(run, arg));
}

/*
 * In a child, which can say no more than a number: the line where it is not as
 * it should be. Lines past 127 would look like signals, so they are told.
 */
#define CHILD_EXPECT(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "# %s:%d: in a child: not true: %s (errno %d)\n", \
				__FILE__, __LINE__, #condition, errno);	\
			return 1;					\
		}							\
	} while (0)

#endif /* _IOKMEM_UTILS_H */
