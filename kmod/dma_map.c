// SPDX-License-Identifier: GPL-2.0
/*
 * Showing memory to devices, through the DMA API: an IOMMU, or memory to bounce in, is
 * the DMA API's business, and never ours.
 *
 * A *view* is bytes of a descriptor, mapped for one device. It holds the memory. Kinds
 * of memory that a device sees in a way of their own say so (->dma_map()); of all others
 * the pages are mapped.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include <kunit/visibility.h>

#include "compat.h"
#include "desc.h"
#include "dma_map.h"

/*
 * iokmem_dma_direction - what the DMA API is told of the direction of transfers
 *
 * None means that nobody knows.
 */
enum dma_data_direction iokmem_dma_direction(const struct iokmem_desc *desc)
{
	switch (iokmem_desc_get_direction(desc)) {
	case IOKMEM_DIRECTION_IN:
		return DMA_FROM_DEVICE;
	case IOKMEM_DIRECTION_OUT:
		return DMA_TO_DEVICE;
	default:
		return DMA_BIDIRECTIONAL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_dma_direction);

/**
 * struct entry_limits - what an entry for a device may be
 * @size: in bytes
 * @boundary: a mask; no entry has addresses on both sides of a multiple of what follows
 */
struct entry_limits {
	size_t size;
	u64 boundary;
};

static struct entry_limits limits_of(struct device *dev)
{
	struct entry_limits limits = {
		.size = min_t(size_t, dma_get_max_seg_size(dev), dma_max_mapping_size(dev)),
		.boundary = dma_get_seg_boundary(dev),
	};

	if (limits.size >= PAGE_SIZE)
		limits.size = round_down(limits.size, PAGE_SIZE);
	return limits;
}

/* How much of the run at @address one entry may have. */
static size_t entry_size(const struct entry_limits *limits, phys_addr_t address,
			 size_t length)
{
	u64 to_boundary = limits->boundary - (address & limits->boundary);
	size_t size = limits->size;

	/* All but the last end with a page, so that an IOMMU can join them. */
	if (size >= PAGE_SIZE)
		size -= offset_in_page(address);
	length = min(length, size);
	return length - 1 > to_boundary ? to_boundary + 1 : length;
}

/*
 * The run of memory at @offset: where it is, and in @length, which is the limit, how
 * long. The memory is held. @extent: see iokmem_extents_walk().
 */
static int find_run(struct iokmem_desc *desc, size_t offset, unsigned int *extent,
		    phys_addr_t *address, size_t *length)
{
	struct iokmem_run run;
	size_t place;

	if (desc->ops->member)
		desc = iokmem_desc_leaf(desc, &offset, length);
	/* Others than pages need each a call of its own to the DMA API. */
	if (desc->ops->dma_map)
		return -EOPNOTSUPP;
	place = desc->skew + offset;
	if (desc->ops->lookup)
		run = iokmem_desc_lookup(desc, place >> PAGE_SHIFT);
	else
		run = iokmem_extents_walk(&desc->extents, extent, place >> PAGE_SHIFT);
	if (run.pfn == IOKMEM_NO_PFN)
		return -EFAULT;
	*address = PFN_PHYS(run.pfn) + offset_in_page(place);
	*length = min(*length, (run.nr << PAGE_SHIFT) - offset_in_page(place));
	return 0;
}

/* Entries of the runs of memory: they are filled in if @sg is there, and counted. */
static int for_runs(const struct entry_limits *limits, struct iokmem_desc *desc,
		    size_t offset, size_t length, struct scatterlist *sg,
		    phys_addr_t *last)
{
	unsigned int nr = 0, extent = 0;

	while (length) {
		phys_addr_t address;
		size_t run = length;
		int err;

		err = find_run(desc, offset, &extent, &address, &run);
		if (err)
			return err;
		offset += run;
		length -= run;
		*last = max(*last, address + run - 1);
		while (run) {
			size_t n = entry_size(limits, address, run);

			if (nr++ == INT_MAX)
				return -EOVERFLOW;
			if (sg) {
				sg_set_page(sg, pfn_to_page(PHYS_PFN(address)), n,
					    offset_in_page(address));
				sg = sg_next(sg);
			}
			address += n;
			run -= n;
		}
	}
	return nr;
}

/*
 * iokmem_dma_reaches - can the device have this address, without anything being moved?
 *
 * Mapping another one would warn, which is not what a caller with a bad mask should see.
 */
bool iokmem_dma_reaches(struct device *dev, phys_addr_t last)
{
	return last <= min_not_zero(dma_get_mask(dev), dev->bus_dma_limit) ||
	       !iokmem_dma_is_direct(dev);
}

/* Memory to bounce in is below 4 GiB, if there is any; that is all that is known. */
static bool can_bounce(struct device *dev)
{
	return dma_max_mapping_size(dev) != SIZE_MAX &&
	       min_not_zero(dma_get_mask(dev), dev->bus_dma_limit) >= DMA_BIT_MASK(32);
}

/* Room for @nr entries; what was in @table is of no use. */
static int table_alloc(struct iokmem_dma_table *table, unsigned int nr)
{
	if (nr > 1)
		return sg_alloc_table(&table->sgt, nr, GFP_KERNEL);
	*table = (struct iokmem_dma_table) {
		.sgt = { .sgl = &table->one, .nents = nr, .orig_nents = nr },
	};
	sg_init_marker(&table->one, 1);
	return 0;
}

/*
 * iokmem_dma_table_free - undo iokmem_dma_table_fill(), or nothing
 */
void iokmem_dma_table_free(struct iokmem_dma_table *table)
{
	if (table->sgt.sgl != &table->one)
		sg_free_table(&table->sgt);
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_dma_table_free);

/*
 * iokmem_dma_table_fill - the pages of bytes of a descriptor, for mapping them for @dev
 *
 * @desc is no sub-descriptor, and held; there are such bytes. Each entry is as long as
 * memory and device allow. The caller frees the table, unless there is an error.
 */
int iokmem_dma_table_fill(struct iokmem_dma_table *table, struct device *dev,
			  struct iokmem_desc *desc, size_t offset, size_t length)
{
	struct entry_limits limits = limits_of(dev);
	phys_addr_t last = 0;
	int nr, err;

	nr = for_runs(&limits, desc, offset, length, NULL, &last);
	if (nr < 0)
		return nr;
	if (!iokmem_dma_reaches(dev, last) && !can_bounce(dev))
		return -ERANGE;
	err = table_alloc(table, nr);
	if (err)
		return err;
	for_runs(&limits, desc, offset, length, table->sgt.sgl, &last);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_dma_table_fill);

/*
 * iokmem_dma_one_run - for ->dma_map(): the device sees all bytes in one run
 */
int iokmem_dma_one_run(struct iokmem_dma_view *view, dma_addr_t address)
{
	struct scatterlist *sg;
	size_t left = view->length;
	unsigned int i;
	int err;

	err = table_alloc(&view->own, DIV_ROUND_UP(left, SZ_1G));
	if (err)
		return err;
	for_each_sgtable_dma_sg(&view->own.sgt, sg, i) {
		sg_dma_address(sg) = address;
		sg_dma_len(sg) = min_t(size_t, left, SZ_1G);
		address += sg_dma_len(sg);
		left -= sg_dma_len(sg);
	}
	view->table = &view->own.sgt;
	return 0;
}

static int map_pages(struct iokmem_dma_view *view)
{
	int err;

	err = iokmem_dma_table_fill(&view->own, view->dev, view->desc, view->offset,
				    view->length);
	if (err)
		return err;
	err = dma_map_sgtable(view->dev, &view->own.sgt, view->direction, 0);
	if (err) {
		iokmem_dma_table_free(&view->own);
		return -ENOBUFS;
	}
	view->table = &view->own.sgt;
	return 0;
}

/*
 * iokmem_dma_map - map bytes of a descriptor for a device
 *
 * There are such bytes. Fills in @view, which keeps neither @dev nor @desc. Returns 0 or
 * the errors of iokmem_dma_prepare().
 */
int iokmem_dma_map(struct iokmem_dma_view *view, struct device *dev,
		   struct iokmem_desc *desc, size_t offset, size_t length)
{
	int err;

	*view = (struct iokmem_dma_view) {
		.dev = dev,
		.direction = iokmem_dma_direction(desc),
		.length = length,
	};
	view->desc = iokmem_desc_root(desc, &offset);
	view->offset = offset;

	/* Only what goes out leaves the memory as it is. */
	err = iokmem_desc_hold(view->desc, view->direction != DMA_TO_DEVICE);
	if (err)
		return err;
	err = view->desc->ops->dma_map ? view->desc->ops->dma_map(view) :
					 map_pages(view);
	if (err)
		iokmem_desc_unhold(view->desc);
	return err;
}

/*
 * iokmem_dma_unmap - undo iokmem_dma_map()
 */
void iokmem_dma_unmap(struct iokmem_dma_view *view)
{
	if (view->desc->ops->dma_unmap)
		view->desc->ops->dma_unmap(view);
	else if (!view->desc->ops->dma_map)
		dma_unmap_sgtable(view->dev, &view->own.sgt, view->direction, 0);
	iokmem_dma_table_free(&view->own);
	iokmem_desc_unhold(view->desc);
}

/*
 * iokmem_dma_sync - what the device has written is for the CPU to see, or the other
 * way round
 *
 * Returns 0, or an error of the kind's.
 */
int iokmem_dma_sync(struct iokmem_dma_view *view, bool for_cpu)
{
	if (view->desc->ops->dma_sync)
		return view->desc->ops->dma_sync(view, for_cpu);
	if (view->desc->ops->dma_map)
		return 0;	/* always the same for both */
	if (for_cpu)
		dma_sync_sgtable_for_cpu(view->dev, view->table, view->direction);
	else
		dma_sync_sgtable_for_device(view->dev, view->table, view->direction);
	return 0;
}
