/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's VMAs, for those who make them: vma.c and mmap.c.
 */
#ifndef _IOKMEM_VMA_H
#define _IOKMEM_VMA_H

#include <linux/mm.h>

struct iokmem_desc;
struct iokmem_mapping;

/*
 * In a VMA's place in its file: the VMA is for a mapping, which will claim it. The rest of
 * the place is that of the first page in the memory, which may be before it.
 */
#define IOKMEM_PGOFF_UNCLAIMED	(1UL << (BITS_PER_LONG - PAGE_SHIFT - 1))
#define IOKMEM_PLACE_MASK	((1UL << 40) - 1)

void iokmem_vma_init(struct vm_area_struct *vma);
int iokmem_vma_claim(struct vm_area_struct *vma, struct iokmem_mapping *mapping);
struct file *iokmem_vma_file(const struct iokmem_mapping *mapping);
unsigned long iokmem_preferred_alignment(const struct iokmem_desc *desc,
					 unsigned long len);
unsigned long iokmem_aligned_area(struct file *file, unsigned long addr,
				  unsigned long len, unsigned long pgoff,
				  unsigned long flags, unsigned long align, size_t place);

#endif /* _IOKMEM_VMA_H */
