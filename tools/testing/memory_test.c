// SPDX-License-Identifier: GPL-2.0-only
/*
 * The place of memory: contiguous, aligned, below an address. Combinations of options.
 */
#include "iokmem_utils.h"

#include "../../kunit/option_pairs.h"

/* Place. */
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

/* Return the physical address of a byte of this process. */
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

/* Return how many pages do not follow the one before. */
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
		/* Where huge entries are large, little memory has such an alignment. */
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

TEST_F(place, impossible_place_is_refused)
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
	const __u64 sizes[] = {
		MORE_THAN_A_BLOCK, 64 * KIB, MORE_THAN_A_BLOCK + PAGE, 2 * MORE_THAN_A_BLOCK - 1,
	};
	struct rlimit memlock = { RLIM_INFINITY, RLIM_INFINITY };
	int dev = *(int *)arg, fd, i;
	char *address;

	/* The process has no CAP_SYS_ADMIN. */
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &memlock));
	CHILD_EXPECT(!setresuid(60020, 60020, 60020));
	/* Twice: memory that the second run reuses is not zero. */
	for (i = 0; i < 2 * (int)ARRAY_SIZE(sizes); i++) {
		fd = create(dev, IOKMEM_PHYSICALLY_CONTIGUOUS, sizes[i / 2], 0);
		/* The larger, the rarer are blocks that are neighbours. */
		if (i > 3 && fd == -EACCES)
			continue;
		CHILD_EXPECT(fd >= 0);
		CHILD_EXPECT(!map(fd, 0, 0, 0, &address));
		CHILD_EXPECT(is_zero(address, round_up(sizes[i / 2], PAGE)));
		memset(address, 0xa5, sizes[i / 2]);
		CHILD_EXPECT(!munmap(address, round_up(sizes[i / 2], PAGE)));
		close(fd);
	}
	/* The limit comes first. */
	memlock.rlim_cur = PAGE;
	CHILD_EXPECT(!setrlimit(RLIMIT_MEMLOCK, &memlock));
	CHILD_EXPECT(create(dev, IOKMEM_PHYSICALLY_CONTIGUOUS, MORE_THAN_A_BLOCK, 0) == -EPERM);
	return 0;
}

TEST_F(place, contiguous_memory_needs_a_capability_only_if_no_cgroup_can_be_charged)
{
	EXPECT_EQ(0, run_child(want_contiguous, &self->dev));
}

/* Pairs of options. */
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
			/*
			 * A mode that memory cannot have here is refused in every combination.
			 */
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

#include "nothing_left.h"

TEST_HARNESS_MAIN
