// SPDX-License-Identifier: GPL-2.0
/*
 * The index of a descriptor's maps. The index finds the maps that may serve a request
 * without a look at all maps. The caller (sharing.c) decides which of them serve.
 *
 *	desc->index	the maps that may be shared, by address space, then by the
 *			options that must be equal, then by offset, length, and the
 *			mapping's age. Each node knows the largest end of the
 *			mappings below it.
 *	desc->live	all live mappings, by address space, then by address, then by
 *			age: for requests that are placed, and for people
 *	mapping->parts	the maps of a part of the mapping that have not been unmapped by
 *			themselves, by offset, then by length
 *
 * Each search begins at a key, and looks at nothing that is not near it. So finding, adding and
 * removing a map costs the logarithm of the number of maps, whether they are in one address
 * space or in many, and whether or not their ranges overlap. Three other things may be looked
 * at: mappings under construction, which are as many as threads build them; mappings at addresses
 * that the module does not own, which only drivers make; and maps of exactly the wanted bytes in
 * mappings that have just been killed.
 *
 * A killed mapping leaves the index at once. The maps of a part of it leave the index when
 * their own last reference is put, and serve no request until then.
 *
 * The index is protected by the descriptor's lock.
 */
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/rbtree_augmented.h>

#include "map/map.h"
#include "page/cache.h"

/* The options that are equal in a mapping, in its maps, and in the requests it serves. */
#define EQUAL_MASK	(IOKMEM_MAP_EQUAL | IOKMEM_MAP_CACHE_MASK)

#define map_of(rb)	rb_entry_safe(rb, struct iokmem_map, by_range)

/**
 * struct place - the key by which the index is sorted
 * @mm: the address space
 * @equal: the options in EQUAL_MASK
 * @offset: offset of the map in the descriptor, in bytes
 * @length: length of the map, in bytes
 * @age: age of the mapping
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
		.mm = map->mapping->mm,
		.equal = map->mapping->equal,
		.offset = iokmem_map_offset(map),
		.length = map->length,
		.age = map->mapping->age,
	};
}

/* Compare the address space and the options. */
static int space_cmp(const struct place *place, const struct iokmem_map *map)
{
	const struct iokmem_mapping *mapping = map->mapping;

	if (place->mm != mapping->mm)
		return place->mm < mapping->mm ? -1 : 1;
	if (place->equal != mapping->equal)
		return place->equal < mapping->equal ? -1 : 1;
	return 0;
}

/* Compare the bytes and the age. */
static int window_cmp(const struct place *place, const struct iokmem_map *map)
{
	size_t offset = iokmem_map_offset(map);

	if (place->offset != offset)
		return place->offset < offset ? -1 : 1;
	if (place->length != map->length)
		return place->length < map->length ? -1 : 1;
	if (place->age != map->mapping->age)
		return place->age < map->mapping->age ? -1 : 1;
	return 0;
}

static int place_cmp(const struct place *place, const struct iokmem_map *map)
{
	int cmp = space_cmp(place, map);

	return cmp ? cmp : window_cmp(place, map);
}

/* Return the end of the mapping's bytes if @map is its map of all bytes, else 0. */
static size_t mapping_end(const struct iokmem_map *map)
{
	return iokmem_map_is_whole(map) ? iokmem_map_offset(map) + map->length : 0;
}

RB_DECLARE_CALLBACKS_MAX(static, subtree_callbacks, struct iokmem_map, by_range,
			 size_t, subtree_end, mapping_end)

/* Compare the window of a part of a mapping with that of @map. */
static int part_cmp(size_t delta, size_t length, const struct iokmem_map *map)
{
	if (delta != map->delta)
		return delta < map->delta ? -1 : 1;
	if (length != map->length)
		return length < map->length ? -1 : 1;
	return 0;
}

#define part_of(rb)	rb_entry_safe(rb, struct iokmem_map, by_window)

static void part_add(struct iokmem_map *map)
{
	struct rb_node **link = &map->mapping->parts.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = part_cmp(map->delta, map->length, part_of(parent)) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&map->by_window, parent, link);
	rb_insert_color(&map->by_window, &map->mapping->parts);
}

/*
 * iokmem_index_next_part - return the first map of a part of @mapping after this window
 *
 * Return NULL if there is none. No window begins with (0, 0).
 */
struct iokmem_map *iokmem_index_next_part(const struct iokmem_mapping *mapping, size_t delta,
					  size_t length)
{
	struct rb_node *node = mapping->parts.rb_node, *next = NULL;

	lockdep_assert_held(&iokmem_mapping_desc(mapping)->lock);

	while (node) {
		if (part_cmp(delta, length, part_of(node)) < 0) {
			next = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return part_of(next);
}

/* Remember the answer to a request with @options that names no address. */
static void remember(struct iokmem_desc *desc, struct iokmem_map *map, u32 options)
{
	WRITE_ONCE(desc->last, map);
	desc->last_options = (options & EQUAL_MASK) | IOKMEM_MAP_ANYWHERE;
}

/* Insert a map of a mapping that is not Unique into the tree of maps that may be shared. */
static void insert(struct iokmem_map *map, struct iokmem_desc *desc)
{
	struct rb_node **link = &desc->index.rb_node, *parent = NULL;
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
	rb_insert_augmented(&map->by_range, &desc->index, &subtree_callbacks);
}

/*
 * iokmem_index_add - add a map, whose address need not be known yet
 *
 * The map of all bytes of a mapping comes before the maps of its parts. A Unique
 * mapping is not indexed, since no request shares it.
 */
void iokmem_index_add(struct iokmem_map *map)
{
	struct iokmem_mapping *mapping = map->mapping;
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	if (iokmem_map_is_whole(map)) {
		mapping->age = desc->next_age++;
		mapping->equal = mapping->options & EQUAL_MASK;
	}
	if (mapping->options & IOKMEM_MAP_UNIQUE)
		return;
	/* A map is added if none served its request. Placed ones may be beside others. */
	remember(desc, map->options & IOKMEM_MAP_ANYWHERE ? map : NULL, map->options);
	desc->modes |= BIT(iokmem_cache_field(mapping->equal) >> IOKMEM_MAP_CACHE_SHIFT);
	insert(map, desc);
	if (!iokmem_map_is_whole(map))
		part_add(map);
}

/*
 * iokmem_index_remove - undo iokmem_index_add(), if it was done
 */
void iokmem_index_remove(struct iokmem_map *map)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(map->mapping);

	lockdep_assert_held(&desc->lock);

	if (RB_EMPTY_NODE(&map->by_range))
		return;
	remember(desc, NULL, 0);
	rb_erase_augmented(&map->by_range, &desc->index, &subtree_callbacks);
	RB_CLEAR_NODE(&map->by_range);
	if (!iokmem_map_is_whole(map))
		rb_erase(&map->by_window, &map->mapping->parts);
}

/* Return the first map in the index that is not before @place, or NULL. */
static struct iokmem_map *first_from(const struct iokmem_desc *desc,
				     const struct place *place)
{
	struct rb_node *node = desc->index.rb_node, *first = NULL;

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

/* Return the oldest map of exactly the bytes at @place that serves @request, or NULL. */
static struct iokmem_map *exact_at(const struct place *place,
				   const struct iokmem_map_request *request,
				   iokmem_serves_fn serves)
{
	struct iokmem_map *map;

	for (map = first_from(request->desc, place);
	     map && !space_cmp(place, map) &&
	     iokmem_map_has_window(map, place->offset, place->length);
	     map = map_of(rb_next(&map->by_range)))
		if (serves(map->mapping, request))
			return map;
	return NULL;
}

/*
 * Return the first mapping at or below @node that serves @request, or NULL.
 *
 * The search enters a subtree without a result only at the edges of the range of nodes that agree
 * with @place in address space and options. The recursion is at most as deep as the tree is high.
 */
static struct iokmem_map *
first_around(struct rb_node *node, const struct place *place,
	     const struct iokmem_map_request *request, iokmem_serves_fn serves)
{
	size_t end = place->offset + place->length;

	while (node && map_of(node)->subtree_end >= end) {
		struct iokmem_map *map = map_of(node), *found;
		int cmp = space_cmp(place, map);

		/* Maps to the right start even later. */
		if (cmp < 0 || (!cmp && iokmem_map_offset(map) > place->offset)) {
			node = node->rb_left;
			continue;
		}
		if (!cmp) {
			found = first_around(node->rb_left, place, request, serves);
			if (found)
				return found;
			if (mapping_end(map) >= end && serves(map->mapping, request))
				return map;
		}
		node = node->rb_right;
	}
	return NULL;
}

/* Return the better of two maps that serve, either of which may be NULL. */
static struct iokmem_map *better_of(struct iokmem_map *a, struct iokmem_map *b)
{
	struct place place;

	if (!a || !b)
		return a ? a : b;
	place = place_of(a);
	return window_cmp(&place, b) < 0 ? a : b;
}

/*
 * Search the mappings of each cache mode that they were asked for with: a request names
 * one of these modes, or none.
 */
static struct iokmem_map *
find_in_any_mode(const struct iokmem_map_request *request,
		 iokmem_serves_fn serves, bool exact)
{
	u32 asked = request->options & EQUAL_MASK, cache = iokmem_cache_field(asked);
	const struct iokmem_desc *desc = request->desc;
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
		found = exact ? exact_at(&place, request, serves) :
				first_around(desc->index.rb_node, &place, request,
					     serves);
		map = better_of(found, map);
	}
	return map;
}

/*
 * iokmem_index_find_exact - find a map of exactly the bytes of @request that serves it
 *
 * Return NULL if there is none. The mapping may be under construction, and the map may
 * not be in use.
 */
struct iokmem_map *iokmem_index_find_exact(const struct iokmem_map_request *request,
					   iokmem_serves_fn serves)
{
	struct iokmem_desc *desc = request->desc;
	struct iokmem_map *map;

	lockdep_assert_held(&desc->lock);

	map = find_in_any_mode(request, serves, true);
	remember(desc, map, request->options);
	return map;
}

/*
 * iokmem_index_find_again - find the map that the last request got, if an equal request
 * comes again
 *
 * The request need not have been checked: the last one was, and as long as the index does
 * not change, equal requests have one answer. Return NULL if the request is another one, or
 * if it would have to wait, or if the map is a static one, which is checked each time.
 */
struct iokmem_map *iokmem_index_find_again(const struct iokmem_desc *desc,
					   const struct mm_struct *mm, u32 options,
					   size_t offset, size_t length)
{
	struct iokmem_map *map = desc->last;
	size_t whole = READ_ONCE(desc->length);

	lockdep_assert_held(&desc->lock);

	if (!offset && !length)
		length = whole;
	return map && (options & ~IOKMEM_MAP_REFERENCE) == desc->last_options &&
	       map->mapping->mm == mm && iokmem_map_has_window(map, offset, length) &&
	       offset + length <= whole &&
	       map->mapping->state == IOKMEM_MAPPING_LIVE && !desc->retyping &&
	       !(map->mapping->options & IOKMEM_MAP_STATIC) ? map : NULL;
}

/*
 * iokmem_index_find - find the first mapping, by offset, that serves a request that is not placed
 *
 * Return the map of all bytes of the mapping, or NULL. The mapping may be under
 * construction, and the map may not be in use.
 */
struct iokmem_map *iokmem_index_find(const struct iokmem_map_request *request,
				     iokmem_serves_fn serves)
{
	return find_in_any_mode(request, serves, false);
}

/*
 * iokmem_index_find_in - find the map of exactly this window of @mapping
 *
 * Return NULL if there is none.
 */
struct iokmem_map *iokmem_index_find_in(struct iokmem_mapping *mapping, size_t offset,
					size_t length)
{
	size_t delta = offset - mapping->backing.offset;
	struct iokmem_map *map;

	if (iokmem_map_has_window(&mapping->whole, offset, length))
		return &mapping->whole;
	if (!length)
		return NULL;
	map = iokmem_index_next_part(mapping, delta, length - 1);
	return map && !part_cmp(delta, length, map) ? map : NULL;
}

/*
 * iokmem_index_starts_at - return true if a map of @mapping starts with byte @offset, and
 * has at least @length bytes
 */
bool iokmem_index_starts_at(struct iokmem_mapping *mapping, size_t offset,
			    size_t length)
{
	size_t delta = offset - mapping->backing.offset;
	const struct iokmem_map *map;

	if (!delta)
		return length <= mapping->length;
	map = iokmem_index_next_part(mapping, delta, length - 1);
	return map && map->delta == delta;
}

#define live_of(rb)	rb_entry_safe(rb, struct iokmem_mapping, by_address)

static int live_cmp(const struct iokmem_live_key *key, const struct iokmem_mapping *mapping)
{
	if (key->mm != mapping->mm)
		return key->mm < mapping->mm ? -1 : 1;
	if (key->address != mapping->address)
		return key->address < mapping->address ? -1 : 1;
	if (key->age != mapping->age)
		return key->age < mapping->age ? -1 : 1;
	return 0;
}

/*
 * iokmem_index_add_live - add a mapping to the live ones of the descriptor that it shows
 *
 * Its address must be known. Unique mappings are added, too.
 */
void iokmem_index_add_live(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	struct rb_node **link = &desc->live.rb_node, *parent = NULL;
	struct iokmem_live_key key = iokmem_live_key_of(mapping);

	lockdep_assert_held(&desc->lock);

	while (*link) {
		parent = *link;
		link = live_cmp(&key, live_of(parent)) < 0 ? &parent->rb_left :
							     &parent->rb_right;
	}
	rb_link_node(&mapping->by_address, parent, link);
	rb_insert_color(&mapping->by_address, &desc->live);
}

/*
 * iokmem_index_remove_live - undo iokmem_index_add_live()
 */
void iokmem_index_remove_live(struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);

	lockdep_assert_held(&desc->lock);

	rb_erase(&mapping->by_address, &desc->live);
}

/*
 * iokmem_index_live_from - return the first live mapping of @desc at or after @key, or NULL
 */
struct iokmem_mapping *iokmem_index_live_from(const struct iokmem_desc *desc,
					      const struct iokmem_live_key *key)
{
	struct rb_node *node = desc->live.rb_node, *first = NULL;

	lockdep_assert_held(&desc->lock);

	while (node) {
		if (live_cmp(key, live_of(node)) > 0) {
			node = node->rb_right;
		} else {
			first = node;
			node = node->rb_left;
		}
	}
	return live_of(first);
}

/* Return the last live mapping of @mm that starts at @address or before, or NULL. */
static struct iokmem_mapping *last_up_to(const struct iokmem_desc *desc,
					 const struct mm_struct *mm, unsigned long address)
{
	struct iokmem_live_key key = { .mm = mm, .address = address, .age = ~0ULL };
	struct rb_node *node = desc->live.rb_node, *last = NULL;

	while (node) {
		if (live_cmp(&key, live_of(node)) < 0) {
			node = node->rb_left;
		} else {
			last = node;
			node = node->rb_right;
		}
	}
	return last && live_of(last)->mm == mm ? live_of(last) : NULL;
}

/*
 * Return the live mapping that serves a placed @request, or NULL.
 *
 * A mapping has its addresses for itself, unless it has borrowed them. So the one that starts
 * last before the request is the only one that may have the request's addresses.
 */
static struct iokmem_map *find_live_at(const struct iokmem_map_request *request,
				       iokmem_serves_fn serves)
{
	struct iokmem_mapping *mapping;

	for (mapping = last_up_to(request->desc, request->mm, request->at);
	     mapping && mapping->mm == request->mm;
	     mapping = live_of(rb_prev(&mapping->by_address))) {
		if (serves(mapping, request))
			return &mapping->whole;
		if (!mapping->borrowed)
			break;
	}
	return NULL;
}

/*
 * iokmem_index_find_at - find a mapping that serves a request that is placed
 *
 * Return the map of all bytes of the mapping, or NULL. The mapping may be under construction.
 */
struct iokmem_map *iokmem_index_find_at(const struct iokmem_map_request *request,
					iokmem_serves_fn serves)
{
	struct iokmem_map *map = find_live_at(request, serves);
	struct iokmem_mapping *mapping;

	lockdep_assert_held(&request->desc->lock);

	/* Those under construction are at the head of the list. */
	list_for_each_entry(mapping, &request->desc->mappings, node) {
		if (mapping->state != IOKMEM_MAPPING_BUILDING)
			break;
		if (serves(mapping, request))
			map = better_of(map, &mapping->whole);
	}
	return map;
}
