// SPDX-License-Identifier: GPL-2.0
/*
 * Purgeable memory: the states, and emptying it when memory is short.
 *
 *	              volatile                    memory is short
 *	NON-VOLATILE <========> VOLATILE ------------------------------+
 *	      ^  |  non-volatile    | empty                            |
 *	      |  | empty            v                                  |
 *	      |  `----------------> EMPTY <----------------------------'
 *	      `------------------------'  ^
 *	            non-volatile          `-- volatile: stays empty
 *
 * Memory that is made empty loses its content at once. It reads as zero, and keeps what is
 * written to it from then on until it is emptied again.
 *
 * Volatile memory is in a list_lru, which has a list for each memory cgroup and NUMA node,
 * oldest volatile memory first. The shrinker takes memory from there that nobody holds or
 * is bringing in just now.
 */
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/purgeable.h"
#include "memory/shmem.h"
#include "page/compat.h"
#include "page/reclaim.h"
#include "trace.h"

/**
 * struct iokmem_purgeable - the state of a descriptor's purgeable memory
 * @lru: in the list of volatile memory, or empty
 * @owner: the memory whose state this is
 * @state: IOKMEM_PURGEABLE_NON_VOLATILE, _VOLATILE or _EMPTY
 *
 * This is a slab object of its own because the list finds the cgroup by the slab. The memory
 * is in the list if and only if it is volatile, except while the shrinker has the lock.
 */
struct iokmem_purgeable {
	struct list_head lru;
	struct iokmem_pageable *owner;
	u32 state;	/* protected by the lock of @owner */
};

static struct list_lru iokmem_volatile;
static struct kmem_cache *iokmem_purgeables;
static struct iokmem_reclaim iokmem_purgeable_reclaim = {
	.lists	= &iokmem_volatile,
	.nr	= 1,
};

int iokmem_purgeable_create(struct iokmem_pageable *pageable)
{
	struct iokmem_purgeable *purgeable;

	purgeable = kmem_cache_alloc_lru(iokmem_purgeables, &iokmem_volatile,
					 GFP_KERNEL_ACCOUNT);
	if (!purgeable)
		return -ENOMEM;
	INIT_LIST_HEAD(&purgeable->lru);
	purgeable->owner = pageable;
	purgeable->state = IOKMEM_PURGEABLE_NON_VOLATILE;
	pageable->purgeable = purgeable;
	return 0;
}

/* No shrinker is at work on it: that would have a count of the descriptor. */
void iokmem_purgeable_destroy(struct iokmem_pageable *pageable)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;

	if (!purgeable)
		return;
	list_lru_del_obj(&iokmem_volatile, &purgeable->lru);
	kmem_cache_free(iokmem_purgeables, purgeable);
}

static void change_state(struct iokmem_pageable *pageable, u32 state)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;

	lockdep_assert_held_write(&pageable->lock);

	if (state == IOKMEM_PURGEABLE_KEEP_CURRENT)
		return;
	/* Empty memory has no content that could become volatile. */
	if (state == IOKMEM_PURGEABLE_VOLATILE &&
	    purgeable->state == IOKMEM_PURGEABLE_EMPTY)
		return;
	if (state == IOKMEM_PURGEABLE_EMPTY)
		iokmem_shmem_discard(pageable);
	/* Volatile memory that stays so keeps its place. */
	if (state == IOKMEM_PURGEABLE_VOLATILE)
		list_lru_add_obj(&iokmem_volatile, &purgeable->lru);
	else
		list_lru_del_obj(&iokmem_volatile, &purgeable->lru);
	purgeable->state = state;
}

/*
 * iokmem_purgeable_set - as iokmem_desc_set_purgeable(), for a valid @state
 */
int iokmem_purgeable_set(struct iokmem_desc *desc, u32 state, u32 *old)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);

	if (!pageable->purgeable)
		return -EOPNOTSUPP;

	down_write(&pageable->lock);
	*old = pageable->purgeable->state;
	change_state(pageable, state);
	up_write(&pageable->lock);
	return 0;
}

static enum lru_status sum_pages(struct list_head *item, struct list_lru_one *list,
				 void *nr)
{
	struct iokmem_purgeable *purgeable =
		list_entry(item, struct iokmem_purgeable, lru);

	*(unsigned long *)nr += iokmem_shmem_pages(purgeable->owner);
	return LRU_SKIP;
}

static unsigned long purgeable_count(struct shrinker *shrinker,
				     struct shrink_control *sc)
{
	unsigned long all = ULONG_MAX, nr = 0;

	if (!iokmem_reclaim_is_ready(&iokmem_purgeable_reclaim))
		return SHRINK_EMPTY;
	list_lru_walk_one(&iokmem_volatile, sc->nid, sc->memcg, sum_pages, &nr, &all);
	return iokmem_shrink_counted(list_lru_shrink_count(&iokmem_volatile, sc), nr);
}

/*
 * Take the first memory that nobody uses or holds just now, with its lock and a count. The
 * walk cannot be stopped, so the others are skipped.
 */
static enum lru_status isolate_first(struct list_head *item,
				     struct list_lru_one *list, void *first)
{
	struct iokmem_purgeable **found = first, *purgeable =
		list_entry(item, struct iokmem_purgeable, lru);
	struct iokmem_pageable *pageable = purgeable->owner;

	if (*found || !down_write_trylock(&pageable->lock))
		return LRU_SKIP;
	if (pageable->pinned || !kref_get_unless_zero(&pageable->desc.count)) {
		up_write(&pageable->lock);
		return LRU_SKIP;
	}
	list_lru_isolate(list, item);
	*found = purgeable;
	return LRU_REMOVED;
}

static unsigned long purge(struct iokmem_purgeable *purgeable)
{
	struct iokmem_pageable *pageable = purgeable->owner;
	unsigned long nr = iokmem_shmem_pages(pageable);

	lockdep_assert_held_write(&pageable->lock);

	iokmem_shmem_discard(pageable);
	purgeable->state = IOKMEM_PURGEABLE_EMPTY;
	trace_iokmem_purge(&pageable->desc);
	up_write(&pageable->lock);
	iokmem_desc_count_put_async(&pageable->desc);
	return nr;
}

static unsigned long purgeable_scan(struct shrinker *shrinker,
				    struct shrink_control *sc)
{
	unsigned long freed = 0, all;
	struct iokmem_purgeable *first;

	/* The task that allocates may hold locks that discarding takes. */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	do {
		first = NULL;
		all = ULONG_MAX;
		list_lru_walk_one(&iokmem_volatile, sc->nid, sc->memcg,
				  isolate_first, &first, &all);
		if (first)
			freed += purge(first);
	} while (first && freed < sc->nr_to_scan);
	return iokmem_shrink_scanned(sc, freed);
}

int __init iokmem_pageable_init(void)
{
	int err;

	iokmem_purgeables = KMEM_CACHE(iokmem_purgeable, 0);
	if (!iokmem_purgeables)
		return -ENOMEM;
	err = iokmem_reclaim_start(&iokmem_purgeable_reclaim, "iokmem-purgeable",
				   purgeable_count, purgeable_scan);
	if (err)
		kmem_cache_destroy(iokmem_purgeables);
	return err;
}

void iokmem_pageable_exit(void)
{
	iokmem_reclaim_stop(&iokmem_purgeable_reclaim);
	iokmem_reclaim_destroy(&iokmem_purgeable_reclaim);
	kmem_cache_destroy(iokmem_purgeables);
}
