// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pageable and purgeable memory.
 */
#include "iokmem_utils.h"

#include <sys/resource.h>
#include <sys/uio.h>

#define SWAP_SIZE	(4 * MIB)

/*
 * Pageable memory.
 */
FIXTURE(pageable)
{
	int dev;
	int fd;
	char *base;
};

FIXTURE_SETUP(pageable)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create(self->dev, IOKMEM_PAGEABLE, SWAP_SIZE, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->base));
}

FIXTURE_TEARDOWN(pageable)
{
}

static long resident(int fd)
{
	struct iokmem_get_page_counts counts;
	int err = page_counts(fd, &counts);

	return err ? err : (long)counts.resident;
}

/*
 * Touch every page in memory, so that it is in the page table, too: madvise() looks only
 * there.
 */
static void touch_resident(char *base, size_t length)
{
	unsigned char there[SWAP_SIZE / PAGE];
	size_t i;

	if (mincore(base, length, there))
		return;
	for (i = 0; i < length / PAGE; i++)
		if (there[i] & 1)
			touch(base + i * PAGE, false);
}

/*
 * Page out until at most @pages are in memory: the kernel takes as many as it likes at a time.
 */
static bool page_out(int fd, char *base, size_t length, long pages)
{
	return EVENTUALLY((touch_resident(base, length),
			   !madvise(base, length, MADV_PAGEOUT) &&
			   resident(fd) <= pages));
}

static bool has_swap(void)
{
	return count_lines("/proc/swaps", "/dev/") > 0;
}

TEST_F(pageable, memory_is_there_when_touched)
{
	struct iokmem_query_buffer buffer;

	ASSERT_EQ(0, query(self->fd, &buffer));
	EXPECT_EQ(IOKMEM_PAGEABLE, buffer.options);
	EXPECT_EQ(0, buffer.extents);
	EXPECT_EQ(0, resident(self->fd));
	touch(self->base, true);
	touch(self->base + 5 * PAGE, false);
	EXPECT_EQ(2, resident(self->fd));
	EXPECT_TRUE(is_zero(self->base, SWAP_SIZE));
	EXPECT_EQ((long)(SWAP_SIZE / PAGE), resident(self->fd));
}

TEST_F(pageable, memory_is_swapped_out_and_in)
{
	char line[128];

	if (!has_swap())
		SKIP(return, "no swap");
	number_pages(self->base, SWAP_SIZE);
	EXPECT_TRUE(page_out(self->fd, self->base, SWAP_SIZE, SWAP_SIZE / PAGE / 4));
	/* smaps counts it as swapped shared memory. */
	EXPECT_TRUE(find_line("/proc/self/smaps", "Swap:", line, sizeof(line)));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
	EXPECT_EQ((long)(SWAP_SIZE / PAGE), resident(self->fd));

	/* A change in between is swapped out as well. */
	self->base[5] = 77;
	EXPECT_TRUE(page_out(self->fd, self->base, SWAP_SIZE, SWAP_SIZE / PAGE / 4));
	EXPECT_EQ(77, self->base[5]);
}

TEST_F(pageable, memory_is_seen_by_others_while_swapped_out)
{
	char *again;

	if (!has_swap())
		SKIP(return, "no swap");
	number_pages(self->base, SWAP_SIZE);
	EXPECT_TRUE(page_out(self->fd, self->base, SWAP_SIZE, SWAP_SIZE / PAGE / 4));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &again));
	EXPECT_NE(self->base, again);
	EXPECT_TRUE(pages_are_numbered(again, SWAP_SIZE, 0));
	EXPECT_FALSE(can_write(again));
	EXPECT_EQ(-1, mprotect(again, SWAP_SIZE, PROT_READ | PROT_WRITE));
}

TEST_F(pageable, memory_counts_for_no_lock_limit)
{
	struct rlimit memlock = { 0, 0 };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &memlock));
	ASSERT_EQ(0, setresuid(60021, 60021, 60021));
	EXPECT_EQ(-EPERM, create(self->dev, 0, PAGE, 0));
	EXPECT_LE(0, create(self->dev, IOKMEM_PAGEABLE, 64 * MIB, 0));
}

/* A multi-descriptor that is mapped holds its members in memory, which counts. */
TEST_F(pageable, memory_that_is_held_counts_for_the_lock_limit)
{
	struct rlimit memlock = { SWAP_SIZE / 2, SWAP_SIZE / 2 };
	__s32 fds[] = { self->fd };
	int multi = create_multi(self->dev, 0, fds, 1);
	char *base;

	ASSERT_LE(0, multi);
	ASSERT_EQ(0, map(multi, 0, 0, 0, &base));
	EXPECT_EQ((long)(SWAP_SIZE / PAGE), resident(self->fd));
	ASSERT_EQ(0, release(multi, base, SWAP_SIZE));

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &memlock));
	ASSERT_EQ(0, setresuid(60022, 60022, 60022));
	EXPECT_EQ(-EPERM, try_map(multi, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, nr_maps(multi));
}

static int find_nothing(void *arg)
{
	char *base = arg;

	CHILD_EXPECT(probe(base, false) == SIGSEGV);
	return 0;
}

/*
 * The kernel cannot have references to the pages, and asks the module for the bytes. They have no
 * fixed place, even if they have one for a moment. A look for one makes the kernel warn.
 */
TEST_F(pageable, memory_is_not_seen_by_a_debugger)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	int multi = create_multi(self->dev, 0, &self->fd, 1);
	char bytes[8] = "unseen", *held;

	ASSERT_LE(0, mem);
	ASSERT_LE(0, multi);
	number_pages(self->base, SWAP_SIZE);
	EXPECT_ERRNO(EIO, pread(mem, bytes, 7, (uintptr_t)self->base));
	EXPECT_ERRNO(EIO, pwrite(mem, bytes, 7, (uintptr_t)self->base + PAGE));
	ASSERT_EQ(0, map(multi, 0, 0, 0, &held));
	EXPECT_ERRNO(EIO, pread(mem, bytes, 7, (uintptr_t)self->base));
	EXPECT_ERRNO(EIO, pread(mem, bytes, 7, (uintptr_t)held));
	EXPECT_EQ(0, strcmp(bytes, "unseen"));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
}

TEST_F(pageable, memory_is_not_inherited)
{
	char *plain = mmap(NULL, SWAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   self->fd, 0);

	ASSERT_NE(MAP_FAILED, plain);
	number_pages(plain, SWAP_SIZE);
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
	EXPECT_EQ(0, run_child(find_nothing, self->base));
	EXPECT_EQ(0, run_child(find_nothing, plain));
	EXPECT_EQ(-1, madvise(plain, SWAP_SIZE, MADV_DOFORK));
	EXPECT_EQ(-1, madvise(plain, SWAP_SIZE, MADV_REMOVE));
	EXPECT_TRUE(pages_are_numbered(plain, SWAP_SIZE, 0));
}

/* The descriptor's shmem file cannot be opened, so nobody gets more rights than the fd gives. */
TEST_F(pageable, memory_is_reached_only_by_its_own_fd)
{
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY), fd;
	char path[128];

	ASSERT_LE(0, read_only);
	number_pages(self->base, SWAP_SIZE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", read_only);
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(-1, open(path, O_RDONLY));
	EXPECT_EQ(-1, truncate(path, 0));
	EXPECT_EQ(-1, ftruncate(self->fd, 0));
	EXPECT_EQ(-1, fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				0, PAGE));
	EXPECT_EQ(-1, write(self->fd, "x", 1));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)self->base, (unsigned long)self->base + SWAP_SIZE);
	fd = open(path, O_RDWR);
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(-1, open(path, O_RDONLY));
	EXPECT_EQ(-1, truncate(path, 0));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
}

TEST_F(pageable, memory_outlives_its_fd)
{
	long long id = buffer_id(self->fd);

	number_pages(self->base, SWAP_SIZE);
	close(self->fd);
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
	EXPECT_TRUE(is_listed(id));
	ASSERT_EQ(0, munmap(self->base, SWAP_SIZE));
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
}

TEST_F(pageable, memory_of_more_than_there_is_is_refused)
{
	struct state before = look(self->fd);

	EXPECT_EQ(-ENOMEM, create(self->dev, IOKMEM_PAGEABLE, 1ull << 45, 0));
	EXPECT_EQ(-ENOMEM, create(self->dev, IOKMEM_PAGEABLE, UINT64_MAX - PAGE + 1, 0));
	EXPECT_EQ(-EOVERFLOW, create(self->dev, IOKMEM_PAGEABLE, UINT64_MAX, 0));
	EXPECT_UNCHANGED(before, self->fd);
}

/*
 * Purgeable memory.
 */
#define KEEP		IOKMEM_PURGEABLE_KEEP_CURRENT
#define NON_VOLATILE	IOKMEM_PURGEABLE_NON_VOLATILE
#define VOLATILE	IOKMEM_PURGEABLE_VOLATILE
#define EMPTY		IOKMEM_PURGEABLE_EMPTY

static int create_purgeable(int dev, size_t size, char **base)
{
	int fd = create(dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, size, 0);

	if (fd >= 0 && map(fd, 0, 0, 0, base))
		return -EFAULT;
	return fd;
}

FIXTURE(purgeable)
{
	int dev;
	int fd;
	char *base;
};

FIXTURE_SETUP(purgeable)
{
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create_purgeable(self->dev, SWAP_SIZE, &self->base);
	ASSERT_LE(0, self->fd);
	number_pages(self->base, SWAP_SIZE);
}

FIXTURE_TEARDOWN(purgeable)
{
}

TEST_F(purgeable, states_change_as_asked)
{
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, KEEP));
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, VOLATILE));
	EXPECT_EQ(VOLATILE, set_purgeable(self->fd, KEEP));
	EXPECT_EQ(VOLATILE, set_purgeable(self->fd, NON_VOLATILE));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));

	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, EMPTY));
	EXPECT_EQ(0, resident(self->fd));
	EXPECT_EQ(EMPTY, set_purgeable(self->fd, VOLATILE));
	EXPECT_EQ(EMPTY, set_purgeable(self->fd, NON_VOLATILE));
	EXPECT_TRUE(is_zero(self->base, SWAP_SIZE));
	number_pages(self->base, SWAP_SIZE);
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, VOLATILE));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
}

TEST_F(purgeable, invalid_states_are_refused)
{
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	int wired = create(self->dev, 0, PAGE, 0);
	__u32 state;

	for (state = 0; state < 16; state++)
		if (state < KEEP || state > EMPTY)
			EXPECT_EQ(-EINVAL, set_purgeable(self->fd, state));
	for (state = 16; state; state <<= 1)
		EXPECT_EQ(-EOPNOTSUPP, set_purgeable(self->fd, EMPTY | state));
	EXPECT_EQ(-EACCES, set_purgeable(read_only, EMPTY));
	EXPECT_EQ(-EACCES, set_purgeable(read_only, VOLATILE));
	EXPECT_EQ(NON_VOLATILE, set_purgeable(read_only, KEEP));
	EXPECT_EQ(-EOPNOTSUPP, set_purgeable(wired, KEEP));
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, KEEP));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
}

struct filled {
	int fd;
	int ready;
	int go;
};

static int see_it_emptied(void *arg)
{
	struct filled *filled = arg;
	char *base, byte;

	CHILD_EXPECT(!map(filled->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &base));
	CHILD_EXPECT(pages_are_numbered(base, SWAP_SIZE, 0));
	CHILD_EXPECT(write(filled->ready, "!", 1) == 1);
	CHILD_EXPECT(read(filled->go, &byte, 1) == 1);
	CHILD_EXPECT(is_zero(base, SWAP_SIZE));
	return 0;
}

TEST_F(purgeable, content_is_gone_in_every_process)
{
	struct filled filled = { .fd = self->fd };
	int ready[2], go[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	filled.ready = ready[1];
	filled.go = go[0];
	child = spawn(see_it_emptied, &filled);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, EMPTY));
	EXPECT_EQ(1, write(go[1], "!", 1));
	EXPECT_EQ(0, join(child));
}

/*
 * I/O that is under way loses the content as well: a pipe holds the pages themselves. There are
 * pages without I/O before and between them.
 */
TEST_F(purgeable, content_is_gone_from_pages_in_a_pipe)
{
	const size_t pages[] = { 1, 2, 20, SWAP_SIZE / PAGE - 1 };
	struct iovec iov[ARRAY_SIZE(pages)];
	char bytes[ARRAY_SIZE(pages) * PAGE];
	unsigned int i;
	int pipes[2];
	ssize_t n;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		iov[i].iov_base = self->base + pages[i] * PAGE;
		iov[i].iov_len = PAGE;
	}
	ASSERT_EQ(0, pipe(pipes));
	n = vmsplice(pipes[1], iov, ARRAY_SIZE(iov), 0);
	if (n < 0)
		SKIP(return, "pages cannot be had");
	ASSERT_EQ((ssize_t)sizeof(bytes), n);
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, EMPTY));
	EXPECT_EQ(n, read(pipes[0], bytes, sizeof(bytes)));
	EXPECT_TRUE(is_zero(bytes, n));
}

#define NR_VOLATILE	6
#define VOLATILE_SIZE	(16 * MIB)

/* Use up memory a little at a time until @until returns true or nothing is left. */
static bool press(bool (*until)(void *), void *arg)
{
	size_t step = 4 * MIB, most = memory("MemTotal:"), taken;
	char *all;

	all = mmap(NULL, most, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return false;
	/* If memory runs out, the kernel shall kill this process. */
	write_file("/proc/self/oom_score_adj", "1000");
	for (taken = 0; taken + step <= most && !until(arg); taken += step)
		memset(all + taken, 1, step);
	munmap(all, most);
	return until(arg);
}

static bool some_is_empty(void *arg)
{
	int *fds = arg, i;

	for (i = 0; i < NR_VOLATILE; i++)
		if (set_purgeable(fds[i], KEEP) == EMPTY)
			return true;
	return false;
}

static int press_until_some_is_empty(void *fds)
{
	return !press(some_is_empty, fds);
}

TEST_F(purgeable, memory_is_emptied_when_memory_is_short_oldest_first)
{
	/* The order in which they become volatile. */
	static const int order[NR_VOLATILE] = { 3, 0, 5, 1, 4, 2 };
	int fds[NR_VOLATILE], i, emptied = 0;
	char *bases[NR_VOLATILE];

	for (i = 0; i < NR_VOLATILE; i++) {
		fds[i] = create_purgeable(self->dev, VOLATILE_SIZE, &bases[i]);
		ASSERT_LE(0, fds[i]);
		number_pages(bases[i], VOLATILE_SIZE);
	}
	for (i = 0; i < NR_VOLATILE; i++)
		ASSERT_EQ(NON_VOLATILE, set_purgeable(fds[order[i]], VOLATILE));

	EXPECT_EQ(0, run_child(press_until_some_is_empty, fds));

	/* The kernel has emptied the first ones in that order, and no other memory. */
	for (i = 0; i < NR_VOLATILE; i++) {
		int fd = fds[order[i]], old = set_purgeable(fd, NON_VOLATILE);

		if (old == EMPTY) {
			EXPECT_EQ(emptied, i);
			emptied++;
			EXPECT_TRUE(is_zero(bases[order[i]], VOLATILE_SIZE));
		} else {
			EXPECT_EQ(VOLATILE, old);
			EXPECT_TRUE(pages_are_numbered(bases[order[i]], VOLATILE_SIZE, 0));
		}
	}
	EXPECT_LE(1, emptied);
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, KEEP));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
}

#define NR_FEW		1000
#define NR_MANY		8000

/* Create a volatile buffer of one page. Returns its fd or a negative error. */
static int create_volatile_page(int dev)
{
	int fd = create(dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, PAGE, 0), state;
	char *base;

	if (fd < 0)
		return fd;
	base = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	base[0] = 1;
	munmap(base, PAGE);
	state = set_purgeable(fd, VOLATILE);
	return state == NON_VOLATILE ? fd : -EBADFD;
}

/* Return how many seconds it takes to empty each of @nr buffers, or -1. */
static double time_to_empty(int dev, int nr)
{
	bool emptied = true;
	int fds[NR_MANY], i;
	double begin, end;

	for (i = 0; i < nr; i++) {
		fds[i] = create_volatile_page(dev);
		if (fds[i] < 0)
			return -1;
	}
	begin = now();
	write_file("/proc/sys/vm/drop_caches", "2");
	end = now();
	for (i = 0; i < nr; i++) {
		emptied &= set_purgeable(fds[i], KEEP) == EMPTY;
		close(fds[i]);
	}
	return emptied ? (end - begin) / nr : -1;
}

TEST_F_TIMEOUT(purgeable, emptying_a_buffer_takes_as_long_among_many_as_among_few, 600)
{
	struct rlimit files = { NR_MANY + 64, NR_MANY + 64 };
	double few, many;
	int i;

	if (!access("/proc/lockdep_stats", F_OK))
		SKIP(return, "the kernel's own checks take longer than what is measured");
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	/* Have the caches of others emptied first. */
	ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "2"));
	for (i = 0; i < 5; i++) {
		few = time_to_empty(self->dev, NR_FEW);
		many = time_to_empty(self->dev, NR_MANY);
		ASSERT_LT(0, few);
		ASSERT_LT(0, many);
		TH_LOG("%.0f us among %d, %.0f us among %d", few * 1e6, NR_FEW, many * 1e6,
		       NR_MANY);
		/* The machine may be busy with something else. */
		if (many < 3 * few)
			break;
	}
	EXPECT_LT(many, 3 * few);
}

#include "nothing_left.h"

/*
 * Pageable memory in huge folios, which the system allows or not.
 */
#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define HUGE_SIZE	(4 * PMD)

FIXTURE(huge)
{
	int dev;
	int fd;
	char *base;
	bool allowed;
};

FIXTURE_SETUP(huge)
{
	self->allowed = !write_file(SHMEM_ENABLED, "within_size");
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fd = create_purgeable(self->dev, HUGE_SIZE, &self->base);
	ASSERT_LE(0, self->fd);
	if (!self->allowed)
		SKIP(return, "no huge folios for shared memory");
}

FIXTURE_TEARDOWN(huge)
{
	if (self->allowed)
		write_file(SHMEM_ENABLED, "never");
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

TEST_F(huge, pages_come_in_folios_and_are_mapped_by_huge_entries)
{
	long before;

	EXPECT_EQ(0, resident(self->fd));
	touch(self->base, true);
	if (resident(self->fd) == 1)
		SKIP(return, "no huge page is free");
	EXPECT_EQ(PMD / PAGE, resident(self->fd));
	before = faults();
	number_pages(self->base, HUGE_SIZE);
	if (!kernel_has_huge_pfn() || huge_bytes(self->base, "ShmemPmdMapped") < 0)
		SKIP(return, "huge entries need Linux 6.12, and smaps");
	EXPECT_GE(20, faults() - before);
	EXPECT_EQ(HUGE_SIZE, huge_bytes(self->base, "ShmemPmdMapped"));
	EXPECT_TRUE(pages_are_numbered(self->base, HUGE_SIZE, 0));
}

TEST_F(huge, a_write_makes_the_folio_dirty)
{
	struct iokmem_get_page_counts counts;

	number_pages(self->base, HUGE_SIZE);
	ASSERT_EQ(0, page_counts(self->fd, &counts));
	EXPECT_EQ(HUGE_SIZE / PAGE, counts.resident);
	EXPECT_EQ(HUGE_SIZE / PAGE, counts.dirty);
}

/* A map of a part has its own alignment, and the memory before and behind it is not in it. */
TEST_F(huge, a_part_shows_its_pages)
{
	char *part;

	number_pages(self->base, HUGE_SIZE);
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE | IOKMEM_MAP_GUARDED_SMALL, PMD - 3 * PAGE,
			 PMD + 5 * PAGE, &part));
	EXPECT_TRUE(pages_are_numbered(part, PMD + 5 * PAGE, PMD / PAGE - 3));
	EXPECT_EQ(SIGSEGV, probe(part - 1, false));
	EXPECT_EQ(SIGSEGV, probe(part + PMD + 5 * PAGE, false));
}

TEST_F(huge, memory_is_held_emptied_and_paged_out)
{
	int dma_buf;

	number_pages(self->base, HUGE_SIZE);
	dma_buf = get_dma_buf(self->fd, 0);
	ASSERT_LE(0, dma_buf);
	EXPECT_TRUE(pages_are_numbered(self->base, HUGE_SIZE, 0));
	close(dma_buf);
	if (has_swap()) {
		EXPECT_EQ(0, madvise(self->base, HUGE_SIZE, MADV_PAGEOUT));
		EXPECT_TRUE(pages_are_numbered(self->base, HUGE_SIZE, 0));
	}
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, EMPTY));
	EXPECT_EQ(0, resident(self->fd));
	EXPECT_TRUE(is_zero(self->base, HUGE_SIZE));
}

TEST_HARNESS_MAIN
