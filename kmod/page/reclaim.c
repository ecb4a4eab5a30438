// SPDX-License-Identifier: GPL-2.0
/*
 * Shrinkers of lists that are kept by memory cgroup and node (list_lru).
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "page/compat.h"
#include "page/reclaim.h"

/*
 * iokmem_reclaim_start - make the lists, and a shrinker that takes from them
 *
 * Returns 0 or -ENOMEM. The caller undoes it with iokmem_reclaim_stop() and
 * iokmem_reclaim_destroy().
 */
int iokmem_reclaim_start(struct iokmem_reclaim *reclaim, const char *name,
			 iokmem_shrink_fn count, iokmem_shrink_fn scan)
{
	unsigned int i;
	int err;

	reclaim->shrinker = iokmem_shrinker_new(name, count, scan);
	if (!reclaim->shrinker)
		return -ENOMEM;
	for (i = 0; i < reclaim->nr; i++) {
		err = list_lru_init_memcg(&reclaim->lists[i], reclaim->shrinker);
		if (err) {
			iokmem_reclaim_stop(reclaim);
			iokmem_reclaim_destroy(reclaim);
			return err;
		}
	}
	/* Pairs with iokmem_reclaim_is_ready(). */
	smp_store_release(&reclaim->ready, true);
	return 0;
}

/*
 * iokmem_reclaim_alloc - allocate an object that stands for memory of node @nid in @list
 *
 * A list_lru finds an item's cgroup and node by the item itself. Returns NULL if there is no
 * memory. If only @nid has none, the object is of another node.
 */
void *iokmem_reclaim_alloc(struct kmem_cache *cache, struct list_lru *list, int nid,
			   gfp_t gfp)
{
	void *object, *there;

	/* This also makes @list ready for the cgroup. */
	object = kmem_cache_alloc_lru(cache, list, gfp);
	if (!object || page_to_nid(virt_to_page(object)) == nid)
		return object;
	there = kmem_cache_alloc_node(cache, gfp | __GFP_THISNODE | __GFP_NOWARN, nid);
	if (!there)
		return object;
	kmem_cache_free(cache, object);
	return there;
}

/*
 * iokmem_reclaim_stop - end the shrinker, which is not running on return
 */
void iokmem_reclaim_stop(struct iokmem_reclaim *reclaim)
{
	shrinker_free(reclaim->shrinker);
	reclaim->shrinker = NULL;
}

/*
 * iokmem_reclaim_destroy - destroy the lists, which are empty
 */
void iokmem_reclaim_destroy(struct iokmem_reclaim *reclaim)
{
	unsigned int i;

	for (i = 0; i < reclaim->nr; i++)
		list_lru_destroy(&reclaim->lists[i]);
}
