/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_VMAP_H
#define _IOKMEM_VMAP_H

#include <linux/pgtable.h>
#include <linux/types.h>

struct iokmem_desc;

unsigned long iokmem_vmap_lead(const struct iokmem_desc *desc, unsigned long guard);
void *iokmem_vmap(const struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
		  pgprot_t prot, unsigned long guard);

#endif /* _IOKMEM_VMAP_H */
