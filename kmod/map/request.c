// SPDX-License-Identifier: GPL-2.0
/*
 * Checking requests for maps, and working out what exactly they ask for.
 *
 * Sub-descriptors are resolved here: a checked request names the descriptor that has the
 * memory. Nothing in this file looks at a list of maps or at an address space.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "map/map.h"
#include "page/cache.h"

#define IOKMEM_MAP_PROVIDED	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY | \
				 IOKMEM_MAP_REFERENCE | IOKMEM_MAP_UNIQUE | \
				 IOKMEM_MAP_PREFAULT | IOKMEM_MAP_OVERWRITE | \
				 IOKMEM_MAP_PINNABLE | IOKMEM_MAP_STATIC | \
				 IOKMEM_MAP_GUARDED_MASK | IOKMEM_MAP_CACHE_MASK)

static int check_guards(const struct iokmem_map_request *request)
{
	u32 guards = request->options & IOKMEM_MAP_GUARDED_MASK;

	if (!guards)
		return 0;
	/* The kernel chooses where there is room for guards, so they cannot be placed. */
	if (guards == IOKMEM_MAP_GUARDED_MASK ||
	    !(request->options & IOKMEM_MAP_ANYWHERE))
		return -EINVAL;
	/* VMAs that a kind fills itself cannot have guards. */
	return request->mm && iokmem_desc_fills_vma(request->desc) ? -EOPNOTSUPP : 0;
}

/* A static mapping already exists, so only options that describe it are allowed. */
static int check_static(const struct iokmem_map_request *request)
{
	if (request->options & ~(IOKMEM_MAP_STATIC | IOKMEM_MAP_READ_ONLY |
				 IOKMEM_MAP_CACHE_MASK))
		return -EINVAL;
	/* Coherent memory has no known frame for each page to compare. */
	return iokmem_desc_has_fixed_address(request->desc) ? -EOPNOTSUPP : 0;
}

/* Check as far as possible before the memory is retyped. The rest is checked later. */
static int check_pinnable(const struct iokmem_map_request *request)
{
	u32 mode = request->cache_mode;

	if (mode == IOKMEM_MAP_DEFAULT_CACHE)
		mode = iokmem_desc_get_cache_mode(request->desc);
	return request->mm && iokmem_desc_can_be_pinnable(request->desc) &&
	       mode == IOKMEM_MAP_COPYBACK_CACHE ? 0 : -EOPNOTSUPP;
}

static bool options_contradict(u32 options)
{
	return ((options & IOKMEM_MAP_REFERENCE) &&
		(options & (IOKMEM_MAP_UNIQUE | IOKMEM_MAP_OVERWRITE))) ||
	       ((options & IOKMEM_MAP_OVERWRITE) && (options & IOKMEM_MAP_ANYWHERE));
}

static int check_options(struct iokmem_map_request *request)
{
	u32 options = request->options, mode = iokmem_cache_field(options);
	int err;

	if (options & ~IOKMEM_MAP_PROVIDED)
		return -EOPNOTSUPP;
	if (options_contradict(options))
		return -EINVAL;
	err = check_guards(request);
	if (!err && mode != IOKMEM_MAP_DEFAULT_CACHE)
		err = iokmem_desc_resolve(request->desc, mode, &request->cache_mode);
	if (!err && (options & IOKMEM_MAP_PINNABLE))
		err = check_pinnable(request);
	if (!err && (options & IOKMEM_MAP_STATIC))
		err = check_static(request);
	return err;
}

/*
 * Filling a map in advance would have to read pageable memory from swap, so the memory must
 * be prepared. A range of addresses that are in a map has preparations of its own.
 */
static int check_prepared(const struct iokmem_map_request *request,
			  const struct iokmem_desc *desc)
{
	if (!(request->options & IOKMEM_MAP_PREFAULT) ||
	    !iokmem_desc_is_paged(request->desc))
		return 0;
	return READ_ONCE(request->desc->prepared) || READ_ONCE(desc->prepared) ? 0 : -EBADFD;
}

/* A length of 0 asks for the descriptor's length, not for the rest after the offset. */
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
	/* A descriptor of length 0 cannot be mapped. */
	if (end > whole || !whole)
		return -ERANGE;
	return 0;
}

/*
 * Check the address of a placed request. It is the address of a page, or of the first byte.
 * Page 0 is never mapped.
 */
static int check_address(struct iokmem_map_request *request, const struct iokmem_window *window)
{
	unsigned long in_page = offset_in_page(iokmem_desc_place(window->desc, window->offset));
	unsigned long start = request->at & PAGE_MASK;
	unsigned long end;

	if (request->options & IOKMEM_MAP_ANYWHERE)
		return 0;

	if (offset_in_page(request->at) &&
	    offset_in_page(request->at) != in_page)
		return -EINVAL;
	request->at = start + in_page;

	/* A placed kernel mapping is refused later, unless it is a static one. */
	if (!request->mm && !(request->options & IOKMEM_MAP_STATIC))
		return 0;
	if (!start ||
	    check_add_overflow(start, PAGE_ALIGN(in_page + request->length), &end) ||
	    (request->mm && end > request->mm->task_size))
		return -EADDRNOTAVAIL;
	return 0;
}

/*
 * iokmem_owns_pages - return true if all pages that a window touches are the
 * descriptor's own
 *
 * Whole pages are mapped, so the rest of the first and of the last page would be visible. The
 * window has at least a byte. @desc may be a sub-descriptor.
 */
bool iokmem_owns_pages(struct iokmem_desc *desc, size_t offset, size_t length)
{
	struct iokmem_window window = iokmem_window_of(desc, offset, length);
	size_t last = window.offset + length - 1, end = offset + length;
	size_t before = offset_in_page(iokmem_desc_place(window.desc, window.offset));
	size_t after = PAGE_SIZE - 1 - offset_in_page(iokmem_desc_place(window.desc, last));

	if (before > offset || end + after > desc->owned)
		return false;
	/* Behind the last byte of the memory there are only zeroes. */
	after = min(after, desc->capacity - min(end, desc->capacity));
	return iokmem_desc_is_seamless(window.desc, window.offset - before, before + 1) &&
	       iokmem_desc_is_seamless(window.desc, last, after + 1);
}

/*
 * iokmem_request_borrow - return the address that the memory already has
 *
 * Return 0 if it has none, or if the request cannot use the address, which is writable and
 * shared.
 */
unsigned long iokmem_request_borrow(const struct iokmem_map_request *request)
{
	const struct iokmem_desc *desc = request->desc;
	size_t place = iokmem_desc_place(desc, request->offset);

	if (!(request->options & IOKMEM_MAP_ANYWHERE) ||
	    (request->options & (IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE |
				 IOKMEM_MAP_GUARDED_MASK | IOKMEM_MAP_PINNABLE)))
		return 0;
	if (request->mm)
		return iokmem_desc_task_address(desc, request->mm, request->offset);
	return iokmem_desc_kernel_address(desc, place >> PAGE_SHIFT,
					  PAGE_ALIGN(offset_in_page(place) +
						     request->length) >> PAGE_SHIFT);
}

/*
 * iokmem_request_check - check a request for a map of @desc, which may be a
 * sub-descriptor
 *
 * The caller sets the offset in @desc. On success the request names the descriptor that has
 * the memory, and the length, the cache mode, and the address of the first byte are filled
 * in. Return 0 or an error that <uapi/linux/iokmem.h> lists.
 */
int iokmem_request_check(struct iokmem_map_request *request, struct iokmem_desc *desc)
{
	struct iokmem_window window;
	size_t offset;
	int err;

	request->desc = iokmem_desc_owner(desc);
	err = check_options(request);
	if (!err)
		err = iokmem_desc_check_write(desc, !(request->options & IOKMEM_MAP_READ_ONLY));
	if (!err)
		err = check_prepared(request, desc);
	if (!err)
		err = check_range(request, desc);
	if (err)
		return err;
	window = iokmem_window_of(desc, request->offset, request->length);
	if (!iokmem_desc_is_seamless(window.desc, window.offset, window.length))
		return -EINVAL;
	err = check_address(request, &window);
	if (err)
		return err;

	offset = request->offset;
	request->offset = window.offset;
	/* A program would see the rest of the pages, unless they are its own already. */
	if (request->mm && !(request->options & IOKMEM_MAP_STATIC) &&
	    !iokmem_owns_pages(desc, offset, request->length) && !iokmem_request_borrow(request))
		return -EACCES;
	return 0;
}
