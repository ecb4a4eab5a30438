/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_MULTI_H
#define _IOKMEM_MULTI_H

#include <linux/types.h>

struct iokmem_desc;

struct iokmem_desc *iokmem_multi_create(u32 direction);
int iokmem_multi_add(struct iokmem_desc *multi, struct iokmem_desc *desc);
struct iokmem_desc *iokmem_multi_finish(struct iokmem_desc *multi, int err);

#endif /* _IOKMEM_MULTI_H */
