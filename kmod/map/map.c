// SPDX-License-Identifier: GPL-2.0
/*
 * Maps: the list of a descriptor's maps, and the life of a map in it.
 *
 *	          obtain: nothing serves          built        redirect
 *	(unborn) ----------------------> BUILDING -------> LIVE <----> LIVE, of another
 *	     \                              |                |        descriptor
 *	      \  obtain: a mapping serves   | build failed   | last user gone, unmap(),
 *	       `--> LIVE (a sub-map)        v                v or VMA gone
 *	                                   DEAD <------------'
 *
 * A mapping is in the list as BUILDING before its address space is touched, so
 * that of all who want the same one makes it and the others wait; nobody holds
 * the descriptor's lock over work in an address space, since the end of a VMA
 * takes that lock with the mmap lock held.
 *
 * A live mapping ends in one of three ways. Its last user lets go: it is taken
 * from the list, so that nobody can find it, and then unmapped. Somebody ends it for
 * all users: the same, but they still have their references. Or its VMA goes
 * (munmap, exec, exit): it and its sub-maps are dead from that moment, and their
 * addresses read 0; then, or when the mapping's own file goes, a moment later and without
 * the mmap lock, the references that the task itself had are dropped. Drivers' own
 * references stay good, to a dead map, and those that asked for it are told
 * (holder.c). A sub-map can be ended alone.
 *
 * What has to be true at any time, and who sees to it:
 *
 *  - What is LIVE or BUILDING is in the list (or below a mapping that is), and is
 *    counted in @nr_maps; a DEAD one is not. State and list change together, under
 *    the descriptor's lock.
 *  - As long as there may be an entry of a mapping in a page table, it is counted in
 *    @nr_mapped, whatever its state: it is what keeps the memory from being retyped.
 *    From iokmem_map_list() to map_gone(), which comes after the entries have gone.
 *  - A VMA keeps the map, by its file or by itself, the map its descriptor, by @count: so
 *    the memory outlives every entry. Nothing of this can be dropped by a user.
 *  - A mapping's VMA shows the memory of its @desc, or nothing. Who changes what it
 *    shows (redirect.c) has the mmap lock for writing, as has who takes it down; who
 *    fills it (a fault) has it for reading.
 *  - Nobody waits for anybody with a lock held: whoever must wait for BUILDING, for a
 *    retype or for a blocked mapping has let go of all locks, and can be killed.
 *  - Letting go needs no memory. Where the kernel has none to take a VMA away, its
 *    entries go all the same, and it stays behind empty.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/address_space.h"
#include "page/compat.h"
#include "page/wake.h"
#include "page/workqueue.h"
#include "trace.h"

/**
 * enum map_job - what a worker does with a map
 * @MAP_JOB_TELL: iokmem_map_let_go(): tell the holders, and let go of a count
 * @MAP_JOB_PUT: iokmem_map_put_async(): let go of the last user
 * @MAP_JOB_COUNT_PUT: iokmem_map_count_put_async(): let go of the last count
 */
enum map_job {
	MAP_JOB_TELL		= BIT(0),
	MAP_JOB_PUT		= BIT(1),
	MAP_JOB_COUNT_PUT	= BIT(2),
};

/*
 * Each job has a reference of its own, which keeps the map until it is done. Holders have
 * references to the map, or to one inside it, so no other job waits for them to be told.
 */
static void map_work(struct work_struct *work)
{
	struct iokmem_map *map = container_of(work, struct iokmem_map, work);
	unsigned int jobs = atomic_xchg(&map->jobs, 0);

	if (jobs & MAP_JOB_TELL) {
		iokmem_map_tell_holders(map);
		iokmem_map_count_put(map);
	}
	if (jobs & MAP_JOB_PUT)
		iokmem_map_put(map);
	if (jobs & MAP_JOB_COUNT_PUT)
		iokmem_map_count_put(map);
}

/*
 * Where there is a job already, the worker takes both, and may be done with them: the map
 * may be gone. Where there is none, no worker knows of this one before it is queued.
 */
static void map_queue(struct iokmem_map *map, enum map_job job)
{
	if (!atomic_fetch_or(job, &map->jobs))
		queue_work(iokmem_workqueue, &map->work);
}

/* That of the caller cannot change meanwhile. */
static struct pid *task_pid_of(struct task_struct *task)
{
	return task == current ? get_pid(task_tgid(task)) :
				 get_task_pid(task, PIDTYPE_TGID);
}

/*
 * iokmem_map_alloc - a map for one user, in nobody's list, which maps nothing
 */
struct iokmem_map *iokmem_map_alloc(struct iokmem_desc *desc,
				    const struct iokmem_map_request *request)
{
	struct iokmem_map *map;

	map = kmalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return NULL;

	/* The rest is 0: that is cheaper than to clear it all before. */
	*map = (struct iokmem_map) {
		.users = REFCOUNT_INIT(1),
		.count = KREF_INIT(1),
		.options = request->options,
		.desc = desc,
		.mm = request->mm,
		.offset = request->offset,
		.length = request->length,
		.state = IOKMEM_MAP_DEAD,
	};
	INIT_WORK(&map->work, map_work);
	INIT_LIST_HEAD(&map->holders);
	INIT_LIST_HEAD(&map->node);
	INIT_LIST_HEAD(&map->inside);
	RB_CLEAR_NODE(&map->by_range);
	map->guard = iokmem_guard_pages(request->options);
	if (request->options & IOKMEM_MAP_UNIQUE)
		map->made_of = desc->id;
	iokmem_desc_count_get(desc);
	if (map->mm) {
		mmgrab(map->mm);
		map->pid = task_pid_of(request->task);
	}
	return map;
}

static void map_free(struct kref *count)
{
	struct iokmem_map *map = container_of(count, struct iokmem_map, count);
	struct iokmem_desc *desc = map->desc;

	WARN_ON(map->state != IOKMEM_MAP_DEAD);
	WARN_ON(!list_empty(&map->node));
	WARN_ON(!RB_EMPTY_NODE(&map->by_range));
	WARN_ON(!list_empty(&map->inside));
	WARN_ON(map->task_refs);
	WARN_ON(!list_empty(&map->holders));
	WARN_ON(map->mapped);

	WARN_ON(map->held);
	WARN_ON(map->keeper);
	if (map->mm)
		mmdrop(map->mm);
	put_pid(map->pid);
	kfree(map);
	iokmem_desc_count_put(desc);
}

void iokmem_map_count_put(struct iokmem_map *map)
{
	kref_put(&map->count, map_free);
}

/* May the map be about to go to another descriptor? Not while the mmap lock is held. */
static bool may_move(const struct iokmem_map *map)
{
	return map->mm && (map->options & IOKMEM_MAP_UNIQUE);
}

/*
 * iokmem_map_lock - take the lock of a map's descriptor, whichever that is
 */
void iokmem_map_lock(struct iokmem_map *map)
{
	if (may_move(map))
		mmap_read_lock(map->mm);
	mutex_lock(&map->desc->lock);
}

void iokmem_map_unlock(struct iokmem_map *map)
{
	mutex_unlock(&map->desc->lock);
	if (may_move(map))
		mmap_read_unlock(map->mm);
}

/*
 * iokmem_map_count_put_async - the same where nothing keeps this module
 *
 * The last count may be what kept it, and unloading waits for workers.
 */
void iokmem_map_count_put_async(struct iokmem_map *map)
{
	if (refcount_dec_not_one(&map->count.refcount))
		return;
	map_queue(map, MAP_JOB_COUNT_PUT);
}

/* Is it what the kernel gets that asks for all, and for nothing in particular? */
static bool is_whole(const struct iokmem_map *map)
{
	return !map->mm && !map->offset &&
	       map->length == iokmem_desc_get_length(map->desc) &&
	       !(map->options & (IOKMEM_MAP_EQUAL | IOKMEM_MAP_UNIQUE |
				 IOKMEM_MAP_STATIC));
}

/* A mapping whose VMA or kernel addresses are there may be shared. */
static void map_go_live(struct iokmem_map *map)
{
	lockdep_assert_held(&map->desc->lock);

	WRITE_ONCE(map->cache_mode, iokmem_desc_get_cache_mode(map->desc));
	WRITE_ONCE(map->address,
		   map->start + offset_in_page(iokmem_map_place(map)));
	WRITE_ONCE(map->state, IOKMEM_MAP_LIVE);
	if (is_whole(map))
		WRITE_ONCE(map->desc->whole, map);
	trace_iokmem_map(map);
}

static void map_die(struct iokmem_map *map)
{
	lockdep_assert_held(&map->desc->lock);

	if (map->state == IOKMEM_MAP_DEAD)
		return;
	if (map->state == IOKMEM_MAP_LIVE)
		trace_iokmem_unmap(map);
	map->desc->nr_maps--;
	WRITE_ONCE(map->state, IOKMEM_MAP_DEAD);
	WRITE_ONCE(map->address, 0);
}

/* Never to be shared again, with all that lies inside. */
static void map_retire(struct iokmem_map *mapping)
{
	struct iokmem_desc *desc = mapping->desc;
	struct iokmem_map *sub;

	lockdep_assert_held(&desc->lock);

	/* Nothing of it is in the list any more, or ever was. */
	if (mapping->state == IOKMEM_MAP_DEAD)
		return;
	list_for_each_entry(sub, &mapping->inside, node)
		map_die(sub);
	map_die(mapping);
	iokmem_maps_remove(mapping);
	if (desc->whole == mapping)
		WRITE_ONCE(desc->whole, NULL);
	iokmem_wake_all(&desc->wait);
	/*
	 * Who sleeps because it is blocked has looked at the state after that, since it
	 * would have been woken: see change_end(). So we see it blocked, or it saw the state.
	 */
	smp_mb();
	if (READ_ONCE(mapping->blocked))
		wake_up_var(&mapping->blocked);
}

/* Nobody sees the memory by this mapping any more. */
static void map_gone(struct iokmem_map *mapping)
{
	lockdep_assert_held(&mapping->desc->lock);

	if (mapping->mapped)
		mapping->desc->nr_mapped--;
	WRITE_ONCE(mapping->mapped, false);
}

/*
 * iokmem_map_unhold - let go of the memory of a mapping that has no entries any more
 */
void iokmem_map_unhold(struct iokmem_map *mapping)
{
	struct iokmem_desc *desc = mapping->desc;
	struct file *keeper;
	bool held;

	/* None of these comes back, so most need no lock. */
	if (!READ_ONCE(mapping->mapped) && !READ_ONCE(mapping->held) &&
	    !READ_ONCE(mapping->keeper))
		return;
	mutex_lock(&desc->lock);
	map_gone(mapping);
	held = mapping->held;
	WRITE_ONCE(mapping->held, false);
	keeper = mapping->keeper;
	WRITE_ONCE(mapping->keeper, NULL);
	mutex_unlock(&desc->lock);
	if (held)
		iokmem_desc_unhold(desc);
	if (keeper)
		fput(keeper);
}

/* Wait, killably, until the memory has the cache mode that it is getting. */
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

/* Wait, killably, until somebody else's @map is built or is not going to be. */
static int map_wait_built(struct iokmem_map *map)
{
	struct iokmem_desc *desc = map->desc;
	int err;

	kref_get(&map->count);
	mutex_unlock(&desc->lock);
	err = wait_event_killable(desc->wait, READ_ONCE(map->state) !=
					      IOKMEM_MAP_BUILDING);
	iokmem_map_count_put(map);
	mutex_lock(&desc->lock);
	return err ? -EINTR : 0;
}

/*
 * What serves the request already, built; NULL if nothing does. Or, with @same, only a map
 * of just the bytes that are asked for.
 */
static struct iokmem_map *
find_built(struct iokmem_desc *desc, const struct iokmem_map_request *request,
	   bool same)
{
	struct iokmem_map *map;
	int err;

	if (request->options & IOKMEM_MAP_UNIQUE)
		return NULL;

	for (;;) {
		map = same ? iokmem_maps_find_same(desc, request) :
			     iokmem_maps_find(desc, request);
		if (!map || map->state == IOKMEM_MAP_LIVE)
			return map;
		err = map_wait_built(map);
		if (err)
			return ERR_PTR(err);
	}
}

static void map_attach(struct iokmem_map *sub, struct iokmem_map *super)
{
	lockdep_assert_held(&sub->desc->lock);

	refcount_inc(&super->users);
	sub->super = super;
	iokmem_maps_insert_inside(sub);
	sub->desc->nr_maps++;
	sub->cache_mode = super->cache_mode;
	WRITE_ONCE(sub->address,
		   super->address + (sub->offset - super->offset));
	WRITE_ONCE(sub->state, IOKMEM_MAP_LIVE);
	trace_iokmem_share(sub);
}

/*
 * iokmem_map_list - list a mapping that is to be built
 */
void iokmem_map_list(struct iokmem_map *mapping)
{
	lockdep_assert_held(&mapping->desc->lock);

	iokmem_maps_insert(mapping);
	WRITE_ONCE(mapping->mapped, true);
	mapping->desc->nr_mapped++;
	mapping->desc->nr_maps++;
	WRITE_ONCE(mapping->state, IOKMEM_MAP_BUILDING);
}

static bool has_cache_mode(const struct iokmem_desc *desc,
			   const struct iokmem_map_request *request)
{
	return request->cache_mode == IOKMEM_MAP_DEFAULT_CACHE ||
	       request->cache_mode == iokmem_desc_get_cache_mode(desc);
}

/*
 * The part of iokmem_map_obtain() under the lock. Returns a map that serves; or
 * @new, if not NULL, now in the list (as a mapping to be built or as a sub-map);
 * or NULL if a new one is needed.
 */
static struct iokmem_map *
obtain_locked(struct iokmem_desc *desc,
	      const struct iokmem_map_request *request, struct iokmem_map *new)
{
	bool reference = request->options & IOKMEM_MAP_REFERENCE;
	bool placed = !(request->options & IOKMEM_MAP_ANYWHERE);
	struct iokmem_map *map;
	int err;

	err = desc->retyping ? wait_retyped(desc) : 0;
	if (err)
		return ERR_PTR(err);
	if (!has_cache_mode(desc, request))
		return ERR_PTR(-ESTALE);

	/* What is new inside a mapping needs a map as well: one look for that will do. */
	map = find_built(desc, request, !new && !reference && !placed);
	if (IS_ERR(map))
		return map;
	if (!map && reference)
		return ERR_PTR(-ENOENT);
	if (map && iokmem_map_has_window(map, request->offset, request->length)) {
		refcount_inc(&map->users);
		trace_iokmem_share(map);
		return map;
	}
	if (!new)
		return NULL;
	if (map)
		map_attach(new, map);
	else
		iokmem_map_list(new);
	return new;
}

/*
 * Frames that are not always there have to stay while they are mapped, unless they
 * are looked for page by page.
 */
static int map_hold(struct iokmem_map *map, bool paged)
{
	int err;

	if (!iokmem_desc_is_always_there(map->desc) &&
	    !(iokmem_desc_is_paged(map->desc) && paged)) {
		err = iokmem_desc_hold(map->desc,
				       !(map->options & IOKMEM_MAP_READ_ONLY));
		if (err)
			return err;
		map->held = true;
	}
	return iokmem_desc_may_map(map->desc, map->mm);
}

/* A mapping that is there already. */
static int map_record(struct iokmem_map *map, unsigned long at)
{
	int err;

	err = map_hold(map, false);
	if (err)
		return err;
	map->borrowed = true;
	map->start = at & PAGE_MASK;
	return iokmem_map_check_static(map);
}

static int map_make(struct iokmem_map *map,
		    const struct iokmem_map_request *request)
{
	bool placed = !(request->options & IOKMEM_MAP_ANYWHERE);
	unsigned long address;
	int err = 0;

	if (request->seat)
		return map_hold(map, request->paged);
	if (request->options & IOKMEM_MAP_STATIC)
		return map_record(map, request->at);
	if (!map->mm && placed)
		return -EOPNOTSUPP;
	if (iokmem_desc_has_held_address(map->desc))
		err = map_hold(map, map->mm);
	if (err)
		return err;
	address = iokmem_map_borrow(request, map->desc);
	if (address) {
		map->borrowed = true;
		map->start = address & PAGE_MASK;
		return 0;
	}
	if (!map->held)
		err = map_hold(map, map->mm);
	if (!err && (map->options & IOKMEM_MAP_PINNABLE))
		err = iokmem_desc_check_pinnable(map->desc);
	if (err)
		return err;
	if (map->mm)
		return iokmem_map_user(map, placed ? request->at & PAGE_MASK : 0,
				       request->file);
	return iokmem_map_kernel(map);
}

static int map_build(struct iokmem_map *map,
		     const struct iokmem_map_request *request)
{
	struct iokmem_desc *desc = map->desc;
	int err;

	err = map_make(map, request);
	if (err || request->seat)
		return err;

	mutex_lock(&desc->lock);
	/* The program may have unmapped it before we knew that it was there. */
	if (map->state == IOKMEM_MAP_BUILDING)
		map_go_live(map);
	iokmem_wake_all(&desc->wait);
	mutex_unlock(&desc->lock);
	return 0;
}

/*
 * Is there anything to be found, before a map is made? What comes later is found by the
 * look after that. A request that never makes one has no other look.
 */
static bool may_be_served(const struct iokmem_desc *desc,
			  const struct iokmem_map_request *request)
{
	if (request->options & IOKMEM_MAP_REFERENCE)
		return true;
	/* Without the lock, so that it need not be taken twice. */
	return data_race(!list_empty(&desc->maps));
}

/*
 * A map that serves @request, of memory that has the cache mode: see
 * iokmem_map_obtain().
 */
static struct iokmem_map *
obtain_in_mode(struct iokmem_desc *desc, const struct iokmem_map_request *request)
{
	struct iokmem_map *map = NULL, *new;
	int err;

	if (may_be_served(desc, request)) {
		mutex_lock(&desc->lock);
		map = obtain_locked(desc, request, NULL);
		mutex_unlock(&desc->lock);
	}
	if (map)
		return map;

	new = iokmem_map_alloc(desc, request);
	if (!new)
		return ERR_PTR(-ENOMEM);

	mutex_lock(&desc->lock);
	map = obtain_locked(desc, request, new);
	mutex_unlock(&desc->lock);
	if (map != new) {
		iokmem_map_drop(new);
		return map;
	}
	if (new->super)
		return new;

	err = map_build(new, request);
	if (err) {
		iokmem_map_drop(new);
		return ERR_PTR(err);
	}
	return new;
}

/*
 * The first map in another cache mode: the memory is given that for it, if nothing
 * maps or holds it, and gets its old one back if the map cannot be made after all,
 * unless others map it by then.
 */
static struct iokmem_map *
obtain_retyped(struct iokmem_desc *desc, const struct iokmem_map_request *request)
{
	struct iokmem_map *new;
	u32 old;
	int err;

	new = iokmem_map_alloc(desc, request);
	if (!new)
		return ERR_PTR(-ENOMEM);
	err = iokmem_desc_retype(desc, request->cache_mode, &old, new);
	if (err) {
		iokmem_map_drop(new);
		return ERR_PTR(err);
	}
	err = map_build(new, request);
	if (err) {
		iokmem_map_drop(new);
		iokmem_desc_restore_mode(desc, old);
		return ERR_PTR(err);
	}
	return new;
}

/*
 * A map of somebody else's mapping, or inside one, that is not there any more: it ends,
 * and is not shared. If that cannot be told now, it is an error of this request only.
 */
static struct iokmem_map *forget_stale(struct iokmem_map *map)
{
	struct iokmem_map *mapping = iokmem_mapping_of(map);
	int err;

	if (!(mapping->options & IOKMEM_MAP_STATIC))
		return map;
	err = iokmem_map_check_static(mapping);
	if (!err)
		return map;
	if (err == -ENXIO || err == -EFAULT || err == -EACCES) {
		iokmem_map_unmap(mapping);
		err = -ESTALE;
	}
	iokmem_map_drop(map);
	return ERR_PTR(err);
}

/*
 * iokmem_map_obtain - a map that serves @request, which has been checked
 *
 * With one more user, which is the caller's to iokmem_map_drop(); or an error. Takes
 * no user of the descriptor.
 */
struct iokmem_map *iokmem_map_obtain(struct iokmem_desc *desc,
				     const struct iokmem_map_request *request)
{
	struct iokmem_map *map;

	might_sleep();

	/* -ESTALE: somebody else has changed what this looks at. */
	do {
		if (has_cache_mode(desc, request))
			map = obtain_in_mode(desc, request);
		else if (request->options & IOKMEM_MAP_REFERENCE)
			map = ERR_PTR(-ENOENT);
		else if (request->keep_mode)
			map = ERR_PTR(-EACCES);
		else
			map = obtain_retyped(desc, request);
		if (!IS_ERR(map))
			map = forget_stale(map);
	} while (map == ERR_PTR(-ESTALE));
	return map;
}

/*
 * iokmem_map_reserve - list a mapping that mmap() is making
 *
 * Called with the mmap lock held. Returns 0 or -EINTR.
 */
int iokmem_map_reserve(struct iokmem_map *map)
{
	struct iokmem_desc *desc = map->desc;
	int err;

	mutex_lock(&desc->lock);
	err = wait_retyped(desc);
	if (!err)
		iokmem_map_list(map);
	mutex_unlock(&desc->lock);
	return err;
}

/*
 * iokmem_map_adopt - a mapping that mmap() has made is the task's own
 *
 * Takes over the caller's user, which becomes the task's reference. Called with
 * the mmap lock held.
 */
void iokmem_map_adopt(struct iokmem_map *map)
{
	struct iokmem_desc *desc = map->desc;

	iokmem_desc_get(desc);
	mutex_lock(&desc->lock);
	map->task_refs = 1;
	map_go_live(map);
	mutex_unlock(&desc->lock);
}

static void map_unmap(struct iokmem_map *mapping)
{
	bool gone = true;

	if (mapping->mm && !mapping->borrowed)
		gone = !READ_ONCE(mapping->mapped) || iokmem_unmap_user(mapping);
	else
		iokmem_unmap_kernel(mapping);
	if (gone)
		iokmem_map_unhold(mapping);
}

/* Never to be found again. */
static void map_end(struct iokmem_map *map)
{
	lockdep_assert_held(&map->desc->lock);

	if (!map->super) {
		map_retire(map);
	} else {
		map_die(map);
		iokmem_maps_remove_inside(map);
	}
}

/*
 * iokmem_map_drop - let go of a map, as one of its users
 *
 * The descriptor's user that goes with most references is not touched: see
 * iokmem_map_put(). The last user unmaps, so no mmap lock may be held.
 */
void iokmem_map_drop(struct iokmem_map *map)
{
	struct iokmem_desc *desc = map->desc;

	if (!refcount_dec_and_mutex_lock(&map->users, &desc->lock))
		return;
	map_end(map);
	mutex_unlock(&desc->lock);

	if (map->super)
		iokmem_map_drop(map->super);
	else
		map_unmap(map);
	iokmem_map_count_put(map);
}

/**
 * iokmem_map_unmap - end a map for all who share it
 * @map: the map
 *
 * Follows IOMemoryMap::unmap(). The mapping is unmapped now, with all maps inside it,
 * whoever has references to them: these stay good, to a map with the address 0 that
 * nobody shares any more. A map that lies inside another one ends alone; its addresses
 * are unmapped with the other.
 *
 * Drivers that use a kernel mapping and may have it taken away must be told:
 * iokmem_holder_add().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, also if the map has ended already; or -EBUSY for the mapping that a
 * buffer was made with, which goes with the buffer.
 */
int iokmem_map_unmap(struct iokmem_map *map)
{
	unsigned long task_refs = 0;
	int err = -EBUSY;
	bool live;

	might_sleep();

	iokmem_map_lock(map);
	live = map->state == IOKMEM_MAP_LIVE;
	if (live && map == map->desc->home)
		goto out_unlock;
	err = 0;
	if (!live)
		goto out_unlock;
	map_end(map);
	/* Those of a mapping end with its VMA. */
	if (map->super)
		swap(map->task_refs, task_refs);
out_unlock:
	iokmem_map_unlock(map);
	if (err || !live)
		return err;

	iokmem_map_tell_holders(map);
	if (!map->super)
		map_unmap(map);
	if (task_refs)
		iokmem_map_put(map);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_unmap, IOKMEM_NS);

/*
 * iokmem_map_exchange - @map shows the memory of @seat from now on, and @seat its
 *
 * Called with the mmap lock held for writing. Returns 0, or -ENOENT if @map has
 * ended.
 */
int iokmem_map_exchange(struct iokmem_map *map, struct iokmem_map *seat)
{
	struct iokmem_desc *first = min(map->desc, seat->desc);
	struct iokmem_desc *second = max(map->desc, seat->desc);
	int err = -ENOENT;

	mmap_assert_write_locked(map->mm);

	mutex_lock(&first->lock);
	if (second != first)
		mutex_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);
	if (map->state == IOKMEM_MAP_LIVE) {
		list_swap(&map->node, &seat->node);
		swap(map->age, seat->age);
		swap(map->held, seat->held);
		swap(map->keeper, seat->keeper);
		seat->desc = xchg(&map->desc, seat->desc);
		seat->offset = xchg(&map->offset, seat->offset);
		WRITE_ONCE(map->cache_mode, iokmem_desc_get_cache_mode(map->desc));
		trace_iokmem_redirect(map);
		err = 0;
	}
	if (second != first)
		mutex_unlock(&second->lock);
	mutex_unlock(&first->lock);
	return err;
}

/*
 * iokmem_map_vanished - the mapping's VMA is going, its entries have gone
 *
 * Called with the mmap lock held. Returns whether there are holders to be told.
 */
bool iokmem_map_vanished(struct iokmem_map *map)
{
	bool has_holders;

	mutex_lock(&map->desc->lock);
	map_retire(map);
	map_gone(map);
	has_holders = iokmem_map_has_holders(map);
	mutex_unlock(&map->desc->lock);
	return has_holders;
}

/*
 * iokmem_map_let_go - a mapping that has vanished lets go of what its VMA kept
 *
 * Called with the mmap lock held, and its descriptor's user kept, of a mapping that holds
 * no memory and is not Unique: so nothing that ends here needs that lock. But what drivers
 * do when they are told is not known.
 */
void iokmem_map_let_go(struct iokmem_map *map, bool has_holders)
{
	iokmem_map_task_drop_all(map);
	if (has_holders)
		map_queue(map, MAP_JOB_TELL);
	else
		iokmem_map_count_put(map);
}

/*
 * iokmem_map_references - how many references there are to a map; for people
 *
 * Sub-maps are shown beside it, and do not count.
 */
unsigned long iokmem_map_references(const struct iokmem_map *map)
{
	unsigned long nr = refcount_read(&map->users) + map->task_refs;
	const struct iokmem_map *sub;

	lockdep_assert_held(&map->desc->lock);

	nr -= !!map->task_refs;
	list_for_each_entry(sub, &map->inside, node)
		nr--;
	return nr;
}

/*
 * iokmem_map_open_home - map a buffer, all of it, into the task it is made for
 */
int iokmem_map_open_home(struct iokmem_desc *desc, struct task_struct *task)
{
	struct iokmem_map_request request = {
		.task = task,
		.options = IOKMEM_MAP_ANYWHERE,
		.length = desc->capacity,
	};
	struct iokmem_map *home;

	request.mm = iokmem_task_mm(task);
	if (IS_ERR(request.mm))
		return PTR_ERR(request.mm);
	home = iokmem_map_obtain(desc, &request);
	if (request.mm)
		mmput(request.mm);
	if (IS_ERR(home))
		return PTR_ERR(home);

	mutex_lock(&desc->lock);
	desc->home = home;
	WRITE_ONCE(desc->bytes, home->mm ? NULL : (void *)home->address);
	mutex_unlock(&desc->lock);
	return 0;
}

/*
 * iokmem_map_close_home - undo that, if it was done
 */
void iokmem_map_close_home(struct iokmem_desc *desc)
{
	struct iokmem_map *home;

	/* Who could make one does not do so now. */
	if (!READ_ONCE(desc->home))
		return;
	mutex_lock(&desc->lock);
	home = desc->home;
	desc->home = NULL;
	WRITE_ONCE(desc->bytes, NULL);
	mutex_unlock(&desc->lock);

	if (home)
		iokmem_map_drop(home);
}

/* As iokmem_map_obtain(), with all entries there if they are to be. */
static struct iokmem_map *
obtain_filled(struct iokmem_desc *desc, const struct iokmem_map_request *request)
{
	struct iokmem_map *map;
	u32 cache_mode;
	int err;

	if (!(request->options & IOKMEM_MAP_PREFAULT))
		return iokmem_map_obtain(desc, request);
	cache_mode = iokmem_desc_get_cache_mode(desc);
	map = iokmem_map_obtain(desc, request);
	if (IS_ERR(map))
		return map;
	err = iokmem_map_populate(map);
	if (err) {
		iokmem_map_drop(map);
		iokmem_desc_restore_mode(desc, cache_mode);
		return ERR_PTR(err);
	}
	return map;
}

/*
 * iokmem_map_in_task - as iokmem_desc_create_mapping_in_task()
 *
 * But by a file of the descriptor's, if @file is one: -EACCES instead of another cache
 * mode, if that may only be read.
 */
struct iokmem_map *iokmem_map_in_task(struct iokmem_desc *desc,
				      struct task_struct *task,
				      unsigned long at, u32 options,
				      size_t offset, size_t length,
				      struct file *file)
{
	struct iokmem_map_request request = {
		.task = task,
		.options = options,
		.keep_mode = file && !(file->f_mode & FMODE_WRITE),
		.file = file,
		.at = at,
		.offset = offset,
		.length = length,
	};
	struct iokmem_map *map;
	int err;

	request.mm = iokmem_task_mm(task);
	if (IS_ERR(request.mm))
		return ERR_CAST(request.mm);

	err = iokmem_map_check(&request, desc);
	if (err) {
		map = ERR_PTR(err);
		goto out_mmput;
	}

	desc = iokmem_desc_root(desc, &request.offset);
	map = obtain_filled(desc, &request);
	if (!IS_ERR(map))
		iokmem_desc_get(desc);
out_mmput:
	if (request.mm)
		mmput(request.mm);
	return map;
}

/* One more reference to the kernel's mapping of all of the memory, if there is one. */
static struct iokmem_map *share_whole(struct iokmem_desc *desc)
{
	struct iokmem_map *map;

	/* Whether that is so is known with the lock: but without one it is not taken twice. */
	if (!READ_ONCE(desc->whole))
		return NULL;
	mutex_lock(&desc->lock);
	map = desc->whole;
	if (map && map->length == iokmem_desc_get_length(desc)) {
		refcount_inc(&map->users);
		trace_iokmem_share(map);
	} else {
		map = NULL;
	}
	mutex_unlock(&desc->lock);
	return map;
}

/*
 * The first map of all, of memory that the kernel has addresses of in any case: nothing
 * has to be built, so nobody has to wait for it.
 */
static struct iokmem_map *make_whole(struct iokmem_desc *desc)
{
	struct iokmem_map_request request = {
		.options = IOKMEM_MAP_ANYWHERE,
		.length = iokmem_desc_get_length(desc),
	};
	unsigned long address = 0;
	struct iokmem_map *map;

	if (!request.length || !iokmem_desc_is_always_there(desc))
		return NULL;
	map = iokmem_map_alloc(desc, &request);
	if (!map)
		return NULL;
	mutex_lock(&desc->lock);
	if (list_empty(&desc->maps) && !desc->retyping)
		address = iokmem_map_borrow(&request, desc);
	if (address) {
		map->borrowed = true;
		map->start = address & PAGE_MASK;
		iokmem_map_list(map);
		map_go_live(map);
	}
	mutex_unlock(&desc->lock);
	if (!address) {
		iokmem_map_drop(map);
		return NULL;
	}
	return map;
}

/* What most drivers ask for, quickly; NULL if it takes more than that. */
static struct iokmem_map *map_whole(struct iokmem_desc *desc)
{
	struct iokmem_map *map;

	if (desc->parent)
		return NULL;
	map = share_whole(desc);
	if (!map)
		map = make_whole(desc);
	if (map)
		iokmem_desc_get(desc);
	return map;
}

/**
 * iokmem_desc_create_mapping_in_task - map a descriptor, or share a map of it
 * @desc: the descriptor
 * @task: a user task that the caller keeps, or IOKMEM_KERNEL_TASK
 * @at: without IOKMEM_MAP_ANYWHERE, where to map: the address of a page, or the
 *	address that the first byte shall have. Otherwise ignored.
 * @options: IOKMEM_MAP_*
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes; 0, with an offset of 0, means the descriptor's whole length
 *
 * Follows IOMemoryDescriptor::createMappingInTask(). The same request gives the
 * same map again, with one more reference; a request for bytes inside a mapping
 * that serves it gives a map over the same addresses. Requests are served by
 * mappings of the same address space, with the same IOKMEM_MAP_READ_ONLY, of the
 * cache mode they name if they name one, and at the address they name if they
 * name one. IOKMEM_MAP_UNIQUE neither shares nor is shared;
 * IOKMEM_MAP_REFERENCE never makes a mapping.
 *
 * Whole pages are mapped; the map's address keeps the offset's place in its
 * page. A user mapping is never executable, and a read-only one can never be
 * made writable. It is not inherited over fork(), and ends when the task unmaps
 * it, executes another program or exits: the map then has the address 0.
 * Kernel mappings never fault. A kernel mapping cannot be placed.
 *
 * %IOKMEM_MAP_PREFAULT, _OVERWRITE, _GUARDED_SMALL, _GUARDED_LARGE and _PINNABLE are
 * as <uapi/linux/iokmem.h> says, the last three for user tasks. %IOKMEM_MAP_STATIC
 * records a mapping that there is: see iokmem_desc_set_mapping().
 *
 * A cache mode in @options that is not the memory's own is given to the memory,
 * all of the descriptor's, if nothing maps or holds it. Memory that need not be
 * anywhere (a range of user addresses; pageable memory, by the kernel) is held as
 * by iokmem_desc_prepare() while it is mapped; its own task may "map" a range of
 * its addresses for nothing. User tasks see whole pages, so they get part of a
 * page only where the rest is of the same buffer.
 *
 * Context: May sleep, killably where another's mapping is awaited. The caller
 * holds no mmap lock.
 * Return: a map, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: an option or cache mode that is unknown or not provided; a
 *   kernel mapping at a fixed address; memory that user tasks cannot be shown
 *   (another task's anonymous memory, some of the kernel's own); what no kernel
 *   mapping can have: guard pages, guards, several cache modes, a coherent buffer
 *   elsewhere than it is; pinnable, of other than wired copyback memory
 * * -EINVAL: no task or a kernel thread, contradicting options, @offset without
 *   @length, @at neither a page's address nor congruent to @offset, part of
 *   another map to be overwritten
 * * -ESRCH: the task has exited
 * * -EOVERFLOW: @offset plus @length wraps
 * * -ERANGE: the range passes the end of the descriptor
 * * -EADDRNOTAVAIL: @at is outside of what the task can use
 * * -EEXIST: something else is at @at
 * * -ENOENT: IOKMEM_MAP_REFERENCE found nothing
 * * -ENOMEM: no memory, or no room in the address space
 * * -EAGAIN: the task locks what it maps, and its RLIMIT_MEMLOCK has no room
 * * -EBUSY: another cache mode, of memory that is mapped, held or pinned
 * * -EBADFD: %IOKMEM_MAP_PREFAULT, of memory that is not prepared
 * * -EACCES: part of a page, of which the rest is not the buffer's; memory that
 *   may only be read, or is prepared for reading only, without
 *   IOKMEM_MAP_READ_ONLY
 * * -EFAULT: a range of addresses has a hole
 * * -EPERM: memory to be held, and the caller's RLIMIT_MEMLOCK has no room
 * * -EIO: it could not be read from swap
 * * -EINTR: a fatal signal arrived first
 */
struct iokmem_map *
iokmem_desc_create_mapping_in_task(struct iokmem_desc *desc,
				   struct task_struct *task, unsigned long at,
				   u32 options, size_t offset, size_t length)
{
	struct iokmem_map *map = NULL;

	if (task == IOKMEM_KERNEL_TASK && options == IOKMEM_MAP_ANYWHERE && !offset &&
	    !length)
		map = map_whole(desc);
	return map ? map : iokmem_map_in_task(desc, task, at, options, offset, length,
					      NULL);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_create_mapping_in_task, IOKMEM_NS);

/**
 * iokmem_desc_map - map all of a descriptor into the kernel
 * @desc: the descriptor
 * @options: IOKMEM_MAP_*; IOKMEM_MAP_ANYWHERE goes without saying
 *
 * Follows IOMemoryDescriptor::map(). The map of a kernel buffer is the one that
 * iokmem_buffer_get_bytes_no_copy() tells of. It costs nothing where the memory
 * is contiguous and neither IOKMEM_MAP_READ_ONLY nor IOKMEM_MAP_UNIQUE is asked
 * for.
 *
 * Context: May sleep.
 * Return: a map, of which the reference is the caller's, or ERR_PTR() as
 * iokmem_desc_create_mapping_in_task().
 */
struct iokmem_map *iokmem_desc_map(struct iokmem_desc *desc, u32 options)
{
	return iokmem_desc_create_mapping_in_task(desc, IOKMEM_KERNEL_TASK, 0,
						  options | IOKMEM_MAP_ANYWHERE,
						  0, 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_map, IOKMEM_NS);

/**
 * iokmem_desc_set_mapping - record a mapping of the memory that there is already
 * @desc: the descriptor
 * @task: a user task that the caller keeps, or IOKMEM_KERNEL_TASK
 * @address: of the first byte
 * @options: %IOKMEM_MAP_READ_ONLY, a cache mode
 *
 * Follows IOMemoryDescriptor::setMapping(). The mapping, of the descriptor's whole
 * length, was made by other means, and is kept by who made it; later requests share it
 * as any other. What is at the addresses must be this memory: that is looked at now, and
 * before anybody shares it, so that nobody gets what has ended meanwhile. Nothing is
 * unmapped when the map is let go.
 *
 * iokmem_desc_create_mapping_in_task() does the same with %IOKMEM_MAP_STATIC, for part
 * of the memory.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: a map, of which the reference is the caller's; or ERR_PTR(): -ENXIO if other
 * memory is at the addresses; -EFAULT if nothing is; -EACCES if the task may only read
 * it; -EOPNOTSUPP for coherent memory; -EINVAL for another option; or as
 * iokmem_desc_create_mapping_in_task().
 */
struct iokmem_map *iokmem_desc_set_mapping(struct iokmem_desc *desc,
					   struct task_struct *task,
					   unsigned long address, u32 options)
{
	return iokmem_desc_create_mapping_in_task(desc, task, address,
						  options | IOKMEM_MAP_STATIC, 0, 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_set_mapping, IOKMEM_NS);

/**
 * iokmem_desc_with_mapping - map memory into the kernel for the time of a call
 * @desc: the descriptor
 * @options: IOKMEM_MAP_*; IOKMEM_MAP_ANYWHERE goes without saying
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes; 0, with an offset of 0, means the descriptor's whole length
 * @call: what to call with the address of the first byte and the length
 * @data: and with this
 *
 * Context: May sleep.
 * Return: what @call returns; or an error as iokmem_desc_create_mapping_in_task(),
 * when it was not called.
 */
int iokmem_desc_with_mapping(struct iokmem_desc *desc, u32 options, size_t offset,
			     size_t length,
			     int (*call)(void *address, size_t length, void *data),
			     void *data)
{
	struct iokmem_map *map;
	int err;

	map = iokmem_desc_create_mapping_in_task(desc, IOKMEM_KERNEL_TASK, 0,
						 options | IOKMEM_MAP_ANYWHERE,
						 offset, length);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = call((void *)iokmem_map_get_address(map), iokmem_map_get_length(map),
		   data);
	iokmem_map_put(map);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_mapping, IOKMEM_NS);

/**
 * iokmem_map_get - take another reference to a map
 * @map: a map that the caller has a reference to
 *
 * Follows OSObject::retain().
 *
 * Context: Any.
 * Return: @map.
 */
struct iokmem_map *iokmem_map_get(struct iokmem_map *map)
{
	if (!(map->options & IOKMEM_MAP_UNIQUE))
		iokmem_desc_get(map->desc);
	refcount_inc(&map->users);
	return map;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get, IOKMEM_NS);

/*
 * A reference to a Unique map that is not the last one: nothing else goes with it. The
 * last one's holder is alone, so that nobody redirects the map any more.
 */
static bool put_unique(struct iokmem_map *map)
{
	return (map->options & IOKMEM_MAP_UNIQUE) &&
	       refcount_dec_not_one(&map->users);
}

/* A reference to another map that is not the last one. */
static bool put_shared(struct iokmem_map *map)
{
	struct iokmem_desc *desc = map->desc;

	if (!refcount_dec_not_one(&map->users))
		return false;
	iokmem_desc_put_async(desc);
	return true;
}

/**
 * iokmem_map_put - let go of a map
 * @map: a reference of the caller's, gone on return
 *
 * The mapping is unmapped when the last of those who share it lets go, sub-maps
 * included. Follows IOMemoryMap::release().
 *
 * Context: May sleep. The caller holds no mmap lock.
 */
void iokmem_map_put(struct iokmem_map *map)
{
	struct iokmem_desc *desc;

	might_sleep();
	if (put_unique(map))
		return;
	desc = map->desc;
	if (!refcount_dec_not_one(&map->users))
		iokmem_map_drop(map);
	iokmem_desc_put(desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_put, IOKMEM_NS);

/**
 * iokmem_map_put_async - let go of a map where one cannot sleep
 * @map: a reference of the caller's, gone on return
 *
 * As iokmem_map_put(); if this was the last reference a worker does the rest.
 *
 * Context: Any.
 */
void iokmem_map_put_async(struct iokmem_map *map)
{
	if (put_unique(map))
		return;
	if (!(map->options & IOKMEM_MAP_UNIQUE) && put_shared(map))
		return;
	map_queue(map, MAP_JOB_PUT);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_put_async, IOKMEM_NS);

/**
 * iokmem_map_get_address - where the first byte of a map is
 * @map: the map
 *
 * Follows IOMemoryMap::getVirtualAddress().
 *
 * Context: Any.
 * Return: an address in the map's task, or in the kernel; 0 if the task has
 * unmapped it or exited.
 */
unsigned long iokmem_map_get_address(const struct iokmem_map *map)
{
	return READ_ONCE(map->address);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_address, IOKMEM_NS);

/**
 * iokmem_map_get_length - the length of a map
 * @map: the map
 *
 * Follows IOMemoryMap::getLength(). Stays as it is when the map has ended.
 *
 * Context: Any.
 * Return: the length in bytes, as asked for.
 */
size_t iokmem_map_get_length(const struct iokmem_map *map)
{
	return map->length;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_length, IOKMEM_NS);

/**
 * iokmem_map_get_offset - where a map starts in its descriptor
 * @map: the map
 *
 * Context: Any.
 * Return: the offset in bytes, as asked for.
 */
size_t iokmem_map_get_offset(const struct iokmem_map *map)
{
	return READ_ONCE(map->offset);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_offset, IOKMEM_NS);

/**
 * iokmem_map_get_options - the options a map was made with
 * @map: the map
 *
 * Follows IOMemoryMap::getMapOptions(). A request that shares a map gets the
 * options of the one that made it.
 *
 * Context: Any.
 * Return: IOKMEM_MAP_*.
 */
u32 iokmem_map_get_options(const struct iokmem_map *map)
{
	return map->options;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_options, IOKMEM_NS);

/**
 * iokmem_map_get_cache_mode - the cache mode that is in force
 * @map: the map
 *
 * Context: Any.
 * Return: IOKMEM_MAP_*_CACHE, never the default one.
 */
u32 iokmem_map_get_cache_mode(const struct iokmem_map *map)
{
	return READ_ONCE(map->cache_mode);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_cache_mode, IOKMEM_NS);

/**
 * iokmem_map_get_memory_descriptor - the descriptor that a map shows
 * @map: the map
 *
 * Follows IOMemoryMap::getMemoryDescriptor().
 *
 * Context: Any.
 * Return: the descriptor, without a reference; the map keeps it, until it is
 * redirected.
 */
struct iokmem_desc *iokmem_map_get_memory_descriptor(const struct iokmem_map *map)
{
	return READ_ONCE(map->desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_map_get_address_task - whose address space a map is in
 * @map: the map
 *
 * Follows IOMemoryMap::getAddressTask(): the task that the map was first made for.
 *
 * Context: Any.
 * Return: a reference of the caller's, for put_task_struct(): IOKMEM_KERNEL_TASK for the
 * kernel; NULL if the task has exited.
 */
struct task_struct *iokmem_map_get_address_task(const struct iokmem_map *map)
{
	if (!map->mm)
		return get_task_struct(IOKMEM_KERNEL_TASK);
	return get_pid_task(map->pid, PIDTYPE_TGID);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_address_task, IOKMEM_NS);

/**
 * iokmem_map_get_retain_count - how many references there are to a map
 * @map: the map
 *
 * Follows OSObject::getRetainCount(): drivers' references, the task's own, and one if it
 * is the mapping that a buffer was made with. For people; others may come and go.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: the number.
 */
unsigned long iokmem_map_get_retain_count(struct iokmem_map *map)
{
	unsigned long nr;

	iokmem_map_lock(map);
	nr = iokmem_map_references(map);
	iokmem_map_unlock(map);
	return nr;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_retain_count, IOKMEM_NS);

/* What the map shows, as a reference; NULL if it has ended. */
static struct iokmem_desc *get_shown(struct iokmem_map *map, size_t *offset)
{
	struct iokmem_desc *desc = NULL;

	iokmem_map_lock(map);
	if (map->state == IOKMEM_MAP_LIVE) {
		desc = iokmem_desc_get(map->desc);
		*offset += map->offset;
	}
	iokmem_map_unlock(map);
	return desc;
}

/**
 * iokmem_map_get_physical_segment - where bytes of a map are in physical memory
 * @map: the map
 * @offset: of the first byte in the map
 * @address: out: its physical address, as the CPU sees it
 * @length: out: how many bytes from it on are neighbours in memory, at most to the end of
 *	the map
 *
 * Follows IOMemoryMap::getPhysicalSegment() with kIOMemoryMapperNone, by its documented
 * contract: clipped to the map.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then nothing has been written: -ERANGE if @offset is not
 * before the end of the map, -ENOENT if the map has ended, or as
 * iokmem_desc_get_physical_segment().
 */
int iokmem_map_get_physical_segment(struct iokmem_map *map, size_t offset,
				    phys_addr_t *address, size_t *length)
{
	size_t n = map->length - offset;
	struct iokmem_desc *desc;
	int err;

	if (offset >= map->length)
		return -ERANGE;
	desc = get_shown(map, &offset);
	if (!desc)
		return -ENOENT;
	err = iokmem_desc_segment(desc, offset, address, &n);
	if (!err)
		*length = n;
	iokmem_desc_put(desc);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_physical_segment, IOKMEM_NS);
