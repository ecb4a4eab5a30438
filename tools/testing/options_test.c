// SPDX-License-Identifier: GPL-2.0-only
/* Options of maps: guards, prefaulting and overwriting, and combinations that are refused. */
#include "iokmem_utils.h"

#include <sys/prctl.h>

#define SIZE	(16 * PAGE)

/*
 * Guards.
 */
FIXTURE(guards)
{
	int fd;
	char *address;
	size_t size, guard;
	size_t offset, length;
};

FIXTURE_VARIANT(guards)
{
	__u32 kind;
	__u32 guards;
	struct measure size, guard;
	struct measure offset, length;
};

#define GUARDS(_name, _kind, _size, _guards, _guard, _offset, _length)	\
	FIXTURE_VARIANT_ADD(guards, _name)				\
	{								\
		.kind = _kind, .size = _size,				\
		.guards = IOKMEM_MAP_GUARDED_##_guards, .guard = _guard, \
		.offset = _offset, .length = _length,			\
	}

#define WHOLE	NR_PAGES(16)

GUARDS(small, 0, WHOLE, SMALL, NR_PAGES(1), NR_PAGES(0), WHOLE);
GUARDS(large, 0, WHOLE, LARGE, NR_BYTES(64 * KIB), NR_PAGES(0), WHOLE);
GUARDS(of_part, 0, WHOLE, SMALL, NR_PAGES(1), MEASURE(0, 1, 5), NR_PAGES(3));
GUARDS(of_a_byte, 0, WHOLE, LARGE, NR_BYTES(64 * KIB), MEASURE(0, 16, -1), NR_BYTES(1));
GUARDS(of_large_entries, 0, NR_HUGE(2), SMALL, NR_PAGES(1), NR_PAGES(0), NR_HUGE(2));
GUARDS(of_pageable, IOKMEM_PAGEABLE, WHOLE, SMALL, NR_PAGES(1), NR_PAGES(0), WHOLE);
GUARDS(of_pageable_large, IOKMEM_PAGEABLE, WHOLE, LARGE, NR_BYTES(64 * KIB), NR_PAGES(0), WHOLE);
GUARDS(of_pageable_part, IOKMEM_PAGEABLE, WHOLE, LARGE, NR_BYTES(65536), NR_PAGES(3), NR_PAGES(2));
GUARDS(of_combined, IOKMEM_MAP_WRITE_COMBINE_CACHE, WHOLE, SMALL, NR_PAGES(1), NR_PAGES(0), WHOLE);

FIXTURE_SETUP(guards)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	NEED_CACHE_MODE(variant->kind);
	self->size = measured(variant->size);
	self->guard = measured(variant->guard);
	self->offset = measured(variant->offset);
	self->length = measured(variant->length);
	self->fd = create(dev, IOKMEM_DIRECTION_INOUT | variant->kind, self->size, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, close(dev));
	ASSERT_EQ(0, map(self->fd, variant->guards, self->offset, self->length,
			 &self->address));
}

FIXTURE_TEARDOWN(guards)
{
}

TEST_F(guards, cannot_be_touched_and_all_between_them_can)
{
	char *first = self->address - self->offset % PAGE;
	char *end = first + round_up(self->offset % PAGE + self->length, PAGE);
	char *other, *at;

	for (at = first - self->guard; at < first; at += PAGE) {
		EXPECT_EQ(SIGSEGV, probe(at, false));
		EXPECT_EQ(SIGSEGV, probe(at, true));
	}
	for (at = end; at < end + self->guard; at += PAGE)
		EXPECT_EQ(SIGSEGV, probe(at, false));
	EXPECT_EQ(SIGSEGV, probe(first - 1, true));
	EXPECT_EQ(SIGSEGV, probe(end, true));
	number_pages(first, end - first);

	/* Write through another map, and compare each page. */
	ASSERT_EQ(0, map(self->fd, 0, self->offset, self->length, &other));
	EXPECT_NE(other, self->address);
	EXPECT_TRUE(pages_are_numbered(other - self->offset % PAGE, end - first, 0));
	/* Accesses to all of it may have mapped neighbours. They must be the right ones. */
	EXPECT_EQ(SIGSEGV, probe(first - 1, false));
	EXPECT_EQ(SIGSEGV, probe(end, false));
}

TEST_F(guards, are_not_part_of_the_length)
{
	struct iokmem_query_mapping info;

	ASSERT_EQ(0, query_map(self->fd, self->address, self->length, &info));
	EXPECT_EQ(self->length, info.length);
	EXPECT_EQ(self->offset, info.offset);
	EXPECT_EQ(variant->guards | IOKMEM_MAP_ANYWHERE, info.options);
}

TEST_F(guards, come_and_go_with_the_map)
{
	char *first = self->address - self->offset % PAGE;
	size_t size = round_up(self->offset % PAGE + self->length, PAGE);
	int vmas = nr_iokmem_vmas();

	EXPECT_EQ(1, vmas);
	/* A guard can neither be replaced nor unmapped alone. */
	EXPECT_ERRNO(EEXIST, mmap(first - self->guard, PAGE, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_ERRNO(EINVAL, munmap(first, size));
	EXPECT_ERRNO(EINVAL, munmap(first - self->guard, self->guard));
	EXPECT_TRUE(can_read(self->address));

	ASSERT_EQ(0, release(self->fd, self->address, self->length));
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(first - self->guard,
		  mmap(first - self->guard, size + 2 * self->guard, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
}

TEST_F(guards, are_unmapped_with_the_map_by_name)
{
	char *first = self->address - self->offset % PAGE;
	size_t size = round_up(self->offset % PAGE + self->length, PAGE);

	ASSERT_EQ(0, munmap(first - self->guard, size + 2 * self->guard));
	EXPECT_EQ(0, nr_maps(self->fd));
}

TEST_F(guards, share_with_their_like_only)
{
	__u32 other = variant->guards ^ IOKMEM_MAP_GUARDED_MASK;
	char *same, *inside, *different, *without;

	ASSERT_EQ(0, map(self->fd, variant->guards, self->offset, self->length,
			 &same));
	ASSERT_EQ(0, map(self->fd, other, self->offset, self->length, &different));
	ASSERT_EQ(0, map(self->fd, 0, self->offset, self->length, &without));
	EXPECT_EQ(self->address, same);
	EXPECT_NE(self->address, different);
	EXPECT_NE(self->address, without);
	EXPECT_EQ(2, references(self->fd, same, self->length));
	if (self->length > 1) {
		ASSERT_EQ(0, map(self->fd, variant->guards, self->offset + 1, 1,
				 &inside));
		EXPECT_EQ(self->address + 1, inside);
	}
}

TEST_F(guards, leave_large_entries_possible)
{
	struct iokmem_probe entry;

	if (self->size < PMD || !kernel_has_huge_pfn() || probe_user(self, &entry))
		SKIP(return, "no large entries here");
	touch(self->address, true);
	ASSERT_EQ(0, probe_user(self->address, &entry));
	EXPECT_TRUE(entry.huge);
}

/*
 * Prefaulting.
 */
FIXTURE(prefault)
{
	int fd;
	size_t size;
};

FIXTURE_VARIANT(prefault)
{
	__u32 kind;
	struct measure size;
	__u32 options;
};

/* A buffer that is not larger has its entries from the start. */
#define SMALL	(64 * PAGE)

#define PREFAULT(_name, _kind, _size, _options)				\
	FIXTURE_VARIANT_ADD(prefault, _name)				\
	{								\
		.kind = _kind, .size = _size, .options = _options,	\
	}

PREFAULT(page, 0, NR_PAGES(1), 0);
PREFAULT(some, 0, MEASURE(2, 259, 5), 0);
PREFAULT(read_only, 0, MEASURE(1, 256, 0), IOKMEM_MAP_READ_ONLY);
PREFAULT(guarded, 0, MEASURE(1, 256, 0), IOKMEM_MAP_GUARDED_SMALL);
PREFAULT(pinnable, 0, MEASURE(1, 256, 0), IOKMEM_MAP_PINNABLE);
PREFAULT(combined, IOKMEM_MAP_WRITE_COMBINE_CACHE, MEASURE(1, 256, 0), 0);
PREFAULT(unique, 0, MEASURE(1, 256, 0), IOKMEM_MAP_UNIQUE);

FIXTURE_SETUP(prefault)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, dev);
	NEED_CACHE_MODE(variant->kind);
	self->size = measured(variant->size);
	self->fd = create(dev, IOKMEM_DIRECTION_INOUT | variant->kind, self->size, 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(prefault)
{
}

/* Return how many faults it takes to touch every page. */
static long faults_of_touching(char *address, size_t size, bool write)
{
	struct rusage before, after;
	size_t at;

	getrusage(RUSAGE_SELF, &before);
	for (at = 0; at < size; at += PAGE)
		touch(address + at, write);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

TEST_F(prefault, leaves_no_fault_to_be_taken)
{
	bool write = !(variant->options & IOKMEM_MAP_READ_ONLY);
	char *address, *without;

	/* Count without prefaulting, to prove that the counter works. */
	ASSERT_EQ(0, map(self->fd, variant->options, 0, 0, &without));
	if (self->size > SMALL || variant->kind == IOKMEM_PAGEABLE)
		EXPECT_LT(0, faults_of_touching(without, self->size, write));
	ASSERT_EQ(0, release(self->fd, without, self->size));

	ASSERT_EQ(0, map(self->fd, variant->options | IOKMEM_MAP_PREFAULT, 0, 0,
			 &address));
	EXPECT_EQ(0, faults_of_touching(address, self->size, write));
}

TEST_F(prefault, fills_shared_maps_as_well)
{
	char *lazy, *address;
	size_t part = self->size / 2;

	ASSERT_EQ(0, map(self->fd, variant->options, 0, 0, &lazy));
	ASSERT_EQ(0, map(self->fd, variant->options | IOKMEM_MAP_PREFAULT, 0, part,
			 &address));
	if (!(variant->options & IOKMEM_MAP_UNIQUE))
		EXPECT_EQ(lazy, address);
	EXPECT_EQ(0, faults_of_touching(address, part, false));
}

/*
 * Overwriting.
 */
FIXTURE(overwrite)
{
	int fd;
	char *hole;
};

FIXTURE_SETUP(overwrite)
{
	self->fd = new_buffer(SIZE);
	ASSERT_LE(0, self->fd);
	self->hole = find_hole(4 * SIZE, SIZE);
	ASSERT_NE(NULL, self->hole);
}

FIXTURE_TEARDOWN(overwrite)
{
}

#define OVERWRITE(fd, at, options, offset, length)			\
	({								\
		char *_address;						\
		int _err = map_at(fd, IOKMEM_MAP_OVERWRITE | (options),	\
				  (uintptr_t)(at), offset, length, &_address); \
									\
		_err ? _err : _address == (char *)(at) ? 0 : -ERANGE;	\
	})

TEST_F(overwrite, replaces_what_is_there)
{
	char *there = mmap(self->hole, 3 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			   MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	ASSERT_EQ(self->hole, there);
	memset(there, 'a', 3 * SIZE);
	ASSERT_EQ(-EEXIST, try_map(self->fd, 0, (uintptr_t)there + SIZE, 0, 0));
	ASSERT_EQ(0, OVERWRITE(self->fd, there + SIZE, 0, 0, 0));
	EXPECT_TRUE(is_zero(there + SIZE, SIZE));
	EXPECT_TRUE(is_filled(there, SIZE, 'a'));
	EXPECT_TRUE(is_filled(there + 2 * SIZE, SIZE, 'a'));

	/* The former content does not come back. */
	ASSERT_EQ(0, release(self->fd, there + SIZE, SIZE));
	EXPECT_FALSE(can_read(there + SIZE));
	EXPECT_TRUE(is_filled(there, SIZE, 'a'));
}

TEST_F(overwrite, works_where_nothing_is)
{
	ASSERT_EQ(0, OVERWRITE(self->fd, self->hole, 0, 0, 0));
	EXPECT_TRUE(is_zero(self->hole, SIZE));
}

TEST_F(overwrite, shares_an_identical_map)
{
	ASSERT_EQ(0, OVERWRITE(self->fd, self->hole, 0, 0, 0));
	self->hole[0] = 'x';
	ASSERT_EQ(0, OVERWRITE(self->fd, self->hole, 0, 0, 0));
	EXPECT_EQ(2, references(self->fd, self->hole, SIZE));
	EXPECT_EQ('x', self->hole[0]);
}

TEST_F(overwrite, ends_a_map_that_it_replaces)
{
	int other = new_buffer(SIZE);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, OVERWRITE(self->fd, self->hole, 0, 0, 0));
	ASSERT_EQ(0, OVERWRITE(other, self->hole, 0, 0, 0));
	EXPECT_EQ(0, nr_maps(self->fd));
	EXPECT_EQ(-ENOENT, release(self->fd, self->hole, SIZE));
	EXPECT_EQ(0, release(other, self->hole, SIZE));
}

TEST_F(overwrite, never_cuts_a_map)
{
	int other = new_buffer(2 * SIZE);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, OVERWRITE(other, self->hole + SIZE, 0, 0, 0));
	number_pages(self->hole + SIZE, 2 * SIZE);
	EXPECT_EQ(-EINVAL, OVERWRITE(self->fd, self->hole + SIZE, 0, 0, 0));
	EXPECT_EQ(-EINVAL, OVERWRITE(self->fd, self->hole + SIZE + PAGE, 0, 0, 0));
	EXPECT_EQ(-EINVAL, OVERWRITE(self->fd, self->hole + SIZE - PAGE, 0, 0, 0));
	EXPECT_EQ(-EINVAL, OVERWRITE(self->fd, self->hole + 3 * SIZE - PAGE, 0, 0, 0));
	EXPECT_TRUE(pages_are_numbered(self->hole + SIZE, 2 * SIZE, 0));
	EXPECT_EQ(1, nr_maps(other));
	EXPECT_EQ(0, nr_maps(self->fd));
}

/* Refusals. */
FIXTURE(refused)
{
	int fd;
	struct state before;
};

FIXTURE_SETUP(refused)
{
	self->fd = new_buffer(SIZE);
	ASSERT_LE(0, self->fd);
	self->before = look(self->fd);
}

FIXTURE_TEARDOWN(refused)
{
	EXPECT_UNCHANGED(self->before, self->fd);
}

#define AT	0x10000000u

TEST_F(refused, options_that_contradict_each_other)
{
	static const struct {
		__u32 options;
		__u64 at;
		int err;
	} cases[] = {
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_GUARDED_MASK, 0, -EINVAL },
		{ IOKMEM_MAP_GUARDED_SMALL, AT, -EINVAL },
		{ IOKMEM_MAP_GUARDED_LARGE, AT, -EINVAL },
		{ IOKMEM_MAP_GUARDED_LARGE | IOKMEM_MAP_OVERWRITE, AT, -EINVAL },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_OVERWRITE, 0, -EINVAL },
		{ IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_REFERENCE, AT, -EINVAL },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE | IOKMEM_MAP_REFERENCE, 0,
		  -EINVAL },
		{ IOKMEM_MAP_OVERWRITE, 0, -EADDRNOTAVAIL },
		{ IOKMEM_MAP_OVERWRITE, 1ull << 62, -EADDRNOTAVAIL },
		{ IOKMEM_MAP_OVERWRITE, AT + 1, -EINVAL },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_STATIC, 0, -EOPNOTSUPP },
		{ IOKMEM_MAP_STATIC, AT, -EOPNOTSUPP },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PINNABLE |
		  IOKMEM_MAP_INHIBIT_CACHE, 0, -EOPNOTSUPP },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE | IOKMEM_MAP_PREFAULT, 0,
		  -ENOENT },
		{ IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_REFERENCE | IOKMEM_MAP_GUARDED_SMALL,
		  0, -ENOENT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err, try_map(self->fd, cases[i].options, cases[i].at,
						0, 0)) {
			TH_LOG("options %#x", cases[i].options);
		}
	}
}

TEST_F(refused, prefaulting_pageable_memory)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fd = create(dev, IOKMEM_DIRECTION_INOUT | IOKMEM_PAGEABLE, SIZE, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADFD, try_map(fd, IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_PREFAULT, 0, 0, 0));
	EXPECT_EQ(0, nr_maps(fd));
	close(fd);
	close(dev);
}

TEST_F(refused, no_request_of_a_driver_from_outside)
{
	static const __u32 options[] = {
		0, IOKMEM_MAP_READ_ONLY, IOKMEM_MAP_GUARDED_LARGE, IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_PINNABLE, IOKMEM_MAP_PREFAULT,
	};
	struct iokmem_probe_outside map;
	size_t i;
	int fd;

	if (access(PROBE "/outside", R_OK))
		SKIP(return, "no probe module");
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		fd = map_from_outside(options[i], &map);
		ASSERT_LE(0, fd);
		ASSERT_EQ(sizeof(IOKMEM_PROBE_TEXT), map.length);
		EXPECT_STREQ(IOKMEM_PROBE_TEXT, (char *)(uintptr_t)map.address);
		ASSERT_EQ(0, close(fd));
		/* The program's own memory may be there by now: the driver leaves it alone. */
		EXPECT_FALSE(can_read((char *)(uintptr_t)map.address));
		self->before.vmas++;
	}
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
