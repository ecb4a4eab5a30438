// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's logic, driven without a kernel: the real kmod/map/sharing.c, index.c
 * and request.c decide and find; here is only what map.c and task.c do
 * between their calls, without locks, since there is one thread, and with address
 * spaces in which the highest free address is taken.
 */
#include <stdlib.h>

#include "seam.h"

#include "desc/desc.h"
#include "logic.h"
#include "logic_state.h"
#include "map/map.h"

#define TASK_END	0x800000000000UL
#define ARENA_PAGES	48

/* A map, and where it is to be if it is still under construction. */
struct logic_map {
	struct iokmem_map map;
	unsigned long at;
};

static struct logic *logic_of(const struct sequence *sequence)
{
	return sequence->private;
}

/* What the three files need of the rest of the module. */

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

static const struct iokmem_kind pageable_kind = {
	.resolve	= resolve_pageable,
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

static unsigned long vma_end(const struct iokmem_map *mapping)
{
	return iokmem_map_vma_start(mapping) + iokmem_map_vma_size(mapping);
}

/* Some live mapping in these pages, or NULL. */
static struct iokmem_map *mapping_in(struct logic *logic,
				     const struct mm_struct *mm,
				     unsigned long start, unsigned long end)
{
	struct iokmem_map *mapping;
	int i;

	for (i = 0; i < MODEL_MEMORIES; i++)
		list_for_each_entry(mapping, &logic->memory[i].maps, node)
			if (mapping->mm == mm &&
			    mapping->state == IOKMEM_MAP_LIVE &&
			    iokmem_map_vma_start(mapping) < end &&
			    start < vma_end(mapping))
				return mapping;
	return NULL;
}

static unsigned long highest_free(struct logic *logic, const struct mm_struct *mm,
				  size_t size)
{
	unsigned long start = TASK_END - size;
	struct iokmem_map *mapping;

	while ((mapping = mapping_in(logic, mm, start, start + size)))
		start = iokmem_map_vma_start(mapping) - size;
	return start;
}

/* Maps: as map.c has it. */

static struct iokmem_map *map_alloc(struct iokmem_desc *desc,
				    const struct iokmem_map_request *request)
{
	struct logic_map *new = calloc(1, sizeof(*new));
	struct iokmem_map *map;

	if (!new)
		abort();
	new->at = request->at;
	map = &new->map;
	map->desc = desc;
	map->mm = request->mm;
	map->options = request->options;
	map->offset = request->offset;
	map->length = request->length;
	map->guard = iokmem_guard_pages(request->options);
	map->state = IOKMEM_MAP_DEAD;
	INIT_LIST_HEAD(&map->node);
	RB_CLEAR_NODE(&map->by_range);
	INIT_LIST_HEAD(&map->inside);
	return map;
}

static struct iokmem_map *sub_add(struct iokmem_map *super,
				  const struct iokmem_map_request *request)
{
	struct iokmem_map *sub = map_alloc(super->desc, request);

	sub->super = super;
	sub->address = super->address + (sub->offset - super->offset);
	sub->state = IOKMEM_MAP_LIVE;
	iokmem_maps_insert_inside(sub);
	return sub;
}

static void map_free(struct iokmem_map *map)
{
	free(container_of(map, struct logic_map, map));
}

/* A map may have been taken from the list before it goes, so both remove it twice. */
static void sub_remove(struct iokmem_map *sub)
{
	iokmem_maps_remove_inside(sub);
	iokmem_maps_remove_inside(sub);
	map_free(sub);
}

static struct iokmem_map *mapping_add(struct iokmem_desc *desc,
				      const struct iokmem_map_request *request)
{
	struct iokmem_map *mapping = map_alloc(desc, request);

	iokmem_maps_insert(mapping);
	mapping->state = IOKMEM_MAP_BUILDING;
	return mapping;
}

static void mapping_remove(struct iokmem_map *mapping)
{
	struct iokmem_map *sub, *next;
	bool first = mapping->offset & 1;

	/* What is inside may go before or after. */
	if (first)
		iokmem_maps_remove(mapping);
	list_for_each_entry_safe(sub, next, &mapping->inside, node)
		sub_remove(sub);
	iokmem_maps_remove(mapping);
	iokmem_maps_remove(mapping);
	map_free(mapping);
}

/* Nobody holds it, and nothing lies inside. */
static void drop_unused(struct iokmem_map *mapping)
{
	if (!mapping->task_refs && list_empty(&mapping->inside))
		mapping_remove(mapping);
}

/* munmap(): all or nothing. */
static int remove_all_in(struct logic *logic, struct mm_struct *mm,
			 unsigned long start, unsigned long end)
{
	struct iokmem_map *first = mapping_in(logic, mm, start, start + 1);
	struct iokmem_map *last = mapping_in(logic, mm, end - 1, end);
	struct iokmem_map *mapping;

	if ((first && iokmem_map_vma_start(first) < start) ||
	    (last && vma_end(last) > end))
		return -EINVAL;
	while ((mapping = mapping_in(logic, mm, start, end)))
		mapping_remove(mapping);
	return 0;
}

/* Returns 0 or a negative error. */
static int mapping_build(struct logic *logic, struct iokmem_map *mapping)
{
	unsigned long start = container_of(mapping, struct logic_map, map)->at &
			      PAGE_MASK;
	bool placed = !(mapping->options & IOKMEM_MAP_ANYWHERE);
	size_t size = iokmem_map_vma_size(mapping);
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
	mapping->address = mapping->start +
			   offset_in_page(iokmem_map_place(mapping));
	mapping->state = IOKMEM_MAP_LIVE;
	return 0;
}

/* IOKMEM_CREATE_MAPPING: as chardev.c and map.c have it. */

static int check(struct iokmem_map_request *request, struct iokmem_desc *desc)
{
	if (request->options & IOKMEM_MAP_STATIC)
		return -EOPNOTSUPP;
	if ((request->options & IOKMEM_MAP_ANYWHERE) && request->at)
		return -EINVAL;
	if (request->keep_mode && !(request->options & IOKMEM_MAP_READ_ONLY))
		return -EACCES;
	return iokmem_map_check(request, desc);
}

/* May the memory have the mode, and has it a new one then? */
static int check_mode(const struct iokmem_desc *desc,
		      const struct iokmem_map_request *request)
{
	if (request->cache_mode == IOKMEM_MAP_DEFAULT_CACHE ||
	    request->cache_mode == desc->cache_mode)
		return 0;
	if (request->options & IOKMEM_MAP_REFERENCE)
		return -ENOENT;
	if (request->keep_mode)
		return -EACCES;
	return list_empty(&desc->maps) ? 0 : -EBUSY;
}

static void make_new(struct sequence *sequence, struct iokmem_desc *desc,
		     const struct iokmem_map_request *request, bool slow,
		     struct answer *answer)
{
	struct iokmem_map *mapping = mapping_add(desc, request);

	if (!slow)
		answer->err = mapping_build(logic_of(sequence), mapping);
	if (answer->err) {
		mapping_remove(mapping);
		return;
	}
	if (request->cache_mode)
		desc->cache_mode = request->cache_mode;
	mapping->task_refs = 1;
	answer->handle = mapping;
	answer->address = mapping->address;
	answer->length = mapping->length;
}

static void share(struct iokmem_map *found, const struct iokmem_map_request *request,
		  struct answer *answer)
{
	struct iokmem_map *map = found;

	if (found->state == IOKMEM_MAP_BUILDING) {
		answer->waits = true;
		answer->handle = found;
		return;
	}
	if (!iokmem_map_has_window(found, request->offset, request->length))
		map = sub_add(found, request);
	map->task_refs++;
	answer->handle = map;
	answer->address = map->address;
	answer->length = map->length;
}

/*
 * What serves, or NULL: no more and no less often than a look at all mappings finds
 * something.
 */
static struct iokmem_map *find(struct sequence *sequence, struct iokmem_desc *desc,
			       const struct iokmem_map_request *request)
{
	struct iokmem_map *found = iokmem_maps_find(desc, request), *mapping;
	bool any = false;

	list_for_each_entry(mapping, &desc->maps, node)
		any |= iokmem_map_serves(mapping, request);
	if (any != !!found)
		sequence_wrong(sequence, any ? "what serves is not found" :
					       "what is found does not serve");
	return found;
}

static void logic_create(struct sequence *sequence,
			 const struct model_request *asked, struct answer *answer)
{
	struct logic *logic = logic_of(sequence);
	struct iokmem_map_request request = {
		.mm = logic_mm(logic, asked->space),
		.options = asked->options,
		.keep_mode = sequence->model.file[asked->file].read_only,
		.at = asked->address,
		.offset = asked->offset,
		.length = asked->length,
	};
	struct iokmem_desc *desc = logic->file[asked->file];
	struct iokmem_map *found = NULL;

	answer->err = check(&request, desc);
	if (answer->err)
		return;
	desc = iokmem_desc_root(desc, &request.offset);
	answer->err = check_mode(desc, &request);
	if (answer->err)
		return;
	if (!(request.options & IOKMEM_MAP_UNIQUE))
		found = find(sequence, desc, &request);
	if (found)
		share(found, &request, answer);
	else if (request.options & IOKMEM_MAP_REFERENCE)
		answer->err = -ENOENT;
	else
		make_new(sequence, desc, &request, asked->slow, answer);
}

static void logic_build(struct sequence *sequence, const void *handle, bool fails,
			struct answer *answer)
{
	struct iokmem_map *mapping = (void *)handle;

	answer->err = fails ? -ENOMEM : mapping_build(logic_of(sequence), mapping);
	if (answer->err)
		mapping_remove(mapping);
	else
		answer->address = mapping->address;
}

/* The other calls: as task.c and user.c have it. */

static struct iokmem_map *find_of_task(const struct sequence *sequence,
				       const struct step *step)
{
	struct logic *logic = logic_of(sequence);
	struct iokmem_map *mapping, *map;
	size_t offset = 0;

	mapping = mapping_in(logic, logic_mm(logic, step->space), step->address,
			     step->address + 1);
	if (!mapping || step->address < mapping->address ||
	    mapping->desc != iokmem_desc_root(logic->file[step->file], &offset))
		return NULL;
	map = iokmem_maps_find_inside(mapping, mapping->offset +
					       (step->address - mapping->address),
				      step->length);
	return map && map->task_refs ? map : NULL;
}

static int logic_release(struct sequence *sequence, const struct step *step)
{
	struct iokmem_map *map = find_of_task(sequence, step);
	struct iokmem_map *mapping;

	if (!map)
		return -ENOENT;
	if (--map->task_refs)
		return 0;
	mapping = map->super ? map->super : map;
	if (map->super)
		sub_remove(map);
	drop_unused(mapping);
	return 0;
}

static int logic_unmap(struct sequence *sequence, const struct step *step)
{
	struct iokmem_map *map = find_of_task(sequence, step);
	struct iokmem_map *mapping;

	if (!map)
		return -ENOENT;
	mapping = map->super;
	if (mapping) {
		sub_remove(map);
		drop_unused(mapping);
	} else {
		mapping_remove(map);
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
	query->offset = map->offset;
	query->references = map->task_refs;
	query->cache_mode = map->desc->cache_mode;
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
	struct iokmem_map *mapping, *next;
	int i;

	for (i = 0; i < MODEL_MEMORIES; i++)
		list_for_each_entry_safe(mapping, next, &logic->memory[i].maps, node)
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

/* The memories and the files that the model has. */
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
		desc->shareable = RB_ROOT;
		INIT_LIST_HEAD(&desc->maps);
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
 * logic_run - a sequence from nothing to nothing
 *
 * Returns whether all is as it should be; if not, @sequence says what is not.
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
