/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory as a device sees it.
 */
#ifndef _IOKMEM_DMA_VIEW_H
#define _IOKMEM_DMA_VIEW_H

#include <linux/dma-direction.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

#include "desc/desc.h"

struct device;

/**
 * struct iokmem_dma_table - entries for a device
 * @sgt: what the DMA API takes
 * @one: for @sgt, if there is only one entry
 *
 * Not copied. Nothing is allocated while @sgt has no entries.
 */
struct iokmem_dma_table {
	struct sg_table sgt;
	struct scatterlist one;
};

/**
 * struct iokmem_dma_view - bytes of a descriptor, mapped for a device
 * @window: the bytes, at least one; the view holds their descriptor
 * @dev: the device
 * @direction: of the transfer
 * @table: what the device sees, by sg_dma_address() and sg_dma_len(): that of @own,
 *	or another one's
 * @skip: how many bytes in @table come before the first one
 * @own: for @table
 * @private: the kind's own
 *
 * Its owner makes sure that only one at a time does something with it.
 */
struct iokmem_dma_view {
	struct iokmem_window window;
	struct device *dev;
	enum dma_data_direction direction;
	struct sg_table *table;
	size_t skip;
	struct iokmem_dma_table own;
	void *private;
};

enum dma_data_direction iokmem_dma_direction(const struct iokmem_desc *desc);
bool iokmem_dma_reaches(struct device *dev, phys_addr_t last);
int iokmem_dma_table_fill(struct iokmem_dma_table *table, struct device *dev,
			  const struct iokmem_window *window);
void iokmem_dma_table_free(struct iokmem_dma_table *table);
int iokmem_dma_table_map(struct iokmem_dma_table *table, struct device *dev,
			 const struct iokmem_desc *desc,
			 enum dma_data_direction direction, unsigned long attrs);
void iokmem_dma_table_sync(struct iokmem_dma_table *table, struct device *dev,
			   const struct iokmem_desc *desc,
			   enum dma_data_direction direction, bool for_cpu);
int iokmem_dma_one_run(struct iokmem_dma_view *view, dma_addr_t address);
int iokmem_dma_map(struct iokmem_dma_view *view, struct device *dev,
		   const struct iokmem_window *window, enum dma_data_direction direction);
void iokmem_dma_unmap(struct iokmem_dma_view *view);
int iokmem_dma_sync(struct iokmem_dma_view *view, bool for_cpu);

#endif /* _IOKMEM_DMA_VIEW_H */
