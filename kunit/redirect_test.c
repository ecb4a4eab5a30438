// SPDX-License-Identifier: GPL-2.0
/*
 * A driver redirects a program's map: to every kind of memory, to nothing, and back. Also,
 * a driver unmaps a map for all who share it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "kinds.h"

#define UNIQUE	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE)
#define SPAN	(3 * PAGE_SIZE)

/* Return the byte at @address in the current address space, or -1 if it cannot be read. */
static int byte_at(unsigned long address)
{
	u8 byte;

	return copy_from_user(&byte, (u8 __user *)address, 1) ? -1 : byte;
}

static struct iokmem_map *unique(struct kunit *test, struct iokmem_desc *desc,
				 size_t length)
{
	return map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, length);
}

/* Write @value to memory of any kind, in the two places that the test reads. */
static void prepare_kind(struct kunit *test, struct iokmem_desc *desc, u8 value)
{
	u8 bytes[16];

	memset(bytes, value, sizeof(bytes));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(desc, IOKMEM_DIRECTION_INOUT));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc, 0, bytes, sizeof(bytes)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(desc, 2 * PAGE_SIZE, bytes,
							 sizeof(bytes)));
	/* Physical memory and guard pages count no preparations. */
	if (iokmem_desc_complete(desc, IOKMEM_DIRECTION_INOUT))
		kunit_info(test, "not counted");
}

static void redirect_shows_every_kind(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind), *old;
	unsigned int held = desc->held;
	struct iokmem_map *m;
	u64 start;

	prepare_kind(test, desc, 0x5a);
	old = buffer(test, NULL, SZ_64K, 0);
	/* The map has to begin at the offset in a page that the new memory begins at. */
	start = desc->parent ? desc->start : 0;
	m = map(test, old, current, IOKMEM_MAP_UNIQUE,
		offset_in_page((desc->parent ? desc->parent->skew : desc->skew) + start),
		SPAN - PAGE_SIZE + 16);
	KUNIT_ASSERT_EQ(test, 0, byte_at(address_of(m)));

	if (kind->no_user_map || iokmem_desc_fills_vma(desc)) {
		KUNIT_EXPECT_NE(test, 0, iokmem_map_redirect(m, desc, 0, 0));
		KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m)));
		KUNIT_EXPECT_PTR_EQ(test, old, iokmem_map_get_memory_descriptor(m));
		KUNIT_EXPECT_EQ(test, held, desc->held);
		return;
	}
	if (offset_in_page(address_of(m))) {
		KUNIT_EXPECT_EQ(test, -EACCES, iokmem_map_redirect(m, desc, 0, 0));
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, desc, 0, 0));
	KUNIT_EXPECT_EQ(test, 0x5a, byte_at(address_of(m)));
	KUNIT_EXPECT_EQ(test, 0x5a, byte_at(address_of(m) + 2 * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, desc->parent ? desc->parent : desc,
			    iokmem_map_get_memory_descriptor(m));
	KUNIT_EXPECT_EQ(test, (size_t)start, iokmem_map_get_offset(m));
	KUNIT_EXPECT_EQ(test, iokmem_desc_get_cache_mode(desc),
			iokmem_map_get_cache_mode(m));
	KUNIT_EXPECT_EQ(test, 0, old->nr_mapped);
	KUNIT_EXPECT_EQ(test, 0, old->nr_maps);

	/* The new memory is released when the map shows the old memory again. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, old, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m)));
	KUNIT_EXPECT_EQ(test, held, desc->held);
	KUNIT_EXPECT_EQ(test, 1, old->nr_mapped);
}

static void redirect_keeps_one_user_of_what_it_shows(struct kunit *test)
{
	struct iokmem_desc *old = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *new = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;

	attach_address_space(test);
	m = unique(test, old, 0);
	iokmem_map_get(m);
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&old->users));
	KUNIT_EXPECT_EQ(test, 2UL, iokmem_map_get_retain_count(m));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, new, 0, 0));
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&old->users));
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&new->users));
	iokmem_map_put(m);
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&new->users));
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&new->users));
}

static void redirect_lets_the_old_memory_go(struct kunit *test)
{
	struct iokmem_desc *old = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *new = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;
	u64 id = old->id;

	attach_address_space(test);
	m = unique(test, old, 0);
	KUNIT_ASSERT_EQ(test, 0, byte_at(address_of(m)));
	put_buffer_now(test, old);
	KUNIT_EXPECT_FALSE(test, is_gone(id));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, new, 0, 0));
	KUNIT_EXPECT_TRUE(test, is_gone(id));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m)));
}

static void redirect_needs_a_unique_user_map(struct kunit *test)
{
	struct iokmem_desc *old = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, 0);
	struct iokmem_desc *new = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *dma = keep_desc(test,
		iokmem_buffer_coherent(device(test), IOKMEM_DIRECTION_INOUT, SZ_64K));
	struct iokmem_map *kernel, *shared, *m, *coherent;

	attach_address_space(test);
	kernel = map(test, old, IOKMEM_KERNEL_TASK, IOKMEM_MAP_UNIQUE, 0, 0);
	shared = map(test, old, current, 0, 0, 0);
	m = unique(test, old, 0);
	coherent = unique(test, dma, 0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(kernel, new, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(kernel, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENOTUNIQ, iokmem_map_redirect(shared, new, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(m, dma, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(coherent, new, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_map_redirect(coherent, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_map_redirect(m, new, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, iokmem_map_redirect(m, new, 0, -PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_map_redirect(m, new, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_map_redirect(m, NULL, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			iokmem_map_redirect(m, new, IOKMEM_MAP_UNIQUE, 0));
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&new->users));
	KUNIT_EXPECT_EQ(test, 0, new->nr_maps);
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(coherent)));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m)));
}

static void redirect_of_an_ended_map_is_refused(struct kunit *test)
{
	struct iokmem_desc *old = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *new = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;

	attach_address_space(test);
	m = unique(test, old, 0);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(address_of(m), SZ_64K));
	KUNIT_EXPECT_EQ(test, -ENOENT, iokmem_map_redirect(m, new, 0, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, new->nr_mapped);
	KUNIT_EXPECT_EQ(test, 1, refcount_read(&new->users));
}

/* A thread in the test's address space that touches a map. */
struct toucher {
	struct mm_struct *mm;
	unsigned long address;
	int seen;
	struct completion done;
};

static int touch_it(void *arg)
{
	struct toucher *toucher = arg;
	int seen;

	kthread_use_mm(toucher->mm);
	seen = byte_at(toucher->address);
	kthread_unuse_mm(toucher->mm);
	toucher->seen = seen;
	kthread_complete_and_exit(&toucher->done, 0);
}

/*
 * Return the first byte of a map as a kernel thread reads it, or -1 if it cannot. The
 * kernel's accesses never wait, whatever the map is redirected to.
 */
static int seen_by_kernel(struct kunit *test, struct iokmem_map *m)
{
	struct toucher toucher = { .mm = current->mm, .address = address_of(m) };

	init_completion(&toucher.done);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(touch_it, &toucher, "iokmem-touch"));
	if (!wait_for_completion_timeout(&toucher.done, 5 * HZ)) {
		KUNIT_FAIL(test, "the kernel's access waits");
		/* The thread uses this stack. */
		iokmem_map_unmap(m);
		wait_for_completion(&toucher.done);
	}
	return toucher.seen;
}

/* Registers that are taken from a program, given back, and replaced by zeroes. */
static void redirect_revokes_device_memory_and_gives_it_back(struct kunit *test)
{
	struct iokmem_desc *registers, *zeroes = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;
	u8 value = 0x77;

	need_reserved(test);
	registers = iokmem_desc_with_physical_address(RESERVED_START, SZ_64K,
						      IOKMEM_DIRECTION_INOUT);
	keep_desc(test, registers);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(registers, 0, &value, 1));
	attach_address_space(test);
	m = unique(test, registers, 0);
	KUNIT_ASSERT_EQ(test, 0x77, byte_at(address_of(m)));

	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m)).present);
	KUNIT_ASSERT_EQ(test, -1, seen_by_kernel(test, m));
	value = 0x78;
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_write_bytes(registers, 0, &value, 1));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, registers, 0, 0));
	KUNIT_EXPECT_EQ(test, 0x78, seen_by_kernel(test, m));

	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_ASSERT_EQ(test, -1, seen_by_kernel(test, m));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, zeroes, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, seen_by_kernel(test, m));
	KUNIT_EXPECT_EQ(test, 0, registers->nr_mapped);
}

static void redirect_to_nothing_fails_the_kernels_accesses(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m;
	unsigned long address;

	attach_address_space(test);
	m = unique(test, desc, 0);
	address = address_of(m);
	KUNIT_ASSERT_EQ(test, 0, seen_by_kernel(test, m));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_EQ(test, -1, seen_by_kernel(test, m));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, desc, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, seen_by_kernel(test, m));
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	put_map_now(test, m);
	KUNIT_EXPECT_EQ(test, -1, byte_at(address));
}

static void redirect_in_another_task(struct kunit *test)
{
	struct task_struct *task = start_process(test);
	struct iokmem_desc *old = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *new = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m = map(test, old, task, IOKMEM_MAP_UNIQUE |
				   IOKMEM_MAP_PREFAULT, 0, 0);
	struct mm_struct *mm = get_task_mm(task);

	KUNIT_ASSERT_NOT_NULL(test, mm);
	KUNIT_EXPECT_EQ(test, pfn_of(old, 0), entry_of(mm, address_of(m)).pfn);
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, new, 0, 0));
	KUNIT_EXPECT_EQ(test, pfn_of(new, 0), entry_of(mm, address_of(m)).pfn);
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, NULL, 0, 0));
	KUNIT_EXPECT_FALSE(test, entry_of(mm, address_of(m)).present);
	mmput(mm);
	kill_process(task);
	KUNIT_EXPECT_EQ(test, -ENOENT, iokmem_map_redirect(m, old, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, old->nr_mapped);
}

static void blocked_memory_of_every_kind_is_not_seen(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);
	struct iokmem_map *m, *later;

	if (kind->no_user_map)
		kunit_skip(test, "no user task can map it");
	prepare_kind(test, desc, 0x5a);
	m = map(test, desc, current, 0, 0, 0);
	KUNIT_ASSERT_EQ(test, 0x5a, byte_at(address_of(m)));
	if (iokmem_desc_fills_vma(iokmem_desc_owner(desc))) {
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iokmem_desc_redirect(desc, NULL, true));
		KUNIT_EXPECT_EQ(test, 0x5a, byte_at(address_of(m)));
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_redirect(desc, NULL, true));
	/* These addresses are the task's own. */
	if (m->mapping->borrowed) {
		KUNIT_EXPECT_EQ(test, 0x5a, byte_at(address_of(m)));
		return;
	}
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(m)).present);
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(m)));
	later = map(test, desc, current, IOKMEM_MAP_UNIQUE, 0, 0);
	KUNIT_EXPECT_FALSE(test, entry_of(current->mm, address_of(later)).present);
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(later)));

	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_redirect(desc, NULL, false));
	KUNIT_EXPECT_EQ(test, 0x5a, byte_at(address_of(m)));
	KUNIT_EXPECT_EQ(test, 0x5a, byte_at(address_of(later)));
}

static void blocked_memory_is_seen_by_the_safe_task(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, 0), *sub;
	struct task_struct *task = start_process(test);
	struct iokmem_map *ours, *theirs;
	struct mm_struct *mm;

	attach_address_space(test);
	mm = get_task_mm(task);
	KUNIT_ASSERT_NOT_NULL(test, mm);
	ours = map(test, desc, current, 0, 0, 0);
	theirs = map(test, desc, task, 0, 0, 0);
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(ours)).present);
	KUNIT_EXPECT_TRUE(test, entry_of(mm, address_of(theirs)).present);

	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(desc, current, true));
	KUNIT_EXPECT_TRUE(test, entry_of(current->mm, address_of(ours)).present);
	KUNIT_EXPECT_FALSE(test, entry_of(mm, address_of(theirs)).present);
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(ours)));

	/* Another task is spared instead. The kernel always sees the memory. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(desc, task, true));
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(ours)));
	KUNIT_EXPECT_TRUE(test, entry_of(mm, address_of(map(test, desc, task, IOKMEM_MAP_UNIQUE,
							    0, 0))).present);
	KUNIT_EXPECT_EQ(test, 0, *(u8 *)iokmem_buffer_get_bytes_no_copy(desc));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(desc, NULL, false));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(ours)));

	/* A sub-descriptor's memory is all of its parent's. */
	sub = keep_desc(test, iokmem_sub_with_sub_range(desc, PAGE_SIZE, PAGE_SIZE,
							IOKMEM_DIRECTION_INOUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(sub, IOKMEM_KERNEL_TASK, true));
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(ours)));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(sub, IOKMEM_KERNEL_TASK, false));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(ours)));

	/* The task that is spared may be gone. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(desc, task, true));
	mmput(mm);
	kill_process(task);
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(ours)));
	KUNIT_EXPECT_EQ(test, -ESRCH, iokmem_desc_redirect(desc, task, true));
}

static void blocked_memory_and_other_memory_with_it(struct kunit *test)
{
	struct iokmem_desc *blocked = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *open = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_desc *both[2] = { open, blocked }, *multi;
	struct iokmem_map *m;

	attach_address_space(test);
	/* A multi-descriptor is blocked by itself. */
	multi = keep_desc(test, iokmem_multi_with_descriptors(both, 2, IOKMEM_DIRECTION_INOUT));
	m = map(test, multi, current, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(blocked, NULL, true));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m) + SZ_64K));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(blocked, NULL, false));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(multi, NULL, true));
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(m)));

	/* A map is blocked while it shows blocked memory. */
	m = unique(test, open, 0);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(blocked, NULL, true));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m)));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, blocked, 0, 0));
	KUNIT_EXPECT_EQ(test, -1, byte_at(address_of(m)));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_redirect(m, open, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, byte_at(address_of(m)));
}

static void block_that_cannot_be_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);

	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_desc_redirect(desc, current, true));
	KUNIT_EXPECT_FALSE(test, desc->blocked);
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_redirect(desc, NULL, false));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_revoke(desc));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_desc_redirect(desc, NULL, true));
}

static void unmap_ends_a_map_for_all(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *one, *two, *inside;
	unsigned long address;

	attach_address_space(test);
	one = map(test, desc, current, 0, 0, 0);
	two = map(test, desc, current, 0, 0, 0);
	inside = map(test, desc, current, 0, PAGE_SIZE, PAGE_SIZE);
	address = address_of(one);
	KUNIT_EXPECT_EQ(test, 0, byte_at(address));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(two));
	KUNIT_EXPECT_EQ(test, -1, byte_at(address));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(one));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(inside));
	KUNIT_EXPECT_EQ(test, SZ_64K, iokmem_map_get_length(one));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_mapped);
	/* Unmapping it again does nothing. */
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(one));
	/* No request shares the unmapped map. */
	two = map(test, desc, current, 0, 0, 0);
	KUNIT_EXPECT_PTR_NE(test, one, two);
}

static void unmap_of_a_kernel_map_frees_its_addresses(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, IOKMEM_MAP_READ_ONLY, 0, 0);

	KUNIT_ASSERT_NOT_NULL(test, m->mapping->kaddr);
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(m));
	KUNIT_EXPECT_EQ(test, 0UL, address_of(m));
	KUNIT_EXPECT_EQ(test, 0, desc->nr_mapped);
}

static void unmap_leaves_a_buffers_own_mapping(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, IOKMEM_KERNEL_TASK, SZ_64K, 0);
	struct iokmem_map *m = keep_map(test, iokmem_desc_map(desc, 0));

	KUNIT_EXPECT_EQ(test, -EBUSY, iokmem_map_unmap(m));
	KUNIT_EXPECT_PTR_EQ(test, iokmem_buffer_get_bytes_no_copy(desc),
			    (void *)address_of(m));
}

static void unmap_lets_held_memory_go(struct kunit *test)
{
	struct iokmem_desc *desc = buffer_with(test, NULL, IOKMEM_PAGEABLE, SZ_64K, 0);
	struct iokmem_map *m = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);

	KUNIT_EXPECT_EQ(test, 1, desc->held);
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_unmap(m));
	KUNIT_EXPECT_EQ(test, 0, desc->held);
}

static void map_tells_its_segments_task_and_counts(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_64K, SZ_64K);
	struct iokmem_map *m, *kernel;
	struct task_struct *task;
	phys_addr_t address, whole;
	size_t length, n;

	attach_address_space(test);
	m = map(test, desc, current, 0, PAGE_SIZE + 100, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_get_physical_segment(desc, 0, &whole, &n));
	KUNIT_EXPECT_EQ(test, SZ_64K, n);
	KUNIT_ASSERT_EQ(test, 0, iokmem_map_get_physical_segment(m, 5, &address, &length));
	KUNIT_EXPECT_EQ(test, whole + PAGE_SIZE + 105, address);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE - 5, length);
	KUNIT_EXPECT_EQ(test, -ERANGE, iokmem_map_get_physical_segment(m, 2 * PAGE_SIZE,
								       &address, &length));
	/* The map does not become shorter with the buffer. */
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 1));
	KUNIT_EXPECT_EQ(test, 0, iokmem_map_get_physical_segment(m, 5, &address, &length));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, SZ_64K));

	task = iokmem_map_get_address_task(m);
	KUNIT_EXPECT_PTR_EQ(test, current, task);
	put_task_struct(task);
	kernel = map(test, desc, IOKMEM_KERNEL_TASK, 0, 0, 0);
	task = iokmem_map_get_address_task(kernel);
	KUNIT_EXPECT_PTR_EQ(test, IOKMEM_KERNEL_TASK, task);
	put_task_struct(task);

	KUNIT_EXPECT_EQ(test, 1UL, iokmem_map_get_retain_count(m));
	map(test, desc, current, 0, PAGE_SIZE + 100, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 2UL, iokmem_map_get_retain_count(m));

	KUNIT_ASSERT_EQ(test, 0, iokmem_map_unmap(m));
	KUNIT_EXPECT_EQ(test, -ENOENT, iokmem_map_get_physical_segment(m, 0, &address,
								       &length));
}

static struct kunit_case redirect_cases[] = {
	KUNIT_CASE_PARAM(redirect_shows_every_kind, kind_gen_params),
	KUNIT_CASE(redirect_keeps_one_user_of_what_it_shows),
	KUNIT_CASE(redirect_lets_the_old_memory_go),
	KUNIT_CASE(redirect_needs_a_unique_user_map),
	KUNIT_CASE(redirect_of_an_ended_map_is_refused),
	KUNIT_CASE(redirect_revokes_device_memory_and_gives_it_back),
	KUNIT_CASE(redirect_to_nothing_fails_the_kernels_accesses),
	KUNIT_CASE(redirect_in_another_task),
	KUNIT_CASE_PARAM(blocked_memory_of_every_kind_is_not_seen, kind_gen_params),
	KUNIT_CASE(blocked_memory_is_seen_by_the_safe_task),
	KUNIT_CASE(blocked_memory_and_other_memory_with_it),
	KUNIT_CASE(block_that_cannot_be_is_refused),
	KUNIT_CASE(unmap_ends_a_map_for_all),
	KUNIT_CASE(unmap_of_a_kernel_map_frees_its_addresses),
	KUNIT_CASE(unmap_leaves_a_buffers_own_mapping),
	KUNIT_CASE(unmap_lets_held_memory_go),
	KUNIT_CASE(map_tells_its_segments_task_and_counts),
	{}
};

static struct kunit_suite redirect_suite = {
	.name = "iokmem_redirect",
	.test_cases = redirect_cases,
};

kunit_test_suite(redirect_suite);
