/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_MEM_WIRED_H
#define _IOKMEM_MEM_WIRED_H

#include <linux/gfp.h>

struct iokmem_desc;

struct iokmem_desc *iokmem_wired_create(size_t capacity, size_t alignment,
					gfp_t gfp);

#endif /* _IOKMEM_MEM_WIRED_H */
