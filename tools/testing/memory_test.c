// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kinds of memory that a program can have: contiguous, below an address, pageable,
 * purgeable; parts of buffers, and several as one.
 */
#include "iokmem_utils.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include "../../kunit/option_pairs.h"

#define SWAP_SIZE	(4 * MIB)

/*
 * Where memory is.
 */
FIXTURE(place)
{
	int dev;
};

FIXTURE_SETUP(place)
{
	if (access(PROBE, F_OK))
		SKIP(return, "iokmem_probe is not loaded");
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(place)
{
}

/* Returns the buffer's fd, or -errno. */
static int create_below(int dev, __u32 options, __u64 capacity, __u64 alignment,
			__u64 mask)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = options,
		.capacity = capacity,
		.alignment = alignment,
		.physical_mask = mask,
	};
	int err = iok(dev, IOKMEM_CREATE_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* Physical address of a byte of this process's. */
static __u64 physical(char *address)
{
	struct iokmem_probe probe;

	touch(address, false);
	if (probe_user(address, &probe) || !probe.present)
		return UINT64_MAX;
	return probe.pfn * PAGE + (uintptr_t)address % PAGE;
}

/* Return the physical address where RAM begins: on some machines far above zero. */
static __u64 lowest_ram(void)
{
	unsigned long long start = 0;
	char line[128];

	if (find_line("/proc/iomem", " : System RAM", line, sizeof(line)))
		sscanf(line, "%llx-", &start);
	return start;
}

/* How many pages do not follow the one before. */
static int seams(char *base, size_t length)
{
	size_t at;
	int nr = 0;

	for (at = PAGE; at < length; at += PAGE)
		nr += physical(base + at) != physical(base + at - PAGE) + PAGE;
	return nr;
}

TEST_F(place, contiguous_memory_is_one_piece)
{
	const size_t sizes[] = {
		1, 5 * PAGE + 1, 3 * MIB, 4 * MIB, 6 * MIB + 7, 40 * MIB,
	};
	struct iokmem_query_buffer buffer;
	unsigned int i;
	char *base;
	int fd;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fd = create(self->dev, IOKMEM_PHYSICALLY_CONTIGUOUS, sizes[i], 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, query(fd, &buffer));
		EXPECT_EQ(1, buffer.extents);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
		EXPECT_EQ(0, seams(base, sizes[i]));
		EXPECT_TRUE(is_zero(base, round_up(sizes[i], PAGE)));
		memset(base, 0xa5, sizes[i]);
		ASSERT_EQ(0, release(fd, base, sizes[i]));
		close(fd);
	}
}

TEST_F(place, alignment_may_be_larger_than_a_block)
{
	const __u64 alignments[] = {
		64 * KIB, PMD, MORE_THAN_A_BLOCK, 4 * MORE_THAN_A_BLOCK,
	};
	unsigned int i;
	char *base;
	int fd;

	for (i = 0; i < ARRAY_SIZE(alignments); i++) {
		/* Little memory has such an alignment, if any, where huge entries are large. */
		if (alignments[i] > (__u64)memory("MemTotal:") / 8)
			continue;
		fd = create(self->dev, 0, 100 * KIB, alignments[i]);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
		EXPECT_EQ(0, (uintptr_t)base % alignments[i]);
		EXPECT_EQ(0, physical(base) % alignments[i]);
		close(fd);
	}
}

TEST_F(place, mask_fits_every_byte)
{
	static const __u64 masks[] = {
		0xffffffff, 0xfffff000, 0xffff0000, 0xff800000, 0x0fffffff, 0x0fff0000,
		0x00ffffff, UINT64_MAX, 0,
	};
	unsigned int i;
	size_t at;
	char *base;
	int fd;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		__u64 highest = masks[i] ? masks[i] | (masks[i] - 1) : UINT64_MAX;

		fd = create_below(self->dev, 0, 200 * KIB, 0, masks[i]);
		if (highest < lowest_ram()) {
			EXPECT_EQ(-ENOMEM, fd);
			continue;
		}
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
		if (masks[i])
			EXPECT_EQ(0, physical(base) & ~masks[i]);
		for (at = 0; at < 200 * KIB; at += PAGE)
			EXPECT_GE(highest, physical(base + at) + PAGE - 1);
		EXPECT_TRUE(is_zero(base, 200 * KIB));
		close(fd);
	}
}

TEST_F(place, that_cannot_be_is_refused)
{
	struct state before = look(-1);

	EXPECT_EQ(-ERANGE, create_below(self->dev, 0, PAGE, 0, 0xfff));
	EXPECT_EQ(-ERANGE, create_below(self->dev, 0, 2 * MIB, 0, 0xfffff));
	EXPECT_EQ(-EINVAL, create_below(self->dev, 0, PAGE, 0, 0xf0f0));
	EXPECT_EQ(-EINVAL, create_below(self->dev, IOKMEM_PAGEABLE, PAGE, 0, 0xffffffff));
	EXPECT_EQ(-ENOMEM, create(self->dev, IOKMEM_PHYSICALLY_CONTIGUOUS, 1ull << 40, 0));
	EXPECT_UNCHANGED(before, -1);
}

static int want_contiguous(void *arg)
{
	struct rlimit memlock = { RLIM_INFINITY, RLIM_INFINITY };
	int dev = *(int *)arg, fd;

	/* Without CAP_SYS_ADMIN. */
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &memlock));
	CHILD_EXPECT(!setresuid(60020, 60020, 60020));
	fd = create(dev, IOKMEM_PHYSICALLY_CONTIGUOUS, 64 * KIB, 0);
	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(create(dev, IOKMEM_PHYSICALLY_CONTIGUOUS, MORE_THAN_A_BLOCK, 0) == -EPERM);
	CHILD_EXPECT(create(dev, 0, PAGE, MORE_THAN_A_BLOCK) == -EPERM);
	return 0;
}

TEST_F(place, that_no_cgroup_pays_for_is_for_administrators)
{
	EXPECT_EQ(0, run_child(want_contiguous, &self->dev));
}

/*
 * Every pair of options.
 */
static int create_pair(int dev, enum option a, enum option b)
{
	__u64 alignment = 0, mask = 0;

	if (a == OPTION_ALIGNED || b == OPTION_ALIGNED)
		alignment = 64 * KIB;
	if (a == OPTION_MORE_ALIGNED || b == OPTION_MORE_ALIGNED)
		alignment = MORE_THAN_A_BLOCK;
	if (a == OPTION_BELOW || b == OPTION_BELOW)
		mask = 0xffffffff;
	if (a == OPTION_BELOW_ALIGNED || b == OPTION_BELOW_ALIGNED)
		mask = 0xffff0000;
	return create_below(dev, option_flags[a] | option_flags[b], 64 * KIB + 5, alignment, mask);
}

TEST(options_go_together_as_the_table_says)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd, expected;
	enum option a, b;
	char *base;

	ASSERT_LE(0, dev);
	for (a = 0; a < OPTION_KERNEL; a++) {
		for (b = 0; b < OPTION_KERNEL; b++) {
			if (option_pairs[a][b] == ' ')
				continue;
			/* The mode is refused, whatever else is asked for. */
			if (!has_cache_mode(option_flags[a]) || !has_cache_mode(option_flags[b]))
				continue;
			expected = option_pairs[a][b] == '+' ? 0 :
				   option_pairs[a][b] == 'I' ? -EINVAL : -EOPNOTSUPP;
			fd = create_pair(dev, a, b);
			EXPECT_EQ(expected, fd < 0 ? fd : 0) {
				TH_LOG("options %d and %d", a, b);
			}
			if (fd < 0)
				continue;
			ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
			EXPECT_TRUE(is_zero(base, round_up(64 * KIB + 5, PAGE)));
			ASSERT_EQ(0, release(fd, base, 64 * KIB + 5));
			close(fd);
		}
	}
}

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

/* What is in memory, in the page table too: madvise() looks only there. */
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

/* The kernel takes as much as it likes: at most @pages shall be left. */
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
	/* It is the kernel's own memory of this sort, as smaps knows. */
	EXPECT_TRUE(find_line("/proc/self/smaps", "Swap:", line, sizeof(line)));
	EXPECT_TRUE(pages_are_numbered(self->base, SWAP_SIZE, 0));
	EXPECT_EQ((long)(SWAP_SIZE / PAGE), resident(self->fd));

	/* And what was changed meanwhile. */
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

/* Part of a multi-descriptor that is mapped stays in memory, which has a limit. */
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

/* The file under it is ours alone: no way leads to it past the rights of an fd. */
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

TEST_F(purgeable, states_that_are_none_are_refused)
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

/* Also for I/O that has begun: here a pipe, which has the pages themselves. */
TEST_F(purgeable, content_is_gone_for_who_has_a_page)
{
	struct iovec iov = { .iov_base = self->base, .iov_len = 4 * PAGE };
	char bytes[4 * PAGE];
	int pipes[2];
	ssize_t n;

	ASSERT_EQ(0, pipe(pipes));
	n = vmsplice(pipes[1], &iov, 1, 0);
	if (n < 0)
		SKIP(return, "pages cannot be had");
	EXPECT_EQ(NON_VOLATILE, set_purgeable(self->fd, EMPTY));
	EXPECT_EQ(n, read(pipes[0], bytes, sizeof(bytes)));
	EXPECT_TRUE(is_zero(bytes, n));
}

#define NR_VOLATILE	6
#define VOLATILE_SIZE	(16 * MIB)

/* Take memory away, a little at a time, until @until says stop or there is no more. */
static bool press(bool (*until)(void *), void *arg)
{
	size_t step = 4 * MIB, most = memory("MemTotal:"), taken;
	char *all;

	all = mmap(NULL, most, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return false;
	/* Rather us than the test. */
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
	/* In which order they become volatile. */
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

	/* Empty ones come before volatile ones, in that order; and no other memory has gone. */
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

/*
 * Parts of a buffer.
 */
FIXTURE(sub)
{
	int fd;
	char *base;
};

FIXTURE_VARIANT(sub)
{
	__u32 options;
};

FIXTURE_VARIANT_ADD(sub, wired)
{
	.options = 0,
};

FIXTURE_VARIANT_ADD(sub, pageable)
{
	.options = IOKMEM_PAGEABLE,
};

FIXTURE_SETUP(sub)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	self->fd = create(dev, variant->options, 16 * PAGE + 100, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->base));
	number_pages(self->base, 16 * PAGE);
}

FIXTURE_TEARDOWN(sub)
{
}

/* The length of this process's only mapping of ours. */
static size_t mapped_length(void)
{
	unsigned long start, end;
	char line[256];

	if (nr_iokmem_vmas() != 1 ||
	    !find_line("/proc/self/maps", "iokmem:", line, sizeof(line)) ||
	    sscanf(line, "%lx-%lx", &start, &end) != 2)
		return 0;
	return end - start;
}

static int use_part(void *arg)
{
	int fd = *(int *)arg;
	char *base;

	CHILD_EXPECT(!map(fd, 0, 0, 0, &base));
	CHILD_EXPECT(pages_are_numbered(base, 3 * PAGE, 5));
	CHILD_EXPECT(mapped_length() == 3 * PAGE);
	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 3 * PAGE) == -ERANGE);
	CHILD_EXPECT(mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	base = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * PAGE);
	CHILD_EXPECT(base != MAP_FAILED && pages_are_numbered(base, PAGE, 7));
	base[4] = 77;
	return 0;
}

TEST_F(sub, shows_another_process_just_that_part)
{
	int fd = create_sub(self->fd, IOKMEM_DIRECTION_OUT, 5 * PAGE, 3 * PAGE);
	struct iokmem_query_buffer buffer;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(3 * PAGE, buffer.length);
	EXPECT_EQ(IOKMEM_DIRECTION_OUT, buffer.options);
	EXPECT_EQ(0, run_child(use_part, &fd));
	EXPECT_EQ(77, self->base[7 * PAGE + 4]);
}

TEST_F(sub, maps_are_shared_with_the_whole)
{
	int fd = create_sub(self->fd, 0, 5 * PAGE, 3 * PAGE);
	char *base;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_EQ(self->base + 5 * PAGE, base);
	EXPECT_EQ(1, references(fd, base, 3 * PAGE));
	EXPECT_EQ(1, references(self->fd, base, 3 * PAGE));
	EXPECT_EQ(0, release(fd, base, 3 * PAGE));
	EXPECT_EQ(-ENOENT, release(fd, base, 3 * PAGE));
}

TEST_F(sub, shows_no_part_of_a_page)
{
	int fd = create_sub(self->fd, 0, 5 * PAGE, PAGE + 1);

	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, PAGE, 1));
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 100, 5));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	fd = create_sub(self->fd, 0, 5 * PAGE + 1, 2 * PAGE);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	/* The last page of all is its own to its end. */
	fd = create_sub(self->fd, 0, 15 * PAGE, PAGE + 100);
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
}

TEST_F(sub, has_the_rights_of_its_parent)
{
	int read_only = duplicate(self->fd, IOKMEM_FD_READ_ONLY);
	int fd = create_sub(read_only, 0, 0, PAGE);
	struct state before;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY, 0, 0, 0));
	before = look(self->fd);
	EXPECT_EQ(-EACCES, set_length(fd, 5));
	EXPECT_EQ(-EOPNOTSUPP, set_length(create_sub(self->fd, 0, 0, PAGE), 5));
	EXPECT_EQ(-ERANGE, create_sub(self->fd, 0, 1, 16 * PAGE + 100));
	EXPECT_EQ(-EOVERFLOW, create_sub(self->fd, 0, UINT64_MAX, 2));
	EXPECT_EQ(-EOPNOTSUPP, create_sub(self->fd, 4, 0, 1));
	EXPECT_EQ(before.buffer.maps, look(self->fd).buffer.maps);
}

TEST_F(sub, keeps_the_memory)
{
	int fd = create_sub(self->fd, 0, 5 * PAGE, 3 * PAGE);
	long long id = buffer_id(self->fd);
	char *base;

	ASSERT_EQ(0, munmap(self->base, 17 * PAGE));
	close(self->fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	EXPECT_TRUE(pages_are_numbered(base, 3 * PAGE, 5));
	EXPECT_TRUE(is_listed(id));
	ASSERT_EQ(0, release(fd, base, 3 * PAGE));
	close(fd);
	EXPECT_TRUE(EVENTUALLY(!is_listed(id)));
}

/*
 * Several as one.
 */
FIXTURE(multi)
{
	int dev;
	__s32 fds[3];	/* wired, pageable, part of a wired one */
	char *bases[3];
};

FIXTURE_SETUP(multi)
{
	int i;

	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	self->fds[0] = create(self->dev, 0, 4 * PAGE, 0);
	self->fds[1] = create(self->dev, IOKMEM_PAGEABLE, 3 * PAGE, 0);
	self->fds[2] = create_sub(self->fds[0], 0, PAGE, 2 * PAGE);
	for (i = 0; i < 3; i++) {
		ASSERT_LE(0, self->fds[i]);
		ASSERT_EQ(0, map(self->fds[i], 0, 0, 0, &self->bases[i]));
	}
	number_pages(self->bases[0], 4 * PAGE);
	number_pages(self->bases[1], 3 * PAGE);
}

FIXTURE_TEARDOWN(multi)
{
}

static int see_all(void *arg)
{
	int fd = *(int *)arg;
	char *base, *plain;

	CHILD_EXPECT(!map(fd, 0, 0, 0, &base));
	CHILD_EXPECT(pages_are_numbered(base, 4 * PAGE, 0));
	CHILD_EXPECT(pages_are_numbered(base + 4 * PAGE, 3 * PAGE, 0));
	CHILD_EXPECT(pages_are_numbered(base + 7 * PAGE, 2 * PAGE, 1));
	base[4 * PAGE + 5] = 77;
	CHILD_EXPECT(mapped_length() == 9 * PAGE);
	/* What has to be held cannot be had by mmap(). */
	plain = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHILD_EXPECT(plain == MAP_FAILED && errno == EOPNOTSUPP);
	return 0;
}

TEST_F(multi, is_one_range_of_addresses)
{
	int fd = create_multi(self->dev, 0, self->fds, 3), i;

	ASSERT_LE(0, fd);
	EXPECT_EQ(9 * PAGE, length_of(fd));
	/* It keeps them. */
	for (i = 0; i < 3; i++)
		close(self->fds[i]);
	EXPECT_EQ(0, run_child(see_all, &fd));
	EXPECT_EQ(77, self->bases[1][5]);
}

TEST_F(multi, needs_members_that_fit)
{
	__s32 fds[2] = { create_sub(self->fds[0], 0, 0, 100),
			 create_sub(self->fds[1], 0, 0, 2 * PAGE - 100) };
	int fd = create_multi(self->dev, 0, fds, 2);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, nr_maps(fd));
}

TEST_F(multi, has_the_least_rights)
{
	__s32 fds[2] = { self->fds[0], duplicate(self->fds[1], IOKMEM_FD_READ_ONLY) };
	int fd = create_multi(self->dev, 0, fds, 2);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0));
	EXPECT_EQ(0, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY, 0, 0, 0));
}

TEST_F(multi, refuses_what_is_no_member)
{
	__s32 fds[] = { self->fds[0], -1 };
	static __s32 many[1025];
	struct state before = look(self->fds[0]);
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(many); i++)
		many[i] = self->fds[0];
	EXPECT_EQ(-EBADF, create_multi(self->dev, 0, fds, 2));
	fds[1] = self->dev;
	EXPECT_EQ(-EBADF, create_multi(self->dev, 0, fds, 2));
	fds[1] = 0;
	EXPECT_EQ(-EBADF, create_multi(self->dev, 0, fds, 2));
	EXPECT_EQ(-EINVAL, create_multi(self->dev, 0, fds, 0));
	EXPECT_EQ(-ENOSPC, create_multi(self->dev, 0, many, 1025));
	EXPECT_EQ(-ENOSPC, create_multi(self->dev, 0, many, -1));
	EXPECT_EQ(-EFAULT, create_multi(self->dev, 0, NULL, 2));
	EXPECT_EQ(-EOPNOTSUPP, create_multi(self->dev, 0x10, self->fds, 2));
	EXPECT_UNCHANGED(before, self->fds[0]);
	EXPECT_LE(0, create_multi(self->dev, 0, many, 1024));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
