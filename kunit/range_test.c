// SPDX-License-Identifier: GPL-2.0
/* Descriptors of memory that exists already: ranges of addresses of user tasks and the kernel. */
#include <linux/io.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kinds.h"

#define SIZE	(5 * PAGE_SIZE)

static int ranges_error(const struct iokmem_address_range *ranges, unsigned int nr,
			u32 options)
{
	return PTR_ERR_OR_ZERO(iokmem_desc_with_address_ranges(ranges, nr, options,
							       current));
}

static int persistent_error(struct iokmem_desc *desc)
{
	return PTR_ERR_OR_ZERO(iokmem_desc_with_persistent_memory_descriptor(desc));
}

static void range_shows_what_the_task_has(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;
	u8 byte = 5;

	attach_address_space(test);
	address = user_memory(test, SIZE, false) + 33;
	fill_user(test, address, SIZE - PAGE_SIZE);
	desc = range(test, address, SIZE - PAGE_SIZE, INOUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc, PAGE_SIZE, &byte, 1));
	byte = 0;
	KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)address + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 5, byte);
	KUNIT_EXPECT_EQ(test, pfn_of(desc, 0), entry_of(current->mm, address).pfn);
}

static void range_is_pinned_while_prepared(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;
	struct folio *folio;
	int i;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	desc = range(test, address, SIZE, INOUT);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
		folio = page_folio(pfn_to_page(pfn_of(desc, SIZE - 1)));
		KUNIT_EXPECT_TRUE(test, folio_maybe_dma_pinned(folio));
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
		KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(folio));
	}
}

static void range_stays_as_it_is_when_the_task_unmaps_it(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	fill_user(test, address, SIZE);
	desc = range(test, address, SIZE, OUT);
	m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_READ_ONLY, 0, 0);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), SIZE, 0));

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	/* The map still holds the memory. */
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_prepare(desc, NONE));
}

static void range_with_a_hole_is_not_prepared(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	desc = range(test, address, SIZE, INOUT);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address + 3 * PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_prepare(desc, OUT));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			map_error(desc, IOKMEM_KERNEL_TASK, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_desc_complete(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, desc->held);

	/* When the hole is filled, the range is one. */
	KUNIT_ASSERT_EQ(test, address + 3 * PAGE_SIZE,
			vm_mmap(NULL, address + 3 * PAGE_SIZE, PAGE_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
}

static void range_of_read_only_memory_is_only_read(struct kunit *test)
{
	unsigned long address, nothing;
	struct iokmem_desc *desc;

	attach_address_space(test);
	address = vm_mmap(NULL, 0, SIZE, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
	desc = range(test, address, SIZE, IN);
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, -EACCES, iokmem_desc_prepare(desc, INOUT));
	KUNIT_EXPECT_EQ(test, -EACCES, map_error(desc, IOKMEM_KERNEL_TASK, 0,
						 IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, OUT));
	KUNIT_EXPECT_EQ(test, 0, map_error(desc, IOKMEM_KERNEL_TASK, 0,
					   IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY,
					   0, 0));

	nothing = vm_mmap(NULL, 0, SIZE, PROT_NONE, MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(nothing));
	KUNIT_EXPECT_EQ(test, -EACCES,
			iokmem_desc_prepare(range(test, nothing, SIZE, IN), OUT));
}

/*
 * Maps of descriptors have raw frames, as those of any device do. A map that was there when the
 * range was described is another matter: see addresses_test.c.
 */
static void range_that_a_map_has_replaced_is_not_prepared(struct kunit *test)
{
	struct iokmem_desc *desc;
	unsigned long address;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	desc = range(test, address, SIZE, INOUT);
	keep_map(test, iokmem_desc_create_mapping_in_task(buffer(test, NULL, SIZE, 0), current,
							  address, IOKMEM_MAP_OVERWRITE, 0, 0));
	KUNIT_ASSERT_EQ(test, 0UL, touch(address));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_prepare(desc, NONE));
}

static void range_prepared_for_reading_shows_later_writes(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;
	u8 byte = 0;

	attach_address_space(test);
	/* The page was only read. The preparation must not pin the page of zeroes. */
	address = user_memory(test, SIZE, false);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address));
	desc = range(test, address, SIZE, OUT);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_ASSERT_EQ(test, 0, put_user(5, (u8 __user *)address));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 5, byte);
}

static void range_in_its_own_task_is_where_it_is(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;
	struct iokmem_map *m, *inside;
	int maps;

	attach_address_space(test);
	address = user_memory(test, SIZE, false) + 33;
	desc = range(test, address, SIZE - PAGE_SIZE, INOUT);
	maps = current->mm->map_count;
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, address, address_of(m));
	KUNIT_EXPECT_PTR_EQ(test, m, map(test, desc, current, 0, 0, 0));
	inside = map(test, desc, current, 0, PAGE_SIZE, 100);
	KUNIT_EXPECT_EQ(test, address + PAGE_SIZE, address_of(inside));
	KUNIT_EXPECT_EQ(test, maps, current->mm->map_count);
	KUNIT_EXPECT_EQ(test, 0, desc->held);

	put_map_now(test, inside);
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, maps, current->mm->map_count);
	KUNIT_EXPECT_EQ(test, 0UL, touch(address));
}

static void range_of_anonymous_memory_is_in_one_task_only(struct kunit *test)
{
	struct task_struct *other = start_process(test);
	unsigned long address;
	struct iokmem_desc *desc;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	desc = range(test, address, SIZE, INOUT);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, other, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, other, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_READ_ONLY, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
}

static void range_of_shared_memory_is_mapped_into_other_tasks(struct kunit *test)
{
	struct task_struct *other = start_process(test);
	unsigned long address;
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	attach_address_space(test);
	address = user_memory(test, SIZE, true);
	fill_user(test, address, SIZE);
	desc = range(test, address, SIZE, INOUT);
	m = map(test, desc, other, 0, 0, 0);
	KUNIT_EXPECT_NE(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, 1, desc->held);
	/* The descriptor outlives the mapping that it was made from. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	kill_process(other);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
}

/* Only whole pages are mapped. The rest of the first and last page is not for the other task. */
static void range_shows_no_part_of_a_page_to_tasks(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	attach_address_space(test);
	address = user_memory(test, SIZE, true);
	desc = range(test, address + 33, SIZE - 66, INOUT);
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_UNIQUE, 0, 0));
	KUNIT_EXPECT_EQ(test, -EACCES,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE |
				  IOKMEM_MAP_UNIQUE, PAGE_SIZE - 33, SIZE - 33 - PAGE_SIZE));
	/* The whole pages can be mapped, and parts of them. */
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, PAGE_SIZE - 33, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, offset_in_page(address_of(m)));
	m = map(test, desc, current, IOKMEM_MAP_UNIQUE, PAGE_SIZE - 30, 5);
	KUNIT_EXPECT_EQ(test, 3, offset_in_page(address_of(m)));
}

static void range_of_a_task_that_exited_is_gone(struct kunit *test)
{
	struct task_struct *other = start_process(test);
	struct iokmem_desc *desc;

	desc = keep_desc(test, iokmem_desc_with_address_range(SZ_1G, SIZE, INOUT, other));
	KUNIT_EXPECT_EQ(test, -EFAULT, iokmem_desc_prepare(desc, NONE));
	kill_process(other);
	KUNIT_EXPECT_EQ(test, -ESRCH, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			PTR_ERR(iokmem_desc_with_address_range(SZ_1G, SIZE, INOUT, other)));
}

static struct task_struct *thread_of(struct kunit *test, struct signal_struct *signal,
				     struct mm_struct *mm)
{
	struct task_struct *thread = kunit_kzalloc(test, sizeof(*thread), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, thread);
	spin_lock_init(&thread->alloc_lock);
	thread->signal = signal;
	thread->mm = mm;
	list_add_tail(&thread->thread_node, &signal->thread_head);
	return thread;
}

/* A thread that has exited has no address space, but others of its process may have. */
static void range_of_a_process_is_named_by_any_of_its_threads(struct kunit *test)
{
	struct signal_struct *signal = kunit_kzalloc(test, sizeof(*signal), GFP_KERNEL);
	struct task_struct *exited;
	struct iokmem_desc *desc;
	unsigned long address;

	KUNIT_ASSERT_NOT_NULL(test, signal);
	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	INIT_LIST_HEAD(&signal->thread_head);
	exited = thread_of(test, signal, NULL);
	thread_of(test, signal, NULL);
	desc = iokmem_desc_with_address_range(address, SIZE, INOUT, exited);
	KUNIT_EXPECT_EQ(test, -ESRCH, PTR_ERR_OR_ZERO(desc));

	thread_of(test, signal, current->mm);
	desc = keep_desc(test, iokmem_desc_with_address_range(address, SIZE, INOUT, exited));
	fill_user(test, address, SIZE);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, INOUT));
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, INOUT));
}

static const struct refused_range refused_ranges[] = {
	{ "wraps", ULONG_MAX - 5, 7, INOUT, -EOVERFLOW },
	{ "ends in the last page", ULONG_MAX - 5, 4, INOUT, -EOVERFLOW },
	{ "length SIZE_MAX", PAGE_SIZE, SIZE_MAX, INOUT, -EOVERFLOW },
	{ "the kernel's", 0xffff800000000000UL, 1, INOUT, -EADDRNOTAVAIL },
	{ "passes the end", SZ_1G, 1UL << 62, INOUT, -EADDRNOTAVAIL },
	{ "unknown option", SZ_1G, 1, 8, -EOPNOTSUPP },
	{ "cache mode", SZ_1G, 1, IOKMEM_MAP_INHIBIT_CACHE, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM(refused_range, refused_ranges, refused_range_desc);

static void range_refuses_bad_argument(struct kunit *test)
{
	const struct refused_range *c = test->param_value;

	attach_address_space(test);
	KUNIT_EXPECT_EQ(test, c->err, range_error(c->address, c->length, c->options));
}

static void range_of_nothing_is_one(struct kunit *test)
{
	struct iokmem_desc *desc;

	attach_address_space(test);
	desc = range(test, 0, 0, NONE);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_get_length(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, -ERANGE, PTR_ERR(iokmem_desc_map(desc, 0)));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));
	/* It touches no page, wherever it is. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(range(test, SZ_1G + 5, 0, INOUT), NONE));
}

static void range_that_persists_is_found_again(struct kunit *test)
{
	unsigned long address;
	struct iokmem_desc *desc, *same, *other;
	u8 byte = 0;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	fill_user(test, address, SIZE);
	desc = range(test, address, SIZE, INOUT | IOKMEM_PERSISTENT);
	/* The descriptor is prepared from the start, and a caller cannot undo that. */
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_desc_complete(desc, NONE));
	same = keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(desc));
	KUNIT_EXPECT_PTR_EQ(test, desc, same);

	/* Other memory at these addresses. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, persistent_error(desc));
	KUNIT_ASSERT_EQ(test, address,
			vm_mmap(NULL, address, SIZE, PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0));
	other = keep_desc(test, iokmem_desc_with_persistent_memory_descriptor(desc));
	KUNIT_EXPECT_PTR_NE(test, desc, other);
	KUNIT_EXPECT_EQ(test, SIZE, iokmem_desc_get_length(other));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(other, 1, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, byte);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));

	KUNIT_EXPECT_EQ(test, -EINVAL,
			persistent_error(range(test, address, SIZE, INOUT)));
	KUNIT_EXPECT_EQ(test, -EINVAL, persistent_error(buffer(test, NULL, SIZE, 0)));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			range_error(SZ_4K, SIZE, INOUT | IOKMEM_PERSISTENT));
}

static void range_of_the_kernel_is_where_it_is(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, 1000, GFP_KERNEL);
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	desc = keep_desc(test, iokmem_desc_with_address(bytes + 5, 900, INOUT));
	/* A descriptor of kernel memory is prepared from the start. */
	fill_bytes(bytes + 5, 900);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	KUNIT_EXPECT_PTR_EQ(test, bytes + 5, (u8 *)address_of(m));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, NONE));

	/* Objects of the slab allocator must not be shown to programs. */
	attach_address_space(test);
	desc = iokmem_desc_with_address_range((unsigned long)bytes & PAGE_MASK, PAGE_SIZE,
					      INOUT, IOKMEM_KERNEL_TASK);
	keep_desc(test, desc);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			map_error(desc, current, 0, IOKMEM_MAP_ANYWHERE, 0, 0));
}

static void range_of_the_kernel_with_a_hole_is_not_prepared(struct kunit *test)
{
	u8 *bytes = vmalloc(PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	/* vmalloc() leaves a page free behind each area. */
	KUNIT_EXPECT_EQ(test, -EFAULT,
			PTR_ERR(iokmem_desc_with_address(bytes, 2 * PAGE_SIZE, INOUT)));
	vfree(bytes);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			PTR_ERR(iokmem_desc_with_address((void *)SZ_1G, 1, INOUT)));
}

static u8 of_module[2 * PAGE_SIZE];

static void range_of_the_kernel_may_be_a_modules_variable(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	desc = keep_desc(test, iokmem_desc_with_address(of_module + 5, PAGE_SIZE, INOUT));
	fill_bytes(of_module + 5, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, reads_pattern(test, desc, 0));
	m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)address_of(m), PAGE_SIZE, 0));
}

/* These addresses are not RAM: iokmem_desc_with_physical_address() is for them. */
static void range_of_the_kernel_is_not_registers(struct kunit *test)
{
	void __iomem *io;

	need_reserved(test);
	io = ioremap(RESERVED_START, PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)io);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			PTR_ERR(iokmem_desc_with_address((void __force *)io, 8, INOUT)));
	iounmap(io);
}

/* Pages in maps of user tasks stay, even if their owner frees them by mistake. */
static void range_of_the_kernel_keeps_pages_that_tasks_see(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *m;
	struct page *page;
	u8 *bytes;

	attach_address_space(test);
	bytes = vzalloc(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	page = vmalloc_to_page(bytes);
	bytes[0] = 77;
	desc = iokmem_desc_with_address_range((unsigned long)bytes, PAGE_SIZE, INOUT,
					      IOKMEM_KERNEL_TASK);
	keep_desc(test, desc);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m)));
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), entry_of(current->mm, address_of(m)).pfn);
	KUNIT_EXPECT_EQ(test, 2, page_count(page));
	vfree(bytes);
	KUNIT_EXPECT_EQ(test, 1, page_count(page));
	KUNIT_EXPECT_EQ(test, 77, *(u8 *)page_address(page));
	put_map_now(test, m);
}

/* Map two pages of a block into a task. References keep the block in the meantime. */
static void expect_shown(struct kunit *test, u8 *block, unsigned int first)
{
	struct page *page = virt_to_page(block);
	int count = page_count(page);
	struct iokmem_desc *desc;
	struct iokmem_map *m;

	desc = iokmem_desc_with_address_range((unsigned long)block + first * PAGE_SIZE,
					      2 * PAGE_SIZE, INOUT, IOKMEM_KERNEL_TASK);
	keep_desc(test, desc);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m) + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, page_to_pfn(page) + first + 1,
			entry_of(current->mm, address_of(m) + PAGE_SIZE).pfn);
	KUNIT_EXPECT_GT(test, page_count(page), count);
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, count, page_count(page));
}

/* Only the first page of a block is counted. */
static void range_of_the_kernel_may_be_part_of_a_block(struct kunit *test)
{
	static const gfp_t kinds_of_block[] = { GFP_KERNEL, GFP_KERNEL | __GFP_COMP };
	unsigned int i, order;

	attach_address_space(test);
	for (i = 0; i < ARRAY_SIZE(kinds_of_block); i++) {
		for (order = 1; order <= 4; order++) {
			u8 *block = (u8 *)__get_free_pages(kinds_of_block[i] | __GFP_ZERO,
							   order);

			KUNIT_ASSERT_NOT_NULL(test, block);
			expect_shown(test, block, 0);
			expect_shown(test, block, (1 << order) - 2);
			if (order > 1)
				expect_shown(test, block, 1);
			free_pages((unsigned long)block, order);
		}
	}
}

/* Allocate pages until one of them is @wanted. Returns true if it is the last one on the list. */
static bool allocate_until(struct page *wanted, struct list_head *pages)
{
	struct page *page = NULL;
	int i;

	for (i = 0; i < 1000 && page != wanted; i++) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return false;
		list_add_tail(&page->lru, pages);
	}
	return page == wanted;
}

/* A page of a block that its owner has freed too early may have a new owner. */
static void range_of_the_kernel_puts_no_page_of_another_owner(struct kunit *test)
{
	struct page *block = alloc_pages(GFP_KERNEL, 1), *page, *next;
	struct iokmem_desc *desc;
	LIST_HEAD(pages);
	bool found;

	KUNIT_ASSERT_NOT_NULL(test, block);
	desc = iokmem_desc_with_address((u8 *)page_address(block) + PAGE_SIZE, PAGE_SIZE, INOUT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	__free_pages(block, 1);
	KUNIT_EXPECT_EQ(test, 1, page_count(block));
	found = allocate_until(block + 1, &pages);
	iokmem_desc_put(desc);
	if (found)
		KUNIT_EXPECT_EQ(test, 1, page_count(block + 1));
	list_for_each_entry_safe(page, next, &pages, lru)
		if (page_count(page))
			__free_page(page);
	if (!found)
		kunit_skip(test, "the page is not to be had again");
}

static void range_takes_several(struct kunit *test)
{
	struct iokmem_address_range ranges[3];
	struct iokmem_desc *desc;
	unsigned long address;
	u8 byte = 0;

	attach_address_space(test);
	address = user_memory(test, SIZE, false);
	fill_user(test, address, SIZE);
	ranges[0] = (struct iokmem_address_range){ address + 300, 100 };
	ranges[1] = (struct iokmem_address_range){ address, 50 };
	ranges[2] = (struct iokmem_address_range){ address + 3 * PAGE_SIZE, PAGE_SIZE };
	desc = keep_desc(test, iokmem_desc_with_address_ranges(ranges, 3, INOUT, current));
	KUNIT_EXPECT_EQ(test, 150 + PAGE_SIZE, iokmem_desc_get_length(desc));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, NONE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 101, &byte, 1));
	KUNIT_EXPECT_EQ(test, pattern(1), byte);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 152, &byte, 1));
	KUNIT_EXPECT_EQ(test, pattern(3 * PAGE_SIZE + 2), byte);
	/* Seams of the ranges are not at page boundaries. */
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_desc_map(desc, 0)));

	KUNIT_EXPECT_EQ(test, -EINVAL, ranges_error(ranges, 0, INOUT));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, ranges_error(ranges, 2, IOKMEM_PERSISTENT));
	ranges[1].address = ULONG_MAX;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, ranges_error(ranges, 3, INOUT));
}

static struct kunit_case range_cases[] = {
	KUNIT_CASE(range_shows_what_the_task_has),
	KUNIT_CASE(range_is_pinned_while_prepared),
	KUNIT_CASE(range_stays_as_it_is_when_the_task_unmaps_it),
	KUNIT_CASE(range_with_a_hole_is_not_prepared),
	KUNIT_CASE(range_of_read_only_memory_is_only_read),
	KUNIT_CASE(range_that_a_map_has_replaced_is_not_prepared),
	KUNIT_CASE(range_prepared_for_reading_shows_later_writes),
	KUNIT_CASE(range_in_its_own_task_is_where_it_is),
	KUNIT_CASE(range_of_anonymous_memory_is_in_one_task_only),
	KUNIT_CASE(range_of_shared_memory_is_mapped_into_other_tasks),
	KUNIT_CASE(range_shows_no_part_of_a_page_to_tasks),
	KUNIT_CASE(range_of_a_task_that_exited_is_gone),
	KUNIT_CASE(range_of_a_process_is_named_by_any_of_its_threads),
	KUNIT_CASE_PARAM(range_refuses_bad_argument, refused_range_gen_params),
	KUNIT_CASE(range_of_nothing_is_one),
	KUNIT_CASE(range_that_persists_is_found_again),
	KUNIT_CASE(range_of_the_kernel_is_where_it_is),
	KUNIT_CASE(range_of_the_kernel_with_a_hole_is_not_prepared),
	KUNIT_CASE(range_of_the_kernel_may_be_a_modules_variable),
	KUNIT_CASE(range_of_the_kernel_is_not_registers),
	KUNIT_CASE(range_of_the_kernel_keeps_pages_that_tasks_see),
	KUNIT_CASE(range_of_the_kernel_may_be_part_of_a_block),
	KUNIT_CASE(range_of_the_kernel_puts_no_page_of_another_owner),
	KUNIT_CASE(range_takes_several),
	{}
};

static struct kunit_suite range_suite = {
	.name = "iokmem_range",
	.test_cases = range_cases,
};

kunit_test_suite(range_suite);
