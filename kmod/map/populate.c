// SPDX-License-Identifier: GPL-2.0
/*
 * Filling the entries of a map in advance.
 *
 * Each step makes one fault, and advances by at least a page. A fault may drop the mmap
 * lock. Then everything that was found before is forgotten: the next step looks up the VMA,
 * the mapping and its memory again from the address.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "map/map.h"
#include "map/vma.h"
#include "page/compat.h"

/* Return the mapping's VMA if its program could touch memory there now, else NULL. */
static struct vm_area_struct *vma_to_fill(const struct iokmem_mapping *mapping)
{
	struct vm_area_struct *vma = iokmem_mapping_vma(mapping);

	if (!vma || READ_ONCE(mapping->state) != IOKMEM_MAPPING_LIVE ||
	    iokmem_mapping_is_blocked(mapping) ||
	    (iokmem_desc_fills_vma(iokmem_mapping_desc(mapping)) &&
	     !iokmem_vma_is_adopted(vma)) ||
	    !(vma->vm_flags & (VM_READ | VM_WRITE)))
		return NULL;
	return vma;
}

/*
 * Count the pages from @address on that a fault has mapped. @singly: unless its entry is
 * huge, the fault maps one page only.
 */
static unsigned long fault_reach(const struct iokmem_mapping *mapping,
				 unsigned long address, bool singly)
{
	/* The fault has allocated the page table. */
	if (pmd_leaf(READ_ONCE(*pmd_off(mapping->mm, address))))
		return PTRS_PER_PTE - pte_index(address);
	if (singly)
		return 1;
	return IOKMEM_FAULT_AROUND - ((address >> PAGE_SHIFT) & (IOKMEM_FAULT_AROUND - 1));
}

/*
 * Make one fault at @address, in the mapping's VMA. Return how many of the @left pages from
 * there on are done, or a negative error. If the mmap lock has been dropped, *@unlocked is
 * true, and nothing that was found before holds any more.
 */
static long fill_at(struct iokmem_mapping *mapping, struct vm_area_struct *vma,
		    unsigned long address, unsigned long left, bool *unlocked)
{
	unsigned int flags = FAULT_FLAG_REMOTE;
	bool pages = iokmem_vma_has_pages(vma);
	bool singly = pages || iokmem_vma_is_adopted(vma);
	struct iokmem_run run;
	int err;

	*unlocked = false;
	if (vma->vm_flags & VM_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (pages && !iokmem_vma_is_paged(vma) && !iokmem_vma_is_given(vma) &&
	    IOKMEM_CPU_MARKS_ENTRIES)
		return iokmem_vma_insert_pages(vma, address, left);
	if (!singly) {
		run = iokmem_mapping_lookup(mapping, address);
		left = min(left, run.nr);
		/* Nobody can touch guard pages. */
		if (run.pfn == IOKMEM_NO_PFN)
			return left;
	}
	err = fixup_user_fault(mapping->mm, address, flags, unlocked);
	/* The new entry may be clean. A second, short fault marks it dirty. */
	if (!err && singly && !IOKMEM_CPU_MARKS_ENTRIES && !*unlocked)
		err = fixup_user_fault(mapping->mm, address, flags, unlocked);
	if (err)
		return err;
	/* While the lock was dropped, entries may have been zapped again. */
	return *unlocked ? 1 : min(left, fault_reach(mapping, address, singly));
}

static int populate_locked(struct iokmem_mapping *mapping, unsigned long address,
			   unsigned long end)
{
	struct vm_area_struct *vma = NULL;
	bool unlocked;
	long nr;

	mmap_assert_locked(mapping->mm);

	for (; address < end; address += nr << PAGE_SHIFT) {
		if (!vma)
			vma = vma_to_fill(mapping);
		if (!vma)
			return 0;
		nr = fill_at(mapping, vma, address, (end - address) >> PAGE_SHIFT, &unlocked);
		/* The mapping may have been unmapped or blocked meanwhile. */
		if (nr < 0)
			return vma_to_fill(mapping) ? nr : 0;
		if (unlocked)
			vma = NULL;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * iokmem_map_populate - fill all entries of a map, so that no access to it faults
 *
 * The memory must be present. It is not an error if the map is unmapped meanwhile, or is
 * redirected to nothing; such a map is not filled. Caller must have a reference to the map.
 */
int iokmem_map_populate(struct iokmem_map *map)
{
	struct iokmem_mapping *mapping = map->mapping;
	unsigned long address = iokmem_map_address(map);
	int err;

	if (!mapping->mm || mapping->borrowed || !address)
		return 0;
	if (!mmget_not_zero(mapping->mm))
		return 0;
	if (mmap_read_lock_killable(mapping->mm)) {
		err = -EINTR;
	} else {
		err = populate_locked(mapping, address & PAGE_MASK,
				      PAGE_ALIGN(address + map->length));
		mmap_read_unlock(mapping->mm);
	}
	mmput(mapping->mm);
	return err;
}
