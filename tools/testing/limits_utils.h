/* SPDX-License-Identifier: GPL-2.0-only */
/* Users and cgroups whose memory is limited. */
#ifndef _IOKMEM_LIMITS_UTILS_H
#define _IOKMEM_LIMITS_UTILS_H

#include "iokmem_utils.h"

#include <grp.h>

#define CGROUP		"/sys/fs/cgroup"
#define TEST_CGROUP	CGROUP "/iokmem_test"

/* Become an ordinary user with this RLIMIT_MEMLOCK, in bytes. */
static inline int become(uid_t uid, rlim_t limit)
{
	struct rlimit memlock = { .rlim_cur = limit, .rlim_max = limit };

	return setrlimit(RLIMIT_MEMLOCK, &memlock) || setgroups(0, NULL) ||
	       setresgid(uid, uid, uid) || setresuid(uid, uid, uid);
}

/* Return how many more pages the user can have, in buffers of one page. */
static inline int count_available(int dev, int at_most)
{
	int fds[64], i, n;

	for (n = 0; n < at_most && n < (int)ARRAY_SIZE(fds); n++) {
		fds[n] = create(dev, 0, PAGE, 0);
		if (fds[n] < 0)
			break;
	}
	for (i = 0; i < n; i++)
		close(fds[i]);
	return n;
}

/* Make the test's cgroup. Returns -errno if there is no memory controller of cgroup v2. */
static inline int make_cgroup(void)
{
	if (write_file(CGROUP "/cgroup.subtree_control", "+memory") ||
	    (mkdir(TEST_CGROUP, 0755) && errno != EEXIST))
		return -errno;
	return 0;
}

/* Move the calling process to the test's cgroup. */
static inline int enter_cgroup(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return write_file(TEST_CGROUP "/cgroup.procs", pid);
}

#endif /* _IOKMEM_LIMITS_UTILS_H */
