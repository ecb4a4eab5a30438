// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver makes memory for a client, and the client is charged for it. The client's user and
 * memory cgroup differ from those of the driver's worker and of this program.
 */
#include "driver_utils.h"
#include "limits_utils.h"

#define COMBINED	IOKMEM_MAP_WRITE_COMBINE_CACHE

/* A client of the driver that waits to be killed. It is in the test's cgroup, if that exists. */
struct client {
	int driver;
	uid_t uid;	/* 0: root */
	rlim_t limit;	/* of an ordinary user, in bytes */
	int pipes[2];	/* the client writes to it when the driver knows it */
	pid_t pid;
};

FIXTURE(charge)
{
	int dev;
	struct client client;
};

FIXTURE_SETUP(charge)
{
	self->client.driver = open_driver();
	if (self->client.driver < 0)
		SKIP(return, "no " DRIVER);
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, pipe(self->client.pipes));
	self->client.limit = 4 * PAGE;
}

static int be_client(void *arg)
{
	struct client *client = arg;

	if (!access(TEST_CGROUP, F_OK))
		CHILD_EXPECT(!enter_cgroup());
	if (client->uid)
		CHILD_EXPECT(!become(client->uid, client->limit));
	CHILD_EXPECT(!driver_keep_task(client->driver));
	CHILD_EXPECT(write(client->pipes[1], "!", 1) == 1);
	for (;;)
		pause();
}

/* Start the client. Returns true when the driver knows it. */
static bool start(struct client *client, uid_t uid)
{
	char byte;

	client->uid = uid;
	client->pid = spawn(be_client, client);
	return read(client->pipes[0], &byte, 1) == 1;
}

static void stop(struct client *client)
{
	if (client->pid) {
		kill(client->pid, SIGKILL);
		join(client->pid);
	}
	client->pid = 0;
}

FIXTURE_TEARDOWN(charge)
{
	stop(&self->client);
	if (!access(TEST_CGROUP, F_OK))
		EXPECT_TRUE(EVENTUALLY(!rmdir(TEST_CGROUP)));
}

struct user {
	int dev;
	uid_t uid;
};

/* Exit with the number of pages that the user can have. */
static int report_available(void *arg)
{
	struct user *user = arg;

	return become(user->uid, 4 * PAGE) ? 100 : count_available(user->dev, 20);
}

static int available(int dev, uid_t uid)
{
	struct user user = { .dev = dev, .uid = uid };

	return run_child(report_available, &user);
}

TEST_F(charge, of_wired_memory_is_the_users_whom_the_driver_names)
{
	int driver = self->client.driver, fd;

	ASSERT_TRUE(start(&self->client, 60200));
	fd = driver_buffer(driver, 0, 3 * PAGE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, available(self->dev, 60200));
	EXPECT_EQ(4, available(self->dev, 60201));
	EXPECT_EQ(-EPERM, driver_buffer(driver, 0, 2 * PAGE));
	EXPECT_EQ(1, available(self->dev, 60200));
	close(fd);
	EXPECT_EQ(4, available(self->dev, 60200));
}

TEST_F(charge, stays_when_the_client_has_exited)
{
	int driver = self->client.driver, fd;

	ASSERT_TRUE(start(&self->client, 60202));
	fd = driver_buffer(driver, 0, 3 * PAGE);
	ASSERT_LE(0, fd);
	stop(&self->client);
	EXPECT_EQ(-ESRCH, driver_buffer(driver, 0, PAGE));
	EXPECT_EQ(-ESRCH, driver_buffer(driver, IOKMEM_PAGEABLE, PAGE));
	EXPECT_EQ(1, available(self->dev, 60202));
	close(fd);
	EXPECT_EQ(4, available(self->dev, 60202));
}

/* A map has pageable memory stay in memory, which is wired then. */
TEST_F(charge, of_pageable_memory_that_is_kept_is_the_clients)
{
	int driver = self->client.driver, fd, multi;
	char *address;

	ASSERT_TRUE(start(&self->client, 60204));
	fd = driver_buffer(driver, IOKMEM_PAGEABLE, 3 * PAGE);
	ASSERT_LE(0, fd);
	EXPECT_EQ(4, available(self->dev, 60204));
	multi = create_multi(self->dev, 0, &fd, 1);
	ASSERT_LE(0, multi);
	ASSERT_EQ(0, map(multi, 0, 0, 0, &address));
	EXPECT_EQ(1, available(self->dev, 60204));
	close(multi);
	ASSERT_EQ(0, munmap(address, 3 * PAGE));
	EXPECT_EQ(4, available(self->dev, 60204));
}

static long charged(void)
{
	return read_number(TEST_CGROUP "/memory.current");
}

/*
 * Return true if the cgroup is charged for @size bytes more than @before. Each processor has up
 * to 64 pages that are charged in advance, and gives them back at any time.
 */
static bool charged_more(long before, long size)
{
	return charged() + sysconf(_SC_NPROCESSORS_ONLN) * 64 * PAGE >= before + size;
}

TEST_F(charge, of_all_memory_is_the_clients_cgroups)
{
	static const __u32 kinds[] = { 0, COMBINED, IOKMEM_PHYSICALLY_CONTIGUOUS,
				       IOKMEM_PAGEABLE };
	int fd, i;
	char *address;
	long before;

	if (make_cgroup())
		SKIP(return, "no memory controller of cgroup v2");
	ASSERT_TRUE(start(&self->client, 0));
	for (i = 0; i < (int)ARRAY_SIZE(kinds); i++) {
		before = charged();
		fd = driver_buffer(self->client.driver, kinds[i], 4 * MIB);
		if (fd == -EOPNOTSUPP)
			continue;
		ASSERT_LE(0, fd);
		/* The process that touches the memory does not pay for it. */
		ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
		number_pages(address, 4 * MIB);
		EXPECT_TRUE(charged_more(before, 4 * MIB));
		close(fd);
		ASSERT_EQ(0, munmap(address, 4 * MIB));
	}
}

/* The worker that makes the memory has all capabilities. */
TEST_F(charge, of_large_contiguous_memory_is_the_cgroups_of_a_client_without_capabilities)
{
	int driver = self->client.driver, fd;
	long before;

	if (make_cgroup())
		SKIP(return, "no memory controller of cgroup v2");
	self->client.limit = 2 * MORE_THAN_A_BLOCK;
	ASSERT_TRUE(start(&self->client, 60205));
	before = charged();
	fd = driver_buffer(driver, IOKMEM_PHYSICALLY_CONTIGUOUS, MORE_THAN_A_BLOCK + PAGE);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(charged_more(before, MORE_THAN_A_BLOCK + PAGE));
	EXPECT_EQ(-EPERM, driver_buffer(driver, IOKMEM_PHYSICALLY_CONTIGUOUS,
					MORE_THAN_A_BLOCK));
	close(fd);
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "6291456"));
	EXPECT_EQ(-EACCES, driver_buffer(driver, IOKMEM_PHYSICALLY_CONTIGUOUS,
					 MORE_THAN_A_BLOCK));
}

TEST_F(charge, beyond_the_cgroups_limit_is_enomem)
{
	if (make_cgroup())
		SKIP(return, "no memory controller of cgroup v2");
	ASSERT_TRUE(start(&self->client, 0));
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "16777216"));
	EXPECT_EQ(-ENOMEM, driver_buffer(self->client.driver, 0, 32 * MIB));
	EXPECT_EQ(1, count_lines(TEST_CGROUP "/memory.events", "oom_kill 0"));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
