// SPDX-License-Identifier: GPL-2.0
/*
 * Which page frame is at an address, of the kernel's or of a user task's.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "page/compat.h"
#include "page/extent.h"
#include "page/frame.h"

/* Is it where vmalloc() and modules are? */
static bool is_virtually_mapped(unsigned long address)
{
#ifdef MODULES_VADDR
	if (address >= MODULES_VADDR && address < MODULES_END)
		return true;
#endif
	return is_vmalloc_addr((void *)address);
}

/*
 * iokmem_kernel_frame - the frame at an address of the kernel's, if there is one
 *
 * It need not be RAM. Whoever asks keeps what is there.
 */
bool iokmem_kernel_frame(unsigned long address, unsigned long *pfn)
{
	struct page *page;

	if (!is_virtually_mapped(address)) {
		*pfn = PHYS_PFN(__pa(address));
		return virt_addr_valid((void *)address);
	}
	page = vmalloc_to_page((void *)address);
	if (page)
		*pfn = page_to_pfn(page);
	return page;
}

/* Is it RAM, what is at this address of the kernel's? */
static bool is_ram(unsigned long address, unsigned long pfn)
{
	if (!pfn_valid(pfn))
		return false;
	/* Where ioremap() leads, the kernel has no page, or a reserved one. */
	return virt_addr_valid((void *)address) || !PageReserved(pfn_to_page(pfn));
}

/* Fills in the extents, if @array is there, and counts them. */
static int find_extents(struct iokmem_extent *array, unsigned long address,
			unsigned long nr, bool io)
{
	unsigned long next = 0, i, pfn;
	int found = 0;

	for (i = 0; i < nr; i++) {
		if (!iokmem_kernel_frame(address + (i << PAGE_SHIFT), &pfn) ||
		    (!io && !is_ram(address + (i << PAGE_SHIFT), pfn)))
			return -EFAULT;
		if (!i || pfn != next) {
			if (array)
				array[found].pfn = pfn;
			found++;
		}
		if (array)
			array[found - 1].end = i + 1;
		next = pfn + 1;
		cond_resched();
	}
	return found;
}

/*
 * iokmem_kernel_extents - where the memory at addresses of the kernel's is
 *
 * @nr pages, not 0, from @address on, which the caller keeps; of other than RAM too if
 * @io. -EFAULT if there is none at one of them.
 */
int iokmem_kernel_extents(struct iokmem_extents *extents, unsigned long address,
			  unsigned long nr, bool io)
{
	int found, err;

	found = find_extents(NULL, address, nr, io);
	if (found < 0)
		return found;
	err = iokmem_extents_init(extents, found, GFP_KERNEL);
	if (!err)
		find_extents(extents->array, address, nr, io);
	return err;
}

/* Of a VMA of raw frames, which has to be looked at. */
static int follow(struct vm_area_struct *vma, unsigned long address, bool write,
		  unsigned long *pfn)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
	int err;

	err = iokmem_follow_frame(vma, address, pfn);
	if (!err)
		return 0;
	/* Nobody has touched it so far. */
	err = fixup_user_fault(vma->vm_mm, address, flags, NULL);
	return err ? err : iokmem_follow_frame(vma, address, pfn);
}

static int follow_raw(struct mm_struct *mm, unsigned long address, bool write,
		      unsigned long *pfn, bool *raw)
{
	struct vm_area_struct *vma;
	int err = 0;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, address);
	*raw = vma && vma->vm_flags & (VM_IO | VM_PFNMAP);
	if (!vma)
		err = -EFAULT;
	else if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		err = -EACCES;
	else if (*raw)
		err = follow(vma, address, write, pfn);
	mmap_read_unlock(mm);
	return err;
}

/*
 * iokmem_user_frame - the frame at an address of a user task's
 *
 * At the moment: nothing keeps it there. Returns 0; -EFAULT if there is none; -EACCES
 * if the task may not touch it so; or another error. The caller keeps the address
 * space.
 */
int iokmem_user_frame(struct mm_struct *mm, unsigned long address, bool write,
		      unsigned long *pfn)
{
	struct page *page;
	bool raw;
	long got;
	int err;

	err = follow_raw(mm, address, write, pfn, &raw);
	if (err || raw)
		return err;
	got = iokmem_pin_remote(mm, address & PAGE_MASK, 1, write, &page);
	if (got != 1)
		return got < 0 ? got : -EFAULT;
	*pfn = page_to_pfn(page);
	unpin_user_page(page);
	return 0;
}
