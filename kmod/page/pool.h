/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_POOL_H
#define _IOKMEM_POOL_H

#include <linux/gfp.h>

struct seq_file;

struct page *iokmem_pool_take(u32 mode, unsigned int order, int nid, gfp_t gfp);
struct page *iokmem_pool_make(u32 mode, unsigned int order, int nid, gfp_t gfp);
void iokmem_pool_give(struct page *page);
unsigned int iokmem_pool_order(const struct page *page);
void iokmem_pool_disown(struct page *page);
void iokmem_pool_trim(void);
void iokmem_pool_drain(void);
unsigned long iokmem_pool_idle(void);
void iokmem_pool_show(struct seq_file *m);

int iokmem_pool_init(void);
void iokmem_pool_exit(void);

#endif /* _IOKMEM_POOL_H */
