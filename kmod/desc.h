/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory descriptors: what every kind of memory has in common, and what a kind
 * of memory is.
 */
#ifndef _IOKMEM_DESC_H
#define _IOKMEM_DESC_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "account.h"
#include "extent.h"

struct iokmem_desc;
struct iokmem_dma_view;
struct iokmem_map;
struct vfsmount;

/* How many members a multi-descriptor may have: what is done with all takes time. */
#define IOKMEM_MULTI_MAX	1024U

/* How many pages the largest guard of a mapping has, on each side. */
#define IOKMEM_GUARD_MAX	DIV_ROUND_UP(SZ_64K, PAGE_SIZE)

/* The frame of memory that must not be touched: a guard page's. */
#define IOKMEM_NO_PFN	(~0UL)

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

/**
 * struct iokmem_desc - a memory descriptor
 * @users: who may act on it: drivers' references, file descriptors, references
 *	to its maps
 * @count: who needs the memory: one for all users together, and one for every
 *	map object
 * @put_work: for iokmem_desc_put_async()
 * @count_put_work: for iokmem_desc_count_put_async()
 * @ops: the kind of memory
 * @map_inode: of a kind that has an inode for its user mappings; or NULL
 * @map_mnt: where that is
 * @charge: what its maker is charged with
 * @id: number, for people
 * @capacity: in bytes, as asked for
 * @owned: how many bytes from its first on are its own to show; at least @capacity
 * @skew: where in its page the first byte is
 * @lead: how many pages come before the memory in the file of @map_inode, if that
 *	has the pages: guards of mappings have their place there
 * @alignment: in bytes, as asked for; at least 1
 * @options: as asked for
 * @kernel_home: pageable memory that was made for the kernel: @home comes and
 *	goes with @prepared
 * @born_held: its users hold the memory, from its birth on
 * @parent: of a sub-descriptor: whose memory it is, as one of that's users
 * @start: of a sub-descriptor: its first byte in @parent
 * @length_lock: see below
 * @prepare_lock: see below
 * @prepared: how many prepare() calls have not been completed
 * @hold_lock: see below
 * @held: by how many the memory is held
 * @held_read_only: it was made to stay for reading only
 * @extents: the memory: always, or while it is held
 * @lock: see below
 * @cache_mode: in force
 * @retyping: the memory is being given another cache mode
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 * @tag: of the driver's choice
 * @home: the mapping it was born with, in the task it was made for; or NULL
 * @bytes: the address of @home, if that is the kernel's; or NULL
 * @whole: the kernel's mapping of all of it that a plain request gets, or NULL
 * @maps: mappings, oldest first
 * @shareable: the maps that may be shared, by address space and range
 * @modes: which cache modes mappings in @shareable were asked for with, now or before: bits
 *	by number
 * @next_age: of the next mapping
 * @nr_maps: how many maps, those that lie inside others included
 * @nr_mapped: how many mappings there may be entries of, dead ones included
 * @wait: for maps under construction, and for @retyping to end
 * @node: in the list of all descriptors
 *
 * Two counts, as in mm_users and mm_count. When the last of the users goes, the
 * descriptor closes: the mapping it was born with is taken down. When the last
 * count goes, the memory goes. A VMA may keep a map object, and by it the
 * memory, longer than any user: so no page is given back while anything maps
 * it, whatever user space does.
 *
 * What stands before @length_lock is immutable once the descriptor is published.
 * @direction, @tag, @length, @cache_mode, @bytes and @whole are written with
 * WRITE_ONCE() and may be read at any time; @length is written with @length_lock held,
 * @bytes, @cache_mode and @whole with @lock, which also keeps the map that @whole is.
 *
 * @prepare_lock protects @prepared, and the @home of memory with @kernel_home.
 *
 * @hold_lock protects @held, @held_read_only, and @extents where they come and
 * go; and it keeps the memory from being retyped. Who holds the memory may read
 * these without it.
 *
 * @lock protects the list and the index of maps, @retyping, and of each map
 * what map.h says.
 *
 * Order: @length_lock or @prepare_lock, @hold_lock, of a multi-descriptor's members
 * too, an address space's mmap lock, @lock. So none of the first three is taken by a
 * fault or at the end of a VMA; and with @lock held nobody maps, unmaps, faults or
 * touches user memory; nor does anybody allocate, as reclaim may come back to us.
 *
 * @home is written once by the descriptor's maker, and once when there are no
 * users any more, unless with @kernel_home: a user may read it without a lock.
 */
struct iokmem_desc {
	refcount_t users;
	struct kref count;
	struct work_struct put_work;
	struct work_struct count_put_work;

	const struct iokmem_mem_ops *ops;
	struct inode *map_inode;
	struct vfsmount *map_mnt;
	struct iokmem_charge charge;
	u64 id;
	size_t capacity;
	size_t owned;
	size_t skew;
	unsigned long lead;
	size_t alignment;
	u32 options;
	bool kernel_home;
	bool born_held;
	struct iokmem_desc *parent;
	size_t start;

	struct mutex length_lock;	/* see above */
	struct mutex prepare_lock;	/* see above */
	unsigned int prepared;

	struct mutex hold_lock;		/* see above */
	unsigned int held;
	bool held_read_only;
	struct iokmem_extents extents;

	struct mutex lock;		/* see above */
	u32 cache_mode;
	bool retyping;
	size_t length;
	u32 direction;
	u32 tag;
	struct iokmem_map *home;
	void *bytes;
	struct iokmem_map *whole;
	struct list_head maps;
	struct rb_root shareable;
	unsigned long modes;
	u64 next_age;
	unsigned int nr_maps;
	unsigned int nr_mapped;
	wait_queue_head_t wait;

	struct list_head node;
};

/* desc.c */
struct iokmem_desc *iokmem_desc_alloc(const struct iokmem_mem_ops *ops,
				      size_t size, size_t capacity);
void iokmem_desc_publish(struct iokmem_desc *desc);
void iokmem_desc_count_get(struct iokmem_desc *desc);
void iokmem_desc_count_put(struct iokmem_desc *desc);
void iokmem_desc_count_put_async(struct iokmem_desc *desc);
struct file *iokmem_desc_file(const struct iokmem_desc *desc, void *private,
			      int flags, const struct file_operations *fops);
struct file *iokmem_desc_map_file(const struct iokmem_desc *desc, void *private,
				  int flags, const struct file_operations *fops);
unsigned long iokmem_desc_pages(const struct iokmem_desc *desc);
struct iokmem_run iokmem_desc_lookup(const struct iokmem_desc *desc,
				     pgoff_t index);

/*
 * iokmem_desc_root - whose memory a sub-descriptor is, and where in it
 *
 * A descriptor that is no sub-descriptor is its own root. A sub-descriptor's
 * parent is never one. Adds to @offset.
 */
static inline struct iokmem_desc *iokmem_desc_root(struct iokmem_desc *desc,
						   size_t *offset)
{
	if (!desc->parent)
		return desc;
	*offset += desc->start;
	return desc->parent;
}

/* All published descriptors, oldest first; for debugfs. */
struct list_head *iokmem_descs_lock(void);
void iokmem_descs_unlock(void);

int iokmem_desc_init(void);
void iokmem_desc_exit(void);

/* hold.c */
int iokmem_desc_hold(struct iokmem_desc *desc, bool write);
void iokmem_desc_unhold(struct iokmem_desc *desc);
void iokmem_desc_complete_all(struct iokmem_desc *desc);
int iokmem_desc_retype(struct iokmem_desc *desc, u32 cache_mode, u32 *old,
		       struct iokmem_map *map);
void iokmem_desc_restore_mode(struct iokmem_desc *desc, u32 cache_mode);

/* mem_sub.c */
size_t iokmem_desc_owned(const struct iokmem_desc *desc, size_t offset,
			 size_t length);

/* access.c */
void iokmem_access_page(struct page *page, size_t in_page, void *bytes,
			size_t length, bool write);
int iokmem_check_known(const struct iokmem_desc *desc, bool write);
int iokmem_access_begin(struct iokmem_desc *desc, bool write);
void iokmem_access_end(struct iokmem_desc *desc, bool write);
void iokmem_access_address(void *address, void *bytes, size_t length, bool write);
int iokmem_access_frames(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write);
int iokmem_access_held(struct iokmem_desc *desc, size_t offset, void *bytes,
		       size_t length, bool write);
struct iokmem_desc *iokmem_desc_leaf(struct iokmem_desc *desc, size_t *offset,
				     size_t *length);
int iokmem_desc_segment(struct iokmem_desc *desc, size_t offset,
			phys_addr_t *address, size_t *length);
int iokmem_all_resident(struct iokmem_desc *desc, u64 *resident, u64 *dirty);
int iokmem_held_resident(struct iokmem_desc *desc, u64 *resident, u64 *dirty);

#endif /* _IOKMEM_DESC_H */
