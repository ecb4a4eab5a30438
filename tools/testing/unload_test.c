// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading the module right after its last user is gone. Threads that touched a map which
 * is redirected to nothing have waited in the module's code. They must have left it before
 * the module can be unloaded. Pages that somebody has pinned stay that long, without the
 * module. This program runs while no other module uses the module: see scripts/guest/test.
 */
#include "bounded.h"

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/uio.h>

#define MODULE		"/modules/iokmem.ko"
#define NR_WAITERS	8
#define NR_ROUNDS	20
#define SIZE		(4 * PAGE)

static char *map_to_touch;
static atomic_int nr_ready, nr_left;

/* Wait in a fault, with a policy that lets all other threads run first afterwards. */
static void *wait_in_fault(void *arg)
{
	const struct sched_param param = {};

	sched_setscheduler(0, SCHED_IDLE, &param);
	nr_ready++;
	if (!sigsetjmp(probe_env, 1))
		touch(map_to_touch, false);
	nr_left++;
	return NULL;
}

/* Unmap the map while threads wait in it, close the last file, and unload the module. */
static int let_threads_wait_and_unload(void *arg)
{
	struct sigaction act = { .sa_handler = probe_handler };
	pthread_t threads[NR_WAITERS];
	int fd, i;

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	fd = new_buffer(SIZE);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(!map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &map_to_touch));
	CHILD_EXPECT(!redirect(fd, map_to_touch, SIZE, -1, 0, 0));
	for (i = 0; i < NR_WAITERS; i++)
		CHILD_EXPECT(!pthread_create(&threads[i], NULL, wait_in_fault, NULL));
	CHILD_EXPECT(SOON(nr_ready == NR_WAITERS));
	usleep(20000);
	CHILD_EXPECT(!nr_left);

	CHILD_EXPECT(!close(fd));
	CHILD_EXPECT(!munmap(map_to_touch, SIZE));
	/* Delayed cleanup, such as closing the map's file, may take a moment. */
	CHILD_EXPECT(SOON(!syscall(SYS_delete_module, "iokmem", O_NONBLOCK)));
	CHILD_EXPECT(SOON(nr_left == NR_WAITERS));
	return 0;
}

static int load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;

	close(fd);
	return err;
}

/* Return true if others use the module, or if it is built into the kernel. */
static bool is_used(void)
{
	char line[256];

	return !find_line("/proc/modules", "iokmem ", line, sizeof(line)) ||
	       !strstr(line, " 0 - ");
}

TEST(threads_that_have_waited_have_left_the_module_when_it_is_unloaded)
{
	int i;

	if (access(MODULE, R_OK) || is_used())
		SKIP(return, "the module cannot be unloaded");
	for (i = 0; i < NR_ROUNDS; i++) {
		ASSERT_EQ(0, run_bounded(let_threads_wait_and_unload, NULL));
		ASSERT_TRUE(access(DEVICE, F_OK));
		ASSERT_EQ(0, load());
		ASSERT_TRUE(SOON(!access(DEVICE, R_OK)));
	}
}

#define USER	60100

/* As an ordinary user who may lock as much, leave pinned pages of a buffer in a pipe. */
static int leave_pages_in_a_pipe(void *arg)
{
	struct rlimit limit = { .rlim_cur = SIZE, .rlim_max = SIZE };
	int pipe = *(int *)arg, dev = open(DEVICE, O_RDWR), fd;
	struct iovec iov = { .iov_len = SIZE };

	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &limit) && !setgroups(0, NULL) &&
		     !setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	fd = create(dev, 0, SIZE, 0);
	CHILD_EXPECT(fd >= 0);
	if (pipe < 0)
		return 0;
	CHILD_EXPECT(!map(fd, IOKMEM_MAP_PINNABLE, 0, 0, (char **)&iov.iov_base));
	number_pages(iov.iov_base, SIZE);
	CHILD_EXPECT(vmsplice(pipe, &iov, 1, 0) == SIZE);
	return 0;
}

TEST(pinned_pages_outlive_the_module_and_their_charge_ends_with_it)
{
	char bytes[SIZE];
	int pipes[2], none = -1;

	if (access(MODULE, R_OK) || is_used())
		SKIP(return, "the module cannot be unloaded");
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, run_bounded(leave_pages_in_a_pipe, &pipes[1]));
	EXPECT_NE(0, run_bounded(leave_pages_in_a_pipe, &none));
	ASSERT_TRUE(SOON(!syscall(SYS_delete_module, "iokmem", O_NONBLOCK)));
	ASSERT_EQ(0, load());
	ASSERT_TRUE(SOON(!access(DEVICE, R_OK)));
	EXPECT_EQ(0, run_bounded(leave_pages_in_a_pipe, &none));
	ASSERT_EQ(SIZE, read(pipes[0], bytes, SIZE));
	EXPECT_TRUE(pages_are_numbered(bytes, SIZE, 0));
}

TEST_HARNESS_MAIN
