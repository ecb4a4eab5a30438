// SPDX-License-Identifier: GPL-2.0
/*
 * The references that a task itself has to its maps, by ioctl and by mmap().
 *
 * They are counted in the map, which all of them together use once, and are known by the
 * map's address and length. They belong to the address space: when the VMA goes, so do
 * they.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "map/map.h"

/*
 * iokmem_map_task_hold - make the caller's reference to a map its task's
 *
 * Return the address; or 0 if the map has ended already, and the reference is gone.
 */
unsigned long iokmem_map_task_hold(struct iokmem_map *map)
{
	struct iokmem_desc *desc;
	unsigned long address;
	bool first = false;

	desc = iokmem_mapping_lock(map->mapping);
	address = iokmem_map_address(map);
	if (address)
		first = !map->task_refs++;
	mutex_unlock(&desc->lock);

	/* All references of a task's together use the map once. */
	if (!first)
		iokmem_map_drop(map, false);
	return address;
}

/*
 * Lock the calling task's map of @desc at @address, of @length bytes, for
 * unlock_of_task(). Return NULL if there is none. The mmap lock keeps the VMA, by which
 * the map is found; the descriptor's lock keeps the map.
 */
static struct iokmem_map *lock_of_task(struct iokmem_desc *desc, unsigned long address,
				       size_t length)
{
	struct iokmem_mapping *mapping;
	struct iokmem_map *map = NULL;
	size_t offset = 0;

	desc = iokmem_desc_root(desc, &offset);
	mmap_read_lock(current->mm);
	mapping = iokmem_mapping_at(current->mm, address, desc);
	if (!mapping)
		goto out;
	mutex_lock(&iokmem_mapping_desc(mapping)->lock);
	if (mapping->state == IOKMEM_MAPPING_LIVE && address >= mapping->address)
		map = iokmem_index_find_in(mapping, mapping->backing.offset +
						    (address - mapping->address), length);
	if (map && map->task_refs)
		return map;
	mutex_unlock(&iokmem_mapping_desc(mapping)->lock);
out:
	mmap_read_unlock(current->mm);
	return NULL;
}

static void unlock_of_task(struct iokmem_map *map)
{
	mutex_unlock(&iokmem_mapping_desc(map->mapping)->lock);
	mmap_read_unlock(current->mm);
}

/*
 * iokmem_map_task_release - undo one iokmem_map_task_hold() of the calling task
 *
 * Return 0 or -ENOENT.
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
		iokmem_map_drop(map, true);
	return 0;
}

/*
 * iokmem_map_task_get - return a map of the calling task's own, with a reference
 *
 * Or ERR_PTR(-ENOENT).
 */
struct iokmem_map *iokmem_map_task_get(struct iokmem_desc *desc, unsigned long address,
				       size_t length)
{
	struct iokmem_map *map;

	map = lock_of_task(desc, address, length);
	if (!map)
		return ERR_PTR(-ENOENT);
	iokmem_map_use(map);
	unlock_of_task(map);
	return map;
}

/*
 * iokmem_map_task_query - tell the calling task about a map of its own
 *
 * Return 0 or -ENOENT.
 */
int iokmem_map_task_query(struct iokmem_desc *desc, struct iokmem_query_mapping *query)
{
	struct iokmem_map *map;

	map = lock_of_task(desc, query->address, query->length);
	if (!map)
		return -ENOENT;
	query->options = map->options;
	query->offset = iokmem_map_get_offset(map);
	query->references = map->task_refs;
	query->cache_mode = iokmem_map_get_cache_mode(map);
	unlock_of_task(map);
	return 0;
}
