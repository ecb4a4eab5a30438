// SPDX-License-Identifier: GPL-2.0
/*
 * The references that a task itself has to its maps: by ioctl, and by mmap().
 *
 * They are counted in the map, which all of them together use once, and are
 * known by the map's address and length. They belong to the address space: when
 * the VMA goes, so do they.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "desc/desc.h"
#include "map/map.h"

/*
 * iokmem_map_task_hold - make the caller's reference to a map its task's
 *
 * The task's references are released by its ioctls, or end with the VMA. Returns
 * the address; or 0 if the VMA has gone already, and the reference with it.
 */
unsigned long iokmem_map_task_hold(struct iokmem_map *map)
{
	unsigned long address;
	bool first = false;

	mutex_lock(&map->desc->lock);
	address = map->address;
	if (address)
		first = !map->task_refs++;
	mutex_unlock(&map->desc->lock);

	/* All of a task's references together are one user. */
	if (!first)
		iokmem_map_put(map);
	return address;
}

static struct iokmem_map *find_task_held(struct iokmem_map *mapping)
{
	struct iokmem_map *sub;

	lockdep_assert_held(&mapping->desc->lock);

	list_for_each_entry(sub, &mapping->inside, node)
		if (sub->task_refs)
			return sub;
	return mapping->task_refs ? mapping : NULL;
}

/*
 * iokmem_map_task_drop_all - the VMA of @mapping is gone for good
 *
 * Drops what references its task had to it and to its sub-maps. The caller, the
 * mapping's file, keeps @mapping itself.
 */
void iokmem_map_task_drop_all(struct iokmem_map *mapping)
{
	struct iokmem_desc *desc = mapping->desc;
	struct iokmem_map *map;

	/* The mapping itself comes last. */
	do {
		mutex_lock(&desc->lock);
		map = find_task_held(mapping);
		if (map)
			map->task_refs = 0;
		mutex_unlock(&desc->lock);
		if (map)
			iokmem_map_put(map);
	} while (map && map != mapping);
}

/* The live map of @mapping's task at @address, of @length bytes. */
static struct iokmem_map *find_window(struct iokmem_map *mapping,
				      unsigned long address, size_t length)
{
	struct iokmem_map *map;

	lockdep_assert_held(&mapping->desc->lock);

	if (mapping->state != IOKMEM_MAP_LIVE || address < mapping->address)
		return NULL;
	map = iokmem_maps_find_inside(mapping, mapping->offset +
					       (address - mapping->address), length);
	return map && map->task_refs ? map : NULL;
}

/*
 * The calling task's map of @desc at @address, of @length bytes. For
 * unlock_of_task(), unless it is NULL: the mmap lock keeps the VMA, which has found
 * the map; the descriptor's lock keeps the map as it is.
 */
static struct iokmem_map *lock_of_task(struct iokmem_desc *desc,
				       unsigned long address, size_t length)
{
	struct iokmem_map *mapping, *map = NULL;
	size_t offset = 0;

	desc = iokmem_desc_root(desc, &offset);
	mmap_read_lock(current->mm);
	mapping = iokmem_map_at(current->mm, address, desc);
	if (mapping) {
		mutex_lock(&mapping->desc->lock);
		map = find_window(mapping, address, length);
		if (!map)
			mutex_unlock(&mapping->desc->lock);
	}
	if (!map)
		mmap_read_unlock(current->mm);
	return map;
}

static void unlock_of_task(struct iokmem_map *map)
{
	mutex_unlock(&map->desc->lock);
	mmap_read_unlock(current->mm);
}

/*
 * iokmem_map_task_release - undo one iokmem_map_task_hold() of the calling task
 *
 * Returns 0 or -ENOENT.
 */
int iokmem_map_task_release(struct iokmem_desc *desc, unsigned long address,
			    size_t length)
{
	struct iokmem_map *map;
	bool last;

	map = lock_of_task(desc, address, length);
	if (!map)
		return -ENOENT;
	last = !--map->task_refs;
	unlock_of_task(map);

	if (last)
		iokmem_map_put(map);
	return 0;
}

/*
 * iokmem_map_task_get - a map of the calling task's own, with a reference
 *
 * Or ERR_PTR(-ENOENT).
 */
struct iokmem_map *iokmem_map_task_get(struct iokmem_desc *desc,
				       unsigned long address, size_t length)
{
	struct iokmem_map *map;

	map = lock_of_task(desc, address, length);
	if (!map)
		return ERR_PTR(-ENOENT);
	iokmem_map_get(map);
	unlock_of_task(map);
	return map;
}

/*
 * iokmem_map_task_query - tell the calling task about a map of its own
 *
 * Returns 0 or -ENOENT.
 */
int iokmem_map_task_query(struct iokmem_desc *desc,
			  struct iokmem_query_mapping *query)
{
	struct iokmem_map *map;

	map = lock_of_task(desc, query->address, query->length);
	if (!map)
		return -ENOENT;
	query->options = map->options;
	query->offset = map->offset;
	query->references = map->task_refs;
	query->cache_mode = iokmem_map_get_cache_mode(map);
	unlock_of_task(map);
	return 0;
}
