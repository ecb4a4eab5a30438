/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PAGES_H
#define _IOKMEM_PAGES_H

#include "page/extent.h"
#include "page/request.h"

struct iokmem_charge;
struct list_head;

int iokmem_pages_alloc(struct iokmem_pages *pages,
		       const struct iokmem_pages_request *request);
void iokmem_pages_free(struct iokmem_pages *pages, struct iokmem_charge *charge);
int iokmem_pages_retype(struct iokmem_pages *pages, u32 cache_mode);
bool iokmem_pages_pinned(const struct iokmem_pages *pages);
bool iokmem_neighbours_find(struct list_head *blocks, struct list_head *found,
			    const struct iokmem_pages_request *request);

#endif /* _IOKMEM_PAGES_H */
