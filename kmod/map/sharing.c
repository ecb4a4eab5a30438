// SPDX-License-Identifier: GPL-2.0
/*
 * The sharing rule: which mapping serves a request.
 *
 * The rule is that of IOKit (IOMemoryMap::copyCompatible()). Where IOKit's code and its
 * documentation differ, the rule is the documented one. A mapping serves a request if
 *
 *  1. both are in one address space, whatever the tasks are,
 *  2. both are read-only, or neither is; both are pinnable, or neither is; and their
 *     guards are equal,
 *  3. the request leaves the cache mode open, or names the mode that the mapping was
 *     asked for with,
 *  4. neither is Unique (a Unique request never gets here),
 *  5. the mapping's bytes contain the request's,
 *  6. the request leaves the address open; or it names the address at which the mapping
 *     has the request's first byte, and a map that contains the request's bytes starts
 *     there.
 *
 *	mapping		offset |------------------| offset + length
 *	serves		       |------------------|	by its map of all bytes
 *	serves			    |-------|		by a map of a part
 *	does not		    |------------------|
 *
 * A map of exactly the wanted bytes is preferred, so equal requests get one map. Otherwise
 * the request gets a new map of the mapping that begins first. Of mappings that begin alike
 * the one that ends first is taken, and of equal ones the oldest. IOKit takes the oldest of
 * all mappings, for which it has to look at all of them.
 *
 * IOKit also serves a placed request by a mapping that starts at the address, but shows the
 * wanted bytes further up. Here a placed request gets its bytes at the address it named,
 * or an error.
 */
#include <linux/lockdep.h>

#include "map/map.h"
#include "page/cache.h"

static bool contains(const struct iokmem_mapping *mapping,
		     const struct iokmem_map_request *request)
{
	/* Neither sum can wrap: both ranges lie inside the descriptor. */
	return request->offset >= mapping->backing.offset &&
	       request->offset + request->length <=
	       mapping->backing.offset + mapping->length;
}

static bool address_serves(struct iokmem_mapping *mapping,
			   const struct iokmem_map_request *request)
{
	if (request->options & IOKMEM_MAP_ANYWHERE)
		return true;
	/* A mapping under construction has no address yet: the request waits for it. */
	if (mapping->state == IOKMEM_MAPPING_BUILDING)
		return request->offset == mapping->backing.offset;
	return request->at == mapping->address +
			      (request->offset - mapping->backing.offset) &&
	       iokmem_index_starts_at(mapping, request->offset, request->length);
}

/*
 * iokmem_mapping_serves - return true if @mapping serves @request
 *
 * @mapping is of the request's descriptor. It may be under construction.
 */
bool iokmem_mapping_serves(struct iokmem_mapping *mapping,
			   const struct iokmem_map_request *request)
{
	u32 cache = iokmem_cache_field(request->options);

	lockdep_assert_held(&request->desc->lock);

	return mapping->state != IOKMEM_MAPPING_KILLED &&
	       mapping->mm == request->mm &&
	       !((mapping->options ^ request->options) & IOKMEM_MAP_EQUAL) &&
	       (!cache || cache == iokmem_cache_field(mapping->options)) &&
	       !(mapping->options & IOKMEM_MAP_UNIQUE) &&
	       contains(mapping, request) &&
	       address_serves(mapping, request);
}

/*
 * iokmem_sharing_find - find the map or the mapping that serves @request
 *
 * Return a map of exactly the wanted bytes, or else the map of all bytes of a mapping that
 * contains them, or NULL. The mapping may be under construction, and the map may not be
 * in use.
 */
struct iokmem_map *iokmem_sharing_find(const struct iokmem_map_request *request)
{
	struct iokmem_map *map, *exact;

	lockdep_assert_held(&request->desc->lock);

	if (RB_EMPTY_ROOT(&request->desc->index))
		return NULL;
	/*
	 * Several mappings may have a map of exactly the wanted bytes. A placed request needs
	 * the one in the mapping at its address.
	 */
	if (request->options & IOKMEM_MAP_ANYWHERE) {
		map = iokmem_index_find_exact(request, iokmem_mapping_serves);
		return map ? map : iokmem_index_find(request, iokmem_mapping_serves);
	}
	map = iokmem_index_find_at(request, iokmem_mapping_serves);
	exact = map ? iokmem_index_find_in(map->mapping, request->offset,
					   request->length) : NULL;
	return exact ? exact : map;
}
