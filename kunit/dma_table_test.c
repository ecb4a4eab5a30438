// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of DMA entries: cutting memory into entries by a device's limits, and joining entries
 * for segments.
 */
#include <linux/dma-mapping.h>

#include "desc/dma_view.h"
#include "dma_helpers.h"

/* Create a device that limits the length and the addresses of entries. */
static struct device *device_with(struct kunit *test, unsigned int longest,
				  unsigned long boundary)
{
	struct device_dma_parameters *parameters;
	struct device *dev;

	/* The device uses it until it is unregistered. */
	parameters = kunit_kzalloc(test, sizeof(*parameters), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parameters);
	dev = device(test);
	dev->dma_parms = parameters;
	dma_set_max_seg_size(dev, longest);
	dma_set_seg_boundary(dev, boundary);
	return dev;
}

/*
 * Fill a table of bytes of @desc for @dev. Expect its entries to be the memory, in order, as
 * few as possible, none longer than the device's longest entry or across its boundary. Returns
 * how many there are.
 */
static unsigned int fill_table(struct kunit *test, struct device *dev, struct iokmem_desc *desc,
			       size_t offset, size_t length)
{
	u64 boundary = dma_get_seg_boundary(dev);
	size_t longest = dma_get_max_seg_size(dev), end = offset + length;
	struct iokmem_window window = iokmem_window_of(desc, offset, length);
	struct iokmem_dma_table table;
	struct scatterlist *sg;
	unsigned int i, nr = 0;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_table_fill(&table, dev, &window));
	for_each_sgtable_sg(&table.sgt, sg, i) {
		u64 last = sg_phys(sg) + sg->length - 1;

		expect_address(test, desc, offset, sg_phys(sg));
		KUNIT_EXPECT_LE(test, sg->length, longest);
		KUNIT_EXPECT_EQ(test, sg_phys(sg) & ~boundary, last & ~boundary);
		offset += sg->length;
		nr++;
	}
	KUNIT_EXPECT_EQ(test, end, offset);
	KUNIT_EXPECT_EQ(test, nr, table.sgt.nents);
	KUNIT_EXPECT_EQ(test, nr, table.sgt.orig_nents);
	/* A table of one entry allocates nothing. */
	KUNIT_EXPECT_EQ(test, nr == 1, table.sgt.sgl == &table.one);
	KUNIT_EXPECT_TRUE(test, sg_is_last(sg_last(table.sgt.sgl, nr)));
	iokmem_dma_table_free(&table);
	return nr;
}

static void dma_entries_are_runs_of_memory(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *one = contiguous(test, 8 * PAGE_SIZE);
	struct iokmem_desc *scattered_one = scattered(test, 8);
	struct iokmem_desc *runs = in_runs(test, 20);

	KUNIT_EXPECT_EQ(test, 1, fill_table(test, dev, one, 0, 8 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, fill_table(test, dev, one, 5 * PAGE_SIZE + 17, 100));
	KUNIT_EXPECT_EQ(test, 8, fill_table(test, dev, scattered_one, 0, 8 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2, fill_table(test, dev, scattered_one, PAGE_SIZE - 1, 2));
	KUNIT_EXPECT_EQ(test, 20, fill_table(test, dev, runs, 0, 40 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, fill_table(test, dev, runs, 39 * PAGE_SIZE, PAGE_SIZE));
	/* From the middle of the fourth run to the first page of the seventh. */
	KUNIT_EXPECT_EQ(test, 4, fill_table(test, dev, runs, 7 * PAGE_SIZE + 5, 5 * PAGE_SIZE));
}

static void dma_obeys_the_devices_longest_entry(struct kunit *test)
{
	struct device *dev = device_with(test, PAGE_SIZE + 100, ULONG_MAX);
	struct iokmem_desc *one = contiguous(test, 300 * PAGE_SIZE);
	struct iokmem_desc *runs = in_runs(test, 4);
	struct iokmem_dma *dma = command(test, dev, &anything);

	/* All entries but the last end with a page. */
	KUNIT_EXPECT_EQ(test, 4, fill_table(test, dev, one, 10, 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 5, fill_table(test, dev, runs, 10, 4 * PAGE_SIZE));
	/* Too many entries for one piece of a table. */
	KUNIT_EXPECT_EQ(test, 300, fill_table(test, dev, one, 0, 300 * PAGE_SIZE));

	/*
	 * The bytes are few enough, but not together with the bytes before them in the first
	 * page.
	 */
	dma_set_max_seg_size(dev, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 2, fill_table(test, dev, one, 10, 3 * PAGE_SIZE - 5));
	KUNIT_EXPECT_EQ(test, 1, fill_table(test, dev, one, 10, 2 * PAGE_SIZE));

	dma_set_max_seg_size(dev, 512);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, runs, true));
	walk(test, dma, runs, SEGMENTS);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));
}

/* Entries are cut for the DMA API, and joined for the device up to its longest segment. */
static void dma_joins_entries_up_to_the_longest_segment(struct kunit *test)
{
	struct iokmem_dma_specification specification = {
		.max_segment_size = 2 * PAGE_SIZE,
	};
	struct device *dev = device_with(test, PAGE_SIZE, ULONG_MAX);
	struct iokmem_desc *one = contiguous(test, 9 * PAGE_SIZE);
	struct iokmem_desc *runs = in_runs(test, 4);
	struct iokmem_dma *dma = command(test, dev, &specification);
	unsigned int at_once;

	/* No run is too long, and none can be joined with the next one. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, runs, true));
	for (at_once = 1; at_once <= 5; at_once++)
		KUNIT_EXPECT_EQ(test, 4, walk(test, dma, runs, at_once));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_clear_memory_descriptor(dma, true));

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, one, true));
	for (at_once = 1; at_once <= 6; at_once++)
		KUNIT_EXPECT_EQ(test, 5, walk(test, dma, one, at_once));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_complete(dma));

	/* Segments begin inside entries and cross their ends. */
	specification.max_segment_size = PAGE_SIZE + 1000;
	KUNIT_ASSERT_EQ(test, 0,
			iokmem_dma_prepare_with_specification(dma, &specification, 7, 0));
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(9 * PAGE_SIZE - 7, PAGE_SIZE + 1000),
			walk(test, dma, one, 3));
}

/* A segment must not end at an entry's end if the next one may not begin there. */
static void dma_cuts_at_the_end_of_an_entry_too(struct kunit *test)
{
	static const struct iokmem_dma_specification specification = {
		.max_segment_size = 4 * PAGE_SIZE - 100,
		.alignment = 4,
		.alignment_internal_segments = 2 * PAGE_SIZE,
	};
	struct device *dev = device_with(test, PAGE_SIZE, ULONG_MAX);
	struct iokmem_dma *dma = command(test, dev, &specification);
	struct iokmem_dma_segment segments[SEGMENTS];
	unsigned int nr = SEGMENTS;
	struct iokmem_desc *desc;
	size_t offset = 0;

	desc = buffer_with(test, NULL, INOUT | IOKMEM_PHYSICALLY_CONTIGUOUS, 8 * PAGE_SIZE,
			   2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, PAGE_SIZE + 100, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_gen_segments(dma, &offset, segments, &nr));
	KUNIT_ASSERT_EQ(test, 3, nr);
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE - 100, segments[0].length);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, segments[1].length);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, segments[2].length);
}

/* Return into how many parts a boundary cuts these bytes. */
static unsigned int parts(struct iokmem_desc *desc, size_t offset, size_t length,
			  u64 boundary)
{
	u64 first = PFN_PHYS(pfn_of(desc, offset)) + offset_in_page(offset);

	return ((first + length - 1) / (boundary + 1)) - (first / (boundary + 1)) + 1;
}

static void dma_obeys_the_devices_boundary(struct kunit *test)
{
	static const u64 boundaries[] = { 2047, 2 * PAGE_SIZE - 1, 4 * PAGE_SIZE - 1 };
	struct device *dev = device_with(test, UINT_MAX, ULONG_MAX);
	struct iokmem_desc *one = contiguous(test, 9 * PAGE_SIZE);
	struct iokmem_desc *runs = in_runs(test, 4);
	unsigned int i, j, nr;

	for (i = 0; i < ARRAY_SIZE(boundaries); i++) {
		dma_set_seg_boundary(dev, boundaries[i]);
		KUNIT_EXPECT_EQ(test, parts(one, 0, 9 * PAGE_SIZE, boundaries[i]),
				fill_table(test, dev, one, 0, 9 * PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, parts(one, 100, 5000, boundaries[i]),
				fill_table(test, dev, one, 100, 5000));
		for (j = 0, nr = 0; j < 4; j++)
			nr += parts(runs, 2 * j * PAGE_SIZE, 2 * PAGE_SIZE, boundaries[i]);
		KUNIT_EXPECT_EQ(test, nr, fill_table(test, dev, runs, 0, 8 * PAGE_SIZE));
	}
}

static struct kunit_case dma_table_cases[] = {
	KUNIT_CASE(dma_entries_are_runs_of_memory),
	KUNIT_CASE(dma_obeys_the_devices_longest_entry),
	KUNIT_CASE(dma_obeys_the_devices_boundary),
	KUNIT_CASE(dma_joins_entries_up_to_the_longest_segment),
	KUNIT_CASE(dma_cuts_at_the_end_of_an_entry_too),
	{}
};

static struct kunit_suite dma_table_suite = {
	.name = "iokmem_dma_table",
	.test_cases = dma_table_cases,
};

kunit_test_suite(dma_table_suite);
