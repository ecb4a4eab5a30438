// SPDX-License-Identifier: GPL-2.0
/*
 * Static maps: mappings that somebody else has made, and keeps. They are recorded so
 * that requests can share them.
 *
 * Nobody tells us when such a mapping ends. So what is at its addresses is looked at
 * when it is recorded, and again whenever somebody is to share it: by then it may have
 * ended.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/frame.h"

static int frame_at(const struct iokmem_map *map, unsigned long address,
		    unsigned long *pfn)
{
	bool write = !(map->options & IOKMEM_MAP_READ_ONLY);

	if (map->mm)
		return iokmem_user_frame(map->mm, address, write, pfn);
	return iokmem_kernel_frame(address, pfn) ? 0 : -EFAULT;
}

/*
 * iokmem_map_check_static - is the map's memory what is at its addresses?
 *
 * The memory is held, and the address space kept. Returns 0; -ENXIO if something else
 * is there; -EFAULT if nothing is; -EACCES if a user task may not write it, and the
 * map is not read-only; or another error.
 */
int iokmem_map_check_static(const struct iokmem_map *map)
{
	pgoff_t index = iokmem_map_index(map);
	unsigned long i, pfn;
	int err;

	for (i = 0; i < iokmem_map_pages(map); i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = frame_at(map, map->start + (i << PAGE_SHIFT), &pfn);
		if (err)
			return err;
		if (pfn != iokmem_desc_lookup(map->desc, index + i).pfn)
			return -ENXIO;
		cond_resched();
	}
	return 0;
}
