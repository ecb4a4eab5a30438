// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings in the kernel's own address space. All their entries are made at once, so they
 * never fault.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "desc/vmap.h"
#include "map/map.h"

static bool unmap_kernel(struct iokmem_mapping *mapping, bool by_program)
{
	vunmap(mapping->kaddr);
	return true;
}

/*
 * iokmem_map_kernel - make the addresses of a kernel mapping
 */
int iokmem_map_kernel(struct iokmem_mapping *mapping)
{
	pgprot_t prot = mapping->options & IOKMEM_MAP_READ_ONLY ? PAGE_KERNEL_RO :
								  PAGE_KERNEL;
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	void *address;

	if (iokmem_desc_has_fixed_address(desc))
		return -EOPNOTSUPP;
	address = iokmem_vmap(desc, iokmem_mapping_index(mapping),
			      iokmem_mapping_pages(mapping), prot, mapping->guard);
	if (IS_ERR(address))
		return PTR_ERR(address);
	mapping->kaddr = address;
	mapping->start = (unsigned long)address +
			 (iokmem_vmap_lead(desc, mapping->guard) << PAGE_SHIFT);
	mapping->unmap = unmap_kernel;
	return 0;
}
