// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits on a user's memory: RLIMIT_MEMLOCK, the memory cgroup, and the memory of the machine.
 */
#include "limits_utils.h"

#include <sched.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static const char after_exec[] = "--after-exec";

/*
 * RLIMIT_MEMLOCK. Each test has its own user, because the kernel counts the locked memory of a
 * user everywhere.
 */
FIXTURE(memlock)
{
	int dev;	/* opened by root */
};

FIXTURE_SETUP(memlock)
{
	self->dev = open(DEVICE, O_RDWR);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(memlock)
{
}

static int reach_the_limit(void *arg)
{
	int dev = *(int *)arg, fd, fds[4], i;
	struct state before;

	CHILD_EXPECT(!become(60001, 4 * PAGE));
	before = look(-1);
	CHILD_EXPECT(create(dev, 0, 4 * PAGE + 1, 0) == -EPERM);
	CHILD_EXPECT(create(dev, 0, 5 * PAGE, 0) == -EPERM);
	CHILD_EXPECT(create(dev, 0, 1ull << 62, 0) == -EPERM);
	CHILD_EXPECT(look(-1).fds == before.fds);
	/* A buffer of exactly the limit is allowed. */
	fd = create(dev, 0, 4 * PAGE, 0);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(create(dev, 0, 1, 0) == -EPERM);
	close(fd);
	/* Whole pages count, even if a buffer has only one byte. */
	for (i = 0; i < 4; i++) {
		fds[i] = create(dev, 0, 1, 0);
		CHILD_EXPECT(fds[i] >= 0);
	}
	CHILD_EXPECT(create(dev, 0, 1, 0) == -EPERM);
	close(fds[2]);
	fd = create(dev, 0, 1, 0);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(create(dev, 0, 1, 0) == -EPERM);
	return 0;
}

TEST_F(memlock, bounds_what_a_user_has)
{
	EXPECT_EQ(0, run_child(reach_the_limit, &self->dev));
}

static int have_no_limit_to_reach(void *arg)
{
	int dev = *(int *)arg;

	CHILD_EXPECT(!become(60002, 0));
	CHILD_EXPECT(create(dev, 0, 1, 0) == -EPERM);
	return 0;
}

TEST_F(memlock, of_nothing_allows_nothing)
{
	EXPECT_EQ(0, run_child(have_no_limit_to_reach, &self->dev));
}

static int have_part_of_a_page(void *arg)
{
	int dev = *(int *)arg;

	CHILD_EXPECT(!become(60003, 2 * PAGE - 1));
	CHILD_EXPECT(create(dev, 0, PAGE + 1, 0) == -EPERM);
	CHILD_EXPECT(count_available(dev, 5) == 1);
	return 0;
}

TEST_F(memlock, is_in_whole_pages)
{
	EXPECT_EQ(0, run_child(have_part_of_a_page, &self->dev));
}

static int fail_and_have_all(void *arg)
{
	struct iokmem_create_buffer *page;
	int dev = *(int *)arg, i;

	CHILD_EXPECT(!become(60004, 8 * PAGE));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		    MAP_ANONYMOUS, -1, 0);
	CHILD_EXPECT(page != MAP_FAILED);
	page->size = sizeof(*page);
	page->capacity = 8 * PAGE;
	CHILD_EXPECT(!mprotect(page, PAGE, PROT_READ));
	for (i = 0; i < 3; i++)
		CHILD_EXPECT(iok(dev, IOKMEM_CREATE_BUFFER, page) == -EFAULT);
	CHILD_EXPECT(count_available(dev, 20) == 8);

	CHILD_EXPECT(create(dev, 0x08, PAGE, 0) == -EOPNOTSUPP);
	CHILD_EXPECT(create(dev, 0, PAGE, 3) == -EINVAL);
	CHILD_EXPECT(create(dev, 0, PAGE, 1ull << 62) == -ERANGE);
	CHILD_EXPECT(create(dev, 0, PAGE, 16 * PAGE) == -EPERM);
	CHILD_EXPECT(create(dev, 0, PAGE, MORE_THAN_A_BLOCK) == -EPERM);
	CHILD_EXPECT(count_available(dev, 20) == 8);
	return 0;
}

TEST_F(memlock, is_not_used_up_by_failures)
{
	EXPECT_EQ(0, run_child(fail_and_have_all, &self->dev));
}

static int want_too_much_memory(void *arg)
{
	int dev = *(int *)arg;
	struct rlimit limit;

	CHILD_EXPECT(!become(60005, 1ull << 50));
	CHILD_EXPECT(create(dev, 0, 1ull << 49, 0) == -ENOMEM);
	CHILD_EXPECT(!getrlimit(RLIMIT_MEMLOCK, &limit));
	limit.rlim_cur = 3 * PAGE;
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHILD_EXPECT(count_available(dev, 20) == 3);
	return 0;
}

TEST_F(memlock, is_not_used_up_where_memory_is_lacking)
{
	EXPECT_EQ(0, run_child(want_too_much_memory, &self->dev));
}

static int keep_by_a_map(void *arg)
{
	int dev = *(int *)arg, fd, same;
	char *address;

	CHILD_EXPECT(!become(60006, 8 * PAGE));
	fd = create(dev, 0, 6 * PAGE, 0);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
	/* Further maps and fds cost nothing. */
	same = duplicate(fd, 0);
	CHILD_EXPECT(same >= 0);
	CHILD_EXPECT(count_available(dev, 20) == 2);
	/* The map keeps the memory, and so the charge. */
	close(fd);
	close(same);
	CHILD_EXPECT(count_available(dev, 20) == 2);
	CHILD_EXPECT(!munmap(address, 6 * PAGE));
	CHILD_EXPECT(count_available(dev, 20) == 8);
	return 0;
}

TEST_F(memlock, is_charged_as_long_as_the_memory_is_there)
{
	EXPECT_EQ(0, run_child(keep_by_a_map, &self->dev));
}

struct user {
	int dev;
	uid_t uid;
	int pipe;
	int expect;
};

static int hold_three_pages(void *arg)
{
	struct user *user = arg;
	char *address;
	int fd;

	CHILD_EXPECT(!become(user->uid, 4 * PAGE));
	fd = create(user->dev, 0, 3 * PAGE, 0);
	CHILD_EXPECT(fd >= 0 && !map(fd, 0, 0, 0, &address));
	CHILD_EXPECT(write(user->pipe, "!", 1) == 1);
	for (;;)
		pause();
}

static int expect_available(void *arg)
{
	struct user *user = arg;

	CHILD_EXPECT(!become(user->uid, 4 * PAGE));
	CHILD_EXPECT(count_available(user->dev, 20) == user->expect);
	return 0;
}

TEST_F(memlock, counts_for_the_user_in_all_processes_and_ends_with_a_kill)
{
	struct user user = { .dev = self->dev, .uid = 60007, .expect = 1 };
	int pipes[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(pipes));
	user.pipe = pipes[1];
	child = spawn(hold_three_pages, &user);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	EXPECT_EQ(0, run_child(expect_available, &user));
	/* Another user is not affected. */
	user.uid = 60008;
	user.expect = 4;
	EXPECT_EQ(0, run_child(expect_available, &user));
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, join(child));
	user.uid = 60007;
	EXPECT_TRUE(EVENTUALLY(!run_child(expect_available, &user)));
}

static int leave_three_pages_in_a_fd(void *arg)
{
	struct user *user = arg;
	int fd;

	CHILD_EXPECT(!become(user->uid, 4 * PAGE));
	fd = create(user->dev, 0, 3 * PAGE, 0);
	CHILD_EXPECT(fd >= 0);
	/* Use the fd that the parent expects: both processes share the table of files. */
	CHILD_EXPECT(dup2(fd, user->pipe) == user->pipe);
	close(fd);
	return 0;
}

static int leave_three_pages(void *arg)
{
	_exit(leave_three_pages_in_a_fd(arg));
}

TEST_F(memlock, stays_charged_while_somebody_else_holds_the_memory)
{
	static char stack[64 * KIB];
	struct user user = { .dev = self->dev, .uid = 60009, .expect = 1 };

	user.pipe = dup(self->dev);
	ASSERT_LE(0, user.pipe);
	ASSERT_EQ(0, join(clone(leave_three_pages, stack + sizeof(stack),
				CLONE_FILES | SIGCHLD, &user)));
	EXPECT_EQ(0, nr_maps(user.pipe));
	/* The creator has exited, and its charge must stay. */
	EXPECT_EQ(0, run_child(expect_available, &user));
	close(user.pipe);
	user.expect = 4;
	EXPECT_EQ(0, run_child(expect_available, &user));
}

/* The program after exec: count the pages that are left. */
static int main_after_exec(char **argv)
{
	CHILD_EXPECT(count_available(atoi(argv[2]), 20) == atoi(argv[3]));
	return 0;
}

static int lock_and_exec(void *arg)
{
	int dev = *(int *)arg, fd;
	char dev_arg[16];

	CHILD_EXPECT(!become(60012, 4 * PAGE));
	fd = create(dev, 0, 3 * PAGE, 0);
	CHILD_EXPECT(fd >= 0 && !fcntl(fd, F_SETFD, 0));
	snprintf(dev_arg, sizeof(dev_arg), "%d", dev);
	execl("/proc/self/exe", "limits_test", after_exec, dev_arg, "1", NULL);
	return 1;
}

TEST_F(memlock, stays_charged_over_exec)
{
	EXPECT_EQ(0, run_child(lock_and_exec, &self->dev));
}

static int be_exempt(void *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = 1 << CAP_IPC_LOCK, .permitted = 1 << CAP_IPC_LOCK },
	};
	int dev = *(int *)arg, fd;

	CHILD_EXPECT(!prctl(PR_SET_KEEPCAPS, 1));
	CHILD_EXPECT(!become(60010, 4 * PAGE));
	CHILD_EXPECT(create(dev, 0, 5 * PAGE, 0) == -EPERM);
	CHILD_EXPECT(!syscall(SYS_capset, &header, data));
	fd = create(dev, 0, 64 * PAGE, 0);
	CHILD_EXPECT(fd >= 0);
	close(fd);
	fd = create(dev, 0, 3 * PAGE, 0);
	CHILD_EXPECT(fd >= 0);
	/* The user is exempt from the limit, but counted. */
	data[0].effective = 0;
	CHILD_EXPECT(!syscall(SYS_capset, &header, data));
	CHILD_EXPECT(count_available(dev, 20) == 1);
	close(fd);
	CHILD_EXPECT(count_available(dev, 20) == 4);
	return 0;
}

TEST_F(memlock, does_not_bind_cap_ipc_lock)
{
	EXPECT_EQ(0, run_child(be_exempt, &self->dev));
}

static int be_root_of_a_namespace(void *arg)
{
	int dev = *(int *)arg;

	CHILD_EXPECT(!become(60030, 4 * PAGE));
	if (unshare(CLONE_NEWUSER))
		return 4;
	CHILD_EXPECT(create(dev, 0, 5 * PAGE, 0) == -EPERM);
	CHILD_EXPECT(count_available(dev, 10) == 4);
	return 0;
}

/* As in a container: the program has every capability in its own user namespace. */
TEST_F(memlock, binds_root_of_a_user_namespace)
{
	int code = run_child(be_root_of_a_namespace, &self->dev);

	if (code == 4)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, code);
}

/* Pin one page of each @step bytes of a new buffer by a pipe, and let go of the buffer. */
static int pin_and_let_go(int dev, const int *pipes, size_t size, size_t step)
{
	struct iovec iov = { .iov_len = PAGE };
	int fd = create(dev, 0, size, 0);
	char *address;
	size_t at;

	if (fd < 0)
		return fd;
	CHILD_EXPECT(!map(fd, IOKMEM_MAP_PINNABLE, 0, 0, &address));
	for (at = 0; at < size; at += step) {
		iov.iov_base = address + at;
		CHILD_EXPECT(vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK) == PAGE);
	}
	CHILD_EXPECT(!munmap(address, size));
	close(fd);
	return 0;
}

static int pin_again_and_again(void *arg)
{
	int dev = *(int *)arg, fd, pipes[2], i;

	CHILD_EXPECT(!become(60013, 8 * MIB) && !pipe(pipes));
	CHILD_EXPECT(!pin_and_let_go(dev, pipes, 8 * MIB, 2 * MIB));
	for (i = 0; i < 60; i++)
		CHILD_EXPECT(pin_and_let_go(dev, pipes, 8 * MIB, 2 * MIB) == -EPERM);
	close(pipes[0]);
	close(pipes[1]);
	/* The pages are not pinned any more, so their charge is gone at once. */
	fd = create(dev, 0, 8 * MIB, 0);
	CHILD_EXPECT(fd >= 0);
	close(fd);
	return 0;
}

TEST_F(memlock, is_charged_for_pinned_pages_after_their_buffer)
{
	EXPECT_EQ(0, run_child(pin_again_and_again, &self->dev));
}

static int pin_one_block(void *arg)
{
	int dev = *(int *)arg, fd, pipes[2];
	char byte;

	CHILD_EXPECT(!become(60014, 4 * PMD) && !pipe(pipes));
	CHILD_EXPECT(!pin_and_let_go(dev, pipes, 4 * PMD, 4 * PMD));
	CHILD_EXPECT(create(dev, 0, 4 * PMD, 0) == -EPERM);
	fd = create(dev, 0, 3 * PMD, 0);
	CHILD_EXPECT(fd >= 0);
	close(fd);
	/* A page that has been read in part stays in the pipe. */
	CHILD_EXPECT(read(pipes[0], &byte, 1) == 1);
	CHILD_EXPECT(create(dev, 0, 4 * PMD, 0) == -EPERM);
	return 0;
}

TEST_F(memlock, is_charged_for_blocks_that_have_pinned_pages_only)
{
	EXPECT_EQ(0, run_child(pin_one_block, &self->dev));
}

static int leave_pages_in_a_pipe(void *arg)
{
	struct user *user = arg;
	const int pipes[2] = { -1, user->pipe };

	CHILD_EXPECT(!become(user->uid, 4 * PAGE));
	return pin_and_let_go(user->dev, pipes, 3 * PAGE, PAGE);
}

TEST_F(memlock, is_charged_for_pages_that_others_have_pinned)
{
	struct user user = { .dev = self->dev, .uid = 60015, .expect = 1 };
	char bytes[3 * PAGE], line[64];
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	user.pipe = pipes[1];
	ASSERT_EQ(0, run_child(leave_pages_in_a_pipe, &user));
	/* The creator has exited, and its charge must stay. */
	EXPECT_EQ(0, run_child(expect_available, &user));
	snprintf(line, sizeof(line), "iokmem-leftover:\t%lu", 3 * PAGE);
	EXPECT_EQ(1, count_equal_lines(POOLS, line));
	ASSERT_EQ(sizeof(bytes), read(pipes[0], bytes, sizeof(bytes)));
	user.expect = 4;
	EXPECT_EQ(0, run_child(expect_available, &user));
}

/* Nobody has to ask for memory for the pages to go back. */
TEST_F(memlock, of_pinned_pages_comes_back_by_itself)
{
	struct user user = { .dev = self->dev, .uid = 60016 };
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	user.pipe = pipes[1];
	ASSERT_EQ(0, run_child(leave_pages_in_a_pipe, &user));
	EXPECT_EQ(0, count_equal_lines(POOLS, "iokmem-leftover:\t0"));
	close(pipes[0]);
	close(pipes[1]);
	EXPECT_TRUE(EVENTUALLY(count_equal_lines(POOLS, "iokmem-leftover:\t0") == 1));
}

static int open_without_rights(void *arg)
{
	CHILD_EXPECT(!become(60011, 0));
	CHILD_EXPECT(open(DEVICE, O_RDWR) < 0 && errno == EACCES);
	CHILD_EXPECT(open(DEVICE, O_RDONLY) < 0 && errno == EACCES);
	return 0;
}

TEST_F(memlock, others_cannot_open_the_device)
{
	EXPECT_EQ(0, run_child(open_without_rights, NULL));
}

/* The memory cgroup. Whoever creates a buffer is charged for it. */
FIXTURE(cgroup)
{
	int pipes[2][2];	/* pipes to the child and back */
	pid_t child;
};

/* A request to the process in the cgroup. */
struct order {
	enum { MAKE, ADOPT, TELL, FILL, LET_GO, SET_STATE, TAKE } what;
	__u32 option;	/* of the buffer, its new state, or the parent's fd of it */
	size_t size;
};

/* Allocate memory of the process itself, and free it. */
static int take(size_t size)
{
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		return -errno;
	memset(bytes, 1, size);
	munmap(bytes, size);
	return 0;
}

/* Return an fd of this process for what @fd of process @pid refers to, or -errno. */
static int fd_of(pid_t pid, int fd)
{
	int process = syscall(SYS_pidfd_open, pid, 0);
	int own = syscall(SYS_pidfd_getfd, process, fd, 0);

	own = own < 0 ? -errno : own;
	close(process);
	return own;
}

/* Returns 0, the fd, the old state, or -errno. */
static int obey(const struct order *order, int dev, int *fd)
{
	static char *base;
	int err = 0;

	switch (order->what) {
	case MAKE:
		*fd = create(dev, order->option, order->size, 0);
		err = *fd < 0 ? *fd : 0;
		break;
	case ADOPT:
		*fd = fd_of(getppid(), order->option);
		err = *fd < 0 ? *fd : 0;
		break;
	case TELL:
		err = *fd;
		break;
	case FILL:
		err = map(*fd, 0, 0, 0, &base);
		if (!err)
			number_pages(base, order->size);
		break;
	case LET_GO:
		if (base)
			munmap(base, order->size);
		base = NULL;
		close(*fd);
		break;
	case SET_STATE:
		err = set_purgeable(*fd, order->option);
		break;
	case TAKE:
		err = take(order->size);
		break;
	}
	return err;
}

/* Run in the cgroup: carry out orders until the pipe is closed. */
static int work_in_cgroup(int from, int to)
{
	int dev = open(DEVICE, O_RDWR), fd = -1, err;
	struct order order;

	if (enter_cgroup())
		return 1;
	while (read(from, &order, sizeof(order)) == sizeof(order)) {
		err = obey(&order, dev, &fd);
		if (write(to, &err, sizeof(err)) != sizeof(err))
			return 1;
	}
	return 0;
}

FIXTURE_SETUP(cgroup)
{
	if (make_cgroup())
		SKIP(return, "no memory controller of cgroup v2");
	ASSERT_EQ(0, pipe(self->pipes[0]));
	ASSERT_EQ(0, pipe(self->pipes[1]));
	self->child = fork();
	if (!self->child) {
		close(self->pipes[0][1]);
		_exit(work_in_cgroup(self->pipes[0][0], self->pipes[1][1]));
	}
	/* With this end open, a read would not notice that the child was killed. */
	close(self->pipes[1][1]);
}

FIXTURE_TEARDOWN(cgroup)
{
	close(self->pipes[0][1]);
	/* The child was not killed. */
	EXPECT_EQ(0, join(self->child));
	EXPECT_TRUE(EVENTUALLY(!rmdir(TEST_CGROUP)));
}

/* Send the child an order. Returns its answer, or -EPIPE if it is gone. */
static int give(int (*pipes)[2], const struct order *order)
{
	int err;

	if (write(pipes[0][1], order, sizeof(*order)) != sizeof(*order) ||
	    read(pipes[1][0], &err, sizeof(err)) != sizeof(err))
		return -EPIPE;
	return err;
}

#define COMBINED	IOKMEM_MAP_WRITE_COMBINE_CACHE
#define PURGEABLE	(IOKMEM_PAGEABLE | IOKMEM_PURGEABLE)
#define ORDER(...)	give(self->pipes, &(struct order){ __VA_ARGS__ })

TEST_F(cgroup, is_charged_for_buffers)
{
	long before;

	before = read_number(TEST_CGROUP "/memory.current");
	ASSERT_LE(0, before);
	ASSERT_EQ(0, ORDER(.what = MAKE, .size = 32 * MIB));
	EXPECT_LE(before + (long)(32 * MIB),
		  read_number(TEST_CGROUP "/memory.current"));
	ASSERT_EQ(0, ORDER(.what = LET_GO));
	/* Each processor keeps some charge for later. */
	EXPECT_TRUE(EVENTUALLY(read_number(TEST_CGROUP "/memory.current") <
			       before + (long)(4 * MIB)));
}

TEST_F(cgroup, beyond_its_limit_is_enomem_and_kills_nobody)
{
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "16777216"));
	EXPECT_EQ(-ENOMEM, ORDER(.what = MAKE, .size = 17 * MIB));
	EXPECT_EQ(-ENOMEM, ORDER(.what = MAKE, .size = 64 * MIB));
	EXPECT_GT((long)(4 * MIB), read_number(TEST_CGROUP "/memory.current"));
	EXPECT_EQ(0, ORDER(.what = MAKE, .size = 8 * MIB));
	EXPECT_EQ(-ENOMEM, ORDER(.what = MAKE, .size = 12 * MIB));
	EXPECT_EQ(1, count_lines(TEST_CGROUP "/memory.events", "oom_kill 0"));
}

/* Pages in a pool are charged to the cgroup, and are given back when it needs them. */
TEST_F(cgroup, is_charged_for_pools_and_gets_them_back)
{
	NEED_CACHE_MODE(COMBINED);
	ASSERT_EQ(0, ORDER(.what = MAKE, .option = COMBINED, .size = 8 * MIB));
	EXPECT_LE((long)(8 * MIB), read_number(TEST_CGROUP "/memory.current"));
	ASSERT_EQ(0, ORDER(.what = LET_GO));
	EXPECT_LE((long)(8 * MIB), read_number(TEST_CGROUP "/memory.current"));

	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.swap.max", "0"));
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "16777216"));
	EXPECT_EQ(0, ORDER(.what = TAKE, .size = 12 * MIB));
	EXPECT_EQ(1, count_lines(TEST_CGROUP "/memory.events", "oom_kill 0"));
}

TEST_F(cgroup, does_not_get_what_others_have_left_in_pools)
{
	int dev = open(DEVICE, O_RDWR), fd;

	NEED_CACHE_MODE(COMBINED);
	fd = create(dev, COMBINED, 8 * MIB, 0);
	ASSERT_LE(0, fd);
	close(fd);
	/* Pages of others would not be charged to the cgroup. */
	ASSERT_EQ(0, ORDER(.what = MAKE, .option = COMBINED, .size = 8 * MIB));
	EXPECT_LE((long)(8 * MIB), read_number(TEST_CGROUP "/memory.current"));
}

TEST_F(cgroup, is_charged_for_pageable_memory_that_is_touched)
{
	ASSERT_EQ(0, ORDER(.what = MAKE, .option = IOKMEM_PAGEABLE, .size = 8 * MIB));
	EXPECT_GT((long)(4 * MIB), read_number(TEST_CGROUP "/memory.current"));
	ASSERT_EQ(0, ORDER(.what = FILL, .size = 8 * MIB));
	EXPECT_LE((long)(8 * MIB), read_number(TEST_CGROUP "/memory.current"));
}

TEST_F(cgroup, empties_its_volatile_memory_before_it_kills)
{
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.swap.max", "0"));
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "16777216"));
	ASSERT_EQ(0, ORDER(.what = MAKE, .option = PURGEABLE, .size = 10 * MIB));
	ASSERT_EQ(0, ORDER(.what = FILL, .size = 10 * MIB));
	EXPECT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_VOLATILE));
	EXPECT_EQ(0, ORDER(.what = TAKE, .size = 12 * MIB));
	EXPECT_EQ(IOKMEM_PURGEABLE_EMPTY,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_NON_VOLATILE));
	EXPECT_EQ(1, count_lines(TEST_CGROUP "/memory.events", "oom_kill 0"));
}

/* A reclaim that finds nothing to empty yet does not end all later ones. */
TEST_F(cgroup, empties_memory_that_was_filled_while_volatile)
{
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.swap.max", "0"));
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "25165824"));
	ASSERT_EQ(0, ORDER(.what = MAKE, .option = PURGEABLE, .size = 16 * MIB));
	EXPECT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_VOLATILE));
	ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "2"));
	EXPECT_EQ(IOKMEM_PURGEABLE_VOLATILE,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_KEEP_CURRENT));
	ASSERT_EQ(0, ORDER(.what = FILL, .size = 16 * MIB));
	EXPECT_EQ(0, ORDER(.what = TAKE, .size = 16 * MIB));
	EXPECT_EQ(IOKMEM_PURGEABLE_EMPTY,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_NON_VOLATILE));
	EXPECT_EQ(1, count_lines(TEST_CGROUP "/memory.events", "oom_kill 0"));
}

/* Pages are charged to the task that touches them, and not to the maker of the buffer. */
TEST_F(cgroup, empties_volatile_memory_that_others_have_made)
{
	int fd = create(open(DEVICE, O_RDWR), PURGEABLE, 16 * MIB, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.swap.max", "0"));
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.max", "25165824"));
	ASSERT_EQ(0, ORDER(.what = ADOPT, .option = fd));
	ASSERT_EQ(0, ORDER(.what = FILL, .size = 16 * MIB));
	EXPECT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_VOLATILE));
	EXPECT_EQ(0, ORDER(.what = TAKE, .size = 16 * MIB));
	EXPECT_EQ(IOKMEM_PURGEABLE_EMPTY,
		  ORDER(.what = SET_STATE, .option = IOKMEM_PURGEABLE_NON_VOLATILE));
	EXPECT_EQ(1, count_lines(TEST_CGROUP "/memory.events", "oom_kill 0"));
}

/* A shortage of the cgroup does not cost others what is charged to them. */
TEST_F(cgroup, leaves_volatile_memory_to_others_that_is_charged_to_them)
{
	char *base;
	int fd;

	ASSERT_EQ(0, ORDER(.what = MAKE, .option = PURGEABLE, .size = 16 * MIB));
	fd = fd_of(self->child, ORDER(.what = TELL));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	number_pages(base, 16 * MIB);
	EXPECT_EQ(IOKMEM_PURGEABLE_NON_VOLATILE,
		  set_purgeable(fd, IOKMEM_PURGEABLE_VOLATILE));
	/* The kernel reports that it has found less than it was asked for. */
	write_file(TEST_CGROUP "/memory.reclaim", "16777216");
	EXPECT_EQ(IOKMEM_PURGEABLE_VOLATILE,
		  set_purgeable(fd, IOKMEM_PURGEABLE_NON_VOLATILE));
	close(fd);
}

/* The memory of the machine. */
TEST(as_much_as_there_is_then_enomem_and_all_of_it_back)
{
	int dev = open(DEVICE, O_RDWR), fds[256], n, i, err = 0;
	long before = free_memory("MemAvailable:");
	struct state state;
	__u64 piece;

	ASSERT_LE(0, dev);
	ASSERT_LT(0, before);
	/* If the kernel killed a process, a child would be the first. */
	piece = round_up(before / 8, PAGE);
	state = look(-1);
	for (n = 0; n < (int)ARRAY_SIZE(fds); n++) {
		fds[n] = create(dev, 0, piece, 0);
		if (fds[n] < 0) {
			err = fds[n];
			break;
		}
	}
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_LE(4, n);
	EXPECT_GE(8, n);
	/* The failed call has left nothing. */
	EXPECT_EQ(state.fds + n, look(-1).fds);
	EXPECT_EQ(state.descriptors + n, look(-1).descriptors);
	for (i = 0; i < n; i++)
		close(fds[i]);
	EXPECT_UNCHANGED(state, -1);
	/* Every piece has been freed. */
	EXPECT_TRUE(EVENTUALLY(free_memory("MemAvailable:") > before - (long)piece));
}

#include "nothing_left.h"

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], after_exec))
		return main_after_exec(argv);
	return test_harness_run(argc, argv);
}
