// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the suites of dma-bufs. See dmabuf_helpers.h.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>

#include "dmabuf_helpers.h"

struct device *dma_device(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	return dev;
}

struct dma_buf *export(struct kunit *test, struct iokmem_desc *desc, u32 flags)
{
	struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(desc, flags);

	keep_dma_buf(test, dmabuf);
	return dmabuf;
}

int export_error(struct iokmem_desc *desc, u32 flags)
{
	struct dma_buf *dmabuf = iokmem_desc_get_dma_buf(desc, flags);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	dma_buf_put(dmabuf);
	return 0;
}

struct iokmem_desc *import(struct kunit *test, struct dma_buf *dmabuf, u32 direction)
{
	return keep_desc(test, iokmem_desc_with_dma_buf(dmabuf, direction));
}

int import_error(struct dma_buf *dmabuf, u32 direction)
{
	struct iokmem_desc *desc = iokmem_desc_with_dma_buf(dmabuf, direction);

	if (IS_ERR(desc))
		return PTR_ERR(desc);
	iokmem_desc_put(desc);
	return 0;
}

bool is_revoked(const struct iokmem_desc *desc)
{
	int i;

	for (i = 0; i < 100 && !READ_ONCE(desc->revoke_done); i++)
		msleep(20);
	return READ_ONCE(desc->revoke_done);
}

struct iokmem_desc *exportable(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct iokmem_desc *desc = make_kind(test, kind);

	if (kind->export_error || kind->imported)
		kunit_skip(test, "nothing to export");
	return desc;
}

int import_for(struct importer *importer, struct dma_buf *dmabuf, struct device *dev,
	       enum dma_data_direction direction)
{
	importer->direction = direction;
	importer->attachment = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(importer->attachment))
		return PTR_ERR(importer->attachment);
	importer->table = dma_buf_map_attachment_unlocked(importer->attachment, direction);
	if (!IS_ERR(importer->table))
		return 0;
	dma_buf_detach(dmabuf, importer->attachment);
	return PTR_ERR(importer->table);
}

void let_go(struct importer *importer)
{
	dma_buf_unmap_attachment_unlocked(importer->attachment, importer->table,
					  importer->direction);
	dma_buf_detach(importer->attachment->dmabuf, importer->attachment);
}
