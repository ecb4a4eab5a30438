/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Views: memory as a device sees it.
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
 * @sgt: the table, as the DMA API takes it
 * @one: used by @sgt if there is only one entry
 *
 * Must not be copied. Nothing is allocated while there is only one entry.
 */
struct iokmem_dma_table {
	struct sg_table sgt;
	struct scatterlist one;
};

/**
 * struct iokmem_dma_view - a window of a descriptor, mapped for a device
 * @window: the bytes, at least one; the view holds their descriptor
 * @dev: the device
 * @direction: of the transfer
 * @table: the addresses that the device sees, by sg_dma_address() and sg_dma_len(): in
 *	@own, or in a table of somebody else's
 * @skip: how many bytes in @table come before the first byte of the window
 * @own: the view's own table
 * @private: for the kind of memory
 * @charge: the charge for the hold, or NULL
 *
 * The owner serialises all calls for a view.
 */
struct iokmem_dma_view {
	struct iokmem_window window;
	struct device *dev;
	enum dma_data_direction direction;
	struct sg_table *table;
	size_t skip;
	struct iokmem_dma_table own;
	void *private;
	struct iokmem_hold_charge *charge;
};

enum dma_data_direction iokmem_dma_direction(const struct iokmem_desc *desc);
bool iokmem_dma_reaches(struct device *dev, phys_addr_t last);
int iokmem_dma_table_fill(struct iokmem_dma_table *table, struct device *dev,
			  const struct iokmem_window *window);
void iokmem_dma_table_free(struct iokmem_dma_table *table);
int iokmem_dma_table_map(struct iokmem_dma_table *table, struct device *dev,
			 const struct iokmem_desc *desc,
			 enum dma_data_direction direction, unsigned long attrs);
bool iokmem_dma_table_bounces(const struct iokmem_dma_table *table, struct device *dev);
void iokmem_dma_table_sync(struct iokmem_dma_table *table, struct device *dev,
			   const struct iokmem_desc *desc,
			   enum dma_data_direction direction, bool for_cpu);
int iokmem_dma_one_run(struct iokmem_dma_view *view, dma_addr_t address);
int iokmem_dma_wait(struct iokmem_desc *desc);
int iokmem_dma_map(struct iokmem_dma_view *view, struct device *dev,
		   const struct iokmem_window *window, enum dma_data_direction direction);
void iokmem_dma_unmap(struct iokmem_dma_view *view);
void iokmem_dma_sync(struct iokmem_dma_view *view, bool for_cpu);
void iokmem_dma_sync_range(struct iokmem_dma_view *view, size_t offset, size_t length,
			   bool for_cpu);

#endif /* _IOKMEM_DMA_VIEW_H */
