// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long memory and maps live over fork, exec, exit and kill: as long as somebody has a
 * file descriptor or a map. Also, the places where the kernel shows them.
 */
#include "iokmem_utils.h"

#include <sched.h>
#include <sys/socket.h>

#define BUFFER_SIZE	(16 * PAGE)
#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/iokmem_test"

static const char after_exec[] = "--after-exec";

FIXTURE(lifetime)
{
	int fd;
	long long id;
	char *address;	/* all of it, with one reference */
};

FIXTURE_SETUP(lifetime)
{
	if (access(LIST, R_OK))
		SKIP(return, "no " LIST);
	self->fd = new_buffer(BUFFER_SIZE);
	ASSERT_LE(0, self->fd);
	self->id = buffer_id(self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->address));
	number_pages(self->address, BUFFER_SIZE);
}

FIXTURE_TEARDOWN(lifetime)
{
}

TEST_F(lifetime, memory_goes_with_the_last_fd)
{
	int other = duplicate(self->fd, IOKMEM_FD_READ_ONLY);

	ASSERT_EQ(0, release(self->fd, self->address, BUFFER_SIZE));
	EXPECT_TRUE(is_listed(self->id));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(is_listed(self->id));
	ASSERT_EQ(0, close(other));
	EXPECT_FALSE(is_listed(self->id));
}

TEST_F(lifetime, memory_goes_with_the_last_map)
{
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(is_listed(self->id));
	EXPECT_TRUE(pages_are_numbered(self->address, BUFFER_SIZE, 0));
	EXPECT_EQ(0, probe(self->address + BUFFER_SIZE - 1, true));
	ASSERT_EQ(0, munmap(self->address, BUFFER_SIZE));
	EXPECT_FALSE(is_listed(self->id));
}

TEST_F(lifetime, map_that_was_never_touched_outlives_its_fd)
{
	int fd = new_buffer(BUFFER_SIZE);
	char *address;

	/* No page is in the page tables yet, so faults come after the fd is closed. */
	ASSERT_LE(0, fd);
	address = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, address);
	ASSERT_EQ(0, close(fd));
	EXPECT_TRUE(is_zero(address, BUFFER_SIZE));
	number_pages(address, BUFFER_SIZE);
	EXPECT_TRUE(pages_are_numbered(address, BUFFER_SIZE, 0));
}

TEST_F(lifetime, memory_is_given_back)
{
	long before = free_memory("MemFree:"), held;
	char *address;
	int i, fd;

	ASSERT_LT(0, before);
	for (i = 0; i < 20; i++) {
		fd = new_buffer(16 * MIB);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
		memset(address, 1, MIB);
		if (i == 0) {
			held = free_memory("MemFree:");
			/*
			 * Check that a buffer changes the number at all,
			 * although others free memory meanwhile.
			 */
			EXPECT_LT(held, before - (long)(8 * MIB));
		}
		if (i % 2)
			ASSERT_EQ(0, release(fd, address, 16 * MIB));
		ASSERT_EQ(0, close(fd));
		if (!(i % 2))
			ASSERT_EQ(0, munmap(address, 16 * MIB));
	}
	/* The buffers had 320 MiB in total. The memory for page tables varies. */
	EXPECT_GT(free_memory("MemFree:"), before - (long)(15 * MIB));
}

/* The argument of a child. */
struct scene {
	int fd;
	long long id;
	char *address;
	int sock;
};

static int look_at_inherited(void *arg)
{
	struct scene *scene = arg;
	char *own;

	CHILD_EXPECT(nr_iokmem_vmas() == 0);
	CHILD_EXPECT(probe(scene->address, false) == SIGSEGV);
	CHILD_EXPECT(probe(scene->address + BUFFER_SIZE - 1, true) == SIGSEGV);
	/* The addresses of the parent's map are free in the child. */
	CHILD_EXPECT(!map_at(scene->fd, 0, (uintptr_t)scene->address, 0, 0, &own));
	CHILD_EXPECT(own == scene->address);
	CHILD_EXPECT(pages_are_numbered(own, BUFFER_SIZE, 0));
	CHILD_EXPECT(maps_of_process(getpid()) == 1);
	CHILD_EXPECT(maps_of_process(getppid()) == 1);
	own[BUFFER_SIZE - 1] = 'c';
	return 0;
}

TEST_F(lifetime, child_of_fork_has_a_hole_and_can_map_by_itself)
{
	struct scene scene = { .fd = self->fd, .address = self->address };

	EXPECT_EQ(0, run_child(look_at_inherited, &scene));
	EXPECT_EQ('c', self->address[BUFFER_SIZE - 1]);
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_EQ(1, references(self->fd, self->address, BUFFER_SIZE));
}

TEST_F(lifetime, mmaped_one_is_not_inherited_either)
{
	struct scene scene = { .fd = self->fd };

	ASSERT_EQ(0, release(self->fd, self->address, BUFFER_SIZE));
	scene.address = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
			     MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, scene.address);
	EXPECT_EQ(0, run_child(look_at_inherited, &scene));
	EXPECT_EQ(1, nr_maps(self->fd));
}

static int share_memory_with_parent(void *arg)
{
	struct scene *scene = arg;
	char *again;

	if (map(scene->fd, 0, 0, 0, &again) || again != scene->address)
		return 1;
	if (references(scene->fd, again, BUFFER_SIZE) != 2)
		return 2;
	again[0] = 'v';
	return 0;
}

TEST_F(lifetime, child_in_the_same_address_space_shares)
{
	struct scene scene = { .fd = self->fd, .address = self->address };
	static char stack[64 * KIB];
	pid_t child;

	child = clone(share_memory_with_parent, stack + sizeof(stack),
		      CLONE_VM | SIGCHLD, &scene);
	EXPECT_EQ(0, join(child));
	EXPECT_EQ('v', self->address[0]);
	/* References belong to the address space, and stay after the child has exited. */
	EXPECT_EQ(2, references(self->fd, self->address, BUFFER_SIZE));
	EXPECT_EQ(0, release(self->fd, self->address, BUFFER_SIZE));

	child = vfork();
	if (!child)
		_exit(share_memory_with_parent(&scene));
	EXPECT_EQ(0, join(child));
	EXPECT_EQ(2, references(self->fd, self->address, BUFFER_SIZE));
	EXPECT_EQ(1, nr_maps(self->fd));
}

/* The main function after exec(), with the values that it needs as arguments. */
static int main_after_exec(char **argv)
{
	int fd = atoi(argv[2]), closed = atoi(argv[3]);
	char *old = (char *)strtoul(argv[4], NULL, 16), *address;

	CHILD_EXPECT(fcntl(closed, F_GETFD) < 0 && errno == EBADF);
	CHILD_EXPECT(nr_iokmem_vmas() == 0);
	CHILD_EXPECT(maps_of_process(getpid()) == 0);
	CHILD_EXPECT(nr_maps(fd) == 1);
	CHILD_EXPECT(release(fd, old, BUFFER_SIZE) == -ENOENT);
	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE, 0, 0,
			     0) == -ENOENT);
	CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
	CHILD_EXPECT(pages_are_numbered(address, BUFFER_SIZE, 0));
	CHILD_EXPECT(maps_of_process(getpid()) == 1);
	return 0;
}

static int map_and_exec(void *arg)
{
	struct scene *scene = arg;
	char kept_arg[16], closed_arg[16], address_arg[32];
	int closed = duplicate(scene->fd, 0), kept = dup(scene->fd);
	char *own;

	CHILD_EXPECT(closed >= 0 && kept >= 0);
	CHILD_EXPECT(!map(scene->fd, 0, 0, 0, &own));
	CHILD_EXPECT(pages_are_numbered(own, BUFFER_SIZE, 0));
	CHILD_EXPECT(maps_of_process(getpid()) == 1);
	snprintf(kept_arg, sizeof(kept_arg), "%d", kept);
	snprintf(closed_arg, sizeof(closed_arg), "%d", closed);
	snprintf(address_arg, sizeof(address_arg), "%lx", (long)own);
	execl("/proc/self/exe", "lifetime_test", after_exec, kept_arg, closed_arg,
	      address_arg, NULL);
	return 1;
}

TEST_F(lifetime, exec_ends_maps_and_keeps_fds_that_are_to_be_kept)
{
	struct scene scene = { .fd = self->fd };

	EXPECT_EQ(0, run_child(map_and_exec, &scene));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_TRUE(pages_are_numbered(self->address, BUFFER_SIZE, 0));
}

static int map_and_leave(void *arg)
{
	struct scene *scene = arg;
	char *own;
	int i, fd;

	for (i = 0; i < 10; i++) {
		CHILD_EXPECT(!map(scene->fd, i % 2 ? IOKMEM_MAP_UNIQUE : 0, 0, 0,
				  &own));
		CHILD_EXPECT(can_write(own));
		CHILD_EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, scene->fd,
				  0) != MAP_FAILED);
	}
	fd = new_buffer(MIB);
	CHILD_EXPECT(fd >= 0 && !map(fd, 0, 0, 0, &own));
	CHILD_EXPECT(can_write(own));
	return 0;
}

TEST_F(lifetime, exit_ends_all_that_the_process_had)
{
	struct scene scene = { .fd = self->fd };
	int before = nr_descriptors();

	EXPECT_EQ(0, run_child(map_and_leave, &scene));
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == before));
	EXPECT_EQ(1, nr_maps(self->fd));
}

static int map_and_wait(void *arg)
{
	struct scene *scene = arg;

	CHILD_EXPECT(!map_and_leave(arg));
	CHILD_EXPECT(write(scene->sock, "!", 1) == 1);
	for (;;)
		pause();
}

TEST_F(lifetime, kill_ends_all_that_the_process_had)
{
	int before = nr_descriptors(), sock[2];
	struct scene scene = { .fd = self->fd };
	char byte;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	scene.sock = sock[1];
	child = spawn(map_and_wait, &scene);
	ASSERT_EQ(1, read(sock[0], &byte, 1));
	EXPECT_EQ(before + 1, nr_descriptors());
	/* One mapping that five requests share, five Unique ones, and ten by mmap(). */
	EXPECT_EQ(1 + 16, nr_maps(self->fd));
	kill(child, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, join(child));
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == before));
	EXPECT_EQ(1, nr_maps(self->fd));
	EXPECT_TRUE(pages_are_numbered(self->address, BUFFER_SIZE, 0));
}

/* Map, fault in and release a buffer again and again, until killed. */
static int map_and_fault(void *arg)
{
	struct scene *scene = arg;
	char *own;
	int fd = new_buffer(4 * MIB);

	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(write(scene->sock, "!", 1) == 1);
	for (;;) {
		CHILD_EXPECT(!map(fd, 0, PAGE, 4 * MIB - PAGE, &own));
		number_pages(own, 4 * MIB - PAGE);
		CHILD_EXPECT(!release(fd, own, 4 * MIB - PAGE));
	}
}

TEST_F(lifetime, kill_while_faulting_leaves_nothing)
{
	int before = nr_descriptors(), sock[2], i;
	struct scene scene = { .fd = self->fd };
	char byte;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	scene.sock = sock[1];
	for (i = 0; i < 20; i++) {
		child = spawn(map_and_fault, &scene);
		ASSERT_EQ(1, read(sock[0], &byte, 1));
		usleep(i * 1000);
		kill(child, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, join(child));
	}
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == before));
}

static int make_large_buffers(void *arg)
{
	struct scene *scene = arg;
	int fd;

	CHILD_EXPECT(write(scene->sock, "!", 1) == 1);
	for (;;) {
		fd = new_buffer(256 * MIB);
		CHILD_EXPECT(fd >= 0);
		close(fd);
	}
}

TEST_F(lifetime, kill_while_making_a_large_buffer_leaves_nothing)
{
	long before = free_memory("MemAvailable:");
	int descriptors = nr_descriptors(), sock[2], i;
	struct scene scene;
	char byte;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	scene.sock = sock[1];
	for (i = 0; i < 8; i++) {
		child = spawn(make_large_buffers, &scene);
		ASSERT_EQ(1, read(sock[0], &byte, 1));
		usleep(5000 + 10000 * i);
		kill(child, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, join(child));
	}
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == descriptors));
	EXPECT_TRUE(EVENTUALLY(free_memory("MemAvailable:") >
			       before - (long)(32 * MIB)));
}

static void send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 'f';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	sendmsg(sock, &msg, 0);
}

/* Receive a file descriptor. Return it, or -1. */
static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, 0) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

static int use_received_fd(void *arg)
{
	struct scene *scene = arg;
	int fd = receive_fd(scene->sock);
	char *own;

	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(buffer_id(fd) == scene->id);
	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0) == -EACCES);
	CHILD_EXPECT(!map(fd, IOKMEM_MAP_READ_ONLY, 0, 0, &own));
	CHILD_EXPECT(pages_are_numbered(own, BUFFER_SIZE, 0));
	CHILD_EXPECT(probe(own, true) == SIGSEGV);
	return 0;
}

TEST_F(lifetime, fd_can_be_passed_over_a_socket)
{
	struct scene scene = { .id = self->id };
	int sock[2], read_only;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	scene.sock = sock[1];
	child = spawn(use_received_fd, &scene);
	read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, read_only);
	send_fd(sock[0], read_only);
	EXPECT_EQ(0, join(child));
}

TEST_F(lifetime, fd_under_way_in_a_socket_keeps_the_memory)
{
	int sock[2], fd;
	char *address;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	send_fd(sock[0], self->fd);
	ASSERT_EQ(0, munmap(self->address, BUFFER_SIZE));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_TRUE(is_listed(self->id));
	fd = receive_fd(sock[1]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	EXPECT_TRUE(pages_are_numbered(address, BUFFER_SIZE, 0));
	ASSERT_EQ(0, release(fd, address, BUFFER_SIZE));
	ASSERT_EQ(0, close(fd));
	EXPECT_FALSE(is_listed(self->id));
}

/* Uses its own instance of tracefs, so that other tracing is not disturbed. */
FIXTURE(trace)
{
	bool on;
};

FIXTURE_SETUP(trace)
{
	if (access(TRACING "/events/iokmem", F_OK))
		SKIP(return, "no tracefs");
	mkdir(INSTANCE, 0700);
	ASSERT_EQ(0, write_file(INSTANCE "/events/iokmem/enable", "1"));
	self->on = true;
}

FIXTURE_TEARDOWN(trace)
{
	if (self->on) {
		write_file(INSTANCE "/events/iokmem/enable", "0");
		rmdir(INSTANCE);
	}
}

TEST_F(trace, tells_the_whole_life_of_a_buffer)
{
	static const char * const events[] = {
		"iokmem_create: id=%lld capacity=",
		"iokmem_map: id=%lld pid=%d address=",
		"iokmem_share: id=%lld pid=%d address=",
		"iokmem_fault: id=%lld address=",
		"iokmem_unmap: id=%lld pid=%d address=",
		"iokmem_free: id=%lld capacity=",
	};
	const size_t large = 4 * PMD;
	char needle[128], *address, *inside;
	long long id;
	unsigned int i;
	int fd;

	fd = new_buffer(large + PAGE);
	ASSERT_LE(0, fd);
	id = buffer_id(fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
	ASSERT_EQ(0, map(fd, 0, PAGE, PAGE, &inside));
	address[0] = 1;
	inside[PAGE] = 1;
	ASSERT_EQ(0, release(fd, inside, PAGE));
	ASSERT_EQ(0, release(fd, address, large + PAGE));
	ASSERT_EQ(0, close(fd));

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(needle, sizeof(needle), events[i], id, getpid());
		EXPECT_LE(1, count_lines(INSTANCE "/trace", needle))
			TH_LOG("not in the trace: %s", needle);
	}
	snprintf(needle, sizeof(needle), " capacity=%zu extents=", large + PAGE);
	EXPECT_EQ(2, count_lines(INSTANCE "/trace", needle));
	if (kernel_has_huge_pfn()) {
		size_t window = 32 * PMD, ahead = window - (uintptr_t)address % window;

		/* One fault has made all huge entries in its window. */
		snprintf(needle, sizeof(needle), "id=%lld address=%p pages=%zu", id,
			 address, (ahead < large ? ahead : large) / PAGE);
		EXPECT_EQ(1, count_lines(INSTANCE "/trace", needle));
		snprintf(needle, sizeof(needle), "iokmem_fault: id=%lld", id);
		EXPECT_EQ(1, count_lines(INSTANCE "/trace", needle));
	}
	/* Both the map of a part and the map of all bytes are traced. */
	snprintf(needle, sizeof(needle), "iokmem_unmap: id=%lld", id);
	EXPECT_EQ(2, count_lines(INSTANCE "/trace", needle));
}

TEST_F(trace, tells_of_faults_whoever_makes_the_entries)
{
	static const __u32 options[] = { 0, IOKMEM_MAP_PINNABLE };
	char needle[128], *address;
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		fd = new_buffer(PMD);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, options[i], 0, 0, &address));
		address[0] = 1;
		/* The fault makes a huge entry, or maps an aligned window of 64 pages. */
		snprintf(needle, sizeof(needle), "iokmem_fault: id=%lld address=%p pages=%d",
			 buffer_id(fd), address, kernel_has_huge_pfn() ? (int)(PMD / PAGE) :
			 64 - (int)((uintptr_t)address / PAGE % 64));
		EXPECT_EQ(1, count_lines(INSTANCE "/trace", needle))
			TH_LOG("not in the trace: %s", needle);
		close(fd);
	}
}

TEST_F(trace, tells_that_a_killed_process_s_map_has_gone)
{
	char needle[64];
	int fd = new_buffer(PAGE);
	long long id = buffer_id(fd);
	char *address;
	pid_t child;

	ASSERT_LE(0, fd);
	child = fork();
	if (!child) {
		map(fd, 0, 0, 0, &address);
		raise(SIGKILL);
	}
	EXPECT_EQ(128 + SIGKILL, join(child));
	snprintf(needle, sizeof(needle), "iokmem_unmap: id=%lld pid=%d", id, child);
	EXPECT_TRUE(EVENTUALLY(count_lines(INSTANCE "/trace", needle) == 1));
}

#include "nothing_left.h"

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], after_exec))
		return main_after_exec(argv);
	return test_harness_run(argc, argv);
}
