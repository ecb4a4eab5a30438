// SPDX-License-Identifier: GPL-2.0
/*
 * A driver's last put or unmap leaves the addresses to the task. They stay reserved and
 * empty until the task unmaps them, or the driver asks for a map that fits there.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#include "helpers.h"

/* A way in which a driver kills a map. */
struct ending {
	const char *name;
	void (*end)(struct iokmem_map *map);
};

static void end_by_unmap(struct iokmem_map *map)
{
	iokmem_map_unmap(map);
	iokmem_map_put(map);
}

static const struct ending endings[] = {
	{ "put", iokmem_map_put },
	{ "unmap", end_by_unmap },
};

static void describe_ending(const struct ending *ending, char *description)
{
	strscpy(description, ending->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ending, endings, describe_ending);

static struct iokmem_map *make(struct kunit *test, struct iokmem_desc *desc,
			       struct task_struct *task, u32 options)
{
	struct iokmem_map *map;

	map = iokmem_desc_create_mapping_in_task(desc, task, 0, options | IOKMEM_MAP_ANYWHERE,
						 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	return map;
}

/* Return true if a VMA begins at @address, which has a file if @of_file or else none. */
static bool has_vma(struct mm_struct *mm, unsigned long address, bool of_file)
{
	struct vm_area_struct *vma;
	bool found;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, address);
	found = vma && vma->vm_start == address && !!vma->vm_file == of_file;
	mmap_read_unlock(mm);
	return found;
}

static void ending_leaves_an_empty_vma(struct kunit *test)
{
	const struct ending *ending = test->param_value;
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	unsigned long address;
	struct iokmem_map *m;

	attach_address_space(test);
	m = make(test, desc, current, 0);
	address = address_of(m);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address));
	ending->end(m);
	KUNIT_EXPECT_TRUE(test, has_vma(current->mm, address, true));
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address).present);
	KUNIT_EXPECT_EQ(test, 1UL, touch(address));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(address, SZ_64K));
	KUNIT_EXPECT_FALSE(test, has_vma(current->mm, address, true));
}

static void ending_lets_the_memory_go(struct kunit *test)
{
	const struct ending *ending = test->param_value;
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_MAP_INHIBIT_CACHE, SZ_64K, 0);
	struct iokmem_map *m;

	need_memory_types(test);
	attach_address_space(test);
	m = make(test, desc, current, 0);
	KUNIT_ASSERT_EQ(test, 0UL, touch(address_of(m)));
	ending->end(m);
	/* The memory can be retyped, so nothing maps it any more. */
	m = make(test, desc, current, IOKMEM_MAP_COPYBACK_CACHE);
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_COPYBACK_CACHE, iokmem_desc_get_cache_mode(desc));
	KUNIT_EXPECT_EQ(test, 0UL, touch(address_of(m)));
	KUNIT_EXPECT_EQ(test, IOKMEM_MAP_COPYBACK_CACHE,
			entry_of(current->mm, address_of(m)).cache);
	ending->end(m);
}

/* Count the module's VMAs. Those of a program that has just begun may change. */
static int count_vmas(struct mm_struct *mm, unsigned long address)
{
	const struct vm_operations_struct *ours;
	struct vm_area_struct *vma;
	struct vma_iterator iter;
	int nr = 0;

	vma_iter_init(&iter, mm, 0);
	mmap_read_lock(mm);
	vma = vma_lookup(mm, address);
	ours = vma ? vma->vm_ops : NULL;
	for_each_vma(iter, vma)
		nr += ours && vma->vm_ops == ours;
	mmap_read_unlock(mm);
	return nr;
}

static void repeat(struct kunit *test, struct task_struct *task, struct mm_struct *mm)
{
	const struct ending *ending = test->param_value;
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m = make(test, desc, task, 0);
	unsigned long address = address_of(m);
	int i;

	for (i = 0; i < 1000; i++) {
		ending->end(m);
		KUNIT_ASSERT_TRUE(test, has_vma(mm, address, true));
		m = make(test, desc, task, 0);
		KUNIT_ASSERT_EQ(test, address, address_of(m));
	}
	KUNIT_EXPECT_EQ(test, 1, count_vmas(mm, address));
	ending->end(m);
}

static void next_map_takes_up_the_empty_vma(struct kunit *test)
{
	attach_address_space(test);
	repeat(test, current, current->mm);
}

static void next_map_takes_up_the_empty_vma_of_another_task(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	struct mm_struct *mm = get_task_mm(task);

	KUNIT_ASSERT_NOT_NULL(test, mm);
	repeat(test, task, mm);
	mmput(mm);
}

static void empty_vma_goes_with_its_process(struct kunit *test)
{
	const struct ending *ending = test->param_value;
	struct task_struct *task = start_process(test);
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	u64 id = desc->id;

	ending->end(make(test, desc, task, 0));
	kill_process(task);
	put_buffer_now(test, desc);
	KUNIT_EXPECT_TRUE(test, is_gone(id));
}

/* A thread of the task, which maps memory of its own at the address of the map. */
struct overwriter {
	struct mm_struct *mm;
	unsigned long address;
	unsigned long result;
	struct completion begun;
	struct completion done;
};

static int overwrite(void *arg)
{
	struct overwriter *overwriter = arg;

	kthread_use_mm(overwriter->mm);
	complete(&overwriter->begun);
	overwriter->result = vm_mmap(NULL, overwriter->address, SZ_64K,
				     PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	kthread_unuse_mm(overwriter->mm);
	kthread_complete_and_exit(&overwriter->done, 0);
}

/* The task's mmap() waits for the mmap lock, and behind it the worker that drops the map. */
static void ending_spares_what_the_task_has_put_there(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct overwriter overwriter = {};
	struct task_struct *thread;
	struct iokmem_map *m;

	attach_address_space(test);
	m = make(test, desc, current, 0);
	overwriter.mm = current->mm;
	overwriter.address = address_of(m);
	init_completion(&overwriter.begun);
	init_completion(&overwriter.done);
	KUNIT_ASSERT_EQ(test, 0UL, touch(overwriter.address));
	thread = kthread_create(overwrite, &overwriter, "iokmem-overwrite");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);

	mmap_read_lock(current->mm);
	wake_up_process(thread);
	wait_for_completion(&overwriter.begun);
	msleep(100);
	iokmem_map_put_async(m);
	msleep(100);
	mmap_read_unlock(current->mm);
	wait_for_completion(&overwriter.done);

	KUNIT_EXPECT_EQ(test, overwriter.address, overwriter.result);
	/* Give the worker time to finish. */
	msleep(200);
	KUNIT_EXPECT_TRUE(test, has_vma(current->mm, overwriter.address, false));
	KUNIT_EXPECT_EQ(test, 0UL, touch(overwriter.address));
}

static struct kunit_case driver_cases[] = {
	KUNIT_CASE_PARAM(ending_leaves_an_empty_vma, ending_gen_params),
	KUNIT_CASE_PARAM(ending_lets_the_memory_go, ending_gen_params),
	KUNIT_CASE_PARAM(next_map_takes_up_the_empty_vma, ending_gen_params),
	KUNIT_CASE_PARAM(next_map_takes_up_the_empty_vma_of_another_task, ending_gen_params),
	KUNIT_CASE_PARAM(empty_vma_goes_with_its_process, ending_gen_params),
	KUNIT_CASE(ending_spares_what_the_task_has_put_there),
	{}
};

static struct kunit_suite driver_suite = {
	.name = "iokmem_driver",
	.test_cases = driver_cases,
};

kunit_test_suite(driver_suite);
