/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DMA commands: for dma.c, which has their life, segments.c, which cuts memory into what a
 * device can take, and bounce.c, which copies what it cannot take.
 */
#ifndef _IOKMEM_DMA_H
#define _IOKMEM_DMA_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

#include <linux/iokmem.h>

#include "desc/desc.h"
#include "desc/dma_view.h"

/**
 * struct iokmem_dma_cursor - a place in a view's table
 * @sg: the entry that has the place
 * @skip: how many bytes of the entry come before the place
 * @offset: of the place in the transfer; also 0 while there is no view
 */
struct iokmem_dma_cursor {
	struct scatterlist *sg;
	size_t skip;
	size_t offset;
};

/**
 * struct iokmem_dma - a DMA command
 * @users: references
 * @count: references to the object: one of all users together, and one of the device
 * @dev: the device, a counted reference
 * @lock: protects all members after it; taken before every lock of a descriptor
 * @specified: there is a @specification
 * @specification: as given, with 1 for every alignment of 0
 * @gone: the driver that was bound to @dev when the command was made has left it
 * @desc: the descriptor, a user reference; or NULL
 * @prepared: how many times the command is prepared
 * @offset: of the first byte that is prepared, in @desc
 * @length: how many bytes are prepared
 * @view: the prepared memory, or its copy
 * @copy: the buffer that stands for the memory, or NULL
 * @copied: the memory that there is a copy of, held
 * @copied_charge: the charge for that hold, or NULL
 * @watch: of the descriptor that has the prepared memory
 * @next: where the last segments ended
 */
struct iokmem_dma {
	refcount_t users;
	struct kref count;
	struct device *dev;

	struct mutex lock;	/* for all that follows */
	bool specified;		/* protected by @lock, as all members below */
	struct iokmem_dma_specification specification;
	bool gone;
	struct iokmem_desc *desc;
	unsigned int prepared;
	size_t offset;
	size_t length;
	struct iokmem_dma_view view;
	struct iokmem_desc *copy;
	struct iokmem_window copied;
	struct iokmem_hold_charge *copied_charge;
	struct iokmem_watch watch;
	struct iokmem_dma_cursor next;
};

/* Return -ENODEV if the device's driver has left, or the descriptor has been revoked. */
static inline int iokmem_dma_check_gone(const struct iokmem_dma *dma)
{
	lockdep_assert_held(&dma->lock);

	if (dma->gone)
		return -ENODEV;
	return dma->desc ? iokmem_desc_check_revoked(iokmem_desc_owner(dma->desc)) : 0;
}

/* Return 0 if something is mapped for the device, or an error. */
static inline int iokmem_dma_check_prepared(const struct iokmem_dma *dma)
{
	int err = iokmem_dma_check_gone(dma);

	if (err)
		return err;
	return dma->prepared ? 0 : -EBADFD;
}

/* segments.c */
int iokmem_dma_check_segments(struct iokmem_dma *dma);

/* bounce.c */
int iokmem_dma_map_or_copy(struct iokmem_dma *dma, const struct iokmem_window *window,
			   enum dma_data_direction direction);
int iokmem_dma_unmap_and_copy(struct iokmem_dma *dma);
int iokmem_dma_sync_bytes(struct iokmem_dma *dma, size_t offset, size_t length, bool for_cpu);

#endif /* _IOKMEM_DMA_H */
