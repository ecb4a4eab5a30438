// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that are redirected to nothing, or of memory that a driver has blocked. A thread that
 * touches one waits, but it can always be killed, signalled, stopped and frozen. The kernel's own
 * accesses do not wait.
 */
#include "bounded.h"
#include "driver_utils.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/uio.h>

#define SIZE	(4 * PAGE)
#define VALUE	0x51a7e11eu

/* The driver that blocks all maps of the memory; 0: the program redirects its map to nothing. */
static int driver;

/**
 * struct blocked - a map that is redirected to nothing, or of memory that a driver has blocked
 * @fd: its buffer
 * @map: its address
 * @thread: a thread that touches it
 * @tid: the thread's number
 * @seen: what the thread has read; 0 before
 */
struct blocked {
	int fd;
	char *map;
	pthread_t thread;
	atomic_int tid;
	atomic_uint seen;
};

#define LEFT	0xdeadu

static int make_map(struct blocked *blocked)
{
	int err;

	memset(blocked, 0, sizeof(*blocked));
	blocked->fd = new_buffer(SIZE);
	if (blocked->fd < 0)
		return blocked->fd;
	err = map(blocked->fd, driver ? 0 : IOKMEM_MAP_UNIQUE, 0, 0, &blocked->map);
	if (!err)
		*(uint32_t *)blocked->map = VALUE;
	return err;
}

static int block(struct blocked *blocked)
{
	if (driver)
		return driver_use(driver, blocked->fd, IOKMEM_PROBE_BLOCK, 0, 0);
	return redirect(blocked->fd, blocked->map, SIZE, -1, 0, 0);
}

static int unblock(struct blocked *blocked)
{
	if (driver)
		return driver_use(driver, blocked->fd, IOKMEM_PROBE_UNBLOCK, 0, 0);
	return redirect(blocked->fd, blocked->map, SIZE, blocked->fd, 0, 0);
}

static int make_blocked(struct blocked *blocked)
{
	int err = make_map(blocked);

	return err ? err : block(blocked);
}

static void *look_at(void *arg)
{
	struct blocked *blocked = arg;

	blocked->tid = syscall(SYS_gettid);
	if (sigsetjmp(probe_env, 1))
		blocked->seen = LEFT;
	else
		blocked->seen = *(volatile uint32_t *)blocked->map;
	return NULL;
}

/*
 * Start the thread, and give it time to sleep in its access. Return false if it has not
 * started, or has not slept.
 */
static bool start_looking(struct blocked *blocked)
{
	if (pthread_create(&blocked->thread, NULL, look_at, blocked) ||
	    !SOON(blocked->tid))
		return false;
	usleep(100000);
	return !blocked->seen;
}

/*
 * Ways in which the kernel itself touches a process's memory when the process ends.
 */

/* Tell the parent that the child is ready. */
static void say_ready(int pipe)
{
	if (write(pipe, "r", 1) != 1)
		_exit(99);
}

static int end_with_robust_list(int pipe)
{
	struct robust_list_head *head;
	struct blocked blocked;

	CHILD_EXPECT(!make_map(&blocked));
	head = (struct robust_list_head *)blocked.map;
	head->list.next = &head->list;
	CHILD_EXPECT(!syscall(SYS_set_robust_list, head, sizeof(*head)));
	CHILD_EXPECT(!block(&blocked));
	say_ready(pipe);
	return 0;
}

static int lock_robust_mutex(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &attributes);
	return pthread_mutex_lock(mutex);
}

static int end_with_robust_mutex(int pipe)
{
	struct blocked blocked;

	CHILD_EXPECT(!make_map(&blocked));
	CHILD_EXPECT(!lock_robust_mutex((pthread_mutex_t *)blocked.map));
	CHILD_EXPECT(!block(&blocked));
	say_ready(pipe);
	return 0;
}

static void *end_thread_that_clears_tid(void *arg)
{
	struct blocked *blocked = arg;

	syscall(SYS_set_tid_address, blocked->map);
	blocked->tid = syscall(SYS_gettid);
	while (!blocked->seen)
		usleep(1000);
	syscall(SYS_exit, 0);
	return NULL;
}

static int end_of_thread_that_clears_tid(int pipe)
{
	struct blocked blocked;
	char path[64];

	CHILD_EXPECT(!make_map(&blocked));
	CHILD_EXPECT(!pthread_create(&blocked.thread, NULL, end_thread_that_clears_tid,
				     &blocked));
	CHILD_EXPECT(SOON(blocked.tid));
	CHILD_EXPECT(!block(&blocked));
	blocked.seen = 1;
	snprintf(path, sizeof(path), "/proc/self/task/%d", blocked.tid);
	CHILD_EXPECT(SOON(access(path, F_OK)));
	say_ready(pipe);
	return 0;
}

static int end_with_thread_that_waits(int pipe)
{
	struct blocked blocked;

	CHILD_EXPECT(!make_map(&blocked));
	CHILD_EXPECT(!lock_robust_mutex((pthread_mutex_t *)(blocked.map + PAGE)));
	CHILD_EXPECT(!block(&blocked));
	CHILD_EXPECT(start_looking(&blocked));
	say_ready(pipe);
	return 0;
}

enum how { BY_EXIT, BY_KILL, BY_DUMP };

FIXTURE(end)
{
	int pipe[2];
};

FIXTURE_VARIANT(end)
{
	int (*prepare)(int pipe);
	enum how how;
	int code;
};

#define END(_name, _prepare, _how, _code)				\
	FIXTURE_VARIANT_ADD(end, _name)					\
	{								\
		.prepare = _prepare, .how = _how, .code = _code,	\
	}

END(exit_with_robust_list, end_with_robust_list, BY_EXIT, 7);
END(exit_with_robust_mutex, end_with_robust_mutex, BY_EXIT, 7);
END(exit_of_thread, end_of_thread_that_clears_tid, BY_EXIT, 7);
END(exit_with_thread_that_waits, end_with_thread_that_waits, BY_EXIT, 7);
END(kill_with_robust_list, end_with_robust_list, BY_KILL, 128 + SIGKILL);
END(kill_with_robust_mutex, end_with_robust_mutex, BY_KILL, 128 + SIGKILL);
END(kill_with_thread_that_waits, end_with_thread_that_waits, BY_KILL, 128 + SIGKILL);
END(dump_with_robust_mutex, end_with_robust_mutex, BY_DUMP, 128 + SIGABRT);
END(dump_with_thread_that_waits, end_with_thread_that_waits, BY_DUMP, 128 + SIGABRT);

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"
#define CORE		"/tmp/iokmem-core"

static char core_pattern[256];

FIXTURE_SETUP(end)
{
	int fd;

	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC));
	if (variant->how != BY_DUMP)
		return;
	fd = open(CORE_PATTERN, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "no core dumps");
	ASSERT_LT(0, read(fd, core_pattern, sizeof(core_pattern) - 1));
	close(fd);
	ASSERT_EQ(0, write_file(CORE_PATTERN, CORE));
}

FIXTURE_TEARDOWN(end)
{
	if (variant->how == BY_DUMP && core_pattern[0])
		write_file(CORE_PATTERN, core_pattern);
	unlink(CORE);
}

/**
 * struct ending - a way in which a child ends
 * @pipe: the pipe by which the child tells that it is ready
 * @prepare: function that the child calls before
 * @how: function that ends the child
 */
struct ending {
	int pipe;
	int (*prepare)(int pipe);
	enum how how;
};

static int come_to_an_end(void *arg)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct ending *ending = arg;
	int err = ending->prepare(ending->pipe);

	if (err)
		return err;
	if (ending->how == BY_EXIT)
		return 7;
	if (ending->how == BY_DUMP) {
		setrlimit(RLIMIT_CORE, &unlimited);
		abort();
	}
	for (;;)
		pause();
}

TEST_F(end, of_a_process_does_not_wait_for_blocked_maps)
{
	struct ending ending = {
		.pipe = self->pipe[1], .prepare = variant->prepare, .how = variant->how,
	};
	struct bounded child = spawn_bounded(come_to_an_end, &ending);
	char byte;

	ASSERT_LT(0, child.pid);
	close(self->pipe[1]);
	EXPECT_EQ(1, read(self->pipe[0], &byte, 1));
	if (variant->how == BY_KILL)
		kill(child.pid, SIGKILL);
	EXPECT_EQ(variant->code, join_within(&child, PATIENCE));
	if (variant->how == BY_DUMP && access(CORE, F_OK))
		TH_LOG("this kernel has dumped no core");
}

/*
 * A thread that waits.
 */
FIXTURE(waiter)
{
	struct blocked blocked;
};

FIXTURE_VARIANT(waiter)
{
	bool by_driver;
};

FIXTURE_VARIANT_ADD(waiter, of_redirected_map) { .by_driver = false };
FIXTURE_VARIANT_ADD(waiter, of_blocked_memory) { .by_driver = true };

FIXTURE_SETUP(waiter)
{
	if (variant->by_driver)
		driver = open_driver();
	if (driver < 0)
		SKIP(return, "no probe module");
	ASSERT_EQ(0, make_blocked(&self->blocked));
}

FIXTURE_TEARDOWN(waiter)
{
}

static atomic_int handled;

static void count_signal(int sig)
{
	handled++;
}

TEST_F(waiter, runs_its_signal_handlers_and_waits_on)
{
	struct sigaction act = { .sa_handler = count_signal };
	int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	ASSERT_TRUE(start_looking(&self->blocked));
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, pthread_kill(self->blocked.thread, SIGUSR1));
		ASSERT_TRUE(SOON(handled == i));
		usleep(20000);
		ASSERT_EQ(0, self->blocked.seen);
	}
	ASSERT_EQ(0, unblock(&self->blocked));
	ASSERT_EQ(0, pthread_join(self->blocked.thread, NULL));
	EXPECT_EQ(VALUE, self->blocked.seen);
}

TEST_F(waiter, can_leave_its_access_by_a_signal_handler)
{
	struct sigaction act = { .sa_handler = probe_handler };

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	ASSERT_TRUE(start_looking(&self->blocked));
	ASSERT_EQ(0, pthread_kill(self->blocked.thread, SIGUSR1));
	ASSERT_TRUE(SOON(self->blocked.seen == LEFT));
	ASSERT_EQ(0, pthread_join(self->blocked.thread, NULL));
}

/**
 * struct observed - a child with a thread that waits, and its parent, which observes it
 * @tid: a pipe by which the child tells the number of the thread
 * @go: a pipe by which the parent has the child end the wait
 */
struct observed {
	int tid[2];
	int go[2];
};

/* The child exits with 0 if the thread has read the right value in the end. */
static int wait_and_be_observed(void *arg)
{
	struct observed *observed = arg;
	struct blocked blocked;
	int tid;
	char byte;

	CHILD_EXPECT(!prctl(PR_SET_PDEATHSIG, SIGKILL));
	CHILD_EXPECT(!make_blocked(&blocked));
	CHILD_EXPECT(start_looking(&blocked));
	tid = blocked.tid;
	CHILD_EXPECT(write(observed->tid[1], &tid, sizeof(tid)) == sizeof(tid));
	CHILD_EXPECT(read(observed->go[0], &byte, 1) == 1);
	CHILD_EXPECT(!blocked.seen);
	CHILD_EXPECT(!unblock(&blocked));
	CHILD_EXPECT(SOON(blocked.seen));
	CHILD_EXPECT(blocked.seen == VALUE);
	return 0;
}

FIXTURE(observer)
{
	struct observed observed;
	struct bounded child;
	int tid;
};

FIXTURE_VARIANT(observer)
{
	bool by_driver;
};

FIXTURE_VARIANT_ADD(observer, of_redirected_map) { .by_driver = false };
FIXTURE_VARIANT_ADD(observer, of_blocked_memory) { .by_driver = true };

FIXTURE_SETUP(observer)
{
	if (variant->by_driver)
		driver = open_driver();
	if (driver < 0)
		SKIP(return, "no probe module");
	ASSERT_EQ(0, pipe2(self->observed.tid, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(self->observed.go, O_CLOEXEC));
	self->child = spawn_bounded(wait_and_be_observed, &self->observed);
	ASSERT_LT(0, self->child.pid);
	close(self->observed.tid[1]);
	ASSERT_EQ(sizeof(self->tid), read(self->observed.tid[0], &self->tid,
					  sizeof(self->tid)));
}

FIXTURE_TEARDOWN(observer)
{
	if (self->child.pid > 0)
		kill(self->child.pid, SIGKILL);
}

/* End the wait, and check that the child finishes normally. */
static void let_go_on(struct __test_metadata *_metadata, struct _test_data_observer *self)
{
	ASSERT_EQ(1, write(self->observed.go[1], "g", 1));
	EXPECT_EQ(0, join_within(&self->child, PATIENCE));
	self->child.pid = -1;
}

TEST_F(observer, can_attach_a_debugger_to_a_thread_that_waits)
{
	int status = 0;

	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, self->tid, NULL, NULL));
	ASSERT_TRUE(wait_within(self->tid, &status, __WALL));
	EXPECT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->tid, NULL, NULL));
	usleep(20000);
	let_go_on(_metadata, self);
}

TEST_F(observer, can_interrupt_a_thread_that_waits)
{
	int status = 0, i;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->tid, NULL, NULL));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->tid, NULL, NULL));
		ASSERT_TRUE(wait_within(self->tid, &status, __WALL));
		EXPECT_TRUE(WIFSTOPPED(status));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, self->tid, NULL, NULL));
		usleep(20000);
	}
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->tid, NULL, NULL));
	ASSERT_TRUE(wait_within(self->tid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->tid, NULL, NULL));
	let_go_on(_metadata, self);
}

TEST_F(observer, can_stop_and_continue_a_process_that_waits)
{
	int status = 0;

	ASSERT_EQ(0, kill(self->child.pid, SIGSTOP));
	ASSERT_TRUE(wait_within(self->child.pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, kill(self->child.pid, SIGCONT));
	ASSERT_TRUE(wait_within(self->child.pid, &status, WCONTINUED));
	EXPECT_TRUE(WIFCONTINUED(status));
	let_go_on(_metadata, self);
}

#define CGROUPS	"/tmp/iokmem-cgroups"
#define CGROUP	CGROUPS "/blocked"

TEST_F(observer, can_freeze_a_process_that_waits)
{
	char pid[16];

	mkdir(CGROUPS, 0700);
	if (mount("cgroup2", CGROUPS, "cgroup2", 0, NULL))
		SKIP(return, "cgroup2 cannot be mounted");
	if (mkdir(CGROUP, 0700) || access(CGROUP "/cgroup.freeze", W_OK)) {
		umount2(CGROUPS, MNT_DETACH);
		SKIP(return, "no cgroup can be frozen");
	}
	snprintf(pid, sizeof(pid), "%d", self->child.pid);
	EXPECT_EQ(0, write_file(CGROUP "/cgroup.procs", pid));
	EXPECT_EQ(0, write_file(CGROUP "/cgroup.freeze", "1"));
	EXPECT_TRUE(SOON(count_lines(CGROUP "/cgroup.events", "frozen 1") == 1));
	EXPECT_EQ(0, write_file(CGROUP "/cgroup.freeze", "0"));
	EXPECT_TRUE(SOON(count_lines(CGROUP "/cgroup.events", "frozen 0") == 1));
	let_go_on(_metadata, self);
	EXPECT_TRUE(SOON(!rmdir(CGROUP)));
	umount2(CGROUPS, MNT_DETACH);
}

/*
 * The kernel's own accesses, none of which waits. Each function returns the result of a
 * system call.
 */
static long write_from(struct blocked *blocked)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	return write(fd, blocked->map, 16);
}

static long write_to_pipe(struct blocked *blocked)
{
	int pipe[2];

	return pipe2(pipe, O_CLOEXEC) ? 0 : write(pipe[1], blocked->map, 16);
}

static long read_into(struct blocked *blocked)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	return read(fd, blocked->map, 16);
}

static long read_file_into(struct blocked *blocked)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return read(fd, blocked->map, 16);
}

static long get_random(struct blocked *blocked)
{
	return getrandom(blocked->map, 16, 0);
}

static long wait_for_futex(struct blocked *blocked)
{
	const struct timespec timeout = { .tv_sec = 1 };

	return syscall(SYS_futex, blocked->map, FUTEX_WAIT_PRIVATE, VALUE, &timeout, NULL, 0);
}

static long lock_futex(struct blocked *blocked)
{
	const struct timespec timeout = { .tv_sec = time(NULL) + 1 };

	return syscall(SYS_futex, blocked->map, FUTEX_LOCK_PI_PRIVATE, 0, &timeout, NULL, 0);
}

static long ask_time(struct blocked *blocked)
{
	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, blocked->map);
}

static long open_path(struct blocked *blocked)
{
	return open(blocked->map, O_RDONLY);
}

static long query_ours(struct blocked *blocked)
{
	/* A size of 0, so that nothing behind it is read. */
	return ioctl(blocked->fd, IOKMEM_QUERY_BUFFER, blocked->map + sizeof(uint32_t));
}

FIXTURE(kernel)
{
	int unused;
};

FIXTURE_VARIANT(kernel)
{
	long (*call)(struct blocked *blocked);
};

#define KERNEL(_name)							\
	FIXTURE_VARIANT_ADD(kernel, _name) { .call = _name }

KERNEL(write_from);
KERNEL(write_to_pipe);
KERNEL(read_into);
KERNEL(read_file_into);
KERNEL(get_random);
KERNEL(wait_for_futex);
KERNEL(lock_futex);
KERNEL(ask_time);
KERNEL(open_path);
KERNEL(query_ours);

FIXTURE_SETUP(kernel)
{
}

FIXTURE_TEARDOWN(kernel)
{
}

static int call_with_blocked(void *arg)
{
	long (**call)(struct blocked *blocked) = arg;
	struct blocked blocked;
	long ret;

	CHILD_EXPECT(!make_blocked(&blocked));
	errno = 0;
	ret = (*call)(&blocked);
	CHILD_EXPECT(ret == -1);
	CHILD_EXPECT(errno == EFAULT);
	/* While the map shows memory, the call succeeds or fails with another error. */
	CHILD_EXPECT(!unblock(&blocked));
	errno = 0;
	(*call)(&blocked);
	CHILD_EXPECT(errno != EFAULT);
	return 0;
}

TEST_F(kernel, gets_efault_at_once)
{
	long (*call)(struct blocked *blocked) = variant->call;

	EXPECT_EQ(0, run_bounded(call_with_blocked, &call));
}

TEST(the_kernel_gets_efault_from_memory_that_a_driver_blocks)
{
	long (*call)(struct blocked *blocked) = read_into;

	driver = open_driver();
	if (driver < 0)
		SKIP(return, "no probe module");
	EXPECT_EQ(0, run_bounded(call_with_blocked, &call));
}

TEST_F(waiter, goes_on_when_the_map_is_unmapped)
{
	struct sigaction act = { .sa_handler = probe_handler };

	ASSERT_EQ(0, sigaction(SIGSEGV, &act, NULL));
	ASSERT_EQ(0, sigaction(SIGBUS, &act, NULL));
	ASSERT_TRUE(start_looking(&self->blocked));
	ASSERT_EQ(0, munmap(self->blocked.map, SIZE));
	EXPECT_TRUE(SOON(self->blocked.seen == LEFT));
}

TEST_F(waiter, goes_on_when_the_map_shows_other_memory)
{
	struct blocked unique = { .fd = self->blocked.fd };
	int other = new_buffer(SIZE);
	char *bytes;

	ASSERT_EQ(0, map(other, 0, 0, 0, &bytes));
	*(uint32_t *)bytes = VALUE + 1;
	/* Only such a map can be redirected. The driver has blocked it already. */
	ASSERT_EQ(0, map(unique.fd, IOKMEM_MAP_UNIQUE, 0, 0, &unique.map));
	if (!driver)
		ASSERT_EQ(0, block(&unique));
	ASSERT_TRUE(start_looking(&unique));
	ASSERT_EQ(0, redirect(unique.fd, unique.map, SIZE, other, 0, 0));
	EXPECT_TRUE(SOON(unique.seen == VALUE + 1));
}

TEST_F(observer, cannot_read_the_blocked_map_of_another_process)
{
	char *address = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec local = { .iov_base = address, .iov_len = 16 }, remote = local;
	char line[256];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", self->child.pid);
	ASSERT_TRUE(find_line(path, "iokmem:", line, sizeof(line)));
	remote.iov_base = (void *)strtoul(line, NULL, 16);
	EXPECT_ERRNO(EFAULT, process_vm_readv(self->child.pid, &local, 1, &remote, 1, 0));
	EXPECT_ERRNO(EFAULT, process_vm_writev(self->child.pid, &local, 1, &remote, 1, 0));
	let_go_on(_metadata, self);
}

static int write_blocked_to(void *arg)
{
	struct blocked blocked;
	ssize_t n;

	CHILD_EXPECT(!make_blocked(&blocked));
	n = write(*(int *)arg, blocked.map, 16);
	CHILD_EXPECT(n == -1 && errno == EFAULT);
	return 0;
}

static int write_plain_to(void *arg)
{
	CHILD_EXPECT(write(*(int *)arg, "plain", 5) == 5);
	return 0;
}

TEST(a_write_from_a_blocked_map_does_not_hold_up_other_processes)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	struct bounded blocked, plain;

	ASSERT_LE(0, fd);
	blocked = spawn_bounded(write_blocked_to, &fd);
	usleep(200000);
	plain = spawn_bounded(write_plain_to, &fd);
	EXPECT_EQ(0, join_within(&plain, PATIENCE));
	EXPECT_EQ(0, join_within(&blocked, PATIENCE));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
