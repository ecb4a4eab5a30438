// SPDX-License-Identifier: GPL-2.0-only
/* Cache modes: page tables of the program and of the kernel show the mode that was requested. */
#include "iokmem_utils.h"

/* One huge entry and small ones. */
#define SIZE	(PMD + 64 * KIB)
#define PAGES	(SIZE / PAGE)

FIXTURE(cache)
{
	int dev;
};

FIXTURE_VARIANT(cache)
{
	__u32 asked;
	__u32 given;
};

FIXTURE_VARIANT_ADD(cache, by_default)
{
	.asked = IOKMEM_MAP_DEFAULT_CACHE,
	.given = IOKMEM_MAP_COPYBACK_CACHE,
};

FIXTURE_VARIANT_ADD(cache, inhibit)
{
	.asked = IOKMEM_MAP_INHIBIT_CACHE,
	.given = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_VARIANT_ADD(cache, write_through)
{
	.asked = IOKMEM_MAP_WRITE_THRU_CACHE,
	.given = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_VARIANT_ADD(cache, copyback)
{
	.asked = IOKMEM_MAP_COPYBACK_CACHE,
	.given = IOKMEM_MAP_COPYBACK_CACHE,
};

FIXTURE_VARIANT_ADD(cache, write_combine)
{
	.asked = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.given = IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

FIXTURE_VARIANT_ADD(cache, copyback_inner)
{
	.asked = IOKMEM_MAP_COPYBACK_INNER_CACHE,
	.given = IOKMEM_MAP_COPYBACK_CACHE,
};

FIXTURE_VARIANT_ADD(cache, posted_write)
{
	.asked = IOKMEM_MAP_POSTED_WRITE,
	.given = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_VARIANT_ADD(cache, real_time)
{
	.asked = IOKMEM_MAP_REAL_TIME_CACHE,
	.given = IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

FIXTURE_VARIANT_ADD(cache, posted_reordered)
{
	.asked = IOKMEM_MAP_POSTED_REORDERED,
	.given = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_VARIANT_ADD(cache, posted_combined_reordered)
{
	.asked = IOKMEM_MAP_POSTED_COMBINED_REORDERED,
	.given = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_SETUP(cache)
{
	if (access(PROBE, F_OK))
		SKIP(return, "iokmem_probe is not loaded");
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(cache)
{
}

/* Modes that requested modes resolve to. */
FIXTURE(mode)
{
	int dev;
};

FIXTURE_VARIANT(mode)
{
	__u32 asked;
	__u32 given;
};

FIXTURE_VARIANT_ADD(mode, copyback)
{
	.asked = IOKMEM_MAP_COPYBACK_CACHE,
	.given = IOKMEM_MAP_COPYBACK_CACHE,
};

FIXTURE_VARIANT_ADD(mode, inhibit)
{
	.asked = IOKMEM_MAP_INHIBIT_CACHE,
	.given = IOKMEM_MAP_INHIBIT_CACHE,
};

FIXTURE_VARIANT_ADD(mode, write_combine)
{
	.asked = IOKMEM_MAP_WRITE_COMBINE_CACHE,
	.given = IOKMEM_MAP_WRITE_COMBINE_CACHE,
};

FIXTURE_SETUP(mode)
{
	if (access(PROBE, F_OK))
		SKIP(return, "iokmem_probe is not loaded");
	self->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(mode)
{
}

/*
 * Return how many pages of the map have another type in the program's or the kernel's entries.
 */
static int wrong_pages(char *base, size_t length, __u32 cache, __u64 *frames)
{
	struct iokmem_probe probe;
	int wrong = 0;
	size_t at;

	for (at = 0; at < length; at += PAGE) {
		touch(base + at, false);
		if (probe_user(base + at, &probe) || !probe.present ||
		    probe.cache != entry_cache(cache) ||
		    frame_cache(probe.pfn) != (int)direct_entry_cache(cache))
			wrong++;
		if (frames)
			frames[at / PAGE] = probe.pfn;
	}
	return wrong;
}

static int wrong_frames(const __u64 *frames, int nr, __u32 cache)
{
	int wrong = 0, i;

	for (i = 0; i < nr; i++)
		wrong += frame_cache(frames[i]) != (int)direct_entry_cache(cache);
	return wrong;
}

/* Make the kernel give back idle pages. It may need to be asked more than once. */
static bool empty_pools(void)
{
	return EVENTUALLY(!write_file("/proc/sys/vm/drop_caches", "2") &&
			  count_equal_lines(POOLS, "iokmem-pool-idle:\t0") == 2);
}

TEST_F(cache, mode_is_in_the_entries_and_gone_when_freed)
{
	struct iokmem_query_buffer buffer;
	struct iokmem_query_mapping mapping;
	struct iokmem_probe probe;
	__u64 frames[PAGES];
	char *base;
	int fd;

	fd = create(self->dev, variant->asked, SIZE, PMD);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(variant->given, buffer.cache_mode);
	ASSERT_EQ(0, query_map(fd, base, SIZE, &mapping));
	EXPECT_EQ(variant->given, mapping.cache_mode);

	EXPECT_TRUE(is_zero(base, SIZE));
	EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, frames));
	ASSERT_EQ(0, probe_user(base, &probe));
	EXPECT_EQ(kernel_has_huge_pfn(), probe.huge);
	number_pages(base, SIZE);
	EXPECT_TRUE(pages_are_numbered(base, SIZE, 0));

	ASSERT_EQ(0, release(fd, base, SIZE));
	close(fd);
	EXPECT_TRUE(empty_pools());
	EXPECT_EQ(0, wrong_frames(frames, PAGES, IOKMEM_MAP_COPYBACK_CACHE));
}

TEST_F(mode, is_changed_by_the_first_map_and_not_by_others)
{
	__u32 other = variant->given == IOKMEM_MAP_INHIBIT_CACHE ?
		      IOKMEM_MAP_COPYBACK_CACHE : IOKMEM_MAP_INHIBIT_CACHE;
	struct iokmem_query_buffer buffer;
	struct state before;
	char *base, *again;
	int fd;

	fd = create(self->dev, 0, SIZE, PMD);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, variant->asked, 0, 0, &base));
	EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, NULL));
	number_pages(base, SIZE);

	before = look(fd);
	EXPECT_EQ(-EBUSY, try_map(fd, IOKMEM_MAP_ANYWHERE | other, 0, 0, 0));
	EXPECT_EQ(-EBUSY, try_map(fd, IOKMEM_MAP_ANYWHERE | other |
				  IOKMEM_MAP_UNIQUE, 0, PAGE, PAGE));
	EXPECT_EQ(-ENOENT, try_map(fd, IOKMEM_MAP_ANYWHERE | other |
				   IOKMEM_MAP_REFERENCE, 0, 0, 0));
	EXPECT_UNCHANGED(before, fd);
	EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, NULL));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &again));
	EXPECT_EQ(base, again);
	ASSERT_EQ(0, release(fd, base, SIZE));
	ASSERT_EQ(0, release(fd, base, SIZE));

	/* Nothing maps it, so the mode can change. */
	EXPECT_TRUE(EVENTUALLY(!map(fd, other, 0, 0, &base)));
	EXPECT_EQ(0, wrong_pages(base, SIZE, other, NULL));
	EXPECT_TRUE(pages_are_numbered(base, SIZE, 0));
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(other, buffer.cache_mode);
}

TEST_F(mode, is_that_of_mmap_too)
{
	int fd = create(self->dev, variant->asked, SIZE, PMD);
	char *base;

	ASSERT_LE(0, fd);
	base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, base);
	EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, NULL));
	/* mprotect() keeps the mode. */
	ASSERT_EQ(0, mprotect(base, SIZE, PROT_READ));
	EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, NULL));
	ASSERT_EQ(0, mprotect(base, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, madvise(base, SIZE, MADV_NORMAL));
	touch(base + PMD, true);
	EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, NULL));
}

/* Copy by unaligned accesses of eight bytes. */
static void copy_unaligned(char *to, const char *from, size_t length)
{
	__u64 value;
	size_t at;

	for (at = 1; at + sizeof(value) < length; at += sizeof(value)) {
		memcpy(&value, from + at, sizeof(value));
		memcpy(to + at, &value, sizeof(value));
		/* Keep the compiler from joining the accesses. */
		asm volatile("" : : : "memory");
	}
}

/* Return true if all bytes were copied. copy_unaligned() leaves out the first and last few. */
static bool is_copied(const char *base, const char *from, size_t length)
{
	return !memcmp(base + 1, from + 1, length - 2 * sizeof(__u64));
}

TEST_F(mode, memory_can_be_accessed_as_any_other)
{
	struct iokmem_query_buffer buffer;
	char *base, *bytes = malloc(SIZE);
	int fd = create(self->dev, variant->asked, SIZE, PMD);
	size_t at;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, bytes);
	for (at = 0; at < SIZE; at++)
		bytes[at] = at * 7 + at / PAGE;
	ASSERT_EQ(0, map(fd, 0, 0, 0, &base));

	copy_unaligned(base, bytes, SIZE);
	EXPECT_TRUE(is_copied(base, bytes, SIZE));
	memset(base, 0, SIZE);
	EXPECT_TRUE(is_zero(base, SIZE));
	/* Both sides are unaligned, and in different ways. */
	memcpy(base + 3, bytes + 1, SIZE - 3);
	EXPECT_EQ(0, memcmp(base + 3, bytes + 1, SIZE - 3));
	memmove(base + 5, base + 3, SIZE - 5);
	EXPECT_EQ(0, memcmp(base + 5, bytes + 1, SIZE - 5));
	memcpy(base, bytes, SIZE);
	ASSERT_EQ(0, release(fd, base, SIZE));

	/* The bytes survive a change to another mode, and the change back. */
	ASSERT_EQ(0, map(fd, IOKMEM_MAP_COPYBACK_CACHE, 0, 0, &base));
	EXPECT_EQ(0, memcmp(base, bytes, SIZE));
	copy_unaligned(base, bytes, SIZE);
	memset(base + PAGE, 0x5a, PAGE);
	ASSERT_EQ(0, release(fd, base, SIZE));
	memset(bytes + PAGE, 0x5a, PAGE);
	ASSERT_EQ(0, map(fd, variant->asked, 0, 0, &base));
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(variant->given, buffer.cache_mode);
	EXPECT_EQ(0, memcmp(base, bytes, SIZE));
	ASSERT_EQ(0, release(fd, base, SIZE));
	close(fd);
	free(bytes);
}

TEST_F(mode, of_a_failed_request_is_not_changed)
{
	struct iokmem_query_buffer before, after;
	int fd = create(self->dev, 0, SIZE, PMD);
	char *taken = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, taken);
	ASSERT_EQ(0, query(fd, &before));
	EXPECT_EQ(-EEXIST, try_map(fd, variant->asked, (uintptr_t)taken, 0, 0));
	EXPECT_EQ(-ERANGE, try_map(fd, variant->asked | IOKMEM_MAP_ANYWHERE, 0, 0,
				   SIZE + 1));
	ASSERT_EQ(0, query(fd, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(mode, is_not_changed_through_a_read_only_fd)
{
	int fd = create(self->dev, 0, PAGE, 0), read_only;
	struct iokmem_query_buffer buffer;
	int expected = variant->given == IOKMEM_MAP_COPYBACK_CACHE ? 0 : -EACCES;

	ASSERT_LE(0, fd);
	read_only = duplicate(fd, IOKMEM_FD_READ_ONLY);
	ASSERT_LE(0, read_only);
	EXPECT_EQ(expected, try_map(read_only, variant->asked | IOKMEM_MAP_ANYWHERE |
				    IOKMEM_MAP_READ_ONLY, 0, 0, 0));
	ASSERT_EQ(0, query(fd, &buffer));
	EXPECT_EQ(IOKMEM_MAP_COPYBACK_CACHE, buffer.cache_mode);
}

TEST_F(mode, memory_is_zero_whoever_had_it_before)
{
	char *base;
	int fd, i;

	for (i = 0; i < 3; i++) {
		fd = create(self->dev, variant->asked, SIZE, 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &base));
		EXPECT_TRUE(is_zero(base, SIZE));
		EXPECT_EQ(0, wrong_pages(base, SIZE, variant->given, NULL));
		memset(base, 0xa5, SIZE);
		ASSERT_EQ(0, release(fd, base, SIZE));
		close(fd);
	}
}

struct shared {
	int fd;
	__u32 cache;
};

static int map_and_check(void *arg)
{
	struct shared *shared = arg;
	char *base;

	CHILD_EXPECT(!map(shared->fd, 0, 0, 0, &base));
	CHILD_EXPECT(!wrong_pages(base, SIZE, shared->cache, NULL));
	return 0;
}

TEST_F(mode, is_seen_by_other_processes)
{
	struct shared shared = {
		.fd = create(self->dev, variant->asked, SIZE, PMD),
		.cache = variant->given,
	};

	ASSERT_LE(0, shared.fd);
	EXPECT_EQ(0, run_child(map_and_check, &shared));
}

#include "nothing_left.h"

/* Return how many pages of a pool's type buffers use. */
static long pages_used(const char *pool)
{
	FILE *pools = fopen(POOLS, "re");
	char line[128], here[32] = "";
	long used = -1;

	if (!pools)
		return -1;
	while (used < 0 && fgets(line, sizeof(line), pools))
		if (sscanf(line, "iokmem-pool:\t%31s", here) != 1 && !strcmp(here, pool))
			sscanf(line, "iokmem-pool-used:\t%ld", &used);
	fclose(pools);
	return used < 0 ? -1 : used / (long)PAGE;
}

/* All of several blocks, which may be neighbours, change their type. */
TEST(memory_of_another_type_than_its_pools_is_no_more_the_pools)
{
	static const __u32 asked[] = {
		IOKMEM_MAP_WRITE_COMBINE_CACHE, IOKMEM_MAP_INHIBIT_CACHE,
	};
	static const char * const pools[] = { "write-combine", "uncached" };
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	size_t i;

	ASSERT_LE(0, dev);
	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		long before = pages_used(pools[i]);
		char *base;
		int fd;

		ASSERT_LE(0, before);
		fd = create(dev, IOKMEM_DIRECTION_INOUT | asked[i], 9 * MIB, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(before + (long)(9 * MIB / PAGE), pages_used(pools[i]));
		ASSERT_EQ(0, map(fd, IOKMEM_MAP_COPYBACK_CACHE, 0, 0, &base));
		EXPECT_EQ(before, pages_used(pools[i]));
		EXPECT_TRUE(is_zero(base, 9 * MIB));
		ASSERT_EQ(0, release(fd, base, 9 * MIB));
		close(fd);
		EXPECT_EQ(before, pages_used(pools[i]));
	}
	close(dev);
}

TEST_HARNESS_MAIN
