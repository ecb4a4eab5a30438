// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver maps into a task that it keeps a reference to. The task may have exited: what
 * matters is the address space of its process, which exists until the last thread exits.
 */
#include "bounded.h"
#include "driver_utils.h"

#include <pthread.h>

#define SIZE	(4 * PAGE)

FIXTURE(task)
{
	int fd, driver;
	char *address;
};

FIXTURE_VARIANT(task)
{
	__u32 flags;
};

FIXTURE_VARIANT_ADD(task, in_ioctl)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(task, in_worker)
{
	.flags = IOKMEM_PROBE_IN_WORKER,
};

FIXTURE_SETUP(task)
{
	self->driver = open_driver();
	if (self->driver < 0)
		SKIP(return, "no probe module");
	self->fd = new_buffer(SIZE);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(task)
{
}

/**
 * struct kept - a task that the driver keeps
 * @driver: the driver's file
 * @fd: a buffer
 * @flags: of IOKMEM_PROBE_MAP
 * @tid: the task's number
 * @err: a negative error of keeping the task, or 0
 */
struct kept {
	int driver, fd;
	__u32 flags;
	pid_t tid;
	int err;
};

static void *be_kept(void *arg)
{
	struct kept *kept = arg;

	kept->tid = syscall(SYS_gettid);
	kept->err = driver_keep_task(kept->driver);
	return NULL;
}

TEST_F(task, that_has_ended_stands_for_its_process)
{
	struct kept kept = { .driver = self->driver };
	pthread_t thread;
	char path[64];

	ASSERT_EQ(0, pthread_create(&thread, NULL, be_kept, &kept));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, kept.err);
	snprintf(path, sizeof(path), "/proc/self/task/%d", kept.tid);
	ASSERT_TRUE(SOON(access(path, F_OK)));
	ASSERT_EQ(0, driver_map(self->driver, self->fd, 0, 0, 0, variant->flags,
				&self->address));
	EXPECT_TRUE(can_write(self->address));
	EXPECT_EQ(1, maps_of_process(getpid()));
	EXPECT_EQ(0, driver_put(self->driver, variant->flags));
}

/* Wait until the leader has exited, and check that the driver can still map memory. */
static void *map_without_leader(void *arg)
{
	struct kept *kept = arg;
	char path[64], line[128], *address;

	snprintf(path, sizeof(path), "/proc/%d/stat", kept->tid);
	if (!SOON(find_line(path, ") Z ", line, sizeof(line))))
		_exit(1);
	if (driver_map(kept->driver, kept->fd, 0, 0, 0, kept->flags, &address))
		_exit(2);
	if (!can_write(address))
		_exit(3);
	_exit(driver_put(kept->driver, kept->flags) ? 4 : 0);
}

static int end_the_leader(void *arg)
{
	struct kept *kept = arg;
	pthread_t thread;

	kept->tid = getpid();
	CHILD_EXPECT(!driver_keep_task(kept->driver));
	CHILD_EXPECT(!pthread_create(&thread, NULL, map_without_leader, kept));
	pthread_exit(NULL);
}

TEST_F(task, that_was_the_first_of_its_process_can_end_before_others)
{
	struct kept kept = {
		.driver = self->driver, .fd = self->fd, .flags = variant->flags,
	};

	EXPECT_EQ(0, run_bounded(end_the_leader, &kept));
}

static int be_kept_and_end(void *arg)
{
	return driver_keep_task(*(int *)arg) ? 1 : 0;
}

TEST_F(task, whose_process_has_ended_has_no_address_space)
{
	pid_t child = spawn(be_kept_and_end, &self->driver);
	siginfo_t info;

	ASSERT_LT(0, child);
	/* The child has exited, but is not reaped yet. */
	ASSERT_EQ(0, waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-ESRCH, driver_map(self->driver, self->fd, 0, 0, 0, variant->flags,
				     &self->address));
	EXPECT_EQ(0, join(child));
	EXPECT_EQ(-ESRCH, driver_map(self->driver, self->fd, 0, 0, 0, variant->flags,
				     &self->address));
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* The driver keeps a thread of the child that exits before the child does. */
static int be_kept_by_thread_and_end(void *arg)
{
	struct kept kept = { .driver = *(int *)arg };
	pthread_t thread;

	CHILD_EXPECT(!pthread_create(&thread, NULL, be_kept, &kept));
	CHILD_EXPECT(!pthread_join(thread, NULL));
	return kept.err ? 1 : 0;
}

TEST_F(task, that_has_ended_with_all_others_has_no_address_space)
{
	ASSERT_EQ(0, run_child(be_kept_by_thread_and_end, &self->driver));
	EXPECT_EQ(-ESRCH, driver_map(self->driver, self->fd, 0, 0, 0, variant->flags,
				     &self->address));
	EXPECT_EQ(0, nr_maps(self->fd));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
