/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_VOLATILE_H
#define _IOKMEM_VOLATILE_H

#include "memory/pageable.h"

int iokmem_volatile_charged(struct iokmem_pageable *pageable, struct page **pages,
			    unsigned long nr, gfp_t gfp);
void iokmem_volatile_update(struct iokmem_pageable *pageable);
void iokmem_volatile_forget(struct iokmem_pageable *pageable);
void iokmem_volatile_empty(struct iokmem_pageable *pageable);

#endif /* _IOKMEM_VOLATILE_H */
