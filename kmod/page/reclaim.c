// SPDX-License-Identifier: GPL-2.0
/*
 * Shrinkers of lists that are kept by memory cgroup and node (list_lru).
 */
#include <linux/errno.h>

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
