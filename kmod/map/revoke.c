// SPDX-License-Identifier: GPL-2.0
/*
 * The maps' part of revoking a descriptor: see desc/revoke.c.
 */
#include <linux/wait.h>

#include "map/map.h"

static struct iokmem_mapping *next_live(const struct iokmem_desc *desc)
{
	struct iokmem_mapping *mapping;

	lockdep_assert_held(&desc->lock);

	list_for_each_entry(mapping, &desc->mappings, node)
		if (mapping->state == IOKMEM_MAPPING_LIVE)
			return mapping;
	return NULL;
}

/*
 * iokmem_mappings_end_all - end all mappings of a revoked descriptor
 *
 * On return no entry of the memory is left. A mapping under construction goes live first and is
 * ended then, so that its maker learns the address. A mapping that another thread has killed may
 * not be zapped yet. This waits for both, but not for a builder that awaits the memory: it makes
 * no entries.
 */
void iokmem_mappings_end_all(struct iokmem_desc *desc)
{
	struct iokmem_mapping *mapping;

	mutex_lock(&desc->lock);
	for (;;) {
		wait_event_cmd(desc->wait,
			       (mapping = next_live(desc)) || desc->nr_mapped == desc->nr_awaiting,
			       mutex_unlock(&desc->lock), mutex_lock(&desc->lock));
		if (!mapping)
			break;
		kref_get(&mapping->count);
		iokmem_mapping_kill(mapping);
		mutex_unlock(&desc->lock);
		iokmem_mapping_end(mapping, false);
		iokmem_mapping_put(mapping);
		mutex_lock(&desc->lock);
	}
	mutex_unlock(&desc->lock);
}
