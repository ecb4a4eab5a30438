// SPDX-License-Identifier: GPL-2.0
/*
 * The main job, as a story in two processes: A makes a buffer, maps it, and
 * passes it to B. Every sentence is checked before it is said; the first thing
 * that is not as it should be ends the program with exit code 1.
 *
 * Needs /dev/iokmem, and debugfs for the list of maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/iokmem.h>

#define MIB		(1024UL * 1024)
#define BUFFER_SIZE	(8 * MIB)
#define WINDOW_OFFSET	(3 * MIB + 100)
#define WINDOW_LENGTH	5000UL
#define LIST		"/sys/kernel/debug/iokmem/descriptors"

static const char message[] = "Written by A, without a copy.";
static char who = 'A';

/* What the process that speaks does or finds. */
#define tell(format, ...)	printf("  %c  " format "\n", who, ##__VA_ARGS__)

static void chapter(const char *title)
{
	printf("\n%s\n", title);
	fflush(stdout);
}

/* The story goes on only if @ok. */
static void check(int ok, const char *what)
{
	if (ok)
		return;
	printf("  %c  WRONG: it is not true that %s (errno: %s)\n", who, what,
	       strerror(errno));
	fflush(stdout);
	exit(1);
}

static int create_buffer(unsigned long capacity)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = IOKMEM_DIRECTION_INOUT,
		.capacity = capacity,
	};
	int dev = open("/dev/iokmem", O_RDWR | O_CLOEXEC);

	check(dev >= 0, "/dev/iokmem can be opened");
	check(!ioctl(dev, IOKMEM_CREATE_BUFFER, &arg), "a buffer can be made");
	close(dev);
	return arg.fd;
}

static char *map(int fd, unsigned int options, unsigned long offset,
		 unsigned long length)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = options | IOKMEM_MAP_ANYWHERE,
		.offset = offset,
		.length = length,
	};

	check(!ioctl(fd, IOKMEM_CREATE_MAPPING, &arg), "the buffer can be mapped");
	return (char *)(uintptr_t)arg.address;
}

static void release(int fd, const char *address, unsigned long length)
{
	struct iokmem_release_mapping arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)address,
		.length = length,
	};

	check(!ioctl(fd, IOKMEM_RELEASE_MAPPING, &arg), "the map can be released");
}

static int duplicate_read_only(int fd)
{
	struct iokmem_duplicate arg = {
		.size = sizeof(arg),
		.flags = IOKMEM_FD_READ_ONLY,
	};

	check(!ioctl(fd, IOKMEM_DUPLICATE, &arg), "the fd can be duplicated");
	return arg.fd;
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
	check(sendmsg(sock, &msg, 0) == 1, "a socket carries the fd");
}

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

	check(recvmsg(sock, &msg, 0) == 1, "the fd arrives");
	cmsg = CMSG_FIRSTHDR(&msg);
	check(cmsg && cmsg->cmsg_type == SCM_RIGHTS, "the fd arrives");
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

static void signal_peer(int sock)
{
	check(write(sock, "!", 1) == 1, "the other process is there");
}

static void await_peer(int sock)
{
	char byte;

	check(read(sock, &byte, 1) == 1, "the other process answers");
}

/* How many lines of the list have @contains in them; printed, if @show. */
static int list_lines(const char *contains, int show)
{
	FILE *list = fopen(LIST, "r");
	char line[512];
	int found = 0;

	check(!!list, "debugfs has " LIST);
	while (fgets(line, sizeof(line), list)) {
		if (show)
			printf("     | %s", line);
		found += !!strstr(line, contains);
	}
	fclose(list);
	fflush(stdout);
	return found;
}

static sigjmp_buf after_fault;

static void on_fault(int sig)
{
	siglongjmp(after_fault, sig);
}

static int can_write(char *address)
{
	if (sigsetjmp(after_fault, 1))
		return 0;
	__atomic_store_n(address, 'B', __ATOMIC_RELAXED);
	return 1;
}

/* B: has nothing but its end of a socket. */
static void process_b(int sock)
{
	char *bytes;
	int fd;

	who = 'B';
	prctl(PR_SET_NAME, "demo-B");
	signal(SIGSEGV, on_fault);

	fd = receive_fd(sock);
	check(ioctl(fd, IOKMEM_CREATE_MAPPING,
		    &(struct iokmem_create_mapping){
			    .size = sizeof(struct iokmem_create_mapping),
			    .options = IOKMEM_MAP_ANYWHERE }) && errno == EACCES,
	      "a writable map through a read-only fd is refused");
	bytes = map(fd, IOKMEM_MAP_READ_ONLY, 0, 0);
	tell("got the buffer's fd over the socket and maps it read-only: %p", bytes);

	check(!memcmp(bytes, message, sizeof(message)), "B reads what A wrote");
	tell("reads A's bytes there: \"%s\"", bytes);

	check(!can_write(bytes), "writing raises SIGSEGV");
	tell("tries to write: SIGSEGV");
	check(mprotect(bytes, BUFFER_SIZE, PROT_READ | PROT_WRITE) && errno == EACCES,
	      "mprotect(PROT_WRITE) fails with EACCES");
	tell("tries to make it writable by mprotect(): %s", strerror(errno));

	signal_peer(sock);
	for (;;)
		pause();
}

static char *map_and_share(int fd)
{
	char *first, *second, *window;

	first = map(fd, 0, 0, 0);
	tell("maps it: %p", first);
	second = map(fd, 0, 0, 0);
	check(first == second, "the same request gives the same address");
	tell("maps it again: %p, the same map, one reference more", second);
	window = map(fd, 0, WINDOW_OFFSET, WINDOW_LENGTH);
	check(window == first + WINDOW_OFFSET,
	      "a range inside gives an address inside");
	tell("maps %lu bytes from offset %lu: %p, inside the first", WINDOW_LENGTH,
	     WINDOW_OFFSET, window);

	for (unsigned long i = 0; i < BUFFER_SIZE; i++)
		if (first[i])
			check(0, "fresh memory is zero");
	memcpy(first, message, sizeof(message));
	window[0] = 'w';
	check(first[WINDOW_OFFSET] == 'w', "both addresses show the same byte");
	tell("finds all of it zero, and writes \"%s\"", message);
	return first;
}

/* After SIGKILL the kernel takes a moment to clean up. */
static void await_gone(const char *name)
{
	struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };

	for (int i = 0; list_lines(name, 0) && i < 250; i++)
		nanosleep(&moment, NULL);
	check(!list_lines(name, 0), "what is gone leaves the list");
}

int main(void)
{
	int sock[2], fd, fd_read_only, status;
	char *bytes;
	pid_t b;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, "demo-A");
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, sock), "there are sockets");
	b = fork();
	check(b >= 0, "a process can be made");
	if (!b)
		process_b(sock[1]);
	close(sock[1]);

	chapter("Process A makes a buffer and maps it.");
	fd = create_buffer(BUFFER_SIZE);
	tell("makes a buffer of %lu MiB", BUFFER_SIZE / MIB);
	bytes = map_and_share(fd);

	chapter("A passes the buffer to process B, read-only, over a Unix socket.");
	fd_read_only = duplicate_read_only(fd);
	send_fd(sock[0], fd_read_only);
	close(fd_read_only);
	await_peer(sock[0]);

	chapter("The kernel's list of the buffer's maps, from " LIST ":");
	check(list_lines("(demo-A)", 1) == 2, "A has a map and a sub-map");
	check(list_lines("(demo-B)", 0) == 1, "B has a map");

	chapter("B is killed.");
	check(!kill(b, SIGKILL) && waitpid(b, &status, 0) == b, "B can be killed");
	await_gone("(demo-B)");
	check(!list_lines("(demo-B)", 1), "B's map is gone");
	check(!memcmp(bytes, message, sizeof(message)), "A's memory is untouched");
	tell("still reads its bytes");

	chapter("A lets go.");
	release(fd, bytes, BUFFER_SIZE);
	check(!memcmp(bytes, message, sizeof(message)),
	      "the map stays for the other reference");
	tell("releases the map once: still there, for the second reference");
	release(fd, bytes, BUFFER_SIZE);
	release(fd, bytes + WINDOW_OFFSET, WINDOW_LENGTH);
	signal(SIGSEGV, on_fault);
	check(!can_write(bytes), "the address is free after the last release");
	tell("releases the rest: the address is free again");
	close(fd);
	await_gone("descriptor");
	tell("closes the fd: no descriptor is left");
	return 0;
}
