/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that the tests of /dev/iokmem share: the ioctls, a look at the kernel's state,
 * memory, and child processes.
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

#include "iokmem_ioctls.h"
#include "kernel_state.h"
#include "kselftest_harness.h"
#include "memory_utils.h"

/* Expect @call to return -1 with this errno. */
#define EXPECT_ERRNO(expected, call)					\
	do {								\
		errno = 0;						\
		EXPECT_EQ(-1, (long)(call));				\
		EXPECT_EQ(expected, errno);				\
	} while (0)

/* Other processes. */

/* Return the exit code of a child, or 128 + signal if it was killed, as a shell does. */
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

/* Run a child to its end and return its exit code. */
static inline int run_child(int (*run)(void *), void *arg)
{
	return join(spawn(run, arg));
}

/*
 * Check a condition in a child. A child can only return a number, and line numbers above 127
 * would look like signals, so the place is printed.
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
