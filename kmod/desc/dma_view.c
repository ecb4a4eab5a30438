// SPDX-License-Identifier: GPL-2.0
/*
 * Showing memory to devices through the DMA API, which takes care of IOMMUs and of memory
 * to bounce in.
 *
 * A *view* is a window of a descriptor, mapped for one device. It holds the memory. Kinds of
 * memory with operations for devices (struct iokmem_device_ops) make their views
 * themselves. For all other kinds the pages are mapped.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include <kunit/visibility.h>

#include "desc/desc.h"
#include "desc/dma_view.h"
#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"
#include "trace.h"

/*
 * iokmem_dma_direction - return the direction of a descriptor's transfers for the DMA API
 *
 * A descriptor without a direction may be used for both.
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
 * struct entries - entries of a table for a device, which are counted, then filled in
 * @size: the largest size of an entry, in bytes
 * @boundary: a mask: no entry crosses a multiple of @boundary + 1
 * @cut: some runs may be too long for one entry
 * @sg: the next entry to be filled in; NULL: entries are only counted
 * @nr: how many entries there are so far
 * @dev: the device
 * @last: the highest address of the entries for the device; %DMA_MAPPING_ERROR if it has no
 *	address for one
 */
struct entries {
	size_t size;
	u64 boundary;
	bool cut;
	struct scatterlist *sg;
	int nr;
	struct device *dev;
	dma_addr_t last;
};

/* Start a table of @length bytes in all. */
static struct entries entries_for(struct device *dev, size_t length)
{
	struct entries entries = {
		.size = min_t(size_t, dma_get_max_seg_size(dev), dma_max_mapping_size(dev)),
		.boundary = dma_get_seg_boundary(dev),
		.dev = dev,
	};

	if (entries.size >= PAGE_SIZE)
		entries.size = round_down(entries.size, PAGE_SIZE);
	/* An entry that does not begin with a page is shorter, see entry_size(). */
	entries.cut = length > entries.size || entries.size - length < PAGE_SIZE ||
		      entries.boundary != ULONG_MAX || dev->dma_range_map;
	return entries;
}

/* Return how much of the run at @address is one run for the device, too. */
static size_t region_size(const struct device *dev, phys_addr_t address, size_t length)
{
	const struct bus_dma_region *region;

	for (region = dev->dma_range_map; region && region->size; region++)
		if (address >= region->cpu_start &&
		    address - region->cpu_start < region->size)
			return min_t(u64, length,
				     region->size - (address - region->cpu_start));
	return length;
}

/* Return how much of the run at @address one entry may have. */
static size_t entry_size(const struct entries *entries, phys_addr_t address,
			 size_t length)
{
	u64 to_boundary = entries->boundary - (address & entries->boundary);
	size_t size = entries->size;

	/* All entries but the last end with a page, so that an IOMMU can join them. */
	if (size >= PAGE_SIZE)
		size -= offset_in_page(address);
	length = region_size(entries->dev, address, min(length, size));
	return length - 1 > to_boundary ? to_boundary + 1 : length;
}

/* Return the last address of a range that begins at @first, or %DMA_MAPPING_ERROR. */
static dma_addr_t last_address(dma_addr_t first, size_t length)
{
	return first == DMA_MAPPING_ERROR ? first : first + length - 1;
}

static int add_entry(struct entries *entries, phys_addr_t address, size_t length)
{
	if (entries->nr == INT_MAX)
		return -EOVERFLOW;
	entries->nr++;
	entries->last = max(entries->last,
			    last_address(phys_to_dma(entries->dev, address), length));
	if (entries->sg) {
		sg_set_page(entries->sg, pfn_to_page(PHYS_PFN(address)), length,
			    offset_in_page(address));
		entries->sg = sg_next(entries->sg);
	}
	return 0;
}

static int add_run(struct entries *entries, phys_addr_t address, size_t length)
{
	if (!entries->cut)
		return add_entry(entries, address, length);
	while (length) {
		size_t n = entry_size(entries, address, length);
		int err = add_entry(entries, address, n);

		if (err)
			return err;
		address += n;
		length -= n;
	}
	return 0;
}

/* Add the bytes from @place to @end, counted from the beginning of the first extent. */
static int add_extents(struct entries *entries, const struct iokmem_extents *extents,
		       size_t place, size_t end)
{
	const struct iokmem_extent *extent;
	phys_addr_t address;
	unsigned int i;

	if (WARN_ON_ONCE(end > iokmem_extents_pages(extents) << PAGE_SHIFT))
		return -EFAULT;
	i = iokmem_extents_find(extents, place >> PAGE_SHIFT);
	extent = &extents->array[i];
	address = PFN_PHYS(extent->pfn - iokmem_extent_start(extents, i)) + place;
	for (;;) {
		size_t next = min(end, extent->end << PAGE_SHIFT);
		int err = add_run(entries, address, next - place);

		if (err || next == end)
			return err;
		place = next;
		extent++;
		address = PFN_PHYS(extent->pfn);
		cond_resched();
	}
}

/* The caller holds the memory. */
static int add_window(struct entries *entries, const struct iokmem_window *window)
{
	size_t offset = window->offset, length = window->length;

	while (length) {
		size_t place = offset, n = length;
		struct iokmem_desc *leaf = iokmem_desc_leaf(window->desc, &place, &n);
		int err;

		/* Memory without pages would need calls of its own to the DMA API. */
		if (!iokmem_desc_is_mapped_by_pages(leaf))
			return -EOPNOTSUPP;
		if (!iokmem_desc_has_memory(leaf))
			return -EFAULT;
		place += leaf->skew;
		err = add_extents(entries, &leaf->extents, place, place + n);
		if (err)
			return err;
		offset += n;
		length -= n;
	}
	return 0;
}

static bool is_below_mask(struct device *dev, dma_addr_t last)
{
	return last != DMA_MAPPING_ERROR &&
	       last <= min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

/*
 * iokmem_dma_reaches - return true if the device can use all addresses up to @last as they are
 *
 * For memory of devices, whose addresses the DMA API does not translate. The DMA API would warn
 * about an address that is out of reach. A caller with a bad mask gets an error instead.
 */
bool iokmem_dma_reaches(struct device *dev, phys_addr_t last)
{
	return is_below_mask(dev, last) || !iokmem_dma_is_direct(dev);
}

/* Return true if the device can use the entries as they are, or by an IOMMU. */
static bool reaches_entries(const struct entries *entries)
{
	return is_below_mask(entries->dev, entries->last) ||
	       !iokmem_dma_is_direct(entries->dev);
}

/* Return true if the device can use all memory that there may be, as for reaches_entries(). */
static bool reaches_everything(struct device *dev)
{
	phys_addr_t last = PFN_PHYS(iokmem_highest_pfn()) - 1;

	if (!iokmem_dma_is_direct(dev))
		return true;
	/* The highest address need not be the highest for the device. */
	return !dev->dma_range_map && is_below_mask(dev, phys_to_dma(dev, last));
}

/* Return true if memory to bounce in is within reach. It is not encrypted. */
static bool can_bounce(struct device *dev)
{
	phys_addr_t start;
	size_t length = iokmem_bounce_memory(dev, &start);

	return length && is_below_mask(dev, last_address(phys_to_dma_unencrypted(dev, start),
							 length));
}

/*
 * Return true if each of several extents gets one entry, whatever its address is. Then the
 * entries need not be looked at to be counted.
 */
static bool are_whole_extents(const struct entries *entries, struct device *dev,
			      const struct iokmem_desc *desc)
{
	return desc->extents.nr > 1 && desc->extents.nr <= INT_MAX &&
	       iokmem_desc_is_typed(desc) && !entries->cut &&
	       reaches_everything(dev);
}

static int count_extents(const struct iokmem_window *window)
{
	const struct iokmem_extents *extents = &window->desc->extents;
	pgoff_t first = iokmem_window_index(window);

	return iokmem_extents_find(extents, first + iokmem_window_pages(window) - 1) -
	       iokmem_extents_find(extents, first) + 1;
}

/* Start with one entry. The old content of @table is lost. */
static void table_init(struct iokmem_dma_table *table)
{
	*table = (struct iokmem_dma_table) {
		.sgt = { .sgl = &table->one, .nents = 1, .orig_nents = 1 },
	};
	sg_init_marker(&table->one, 1);
}

/*
 * iokmem_dma_table_free - undo iokmem_dma_table_fill(), if it allocated anything
 */
void iokmem_dma_table_free(struct iokmem_dma_table *table)
{
	if (table->sgt.sgl != &table->one)
		sg_free_table(&table->sgt);
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_dma_table_free);

/*
 * iokmem_dma_table_fill - list the pages of a window, for mapping them for @dev
 *
 * The memory is held, and the window is not empty. Each entry is as long as memory and
 * device allow. The caller frees the table, unless there is an error.
 */
int iokmem_dma_table_fill(struct iokmem_dma_table *table, struct device *dev,
			  const struct iokmem_window *window)
{
	struct entries entries = entries_for(dev, window->length);
	int err;

	table_init(table);
	if (are_whole_extents(&entries, dev, window->desc)) {
		entries.nr = count_extents(window);
	} else {
		/* Fill in the first entry while counting: often there are no others. */
		entries.sg = &table->one;
		err = add_window(&entries, window);
		if (err)
			return err;
		if (!reaches_entries(&entries) && !can_bounce(dev))
			return -EMSGSIZE;
		if (entries.nr == 1)
			return 0;
	}
	err = entries.nr > 1 ? sg_alloc_table(&table->sgt, entries.nr, GFP_KERNEL_ACCOUNT) : 0;
	if (err)
		return err;
	entries.sg = table->sgt.sgl;
	entries.nr = 0;
	add_window(&entries, window);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_dma_table_fill);

/*
 * Return true if the kernel's map of all memory has another mode than the memory of @desc,
 * or than a part of it. The caches have to be flushed around the DMA API then: see cache.c.
 * The memory is held, so its mode does not change.
 */
static bool has_alias(const struct iokmem_desc *desc)
{
	/* On x86 skip asking for the mode. */
	return !iokmem_cache_in_direct_map(IOKMEM_MAP_INHIBIT_CACHE) &&
	       !iokmem_cache_in_direct_map(iokmem_desc_get_cache_mode(desc));
}

static void flush_alias(struct iokmem_dma_table *table, const struct iokmem_desc *desc)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!has_alias(desc))
		return;
	for_each_sgtable_sg(&table->sgt, sg, i)
		iokmem_cache_flush(sg_virt(sg), sg->length, true);
}

/* Flush the lines that the DMA API may write only a part of. */
static void flush_ends(void *alias, size_t length)
{
	iokmem_cache_flush(alias, 1, true);
	iokmem_cache_flush(alias + length - 1, 1, true);
}

static void flush_alias_ends(struct iokmem_dma_table *table,
			     const struct iokmem_desc *desc)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!has_alias(desc))
		return;
	for_each_sgtable_sg(&table->sgt, sg, i)
		flush_ends(sg_virt(sg), sg->length);
}

/*
 * iokmem_dma_table_map - map the pages of a table that iokmem_dma_table_fill() filled in
 *
 * The caller holds the memory. Returns 0; or -ENOBUFS, and the table is freed.
 */
int iokmem_dma_table_map(struct iokmem_dma_table *table, struct device *dev,
			 const struct iokmem_desc *desc,
			 enum dma_data_direction direction, unsigned long attrs)
{
	flush_alias(table, desc);
	if (!dma_map_sgtable(dev, &table->sgt, direction, attrs))
		return 0;
	iokmem_dma_table_free(table);
	return -ENOBUFS;
}

/*
 * iokmem_dma_table_bounces - return true if the device has a copy of some of the memory
 *
 * The table is mapped, and its entries begin and end with pages. An IOMMU shows a device such
 * entries as they are.
 */
bool iokmem_dma_table_bounces(const struct iokmem_dma_table *table, struct device *dev)
{
	struct scatterlist *sg;
	unsigned int i;

	if (!iokmem_dma_is_direct(dev))
		return false;
	for_each_sgtable_sg(&table->sgt, sg, i)
		if (dma_to_phys(dev, sg_dma_address(sg)) != sg_phys(sg))
			return true;
	return false;
}

/*
 * iokmem_dma_table_sync - let the CPU, or the device, look at the pages next
 */
void iokmem_dma_table_sync(struct iokmem_dma_table *table, struct device *dev,
			   const struct iokmem_desc *desc,
			   enum dma_data_direction direction, bool for_cpu)
{
	if (for_cpu) {
		flush_alias_ends(table, desc);
		dma_sync_sgtable_for_cpu(dev, &table->sgt, direction);
		flush_alias(table, desc);
	} else {
		flush_alias(table, desc);
		dma_sync_sgtable_for_device(dev, &table->sgt, direction);
	}
}

/*
 * iokmem_dma_one_run - fill in a view that the device sees as one run of bytes
 *
 * For the map() of a kind. Returns 0 or -ENOMEM.
 */
int iokmem_dma_one_run(struct iokmem_dma_view *view, dma_addr_t address)
{
	struct scatterlist *sg;
	size_t left = view->window.length;
	unsigned int i;
	int err = 0;

	table_init(&view->own);
	if (left > SZ_1G)
		err = sg_alloc_table(&view->own.sgt, DIV_ROUND_UP(left, SZ_1G), GFP_KERNEL_ACCOUNT);
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

	err = iokmem_dma_table_fill(&view->own, view->dev, &view->window);
	if (err)
		return err;
	err = iokmem_dma_table_map(&view->own, view->dev, view->window.desc,
				   view->direction, 0);
	if (!err)
		view->table = &view->own.sgt;
	return err;
}

static void unmap_pages(struct iokmem_dma_view *view)
{
	flush_alias_ends(&view->own, view->window.desc);
	dma_unmap_sgtable(view->dev, &view->own.sgt, view->direction, 0);
	flush_alias(&view->own, view->window.desc);
}

/*
 * iokmem_dma_wait - wait until a device may do what the descriptor's direction says
 *
 * For memory that devices of other drivers use, too. They finish after a while, whatever
 * programs do meanwhile. Caller must hold no lock. Return 0, or -EINTR if a signal arrives.
 */
int iokmem_dma_wait(struct iokmem_desc *desc)
{
	struct iokmem_desc *owner = iokmem_desc_owner(desc);

	if (!iokmem_desc_awaits_devices(desc))
		return 0;
	return owner->kind->device->wait(owner, iokmem_dma_direction(desc) != DMA_TO_DEVICE);
}

/*
 * iokmem_dma_map - map a window, which is not empty, for a device
 *
 * Fills in @view, which keeps neither @dev nor the descriptor. Returns 0 or the errors of
 * iokmem_dma_prepare().
 */
int iokmem_dma_map(struct iokmem_dma_view *view, struct device *dev,
		   const struct iokmem_window *window, enum dma_data_direction direction)
{
	struct iokmem_desc *desc = window->desc;
	u64 start = iokmem_trace_start(iokmem_dma_map);
	int err;

	*view = (struct iokmem_dma_view) {
		.window = *window,
		.dev = dev,
		.direction = direction,
	};
	/* Only a transfer out of memory leaves the memory as it is. */
	err = iokmem_desc_hold(desc, direction != DMA_TO_DEVICE, &view->charge);
	if (err)
		goto out;
	err = iokmem_desc_is_mapped_by_pages(desc) ? map_pages(view) :
						     desc->kind->device->map(view);
	if (err)
		iokmem_desc_unhold(desc, view->charge);
out:
	trace_iokmem_dma_map(desc, dev, window->length, direction, err, start);
	return err;
}

/*
 * iokmem_dma_unmap - undo iokmem_dma_map()
 */
void iokmem_dma_unmap(struct iokmem_dma_view *view)
{
	const struct iokmem_device_ops *ops = view->window.desc->kind->device;

	if (!ops)
		unmap_pages(view);
	else if (ops->unmap)
		ops->unmap(view);
	iokmem_dma_table_free(&view->own);
	trace_iokmem_dma_unmap(view->window.desc, view->dev, view->window.length);
	iokmem_desc_unhold(view->window.desc, view->charge);
}

/* Let the CPU, or the device, look next at bytes that are one run for both. */
static void sync_run(const struct iokmem_dma_view *view, void *alias, dma_addr_t address,
		     size_t length, bool for_cpu)
{
	bool flush = has_alias(view->window.desc);

	if (for_cpu) {
		if (flush)
			flush_ends(alias, length);
		dma_sync_single_for_cpu(view->dev, address, length, view->direction);
		if (flush)
			iokmem_cache_flush(alias, length, true);
	} else {
		if (flush)
			iokmem_cache_flush(alias, length, true);
		dma_sync_single_for_device(view->dev, address, length, view->direction);
	}
}

/* The entries of the CPU and those of the device differ where an IOMMU has joined some. */
static void sync_pages(struct iokmem_dma_view *view, size_t offset, size_t length,
		       bool for_cpu)
{
	struct scatterlist *cpu = view->own.sgt.sgl, *device = cpu;
	size_t cpu_skip = offset, device_skip = offset;

	while (length) {
		size_t n;

		for (; cpu_skip >= cpu->length; cpu = sg_next(cpu))
			cpu_skip -= cpu->length;
		for (; device_skip >= sg_dma_len(device); device = sg_next(device))
			device_skip -= sg_dma_len(device);
		n = min3(length, cpu->length - cpu_skip, sg_dma_len(device) - device_skip);
		sync_run(view, sg_virt(cpu) + cpu_skip, sg_dma_address(device) + device_skip,
			 n, for_cpu);
		cpu_skip += n;
		device_skip += n;
		length -= n;
	}
}

/*
 * iokmem_dma_sync - let the CPU, or the device, look at the memory next
 *
 * For memory without iokmem_desc_syncs_devices(). The CPU and devices see memory of other kinds
 * than pages alike.
 */
void iokmem_dma_sync(struct iokmem_dma_view *view, bool for_cpu)
{
	struct iokmem_desc *desc = view->window.desc;

	if (iokmem_desc_is_mapped_by_pages(desc))
		iokmem_dma_table_sync(&view->own, view->dev, desc, view->direction, for_cpu);
}

/*
 * iokmem_dma_sync_range - let the CPU, or the device, look at a part of the memory next
 *
 * As iokmem_dma_sync(). @offset is counted from the first byte of the view's window, which has
 * the range. The bytes around it stay as they are: where transfers bounce, the device may have
 * written some, and the CPU others.
 */
void iokmem_dma_sync_range(struct iokmem_dma_view *view, size_t offset, size_t length,
			   bool for_cpu)
{
	if (iokmem_desc_is_mapped_by_pages(view->window.desc))
		sync_pages(view, offset, length, for_cpu);
}
