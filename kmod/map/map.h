/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps: they say which address space sees which bytes of a descriptor, and at which
 * addresses.
 *
 * A *mapping* is a range of addresses in one address space. A *map* is a window of a
 * mapping; callers hold references to maps. The *backing* of a mapping is the memory that
 * its addresses show.
 */
#ifndef _IOKMEM_MAP_H
#define _IOKMEM_MAP_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "desc/desc.h"

struct file;
struct iokmem_shown;
struct iokmem_space;
struct vm_area_struct;

/* Options that must be equal in a mapping and in a request that it serves. */
#define IOKMEM_MAP_EQUAL	(IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_GUARDED_MASK | \
				 IOKMEM_MAP_PINNABLE)

/* The number of pages, in an aligned window, that one fault maps together. */
#define IOKMEM_FAULT_AROUND	64UL

/**
 * enum iokmem_mapping_state - the state of a mapping
 * @IOKMEM_MAPPING_BUILDING: listed, but its address is not known yet. Requests that it
 *	could serve wait.
 * @IOKMEM_MAPPING_LIVE: listed, and requests may share it
 * @IOKMEM_MAPPING_KILLED: not listed, and never again. Its address reads 0, and a fault
 *	finds nothing. A new mapping also has this state until it is listed.
 */
enum iokmem_mapping_state {
	IOKMEM_MAPPING_BUILDING,
	IOKMEM_MAPPING_LIVE,
	IOKMEM_MAPPING_KILLED,
};

/**
 * struct iokmem_backing - the memory that a mapping shows
 * @desc: the descriptor, never a sub-descriptor, with one count; NULL once it has been put
 * @offset: offset of the first byte in @desc, in bytes
 * @place: where the first byte is: see iokmem_desc_place()
 * @mapped: the backing is counted in @desc's nr_mapped. Protected by @desc's lock
 * @part: the part of @desc's memory that is held, a user reference; NULL: all of it
 * @held: the backing holds the memory. Protected by @desc's lock
 * @charge: the charge for that hold, or NULL
 * @keeper: the file of a dma-buf that holds @desc's memory, or NULL. Protected by @desc's
 *	lock
 */
struct iokmem_backing {
	struct iokmem_desc *desc;
	size_t offset;
	size_t place;
	struct iokmem_desc *part;
	bool mapped;
	bool held;
	struct iokmem_hold_charge *charge;
	struct file *keeper;
};

/**
 * struct iokmem_map - a window of a mapping, to which callers hold references
 * @mapping: the mapping, with one count while the map is in use
 * @space: where the map is counted; NULL: a map of the kernel's
 * @options: IOKMEM_MAP_*, as asked for by the request that made the map
 * @references: drivers' references, and one for all of the task's own references together.
 *	The map is in use while this is not 0.
 * @delta: offset of the first byte in the mapping, in bytes
 * @length: in bytes
 * @ended: this map of a part of the mapping was unmapped by itself
 * @task_refs: the references that the task itself has, by ioctl and mmap(). No limit is needed:
 *	64 bits do not overflow one by one.
 * @by_window: in the mapping's tree of maps of its parts
 * @by_range: in the descriptor's index
 * @subtree_end: the largest end of the mappings at or below @by_range
 * @dropped: for iokmem_map_put_async()
 *
 * @mapping to @options, @delta and @length are immutable. @references is atomic. All other
 * members except @dropped are protected by the lock of the descriptor that the mapping
 * shows (iokmem_mapping_lock()). @ended is written with WRITE_ONCE(), so it may be read
 * without the lock.
 */
struct iokmem_map {
	struct iokmem_mapping *mapping;
	struct iokmem_space *space;
	u32 options;
	refcount_t references;
	size_t delta;
	size_t length;
	bool ended;
	unsigned long task_refs;
	struct rb_node by_window;
	struct rb_node by_range;
	size_t subtree_end;
	struct llist_node dropped;
};

/**
 * struct iokmem_mapping - a range of addresses that shows the memory of a descriptor
 * @count: one for each map in use, one for the VMA, one for the buffer of a home mapping,
 *	one for each waiting thread, and one for queued work
 * @mm: the address space, kept as an object (mmgrab()); NULL: the kernel's
 * @pid: the process of the first request; for people
 * @options: IOKMEM_MAP_*, of the first request
 * @equal: the part of @options that the index is sorted by
 * @guard: the number of guard pages on each side of a user mapping
 * @length: in bytes
 * @made_of: the number of the descriptor that the mapping was made of
 * @work: finishes the mapping, and puts the maps in @drops, where the caller cannot
 * @drops: maps of which iokmem_map_put_async() drops the last reference
 * @backing: the memory
 * @shown_lock: protects @backing.desc for iokmem_mapping_lock()
 * @state: see enum iokmem_mapping_state
 * @cache_mode: the mode in force, of the memory
 * @address: the address of the first byte; 0 unless LIVE
 * @finished: the backing has been released, and all holders have been told
 * @bound: there is a VMA that has a count of the mapping
 * @close_ends: the close of the VMA has to finish the mapping, which is killed already
 * @work_ends: the work has to finish the mapping
 * @nr_used: number of maps in use. Unless it is 0, the mapping is a user of the descriptor.
 * @nr_inside: number of live maps of a part of the mapping
 * @parts: the maps of a part of the mapping, by offset and length: see index.c
 * @holders: drivers to be told when the mapping, or a map of it, is revoked
 * @node: in the descriptor's list of mappings
 * @by_address: in the descriptor's tree of live mappings
 * @age: smaller is older
 * @whole: the map of all bytes. It is in the index as long as the mapping is listed, even
 *	while it is not in use.
 * @start: the address of the first page, guards not counted; 0: no addresses yet
 * @blocked: redirected to nothing: a program that touches the mapping waits
 * @borrowed: the addresses exist without the mapping, so it does not unmap them
 * @vacant: the VMA is empty and can be reused. @by_maker is in use only then.
 * @nr_sleepers: number of threads that sleep in the mapping because its memory is blocked
 * @unmap: remove the addresses as iokmem_mapping_end() describes, and return true if no
 *	entry is left; NULL: there is nothing to remove
 * @kaddr: the result of vmap(), or NULL
 * @by_maker: in the address space's tree of vacant VMAs, by @made_of
 *
 * Members from @mm to @made_of are immutable. @state to @whole are protected by the lock of
 * the descriptor that the mapping shows. @state, @cache_mode and @address are written with
 * WRITE_ONCE(), so they may be read without the lock.
 *
 * Only a Unique user mapping ever changes its backing. The change needs the mmap lock for
 * writing and the locks of both descriptors, so each of these locks keeps the backing (see
 * iokmem_mapping_desc()).
 *
 * @blocked, @vacant and @by_maker are protected by the mmap lock; waiting threads read
 * @blocked without it. @start, @borrowed, @unmap and @kaddr are written by the
 * builder before the mapping is live. Later only the thread that finishes the mapping
 * writes @kaddr.
 */
struct iokmem_mapping {
	struct kref count;
	struct mm_struct *mm;
	struct pid *pid;
	u32 options;
	u32 equal;
	unsigned long guard;
	size_t length;
	u64 made_of;

	struct work_struct work;
	struct llist_head drops;

	struct iokmem_backing backing;
	spinlock_t shown_lock;	/* for @backing.desc */

	enum iokmem_mapping_state state;
	u32 cache_mode;
	unsigned long address;
	bool finished;
	bool bound;
	bool close_ends;
	bool work_ends;
	unsigned long nr_used;
	unsigned long nr_inside;
	struct rb_root parts;
	struct list_head holders;
	struct list_head node;
	struct rb_node by_address;
	u64 age;
	struct iokmem_map whole;

	unsigned long start;
	bool blocked;
	bool borrowed;
	bool vacant;
	atomic_t nr_sleepers;
	bool (*unmap)(struct iokmem_mapping *mapping, bool by_program);
	void *kaddr;
	struct rb_node by_maker;
};

/**
 * struct iokmem_mode_change - a change of the cache mode that a request has made
 * @done: there is such a change
 * @old: the mode before it
 * @uses: @mode_uses of the descriptor, as long as only this request has used the new mode
 */
struct iokmem_mode_change {
	bool done;
	u32 old;
	u64 uses;
};

/**
 * enum iokmem_mode_right - whether a requester may change the cache mode of memory
 * @IOKMEM_MODE_OF_DRIVER: it may; the kernel's own address of a buffer follows
 * @IOKMEM_MODE_OF_PROGRAM: it may, but not behind an address that the kernel has of a buffer
 * @IOKMEM_MODE_KEPT: it may not
 */
enum iokmem_mode_right {
	IOKMEM_MODE_OF_DRIVER,
	IOKMEM_MODE_OF_PROGRAM,
	IOKMEM_MODE_KEPT,
};

/**
 * struct iokmem_map_request - a request for a map
 * @mm: the address space, which the requester keeps (mm_users); NULL: the kernel's
 * @task: the process that the map is for, or that asks for it
 * @options: IOKMEM_MAP_*
 * @cache_mode: the mode that has to be in force; IOKMEM_MAP_DEFAULT_CACHE: any
 * @mode_right: whether the requester may change the mode
 * @file: the descriptor's file by which a program asks for a map in itself, or NULL
 * @at: without IOKMEM_MAP_ANYWHERE, the address of the first byte
 * @desc: the memory, never a sub-descriptor
 * @offset: in @desc, in bytes
 * @length: in bytes, not 0
 * @change: what the request has done to the mode, for iokmem_undo_mode()
 *
 * The caller of iokmem_request_check() fills in what was asked for. The check turns that
 * into the values described here.
 */
struct iokmem_map_request {
	struct mm_struct *mm;
	struct task_struct *task;
	u32 options;
	u32 cache_mode;
	enum iokmem_mode_right mode_right;
	struct file *file;
	unsigned long at;
	struct iokmem_desc *desc;
	size_t offset;
	size_t length;
	struct iokmem_mode_change change;
};

/* space.c */

/**
 * struct iokmem_space - an address space that has maps
 * @mm: the address space, which the mappings of the maps keep
 * @nr_maps: how many maps. Protected by a lock of space.c
 * @node: in a table of space.c
 * @vacant: mappings whose VMAs are vacant. Protected by the mmap lock; any reader may see whether
 *	there are some
 */
struct iokmem_space {
	const struct mm_struct *mm;
	unsigned int nr_maps;
	struct hlist_node node;
	struct rb_root vacant;
};

extern unsigned int iokmem_max_map_count;
struct iokmem_space *iokmem_space_count(const struct mm_struct *mm, bool may_wait);
void iokmem_space_uncount(struct iokmem_space *space);

/* request.c */
int iokmem_request_check(struct iokmem_map_request *request, struct iokmem_desc *desc);
unsigned long iokmem_request_borrow(const struct iokmem_map_request *request);
bool iokmem_owns_pages(struct iokmem_desc *desc, size_t offset, size_t length);

/* index.c */

/**
 * struct iokmem_live_key - where a mapping is in a descriptor's tree of live mappings
 * @mm: the address space
 * @address: the address of the first byte
 * @age: the mapping's age; addresses that the module does not own may be mapped twice
 */
struct iokmem_live_key {
	const struct mm_struct *mm;
	unsigned long address;
	u64 age;
};

typedef bool (*iokmem_serves_fn)(struct iokmem_mapping *mapping,
				 const struct iokmem_map_request *request);

void iokmem_index_add(struct iokmem_map *map);
void iokmem_index_remove(struct iokmem_map *map);
struct iokmem_map *iokmem_index_find_exact(const struct iokmem_map_request *request,
					   iokmem_serves_fn serves);
struct iokmem_map *iokmem_index_find_again(const struct iokmem_desc *desc,
					   const struct mm_struct *mm, u32 options,
					   size_t offset, size_t length);
struct iokmem_map *iokmem_index_find(const struct iokmem_map_request *request,
				     iokmem_serves_fn serves);
struct iokmem_map *iokmem_index_find_in(struct iokmem_mapping *mapping, size_t offset,
					size_t length);
bool iokmem_index_starts_at(struct iokmem_mapping *mapping, size_t offset,
			    size_t length);
void iokmem_index_add_live(struct iokmem_mapping *mapping);
void iokmem_index_remove_live(struct iokmem_mapping *mapping);
struct iokmem_map *iokmem_index_find_at(const struct iokmem_map_request *request,
					iokmem_serves_fn serves);
struct iokmem_mapping *iokmem_index_live_from(const struct iokmem_desc *desc,
					      const struct iokmem_live_key *key);
struct iokmem_map *iokmem_index_next_part(const struct iokmem_mapping *mapping,
					  size_t delta, size_t length);

/* sharing.c */
bool iokmem_mapping_serves(struct iokmem_mapping *mapping,
			   const struct iokmem_map_request *request);
struct iokmem_map *iokmem_sharing_find(const struct iokmem_map_request *request);

/* backing.c */
struct iokmem_desc *iokmem_mapping_lock(struct iokmem_mapping *mapping);
int iokmem_wait_retyped(struct iokmem_desc *desc);
int iokmem_lock_in_mode(struct iokmem_map_request *request);
void iokmem_undo_mode(struct iokmem_desc *desc, struct iokmem_mode_change *change);
void iokmem_backing_init(struct iokmem_backing *backing,
			 const struct iokmem_map_request *request);
void iokmem_backing_map(struct iokmem_backing *backing);
void iokmem_backing_unmap(struct iokmem_backing *backing);
struct iokmem_run iokmem_backing_lookup(const struct iokmem_backing *backing, pgoff_t index);
int iokmem_backing_hold(struct iokmem_backing *backing, size_t length, u32 options, bool paged,
			bool user);
struct iokmem_backing iokmem_backing_take(struct iokmem_backing *backing);
void iokmem_backing_release(const struct iokmem_backing *taken);

/* holder.c */
void iokmem_mapping_tell_holders(struct iokmem_mapping *mapping);
void iokmem_map_tell_holders(struct iokmem_map *map);

/* mapping.c */
struct iokmem_mapping *iokmem_mapping_alloc(const struct iokmem_map_request *request,
					    bool may_wait);
void iokmem_mapping_list(struct iokmem_mapping *mapping);
int iokmem_mapping_go_live(struct iokmem_mapping *mapping);
bool iokmem_mapping_kill(struct iokmem_mapping *mapping);
void iokmem_mapping_end(struct iokmem_mapping *mapping, bool by_program);
void iokmem_mapping_closed(struct iokmem_mapping *mapping);
void iokmem_mapping_put(struct iokmem_mapping *mapping);
struct iokmem_map *iokmem_map_alloc(const struct iokmem_map_request *request);
void iokmem_map_free(struct iokmem_map *map);
void iokmem_map_add(struct iokmem_map *map, struct iokmem_mapping *mapping,
		    size_t offset);
void iokmem_map_use(struct iokmem_map *map);
void iokmem_map_unlist(struct iokmem_map *map);
void iokmem_map_drop(struct iokmem_map *map, bool by_program);
void iokmem_map_drop_later(struct iokmem_map *map);
int iokmem_mapping_init(void);
void iokmem_mapping_exit(void);

/* fault.c */
vm_fault_t iokmem_vma_fault(struct vm_fault *vmf);
int iokmem_vma_access(struct vm_area_struct *vma, unsigned long address, void *bytes,
		      int length, int write);
void iokmem_vma_fill_small(struct vm_area_struct *vma);
long iokmem_vma_insert_pages(struct vm_area_struct *vma, unsigned long address,
			     unsigned long nr);
bool iokmem_vma_has_pages(const struct vm_area_struct *vma);
bool iokmem_vma_is_paged(const struct vm_area_struct *vma);
bool iokmem_vma_is_given(const struct vm_area_struct *vma);
vm_flags_t iokmem_pinnable_flags(const struct iokmem_mapping *mapping);

/* vma.c; the rest is in vma.h */
int iokmem_map_user(struct iokmem_mapping *mapping, unsigned long at, struct file *of);
struct vm_area_struct *iokmem_mapping_vma(const struct iokmem_mapping *mapping);
void iokmem_vma_zap(struct vm_area_struct *vma);
void iokmem_vma_show(struct vm_area_struct *vma, vm_flags_t flags);
pgoff_t iokmem_vma_pgoff(const struct iokmem_backing *backing, unsigned long guard);
bool iokmem_vma_is_paged_by(const struct vm_area_struct *vma,
			    const struct iokmem_desc *desc, pgoff_t pgoff);
struct iokmem_mapping *iokmem_mapping_at(struct mm_struct *mm, unsigned long address,
					 const struct iokmem_desc *desc);
int iokmem_vma_find_shown(struct mm_struct *mm, unsigned long address,
			  struct iokmem_shown *shown);

/* mmap.c */
int iokmem_mmap_vma(struct iokmem_desc *desc, struct file *file,
		    struct vm_area_struct *vma, size_t length, u32 options, bool of_dma_buf);
unsigned long iokmem_get_unmapped_area(struct iokmem_desc *desc, struct file *file,
				       unsigned long addr, unsigned long len,
				       unsigned long pgoff, unsigned long flags);

/* populate.c */
int iokmem_map_populate(struct iokmem_map *map);

/* kernel.c */
int iokmem_map_kernel(struct iokmem_mapping *mapping);

/* static.c */
int iokmem_mapping_check_static(const struct iokmem_mapping *mapping);

/* obtain.c */
struct iokmem_map *iokmem_map_obtain(struct iokmem_map_request *request);

/* task.c */
unsigned long iokmem_map_task_hold(struct iokmem_map *map);
int iokmem_map_task_release(struct iokmem_desc *desc, unsigned long address,
			    size_t length);
int iokmem_map_task_query(struct iokmem_desc *desc,
			  struct iokmem_query_mapping *query);
struct iokmem_map *iokmem_map_task_get(struct iokmem_desc *desc,
				       unsigned long address, size_t length);

/* map.c */
struct iokmem_map *iokmem_map_in_task(struct iokmem_desc *desc,
				      struct task_struct *task,
				      unsigned long at, u32 options,
				      size_t offset, size_t length,
				      struct file *file, struct iokmem_mode_change *change);
int iokmem_map_end(struct iokmem_map *map, bool by_program);
unsigned long iokmem_map_references(const struct iokmem_map *map);

/* revoke.c */
void iokmem_mappings_end_all(struct iokmem_desc *desc);

/* redirect.c */
int iokmem_map_redirect_to(struct iokmem_map *map, struct iokmem_desc *backing,
			   u32 options, size_t offset, enum iokmem_mode_right right);

/*
 * Return the descriptor that @mapping shows.
 *
 * A live Unique user mapping may be redirected at any time. For such a mapping the caller
 * must hold the descriptor's lock or the mmap lock.
 */
static inline struct iokmem_desc *
iokmem_mapping_desc(const struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = mapping->backing.desc;

	lockdep_assert(!(mapping->options & IOKMEM_MAP_UNIQUE) || !mapping->mm ||
		       READ_ONCE(mapping->state) != IOKMEM_MAPPING_LIVE ||
		       lockdep_is_held(&desc->lock) ||
		       lockdep_is_held(&mapping->mm->mmap_lock));
	return desc;
}

/*
 * Return true if programs that touch the user mapping have to wait. The mapping is live, or has
 * been until the caller took the mmap lock.
 */
static inline bool iokmem_mapping_is_blocked(const struct iokmem_mapping *mapping)
{
	return mapping->blocked || iokmem_desc_blocks(iokmem_mapping_desc(mapping), mapping->mm);
}

/*
 * Wake the threads that sleep in a mapping because @desc, which it has shown, is blocked. Threads
 * in other mappings of @desc may be many: they wake, too, but only if there is one in this mapping.
 */
static inline void iokmem_mapping_wake_sleepers(struct iokmem_mapping *mapping,
						struct iokmem_desc *desc)
{
	/* Order the caller's change before the look for threads. */
	smp_mb();
	if (atomic_read(&mapping->nr_sleepers))
		wake_up_var(&desc->blocked);
}

static inline struct iokmem_live_key iokmem_live_key_of(const struct iokmem_mapping *mapping)
{
	return (struct iokmem_live_key) {
		.mm = mapping->mm,
		.address = mapping->address,
		.age = mapping->age,
	};
}

/* Return true if @map is the map of all bytes of its mapping. */
static inline bool iokmem_map_is_whole(const struct iokmem_map *map)
{
	return map == &map->mapping->whole;
}

static inline size_t iokmem_map_offset(const struct iokmem_map *map)
{
	return map->mapping->backing.offset + map->delta;
}

/* Return true unless @map has been unmapped or its mapping killed. */
static inline bool iokmem_map_is_live(const struct iokmem_map *map)
{
	return READ_ONCE(map->mapping->state) == IOKMEM_MAPPING_LIVE &&
	       !READ_ONCE(map->ended);
}

/* Return the address of the first byte, or 0 if the map is not live. */
static inline unsigned long iokmem_map_address(const struct iokmem_map *map)
{
	unsigned long address = READ_ONCE(map->mapping->address);

	return address && !READ_ONCE(map->ended) ? address + map->delta : 0;
}

/* Return true if @map shows exactly these bytes of the descriptor. */
static inline bool iokmem_map_has_window(const struct iokmem_map *map, size_t offset,
					 size_t length)
{
	return iokmem_map_offset(map) == offset && map->length == length;
}

/* Return the number of guard pages on each side of a map with @options. */
static inline unsigned long iokmem_guard_pages(u32 options)
{
	if (options & IOKMEM_MAP_GUARDED_LARGE)
		return IOKMEM_GUARD_MAX;
	return options & IOKMEM_MAP_GUARDED_SMALL ? 1 : 0;
}

/* Return the address of the mapping's first byte. */
static inline unsigned long iokmem_mapping_first_byte(const struct iokmem_mapping *mapping)
{
	return mapping->start + offset_in_page(mapping->backing.place);
}

/* Return the index of the mapping's first page in the memory. */
static inline pgoff_t iokmem_mapping_index(const struct iokmem_mapping *mapping)
{
	return mapping->backing.place >> PAGE_SHIFT;
}

/*
 * Look up the memory behind @address, which is the mapping's. The memory is always there, or held.
 * For the locking see iokmem_mapping_desc().
 */
static inline struct iokmem_run iokmem_mapping_lookup(const struct iokmem_mapping *mapping,
						      unsigned long address)
{
	pgoff_t ahead = (address - mapping->start) >> PAGE_SHIFT;

	/* It asserts the locks. */
	(void)iokmem_mapping_desc(mapping);
	return iokmem_backing_lookup(&mapping->backing, iokmem_mapping_index(mapping) + ahead);
}

static inline unsigned long iokmem_mapping_pages(const struct iokmem_mapping *mapping)
{
	return PAGE_ALIGN(offset_in_page(mapping->backing.place) + mapping->length) >> PAGE_SHIFT;
}

/* Return the address just past the pages of the mapping, guards not counted. */
static inline unsigned long iokmem_mapping_end_address(const struct iokmem_mapping *mapping)
{
	return mapping->start + (iokmem_mapping_pages(mapping) << PAGE_SHIFT);
}

/* Return the address where the VMA of a user mapping starts, guards included. */
static inline unsigned long iokmem_mapping_vma_start(const struct iokmem_mapping *mapping)
{
	return mapping->start - (mapping->guard << PAGE_SHIFT);
}

static inline size_t iokmem_mapping_vma_size(const struct iokmem_mapping *mapping)
{
	return (iokmem_mapping_pages(mapping) + 2 * mapping->guard) << PAGE_SHIFT;
}

#endif /* _IOKMEM_MAP_H */
