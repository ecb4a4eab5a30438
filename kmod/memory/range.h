/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_RANGE_H
#define _IOKMEM_RANGE_H

#include <linux/types.h>

struct iokmem_desc;
struct mm_struct;

struct iokmem_desc *iokmem_range_create(struct mm_struct *mm, unsigned long address,
					size_t length, u32 options);
bool iokmem_range_has_frames_of(const struct iokmem_desc *desc, const struct iokmem_desc *other);

#endif /* _IOKMEM_RANGE_H */
