// SPDX-License-Identifier: GPL-2.0
/* Buffer descriptors, as drivers create and use them. */
#include <linux/uaccess.h>

#include "helpers.h"

#define MAX_BLOCK	(PAGE_SIZE << MAX_PAGE_ORDER)

struct refused_case {
	const char *name;
	u32 options;
	size_t capacity;
	size_t alignment;
	int err;
};

static const struct refused_case refused_cases[] = {
	{ "capacity 0", 0, 0, 0, -EINVAL },
	{ "capacity SIZE_MAX", 0, SIZE_MAX, 0, -EOVERFLOW },
	{ "capacity that rounds up to 0", 0, SIZE_MAX - PAGE_SIZE + 2, 0, -EOVERFLOW },
	{ "capacity just below that", 0, SIZE_MAX - PAGE_SIZE + 1, 0, -ENOMEM },
	{ "capacity of more than all memory", 0, 1UL << 45, 0, -ENOMEM },
	{ "alignment 3", 0, 1, 3, -EINVAL },
	{ "alignment SIZE_MAX", 0, 1, SIZE_MAX, -EINVAL },
	{ "alignment of more than all memory", 0, 1, 1UL << 45, -ERANGE },
	{ "contiguous memory of more than there is", IOKMEM_PHYSICALLY_CONTIGUOUS,
	  1UL << 45, 0, -ENOMEM },
	{ "purgeable but not pageable", IOKMEM_PURGEABLE, 1, 0, -EINVAL },
	{ "pageable of more than there is", IOKMEM_PAGEABLE, 1UL << 45, 0, -ENOMEM },
	{ "pageable of more than a file can have", IOKMEM_PAGEABLE,
	  SIZE_MAX - PAGE_SIZE + 1, 0, -ENOMEM },
	{ "no cache mode at all", IOKMEM_MAP_CACHE_MASK, 1, 0, -EOPNOTSUPP },
};

static void refused_desc(const struct refused_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refused, refused_cases, refused_desc);

static void buffer_refuses_bad_argument(struct kunit *test)
{
	const struct refused_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->err,
			buffer_error(c->options, c->capacity, c->alignment));
}

static void buffer_refuses_every_unknown_option(struct kunit *test)
{
	u32 known = IOKMEM_DIRECTION_MASK | IOKMEM_MAP_CACHE_MASK |
		    IOKMEM_PHYSICALLY_CONTIGUOUS | IOKMEM_PAGEABLE |
		    IOKMEM_PURGEABLE | IOKMEM_KERNEL_USER_SHARED;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (known & (1u << bit))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, -EOPNOTSUPP,
				    buffer_error(1u << bit, 1, 0), "bit %d", bit);
	}
}

static const size_t sizes[] = {
	1, 100, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 5 * PAGE_SIZE + 7,
	SZ_64K, SZ_2M, SZ_2M + 1, SZ_4M, 2 * SZ_4M + 3 * PAGE_SIZE,
};

static void size_desc(const size_t *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, size_desc);

static void buffer_has_length_and_capacity_as_asked(struct kunit *test)
{
	size_t size = *(const size_t *)test->param_value;
	struct iokmem_desc *desc = buffer(test, NULL, size, 0);

	KUNIT_EXPECT_EQ(test, size, iokmem_buffer_get_capacity(desc));
	KUNIT_EXPECT_EQ(test, size, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(size, PAGE_SIZE),
			iokmem_extents_pages(&desc->extents));
}

/* Fill freed pages with other bytes first, so that zeroes must come from the driver. */
static void buffer_is_zero_to_the_end_of_the_last_page(struct kunit *test)
{
	size_t size = *(const size_t *)test->param_value;
	struct iokmem_desc *dirty = buffer(test, IOKMEM_KERNEL_TASK, size, 0);
	struct iokmem_desc *desc;

	memset(iokmem_buffer_get_bytes_no_copy(dirty), 0xa5, PAGE_ALIGN(size));
	put_buffer_now(test, dirty);

	desc = buffer(test, IOKMEM_KERNEL_TASK, size, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(iokmem_buffer_get_bytes_no_copy(desc),
					   0, PAGE_ALIGN(size)));
}

/* With page faults forbidden, a fault would be an oops. */
static void buffer_of_the_kernel_never_faults(struct kunit *test)
{
	size_t size = *(const size_t *)test->param_value;
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, size, 0);
	u8 *bytes = iokmem_buffer_get_bytes_no_copy(desc), *page = NULL;
	size_t offset;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	pagefault_disable();
	for (offset = 0; offset < size; offset++)
		bytes[offset] = pattern(offset);
	pagefault_enable();

	for (offset = 0; offset < size; offset++) {
		if (!offset_in_page(offset))
			page = page_address(pfn_to_page(pfn_of(desc, offset)));
		if (page[offset_in_page(offset)] != pattern(offset))
			break;
	}
	KUNIT_EXPECT_EQ_MSG(test, offset, size,
			    "the kernel's address shows other memory");
}

static const size_t alignments[] = {
	1, 2, 64, PAGE_SIZE, 2 * PAGE_SIZE, SZ_64K, SZ_2M, MAX_BLOCK,
};

KUNIT_ARRAY_PARAM(alignment, alignments, size_desc);

/* Blocks are as large as possible, and lie at multiples of their size in the buffer. */
static void buffer_has_few_large_aligned_blocks(struct kunit *test)
{
	size_t alignment = *(const size_t *)test->param_value;
	struct iokmem_desc *desc = buffer(test, NULL, SZ_16M, alignment);
	unsigned long largest = max(SZ_2M, alignment) >> PAGE_SHIFT;
	unsigned int nr = 0;
	pgoff_t index = 0;

	while (index < iokmem_extents_pages(&desc->extents)) {
		struct iokmem_run run = iokmem_extents_lookup(&desc->extents, index);
		unsigned long pages = 1UL << compound_order(pfn_to_page(run.pfn));

		/* The first block determines the alignment. */
		KUNIT_EXPECT_LE(test, pages, index ? SZ_2M >> PAGE_SHIFT : largest);
		KUNIT_EXPECT_LE(test, pages, run.nr);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(index, pages));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(run.pfn, pages));
		index += pages;
		nr++;
	}
	KUNIT_EXPECT_LE(test, nr, SZ_16M / SZ_2M);
}

static const u32 block_modes[] = { 0, IOKMEM_MAP_WRITE_COMBINE_CACHE };

static void block_mode_desc(const u32 *mode, char *desc)
{
	strscpy(desc, *mode ? "from a pool" : "from the allocator",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(block_mode, block_modes, block_mode_desc);

/* The driver finds neighbours in whatever order blocks come. */
static void buffer_has_blocks_of_a_size_in_the_order_of_memory(struct kunit *test)
{
	u32 mode = *(const u32 *)test->param_value;
	struct iokmem_desc *desc, *blocks[8];
	unsigned long last = 0, last_pages = 0;
	pgoff_t index;
	int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = buffer_with(test, NULL, mode, SZ_2M, 0);
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		put_buffer_now(test, blocks[i * 3 % ARRAY_SIZE(blocks)]);
	desc = buffer_with(test, NULL, mode, SZ_16M, 0);
	for (index = 0; index < SZ_16M >> PAGE_SHIFT; index += last_pages) {
		struct page *page = pfn_to_page(pfn_of(desc, index << PAGE_SHIFT));

		if (compound_nr(page) == last_pages)
			KUNIT_EXPECT_GT(test, page_to_pfn(page), last);
		last = page_to_pfn(page);
		last_pages = compound_nr(page);
	}
}

/* Neighbouring pages are in one extent. */
static void buffer_has_no_extent_that_continues_another(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_16M + SZ_64K + PAGE_SIZE, 0);
	unsigned int i;

	for (i = 1; i < desc->extents.nr; i++)
		KUNIT_EXPECT_NE(test, desc->extents.array[i].pfn,
				desc->extents.array[i - 1].pfn +
				iokmem_extent_pages(&desc->extents, i - 1));
}

static void check_alignment(struct kunit *test, size_t size, size_t alignment)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, size, alignment);

	KUNIT_EXPECT_TRUE_MSG(test,
			      IS_ALIGNED(PFN_PHYS(pfn_of(desc, 0)), alignment),
			      "%zu bytes in memory", size);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED(iokmem_buffer_get_address(desc),
					       alignment),
			      "%zu bytes in the kernel", size);
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(size, PAGE_SIZE),
			iokmem_extents_pages(&desc->extents));
	put_buffer_now(test, desc);

	desc = buffer(test, current, size, alignment);
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED(iokmem_buffer_get_address(desc),
					       alignment),
			      "%zu bytes in a task", size);
}

static void buffer_is_aligned_in_memory_and_where_it_is_mapped(struct kunit *test)
{
	size_t alignment = *(const size_t *)test->param_value;

	attach_address_space(test);
	check_alignment(test, 1, alignment);
	check_alignment(test, 3 * PAGE_SIZE + 5, alignment);
	check_alignment(test, SZ_4M + SZ_2M + PAGE_SIZE, alignment);
}

static void buffer_length_changes_within_capacity(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, 1000, 0);

	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_length(desc, 10));
	KUNIT_EXPECT_EQ(test, 10, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_buffer_set_length(desc, 1001));
	KUNIT_EXPECT_EQ(test, 10, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_length(desc, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_length(desc, 1000));
	KUNIT_EXPECT_EQ(test, 1000, iokmem_buffer_get_capacity(desc));
}

static void buffer_tag_and_direction_are_kept(struct kunit *test)
{
	struct iokmem_desc *desc;

	desc = iokmem_buffer_with_capacity(1, IOKMEM_DIRECTION_OUT, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	KUNIT_EXPECT_EQ(test, IOKMEM_DIRECTION_OUT, iokmem_desc_get_direction(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_set_direction(desc, IOKMEM_DIRECTION_IN));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_buffer_set_direction(desc, 4));
	KUNIT_EXPECT_EQ(test, IOKMEM_DIRECTION_IN, iokmem_desc_get_direction(desc));

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_tag(desc));
	iokmem_desc_set_tag(desc, 0xfeedface);
	KUNIT_EXPECT_EQ(test, 0xfeedface, iokmem_desc_get_tag(desc));
	iokmem_desc_put(desc);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_buffer_with_capacity(1, 8, false)));
}

static void buffer_with_bytes_is_a_copy(struct kunit *test)
{
	struct iokmem_desc *desc;
	size_t size = SZ_64K + 11, i;
	u8 *bytes;

	bytes = kunit_kmalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	for (i = 0; i < size; i++)
		bytes[i] = pattern(i);

	desc = iokmem_buffer_with_bytes(bytes, size, IOKMEM_DIRECTION_OUT, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	KUNIT_EXPECT_EQ(test, size, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_MEMEQ(test, bytes, iokmem_buffer_get_bytes_no_copy(desc), size);
	iokmem_desc_put(desc);

	desc = iokmem_buffer_with_bytes(bytes, 0, IOKMEM_DIRECTION_OUT, false);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(desc));
	desc = iokmem_buffer_with_bytes(bytes, size, IOKMEM_PAGEABLE, false);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(desc));
}

static void buffer_appends_to_its_length_or_not_at_all(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, 2 * PAGE_SIZE, 0);
	u8 *bytes = iokmem_buffer_get_bytes_no_copy(desc);
	char one[] = "one", three[] = "three";

	KUNIT_EXPECT_EQ(test, -ENOSPC, iokmem_buffer_append_bytes(desc, one, 1));

	/* Across the seam of two pages. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, PAGE_SIZE - 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_append_bytes(desc, one, 3));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE + 2, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_MEMEQ(test, bytes + PAGE_SIZE - 1, "one\0", 4);
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_append_bytes(desc, one, 0));

	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 2 * PAGE_SIZE - 4));
	KUNIT_EXPECT_EQ(test, -ENOSPC, iokmem_buffer_append_bytes(desc, three, 5));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			iokmem_buffer_append_bytes(desc, three, SIZE_MAX));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE - 4, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes + PAGE_SIZE + 2, 0, PAGE_SIZE - 2));
	KUNIT_EXPECT_EQ(test, 0, iokmem_buffer_append_bytes(desc, three, 4));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, iokmem_desc_get_length(desc));
}

static void buffer_bytes_range_stays_below_the_length(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, 1000, 0);
	u8 *bytes = iokmem_buffer_get_bytes_no_copy(desc);

	KUNIT_EXPECT_PTR_EQ(test, bytes + 10,
			    iokmem_buffer_get_bytes_no_copy_range(desc, 10, 990));
	KUNIT_EXPECT_PTR_EQ(test, bytes + 999,
			    iokmem_buffer_get_bytes_no_copy_range(desc, 999, 0));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy_range(desc, 10, 991));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy_range(desc, 1000, 0));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy_range(desc, 10,
								      SIZE_MAX));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 5));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy_range(desc, 5, 0));
}

static void buffer_for_nobody_has_no_address(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);

	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_EXPECT_EQ(test, 0UL, iokmem_buffer_get_address(desc));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

static void buffer_in_a_user_task_is_mapped_there(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;
	u8 byte = 0;

	attach_address_space(test);
	desc = buffer(test, current, SZ_64K, 0);
	address = iokmem_buffer_get_address(desc);
	KUNIT_ASSERT_NE(test, 0UL, address);
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));

	fill_pattern(desc);
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)address + 777));
	KUNIT_EXPECT_EQ(test, pattern(777), byte);

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SZ_64K));
	KUNIT_EXPECT_EQ(test, 0UL, iokmem_buffer_get_address(desc));
}

static void buffer_in_a_kernel_thread_is_refused(struct kunit *test)
{
	/* The test's thread has no address space. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(iokmem_buffer_in_task_with_options(current, 0, 1, 0)));
}

static void buffer_is_on_the_node_that_was_asked_for(struct kunit *test)
{
	static const int bad[] = { -2, INT_MIN, MAX_NUMNODES, INT_MAX };
	static const int good[] = { NUMA_NO_NODE, 0 };
	struct iokmem_desc *desc;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		desc = iokmem_buffer_in_task_on_node(NULL, 0, SZ_64K, 0, bad[i]);
		KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), desc);
	}
	desc = iokmem_buffer_in_task_on_node(NULL, IOKMEM_PAGEABLE, SZ_64K, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), desc);
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		desc = iokmem_buffer_in_task_on_node(NULL, 0, SZ_64K, 0, good[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
		KUNIT_EXPECT_EQ(test, 0, pfn_to_nid(desc->extents.array[0].pfn));
		iokmem_desc_put(desc);
	}
}

static struct kunit_case buffer_cases[] = {
	KUNIT_CASE_PARAM(buffer_refuses_bad_argument, refused_gen_params),
	KUNIT_CASE(buffer_refuses_every_unknown_option),
	KUNIT_CASE_PARAM(buffer_has_length_and_capacity_as_asked, size_gen_params),
	KUNIT_CASE_PARAM(buffer_is_zero_to_the_end_of_the_last_page,
			 size_gen_params),
	KUNIT_CASE_PARAM(buffer_of_the_kernel_never_faults, size_gen_params),
	KUNIT_CASE_PARAM(buffer_has_few_large_aligned_blocks, alignment_gen_params),
	KUNIT_CASE_PARAM(buffer_has_blocks_of_a_size_in_the_order_of_memory,
			 block_mode_gen_params),
	KUNIT_CASE(buffer_has_no_extent_that_continues_another),
	KUNIT_CASE_PARAM(buffer_is_aligned_in_memory_and_where_it_is_mapped,
			 alignment_gen_params),
	KUNIT_CASE(buffer_length_changes_within_capacity),
	KUNIT_CASE(buffer_tag_and_direction_are_kept),
	KUNIT_CASE(buffer_with_bytes_is_a_copy),
	KUNIT_CASE(buffer_appends_to_its_length_or_not_at_all),
	KUNIT_CASE(buffer_bytes_range_stays_below_the_length),
	KUNIT_CASE(buffer_for_nobody_has_no_address),
	KUNIT_CASE(buffer_in_a_user_task_is_mapped_there),
	KUNIT_CASE(buffer_in_a_kernel_thread_is_refused),
	KUNIT_CASE(buffer_is_on_the_node_that_was_asked_for),
	{}
};

static struct kunit_suite buffer_suite = {
	.name = "iokmem_buffer",
	.test_cases = buffer_cases,
};

kunit_test_suite(buffer_suite);
