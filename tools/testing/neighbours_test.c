// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other parts of the kernel that a program, or an administrator, lets loose on maps: what tracks
 * writes, merges pages, watches accesses, moves pages, sends pages without a copy, or takes rights
 * away. Each works or is refused, and the memory stays as it is.
 */
#include "iokmem_utils.h"

#include <linux/if_xdp.h>
#include <linux/landlock.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define SIZE	(16 * PAGE)
#define DAMON	"/sys/kernel/mm/damon/admin/kdamonds/"
#define DAMON_STAT "/sys/module/damon_stat/parameters/enabled"
#define KSM	"/sys/kernel/mm/ksm/"

FIXTURE(neighbours)
{
	int dev;
	int fd;
	char *address;
	bool counted;	/* The kernel can have references to the pages, */
	bool pinnable;	/* and keep them for long. */
};

FIXTURE_VARIANT(neighbours)
{
	__u32 options;
	__u32 map_options;
};

FIXTURE_VARIANT_ADD(neighbours, wired)
{
};

FIXTURE_VARIANT_ADD(neighbours, combined)
{
	.options = IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

FIXTURE_VARIANT_ADD(neighbours, pinnable)
{
	.map_options = IOKMEM_MAP_PINNABLE,
};

FIXTURE_VARIANT_ADD(neighbours, pageable)
{
	.options = IOKMEM_PAGEABLE,
};

FIXTURE_SETUP(neighbours)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, IOKMEM_DIRECTION_INOUT | variant->options, SIZE, 0);
	if (self->fd == -EOPNOTSUPP)
		SKIP(return, "no such memory here");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, variant->map_options, 0, 0, &self->address));
	number_pages(self->address, SIZE);
	self->pinnable = variant->map_options & IOKMEM_MAP_PINNABLE;
	self->counted = self->pinnable || variant->options == IOKMEM_PAGEABLE;
}

FIXTURE_TEARDOWN(neighbours)
{
}

/* A page that is missing in a map is the module's to bring, not a program's. */
TEST_F(neighbours, userfaultfd_is_refused)
{
	struct uffdio_register arg = {
		.range = { .start = (uintptr_t)self->address, .len = SIZE },
	};
	static const __u64 modes[] = {
		UFFDIO_REGISTER_MODE_MISSING, UFFDIO_REGISTER_MODE_WP, UFFDIO_REGISTER_MODE_MINOR,
	};
	struct uffdio_api api = { .api = UFFD_API, .features = 1 << 15 /* WP_ASYNC */ };
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	unsigned int i;

	if (fd < 0)
		SKIP(return, "no userfaultfd");
	if (ioctl(fd, UFFDIO_API, &api)) {
		/* Before 6.7 no write is tracked without a program's help. */
		fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
		api = (struct uffdio_api){ .api = UFFD_API };
		ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	}
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		arg.mode = modes[i];
		EXPECT_ERRNO(EINVAL, ioctl(fd, UFFDIO_REGISTER, &arg));
	}
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
}

#define PAGE_ENTRIES	"/proc/self/pagemap"
#define SOFT_DIRTY	0x80000000000000ULL

/* Return what the kernel tells of the page. */
static __u64 page_entry(const char *address)
{
	int fd = open(PAGE_ENTRIES, O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)address / PAGE * sizeof(entry)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}

/* The kernel leaves out raw frames: there is no page for it, rather than one without a write. */
TEST_F(neighbours, write_is_seen_by_who_tracks_writes_to_pages)
{
	char *usual = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u64 entry;

	ASSERT_NE(MAP_FAILED, usual);
	usual[0] = 1;
	ASSERT_EQ(0, write_file("/proc/self/clear_refs", "4"));
	usual[0] = 2;
	if (!(page_entry(usual) & SOFT_DIRTY))
		SKIP(return, "the kernel tracks no writes");
	self->address[3 * PAGE + 100] = 7;
	entry = page_entry(self->address + 3 * PAGE);
	EXPECT_EQ(self->counted, entry != 0);
	EXPECT_EQ(self->counted, !!(entry & SOFT_DIRTY));
	EXPECT_EQ(7, self->address[3 * PAGE + 100]);
	self->address[3 * PAGE + 100] = 0;
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
}

/* Two buffers of the same content stay two. */
TEST_F(neighbours, equal_pages_are_not_merged)
{
	int fd = create(self->dev, IOKMEM_DIRECTION_INOUT | variant->options, SIZE, 0);
	char *usual = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long scans = read_number(KSM "full_scans");
	char *other;

	if (scans < 0 || write_file(KSM "run", "1"))
		SKIP(return, "the kernel merges no pages");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, variant->map_options, 0, 0, &other));
	memset(self->address, 5, SIZE);
	memset(other, 5, SIZE);
	/* Without any memory to look at, the kernel does not begin. */
	ASSERT_EQ(0, madvise(usual, PAGE, MADV_MERGEABLE));
	madvise(self->address, SIZE, MADV_MERGEABLE);
	madvise(other, SIZE, MADV_MERGEABLE);
	prctl(67 /* PR_SET_MEMORY_MERGE */, 1, 0, 0, 0);
	write_file(KSM "sleep_millisecs", "1");
	write_file(KSM "pages_to_scan", "10000");
	EXPECT_TRUE(EVENTUALLY(read_number(KSM "full_scans") > scans + 2));
	ASSERT_EQ(0, write_file(KSM "run", "2"));
	memset(other, 6, SIZE);
	EXPECT_TRUE(is_filled(self->address, SIZE, 5));
	EXPECT_TRUE(is_filled(other, SIZE, 6));
	write_file(KSM "run", "0");
}

/* Write to files of DAMON's, pairs of a name and a text, until one fails. */
static int write_files(const char *const (*files)[2], unsigned int nr)
{
	char path[256];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), DAMON "%s", files[i][0]);
		if (write_file(path, files[i][1])) {
			fprintf(stderr, "# cannot write '%s' to %s: %m\n", files[i][1], path);
			return -1;
		}
	}
	return 0;
}

/* An administrator has the kernel watch the program, and page out what it finds. */
TEST_F(neighbours, memory_is_there_whoever_watches_accesses)
{
	char pid[16];
	const char *const files[][2] = {
		{ "nr_kdamonds", "1" },
		{ "0/contexts/nr_contexts", "1" },
		{ "0/contexts/0/operations", "vaddr" },
		{ "0/contexts/0/monitoring_attrs/intervals/sample_us", "1000" },
		{ "0/contexts/0/monitoring_attrs/intervals/aggr_us", "10000" },
		{ "0/contexts/0/monitoring_attrs/intervals/update_us", "50000" },
		{ "0/contexts/0/targets/nr_targets", "1" },
		{ "0/contexts/0/targets/0/pid_target", pid },
		{ "0/contexts/0/schemes/nr_schemes", "1" },
		{ "0/contexts/0/schemes/0/action", "pageout" },
		{ "0/contexts/0/schemes/0/access_pattern/sz/max", "18446744073709551615" },
		{ "0/contexts/0/schemes/0/access_pattern/nr_accesses/max", "4294967295" },
		{ "0/contexts/0/schemes/0/access_pattern/age/max", "4294967295" },
		{ "0/state", "on" },
	};
	int i;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (access(DAMON, F_OK))
		SKIP(return, "the kernel watches no accesses");
	/* One who watches all memory leaves no room for others. */
	write_file(DAMON_STAT, "N");
	ASSERT_EQ(0, write_files(files, ARRAY_SIZE(files)));
	for (i = 0; i < 100; i++) {
		EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
		usleep(5000);
	}
	EXPECT_EQ(0, write_file(DAMON "0/state", "off"));
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
	EXPECT_EQ(0, write_file(DAMON "nr_kdamonds", "0"));
}

/* Another process gives advice about the map. */
TEST_F(neighbours, advice_of_another_process_takes_nothing_away)
{
	static const int advice[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED };
	struct iovec iov = { self->address, SIZE };
	int self_fd = syscall(__NR_pidfd_open, getpid(), 0);
	unsigned int i;
	pid_t child;

	ASSERT_LE(0, self_fd);
	child = fork();
	if (!child) {
		for (i = 0; i < ARRAY_SIZE(advice); i++)
			syscall(__NR_process_madvise, self_fd, &iov, 1, advice[i], 0);
		_exit(0);
	}
	EXPECT_EQ(0, join(child));
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
}

TEST_F(neighbours, pages_that_are_to_be_moved_keep_their_content)
{
	void *pages[] = { self->address, self->address + 5 * PAGE };
	int nodes[] = { 0, 0 }, status[2];
	unsigned long all = 1;

	/* The kernel may accept or refuse either call. */
	syscall(__NR_move_pages, 0, 2, pages, nodes, status, 2 /* MPOL_MF_MOVE */);
	syscall(__NR_mbind, self->address, SIZE, MPOL_BIND, &all, 2, MPOL_MF_MOVE);
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
	self->address[5 * PAGE + 9] = 1;
	EXPECT_EQ(1, self->address[5 * PAGE + 9]);
}

/* Make a socket listen, connect one to it, and bring the loopback device up for that. */
static int connected(int *to)
{
	int listening = socket(AF_INET, SOCK_STREAM, 0), from = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (listening < 0 || from < 0 || ioctl(from, SIOCSIFFLAGS, &lo) ||
	    bind(listening, (struct sockaddr *)&address, length) || listen(listening, 1) ||
	    getsockname(listening, (struct sockaddr *)&address, &length) ||
	    connect(from, (struct sockaddr *)&address, length))
		return -1;
	*to = accept(listening, NULL, NULL);
	close(listening);
	return from;
}

/* Only memory that the kernel can have references to is sent as it is. */
TEST_F(neighbours, pages_are_sent_without_a_copy_if_they_can_be_pinned)
{
	static char received[4096];
	size_t length = sizeof(received);
	int to = -1, from = connected(&to), one = 1;

	if (from < 0)
		SKIP(return, "no network");
	ASSERT_EQ(0, setsockopt(from, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	if (self->counted) {
		ASSERT_EQ(length, send(from, self->address, length, MSG_ZEROCOPY));
		ASSERT_EQ(length, recv(to, received, length, MSG_WAITALL));
		EXPECT_EQ(0, memcmp(received, self->address, length));
	} else {
		EXPECT_ERRNO(EFAULT, send(from, self->address, length, MSG_ZEROCOPY));
	}
	close(from);
	close(to);
}

TEST_F(neighbours, packets_lie_in_memory_that_can_be_pinned)
{
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)self->address,
		.len = SIZE,
		.chunk_size = PAGE,
	};
	int fd = socket(AF_XDP, SOCK_RAW, 0), err;

	if (fd < 0)
		SKIP(return, "no AF_XDP");
	err = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) ? -errno : 0;
	EXPECT_EQ(self->pinnable ? 0 : -EFAULT, err);
	close(fd);
	EXPECT_TRUE(pages_are_numbered(self->address, SIZE, 0));
}

/* A program that must not open files uses what it has been given. */
static int use_without_files(void *arg)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
	};
	int fd = *(int *)arg, ruleset;
	char *address;

	ruleset = syscall(__NR_landlock_create_ruleset, &rules, sizeof(rules), 0);
	CHILD_EXPECT(ruleset >= 0);
	CHILD_EXPECT(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHILD_EXPECT(!syscall(__NR_landlock_restrict_self, ruleset, 0));
	CHILD_EXPECT(open(DEVICE, O_RDWR) < 0 && errno == EACCES);
	CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
	CHILD_EXPECT(pages_are_numbered(address, SIZE, 0));
	CHILD_EXPECT(open("/proc/self/fd/3", O_RDWR) < 0);
	return 0;
}

TEST_F(neighbours, program_that_must_not_open_files_maps_what_it_is_given)
{
	if (syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0)
		SKIP(return, "no landlock");
	EXPECT_EQ(0, run_child(use_without_files, &self->fd));
}

/* A program that may only read, write and exit. */
static int touch_in_strict_mode(void *arg)
{
	char *address = arg;
	bool right;

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 2;
	right = pages_are_numbered(address, SIZE, 0);
	address[2 * PAGE + 50] = 9;
	syscall(SYS_exit, right ? 0 : 1);
	return 1;
}

TEST_F(neighbours, program_that_may_only_read_and_write_touches_a_map)
{
	char *address = self->address;
	int fd = self->fd, rc;
	pid_t child = fork();

	if (!child) {
		/* Maps are not inherited. */
		if (map(fd, 0, 0, 0, &address))
			_exit(3);
		_exit(touch_in_strict_mode(address));
	}
	rc = join(child);
	if (rc == 2)
		SKIP(return, "no seccomp");
	EXPECT_EQ(0, rc);
	EXPECT_EQ(9, self->address[2 * PAGE + 50]);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
