/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels this module is built for. The sources are
 * written for the newest of them; here the older ones are brought up to it.
 */
#ifndef _IOKMEM_COMPAT_H
#define _IOKMEM_COMPAT_H

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#error "iokmem is written for Linux 6.1 to 6.12"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* MAX_ORDER was exclusive, became inclusive in 6.4, got this name in 6.8. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define MAX_PAGE_ORDER	MAX_ORDER
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
static inline unsigned long
mm_get_unmapped_area(struct mm_struct *mm, struct file *file,
		     unsigned long addr, unsigned long len,
		     unsigned long pgoff, unsigned long flags)
{
	return mm->get_unmapped_area(file, addr, len, pgoff, flags);
}
#endif

/*
 * Huge page table entries for raw frames may be used only where they are marked
 * special: elsewhere get_user_pages() takes them for ordinary huge pages and
 * pins memory that it must not.
 */
#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP)
#define IOKMEM_HUGE_ENTRIES	1
#else
#define IOKMEM_HUGE_ENTRIES	0
#endif

#endif /* _IOKMEM_COMPAT_H */
