// SPDX-License-Identifier: GPL-2.0
/*
 * Redirecting: a Unique user mapping shows other memory, at the same address.
 *
 * The new memory is got ready first, by a *seat*: a mapping of it that is listed and
 * holds it as any other, but has no addresses. Then the mapping and the seat exchange
 * what they show, with the mmap lock held so that nobody is in a fault, and the seat
 * goes with the old memory. So nothing has changed if anything fails, and the old
 * memory is kept until the new one is there.
 *
 * Redirected to nothing the mapping keeps its memory, but whoever touches it waits.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/cache.h"
#include "page/compat.h"

/* What the mapping would be, were it made of that memory. */
static int make_request(struct iokmem_map_request *request, struct iokmem_map *map,
			struct iokmem_desc *backing, u32 options, size_t offset)
{
	unsigned long address = iokmem_map_get_address(map);

	*request = (struct iokmem_map_request) {
		.mm = map->mm,
		.task = current,
		.options = (map->options & ~IOKMEM_MAP_CACHE_MASK &
			    ~IOKMEM_MAP_PREFAULT) | options,
		.seat = true,
		.at = address,
		.offset = offset,
		.length = map->length,
	};
	if (options & ~IOKMEM_MAP_CACHE_MASK)
		return -EOPNOTSUPP;
	if (!address)
		return -ENOENT;
	if (offset_in_page(backing->skew + offset) != offset_in_page(address))
		return -EINVAL;
	return iokmem_map_check(request, backing);
}

/* The memory that it has is what it may show in any case. */
static bool resume(struct iokmem_map *map, struct iokmem_desc *backing, size_t offset)
{
	struct iokmem_desc *root = iokmem_desc_root(backing, &offset);

	/* Offsets that wrap are not looked for. */
	return offset <= root->capacity && iokmem_map_resume(map, root, offset);
}

/* There would be nothing to see. */
static bool is_purged(struct iokmem_desc *desc)
{
	u32 state;

	return !iokmem_desc_set_purgeable(desc, IOKMEM_PURGEABLE_KEEP_CURRENT,
					  &state) &&
	       state == IOKMEM_PURGEABLE_EMPTY;
}

/* @desc is not a sub-descriptor; @request is for it. */
static int redirect(struct iokmem_map *map, struct iokmem_desc *desc,
		    struct iokmem_map_request *request)
{
	u32 cache_mode = iokmem_desc_get_cache_mode(desc);
	struct iokmem_map *seat;
	int err;

	request->paged = iokmem_map_is_paged(map, desc, request->offset);
	seat = iokmem_map_obtain(desc, request);
	if (IS_ERR(seat))
		return PTR_ERR(seat);
	/* All references to a Unique map are one user of its descriptor. */
	iokmem_desc_get(desc);
	err = iokmem_map_switch(map, seat);
	if (err) {
		iokmem_map_drop(seat);
		iokmem_desc_restore_mode(desc, cache_mode);
	} else {
		desc = seat->desc;
		iokmem_map_drop(seat);
	}
	iokmem_desc_put(desc);
	return err;
}

/*
 * iokmem_map_redirect_to - as iokmem_map_redirect()
 *
 * But if @keep_mode, -EACCES instead of another cache mode.
 */
int iokmem_map_redirect_to(struct iokmem_map *map, struct iokmem_desc *backing,
			   u32 options, size_t offset, bool keep_mode)
{
	struct iokmem_map_request request;
	int err;

	if (!map->mm || (map->options & IOKMEM_MAP_PINNABLE))
		return -EOPNOTSUPP;
	if (!(map->options & IOKMEM_MAP_UNIQUE))
		return -ENOTUNIQ;
	if (!backing)
		return options || offset ? -EINVAL : iokmem_map_block(map);

	if (!options && resume(map, backing, offset))
		return 0;
	err = make_request(&request, map, backing, options, offset);
	if (err)
		return err;
	if (is_purged(backing))
		return -ENODATA;
	request.keep_mode = keep_mode;
	backing = iokmem_desc_root(backing, &request.offset);
	if (iokmem_desc_fills_vma(backing))
		return -EOPNOTSUPP;
	err = redirect(map, backing, &request);
	/* As far as there is memory for it: it shows the new memory in any case. */
	if (!err && (map->options & IOKMEM_MAP_PREFAULT))
		iokmem_map_populate(map);
	return err;
}

/**
 * iokmem_map_redirect - have a map show other memory
 * @map: a Unique map of a user task's, not pinnable
 * @backing: the new memory; NULL: none
 * @options: the cache mode that @backing has to have, or 0
 * @offset: of the first byte in @backing; it must have the same place in its page as
 *	the first byte that @map shows
 *
 * Follows IOMemoryMap::redirect(), by its documented contract: the map's address and
 * length stay, and no other map of either memory changes. @map is a map of @backing
 * from now on, and needs the old memory no more. @backing may be of another kind and
 * cache mode, but not coherent memory; pageable memory stays in memory while a map that
 * was not made of it shows it. One that was made of it can show it only as it was made,
 * not at another offset or as part of a multi-descriptor.
 *
 * With NULL, whoever touches the map sleeps, until the map is redirected to some
 * memory, be it the same, or ends. A sleeping thread can be killed, and does not keep
 * others from changing the address space. So a driver can take the memory of a device
 * away from a program, and give it back, or other memory in its place, such as
 * zeroes.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then nothing has changed:
 *
 * * -EOPNOTSUPP: a map of the kernel's, whose entries cannot be changed in place; a
 *   pinnable map; coherent memory; pageable memory that the map was made of, in
 *   another way; another option than a cache mode, one that is unknown or not provided
 * * -ENOTUNIQ: the map is not Unique
 * * -ENOENT: the map has ended
 * * -EINVAL: @offset is not at the same place in its page; @offset or @options without
 *   @backing
 * * -EOVERFLOW: @offset plus the map's length wraps
 * * -ERANGE: @backing is too short
 * * -ENODATA: @backing has been emptied
 * * -EACCES, -EBUSY, -EFAULT, -EPERM, -ENOMEM, -EIO, -EINTR: as
 *   iokmem_desc_create_mapping_in_task()
 */
int iokmem_map_redirect(struct iokmem_map *map, struct iokmem_desc *backing,
			u32 options, size_t offset)
{
	might_sleep();
	return iokmem_map_redirect_to(map, backing, options, offset, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_redirect, IOKMEM_NS);
