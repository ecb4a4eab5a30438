// SPDX-License-Identifier: GPL-2.0
/*
 * The sharing rule: which map that exists serves a request.
 *
 * IOKit's rule (IOMemoryMap::copyCompatible()), by its documented contract where
 * its code does something else. A mapping serves a request if
 *
 *  1. it is in the same address space (not: in the same task),
 *  2. both are read-only, or neither is; and their guards are the same,
 *  3. the request leaves the cache mode open, or names the one that the mapping
 *     was made with,
 *  4. the mapping is not Unique, nor is the request (which never gets here),
 *  5. the mapping's bytes contain the request's,
 *  6. the request leaves the address open, or names the mapping's first byte,
 *     and that is the byte it wants.
 *
 *	mapping		offset |------------------| offset + length
 *	serves		       |------------------|	the same map
 *	serves			    |-------|		a sub-map, inside
 *	does not		    |------------------|
 *
 * The oldest mapping that serves is taken. If a map of just that window of it
 * exists, that is the map; otherwise a new sub-map is. So the same request
 * always gives the same map.
 *
 * IOKit would also give a placed request a map whose mapping starts at the
 * address, but which shows the wanted bytes further up. Here a placed request
 * gets its bytes where it asked for them, or an error.
 */
#include <linux/list.h>
#include <linux/lockdep.h>

#include "cache.h"
#include "desc.h"
#include "map.h"

/* Options that must be the same in a map and in a request for it. */
#define IOKMEM_MAP_EQUAL	(IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_GUARDED_MASK)

static bool contains(const struct iokmem_map *map,
		     const struct iokmem_map_request *request)
{
	/* Neither side can wrap: both ranges lie inside the descriptor. */
	return request->offset >= map->offset &&
	       request->offset + request->length <= map->offset + map->length;
}

static bool address_serves(const struct iokmem_map *map,
			   const struct iokmem_map_request *request)
{
	if (request->options & IOKMEM_MAP_ANYWHERE)
		return true;
	/* A map under construction may come to lie there: wait and see. */
	if (map->state == IOKMEM_MAP_BUILDING)
		return request->offset == map->offset;
	return request->at == map->address && request->offset == map->offset;
}

static bool serves(const struct iokmem_map *map,
		   const struct iokmem_map_request *request)
{
	u32 cache = iokmem_cache_field(request->options);

	return map->mm == request->mm &&
	       !((map->options ^ request->options) & IOKMEM_MAP_EQUAL) &&
	       (!cache || cache == iokmem_cache_field(map->options)) &&
	       !(map->options & IOKMEM_MAP_UNIQUE) &&
	       contains(map, request) &&
	       address_serves(map, request);
}

/*
 * iokmem_map_find - the oldest map that serves @request, or NULL
 *
 * It may be under construction. A sub-map is found only by a placed request,
 * for its own first byte; any other is served by the mapping around it as well.
 */
struct iokmem_map *iokmem_map_find(struct iokmem_desc *desc,
				   const struct iokmem_map_request *request)
{
	struct iokmem_map *map, *sub;

	lockdep_assert_held(&desc->lock);

	list_for_each_entry(map, &desc->maps, node) {
		if (serves(map, request))
			return map;
		if (request->options & IOKMEM_MAP_ANYWHERE ||
		    map->mm != request->mm)
			continue;
		list_for_each_entry(sub, &map->subs, node)
			if (serves(sub, request))
				return sub;
	}
	return NULL;
}

/*
 * iokmem_map_find_window - the map of just this window of @mapping, or NULL
 *
 * @mapping is one, not a sub-map. Which options the window was asked for with
 * does not matter, since the mapping serves the request.
 */
struct iokmem_map *iokmem_map_find_window(struct iokmem_map *mapping,
					  size_t offset, size_t length)
{
	struct iokmem_map *sub;

	lockdep_assert_held(&mapping->desc->lock);

	if (mapping->offset == offset && mapping->length == length)
		return mapping;
	list_for_each_entry(sub, &mapping->subs, node)
		if (sub->offset == offset && sub->length == length)
			return sub;
	return NULL;
}
