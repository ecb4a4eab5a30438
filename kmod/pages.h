/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PAGES_H
#define _IOKMEM_PAGES_H

#include <linux/gfp.h>

struct iokmem_extents;

int iokmem_pages_alloc(struct iokmem_extents *extents, unsigned long nr_pages,
		       unsigned int align_order, gfp_t gfp);
void iokmem_pages_free(struct iokmem_extents *extents);

#endif /* _IOKMEM_PAGES_H */
