// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model's decisions: what must become of a request. See model.h. <linux/iokmem.h> says
 * what the rules mean; the head of the module's sharing.c says it for those who want to
 * compare.
 */
#include <errno.h>
#include <string.h>

#include "model_private.h"

#define PROVIDED	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY |	\
			 IOKMEM_MAP_PINNABLE | IOKMEM_MAP_REFERENCE |	\
			 IOKMEM_MAP_UNIQUE | IOKMEM_MAP_PREFAULT |	\
			 IOKMEM_MAP_OVERWRITE | IOKMEM_MAP_GUARDED_MASK | \
			 IOKMEM_MAP_CACHE_MASK)

/* Maps can only share if these options are equal. */
#define EQUAL		(IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_PINNABLE |	\
			 IOKMEM_MAP_GUARDED_MASK)

/* Errors. */

static void add_error(struct model_errors *errors, int err)
{
	if (!model_error_is_right(errors, err) && errors->nr < MODEL_ERRORS)
		errors->error[errors->nr++] = err;
}

/* Return true if @err is a right answer where all of @errors are true. */
bool model_error_is_right(const struct model_errors *errors, int err)
{
	int i;

	for (i = 0; i < errors->nr; i++)
		if (errors->error[i] == err)
			return true;
	return false;
}

/* Requests. */

/* Return the length of the memory, or of the part. */
__u64 model_length(const struct model *model, int file)
{
	const struct model_file *f = &model->file[file];

	return f->part ? f->length : model->memory[f->memory].length;
}

/* Return where the file starts in the memory. */
static __u64 start_of(const struct model_file *file)
{
	return file->part ? file->start : 0;
}

/* Return how many bytes of the memory the file may show, from its first byte on. */
static __u64 owned_by(const struct model *model, const struct model_file *file)
{
	const struct model_memory *memory = &model->memory[file->memory];

	if (!file->part)
		return memory->owned;
	/* A part that ends with the memory has the rest of the last page, too. */
	if (file->start + file->length == memory->capacity)
		return memory->owned - file->start;
	return file->length;
}

/* Return the mode that a request for @mode puts in force, or 0 if there is no such mode. */
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

	/* A Reference request never creates a map. */
	if ((options & IOKMEM_MAP_REFERENCE) &&
	    (options & (IOKMEM_MAP_UNIQUE | IOKMEM_MAP_OVERWRITE)))
		return true;
	if ((options & IOKMEM_MAP_OVERWRITE) && (options & IOKMEM_MAP_ANYWHERE))
		return true;
	return guards == IOKMEM_MAP_GUARDED_MASK ||
	       (guards && !(options & IOKMEM_MAP_ANYWHERE));
}

/* Check options that depend on the kind of memory, or that the kernel's address space lacks. */
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
	if ((options & IOKMEM_MAP_PINNABLE) &&
	    (kernel || memory->pageable || resolved != IOKMEM_MAP_COPYBACK_CACHE))
		add_error(errors, -EOPNOTSUPP);
	/* No step prepares the memory. */
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

/*
 * Return true if the range is within the file. @length is set to the length that 0 stands for.
 */
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

/*
 * Check a fixed address. @place and @length describe the bytes, from the memory's first page
 * on.
 */
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
	/* The kernel has no fixed addresses for new mappings. */
	if (request->space == MODEL_KERNEL)
		return;
	if (!start || wraps(start, size) || start + size > model->task_size)
		add_error(errors, -EADDRNOTAVAIL);
}

/* Check the pages: programs see whole pages, all of which the file must have. */
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

/* Mappings that serve a request. */

/* Return true if the mapping, or a map inside it, starts at that address and is long enough. */
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

/* Return true if a request with a fixed address may be served at @mapping's addresses. */
static bool serves_there(const struct model *model,
			 const struct model_map *mapping,
			 const struct model_map *wanted)
{
	/* The mapping may yet get that address: wait for it. */
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

/* Return the map of exactly the wanted bytes among the mapping and the maps inside it, or -1. */
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

/*
 * Decide on the cache mode. Only memory that nothing maps can get another mode than that in
 * force.
 */
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
	/* The mode is that of all the memory. */
	if (file->read_only || file->part)
		fail(verdict, -EACCES);
	if (model_maps_of(model, file->memory))
		fail(verdict, -EBUSY);
}

/* Decide whether a request that no mapping serves may create one. */
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
	/* A mapping that is built slowly is checked when it is built. */
	if ((request->options & IOKMEM_MAP_ANYWHERE) || request->slow)
		return;
	err = model_check_place(model, &verdict->new);
	if (err)
		fail(verdict, err);
	else
		verdict->new.address = verdict->new.at;
}

/* Return true if the younger of two mappings that serve is the better one. */
static bool is_better(const struct model_map *younger, const struct model_map *older)
{
	if (younger->offset != older->offset)
		return younger->offset < older->offset;
	return younger->length < older->length;
}

/*
 * Return the mapping that serves, or -1. The oldest mapping with a map of exactly the wanted
 * bytes is preferred, unless the request has a fixed address. Otherwise the one that begins
 * first serves.
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

/* model_decide - return what must become of a request now; the model does not change */
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
 * model_decide_mmap - the counterpart of model_decide() for mmap(), at an address of the
 * kernel's choice
 *
 * IOKMEM_MAP_READ_ONLY is the only option that counts: the request is not for a writable
 * mapping. The map has whole pages, and nothing shares it.
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
