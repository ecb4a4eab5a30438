// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model's maps: how they are found, how they come, and how they end. See model.h.
 */
#include <errno.h>
#include <string.h>

#include "model_private.h"

__u64 model_page = 4096;
bool model_cached_only;

/* Maps. */

static int number_of(const struct model *model, unsigned int name)
{
	int i;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].name == name)
			return i;
	return -1;
}

/* Return the number of the mapping that has the map's addresses. It may be the map itself. */
int model_mapping_of(const struct model *model, int map)
{
	unsigned int inside = model->map[map].inside;

	return inside ? number_of(model, inside) : map;
}

/* Return how many maps of a memory exist in all address spaces. */
int model_maps_of(const struct model *model, int memory)
{
	int i, found = 0;

	for (i = 0; i < model->nr_maps; i++)
		found += model->map[i].memory == memory;
	return found;
}

static __u64 guard_of(const struct model_map *mapping)
{
	if (mapping->options & IOKMEM_MAP_GUARDED_LARGE)
		return 65536;
	return mapping->options & IOKMEM_MAP_GUARDED_SMALL ? MODEL_PAGE : 0;
}

/* Return the pages that a mapping takes in its address space, including its guards. */
void model_pages(const struct model *model, const struct model_map *mapping,
		 __u64 *start, __u64 *end)
{
	__u64 place = model->memory[mapping->memory].skew + mapping->offset;
	__u64 first = mapping->address - in_page(place);

	*start = first - guard_of(mapping);
	*end = first + page_end(in_page(place) + mapping->length) +
	       guard_of(mapping);
}

/* Return true if no mapping is anywhere in these pages. */
bool model_is_free(const struct model *model, int space, __u64 start,
		   __u64 end)
{
	__u64 map_start, map_end;
	int i;

	for (i = 0; i < model->nr_maps; i++) {
		const struct model_map *map = &model->map[i];

		if (map->inside || map->building || map->space != space)
			continue;
		model_pages(model, map, &map_start, &map_end);
		if (start < map_end && map_start < end)
			return false;
	}
	return true;
}

/* Return true if these pages cover part of a mapping but not all of it. */
static bool cuts(const struct model *model, int space, __u64 start, __u64 end)
{
	__u64 map_start, map_end;
	int i;

	for (i = 0; i < model->nr_maps; i++) {
		const struct model_map *map = &model->map[i];

		if (map->inside || map->building || map->space != space)
			continue;
		model_pages(model, map, &map_start, &map_end);
		if (start < map_end && map_start < end &&
		    (map_start < start || end < map_end))
			return true;
	}
	return false;
}

/* Check the place of a new mapping. Returns 0 or a negative error. */
int model_check_place(const struct model *model, const struct model_map *new)
{
	struct model_map there = *new;
	__u64 start, end;

	if (new->space == MODEL_KERNEL)
		return -EOPNOTSUPP;
	there.address = new->at;
	model_pages(model, &there, &start, &end);
	if (new->options & IOKMEM_MAP_OVERWRITE)
		return cuts(model, new->space, start, end) ? -EINVAL : 0;
	return model_is_free(model, new->space, start, end) ? 0 : -EEXIST;
}

/* The ends of maps. */

/* Remove a map and all maps inside it. */
static void forget(struct model *model, unsigned int name)
{
	int i, kept = 0;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].name != name && model->map[i].inside != name)
			model->map[kept++] = model->map[i];
	model->nr_maps = kept;
}

/* Remove a map that has no references and contains no other map. */
static void forget_unused(struct model *model, unsigned int name)
{
	int i;

	for (i = 0; i < model->nr_maps; i++)
		if ((model->map[i].name == name && model->map[i].references) ||
		    model->map[i].inside == name)
			return;
	forget(model, name);
}

/* Remove all mappings in these pages. */
static void forget_pages(struct model *model, int space, __u64 start,
			 __u64 end)
{
	__u64 map_start, map_end;
	int i = 0;

	while (i < model->nr_maps) {
		const struct model_map *map = &model->map[i];

		model_pages(model, map, &map_start, &map_end);
		if (map->inside || map->building || map->space != space ||
		    map_end <= start || end <= map_start) {
			i++;
			continue;
		}
		forget(model, map->name);
		i = 0;
	}
}

/* Give a mapping, or a map inside one, its address. Maps that it overwrites end. */
static void settle(struct model *model, unsigned int name, __u64 address)
{
	struct model_map *map = &model->map[number_of(model, name)];
	struct model_map there = *map;
	__u64 start, end;

	if (map->options & IOKMEM_MAP_OVERWRITE && !map->inside) {
		there.address = address;
		model_pages(model, &there, &start, &end);
		map->building = true;
		forget_pages(model, map->space, start, end);
		map = &model->map[number_of(model, name)];
	}
	map->building = false;
	map->address = address;
}

/*
 * model_commit - carry out a decision
 *
 * If there is a new map, @address and @handle are the other side's address and name for it.
 */
void model_commit(struct model *model, const struct model_verdict *verdict,
		  __u64 address, const void *handle)
{
	struct model_map *map;

	switch (verdict->outcome) {
	case MODEL_FAILS:
	case MODEL_WAITS:
		return;
	case MODEL_OLD:
		model->map[verdict->map].references++;
		return;
	case MODEL_SUB:
	case MODEL_NEW:
		break;
	}
	map = &model->map[model->nr_maps++];
	*map = verdict->new;
	map->name = ++model->next_name;
	map->references = 1;
	map->handle = handle;
	model->memory[map->memory].cache_mode = verdict->cache_mode;
	if (!map->building)
		settle(model, map->name, address);
}

/*
 * model_find - return the number of the map that a program names by address and length
 *
 * Any file of the map's memory is accepted. Returns -1 if the program has no such map.
 */
int model_find(const struct model *model, int space, int file, __u64 address,
	       __u64 length)
{
	int i;

	for (i = 0; i < model->nr_maps; i++) {
		const struct model_map *map = &model->map[i];

		if (map->space == space && !map->building &&
		    map->memory == model->file[file].memory &&
		    map->address == address && map->length == length &&
		    map->references)
			return i;
	}
	return -1;
}

/* model_release - undo one request. Returns 0 or -ENOENT */
int model_release(struct model *model, int space, int file, __u64 address,
		  __u64 length)
{
	int i = model_find(model, space, file, address, length);
	unsigned int name, mapping;

	if (i < 0)
		return -ENOENT;
	name = model->map[i].name;
	mapping = model->map[i].inside;
	model->map[i].references--;
	forget_unused(model, name);
	if (mapping)
		forget_unused(model, mapping);
	return 0;
}

/* model_unmap - end a map for everybody who shares it. Returns 0 or -ENOENT */
int model_unmap(struct model *model, int space, int file, __u64 address,
		__u64 length)
{
	int i = model_find(model, space, file, address, length);
	unsigned int mapping;

	if (i < 0)
		return -ENOENT;
	mapping = model->map[i].inside;
	forget(model, model->map[i].name);
	if (mapping)
		forget_unused(model, mapping);
	return 0;
}

/*
 * model_munmap - munmap() all mappings in these pages
 *
 * Returns 0; or -EINVAL, with no change, if the pages cover part of a mapping.
 */
int model_munmap(struct model *model, int space, __u64 start, __u64 end)
{
	if (cuts(model, space, start, end))
		return -EINVAL;
	forget_pages(model, space, start, end);
	return 0;
}

/*
 * model_build - finish a mapping under construction at @address, or drop it if it @fails
 *
 * Returns 0, or the reason why the mapping was not built.
 */
int model_build(struct model *model, int map, bool fails, __u64 address)
{
	struct model_map *mapping = &model->map[map];
	bool placed = !(mapping->options & IOKMEM_MAP_ANYWHERE);
	int err = 0;

	if (fails)
		err = -ENOMEM;
	else if (placed)
		err = model_check_place(model, mapping);
	if (err)
		forget(model, mapping->name);
	else
		settle(model, mapping->name, address);
	return err;
}

/* model_set_length - change the length; existing maps stay as they are */
int model_set_length(struct model *model, int file, __u64 length)
{
	const struct model_file *f = &model->file[file];
	struct model_memory *memory = &model->memory[f->memory];

	if (f->read_only)
		return -EACCES;
	if (f->part)
		return -EOPNOTSUPP;
	if (length > memory->capacity)
		return -EINVAL;
	memory->length = length;
	return 0;
}

/* model_exit - remove an address space and all its maps */
void model_exit(struct model *model, int space)
{
	int i, kept = 0;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].space != space)
			model->map[kept++] = model->map[i];
	model->nr_maps = kept;
}
