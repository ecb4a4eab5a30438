// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks that the module's list of maps equals the model's, and that its trees are in order.
 */
#include "logic_state.h"

#define map_of(rb)	rb_entry(rb, struct iokmem_map, by_range)

/* Return the model's number for a map, or -1. */
static int number_of(const struct model *model, const struct iokmem_map *map)
{
	int i;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].handle == map)
			return i;
	return -1;
}

static bool same_map(struct logic *logic, const struct iokmem_map *map,
		     const struct model_map *expected)
{
	enum iokmem_mapping_state state = expected->building ? IOKMEM_MAPPING_BUILDING :
							       IOKMEM_MAPPING_LIVE;
	const struct iokmem_mapping *mapping = map->mapping;

	return mapping->backing.desc == &logic->memory[expected->memory] &&
	       mapping->mm == logic_mm(logic, expected->space) &&
	       map->options == expected->options &&
	       iokmem_map_offset(map) == expected->offset &&
	       map->length == expected->length &&
	       mapping->state == state &&
	       (mapping->address ? mapping->address + map->delta : 0) ==
	       expected->address &&
	       map->task_refs == expected->references;
}

/* Return true if the window of @a comes before that of @b in a mapping's tree. */
static bool is_part_before(const struct iokmem_map *a, const struct iokmem_map *b)
{
	return a->delta != b->delta ? a->delta < b->delta : a->length < b->length;
}

/* Check the maps of parts of a mapping, by their windows. */
static void check_inside(struct sequence *sequence,
			 const struct iokmem_mapping *mapping,
			 const struct model_map *expected)
{
	const struct model *model = &sequence->model;
	const struct iokmem_map *sub, *last = NULL;
	struct rb_node *node;
	int i, left = 0;

	for (i = 0; i < model->nr_maps; i++)
		left += model->map[i].inside == expected->name;
	for (node = rb_first(&mapping->parts); node; node = rb_next(node)) {
		sub = rb_entry(node, struct iokmem_map, by_window);
		i = number_of(model, sub);
		if (i < 0 || model->map[i].inside != expected->name ||
		    sub->mapping != mapping ||
		    !same_map(sequence->private, sub, &model->map[i]))
			sequence_wrong(sequence, "inside map %u is what the model has not",
				       expected->name);
		if (last && !is_part_before(last, sub))
			sequence_wrong(sequence, "the maps inside map %u are out of order",
				       expected->name);
		last = sub;
		left--;
	}
	if (left)
		sequence_wrong(sequence, "inside map %u are %d maps too few",
			       expected->name, left);
}

/* Check the list of all mappings of a memory: those under construction come first. */
static void check_list(struct sequence *sequence, int memory)
{
	const struct model *model = &sequence->model;
	struct logic *logic = sequence->private;
	const struct iokmem_mapping *mapping, *last = NULL;
	int i, left = 0;

	for (i = 0; i < model->nr_maps; i++)
		left += model->map[i].memory == memory && !model->map[i].inside;
	list_for_each_entry(mapping, &logic->memory[memory].mappings, node) {
		i = number_of(model, &mapping->whole);
		if (i < 0 || model->map[i].memory != memory || model->map[i].inside ||
		    !same_map(logic, &mapping->whole, &model->map[i])) {
			sequence_wrong(sequence, "the list of memory %d is another",
				       memory);
			return;
		}
		if (last && last->state > mapping->state)
			sequence_wrong(sequence, "map %u is behind live ones",
				       model->map[i].name);
		check_inside(sequence, mapping, &model->map[i]);
		last = mapping;
		left--;
	}
	if (left)
		sequence_wrong(sequence, "the list of memory %d has %d mappings too few",
			       memory, left);
}

/* Return true if @a comes before @b in the tree of live mappings. */
static bool is_live_before(const struct iokmem_mapping *a, const struct iokmem_mapping *b)
{
	return a->mm != b->mm ? a->mm < b->mm : a->address < b->address;
}

/* Check the live mappings of a memory, by their addresses. */
static void check_live(struct sequence *sequence, int memory)
{
	const struct model *model = &sequence->model;
	struct logic *logic = sequence->private;
	const struct iokmem_mapping *mapping, *last = NULL;
	struct rb_node *node;
	int i, left = 0;

	for (i = 0; i < model->nr_maps; i++)
		left += model->map[i].memory == memory && !model->map[i].inside &&
			!model->map[i].building;
	for (node = rb_first(&logic->memory[memory].live); node; node = rb_next(node)) {
		mapping = rb_entry(node, struct iokmem_mapping, by_address);
		if (number_of(model, &mapping->whole) < 0 ||
		    mapping->state != IOKMEM_MAPPING_LIVE)
			sequence_wrong(sequence, "what is not live is in memory %d's tree",
				       memory);
		if (last && !is_live_before(last, mapping))
			sequence_wrong(sequence, "memory %d's live mappings are out of order",
				       memory);
		last = mapping;
		left--;
	}
	if (left)
		sequence_wrong(sequence, "memory %d's tree has %d live mappings too few",
			       memory, left);
}

/*
 * Return true if @a comes before @b in the index: by address space, then by the options that
 * must be equal, then by offset, length, and the mapping's age.
 */
static bool is_before(const struct iokmem_map *a, const struct iokmem_map *b)
{
	const u32 mask = IOKMEM_MAP_EQUAL | IOKMEM_MAP_CACHE_MASK;
	u32 equal_a = a->mapping->options & mask;
	u32 equal_b = b->mapping->options & mask;

	if (a->mapping->mm != b->mapping->mm)
		return a->mapping->mm < b->mapping->mm;
	if (equal_a != equal_b)
		return equal_a < equal_b;
	if (iokmem_map_offset(a) != iokmem_map_offset(b))
		return iokmem_map_offset(a) < iokmem_map_offset(b);
	if (a->length != b->length)
		return a->length < b->length;
	return a->mapping->age < b->mapping->age;
}

static size_t end_below(const struct rb_node *node)
{
	return node ? map_of(node)->subtree_end : 0;
}

/* Return the end of the mapping's bytes if @map is its map of all bytes, else 0. */
static size_t own_end(const struct iokmem_map *map)
{
	return iokmem_map_is_whole(map) ? iokmem_map_offset(map) + map->length : 0;
}

/* Check the index of a memory, which must have every map that is not Unique, in order. */
static void check_shareable(struct sequence *sequence, int memory)
{
	const struct model *model = &sequence->model;
	struct logic *logic = sequence->private;
	const struct iokmem_map *map, *last = NULL;
	struct rb_node *node;
	int i, left = 0;

	for (i = 0; i < model->nr_maps; i++)
		left += model->map[i].memory == memory &&
			!(model->map[i].options & IOKMEM_MAP_UNIQUE);
	for (node = rb_first(&logic->memory[memory].index); node;
	     node = rb_next(node)) {
		map = map_of(node);
		if (number_of(model, map) < 0 || (map->options & IOKMEM_MAP_UNIQUE))
			sequence_wrong(sequence, "what cannot be shared is in memory %d's tree",
				       memory);
		if (last && !is_before(last, map))
			sequence_wrong(sequence, "memory %d's tree is out of order",
				       memory);
		if (map->subtree_end != max(own_end(map),
					    max(end_below(node->rb_left),
						end_below(node->rb_right))))
			sequence_wrong(sequence, "memory %d's tree has a wrong end",
				       memory);
		last = map;
		left--;
	}
	if (left)
		sequence_wrong(sequence, "memory %d's tree has %d maps too few",
			       memory, left);
}

/*
 * logic_check - compare the logic's state with the model's
 */
void logic_check(struct sequence *sequence)
{
	const struct model *model = &sequence->model;
	struct logic *logic = sequence->private;
	int i;

	for (i = 0; i < model->nr_memories; i++) {
		check_list(sequence, i);
		check_live(sequence, i);
		check_shareable(sequence, i);
		if (logic->memory[i].length != model->memory[i].length ||
		    logic->memory[i].cache_mode != model->memory[i].cache_mode)
			sequence_wrong(sequence, "memory %d has another length or mode",
				       i);
	}
}
