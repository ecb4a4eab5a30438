// SPDX-License-Identifier: GPL-2.0-only
/* The other system calls on files and maps. */
#include "fuzz.h"

#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

static const __u64 prots[] = {
	PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC, END
};

static const __u64 mmap_flags[] = {
	MAP_SHARED, MAP_SHARED, MAP_PRIVATE, MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED,
	MAP_SHARED | MAP_FIXED, MAP_SHARED | MAP_FIXED | MAP_POPULATE, MAP_SHARED_VALIDATE, END
};

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#ifndef SYS_mseal
#define SYS_mseal	462
#endif

/*
 * Linux 6.12 with lockdep warns of MADV_COLD and MADV_PAGEOUT of part of a compound page that a
 * memory cgroup is charged for, whoever it belongs to.
 */
static const __u64 advices[] = {
	MADV_DONTNEED, MADV_WILLNEED, MADV_REMOVE, MADV_FREE, MADV_DONTFORK, MADV_DOFORK,
	MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	MADV_COLLAPSE, MADV_DONTDUMP, MADV_WIPEONFORK, MADV_DONTNEED_LOCKED, END
};

static const __u64 mremap_flags[] = { 0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, END };
static const __u64 policies[] = { MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_PREFERRED, END };
static const __u64 writes[] = { 0, 1, END };
static const __u64 looks[] = { 0, 1, 2, 3, 4, 5, END };
static const __u64 whences[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, END };

static char buffer[NR_THREADS][64 << 10];

static void *pointer(__u64 address)
{
	return (void *)(uintptr_t)address;
}

static long result(long value)
{
	return value < 0 ? -errno : value;
}

static __u64 at_most(__u64 length, __u64 most)
{
	return length < most ? length : most;
}

/*
 * Which bytes of a map a call is about: its first argument is the map, the second says where
 * they begin. There may be none, but there are none outside the map: the process's own memory
 * is there.
 */
static struct iovec part_of_map(const struct call *call)
{
	__u64 length = length_in(call->arg[0]), skip = length ? call->arg[1] % length : 0;

	return (struct iovec){ pointer(address_in(call->arg[0]) + skip), length - skip };
}

static long run_mmap(const struct call *call)
{
	__u64 length = call->arg[3], flags = call->arg[2];
	void *at = NULL, *address;

	if (flags & MAP_FIXED) {
		at = pointer(address_in(call->arg[5]));
		length = length_in(call->arg[5]);
		if (!at)
			return -EINVAL;
	}
	address = mmap(at, length, call->arg[1], flags, file_in(call->arg[0]), call->arg[4]);
	if (address == MAP_FAILED)
		return -errno;
	return put_place(call, (uintptr_t)address, length);
}

static long run_munmap(const struct call *call)
{
	struct iovec part = part_of_map(call);

	return result(munmap(part.iov_base, at_most(call->arg[2], part.iov_len)));
}

static long run_mprotect(const struct call *call)
{
	struct iovec part = part_of_map(call);

	return result(mprotect(part.iov_base, part.iov_len, call->arg[2]));
}

static long run_mremap(const struct call *call)
{
	__u64 length = at_most(call->arg[1], 1 << 30);
	void *address;

	if (!address_in(call->arg[0]))
		return -EINVAL;
	address = mremap(pointer(address_in(call->arg[0])), length_in(call->arg[0]), length,
			 call->arg[2]);
	if (address == MAP_FAILED)
		return -errno;
	return put_place(call, (uintptr_t)address, length);
}

static long run_madvise(const struct call *call)
{
	struct iovec part = part_of_map(call);

	return result(madvise(part.iov_base, part.iov_len, call->arg[2]));
}

static long run_mbind(const struct call *call)
{
	unsigned long node = 1;

	return result(syscall(SYS_mbind, address_in(call->arg[0]), length_in(call->arg[0]),
			      call->arg[1], &node, 8, MPOL_MF_MOVE));
}

static long run_mlock(const struct call *call)
{
	void *address = pointer(address_in(call->arg[0]));
	__u64 length = length_in(call->arg[0]);

	return result(call->arg[1] ? mlock(address, length) : munlock(address, length));
}

static long run_msync(const struct call *call)
{
	return result(msync(pointer(address_in(call->arg[0])), length_in(call->arg[0]), MS_SYNC));
}

static long run_mseal(const struct call *call)
{
	return result(syscall(SYS_mseal, address_in(call->arg[0]), length_in(call->arg[0]), 0));
}

static void read_bytes(char *address, __u64 length)
{
	__u64 i;

	for (i = 0; i < length; i += 512)
		*(volatile char *)(address + i);
}

static void write_bytes(char *address, __u64 length)
{
	__u64 i;

	for (i = 0; i < length; i += 512)
		*(volatile char *)(address + i) = 1;
}

static long run_touch(const struct call *call)
{
	struct iovec part = part_of_map(call);

	return try_touch(call->arg[2] ? write_bytes : read_bytes, (uintptr_t)part.iov_base,
			 at_most(part.iov_len, 64 * PAGE)) ? 0 : -EFAULT;
}

/* Have a child touch memory, and maybe end while it waits for it. */
static long run_fork(const struct call *call)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_touch(call);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	usleep(1000);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* Have the kernel read or write memory. */
static long run_vm_io(const struct call *call)
{
	struct iovec there = part_of_map(call);
	struct iovec here = { buffer[call->thread], at_most(there.iov_len, sizeof(buffer[0])) };

	return result(call->arg[2] ? process_vm_writev(getpid(), &here, 1, &there, 1, 0) :
				     process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

static long run_mem_io(const struct call *call)
{
	struct iovec part = part_of_map(call);
	__u64 length = at_most(part.iov_len, sizeof(buffer[0]));
	off_t at = (uintptr_t)part.iov_base;
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	long done;

	if (fd < 0)
		return -errno;
	if (call->arg[2])
		done = result(pwrite(fd, buffer[call->thread], length, at));
	else
		done = result(pread(fd, buffer[call->thread], length, at));
	close(fd);
	return done;
}

static long run_file_io(const struct call *call)
{
	__u64 length = at_most(length_in(call->arg[1]), sizeof(buffer[0]));
	void *address = pointer(address_in(call->arg[1]));

	return result(call->arg[2] ? pread(file_in(call->arg[0]), address, length, 0) :
				     pwrite(file_in(call->arg[0]), address, length, 0));
}

static long run_vmsplice(const struct call *call)
{
	__u64 length = at_most(length_in(call->arg[0]), 16 * PAGE);
	struct iovec from = { pointer(address_in(call->arg[0])), length };
	int ends[2];
	long done;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	done = result(vmsplice(ends[1], &from, 1, SPLICE_F_GIFT));
	if (done > 0)
		(void)!read(ends[0], buffer[call->thread], done);
	close(ends[0]);
	close(ends[1]);
	return done;
}

static long run_io_uring(const struct call *call)
{
	struct iovec what = part_of_map(call);
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	long done;

	if (ring < 0)
		return -errno;
	done = result(syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &what, 1));
	close(ring);
	return done;
}

static long run_userfaultfd(const struct call *call)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { address_in(call->arg[0]), length_in(call->arg[0]) },
		.mode = call->arg[1] ? UFFDIO_REGISTER_MODE_WP : UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	long done;

	if (fd < 0)
		return -errno;
	done = ioctl(fd, UFFDIO_API, &api) ? -errno : result(ioctl(fd, UFFDIO_REGISTER, &range));
	close(fd);
	return done;
}

/* Leave a list of futexes, which the kernel looks at when the thread ends. */
static long run_robust_list(const struct call *call)
{
	return result(syscall(SYS_set_robust_list, address_in(call->arg[0]),
			      sizeof(struct robust_list_head)));
}

static long run_futex(const struct call *call)
{
	struct timespec soon = { .tv_nsec = 1000000 };

	return result(syscall(SYS_futex, (uintptr_t)part_of_map(call).iov_base & ~3UL,
			      call->arg[2] ? FUTEX_WAIT : FUTEX_WAKE, 0, &soon, NULL, 0));
}

static long run_anonymous(const struct call *call)
{
	__u64 length = PAGE * (1 + call->arg[0] % 32);
	void *address = mmap(NULL, length, PROT_READ | PROT_WRITE,
			     (call->arg[1] ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);

	return address == MAP_FAILED ? -errno : put_place(call, (uintptr_t)address, length);
}

static long run_send(const struct call *call)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {};
	struct iovec byte = { "", 1 };
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd = file_in(call->arg[0]);

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return result(sendmsg(exchange[0], &message, 0));
}

static long run_receive(const struct call *call)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {};
	char byte;
	struct iovec into = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(exchange[1], &message, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	if (!CMSG_FIRSTHDR(&message))
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return put_file(call, fd);
}

static long run_close(const struct call *call)
{
	int fd = atomic_exchange(&files[call->arg[0] % NR_SLOTS], -1);

	return fd < 0 ? -EBADF : result(close(fd));
}

static long run_dup(const struct call *call)
{
	return put_file(call, fcntl(file_in(call->arg[0]), F_DUPFD_CLOEXEC, 0));
}

/* By the name that /proc gives it. */
static long run_reopen(const struct call *call)
{
	int flags = (call->arg[1] ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_in(call->arg[0]));
	return put_file(call, open(path, flags));
}

static long run_poll(const struct call *call)
{
	struct pollfd fd = { .fd = file_in(call->arg[0]), .events = POLLIN | POLLOUT };

	return result(poll(&fd, 1, 0));
}

static long run_lseek(const struct call *call)
{
	return result(lseek(file_in(call->arg[0]), call->arg[1], call->arg[2]));
}

static long run_ftruncate(const struct call *call)
{
	return result(ftruncate(file_in(call->arg[0]), at_most(call->arg[1], 1 << 20)));
}

/* Read one of the files in which the kernel tells of maps. */
static long run_look(const struct call *call)
{
	static const char * const paths[] = {
		"/proc/self/maps", "/proc/self/smaps", "/proc/self/numa_maps",
		"/proc/iokmem/descriptors", "/proc/iokmem/maps",
	};
	char path[64];
	long done = 0;
	int fd;

	if (call->arg[0] < ARRAY_SIZE(paths))
		snprintf(path, sizeof(path), "%s", paths[call->arg[0]]);
	else
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file_in(call->arg[1]));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done >= 0 && read(fd, buffer[call->thread], sizeof(buffer[0])) > 0)
		done++;
	close(fd);
	return done;
}

/* Take memory from everybody else for a moment. */
static long run_hog(const struct call *call)
{
	__u64 length = HUGE_PAGE * (1 + call->arg[0] % 8);
	char *address = mmap(NULL, length, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return address == MAP_FAILED ? -errno : result(munmap(address, length));
}

static long run_exit(const struct call *call)
{
	if (call->arg[0])
		kill(getpid(), SIGKILL);
	_exit(0);
}

#define PART	ARG("map", MAP_SLOT), ARG("at", OFFSET)

const struct call_type other_calls[] = {
	{ "mmap", 8, {
		ARG("file", FILE_SLOT), ONE_OF("prot", prots), ONE_OF("flags", mmap_flags),
		ARG("length", SIZE), ARG("offset", OFFSET), ARG("map", MAP_SLOT) }, run_mmap },
	{ "munmap", 4, { PART, ARG("length", SIZE) }, run_munmap },
	{ "mprotect", 3, { PART, ONE_OF("prot", prots) }, run_mprotect },
	{ "mremap", 3, {
		ARG("map", MAP_SLOT), ARG("length", SIZE), ONE_OF("flags", mremap_flags) },
		run_mremap },
	{ "madvise", 5, { PART, ONE_OF("advice", advices) }, run_madvise },
	{ "mbind", 1, { ARG("map", MAP_SLOT), ONE_OF("policy", policies) }, run_mbind },
	{ "mlock", 2, { ARG("map", MAP_SLOT), ONE_OF("lock", writes) }, run_mlock },
	{ "msync", 1, { ARG("map", MAP_SLOT) }, run_msync },
	{ "mseal", 1, { ARG("map", MAP_SLOT) }, run_mseal },
	{ "touch", 20, { PART, ONE_OF("write", writes) }, run_touch },
	{ "fork", 1, { PART, ONE_OF("write", writes) }, run_fork },
	{ "vm_io", 3, { PART, ONE_OF("write", writes) }, run_vm_io },
	{ "mem_io", 2, { PART, ONE_OF("write", writes) }, run_mem_io },
	{ "file_io", 4, {
		ARG("file", FILE_SLOT), ARG("map", MAP_SLOT), ONE_OF("read", writes) },
		run_file_io },
	{ "vmsplice", 2, { ARG("map", MAP_SLOT) }, run_vmsplice },
	{ "io_uring", 1, { PART }, run_io_uring },
	{ "userfaultfd", 1, { ARG("map", MAP_SLOT), ONE_OF("protect", writes) },
		run_userfaultfd },
	{ "robust_list", 1, { ARG("map", MAP_SLOT) }, run_robust_list },
	{ "futex", 1, { PART, ONE_OF("wait", writes) }, run_futex },
	{ "anonymous", 2, { ARG("pages", OFFSET), ONE_OF("shared", writes) }, run_anonymous },
	{ "send", 4, { ARG("file", FILE_SLOT) }, run_send },
	{ "receive", 4, { ARG(NULL, NUMBER) }, run_receive },
	{ "close", 3, { ARG("file", FILE_SLOT) }, run_close },
	{ "dup", 1, { ARG("file", FILE_SLOT) }, run_dup },
	{ "reopen", 1, { ARG("file", FILE_SLOT), ONE_OF("write", writes) }, run_reopen },
	{ "poll", 1, { ARG("file", FILE_SLOT) }, run_poll },
	{ "lseek", 1, {
		ARG("file", FILE_SLOT), ARG("offset", OFFSET), ONE_OF("whence", whences) },
		run_lseek },
	{ "ftruncate", 1, { ARG("file", FILE_SLOT), ARG("length", SIZE) }, run_ftruncate },
	{ "look", 1, { ONE_OF("at", looks), ARG("file", FILE_SLOT) }, run_look },
	{ "hog", 1, { ARG("size", OFFSET) }, run_hog },
	{ "exit", 1, { ONE_OF("kill", writes) }, run_exit },
};

const unsigned int nr_other_calls = ARRAY_SIZE(other_calls);
