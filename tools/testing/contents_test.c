// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes that a map shows, and how many faults it takes to see them.
 */
#include "iokmem_utils.h"

/* Contents of buffers of many sizes. */
FIXTURE(contents)
{
	int fd;
	size_t capacity;
};

FIXTURE_VARIANT(contents)
{
	struct measure capacity;
};

FIXTURE_VARIANT_ADD(contents, one_byte)
{
	.capacity = NR_BYTES(1),
};

FIXTURE_VARIANT_ADD(contents, a_byte_less_than_a_page)
{
	.capacity = MEASURE(0, 1, -1),
};

FIXTURE_VARIANT_ADD(contents, page)
{
	.capacity = NR_PAGES(1),
};

FIXTURE_VARIANT_ADD(contents, a_byte_more_than_a_page)
{
	.capacity = MEASURE(0, 1, 1),
};

FIXTURE_VARIANT_ADD(contents, 64_kib)
{
	.capacity = NR_BYTES(64 * KIB),
};

FIXTURE_VARIANT_ADD(contents, huge_entry)
{
	.capacity = NR_HUGE(1),
};

FIXTURE_VARIANT_ADD(contents, 4_huge_entries_and_something)
{
	.capacity = MEASURE(4, 5, 77),
};

FIXTURE_SETUP(contents)
{
	self->capacity = measured(variant->capacity);
	self->fd = new_buffer(self->capacity);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(contents)
{
}

TEST_F(contents, are_zero_to_the_end_of_the_last_page)
{
	size_t whole = round_up(self->capacity, PAGE);
	char *address;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &address));
	EXPECT_TRUE(is_zero(address, whole));
	/* All of it is memory. */
	memset(address, 0xa5, whole);
	EXPECT_TRUE(is_filled(address, whole, 0xa5));
}

TEST_F(contents, are_zero_also_where_others_have_written_before)
{
	size_t whole = round_up(self->capacity, PAGE);
	char *address;
	int i, fd;

	/* The kernel hands out first the pages that were freed last. */
	for (i = 0; i < 8; i++) {
		fd = new_buffer(self->capacity);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
		EXPECT_TRUE(is_zero(address, whole));
		memset(address, 0xff, whole);
		ASSERT_EQ(0, release(fd, address, self->capacity));
		ASSERT_EQ(0, close(fd));
	}
}

/*
 * Contiguous memory is a block, blocks that are neighbours, or a range that is searched for.
 * Some kernels zero all memory that they allocate, and others leave that to the module.
 */
TEST(contents_of_contiguous_memory_are_zero_where_others_have_written_before)
{
	const size_t sizes[] = { 3 * PAGE, PMD, 4 * PMD, 4 * PMD + 3 * PAGE };
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd;
	size_t dirty = memory("MemFree") / 4 * 3, i;
	char *address;

	ASSERT_LE(0, dev);
	address = mmap(NULL, dirty, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, address);
	memset(address, 0xa5, dirty);
	munmap(address, dirty);
	for (i = 0; i < 8 * ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i % ARRAY_SIZE(sizes)];

		fd = create(dev, IOKMEM_PHYSICALLY_CONTIGUOUS, size, 0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, map(fd, 0, 0, 0, &address));
		EXPECT_TRUE(is_zero(address, size));
		memset(address, 0xa5, size);
		ASSERT_EQ(0, release(fd, address, size));
		close(fd);
	}
	close(dev);
}

TEST_F(contents, are_the_same_through_all_maps)
{
	size_t whole = round_up(self->capacity, PAGE);
	char *one, *unique, *read_only, *mapped;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &one));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &unique));
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &read_only));
	mapped = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mapped);

	number_pages(one, whole);
	EXPECT_TRUE(pages_are_numbered(unique, whole, 0));
	EXPECT_TRUE(pages_are_numbered(read_only, whole, 0));
	EXPECT_TRUE(pages_are_numbered(mapped, whole, 0));
	mapped[whole - 1] = 'x';
	EXPECT_EQ('x', one[whole - 1]);
	EXPECT_EQ('x', read_only[whole - 1]);
}

struct paper {
	int fd;
	size_t whole;
};

static int write_in_child(void *arg)
{
	struct paper *paper = arg;
	char *address;

	CHILD_EXPECT(!map(paper->fd, 0, 0, 0, &address));
	number_pages(address, paper->whole);
	address[paper->whole - 1] = 'c';
	return 0;
}

TEST_F(contents, are_the_same_in_all_processes)
{
	struct paper paper = {
		.fd = self->fd,
		.whole = round_up(self->capacity, PAGE),
	};
	char *address;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &address));
	ASSERT_EQ(0, run_child(write_in_child, &paper));
	/* The child is gone, its writes are not. */
	EXPECT_TRUE(pages_are_numbered(address, paper.whole, 0));
	EXPECT_EQ('c', address[paper.whole - 1]);
}

TEST_F(contents, are_right_in_whatever_order_they_are_touched)
{
	long whole = round_up(self->capacity, PAGE), at;
	char *forth, *back, *here_and_there;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &forth));
	number_pages(forth, whole);
	/* A fault maps pages around the address, too, from one block or another. */
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, 0, 0, &back));
	for (at = whole - PAGE; at >= 0; at -= PAGE)
		touch(back + at, false);
	EXPECT_TRUE(pages_are_numbered(back, whole, 0));
	ASSERT_EQ(0, map_at(self->fd, IOKMEM_MAP_UNIQUE,
			    (uintptr_t)find_hole(whole + PAGE, PMD) + PAGE, 0, 0,
			    &here_and_there));
	for (at = 0; at < whole; at += PAGE)
		touch(here_and_there + at * 97 % whole, false);
	EXPECT_TRUE(pages_are_numbered(here_and_there, whole, 0));
	EXPECT_TRUE(pages_are_numbered(forth, whole, 0));
}

TEST_F(contents, of_a_window_are_those_at_its_offset)
{
	size_t whole = round_up(self->capacity, PAGE);
	size_t offset, step = whole > MIB ? 37 * PAGE : PAGE;
	char *base, *window;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &base));
	number_pages(base, whole);
	for (offset = 0; offset < self->capacity; offset += step) {
		size_t length = self->capacity - offset;

		if (length > 3 * PAGE)
			length = 3 * PAGE;
		/* Map the window inside the first map, and on its own. */
		ASSERT_EQ(0, map(self->fd, 0, offset, length, &window));
		EXPECT_EQ(base + offset, window);
		ASSERT_EQ(0, release(self->fd, window, length));
		ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_UNIQUE, offset, length,
				 &window));
		EXPECT_TRUE(pages_are_numbered(window, round_up(length, PAGE),
					       offset / PAGE));
		ASSERT_EQ(0, release(self->fd, window, length));
		window = mmap(NULL, length, PROT_READ, MAP_SHARED, self->fd,
			      offset);
		ASSERT_NE(MAP_FAILED, window);
		EXPECT_TRUE(pages_are_numbered(window, round_up(length, PAGE),
					       offset / PAGE));
		ASSERT_EQ(0, munmap(window, length));
	}
}

TEST_F(contents, survive_when_nothing_maps_them)
{
	size_t whole = round_up(self->capacity, PAGE);
	char *address;

	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &address));
	number_pages(address, whole);
	ASSERT_EQ(0, release(self->fd, address, self->capacity));
	ASSERT_EQ(0, nr_iokmem_vmas());
	ASSERT_EQ(0, map(self->fd, IOKMEM_MAP_READ_ONLY, 0, 0, &address));
	EXPECT_TRUE(pages_are_numbered(address, whole, 0));
}

/* The number of faults. */
#define LARGE	(4 * PMD)

FIXTURE(faults)
{
	int fd;
	char *address;
};

FIXTURE_SETUP(faults)
{
	self->fd = new_buffer(LARGE);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->address));
}

FIXTURE_TEARDOWN(faults)
{
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Return the number of faults that touching every page takes. */
static long touch_all(char *address, size_t length, bool write)
{
	long before = minor_faults();
	char *byte;

	for (byte = address; byte < address + length; byte += PAGE)
		touch(byte, write);
	return minor_faults() - before;
}

TEST_F(faults, are_far_fewer_than_pages)
{
	EXPECT_GE(LARGE / PAGE / 16, touch_all(self->address, LARGE, true));
	EXPECT_EQ(0, touch_all(self->address, LARGE, true));
	EXPECT_EQ(0, touch_all(self->address, LARGE, false));
}

TEST_F(faults, of_reading_are_as_few_and_writing_then_costs_little)
{
	EXPECT_GE(LARGE / PAGE / 16, touch_all(self->address, LARGE, false));
	EXPECT_GE(LARGE / PAGE / 16, touch_all(self->address, LARGE, true));
	EXPECT_EQ(0, touch_all(self->address, LARGE, true));
}

TEST_F(faults, are_few_backwards_too)
{
	long before = minor_faults();
	long at;

	for (at = LARGE - 1; at >= 0; at -= PAGE)
		touch(self->address + at, true);
	EXPECT_GE(LARGE / PAGE / 16, minor_faults() - before);
}

TEST_F(faults, are_one_per_huge_entry_where_the_kernel_can)
{
	long faults = touch_all(self->address, LARGE, true);

	if (!kernel_has_huge_pfn()) {
		/* These kernels would take huge entries for memory that can be pinned. */
		EXPECT_LE(LARGE / PAGE / 64, faults);
		return;
	}
	EXPECT_EQ(0, (uintptr_t)self->address % PMD);
	/* Smaller blocks, for lack of larger ones, cost some more faults. */
	EXPECT_GE(4 + 16, faults);
}

TEST_F(faults, in_an_unaligned_map_are_few_too)
{
	char *hole = find_hole(LARGE + 2 * PMD, PMD) + PAGE, *address;

	ASSERT_EQ(0, map_at(self->fd, 0, (uintptr_t)hole, 0, 0, &address));
	EXPECT_GE(LARGE / PAGE / 16, touch_all(address, LARGE, true));
	number_pages(self->address, LARGE);
	EXPECT_TRUE(pages_are_numbered(address, LARGE, 0));
}

TEST_F(faults, come_again_after_protection_changed)
{
	number_pages(self->address, LARGE);
	ASSERT_EQ(0, mprotect(self->address, LARGE, PROT_READ));
	EXPECT_EQ(SIGSEGV, probe(self->address + PMD, true));
	EXPECT_TRUE(pages_are_numbered(self->address, LARGE, 0));
	ASSERT_EQ(0, mprotect(self->address, LARGE, PROT_READ | PROT_WRITE));
	EXPECT_GE(LARGE / PAGE / 16, touch_all(self->address + 8, LARGE - 8, true));
	EXPECT_TRUE(pages_are_numbered(self->address, LARGE, 0));
}

TEST_F(faults, in_a_small_map_at_either_end_of_a_table_stay_inside)
{
	char *table = find_hole(2 * PMD, PMD) + PMD, *address;

	/* Map four pages, two of which are in the next page table. */
	ASSERT_EQ(0, map_at(self->fd, IOKMEM_MAP_UNIQUE,
			    (uintptr_t)table - 2 * PAGE, 5 * PAGE, 4 * PAGE,
			    &address));
	number_pages(self->address, 16 * PAGE);
	EXPECT_TRUE(pages_are_numbered(address, 4 * PAGE, 5));
	EXPECT_EQ(SIGSEGV, probe(address - 1, false));
	EXPECT_EQ(SIGSEGV, probe(address + 4 * PAGE, false));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
