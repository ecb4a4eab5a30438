/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory descriptors: the parts that all kinds of memory have in common.
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
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "desc/kind.h"
#include "page/account.h"
#include "page/extent.h"

struct iokmem_desc;
struct iokmem_hold_charge;
struct iokmem_mapping;
struct iokmem_tie_devres;
struct iokmem_watch;
struct iosys_map;
struct seq_file;

/* The most members of a multi-descriptor. Some calls take time for each member. */
#define IOKMEM_MULTI_MAX	1024U

/*
 * The most references, holds or preparations of one descriptor. A call that would need more fails
 * with -EOVERFLOW. A counter of 32 bits has as many again left, for threads that are beyond the
 * check, and for references that cannot be refused.
 */
#define IOKMEM_COUNT_MAX	((unsigned int)(INT_MAX / 2))

/*
 * How often memory is brought in before a caller gives up. A program can empty the memory each time
 * meanwhile.
 */
#define IOKMEM_BRING_IN_TRIES	10

/* The pages of the largest guard of a mapping, on each side. */
#define IOKMEM_GUARD_MAX	DIV_ROUND_UP(SZ_64K, PAGE_SIZE)

/**
 * struct iokmem_home_ops - the map layer's operations on the home mapping of a buffer
 * @open: map all of the buffer into the kernel, for memory with @kernel_home. Return 0 or
 *	an error. Caller must hold prepare_lock.
 * @close: put the home mapping, if there is one
 * @follows: return true if there is a home mapping that nobody else uses, and that has another
 *	cache mode as soon as the memory has it. Caller must hold the descriptor's lock
 */
struct iokmem_home_ops {
	int (*open)(struct iokmem_desc *desc);
	void (*close)(struct iokmem_desc *desc);
	bool (*follows)(const struct iokmem_desc *desc, u32 cache_mode);
};

/**
 * struct iokmem_desc - a memory descriptor
 * @users: references of drivers and file descriptors, and one of each mapping whose maps
 *	are in use
 * @count: references to the memory: one of all users together, one of each backing
 * @put_work: for iokmem_desc_put_async()
 * @count_put_work: for iokmem_desc_count_put_async()
 * @kind: the kind of memory
 * @charge: the locked memory that the creator is charged for
 * @id: number, for people
 * @maker: the process in whose context the descriptor was made, for people; NULL: a kernel thread
 * @maker_uid: the user of that process
 * @maker_comm: the name that the process had, or the kernel thread
 * @capacity: in bytes, as asked for
 * @owned: bytes, counted from the first one, that maps may show; at least @capacity
 * @skew: offset of the first byte in its page
 * @alignment: in bytes, as asked for; at least 1
 * @options: as asked for
 * @home_ops: how the map layer makes and kills @home; NULL: there is never a home mapping
 * @kernel_home: pageable memory made for the kernel, which has @home only while prepared
 * @born_held: the users together hold the memory from its creation on
 * @birth_charge: the charge for that hold, or NULL
 * @hold_pages: how many pages each user is charged for, in whose name the memory is held; 0:
 *	nobody is
 * @mm: the address space of one range of a task's addresses, kept as an object only (mmgrab());
 *	or NULL
 * @address: the address of the first byte of one range of addresses
 * @read_only: the memory may be read but not written by this descriptor, because a task may only
 *	read the addresses that it was described by
 * @parent: the descriptor that has the memory of a sub-descriptor, or of a range of addresses
 *	that are in one map (a user reference); or NULL
 * @start: offset of the first byte in @parent
 * @partial: somebody was given part of the memory: a sub-descriptor, or a multi-descriptor with
 *	one as a member. A program has no rights by it that concern the rest of the memory
 * @length_lock: serialises changes of @length
 * @prepare_lock: serialises preparations
 * @prepared: number of prepare() calls that have not been completed
 * @preparation_id: the number of the latest preparation of memory that was not prepared
 * @prepare_charge: the charge for the hold of all preparations together, or NULL
 * @hold_lock: serialises holds, and keeps the memory from being retyped
 * @held: number of holds
 * @held_read_only: the memory is held so that it can only be read
 * @held_written: a holder may have written the memory since the first hold
 * @hold_charges: the charges of all holds, one for each user
 * @hold_charges_lock: protects @hold_charges
 * @extents: where the memory is: always, or only while it is held
 * @lock: serialises maps
 * @cache_mode: the mode in force
 * @retyping: the memory is being retyped
 * @mode_uses: how often a request that may change the mode has named the mode in force, or
 *	changed it
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 * @tag: a number of the driver's choice
 * @context: a pointer of the driver's choice
 * @home: the home mapping, in the task that the buffer was made for; or NULL
 * @bytes: the address of a home mapping in the kernel; or NULL
 * @mappings: all mappings that are under construction, then all that are live
 * @live: the live ones, by address space and address
 * @index: the maps that may be shared, by address space and range
 * @modes: bit mask of the cache modes that any map in @index has ever been asked for with
 * @next_age: the age of the next mapping
 * @last: the map of exactly the wanted bytes that the last request got, or NULL
 * @last_options: the options of that request that matter to others
 * @nr_maps: number of maps, including those of a part of a mapping
 * @nr_mapped: number of mappings that may have page table entries, killed ones included
 * @nr_awaiting: how many of these await the memory, and have no entries yet
 * @nr_dma_bufs: how many dma-bufs of the memory, or of a part of it, there are
 * @blocked: programs that touch a map wait: see blocked.c
 * @spared: the address space whose program does not, kept as an object only (mmgrab()); or NULL
 * @wait: threads that wait for a map under construction, a retype, or a revoke
 * @hangup: those who poll() a file of the descriptor for a revoke. They may be many, and are not
 *	woken by anything else
 * @revoked: no new map, hold or access is allowed: see revoke.c
 * @revoke_done: nothing maps the memory any more, and it may be gone
 * @watches: those who use the memory otherwise than by maps, to be told of a revoke
 * @by_id: in the tree of all published descriptors
 *
 * The two counts are like mm_users and mm_count. The last user closes the descriptor, which
 * kills the home mapping. The last count frees the memory. A VMA may keep a mapping, and so
 * the memory, longer than any user: a page is freed only when nothing maps it any more.
 *
 * Memory is brought in from swap, and other programs are waited for, without these locks: who
 * only asks, and who is to be killed, does not wait for another program.
 *
 * Lock order: @length_lock or @prepare_lock, @hold_lock, the @hold_lock of a
 * multi-descriptor's members, an address space's mmap lock, @lock. Faults and the close of
 * a VMA have the mmap lock, so they take none of the locks before it. Reclaim may take
 * @lock, so its holder must not map, unmap, fault, touch user memory, or allocate.
 */
struct iokmem_desc {
	refcount_t users;
	struct kref count;
	struct work_struct put_work;
	struct work_struct count_put_work;

	/* @kind to @partial are immutable once the descriptor is published. */
	const struct iokmem_kind *kind;
	struct iokmem_charge charge;
	u64 id;
	struct pid *maker;
	kuid_t maker_uid;
	char maker_comm[TASK_COMM_LEN];
	size_t capacity;
	size_t owned;
	size_t skew;
	size_t alignment;
	u32 options;
	const struct iokmem_home_ops *home_ops;
	bool kernel_home;
	bool born_held;
	struct iokmem_hold_charge *birth_charge;
	unsigned long hold_pages;
	struct mm_struct *mm;
	unsigned long address;
	bool read_only;
	struct iokmem_desc *parent;
	size_t start;
	bool partial;

	struct mutex length_lock;	/* for changes of @length */
	struct mutex prepare_lock;	/* for @prepared, and for @home with @kernel_home */
	unsigned int prepared;		/* protected by @prepare_lock; any reader */
	u64 preparation_id;		/* protected by @prepare_lock; any reader */
	struct iokmem_hold_charge *prepare_charge;	/* protected by @prepare_lock */

	struct mutex hold_lock;		/* for holds and the cache mode */
	/* "Any reader": written with WRITE_ONCE(), so it may be read without the lock. */
	unsigned int held;		/* protected by @hold_lock; any reader */
	bool held_read_only;		/* protected by @hold_lock; any reader */
	bool held_written;		/* protected by @hold_lock; any reader */
	struct iokmem_extents extents;	/* protected by @hold_lock; any reader of their number */

	spinlock_t hold_charges_lock;	/* for @hold_charges */
	struct list_head hold_charges;	/* protected by @hold_charges_lock */

	struct mutex lock;		/* for maps; map.h says for which of their fields */
	u32 cache_mode;			/* protected by @hold_lock and @lock; any reader */
	bool retyping;			/* protected by @lock; any reader */
	u64 mode_uses;			/* protected by @lock */
	size_t length;			/* protected by @length_lock; any reader */
	u32 direction;			/* no lock; any reader */
	u32 tag;			/* no lock; any reader */
	void *context;			/* no lock; any reader */
	struct iokmem_mapping *home;	/* constant for users, or see @prepare_lock */
	void *bytes;			/* protected by @lock; any reader */
	struct list_head mappings;	/* protected by @lock */
	struct rb_root live;		/* protected by @lock */
	struct rb_root index;		/* protected by @lock */
	unsigned long modes;		/* protected by @lock */
	u64 next_age;			/* protected by @lock */
	struct iokmem_map *last;	/* protected by @lock; any reader */
	u32 last_options;		/* protected by @lock */
	unsigned long nr_maps;		/* protected by @lock; any reader */
	unsigned long nr_mapped;	/* protected by @lock */
	unsigned long nr_awaiting;	/* protected by @lock */
	atomic_t nr_dma_bufs;		/* atomic */
	bool blocked;			/* protected by @lock; any reader */
	struct mm_struct *spared;	/* protected by @lock; any reader, to compare */
	wait_queue_head_t wait;		/* has its own lock */
	wait_queue_head_t hangup;	/* has its own lock */
	bool revoked;			/* protected by @lock; any reader */
	bool revoke_done;		/* protected by @lock; any reader */
	struct list_head watches;	/* protected by @lock */

	struct rb_node by_id;		/* protected by iokmem_descs_mutex */
};

/* desc.c */
struct iokmem_desc *iokmem_desc_alloc(const struct iokmem_kind *kind,
				      size_t size, size_t capacity);
void iokmem_desc_set_range(struct iokmem_desc *desc, struct mm_struct *mm,
			   unsigned long address, u32 options);
void iokmem_desc_publish(struct iokmem_desc *desc);
int iokmem_desc_try_get(struct iokmem_desc *desc);
int iokmem_desc_get_found(struct iokmem_desc *desc);
void iokmem_desc_count_get(struct iokmem_desc *desc);
void iokmem_desc_count_put(struct iokmem_desc *desc);
void iokmem_desc_count_put_async(struct iokmem_desc *desc);

/* revoke.c */
/**
 * struct iokmem_watch_ops - how a watcher is told
 * @get: take a count of the watcher; return false if it is being freed. Called with the
 *	descriptor's lock held
 * @revoke: stop using the memory before returning, and drop the count. Called without locks
 */
struct iokmem_watch_ops {
	bool (*get)(struct iokmem_watch *watch);
	void (*revoke)(struct iokmem_watch *watch);
};

/**
 * struct iokmem_watch - in a watcher, which is told when a descriptor is revoked
 * @node: in the descriptor's list, until the watcher is told. Protected by its lock
 * @ops: how the watcher is told
 */
struct iokmem_watch {
	struct list_head node;
	const struct iokmem_watch_ops *ops;
};

extern void (*iokmem_end_mappings)(struct iokmem_desc *desc);
int iokmem_watch_add(struct iokmem_watch *watch, const struct iokmem_watch_ops *ops,
		     struct iokmem_desc *desc);
void iokmem_watch_remove(struct iokmem_watch *watch, struct iokmem_desc *desc);
void iokmem_desc_give_back(struct iokmem_desc *desc);

/* tie.c */
/**
 * struct iokmem_tie - ties a descriptor to a device, with whose driver its memory goes
 * @desc: the descriptor, in whose kind's struct this is
 * @dev: the device, a counted reference
 * @devres: the device's resource; NULL: the driver has left
 */
struct iokmem_tie {
	struct iokmem_desc *desc;
	struct device *dev;
	struct iokmem_tie_devres *devres;	/* protected by a mutex of tie.c */
};

int iokmem_tie(struct iokmem_tie *tie, struct iokmem_desc *desc, struct device *dev);
void iokmem_untie(struct iokmem_tie *tie);

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
size_t iokmem_desc_resident(const struct iokmem_desc *desc);

/**
 * struct iokmem_window - a range of bytes of a descriptor
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

/*
 * Return iokmem_desc_owner(). Add the offset at which the memory of @desc begins in the
 * owner to @offset.
 */
static inline struct iokmem_desc *iokmem_desc_root(struct iokmem_desc *desc,
						   size_t *offset)
{
	if (desc->parent)
		*offset += desc->start;
	return iokmem_desc_owner(desc);
}

/* Like iokmem_desc_window(), for a range that has been checked. */
static inline struct iokmem_window iokmem_window_of(struct iokmem_desc *desc,
						    size_t offset, size_t length)
{
	struct iokmem_window window = { .offset = offset, .length = length };

	window.desc = iokmem_desc_root(desc, &window.offset);
	return window;
}

/*
 * Return where byte @offset is, in bytes from the start of the memory's first page. @desc must not
 * be a sub-descriptor. A gap between the places of two bytes keeps them from being in one mapping.
 */
static inline size_t iokmem_desc_place(const struct iokmem_desc *desc, size_t offset)
{
	const struct iokmem_store_ops *store = desc->kind->store;

	return store && store->place ? store->place(desc, offset) : desc->skew + offset;
}

/* Return true if the places of the bytes, of which there is at least one, have no gaps. */
static inline bool iokmem_desc_is_seamless(const struct iokmem_desc *desc, size_t offset,
					   size_t length)
{
	const struct iokmem_store_ops *store = desc->kind->store;

	if (!store || !store->place)
		return true;
	return store->place(desc, offset + length - 1) - store->place(desc, offset) == length - 1;
}

/* Return the index of the first page that the window touches. */
static inline pgoff_t iokmem_window_index(const struct iokmem_window *window)
{
	return iokmem_desc_place(window->desc, window->offset) >> PAGE_SHIFT;
}

/* Return how many pages the window touches. */
static inline unsigned long iokmem_window_pages(const struct iokmem_window *window)
{
	size_t in_page = offset_in_page(iokmem_desc_place(window->desc, window->offset));

	return PAGE_ALIGN(in_page + window->length) >> PAGE_SHIFT;
}

struct iokmem_desc *iokmem_desc_from(u64 id);
void iokmem_desc_exit(void);

/* hold.c */
int iokmem_desc_hold(struct iokmem_desc *desc, bool write, struct iokmem_hold_charge **charge);
void iokmem_desc_unhold(struct iokmem_desc *desc, struct iokmem_hold_charge *charge);
void iokmem_desc_complete_all(struct iokmem_desc *desc);
void iokmem_desc_show_holders(struct seq_file *m, struct iokmem_desc *desc);
int iokmem_desc_retype_begin(struct iokmem_desc *desc, u32 cache_mode, const u64 *uses);
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
int iokmem_access_check(const struct iokmem_desc *desc, size_t offset, size_t length);
int iokmem_access_frames(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write);
int iokmem_access_pinned(struct iokmem_desc *desc, size_t offset, void *bytes,
			 size_t length, bool write);
int iokmem_desc_count_own(struct iokmem_desc *desc, u64 *resident, u64 *dirty);
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

/* Return 0, or -EACCES to @write if the memory may only be read by @desc. */
static inline int iokmem_desc_check_write(const struct iokmem_desc *desc, bool write)
{
	return write && desc->read_only ? -EACCES : 0;
}

/* Return 0, or -ENODEV if the memory has been revoked. */
static inline int iokmem_desc_check_revoked(const struct iokmem_desc *desc)
{
	return READ_ONCE(desc->revoked) ? -ENODEV : 0;
}

/* Return true if programs in @mm that touch a map of the memory have to wait. */
static inline bool iokmem_desc_blocks(const struct iokmem_desc *desc, const struct mm_struct *mm)
{
	return READ_ONCE(desc->blocked) && READ_ONCE(desc->spared) != mm;
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

/* Find the mode that a request for @mode puts in force. Return 0 or -EOPNOTSUPP. */
static inline int iokmem_desc_resolve(const struct iokmem_desc *desc, u32 mode,
				      u32 *resolved)
{
	return desc->kind->resolve(mode, resolved);
}

/* Return true if the memory can be retyped. */
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

/* Return true if the kind fills a VMA itself, so that no entries have to be looked up. */
static inline bool iokmem_desc_fills_vma(const struct iokmem_desc *desc)
{
	return desc->kind->show && desc->kind->show->fill_vma;
}

/* Fill @vma, which is new. Only for memory with iokmem_desc_fills_vma(). */
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

/* Serve a fault. Only for memory with iokmem_desc_is_paged(). */
static inline vm_fault_t iokmem_desc_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	return desc->kind->show->fault(desc, vmf);
}

/*
 * Return how many pages come before the memory in the file that has its pages, or 0 if
 * there is no such file. A VMA with guards starts there, before the memory. Memory that huge
 * entries may map is aligned in the file as in address spaces.
 */
static inline unsigned long iokmem_desc_map_lead(const struct iokmem_desc *desc)
{
	if (!iokmem_desc_is_paged(desc))
		return 0;
	return desc->owned < PMD_SIZE ? IOKMEM_GUARD_MAX : PMD_SIZE >> PAGE_SHIFT;
}

/*
 * Return 0 if a range of the memory may be mapped, or an error. @user: into a user task. The
 * memory must be always there, or held.
 */
static inline int iokmem_desc_may_map(const struct iokmem_desc *desc, size_t offset,
				      size_t length, bool user)
{
	const struct iokmem_show_ops *show = desc->kind->show;

	return show && show->may_map ? show->may_map(desc, offset, length, user) : 0;
}

/* Return the address that @nr pages from @index on already have in the kernel, or 0. */
static inline unsigned long iokmem_desc_kernel_address(const struct iokmem_desc *desc,
						       pgoff_t index, unsigned long nr)
{
	const struct iokmem_show_ops *show = desc->kind->show;

	return show && show->kernel_address ? show->kernel_address(desc, index, nr) : 0;
}

/* Return the address that byte @offset already has in @mm, which is not NULL, or 0. */
static inline unsigned long iokmem_desc_task_address(const struct iokmem_desc *desc,
						     const struct mm_struct *mm,
						     size_t offset)
{
	return desc->mm == mm ? desc->address + offset : 0;
}

/* Return true if pages of the memory can be pinned by others at all. */
static inline bool iokmem_desc_can_be_pinnable(const struct iokmem_desc *desc)
{
	return desc->kind->show && desc->kind->show->check_pinnable;
}

/* Return 0 if pages of the memory can be pinned by others as it is now, or an error. */
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

/*
 * Return true if other drivers' devices may use the memory, so that iokmem_dma_wait() has to be
 * called. @desc may be a sub-descriptor.
 */
static inline bool iokmem_desc_awaits_devices(const struct iokmem_desc *desc)
{
	const struct iokmem_kind *kind = desc->parent ? desc->parent->kind : desc->kind;

	return kind->device && kind->device->wait;
}

/*
 * Return true if iokmem_desc_sync_devices() lets the CPU, or devices, look at the memory next,
 * and not the DMA API.
 */
static inline bool iokmem_desc_syncs_devices(const struct iokmem_desc *desc)
{
	return desc->kind->device && desc->kind->device->sync;
}

/* May wait for other devices, so the caller holds no lock. */
static inline int iokmem_desc_sync_devices(struct iokmem_desc *desc,
					   enum dma_data_direction direction, bool for_cpu)
{
	return desc->kind->device->sync(desc, direction, for_cpu);
}

/* Return true if devices see the memory by its pages. */
static inline bool iokmem_desc_is_mapped_by_pages(const struct iokmem_desc *desc)
{
	return !desc->kind->device;
}

/*
 * iokmem_desc_leaf - return the descriptor that has the frames of byte @offset
 *
 * The leaf of a multi-descriptor is one of its members; that of any other descriptor is
 * @desc itself. On return @offset is relative to the leaf, and @length ends within it.
 */
static inline struct iokmem_desc *iokmem_desc_leaf(struct iokmem_desc *desc,
						   size_t *offset, size_t *length)
{
	const struct iokmem_store_ops *store = desc->kind->store;

	return store && store->member ? store->member(desc, offset, length) : desc;
}

#endif /* _IOKMEM_DESC_H */
