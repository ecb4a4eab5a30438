// SPDX-License-Identifier: GPL-2.0
/*
 * Wired memory: ordinary RAM that is there from birth to death, never moves and
 * is never swapped.
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "desc.h"
#include "mem_wired.h"
#include "pages.h"

static void wired_release(struct iokmem_desc *desc)
{
	iokmem_pages_free(&desc->extents);
}

static const struct iokmem_mem_ops iokmem_wired_ops = {
	.name		= "wired",
	.release	= wired_release,
};

/*
 * iokmem_wired_create - a descriptor of zeroed wired memory, unpublished
 *
 * @capacity has been checked: not 0, and rounding it to pages does not wrap.
 * @alignment is a power of two that a block of pages can have.
 */
struct iokmem_desc *iokmem_wired_create(size_t capacity, size_t alignment,
					gfp_t gfp)
{
	unsigned int align_order = get_order(alignment);
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_alloc(&iokmem_wired_ops, capacity);
	if (IS_ERR(desc))
		return desc;

	desc->alignment = alignment;
	err = iokmem_pages_alloc(&desc->extents, PAGE_ALIGN(capacity) >> PAGE_SHIFT,
				 align_order, gfp);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
