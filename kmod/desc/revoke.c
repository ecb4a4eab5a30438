// SPDX-License-Identifier: GPL-2.0
/*
 * Revoking descriptors: all maps end, and the memory may be gone although the descriptor
 * still exists.
 *
 * In this order:
 *
 *  1. The descriptor is marked. From here on there are no new maps, holds, accesses and
 *     watches.
 *  2. All mappings are ended, also those that are still being made. On return no entry of the
 *     memory is left in any address space.
 *  3. Those who use the memory otherwise are told: DMA commands complete, importers of
 *     dma-bufs unmap the memory if they can, and multi-descriptors that have the memory as a
 *     member are revoked, too.
 *  4. A kind of memory that belongs to a device gives the memory back.
 *
 * Ordinary memory stays allocated until the last count is put, so a device that still has it
 * mapped through a dma-buf does no harm.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "desc/desc.h"
#include "page/compat.h"
#include "page/wake.h"
#include "trace.h"

/* Ends all mappings of a revoked descriptor, and waits until none is left. Set by map/. */
void (*iokmem_end_mappings)(struct iokmem_desc *desc);

/*
 * iokmem_watch_add - have a watcher told when a descriptor is revoked
 *
 * Caller must keep the descriptor until iokmem_watch_remove(). Return 0, or -ENODEV if the
 * descriptor has been revoked already.
 */
int iokmem_watch_add(struct iokmem_watch *watch, const struct iokmem_watch_ops *ops,
		     struct iokmem_desc *desc)
{
	int err;

	watch->ops = ops;
	mutex_lock(&desc->lock);
	err = iokmem_desc_check_revoked(desc);
	if (!err)
		list_add_tail(&watch->node, &desc->watches);
	mutex_unlock(&desc->lock);
	return err;
}

/*
 * iokmem_watch_remove - undo iokmem_watch_add()
 *
 * Afterwards the watcher's ->get() is not called. Its ->revoke() may still be running, with a
 * count of the watcher.
 */
void iokmem_watch_remove(struct iokmem_watch *watch, struct iokmem_desc *desc)
{
	mutex_lock(&desc->lock);
	list_del_init(&watch->node);
	mutex_unlock(&desc->lock);
}

/* Take the next watcher that is not being freed off the list, with a count. */
static struct iokmem_watch *take_watch(struct iokmem_desc *desc)
{
	struct iokmem_watch *watch, *taken = NULL;

	mutex_lock(&desc->lock);
	while (!taken && !list_empty(&desc->watches)) {
		watch = list_first_entry(&desc->watches, struct iokmem_watch, node);
		list_del_init(&watch->node);
		if (watch->ops->get(watch))
			taken = watch;
	}
	mutex_unlock(&desc->lock);
	return taken;
}

/*
 * iokmem_desc_give_back - have the kind give back memory that must not outlive a revoke
 *
 * Caller must have ended all use of the memory.
 */
void iokmem_desc_give_back(struct iokmem_desc *desc)
{
	if (!desc->kind->revoke)
		return;
	mutex_lock(&desc->hold_lock);
	desc->kind->revoke(desc);
	mutex_unlock(&desc->hold_lock);
}

/* Mark the descriptor as revoked. Return false if it has been marked before. */
static bool mark(struct iokmem_desc *desc)
{
	bool first;

	mutex_lock(&desc->lock);
	first = !desc->revoked;
	WRITE_ONCE(desc->revoked, true);
	mutex_unlock(&desc->lock);
	return first;
}

/**
 * iokmem_desc_revoke - end all use of a descriptor's memory
 * @desc: the descriptor, not a sub-descriptor
 *
 * On return no task and no kernel mapping sees the memory: all maps have ended, as by
 * iokmem_map_unmap(), and their holders have been told. A program that touches the addresses
 * gets SIGBUS. The addresses stay reserved as iokmem_map_put() describes. DMA commands have
 * been completed. Multi-descriptors that have the descriptor as a member have been revoked as
 * well; the members of a revoked multi-descriptor have not.
 *
 * From now on everything that needs the memory fails with -ENODEV. References, preparations
 * and maps must be put and completed as usual. Coherent buffers and memory of a device
 * (iokmem_device_memory_with_range()) are given back at once; other memory is freed when
 * its last user is gone. Drivers that have imported a dma-buf of the memory are told, if they
 * have an ->invalidate_mappings(). Devices of other drivers keep what they have mapped.
 *
 * A driver that uses an address of the memory in the kernel must have registered with
 * iokmem_holder_add(). The function cannot be undone.
 *
 * Context: May sleep. Caller must not hold an mmap lock, a reservation lock, nor anything that
 * a holder's revoke() waits for, and must not be such a function itself for a map of @desc, or
 * of a multi-descriptor that has it as a member.
 * Return: 0, also if the descriptor has been revoked before; or -EOPNOTSUPP for a
 * sub-descriptor, whose memory is its parent's.
 */
int iokmem_desc_revoke(struct iokmem_desc *desc)
{
	u64 start = iokmem_trace_start(iokmem_revoke);
	struct iokmem_watch *watch;

	might_sleep();

	if (desc->parent)
		return -EOPNOTSUPP;
	if (!mark(desc)) {
		/* Pairs with the release below. */
		wait_event(desc->wait, smp_load_acquire(&desc->revoke_done));
		return 0;
	}
	iokmem_end_mappings(desc);
	while ((watch = take_watch(desc)))
		watch->ops->revoke(watch);
	iokmem_desc_give_back(desc);
	/* Pairs with the acquire above. */
	smp_store_release(&desc->revoke_done, true);
	iokmem_wake_all(&desc->wait);
	iokmem_wake_all(&desc->hangup);
	trace_iokmem_revoke(desc, start);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_revoke, IOKMEM_NS);
