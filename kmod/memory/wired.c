// SPDX-License-Identifier: GPL-2.0
/*
 * Wired memory: ordinary RAM that is there from birth to death, never moves and is never
 * swapped. It can have any cache mode, and be contiguous or below an address.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "desc/desc.h"
#include "desc/vmap.h"
#include "memory/memory.h"
#include "page/cache.h"
#include "page/pages.h"

/**
 * struct iokmem_wired - a descriptor of wired memory
 * @desc: the descriptor; its extents are the memory
 * @pages: where the memory came from
 */
struct iokmem_wired {
	struct iokmem_desc desc;
	struct iokmem_pages pages;	/* changed with hold_lock of @desc held */
};

static struct iokmem_wired *wired_of(struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_wired, desc);
}

/*
 * The kernel's map of all memory is writable and for everybody. It will do for neighbours
 * if it has their type.
 */
static unsigned long wired_kernel_address(const struct iokmem_desc *desc,
					  pgoff_t index, unsigned long nr)
{
	const struct iokmem_extents *extents = &desc->extents;
	struct iokmem_run run = { .pfn = extents->array[0].pfn + index };

	if (!iokmem_cache_in_direct_map(desc->cache_mode))
		return 0;
	if (extents->nr > 1) {
		run = iokmem_extents_lookup(extents, index);
		if (run.nr < nr && !iokmem_extents_contiguous(extents, index, nr))
			return 0;
	}
	return (unsigned long)page_address(pfn_to_page(run.pfn));
}

/* Copy bytes by addresses that have the memory's own type. */
static int access_mapped(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write)
{
	size_t in_page = offset_in_page(offset);
	void *address;

	address = iokmem_vmap(desc, offset >> PAGE_SHIFT,
			      PAGE_ALIGN(in_page + length) >> PAGE_SHIFT, PAGE_KERNEL, 0);
	if (IS_ERR(address))
		return PTR_ERR(address);
	iokmem_access_address(address + in_page, bytes, length, write);
	vunmap(address);
	return 0;
}

/*
 * Where the kernel's map of all memory is always copyback, it must not be used for memory of
 * another mode, nor while the mode changes. The hold_lock keeps the mode.
 */
static int wired_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			size_t length, bool write)
{
	int err;

	if (iokmem_cache_in_direct_map(IOKMEM_MAP_INHIBIT_CACHE))
		return iokmem_access_frames(desc, offset, bytes, length, write);
	if (mutex_lock_killable(&desc->hold_lock))
		return -EINTR;
	if (iokmem_cache_in_direct_map(desc->cache_mode))
		err = iokmem_access_frames(desc, offset, bytes, length, write);
	else
		err = access_mapped(desc, offset, bytes, length, write);
	mutex_unlock(&desc->hold_lock);
	return err;
}

/* Somebody who has pinned a page of a map that is gone may still use the page. */
static int wired_retype(struct iokmem_desc *desc, u32 cache_mode)
{
	struct iokmem_pages *pages = &wired_of(desc)->pages;

	lockdep_assert_held(&desc->hold_lock);

	if (iokmem_pages_pinned(pages))
		return -EBUSY;
	return iokmem_pages_retype(pages, cache_mode);
}

/*
 * Pages that are not cached should not be pinned. Pages of a pool or of the reserve cannot
 * be: they must go back when the descriptor goes.
 */
static int wired_check_pinnable(struct iokmem_desc *desc)
{
	return desc->cache_mode == IOKMEM_MAP_COPYBACK_CACHE &&
	       wired_of(desc)->pages.source == IOKMEM_PAGES_BLOCKS ? 0 : -EOPNOTSUPP;
}

static void wired_release(struct iokmem_desc *desc)
{
	if (desc->extents.nr)
		iokmem_pages_free(&wired_of(desc)->pages, &desc->charge);
}

static const struct iokmem_store_ops wired_store = {
	.retype		= wired_retype,
};

static const struct iokmem_show_ops wired_show = {
	.kernel_address	= wired_kernel_address,
	.check_pinnable	= wired_check_pinnable,
};

static const struct iokmem_bytes_ops wired_bytes = {
	.access		= wired_access,
};

static const struct iokmem_kind iokmem_wired_kind = {
	.name		= "wired",
	.is_buffer	= true,
	.always_there	= true,
	.typed		= true,
	.resolve	= iokmem_cache_resolve_ram,
	.store		= &wired_store,
	.show		= &wired_show,
	.bytes		= &wired_bytes,
	.release	= wired_release,
};

/*
 * iokmem_wired_create - make an unpublished descriptor of zeroed wired memory
 *
 * @capacity is not 0, and rounding it to pages does not wrap. Returns ERR_PTR() with the
 * errors of iokmem_pages_alloc().
 */
struct iokmem_desc *
iokmem_wired_create(size_t capacity, size_t alignment,
		    const struct iokmem_pages_request *request)
{
	struct iokmem_wired *wired;
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_alloc(&iokmem_wired_kind, sizeof(*wired), capacity);
	if (IS_ERR(desc))
		return desc;

	desc->owned = PAGE_ALIGN(capacity);
	desc->alignment = alignment;
	desc->cache_mode = request->cache_mode;
	wired = wired_of(desc);
	wired->pages.extents = &desc->extents;
	err = iokmem_pages_alloc(&wired->pages, request);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
