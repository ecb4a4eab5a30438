// SPDX-License-Identifier: GPL-2.0
/*
 * The list and the index of a descriptor's maps. Which map serves a request is
 * not decided here (sharing.c), only found without looking at all of them.
 *
 *	desc->maps	all mappings, oldest first: for people
 *	desc->shareable	the mappings that may be shared, and the maps inside them; by
 *			address space, then by what has to be equal in the options, then
 *			by offset, length, and the mapping's age; each node knows the
 *			largest end of the mappings below it
 *	map->inside	the maps inside a mapping, oldest first
 *
 * By address, the address space itself finds the mapping: iokmem_map_at().
 *
 * So finding, adding and removing a map costs the logarithm of the number of
 * maps, whether they are in one address space or in many, beside each other or across;
 * but for a request that is placed, where all mappings of its bytes may be looked at.
 *
 * All of it under the descriptor's lock.
 */
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/rbtree_augmented.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/cache.h"

/* What is equal in a mapping, in the maps inside it, and in what they serve. */
#define EQUAL_MASK	(IOKMEM_MAP_EQUAL | IOKMEM_MAP_CACHE_MASK)

#define map_of(rb)	rb_entry_safe(rb, struct iokmem_map, by_range)

/**
 * struct place - a place in the index
 * @mm: of the address space
 * @equal: of the options: of @EQUAL_MASK
 * @offset: in bytes
 * @length: in bytes
 * @age: of the mapping
 */
struct place {
	const struct mm_struct *mm;
	u32 equal;
	size_t offset;
	size_t length;
	u64 age;
};

static struct place place_of(const struct iokmem_map *map)
{
	return (struct place) {
		.mm = map->mm,
		.equal = map->equal,
		.offset = map->offset,
		.length = map->length,
		.age = map->age,
	};
}

/* Are maps with this @mm and @equal before this one, or behind? */
static int space_cmp(const struct place *place, const struct iokmem_map *map)
{
	if (place->mm != map->mm)
		return place->mm < map->mm ? -1 : 1;
	if (place->equal != map->equal)
		return place->equal < map->equal ? -1 : 1;
	return 0;
}

/* The same of maps with these bytes and this age. */
static int window_cmp(const struct place *place, const struct iokmem_map *map)
{
	if (place->offset != map->offset)
		return place->offset < map->offset ? -1 : 1;
	if (place->length != map->length)
		return place->length < map->length ? -1 : 1;
	if (place->age != map->age)
		return place->age < map->age ? -1 : 1;
	return 0;
}

static int place_cmp(const struct place *place, const struct iokmem_map *map)
{
	int cmp = space_cmp(place, map);

	return cmp ? cmp : window_cmp(place, map);
}

/* What lies inside a mapping adds nothing to what that contains. */
static size_t mapping_end(const struct iokmem_map *map)
{
	return map->super ? 0 : iokmem_map_end(map);
}

RB_DECLARE_CALLBACKS_MAX(static, subtree_callbacks, struct iokmem_map, by_range,
			 size_t, subtree_end, mapping_end)

static void index_insert(struct iokmem_map *map)
{
	struct rb_root *root = &map->desc->shareable;
	struct rb_node **link = &root->rb_node, *parent = NULL;
	struct place place = place_of(map);
	size_t end = mapping_end(map);

	while (*link) {
		struct iokmem_map *other = map_of(*link);

		parent = *link;
		other->subtree_end = max(other->subtree_end, end);
		link = place_cmp(&place, other) < 0 ? &parent->rb_left :
						      &parent->rb_right;
	}
	map->subtree_end = end;
	rb_link_node(&map->by_range, parent, link);
	rb_insert_augmented(&map->by_range, root, &subtree_callbacks);
}

static void index_remove(struct iokmem_map *map)
{
	if (RB_EMPTY_NODE(&map->by_range))
		return;
	rb_erase_augmented(&map->by_range, &map->desc->shareable, &subtree_callbacks);
	RB_CLEAR_NODE(&map->by_range);
}

/*
 * iokmem_maps_insert - list a new mapping, whose address need not be known yet
 */
void iokmem_maps_insert(struct iokmem_map *mapping)
{
	struct iokmem_desc *desc = mapping->desc;

	lockdep_assert_held(&desc->lock);

	mapping->age = desc->next_age++;
	mapping->equal = mapping->options & EQUAL_MASK;
	list_add_tail(&mapping->node, &desc->maps);
	if (mapping->options & IOKMEM_MAP_UNIQUE)
		return;
	desc->modes |= BIT(iokmem_cache_field(mapping->equal) >> IOKMEM_MAP_CACHE_SHIFT);
	index_insert(mapping);
}

/*
 * iokmem_maps_remove - undo that, if it was done
 *
 * What is inside is not found any more either, but stays listed there.
 */
void iokmem_maps_remove(struct iokmem_map *mapping)
{
	struct iokmem_map *map;

	lockdep_assert_held(&mapping->desc->lock);

	list_for_each_entry(map, &mapping->inside, node)
		index_remove(map);
	index_remove(mapping);
	list_del_init(&mapping->node);
}

/*
 * iokmem_maps_insert_inside - list a new map inside a mapping, which is listed
 */
void iokmem_maps_insert_inside(struct iokmem_map *map)
{
	lockdep_assert_held(&map->desc->lock);

	map->age = map->super->age;
	map->equal = map->super->equal;
	list_add_tail(&map->node, &map->super->inside);
	index_insert(map);
}

/*
 * iokmem_maps_remove_inside - undo that, if it was done
 */
void iokmem_maps_remove_inside(struct iokmem_map *map)
{
	lockdep_assert_held(&map->desc->lock);

	index_remove(map);
	list_del_init(&map->node);
}

/* The first map in the index that is not before @place, or NULL. */
static struct iokmem_map *first_from(const struct iokmem_desc *desc,
				     const struct place *place)
{
	struct rb_node *node = desc->shareable.rb_node, *first = NULL;

	while (node) {
		if (place_cmp(place, map_of(node)) > 0) {
			node = node->rb_right;
		} else {
			first = node;
			node = node->rb_left;
		}
	}
	return map_of(first);
}

/* A map of just these bytes that serves @request, or NULL. */
static struct iokmem_map *
find_same(const struct iokmem_desc *desc, const struct place *place,
	  const struct iokmem_map_request *request)
{
	struct iokmem_map *map = first_from(desc, place);

	return map && iokmem_map_has_window(map, place->offset, place->length) &&
	       iokmem_map_serves(iokmem_mapping_of(map), request) ? map : NULL;
}

/*
 * The first mapping at or below @node that serves @request, or NULL. Of an open request,
 * only where the index crosses from one @place to another can it go down in vain; calls
 * itself at most the tree's height deep.
 */
static struct iokmem_map *
first_around(struct rb_node *node, const struct place *place,
	     const struct iokmem_map_request *request)
{
	size_t end = place->offset + place->length;

	while (node && map_of(node)->subtree_end >= end) {
		struct iokmem_map *map = map_of(node), *found;
		int cmp = space_cmp(place, map);

		/* What is to the right starts even later. */
		if (cmp < 0 || (!cmp && map->offset > place->offset)) {
			node = node->rb_left;
			continue;
		}
		if (!cmp) {
			found = first_around(node->rb_left, place, request);
			if (found)
				return found;
			if (mapping_end(map) >= end && iokmem_map_serves(map, request))
				return map;
		}
		node = node->rb_right;
	}
	return NULL;
}

/* Which of two that would do: whatever cache modes they were asked for with. */
static struct iokmem_map *better_of(struct iokmem_map *a, struct iokmem_map *b)
{
	struct place place;

	if (!a || !b)
		return a ? a : b;
	place = place_of(a);
	return window_cmp(&place, b) < 0 ? a : b;
}

/* The one or the other, among the mappings of every cache mode that serve @request. */
static struct iokmem_map *find_in_any_mode(const struct iokmem_desc *desc,
					   const struct iokmem_map_request *request,
					   bool same)
{
	u32 asked = request->options & EQUAL_MASK, cache = iokmem_cache_field(asked);
	unsigned long modes = desc->modes;
	struct iokmem_map *map = NULL, *found;
	struct place place = {
		.mm = request->mm,
		.offset = request->offset,
		.length = request->length,
	};

	lockdep_assert_held(&desc->lock);

	if (cache)
		modes &= BIT(cache >> IOKMEM_MAP_CACHE_SHIFT);
	for (; modes; modes &= modes - 1) {
		place.equal = asked | (u32)__ffs(modes) << IOKMEM_MAP_CACHE_SHIFT;
		found = same ? find_same(desc, &place, request) :
			       first_around(desc->shareable.rb_node, &place, request);
		map = better_of(found, map);
	}
	return map;
}

/*
 * iokmem_maps_find_same - a map of just these bytes that serves @request, or NULL
 *
 * It may be a mapping under construction. The request is not placed: there may be maps of
 * these bytes in several places.
 */
struct iokmem_map *iokmem_maps_find_same(const struct iokmem_desc *desc,
					 const struct iokmem_map_request *request)
{
	return find_in_any_mode(desc, request, true);
}

/*
 * iokmem_maps_find - what serves @request, or NULL
 *
 * A map of just these bytes, or a mapping of more. A mapping may be under construction.
 */
struct iokmem_map *iokmem_maps_find(const struct iokmem_desc *desc,
				    const struct iokmem_map_request *request)
{
	bool placed = !(request->options & IOKMEM_MAP_ANYWHERE);
	struct iokmem_map *map, *same;

	lockdep_assert_held(&desc->lock);

	if (RB_EMPTY_ROOT(&desc->shareable))
		return NULL;
	same = placed ? NULL : iokmem_maps_find_same(desc, request);
	if (same)
		return same;
	map = find_in_any_mode(desc, request, false);
	if (map && placed)
		same = iokmem_maps_find_inside(map, request->offset, request->length);
	return same ? same : map;
}

/*
 * iokmem_maps_find_inside - the map of just this window of @mapping, or NULL
 *
 * It may be @mapping itself.
 */
struct iokmem_map *iokmem_maps_find_inside(struct iokmem_map *mapping,
					   size_t offset, size_t length)
{
	struct place place = place_of(mapping);
	struct iokmem_map *map;

	lockdep_assert_held(&mapping->desc->lock);

	if (iokmem_map_has_window(mapping, offset, length))
		return mapping;
	place.offset = offset;
	place.length = length;
	map = first_from(mapping->desc, &place);
	return map && map->super == mapping && iokmem_map_has_window(map, offset, length) ?
	       map : NULL;
}

/*
 * iokmem_maps_start_at - has @mapping a map of at least these bytes that starts with
 * the first of them?
 */
bool iokmem_maps_start_at(struct iokmem_map *mapping, size_t offset, size_t length)
{
	struct place place = place_of(mapping);
	struct iokmem_map *map;

	lockdep_assert_held(&mapping->desc->lock);

	if (mapping->offset == offset)
		return length <= mapping->length;
	place.offset = offset;
	place.length = length;
	for (map = first_from(mapping->desc, &place);
	     map && !space_cmp(&place, map) && map->offset == offset;
	     map = map_of(rb_next(&map->by_range)))
		if (map->super == mapping)
			return true;
	return false;
}
