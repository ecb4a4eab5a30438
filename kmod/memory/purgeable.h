/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PURGEABLE_H
#define _IOKMEM_PURGEABLE_H

#include "memory/pageable.h"

int iokmem_purgeable_create(struct iokmem_pageable *pageable);
void iokmem_purgeable_destroy(struct iokmem_pageable *pageable);
int iokmem_purgeable_set(struct iokmem_desc *desc, u32 state, u32 *old);

#endif /* _IOKMEM_PURGEABLE_H */
