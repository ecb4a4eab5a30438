/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_CUT_H
#define _IOKMEM_CUT_H

#include <linux/gfp.h>

struct iokmem_cut;
struct list_lru;

struct iokmem_cut *iokmem_cut_take(struct list_lru *cuts, u32 mode, unsigned int order,
				   int near, int nid, gfp_t gfp, struct page **page);
void iokmem_cut_give(struct iokmem_cut *cut, struct page *page, unsigned int order);
void iokmem_cut_lose(struct iokmem_cut *cut, unsigned int order);

int iokmem_cut_init(void);
void iokmem_cut_exit(void);

#endif /* _IOKMEM_CUT_H */
