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
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "page/block.h"
#include "page/compat.h"
#include "page/contig.h"
#include "page/extent.h"
#include "page/node.h"

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
	page = iokmem_block_below(order, request->end_pfn, request->nid, gfp);
	if (!page)
		return -ENOMEM;
	if (gfp & __GFP_COMP)
		return page_to_pfn(page);

	split_page(page, order);
	for (i = request->nr; i < 1UL << order; i++)
		__free_page(page + i);
	return page_to_pfn(page);
}

/* Find the nodes that the memory may be on. */
static void nodes_for(const struct iokmem_pages_request *request, nodemask_t *nodes)
{
	if (request->nid == NUMA_NO_NODE)
		iokmem_nodes_allowed(nodes);
	else
		*nodes = nodemask_of_node(request->nid);
}

#ifdef CONFIG_CONTIG_ALLOC
/*
 * Held while a range is allocated, by us or by the DMA API: if alloc_contig_range() finds a block
 * that another caller has isolated, it fails, and also ends that caller's isolation.
 */
static DEFINE_MUTEX(iokmem_range_mutex);
#endif

#ifdef CONFIG_DMA_CMA
static struct device *iokmem_cma_device;
/* Limits an allocation. Protected by iokmem_range_mutex. */
static u64 iokmem_cma_mask = U64_MAX;

/*
 * The DMA API falls back to the page allocator. That has been asked already, so it must
 * not make an effort.
 */
static long cma_range(struct iokmem_pages *pages,
		      const struct iokmem_pages_request *request)
{
	size_t size = request->nr << PAGE_SHIFT;
	nodemask_t nodes;
	unsigned long pfn;
	struct page *page;
	u64 mask;

	/* It might come decrypted, for a device to see, and unlike other memory. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return -ENOMEM;
	mask = min_t(u64, request->end_pfn, U64_MAX >> PAGE_SHIFT);
	mask = (mask << PAGE_SHIFT) - 1;
	if (mutex_lock_killable(&iokmem_range_mutex))
		return -EINTR;
	iokmem_cma_mask = mask;
	iokmem_cma_device->coherent_dma_mask = mask;
	page = dma_alloc_pages(iokmem_cma_device, size, &pages->dma,
			       DMA_BIDIRECTIONAL,
			       GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	mutex_unlock(&iokmem_range_mutex);
	if (!page)
		return -ENOMEM;

	pfn = page_to_pfn(page);
	nodes_for(request, &nodes);
	if (IS_ALIGNED(pfn, 1UL << request->align_order) &&
	    pfn + request->nr <= request->end_pfn && node_isset(page_to_nid(page), nodes))
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
/*
 * Return true if a page that is in use cannot be moved away. Pages that are free by then, or
 * in use by then, do no harm: alloc_contig_range() looks again.
 */
static bool is_fixed(struct page *page)
{
	if (PageReserved(page) || PageHuge(page) || PageHWPoison(page))
		return true;
	if (!page_count(page) || page_has_movable_ops(page))
		return false;
	return !PageLRU(page) || folio_maybe_dma_pinned(page_folio(page));
}

/* Return how many pages from @page on are free in one block. */
static unsigned long free_pages_from(struct page *page)
{
	unsigned long order;

	if (!PageBuddy(page))
		return 0;
	/* The block may be handed out at this moment, and its order be anything. */
	order = READ_ONCE(page->private);
	return order <= MAX_PAGE_ORDER ? 1UL << order : 1;
}

/*
 * Return the first frame of the range that keeps it from being allocated, or its end. Most
 * ranges have one, and alloc_contig_range() takes far longer to find out.
 */
static unsigned long first_fixed(const struct zone *zone, unsigned long pfn,
				 unsigned long end)
{
	unsigned long stop;

	while (pfn < end) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone)
			return pfn;
		stop = min(end, ALIGN(pfn + 1, pageblock_nr_pages));
		while (pfn < stop) {
			page = pfn_to_page(pfn);
			if (is_fixed(page))
				return pfn;
			pfn += max(free_pages_from(page), 1UL);
		}
		cond_resched();
	}
	return end;
}

/**
 * struct search - a search for a range of memory
 * @request: what it is for
 * @nr: how many pages
 * @step: the range begins at a multiple of so many pages
 * @tries: how often alloc_contig_range() may still be called: it makes all processors give
 *	up the free pages that they keep
 */
struct search {
	const struct iokmem_pages_request *request;
	unsigned long nr;
	unsigned long step;
	unsigned int tries;
};

/* Return 0 if the search may go on, or an error. */
static int check_search(const struct search *search)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	return search->tries && time_before_eq(jiffies, search->request->deadline) ?
	       0 : -ENOMEM;
}

/* Return false if the range is not to be had, or for a fatal signal. */
static bool allocate_range(unsigned long start, unsigned long end)
{
	int err;

	if (fatal_signal_pending(current) || mutex_lock_killable(&iokmem_range_mutex))
		return false;
	err = alloc_contig_range(start, end, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
	mutex_unlock(&iokmem_range_mutex);
	return !err;
}

/*
 * Allocate the range piece by piece, since the kernel zeroes all of a piece before others may
 * run. Return false if a piece is not to be had, or for a fatal signal.
 */
static bool try_range(struct search *search, unsigned long pfn)
{
	unsigned long piece = max_t(unsigned long, pageblock_nr_pages, SZ_32M >> PAGE_SHIFT);
	unsigned long done, n;

	search->tries--;
	for (done = 0; done < search->nr; done += n) {
		n = min(search->nr - done, piece);
		if (!allocate_range(pfn + done, pfn + done + n)) {
			if (done)
				free_contig_range(pfn, done);
			return false;
		}
		cond_resched();
	}
	return true;
}

static long search_zone(const struct zone *zone, struct search *search)
{
	unsigned long end = min(zone_end_pfn(zone), search->request->end_pfn);
	/* After a failure, try a range that overlaps by half, or one further in the pageblock. */
	unsigned long next = max(search->nr / 2, pageblock_nr_pages / 8);
	unsigned long pfn = ALIGN(zone->zone_start_pfn, search->step), fixed;
	int err;

	while (pfn < end && search->nr <= end - pfn) {
		err = check_search(search);
		if (err)
			return err;
		fixed = first_fixed(zone, pfn, pfn + search->nr);
		if (fixed < pfn + search->nr) {
			pfn = ALIGN(fixed + 1, search->step);
			continue;
		}
		if (try_range(search, pfn))
			return pfn;
		pfn = ALIGN(pfn + next, search->step);
	}
	return -ENOMEM;
}

static long search_node(int nid, struct search *search)
{
	int i;

	/* Nothing may stay in movable zones. */
	for (i = ZONE_NORMAL; i >= 0; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];
		long pfn;

		if (!populated_zone(zone))
			continue;
		pfn = search_zone(zone, search);
		if (pfn != -ENOMEM)
			return pfn;
	}
	return -ENOMEM;
}

/*
 * iokmem_contig_range - allocate @nr zeroed neighbours, each a page by itself
 *
 * @request gives the alignment, the limit and the node. If it names no node, all nodes that
 * the calling task's memory may be on are searched, the nearest ones first. Returns the frame
 * of the first page, or -ENOMEM, or -EINTR.
 */
long iokmem_contig_range(const struct iokmem_pages_request *request,
			 unsigned long nr)
{
	struct search search = {
		.request = request,
		.nr = nr,
		.step = max(1UL << request->align_order,
			    min(rounddown_pow_of_two(nr), pageblock_nr_pages)),
		.tries = IOKMEM_CONTIG_TRIES,
	};
	nodemask_t nodes;
	long pfn = -ENOMEM;
	int first, nid;

	nodes_for(request, &nodes);
	first = iokmem_node_preferred(&nodes);
	while (pfn == -ENOMEM && !nodes_empty(nodes)) {
		nid = iokmem_node_nearest(first, &nodes);
		node_clear(nid, nodes);
		pfn = search_node(nid, &search);
	}
	if (pfn >= 0 && iokmem_frames_clear(pfn, nr)) {
		free_contig_range(pfn, nr);
		return -EINTR;
	}
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
