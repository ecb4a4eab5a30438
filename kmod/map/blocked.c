// SPDX-License-Identifier: GPL-2.0
/*
 * Blocking all maps of a descriptor: programs that touch one wait.
 *
 * The descriptor is marked first. A fault that sees the mark waits, also in a map that is made
 * later. A fault that has not seen it has the mmap lock, so its entries are there when the
 * mapping is zapped.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "map/map.h"
#include "page/address_space.h"
#include "page/compat.h"
#include "page/wake.h"

/* How many mappings are passed over with the lock held. */
#define IOKMEM_PASS_OVER	64

/*
 * Return the first live mapping from @key on, with a count, and move @key behind it; or NULL.
 *
 * Mappings of the age @new and above have found the mark. There may be many, and programs may add
 * them in front of @key as fast as this function is called. So it passes over several.
 */
static struct iokmem_mapping *take_live(struct iokmem_desc *desc, struct iokmem_live_key *key,
					u64 new)
{
	struct iokmem_mapping *mapping;
	int i = 0;

	mutex_lock(&desc->lock);
	do {
		mapping = iokmem_index_live_from(desc, key);
		if (mapping) {
			*key = iokmem_live_key_of(mapping);
			key->age++;
		}
	} while (mapping && mapping->age >= new && ++i < IOKMEM_PASS_OVER);
	if (mapping)
		kref_get(&mapping->count);
	mutex_unlock(&desc->lock);
	return mapping;
}

/* Leave no entry of a user mapping. Its address space need not exist any more. */
static void zap(struct iokmem_mapping *mapping)
{
	struct vm_area_struct *vma;

	if (!mmget_not_zero(mapping->mm))
		return;
	mmap_write_lock(mapping->mm);
	vma = iokmem_mapping_vma(mapping);
	if (vma)
		iokmem_vma_zap(vma);
	mmap_write_unlock(mapping->mm);
	mmput(mapping->mm);
}

static void zap_blocked(struct iokmem_desc *desc)
{
	struct iokmem_live_key key = {};
	struct iokmem_mapping *mapping;
	u64 new;

	mutex_lock(&desc->lock);
	new = desc->next_age;
	mutex_unlock(&desc->lock);
	while ((mapping = take_live(desc, &key, new))) {
		if (mapping->mm && !mapping->borrowed && iokmem_desc_blocks(desc, mapping->mm))
			zap(mapping);
		iokmem_mapping_put(mapping);
	}
}

/*
 * Mark the descriptor as blocked for all address spaces but @spared, which may be NULL; or take
 * the mark away. Threads that wait look at it again.
 */
static int mark(struct iokmem_desc *desc, bool blocked, struct mm_struct *spared)
{
	struct mm_struct *old = NULL;
	int err;

	mutex_lock(&desc->lock);
	err = iokmem_desc_check_revoked(desc);
	if (!err) {
		if (spared)
			mmgrab(spared);
		old = desc->spared;
		WRITE_ONCE(desc->spared, spared);
		WRITE_ONCE(desc->blocked, blocked);
	}
	mutex_unlock(&desc->lock);
	if (old)
		mmdrop(old);
	iokmem_wake_up(&desc->blocked);
	return err;
}

/**
 * iokmem_desc_redirect - block all maps of a descriptor but those of one task, or unblock them
 * @desc: the descriptor; of a sub-descriptor, all maps of its parent
 * @safe: the user task whose maps are not blocked, which the caller has a reference to; NULL or
 *	IOKMEM_KERNEL_TASK: there is none. Not looked at unless @on
 * @on: block the maps; false: unblock them
 *
 * Follows IOMemoryDescriptor::redirect(). A thread of a program that touches a blocked map sleeps
 * as iokmem_map_redirect() describes, until the maps are unblocked, or the map is unmapped or
 * redirected to other memory. Maps that are made meanwhile are blocked, too. A second call with
 * another @safe spares that task instead.
 *
 * On return no program but the spared one sees the memory by a map, with these exceptions: the
 * addresses that a task has of its memory anyway, mappings that were recorded
 * (%IOKMEM_MAP_STATIC), maps of multi-descriptors that have the memory as a member, and pages that
 * were pinned by a pinnable map before. The kernel's own maps never fault, so they are not blocked.
 * After the end of the block, a map with %IOKMEM_MAP_PREFAULT is filled by faults.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0; or a negative error, after which nothing has changed: -EOPNOTSUPP for coherent
 * buffers and dma-bufs whose maps are filled by others; -EINVAL if @safe is another kernel thread;
 * -ESRCH if it has exited; -ENODEV if the memory has been revoked.
 */
int iokmem_desc_redirect(struct iokmem_desc *desc, struct task_struct *safe, bool on)
{
	struct mm_struct *spared = NULL;
	int err;

	might_sleep();

	desc = iokmem_desc_owner(desc);
	if (iokmem_desc_fills_vma(desc))
		return -EOPNOTSUPP;
	if (on && safe)
		spared = iokmem_task_mm(safe);
	if (IS_ERR(spared))
		return PTR_ERR(spared);
	err = mark(desc, on, spared);
	if (spared)
		mmput(spared);
	if (!err && on)
		zap_blocked(desc);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_redirect, IOKMEM_NS);
