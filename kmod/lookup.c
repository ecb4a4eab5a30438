// SPDX-License-Identifier: GPL-2.0
/*
 * The list and the index of a descriptor's maps. Which map serves a request is
 * not decided here (sharing.c), only found without looking at all of them.
 *
 *	desc->maps	all mappings, oldest first: for people
 *	desc->shareable	the mappings that may be shared, by address space, then the
 *			options that have to be equal, then offset, then age; each
 *			node knows the largest end and the smallest age below it
 *	map->windows	the sub-maps of a mapping, by offset, then length
 *
 * By address, the address space itself finds the mapping: iokmem_map_at().
 *
 * So finding, adding and removing a map costs the logarithm of the number of
 * maps, whether they are in one address space or in many; and for finding, at most
 * as many steps more as there are mappings around the wanted bytes: a few, unless
 * very many cross each other, with the younger ones around.
 *
 * All of it under the descriptor's lock.
 */
#include <linux/lockdep.h>
#include <linux/rbtree_augmented.h>

#include "desc.h"
#include "map.h"

#define map_of(rb)	rb_entry(rb, struct iokmem_map, by_range)

/* Does a node have to know something else of what is below it? Then it does now. */
static bool compute_subtree(struct iokmem_map *map, bool exit)
{
	struct rb_node *children[] = { map->by_range.rb_left, map->by_range.rb_right };
	size_t end = iokmem_map_end(map);
	u64 age = map->age;
	int i;

	for (i = 0; i < ARRAY_SIZE(children); i++) {
		if (!children[i])
			continue;
		end = max(end, map_of(children[i])->subtree.end);
		age = min(age, map_of(children[i])->subtree.age);
	}
	if (exit && map->subtree.end == end && map->subtree.age == age)
		return true;
	map->subtree.end = end;
	map->subtree.age = age;
	return false;
}

RB_DECLARE_CALLBACKS(static, subtree_callbacks, struct iokmem_map, by_range,
		     subtree, compute_subtree)

/* Is what @mm and @options ask for before the mapping in the index, or behind? */
static int key_cmp(const struct mm_struct *mm, u32 options,
		   const struct iokmem_map *mapping)
{
	u32 equal = options & IOKMEM_MAP_EQUAL;
	u32 other = mapping->options & IOKMEM_MAP_EQUAL;

	if (mm != mapping->mm)
		return mm < mapping->mm ? -1 : 1;
	if (equal != other)
		return equal < other ? -1 : 1;
	return 0;
}

static void shareable_insert(struct iokmem_map *mapping)
{
	struct rb_root *root = &mapping->desc->shareable;
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		struct iokmem_map *other = map_of(*link);
		int cmp = key_cmp(mapping->mm, mapping->options, other);

		parent = *link;
		/* The youngest goes behind its equals. */
		if (cmp < 0 || (!cmp && mapping->offset < other->offset))
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&mapping->by_range, parent, link);
	compute_subtree(mapping, false);
	subtree_callbacks.propagate(parent, NULL);
	rb_insert_augmented(&mapping->by_range, root, &subtree_callbacks);
}

/*
 * iokmem_maps_insert - list a new mapping, whose address need not be known yet
 */
void iokmem_maps_insert(struct iokmem_map *mapping)
{
	struct iokmem_desc *desc = mapping->desc;

	lockdep_assert_held(&desc->lock);

	mapping->age = desc->next_age++;
	list_add_tail(&mapping->node, &desc->maps);
	if (!(mapping->options & IOKMEM_MAP_UNIQUE))
		shareable_insert(mapping);
}

/*
 * iokmem_maps_remove - undo that, if it was done
 */
void iokmem_maps_remove(struct iokmem_map *mapping)
{
	struct iokmem_desc *desc = mapping->desc;

	lockdep_assert_held(&desc->lock);

	list_del_init(&mapping->node);
	if (!RB_EMPTY_NODE(&mapping->by_range)) {
		rb_erase_augmented(&mapping->by_range, &desc->shareable,
				   &subtree_callbacks);
		RB_CLEAR_NODE(&mapping->by_range);
	}
}

static bool is_older(const struct rb_node *a, const struct rb_node *b)
{
	return a && (!b || map_of(a)->subtree.age < map_of(b)->subtree.age);
}

/*
 * The oldest mapping at or below @node that serves @request, or @best if that is
 * older. Looks first where the oldest is, so that the other places need not be looked at
 * if that serves; calls itself at most the tree's height deep.
 */
static struct iokmem_map *
oldest_below(struct rb_node *node, const struct iokmem_map_request *request,
	     struct iokmem_map *best)
{
	size_t end = request->offset + request->length;

	while (node) {
		struct iokmem_map *mapping = map_of(node);
		bool left_first, oldest;
		int cmp;

		/* Nothing from here on down reaches far enough, or is old enough. */
		if (mapping->subtree.end < end ||
		    (best && mapping->subtree.age >= best->age))
			break;
		cmp = key_cmp(request->mm, request->options, mapping);
		/* What is to the right starts even later. */
		if (cmp < 0 || (!cmp && mapping->offset > request->offset)) {
			node = node->rb_left;
			continue;
		}
		if (cmp > 0) {
			node = node->rb_right;
			continue;
		}
		oldest = mapping->age == mapping->subtree.age;
		if (oldest && iokmem_map_serves(mapping, request))
			return mapping;
		left_first = is_older(node->rb_left, node->rb_right);
		best = oldest_below(left_first ? node->rb_left : node->rb_right,
				    request, best);
		if (!oldest && (!best || mapping->age < best->age) &&
		    iokmem_map_serves(mapping, request))
			best = mapping;
		node = left_first ? node->rb_right : node->rb_left;
	}
	return best;
}

/*
 * iokmem_maps_find - the oldest mapping that serves @request, or NULL
 *
 * It may be under construction.
 */
struct iokmem_map *iokmem_maps_find(struct iokmem_desc *desc,
				    const struct iokmem_map_request *request)
{
	lockdep_assert_held(&desc->lock);

	return oldest_below(desc->shareable.rb_node, request, NULL);
}

static int window_cmp(const struct iokmem_map *sub, size_t offset, size_t length)
{
	if (sub->offset != offset)
		return sub->offset < offset ? -1 : 1;
	if (sub->length != length)
		return sub->length < length ? -1 : 1;
	return 0;
}

static bool window_less(struct rb_node *a, const struct rb_node *b)
{
	const struct iokmem_map *sub = map_of(a);

	return window_cmp(sub, map_of(b)->offset, map_of(b)->length) < 0;
}

/*
 * iokmem_windows_insert - list a new sub-map of its mapping
 */
void iokmem_windows_insert(struct iokmem_map *sub)
{
	lockdep_assert_held(&sub->desc->lock);

	rb_add(&sub->by_range, &sub->super->windows, window_less);
}

/*
 * iokmem_windows_remove - undo that, if it was done
 */
void iokmem_windows_remove(struct iokmem_map *sub)
{
	lockdep_assert_held(&sub->desc->lock);

	if (RB_EMPTY_NODE(&sub->by_range))
		return;
	rb_erase(&sub->by_range, &sub->super->windows);
	RB_CLEAR_NODE(&sub->by_range);
}

/* The first sub-map in order that is not before this window, or NULL. */
static struct iokmem_map *windows_from(const struct iokmem_map *mapping,
				       size_t offset, size_t length)
{
	struct rb_node *node = mapping->windows.rb_node;
	struct iokmem_map *first = NULL;

	lockdep_assert_held(&mapping->desc->lock);

	while (node) {
		if (window_cmp(map_of(node), offset, length) < 0) {
			node = node->rb_right;
		} else {
			first = map_of(node);
			node = node->rb_left;
		}
	}
	return first;
}

/*
 * iokmem_windows_find - the map of just this window of @mapping, or NULL
 *
 * Which options the window was asked for with does not matter, since the mapping
 * serves the request.
 */
struct iokmem_map *iokmem_windows_find(struct iokmem_map *mapping,
				       size_t offset, size_t length)
{
	struct iokmem_map *sub;

	if (!window_cmp(mapping, offset, length))
		return mapping;
	sub = windows_from(mapping, offset, length);
	return sub && !window_cmp(sub, offset, length) ? sub : NULL;
}

/*
 * iokmem_windows_start_at - has @mapping a map of at least these bytes that starts
 * with the first of them?
 */
bool iokmem_windows_start_at(const struct iokmem_map *mapping, size_t offset,
			     size_t length)
{
	const struct iokmem_map *sub;

	if (mapping->offset == offset)
		return length <= mapping->length;
	sub = windows_from(mapping, offset, length);
	return sub && sub->offset == offset;
}

/*
 * iokmem_windows_first - a mapping's first sub-map, by offset; or NULL
 */
struct iokmem_map *iokmem_windows_first(const struct iokmem_map *mapping)
{
	lockdep_assert_held(&mapping->desc->lock);

	return rb_entry_safe(rb_first(&mapping->windows), struct iokmem_map,
			     by_range);
}

/*
 * iokmem_windows_next - the sub-map after @sub, or NULL
 */
struct iokmem_map *iokmem_windows_next(const struct iokmem_map *sub)
{
	return rb_entry_safe(rb_next(&sub->by_range), struct iokmem_map, by_range);
}
