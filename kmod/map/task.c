// SPDX-License-Identifier: GPL-2.0
/*
 * The references that a task itself has to its maps, by ioctl and by mmap().
 *
 * The references are counted in the map; all of them together use the map once. A task
 * names a map by its address and length. The references belong to the address space, and
 * are dropped when the VMA is closed.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "map/map.h"

/*
 * Return the address of a map that a revoke has ended already, since the task keeps the empty
 * addresses and has to know them; or 0.
 */
static unsigned long address_kept(const struct iokmem_map *map, const struct iokmem_desc *desc)
{
	lockdep_assert_held(&desc->lock);

	return desc->revoked && READ_ONCE(map->mapping->bound) && !map->ended ?
	       iokmem_mapping_first_byte(map->mapping) + map->delta : 0;
}

/*
 * iokmem_map_task_hold - turn the caller's reference to a map into one of the map's task
 *
 * Return the address, also of a map that a revoke has just ended; or 0 if the map has ended in
 * another way. Takes over the reference in any case. If the map is of addresses that the task has
 * anyway, the task gets no reference.
 */
unsigned long iokmem_map_task_hold(struct iokmem_map *map)
{
	struct iokmem_desc *desc;
	unsigned long address;
	bool first = false;

	desc = iokmem_mapping_lock(map->mapping);
	address = iokmem_map_address(map);
	/* No VMA would drop a reference to a borrowed mapping when the task exits. */
	if (address && !map->mapping->borrowed)
		first = !map->task_refs++;
	else if (!address)
		address = address_kept(map, desc);
	mutex_unlock(&desc->lock);

	/* All references of a task together use the map once. */
	if (!first)
		iokmem_map_drop(map, false);
	return address;
}

/*
 * Find the calling task's map of @desc at @address, of @length bytes, and return it locked
 * for unlock_of_task(), or return NULL. The map is found by its VMA, which the mmap lock
 * keeps. The descriptor's lock keeps the map.
 */
static struct iokmem_map *lock_of_task(struct iokmem_desc *desc, unsigned long address,
				       size_t length)
{
	struct iokmem_mapping *mapping;
	struct iokmem_map *map = NULL;

	desc = iokmem_desc_owner(desc);
	/* A program that is being killed sees no result. Its maps end when it exits. */
	if (mmap_read_lock_killable(current->mm))
		return NULL;
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
 * iokmem_map_task_get - return a reference to a map of the calling task
 *
 * Return ERR_PTR(-ENOENT) if the task itself has no such map.
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
 * iokmem_map_task_query - fill in @query about a map of the calling task
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
