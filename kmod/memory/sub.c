// SPDX-License-Identifier: GPL-2.0
/*
 * Sub-descriptors: windows of other descriptors, as descriptors (IOSubMemoryDescriptor).
 *
 * A sub-descriptor has no memory and no maps of its own. Each call for it is a call for a
 * window of its parent, see iokmem_desc_window(). A sub-descriptor of a sub-descriptor has
 * the first parent.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "page/compat.h"

static void sub_release(struct iokmem_desc *desc)
{
	iokmem_desc_put(desc->parent);
}

static const struct iokmem_kind iokmem_sub_kind = {
	.name		= "sub",
	.release	= sub_release,
};

/*
 * iokmem_sub_create - as iokmem_sub_with_sub_range(), for a range that has been checked
 *
 * The range may pass the end of @parent's present length, but is within its capacity.
 */
struct iokmem_desc *iokmem_sub_create(struct iokmem_desc *parent, size_t offset,
				      size_t length, u32 direction)
{
	struct iokmem_desc *desc, *root;
	size_t start = offset;
	int err;

	root = iokmem_desc_root(parent, &start);
	err = iokmem_desc_try_get(root);
	if (err)
		return ERR_PTR(err);
	desc = iokmem_desc_alloc(&iokmem_sub_kind, sizeof(*desc), length);
	if (IS_ERR(desc)) {
		iokmem_desc_put(root);
		return desc;
	}
	desc->tag = iokmem_desc_get_tag(parent);
	desc->direction = direction;
	desc->options = direction;
	desc->owned = iokmem_desc_owned(parent, offset, length);
	desc->parent = root;
	desc->start = start;
	desc->partial = true;
	desc->read_only = parent->read_only;
	desc->skew = offset_in_page(iokmem_desc_place(root, start));
	iokmem_desc_publish(desc);
	return desc;
}

/**
 * iokmem_sub_with_sub_range - describe part of a descriptor
 * @parent: the descriptor
 * @offset: of the first byte in @parent
 * @length: in bytes; 0 is allowed
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOSubMemoryDescriptor::withSubRange(). The sub-descriptor keeps @parent,
 * and has its tag until it is given another. Its maps are maps of @parent: they share
 * and are shared, and iokmem_map_get_memory_descriptor() and iokmem_map_get_offset()
 * tell the parent and the offset in it. Nothing outside the window can be reached with
 * a sub-descriptor: user tasks can map only whole pages of the window.
 *
 * Context: May sleep.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: @direction has other bits
 * * -EOVERFLOW: @offset plus @length wraps, or @parent has 2^30 references
 * * -ERANGE: the window passes the end of @parent
 * * -ENOMEM: no memory
 */
struct iokmem_desc *iokmem_sub_with_sub_range(struct iokmem_desc *parent,
					      size_t offset, size_t length,
					      u32 direction)
{
	size_t end;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	if (check_add_overflow(offset, length, &end))
		return ERR_PTR(-EOVERFLOW);
	if (end > iokmem_desc_get_length(parent))
		return ERR_PTR(-ERANGE);
	return iokmem_sub_create(parent, offset, length, direction);
}
EXPORT_SYMBOL_NS_GPL(iokmem_sub_with_sub_range, IOKMEM_NS);
