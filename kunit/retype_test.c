// SPDX-License-Identifier: GPL-2.0
/*
 * Retyping large memory takes long. Meanwhile a task that maps the memory by mmap() must
 * not keep the lock of its address space.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#include "helpers.h"

/* A retype that begins, and then waits until the test allows it to continue. */
static DECLARE_COMPLETION(retype_begun);
static DECLARE_COMPLETION(retype_may_go_on);
static const struct iokmem_kind *usual_kind;
static struct iokmem_store_ops slow_store;
static struct iokmem_kind slow_kind;

static int slow_retype(struct iokmem_desc *desc, u32 cache_mode)
{
	complete(&retype_begun);
	wait_for_completion(&retype_may_go_on);
	return usual_kind->store->retype(desc, cache_mode);
}

/* A thread that changes the mode by mapping the memory into the kernel. */
struct retyper {
	struct iokmem_desc *desc;
	int err;
	struct completion done;
};

static int retype(void *arg)
{
	struct retyper *retyper = arg;

	retyper->err = map_error(retyper->desc, IOKMEM_KERNEL_TASK, 0,
				 IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_INHIBIT_CACHE, 0, 0);
	kthread_complete_and_exit(&retyper->done, 0);
}

/* A thread of the test's address space that maps the memory by its file, and touches it. */
struct mapper {
	struct mm_struct *mm;
	struct file *file;
	unsigned long address;
	u8 byte;
	int err;
	struct completion done;
};

static int map_file(void *arg)
{
	struct mapper *mapper = arg;

	kthread_use_mm(mapper->mm);
	mapper->address = vm_mmap(mapper->file, 0, SZ_64K, PROT_READ, MAP_SHARED, 0);
	if (!IS_ERR_VALUE(mapper->address)) {
		mapper->err = get_user(mapper->byte, (u8 __user *)mapper->address);
		vm_munmap(mapper->address, SZ_64K);
	}
	kthread_unuse_mm(mapper->mm);
	kthread_complete_and_exit(&mapper->done, 0);
}

static bool can_lock_soon(struct mm_struct *mm)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (mmap_read_trylock(mm)) {
			mmap_read_unlock(mm);
			return true;
		}
		msleep(20);
	}
	return false;
}

static void mmap_keeps_no_lock_while_memory_is_retyped(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct retyper retyper = { .desc = desc };
	struct task_struct *retyping, *mapping;
	struct mapper mapper = { .byte = 1 };

	need_memory_types(test);
	attach_address_space(test);
	mapper.mm = current->mm;
	mapper.file = iokmem_desc_get_file(desc, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mapper.file);
	init_completion(&retyper.done);
	init_completion(&mapper.done);
	reinit_completion(&retype_begun);
	reinit_completion(&retype_may_go_on);
	retyping = kthread_create(retype, &retyper, "iokmem-retype");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, retyping);
	mapping = kthread_create(map_file, &mapper, "iokmem-map");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mapping);
	usual_kind = desc->kind;
	slow_store = *usual_kind->store;
	slow_store.retype = slow_retype;
	slow_kind = *usual_kind;
	slow_kind.store = &slow_store;
	desc->kind = &slow_kind;

	wake_up_process(retyping);
	wait_for_completion(&retype_begun);
	wake_up_process(mapping);
	/* Give the mapper time to wait for the retype. */
	msleep(100);
	KUNIT_EXPECT_TRUE(test, can_lock_soon(current->mm));
	KUNIT_EXPECT_FALSE(test, completion_done(&mapper.done));
	complete(&retype_may_go_on);
	wait_for_completion(&retyper.done);
	wait_for_completion(&mapper.done);
	desc->kind = usual_kind;

	KUNIT_EXPECT_EQ(test, 0, retyper.err);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(mapper.address));
	KUNIT_EXPECT_EQ(test, 0, mapper.err);
	KUNIT_EXPECT_EQ(test, 0, mapper.byte);
	fput(mapper.file);
	settle_files(test);
}

static struct kunit_case retype_cases[] = {
	KUNIT_CASE(mmap_keeps_no_lock_while_memory_is_retyped),
	{}
};

static struct kunit_suite retype_suite = {
	.name = "iokmem_retype",
	.test_cases = retype_cases,
};

kunit_test_suite(retype_suite);
