/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_RECLAIM_H
#define _IOKMEM_RECLAIM_H

#include <linux/list_lru.h>
#include <linux/shrinker.h>

/**
 * struct iokmem_reclaim - lists of what a shrinker may free
 * @lists: one or more lists, each by memory cgroup and node
 * @nr: how many lists
 * @shrinker: takes from @lists; NULL when it is stopped
 * @ready: @lists exist; the shrinker may be called before they do
 */
struct iokmem_reclaim {
	struct list_lru *lists;
	unsigned int nr;
	struct shrinker *shrinker;
	bool ready;
};

void *iokmem_reclaim_alloc(struct kmem_cache *cache, struct list_lru *list, int nid,
			   gfp_t gfp);

typedef unsigned long (*iokmem_shrink_fn)(struct shrinker *shrinker,
					  struct shrink_control *sc);

int iokmem_reclaim_start(struct iokmem_reclaim *reclaim, const char *name,
			 iokmem_shrink_fn count, iokmem_shrink_fn scan);
void iokmem_reclaim_stop(struct iokmem_reclaim *reclaim);
void iokmem_reclaim_destroy(struct iokmem_reclaim *reclaim);

/* For a shrinker's count: return true if the lists are there. */
static inline bool iokmem_reclaim_is_ready(const struct iokmem_reclaim *reclaim)
{
	/* Pairs with iokmem_reclaim_start(). */
	return smp_load_acquire(&reclaim->ready);
}

/*
 * For a shrinker's count: return what to return for @items in the lists, which have @nr
 * pages. After SHRINK_EMPTY the kernel does not call the shrinker for this cgroup again until
 * an item is added to an empty list. Items may get pages later, so only empty lists are
 * SHRINK_EMPTY.
 */
static inline unsigned long iokmem_shrink_counted(unsigned long items, unsigned long nr)
{
	return items ? nr : SHRINK_EMPTY;
}

/* For a shrinker's scan: return what to return if @freed pages were freed. */
static inline unsigned long iokmem_shrink_scanned(struct shrink_control *sc,
						  unsigned long freed)
{
	sc->nr_scanned = max(freed, 1UL);
	return freed ? freed : SHRINK_STOP;
}

#endif /* _IOKMEM_RECLAIM_H */
