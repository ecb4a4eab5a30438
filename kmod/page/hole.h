/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_HOLE_H
#define _IOKMEM_HOLE_H

#include <linux/types.h>

int iokmem_unmap_ends(void *address, unsigned long before, unsigned long inside,
		      unsigned long behind);

#endif /* _IOKMEM_HOLE_H */
