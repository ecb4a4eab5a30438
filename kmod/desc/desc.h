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

#include "desc/kind.h"
#include "page/account.h"
#include "page/extent.h"

struct iokmem_desc;
struct iokmem_mapping;
struct vfsmount;

/* How many members a multi-descriptor may have: what is done with all takes time. */
#define IOKMEM_MULTI_MAX	1024U

/* How many pages the largest guard of a mapping has, on each side. */
#define IOKMEM_GUARD_MAX	DIV_ROUND_UP(SZ_64K, PAGE_SIZE)

/* The frame of memory that must not be touched: a guard page's. */
#define IOKMEM_NO_PFN	(~0UL)

/**
 * struct iokmem_home_ops - how the layer of maps keeps the home mapping of a buffer
 * @open: map all of the buffer into the kernel, for memory with @kernel_home. Return 0 or
 *	an error. The caller holds prepare_lock
 * @close: let go of the home mapping, if there is one
 */
struct iokmem_home_ops {
	int (*open)(struct iokmem_desc *desc);
	void (*close)(struct iokmem_desc *desc);
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
 * @home_ops: how the layer above makes and ends @home; NULL: there never is one
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
 * @mappings: all mappings that are live or under construction, oldest first
 * @index: the maps that may be shared, by address space and range
 * @modes: the cache modes that maps in @index were asked for with, now or before: bits by
 *	number
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
 * @direction, @tag, @length, @cache_mode and @bytes are written with WRITE_ONCE() and
 * may be read at any time; @length is written with @length_lock held, @bytes and
 * @cache_mode with @lock.
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
	const struct iokmem_home_ops *home_ops;
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
	struct iokmem_mapping *home;
	void *bytes;
	struct list_head mappings;
	struct rb_root index;
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

/* Return true if the frames are known from birth to death, and not only while held. */
static inline bool iokmem_desc_is_always_there(const struct iokmem_desc *desc)
{
	return desc->ops->always_there;
}

/* Return true if a fault finds the pages one by one. */
static inline bool iokmem_desc_is_paged(const struct iokmem_desc *desc)
{
	return desc->ops->fault;
}

static inline bool iokmem_desc_is_typed(const struct iokmem_desc *desc)
{
	return desc->ops->typed;
}

/* Return true if the memory makes all entries of a VMA at once. */
static inline bool iokmem_desc_fills_vma(const struct iokmem_desc *desc)
{
	return desc->ops->mmap;
}

static inline int iokmem_desc_fill_vma(struct iokmem_desc *desc,
				       struct vm_area_struct *vma)
{
	return desc->ops->mmap(desc, vma);
}

static inline vm_fault_t iokmem_desc_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	return desc->ops->fault(desc, vmf);
}

static inline int iokmem_desc_may_map(const struct iokmem_desc *desc, bool user)
{
	return desc->ops->may_map ? desc->ops->may_map(desc, user) : 0;
}

static inline unsigned long iokmem_desc_kernel_address(const struct iokmem_desc *desc,
						       pgoff_t index, unsigned long nr)
{
	return desc->ops->kernel_address ? desc->ops->kernel_address(desc, index, nr) : 0;
}

static inline unsigned long iokmem_desc_task_address(const struct iokmem_desc *desc,
						     const struct mm_struct *mm,
						     size_t offset)
{
	return desc->ops->task_address ? desc->ops->task_address(desc, mm, offset) : 0;
}

static inline bool iokmem_desc_can_be_pinnable(const struct iokmem_desc *desc)
{
	return desc->ops->check_pinnable;
}

static inline int iokmem_desc_check_pinnable(struct iokmem_desc *desc)
{
	return desc->ops->check_pinnable(desc);
}

static inline bool iokmem_desc_has_held_address(const struct iokmem_desc *desc)
{
	return desc->ops->held_address;
}

static inline bool iokmem_desc_has_fixed_address(const struct iokmem_desc *desc)
{
	return desc->ops->fixed_address;
}

static inline int iokmem_desc_resolve(const struct iokmem_desc *desc, u32 mode,
				      u32 *resolved)
{
	return desc->ops->resolve(mode, resolved);
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
int iokmem_desc_retype_begin(struct iokmem_desc *desc, u32 cache_mode);
void iokmem_desc_retype_end(struct iokmem_desc *desc, u32 cache_mode);

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
