/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of memory: the operations that descriptors of one kind share.
 */
#ifndef _IOKMEM_KIND_H
#define _IOKMEM_KIND_H

#include <linux/mm_types.h>
#include <linux/types.h>

#include "page/extent.h"

struct iokmem_desc;
struct iokmem_dma_view;
struct vm_area_struct;
struct vm_fault;

/**
 * struct iokmem_mem_ops - a kind of memory
 * @name: for people
 * @is_buffer: it has a capacity, of which its length is a part
 * @always_there: its frames are known from birth to death; otherwise only while
 *	it is held
 * @fixed_address: the kernel's address of it is all that there is
 * @held_address: the kernel has its address only while it is held
 * @no_memory: there is nothing that could be touched
 * @typed: its pages are its own, and have the type that it says
 * @vm_flags: what a VMA of it has besides what every VMA of ours has
 * @resolve: the cache mode that asking for one puts in force
 * @cache_mode: the one in force, if not what the descriptor says
 * @pin: make the memory stay, and fill in the extents; if it need not be writable,
 *	and will not be treated as such, say so in @held_read_only. Called for the
 *	first hold. May sleep; the caller holds @hold_lock
 * @unpin: undo that. Cannot fail
 * @lookup: where a page is, if not in the extents
 * @member: of a descriptor made of others: the one that has byte @offset, which
 *	becomes the offset in that; @length is cut to what that has of it
 * @retype: give the memory another cache mode, which @resolve found. Called when
 *	nothing maps or holds it
 * @check_pinnable: may others keep pages of it? 0 or an error. Called by a map that is
 *	listed, so that nothing is retyped
 * @kernel_address: where the kernel has these pages already, or 0
 * @task_address: where a user task has these bytes already, or 0
 * @may_map: may the memory, which is held, be mapped, and by user tasks? 0 or an
 *	error
 * @mmap: fill a new VMA, if the memory cannot be mapped by page frames
 * @fault: serve a fault, if pages are only known then
 * @begin_access: get ready for ->access(), or the devices that write the memory; may
 *	fail
 * @end_access: undo that
 * @access: copy bytes from the memory, or into it if @write, all or none (but see
 *	iokmem_desc_write_bytes() for multi-descriptors); with NULL for zeroes. The range
 *	has been checked, and is not empty
 * @page_counts: count pages that are in memory, and of these the dirty ones
 * @set_purgeable: change the state of purgeable memory
 * @dma_map: show the memory, which is held, to a device, if not by its pages: fill in
 *	the view's table. See dma_map.h
 * @dma_unmap: undo that, if there is more to do than to free the view's own table
 * @dma_sync: for a view of ->dma_map(): the CPU, or the device, looks at it next; may
 *	fail
 * @release: give the memory back. Called once, when nothing maps it and nobody
 *	can reach it any more. May sleep, cannot fail
 *
 * What is NULL the kind has not, or has in the usual way. A kind of memory knows
 * nothing of maps.
 */
struct iokmem_mem_ops {
	const char *name;
	bool is_buffer;
	bool always_there;
	bool fixed_address;
	bool held_address;
	bool no_memory;
	bool typed;
	vm_flags_t vm_flags;
	int (*resolve)(u32 mode, u32 *resolved);
	u32 (*cache_mode)(const struct iokmem_desc *desc);
	int (*pin)(struct iokmem_desc *desc, bool write);
	void (*unpin)(struct iokmem_desc *desc);
	struct iokmem_run (*lookup)(const struct iokmem_desc *desc,
				    pgoff_t index);
	struct iokmem_desc *(*member)(const struct iokmem_desc *desc,
				      size_t *offset, size_t *length);
	int (*retype)(struct iokmem_desc *desc, u32 cache_mode);
	int (*check_pinnable)(struct iokmem_desc *desc);
	unsigned long (*kernel_address)(const struct iokmem_desc *desc,
					pgoff_t index, unsigned long nr);
	unsigned long (*task_address)(const struct iokmem_desc *desc,
				      const struct mm_struct *mm, size_t offset);
	int (*may_map)(const struct iokmem_desc *desc, bool user);
	int (*mmap)(struct iokmem_desc *desc, struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct iokmem_desc *desc, struct vm_fault *vmf);
	int (*begin_access)(struct iokmem_desc *desc, bool write);
	void (*end_access)(struct iokmem_desc *desc, bool write);
	int (*access)(struct iokmem_desc *desc, size_t offset, void *bytes,
		      size_t length, bool write);
	int (*page_counts)(struct iokmem_desc *desc, u64 *resident, u64 *dirty);
	int (*set_purgeable)(struct iokmem_desc *desc, u32 state, u32 *old);
	int (*dma_map)(struct iokmem_dma_view *view);
	void (*dma_unmap)(struct iokmem_dma_view *view);
	int (*dma_sync)(struct iokmem_dma_view *view, bool for_cpu);
	void (*release)(struct iokmem_desc *desc);
};

#endif /* _IOKMEM_KIND_H */
