// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model. See model.h; what the rules mean is said in <linux/iokmem.h>, and at
 * the head of the module's sharing.c for those who want to compare.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

#define PROVIDED	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY |	\
			 IOKMEM_MAP_PINNABLE | IOKMEM_MAP_REFERENCE |	\
			 IOKMEM_MAP_UNIQUE | IOKMEM_MAP_PREFAULT |	\
			 IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_GUARDED_MASK | \
			 IOKMEM_MAP_CACHE_MASK)

/* Maps share with those that are alike in these. */
#define EQUAL		(IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_PINNABLE |	\
			 IOKMEM_MAP_GUARDED_MASK)

static __u64 page_of(__u64 x)
{
	return x / MODEL_PAGE * MODEL_PAGE;
}

static __u64 in_page(__u64 x)
{
	return x % MODEL_PAGE;
}

static __u64 page_end(__u64 x)
{
	return page_of(x + MODEL_PAGE - 1);
}

static bool wraps(__u64 a, __u64 b)
{
	return a + b < a;
}

/* Errors. */

static void add_error(struct model_errors *errors, int err)
{
	if (!model_error_is_right(errors, err) && errors->nr < MODEL_ERRORS)
		errors->error[errors->nr++] = err;
}

/* May @err be the answer, where all of @errors are true? */
bool model_error_is_right(const struct model_errors *errors, int err)
{
	int i;

	for (i = 0; i < errors->nr; i++)
		if (errors->error[i] == err)
			return true;
	return false;
}

__u64 model_page = 4096;
bool model_cached_only;

/* Requests. */

/* The memory's length, or that of the part. */
__u64 model_length(const struct model *model, int file)
{
	const struct model_file *f = &model->file[file];

	return f->part ? f->length : model->memory[f->memory].length;
}

/* Where the file starts in the memory. */
static __u64 start_of(const struct model_file *file)
{
	return file->part ? file->start : 0;
}

/* How many bytes of the memory the file may show, from its first one on. */
static __u64 owned_by(const struct model *model, const struct model_file *file)
{
	const struct model_memory *memory = &model->memory[file->memory];

	if (!file->part)
		return memory->owned;
	/* What ends with the memory has the rest of its last page as well. */
	if (file->start + file->length == memory->capacity)
		return memory->owned - file->start;
	return file->length;
}

/* The mode that asking for @mode puts in force; 0: there is no such mode. */
__u32 model_resolve(const struct model_memory *memory, __u32 mode)
{
	__u32 resolved;

	switch (mode) {
	case IOKMEM_MAP_COPYBACK_CACHE:
	case IOKMEM_MAP_COPYBACK_INNER_CACHE:
		resolved = IOKMEM_MAP_COPYBACK_CACHE;
		break;
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
	case IOKMEM_MAP_REAL_TIME_CACHE:
		resolved = IOKMEM_MAP_WRITE_COMBINE_CACHE;
		break;
	case IOKMEM_MAP_INHIBIT_CACHE:
	case IOKMEM_MAP_WRITE_THRU_CACHE:
	case IOKMEM_MAP_POSTED_WRITE:
	case IOKMEM_MAP_POSTED_REORDERED:
	case IOKMEM_MAP_POSTED_COMBINED_REORDERED:
		resolved = IOKMEM_MAP_INHIBIT_CACHE;
		break;
	default:
		return 0;
	}
	if ((memory->pageable || model_cached_only) && resolved != IOKMEM_MAP_COPYBACK_CACHE)
		return 0;
	return resolved;
}

static bool contradict(__u32 options)
{
	__u32 guards = options & IOKMEM_MAP_GUARDED_MASK;

	/* Reference makes nothing. */
	if ((options & IOKMEM_MAP_REFERENCE) &&
	    (options & (IOKMEM_MAP_UNIQUE | IOKMEM_MAP_OVERWRITE)))
		return true;
	if ((options & IOKMEM_MAP_OVERWRITE) && (options & IOKMEM_MAP_ANYWHERE))
		return true;
	return guards == IOKMEM_MAP_GUARDED_MASK ||
	       (guards && !(options & IOKMEM_MAP_ANYWHERE));
}

/* Options that not all memory can have, nor the kernel. */
static void check_kind(const struct model *model,
		       const struct model_request *request,
		       struct model_errors *errors)
{
	int number = model->file[request->file].memory;
	const struct model_memory *memory = &model->memory[number];
	__u32 options = request->options;
	__u32 mode = options & IOKMEM_MAP_CACHE_MASK;
	__u32 resolved = mode ? model_resolve(memory, mode) : memory->cache_mode;
	bool kernel = request->space == MODEL_KERNEL;

	if (!resolved)
		add_error(errors, -EOPNOTSUPP);
	if (kernel && (options & IOKMEM_MAP_GUARDED_MASK))
		add_error(errors, -EOPNOTSUPP);
	if ((options & IOKMEM_MAP_PINNABLE) &&
	    (kernel || memory->pageable || resolved != IOKMEM_MAP_COPYBACK_CACHE))
		add_error(errors, -EOPNOTSUPP);
	/* Nothing is ever prepared here. */
	if ((options & IOKMEM_MAP_PREFAULT) && memory->pageable)
		add_error(errors, -EBADFD);
}

static void check_options(const struct model *model,
			  const struct model_request *request,
			  struct model_errors *errors)
{
	const struct model_file *file = &model->file[request->file];
	__u32 options = request->options;

	if (options & ~PROVIDED)
		add_error(errors, -EOPNOTSUPP);
	if (contradict(options))
		add_error(errors, -EINVAL);
	if ((options & IOKMEM_MAP_ANYWHERE) && request->address)
		add_error(errors, -EINVAL);
	check_kind(model, request, errors);
	if (file->read_only && !(options & IOKMEM_MAP_READ_ONLY))
		add_error(errors, -EACCES);
}

/* Returns whether the range is one of the file's; @length is what 0 stands for. */
static bool check_range(const struct model *model,
			const struct model_request *request, __u64 *length,
			struct model_errors *errors)
{
	__u64 whole = model_length(model, request->file);

	*length = request->length;
	if (!request->length && request->offset) {
		add_error(errors, -EINVAL);
		return false;
	}
	if (!request->length)
		*length = whole;
	if (wraps(request->offset, *length)) {
		add_error(errors, -EOVERFLOW);
		return false;
	}
	if (!whole || request->offset + *length > whole) {
		add_error(errors, -ERANGE);
		return false;
	}
	return true;
}

/* @place and @length: the bytes, counted from the memory's first page. */
static void check_address(const struct model *model,
			  const struct model_request *request, __u64 place,
			  __u64 length, struct model_errors *errors)
{
	__u64 start = page_of(request->address);
	__u64 size = page_end(in_page(place) + length);

	if (request->options & IOKMEM_MAP_ANYWHERE)
		return;
	if (in_page(request->address) && in_page(request->address) != in_page(place))
		add_error(errors, -EINVAL);
	/* Nothing new can be placed there, wherever that is. */
	if (request->space == MODEL_KERNEL)
		return;
	if (!start || wraps(start, size) || start + size > model->task_size)
		add_error(errors, -EADDRNOTAVAIL);
}

/* Programs see whole pages, which have to be the file's. */
static void check_pages(const struct model *model,
			const struct model_request *request, __u64 place,
			__u64 length, struct model_errors *errors)
{
	const struct model_file *file = &model->file[request->file];
	__u64 first = model->memory[file->memory].skew + start_of(file);

	if (request->space == MODEL_KERNEL)
		return;
	if (page_of(place) < first ||
	    page_end(place + length) > first + owned_by(model, file))
		add_error(errors, -EACCES);
}

/* Maps. */

static int number_of(const struct model *model, unsigned int name)
{
	int i;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].name == name)
			return i;
	return -1;
}

/* The number of the mapping that has the map's addresses: perhaps itself. */
int model_mapping_of(const struct model *model, int map)
{
	unsigned int inside = model->map[map].inside;

	return inside ? number_of(model, inside) : map;
}

/* How many maps there are of a memory, in all address spaces. */
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

/* The pages that a mapping takes in its address space, with its guards. */
void model_pages(const struct model *model, const struct model_map *mapping,
		 __u64 *start, __u64 *end)
{
	__u64 place = model->memory[mapping->memory].skew + mapping->offset;
	__u64 first = mapping->address - in_page(place);

	*start = first - guard_of(mapping);
	*end = first + page_end(in_page(place) + mapping->length) +
	       guard_of(mapping);
}

/* Is no mapping anywhere in these pages? */
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

/* Would these pages take part of a mapping, and leave the rest? */
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

/* Where a new mapping shall be: may it be there? 0 or a negative error. */
static int check_place(const struct model *model, const struct model_map *new)
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

/* Has the mapping, or a map inside it, that address, and is it as long? */
static bool starts_there(const struct model *model,
			 const struct model_map *mapping, __u64 address,
			 __u64 length)
{
	int i;

	for (i = 0; i < model->nr_maps; i++) {
		const struct model_map *map = &model->map[i];

		if ((map == mapping || map->inside == mapping->name) &&
		    map->address == address && map->length >= length)
			return true;
	}
	return false;
}

/* May a request that is placed be served at @mapping's addresses? */
static bool serves_there(const struct model *model,
			 const struct model_map *mapping,
			 const struct model_map *wanted)
{
	/* It may come to be there: wait and see. */
	if (mapping->building)
		return mapping->offset == wanted->offset;
	return wanted->at == mapping->address + (wanted->offset - mapping->offset) &&
	       starts_there(model, mapping, wanted->at, wanted->length);
}

static bool serves(const struct model *model, const struct model_map *mapping,
		   const struct model_map *wanted)
{
	__u32 cache = wanted->options & IOKMEM_MAP_CACHE_MASK;

	if (mapping->inside || mapping->memory != wanted->memory ||
	    mapping->space != wanted->space)
		return false;
	if ((mapping->options | wanted->options) & IOKMEM_MAP_UNIQUE)
		return false;
	if ((mapping->options & EQUAL) != (wanted->options & EQUAL))
		return false;
	if (cache && cache != (mapping->options & IOKMEM_MAP_CACHE_MASK))
		return false;
	if (wanted->offset < mapping->offset ||
	    wanted->offset + wanted->length > mapping->offset + mapping->length)
		return false;
	return (wanted->options & IOKMEM_MAP_ANYWHERE) ||
	       serves_there(model, mapping, wanted);
}

/* The map of just the wanted bytes among the mapping and the maps inside it. */
static int same_window(const struct model *model,
		       const struct model_map *mapping,
		       const struct model_map *wanted)
{
	int i;

	for (i = 0; i < model->nr_maps; i++) {
		const struct model_map *map = &model->map[i];

		if ((map == mapping || map->inside == mapping->name) &&
		    map->offset == wanted->offset && map->length == wanted->length)
			return i;
	}
	return -1;
}

/* Deciding. */

static void fail(struct model_verdict *verdict, int err)
{
	verdict->outcome = MODEL_FAILS;
	add_error(&verdict->errors, err);
}

/* Another mode than the one in force is given to memory that nothing maps. */
static void decide_cache_mode(const struct model *model,
			      const struct model_request *request,
			      struct model_verdict *verdict)
{
	const struct model_file *file = &model->file[request->file];
	const struct model_memory *memory = &model->memory[file->memory];
	__u32 mode = model_resolve(memory, request->options &
					      IOKMEM_MAP_CACHE_MASK);

	verdict->cache_mode = mode ? mode : memory->cache_mode;
	if (verdict->cache_mode == memory->cache_mode)
		return;
	if (request->options & IOKMEM_MAP_REFERENCE)
		fail(verdict, -ENOENT);
	if (file->read_only)
		fail(verdict, -EACCES);
	if (model_maps_of(model, file->memory))
		fail(verdict, -EBUSY);
}

/* Nothing serves: may there be a new mapping? */
static void decide_new(const struct model *model,
		       const struct model_request *request,
		       struct model_verdict *verdict)
{
	int err;

	verdict->outcome = MODEL_NEW;
	verdict->new.building = request->slow;
	if (request->options & IOKMEM_MAP_REFERENCE) {
		fail(verdict, -ENOENT);
		return;
	}
	/* What is built slowly finds out when it is built. */
	if ((request->options & IOKMEM_MAP_ANYWHERE) || request->slow)
		return;
	err = check_place(model, &verdict->new);
	if (err)
		fail(verdict, err);
	else
		verdict->new.address = verdict->new.at;
}

/* Of two mappings that serve, is the younger one better? */
static bool is_better(const struct model_map *younger, const struct model_map *older)
{
	if (younger->offset != older->offset)
		return younger->offset < older->offset;
	return younger->length < older->length;
}

/*
 * The mapping that serves, or -1: the oldest that has a map of just the wanted bytes,
 * unless they are wanted in a certain place; or the one that begins first.
 */
static int find_serving(const struct model *model, const struct model_map *wanted)
{
	bool open = wanted->options & IOKMEM_MAP_ANYWHERE, best_has_it = false;
	int i, best = -1;

	for (i = 0; i < model->nr_maps; i++) {
		const struct model_map *mapping = &model->map[i];
		bool has_it = open && same_window(model, mapping, wanted) >= 0;

		if (!serves(model, mapping, wanted) || has_it < best_has_it)
			continue;
		if (best < 0 || has_it > best_has_it ||
		    (!has_it && is_better(mapping, &model->map[best]))) {
			best = i;
			best_has_it = has_it;
		}
	}
	return best;
}

static void decide_sharing(const struct model *model,
			   const struct model_request *request,
			   struct model_verdict *verdict)
{
	int i = find_serving(model, &verdict->new), same;
	const struct model_map *mapping;

	if (i < 0) {
		decide_new(model, request, verdict);
		return;
	}

	verdict->map = i;
	mapping = &model->map[i];
	if (mapping->building) {
		verdict->outcome = MODEL_WAITS;
		return;
	}
	same = same_window(model, mapping, &verdict->new);
	if (same >= 0) {
		verdict->outcome = MODEL_OLD;
		verdict->map = same;
		return;
	}
	verdict->outcome = MODEL_SUB;
	verdict->new.inside = mapping->name;
	verdict->new.address = mapping->address +
			       (verdict->new.offset - mapping->offset);
}

/*
 * model_decide - what must become of a request, now; nothing changes
 */
void model_decide(const struct model *model, const struct model_request *request,
		  struct model_verdict *verdict)
{
	const struct model_file *file = &model->file[request->file];
	__u64 offset = start_of(file) + request->offset;
	__u64 place = model->memory[file->memory].skew + offset;
	__u64 length;

	memset(verdict, 0, sizeof(*verdict));
	check_options(model, request, &verdict->errors);
	if (check_range(model, request, &length, &verdict->errors)) {
		check_address(model, request, place, length, &verdict->errors);
		check_pages(model, request, place, length, &verdict->errors);
	}
	verdict->outcome = MODEL_FAILS;
	if (verdict->errors.nr)
		return;

	verdict->new = (struct model_map){
		.memory = file->memory,
		.space = request->space,
		.options = request->options,
		.offset = offset,
		.length = length,
	};
	if (!(request->options & IOKMEM_MAP_ANYWHERE))
		verdict->new.at = page_of(request->address) + in_page(place);
	decide_cache_mode(model, request, verdict);
	if (!verdict->errors.nr)
		decide_sharing(model, request, verdict);
}

/*
 * model_decide_mmap - the same for mmap() of the file, at an address of the kernel's
 *
 * Of the request's options only IOKMEM_MAP_READ_ONLY counts: what is asked for is not
 * to be writable. The map is of whole pages, and its own.
 */
void model_decide_mmap(const struct model *model, const struct model_request *request,
		       struct model_verdict *verdict)
{
	const struct model_file *file = &model->file[request->file];
	const struct model_memory *memory = &model->memory[file->memory];
	__u64 length = page_end(request->length);

	memset(verdict, 0, sizeof(*verdict));
	if (file->read_only && !(request->options & IOKMEM_MAP_READ_ONLY))
		fail(verdict, -EACCES);
	if (request->offset + length > page_end(model_length(model, request->file)))
		fail(verdict, -ERANGE);
	else if (in_page(memory->skew + start_of(file)) ||
		 request->offset + length > owned_by(model, file))
		fail(verdict, -EACCES);
	if (verdict->errors.nr)
		return;
	verdict->outcome = MODEL_NEW;
	verdict->cache_mode = memory->cache_mode;
	verdict->new = (struct model_map){
		.memory = file->memory,
		.space = request->space,
		.options = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE |
			   (file->read_only ? IOKMEM_MAP_READ_ONLY : 0),
		.offset = start_of(file) + request->offset,
		.length = length,
	};
}

/* The ends of maps. */

/* With all that lies inside. */
static void forget(struct model *model, unsigned int name)
{
	int i, kept = 0;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].name != name && model->map[i].inside != name)
			model->map[kept++] = model->map[i];
	model->nr_maps = kept;
}

/* Nobody needs it: it has no reference, and nothing lies inside. */
static void forget_unused(struct model *model, unsigned int name)
{
	int i;

	for (i = 0; i < model->nr_maps; i++)
		if ((model->map[i].name == name && model->map[i].references) ||
		    model->map[i].inside == name)
			return;
	forget(model, name);
}

/* All that is in these pages. */
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

/* A mapping or a map inside one gets its address; what was there before goes. */
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
 * model_commit - do what was decided
 *
 * @address and @handle: the other side's for the new map, if there is one.
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
 * model_find - the number of the map that a program names by address and length
 *
 * Any file of its memory will do. Returns -1 if the program has no such map.
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

/*
 * model_release - undo one request. Returns 0 or -ENOENT
 */
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

/*
 * model_unmap - end a map for all who share it. Returns 0 or -ENOENT
 */
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
 * model_munmap - munmap() of all mappings in these pages
 *
 * Returns 0; or -EINVAL if it would take part of one, and nothing changes.
 */
int model_munmap(struct model *model, int space, __u64 start, __u64 end)
{
	if (cuts(model, space, start, end))
		return -EINVAL;
	forget_pages(model, space, start, end);
	return 0;
}

/*
 * model_build - what was under construction is there, at @address; or not, if that
 * @fails for reasons of its own
 *
 * Returns 0; or why it has not been built.
 */
int model_build(struct model *model, int map, bool fails, __u64 address)
{
	struct model_map *mapping = &model->map[map];
	bool placed = !(mapping->options & IOKMEM_MAP_ANYWHERE);
	int err = 0;

	if (fails)
		err = -ENOMEM;
	else if (placed)
		err = check_place(model, mapping);
	if (err)
		forget(model, mapping->name);
	else
		settle(model, mapping->name, address);
	return err;
}

/*
 * model_set_length - maps that exist stay as they are
 */
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

/*
 * model_exit - the address space is gone, and all that is in it
 */
void model_exit(struct model *model, int space)
{
	int i, kept = 0;

	for (i = 0; i < model->nr_maps; i++)
		if (model->map[i].space != space)
			model->map[kept++] = model->map[i];
	model->nr_maps = kept;
}
