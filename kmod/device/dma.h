/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DMA commands: for dma.c, which has their life, and segments.c, which cuts memory into
 * what a device can take.
 */
#ifndef _IOKMEM_DMA_H
#define _IOKMEM_DMA_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

#include <linux/iokmem.h>

#include "desc/dma_view.h"

/**
 * struct iokmem_dma_cursor - a place in a view's table
 * @sg: in this entry
 * @skip: how many bytes of it come before
 * @offset: of the place in the transfer; 0 also while there is no view
 */
struct iokmem_dma_cursor {
	struct scatterlist *sg;
	size_t skip;
	size_t offset;
};

/**
 * struct iokmem_dma - a DMA command
 * @users: references
 * @count: who needs the object: one for all users together, and one for the device
 * @dev: the device, kept
 * @lock: protects all that follows; outside every lock of a descriptor
 * @specified: there is a @specification
 * @specification: with 1 for every alignment of 0
 * @gone: the driver that was bound to @dev when the command was made is not any more
 * @desc: a reference, or NULL
 * @prepared: how many times
 * @offset: of the first byte that is prepared, in @desc
 * @length: of what is prepared, in bytes
 * @view: what is prepared
 * @next: where the last segments ended
 */
struct iokmem_dma {
	refcount_t users;
	struct kref count;
	struct device *dev;

	struct mutex lock;
	bool specified;		/* protected by @lock, as all that follows */
	struct iokmem_dma_specification specification;
	bool gone;
	struct iokmem_desc *desc;
	unsigned int prepared;
	size_t offset;
	size_t length;
	struct iokmem_dma_view view;
	struct iokmem_dma_cursor next;
};

/* Return 0 if something is mapped for the device, or an error. */
static inline int iokmem_dma_check_prepared(const struct iokmem_dma *dma)
{
	lockdep_assert_held(&dma->lock);

	if (dma->gone)
		return -ENODEV;
	return dma->prepared ? 0 : -EBADFD;
}

int iokmem_dma_check_segments(struct iokmem_dma *dma);

#endif /* _IOKMEM_DMA_H */
