// SPDX-License-Identifier: GPL-2.0
/*
 * Backings: which memory a mapping shows, and what keeps that memory in place and of
 * one cache mode.
 *
 * A backing is counted in its descriptor's nr_mapped as long as a page table may have an
 * entry of the mapping: mapped memory cannot be retyped. A backing also holds memory whose
 * frames are not always known, unless faults find the pages one by one.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>

#include "map/map.h"
#include "memory/memory.h"
#include "page/wake.h"

/*
 * Return the descriptor that @mapping shows, with a count that keeps it while its lock
 * is awaited.
 */
static struct iokmem_desc *get_shown(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc;

	spin_lock(&mapping->shown_lock);
	desc = mapping->backing.desc;
	iokmem_desc_count_get(desc);
	spin_unlock(&mapping->shown_lock);
	return desc;
}

/*
 * iokmem_mapping_lock - take the lock of the descriptor that @mapping shows
 *
 * A Unique mapping may be redirected while the lock is awaited. The caller has a map of
 * the mapping that is in use, or has to end the mapping: either keeps the backing.
 * Return the descriptor, for mutex_unlock(&desc->lock).
 */
struct iokmem_desc *iokmem_mapping_lock(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc;
	bool shown;

	if (!(mapping->options & IOKMEM_MAP_UNIQUE)) {
		desc = mapping->backing.desc;
		mutex_lock(&desc->lock);
		return desc;
	}
	for (;;) {
		desc = get_shown(mapping);
		mutex_lock(&desc->lock);
		shown = desc == mapping->backing.desc;
		if (!shown)
			mutex_unlock(&desc->lock);
		/* The mapping's own count keeps the descriptor that it shows. */
		iokmem_desc_count_put(desc);
		if (shown)
			return desc;
	}
}

static bool has_mode(const struct iokmem_map_request *request)
{
	return request->cache_mode == IOKMEM_MAP_DEFAULT_CACHE ||
	       request->cache_mode == iokmem_desc_get_cache_mode(request->desc);
}

/* End a retype. A program may have mapped the memory by mmap() since it began. */
static void retype_end(struct iokmem_desc *desc, u32 cache_mode)
{
	struct iokmem_mapping *mapping;

	iokmem_desc_retype_end(desc, cache_mode);
	list_for_each_entry(mapping, &desc->mappings, node)
		WRITE_ONCE(mapping->cache_mode, cache_mode);
}

/*
 * The requester names the mode in force, and may change it. So if an earlier request of another
 * has made the mode, and fails later, that does not change it back.
 */
static void use_mode(struct iokmem_map_request *request)
{
	struct iokmem_mode_change *change = &request->change;
	struct iokmem_desc *desc = request->desc;

	lockdep_assert_held(&desc->lock);

	if (request->cache_mode == IOKMEM_MAP_DEFAULT_CACHE ||
	    request->mode_right == IOKMEM_MODE_KEPT)
		return;
	/* The request may come here again, after it has changed the mode. */
	change->done &= change->uses == desc->mode_uses;
	change->uses = ++desc->mode_uses;
}

/* Finish a retype that @request has begun. */
static void change_mode(struct iokmem_map_request *request)
{
	struct iokmem_desc *desc = request->desc;

	lockdep_assert_held(&desc->lock);

	request->change = (struct iokmem_mode_change){
		.done = true,
		.old = desc->cache_mode,
		.uses = ++desc->mode_uses,
	};
	retype_end(desc, request->cache_mode);
}

/* Wait, killably, until nobody retypes the memory. */
static int wait_retyped(struct iokmem_desc *desc)
{
	int err;

	lockdep_assert_held(&desc->lock);

	while (desc->retyping) {
		mutex_unlock(&desc->lock);
		err = wait_event_killable(desc->wait, !READ_ONCE(desc->retyping));
		mutex_lock(&desc->lock);
		if (err)
			return -EINTR;
	}
	return 0;
}

/*
 * iokmem_wait_retyped - wait, killably, until the memory's cache mode is settled
 *
 * The mode of memory that is mapped does not change afterwards.
 */
int iokmem_wait_retyped(struct iokmem_desc *desc)
{
	int err;

	/* Pairs with iokmem_desc_retype_end(): the reader sees the new mode. */
	if (!smp_load_acquire(&desc->retyping))
		return 0;
	mutex_lock(&desc->lock);
	err = wait_retyped(desc);
	mutex_unlock(&desc->lock);
	return err;
}

/* Return 0 if the requester may change the mode of the memory, or an error. */
static int check_mode_right(const struct iokmem_map_request *request)
{
	switch (request->mode_right) {
	case IOKMEM_MODE_OF_DRIVER:
		return 0;
	case IOKMEM_MODE_OF_PROGRAM:
		return READ_ONCE(request->desc->bytes) ? -EBUSY : 0;
	default:
		return -EACCES;
	}
}

/*
 * iokmem_lock_in_mode - lock the descriptor once its memory has the request's cache mode
 *
 * Memory of another mode is retyped, if nothing maps or holds it and the requester may
 * change the mode. The mode stays as long as the caller keeps the lock, or has a backing
 * that it counted under the lock.
 *
 * Return 0 with the descriptor's lock held, or an error without it: -ENODEV, -EINTR, -EBUSY,
 * -EACCES, -EOPNOTSUPP, -ENOENT for IOKMEM_MAP_REFERENCE, or one of the kind's.
 */
int iokmem_lock_in_mode(struct iokmem_map_request *request)
{
	struct iokmem_desc *desc = request->desc;
	int err;

	mutex_lock(&desc->lock);
	for (;;) {
		err = desc->retyping ? wait_retyped(desc) : 0;
		/* Also after a retype: the memory may have been revoked since it began. */
		if (!err)
			err = iokmem_desc_check_revoked(desc);
		if (!err && has_mode(request)) {
			use_mode(request);
			return 0;
		}
		mutex_unlock(&desc->lock);
		if (err)
			return err;
		if (request->options & IOKMEM_MAP_REFERENCE)
			return -ENOENT;
		err = check_mode_right(request);
		if (err)
			return err;
		err = iokmem_desc_retype_begin(desc, request->cache_mode, NULL);
		/* Another thread may have changed the mode meanwhile. */
		if (err && err != -ESTALE)
			return err;
		mutex_lock(&desc->lock);
		if (!err)
			change_mode(request);
	}
}

/*
 * iokmem_undo_mode - undo what a request that failed has done to the cache mode
 *
 * Does nothing if the request has not changed the mode; if another request has used or changed
 * the mode since; or if the memory is mapped or held by now.
 */
void iokmem_undo_mode(struct iokmem_desc *desc, struct iokmem_mode_change *change)
{
	if (!change->done)
		return;
	change->done = false;
	if (iokmem_desc_retype_begin(desc, change->old, &change->uses))
		return;
	mutex_lock(&desc->lock);
	retype_end(desc, change->old);
	mutex_unlock(&desc->lock);
}

/*
 * iokmem_backing_init - make a backing of the memory of a request, which gets a count of it
 */
void iokmem_backing_init(struct iokmem_backing *backing,
			 const struct iokmem_map_request *request)
{
	iokmem_desc_count_get(request->desc);
	backing->desc = request->desc;
	backing->offset = request->offset;
	backing->place = iokmem_desc_place(request->desc, request->offset);
}

/*
 * iokmem_backing_map - count a backing in nr_mapped, before its entries are made
 */
void iokmem_backing_map(struct iokmem_backing *backing)
{
	lockdep_assert_held(&backing->desc->lock);

	backing->mapped = true;
	backing->desc->nr_mapped++;
}

/* Wake a revoke, which waits until no mapping has entries. */
static void wake_revoke(struct iokmem_desc *desc)
{
	lockdep_assert_held(&desc->lock);

	if (desc->revoked)
		iokmem_wake_all(&desc->wait);
}

/*
 * iokmem_backing_unmap - undo iokmem_backing_map(), if it was done
 *
 * No entry of the backing may be left.
 */
void iokmem_backing_unmap(struct iokmem_backing *backing)
{
	lockdep_assert_held(&backing->desc->lock);

	if (!backing->mapped)
		return;
	backing->mapped = false;
	backing->desc->nr_mapped--;
	wake_revoke(backing->desc);
}

/*
 * Hold the memory of a backing, which has no entries yet. A program decides how long that
 * takes, if it has put off a fence of a dma-buf or a fault in its memory. So a revoke does not
 * wait for it. Hence this fails if there was a revoke meanwhile.
 */
static int hold(struct iokmem_backing *backing, bool write)
{
	struct iokmem_desc *desc = backing->desc;
	int err;

	mutex_lock(&desc->lock);
	desc->nr_awaiting++;
	wake_revoke(desc);
	mutex_unlock(&desc->lock);

	err = iokmem_desc_hold(backing->part ? backing->part : desc, write, &backing->charge);

	mutex_lock(&desc->lock);
	desc->nr_awaiting--;
	backing->held = !err;
	if (!err)
		err = iokmem_desc_check_revoked(desc);
	mutex_unlock(&desc->lock);
	return err;
}

/* Hold no more than the window if the memory is pageable, and mapped by its frames. */
static int narrow(struct iokmem_backing *backing, size_t length)
{
	struct iokmem_window window = {
		.desc = backing->desc,
		.offset = backing->offset,
		.length = length,
	};
	int err = iokmem_part_narrow(&window);

	if (!err && window.desc != backing->desc)
		backing->part = window.desc;
	return err;
}

/*
 * iokmem_backing_hold - hold the memory, unless it is always there or @paged
 *
 * @length and @options are those of the map. @paged: faults find the memory page by page. Return 0;
 * -EOPNOTSUPP if the memory cannot be mapped in this way; or another error of the kind.
 */
int iokmem_backing_hold(struct iokmem_backing *backing, size_t length, u32 options, bool paged,
			bool user)
{
	int err = 0;

	if (!backing->held && !paged && !iokmem_desc_is_always_there(backing->desc)) {
		if (user)
			err = narrow(backing, length);
		if (!err)
			err = hold(backing, !(options & IOKMEM_MAP_READ_ONLY));
		if (err)
			return err;
	}
	return iokmem_desc_may_map(backing->desc, backing->offset, length, user);
}

/*
 * iokmem_backing_lookup - find where page @index of the backing's descriptor is
 *
 * The memory is always there or held, and the page is in the backing's window.
 */
struct iokmem_run iokmem_backing_lookup(const struct iokmem_backing *backing, pgoff_t index)
{
	if (backing->part)
		return iokmem_desc_lookup(backing->part,
					  index - (backing->offset >> PAGE_SHIFT));
	return iokmem_desc_lookup(backing->desc, index);
}

/*
 * iokmem_backing_take - take away from a backing what iokmem_backing_map() and
 * iokmem_backing_hold() gave it
 *
 * No entry of the backing may be left. Return what has been taken, for
 * iokmem_backing_release().
 */
struct iokmem_backing iokmem_backing_take(struct iokmem_backing *backing)
{
	struct iokmem_backing taken = *backing;

	iokmem_backing_unmap(backing);
	backing->held = false;
	backing->part = NULL;
	backing->keeper = NULL;
	return taken;
}

/*
 * iokmem_backing_release - release what iokmem_backing_take() has taken
 *
 * Caller has a count of the descriptor, and must not hold an mmap lock unless nothing
 * is held.
 */
void iokmem_backing_release(const struct iokmem_backing *taken)
{
	if (taken->held)
		iokmem_desc_unhold(taken->part ? taken->part : taken->desc, taken->charge);
	if (taken->part)
		iokmem_desc_put(taken->part);
	if (taken->keeper)
		fput(taken->keeper);
}
