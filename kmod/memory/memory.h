/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of memory that buffers may have. One function makes each. It returns an
 * unpublished descriptor or ERR_PTR(). Sub-descriptors, which are published. Parts of pageable
 * memory.
 */
#ifndef _IOKMEM_MEMORY_H
#define _IOKMEM_MEMORY_H

#include <linux/types.h>

struct device;
struct iokmem_desc;
struct iokmem_pages_request;
struct iokmem_window;
struct iokmem_payer;

struct iokmem_desc *iokmem_coherent_create(struct device *dev, size_t capacity);
struct iokmem_desc *
iokmem_wired_create(size_t capacity, size_t alignment,
		    const struct iokmem_pages_request *request);
struct iokmem_desc *iokmem_coherent_create(struct device *dev, size_t capacity);
struct iokmem_desc *iokmem_pageable_create(size_t capacity, bool purgeable,
					   bool charge, const struct iokmem_payer *payer);

struct iokmem_desc *iokmem_sub_create(struct iokmem_desc *parent, size_t offset,
				      size_t length, u32 direction);

struct iokmem_desc *iokmem_part_whole(struct iokmem_desc *desc, size_t *offset);
int iokmem_part_narrow(struct iokmem_window *window);

int iokmem_pageable_init(void);
void iokmem_pageable_exit(void);

#endif /* _IOKMEM_MEMORY_H */
