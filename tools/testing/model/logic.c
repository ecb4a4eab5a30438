// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's logic, driven without a kernel. The real kmod/map/sharing.c, index.c and
 * request.c check requests and find maps. This file does the rest, like mapping.c, obtain.c
 * and task.c. It needs no locks, since there is one thread. Its simulated address spaces
 * always hand out the highest free address.
 */
#include <stdlib.h>

#include "seam.h"

#include "desc/desc.h"
#include "logic.h"
#include "logic_state.h"
#include "map/map.h"

#define TASK_END	0x800000000000UL
#define ARENA_PAGES	48

/* A mapping, and the address that was asked for, for use while it is built. */
struct logic_mapping {
	struct iokmem_mapping mapping;
	unsigned long at;
};

static struct logic *logic_of(const struct sequence *sequence)
{
	return sequence->private;
}

/* Functions of the rest of the module that the three files call. */

static int resolve_wired(u32 mode, u32 *resolved)
{
	const struct model_memory wired = { .pageable = false };

	*resolved = model_resolve(&wired, mode);
	return *resolved ? 0 : -EOPNOTSUPP;
}

static int resolve_pageable(u32 mode, u32 *resolved)
{
	const struct model_memory pageable = { .pageable = true };

	*resolved = model_resolve(&pageable, mode);
	return *resolved ? 0 : -EOPNOTSUPP;
}

static int check_pinnable(struct iokmem_desc *desc)
{
	return 0;
}

static const struct iokmem_show_ops wired_show = {
	.check_pinnable	= check_pinnable,
};

static const struct iokmem_kind wired_kind = {
	.always_there	= true,
	.resolve	= resolve_wired,
	.show		= &wired_show,
};

static vm_fault_t pageable_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	return 0;
}

static const struct iokmem_show_ops pageable_show = {
	.fault		= pageable_fault,
};

static const struct iokmem_kind pageable_kind = {
	.resolve	= resolve_pageable,
	.show		= &pageable_show,
};

size_t iokmem_desc_get_length(const struct iokmem_desc *desc)
{
	return desc->length;
}

u32 iokmem_desc_get_cache_mode(const struct iokmem_desc *desc)
{
	return desc->cache_mode;
}

/* The simulated address spaces. */

static unsigned long vma_end(const struct iokmem_mapping *mapping)
{
	return iokmem_mapping_vma_start(mapping) + iokmem_mapping_vma_size(mapping);
}

/* Return some live mapping in these pages, or NULL. */
static struct iokmem_mapping *mapping_in(struct logic *logic,
					 const struct mm_struct *mm,
					 unsigned long start, unsigned long end)
{
	struct iokmem_mapping *mapping;
	int i;

	for (i = 0; i < MODEL_MEMORIES; i++)
		list_for_each_entry(mapping, &logic->memory[i].mappings, node)
			if (mapping->mm == mm &&
			    mapping->state == IOKMEM_MAPPING_LIVE &&
			    iokmem_mapping_vma_start(mapping) < end &&
			    start < vma_end(mapping))
				return mapping;
	return NULL;
}

static unsigned long highest_free(struct logic *logic, const struct mm_struct *mm,
				  size_t size)
{
	unsigned long start = TASK_END - size;
	struct iokmem_mapping *mapping;

	while ((mapping = mapping_in(logic, mm, start, start + size)))
		start = iokmem_mapping_vma_start(mapping) - size;
	return start;
}

/* Maps, like in mapping.c. */

static void map_init(struct iokmem_map *map, struct iokmem_mapping *mapping,
		     const struct iokmem_map_request *request)
{
	map->mapping = mapping;
	map->options = request->options;
	map->length = request->length;
	map->delta = request->offset - mapping->backing.offset;
	RB_CLEAR_NODE(&map->by_range);
}

static struct iokmem_map *part_add(struct iokmem_mapping *mapping,
				   const struct iokmem_map_request *request)
{
	struct iokmem_map *map = calloc(1, sizeof(*map));

	if (!map)
		abort();
	map_init(map, mapping, request);
	iokmem_index_add(map);
	return map;
}

/* A map that is freed may have left the index already. Remove it twice to check that. */
static void part_remove(struct iokmem_map *map)
{
	iokmem_index_remove(map);
	iokmem_index_remove(map);
	free(map);
}

static struct iokmem_mapping *mapping_add(const struct iokmem_map_request *request)
{
	struct logic_mapping *new = calloc(1, sizeof(*new));
	struct iokmem_mapping *mapping;

	if (!new)
		abort();
	new->at = request->at;
	mapping = &new->mapping;
	mapping->mm = request->mm;
	mapping->options = request->options;
	mapping->guard = iokmem_guard_pages(request->options);
	mapping->length = request->length;
	mapping->backing.desc = request->desc;
	mapping->backing.offset = request->offset;
	mapping->backing.place = iokmem_desc_place(request->desc, request->offset);
	mapping->parts = RB_ROOT;
	map_init(&mapping->whole, mapping, request);
	list_add(&mapping->node, &request->desc->mappings);
	iokmem_index_add(&mapping->whole);
	mapping->state = IOKMEM_MAPPING_BUILDING;
	return mapping;
}

/* Maps of parts may be freed before the mapping is killed, or after: do both by turns. */
static void mapping_remove(struct iokmem_mapping *mapping)
{
	bool first = mapping->backing.offset & 1;
	struct iokmem_map *map;

	if (mapping->state == IOKMEM_MAPPING_LIVE)
		iokmem_index_remove_live(mapping);
	if (first)
		iokmem_index_remove(&mapping->whole);
	while ((map = iokmem_index_next_part(mapping, 0, 0)))
		part_remove(map);
	iokmem_index_remove(&mapping->whole);
	iokmem_index_remove(&mapping->whole);
	list_del(&mapping->node);
	free(container_of(mapping, struct logic_mapping, mapping));
}

/* Remove a mapping of which no map is in use. */
static void drop_unused(struct iokmem_mapping *mapping)
{
	if (!mapping->whole.task_refs && RB_EMPTY_ROOT(&mapping->parts))
		mapping_remove(mapping);
}

/* Do the work of munmap(), which removes all mappings in the range or fails. */
static int remove_all_in(struct logic *logic, struct mm_struct *mm,
			 unsigned long start, unsigned long end)
{
	struct iokmem_mapping *first = mapping_in(logic, mm, start, start + 1);
	struct iokmem_mapping *last = mapping_in(logic, mm, end - 1, end);
	struct iokmem_mapping *mapping;

	if ((first && iokmem_mapping_vma_start(first) < start) ||
	    (last && vma_end(last) > end))
		return -EINVAL;
	while ((mapping = mapping_in(logic, mm, start, end)))
		mapping_remove(mapping);
	return 0;
}

/* Find addresses for a mapping, and make it live. Return 0 or a negative error. */
static int mapping_build(struct logic *logic, struct iokmem_mapping *mapping)
{
	unsigned long start = container_of(mapping, struct logic_mapping, mapping)->at &
			      PAGE_MASK;
	bool placed = !(mapping->options & IOKMEM_MAP_ANYWHERE);
	size_t size = iokmem_mapping_vma_size(mapping);
	int err = 0;

	if (placed && !mapping->mm)
		return -EOPNOTSUPP;
	if (mapping->options & IOKMEM_MAP_OVERWRITE)
		err = remove_all_in(logic, mapping->mm, start, start + size);
	else if (placed && mapping_in(logic, mapping->mm, start, start + size))
		err = -EEXIST;
	if (err)
		return err;
	if (!placed)
		start = highest_free(logic, mapping->mm, size);
	mapping->start = start + (mapping->guard << PAGE_SHIFT);
	mapping->address = mapping->start + offset_in_page(mapping->backing.place);
	mapping->state = IOKMEM_MAPPING_LIVE;
	list_move_tail(&mapping->node, &mapping->backing.desc->mappings);
	iokmem_index_add_live(mapping);
	return 0;
}

/* IOKMEM_CREATE_MAPPING, like in chardev.c and map.c. */

static int check(struct iokmem_map_request *request, struct iokmem_desc *desc, bool read_only)
{
	if (request->options & IOKMEM_MAP_STATIC)
		return -EOPNOTSUPP;
	if ((request->options & IOKMEM_MAP_ANYWHERE) && request->at)
		return -EINVAL;
	if (read_only && !(request->options & IOKMEM_MAP_READ_ONLY))
		return -EACCES;
	return iokmem_request_check(request, desc);
}

/* Return 0 if the memory has the request's cache mode or can be retyped, or an error. */
static int check_mode(const struct iokmem_map_request *request)
{
	const struct iokmem_desc *desc = request->desc;

	if (request->cache_mode == IOKMEM_MAP_DEFAULT_CACHE ||
	    request->cache_mode == desc->cache_mode)
		return 0;
	if (request->options & IOKMEM_MAP_REFERENCE)
		return -ENOENT;
	if (request->mode_right == IOKMEM_MODE_KEPT)
		return -EACCES;
	return list_empty(&desc->mappings) ? 0 : -EBUSY;
}

static void make_new(struct sequence *sequence,
		     const struct iokmem_map_request *request, bool slow,
		     struct answer *answer)
{
	struct iokmem_mapping *mapping = mapping_add(request);

	if (!slow)
		answer->err = mapping_build(logic_of(sequence), mapping);
	if (answer->err) {
		mapping_remove(mapping);
		return;
	}
	if (request->cache_mode)
		request->desc->cache_mode = request->cache_mode;
	mapping->whole.task_refs = 1;
	answer->handle = &mapping->whole;
	answer->address = mapping->address;
	answer->length = mapping->length;
}

static void share(struct iokmem_map *found, const struct iokmem_map_request *request,
		  struct answer *answer)
{
	struct iokmem_map *map = found;

	if (found->mapping->state == IOKMEM_MAPPING_BUILDING) {
		answer->waits = true;
		answer->handle = found;
		return;
	}
	if (!iokmem_map_has_window(found, request->offset, request->length))
		map = part_add(found->mapping, request);
	map->task_refs++;
	answer->handle = map;
	answer->address = map->mapping->address + map->delta;
	answer->length = map->length;
}

/*
 * Find the map or mapping that serves the request, or NULL. Check that something is found
 * exactly if a look at all mappings finds something.
 */
static struct iokmem_map *find(struct sequence *sequence,
			       const struct iokmem_map_request *request)
{
	struct iokmem_map *found = iokmem_sharing_find(request);
	struct iokmem_mapping *mapping;
	bool any = false;

	list_for_each_entry(mapping, &request->desc->mappings, node)
		any |= iokmem_mapping_serves(mapping, request);
	if (any != !!found)
		sequence_wrong(sequence, any ? "what serves is not found" :
					       "what is found does not serve");
	return found;
}

static void logic_create(struct sequence *sequence,
			 const struct model_request *asked, struct answer *answer)
{
	const struct model_file *file = &sequence->model.file[asked->file];
	struct logic *logic = logic_of(sequence);
	struct iokmem_map_request request = {
		.mm = logic_mm(logic, asked->space),
		.options = asked->options,
		.mode_right = file->read_only || file->part ? IOKMEM_MODE_KEPT :
							      IOKMEM_MODE_OF_PROGRAM,
		.at = asked->address,
		.offset = asked->offset,
		.length = asked->length,
	};
	struct iokmem_map *found = NULL;

	answer->err = check(&request, logic->file[asked->file], file->read_only);
	if (answer->err)
		return;
	answer->err = check_mode(&request);
	if (answer->err)
		return;
	if (!(request.options & IOKMEM_MAP_UNIQUE))
		found = find(sequence, &request);
	if (found)
		share(found, &request, answer);
	else if (request.options & IOKMEM_MAP_REFERENCE)
		answer->err = -ENOENT;
	else
		make_new(sequence, &request, asked->slow, answer);
}

static void logic_build(struct sequence *sequence, const void *handle, bool fails,
			struct answer *answer)
{
	struct iokmem_mapping *mapping = ((struct iokmem_map *)handle)->mapping;

	answer->err = fails ? -ENOMEM : mapping_build(logic_of(sequence), mapping);
	if (answer->err)
		mapping_remove(mapping);
	else
		answer->address = mapping->address;
}

/* The other calls, like in task.c and vma.c. */

static struct iokmem_map *find_of_task(const struct sequence *sequence,
				       const struct step *step)
{
	struct logic *logic = logic_of(sequence);
	struct iokmem_mapping *mapping;
	struct iokmem_map *map;
	size_t offset = 0;

	mapping = mapping_in(logic, logic_mm(logic, step->space), step->address,
			     step->address + 1);
	if (!mapping || step->address < mapping->address ||
	    mapping->backing.desc != iokmem_desc_root(logic->file[step->file], &offset))
		return NULL;
	map = iokmem_index_find_in(mapping, mapping->backing.offset +
					    (step->address - mapping->address),
				   step->length);
	return map && map->task_refs ? map : NULL;
}

static int logic_release(struct sequence *sequence, const struct step *step)
{
	struct iokmem_map *map = find_of_task(sequence, step);
	struct iokmem_mapping *mapping;

	if (!map)
		return -ENOENT;
	if (--map->task_refs)
		return 0;
	mapping = map->mapping;
	if (!iokmem_map_is_whole(map))
		part_remove(map);
	drop_unused(mapping);
	return 0;
}

static int logic_unmap(struct sequence *sequence, const struct step *step)
{
	struct iokmem_map *map = find_of_task(sequence, step);
	struct iokmem_mapping *mapping;

	if (!map)
		return -ENOENT;
	mapping = map->mapping;
	if (iokmem_map_is_whole(map)) {
		mapping_remove(mapping);
	} else {
		part_remove(map);
		drop_unused(mapping);
	}
	return 0;
}

static int logic_query(struct sequence *sequence, const struct step *step,
		       struct iokmem_query_mapping *query)
{
	const struct iokmem_map *map = find_of_task(sequence, step);

	if (!map)
		return -ENOENT;
	query->options = map->options;
	query->offset = iokmem_map_offset(map);
	query->references = map->task_refs;
	query->cache_mode = iokmem_mapping_desc(map->mapping)->cache_mode;
	return 0;
}

static int logic_munmap(struct sequence *sequence, const struct step *step)
{
	struct logic *logic = logic_of(sequence);

	return remove_all_in(logic, logic_mm(logic, step->space), step->address,
			     step->address + step->length);
}

static int logic_set_length(struct sequence *sequence, const struct step *step)
{
	struct iokmem_desc *desc = logic_of(sequence)->file[step->file];

	if (sequence->model.file[step->file].read_only)
		return -EACCES;
	if (desc->parent)
		return -EOPNOTSUPP;
	if (step->length > desc->capacity)
		return -EINVAL;
	desc->length = step->length;
	return 0;
}

static void logic_exit(struct sequence *sequence, int space)
{
	struct logic *logic = logic_of(sequence);
	struct iokmem_mapping *mapping, *next;
	int i;

	for (i = 0; i < MODEL_MEMORIES; i++)
		list_for_each_entry_safe(mapping, next, &logic->memory[i].mappings, node)
			if (mapping->mm == logic_mm(logic, space))
				mapping_remove(mapping);
}

static const struct other logic = {
	.world = {
		.spaces		= MODEL_SPACES,
		.slow		= true,
		.skew		= true,
		.task_size	= TASK_END,
		.arena		= TASK_END - ARENA_PAGES * PAGE_SIZE,
		.arena_pages	= ARENA_PAGES,
	},
	.create		= logic_create,
	.build		= logic_build,
	.release	= logic_release,
	.unmap		= logic_unmap,
	.query		= logic_query,
	.munmap		= logic_munmap,
	.set_length	= logic_set_length,
	.exit		= logic_exit,
	.check		= logic_check,
};

/* Create the memories and the files that the model has. */
static void logic_init(struct logic *state, const struct model *model)
{
	int i;

	for (i = 0; i < MODEL_KERNEL; i++)
		state->mm[i].task_size = model->task_size;
	for (i = 0; i < MODEL_MEMORIES; i++) {
		const struct model_memory *memory = &model->memory[i];
		struct iokmem_desc *desc = &state->memory[i];

		desc->kind = memory->pageable ? &pageable_kind : &wired_kind;
		desc->capacity = memory->capacity;
		desc->length = memory->length;
		desc->skew = memory->skew;
		desc->owned = memory->owned;
		desc->cache_mode = memory->cache_mode;
		desc->live = RB_ROOT;
		desc->index = RB_ROOT;
		INIT_LIST_HEAD(&desc->mappings);
	}
	for (i = 0; i < model->nr_files; i++) {
		const struct model_file *file = &model->file[i];
		struct iokmem_desc *desc = &state->part[i];
		struct iokmem_desc *parent = &state->memory[file->memory];

		state->file[i] = file->part ? desc : parent;
		desc->parent = parent;
		desc->start = file->start;
		desc->skew = offset_in_page(parent->skew + file->start);
		desc->length = file->length;
		desc->capacity = file->length;
		desc->owned = file->length;
		if (file->start + file->length == parent->capacity)
			desc->owned = parent->owned - file->start;
	}
}

/*
 * logic_run - run a sequence of calls, from an empty state to an empty state
 *
 * Return true if the logic agrees with the model. If not, @sequence describes the first
 * difference.
 */
bool logic_run(struct sequence *sequence, const __u8 *bytes, size_t size,
	       FILE *log)
{
	struct logic state = { 0 };
	bool right = true;
	int i;

	sequence_init(sequence, &logic, &state);
	sequence->log = log;
	logic_init(&state, &sequence->model);
	while (right && size >= STEP_BYTES) {
		right = sequence_step(sequence, bytes);
		bytes += STEP_BYTES;
		size -= STEP_BYTES;
	}
	for (i = 0; i < MODEL_SPACES; i++)
		logic_exit(sequence, i);
	return right;
}
