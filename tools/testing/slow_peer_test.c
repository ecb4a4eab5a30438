// SPDX-License-Identifier: GPL-2.0-only
/*
 * A peer that is slow on purpose: an ordinary user who was only passed a read-only file descriptor
 * of pageable memory, and whose memory cgroup makes each page that it brings in take seconds.
 * Nobody else waits for it, and it dies when it is killed. Nor does anybody wait for a peer that
 * empties the memory again and again.
 */
#include "limits_utils.h"

#define SIZE		(16 * MIB)
/* Much longer than any call takes, and much shorter than the peer. */
#define PATIENCE	10

/* The owner of the memory, who acts meanwhile, in a process of its own. */
struct owner {
	int dev;
	int fd;		/* of the memory, or of a multi-descriptor of it */
};

FIXTURE(slow_peer)
{
	struct owner owner;
	pid_t peer;
};

FIXTURE_VARIANT(slow_peer)
{
	int (*act)(void *owner);
	bool multi;	/* the two share a multi-descriptor of the memory */
};

static int do_query(void *arg)
{
	struct iokmem_query_buffer query_arg;
	struct owner *owner = arg;

	CHILD_EXPECT(!query(owner->fd, &query_arg) && query_arg.capacity == SIZE);
	return 0;
}

static int do_fdinfo(void *arg)
{
	struct owner *owner = arg;
	char name[64], line[64];

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", owner->fd);
	CHILD_EXPECT(find_line(name, "iokmem-extents:", line, sizeof(line)));
	return 0;
}

static int do_page_counts(void *arg)
{
	struct iokmem_get_page_counts counts;
	struct owner *owner = arg;

	CHILD_EXPECT(!page_counts(owner->fd, &counts));
	return 0;
}

static int do_ask_state(void *arg)
{
	struct owner *owner = arg;

	CHILD_EXPECT(set_purgeable(owner->fd, IOKMEM_PURGEABLE_KEEP_CURRENT) > 0);
	return 0;
}

static int do_change_state(void *arg)
{
	struct owner *owner = arg;

	CHILD_EXPECT(set_purgeable(owner->fd, IOKMEM_PURGEABLE_VOLATILE) > 0);
	CHILD_EXPECT(set_purgeable(owner->fd, IOKMEM_PURGEABLE_NON_VOLATILE) > 0);
	CHILD_EXPECT(set_purgeable(owner->fd, IOKMEM_PURGEABLE_EMPTY) > 0);
	return 0;
}

static int do_touch(void *arg)
{
	struct owner *owner = arg;
	char *address;

	CHILD_EXPECT(!map(owner->fd, 0, 0, 0, &address));
	address[SIZE - 1] = 1;
	address[0] = 1;
	return 0;
}

/* A state is changed while a page is touched: the change must not wait, nor make others wait. */
static int do_touch_and_empty(void *arg)
{
	struct owner *owner = arg;
	char *address;
	int i;

	CHILD_EXPECT(!map(owner->fd, 0, 0, 0, &address));
	for (i = 0; i < 10; i++) {
		address[SIZE - 1] = 1;
		CHILD_EXPECT(set_purgeable(owner->fd, IOKMEM_PURGEABLE_EMPTY) > 0);
		CHILD_EXPECT(address[SIZE - 1] == 0);
	}
	return 0;
}

static int do_hold(void *arg)
{
	struct owner *owner = arg;
	int dma_buf = get_dma_buf(owner->fd, 0);

	CHILD_EXPECT(dma_buf >= 0);
	close(dma_buf);
	return 0;
}

FIXTURE_VARIANT_ADD(slow_peer, query) { .act = do_query };
FIXTURE_VARIANT_ADD(slow_peer, fdinfo) { .act = do_fdinfo };
FIXTURE_VARIANT_ADD(slow_peer, page_counts) { .act = do_page_counts };
FIXTURE_VARIANT_ADD(slow_peer, ask_state) { .act = do_ask_state };
FIXTURE_VARIANT_ADD(slow_peer, change_state) { .act = do_change_state };
FIXTURE_VARIANT_ADD(slow_peer, touch) { .act = do_touch };
FIXTURE_VARIANT_ADD(slow_peer, touch_and_empty) { .act = do_touch_and_empty };
FIXTURE_VARIANT_ADD(slow_peer, hold) { .act = do_hold };
FIXTURE_VARIANT_ADD(slow_peer, query_of_multi) { .act = do_query, .multi = true };
FIXTURE_VARIANT_ADD(slow_peer, fdinfo_of_multi) { .act = do_fdinfo, .multi = true };
FIXTURE_VARIANT_ADD(slow_peer, state_of_multi) { .act = do_ask_state, .multi = true };
FIXTURE_VARIANT_ADD(slow_peer, hold_of_multi) { .act = do_hold, .multi = true };

/* How often the kernel has made the peer wait for its limit. */
static long throttled(void)
{
	char line[64];

	if (!find_line(TEST_CGROUP "/memory.events", "high ", line, sizeof(line)))
		return -1;
	return atol(line + strlen("high "));
}

static int be_peer(void *arg)
{
	struct owner *owner = arg;
	int fd = duplicate(owner->fd, IOKMEM_FD_READ_ONLY);

	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(!enter_cgroup());
	CHILD_EXPECT(!become(1000, 4 * SIZE));
	get_dma_buf(fd, IOKMEM_FD_READ_ONLY);
	return 0;
}

static bool has_ended(pid_t pid, int *code)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return false;
	*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

/* Return the exit code of a child within the time that any call may take, or -1. */
static int join_soon(pid_t pid)
{
	double start = now();
	int code = -1;

	while (!has_ended(pid, &code) && now() - start < PATIENCE)
		usleep(10 * 1000);
	return code;
}

FIXTURE_SETUP(slow_peer)
{
	int fd;

	if (make_cgroup())
		SKIP(return, "no memory cgroups");
	ASSERT_EQ(0, write_file(TEST_CGROUP "/memory.high", "1M"));
	self->owner.dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->owner.dev);
	fd = create(self->owner.dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, SIZE, 0);
	ASSERT_LE(0, fd);
	self->owner.fd = fd;
	if (variant->multi)
		self->owner.fd = create_multi(self->owner.dev, 0, &fd, 1);
	ASSERT_LE(0, self->owner.fd);
	self->peer = spawn(be_peer, &self->owner);
	ASSERT_LE(0, self->peer);
	ASSERT_TRUE(EVENTUALLY(throttled() > 0));
	usleep(500 * 1000);
}

FIXTURE_TEARDOWN(slow_peer)
{
	if (self->peer > 0) {
		kill(self->peer, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, join_soon(self->peer));
	}
	EXPECT_TRUE(EVENTUALLY(!rmdir(TEST_CGROUP)));
}

TEST_F(slow_peer, makes_nobody_wait)
{
	pid_t owner = spawn(variant->act, &self->owner);
	int code = join_soon(owner), of_peer;

	EXPECT_EQ(0, code);
	/* It is slow still, so the owner has not waited for its end. */
	EXPECT_FALSE(has_ended(self->peer, &of_peer));
	if (code < 0) {
		kill(owner, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, join_soon(owner));
	}
}

/* Each try to hold all of it takes its time on slow kernels. */
#define BUSY_SIZE	(2 * MIB)
/* So does each touch of a page that has just been emptied. */
#define NR_TOUCHES	500

/* A peer with a writable file descriptor, which empties the memory all the time. */
FIXTURE(busy_peer)
{
	struct owner owner;
	pid_t peer;
};

FIXTURE_VARIANT(busy_peer)
{
	int (*act)(void *owner);
	bool multi;
};

static int empty_all_the_time(void *arg)
{
	struct owner *owner = arg;

	for (;;)
		CHILD_EXPECT(set_purgeable(owner->fd, IOKMEM_PURGEABLE_EMPTY) > 0);
	return 0;
}

static int hold_or_try_later(void *arg)
{
	struct owner *owner = arg;
	int dma_buf = get_dma_buf(owner->fd, 0);

	CHILD_EXPECT(dma_buf >= 0 || dma_buf == -EAGAIN);
	return 0;
}

static int touch_many_pages(void *arg)
{
	struct owner *owner = arg;
	char *address;
	int i;

	CHILD_EXPECT(!map(owner->fd, 0, 0, 0, &address));
	for (i = 0; i < NR_TOUCHES; i++)
		address[i * PAGE % BUSY_SIZE] = 1;
	return 0;
}

/* The kernel itself touches the pages, and holds locks meanwhile. */
static int have_the_kernel_touch(void *arg)
{
	int zero = open("/dev/zero", O_RDONLY), i;
	struct owner *owner = arg;
	char *address;

	CHILD_EXPECT(!map(owner->fd, 0, 0, 0, &address));
	for (i = 0; i < NR_TOUCHES; i++)
		CHILD_EXPECT(read(zero, address + i * PAGE % BUSY_SIZE, 1) == 1 ||
			     errno == EFAULT);
	return 0;
}

FIXTURE_VARIANT_ADD(busy_peer, hold) { .act = hold_or_try_later };
FIXTURE_VARIANT_ADD(busy_peer, hold_of_multi) { .act = hold_or_try_later, .multi = true };
FIXTURE_VARIANT_ADD(busy_peer, touch) { .act = touch_many_pages };
FIXTURE_VARIANT_ADD(busy_peer, read) { .act = have_the_kernel_touch };

FIXTURE_SETUP(busy_peer)
{
	struct owner *owner = &self->owner;
	struct owner peers;

	owner->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, owner->dev);
	owner->fd = create(owner->dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, BUSY_SIZE, 0);
	ASSERT_LE(0, owner->fd);
	peers = *owner;
	if (variant->multi)
		owner->fd = create_multi(owner->dev, 0, &peers.fd, 1);
	ASSERT_LE(0, owner->fd);
	self->peer = spawn(empty_all_the_time, &peers);
	ASSERT_LE(0, self->peer);
	usleep(100 * 1000);
}

FIXTURE_TEARDOWN(busy_peer)
{
	kill(self->peer, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, join_soon(self->peer));
}

TEST_F(busy_peer, makes_nobody_wait)
{
	pid_t owner = spawn(variant->act, &self->owner);
	int code = join_soon(owner);

	EXPECT_EQ(0, code);
	if (code < 0) {
		kill(owner, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, join_soon(owner));
	}
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
