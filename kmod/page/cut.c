// SPDX-License-Identifier: GPL-2.0
/*
 * Small blocks of another type than write-back, cut out of large ones.
 *
 * A large block that gets another type leaves the kernel's map of all memory in large entries. A
 * small one has the kernel split the entry that it is in, for good. So small blocks are cut out of
 * a large block that has the type as a whole:
 *
 *	page allocator --- a large block ---> cut ------ take -----> a pool's block
 *	       ^                               ^                          |
 *	       +--- write-back again, when ----+--------- give -----------+
 *	            all small ones are back
 *
 * A large block is charged, as a whole, to the memory cgroup of the process it was allocated for,
 * and what is cut out of it is only for that cgroup. The large blocks that have room are in a
 * list_lru, by cgroup and node.
 *
 * A small block that gets another type again, or that the hardware has poisoned, does not come
 * back. When nothing else is missing, the rest of the large block is given back.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/list_lru.h>
#include <linux/lockdep.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/cut.h"
#include "page/node.h"
#include "page/reclaim.h"

/*
 * How many large blocks of a cgroup and node may have room. If a small block fits into none of so
 * many, still smaller ones do, and another large block would only be memory that lies idle.
 */
#define IOKMEM_CUT_ROOMY	4UL

/**
 * struct iokmem_cut - a large block that small ones are cut out of
 * @lru: in @cuts, or empty if there is no room
 * @cuts: the list of large blocks that have room
 * @page: the first page; each page is a block by itself
 * @mode: IOKMEM_MAP_*_CACHE, the type
 * @nr_taken: how many pages are in small blocks, or do not come back
 * @nr_lost: how many of these do not come back
 * @taken: which pages these are
 *
 * All but constants are protected by iokmem_cut_mutex.
 */
struct iokmem_cut {
	struct list_head lru;
	struct list_lru *cuts;
	struct page *page;
	u32 mode;
	unsigned int nr_taken;
	unsigned int nr_lost;
	DECLARE_BITMAP(taken, PTRS_PER_PTE);
};

static struct kmem_cache *iokmem_cuts;

/* Nothing is allocated, and nobody waits, with this lock held. */
static DEFINE_MUTEX(iokmem_cut_mutex);

static unsigned int cut_pages(void)
{
	return 1U << IOKMEM_BLOCK_ORDER;
}

/* Make the pages write-back and give them to the page allocator, each by itself. */
static void pages_put(struct iokmem_cut *cut, unsigned int first, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(cut->page) + first;
	unsigned int i;

	/* The kernel's map does not have what is poisoned, so leave all of it alone. */
	if (iokmem_frames_poisoned(pfn, nr)) {
		iokmem_frames_lose(pfn, nr);
		return;
	}
	if (WARN_ON(iokmem_cache_change(pfn, nr, cut->mode, IOKMEM_MAP_COPYBACK_CACHE)))
		return;
	for (i = 0; i < nr; i++)
		__free_page(cut->page + first + i);
}

/* Give back a large block of which all is there, but for what has been lost. */
static void cut_free(struct iokmem_cut *cut)
{
	unsigned int first, end;

	for_each_clear_bitrange(first, end, cut->taken, cut_pages()) {
		pages_put(cut, first, end - first);
		cond_resched();
	}
	kmem_cache_free(iokmem_cuts, cut);
}

/* Allocate a large block, without effort, and give it the type. Returns NULL if there is none. */
static struct iokmem_cut *cut_new(struct list_lru *cuts, u32 mode, int nid, gfp_t gfp)
{
	struct iokmem_cut *cut;
	struct page *page;

	page = iokmem_block_below(IOKMEM_BLOCK_ORDER, ULONG_MAX, nid,
				  (gfp & ~__GFP_RECLAIM) | __GFP_ZERO | __GFP_NOWARN |
				  __GFP_NORETRY | __GFP_NOMEMALLOC);
	if (!page)
		return NULL;
	cut = iokmem_reclaim_alloc(iokmem_cuts, cuts, page_to_nid(page), gfp | __GFP_ZERO);
	if (!cut)
		goto err_page;
	if (iokmem_cache_change(page_to_pfn(page), cut_pages(), IOKMEM_MAP_COPYBACK_CACHE, mode))
		goto err_cut;

	split_page(page, IOKMEM_BLOCK_ORDER);
	INIT_LIST_HEAD(&cut->lru);
	cut->cuts = cuts;
	cut->page = page;
	cut->mode = mode;
	return cut;

err_cut:
	kmem_cache_free(iokmem_cuts, cut);
err_page:
	__free_pages(page, IOKMEM_BLOCK_ORDER);
	return NULL;
}

/* Cut out a small block, if there is room. List the large one if there is more room. */
static struct page *cut_out(struct iokmem_cut *cut, unsigned int order)
{
	unsigned long nr = 1UL << order, at;

	lockdep_assert_held(&iokmem_cut_mutex);

	at = bitmap_find_next_zero_area(cut->taken, cut_pages(), 0, nr, nr - 1);
	if (at < cut_pages()) {
		bitmap_set(cut->taken, at, nr);
		cut->nr_taken += nr;
	}
	if (cut->nr_taken < cut_pages())
		list_lru_add_obj(cut->cuts, &cut->lru);
	return at < cut_pages() ? cut->page + at : NULL;
}

static enum lru_status isolate_cut(struct list_head *item, struct list_lru_one *list,
				   void *isolated)
{
	list_lru_isolate_move(list, item, isolated);
	return LRU_REMOVED;
}

/* Find a large block of node @nid that has room, and cut a small one out. */
static struct iokmem_cut *cut_listed(struct list_lru *cuts, unsigned int order, int nid,
				     struct mem_cgroup *memcg, struct page **page)
{
	/* More have room if several threads have made some at once. */
	unsigned long nr_to_walk = 2 * IOKMEM_CUT_ROOMY;
	struct iokmem_cut *cut, *next, *found = NULL;
	LIST_HEAD(isolated);

	mutex_lock(&iokmem_cut_mutex);
	list_lru_walk_one(cuts, nid, memcg, isolate_cut, &isolated, &nr_to_walk);
	list_for_each_entry_safe(cut, next, &isolated, lru) {
		list_del_init(&cut->lru);
		if (found) {
			list_lru_add_obj(cuts, &cut->lru);
			continue;
		}
		*page = cut_out(cut, order);
		if (*page)
			found = cut;
	}
	mutex_unlock(&iokmem_cut_mutex);
	return found;
}

/*
 * iokmem_cut_take - cut a zero block out of a large one that has the type
 *
 * @cuts has the large blocks of @mode that have room. Those of node @near will do. If there is
 * none, another one is made of memory that is free on node @nid, or where the memory policy says.
 * With __GFP_ACCOUNT in @gfp it is one of the cgroup that the calling task allocates for. Returns
 * the large block, for iokmem_cut_give() or iokmem_cut_lose(), and the first page in @page; NULL if
 * there is no memory; or ERR_PTR(-ENOSPC) if only smaller blocks are to be had.
 */
struct iokmem_cut *iokmem_cut_take(struct list_lru *cuts, u32 mode, unsigned int order,
				   int near, int nid, gfp_t gfp, struct page **page)
{
	struct mem_cgroup *memcg = NULL;
	struct iokmem_cut *cut;
	unsigned long roomy;

	if (near == NUMA_NO_NODE)
		return NULL;
	if (gfp & __GFP_ACCOUNT)
		memcg = get_mem_cgroup_from_mm(NULL);
	cut = cut_listed(cuts, order, near, memcg, page);
	roomy = cut ? 0 : list_lru_count_one(cuts, near, memcg);
	mem_cgroup_put(memcg);
	if (cut) {
		iokmem_node_taken(near);
		return cut;
	}
	if (roomy >= IOKMEM_CUT_ROOMY)
		return ERR_PTR(-ENOSPC);
	cut = cut_new(cuts, mode, nid, gfp);
	if (!cut)
		return NULL;
	mutex_lock(&iokmem_cut_mutex);
	*page = cut_out(cut, order);
	mutex_unlock(&iokmem_cut_mutex);
	return cut;
}

/*
 * List the large block if it has room. Returns true if no small block may come back any more: the
 * large one is in no list then, and nobody else knows it.
 */
static bool cut_is_over(struct iokmem_cut *cut)
{
	lockdep_assert_held(&iokmem_cut_mutex);

	if (cut->nr_taken == cut->nr_lost) {
		list_lru_del_obj(cut->cuts, &cut->lru);
		return true;
	}
	if (cut->nr_taken < cut_pages())
		list_lru_add_obj(cut->cuts, &cut->lru);
	return false;
}

/*
 * iokmem_cut_give - put a small block back, which is zero and has the type
 */
void iokmem_cut_give(struct iokmem_cut *cut, struct page *page, unsigned int order)
{
	bool over;

	mutex_lock(&iokmem_cut_mutex);
	bitmap_clear(cut->taken, page_to_pfn(page) - page_to_pfn(cut->page), 1U << order);
	cut->nr_taken -= 1U << order;
	over = cut_is_over(cut);
	mutex_unlock(&iokmem_cut_mutex);
	if (over)
		cut_free(cut);
}

/*
 * iokmem_cut_lose - leave a small block to its owner, or to nobody: it does not come back
 */
void iokmem_cut_lose(struct iokmem_cut *cut, unsigned int order)
{
	bool over;

	mutex_lock(&iokmem_cut_mutex);
	cut->nr_lost += 1U << order;
	over = cut_is_over(cut);
	mutex_unlock(&iokmem_cut_mutex);
	if (over)
		cut_free(cut);
}

int __init iokmem_cut_init(void)
{
	iokmem_cuts = KMEM_CACHE(iokmem_cut, 0);
	return iokmem_cuts ? 0 : -ENOMEM;
}

/* All large blocks have been given back. */
void iokmem_cut_exit(void)
{
	kmem_cache_destroy(iokmem_cuts);
}
