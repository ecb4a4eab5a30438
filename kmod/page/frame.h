/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_FRAME_H
#define _IOKMEM_FRAME_H

#include <linux/types.h>

struct iokmem_extents;
struct mm_struct;

bool iokmem_kernel_frame(unsigned long address, unsigned long *pfn);
int iokmem_kernel_extents(struct iokmem_extents *extents, unsigned long address,
			  unsigned long nr, bool io);
int iokmem_user_frame(struct mm_struct *mm, unsigned long address, bool write,
		      unsigned long *pfn);

#endif /* _IOKMEM_FRAME_H */
