// SPDX-License-Identifier: GPL-2.0
/*
 * Static mappings: a driver makes and keeps them by other means, and records them here so
 * that requests can share them.
 *
 * The driver does not tell when it unmaps such a mapping. So the memory at its addresses is
 * checked when the mapping is recorded, and again before a request shares it.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "map/map.h"
#include "page/frame.h"

static int frame_at(const struct iokmem_mapping *mapping, unsigned long address,
		    unsigned long *pfn)
{
	bool write = !(mapping->options & IOKMEM_MAP_READ_ONLY);

	if (mapping->mm)
		return iokmem_user_frame(mapping->mm, address, write, pfn);
	return iokmem_kernel_frame(address, pfn) ? 0 : -EFAULT;
}

/*
 * iokmem_mapping_check_static - check that the addresses show the memory
 *
 * Caller must keep the address space, and the memory must be held. Return 0; -ENXIO if the
 * addresses show something else; -EFAULT if they show nothing; -EACCES if the mapping is
 * not read-only and the user task may not write there; or another error.
 */
int iokmem_mapping_check_static(const struct iokmem_mapping *mapping)
{
	unsigned long i, address, pfn;
	int err;

	for (i = 0; i < iokmem_mapping_pages(mapping); i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		address = mapping->start + (i << PAGE_SHIFT);
		err = frame_at(mapping, address, &pfn);
		if (err)
			return err;
		if (pfn != iokmem_mapping_lookup(mapping, address).pfn)
			return -ENXIO;
		cond_resched();
	}
	return 0;
}
