/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_ATTACH_H
#define _IOKMEM_ATTACH_H

#include <linux/dma-direction.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct file;
struct iokmem_desc;
struct sg_table;

/**
 * struct iokmem_importer - learns that the exporter of a dma-buf takes the memory back
 * @dmabuf: the dma-buf
 * @desc: the descriptor of the dma-buf, in whose kind's struct this is
 * @pins: attached devices that have the memory pinned
 * @taken_back: the descriptor is being revoked, or has been
 * @revoke: revokes the descriptor, with a count of it
 * @vmas: the file on whose inode are the VMAs that the exporter has filled, or NULL
 */
struct iokmem_importer {
	struct dma_buf *dmabuf;
	struct iokmem_desc *desc;
	unsigned int pins;		/* protected by the reservation lock */
	bool taken_back;		/* protected by the reservation lock */
	struct work_struct revoke;
	struct file *vmas;		/* constant once others know @desc */
};

void iokmem_importer_init(struct iokmem_importer *importer, struct iokmem_desc *desc,
			  struct dma_buf *dmabuf);
struct dma_buf_attachment *iokmem_attach(struct iokmem_importer *importer, struct device *dev);
void iokmem_detach(struct iokmem_importer *importer, struct dma_buf_attachment *attachment);
struct sg_table *iokmem_attachment_map(struct dma_buf_attachment *attachment,
				       enum dma_data_direction direction);
void iokmem_attachment_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			     enum dma_data_direction direction);

#endif /* _IOKMEM_ATTACH_H */
