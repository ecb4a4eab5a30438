// SPDX-License-Identifier: GPL-2.0
/*
 * Maps in user tasks and in the kernel, checked in the page tables.
 */
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/set_memory.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "helpers.h"

/* Touch every page of a map, and check its entry in the page tables of @mm. */
static void expect_entries(struct kunit *test, struct mm_struct *mm,
			   struct iokmem_map *map, bool write)
{
	unsigned long first = address_of(map) & PAGE_MASK;
	unsigned long i;

	for (i = 0; i < pages_of(map); i++) {
		unsigned long address = first + i * PAGE_SIZE;
		struct entry entry;

		KUNIT_ASSERT_EQ_MSG(test, 0UL, touch(address), "page %lu", i);
		entry = entry_of(mm, address);
		KUNIT_ASSERT_TRUE_MSG(test, entry.present, "page %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, entry.write, write, "page %lu", i);
		KUNIT_ASSERT_FALSE_MSG(test, entry.exec, "page %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, entry.pfn,
				    pfn_of(iokmem_map_get_memory_descriptor(map),
					   (iokmem_map_offset(map) & PAGE_MASK) +
					   i * PAGE_SIZE),
				    "page %lu", i);
	}
}

static void mapping_entries_have_the_right_frames(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_8M + SZ_64K + 5, 0);

	attach_address_space(test);
	expect_entries(test, current->mm,
		       map(test, desc, current, 0, 0, 0), true);
	expect_entries(test, current->mm,
		       map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, 0), false);
	expect_entries(test, current->mm,
		       map(test, desc, current, IOKMEM_MAP_UNIQUE,
			   3 * PAGE_SIZE + 100, SZ_2M), true);
}

static void mapping_uses_huge_entries_where_it_can(struct kunit *test)
{
	/* The alignment makes sure that the buffer starts with a block of 2 MiB. */
	struct iokmem_desc *desc = buffer(test, NULL, SZ_4M + PAGE_SIZE, SZ_2M);
	struct iokmem_map *whole, *window;

	if (!IOKMEM_HUGE_ENTRIES)
		kunit_skip(test, "this kernel cannot mark huge entries special");

	attach_address_space(test);
	whole = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(whole) + SZ_64K));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(whole)).huge);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(whole) + SZ_4M));
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(whole) + SZ_4M).huge);

	/* A window that does not cover a whole block gets small entries. */
	window = map(test, desc, current, IOKMEM_MAP_UNIQUE, PAGE_SIZE,
		     SZ_2M - PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(window)));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(window)).present);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(window)).huge);
}

static void mapping_fault_fills_several_entries(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, 129 * PAGE_SIZE, SZ_256K);
	struct iokmem_map *m;
	unsigned long page;

	attach_address_space(test);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m)).present);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m) + 5 * PAGE_SIZE));
	for (page = 0; page < SZ_256K; page += PAGE_SIZE)
		KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(m) + page).present);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m) + SZ_256K).present);
}

static void mapping_of_a_few_pages_is_filled_at_once(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_256K + 1, 0);
	struct iokmem_map *m;
	unsigned long page;

	attach_address_space(test);
	m = map(test, desc, current, IOKMEM_MAP_READ_ONLY, 0, SZ_256K);
	for (page = 0; page < SZ_256K; page += PAGE_SIZE) {
		struct entry entry = entry_of(current->mm, address_of(m) + page);

		KUNIT_EXPECT_TRUE(test, entry.present);
		KUNIT_EXPECT_FALSE(test, entry.write);
		KUNIT_EXPECT_EQ(test, pfn_of(desc, page), entry.pfn);
	}
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m)).present);
}

static void mapping_keeps_the_place_in_the_page(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;
	u8 byte = 0;

	attach_address_space(test);
	fill_pattern(desc);
	m = map(test, desc, current, 0, 2 * PAGE_SIZE + 123, 5000);
	KUNIT_EXPECT_EQ(test, 123, offset_in_page(address_of(m)));
	KUNIT_EXPECT_EQ(test, 5000, iokmem_map_get_length(m));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE + 123, iokmem_map_get_offset(m));
	KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)
					  address_of(m) + 4999));
	KUNIT_EXPECT_EQ(test, pattern(2 * PAGE_SIZE + 123 + 4999), byte);
}

static void mapping_length_0_means_the_whole_length(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;

	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 5000));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 5000, iokmem_map_get_length(m));
}

struct refused_case {
	const char *name;
	u32 options;
	unsigned long at;
	size_t offset;
	size_t length;
	int err;
};

static const struct refused_case refused_cases[] = {
	{ "offset without length", ANY, 0, 1, 0, -EINVAL },
	{ "range that wraps", ANY, 0, 2, SIZE_MAX, -EOVERFLOW },
	{ "range that passes the end", ANY, 0, 1, SZ_64K, -ERANGE },
	{ "range that starts at the end", ANY, 0, SZ_64K, 1, -ERANGE },
	{ "unique and reference", ANY | IOKMEM_MAP_UNIQUE | IOKMEM_MAP_REFERENCE,
	  0, 0, 0, -EINVAL },
	{ "reference to nothing", ANY | IOKMEM_MAP_REFERENCE, 0, 0, 0, -ENOENT },
	{ "reference and overwrite", IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_REFERENCE,
	  SZ_1G, 0, 0, -EINVAL },
	{ "overwrite anywhere", ANY | IOKMEM_MAP_OVERWRITE, 0, 0, 0, -EINVAL },
	{ "guarded small and large", ANY | IOKMEM_MAP_GUARDED_MASK, 0, 0, 0, -EINVAL },
	{ "guarded at a fixed address", IOKMEM_MAP_GUARDED_SMALL, SZ_1G, 0, 0, -EINVAL },
	{ "unknown option", ANY | 0x2, 0, 0, 0, -EOPNOTSUPP },
	{ "no cache mode at all", ANY | IOKMEM_MAP_CACHE_MASK, 0, 0, 0, -EOPNOTSUPP },
	{ "fixed at 0", 0, 0, 0, 0, -EADDRNOTAVAIL },
	{ "fixed, unaligned", 0, SZ_1G + 1, 0, 0, -EINVAL },
	{ "fixed, not congruent to the offset", 0, SZ_1G + 1, 2, 100, -EINVAL },
	{ "fixed, wrapping", 0, ULONG_MAX & PAGE_MASK, 0, 0, -EADDRNOTAVAIL },
};

static void refused_desc(const struct refused_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refused, refused_cases, refused_desc);

static void mapping_refuses_bad_request_and_changes_nothing(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	const struct refused_case *c = test->param_value;
	int maps;

	attach_address_space(test);
	maps = current->mm->map_count;
	KUNIT_EXPECT_EQ(test, c->err,
			map_error(desc, current, c->at, c->options, c->offset, c->length));
	KUNIT_EXPECT_EQ(test, maps, current->mm->map_count);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&desc->users));
}

static void mapping_beyond_the_task_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	unsigned long end, at;

	attach_address_space(test);
	end = current->mm->task_size;
	for (at = end - SZ_64K + PAGE_SIZE; at <= end + PAGE_SIZE; at += PAGE_SIZE)
		KUNIT_EXPECT_EQ_MSG(test, -EADDRNOTAVAIL,
				    map_error(desc, current, at & PAGE_MASK, 0, 0, 0),
				    "at %#lx", at);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

static void mapping_of_nothing_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);

	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 0));
	KUNIT_EXPECT_EQ(test, -ERANGE, PTR_ERR(iokmem_desc_map(desc, 0)));
}

static void mapping_at_a_fixed_address_lies_there(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *page, *exact;

	attach_address_space(test);
	page = placed(test, desc, SZ_1G, PAGE_SIZE + 100, 1000);
	KUNIT_EXPECT_EQ(test, SZ_1G + 100, address_of(page));
	exact = placed(test, desc, SZ_1G + SZ_64K + 100, PAGE_SIZE + 100, 1000);
	KUNIT_EXPECT_EQ(test, SZ_1G + SZ_64K + 100, address_of(exact));
	expect_entries(test, current->mm, page, true);
	expect_entries(test, current->mm, exact, true);
}

static void mapping_at_an_occupied_address_disturbs_nothing(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	unsigned long taken;
	u32 value = 0;

	attach_address_space(test);
	taken = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, !taken || IS_ERR_VALUE(taken));
	KUNIT_ASSERT_EQ(test, 0, put_user(0x12345678, (u32 __user *)taken));

	KUNIT_EXPECT_EQ(test, -EEXIST,
			map_error(desc, current, taken, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, get_user(value, (u32 __user *)taken));
	KUNIT_EXPECT_EQ(test, 0x12345678, value);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

static void mapping_in_no_user_task_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct task_struct *task = start_process(test);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			map_error(desc, NULL, 0, ANY, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			map_error(desc, current, 0, ANY, 0, 0));
	kill_process(task);
	KUNIT_EXPECT_EQ(test, -ESRCH,
			map_error(desc, task, 0, ANY, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

/* The test's thread has no address space here, and looks at that of the task. */
static void mapping_in_another_task_is_there(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_4M, 0);
	struct task_struct *task = start_process(test);
	struct iokmem_map *m, *ro;
	struct mm_struct *mm;
	u8 byte = 0;

	fill_pattern(desc);
	m = map(test, desc, task, 0, 0, 0);
	ro = map(test, desc, task, IOKMEM_MAP_READ_ONLY, PAGE_SIZE, SZ_64K);
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, task, 0, 0, 0));

	mm = get_task_mm(task);
	KUNIT_ASSERT_NOT_NULL(test, mm);
	kthread_use_mm(mm);
	expect_entries(test, mm, m, true);
	expect_entries(test, mm, ro, false);
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)
					  address_of(m) + 99999));
	KUNIT_EXPECT_EQ(test, pattern(99999), byte);
	kthread_unuse_mm(mm);
	mmput(mm);
}

/* A thread that has another address space leaves the mapping to a worker. */
static void mapping_in_another_task_from_a_task_is_there(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct task_struct *task = start_process(test);
	struct iokmem_map *m;

	attach_address_space(test);
	m = map(test, desc, task, 0, 0, 0);
	KUNIT_EXPECT_PTR_NE(test, current->mm, m->mapping->mm);
	KUNIT_EXPECT_NE(test, 0UL, address_of(m));
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, task, 0, 0, 0));
	put_map_now(test, m);
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

/*
 * The size of its address space says which addresses a task can use. Here a process with a
 * reduced size stands for a 32-bit program; it does not run meanwhile.
 */
static void mapping_in_a_32_bit_task_is_within_its_reach(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct task_struct *task = start_process(test);
	struct mm_struct *mm = get_task_mm(task);
	unsigned long size, address;
	int beyond;

	KUNIT_ASSERT_NOT_NULL(test, mm);
	size = mm->task_size;
	mm->task_size = SZ_4G - PAGE_SIZE;
	address = address_of(map(test, desc, task, 0, 0, 0));
	beyond = map_error(desc, task, SZ_4G, 0, 0, 0);
	mm->task_size = size;
	mmput(mm);

	KUNIT_EXPECT_LT(test, address, SZ_4G - SZ_64K);
	KUNIT_EXPECT_EQ(test, -EADDRNOTAVAIL, beyond);
}

static void mapping_in_the_kernel_is_the_direct_map(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_2M, SZ_2M);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);

	KUNIT_EXPECT_PTR_EQ(test, page_address(pfn_to_page(pfn_of(desc, 0))),
			    (void *)address_of(m));
}

static void mapping_in_the_kernel_is_complete(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_4M + 2 * PAGE_SIZE, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK,
				   IOKMEM_MAP_UNIQUE, 0, 0);
	size_t offset;

	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr((void *)address_of(m)));
	for (offset = 0; offset < SZ_4M + 2 * PAGE_SIZE; offset += PAGE_SIZE)
		KUNIT_ASSERT_EQ(test, pfn_of(desc, offset),
				vmalloc_to_pfn((void *)address_of(m) + offset));
}

static bool kernel_can_write(void *address)
{
	u8 byte = 1;

	pagefault_disable();
	__put_kernel_nofault(address, &byte, u8, refused);
	pagefault_enable();
	return true;
refused:
	pagefault_enable();
	return false;
}

static void mapping_in_the_kernel_read_only_is_so(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK,
				   IOKMEM_MAP_READ_ONLY, 0, 0);
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, pfn_of(desc, 0), vmalloc_to_pfn((void *)address_of(m)));
	KUNIT_EXPECT_FALSE(test, kernel_can_write((void *)address_of(m)));
	KUNIT_EXPECT_TRUE(test, kernel_can_write(page_address(pfn_to_page(pfn_of(desc, 0)))));
	KUNIT_EXPECT_EQ(test, 0, copy_from_kernel_nofault(&byte, (void *)address_of(m), 1));
	KUNIT_EXPECT_EQ(test, 1, byte);
}

static void mapping_in_the_kernel_cannot_be_placed(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, 0);
	unsigned long address = iokmem_buffer_get_address(desc);
	struct iokmem_map *found;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, IOKMEM_KERNEL_TASK, address + SZ_1G, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, 0, 0, 0));
	/* But an existing mapping can be found by its address. */
	found = iokmem_desc_create_mapping_in_task(desc, IOKMEM_KERNEL_TASK,
						   address, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, &desc->home->whole, keep_map(test, found));
}

static void mapping_tells_what_it_is(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK,
				   IOKMEM_MAP_READ_ONLY, 10, 20);

	KUNIT_EXPECT_EQ(test, 10, iokmem_map_get_offset(m));
	KUNIT_EXPECT_EQ(test, 20, iokmem_map_get_length(m));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_ANYWHERE,
			iokmem_map_get_options(m));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_COPYBACK_CACHE, iokmem_map_get_cache_mode(m));
	KUNIT_EXPECT_PTR_EQ(test, desc, iokmem_map_get_memory_descriptor(m));
}

static struct kunit_case mapping_cases[] = {
	KUNIT_CASE(mapping_entries_have_the_right_frames),
	KUNIT_CASE(mapping_uses_huge_entries_where_it_can),
	KUNIT_CASE(mapping_fault_fills_several_entries),
	KUNIT_CASE(mapping_of_a_few_pages_is_filled_at_once),
	KUNIT_CASE(mapping_keeps_the_place_in_the_page),
	KUNIT_CASE(mapping_length_0_means_the_whole_length),
	KUNIT_CASE_PARAM(mapping_refuses_bad_request_and_changes_nothing,
			 refused_gen_params),
	KUNIT_CASE(mapping_beyond_the_task_is_refused),
	KUNIT_CASE(mapping_of_nothing_is_refused),
	KUNIT_CASE(mapping_at_a_fixed_address_lies_there),
	KUNIT_CASE(mapping_at_an_occupied_address_disturbs_nothing),
	KUNIT_CASE(mapping_in_no_user_task_is_refused),
	KUNIT_CASE(mapping_in_another_task_is_there),
	KUNIT_CASE(mapping_in_another_task_from_a_task_is_there),
	KUNIT_CASE(mapping_in_a_32_bit_task_is_within_its_reach),
	KUNIT_CASE(mapping_in_the_kernel_is_the_direct_map),
	KUNIT_CASE(mapping_in_the_kernel_is_complete),
	KUNIT_CASE(mapping_in_the_kernel_read_only_is_so),
	KUNIT_CASE(mapping_in_the_kernel_cannot_be_placed),
	KUNIT_CASE(mapping_tells_what_it_is),
	{}
};

static struct kunit_suite mapping_suite = {
	.name = "iokmem_mapping",
	.test_cases = mapping_cases,
};

kunit_test_suite(mapping_suite);
