// SPDX-License-Identifier: GPL-2.0
/*
 * DMA commands: a descriptor's bytes, cut into what a device can take (IODMACommand).
 *
 *	with_specification()   set_memory_descriptor()   prepare()     gen_segments(), ...
 *	        |                       |                   |
 *	   what the device takes    whose memory      mapped for the device (a view)
 *
 * A command is mapped no longer than its device's driver is bound. If the driver has not
 * completed it by then, it is completed after the driver's remove(), and can no longer be
 * used. A command is completed as well when its descriptor is revoked. A device that cannot take
 * the memory as it is gets a copy (bounce.c).
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "device/dma.h"
#include "page/compat.h"

static void dma_free(struct kref *count)
{
	struct iokmem_dma *dma = container_of(count, struct iokmem_dma, count);

	put_device(dma->dev);
	mutex_destroy(&dma->lock);
	kfree(dma);
	module_put(THIS_MODULE);
}

/* A resource of the device, by which its commands learn that the driver leaves. */
struct iokmem_dma_devres {
	struct iokmem_dma *dma;
};

static int is_of_command(struct device *dev, void *res, void *data)
{
	return ((struct iokmem_dma_devres *)res)->dma == data;
}

/* Complete the command. Return an error if the device had a copy that cannot be copied back. */
static int unprepare(struct iokmem_dma *dma)
{
	lockdep_assert_held(&dma->lock);

	dma->prepared = 0;
	iokmem_watch_remove(&dma->watch, iokmem_desc_owner(dma->desc));
	return iokmem_dma_unmap_and_copy(dma);
}

static struct iokmem_dma *dma_of_watch(struct iokmem_watch *watch)
{
	return container_of(watch, struct iokmem_dma, watch);
}

/* A command that is prepared has a user. */
static bool dma_watch_get(struct iokmem_watch *watch)
{
	kref_get(&dma_of_watch(watch)->count);
	return true;
}

/* Meanwhile the command may have been completed, and prepared with another descriptor. */
static void dma_desc_revoked(struct iokmem_watch *watch)
{
	struct iokmem_dma *dma = dma_of_watch(watch);

	mutex_lock(&dma->lock);
	if (dma->prepared && iokmem_dma_check_gone(dma))
		unprepare(dma);
	mutex_unlock(&dma->lock);
	kref_put(&dma->count, dma_free);
}

static const struct iokmem_watch_ops dma_watch_ops = {
	.get	= dma_watch_get,
	.revoke	= dma_desc_revoked,
};

/* The driver is leaving the device: complete the command. */
static void driver_left(struct device *dev, void *res)
{
	struct iokmem_dma *dma = ((struct iokmem_dma_devres *)res)->dma;

	mutex_lock(&dma->lock);
	dma->gone = true;
	if (dma->prepared)
		unprepare(dma);
	mutex_unlock(&dma->lock);
	kref_put(&dma->count, dma_free);
}

static bool is_alignment(u32 bytes)
{
	return !bytes || is_power_of_2(bytes);
}

static int specify(struct iokmem_dma *dma,
		   const struct iokmem_dma_specification *specification)
{
	struct iokmem_dma_specification s = *specification;

	if (s.address_bits > 64 || (s.address_bits && s.address_bits < PAGE_SHIFT) ||
	    !is_alignment(s.alignment) || !is_alignment(s.alignment_length) ||
	    !is_alignment(s.alignment_internal_segments))
		return -EINVAL;
	if (!s.alignment)
		s.alignment = 1;
	if (!s.alignment_length)
		s.alignment_length = 1;
	if (!s.alignment_internal_segments)
		s.alignment_internal_segments = s.alignment;
	if (!s.max_segment_size)
		s.max_segment_size = SIZE_MAX;
	/* Otherwise no segment could be cut so that the next one is aligned. */
	if (s.max_segment_size < s.alignment_length ||
	    s.max_segment_size < s.alignment_internal_segments)
		return -EINVAL;
	dma->specification = s;
	dma->specified = true;
	return 0;
}

/**
 * iokmem_dma_with_specification - make a DMA command
 * @dev: the device, with its DMA mask set, bound to the caller's driver
 * @specification: what the device takes; or NULL, and
 *	iokmem_dma_prepare_with_specification() gives one
 *
 * Follows IODMACommand::withSpecification() and withRefCon(). Allocations that go with the
 * size of the memory are left to iokmem_dma_prepare(). When the driver leaves the device
 * (after its remove()) the command is completed, and can no longer be used.
 *
 * Context: May sleep.
 * Return: a command, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EINVAL: @dev is NULL; address bits above 64, or fewer than a page has; an alignment
 *   that is not a power of two; a longest segment that is shorter than an alignment
 * * -EOPNOTSUPP: @dev has no DMA mask
 * * -ENOMEM: no memory
 */
struct iokmem_dma *
iokmem_dma_with_specification(struct device *dev,
			      const struct iokmem_dma_specification *specification)
{
	struct iokmem_dma_devres *devres;
	struct iokmem_dma *dma;
	int err = 0;

	if (!dev)
		return ERR_PTR(-EINVAL);
	if (!dev->dma_mask || !*dev->dma_mask)
		return ERR_PTR(-EOPNOTSUPP);

	dma = kzalloc(sizeof(*dma), GFP_KERNEL_ACCOUNT);
	if (!dma)
		return ERR_PTR(-ENOMEM);
	refcount_set(&dma->users, 1);
	kref_init(&dma->count);
	dma->dev = dev;
	if (specification)
		err = specify(dma, specification);
	if (err)
		goto err_free;

	devres = devres_alloc(driver_left, sizeof(*devres), GFP_KERNEL_ACCOUNT);
	if (!devres) {
		err = -ENOMEM;
		goto err_free;
	}
	__module_get(THIS_MODULE);
	get_device(dev);
	mutex_init(&dma->lock);

	kref_get(&dma->count);
	devres->dma = dma;
	devres_add(dev, devres);
	return dma;

err_free:
	kfree(dma);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_with_specification, IOKMEM_NS);

/**
 * iokmem_dma_get - take another reference to a DMA command
 * @dma: a command that the caller has a reference to
 *
 * Follows OSObject::retain().
 *
 * Context: Any.
 * Return: @dma.
 */
struct iokmem_dma *iokmem_dma_get(struct iokmem_dma *dma)
{
	refcount_inc(&dma->users);
	return dma;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_get, IOKMEM_NS);

/* Complete the command and take its descriptor, which the caller puts. */
static struct iokmem_desc *take_desc(struct iokmem_dma *dma)
{
	struct iokmem_desc *desc = dma->desc;

	lockdep_assert_held(&dma->lock);

	if (dma->prepared)
		unprepare(dma);
	dma->desc = NULL;
	return desc;
}

static void put_desc(struct iokmem_desc *desc)
{
	if (desc)
		iokmem_desc_put(desc);
}

/**
 * iokmem_dma_put - let go of a DMA command
 * @dma: a reference of the caller's, gone on return
 *
 * Follows OSObject::release(), but IOKit leaks a command that has a descriptor. The last
 * reference completes the command and lets go of the descriptor.
 *
 * Context: May sleep. The caller holds no mmap lock.
 */
void iokmem_dma_put(struct iokmem_dma *dma)
{
	struct iokmem_desc *desc;

	might_sleep();
	if (!refcount_dec_and_test(&dma->users))
		return;
	mutex_lock(&dma->lock);
	desc = take_desc(dma);
	mutex_unlock(&dma->lock);
	put_desc(desc);

	/* If the resource is not found, driver_left() has it and drops the count. */
	if (!devres_destroy(dma->dev, driver_left, is_of_command, dma))
		kref_put(&dma->count, dma_free);
	kref_put(&dma->count, dma_free);
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_put, IOKMEM_NS);

/* Check a range of bytes. A @length of 0 becomes the rest of the descriptor. */
static int resolve_range(struct iokmem_dma *dma, size_t offset, size_t *length)
{
	const struct iokmem_dma_specification *s = &dma->specification;
	size_t whole = iokmem_desc_get_length(dma->desc);
	size_t end;

	if (!*length && offset < whole)
		*length = whole - offset;
	if (check_add_overflow(offset, *length, &end))
		return -EOVERFLOW;
	/* An empty range cannot be transferred. */
	if (end > whole || offset == whole)
		return -ERANGE;
	if (s->max_transfer_size && *length > s->max_transfer_size)
		return -ENOSPC;
	return IS_ALIGNED(*length, s->alignment_length) ? 0 : -EDOM;
}

static int prepare_first(struct iokmem_dma *dma, size_t offset, size_t length)
{
	struct iokmem_window window = iokmem_window_of(dma->desc, offset, length);
	enum dma_data_direction direction = iokmem_dma_direction(dma->desc);
	int err;

	/* Only a transfer out of memory leaves the memory as it is. */
	err = iokmem_desc_check_write(dma->desc, direction != DMA_TO_DEVICE);
	if (err)
		return err;
	dma->offset = offset;
	dma->length = length;
	dma->next = (struct iokmem_dma_cursor) {};
	err = iokmem_dma_map_or_copy(dma, &window, direction);
	if (err)
		return err;
	err = iokmem_watch_add(&dma->watch, &dma_watch_ops, window.desc);
	if (err)
		iokmem_dma_unmap_and_copy(dma);
	else
		dma->prepared = 1;
	return err;
}

static int prepare_locked(struct iokmem_dma *dma, size_t offset, size_t length)
{
	int err;

	lockdep_assert_held(&dma->lock);

	err = iokmem_dma_check_gone(dma);
	if (err)
		return err;
	if (!dma->specified || !dma->desc)
		return -EBADFD;
	err = resolve_range(dma, offset, &length);
	if (err)
		return err;
	if (!dma->prepared)
		return prepare_first(dma, offset, length);
	if (offset != dma->offset || length != dma->length)
		return -EALREADY;
	if (dma->prepared == UINT_MAX)
		return -EOVERFLOW;
	dma->prepared++;
	return 0;
}

/*
 * Lock the command when devices of other drivers are done with the memory. A descriptor that
 * another thread gives the command meanwhile is not waited for. After an error the command is not
 * locked.
 */
static int wait_and_lock(struct iokmem_dma *dma)
{
	struct iokmem_desc *desc;
	int err;

	mutex_lock(&dma->lock);
	if (dma->prepared || !dma->desc || !iokmem_desc_awaits_devices(dma->desc))
		return 0;
	desc = iokmem_desc_get(dma->desc);
	mutex_unlock(&dma->lock);
	err = iokmem_dma_wait(desc);
	iokmem_desc_put(desc);
	if (!err)
		mutex_lock(&dma->lock);
	return err;
}

/**
 * iokmem_dma_prepare - map bytes of the descriptor for the device
 * @dma: the command
 * @offset: of the first byte in the descriptor
 * @length: how many bytes; 0: all that follow
 *
 * Follows IODMACommand::prepare(). The memory stays where it is, as by
 * iokmem_desc_prepare(), and keeps its cache mode until iokmem_dma_complete() has been
 * called as often. The direction of the transfer is the descriptor's: it decides whether
 * the device may write, and which way the DMA API copies bytes that it has to bounce. From
 * here on the memory belongs to the device: see iokmem_dma_synchronize().
 *
 * Devices of other drivers may be at work on the memory of a dma-buf. The call waits for the
 * fences that their drivers have put on the dma-buf: for those of devices that write it, and, if
 * the command's device may write, also for those of devices that read it.
 *
 * If the memory is not aligned as specified, or out of the device's reach, the device gets a copy
 * of it, which is made here and copied back by the last complete(), unless the direction is "out".
 * iokmem_dma_synchronize(), iokmem_dma_read_bytes() and iokmem_dma_write_bytes() copy, too.
 *
 * Nested preparations are counted. They must be of the same bytes.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then nothing has changed:
 *
 * * -ENODEV: the driver has left the device, or the descriptor has been revoked
 * * -EBADFD: the command has no descriptor, or no specification
 * * -EOVERFLOW: @offset plus @length wraps
 * * -ERANGE: the range passes the end of the descriptor, or is empty
 * * -ENOSPC: longer than the longest transfer
 * * -EDOM: @length is not aligned as specified; or the memory as the device sees it is not, and
 *   there can be no copy, because it is coherent, a device's or a dma-buf
 * * -EMSGSIZE: a bus address has more bits than specified; or there is memory at addresses above
 *   the device's DMA mask, or that the device has no addresses for; and there can be no copy
 * * -EALREADY: the command is prepared for another range
 * * -ENOBUFS: the DMA API has no room, for addresses or for memory to bounce in; or there is no
 *   memory for a copy
 * * -EFAULT: the range has a guard page
 * * -EXDEV: coherent memory of another device; a dma-buf that its exporter does not give
 *   to this one; memory of another PCI device that this one, also on PCI, does not reach, or
 *   of which the kernel cannot tell (p2pdma)
 * * -EIO: the exporter of a dma-buf has mapped less than all of it
 * * -EINTR: a signal arrived while devices were using a dma-buf
 * * -EOPNOTSUPP: memory of devices, or a dma-buf, among others in a multi-descriptor;
 *   reserved memory amidst RAM
 * * those of iokmem_desc_prepare()
 */
int iokmem_dma_prepare(struct iokmem_dma *dma, size_t offset, size_t length)
{
	int err;

	err = wait_and_lock(dma);
	if (err)
		return err;
	err = prepare_locked(dma, offset, length);
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_prepare, IOKMEM_NS);

/**
 * iokmem_dma_prepare_with_specification - prepare by a new specification
 * @dma: the command, not prepared
 * @specification: what the device takes from here on
 * @offset: as for iokmem_dma_prepare()
 * @length: as for iokmem_dma_prepare()
 *
 * Follows IODMACommand::prepareWithSpecification().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: as iokmem_dma_prepare(); also -EPERM if the command is prepared, and -EINVAL as
 * iokmem_dma_with_specification(). After an error the command has its old specification.
 */
int
iokmem_dma_prepare_with_specification(struct iokmem_dma *dma,
				      const struct iokmem_dma_specification *specification,
				      size_t offset, size_t length)
{
	struct iokmem_dma_specification old;
	bool specified;
	int err;

	err = wait_and_lock(dma);
	if (err)
		return err;
	err = -EPERM;
	if (dma->prepared)
		goto out;
	old = dma->specification;
	specified = dma->specified;
	err = specify(dma, specification);
	if (!err)
		err = prepare_locked(dma, offset, length);
	if (err) {
		dma->specification = old;
		dma->specified = specified;
	}
out:
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_prepare_with_specification, IOKMEM_NS);

/**
 * iokmem_dma_complete - undo one iokmem_dma_prepare()
 * @dma: the command
 *
 * Follows IODMACommand::complete(). The last complete() gives the memory back to the CPU,
 * and the device must not touch it any more.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0; -EBADFD if the command is not prepared; -ENODEV if the driver has left the
 * device or the descriptor has been revoked, which has completed the command. If the device had a
 * copy of the memory that cannot be copied back, the command is completed nevertheless: -EIO if
 * the hardware has lost some memory, -EINTR if a fatal signal arrived.
 */
int iokmem_dma_complete(struct iokmem_dma *dma)
{
	int err;

	mutex_lock(&dma->lock);
	err = iokmem_dma_check_prepared(dma);
	if (!err && dma->prepared > 1)
		dma->prepared--;
	else if (!err)
		err = unprepare(dma);
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_complete, IOKMEM_NS);

static int set_desc(struct iokmem_dma *dma, struct iokmem_desc *desc, bool prepare,
		    struct iokmem_desc **old)
{
	int err = 0;

	lockdep_assert_held(&dma->lock);

	if (desc == dma->desc) {
		if (!prepare && dma->prepared)
			unprepare(dma);
		return 0;
	}
	if (dma->prepared)
		return -EBUSY;
	*old = dma->desc;
	dma->desc = desc;
	if (desc && prepare)
		err = prepare_locked(dma, 0, 0);
	if (err) {
		dma->desc = *old;
		*old = NULL;
	} else if (desc) {
		iokmem_desc_get(desc);
	}
	return err;
}

/**
 * iokmem_dma_set_memory_descriptor - give a command the descriptor whose memory to use
 * @dma: the command
 * @desc: the descriptor, of which the command takes a reference; or NULL for none
 * @prepare: prepare all of it, too
 *
 * Follows IODMACommand::setMemoryDescriptor(). If the command has this descriptor already,
 * it is completed if @prepare is false, and otherwise nothing happens.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then the command has the descriptor it had:
 *
 * * -EBUSY: the command is prepared with another descriptor
 * * those of iokmem_dma_prepare(), if @prepare
 */
int iokmem_dma_set_memory_descriptor(struct iokmem_dma *dma, struct iokmem_desc *desc,
				     bool prepare)
{
	struct iokmem_desc *old = NULL;
	int err = 0;

	if (desc && prepare)
		err = iokmem_dma_wait(desc);
	if (err)
		return err;
	mutex_lock(&dma->lock);
	err = set_desc(dma, desc, prepare, &old);
	mutex_unlock(&dma->lock);
	put_desc(old);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_set_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_dma_clear_memory_descriptor - let go of the descriptor
 * @dma: the command
 * @complete: complete the command if it is prepared
 *
 * Follows IODMACommand::clearMemoryDescriptor().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0; or -EBUSY if the command is prepared and @complete is false.
 */
int iokmem_dma_clear_memory_descriptor(struct iokmem_dma *dma, bool complete)
{
	struct iokmem_desc *old = NULL;
	int err = 0;

	mutex_lock(&dma->lock);
	if (dma->prepared && !complete)
		err = -EBUSY;
	else
		old = take_desc(dma);
	mutex_unlock(&dma->lock);
	put_desc(old);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_clear_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_dma_get_memory_descriptor - return the descriptor of a command
 * @dma: the command
 *
 * Follows IODMACommand::getMemoryDescriptor(), but the reference is the caller's.
 *
 * Context: May sleep.
 * Return: a reference to the descriptor, or NULL.
 */
struct iokmem_desc *iokmem_dma_get_memory_descriptor(struct iokmem_dma *dma)
{
	struct iokmem_desc *desc;

	mutex_lock(&dma->lock);
	desc = dma->desc;
	if (desc)
		iokmem_desc_get(desc);
	mutex_unlock(&dma->lock);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_get_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_dma_get_prepared_offset_and_length - return which bytes are prepared
 * @dma: the command
 * @offset: out, unless NULL: of the first byte in the descriptor
 * @length: out, unless NULL: how many bytes
 *
 * Follows IODMACommand::getPreparedOffsetAndLength().
 *
 * Context: May sleep.
 * Return: 0; -EBADFD if the command is not prepared; -ENODEV if the driver has left the
 * device or the descriptor has been revoked.
 */
int iokmem_dma_get_prepared_offset_and_length(struct iokmem_dma *dma, size_t *offset,
					      size_t *length)
{
	int err;

	mutex_lock(&dma->lock);
	err = iokmem_dma_check_prepared(dma);
	if (!err && offset)
		*offset = dma->offset;
	if (!err && length)
		*length = dma->length;
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_get_prepared_offset_and_length, IOKMEM_NS);

/*
 * Synchronise memory whose kind does that itself, and may wait for devices of other drivers.
 * Drops the command's lock, which the end of the command's driver needs.
 */
static int sync_and_unlock(struct iokmem_dma *dma, bool for_cpu)
{
	enum dma_data_direction direction = dma->view.direction;
	struct iokmem_desc *desc = dma->view.window.desc;
	int err;

	lockdep_assert_held(&dma->lock);

	iokmem_desc_count_get(desc);
	mutex_unlock(&dma->lock);
	err = iokmem_desc_sync_devices(desc, direction, for_cpu);
	iokmem_desc_count_put(desc);
	return err;
}

/**
 * iokmem_dma_synchronize - change who looks at the memory next
 * @dma: the command, prepared
 * @direction: %IOKMEM_DIRECTION_IN: the CPU, at what the device has written;
 *	%IOKMEM_DIRECTION_OUT: the device, at what the CPU has written
 *
 * Follows IODMACommand::synchronize(), for all bytes that are prepared. Where transfers are
 * bounced, all of them are copied: with %IOKMEM_DIRECTION_OUT over bytes that
 * the device has written and the CPU has not seen, with %IOKMEM_DIRECTION_IN over bytes that
 * the CPU has written and the device has not seen. iokmem_dma_read_bytes() and
 * iokmem_dma_write_bytes() synchronise only the bytes that they copy.
 *
 * Context: May sleep.
 * Return: 0, or a negative error:
 *
 * * -EOPNOTSUPP: @direction has other bits
 * * -EINVAL: @direction is both, or neither
 * * -EBADFD: the command is not prepared
 * * -ENODEV: the driver has left the device, or the descriptor has been revoked
 * * -EIO, -ENOMEM, -EINTR: the exporter of a dma-buf has failed, or bytes could not be copied
 */
int iokmem_dma_synchronize(struct iokmem_dma *dma, u32 direction)
{
	bool for_cpu = direction == IOKMEM_DIRECTION_IN;
	int err;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return -EOPNOTSUPP;
	if (!for_cpu && direction != IOKMEM_DIRECTION_OUT)
		return -EINVAL;
	mutex_lock(&dma->lock);
	err = iokmem_dma_check_prepared(dma);
	if (!err && iokmem_desc_syncs_devices(dma->view.window.desc))
		return sync_and_unlock(dma, for_cpu);
	if (!err && dma->copy)
		err = iokmem_dma_sync_bytes(dma, 0, dma->length, for_cpu);
	else if (!err)
		iokmem_dma_sync(&dma->view, for_cpu);
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_synchronize, IOKMEM_NS);

/* Return how many of @length bytes from @offset on are prepared. */
static size_t clip(const struct iokmem_dma *dma, size_t offset, size_t length)
{
	if (iokmem_dma_check_prepared(dma) || offset >= dma->length)
		return 0;
	return min(length, dma->length - offset);
}

static int read_for_cpu(struct iokmem_dma *dma, size_t offset, void *bytes, size_t length)
{
	int err = iokmem_dma_sync_bytes(dma, offset, length, true);

	return err ? err : iokmem_desc_read_bytes(dma->desc, dma->offset + offset, bytes, length);
}

/*
 * The range is synchronised for the CPU first. Otherwise a stale cache line that is written in
 * part would take its other bytes back to memory, over those that the device has written.
 */
static int write_for_device(struct iokmem_dma *dma, size_t offset, const void *bytes,
			    size_t length)
{
	int err;

	err = iokmem_dma_sync_bytes(dma, offset, length, true);
	if (!err)
		err = iokmem_desc_write_bytes(dma->desc, dma->offset + offset, bytes, length);
	return err ? err : iokmem_dma_sync_bytes(dma, offset, length, false);
}

/*
 * Copy bytes of memory whose kind synchronises each copy itself. Drops the command's lock, as
 * sync_and_unlock() does.
 */
static int copy_and_unlock(struct iokmem_dma *dma, size_t offset, void *bytes, size_t length,
			   bool write)
{
	struct iokmem_desc *desc = iokmem_desc_get(dma->desc);
	int err;

	lockdep_assert_held(&dma->lock);

	offset += dma->offset;
	mutex_unlock(&dma->lock);
	err = write ? iokmem_desc_write_bytes(desc, offset, bytes, length) :
		      iokmem_desc_read_bytes(desc, offset, bytes, length);
	iokmem_desc_put(desc);
	return err;
}

/* Copy bytes, and synchronise them. Return how many were copied. */
static size_t copy_bytes(struct iokmem_dma *dma, size_t offset, void *bytes, size_t length,
			 bool write)
{
	int err = 0;

	mutex_lock(&dma->lock);
	length = clip(dma, offset, length);
	if (length && iokmem_desc_syncs_access(dma->view.window.desc))
		return copy_and_unlock(dma, offset, bytes, length, write) ? 0 : length;
	if (length)
		err = write ? write_for_device(dma, offset, bytes, length) :
			      read_for_cpu(dma, offset, bytes, length);
	mutex_unlock(&dma->lock);
	return err ? 0 : length;
}

/**
 * iokmem_dma_read_bytes - copy bytes that the device has written
 * @dma: the command
 * @offset: of the first byte, counted from the first one prepared
 * @bytes: where to copy them
 * @length: how many bytes
 *
 * Follows IODMACommand::readBytes(): the range is synchronised for the CPU first. The other
 * bytes are not: what the CPU has written there, and the device has not seen yet, stays.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: how many bytes were copied, which is the prepared part of the range; 0 if the
 * command is not prepared, or on failure.
 */
size_t iokmem_dma_read_bytes(struct iokmem_dma *dma, size_t offset, void *bytes,
			     size_t length)
{
	return copy_bytes(dma, offset, bytes, length, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_read_bytes, IOKMEM_NS);

/**
 * iokmem_dma_write_bytes - copy bytes for the device to read
 * @dma: the command
 * @offset: of the first byte, counted from the first one prepared
 * @bytes: the bytes to copy; NULL for zeroes
 * @length: how many bytes
 *
 * Follows IODMACommand::writeBytes(): the range is synchronised for the device afterwards. The
 * other bytes are not: what the device has written there, and the CPU has not seen yet, stays.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: as iokmem_dma_read_bytes(); also 0 if the memory may only be read.
 */
size_t iokmem_dma_write_bytes(struct iokmem_dma *dma, size_t offset, const void *bytes,
			      size_t length)
{
	/* Bytes are changed only when memory is read. */
	return copy_bytes(dma, offset, (void *)bytes, length, true);
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_write_bytes, IOKMEM_NS);
