/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_DMABUF_H
#define _IOKMEM_DMABUF_H

#include <linux/types.h>

struct dma_buf;
struct iokmem_desc;

struct iokmem_desc *iokmem_program_with_dma_buf(struct dma_buf *dmabuf, u32 direction);

#endif /* _IOKMEM_DMABUF_H */
