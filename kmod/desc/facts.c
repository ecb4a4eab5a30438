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
	run.typed = run.pfn != IOKMEM_NO_PFN && iokmem_desc_is_typed(desc);
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
 * iokmem_desc_resident - return how many bytes of its own the descriptor has in memory
 *
 * They are in whole pages. Descriptors of memory that others have made have none of their own.
 */
size_t iokmem_desc_resident(const struct iokmem_desc *desc)
{
	/* A sub-descriptor knows no inode, and has no memory of its own. */
	if (!desc->kind->is_buffer)
		return 0;
	if (iokmem_desc_is_paged(desc))
		return READ_ONCE(iokmem_desc_map_inode(desc)->i_mapping->nrpages) << PAGE_SHIFT;
	/* Kinds with ->revoke() have given their memory back by then. */
	if (desc->kind->revoke && READ_ONCE(desc->revoke_done))
		return 0;
	return PAGE_ALIGN(desc->owned);
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
 * iokmem_desc_get_dma_map_length - return how many of a device's addresses the memory takes
 * @desc: the descriptor
 * @offset: out: of the first byte in the first page; or NULL
 *
 * Follows IOMemoryDescriptor::getDMAMapLength(). A device behind an IOMMU sees whole pages: all
 * those that the memory touches. A member of a multi-descriptor that begins inside a page begins
 * with a page of its own.
 *
 * Context: Any.
 * Return: the length in bytes, a multiple of PAGE_SIZE.
 */
size_t iokmem_desc_get_dma_map_length(struct iokmem_desc *desc, size_t *offset)
{
	struct iokmem_window rest = iokmem_window_of(desc, 0, iokmem_desc_get_length(desc));
	size_t pages = 0;

	if (offset)
		*offset = 0;
	while (rest.length) {
		struct iokmem_window piece = rest;

		piece.desc = iokmem_desc_leaf(rest.desc, &piece.offset, &piece.length);
		if (offset && !pages)
			*offset = offset_in_page(iokmem_desc_place(piece.desc, piece.offset));
		pages += iokmem_window_pages(&piece);
		rest.offset += piece.length;
		rest.length -= piece.length;
	}
	return pages << PAGE_SHIFT;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_dma_map_length, IOKMEM_NS);

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
 * iokmem_desc_get_class - return what a descriptor is
 * @desc: the descriptor
 *
 * Serves where IOKit's drivers use OSDynamicCast().
 *
 * Context: Any.
 * Return: the class.
 */
enum iokmem_class iokmem_desc_get_class(const struct iokmem_desc *desc)
{
	/* A range of a task's addresses, even if it has a parent, or is made of several pieces. */
	if (desc->mm)
		return IOKMEM_CLASS_GENERAL;
	if (desc->parent)
		return IOKMEM_CLASS_SUB;
	if (desc->kind->is_buffer)
		return IOKMEM_CLASS_BUFFER;
	if (desc->kind->store && desc->kind->store->member)
		return IOKMEM_CLASS_MULTI;
	return desc->kind->no_memory ? IOKMEM_CLASS_GUARD : IOKMEM_CLASS_GENERAL;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_class, IOKMEM_NS);

/**
 * iokmem_desc_get_id - return the number of a descriptor
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::getDescriptorID(). No other descriptor has had the number since the
 * module was loaded. It is in /proc/iokmem, in tracepoints, and in the names of file descriptors.
 *
 * Context: Any.
 * Return: the number, which is not 0.
 */
u64 iokmem_desc_get_id(const struct iokmem_desc *desc)
{
	return desc->id;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_id, IOKMEM_NS);

/**
 * iokmem_desc_set_context - keep a pointer of the driver's with a descriptor
 * @desc: the descriptor
 * @context: the pointer
 *
 * Follows IOMemoryDescriptor::setContext(). The caller keeps what it points to, which IOKit does.
 *
 * Context: Any.
 */
void iokmem_desc_set_context(struct iokmem_desc *desc, void *context)
{
	WRITE_ONCE(desc->context, context);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_set_context, IOKMEM_NS);

/**
 * iokmem_desc_get_context - return the pointer last given to iokmem_desc_set_context()
 * @desc: the descriptor
 *
 * Follows IOMemoryDescriptor::copyContext(), without a reference.
 *
 * Context: Any.
 * Return: the pointer; NULL if none was set.
 */
void *iokmem_desc_get_context(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->context);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_context, IOKMEM_NS);

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
