/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_IMPORT_H
#define _IOKMEM_IMPORT_H

#include <linux/types.h>

struct dma_buf;
struct iokmem_desc;

struct iokmem_desc *iokmem_import_create(struct dma_buf *dmabuf, u32 direction);
struct iokmem_desc *iokmem_import_shared(struct dma_buf *dmabuf, u32 direction);
struct dma_buf *iokmem_import_dma_buf(const struct iokmem_desc *desc);
bool iokmem_dma_buf_is_read_only(const struct dma_buf *dmabuf);
int iokmem_dma_buf_wait(struct dma_buf *dmabuf, bool write);

int iokmem_dma_buf_init(void);
void iokmem_dma_buf_exit(void);

#endif /* _IOKMEM_IMPORT_H */
