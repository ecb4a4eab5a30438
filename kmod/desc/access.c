// SPDX-License-Identifier: GPL-2.0
/*
 * The memory itself, for descriptors of every kind: copying bytes, finding them in physical
 * memory, counting pages, purgeable states, and the CPUs' caches.
 *
 * Callers give ranges of bytes of a descriptor. Each is checked against the descriptor's
 * length and resolved to a window once, before anything else is looked at.
 */
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sizes.h>

#include "desc/desc.h"
#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"

/* How many bytes are copied, or flushed, before others may run. */
#define IOKMEM_COPY_PIECE	SZ_1M

/* Find the frame of byte @offset. Returns how many bytes from it on are neighbours. */
static size_t bytes_at(const struct iokmem_desc *desc, size_t offset,
		       unsigned long *pfn)
{
	size_t in_page = offset_in_page(desc->skew + offset);
	struct iokmem_run run;

	run = iokmem_desc_lookup(desc, (desc->skew + offset) >> PAGE_SHIFT);
	*pfn = run.pfn;
	return (run.nr << PAGE_SHIFT) - in_page;
}

/*
 * iokmem_access_map - copy bytes from or to an address of the kernel's
 *
 * @map may be of device memory. Zeroes are written if @bytes is NULL.
 */
void iokmem_access_map(struct iosys_map *map, size_t offset, void *bytes,
		       size_t length, bool write)
{
	size_t n;

	for (; length; length -= n, offset += n) {
		n = min_t(size_t, length, IOKMEM_COPY_PIECE);
		if (!write)
			iosys_map_memcpy_from(bytes, map, offset, n);
		else if (bytes)
			iosys_map_memcpy_to(map, offset, bytes, n);
		else
			iosys_map_memset(map, offset, 0, n);
		if (bytes)
			bytes += n;
		if (n < length)
			cond_resched();
	}
}

/*
 * iokmem_access_address - as iokmem_access_map(), for RAM at @address
 */
void iokmem_access_address(void *address, void *bytes, size_t length, bool write)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(address);

	iokmem_access_map(&map, 0, bytes, length, write);
}

/*
 * iokmem_access_page - as iokmem_access_map(), for a page of RAM
 */
void iokmem_access_page(struct page *page, size_t in_page, void *bytes,
			size_t length, bool write)
{
	void *address = kmap_local_page(page);

	iokmem_access_address(address + in_page, bytes, length, write);
	if (write)
		flush_dcache_page(page);
	kunmap_local(address);
}

/*
 * iokmem_access_check - check that the hardware has lost none of the bytes
 *
 * @desc is made of no others. It is held or always there. Memory of devices is not checked.
 * Returns 0, or -EIO if a page is poisoned, which the kernel must not touch.
 */
int iokmem_access_check(const struct iokmem_desc *desc, size_t offset, size_t length)
{
	if (!iokmem_desc_is_mapped_by_pages(desc))
		return 0;
	while (length) {
		size_t in_page = offset_in_page(desc->skew + offset), n;
		unsigned long pfn;

		n = min(bytes_at(desc, offset, &pfn), length);
		if (pfn_valid(pfn) &&
		    iokmem_frames_poisoned(pfn, PAGE_ALIGN(in_page + n) >> PAGE_SHIFT))
			return -EIO;
		offset += n;
		length -= n;
	}
	return 0;
}

/*
 * iokmem_access_frames - as iokmem_desc_access(), for RAM whose frames are known
 *
 * Returns 0 or -EIO.
 */
int iokmem_access_frames(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write)
{
	int err = iokmem_access_check(desc, offset, length);

	if (err)
		return err;
	while (length) {
		size_t in_page = offset_in_page(desc->skew + offset);
		unsigned long pfn;
		size_t n;

		n = min(bytes_at(desc, offset, &pfn), PAGE_SIZE - in_page);
		n = min(n, length);
		iokmem_access_page(pfn_to_page(pfn), in_page, bytes, n, write);
		offset += n;
		length -= n;
		if (bytes)
			bytes += n;
		cond_resched();
	}
	return 0;
}

/*
 * iokmem_check_known - check that the frames are known, and stay so under hold_lock
 *
 * Returns 0; -EBADFD if they are not known; -EACCES to @write if the memory is held for
 * reading only.
 */
int iokmem_check_known(const struct iokmem_desc *desc, bool write)
{
	lockdep_assert_held(&desc->hold_lock);

	if (iokmem_desc_is_always_there(desc))
		return 0;
	if (!desc->held)
		return -EBADFD;
	return write && desc->held_read_only ? -EACCES : 0;
}

/* As iokmem_desc_access(), for RAM whose frames are known while it is held. */
static int access_held(struct iokmem_desc *desc, size_t offset, void *bytes,
		       size_t length, bool write)
{
	int err;

	if (mutex_lock_killable(&desc->hold_lock))
		return -EINTR;
	err = iokmem_check_known(desc, write);
	if (!err)
		err = iokmem_access_frames(desc, offset, bytes, length, write);
	mutex_unlock(&desc->hold_lock);
	return err;
}

/*
 * iokmem_access_begin - get ready for copying bytes
 *
 * Returns 0; -ENODEV if the memory has been revoked; or an error of the kind's.
 * iokmem_access_end() undoes it.
 */
int iokmem_access_begin(struct iokmem_desc *desc, bool write)
{
	int err = iokmem_desc_check_revoked(desc);

	if (err || !iokmem_desc_syncs_access(desc))
		return err;
	return desc->kind->bytes->begin(desc, write);
}

void iokmem_access_end(struct iokmem_desc *desc, bool write)
{
	if (iokmem_desc_syncs_access(desc))
		desc->kind->bytes->end(desc, write);
}

/*
 * iokmem_desc_access - copy bytes from or to memory; zeroes if @bytes is NULL
 *
 * @desc is not a sub-descriptor. The range is checked and not empty. The caller has
 * called iokmem_access_begin(), unless it knows that the kind needs no such call.
 */
int iokmem_desc_access(struct iokmem_desc *desc, size_t offset, void *bytes,
		       size_t length, bool write)
{
	const struct iokmem_bytes_ops *ops = desc->kind->bytes;

	if (!iokmem_desc_has_memory(desc))
		return -EFAULT;
	return ops ? ops->access(desc, offset, bytes, length, write) :
		     access_held(desc, offset, bytes, length, write);
}

/*
 * iokmem_access_pinned - as iokmem_desc_access(), for memory that the caller holds
 *
 * The caller has called iokmem_access_check(). So this fails only for want of addresses for
 * memory of another mode than copyback.
 */
int iokmem_access_pinned(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write)
{
	/*
	 * Memory that is always there may need addresses of its own type, and memory with
	 * an address of its own may be a device's. Other memory is RAM.
	 */
	if (iokmem_desc_is_always_there(desc) || iokmem_desc_has_held_address(desc))
		return iokmem_desc_access(desc, offset, bytes, length, write);
	return iokmem_access_frames(desc, offset, bytes, length, write);
}

static int access_bytes(struct iokmem_desc *desc, size_t offset, void *bytes,
			size_t length, bool write)
{
	struct iokmem_window window;
	int err;

	might_sleep();

	err = iokmem_desc_window(desc, offset, length, &window);
	if (!err)
		err = iokmem_desc_check_write(desc, write);
	if (err || !length)
		return err;
	err = iokmem_access_begin(window.desc, write);
	if (err)
		return err;
	err = iokmem_desc_access(window.desc, window.offset, bytes, length, write);
	iokmem_access_end(window.desc, write);
	return err;
}

/**
 * iokmem_desc_read_bytes - copy bytes out of the memory
 * @desc: the descriptor
 * @offset: of the first byte in the descriptor
 * @bytes: where to copy them
 * @length: how many bytes
 *
 * Follows IOMemoryDescriptor::readBytes(), which copies all or nothing.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then the content of @bytes is undefined:
 *
 * * -EOVERFLOW: @offset plus @length wraps
 * * -ERANGE: the range passes the end of the descriptor
 * * -EBADFD: a range of addresses, or a dma-buf, that is not prepared
 * * -EOPNOTSUPP: a dma-buf whose exporter gives no kernel address
 * * -EFAULT: the range has a guard page
 * * -ENOMEM, -EIO: pageable memory could not be brought in, or a dma-buf could not be made
 *   ready
 * * -EAGAIN: purgeable memory was emptied again and again while it was brought in
 * * -EIO: the hardware has lost some of the memory
 * * -ENOMEM: no room to map wired memory that is not copyback, on an architecture where
 *   the kernel's map of all memory is always copyback (arm64)
 * * -EINTR: a signal arrived while devices were writing a dma-buf; or a fatal signal
 */
int iokmem_desc_read_bytes(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length)
{
	return access_bytes(desc, offset, bytes, length, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_read_bytes, IOKMEM_NS);

/**
 * iokmem_desc_write_bytes - copy bytes into the memory
 * @desc: the descriptor
 * @offset: of the first byte in the descriptor
 * @bytes: the bytes to copy; NULL for zeroes
 * @length: how many bytes
 *
 * Follows IOMemoryDescriptor::writeBytes(), which copies all or nothing.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error: as iokmem_desc_read_bytes(), and -EACCES if the memory
 * is a range that is prepared for reading only, or that the task may only read. After an error
 * nothing has changed, with one exception.
 * A multi-descriptor on arm64 may have members of wired memory that is not copyback. Each
 * is mapped when its turn comes. If that fails (-ENOMEM), the members before it have been
 * written.
 */
int iokmem_desc_write_bytes(struct iokmem_desc *desc, size_t offset,
			    const void *bytes, size_t length)
{
	/* Bytes are changed only when memory is read. */
	return access_bytes(desc, offset, (void *)bytes, length, true);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_write_bytes, IOKMEM_NS);

/* Find the neighbours from @offset on, across extents that happen to be adjacent. */
static int find_segment(struct iokmem_desc *desc, size_t offset,
			phys_addr_t *address, size_t *length)
{
	unsigned long pfn, next;
	size_t n;

	lockdep_assert_held(&desc->hold_lock);

	n = bytes_at(desc, offset, &pfn);
	if (pfn == IOKMEM_NO_PFN)
		return -EFAULT;
	*address = PFN_PHYS(pfn) + offset_in_page(desc->skew + offset);

	while (n < *length) {
		size_t more = bytes_at(desc, offset + n, &next);

		if (PFN_PHYS(next) != *address + n)
			break;
		n += more;
	}
	*length = min(n, *length);
	return 0;
}

/*
 * iokmem_desc_segment - as iokmem_desc_get_physical_segment(), of bytes that there are
 *
 * @desc is not a sub-descriptor. @length is an input too: the limit.
 */
int iokmem_desc_segment(struct iokmem_desc *desc, size_t offset,
			phys_addr_t *address, size_t *length)
{
	phys_addr_t found;
	int err;

	err = iokmem_desc_check_revoked(desc);
	if (err)
		return err;
	desc = iokmem_desc_leaf(desc, &offset, length);
	if (iokmem_desc_has_fixed_address(desc))
		return -EOPNOTSUPP;
	mutex_lock(&desc->hold_lock);
	err = iokmem_check_known(desc, false);
	if (!err)
		err = find_segment(desc, offset, &found, length);
	mutex_unlock(&desc->hold_lock);
	if (!err)
		*address = found;
	return err;
}

/**
 * iokmem_desc_get_physical_segment - find where bytes are in physical memory
 * @desc: the descriptor
 * @offset: of the first byte in the descriptor
 * @address: out: physical address of that byte, as the CPU sees it
 * @length: out: how many bytes from there on are neighbours in memory, at most up to the
 *	end of the descriptor, or of the member of a multi-descriptor
 *
 * Follows IOMemoryDescriptor::getPhysicalSegment() with kIOMemoryMapperNone.
 *
 * Context: May sleep.
 * Return: 0, or a negative error; then nothing has been written:
 *
 * * -ERANGE: @offset is not before the end of the descriptor
 * * -EBADFD: the memory is not prepared, and may be anywhere
 * * -EFAULT: @offset is in a guard page
 * * -ENODEV: the memory has been revoked
 * * -EOPNOTSUPP: coherent memory, or a dma-buf without a kernel address, of which only devices'
 *   addresses are known
 */
int iokmem_desc_get_physical_segment(struct iokmem_desc *desc, size_t offset,
				     phys_addr_t *address, size_t *length)
{
	size_t whole = iokmem_desc_get_length(desc);
	struct iokmem_window window;
	int err;

	if (offset >= whole)
		return -ERANGE;
	window = iokmem_window_of(desc, offset, whole - offset);
	err = iokmem_desc_segment(window.desc, window.offset, address, &window.length);
	if (!err)
		*length = window.length;
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_physical_segment, IOKMEM_NS);

/*
 * Count those of @nr pages from @index on that are in memory. Memory whose frames are unknown
 * while it is not held cannot be counted then. Other memory is all resident and exists nowhere
 * else.
 */
static int count_pages(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
		       u64 *resident, u64 *dirty)
{
	const struct iokmem_store_ops *ops = desc->kind->store;
	int err;

	if (ops && ops->page_counts)
		return ops->page_counts(desc, index, nr, resident, dirty);
	if (mutex_lock_killable(&desc->hold_lock))
		return -EINTR;
	err = iokmem_check_known(desc, false);
	mutex_unlock(&desc->hold_lock);
	*resident = iokmem_desc_has_memory(desc) ? nr : 0;
	*dirty = *resident;
	return err;
}

/*
 * iokmem_desc_count_own - count the pages that the descriptor's own bytes touch
 *
 * Like iokmem_desc_get_page_counts(), but does not look at the rest of a parent's or a member's
 * memory. A page that several members touch counts for each.
 */
int iokmem_desc_count_own(struct iokmem_desc *desc, u64 *resident, u64 *dirty)
{
	struct iokmem_window window = iokmem_window_of(desc, 0, desc->capacity);

	*resident = 0;
	*dirty = 0;
	while (window.length) {
		size_t at = window.offset, n = window.length;
		struct iokmem_desc *leaf = iokmem_desc_leaf(window.desc, &at, &n);
		struct iokmem_window part = { .desc = leaf, .offset = at, .length = n };
		u64 of_resident, of_dirty;
		int err;

		err = count_pages(leaf, iokmem_window_index(&part), iokmem_window_pages(&part),
				  &of_resident, &of_dirty);
		if (err)
			return err;
		*resident += of_resident;
		*dirty += of_dirty;
		window.offset += n;
		window.length -= n;
	}
	return 0;
}

/**
 * iokmem_desc_get_page_counts - count the pages that are in memory
 * @desc: the descriptor
 * @resident: out, unless NULL: how many pages are in memory
 * @dirty: out, unless NULL: how many of these exist nowhere else
 *
 * Follows IOMemoryDescriptor::getPageCounts(). Counts the whole capacity, whatever the
 * length is. Counts a sub-descriptor's whole parent, and all members of a
 * multi-descriptor.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then nothing has been written:
 *
 * * -EBADFD: a range of addresses, or a dma-buf, that is not prepared
 * * -EOPNOTSUPP: memory that is not the kernel's: of a device; a dma-buf whose exporter gives no
 *   kernel address
 * * -EINTR: a fatal signal arrived
 */
int iokmem_desc_get_page_counts(struct iokmem_desc *desc, u64 *resident,
				u64 *dirty)
{
	u64 all, changed;
	int err;

	desc = iokmem_desc_owner(desc);
	err = count_pages(desc, 0, iokmem_desc_pages(desc), &all, &changed);
	if (err)
		return err;
	if (resident)
		*resident = all;
	if (dirty)
		*dirty = changed;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_get_page_counts, IOKMEM_NS);

/**
 * iokmem_desc_set_purgeable - change the state of purgeable memory
 * @desc: a descriptor of memory that was made with %IOKMEM_PURGEABLE
 * @state: %IOKMEM_PURGEABLE_NON_VOLATILE: the content is needed;
 *	%IOKMEM_PURGEABLE_VOLATILE: the memory may be emptied when memory is short,
 *	oldest volatile memory first; %IOKMEM_PURGEABLE_EMPTY: the content is not
 *	needed any more; %IOKMEM_PURGEABLE_KEEP_CURRENT: only ask
 * @old: out, unless NULL: the state until now. If it was empty, the memory is zero,
 *	except for what has been written since, and for pages that were held.
 *
 * Follows IOMemoryDescriptor::setPurgeable(). Empty memory that is made volatile
 * stays empty. Maps stay, and show zeroes after the memory was emptied. Memory that
 * is prepared or mapped into the kernel is not emptied when memory is short, and pages that a
 * dma-buf or a multi-descriptor of a part holds keep their content then. When
 * such memory is made empty, it is zeroed where it is. A sub-descriptor changes its
 * parent. A multi-descriptor changes all of its members; its state is empty if that
 * of any member is, or else volatile if that of any member is.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then nothing has changed:
 *
 * * -EINVAL: there is no such state
 * * -EOPNOTSUPP: the memory is not purgeable, or not all of it; or @state has
 *   modifiers
 * * -EACCES: the memory may only be read by @desc
 * * -EINTR: a fatal signal arrived; the first members of a multi-descriptor may have changed
 */
int iokmem_desc_set_purgeable(struct iokmem_desc *desc, u32 state, u32 *old)
{
	const struct iokmem_store_ops *ops;
	u32 before;
	int err;

	if (state & ~IOKMEM_PURGEABLE_STATE_MASK)
		return -EOPNOTSUPP;
	if (state < IOKMEM_PURGEABLE_KEEP_CURRENT ||
	    state > IOKMEM_PURGEABLE_EMPTY)
		return -EINVAL;

	err = iokmem_desc_check_write(desc, state != IOKMEM_PURGEABLE_KEEP_CURRENT);
	if (err)
		return err;
	desc = iokmem_desc_owner(desc);
	ops = desc->kind->store;
	if (!ops || !ops->set_purgeable)
		return -EOPNOTSUPP;
	err = ops->set_purgeable(desc, state, &before);
	if (!err && old)
		*old = before;
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_set_purgeable, IOKMEM_NS);

/* Flush the caches for bytes of a descriptor that is not made of others. */
static int flush_member(struct iokmem_desc *desc, size_t offset, size_t length,
			bool invalidate)
{
	lockdep_assert_held(&desc->hold_lock);

	while (length) {
		unsigned long address, pfn;
		size_t n = min3(bytes_at(desc, offset, &pfn), length,
				(size_t)IOKMEM_COPY_PIECE);
		size_t at = desc->skew + offset;
		int err;

		if (pfn == IOKMEM_NO_PFN)
			return -EFAULT;
		address = iokmem_desc_kernel_address(desc, at >> PAGE_SHIFT, 1);
		if (!address)
			address = (unsigned long)page_address(pfn_to_page(pfn));
		err = iokmem_cache_flush((void *)address + offset_in_page(at), n,
					 invalidate);
		if (err)
			return err;
		offset += n;
		length -= n;
		cond_resched();
	}
	return 0;
}

static int flush_window(const struct iokmem_window *window, bool invalidate)
{
	size_t offset = window->offset, length = window->length;

	while (length) {
		size_t at = offset, n = length;
		struct iokmem_desc *leaf = iokmem_desc_leaf(window->desc, &at, &n);
		int err;

		if (mutex_lock_killable(&leaf->hold_lock))
			return -EINTR;
		err = iokmem_check_known(leaf, false);
		if (!err)
			err = iokmem_access_check(leaf, at, n);
		if (!err && !iokmem_desc_has_fixed_address(leaf))
			err = flush_member(leaf, at, n, invalidate);
		/* Caches never hide the content of coherent memory from devices. */
		else if (!err && !iokmem_desc_is_always_there(leaf))
			err = -EOPNOTSUPP;
		mutex_unlock(&leaf->hold_lock);
		if (err)
			return err;
		offset += n;
		length -= n;
	}
	return 0;
}

/**
 * iokmem_desc_perform_operation - write the CPUs' caches back
 * @desc: the descriptor
 * @operation: %IOKMEM_INCOHERENT_IO_STORE: write what the caches have of the range
 *	to memory; %IOKMEM_INCOHERENT_IO_FLUSH: write it and drop it from the caches
 * @offset: of the first byte in the descriptor
 * @length: how many bytes
 *
 * Follows IOMemoryDescriptor::performOperation(). Memory that a device sees through
 * the DMA API does not need this call.
 *
 * Context: May sleep.
 * Return: 0, or a negative error. Caches may have been written back up to the place of
 * the error. The content of memory has not changed.
 *
 * * -EOPNOTSUPP: an unknown operation, or no way to do it on this architecture; a dma-buf whose
 *   exporter gives no kernel address
 * * -EOVERFLOW: @offset plus @length wraps
 * * -ERANGE: the range passes the end of the descriptor
 * * -EBADFD: the memory is not prepared
 * * -EFAULT: the range has a guard page
 * * -EIO: the hardware has lost some of the memory
 * * -EINTR: a fatal signal arrived
 */
int iokmem_desc_perform_operation(struct iokmem_desc *desc, u32 operation,
				  size_t offset, size_t length)
{
	struct iokmem_window window;
	int err;

	if (operation != IOKMEM_INCOHERENT_IO_FLUSH &&
	    operation != IOKMEM_INCOHERENT_IO_STORE)
		return -EOPNOTSUPP;
	err = iokmem_desc_window(desc, offset, length, &window);
	if (err)
		return err;
	return flush_window(&window, operation == IOKMEM_INCOHERENT_IO_FLUSH);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_perform_operation, IOKMEM_NS);
