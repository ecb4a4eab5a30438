// SPDX-License-Identifier: GPL-2.0
/*
 * Facts about a descriptor that need no lock: its length, direction, tag and cache mode,
 * and where its pages are.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include <kunit/visibility.h>

#include "desc/desc.h"
#include "page/compat.h"

/*
 * iokmem_desc_pages - return how many pages the memory touches
 */
unsigned long iokmem_desc_pages(const struct iokmem_desc *desc)
{
	if (!desc->capacity)
		return 0;
	return (iokmem_desc_place(desc, desc->capacity - 1) >> PAGE_SHIFT) + 1;
}

/*
 * iokmem_desc_lookup - find where page @index is, which must exist
 *
 * The memory must be always there, or held.
 */
struct iokmem_run iokmem_desc_lookup(const struct iokmem_desc *desc,
				     pgoff_t index)
{
	struct iokmem_run run;

	if (!iokmem_desc_has_memory(desc))
		return (struct iokmem_run) {
			.pfn = IOKMEM_NO_PFN,
			.before = index,
			.nr = iokmem_desc_pages(desc) - index,
			.cache_mode = READ_ONCE(desc->cache_mode),
		};
	if (!iokmem_desc_is_in_extents(desc))
		return desc->kind->store->lookup(desc, index);
	run = iokmem_extents_lookup(&desc->extents, index);
	run.cache_mode = READ_ONCE(desc->cache_mode);
	run.typed = iokmem_desc_is_typed(desc);
	return run;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_desc_lookup);

/*
 * iokmem_desc_owned - return how many bytes a window may show, from its first on
 *
 * They are the bytes up to the window's end. Where the memory ends with the window, the
 * rest of the last page belongs to them.
 */
size_t iokmem_desc_owned(const struct iokmem_desc *desc, size_t offset,
			 size_t length)
{
	return offset + length == desc->capacity ? desc->owned - offset : length;
}

/*
 * iokmem_desc_window - find the memory of @length bytes from @offset on
 *
 * @desc may be a sub-descriptor. Returns 0; -EOVERFLOW if @offset plus @length wraps; or
 * -ERANGE if the range passes the end of @desc.
 */
int iokmem_desc_window(struct iokmem_desc *desc, size_t offset, size_t length,
		       struct iokmem_window *window)
{
	size_t end;

	if (check_add_overflow(offset, length, &end))
		return -EOVERFLOW;
	if (end > iokmem_desc_get_length(desc))
		return -ERANGE;
	*window = iokmem_window_of(desc, offset, length);
	return 0;
}

/**
 * iokmem_desc_get_length - return the length of the memory
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getLength().
 *
 * Context: Any.
 * Return: the length in bytes.
 */
size_t iokmem_desc_get_length(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->length);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_length, IOKMEM_NS);

/**
 * iokmem_desc_get_direction - return the direction of transfers
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getDirection().
 *
 * Context: Any.
 * Return: IOKMEM_DIRECTION_*.
 */
u32 iokmem_desc_get_direction(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->direction);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_direction, IOKMEM_NS);

/**
 * iokmem_desc_get_cache_mode - return the cache mode that is in force
 * @desc: the descriptor
 *
 * The mode may be stricter than the one that was asked for: see <uapi/linux/iokmem.h>. It
 * changes when a map is asked for with another mode.
 *
 * Context: Any.
 * Return: IOKMEM_MAP_*_CACHE; IOKMEM_MAP_DEFAULT_CACHE for a multi-descriptor
 * whose members have different ones, and for a dma-buf whose exporter gives no kernel address.
 */
u32 iokmem_desc_get_cache_mode(const struct iokmem_desc *desc)
{
	const struct iokmem_store_ops *store;

	if (desc->parent)
		desc = desc->parent;
	store = desc->kind->store;
	if (store && store->cache_mode)
		return store->cache_mode(desc);
	return READ_ONCE(desc->cache_mode);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_cache_mode, IOKMEM_NS);

/**
 * iokmem_desc_get_tag - return the number last given to iokmem_desc_set_tag()
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getTag().
 *
 * Context: Any.
 * Return: the tag; 0 if none was set.
 */
u32 iokmem_desc_get_tag(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->tag);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_tag, IOKMEM_NS);

/**
 * iokmem_desc_set_tag - give the descriptor a number of the driver's choice
 * @desc: the descriptor
 * @tag: the number, which means nothing to the module
 *
 * Follows IOMemoryDescriptor::setTag().
 *
 * Context: Any.
 */
void iokmem_desc_set_tag(struct iokmem_desc *desc, u32 tag)
{
	WRITE_ONCE(desc->tag, tag);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_set_tag, IOKMEM_NS);
