// SPDX-License-Identifier: GPL-2.0
/* The user whom a driver has charged for memory: iokmem_buffer_charged_to(). */
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/user.h>

#include "helpers.h"

#define NR	5
#define CHARGED	(NR * PAGE_SIZE)

static long locked(struct task_struct *task)
{
	const struct cred *cred = get_task_cred(task);
	long nr = atomic_long_read(&cred->user->locked_vm);

	put_cred(cred);
	return nr;
}

static struct iokmem_desc *charged(struct kunit *test, struct task_struct *payer, u32 options)
{
	struct iokmem_desc *desc;

	desc = iokmem_buffer_charged_to(payer, NULL, options, CHARGED, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	return desc;
}

static void wired_memory_is_charged_while_it_exists(struct kunit *test)
{
	static const u32 options[] = {
		0, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_MAP_INHIBIT_CACHE,
	};
	struct task_struct *task = start_process(test);
	long before = locked(task);
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	int i;

	need_memory_types(test);
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		desc = charged(test, task, options[i]);
		KUNIT_EXPECT_EQ(test, before + NR, locked(task));
		map = iokmem_desc_map(desc, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
		iokmem_desc_put(desc);
		KUNIT_EXPECT_EQ(test, before + NR, locked(task));
		iokmem_map_put(map);
		KUNIT_EXPECT_EQ(test, before, locked(task));
	}
}

static void memory_is_charged_with_the_block_that_its_alignment_takes(struct kunit *test)
{
	static const u32 options[] = {
		0, IOKMEM_PHYSICALLY_CONTIGUOUS, IOKMEM_MAP_INHIBIT_CACHE,
	};
	struct task_struct *task = start_process(test);
	long before = locked(task);
	struct iokmem_desc *desc;
	int i;

	need_memory_types(test);
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		desc = iokmem_buffer_charged_to(task, NULL, options[i], 1, 16 * PAGE_SIZE, 0);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
		KUNIT_EXPECT_EQ(test, 0, pfn_of(desc, 0) % 16);
		KUNIT_EXPECT_EQ(test, before + 16, locked(task));
		iokmem_desc_put(desc);
		desc = iokmem_buffer_charged_to(task, NULL, options[i], 1, 0,
						~(16 * PAGE_SIZE - 1));
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
		KUNIT_EXPECT_EQ(test, before + 16, locked(task));
		iokmem_desc_put(desc);
		KUNIT_EXPECT_EQ(test, before, locked(task));
	}
}

static void pageable_memory_is_charged_while_it_is_prepared(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	long before = locked(task);
	struct iokmem_desc *desc;

	desc = charged(test, task, IOKMEM_PAGEABLE);
	KUNIT_EXPECT_EQ(test, before, locked(task));
	kill_process(task);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_prepare(desc, 0));
	KUNIT_EXPECT_EQ(test, before + NR, locked(task));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_complete(desc, 0));
	KUNIT_EXPECT_EQ(test, before, locked(task));
	iokmem_desc_put(desc);
}

/* A page that somebody keeps by a reference stays charged when its buffer is gone. */
static void a_page_that_is_kept_is_charged(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	long before = locked(task);
	struct iokmem_desc *desc;
	unsigned long nr;
	struct page *page;
	int i;

	desc = charged(test, task, 0);
	page = pfn_to_page(pfn_of(desc, 0));
	nr = 1UL << compound_order(page);
	get_page(page);
	iokmem_desc_put(desc);
	KUNIT_EXPECT_EQ(test, before + nr, locked(task));
	put_page(page);
	for (i = 0; i < 250 && locked(task) != before; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, before, locked(task));
}

static void nobody_is_charged_unless_named(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	struct task_struct *nobody[] = { NULL, IOKMEM_KERNEL_TASK };
	long before = locked(task);
	struct iokmem_desc *desc;
	int i;

	for (i = 0; i < ARRAY_SIZE(nobody); i++) {
		desc = charged(test, nobody[i], 0);
		KUNIT_EXPECT_EQ(test, before, locked(task));
		iokmem_desc_put(desc);
	}
	desc = iokmem_buffer_in_task_with_options(task, 0, CHARGED, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	KUNIT_EXPECT_EQ(test, before, locked(task));
	iokmem_desc_put(desc);
}

static int error_of(struct task_struct *payer, u32 options)
{
	struct iokmem_desc *desc;

	desc = iokmem_buffer_charged_to(payer, NULL, options, CHARGED, 0, 0);
	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

static int do_nothing(void *arg)
{
	return 0;
}

static void a_task_without_an_address_space_cannot_pay(struct kunit *test)
{
	struct task_struct *task = start_process(test), *thread;
	long before = locked(task);

	thread = kthread_create(do_nothing, NULL, "iokmem-payer");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	KUNIT_EXPECT_EQ(test, -EINVAL, error_of(thread, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, error_of(thread, IOKMEM_PAGEABLE));
	kthread_stop(thread);

	kill_process(task);
	KUNIT_EXPECT_EQ(test, -ESRCH, error_of(task, 0));
	KUNIT_EXPECT_EQ(test, -ESRCH, error_of(task, IOKMEM_PAGEABLE));
	KUNIT_EXPECT_EQ(test, before, locked(task));
}

static void failures_leave_no_charge(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	long before = locked(task);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, error_of(task, 0x80000000u));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(iokmem_buffer_charged_to(task, NULL, 0, CHARGED, 3, 0)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(iokmem_buffer_charged_to(task, NULL, 0, CHARGED, 0, 5)));
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			PTR_ERR_OR_ZERO(iokmem_buffer_charged_to(task, NULL, 0, 1UL << 50,
								 0, 0)));
	KUNIT_EXPECT_EQ(test, before, locked(task));
}

static struct kunit_case charge_cases[] = {
	KUNIT_CASE(wired_memory_is_charged_while_it_exists),
	KUNIT_CASE(memory_is_charged_with_the_block_that_its_alignment_takes),
	KUNIT_CASE(pageable_memory_is_charged_while_it_is_prepared),
	KUNIT_CASE(a_page_that_is_kept_is_charged),
	KUNIT_CASE(nobody_is_charged_unless_named),
	KUNIT_CASE(a_task_without_an_address_space_cannot_pay),
	KUNIT_CASE(failures_leave_no_charge),
	{}
};

static struct kunit_suite charge_suite = {
	.name = "iokmem_charge",
	.test_cases = charge_cases,
};

kunit_test_suite(charge_suite);
