/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma-bufs: of descriptors (dmabuf.c), and descriptors of them (mem_dmabuf.c).
 */
#ifndef _IOKMEM_DMABUF_H
#define _IOKMEM_DMABUF_H

#include <linux/types.h>

struct dma_buf;
struct iokmem_desc;

/* dmabuf.c */
struct iokmem_desc *iokmem_dma_buf_exported(const struct dma_buf *dmabuf,
					    size_t *length);

/* mem_dmabuf.c */
bool iokmem_dma_buf_is_read_only(const struct dma_buf *dmabuf);
struct dma_buf *iokmem_dma_buf_imported(const struct iokmem_desc *desc);

int iokmem_dma_buf_init(void);
void iokmem_dma_buf_exit(void);

#endif /* _IOKMEM_DMABUF_H */
