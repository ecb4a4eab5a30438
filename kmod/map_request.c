// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for maps: whether one makes sense, and what exactly it asks for. No
 * list of maps and no address space is looked at.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "cache.h"
#include "desc.h"
#include "map.h"

#define IOKMEM_MAP_PROVIDED	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY | \
				 IOKMEM_MAP_REFERENCE | IOKMEM_MAP_UNIQUE | \
				 IOKMEM_MAP_CACHE_MASK)

static int check_options(u32 options)
{
	u32 mode;

	if (options & ~IOKMEM_MAP_PROVIDED)
		return -EOPNOTSUPP;
	if ((options & IOKMEM_MAP_UNIQUE) && (options & IOKMEM_MAP_REFERENCE))
		return -EINVAL;
	return iokmem_cache_resolve(iokmem_cache_field(options), &mode);
}

/* Length 0 is the whole length, not the rest after the offset. */
static int check_range(struct iokmem_map_request *request,
		       const struct iokmem_desc *desc)
{
	size_t whole = iokmem_desc_get_length(desc);
	size_t end;

	if (!request->length) {
		if (request->offset)
			return -EINVAL;
		request->length = whole;
	}
	if (check_add_overflow(request->offset, request->length, &end))
		return -EOVERFLOW;
	/* Nothing at all cannot be mapped either. */
	if (end > whole || !whole)
		return -ERANGE;
	return 0;
}

/*
 * A placed request gives the address of a page or that of the first byte. Page
 * zero is nobody's.
 */
static int check_address(struct iokmem_map_request *request)
{
	unsigned long in_page = offset_in_page(request->offset);
	unsigned long start = request->at & PAGE_MASK;
	unsigned long end;

	if (request->options & IOKMEM_MAP_ANYWHERE)
		return 0;

	if (offset_in_page(request->at) &&
	    offset_in_page(request->at) != in_page)
		return -EINVAL;
	request->at = start + in_page;

	if (!request->mm)
		return 0;
	if (!start ||
	    check_add_overflow(start, PAGE_ALIGN(in_page + request->length), &end) ||
	    end > request->mm->task_size)
		return -EADDRNOTAVAIL;
	return 0;
}

/*
 * iokmem_map_check - is this a request that can be served, and what for exactly?
 *
 * Fills in the length, and the address of the first byte. Returns 0 or the error
 * that <uapi/linux/iokmem.h> lists.
 */
int iokmem_map_check(struct iokmem_map_request *request,
		     const struct iokmem_desc *desc)
{
	int err;

	err = check_options(request->options);
	if (!err)
		err = check_range(request, desc);
	if (!err)
		err = check_address(request);
	return err;
}
