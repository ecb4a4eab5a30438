/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's VMAs, for the files that make them: vma.c and mmap.c.
 */
#ifndef _IOKMEM_VMA_H
#define _IOKMEM_VMA_H

#include <linux/mm.h>

struct file;
struct iokmem_desc;
struct iokmem_mapping;

/* Flags that each VMA of the module has, except that one which can be pinned lacks VM_IO. */
#define IOKMEM_VMA_FLAGS	(VM_IO | VM_DONTEXPAND | VM_DONTCOPY | VM_DONTDUMP)

/*
 * A bit of vm_pgoff that marks a VMA which the module makes for a mapping to claim. The
 * other bits are the index of the VMA's first page in the memory. A guard page may be
 * before the memory, so the index wraps.
 */
#define IOKMEM_PGOFF_UNCLAIMED	(1UL << (BITS_PER_LONG - PAGE_SHIFT - 1))
#define IOKMEM_PLACE_MASK	((1UL << 40) - 1)

/* adopt.c */
bool iokmem_vma_is_adopted(const struct vm_area_struct *vma);
struct iokmem_mapping *iokmem_adopted_mapping(const struct vm_area_struct *vma);
int iokmem_vma_adopt(struct vm_area_struct *vma, struct iokmem_mapping *mapping,
		     const struct vm_operations_struct *ours);
void iokmem_vma_disown(struct vm_area_struct *vma);

/* vma.c */
void iokmem_vma_init(struct vm_area_struct *vma);
int iokmem_vma_claim(struct vm_area_struct *vma, struct iokmem_mapping *mapping);
struct file *iokmem_vma_file(const struct iokmem_mapping *mapping);
unsigned long iokmem_preferred_alignment(const struct iokmem_desc *desc,
					 unsigned long len);
unsigned long iokmem_aligned_area(struct file *file, unsigned long addr,
				  unsigned long len, unsigned long pgoff,
				  unsigned long flags, unsigned long align, size_t place);

#endif /* _IOKMEM_VMA_H */
