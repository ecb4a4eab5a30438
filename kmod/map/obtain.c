// SPDX-License-Identifier: GPL-2.0
/*
 * Obtaining a map that serves a request: a map that exists, a new map of a mapping that
 * exists, or a new mapping.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "map/map.h"
#include "page/wake.h"
#include "trace.h"

/*
 * Drop the lock and wait, killably, until a mapping is live or killed. The caller must look
 * up everything again afterwards.
 */
static int wait_built(struct iokmem_mapping *mapping, struct iokmem_desc *desc)
{
	int err;

	lockdep_assert_held(&desc->lock);

	kref_get(&mapping->count);
	mutex_unlock(&desc->lock);
	err = wait_event_killable(desc->wait, READ_ONCE(mapping->state) !=
					      IOKMEM_MAPPING_BUILDING);
	iokmem_mapping_put(mapping);
	return err ? -EINTR : -ESTALE;
}

/* Record a static mapping at @at, which already exists. */
static int record(struct iokmem_mapping *mapping, unsigned long at)
{
	int err;

	err = iokmem_backing_hold(&mapping->backing, mapping->length, mapping->options, false,
				  mapping->mm);
	if (err)
		return err;
	mapping->borrowed = true;
	mapping->start = at & PAGE_MASK;
	return iokmem_mapping_check_static(mapping);
}

/*
 * Make the addresses of a new mapping. On success, a mapping with a VMA is live; any other
 * mapping has its address in @start, and is still to be published.
 */
static int make(struct iokmem_mapping *mapping, const struct iokmem_map_request *request)
{
	bool placed = !(request->options & IOKMEM_MAP_ANYWHERE), paged;
	struct iokmem_desc *desc = request->desc;
	int err = 0;

	if (request->options & IOKMEM_MAP_STATIC)
		return record(mapping, request->at);
	if (!request->mm && placed)
		return -EOPNOTSUPP;
	paged = request->mm && iokmem_desc_is_paged(desc);
	if (iokmem_desc_has_held_address(desc))
		err = iokmem_backing_hold(&mapping->backing, request->length, request->options,
					  paged, request->mm);
	if (err)
		return err;
	mapping->start = iokmem_request_borrow(request) & PAGE_MASK;
	if (mapping->start) {
		mapping->borrowed = true;
		return 0;
	}
	err = iokmem_backing_hold(&mapping->backing, request->length, request->options, paged,
				  request->mm);
	if (!err && (request->options & IOKMEM_MAP_PINNABLE))
		err = iokmem_desc_check_pinnable(desc);
	if (err)
		return err;
	if (request->mm)
		return iokmem_map_user(mapping, placed ? request->at & PAGE_MASK : 0,
				       request->file);
	return iokmem_map_kernel(mapping);
}

/* Build a mapping that the caller has listed, and has in use. */
static int build(struct iokmem_mapping *mapping, const struct iokmem_map_request *request)
{
	struct iokmem_desc *desc = request->desc;
	int err;

	err = make(mapping, request);
	if (err)
		return err;
	/* iokmem_vma_claim() has published the mapping already. */
	if (mapping->bound)
		return 0;
	mutex_lock(&desc->lock);
	/* If it was published, and has ended since, the caller gets a map that has ended. */
	if (mapping->state == IOKMEM_MAPPING_BUILDING)
		err = iokmem_mapping_go_live(mapping);
	mutex_unlock(&desc->lock);
	return err;
}

/**
 * struct spare - objects that a request may need, allocated while no lock is held
 * @mapping: for a new mapping
 * @part: for a map of a part of a mapping
 * @wants_part: @part is missing, and not @mapping
 */
struct spare {
	struct iokmem_mapping *mapping;
	struct iokmem_map *part;
	bool wants_part;
};

static int spare_fill(struct spare *spare, const struct iokmem_map_request *request)
{
	if (spare->wants_part)
		spare->part = iokmem_map_alloc(request);
	else
		spare->mapping = iokmem_mapping_alloc(request, true);
	return spare->part || spare->mapping ? 0 : -ENOMEM;
}

static void spare_free(struct spare *spare)
{
	if (spare->part)
		iokmem_map_free(spare->part);
	if (spare->mapping)
		iokmem_mapping_put(spare->mapping);
}

/*
 * Add a map of the wanted bytes to a mapping that contains them. Return NULL if the spare
 * map is missing.
 */
static struct iokmem_map *add_part(struct iokmem_mapping *mapping,
				   const struct iokmem_map_request *request,
				   struct spare *spare)
{
	struct iokmem_map *map = spare->part;

	spare->wants_part = !map;
	spare->part = NULL;
	if (map)
		iokmem_map_add(map, mapping, request->offset);
	return map;
}

/*
 * List a new mapping, which the caller must build. Return NULL if the spare mapping is
 * missing.
 */
static struct iokmem_map *list_new(const struct iokmem_map_request *request,
				   struct spare *spare)
{
	struct iokmem_mapping *mapping = spare->mapping;

	if (request->options & IOKMEM_MAP_REFERENCE)
		return ERR_PTR(-ENOENT);
	spare->wants_part = false;
	if (!mapping)
		return NULL;
	iokmem_mapping_list(mapping);
	return &mapping->whole;
}

/*
 * Find or list a map that serves @request, and take a reference to it. Return NULL if a
 * spare object is missing, or -ESTALE after a wait: the caller must look again.
 */
static struct iokmem_map *find_or_list(struct iokmem_map_request *request,
				       struct spare *spare)
{
	struct iokmem_desc *desc = request->desc;
	struct iokmem_map *map = NULL;
	int err;

	err = iokmem_lock_in_mode(request);
	if (err)
		return ERR_PTR(err);
	if (!(request->options & IOKMEM_MAP_UNIQUE))
		map = iokmem_sharing_find(request);
	if (map && map->mapping->state == IOKMEM_MAPPING_BUILDING)
		return ERR_PTR(wait_built(map->mapping, desc));
	if (!map)
		map = list_new(request, spare);
	else if (!iokmem_map_has_window(map, request->offset, request->length))
		map = add_part(map->mapping, request, spare);
	if (!IS_ERR_OR_NULL(map))
		iokmem_map_use(map);
	mutex_unlock(&desc->lock);
	return map;
}

/* Obtain a map whose mapping is built. */
static struct iokmem_map *obtain(struct iokmem_map_request *request,
				 struct spare *spare)
{
	struct iokmem_map *map = NULL;
	int err = 0;

	/* Begin with a new mapping where nothing is mapped: a look would be in vain. */
	if (!(request->options & IOKMEM_MAP_REFERENCE) && !READ_ONCE(request->desc->nr_maps))
		err = spare_fill(spare, request);
	while (!map && !err) {
		map = find_or_list(request, spare);
		if (!map)
			err = spare_fill(spare, request);
	}
	if (err || IS_ERR(map))
		return err ? ERR_PTR(err) : map;
	if (!spare->mapping || map != &spare->mapping->whole) {
		trace_iokmem_share(map);
		return map;
	}
	err = build(map->mapping, request);
	if (!err)
		return map;
	iokmem_map_drop(map, false);
	return ERR_PTR(err);
}

/*
 * Kill a static mapping whose addresses no longer show the memory, since nothing tells when
 * that happens. Return the map, or -ESTALE if the mapping has been killed. If the check
 * itself fails, only this request fails.
 */
static struct iokmem_map *forget_stale(struct iokmem_map *map)
{
	struct iokmem_mapping *mapping = map->mapping;
	struct iokmem_desc *desc;
	bool killed;
	int err;

	if (!(mapping->options & IOKMEM_MAP_STATIC))
		return map;
	err = iokmem_mapping_check_static(mapping);
	if (!err)
		return map;
	if (err == -ENXIO || err == -EFAULT || err == -EACCES) {
		desc = iokmem_mapping_lock(mapping);
		killed = iokmem_mapping_kill(mapping);
		mutex_unlock(&desc->lock);
		if (killed)
			iokmem_mapping_end(mapping, false);
		err = -ESTALE;
	}
	iokmem_map_drop(map, false);
	return ERR_PTR(err);
}

/*
 * Limits the retries, since a program could unmap each new map at once and keep a request
 * busy for ever.
 */
#define IOKMEM_MAX_TRIES	1000

/*
 * iokmem_map_obtain - return a map that serves @request, which has been checked
 *
 * The caller gets a reference. On error the memory has its old cache mode back: see
 * iokmem_undo_mode().
 */
struct iokmem_map *iokmem_map_obtain(struct iokmem_map_request *request)
{
	struct iokmem_map *map;
	int tries = 0;

	might_sleep();

	do {
		struct spare spare = {};

		map = obtain(request, &spare);
		if (!IS_ERR(map))
			map = forget_stale(map);
		spare_free(&spare);
	} while (map == ERR_PTR(-ESTALE) && tries++ < IOKMEM_MAX_TRIES);
	if (IS_ERR(map))
		iokmem_undo_mode(request->desc, &request->change);
	return map == ERR_PTR(-ESTALE) ? ERR_PTR(-EAGAIN) : map;
}
