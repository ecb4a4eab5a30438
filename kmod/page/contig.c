// SPDX-License-Identifier: GPL-2.0
/*
 * Physically contiguous memory, and memory below a physical address.
 *
 * Memory is taken from these sources, in this order, as far as the request allows:
 *
 *  1. A block of the page allocator, cut to size: up to 4 MiB on most machines. Or several
 *     blocks that happen to be neighbours (pages.c).
 *  2. The reserve of contiguous memory (CMA), if the kernel has one. Only the DMA API gives
 *     it to modules, so a device of the module's asks for it.
 *  3. Any range of memory whose pages are free or can be moved away. alloc_contig_pages()
 *     does that, too, but modules cannot call it.
 *
 * Memory of the second and third source cannot be charged to a memory cgroup, as the kernel
 * exports nothing that charges pages which exist already. So not everybody gets it. The third
 * source is searched for ten seconds at most.
 */
#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>

#include "page/block.h"
#include "page/compat.h"
#include "page/contig.h"
#include "page/extent.h"

/* Allocate a block that is large enough, and give back what is too much. */
static long buddy_range(const struct iokmem_pages_request *request)
{
	gfp_t gfp = request->gfp | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	unsigned int order = get_order(request->nr << PAGE_SHIFT);
	struct page *page;
	unsigned long i;

	order = max(order, request->align_order);
	if (order > MAX_PAGE_ORDER)
		return -ENOMEM;
	if (request->nr == 1UL << order)
		gfp |= __GFP_COMP;
	page = iokmem_block_below(order, request->end_pfn, gfp);
	if (!page)
		return -ENOMEM;
	if (gfp & __GFP_COMP)
		return page_to_pfn(page);

	split_page(page, order);
	for (i = request->nr; i < 1UL << order; i++)
		__free_page(page + i);
	return page_to_pfn(page);
}

#ifdef CONFIG_DMA_CMA
static struct device *iokmem_cma_device;
static u64 iokmem_cma_mask = U64_MAX;
/* Protects the device's mask, which limits an allocation. */
static DEFINE_MUTEX(iokmem_cma_mutex);

/*
 * The DMA API falls back to the page allocator. That has been asked already, so it must
 * not make an effort.
 */
static long cma_range(struct iokmem_pages *pages,
		      const struct iokmem_pages_request *request)
{
	size_t size = request->nr << PAGE_SHIFT;
	unsigned long pfn;
	struct page *page;
	u64 mask;

	/* It might come decrypted, for a device to see, and unlike other memory. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return -ENOMEM;
	mask = min_t(u64, request->end_pfn, U64_MAX >> PAGE_SHIFT);
	mask = (mask << PAGE_SHIFT) - 1;
	mutex_lock(&iokmem_cma_mutex);
	iokmem_cma_mask = mask;
	iokmem_cma_device->coherent_dma_mask = mask;
	page = dma_alloc_pages(iokmem_cma_device, size, &pages->dma,
			       DMA_BIDIRECTIONAL,
			       GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	mutex_unlock(&iokmem_cma_mutex);
	if (!page)
		return -ENOMEM;

	pfn = page_to_pfn(page);
	if (IS_ALIGNED(pfn, 1UL << request->align_order) &&
	    pfn + request->nr <= request->end_pfn)
		return pfn;
	dma_free_pages(iokmem_cma_device, size, page, pages->dma,
		       DMA_BIDIRECTIONAL);
	return -ENOMEM;
}

/*
 * iokmem_contig_free_cma - give memory back to the reserve
 */
void iokmem_contig_free_cma(struct iokmem_pages *pages)
{
	const struct iokmem_extent *extent = pages->extents->array;

	dma_free_pages(iokmem_cma_device, extent->end << PAGE_SHIFT,
		       pfn_to_page(extent->pfn), pages->dma, DMA_BIDIRECTIONAL);
}

int __init iokmem_contig_init(void)
{
	iokmem_cma_device = root_device_register("iokmem");
	if (IS_ERR(iokmem_cma_device))
		return PTR_ERR(iokmem_cma_device);
	iokmem_cma_device->dma_mask = &iokmem_cma_mask;
	return 0;
}

void iokmem_contig_exit(void)
{
	root_device_unregister(iokmem_cma_device);
}
#else
static long cma_range(struct iokmem_pages *pages,
		      const struct iokmem_pages_request *request)
{
	return -ENOMEM;
}

void iokmem_contig_free_cma(struct iokmem_pages *pages)
{
}

int __init iokmem_contig_init(void)
{
	return 0;
}

void iokmem_contig_exit(void)
{
}
#endif

#ifdef CONFIG_CONTIG_ALLOC
/* Return true if the whole range is online memory of @zone. */
static bool range_is_online(const struct zone *zone, unsigned long pfn,
			    unsigned long nr)
{
	unsigned long end = pfn + nr;

	while (pfn < end) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone)
			return false;
		pfn = min(end, ALIGN(pfn + 1, pageblock_nr_pages));
	}
	return true;
}

static long search_zone(const struct zone *zone,
			const struct iokmem_pages_request *request,
			unsigned long nr)
{
	unsigned long end = min(zone_end_pfn(zone), request->end_pfn);
	unsigned long step, pfn;

	/* Try ranges that overlap by half, or one in each pageblock. */
	step = max(1UL << request->align_order,
		   min(rounddown_pow_of_two(nr), pageblock_nr_pages));
	for (pfn = ALIGN(zone->zone_start_pfn, step);
	     pfn < end && nr <= end - pfn; pfn += step) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, request->deadline))
			return -ENOMEM;
		cond_resched();
		if (range_is_online(zone, pfn, nr) &&
		    !alloc_contig_range(pfn, pfn + nr, MIGRATE_MOVABLE,
					GFP_KERNEL | __GFP_NOWARN))
			return pfn;
	}
	return -ENOMEM;
}

static long search_node(int nid, const struct iokmem_pages_request *request,
			unsigned long nr)
{
	int i;

	/* Nothing may stay in movable zones. */
	for (i = ZONE_NORMAL; i >= 0; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];
		long pfn;

		if (!populated_zone(zone))
			continue;
		pfn = search_zone(zone, request, nr);
		if (pfn != -ENOMEM)
			return pfn;
	}
	return -ENOMEM;
}

/*
 * iokmem_contig_range - allocate @nr zeroed neighbours, each a page by itself
 *
 * @request gives the alignment and the limit. Returns the frame of the first page, or
 * -ENOMEM, or -EINTR.
 */
long iokmem_contig_range(const struct iokmem_pages_request *request,
			 unsigned long nr)
{
	long pfn = -ENOMEM;
	int nid;

	for_each_online_node(nid) {
		pfn = search_node(nid, request, nr);
		if (pfn != -ENOMEM)
			break;
	}
	if (pfn >= 0)
		iokmem_frames_clear(pfn, nr);
	return pfn;
}
#else
long iokmem_contig_range(const struct iokmem_pages_request *request,
			 unsigned long nr)
{
	return -ENOMEM;
}
#endif

/*
 * iokmem_contig_alloc - allocate memory in one extent, zeroed and write-back
 *
 * Returns 0, -ENOMEM or -EINTR.
 */
int iokmem_contig_alloc(struct iokmem_pages *pages,
			const struct iokmem_pages_request *request)
{
	long pfn;
	int err;

	err = iokmem_extents_init(pages->extents, 1, request->gfp);
	if (err)
		return err;

	pages->source = IOKMEM_PAGES_BLOCKS;
	pfn = buddy_range(request);
	if (pfn < 0 && iokmem_pages_uncharged_will_do(request)) {
		pfn = cma_range(pages, request);
		if (pfn >= 0)
			pages->source = IOKMEM_PAGES_CMA;
		else
			pfn = iokmem_contig_range(request, request->nr);
	}
	if (pfn < 0) {
		iokmem_extents_fini(pages->extents);
		return pfn;
	}
	pages->extents->array[0].pfn = pfn;
	pages->extents->array[0].end = request->nr;
	return 0;
}
