// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of pageable memory that are held apart from the rest.
 *
 * A dma-buf of a sub-descriptor, or a multi-descriptor with one as a member, needs the frames of
 * its own bytes only. So it holds a *part*: a descriptor with these pages. The rest of the memory
 * can be swapped out and emptied, and is neither brought in nor charged. A part has an owner of
 * its own, and is never published. Maps of the part's bytes are maps of the whole memory.
 */
#include <linux/err.h>
#include <linux/mm.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/pageable.h"
#include "memory/shmem.h"
#include "page/cache.h"

/**
 * struct iokmem_part - a part of pageable memory
 * @desc: the descriptor
 * @pageable: the whole memory, a user reference
 * @offset: of the part's first byte in the whole memory
 * @brought: the pages while the part is held, or NULL
 */
struct iokmem_part {
	struct iokmem_desc desc;
	struct iokmem_pageable *pageable;
	size_t offset;
	struct iokmem_brought *brought;		/* protected by hold_lock of @desc */
};

static struct iokmem_part *part_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_part, desc);
}

static pgoff_t first_page(const struct iokmem_part *part)
{
	return part->offset >> PAGE_SHIFT;
}

/* The rest of the memory is to remain evictable, which is a fact of the whole file. */
static void *part_bring_in(struct iokmem_desc *desc, bool write)
{
	struct iokmem_part *part = part_of(desc);

	return iokmem_pageable_bring_in(part->pageable, first_page(part),
					iokmem_desc_pages(desc));
}

static void part_let_go(struct iokmem_desc *desc, void *brought)
{
	iokmem_pageable_let_go(brought, false);
}

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct iokmem_brought, by_first)->first <
	       rb_entry(b, struct iokmem_brought, by_first)->first;
}

/*
 * The kernel, or a device, may write the pages at any time from now on. Whoever counts pages of the
 * whole memory does not look at its parts, so the pages say so themselves.
 */
static int part_write(struct iokmem_desc *desc)
{
	const struct iokmem_brought *brought = part_of(desc)->brought;

	lockdep_assert_held(&desc->hold_lock);

	iokmem_shmem_dirty_pages(brought->pages, brought->nr);
	return 0;
}

static int part_pin(struct iokmem_desc *desc, bool write, void *data)
{
	struct iokmem_part *part = part_of(desc);
	struct iokmem_pageable *pageable = part->pageable;
	struct iokmem_brought *brought = data;
	int err = -ESTALE;

	lockdep_assert_held(&desc->hold_lock);

	if (down_read_killable(&pageable->lock))
		return -EINTR;
	if (iokmem_shmem_has_pages(pageable, brought->pages, brought->nr)) {
		spin_lock(&pageable->parts_lock);
		rb_add(&brought->by_first, &pageable->parts, is_before);
		spin_unlock(&pageable->parts_lock);
		err = 0;
	}
	up_read(&pageable->lock);
	if (err)
		return err;
	part->brought = brought;
	iokmem_extents_move(&desc->extents, &brought->extents);
	return write ? part_write(desc) : 0;
}

static void part_unpin(struct iokmem_desc *desc)
{
	struct iokmem_part *part = part_of(desc);
	struct iokmem_pageable *pageable = part->pageable;

	lockdep_assert_held(&desc->hold_lock);

	down_read(&pageable->lock);
	spin_lock(&pageable->parts_lock);
	rb_erase(&part->brought->by_first, &pageable->parts);
	spin_unlock(&pageable->parts_lock);
	up_read(&pageable->lock);

	iokmem_extents_fini(&desc->extents);
	iokmem_pageable_let_go(part->brought, desc->held_written);
	part->brought = NULL;
}

static int part_page_counts(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
			    u64 *resident, u64 *dirty)
{
	struct iokmem_part *part = part_of(desc);
	struct iokmem_desc *whole = &part->pageable->desc;

	return whole->kind->store->page_counts(whole, first_page(part) + index, nr, resident,
					       dirty);
}

static void part_release(struct iokmem_desc *desc)
{
	iokmem_desc_put(&part_of(desc)->pageable->desc);
}

static const struct iokmem_store_ops part_store = {
	.bring_in	= part_bring_in,
	.let_go		= part_let_go,
	.pin		= part_pin,
	.unpin		= part_unpin,
	.write		= part_write,
	.page_counts	= part_page_counts,
};

static const struct iokmem_kind iokmem_part_kind = {
	.name		= "part of pageable",
	.resolve	= iokmem_cache_resolve_fixed,
	.store		= &part_store,
	.release	= part_release,
};

/*
 * iokmem_part_whole - return the memory that @desc is a part of, or @desc itself
 *
 * Makes @offset, which is relative to @desc, relative to the memory.
 */
struct iokmem_desc *iokmem_part_whole(struct iokmem_desc *desc, size_t *offset)
{
	if (!iokmem_desc_is_of(desc, &iokmem_part_kind))
		return desc;
	*offset += part_of(desc)->offset;
	return &part_of(desc)->pageable->desc;
}

/*
 * iokmem_part_narrow - let a window be of a part of the memory, if it is of pageable memory
 *
 * The part holds no more than the window's pages. Caller must keep the memory. If the window's
 * descriptor is another one afterwards, the caller has the only reference to it. Returns 0;
 * -EOVERFLOW if the memory has too many references; or -ENOMEM.
 */
int iokmem_part_narrow(struct iokmem_window *window)
{
	struct iokmem_desc *whole = window->desc, *desc;
	int err;

	if (!iokmem_desc_is_paged(whole) ||
	    iokmem_window_pages(window) == iokmem_desc_pages(whole))
		return 0;
	err = iokmem_desc_try_get(whole);
	if (err)
		return err;
	desc = iokmem_desc_alloc(&iokmem_part_kind, sizeof(struct iokmem_part), window->length);
	if (IS_ERR(desc)) {
		iokmem_desc_put(whole);
		return PTR_ERR(desc);
	}
	part_of(desc)->pageable = iokmem_pageable_of(whole);
	part_of(desc)->offset = window->offset;
	desc->skew = offset_in_page(window->offset);
	desc->owned = iokmem_desc_owned(whole, window->offset, window->length);
	if (whole->hold_pages)
		desc->hold_pages = iokmem_desc_pages(desc);
	window->desc = desc;
	window->offset = 0;
	return 0;
}
