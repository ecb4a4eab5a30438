// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a mapping, and of the maps that are windows of it.
 *
 *	            listed             addresses are there
 *	(unborn) ----------> BUILDING -------------------> LIVE
 *	                        | build failed              | last map put, unmapped,
 *	                        v                           v or the VMA goes
 *	                      KILLED <---------------------'
 *
 * A mapping is listed as BUILDING before its address space is touched. So if several
 * threads want one mapping, one of them makes it, and the others wait with no lock held.
 *
 * A mapping is taken down in three steps:
 *
 *	kill	under the descriptor's lock: no request finds the mapping any more, its
 *		address reads 0, and waiting threads wake. Never sleeps or fails.
 *	zap	under the mmap lock: no entry of the mapping is left. The backing may be
 *		released only then.
 *	put	drops a reference. The last one frees.
 *
 * The thread that kills a mapping also takes the other steps: iokmem_mapping_end(). Two
 * cases differ:
 *
 *  - The close of the VMA kills with the mmap lock held. A worker finishes the mapping,
 *    unless that is known to be harmless under the lock.
 *  - If the address space is being torn down, a thread that kills leaves the rest to the
 *    close of the VMA, which is about to follow.
 *
 * Rules that hold at any time:
 *
 *  - A mapping that is BUILDING or LIVE is in the descriptor's list, and counted in
 *    nr_maps together with its maps of a part. State and list change together.
 *  - While there may be an entry of a mapping, the mapping is counted in nr_mapped.
 *  - The VMA keeps the mapping, and a mapping that is not finished keeps the descriptor:
 *    the memory outlives every entry.
 *  - No thread waits for another one with a lock held.
 *  - Taking a mapping down allocates no memory.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "map/map.h"
#include "page/account.h"
#include "page/compat.h"
#include "page/wake.h"
#include "page/workqueue.h"
#include "trace.h"

/* All mappings. kmalloc() would take, and zero, 512 bytes for each. */
static struct kmem_cache *iokmem_mapping_cache;

static void mapping_work(struct work_struct *work);

static void map_init(struct iokmem_map *map, u32 options, size_t length,
		     struct iokmem_space *space)
{
	map->options = options;
	map->length = length;
	map->space = space;
	RB_CLEAR_NODE(&map->by_range);
}

/* The thread-group pid of current is stable, so no RCU is needed. */
static struct pid *task_pid_of(struct task_struct *task)
{
	return task == current ? get_pid(task_tgid(task)) :
				 get_task_pid(task, PIDTYPE_TGID);
}

/*
 * iokmem_mapping_alloc - allocate a mapping for @request, which is not listed
 *
 * The caller gets a count, for iokmem_mapping_put(). Return NULL if there is no memory, or if
 * the address space has too many maps. @may_wait: see iokmem_space_count().
 */
struct iokmem_mapping *iokmem_mapping_alloc(const struct iokmem_map_request *request,
					    bool may_wait)
{
	struct iokmem_space *space = iokmem_space_count(request->mm, may_wait);
	struct iokmem_mapping *mapping;

	if (IS_ERR(space))
		return NULL;
	mapping = kmem_cache_zalloc(iokmem_mapping_cache, GFP_KERNEL_ACCOUNT);
	if (!mapping) {
		iokmem_space_uncount(space);
		return NULL;
	}
	kref_init(&mapping->count);
	mapping->options = request->options;
	mapping->guard = iokmem_guard_pages(request->options);
	mapping->length = request->length;
	mapping->made_of = request->desc->id;
	INIT_WORK(&mapping->work, mapping_work);
	init_llist_head(&mapping->drops);
	iokmem_backing_init(&mapping->backing, request);
	spin_lock_init(&mapping->shown_lock);
	mapping->state = IOKMEM_MAPPING_KILLED;
	mapping->finished = true;
	mapping->parts = RB_ROOT;
	INIT_LIST_HEAD(&mapping->holders);
	INIT_LIST_HEAD(&mapping->node);
	mapping->whole.mapping = mapping;
	map_init(&mapping->whole, request->options, request->length, space);
	if (request->mm) {
		mmgrab(request->mm);
		mapping->mm = request->mm;
		mapping->pid = task_pid_of(request->task);
	}
	return mapping;
}

static void mapping_free(struct kref *count)
{
	struct iokmem_mapping *mapping = container_of(count, struct iokmem_mapping, count);
	struct iokmem_desc *desc = mapping->backing.desc;

	WARN_ON(mapping->state != IOKMEM_MAPPING_KILLED || !mapping->finished);
	WARN_ON(mapping->bound || mapping->vacant || mapping->nr_used);
	WARN_ON(mapping->backing.mapped || mapping->backing.held);
	WARN_ON(!list_empty(&mapping->node) || !RB_EMPTY_NODE(&mapping->whole.by_range));
	WARN_ON(!RB_EMPTY_ROOT(&mapping->parts) || !list_empty(&mapping->holders));
	WARN_ON(mapping->whole.task_refs);

	iokmem_space_uncount(mapping->whole.space);
	if (mapping->mm)
		mmdrop(mapping->mm);
	put_pid(mapping->pid);
	kmem_cache_free(iokmem_mapping_cache, mapping);
	if (desc)
		iokmem_desc_count_put(desc);
}

/*
 * iokmem_mapping_put - drop a count
 */
void iokmem_mapping_put(struct iokmem_mapping *mapping)
{
	kref_put(&mapping->count, mapping_free);
}

/* Queue the mapping's work, which has its own count of the mapping. */
static void mapping_queue(struct iokmem_mapping *mapping)
{
	kref_get(&mapping->count);
	/* Work that is queued already serves this caller as well. */
	if (!queue_work(iokmem_workqueue, &mapping->work))
		iokmem_mapping_put(mapping);
}

/*
 * iokmem_mapping_list - list a mapping as BUILDING, before its addresses are made
 */
void iokmem_mapping_list(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	list_add(&mapping->node, &desc->mappings);
	iokmem_index_add(&mapping->whole);
	WRITE_ONCE(desc->nr_maps, desc->nr_maps + 1);
	iokmem_backing_map(&mapping->backing);
	mapping->finished = false;
	WRITE_ONCE(mapping->state, IOKMEM_MAPPING_BUILDING);
}

/*
 * iokmem_mapping_go_live - publish the addresses of a mapping that has been built
 *
 * If the descriptor has been revoked since the mapping was listed, the revoke waits for this, and
 * ends the mapping. Return 0, or -ENOENT if the mapping has been killed meanwhile.
 */
int iokmem_mapping_go_live(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	if (mapping->state != IOKMEM_MAPPING_BUILDING)
		return -ENOENT;
	WRITE_ONCE(mapping->cache_mode, iokmem_desc_get_cache_mode(desc));
	WRITE_ONCE(mapping->address, iokmem_mapping_first_byte(mapping));
	WRITE_ONCE(mapping->state, IOKMEM_MAPPING_LIVE);
	list_move_tail(&mapping->node, &desc->mappings);
	iokmem_index_add_live(mapping);
	iokmem_wake_all(&desc->wait);
	trace_iokmem_map(&mapping->whole);
	return 0;
}

/* Return the map of a part of @mapping after @map; with NULL the first one; or NULL. */
static struct iokmem_map *next_part(const struct iokmem_mapping *mapping,
				    const struct iokmem_map *map)
{
	return map ? iokmem_index_next_part(mapping, map->delta, map->length) :
		     iokmem_index_next_part(mapping, 0, 0);
}

/* Trace the unmapping of all maps of a mapping, including those of a part. */
static void trace_unmap(struct iokmem_mapping *mapping)
{
	struct iokmem_map *map = NULL;

	if (!trace_iokmem_unmap_enabled())
		return;
	while ((map = next_part(mapping, map)))
		trace_iokmem_unmap(map);
	trace_iokmem_unmap(&mapping->whole);
}

/*
 * iokmem_mapping_kill - make a mapping unavailable to all requests
 *
 * Afterwards the maps of the mapping have the address 0, and threads that wait for it are
 * awake. Return true if the mapping was not killed before: then the caller must call
 * iokmem_mapping_end().
 */
bool iokmem_mapping_kill(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc;

	/* A killed mapping may have put its descriptor. */
	if (mapping->state == IOKMEM_MAPPING_KILLED)
		return false;
	desc = iokmem_mapping_desc(mapping);
	lockdep_assert_held(&desc->lock);

	if (mapping->state == IOKMEM_MAPPING_LIVE) {
		trace_unmap(mapping);
		iokmem_index_remove_live(mapping);
	}
	WRITE_ONCE(mapping->state, IOKMEM_MAPPING_KILLED);
	WRITE_ONCE(mapping->address, 0);
	if (desc->home == mapping)
		WRITE_ONCE(desc->bytes, NULL);
	WRITE_ONCE(desc->nr_maps, desc->nr_maps - 1 - mapping->nr_inside);
	mapping->nr_inside = 0;
	iokmem_index_remove(&mapping->whole);
	list_del_init(&mapping->node);
	iokmem_wake_all(&desc->wait);
	if (mapping->options & IOKMEM_MAP_UNIQUE)
		iokmem_wake_up(&mapping->blocked);
	iokmem_mapping_wake_sleepers(mapping, desc);
	return true;
}

/*
 * iokmem_map_alloc - allocate a map of a part of a mapping, for iokmem_map_add()
 *
 * Caller must hold no lock. Return NULL if there is no memory, or if the address space has too
 * many maps.
 */
struct iokmem_map *iokmem_map_alloc(const struct iokmem_map_request *request)
{
	struct iokmem_space *space = iokmem_space_count(request->mm, true);
	struct iokmem_map *map;

	if (IS_ERR(space))
		return NULL;
	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (map)
		map_init(map, request->options, request->length, space);
	else
		iokmem_space_uncount(space);
	return map;
}

/*
 * iokmem_map_free - free a map of a part of a mapping, which is not listed
 */
void iokmem_map_free(struct iokmem_map *map)
{
	iokmem_space_uncount(map->space);
	kfree(map);
}

/*
 * iokmem_map_add - make @map a map of a part of @mapping, and list it
 */
void iokmem_map_add(struct iokmem_map *map, struct iokmem_mapping *mapping, size_t offset)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	map->mapping = mapping;
	map->delta = offset - mapping->backing.offset;
	iokmem_index_add(map);
	mapping->nr_inside++;
	WRITE_ONCE(desc->nr_maps, desc->nr_maps + 1);
}

/*
 * iokmem_map_use - take a reference to a map, which may be the first one
 */
void iokmem_map_use(struct iokmem_map *map)
{
	struct iokmem_mapping *mapping = map->mapping;

	lockdep_assert_held(&iokmem_mapping_desc(mapping)->lock);

	if (refcount_inc_not_zero(&map->references))
		return;
	refcount_set(&map->references, 1);
	kref_get(&mapping->count);
	if (!mapping->nr_used++)
		iokmem_desc_get(iokmem_mapping_desc(mapping));
}

/*
 * iokmem_map_unlist - make a map of a part unavailable to all requests
 */
void iokmem_map_unlist(struct iokmem_map *map)
{
	struct iokmem_mapping *mapping = map->mapping;
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	if (!map->ended && mapping->state != IOKMEM_MAPPING_KILLED) {
		trace_iokmem_unmap(map);
		mapping->nr_inside--;
		WRITE_ONCE(desc->nr_maps, desc->nr_maps - 1);
	}
	WRITE_ONCE(map->ended, true);
	iokmem_index_remove(map);
}

/*
 * If the mapping is finished and no map of it is in use, take its count of the descriptor
 * and return the descriptor. Otherwise return NULL.
 */
static struct iokmem_desc *take_desc(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = NULL;

	if (mapping->finished && !mapping->nr_used) {
		spin_lock(&mapping->shown_lock);
		swap(mapping->backing.desc, desc);
		spin_unlock(&mapping->shown_lock);
	}
	return desc;
}

/*
 * Stop using @map, whose last reference has been put. Return true if the caller has to end
 * the mapping.
 */
static bool map_unuse(struct iokmem_map *map, struct iokmem_desc *desc)
{
	struct iokmem_mapping *mapping = map->mapping;

	lockdep_assert_held(&desc->lock);

	if (!iokmem_map_is_whole(map))
		iokmem_map_unlist(map);
	return !--mapping->nr_used && desc->home != mapping &&
	       iokmem_mapping_kill(mapping);
}

/* Put a user and a count of descriptors. With the mmap lock held a worker puts the last. */
static void put_descs(struct iokmem_desc *user, struct iokmem_desc *count, bool locked)
{
	if (count && locked)
		iokmem_desc_count_put_async(count);
	else if (count)
		iokmem_desc_count_put(count);
	if (user && locked)
		iokmem_desc_put_async(user);
	else if (user)
		iokmem_desc_put(user);
}

/*
 * Drop a reference that may be the last one. Unlocks @desc, which the mapping shows. @locked: the
 * mmap lock is held.
 */
static void map_drop_and_unlock(struct iokmem_map *map, struct iokmem_desc *desc,
				bool by_program, bool locked)
{
	struct iokmem_mapping *mapping = map->mapping;
	struct iokmem_desc *unneeded;
	bool unused, ends;

	lockdep_assert_held(&desc->lock);

	if (!refcount_dec_and_test(&map->references)) {
		mutex_unlock(&desc->lock);
		return;
	}
	ends = map_unuse(map, desc);
	unused = !mapping->nr_used;
	unneeded = take_desc(mapping);
	mutex_unlock(&desc->lock);

	if (!iokmem_map_is_whole(map))
		iokmem_map_free(map);
	if (ends)
		iokmem_mapping_end(mapping, by_program);
	iokmem_mapping_put(mapping);
	put_descs(unused ? desc : NULL, unneeded, locked);
}

/*
 * iokmem_map_drop - drop a reference to a map
 *
 * Like iokmem_map_put(). @by_program: see iokmem_mapping_end().
 */
void iokmem_map_drop(struct iokmem_map *map, bool by_program)
{
	if (!refcount_dec_not_one(&map->references))
		map_drop_and_unlock(map, iokmem_mapping_lock(map->mapping), by_program, false);
}

/*
 * iokmem_map_drop_later - have a worker drop the last reference to a map
 *
 * May be called where the caller cannot sleep.
 */
void iokmem_map_drop_later(struct iokmem_map *map)
{
	llist_add(&map->dropped, &map->mapping->drops);
	mapping_queue(map->mapping);
}

/*
 * Drop the task's own references to a map, if it has any. Unlocks @desc. @locked: the mmap lock is
 * held.
 */
static void drop_task_held(struct iokmem_map *map, struct iokmem_desc *desc, bool locked)
{
	bool held = map->task_refs;

	lockdep_assert_held(&desc->lock);

	map->task_refs = 0;
	if (held)
		map_drop_and_unlock(map, desc, false, locked);
	else
		mutex_unlock(&desc->lock);
	cond_resched();
}

/*
 * Drop the task's own references to all maps of a killed mapping. A task gets none any more, so
 * one look at each map is enough. There may be many, so the lock is dropped after each.
 */
static void drop_all_task_held(struct iokmem_mapping *mapping, bool locked)
{
	struct iokmem_desc *desc = iokmem_mapping_lock(mapping);
	size_t delta = 0, length = 0;
	struct iokmem_map *map;

	while ((map = iokmem_index_next_part(mapping, delta, length))) {
		delta = map->delta;
		length = map->length;
		drop_task_held(map, desc, locked);
		desc = iokmem_mapping_lock(mapping);
	}
	drop_task_held(&mapping->whole, desc, locked);
}

/*
 * Finish a killed mapping, of which no entry is left: drop the task's own references to its
 * maps, and release the backing. @locked: the mmap lock is held, see ends_harmlessly().
 */
static void mapping_finish(struct iokmem_mapping *mapping, bool locked)
{
	struct iokmem_backing backing;
	struct iokmem_desc *desc;

	drop_all_task_held(mapping, locked);
	desc = iokmem_mapping_lock(mapping);
	backing = iokmem_backing_take(&mapping->backing);
	mapping->finished = true;
	/* Keep the descriptor until its memory is released. */
	if (!take_desc(mapping))
		iokmem_desc_count_get(desc);
	mutex_unlock(&desc->lock);
	iokmem_backing_release(&backing);
	put_descs(NULL, desc, locked);
}

/*
 * Leave the rest to the close of the VMA, since the address space is being torn down. Return
 * false if the VMA has been closed already.
 */
static bool leave_to_close(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_lock(mapping);

	mapping->close_ends = mapping->bound;
	mutex_unlock(&desc->lock);
	return mapping->close_ends;
}

/*
 * iokmem_mapping_end - take down a mapping that the caller has killed
 *
 * Tells the holders, removes the addresses, and releases the backing. @by_program: the
 * program itself has asked for this, in its own task, so its VMA is unmapped as well.
 * Caller must have a count of the mapping, and must not hold an mmap lock.
 */
void iokmem_mapping_end(struct iokmem_mapping *mapping, bool by_program)
{
	might_sleep();

	iokmem_mapping_tell_holders(mapping);
	if (mapping->unmap && !mapping->unmap(mapping, by_program) &&
	    leave_to_close(mapping))
		return;
	mapping_finish(mapping, false);
}

/*
 * Return true if a mapping may be finished with the mmap lock held: there are no holders to
 * tell, nothing holds the memory, and at most one map has to be dropped.
 */
static bool ends_harmlessly(struct iokmem_mapping *mapping)
{
	const struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	return !mapping->backing.held && !mapping->backing.keeper &&
	       RB_EMPTY_ROOT(&mapping->parts) && list_empty(&mapping->holders);
}

/*
 * iokmem_mapping_closed - take down a mapping whose VMA is being closed
 *
 * No entry is left. Called with the mmap lock held. Drops the VMA's count.
 */
void iokmem_mapping_closed(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	bool ends, harmless;

	mutex_lock(&desc->lock);
	ends = iokmem_mapping_kill(mapping) || mapping->close_ends;
	mapping->bound = false;
	iokmem_backing_unmap(&mapping->backing);
	harmless = ends && ends_harmlessly(mapping);
	if (ends && !harmless)
		mapping->work_ends = true;
	mutex_unlock(&desc->lock);

	if (harmless) {
		mapping_finish(mapping, true);
	} else if (ends) {
		iokmem_ending();
		mapping_queue(mapping);
	}
	iokmem_mapping_put(mapping);
}

/*
 * Holders are told before maps are dropped. They have references of their own to the maps,
 * so no reference that is dropped here depends on them.
 */
static void mapping_work(struct work_struct *work)
{
	struct iokmem_mapping *mapping = container_of(work, struct iokmem_mapping, work);
	struct iokmem_map *map, *next;

	if (xchg(&mapping->work_ends, false)) {
		iokmem_mapping_tell_holders(mapping);
		mapping_finish(mapping, false);
		iokmem_ended();
	}
	llist_for_each_entry_safe(map, next, llist_del_all(&mapping->drops), dropped)
		iokmem_map_drop(map, false);
	iokmem_mapping_put(mapping);
}

int __init iokmem_mapping_init(void)
{
	iokmem_mapping_cache = KMEM_CACHE(iokmem_mapping, SLAB_ACCOUNT);
	return iokmem_mapping_cache ? 0 : -ENOMEM;
}

void iokmem_mapping_exit(void)
{
	kmem_cache_destroy(iokmem_mapping_cache);
}
