// SPDX-License-Identifier: GPL-2.0
/*
 * DMA commands whose device cannot take the memory as it is: the device gets a copy.
 *
 * The copy is a buffer that is aligned and within reach as the command's specification says. While
 * it stands for the memory, the memory is held, so that it is there for the copy back. The DMA API
 * may bounce the transfers of the copy in turn.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/module.h>

#include "desc/desc.h"
#include "device/dma.h"
#include "page/compat.h"

/* Map @window for the device, which has to take all of it. */
static int map_checked(struct iokmem_dma *dma, const struct iokmem_window *window,
		       enum dma_data_direction direction)
{
	int err;

	err = iokmem_dma_map(&dma->view, dma->dev, window, direction);
	if (err)
		return err;
	err = iokmem_dma_check_segments(dma);
	if (err)
		iokmem_dma_unmap(&dma->view);
	return err;
}

/* Memory of devices, and of other drivers, has to stay where it is. */
static bool can_be_copied(const struct iokmem_desc *desc)
{
	return iokmem_desc_is_mapped_by_pages(desc) && iokmem_desc_has_memory(desc);
}

/*
 * Return the bits that physical addresses of a copy may have, for
 * iokmem_buffer_in_task_with_physical_mask(); 0: there are no such addresses. Behind an IOMMU the
 * device reaches all memory.
 */
static u64 copy_mask(const struct iokmem_dma *dma)
{
	const struct iokmem_dma_specification *s = &dma->specification;
	u64 last = min_not_zero(dma_get_mask(dma->dev), dma->dev->bus_dma_limit);
	u32 alignment = max3(s->alignment, s->alignment_internal_segments, s->alignment_length);
	unsigned int bits;

	if (s->address_bits)
		last = min(last, DMA_BIT_MASK(s->address_bits));
	if (!iokmem_dma_is_direct(dma->dev))
		last = U64_MAX;
	bits = last == U64_MAX ? 64 : ilog2(last + 1);
	alignment = max_t(u32, alignment, PAGE_SIZE);
	return bits > ilog2(alignment) ? GENMASK_ULL(bits - 1, ilog2(alignment)) : 0;
}

static struct iokmem_desc *make_copy(const struct iokmem_dma *dma, u32 direction, size_t length)
{
	u64 mask = copy_mask(dma);

	return mask ? iokmem_buffer_in_task_with_physical_mask(IOKMEM_KERNEL_TASK, direction,
							       length, mask) : ERR_PTR(-ERANGE);
}

/* Copy bytes of the range that is prepared from the memory, or back to it. */
static int copy(struct iokmem_dma *dma, size_t offset, size_t length, bool back)
{
	lockdep_assert_held(&dma->lock);

	return iokmem_desc_access(dma->copied.desc, dma->copied.offset + offset,
				  iokmem_buffer_get_bytes_no_copy(dma->copy) + offset, length,
				  back);
}

static void free_copy(struct iokmem_dma *dma)
{
	iokmem_desc_unhold(dma->copied.desc, dma->copied_charge);
	iokmem_desc_put(dma->copy);
	dma->copy = NULL;
}

/*
 * Hold the memory of @window, and make the copy of it. Bytes that the device does not write are as
 * they were afterwards, so the memory is copied in any case.
 */
static int hold_and_copy(struct iokmem_dma *dma, const struct iokmem_window *window, bool write)
{
	struct iokmem_desc *made;
	int err;

	err = iokmem_desc_hold(window->desc, write, &dma->copied_charge);
	if (err)
		return err;
	made = make_copy(dma, IOKMEM_DIRECTION_INOUT, window->length);
	if (IS_ERR(made)) {
		iokmem_desc_unhold(window->desc, dma->copied_charge);
		return PTR_ERR(made) == -EINTR ? -EINTR : -ENOBUFS;
	}
	dma->copied = *window;
	dma->copy = made;
	err = copy(dma, 0, window->length, false);
	if (err)
		free_copy(dma);
	return err;
}

/* @window is of memory that can be copied. */
static int map_copy(struct iokmem_dma *dma, const struct iokmem_window *window,
		    enum dma_data_direction direction)
{
	struct iokmem_window whole = { .length = window->length };
	int err;

	err = hold_and_copy(dma, window, direction != DMA_TO_DEVICE);
	if (err)
		return err;
	whole.desc = dma->copy;
	err = map_checked(dma, &whole, direction);
	if (err)
		free_copy(dma);
	return err;
}

/*
 * iokmem_dma_map_or_copy - map a window for a command's device, or a copy of it if need be
 *
 * The command is of that range. Returns 0 or the errors of iokmem_dma_prepare().
 */
int iokmem_dma_map_or_copy(struct iokmem_dma *dma, const struct iokmem_window *window,
			   enum dma_data_direction direction)
{
	int err;

	lockdep_assert_held(&dma->lock);

	err = map_checked(dma, window, direction);
	if ((err != -EDOM && err != -EMSGSIZE) || !can_be_copied(window->desc))
		return err;
	return map_copy(dma, window, direction);
}

/*
 * iokmem_dma_unmap_and_copy - undo iokmem_dma_map_or_copy()
 *
 * Copies back what the device may have written. Returns 0; or an error if that fails, and
 * everything else is done.
 */
int iokmem_dma_unmap_and_copy(struct iokmem_dma *dma)
{
	int err = 0;

	lockdep_assert_held(&dma->lock);

	iokmem_dma_unmap(&dma->view);
	if (!dma->copy)
		return 0;
	if (dma->view.direction != DMA_TO_DEVICE)
		err = copy(dma, 0, dma->copied.length, true);
	free_copy(dma);
	return err;
}

/*
 * iokmem_dma_sync_bytes - let the CPU, or the device, look at bytes of the range next
 *
 * For memory without iokmem_desc_syncs_devices(). Returns 0; or an error if the bytes could not be
 * copied.
 */
int iokmem_dma_sync_bytes(struct iokmem_dma *dma, size_t offset, size_t length, bool for_cpu)
{
	int err = 0;

	lockdep_assert_held(&dma->lock);

	if (dma->copy && !for_cpu)
		err = copy(dma, offset, length, false);
	if (err)
		return err;
	iokmem_dma_sync_range(&dma->view, offset, length, for_cpu);
	if (dma->copy && for_cpu && dma->view.direction != DMA_TO_DEVICE)
		err = copy(dma, offset, length, true);
	return err;
}

static int double_buffer(struct iokmem_dma *dma)
{
	struct iokmem_window window = iokmem_window_of(dma->desc, dma->offset, dma->length);
	int err;

	if (dma->copy)
		return 0;
	if (!can_be_copied(window.desc))
		return -EOPNOTSUPP;
	iokmem_dma_unmap(&dma->view);
	dma->next = (struct iokmem_dma_cursor) {};
	err = map_copy(dma, &window, dma->view.direction);
	if (err) {
		dma->prepared = 0;
		iokmem_watch_remove(&dma->watch, window.desc);
	}
	return err;
}

/**
 * iokmem_dma_double_buffer - give the device a copy of the memory, although it needs none
 * @dma: the command, prepared, and not in use by the device
 *
 * Follows IODMACommand::synchronize() with kForceDoubleBuffer. The segments are those of the copy
 * from now on, until the command is completed. The copy is as iokmem_dma_prepare() describes.
 * Does nothing if the device has a copy already.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error:
 *
 * * -EBADFD: the command is not prepared
 * * -ENODEV: the driver has left the device, or the descriptor has been revoked
 * * -EOPNOTSUPP: there can be no copy, because the memory is coherent, a device's or a dma-buf
 * * -ENOBUFS, -EINTR, or another one of iokmem_dma_prepare(): the command has been completed
 */
int iokmem_dma_double_buffer(struct iokmem_dma *dma)
{
	int err;

	mutex_lock(&dma->lock);
	err = iokmem_dma_check_prepared(dma);
	if (!err)
		err = double_buffer(dma);
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_double_buffer, IOKMEM_NS);

/**
 * iokmem_dma_create_copy_buffer - make a buffer that a command's device takes as it is
 * @dma: the command, which has a specification
 * @direction: IOKMEM_DIRECTION_*, of the buffer
 * @length: in bytes, at least 1
 *
 * Follows IODMACommand::createCopyBuffer(). The buffer is made for the kernel. It is aligned as the
 * command is specified, and has physical addresses that the device reaches, unless there is an
 * IOMMU. A buffer that is aligned to more than a page is contiguous. Nobody is charged for it.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: a descriptor, of which the caller owns the reference; or ERR_PTR(): -EBADFD if the
 * command has no specification; -ENODEV if the driver has left the device, or the command's
 * descriptor has been revoked; -EOPNOTSUPP if @direction has other bits; -EINVAL if @length is 0;
 * -ERANGE if no memory can be so; -EOVERFLOW, -ENOMEM or -EINTR like
 * iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_dma_create_copy_buffer(struct iokmem_dma *dma, u32 direction,
						  size_t length)
{
	struct iokmem_desc *made;
	int err;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	mutex_lock(&dma->lock);
	err = iokmem_dma_check_gone(dma);
	if (!err && !dma->specified)
		err = -EBADFD;
	made = err ? ERR_PTR(err) : make_copy(dma, direction, length);
	mutex_unlock(&dma->lock);
	return made;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_create_copy_buffer, IOKMEM_NS);
