/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_FRAME_H
#define _IOKMEM_FRAME_H

#include <linux/types.h>

struct mm_struct;

bool iokmem_kernel_frame(unsigned long address, unsigned long *pfn);
int iokmem_user_frame(struct mm_struct *mm, unsigned long address, bool write,
		      unsigned long *pfn);

#endif /* _IOKMEM_FRAME_H */
