// SPDX-License-Identifier: GPL-2.0
/*
 * Page frames at addresses of the kernel's or of a user task's.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "page/compat.h"
#include "page/extent.h"
#include "page/frame.h"

/* Return true for addresses of vmalloc() and of modules. */
static bool is_virtually_mapped(unsigned long address)
{
#ifdef MODULES_VADDR
	if (address >= MODULES_VADDR && address < MODULES_END)
		return true;
#endif
	return is_vmalloc_addr((void *)address);
}

/*
 * iokmem_kernel_frame - find the frame at an address of the kernel's
 *
 * The caller keeps what is there, which need not be RAM. Returns false if there is nothing.
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

/* Return true if the frame, which is at a kernel address, is RAM. */
static bool is_ram(unsigned long address, unsigned long pfn)
{
	if (!pfn_valid(pfn))
		return false;
	/* Memory behind ioremap() has no struct page, or a reserved one. */
	return virt_addr_valid((void *)address) || !PageReserved(pfn_to_page(pfn));
}

/**
 * struct kernel_range - addresses of the kernel's
 * @address: of the first page
 * @nr: how many pages
 * @io: other memory than RAM will do, too
 */
struct kernel_range {
	unsigned long address;
	unsigned long nr;
	bool io;
};

static int walk_kernel_range(struct iokmem_extents_builder *builder, void *arg)
{
	const struct kernel_range *range = arg;
	unsigned long i, pfn;

	for (i = 0; i < range->nr; i++) {
		unsigned long address = range->address + (i << PAGE_SHIFT);

		if (!iokmem_kernel_frame(address, &pfn) ||
		    (!range->io && !is_ram(address, pfn)))
			return -EFAULT;
		iokmem_extents_add(builder, pfn, 1);
		cond_resched();
	}
	return 0;
}

/*
 * iokmem_kernel_extents - find where the memory at addresses of the kernel's is
 *
 * The caller keeps the @nr pages, at least one, from @address on. With @io they may be
 * other memory than RAM. Returns 0, -ENOMEM, or -EFAULT if an address has no memory.
 */
int iokmem_kernel_extents(struct iokmem_extents *extents, unsigned long address,
			  unsigned long nr, bool io)
{
	struct kernel_range range = { .address = address, .nr = nr, .io = io };

	return iokmem_extents_build(extents, GFP_KERNEL_ACCOUNT, walk_kernel_range, &range);
}

/* Find the frame in a VMA of raw frames, and fault it in if need be. */
static int follow(struct vm_area_struct *vma, unsigned long address, bool write,
		  unsigned long *pfn)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
	int err;

	err = iokmem_follow_frame(vma, address, pfn);
	if (!err)
		return 0;
	/* Nobody has touched the address so far. */
	err = fixup_user_fault(vma->vm_mm, address, flags, NULL);
	return err ? err : iokmem_follow_frame(vma, address, pfn);
}

/* As iokmem_user_frame() if the VMA has raw frames. Otherwise clear @raw. */
static int follow_raw(struct mm_struct *mm, unsigned long address, bool write,
		      unsigned long *pfn, bool *raw)
{
	struct vm_area_struct *vma;
	int err = 0;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
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
 * iokmem_user_frame - find the frame at an address of a user task's
 *
 * The caller keeps the address space. Nothing keeps the frame at the address. Returns 0;
 * -EFAULT if there is no frame; -EACCES if the task may not read, or write if @write, the
 * address; or another error.
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
