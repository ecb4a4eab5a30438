// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for maps: whether one makes sense, and what exactly it asks for. No
 * list of maps and no address space is looked at.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/cache.h"

#define IOKMEM_MAP_PROVIDED	(IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_READ_ONLY | \
				 IOKMEM_MAP_REFERENCE | IOKMEM_MAP_UNIQUE | \
				 IOKMEM_MAP_PREFAULT | IOKMEM_MAP_OVERWRITE | \
				 IOKMEM_MAP_PINNABLE | IOKMEM_MAP_STATIC | \
				 IOKMEM_MAP_GUARDED_MASK | IOKMEM_MAP_CACHE_MASK)

/* Guards are wherever there is room for them, in user tasks. */
static int check_guards(const struct iokmem_map_request *request,
			const struct iokmem_desc *root)
{
	u32 guards = request->options & IOKMEM_MAP_GUARDED_MASK;

	if (!guards)
		return 0;
	if (guards == IOKMEM_MAP_GUARDED_MASK ||
	    !(request->options & IOKMEM_MAP_ANYWHERE))
		return -EINVAL;
	/* The kernel's own mappings, and the DMA API's, have nothing around them. */
	return !request->mm || iokmem_desc_fills_vma(root) ? -EOPNOTSUPP : 0;
}

/* What is there already is as it is. */
static int check_static(const struct iokmem_map_request *request,
			const struct iokmem_desc *root)
{
	if (request->options & ~(IOKMEM_MAP_STATIC | IOKMEM_MAP_READ_ONLY |
				 IOKMEM_MAP_CACHE_MASK))
		return -EINVAL;
	/* Where it is cannot be told page by page. */
	return iokmem_desc_has_fixed_address(root) ? -EOPNOTSUPP : 0;
}

/* As far as can be told before the memory has the mode it is to have. */
static int check_pinnable(const struct iokmem_map_request *request,
			  const struct iokmem_desc *root)
{
	u32 mode = request->cache_mode;

	if (mode == IOKMEM_MAP_DEFAULT_CACHE)
		mode = iokmem_desc_get_cache_mode(root);
	return request->mm && iokmem_desc_can_be_pinnable(root) &&
	       mode == IOKMEM_MAP_COPYBACK_CACHE ? 0 : -EOPNOTSUPP;
}

/* Options that rule each other out. */
static bool options_contradict(u32 options)
{
	return ((options & IOKMEM_MAP_REFERENCE) &&
		(options & (IOKMEM_MAP_UNIQUE | IOKMEM_MAP_OVERWRITE))) ||
	       ((options & IOKMEM_MAP_OVERWRITE) && (options & IOKMEM_MAP_ANYWHERE));
}

static int check_options(struct iokmem_map_request *request,
			 const struct iokmem_desc *root)
{
	u32 options = request->options, mode = iokmem_cache_field(options);
	int err;

	if (options & ~IOKMEM_MAP_PROVIDED)
		return -EOPNOTSUPP;
	if (options_contradict(options))
		return -EINVAL;
	err = check_guards(request, root);
	if (!err && mode != IOKMEM_MAP_DEFAULT_CACHE)
		err = iokmem_desc_resolve(root, mode, &request->cache_mode);
	if (!err && (options & IOKMEM_MAP_PINNABLE))
		err = check_pinnable(request, root);
	if (!err && (options & IOKMEM_MAP_STATIC))
		err = check_static(request, root);
	return err;
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
static int check_address(struct iokmem_map_request *request,
			 const struct iokmem_desc *desc)
{
	unsigned long in_page = offset_in_page(desc->skew + request->offset);
	unsigned long start = request->at & PAGE_MASK;
	unsigned long end;

	if (request->options & IOKMEM_MAP_ANYWHERE)
		return 0;

	if (offset_in_page(request->at) &&
	    offset_in_page(request->at) != in_page)
		return -EINVAL;
	request->at = start + in_page;

	/* The kernel has no mappings at addresses of the caller's choice but these. */
	if (!request->mm && !(request->options & IOKMEM_MAP_STATIC))
		return 0;
	if (!start ||
	    check_add_overflow(start, PAGE_ALIGN(in_page + request->length), &end) ||
	    (request->mm && end > request->mm->task_size))
		return -EADDRNOTAVAIL;
	return 0;
}

/*
 * iokmem_owns_pages - are the pages around a window all the descriptor's own?
 *
 * Whole pages are mapped. What else is in the first and the last one is nobody's
 * business if it is not of the same memory.
 */
bool iokmem_owns_pages(const struct iokmem_desc *desc, size_t offset,
		       size_t length)
{
	size_t first = (desc->skew + offset) & PAGE_MASK;
	size_t end = PAGE_ALIGN(desc->skew + offset + length);

	return first >= desc->skew && end <= desc->skew + desc->owned;
}

/*
 * iokmem_map_borrow - where the memory is anyhow, if that will do; or 0
 *
 * The addresses that it has are writable, and everybody's.
 */
unsigned long iokmem_map_borrow(const struct iokmem_map_request *request,
				const struct iokmem_desc *desc)
{
	size_t place = desc->skew + request->offset;
	unsigned long nr;

	if (!(request->options & IOKMEM_MAP_ANYWHERE) ||
	    (request->options & (IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_UNIQUE |
				 IOKMEM_MAP_GUARDED_MASK | IOKMEM_MAP_PINNABLE)))
		return 0;
	if (request->mm)
		return iokmem_desc_task_address(desc, request->mm, request->offset);
	nr = PAGE_ALIGN(offset_in_page(place) + request->length) >> PAGE_SHIFT;
	return iokmem_desc_kernel_address(desc, place >> PAGE_SHIFT, nr);
}

static bool is_borrowed(const struct iokmem_map_request *request,
			struct iokmem_desc *desc)
{
	struct iokmem_map_request at_root = *request;
	struct iokmem_desc *root = iokmem_desc_root(desc, &at_root.offset);

	return iokmem_map_borrow(&at_root, root);
}

/* User tasks see whole pages, unless the memory is theirs already. */
static int check_pages(const struct iokmem_map_request *request,
		       struct iokmem_desc *desc)
{
	if (!request->mm || (request->options & IOKMEM_MAP_STATIC) ||
	    iokmem_owns_pages(desc, request->offset, request->length) ||
	    is_borrowed(request, desc))
		return 0;
	return -EACCES;
}

/*
 * Pages that need not be anywhere would have to be brought in first. The kernel's own
 * mappings are complete in any case.
 */
static int check_prepared(const struct iokmem_map_request *request,
			  const struct iokmem_desc *root)
{
	if (!(request->options & IOKMEM_MAP_PREFAULT) || iokmem_desc_is_always_there(root))
		return 0;
	return READ_ONCE(root->prepared) ? 0 : -EBADFD;
}

/*
 * iokmem_map_check - is this a request that can be served, and what for exactly?
 *
 * @desc may be a sub-descriptor; offsets stay in that. Fills in the length, the cache
 * mode, and the address of the first byte. Returns 0 or the error that
 * <uapi/linux/iokmem.h> lists.
 */
int iokmem_map_check(struct iokmem_map_request *request,
		     struct iokmem_desc *desc)
{
	size_t offset = 0;
	struct iokmem_desc *root = iokmem_desc_root(desc, &offset);
	int err;

	err = check_options(request, root);
	if (!err)
		err = check_prepared(request, root);
	if (!err)
		err = check_range(request, desc);
	if (!err)
		err = check_address(request, desc);
	if (!err)
		err = check_pages(request, desc);
	return err;
}
