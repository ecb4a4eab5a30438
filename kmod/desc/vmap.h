/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_VMAP_H
#define _IOKMEM_VMAP_H

#include <linux/pgtable.h>
#include <linux/types.h>

struct iokmem_desc;

void *iokmem_vmap(const struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
		  pgprot_t prot);

#endif /* _IOKMEM_VMAP_H */
