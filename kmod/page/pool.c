// SPDX-License-Identifier: GPL-2.0
/*
 * Pools of uncached and write-combined blocks.
 *
 * Giving memory another type is expensive: the kernel splits its large entries, and every
 * CPU flushes its TLB and the memory from its caches. So blocks keep the type they were
 * given when their buffer goes, and are used again.
 *
 *	 page allocator --- make ---> in a buffer <--- take ---+
 *	       ^                          |                    |
 *	       |                          +--- give (zero) --> pool
 *	       +------ write-back again, when nobody wants it --+
 *
 * Blocks that are smaller than the kernel's large entries are cut out of larger ones (cut.c).
 *
 * A block in a pool is zero and has the pool's type. A block that leaves for the page
 * allocator is write-back before it goes. A block that the hardware has poisoned goes nowhere:
 * it is neither touched nor used again.
 *
 * Blocks stay charged to the memory cgroup of the process they were allocated for. So a
 * pool hands a block only to that cgroup, and gives it back when that cgroup, or the
 * machine, is short of memory. The kernel's list_lru does that: there is one for each type
 * and order. It has a list for each cgroup and NUMA node, of the blocks' handles, which are
 * slab objects charged like the blocks, and on their nodes.
 *
 * A pool hands out only blocks of the node that the task's next memory would come from
 * (node.c).
 *
 * The number of idle blocks is limited by recent use: idle and used blocks together are at
 * most twice the recent peak of used blocks, which decays. (Twice, since idle blocks may not
 * have the sizes that are wanted now.)
 */
#include <linux/err.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <kunit/visibility.h>

#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/cut.h"
#include "page/node.h"
#include "page/pool.h"
#include "page/reclaim.h"
#include "page/workqueue.h"

#define IOKMEM_POOL_ORDERS	(MAX_PAGE_ORDER + 1)
#define IOKMEM_POOL_LISTS	(IOKMEM_POOL_ORDERS + 1)
#define IOKMEM_POOL_PERIOD	(10 * HZ)
/* How many blocks are taken off a list at once. Its lock is a spinlock, which every pool needs. */
#define IOKMEM_POOL_RUN		128UL

/**
 * struct iokmem_pool_block - the handle of a block, in its page_private()
 * @lru: in a pool's list, or empty
 * @pool: the pool that the block belongs to
 * @page: the first page
 * @order: the block has 2^@order pages
 * @cut: the large block that it has been cut out of, or NULL
 */
struct iokmem_pool_block {
	struct list_head lru;
	struct iokmem_pool *pool;
	struct page *page;
	unsigned int order;
	struct iokmem_cut *cut;
};

/**
 * struct iokmem_pool - the blocks of one memory type
 * @mode: IOKMEM_MAP_*_CACHE
 * @idle: the blocks that nobody uses: a list for each order
 * @cuts: the large blocks that small ones can be cut out of
 * @lock: protects the counts
 * @nr_idle: how many pages are in @idle
 * @nr_used: how many pages are in buffers
 * @peak: the recent peak of @nr_used
 */
struct iokmem_pool {
	u32 mode;
	struct list_lru *idle;
	struct list_lru *cuts;
	spinlock_t lock;	/* for the counts */
	unsigned long nr_idle;	/* protected by @lock */
	unsigned long nr_used;	/* protected by @lock */
	unsigned long peak;	/* protected by @lock */
};

static struct iokmem_pool iokmem_pools[] = {
	{ .mode = IOKMEM_MAP_INHIBIT_CACHE },
	{ .mode = IOKMEM_MAP_WRITE_COMBINE_CACHE },
};

static struct kmem_cache *iokmem_pool_blocks;
static struct list_lru iokmem_pool_lists[ARRAY_SIZE(iokmem_pools)][IOKMEM_POOL_LISTS];
static struct iokmem_reclaim iokmem_pool_reclaim = {
	.lists	= iokmem_pool_lists[0],
	.nr	= ARRAY_SIZE(iokmem_pools) * IOKMEM_POOL_LISTS,
};

static void trim_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(iokmem_pool_trim_work, trim_work);

static struct iokmem_pool *pool_of(u32 mode)
{
	return mode == IOKMEM_MAP_INHIBIT_CACHE ? &iokmem_pools[0] :
						  &iokmem_pools[1];
}

static struct iokmem_pool_block *block_of(const struct page *page)
{
	return (struct iokmem_pool_block *)page_private(page);
}

/* Add to the counts of used and idle pages. */
static void pool_count(struct iokmem_pool *pool, long used, long idle)
{
	spin_lock(&pool->lock);
	pool->nr_used += used;
	pool->nr_idle += idle;
	pool->peak = max(pool->peak, pool->nr_used);
	spin_unlock(&pool->lock);
}

/* Make @nr used pages idle ones if the pool has room for them. Returns false if not. */
static bool pool_has_room(struct iokmem_pool *pool, unsigned long nr)
{
	bool room;

	spin_lock(&pool->lock);
	pool->nr_used -= nr;
	room = pool->nr_idle + nr + pool->nr_used <= 2 * pool->peak;
	if (room)
		pool->nr_idle += nr;
	spin_unlock(&pool->lock);
	return room;
}

static bool block_is_poisoned(const struct iokmem_pool_block *block)
{
	return iokmem_frames_poisoned(page_to_pfn(block->page), 1UL << block->order);
}

/* Put a block back into the large one that it has been cut out of. It is zero. */
static void put_into_cut(struct iokmem_pool_block *block)
{
	if (block_is_poisoned(block)) {
		iokmem_frames_lose(page_to_pfn(block->page), 1UL << block->order);
		iokmem_cut_lose(block->cut, block->order);
	} else {
		iokmem_cut_give(block->cut, block->page, block->order);
	}
}

/* Free a block that is not counted any more. */
static void block_free(struct iokmem_pool_block *block)
{
	unsigned long pfn = page_to_pfn(block->page), nr = 1UL << block->order;

	set_page_private(block->page, 0);
	/* Memory of the wrong type must not go back. Changing to write-back does not fail. */
	if (block->cut)
		put_into_cut(block);
	else if (block_is_poisoned(block))
		iokmem_frames_lose(pfn, nr);
	else if (!WARN_ON(iokmem_cache_change(pfn, nr, block->pool->mode,
					      IOKMEM_MAP_COPYBACK_CACHE)))
		__free_pages(block->page, block->order);
	kmem_cache_free(iokmem_pool_blocks, block);
}

static enum lru_status isolate_one(struct list_head *item,
				   struct list_lru_one *list, void *isolated)
{
	list_lru_isolate_move(list, item, isolated);
	return LRU_REMOVED;
}

/* Free blocks that have left their list. Returns how many pages they had. */
static unsigned long free_isolated(struct list_head *isolated)
{
	struct iokmem_pool_block *block, *next;
	unsigned long freed = 0;

	list_for_each_entry_safe(block, next, isolated, lru) {
		list_del_init(&block->lru);
		freed += 1UL << block->order;
		pool_count(block->pool, 0, -(1L << block->order));
		block_free(block);
		cond_resched();
	}
	return freed;
}

/* Return the node that a block for the calling task should be on. */
static int node_wanted(int nid)
{
	nodemask_t allowed;

	if (nid != NUMA_NO_NODE)
		return nid;
	iokmem_nodes_allowed(&allowed);
	return iokmem_node_preferred(&allowed);
}

/*
 * iokmem_pool_take - take an idle block, which is zero and has the type
 *
 * A block of node @nid; if that is NUMA_NO_NODE, of the node that the calling task's memory
 * policy and cpuset choose. With __GFP_ACCOUNT in @gfp, a block that is charged to the cgroup
 * that the calling task allocates for. Returns NULL if there is none, or if the block that was
 * next had to be given up.
 */
struct page *iokmem_pool_take(u32 mode, unsigned int order, int nid, gfp_t gfp)
{
	struct iokmem_pool *pool = pool_of(mode);
	struct list_lru *idle = &pool->idle[order];
	struct iokmem_pool_block *block;
	struct mem_cgroup *memcg = NULL;
	unsigned long nr_to_walk = 1;
	LIST_HEAD(isolated);

	nid = node_wanted(nid);
	if (nid == NUMA_NO_NODE)
		return NULL;
	if (gfp & __GFP_ACCOUNT)
		memcg = get_mem_cgroup_from_mm(NULL);
	list_lru_walk_one(idle, nid, memcg, isolate_one, &isolated, &nr_to_walk);
	mem_cgroup_put(memcg);

	block = list_first_entry_or_null(&isolated, struct iokmem_pool_block, lru);
	if (!block)
		return NULL;
	list_del_init(&block->lru);
	if (block_is_poisoned(block)) {
		pool_count(pool, 0, -(1L << order));
		block_free(block);
		return NULL;
	}
	pool_count(pool, 1L << order, -(1L << order));
	iokmem_node_taken(nid);
	return block->page;
}

/* Make the handle of a block that has the type, and count the block as used. */
static struct iokmem_pool_block *block_new(struct iokmem_pool *pool, struct page *page,
					   unsigned int order, gfp_t gfp)
{
	struct iokmem_pool_block *block;

	block = iokmem_reclaim_alloc(iokmem_pool_blocks, &pool->idle[order],
				     page_to_nid(page), gfp & ~__GFP_ZERO);
	if (!block)
		return NULL;
	INIT_LIST_HEAD(&block->lru);
	block->pool = pool;
	block->page = page;
	block->order = order;
	block->cut = NULL;
	return block;
}

/*
 * Cut a block out of a large one. Returns NULL if there is no memory, or no need: where the
 * kernel's map of all memory does not change, there is nothing to be split. Returns
 * ERR_PTR(-ENOSPC) if a smaller block can be cut out.
 */
static struct page *cut_block(struct iokmem_pool *pool, unsigned int order, int nid, gfp_t gfp)
{
	struct iokmem_pool_block *block;
	struct iokmem_cut *cut;
	struct page *page;

	if (order >= IOKMEM_BLOCK_ORDER || !iokmem_cache_in_direct_map(pool->mode))
		return NULL;
	cut = iokmem_cut_take(pool->cuts, pool->mode, order, node_wanted(nid), nid, gfp, &page);
	if (IS_ERR_OR_NULL(cut))
		return ERR_CAST(cut);
	block = block_new(pool, page, order, gfp);
	if (!block) {
		iokmem_cut_give(cut, page, order);
		return NULL;
	}
	block->cut = cut;
	set_page_private(page, (unsigned long)block);
	pool_count(pool, 1L << order, 0);
	if (!block_is_poisoned(block))
		return page;
	pool_count(pool, -(1L << order), 0);
	block_free(block);
	return NULL;
}

/*
 * iokmem_pool_make - allocate a zero block and give it the type
 *
 * Returns NULL if there is no memory, or if @gfp does not allow an effort and a smaller block is to
 * be had. Like the blocks of iokmem_pool_take(), the block goes to iokmem_pool_give() in the end.
 */
struct page *iokmem_pool_make(u32 mode, unsigned int order, int nid, gfp_t gfp)
{
	struct iokmem_pool *pool = pool_of(mode);
	struct iokmem_pool_block *block;
	struct page *page;

	page = cut_block(pool, order, nid, gfp);
	if (!IS_ERR_OR_NULL(page))
		return page;
	/* A request that makes an effort is for this order, since nothing smaller will do. */
	if (IS_ERR(page) && !gfpflags_allow_blocking(gfp))
		return NULL;
	page = iokmem_block_below(order, ULONG_MAX, nid, gfp | __GFP_COMP);
	if (!page)
		return NULL;
	block = block_new(pool, page, order, gfp);
	if (!block)
		goto err_page;
	if (iokmem_cache_change(page_to_pfn(page), 1UL << order,
				IOKMEM_MAP_COPYBACK_CACHE, mode))
		goto err_block;

	set_page_private(page, (unsigned long)block);
	pool_count(pool, 1L << order, 0);
	return page;

err_block:
	kmem_cache_free(iokmem_pool_blocks, block);
err_page:
	__free_pages(page, order);
	return NULL;
}

/*
 * iokmem_pool_give - give back a block that its buffer does not need any more
 *
 * The content is gone on return. Never fails.
 */
void iokmem_pool_give(struct page *page)
{
	struct iokmem_pool_block *block = block_of(page);
	struct iokmem_pool *pool = block->pool;
	bool has_room;

	if (block_is_poisoned(block)) {
		pool_count(pool, -(1L << block->order), 0);
		block_free(block);
		return;
	}
	has_room = pool_has_room(pool, 1UL << block->order);
	if (has_room || block->cut)
		clear_pages(page_address(page), 1U << block->order);
	if (!has_room) {
		block_free(block);
		return;
	}
	if (!iokmem_cache_in_direct_map(pool->mode))
		iokmem_cache_flush(page_address(page), PAGE_SIZE << block->order, true);
	list_lru_add_obj(&pool->idle[block->order], &block->lru);
	queue_delayed_work(iokmem_workqueue, &iokmem_pool_trim_work,
			   IOKMEM_POOL_PERIOD);
}

/*
 * iokmem_pool_order - return the order of a block, of which @page is the first page
 *
 * The pages of a block that was cut out of a large one are each by itself.
 */
unsigned int iokmem_pool_order(const struct page *page)
{
	return block_of(page)->order;
}

/*
 * iokmem_pool_disown - take a block that has another type now out of its pool
 *
 * From here on it is an ordinary block of the page allocator.
 */
void iokmem_pool_disown(struct page *page)
{
	struct iokmem_pool_block *block = block_of(page);

	pool_count(block->pool, -(1L << block->order), 0);
	if (block->cut)
		iokmem_cut_lose(block->cut, block->order);
	set_page_private(page, 0);
	kmem_cache_free(iokmem_pool_blocks, block);
}

/* Return how many blocks it takes to have @nr pages, at least one. */
static unsigned long blocks_for(unsigned long nr, unsigned int order)
{
	return ((nr - 1) >> order) + 1;
}

/* Free idle blocks of a list until @nr pages, at least one, are free. Returns how many are. */
static unsigned long list_drop(struct list_lru *idle, int nid, unsigned int order,
			       unsigned long nr)
{
	unsigned long nr_to_walk, some, dropped = 0;

	do {
		LIST_HEAD(isolated);

		nr_to_walk = min(blocks_for(nr - dropped, order), IOKMEM_POOL_RUN);
		list_lru_walk_node(idle, nid, isolate_one, &isolated, &nr_to_walk);
		some = free_isolated(&isolated);
		dropped += some;
	} while (some && dropped < nr);
	return dropped;
}

/* Free idle blocks, large ones first, until @nr pages are free. */
static void pool_drop(struct iokmem_pool *pool, unsigned long nr)
{
	unsigned long dropped = 0;
	int order, nid;

	for (order = MAX_PAGE_ORDER; order >= 0; order--) {
		for_each_node_state(nid, N_NORMAL_MEMORY) {
			if (dropped >= nr)
				return;
			dropped += list_drop(&pool->idle[order], nid, order, nr - dropped);
		}
	}
}

/*
 * iokmem_pool_trim - let the peaks decay, and free idle blocks that exceed the limit
 *
 * Called once a period, as long as there are idle blocks.
 */
void iokmem_pool_trim(void)
{
	unsigned long excess;
	int i;

	for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++) {
		struct iokmem_pool *pool = &iokmem_pools[i];

		spin_lock(&pool->lock);
		pool->peak = pool->nr_used + (pool->peak - pool->nr_used) / 2;
		excess = pool->nr_used + pool->nr_idle;
		excess -= min(excess, 2 * pool->peak);
		spin_unlock(&pool->lock);
		pool_drop(pool, excess);
	}
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_pool_trim);

/*
 * iokmem_pool_idle - return how many idle pages there are, of all types
 */
unsigned long iokmem_pool_idle(void)
{
	unsigned long idle = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++) {
		spin_lock(&iokmem_pools[i].lock);
		idle += iokmem_pools[i].nr_idle;
		spin_unlock(&iokmem_pools[i].lock);
	}
	return idle;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_pool_idle);

static void trim_work(struct work_struct *work)
{
	iokmem_pool_trim();
	if (iokmem_pool_idle())
		queue_delayed_work(iokmem_workqueue, &iokmem_pool_trim_work,
				   IOKMEM_POOL_PERIOD);
}

static unsigned long pool_count_objects(struct shrinker *shrinker,
					struct shrink_control *sc)
{
	unsigned long nr = 0;
	int i, order;

	if (!iokmem_reclaim_is_ready(&iokmem_pool_reclaim))
		return SHRINK_EMPTY;
	for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++)
		for (order = 0; order <= MAX_PAGE_ORDER; order++)
			nr += list_lru_shrink_count(&iokmem_pools[i].idle[order],
						    sc) << order;
	return iokmem_shrink_counted(nr, nr);
}

/* Free blocks of both types: large ones first, the oldest first in each list. */
static unsigned long pool_scan_objects(struct shrinker *shrinker,
				       struct shrink_control *sc)
{
	unsigned long wanted = sc->nr_to_scan, freed = 0, nr_to_walk;
	int i, order;

	for (order = MAX_PAGE_ORDER; order >= 0; order--) {
		for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++) {
			LIST_HEAD(isolated);

			if (freed >= wanted)
				goto out;
			nr_to_walk = blocks_for(wanted - freed, order);
			list_lru_walk_one(&iokmem_pools[i].idle[order], sc->nid,
					  sc->memcg, isolate_one, &isolated,
					  &nr_to_walk);
			freed += free_isolated(&isolated);
		}
	}
out:
	return iokmem_shrink_scanned(sc, freed);
}

/*
 * iokmem_pool_drain - free all idle blocks
 */
void iokmem_pool_drain(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++)
		pool_drop(&iokmem_pools[i], ULONG_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_pool_drain);

/*
 * iokmem_pool_show - print a record for each pool; see Documentation/procfs.md
 */
void iokmem_pool_show(struct seq_file *m)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++) {
		struct iokmem_pool *pool = &iokmem_pools[i];

		spin_lock(&pool->lock);
		seq_printf(m, "iokmem-pool:\t%s\n", iokmem_cache_name(pool->mode));
		seq_printf(m, "iokmem-pool-used:\t%lu\n", pool->nr_used << PAGE_SHIFT);
		seq_printf(m, "iokmem-pool-idle:\t%lu\n", pool->nr_idle << PAGE_SHIFT);
		seq_printf(m, "iokmem-pool-peak:\t%lu\n\n", pool->peak << PAGE_SHIFT);
		spin_unlock(&pool->lock);
	}
}

int __init iokmem_pool_init(void)
{
	int i, err;

	err = iokmem_cut_init();
	if (err)
		return err;
	iokmem_pool_blocks = KMEM_CACHE(iokmem_pool_block, 0);
	if (!iokmem_pool_blocks) {
		err = -ENOMEM;
		goto err_cut;
	}
	for (i = 0; i < ARRAY_SIZE(iokmem_pools); i++) {
		iokmem_pools[i].idle = iokmem_pool_lists[i];
		iokmem_pools[i].cuts = &iokmem_pool_lists[i][IOKMEM_POOL_ORDERS];
		spin_lock_init(&iokmem_pools[i].lock);
	}
	err = iokmem_reclaim_start(&iokmem_pool_reclaim, "iokmem-pool",
				   pool_count_objects, pool_scan_objects);
	if (!err)
		return 0;
	kmem_cache_destroy(iokmem_pool_blocks);
err_cut:
	iokmem_cut_exit();
	return err;
}

/* No descriptor is left, so all blocks are idle. */
void iokmem_pool_exit(void)
{
	cancel_delayed_work_sync(&iokmem_pool_trim_work);
	iokmem_reclaim_stop(&iokmem_pool_reclaim);
	iokmem_pool_drain();
	iokmem_reclaim_destroy(&iokmem_pool_reclaim);
	kmem_cache_destroy(iokmem_pool_blocks);
	iokmem_cut_exit();
}
