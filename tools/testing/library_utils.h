/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the tests of libiokmem: short forms of its calls, and what valgrind and the
 * sanitizers need to know.
 */
#ifndef _LIBRARY_UTILS_H
#define _LIBRARY_UTILS_H

#include "iokmem_utils.h"

#include <sys/socket.h>

#include <libiokmem.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif
#ifdef LIBRARY_TEST_VALGRIND
#include <valgrind/memcheck.h>
#endif

#define BUFFER_SIZE	(16 * PAGE + 100)
#define WHOLE_PAGES	(17 * PAGE)

/* Expect @call to fail with this return code and errno. */
#define EXPECT_FAILS(ret, err, call)					\
	do {								\
		errno = 0;						\
		EXPECT_EQ(IOKMEM_RETURN_##ret, call);			\
		EXPECT_EQ(err, errno);					\
	} while (0)

#define EXPECT_OK(call)	EXPECT_EQ(IOKMEM_RETURN_SUCCESS, call)
#define ASSERT_OK(call)	ASSERT_EQ(IOKMEM_RETURN_SUCCESS, call)

/* Valgrind and the sanitizers. */

/* Tell valgrind about memory that an ioctl has mapped: it cannot know. */
static inline void is_mapped(uint64_t address, uint64_t length)
{
#ifdef LIBRARY_TEST_VALGRIND
	VALGRIND_MAKE_MEM_DEFINED((uintptr_t)address, length);
#endif
}

/*
 * Skip a test that valgrind cannot follow: it has its own limits, and runs one thread at a
 * time.
 */
#ifdef LIBRARY_TEST_VALGRIND
#define NOT_FOR_VALGRIND	SKIP(return, "not for valgrind")
#else
#define NOT_FOR_VALGRIND
#endif

/* Return the signal that an access to the byte raises, or 0. Valgrind must not report it. */
static inline int signal_at(uint64_t address, bool write)
{
	int sig;

#ifdef LIBRARY_TEST_VALGRIND
	VALGRIND_DISABLE_ERROR_REPORTING;
#endif
	sig = probe((char *)(uintptr_t)address, write);
#ifdef LIBRARY_TEST_VALGRIND
	VALGRIND_ENABLE_ERROR_REPORTING;
#endif
	return sig;
}

/* Return how much allocated memory cannot be reached any more. */
static inline int nr_leaks(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return __lsan_do_recoverable_leak_check();
#elif defined(LIBRARY_TEST_VALGRIND)
	unsigned long leaked = 0, dubious = 0, reachable = 0, suppressed = 0;

	VALGRIND_DO_LEAK_CHECK;
	VALGRIND_COUNT_LEAKS(leaked, dubious, reachable, suppressed);
	/* Dubious memory is what the C library keeps for its next thread. */
	(void)dubious;
	(void)reachable;
	(void)suppressed;
	return leaked;
#else
	return 0;
#endif
}

/* Short forms of frequent calls. */

static inline struct iokmem_desc *make_buffer(uint64_t options, uint64_t capacity)
{
	struct iokmem_desc *buffer;

	iokmem_buffer_create(options, capacity, 0, &buffer);
	return buffer;
}

static inline struct iokmem_map *make_map(struct iokmem_desc *desc, uint64_t options,
					  uint64_t offset, uint64_t length)
{
	struct iokmem_map *map;

	if (!iokmem_desc_create_mapping(desc, options, 0, offset, length, 0, &map))
		is_mapped(iokmem_map_get_address(map), iokmem_map_get_length(map));
	return map;
}

static inline char *bytes_of(struct iokmem_map *map)
{
	return (char *)(uintptr_t)iokmem_map_get_address(map);
}

static inline int map_signal(struct iokmem_map *map, bool write)
{
	return signal_at(iokmem_map_get_address(map), write);
}

/* Return the map's references as the kernel counts them. */
static inline long kernel_references(struct iokmem_desc *desc, struct iokmem_map *map)
{
	return references(iokmem_desc_get_fd(desc), bytes_of(map),
			  iokmem_map_get_length(map));
}

static inline bool is_close_on_exec(struct iokmem_desc *desc)
{
	return fcntl(iokmem_desc_get_fd(desc), F_GETFD) & FD_CLOEXEC;
}

/* Lower the limit so that @more file descriptors can be opened. */
static inline void limit_fds(int more)
{
	struct rlimit limit;
	int next;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	next = fcntl(0, F_DUPFD, 0);
	close(next);
	limit.rlim_cur = next + more;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The most file descriptors that a message can have. */
#define SEND_MAX	253

/* Send @n file descriptors with @bytes, as a peer without the library might. */
static inline int send_raw(int sock, const char *bytes, size_t length, const int *fds, int n)
{
	struct iovec iov = { .iov_base = (char *)bytes, .iov_len = length };
	union {
		char bytes[CMSG_SPACE(SEND_MAX * sizeof(int))];
		struct cmsghdr aligned;
	} control = { .bytes = "" };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg = &control.aligned;

	if (n) {
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	return sendmsg(sock, &msg, 0) == (ssize_t)length ? 0 : -errno;
}

#endif /* _LIBRARY_UTILS_H */
