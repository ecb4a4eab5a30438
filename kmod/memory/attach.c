// SPDX-License-Identifier: GPL-2.0
/*
 * Devices attached to a dma-buf of another driver.
 *
 * Exporters may move memory unless it is pinned. So each device pins the memory for as long as
 * it is attached. An exporter that invalidates mappings nevertheless takes the memory back: its
 * own device goes, for example. Then the descriptor is revoked, which ends all maps and DMA
 * commands, and nothing is attached any more when its users have completed what they prepared.
 *
 * The exporter tells that under the reservation lock. The locks that a revoke takes come before
 * that one, so a worker does it. Until then devices see the memory, and so do maps by way of the
 * exporter's kernel address, which keeps the memory; an exporter whose memory is gone by that time
 * waits for its devices' mappings, as VFIO does. From user tasks whose VMAs it has filled itself
 * the memory is taken at once, and the exporter serves their faults, or refuses to.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "desc/desc.h"
#include "memory/attach.h"
#include "page/compat.h"
#include "page/workqueue.h"

static void revoke(struct work_struct *work)
{
	struct iokmem_importer *importer = container_of(work, struct iokmem_importer, revoke);
	struct iokmem_desc *desc = importer->desc;

	iokmem_desc_revoke(desc);
	iokmem_desc_count_put(desc);
}

/* A device is attached for one who holds the descriptor, or is about to, so it has a count. */
static void invalidated(struct dma_buf_attachment *attachment)
{
	struct iokmem_importer *importer = attachment->importer_priv;

	dma_resv_assert_held(attachment->dmabuf->resv);

	if (importer->vmas)
		unmap_mapping_range(importer->vmas->f_mapping, 0, 0, 1);
	/* While nothing is pinned the memory only moves: to where it can be pinned. */
	if (!importer->pins || importer->taken_back)
		return;
	importer->taken_back = true;
	iokmem_desc_count_get(importer->desc);
	queue_work(iokmem_workqueue, &importer->revoke);
}

/* Memory of devices is fine, since nobody looks for pages in the tables. */
static const struct dma_buf_attach_ops iokmem_attach_ops = {
	.allow_peer2peer	= true,
	.invalidate_mappings	= invalidated,
};

/*
 * iokmem_importer_init - initialise @importer, which is zero
 *
 * @desc keeps @dmabuf. There is nothing to undo.
 */
void iokmem_importer_init(struct iokmem_importer *importer, struct iokmem_desc *desc,
			  struct dma_buf *dmabuf)
{
	importer->dmabuf = dmabuf;
	importer->desc = desc;
	INIT_WORK(&importer->revoke, revoke);
}

static int pin(struct iokmem_importer *importer, struct dma_buf_attachment *attachment)
{
	int err;

	err = dma_resv_lock_interruptible(importer->dmabuf->resv, NULL);
	if (err)
		return err;
	err = dma_buf_pin(attachment);
	if (!err)
		importer->pins++;
	dma_resv_unlock(importer->dmabuf->resv);
	return err;
}

/*
 * iokmem_attach - attach a device, and keep the memory in place
 *
 * The importer's descriptor is held, or about to be held, until iokmem_detach(). Return
 * ERR_PTR() with any error of the exporter.
 */
struct dma_buf_attachment *iokmem_attach(struct iokmem_importer *importer, struct device *dev)
{
	struct dma_buf *dmabuf = importer->dmabuf;
	struct dma_buf_attachment *attachment;
	int err;

	if (!iokmem_dma_buf_tells(dmabuf))
		return dma_buf_attach(dmabuf, dev);
	attachment = dma_buf_dynamic_attach(dmabuf, dev, &iokmem_attach_ops, importer);
	if (IS_ERR(attachment))
		return attachment;
	err = pin(importer, attachment);
	if (err) {
		dma_buf_detach(dmabuf, attachment);
		return ERR_PTR(err);
	}
	return attachment;
}

/*
 * iokmem_detach - undo iokmem_attach()
 */
void iokmem_detach(struct iokmem_importer *importer, struct dma_buf_attachment *attachment)
{
	struct dma_buf *dmabuf = importer->dmabuf;

	if (attachment->importer_ops) {
		dma_resv_lock(dmabuf->resv, NULL);
		importer->pins--;
		dma_buf_unpin(attachment);
		dma_resv_unlock(dmabuf->resv);
	}
	dma_buf_detach(dmabuf, attachment);
}

/* The exporter may still be moving the memory to where it has been pinned. */
static int wait_moved(struct dma_buf *dmabuf)
{
	long left = dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_KERNEL, true,
					  MAX_SCHEDULE_TIMEOUT);

	return left < 0 ? left : 0;
}

/*
 * iokmem_attachment_map - map the memory for an attached device
 *
 * Return ERR_PTR() with any error of the exporter.
 */
struct sg_table *iokmem_attachment_map(struct dma_buf_attachment *attachment,
				       enum dma_data_direction direction)
{
	struct dma_buf *dmabuf = attachment->dmabuf;
	struct sg_table *table;
	int err;

	if (!attachment->importer_ops)
		return dma_buf_map_attachment_unlocked(attachment, direction);
	err = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (err)
		return ERR_PTR(err);
	table = dma_buf_map_attachment(attachment, direction);
	dma_resv_unlock(dmabuf->resv);
	if (IS_ERR(table))
		return table;
	err = wait_moved(dmabuf);
	if (err) {
		iokmem_attachment_unmap(attachment, table, direction);
		return ERR_PTR(err);
	}
	return table;
}

/*
 * iokmem_attachment_unmap - undo iokmem_attachment_map()
 */
void iokmem_attachment_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
			     enum dma_data_direction direction)
{
	struct dma_buf *dmabuf = attachment->dmabuf;

	if (!attachment->importer_ops) {
		dma_buf_unmap_attachment_unlocked(attachment, table, direction);
		return;
	}
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_unmap_attachment(attachment, table, direction);
	dma_resv_unlock(dmabuf->resv);
}
