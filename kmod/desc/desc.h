/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory descriptors: what every kind of memory has in common.
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
struct iosys_map;

/* How many members a multi-descriptor may have. Some calls take time for each of them. */
#define IOKMEM_MULTI_MAX	1024U

/* How many pages the largest guard of a mapping has, on each side of it. */
#define IOKMEM_GUARD_MAX	DIV_ROUND_UP(SZ_64K, PAGE_SIZE)

/* The frame number of memory that must not be touched: guard pages. */
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
 * @kind: the kind of memory
 * @charge: the locked memory that the maker is charged with
 * @id: number, for people
 * @capacity: in bytes, as asked for
 * @owned: how many bytes from the first one on may be shown; at least @capacity
 * @skew: offset of the first byte in its page
 * @alignment: in bytes, as asked for; at least 1
 * @options: as asked for
 * @home_ops: how the layer above makes and ends @home; NULL: there never is one
 * @kernel_home: pageable memory that was made for the kernel: @home comes and
 *	goes with @prepared
 * @born_held: its users hold the memory, from its birth on
 * @parent: of a sub-descriptor: the descriptor that has the memory; a user reference
 * @start: of a sub-descriptor: offset of the first byte in @parent
 * @length_lock: serialises changes of @length
 * @prepare_lock: serialises preparations
 * @prepared: how many prepare() calls have not been completed
 * @hold_lock: serialises holds, and keeps the memory from being retyped
 * @held: how many holds there are
 * @held_read_only: the memory is held for reading only
 * @extents: the memory: always, or while it is held
 * @lock: serialises maps
 * @cache_mode: the mode in force
 * @retyping: the memory is being given another cache mode
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 * @tag: a number of the driver's choice
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
 * The members before @length_lock are immutable once the descriptor is published.
 * @direction, @tag, @length, @cache_mode and @bytes are written with WRITE_ONCE() and
 * may be read at any time; @length is written with @length_lock held, @bytes and
 * @cache_mode with @lock.
 *
 * @prepare_lock protects @prepared, and the @home of memory with @kernel_home.
 *
 * @hold_lock protects @held, @held_read_only, and @extents where they come and go. A holder
 * of the memory may read these without the lock.
 *
 * @lock protects the list and the index of maps, @retyping, and of each map
 * what map.h says.
 *
 * Locks are taken in this order: @length_lock or @prepare_lock, @hold_lock, the @hold_lock
 * of a multi-descriptor's members, an address space's mmap lock, @lock. So a fault and the
 * end of a VMA take none of the first three. With @lock held nobody maps, unmaps, faults,
 * touches user memory, or allocates, since reclaim may take @lock.
 *
 * @home is written once by the descriptor's maker, and once when there are no
 * users any more, unless with @kernel_home: a user may read it without a lock.
 */
struct iokmem_desc {
	refcount_t users;
	struct kref count;
	struct work_struct put_work;
	struct work_struct count_put_work;

	const struct iokmem_kind *kind;
	struct iokmem_charge charge;
	u64 id;
	size_t capacity;
	size_t owned;
	size_t skew;
	size_t alignment;
	u32 options;
	const struct iokmem_home_ops *home_ops;
	bool kernel_home;
	bool born_held;
	struct iokmem_desc *parent;
	size_t start;

	struct mutex length_lock;	/* for changes of @length */
	struct mutex prepare_lock;	/* for @prepared */
	unsigned int prepared;		/* protected by @prepare_lock */

	struct mutex hold_lock;		/* for holds and the cache mode */
	unsigned int held;		/* protected by @hold_lock */
	bool held_read_only;		/* protected by @hold_lock; holders may read it */
	struct iokmem_extents extents;	/* protected by @hold_lock; holders may read them */

	struct mutex lock;		/* for maps */
	u32 cache_mode;			/* written with @hold_lock and @lock held */
	bool retyping;
	size_t length;			/* written with @length_lock held */
	u32 direction;			/* no lock: written with WRITE_ONCE() */
	u32 tag;			/* no lock: written with WRITE_ONCE() */
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
struct iokmem_desc *iokmem_desc_alloc(const struct iokmem_kind *kind,
				      size_t size, size_t capacity);
void iokmem_desc_publish(struct iokmem_desc *desc);
void iokmem_desc_count_get(struct iokmem_desc *desc);
void iokmem_desc_count_put(struct iokmem_desc *desc);
void iokmem_desc_count_put_async(struct iokmem_desc *desc);

/* file.c */
struct file *iokmem_desc_file(const struct iokmem_desc *desc, void *private,
			      int flags, const struct file_operations *fops);
struct file *iokmem_desc_map_file(const struct iokmem_desc *desc, void *private,
				  int flags, const struct file_operations *fops);
struct inode *iokmem_desc_map_inode(const struct iokmem_desc *desc);
int iokmem_file_init(void);
void iokmem_file_exit(void);

/* facts.c */
unsigned long iokmem_desc_pages(const struct iokmem_desc *desc);
struct iokmem_run iokmem_desc_lookup(const struct iokmem_desc *desc,
				     pgoff_t index);
size_t iokmem_desc_owned(const struct iokmem_desc *desc, size_t offset,
			 size_t length);

/**
 * struct iokmem_window - bytes of memory
 * @desc: the descriptor, never a sub-descriptor
 * @offset: of the first byte in @desc, in bytes
 * @length: in bytes
 *
 * Sub-descriptors are resolved to windows where a call enters the module. Nothing below
 * sees a sub-descriptor.
 */
struct iokmem_window {
	struct iokmem_desc *desc;
	size_t offset;
	size_t length;
};

/* facts.c */
int iokmem_desc_window(struct iokmem_desc *desc, size_t offset, size_t length,
		       struct iokmem_window *window);

/* Return the descriptor that has the memory of @desc: its parent, or @desc itself. */
static inline struct iokmem_desc *iokmem_desc_owner(struct iokmem_desc *desc)
{
	return desc->parent ? desc->parent : desc;
}

/* Return iokmem_desc_owner() and add to @offset where its memory of @desc begins. */
static inline struct iokmem_desc *iokmem_desc_root(struct iokmem_desc *desc,
						   size_t *offset)
{
	if (desc->parent)
		*offset += desc->start;
	return iokmem_desc_owner(desc);
}

/* As iokmem_desc_window(), for a range that has been checked. */
static inline struct iokmem_window iokmem_window_of(struct iokmem_desc *desc,
						    size_t offset, size_t length)
{
	struct iokmem_window window = { .offset = offset, .length = length };

	window.desc = iokmem_desc_root(desc, &window.offset);
	return window;
}

/* Return the index of the first page that the window touches. */
static inline pgoff_t iokmem_window_index(const struct iokmem_window *window)
{
	return (window->desc->skew + window->offset) >> PAGE_SHIFT;
}

/* Return how many pages the window touches. */
static inline unsigned long iokmem_window_pages(const struct iokmem_window *window)
{
	size_t in_page = offset_in_page(window->desc->skew + window->offset);

	return PAGE_ALIGN(in_page + window->length) >> PAGE_SHIFT;
}

/* Lock the list of all published descriptors, oldest first, and return it. */
struct list_head *iokmem_descs_lock(void);
void iokmem_descs_unlock(void);

void iokmem_desc_exit(void);

/* hold.c */
int iokmem_desc_hold(struct iokmem_desc *desc, bool write);
void iokmem_desc_unhold(struct iokmem_desc *desc);
void iokmem_desc_complete_all(struct iokmem_desc *desc);
int iokmem_desc_retype_begin(struct iokmem_desc *desc, u32 cache_mode);
void iokmem_desc_retype_end(struct iokmem_desc *desc, u32 cache_mode);

/* access.c */
void iokmem_access_map(struct iosys_map *map, size_t offset, void *bytes,
		       size_t length, bool write);
void iokmem_access_page(struct page *page, size_t in_page, void *bytes,
			size_t length, bool write);
int iokmem_check_known(const struct iokmem_desc *desc, bool write);
int iokmem_access_begin(struct iokmem_desc *desc, bool write);
void iokmem_access_end(struct iokmem_desc *desc, bool write);
void iokmem_access_address(void *address, void *bytes, size_t length, bool write);
int iokmem_access_frames(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write);
int iokmem_access_pinned(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write);
int iokmem_desc_access(struct iokmem_desc *desc, size_t offset, void *bytes,
		       size_t length, bool write);
int iokmem_desc_segment(struct iokmem_desc *desc, size_t offset,
			phys_addr_t *address, size_t *length);

/*
 * Facts about memory that its kind tells. @desc must not be a sub-descriptor, except for
 * iokmem_desc_is_buffer(), iokmem_desc_kind_name() and iokmem_desc_is_of().
 */

static inline const char *iokmem_desc_kind_name(const struct iokmem_desc *desc)
{
	return desc->kind->name;
}

/* Only for the source file that defines @kind. Other files ask for facts. */
static inline bool iokmem_desc_is_of(const struct iokmem_desc *desc,
				     const struct iokmem_kind *kind)
{
	return desc->kind == kind;
}

static inline bool iokmem_desc_is_buffer(const struct iokmem_desc *desc)
{
	return desc->kind->is_buffer;
}

static inline bool iokmem_desc_is_always_there(const struct iokmem_desc *desc)
{
	return desc->kind->always_there;
}

static inline bool iokmem_desc_has_fixed_address(const struct iokmem_desc *desc)
{
	return desc->kind->fixed_address;
}

static inline bool iokmem_desc_has_held_address(const struct iokmem_desc *desc)
{
	return desc->kind->held_address;
}

static inline bool iokmem_desc_has_memory(const struct iokmem_desc *desc)
{
	return !desc->kind->no_memory;
}

static inline bool iokmem_desc_is_typed(const struct iokmem_desc *desc)
{
	return desc->kind->typed;
}

/* Find the cache mode that asking for @mode puts in force: 0 or -EOPNOTSUPP. */
static inline int iokmem_desc_resolve(const struct iokmem_desc *desc, u32 mode,
				      u32 *resolved)
{
	return desc->kind->resolve(mode, resolved);
}

/* Return true if the memory can be given another cache mode. */
static inline bool iokmem_desc_can_be_retyped(const struct iokmem_desc *desc)
{
	return desc->kind->store && desc->kind->store->retype;
}

/* Return true if all of the memory is in the extents, and has one cache mode. */
static inline bool iokmem_desc_is_in_extents(const struct iokmem_desc *desc)
{
	return iokmem_desc_has_memory(desc) &&
	       !(desc->kind->store && desc->kind->store->lookup);
}

/* Return true if the memory fills a VMA itself, so that it has no entries to look up. */
static inline bool iokmem_desc_fills_vma(const struct iokmem_desc *desc)
{
	return desc->kind->show && desc->kind->show->fill_vma;
}

/* Fill @vma, which is new. For memory that iokmem_desc_fills_vma() is true of. */
static inline int iokmem_desc_fill_vma(struct iokmem_desc *desc,
				       struct vm_area_struct *vma)
{
	return desc->kind->show->fill_vma(desc, vma);
}

/* Return true if pages are found one by one by faults, without a hold: pageable memory. */
static inline bool iokmem_desc_is_paged(const struct iokmem_desc *desc)
{
	return desc->kind->show && desc->kind->show->fault;
}

/* Serve a fault. For memory that iokmem_desc_is_paged() is true of. */
static inline vm_fault_t iokmem_desc_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	return desc->kind->show->fault(desc, vmf);
}

/*
 * Return how many pages come before the memory in the file that has its pages: guards of
 * mappings have their place there. 0 if it has no such file.
 */
static inline unsigned long iokmem_desc_map_lead(const struct iokmem_desc *desc)
{
	return iokmem_desc_is_paged(desc) ? IOKMEM_GUARD_MAX : 0;
}

/*
 * Return 0 if the memory, which is always there or held, may be mapped (by user tasks if
 * @user), or an error.
 */
static inline int iokmem_desc_may_map(const struct iokmem_desc *desc, bool user)
{
	const struct iokmem_show_ops *show = desc->kind->show;

	return show && show->may_map ? show->may_map(desc, user) : 0;
}

/* Return where the kernel sees @nr pages from @index on already, or 0. */
static inline unsigned long iokmem_desc_kernel_address(const struct iokmem_desc *desc,
						       pgoff_t index, unsigned long nr)
{
	const struct iokmem_show_ops *show = desc->kind->show;

	return show && show->kernel_address ? show->kernel_address(desc, index, nr) : 0;
}

/* Return where a user task sees byte @offset already, or 0. */
static inline unsigned long iokmem_desc_task_address(const struct iokmem_desc *desc,
						     const struct mm_struct *mm,
						     size_t offset)
{
	const struct iokmem_show_ops *show = desc->kind->show;

	return show && show->task_address ? show->task_address(desc, mm, offset) : 0;
}

/* Return true if there is a way to let others keep pages of the memory. */
static inline bool iokmem_desc_can_be_pinnable(const struct iokmem_desc *desc)
{
	return desc->kind->show && desc->kind->show->check_pinnable;
}

/* Return 0 if others may keep pages of the memory as it is now, or an error. */
static inline int iokmem_desc_check_pinnable(struct iokmem_desc *desc)
{
	return iokmem_desc_can_be_pinnable(desc) ?
	       desc->kind->show->check_pinnable(desc) : -EOPNOTSUPP;
}

/* Return true if copying bytes needs iokmem_access_begin() and iokmem_access_end(). */
static inline bool iokmem_desc_syncs_access(const struct iokmem_desc *desc)
{
	return desc->kind->bytes && desc->kind->bytes->begin;
}

/* Return true if devices see the memory by its pages. */
static inline bool iokmem_desc_is_mapped_by_pages(const struct iokmem_desc *desc)
{
	return !desc->kind->device;
}

/*
 * iokmem_desc_leaf - return the descriptor that has the frames of byte @offset
 *
 * It is a member of @desc if that is made of others, else @desc itself. @offset becomes
 * relative to it, and @length is cut to its end.
 */
static inline struct iokmem_desc *iokmem_desc_leaf(struct iokmem_desc *desc,
						   size_t *offset, size_t *length)
{
	const struct iokmem_store_ops *store = desc->kind->store;

	return store && store->member ? store->member(desc, offset, length) : desc;
}

#endif /* _IOKMEM_DESC_H */
