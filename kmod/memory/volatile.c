// SPDX-License-Identifier: GPL-2.0
/*
 * Volatile memory: how reclaim finds it, and empties it when memory is short.
 *
 * Each page is charged to the memory cgroup of the task that touched it first, so one buffer
 * can have pages of several cgroups, and of several NUMA nodes. Reclaim of any of them has to
 * find the buffer. So a buffer has a *share* for each cgroup and node that it has pages of,
 * and the shares of volatile memory are in a list_lru. That has a list for each cgroup and
 * node, with the memory that has been volatile for longest at the head. The shrinker empties
 * a whole buffer for any share of it.
 *
 *	buffer ---> share ---> list of cgroup A, node 0
 *	      `---> share ---> list of cgroup B, node 0
 *
 * A share is made when the first page of its cgroup and node is brought in, and freed when
 * the memory is emptied. It is a slab object that is charged to its cgroup and is on its
 * node, because list_lru finds both by the slab.
 */
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/shmem.h"
#include "memory/volatile.h"
#include "page/compat.h"
#include "page/reclaim.h"
#include "trace.h"

/* From how many shares at the head of a list the pages of all are estimated. */
#define IOKMEM_SAMPLE	32

/**
 * struct iokmem_share - a cgroup and a node that a buffer has pages of
 * @lru: in the list of the cgroup while the memory is volatile and nobody holds it
 * @next: in the list of the buffer's shares
 * @owner: the buffer
 * @cgroup: the id of the cgroup that the pages are charged to
 * @nid: the node
 */
struct iokmem_share {
	struct list_head lru;
	struct list_head next;
	struct iokmem_pageable *owner;
	u64 cgroup;
	int nid;
};

static struct list_lru iokmem_volatile;
static struct kmem_cache *iokmem_shares;
static struct iokmem_reclaim iokmem_volatile_reclaim = {
	.lists	= &iokmem_volatile,
	.nr	= 1,
};

/* Return true if reclaim may empty the memory. */
static bool is_reclaimable(const struct iokmem_pageable *pageable)
{
	lockdep_assert_held(&pageable->lock);

	return pageable->purgeable->state == IOKMEM_PURGEABLE_VOLATILE &&
	       !READ_ONCE(pageable->pinned);
}

static struct iokmem_share *find_share(const struct iokmem_purgeable *purgeable, u64 cgroup,
				       int nid)
{
	struct iokmem_share *share;

	lockdep_assert_held(&purgeable->shares_lock);

	list_for_each_entry(share, &purgeable->shares, next)
		if (share->cgroup == cgroup && share->nid == nid)
			return share;
	return NULL;
}

/* List a share, unless another thread has just listed one. Return true if it is listed. */
static bool list_share(struct iokmem_pageable *pageable, struct iokmem_share *share)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;
	bool first;

	lockdep_assert_held(&pageable->lock);

	spin_lock(&purgeable->shares_lock);
	first = !find_share(purgeable, share->cgroup, share->nid);
	if (first) {
		list_add(&share->next, &purgeable->shares);
		if (is_reclaimable(pageable))
			list_lru_add_obj(&iokmem_volatile, &share->lru);
	}
	spin_unlock(&purgeable->shares_lock);
	return first;
}

/* Make a share for @memcg and @nid. The cgroup can make the caller wait, so it has no lock. */
static int add_share(struct iokmem_pageable *pageable, struct mem_cgroup *memcg, int nid,
		     gfp_t gfp)
{
	struct mem_cgroup *old = set_active_memcg(memcg);
	struct iokmem_share *share;
	bool listed = false;
	int err;

	share = iokmem_reclaim_alloc(iokmem_shares, &iokmem_volatile, nid,
				     gfp | __GFP_ACCOUNT);
	set_active_memcg(old);
	if (!share)
		return -ENOMEM;
	INIT_LIST_HEAD(&share->lru);
	share->owner = pageable;
	share->cgroup = iokmem_memcg_id(memcg);
	share->nid = nid;

	err = down_read_killable(&pageable->lock);
	if (!err) {
		listed = list_share(pageable, share);
		up_read(&pageable->lock);
	}
	if (!listed)
		kmem_cache_free(iokmem_shares, share);
	return err;
}

/* Return the cgroup that a page is charged to, with a reference. */
static struct mem_cgroup *get_memcg_of(struct page *page)
{
	struct mem_cgroup *memcg;

	rcu_read_lock();
	do {
		memcg = folio_memcg(page_folio(page));
	} while (!mem_cgroup_tryget(memcg));
	rcu_read_unlock();
	return memcg;
}

/* Return true if @page has the cgroup and the node of the page before it. */
static bool is_charged_as_before(struct iokmem_purgeable *purgeable, struct page *page)
{
	const struct iokmem_share *last = READ_ONCE(purgeable->last);
	u64 cgroup;

	if (!last || last->nid != page_to_nid(page))
		return false;
	rcu_read_lock();
	cgroup = iokmem_memcg_id(folio_memcg(page_folio(page)));
	rcu_read_unlock();
	return cgroup == last->cgroup;
}

/* Return true if there is a share for a page of @memcg and @nid. */
static bool has_share(struct iokmem_pageable *pageable, struct mem_cgroup *memcg, int nid)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;
	struct iokmem_share *share;

	lockdep_assert_held(&pageable->lock);

	spin_lock(&purgeable->shares_lock);
	share = find_share(purgeable, iokmem_memcg_id(memcg), nid);
	/* A share that the caller makes is the last one from its second page on. */
	if (share)
		WRITE_ONCE(purgeable->last, share);
	spin_unlock(&purgeable->shares_lock);
	return share;
}

static int charged_page(struct iokmem_pageable *pageable, struct page *page, gfp_t gfp)
{
	struct mem_cgroup *memcg = NULL;
	bool known;
	int err;

	err = down_read_killable(&pageable->lock);
	if (err)
		return err;
	known = is_charged_as_before(pageable->purgeable, page);
	if (!known) {
		memcg = get_memcg_of(page);
		known = has_share(pageable, memcg, page_to_nid(page));
	}
	up_read(&pageable->lock);
	if (!known)
		err = add_share(pageable, memcg, page_to_nid(page), gfp);
	if (memcg)
		mem_cgroup_put(memcg);
	return err;
}

/*
 * iokmem_volatile_charged - let reclaim find pages that have been brought in
 *
 * Caller must have references to the @nr @pages, and no lock. A discard that began before the
 * caller got the references is over on return. Returns 0, -ENOMEM, or -EINTR for a fatal signal.
 */
int iokmem_volatile_charged(struct iokmem_pageable *pageable, struct page **pages,
			    unsigned long nr, gfp_t gfp)
{
	unsigned long i;
	int err = 0;

	if (!pageable->purgeable)
		return 0;
	for (i = 0; i < nr && !err; i++) {
		err = charged_page(pageable, pages[i], gfp);
		cond_resched();
	}
	return err;
}

/*
 * iokmem_volatile_update - let reclaim find the memory if it may be emptied, or hide it
 *
 * Called after the state or @pinned has changed. Memory that is found already keeps its place
 * in the lists.
 */
void iokmem_volatile_update(struct iokmem_pageable *pageable)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;
	struct iokmem_share *share;

	lockdep_assert_held(&pageable->lock);

	if (!purgeable)
		return;
	spin_lock(&purgeable->shares_lock);
	list_for_each_entry(share, &purgeable->shares, next) {
		if (is_reclaimable(pageable))
			list_lru_add_obj(&iokmem_volatile, &share->lru);
		else
			list_lru_del_obj(&iokmem_volatile, &share->lru);
	}
	spin_unlock(&purgeable->shares_lock);
}

/*
 * iokmem_volatile_forget - free the shares of memory that has no pages any more
 *
 * Nobody else can reach the memory, or the caller holds its lock for writing.
 */
void iokmem_volatile_forget(struct iokmem_pageable *pageable)
{
	struct iokmem_purgeable *purgeable = pageable->purgeable;
	struct iokmem_share *share, *next;

	list_for_each_entry_safe(share, next, &purgeable->shares, next) {
		list_lru_del_obj(&iokmem_volatile, &share->lru);
		kmem_cache_free(iokmem_shares, share);
	}
	INIT_LIST_HEAD(&purgeable->shares);
	purgeable->last = NULL;
}

/*
 * iokmem_volatile_empty - discard all pages that nobody holds, and make the state empty
 *
 * Pages that are held stay, and so do their shares.
 */
void iokmem_volatile_empty(struct iokmem_pageable *pageable)
{
	lockdep_assert_held_write(&pageable->lock);

	iokmem_shmem_drop(pageable);
	WRITE_ONCE(pageable->purgeable->state, IOKMEM_PURGEABLE_EMPTY);
	if (pageable->pinned || !RB_EMPTY_ROOT(&pageable->parts))
		iokmem_volatile_update(pageable);
	else
		iokmem_volatile_forget(pageable);
}

static enum lru_status sum_pages(struct list_head *item, struct list_lru_one *list,
				 void *nr)
{
	struct iokmem_share *share = list_entry(item, struct iokmem_share, lru);

	*(unsigned long *)nr += iokmem_shmem_pages(share->owner);
	return LRU_SKIP;
}

/*
 * Estimate the pages in a list from the memory at its head, which is the next to be emptied.
 * To look at all of it would take too long: the kernel wants to know before each few scans.
 */
static unsigned long volatile_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long shares, left = IOKMEM_SAMPLE, nr = 0;

	if (!iokmem_reclaim_is_ready(&iokmem_volatile_reclaim))
		return SHRINK_EMPTY;
	shares = list_lru_shrink_count(&iokmem_volatile, sc);
	list_lru_walk_one(&iokmem_volatile, sc->nid, sc->memcg, sum_pages, &nr, &left);
	if (left)
		return iokmem_shrink_counted(shares, nr);
	nr = mult_frac(nr, shares, IOKMEM_SAMPLE);
	return iokmem_shrink_counted(shares, max(nr, shares));
}

/*
 * Take the memory, with its lock and a count, if nobody uses it just now. Memory in use goes
 * to the end of the list, so that the next walk does not look at it again.
 */
static enum lru_status isolate(struct list_head *item, struct list_lru_one *list,
			       void *isolated)
{
	struct iokmem_pageable **found = isolated, *pageable =
		list_entry(item, struct iokmem_share, lru)->owner;

	if (!down_write_trylock(&pageable->lock))
		return LRU_ROTATE;
	if (!kref_get_unless_zero(&pageable->desc.count)) {
		up_write(&pageable->lock);
		return LRU_ROTATE;
	}
	list_lru_isolate(list, item);
	*found = pageable;
	return LRU_REMOVED;
}

static unsigned long purge(struct iokmem_pageable *pageable)
{
	unsigned long nr = iokmem_shmem_pages(pageable);

	iokmem_volatile_empty(pageable);
	/* Pages of parts that are held stay, and others may be brought in meanwhile. */
	nr -= min(nr, iokmem_shmem_pages(pageable));
	trace_iokmem_purge(&pageable->desc);
	up_write(&pageable->lock);
	iokmem_desc_count_put_async(&pageable->desc);
	return nr;
}

/* Empty the memory at the head of the list. Returns how many pages that freed. */
static unsigned long purge_first(struct shrink_control *sc)
{
	struct iokmem_pageable *pageable = NULL;
	unsigned long one = 1;

	list_lru_walk_one(&iokmem_volatile, sc->nid, sc->memcg, isolate, &pageable, &one);
	return pageable ? purge(pageable) : 0;
}

static unsigned long volatile_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long shares, freed = 0;

	/* The task that allocates may hold locks that discarding takes. */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	for (shares = list_lru_shrink_count(&iokmem_volatile, sc);
	     shares && freed < sc->nr_to_scan; shares--)
		freed += purge_first(sc);
	return iokmem_shrink_scanned(sc, freed);
}

int __init iokmem_pageable_init(void)
{
	int err;

	iokmem_shares = KMEM_CACHE(iokmem_share, SLAB_ACCOUNT);
	if (!iokmem_shares)
		return -ENOMEM;
	err = iokmem_reclaim_start(&iokmem_volatile_reclaim, "iokmem-purgeable",
				   volatile_count, volatile_scan);
	if (err)
		kmem_cache_destroy(iokmem_shares);
	return err;
}

void iokmem_pageable_exit(void)
{
	iokmem_reclaim_stop(&iokmem_volatile_reclaim);
	iokmem_reclaim_destroy(&iokmem_volatile_reclaim);
	kmem_cache_destroy(iokmem_shares);
}
