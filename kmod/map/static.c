// SPDX-License-Identifier: GPL-2.0
/*
 * Static mappings: they were made by other means, and are kept by who made them. They are
 * recorded so that requests can share them.
 *
 * Nothing tells when such a mapping ends. So the memory at its addresses is looked at when
 * it is recorded, and again whenever a request is to share it.
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
 * iokmem_mapping_check_static - check that the memory is what is at the addresses
 *
 * The caller keeps the address space, and the memory is held. Return 0; -ENXIO if
 * something else is there; -EFAULT if nothing is; -EACCES if a user task may not write it
 * and the mapping is not read-only; or another error.
 */
int iokmem_mapping_check_static(const struct iokmem_mapping *mapping)
{
	const struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	pgoff_t index = iokmem_mapping_index(mapping);
	unsigned long i, pfn;
	int err;

	for (i = 0; i < iokmem_mapping_pages(mapping); i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = frame_at(mapping, mapping->start + (i << PAGE_SHIFT), &pfn);
		if (err)
			return err;
		if (pfn != iokmem_desc_lookup(desc, index + i).pfn)
			return -ENXIO;
		cond_resched();
	}
	return 0;
}
