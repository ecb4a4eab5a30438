// SPDX-License-Identifier: GPL-2.0
/*
 * Lifetimes: a mapping lives until its last reference is put, and the memory lives as long
 * as any mapping of it.
 */
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "helpers.h"

#define LENGTH	(16 * PAGE_SIZE)

static bool can_read(unsigned long address)
{
	u8 byte;

	return !copy_from_user(&byte, (u8 __user *)address, 1);
}

/*
 * Create an address space, a buffer, and a map of it. Return the map; the caller owns the
 * references to both.
 */
static struct iokmem_map *begin_with_map(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *map;

	attach_address_space(test);
	desc = iokmem_buffer_in_task_with_options(NULL, 0, LENGTH, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	map = iokmem_desc_create_mapping_in_task(desc, current, 0, ANY, 0, 0);
	if (IS_ERR(map))
		iokmem_desc_put(desc);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	return map;
}

static void lifetime_last_holder_unmaps(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test);
	unsigned long address = address_of(map);
	struct iokmem_desc *desc = iokmem_map_get_memory_descriptor(map);
	u64 id = desc->id;

	iokmem_map_get(map);
	iokmem_map_put(map);
	KUNIT_EXPECT_TRUE(test, can_read(address));
	iokmem_map_put(map);
	KUNIT_EXPECT_FALSE(test, can_read(address));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	iokmem_desc_put(desc);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void lifetime_map_keeps_the_memory(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test);
	unsigned long address = address_of(map);
	u64 id = iokmem_map_get_memory_descriptor(map)->id;
	u8 byte = 0;

	fill_pattern(iokmem_map_get_memory_descriptor(map));
	iokmem_desc_put(iokmem_map_get_memory_descriptor(map));
	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)address + 5555));
	KUNIT_EXPECT_EQ(test, pattern(5555), byte);
	iokmem_map_put(map);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void lifetime_sub_map_keeps_the_mapping(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test);
	struct iokmem_desc *desc = iokmem_map_get_memory_descriptor(map);
	unsigned long address = address_of(map);
	struct iokmem_map *sub, *inner;

	sub = iokmem_desc_create_mapping_in_task(desc, current, 0, ANY, 100, 9000);
	inner = iokmem_desc_create_mapping_in_task(desc, current, 0, ANY, 200, 10);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sub);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, inner);

	iokmem_map_put(map);
	KUNIT_EXPECT_TRUE(test, can_read(address));
	iokmem_map_put(sub);
	KUNIT_EXPECT_TRUE(test, can_read(address));
	KUNIT_EXPECT_EQ(test, address + 200, address_of(inner));
	iokmem_map_put(inner);
	KUNIT_EXPECT_FALSE(test, can_read(address));
	iokmem_desc_put(desc);
}

static void lifetime_munmap_ends_the_map(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test), *sub, *again;
	struct iokmem_desc *desc = iokmem_map_get_memory_descriptor(map);
	unsigned long address = address_of(map);
	u64 id = desc->id;

	sub = iokmem_desc_create_mapping_in_task(desc, current, 0, ANY, 100, 10);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sub);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, LENGTH));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(map));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(sub));
	KUNIT_EXPECT_EQ(test, LENGTH, iokmem_map_get_length(map));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);

	/* No request shares the killed mapping: an equal request makes a new one. */
	again = iokmem_desc_create_mapping_in_task(desc, current, 0, ANY, 0, 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, again);
	KUNIT_EXPECT_PTR_NE(test, map, again);
	KUNIT_EXPECT_TRUE(test, can_read(address_of(again)));

	/* Putting the killed maps does not affect the new one. */
	iokmem_map_put(sub);
	iokmem_map_put(map);
	KUNIT_EXPECT_TRUE(test, can_read(address_of(again)));
	iokmem_map_put(again);
	iokmem_desc_put(desc);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

/* The task may map something else at a killed map's address. A put must not unmap that. */
static void lifetime_release_spares_what_came_after(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test);
	struct iokmem_desc *desc = iokmem_map_get_memory_descriptor(map);
	unsigned long address = address_of(map);
	unsigned long stranger;
	u32 value = 0;

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address, LENGTH));
	stranger = vm_mmap(NULL, address, LENGTH, PROT_READ | PROT_WRITE,
			   MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED_NOREPLACE, 0);
	KUNIT_ASSERT_EQ(test, address, stranger);
	KUNIT_ASSERT_EQ(test, 0, put_user(77, (u32 __user *)address));
	iokmem_map_put(map);
	KUNIT_EXPECT_EQ(test, 0, get_user(value, (u32 __user *)address));
	KUNIT_EXPECT_EQ(test, 77, value);
	iokmem_desc_put(desc);
}

static void lifetime_part_of_a_map_cannot_be_unmapped(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test);
	struct iokmem_desc *desc = iokmem_map_get_memory_descriptor(map);
	unsigned long address = address_of(map);

	KUNIT_EXPECT_EQ(test, -EINVAL, vm_munmap(address, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL, vm_munmap(address + PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL, vm_munmap(address + PAGE_SIZE, LENGTH));
	KUNIT_EXPECT_EQ(test, address, address_of(map));
	KUNIT_EXPECT_TRUE(test, can_read(address));
	KUNIT_EXPECT_TRUE(test, can_read(address + LENGTH - 1));
	iokmem_map_put(map);
	KUNIT_EXPECT_FALSE(test, can_read(address));
	iokmem_desc_put(desc);
}

static void lifetime_buffer_in_a_task_ends_with_its_descriptor(struct kunit *test)
{
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	unsigned long address;
	u64 id;

	attach_address_space(test);
	desc = iokmem_buffer_in_task_with_options(current, 0, LENGTH, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	address = iokmem_buffer_get_address(desc);
	id = desc->id;

	/* A map of the buffer is a reference to it. */
	map = iokmem_desc_create_mapping_in_task(desc, current, 0,
						 ANY | IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, map);
	iokmem_desc_put(desc);
	KUNIT_EXPECT_TRUE(test, can_read(address));
	iokmem_map_put(map);
	KUNIT_EXPECT_FALSE(test, can_read(address));
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

static void lifetime_map_survives_the_task_as_an_object(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	struct iokmem_desc *desc = buffer(test, NULL, LENGTH, 0);
	struct iokmem_map *m = map(test, desc, task, 0, 0, 0);
	int i;

	KUNIT_EXPECT_NE(test, 0UL, address_of(m));
	kill_process(task);
	for (i = 0; i < 100 && address_of(m); i++)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, LENGTH, iokmem_map_get_length(m));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_FALSE(test, mmget_not_zero(m->mapping->mm));
}

/*
 * The map is put by a thread outside of the task, while the task runs. The empty VMA stays,
 * since the task may have put something else there.
 */
static void lifetime_release_empties_the_addresses_from_another_task(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	struct iokmem_desc *desc = buffer(test, NULL, LENGTH, 0);
	struct iokmem_map *m = map(test, desc, task, 0, 0, 0);
	unsigned long address = address_of(m);
	struct mm_struct *mm = get_task_mm(task);

	KUNIT_ASSERT_NOT_NULL(test, mm);
	kthread_use_mm(mm);
	KUNIT_EXPECT_TRUE(test, can_read(address));
	kthread_unuse_mm(mm);

	put_map_now(test, m);
	KUNIT_EXPECT_FALSE(test, entry_of(mm, address).present);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_mapped);
	mmap_read_lock(mm);
	KUNIT_EXPECT_NOT_NULL(test, vma_lookup(mm, address));
	mmap_read_unlock(mm);
	kthread_use_mm(mm);
	KUNIT_EXPECT_FALSE(test, can_read(address));
	kthread_unuse_mm(mm);
	mmput(mm);
}

static void lifetime_put_async_works_where_one_cannot_sleep(struct kunit *test)
{
	struct iokmem_map *map = begin_with_map(test);
	struct iokmem_desc *desc = iokmem_map_get_memory_descriptor(map);
	unsigned long address = address_of(map);
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;
	u64 id = desc->id;

	iokmem_map_get(map);
	spin_lock_irqsave(&lock, flags);
	iokmem_map_put_async(map);
	iokmem_map_put_async(map);
	iokmem_desc_put_async(desc);
	spin_unlock_irqrestore(&lock, flags);

	KUNIT_EXPECT_TRUE(test, is_gone(id));
	KUNIT_EXPECT_FALSE(test, can_read(address));
}

static void lifetime_kernel_mapping_ends_with_its_last_holder(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, LENGTH, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK,
				   IOKMEM_MAP_READ_ONLY, 0, 0);
	void *address = (void *)address_of(m);

	iokmem_map_get(m);
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, pfn_of(desc, 0), vmalloc_to_pfn(address));
	iokmem_map_put(m);
	KUNIT_EXPECT_EQ(test, 0, desc->nr_maps);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(address));
}

static void lifetime_failed_mapping_leaves_nothing(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, LENGTH, 0);
	struct iokmem_map *first;

	attach_address_space(test);
	first = placed(test, desc, SZ_1G, 0, 0);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			map_error(desc, current, SZ_1G - PAGE_SIZE, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, 1, desc->nr_maps);
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&desc->users));
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&first->references));
}

/* Nobody could take so many references in a test, so the counters are set. */
static void lifetime_counters_are_bounded(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, LENGTH, 0), *multi;
	int users = refcount_read(&desc->users);
	unsigned int held = desc->held;

	multi = iokmem_multi_with_descriptors(&desc, 1, 0);
	keep_desc(test, multi);

	desc->held = IOKMEM_COUNT_MAX;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_desc_prepare(multi, 0));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_desc_prepare(desc, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_COUNT_MAX, desc->held);
	KUNIT_EXPECT_EQ(test, 0, multi->held);
	desc->held = held;

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, 0));
	desc->prepared = IOKMEM_COUNT_MAX;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_desc_prepare(desc, 0));
	KUNIT_EXPECT_EQ(test, IOKMEM_COUNT_MAX, desc->prepared);
	desc->prepared = 1;
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, 0));

	refcount_set(&desc->users, IOKMEM_COUNT_MAX);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_desc_get_file(desc, 0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR(iokmem_sub_with_sub_range(desc, 0, PAGE_SIZE, 0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_multi_with_descriptors(&multi, 1, 0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_desc_get_dma_buf(desc, 0)));
	KUNIT_EXPECT_EQ(test, IOKMEM_COUNT_MAX, refcount_read(&desc->users));
	/* The multi-descriptor is another user. */
	refcount_set(&desc->users, users + 1);
}

/* Drivers' maps of the kernel's own are not limited. Those in a task are the task's. */
static void lifetime_limit_is_for_tasks(struct kunit *test)
{
	unsigned int limit = iokmem_max_map_count;
	struct iokmem_desc *desc = buffer(test, NULL, LENGTH, 0);

	attach_address_space(test);
	iokmem_max_map_count = 2;
	map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, PAGE_SIZE);
	map(test, desc, IOKMEM_KERNEL_TASK, 0, PAGE_SIZE, PAGE_SIZE);
	map(test, desc, current, 0, 0, 0);
	map(test, desc, current, 0, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			map_error(desc, current, 0, ANY, PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			map_error(desc, current, 0, ANY | IOKMEM_MAP_UNIQUE, 0, 0));
	iokmem_max_map_count = limit;
	KUNIT_EXPECT_EQ(test, 5UL, desc->nr_maps);
}

static struct kunit_case lifetime_cases[] = {
	KUNIT_CASE(lifetime_last_holder_unmaps),
	KUNIT_CASE(lifetime_map_keeps_the_memory),
	KUNIT_CASE(lifetime_sub_map_keeps_the_mapping),
	KUNIT_CASE(lifetime_munmap_ends_the_map),
	KUNIT_CASE(lifetime_release_spares_what_came_after),
	KUNIT_CASE(lifetime_part_of_a_map_cannot_be_unmapped),
	KUNIT_CASE(lifetime_buffer_in_a_task_ends_with_its_descriptor),
	KUNIT_CASE(lifetime_map_survives_the_task_as_an_object),
	KUNIT_CASE(lifetime_release_empties_the_addresses_from_another_task),
	KUNIT_CASE(lifetime_put_async_works_where_one_cannot_sleep),
	KUNIT_CASE(lifetime_kernel_mapping_ends_with_its_last_holder),
	KUNIT_CASE(lifetime_failed_mapping_leaves_nothing),
	KUNIT_CASE(lifetime_counters_are_bounded),
	KUNIT_CASE(lifetime_limit_is_for_tasks),
	{}
};

static struct kunit_suite lifetime_suite = {
	.name = "iokmem_lifetime",
	.test_cases = lifetime_cases,
};

kunit_test_suite(lifetime_suite);
