/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of memory: the table that all descriptors of one kind share.
 *
 * A table has plain facts, and operations in four groups by who reads them. A kind without a
 * group, or without an operation of a group, behaves in the default way that is documented
 * here. Only files in this folder look at the operations; other files ask by the functions
 * in desc.h. A kind of memory knows nothing of maps.
 */
#ifndef _IOKMEM_KIND_H
#define _IOKMEM_KIND_H

#include <linux/dma-direction.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include "page/extent.h"

struct file;
struct iokmem_desc;
struct iokmem_dma_view;
struct vm_area_struct;
struct vm_fault;

/**
 * struct iokmem_store_ops - where the memory is, and what keeps it there
 * @bring_in: bring the memory in for @pin, which takes over what this returns. Called without
 *	locks, since a program can make this take as long as it likes. Several callers may be
 *	at it at a time. Return an error as ERR_PTR(). Default: @pin does it all
 * @let_go: undo @bring_in, if @pin has not taken over what it returned. Called without locks
 * @pin: keep the memory in place and fill in the extents. Called for the first hold, with
 *	@hold_lock held. Sets @held_read_only if memory that is kept in this way cannot be
 *	written. May sleep. Return -ESTALE if the memory has to be brought in again. Default:
 *	the memory is in place anyhow
 * @unpin: undo @pin, with @hold_lock held. Cannot fail
 * @write: a holder is going to write memory that was pinned to be read. Called with @hold_lock
 *	held. Default: there is nothing to do
 * @retype: give the memory a cache mode that the kind's resolve() has found. Called with
 *	@hold_lock held while nothing maps or holds the memory. Default: the mode cannot
 *	change
 * @lookup: find a page of the memory. Default: by the extents
 * @place: return where byte @offset is, in bytes from the start of the memory's first page.
 *	Bytes that are next to each other in the descriptor, and cannot be in one mapping, have
 *	a gap between their places. Default: there is no gap
 * @member: for a descriptor that is made of others: return the one that has byte @offset,
 *	make @offset relative to it, and cut @length to its end. Default: the descriptor
 *	itself
 * @cache_mode: return the cache mode in force. Default: the descriptor's own
 * @page_counts: count those of @nr pages from @index on that are in memory, and the dirty ones
 *	among them. A descriptor that is made of others is asked for all of its pages, and counts
 *	all of their memory. Default: if the frames are known all pages are in memory and dirty,
 *	otherwise -EBADFD
 * @set_purgeable: change the purgeable state. Default: -EOPNOTSUPP
 */
struct iokmem_store_ops {
	void *(*bring_in)(struct iokmem_desc *desc, bool write);
	void (*let_go)(struct iokmem_desc *desc, void *brought);
	int (*pin)(struct iokmem_desc *desc, bool write, void *brought);
	void (*unpin)(struct iokmem_desc *desc);
	int (*write)(struct iokmem_desc *desc);
	int (*retype)(struct iokmem_desc *desc, u32 cache_mode);
	struct iokmem_run (*lookup)(const struct iokmem_desc *desc, pgoff_t index);
	size_t (*place)(const struct iokmem_desc *desc, size_t offset);
	struct iokmem_desc *(*member)(const struct iokmem_desc *desc, size_t *offset,
				      size_t *length);
	u32 (*cache_mode)(const struct iokmem_desc *desc);
	int (*page_counts)(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
			   u64 *resident, u64 *dirty);
	int (*set_purgeable)(struct iokmem_desc *desc, u32 state, u32 *old);
};

#define IOKMEM_FILLED_BY_OTHERS	1

/**
 * struct iokmem_show_ops - how address spaces see the memory
 * @fill_vma: fill a VMA, from page vm_pgoff of the memory on. Returns 0;
 *	%IOKMEM_FILLED_BY_OTHERS if another driver has filled it, and may have given it its own
 *	operations and private data, which is possible only in ->mmap(); or an error. Default:
 *	entries are made of page frames
 * @fault: serve a fault, for memory whose pages are found one by one. Default: faults
 *	look up page frames
 * @file: return the file whose inode the VMAs of user mappings must be of, so that the kernel
 *	finds them. With @fault, which needs it, the file has the pages
 * @kernel_address: return where the kernel sees @nr pages from @index on already, or 0.
 *	Default: 0
 * @may_map: return 0 if a range of the memory, which is held, may be mapped (by user tasks if
 *	@user), or an error. Default: 0
 * @check_pinnable: return 0 if others may keep pages of the memory, or an error. Called
 *	for a map that is listed, so that nothing is retyped. Default: -EOPNOTSUPP
 */
struct iokmem_show_ops {
	int (*fill_vma)(struct iokmem_desc *desc, struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct iokmem_desc *desc, struct vm_fault *vmf);
	struct file *(*file)(const struct iokmem_desc *desc);
	unsigned long (*kernel_address)(const struct iokmem_desc *desc, pgoff_t index,
					unsigned long nr);
	int (*may_map)(const struct iokmem_desc *desc, size_t offset, size_t length, bool user);
	int (*check_pinnable)(struct iokmem_desc *desc);
};

/**
 * struct iokmem_bytes_ops - how the CPU copies bytes
 * @access: copy bytes from the memory, or into it if @write; with NULL bytes write
 *	zeroes. Copies all or nothing, but see iokmem_desc_write_bytes(). The range is
 *	checked and not empty. Default: by the frames, if these are known; otherwise
 *	-EBADFD
 * @begin: get ready for copying, or for devices that write the memory. Called without locks,
 *	since it may wait for such devices. May fail. Default: nothing to do
 * @end: undo @begin
 */
struct iokmem_bytes_ops {
	int (*access)(struct iokmem_desc *desc, size_t offset, void *bytes,
		      size_t length, bool write);
	int (*begin)(struct iokmem_desc *desc, bool write);
	void (*end)(struct iokmem_desc *desc, bool write);
};

/**
 * struct iokmem_device_ops - how devices see the memory
 * @map: show the memory, which is held, to a device: fill in the view's table. Needed
 * @unmap: undo @map, if there is more to do than to free the view's own table
 * @wait: wait for other drivers' devices before a device reads the memory, or writes it if
 *	@write. Called without locks. Fails if a signal arrives. Default: there is nothing to
 *	wait for
 * @sync: let the CPU, or devices, look at all of the memory next. Called without locks, since it
 *	may wait as @wait does. May fail. Default: all see the memory alike
 *
 * A kind without this group is mapped for devices by its pages.
 */
struct iokmem_device_ops {
	int (*map)(struct iokmem_dma_view *view);
	void (*unmap)(struct iokmem_dma_view *view);
	int (*wait)(struct iokmem_desc *desc, bool write);
	int (*sync)(struct iokmem_desc *desc, enum dma_data_direction direction, bool for_cpu);
};

/**
 * struct iokmem_kind - a kind of memory
 * @name: for people
 * @is_buffer: the length is a part of the capacity and can be changed
 * @always_there: the frames are known from birth to death. Otherwise they are known only
 *	while the memory is held
 * @fixed_address: the kernel's own address, if there is one, is the only one the kernel can
 *	have, and no page frames are known
 * @held_address: the kernel has an address of the memory only while it is held
 * @no_memory: nothing is there that could be touched
 * @typed: the pages are the module's own and really have the cache mode in force
 * @resolve: find the cache mode that asking for @mode puts in force
 * @store: see struct iokmem_store_ops
 * @show: see struct iokmem_show_ops
 * @bytes: see struct iokmem_bytes_ops
 * @device: see struct iokmem_device_ops
 * @revoke: give back memory that must not outlive a revoke, after which nothing of it is
 *	touched. Called with @hold_lock held, when nothing maps the memory; perhaps called
 *	again. May sleep, cannot fail. Default: nothing to do before @release
 * @release: give the memory back. Called once, when nothing maps it and nobody can reach
 *	it. May sleep, cannot fail. Default: nothing to do
 */
struct iokmem_kind {
	const char *name;
	bool is_buffer;
	bool always_there;
	bool fixed_address;
	bool held_address;
	bool no_memory;
	bool typed;
	int (*resolve)(u32 mode, u32 *resolved);
	const struct iokmem_store_ops *store;
	const struct iokmem_show_ops *show;
	const struct iokmem_bytes_ops *bytes;
	const struct iokmem_device_ops *device;
	void (*revoke)(struct iokmem_desc *desc);
	void (*release)(struct iokmem_desc *desc);
};

#endif /* _IOKMEM_KIND_H */
