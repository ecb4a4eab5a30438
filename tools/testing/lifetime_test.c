// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long memory and maps live over fork, exec, exit and kill: as long as somebody has a
 * file descriptor or a map. Also, the places where the kernel shows them.
 */
#include "iokmem_utils.h"

#include <sched.h>
#include <sys/prctl.h>
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

/*
 * The files in which people look for buffers and maps.
 */
TEST_F(lifetime, maps_file_names_the_buffer)
{
	char name[64], line[256];

	snprintf(name, sizeof(name), "%lx-%lx", (long)self->address,
		 (long)self->address + BUFFER_SIZE);
	ASSERT_TRUE(find_line("/proc/self/maps", name, line, sizeof(line)));
	snprintf(name, sizeof(name), "iokmem:%lld", self->id);
	EXPECT_NE(NULL, strstr(line, name));
	EXPECT_NE(NULL, strstr(line, " rw-s 00000000 "));
}

TEST_F(lifetime, fd_link_names_the_buffer)
{
	char path[64], link[64] = "", name[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	ASSERT_LT(0, readlink(path, link, sizeof(link) - 1));
	snprintf(name, sizeof(name), "iokmem:%lld", self->id);
	EXPECT_NE(NULL, strstr(link, name));
}

TEST_F(lifetime, seek_to_the_end_tells_the_length)
{
	EXPECT_EQ(BUFFER_SIZE, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	ASSERT_EQ(0, set_length(self->fd, PAGE + 1));
	EXPECT_EQ(PAGE + 1, lseek(self->fd, 0, SEEK_END));
	EXPECT_ERRNO(EINVAL, lseek(self->fd, 1, SEEK_END));
	EXPECT_ERRNO(EINVAL, lseek(self->fd, PAGE, SEEK_SET));
	EXPECT_ERRNO(EINVAL, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(lifetime, fdinfo_describes_the_buffer)
{
	const struct {
		const char *key;
		long long value;
	} fields[] = {
		{ "iokmem-id:", self->id },
		{ "iokmem-capacity:", BUFFER_SIZE },
		{ "iokmem-length:", 2 * PAGE },
		{ "iokmem-resident:", BUFFER_SIZE },
		{ "iokmem-charged:", BUFFER_SIZE },
		{ "iokmem-held:", 0 },
		{ "iokmem-prepared:", 0 },
		{ "iokmem-dma-bufs:", 0 },
		{ "iokmem-revoked:", 0 },
		{ "iokmem-maps:", 1 },
	};
	struct iokmem_query_buffer buffer;
	char path[64], line[128];
	unsigned int i;

	ASSERT_EQ(0, set_length(self->fd, 2 * PAGE));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		ASSERT_TRUE(find_line(path, fields[i].key, line, sizeof(line)));
		EXPECT_EQ(fields[i].value, atoll(strchr(line, ':') + 1));
	}
	ASSERT_EQ(0, query(self->fd, &buffer));
	ASSERT_TRUE(find_line(path, "iokmem-extents:", line, sizeof(line)));
	EXPECT_EQ(buffer.extents, atoi(strchr(line, ':') + 1));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-kind:\twired"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-cache:\tcopyback"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-direction:\tinout"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-rights:\trw revoke"));
	EXPECT_EQ(0, count_lines(path, "iokmem-maker"));
}

TEST_F(lifetime, fdinfo_tells_rights_windows_and_dma_bufs)
{
	int dev, sub, read_only, multi, dma_buf;
	char path[64], line[64];

	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dev);
	sub = create_sub(self->fd, IOKMEM_DIRECTION_OUT, PAGE, 2 * PAGE);
	ASSERT_LE(0, sub);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", sub);
	snprintf(line, sizeof(line), "iokmem-parent:\t%lld", self->id);
	EXPECT_EQ(1, count_equal_lines(path, line));
	snprintf(line, sizeof(line), "iokmem-offset:\t%lu", PAGE);
	EXPECT_EQ(1, count_equal_lines(path, line));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-resident:\t0"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-direction:\tout"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-rights:\trw"));

	read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, read_only);
	dma_buf = get_dma_buf(read_only, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, dma_buf);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", read_only);
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-rights:\tro"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-dma-bufs:\t1"));
	EXPECT_EQ(1, count_equal_lines(path, "iokmem-held:\t1"));
	close(dma_buf);
	EXPECT_TRUE(EVENTUALLY(count_equal_lines(path, "iokmem-dma-bufs:\t0") == 1));

	multi = create_multi(dev, 0, (const __s32 []){ sub, self->fd }, 2);
	ASSERT_LE(0, multi);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", multi);
	snprintf(line, sizeof(line), "iokmem-member:\t%lld %lu %lu", self->id, PAGE, 2 * PAGE);
	EXPECT_EQ(1, count_equal_lines(path, line));
	snprintf(line, sizeof(line), "iokmem-member:\t%lld 0 %lu", self->id, BUFFER_SIZE);
	EXPECT_EQ(1, count_equal_lines(path, line));
}

/* A record of the list, without the keys' common beginning. */
static bool find_record(const char *first, const char *with, char *record, int size)
{
	FILE *list = fopen(LIST, "re");
	bool wanted = false;
	char line[256];

	record[0] = 0;
	while (list && fgets(line, sizeof(line), list)) {
		if (strcmp(line, "\n")) {
			strncat(record, line + strlen("iokmem-"), size - strlen(record) - 1);
			continue;
		}
		wanted = !strncmp(record, first, strlen(first)) && strstr(record, with);
		if (wanted)
			break;
		record[0] = 0;
	}
	if (list)
		fclose(list);
	return wanted;
}

TEST_F(lifetime, list_describes_every_descriptor)
{
	char first[64], rest[256], record[2048];

	snprintf(first, sizeof(first), "id:\t%lld\n", self->id);
	ASSERT_TRUE(find_record(first, "", record, sizeof(record)));
	snprintf(rest, sizeof(rest), "\ncapacity:\t%lu\nlength:\t%lu\n", BUFFER_SIZE, BUFFER_SIZE);
	EXPECT_NE(NULL, strstr(record, rest));
	EXPECT_NE(NULL, strstr(record, "\ndirection:\tinout\n"));
	EXPECT_NE(NULL, strstr(record, "\nusers:\t2\n"));
	snprintf(rest, sizeof(rest),
		 "\nmaker:\tprocess\nmaker-pid:\t%d\nmaker-uid:\t0\nmaker-comm:\tlifetime_test\n"
		 "charged-uid:\t0\n", getpid());
	EXPECT_NE(NULL, strstr(record, rest));
}

/*
 * As another user, and under a name that looks like another line, make a buffer. Returns its
 * number in the table of file descriptors, which the parent shares.
 */
static int make_as_a_forger(int dev)
{
	if (prctl(PR_SET_NAME, "x\niokmem-id:\t9") || setresuid(1234, 1234, 1234))
		return -1;
	return create(dev, 0, PAGE, 0);
}

TEST_F(lifetime, list_tells_who_made_a_descriptor_even_of_a_forger)
{
	char first[64], record[2048];
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fd, before = nr_descriptors();
	pid_t child;

	child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!child)
		_exit(make_as_a_forger(dev));
	fd = join(child);
	EXPECT_EQ(before + 1, nr_descriptors());
	snprintf(first, sizeof(first), "id:\t%lld\n", buffer_id(fd));
	ASSERT_TRUE(find_record(first, "maker:\texited\n", record, sizeof(record)));
	EXPECT_NE(NULL, strstr(record, "\nmaker-uid:\t1234\nmaker-comm:\tx\\012iokmem-id:\t9\n"));
	close(fd);
}

TEST_F(lifetime, list_describes_every_map)
{
	char *inside, *read_only, first[64], rest[512], record[2048], *mapping;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &inside));
	ASSERT_EQ(0, map(self->fd, 0, PAGE + 7, 100, &inside));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE, PAGE,
			 PAGE, &read_only));

	snprintf(first, sizeof(first), "map:\t%lld\n", self->id);
	snprintf(rest, sizeof(rest),
		 "\nmap-part:\t0\nmap-space:\tprocess\nmap-pid:\t%d\nmap-comm:\tlifetime_test\n"
		 "map-address:\t%p\nmap-offset:\t0\nmap-length:\t%lu\nmap-rights:\trw\n"
		 "map-unique:\t0\nmap-references:\t2\n", getpid(), self->address, BUFFER_SIZE);
	ASSERT_TRUE(find_record(first, rest, record, sizeof(record)));
	mapping = strstr(record, "map-mapping:");
	ASSERT_NE(NULL, mapping);
	snprintf(rest, sizeof(rest),
		 "%.*smap-part:\t1\nmap-space:\tprocess\nmap-pid:\t%d\nmap-comm:\tlifetime_test\n"
		 "map-address:\t%p\nmap-offset:\t%lu\nmap-length:\t100\nmap-rights:\trw\n"
		 "map-unique:\t0\nmap-references:\t1\n",
		 (int)(strchr(mapping, '\n') + 1 - mapping), mapping, getpid(), inside, PAGE + 7);
	EXPECT_TRUE(find_record(first, rest, record, sizeof(record)));
	snprintf(rest, sizeof(rest),
		 "\nmap-address:\t%p\nmap-offset:\t%lu\nmap-length:\t%lu\nmap-rights:\tro\n"
		 "map-unique:\t1\nmap-references:\t1\n", read_only, PAGE, PAGE);
	EXPECT_TRUE(find_record(first, rest, record, sizeof(record)));
	EXPECT_EQ(3, maps_of_process(getpid()));
}

/* Even if the mode of the files were changed, another user could not open them. */
static int open_as_another_user(void *arg)
{
	CHILD_EXPECT(!setresuid(1234, 1234, 1234));
	CHILD_EXPECT(open(LIST, O_RDONLY) < 0 && errno == (arg ? EPERM : EACCES));
	CHILD_EXPECT(open(POOLS, O_RDONLY) < 0 && errno == (arg ? EPERM : EACCES));
	return 0;
}

TEST_F(lifetime, list_is_for_the_administrator)
{
	struct stat st;

	ASSERT_EQ(0, stat(LIST, &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	ASSERT_EQ(0, stat(POOLS, &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	EXPECT_EQ(0, run_child(open_as_another_user, NULL));
	ASSERT_EQ(0, chmod(LIST, 0444));
	ASSERT_EQ(0, chmod(POOLS, 0444));
	EXPECT_EQ(0, run_child(open_as_another_user, self));
	EXPECT_EQ(0, chmod(LIST, 0400));
	EXPECT_EQ(0, chmod(POOLS, 0400));
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
