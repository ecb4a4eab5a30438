/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the suites of dma-bufs: a device, exports, imports, and a descriptor's bytes.
 */
#ifndef _IOKMEM_KUNIT_DMABUF_HELPERS_H
#define _IOKMEM_KUNIT_DMABUF_HELPERS_H

#include <linux/dma-direction.h>

#include "exporter.h"
#include "kinds.h"

#define RO	IOKMEM_FD_READ_ONLY

struct device *dma_device(struct kunit *test, const char *name);

struct dma_buf *export(struct kunit *test, struct iokmem_desc *desc, u32 flags);

int export_error(struct iokmem_desc *desc, u32 flags);

struct iokmem_desc *import(struct kunit *test, struct dma_buf *dmabuf, u32 direction);

int import_error(struct dma_buf *dmabuf, u32 direction);

/* Wait until the revoke of a descriptor is over, which a worker does. */
bool is_revoked(const struct iokmem_desc *desc);

/* A device that has imported a dma-buf. */
struct importer {
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	enum dma_data_direction direction;
};

/* Map a dma-buf for a device. Returns 0 or an error. */
int import_for(struct importer *importer, struct dma_buf *dmabuf, struct device *dev,
	       enum dma_data_direction direction);

void let_go(struct importer *importer);

/* Create the test's kind of memory. Skips the test if no dma-buf can be made of it. */
struct iokmem_desc *exportable(struct kunit *test);

#endif /* _IOKMEM_KUNIT_DMABUF_HELPERS_H */
