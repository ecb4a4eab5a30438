// SPDX-License-Identifier: GPL-2.0
/*
 * Guards of the kernel's mappings: addresses on both sides show nothing.
 */
#include "kinds.h"
#include "page/compat.h"

static void need_guards(struct kunit *test)
{
	if (!IOKMEM_GUARDS_IN_KERNEL)
		kunit_skip(test, "no module can give the kernel's mappings guards here");
}

/* Check the entries of a kernel mapping of @pages pages, and of @guard pages on each side. */
static void expect_guarded(struct kunit *test, unsigned long first, unsigned long pages,
			   unsigned long guard)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_TRUE_MSG(test, kernel_entry_of(first + i * PAGE_SIZE).present,
				      "page %lu", i);
	for (i = 1; i <= guard; i++)
		KUNIT_EXPECT_FALSE_MSG(test, kernel_entry_of(first - i * PAGE_SIZE).present,
				       "guard %lu before", i);
	for (i = 0; i < guard; i++)
		KUNIT_EXPECT_FALSE_MSG(test,
				       kernel_entry_of(first + (pages + i) * PAGE_SIZE).present,
				       "guard %lu behind", i);
}

static void expect_guarded_map(struct kunit *test, struct iokmem_map *m, unsigned long guard)
{
	expect_guarded(test, address_of(m) & PAGE_MASK, pages_of(m), guard);
}

static void guarded_map_has_nothing_beside_it(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	struct iokmem_map *small, *large, *part, *plain;

	need_guards(test);
	if (kind->no_own_kernel_map)
		kunit_skip(test, "the kernel has no addresses of it but its own");
	small = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_GUARDED_SMALL, 0, 0);
	expect_guarded_map(test, small, 1);
	large = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_GUARDED_LARGE, PAGE_SIZE, 70);
	expect_guarded_map(test, large, SZ_64K / PAGE_SIZE);

	/* They are of the memory, and shared with what asks for equal guards. */
	memset((void *)address_of(small), 0x5a, PAGE_SIZE + 2);
	KUNIT_EXPECT_EQ(test, 0x5a, *(u8 *)address_of(large));
	KUNIT_EXPECT_PTR_EQ(test, small, map(test, desc, IOKMEM_KERNEL_TASK,
					     IOKMEM_MAP_GUARDED_SMALL, 0, 0));
	part = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_GUARDED_SMALL, PAGE_SIZE, 70);
	KUNIT_EXPECT_EQ(test, address_of(small) + PAGE_SIZE, address_of(part));
	plain = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_NE(test, address_of(small), address_of(plain));
}

static void guarded_map_has_the_type_and_rights_of_others(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_DIRECTION_INOUT |
					       IOKMEM_MAP_WRITE_COMBINE_CACHE, 3 * PAGE_SIZE, 0);
	struct entry entry;

	need_guards(test);
	need_memory_types(test);
	entry = kernel_entry_of(address_of(map(test, desc, IOKMEM_KERNEL_TASK,
					       IOKMEM_MAP_GUARDED_SMALL | IOKMEM_MAP_READ_ONLY,
					       0, 0)));
	KUNIT_EXPECT_FALSE(test, entry.write);
	KUNIT_EXPECT_EQ(test, entry_cache(IOKMEM_MAP_WRITE_COMBINE_CACHE), entry.cache);
	KUNIT_EXPECT_EQ(test, pfn_of(desc, 0), entry.pfn);
}

static void guarded_map_is_aligned_like_its_buffer(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_1M, SZ_128K);
	struct iokmem_map *m;

	need_guards(test);
	m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_GUARDED_SMALL, 0, 0);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(address_of(m), SZ_128K));
	expect_guarded_map(test, m, 1);
}

static void guarded_buffer_ends_at_its_guard(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *m;
	void *bytes;

	need_guards(test);
	desc = keep_desc(test, iokmem_buffer_in_task_with_guard_pages(IOKMEM_KERNEL_TASK,
								      IOKMEM_DIRECTION_INOUT,
								      PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, iokmem_buffer_get_capacity(desc));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, iokmem_desc_get_length(desc));
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	expect_guarded(test, (unsigned long)bytes, 2, 1);
	memset(bytes, 0x77, 2 * PAGE_SIZE);
	m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_GUARDED_SMALL, 0, 0);
	KUNIT_EXPECT_EQ(test, (unsigned long)bytes, address_of(m));
	KUNIT_EXPECT_EQ(test, 0x77, *(u8 *)address_of(map(test, desc, IOKMEM_KERNEL_TASK, 0,
							  0, 0)));

	/* Contiguous memory has guards, too, although it has an address without them. */
	desc = iokmem_buffer_in_task_with_guard_pages(IOKMEM_KERNEL_TASK,
						      IOKMEM_PHYSICALLY_CONTIGUOUS, SZ_64K);
	desc = keep_desc(test, desc);
	bytes = iokmem_buffer_get_bytes_no_copy(desc);
	expect_guarded(test, (unsigned long)bytes, SZ_64K / PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, 1, desc->extents.nr);
}

static void guarded_buffer_may_be_made_for_a_task(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;

	attach_address_space(test);
	desc = keep_desc(test, iokmem_buffer_in_task_with_guard_pages(current, 0, 100));
	address = iokmem_buffer_get_address(desc);
	KUNIT_EXPECT_EQ(test, 0UL, touch(address + PAGE_SIZE - 1));
	KUNIT_EXPECT_NE(test, 0UL, touch(address + PAGE_SIZE));
	KUNIT_EXPECT_NE(test, 0UL, touch(address - 1));
}

static int guarded_error(struct task_struct *task, u32 options, size_t capacity)
{
	struct iokmem_desc *desc = iokmem_buffer_in_task_with_guard_pages(task, options, capacity);

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

static void guards_that_cannot_be_are_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);

	KUNIT_EXPECT_EQ(test, IOKMEM_GUARDS_IN_KERNEL ? 0 : -EOPNOTSUPP,
			map_error(desc, IOKMEM_KERNEL_TASK, 0,
				  IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_GUARDED_SMALL, 0, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_GUARDS_IN_KERNEL ? 0 : -EOPNOTSUPP,
			guarded_error(IOKMEM_KERNEL_TASK, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			map_error(desc, IOKMEM_KERNEL_TASK, SZ_1G, IOKMEM_MAP_GUARDED_SMALL, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, -EINVAL, guarded_error(NULL, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, guarded_error(IOKMEM_KERNEL_TASK, IOKMEM_PAGEABLE, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, guarded_error(IOKMEM_KERNEL_TASK, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, guarded_error(IOKMEM_KERNEL_TASK, 0, SIZE_MAX));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, guarded_error(IOKMEM_KERNEL_TASK, BIT(31), 1));
}

static struct kunit_case guard_cases[] = {
	KUNIT_CASE_PARAM(guarded_map_has_nothing_beside_it, kind_gen_params),
	KUNIT_CASE(guarded_map_has_the_type_and_rights_of_others),
	KUNIT_CASE(guarded_map_is_aligned_like_its_buffer),
	KUNIT_CASE(guarded_buffer_ends_at_its_guard),
	KUNIT_CASE(guarded_buffer_may_be_made_for_a_task),
	KUNIT_CASE(guards_that_cannot_be_are_refused),
	{}
};

static struct kunit_suite guard_suite = {
	.name = "iokmem_guard",
	.test_cases = guard_cases,
};

kunit_test_suite(guard_suite);
