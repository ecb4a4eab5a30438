// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous memory, aligned memory, and memory below an address, checked by physical
 * addresses.
 */
#include <linux/io.h>
#include <linux/mm.h>

#include "helpers.h"
#include "page/pages.h"

static const size_t contiguous_sizes[] = {
	1, PAGE_SIZE + 1, 5 * PAGE_SIZE, SZ_64K, SZ_2M + 7, 3 * SZ_1M, SZ_4M,
	5 * SZ_1M, SZ_16M, 48 * SZ_1M + PAGE_SIZE,
};

static void contiguous_size_desc(const size_t *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *size);
}

KUNIT_ARRAY_PARAM(contiguous_size, contiguous_sizes, contiguous_size_desc);

/* Expect the memory to be one piece and zero, at the address that the kernel sees. */
static void expect_one_piece(struct kunit *test, struct iokmem_desc *desc)
{
	size_t length, size = iokmem_desc_get_length(desc);
	phys_addr_t address;
	void *bytes;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_physical_segment(desc, 0, &address,
								  &length));
	KUNIT_EXPECT_EQ(test, size, length);
	KUNIT_EXPECT_EQ(test, 1, desc->extents.nr);
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, address, virt_to_phys(bytes));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, PAGE_ALIGN(size)));
	memset(bytes, 0xa5, PAGE_ALIGN(size));
}

/* Run twice: memory that the second run reuses is not zero. */
static void contiguous_memory_is_one_zeroed_piece(struct kunit *test)
{
	size_t size = *(const size_t *)test->param_value;
	int i;

	for (i = 0; i < 2; i++) {
		struct iokmem_desc *desc;

		desc = buffer_with(test, IOKMEM_KERNEL_TASK,
				   IOKMEM_PHYSICALLY_CONTIGUOUS, size, 0);
		expect_one_piece(test, desc);
		put_buffer_now(test, desc);
	}
}

/* Ask for more than the reserve, if there is one, and continue when that is used up. */
static void contiguous_memory_comes_from_anywhere(struct kunit *test)
{
	struct iokmem_desc *descs[6];
	int i;

	for (i = 0; i < ARRAY_SIZE(descs); i++) {
		descs[i] = buffer_with(test, IOKMEM_KERNEL_TASK,
				       IOKMEM_PHYSICALLY_CONTIGUOUS, SZ_16M, 0);
		expect_one_piece(test, descs[i]);
	}
}

struct neighbours_case {
	const char *name;
	unsigned int blocks;	/* a bit for each 2 MiB of memory */
	unsigned long nr;
	unsigned int align_order;
	int first;		/* number of the first block that is found, or -1 */
};

static const struct neighbours_case neighbours_cases[] = {
	{ "all", 0xff, 8, 0, 0 },
	{ "the first", 0xff, 3, 0, 0 },
	{ "behind a shorter run", 0xf6, 3, 0, 4 },
	{ "the last", 0xc1, 2, 0, 6 },
	{ "too short ones", 0xdb, 3, 0, -1 },
	{ "none", 0, 3, 0, -1 },
	{ "from an aligned one on", 0xfe, 2, 10, 2 },
	{ "too few from an aligned one on", 0x0e, 3, 10, -1 },
};

static void neighbours_desc(const struct neighbours_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(neighbours, neighbours_cases, neighbours_desc);

/* Expect exactly these blocks in the list. The first one is at @pfn. */
static void expect_blocks(struct kunit *test, const struct list_head *list,
			  unsigned int blocks, unsigned long pfn)
{
	struct page *page;

	list_for_each_entry(page, list, lru) {
		unsigned long i = (page_to_pfn(page) - pfn) >> (21 - PAGE_SHIFT);

		KUNIT_EXPECT_TRUE(test, i < 8 && blocks & BIT(i));
		blocks &= ~BIT(i);
	}
	KUNIT_EXPECT_EQ(test, 0, blocks);
}

static void contiguous_neighbours_are_found_among_blocks(struct kunit *test)
{
	const struct neighbours_case *c = test->param_value;
	struct iokmem_pages_request request = {
		.nid = NUMA_NO_NODE,
		.nr = c->nr << (21 - PAGE_SHIFT),
		.align_order = c->align_order,
	};
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PHYSICALLY_CONTIGUOUS,
					       SZ_16M, SZ_4M);
	unsigned int expected = c->first < 0 ? 0 : GENMASK(c->first + c->nr - 1, c->first);
	unsigned long pfn = pfn_of(desc, 0), next = pfn;
	LIST_HEAD(blocks);
	LIST_HEAD(found);
	struct page *page;
	int i;

	for (i = 0; i < 8; i++)
		if (c->blocks & BIT(i))
			list_add_tail(&pfn_to_page(pfn_of(desc, i * SZ_2M))->lru, &blocks);
	KUNIT_EXPECT_EQ(test, c->first >= 0,
			iokmem_neighbours_find(&blocks, &found, &request));
	expect_blocks(test, &found, expected, pfn);
	expect_blocks(test, &blocks, c->blocks & ~expected, pfn);
	/* The blocks are in order. */
	list_for_each_entry(page, &found, lru) {
		KUNIT_EXPECT_LE(test, next, page_to_pfn(page));
		next = page_to_pfn(page);
	}
}

/* Some buffers consist of neighbours. Finding one takes a few attempts at most. */
static void contiguous_memory_is_of_blocks_that_are_neighbours(struct kunit *test)
{
	const size_t size = 3 * SZ_2M;
	bool compound = false;
	int i;

	for (i = 0; i < 24 && !compound; i++) {
		struct iokmem_desc *desc;
		size_t offset;

		desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_PHYSICALLY_CONTIGUOUS,
				   size, SZ_2M);
		compound = PageCompound(pfn_to_page(pfn_of(desc, 0)));
		for (offset = 0; compound && offset < size; offset += SZ_2M)
			KUNIT_EXPECT_EQ(test, SZ_2M >> PAGE_SHIFT,
					compound_nr(pfn_to_page(pfn_of(desc, offset))));
		expect_one_piece(test, desc);
	}
	if (!compound)
		kunit_skip(test, "there are none");
}

/* Memory that the page allocator can provide neither as one block nor as several of a size. */
static void contiguous_memory_comes_from_the_reserve_first(struct kunit *test)
{
	unsigned long before = global_zone_page_state(NR_FREE_CMA_PAGES);

	if (!IS_ENABLED(CONFIG_DMA_CMA) || before < SZ_16M / PAGE_SIZE)
		kunit_skip(test, "there is no such reserve");
	/* The count may lag behind by some pages. */
	buffer_with(test, NULL, IOKMEM_PHYSICALLY_CONTIGUOUS, SZ_8M + PAGE_SIZE, 0);
	KUNIT_EXPECT_LT(test, global_zone_page_state(NR_FREE_CMA_PAGES),
			before - SZ_4M / PAGE_SIZE);
}

static const size_t contiguous_alignments[] = {
	2, PAGE_SIZE, SZ_64K, SZ_2M, SZ_4M, SZ_8M, SZ_32M,
};

KUNIT_ARRAY_PARAM(contiguous_alignment, contiguous_alignments, contiguous_size_desc);

static void contiguous_memory_is_aligned(struct kunit *test)
{
	size_t alignment = *(const size_t *)test->param_value;
	const size_t lengths[] = { 1, SZ_64K + 1, SZ_4M + 1 };
	struct iokmem_desc *desc;
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		desc = buffer_with(test, IOKMEM_KERNEL_TASK,
				   IOKMEM_PHYSICALLY_CONTIGUOUS, lengths[i], alignment);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(PFN_PHYS(pfn_of(desc, 0)), alignment));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(iokmem_buffer_get_address(desc),
						   alignment));
		expect_one_piece(test, desc);
		put_buffer_now(test, desc);
	}
}

/* An alignment above that of a block makes memory contiguous without the option. */
static void contiguous_memory_is_what_large_alignment_gives(struct kunit *test)
{
	struct iokmem_desc *desc;

	desc = buffer(test, IOKMEM_KERNEL_TASK, 5 * SZ_1M, SZ_8M);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(PFN_PHYS(pfn_of(desc, 0)), SZ_8M));
	expect_one_piece(test, desc);
}

static void contiguous_capacity_is_aligned_to_its_size(struct kunit *test)
{
	struct iokmem_desc *desc;
	u8 bytes[] = "contiguous";

	desc = keep_desc(test, iokmem_buffer_with_capacity(3 * SZ_1M,
							   IOKMEM_DIRECTION_IN, true));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(PFN_PHYS(pfn_of(desc, 0)), SZ_4M));
	expect_one_piece(test, desc);

	desc = keep_desc(test, iokmem_buffer_with_bytes(bytes, sizeof(bytes),
							IOKMEM_DIRECTION_OUT, true));
	KUNIT_EXPECT_MEMEQ(test, bytes, iokmem_buffer_get_bytes_no_copy(desc),
			   sizeof(bytes));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(iokmem_buffer_with_capacity(0, 0, true)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR(iokmem_buffer_with_capacity(SIZE_MAX, 0, true)));
}

struct mask_case {
	const char *name;
	u64 mask;
	u32 options;
	size_t size;
};

static const struct mask_case mask_cases[] = {
	{ "32 bits", 0xffffffff, 0, SZ_4M + 5 },
	{ "32 bits, pages", 0xfffff000, 0, SZ_64K },
	{ "32 bits, 64 KiB", 0xffff0000, 0, 3 * SZ_64K },
	{ "32 bits, 8 MiB", 0xff800000, 0, SZ_64K },
	{ "29 bits", 0x1fffffff, 0, SZ_16M },
	{ "28 bits", 0x0fffffff, 0, SZ_16M + PAGE_SIZE },
	{ "28 bits, contiguous", 0x0fffffff, IOKMEM_PHYSICALLY_CONTIGUOUS, SZ_16M },
	{ "28 bits, 1 MiB", 0x0ff00000, 0, 5 },
	{ "28 bits, uncached", 0x0fffffff, IOKMEM_MAP_INHIBIT_CACHE, SZ_64K },
	{ "26 bits", 0x03ffffff, 0, SZ_1M },
	{ "24 bits", 0x00ffffff, 0, SZ_64K },
	{ "24 bits, contiguous", 0x00ffffff, IOKMEM_PHYSICALLY_CONTIGUOUS, SZ_64K },
	{ "64 bits", U64_MAX, 0, SZ_64K },
	{ "64 bits, 64 KiB", ~0xffffULL, 0, SZ_64K },
	{ "none", 0, 0, SZ_64K },
};

static void mask_desc(const struct mask_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mask, mask_cases, mask_desc);

static struct iokmem_desc *buffer_below(struct kunit *test, const struct mask_case *c)
{
	struct iokmem_desc *desc;

	desc = iokmem_buffer_in_task_with_physical_mask(IOKMEM_KERNEL_TASK, c->options,
							c->size, c->mask);
	return keep_desc(test, desc);
}

/* The first byte's address fits the mask. Addresses of other bytes fit its open bits. */
static void contiguous_mask_fits_every_byte(struct kunit *test)
{
	const struct mask_case *c = test->param_value;
	u64 highest = c->mask ? c->mask | (c->mask - 1) : U64_MAX;
	struct iokmem_desc *desc = buffer_below(test, c);
	size_t offset = 0, length;
	phys_addr_t address;
	void *bytes;

	while (offset < c->size) {
		KUNIT_ASSERT_EQ(test, 0,
				iokmem_desc_get_physical_segment(desc, offset,
								 &address, &length));
		if (!offset && c->mask)
			KUNIT_EXPECT_EQ(test, 0, address & ~c->mask);
		KUNIT_EXPECT_LE(test, address + length - 1, highest);
		offset += length;
	}
	KUNIT_EXPECT_EQ(test, offset, c->size);
	if (c->mask && (c->mask & -c->mask) > PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, 1, desc->extents.nr);
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, PAGE_ALIGN(c->size)));
	memset(bytes, 0xa5, PAGE_ALIGN(c->size));
}

struct refused_place {
	const char *name;
	u64 mask;
	u32 options;
	size_t size;
	int err;
};

static const struct refused_place refused_places[] = {
	{ "below a page", 0xfff, 0, 1, -ERANGE },
	{ "one bit", 1, 0, 1, -ERANGE },
	{ "smaller than the buffer", 0xfffff, 0, SZ_1M + 1, -ERANGE },
	{ "alignment of all memory", 1ULL << 63, 0, 1, -ERANGE },
	{ "two pieces", 0xf0f00000, 0, 1, -EINVAL },
	{ "a hole", 0xfffeffff, 0, 1, -EINVAL },
	{ "all that lies there", 0x00ffffff, 0, SZ_16M, -ERANGE },
	{ "more than is free there", 0x00ffffff, 0, SZ_16M - PAGE_SIZE, -ENOMEM },
	{ "pageable", 0xffffffff, IOKMEM_PAGEABLE, 1, -EINVAL },
	{ "capacity 0", 0xffffffff, 0, 0, -EINVAL },
	{ "unknown option", 0xffffffff, 0x8, 1, -EOPNOTSUPP },
};

static void refused_place_desc(const struct refused_place *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refused_place, refused_places, refused_place_desc);

static void contiguous_impossible_mask_is_refused(struct kunit *test)
{
	const struct refused_place *c = test->param_value;
	struct iokmem_desc *desc;

	desc = iokmem_buffer_in_task_with_physical_mask(NULL, c->options, c->size,
							c->mask);
	KUNIT_EXPECT_EQ(test, c->err, PTR_ERR(desc));
}

/* Half of all memory is not available in one piece. The request must do no harm. */
static void contiguous_impossible_request_fails_soon(struct kunit *test)
{
	unsigned long before, start = jiffies;
	struct iokmem_desc *desc;
	struct page *blocks[64];
	int i, nr;

	/* Memory that cannot be moved, spread over the machine. */
	for (nr = 0; nr < ARRAY_SIZE(blocks); nr++) {
		blocks[nr] = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
					 MAX_PAGE_ORDER);
		if (!blocks[nr])
			break;
	}
	before = global_zone_page_state(NR_FREE_PAGES);
	desc = iokmem_buffer_with_options(IOKMEM_PHYSICALLY_CONTIGUOUS,
					  (totalram_pages() / 2) << PAGE_SHIFT, 0);
	KUNIT_EXPECT_EQ(test, -ENOMEM, PTR_ERR_OR_ZERO(desc));
	if (!IS_ERR(desc))
		iokmem_desc_put(desc);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - start), 30000);
	for (i = 0; i < nr; i++)
		__free_pages(blocks[i], MAX_PAGE_ORDER);

	/* Pages that were moved away during the search still exist, or are free. */
	KUNIT_EXPECT_GT(test, global_zone_page_state(NR_FREE_PAGES) + SZ_8M / PAGE_SIZE,
			before);
	desc = buffer_with(test, IOKMEM_KERNEL_TASK, IOKMEM_PHYSICALLY_CONTIGUOUS,
			   SZ_8M, 0);
	expect_one_piece(test, desc);
}

static struct kunit_case contiguous_cases[] = {
	KUNIT_CASE_PARAM(contiguous_memory_is_one_zeroed_piece, contiguous_size_gen_params),
	KUNIT_CASE(contiguous_memory_comes_from_the_reserve_first),
	KUNIT_CASE_PARAM(contiguous_neighbours_are_found_among_blocks, neighbours_gen_params),
	KUNIT_CASE(contiguous_memory_is_of_blocks_that_are_neighbours),
	KUNIT_CASE(contiguous_memory_comes_from_anywhere),
	KUNIT_CASE_PARAM(contiguous_memory_is_aligned, contiguous_alignment_gen_params),
	KUNIT_CASE(contiguous_memory_is_what_large_alignment_gives),
	KUNIT_CASE(contiguous_capacity_is_aligned_to_its_size),
	KUNIT_CASE_PARAM(contiguous_mask_fits_every_byte, mask_gen_params),
	KUNIT_CASE_PARAM(contiguous_impossible_mask_is_refused, refused_place_gen_params),
	KUNIT_CASE(contiguous_impossible_request_fails_soon),
	{}
};

static struct kunit_suite contiguous_suite = {
	.name = "iokmem_contiguous",
	.test_cases = contiguous_cases,
};

kunit_test_suite(contiguous_suite);
