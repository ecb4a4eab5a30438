// SPDX-License-Identifier: GPL-2.0
/*
 * The sharing rule: which map that exists serves a request.
 *
 * IOKit's rule (IOMemoryMap::copyCompatible()), by its documented contract where
 * its code does something else. A mapping serves a request if
 *
 *  1. it is in the same address space (not: in the same task),
 *  2. both are read-only, or neither is; the same for pinnable (which is ours);
 *     and their guards are the same,
 *  3. the request leaves the cache mode open, or names the one that the mapping
 *     was made with,
 *  4. the mapping is not Unique, nor is the request (which never gets here),
 *  5. the mapping's bytes contain the request's,
 *  6. the request leaves the address open, or names where the mapping has the
 *     request's first byte, and a map that reaches as far starts there: the
 *     mapping itself, or a sub-map.
 *
 *	mapping		offset |------------------| offset + length
 *	serves		       |------------------|	the same map
 *	serves			    |-------|		a sub-map, inside
 *	does not		    |------------------|
 *
 * If there is a map of just these bytes, a mapping that serves or inside one, that is
 * the map: so the same request gives the same map again. Otherwise it is a new sub-map,
 * inside the mapping that serves and begins first; of those the one that ends first; of
 * those the oldest. IOKit takes the oldest, and has to look at all for that; where there
 * are many that cross each other, nothing tells it but the look (lookup.c).
 *
 * IOKit would also give a placed request a map whose mapping starts at the
 * address, but which shows the wanted bytes further up. Here a placed request
 * gets its bytes where it asked for them, or an error.
 */
#include <linux/lockdep.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/cache.h"

static bool contains(const struct iokmem_map *mapping,
		     const struct iokmem_map_request *request)
{
	/* Neither side can wrap: both ranges lie inside the descriptor. */
	return request->offset >= mapping->offset &&
	       request->offset + request->length <= iokmem_map_end(mapping);
}

static bool address_serves(struct iokmem_map *mapping,
			   const struct iokmem_map_request *request)
{
	if (request->options & IOKMEM_MAP_ANYWHERE)
		return true;
	/* One under construction may come to lie there: wait and see. */
	if (mapping->state == IOKMEM_MAP_BUILDING)
		return request->offset == mapping->offset;
	return request->at == mapping->address +
			      (request->offset - mapping->offset) &&
	       iokmem_maps_start_at(mapping, request->offset, request->length);
}

/*
 * iokmem_map_serves - may @request be served by @mapping, or by a part of it?
 *
 * @mapping is a live one, or one under construction; not a sub-map.
 */
bool iokmem_map_serves(struct iokmem_map *mapping,
		       const struct iokmem_map_request *request)
{
	u32 cache = iokmem_cache_field(request->options);

	lockdep_assert_held(&mapping->desc->lock);

	return mapping->mm == request->mm &&
	       !((mapping->options ^ request->options) & IOKMEM_MAP_EQUAL) &&
	       (!cache || cache == iokmem_cache_field(mapping->options)) &&
	       !(mapping->options & IOKMEM_MAP_UNIQUE) &&
	       contains(mapping, request) &&
	       address_serves(mapping, request);
}
