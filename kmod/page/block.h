/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_BLOCK_H
#define _IOKMEM_BLOCK_H

#include <linux/gfp.h>

unsigned long iokmem_highest_pfn(void);
void iokmem_frames_clear(unsigned long pfn, unsigned long nr);
bool iokmem_frames_poisoned(unsigned long pfn, unsigned long nr);
void iokmem_frames_lose(unsigned long pfn, unsigned long nr);
unsigned long iokmem_frames_lost(void);
struct page *iokmem_block_below(unsigned int order, unsigned long end_pfn, int nid,
				gfp_t gfp);

#endif /* _IOKMEM_BLOCK_H */
