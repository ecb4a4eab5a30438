// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses of the kernel's that show nothing, before and behind a mapping.
 *
 * vmap() leaves a page behind each mapping unmapped. Another mapping may end right before it,
 * since those of vm_map_ram() and of per-CPU memory have no such page. So a mapping with guards
 * is made with more pages, and the outer ones are unmapped again, where modules can find entries
 * of the kernel's and flush them.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/smp.h>

#include <asm/tlbflush.h>

#include "page/compat.h"
#include "page/hole.h"

#if IOKMEM_GUARDS_IN_KERNEL
/* Clear @nr entries. With @look, only check that each is of one page. */
static int clear_entries(unsigned long address, unsigned long nr, bool look)
{
	unsigned int level;
	pte_t *entry;

	for (; nr--; address += PAGE_SIZE) {
		entry = lookup_address(address, &level);
		if (!entry || level != PG_LEVEL_4K)
			return -EOPNOTSUPP;
		if (!look)
			set_pte(entry, __pte(0));
	}
	return 0;
}

static void flush_entries(void *unused)
{
	__flush_tlb_all();
}

/*
 * iokmem_unmap_ends - unmap the first and the last pages of a mapping
 *
 * @address is the result of vmap() for @before, @inside and @behind pages. The outer ones are
 * unmapped when this returns 0, and no CPU has an entry of them. vunmap() unmaps the others.
 * Returns -EOPNOTSUPP, and has changed nothing, where this cannot be done. May sleep.
 */
int iokmem_unmap_ends(void *address, unsigned long before, unsigned long inside,
		      unsigned long behind)
{
	unsigned long first = (unsigned long)address;
	unsigned long last = first + ((before + inside) << PAGE_SHIFT);
	int err;

	err = clear_entries(first, before, true);
	if (!err)
		err = clear_entries(last, behind, true);
	if (err)
		return err;
	clear_entries(first, before, false);
	clear_entries(last, behind, false);
	on_each_cpu(flush_entries, NULL, true);
	return 0;
}
#else
int iokmem_unmap_ends(void *address, unsigned long before, unsigned long inside,
		      unsigned long behind)
{
	return -EOPNOTSUPP;
}
#endif
