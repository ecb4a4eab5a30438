// SPDX-License-Identifier: GPL-2.0
/* Descriptors of other descriptors' memory: windows, sequences and guard pages. */
#include <linux/dma-mapping.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kinds.h"

static struct iokmem_desc *sub(struct kunit *test, struct iokmem_desc *parent,
			       size_t offset, size_t length)
{
	return keep_desc(test, iokmem_sub_with_sub_range(parent, offset, length, INOUT));
}

static struct iokmem_desc *multi(struct kunit *test, struct iokmem_desc *const *descs,
				 unsigned int nr)
{
	return keep_desc(test, iokmem_multi_with_descriptors(descs, nr, INOUT));
}

static struct iokmem_desc *guard_pages(struct kunit *test, size_t size)
{
	return keep_desc(test, iokmem_guard_with_size(size));
}

static struct iokmem_desc *wired(struct kunit *test, size_t capacity)
{
	struct iokmem_desc *desc = buffer(test, NULL, capacity, 0);

	fill_pattern(desc);
	return desc;
}

static void sub_is_a_window(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K), *desc;
	u8 bytes[100];

	iokmem_desc_set_tag(parent, 77);
	desc = keep_desc(test, iokmem_sub_with_sub_range(parent, 5000, 3000,
							 IOKMEM_DIRECTION_OUT));
	KUNIT_EXPECT_EQ(test, 3000, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, 77, iokmem_desc_get_tag(desc));
	KUNIT_EXPECT_EQ(test, IOKMEM_DIRECTION_OUT, iokmem_desc_get_direction(desc));
	iokmem_desc_set_tag(desc, 78);
	KUNIT_EXPECT_EQ(test, 77, iokmem_desc_get_tag(parent));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 2900, bytes, 100));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, 100, 7900));

	/* Nothing beyond the window can be accessed. */
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_desc_read_bytes(desc, 2901, bytes, 100));
	KUNIT_EXPECT_EQ(test, -ERANGE, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 2901, 100));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_buffer_set_length(desc, 5000));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_buffer_set_direction(desc, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_buffer_append_bytes(desc, bytes, 1));
	KUNIT_EXPECT_NULL(test, iokmem_buffer_get_bytes_no_copy(desc));
}

static void sub_segments_end_with_the_window(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K);
	struct iokmem_desc *desc = sub(test, parent, 5000, 3000);
	phys_addr_t address;
	size_t length;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_physical_segment(desc, 10, &address,
								  &length));
	KUNIT_EXPECT_EQ(test, PFN_PHYS(pfn_of(parent, 5010)) + offset_in_page(5010),
			address);
	KUNIT_EXPECT_LE(test, length, 2990);
	KUNIT_EXPECT_EQ(test, -ERANGE,
			iokmem_desc_get_physical_segment(desc, 3000, &address, &length));
}

static void sub_maps_are_its_parents(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K);
	struct iokmem_desc *desc = sub(test, parent, SZ_16K, SZ_16K);
	struct iokmem_map *whole, *m;

	attach_address_space(test);
	whole = map(test, parent, current, 0, 0, 0);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, address_of(whole) + SZ_16K, address_of(m));
	KUNIT_EXPECT_EQ(test, SZ_16K, iokmem_map_get_length(m));
	KUNIT_EXPECT_EQ(test, SZ_16K, iokmem_map_get_offset(m));
	KUNIT_EXPECT_PTR_EQ(test, parent, iokmem_map_get_memory_descriptor(m));
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, parent, current, 0, SZ_16K, SZ_16K));
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, sub(test, parent, SZ_16K, SZ_16K), current,
					 0, 0, 0));

	/* The sub-descriptor's map may be the first. */
	m = map(test, sub(test, parent, SZ_32K, SZ_16K), current, IOKMEM_MAP_READ_ONLY,
		0, 0);
	KUNIT_EXPECT_EQ(test, address_of(m) + SZ_8K,
			address_of(map(test, parent, current, IOKMEM_MAP_READ_ONLY,
				       SZ_32K + SZ_8K, SZ_4K)));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), SZ_16K, SZ_32K));
}

static void sub_of_a_sub_is_one_of_the_first_parent(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K);
	struct iokmem_desc *outer = sub(test, parent, 5000, 20000);
	struct iokmem_desc *inner = sub(test, outer, 7000, 1000);
	u8 *bytes = kunit_kzalloc(test, 1000, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(inner, 0, bytes, 1000));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, 1000, 12000));
	KUNIT_EXPECT_PTR_EQ(test, parent, inner->parent);
	put_buffer_now(test, outer);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(inner, 999, bytes, 1));
}

/* A user of the window must not see other bytes of its pages. */
static void sub_shows_tasks_whole_pages_of_its_own(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, 3 * PAGE_SIZE + 100);
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	attach_address_space(test);
	desc = sub(test, parent, 0, PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	m = map(test, desc, current, 0, 5, 10);
	KUNIT_EXPECT_EQ(test, 5, offset_in_page(address_of(m)));

	desc = sub(test, parent, 10, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 10));
	KUNIT_EXPECT_EQ(test, 0,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, PAGE_SIZE - 10,
				  PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE, 0, 0));

	/* There are only zeroes behind the end of the memory. */
	desc = sub(test, parent, 2 * PAGE_SIZE, PAGE_SIZE + 100);
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	desc = sub(test, parent, 2 * PAGE_SIZE, PAGE_SIZE + 99);
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
}

static void sub_keeps_its_parent(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K);
	struct iokmem_desc *desc = sub(test, parent, 100, 100);
	u64 id = parent->id;
	u8 byte;

	put_buffer_now(test, parent);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, pattern(100), byte);
	put_buffer_now(test, desc);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void sub_refuses_ranges_outside_its_parent(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K);

	KUNIT_EXPECT_EQ(test, -ERANGE,
			PTR_ERR(iokmem_sub_with_sub_range(parent, 1, SZ_64K, 0)));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			PTR_ERR(iokmem_sub_with_sub_range(parent, SZ_64K + 1, 0, 0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR(iokmem_sub_with_sub_range(parent, 2, SIZE_MAX, 0)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_sub_with_sub_range(parent, 0, 1, 4)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(parent, 100));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			PTR_ERR(iokmem_sub_with_sub_range(parent, 0, 101, 0)));
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&parent->users));

	/* A descriptor of no bytes is valid. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_length(sub(test, parent, 100, 0)));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			PTR_ERR(iokmem_desc_map(sub(test, parent, 0, 0), 0)));
}

static void multi_is_one_after_the_other(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, 100), *b = wired(test, 3 * PAGE_SIZE), *desc;
	u8 *bytes = kunit_kmalloc(test, SZ_64K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	iokmem_desc_set_tag(b, 77);
	desc = multi(test, (struct iokmem_desc *[]){ a, b, a }, 3);
	KUNIT_EXPECT_EQ(test, 77, iokmem_desc_get_tag(desc));
	KUNIT_EXPECT_EQ(test, 200 + 3 * PAGE_SIZE, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, bytes,
							200 + 3 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, 100, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes + 100, 3 * PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes + 100 + 3 * PAGE_SIZE, 100, 0));

	/* Its seams are in the middle of pages. */
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_desc_map(desc, 0)));
	KUNIT_EXPECT_EQ(test, 0, a->held);
}

static void multi_is_mapped_as_one_range(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K), *desc;
	struct iokmem_desc *members[] = {
		sub(test, parent, PAGE_SIZE + 33, PAGE_SIZE - 33),
		sub(test, parent, 8 * PAGE_SIZE, 2 * PAGE_SIZE),
		sub(test, parent, 4 * PAGE_SIZE, 50),
	};
	struct iokmem_map *m;
	u8 *bytes;

	attach_address_space(test);
	desc = multi(test, members, 3);
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	bytes = (u8 *)address_of(m);
	KUNIT_EXPECT_EQ(test, 33, offset_in_page(bytes));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, PAGE_SIZE - 33, PAGE_SIZE + 33));
	bytes += PAGE_SIZE - 33;
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, 2 * PAGE_SIZE, 8 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes + 2 * PAGE_SIZE, 50, 4 * PAGE_SIZE));

	/* A task can map the whole pages, but not the ends. */
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	m = map(test, desc, current, 0, PAGE_SIZE - 33, 2 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), 2 * PAGE_SIZE, 8 * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, current, 0, PAGE_SIZE - 33,
					 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, pfn_of(parent, 8 * PAGE_SIZE),
			entry_of(current->mm, address_of(m)).pfn);
}

/* A seam that is not between pages matters only to maps that have it. */
static void multi_is_mapped_where_its_seams_fit(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, 7634), *b = wired(test, 2 * PAGE_SIZE);
	struct iokmem_desc *c = wired(test, SZ_64K), *desc, *window;
	struct iokmem_map *m;
	size_t second;

	attach_address_space(test);
	c = sub(test, c, 3 * PAGE_SIZE, 2 * PAGE_SIZE + 100);
	desc = multi(test, (struct iokmem_desc *[]){ a, b, c, a }, 4);
	second = 7634;
	KUNIT_EXPECT_EQ(test, -EINVAL, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, second - 1, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE,
						 PAGE_SIZE, 2 * PAGE_SIZE + second % PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, b->held);

	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, second);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), second, 0));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, second, 4 * PAGE_SIZE + 100);
	KUNIT_EXPECT_EQ(test, 0, offset_in_page(address_of(m)));
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), 2 * PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m) + 2 * PAGE_SIZE,
					    2 * PAGE_SIZE + 100, 3 * PAGE_SIZE));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, second + 4 * PAGE_SIZE + 100, second);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), second, 0));

	/* A task gets whole pages of the multi-descriptor, by its window as well. */
	m = map(test, desc, current, 0, second, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, offset_in_page(address_of(m)));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), 2 * PAGE_SIZE, 0));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m) + 2 * PAGE_SIZE, 2 * PAGE_SIZE,
						 3 * PAGE_SIZE));
	window = sub(test, desc, second + PAGE_SIZE, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, address_of(m) + PAGE_SIZE,
			address_of(map(test, window, current, 0, 0, 0)));
	KUNIT_EXPECT_EQ(test, 5, offset_in_page(address_of(map(test, window, current,
							       IOKMEM_MAP_UNIQUE, 5, 7))));
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, second,
						 4 * PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE,
						 PAGE_SIZE, second - PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 10));
}

/* Adjacent windows of one descriptor are one member, wherever the seam is. */
static void multi_joins_neighbours(struct kunit *test)
{
	struct iokmem_desc *parent = wired(test, SZ_64K), *desc;
	struct iokmem_desc *members[] = {
		sub(test, parent, 100, 7634), sub(test, parent, 7734, 9870),
		sub(test, parent, 17604, SZ_64K - 17604),
	};
	struct iokmem_map *m;

	desc = multi(test, members, 3);
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), SZ_64K - 100, 100));
}

static void multi_has_huge_entries_where_its_members_do(struct kunit *test)
{
	struct iokmem_desc *a = buffer(test, NULL, SZ_2M, SZ_2M);
	struct iokmem_desc *b = buffer(test, NULL, SZ_2M, SZ_2M), *desc;
	struct iokmem_map *m;

	if (!IOKMEM_HUGE_ENTRIES)
		kunit_skip(test, "this kernel cannot mark huge entries special");
	attach_address_space(test);
	desc = multi(test, (struct iokmem_desc *[]){ a, b, a }, 3);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m) + SZ_2M + SZ_64K));
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m) + 2 * SZ_2M));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(m) + SZ_2M).huge);
	KUNIT_EXPECT_EQ(test, pfn_of(b, 0), entry_of(current->mm, address_of(m) + SZ_2M).pfn);
	KUNIT_EXPECT_EQ(test, pfn_of(a, 0),
			entry_of(current->mm, address_of(m) + 2 * SZ_2M).pfn);
}

static void multi_of_multis_has_their_members(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, PAGE_SIZE), *b = wired(test, 2 * PAGE_SIZE);
	struct iokmem_desc *inner, *window, *outer;
	u8 bytes[3 * 100];

	inner = multi(test, (struct iokmem_desc *[]){ a, b, a }, 3);
	window = sub(test, inner, PAGE_SIZE - 50, PAGE_SIZE);
	outer = multi(test, (struct iokmem_desc *[]){ window, b }, 2);
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, iokmem_desc_get_length(outer));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(outer, 0, bytes, 100));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, 50, PAGE_SIZE - 50));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes + 50, 50, 0));
	put_buffer_now(test, inner);
	put_buffer_now(test, window);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(outer, PAGE_SIZE - 50, bytes, 100));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes, 50, PAGE_SIZE - 100));
	KUNIT_EXPECT_TRUE(test, has_pattern(bytes + 50, 50, 0));
}

static void multi_holds_its_members_while_mapped(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, PAGE_SIZE), *desc;
	struct iokmem_desc *b = buffer_with(test, NULL, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
					    PAGE_SIZE, 0);
	struct iokmem_map *m;
	u64 pages;

	attach_address_space(test);
	desc = multi(test, (struct iokmem_desc *[]){ a, b }, 2);
	KUNIT_EXPECT_EQ(test, 0, b->held);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, b->held);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_page_counts(b, &pages, NULL));
	KUNIT_EXPECT_EQ(test, 1, pages);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			map_error(a, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));

	/* The map and the member show one memory. */
	KUNIT_ASSERT_EQ(test, 0, put_user(5, (u8 __user *)address_of(m) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_set_purgeable(b, IOKMEM_PURGEABLE_EMPTY, NULL));
	KUNIT_EXPECT_FALSE(test, user_has_pattern(address_of(m) + PAGE_SIZE, PAGE_SIZE, 0));
	put_map_now(test, m);
	KUNIT_EXPECT_TRUE(test, b->held <= 1);
}

static void multi_tells_the_cache_mode_of_its_members(struct kunit *test)
{
	struct iokmem_desc *a = buffer_with(test, NULL, IOKMEM_MAP_WRITE_COMBINE_CACHE,
					    PAGE_SIZE, 0);
	struct iokmem_desc *b = wired(test, PAGE_SIZE), *desc;
	struct iokmem_map *m;

	need_memory_types(test);
	attach_address_space(test);
	desc = multi(test, (struct iokmem_desc *[]){ a, guard_pages(test, 1), a }, 3);
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			iokmem_desc_get_cache_mode(desc));
	/* The members' mode may be requested, but no other. */
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
					   IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_INHIBIT_CACHE, 0, 0));

	desc = multi(test, (struct iokmem_desc *[]){ a, b }, 2);
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_DEFAULT_CACHE, iokmem_desc_get_cache_mode(desc));
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m)));
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_WRITE_COMBINE_CACHE,
			entry_of(current->mm, address_of(m)).cache);
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_COPYBACK_CACHE,
			entry_of(current->mm, address_of(m) + PAGE_SIZE).cache);
	/* The kernel has one type for a whole mapping. */
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(iokmem_desc_map(desc, 0)));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0,
					   IOKMEM_MAP_ANYWHERE, PAGE_SIZE, PAGE_SIZE));
}

static void multi_refuses_invalid_members(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, PAGE_SIZE), *empty, *coherent, *both[2];
	struct iokmem_desc **many;
	int i;

	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_multi_with_descriptors(&a, 0, 0)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_multi_with_descriptors(&a, 1, 4)));
	empty = sub(test, a, 0, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(iokmem_multi_with_descriptors(&empty, 1, 0)));
	coherent = keep_desc(test, iokmem_buffer_coherent(device(test), 0, PAGE_SIZE));
	both[0] = a;
	both[1] = coherent;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_multi_with_descriptors(both, 2, 0)));

	many = kunit_kmalloc_array(test, IOKMEM_MULTI_MAX + 1, sizeof(*many), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many);
	for (i = 0; i <= IOKMEM_MULTI_MAX; i++)
		many[i] = a;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			PTR_ERR(iokmem_multi_with_descriptors(many, IOKMEM_MULTI_MAX + 1, 0)));
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&a->users));
	multi(test, many, IOKMEM_MULTI_MAX);
}

static void guard_pages_cannot_be_touched(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, 2 * PAGE_SIZE), *desc;
	struct iokmem_desc *members[] = {
		guard_pages(test, 1), a, guard_pages(test, PAGE_SIZE + 1), a,
	};
	struct iokmem_map *m;
	u8 byte = 5;

	attach_address_space(test);
	desc = multi(test, members, ARRAY_SIZE(members));
	KUNIT_EXPECT_EQ(test, 7 * PAGE_SIZE, iokmem_desc_get_length(desc));
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_NE(test, 0UL, touch(address_of(m)));
	KUNIT_EXPECT_NE(test, 0UL, touch(address_of(m) + PAGE_SIZE - 1));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m) + PAGE_SIZE, 2 * PAGE_SIZE, 0));
	KUNIT_EXPECT_NE(test, 0UL, touch(address_of(m) + 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(byte, (u8 __user *)address_of(m) + 4 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m) + 5 * PAGE_SIZE, 2 * PAGE_SIZE, 0));

	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, PAGE_SIZE, &byte, 1));
	/* All bytes or none: those before the guard page are not written either. */
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_write_bytes(desc, PAGE_SIZE, NULL,
							       3 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m) + PAGE_SIZE, 2 * PAGE_SIZE, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			iokmem_desc_perform_operation(desc, IOKMEM_INCOHERENT_IO_STORE, 0, 1));
}

static void guard_pages_are_not_in_the_kernel(struct kunit *test)
{
	struct iokmem_desc *a = wired(test, 2 * PAGE_SIZE), *g = guard_pages(test, 1), *desc;
	u8 byte = 0;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(iokmem_desc_map(g, 0)));
	desc = multi(test, (struct iokmem_desc *[]){ a, g, a }, 3);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(iokmem_desc_map(desc, 0)));
	KUNIT_EXPECT_EQ(test, 0, desc->held);

	/* Map the guard page alone in a task. */
	KUNIT_EXPECT_NE(test, 0UL, touch(address_of(map(test, g, current, 0, 0, 0))));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_read_bytes(g, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_write_bytes(g, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_guard_with_size(0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_guard_with_size(SIZE_MAX)));
}

static void coherent_memory_is_the_dma_apis(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc;
	struct iokmem_map *m;
	dma_addr_t dma = 0;
	u8 *bytes;

	attach_address_space(test);
	desc = keep_desc(test, iokmem_buffer_coherent(dev, INOUT, 5 * PAGE_SIZE + 7));
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, 6 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 5 * PAGE_SIZE + 7, iokmem_desc_get_length(desc));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_get_dma_address(desc, &dma));
	KUNIT_EXPECT_NE(test, 0, dma);
	fill_bytes(bytes, 5 * PAGE_SIZE + 7);

	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), 5 * PAGE_SIZE + 7, 0));
	KUNIT_EXPECT_EQ(test, iokmem_desc_get_cache_mode(desc),
			entry_of(current->mm, address_of(m)).cache);
	/* Map a part with its own addresses. */
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, 2 * PAGE_SIZE + 5, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), PAGE_SIZE, 2 * PAGE_SIZE + 5));
	m = map(test, desc, current, IOKMEM_MAP_READ_ONLY, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, user_has_pattern(address_of(m), PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(5, (u8 __user *)address_of(m)));
}

static void coherent_memory_is_below_the_devices_mask(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc;
	dma_addr_t dma = 0;

	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(24)));
	desc = keep_desc(test, iokmem_buffer_coherent(dev, INOUT, SZ_64K));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_get_dma_address(desc, &dma));
	KUNIT_EXPECT_LT(test, dma, SZ_16M);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			PTR_ERR(iokmem_buffer_coherent(dev, INOUT, SZ_64M)));
}

static void coherent_memory_refuses_bad_argument(struct kunit *test)
{
	struct device *dev = device(test);
	struct iokmem_desc *desc;
	dma_addr_t dma = 77;

	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_buffer_coherent(dev, INOUT, 0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR(iokmem_buffer_coherent(dev, INOUT, SIZE_MAX)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_buffer_coherent(dev, IOKMEM_PAGEABLE, 1)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(iokmem_buffer_coherent(dev, IOKMEM_MAP_INHIBIT_CACHE, 1)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			iokmem_buffer_get_dma_address(buffer(test, NULL, 1, 0), &dma));
	KUNIT_EXPECT_EQ(test, 77, dma);

	attach_address_space(test);
	desc = keep_desc(test, iokmem_buffer_coherent(dev, INOUT, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_WRITE_COMBINE_CACHE, 0, 0));
}

static struct kunit_case compound_cases[] = {
	KUNIT_CASE(sub_is_a_window),
	KUNIT_CASE(sub_segments_end_with_the_window),
	KUNIT_CASE(sub_maps_are_its_parents),
	KUNIT_CASE(sub_of_a_sub_is_one_of_the_first_parent),
	KUNIT_CASE(sub_shows_tasks_whole_pages_of_its_own),
	KUNIT_CASE(sub_keeps_its_parent),
	KUNIT_CASE(sub_refuses_ranges_outside_its_parent),
	KUNIT_CASE(multi_is_one_after_the_other),
	KUNIT_CASE(multi_is_mapped_as_one_range),
	KUNIT_CASE(multi_is_mapped_where_its_seams_fit),
	KUNIT_CASE(multi_joins_neighbours),
	KUNIT_CASE(multi_has_huge_entries_where_its_members_do),
	KUNIT_CASE(multi_of_multis_has_their_members),
	KUNIT_CASE(multi_holds_its_members_while_mapped),
	KUNIT_CASE(multi_tells_the_cache_mode_of_its_members),
	KUNIT_CASE(multi_refuses_invalid_members),
	KUNIT_CASE(guard_pages_cannot_be_touched),
	KUNIT_CASE(guard_pages_are_not_in_the_kernel),
	{}
};

static struct kunit_case coherent_cases[] = {
	KUNIT_CASE(coherent_memory_is_the_dma_apis),
	KUNIT_CASE(coherent_memory_is_below_the_devices_mask),
	KUNIT_CASE(coherent_memory_refuses_bad_argument),
	{}
};

static struct kunit_suite compound_suite = {
	.name = "iokmem_compound",
	.test_cases = compound_cases,
};

static struct kunit_suite coherent_suite = {
	.name = "iokmem_coherent",
	.test_cases = coherent_cases,
};

kunit_test_suites(&compound_suite, &coherent_suite);
