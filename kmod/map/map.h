/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps: windows of a descriptor in an address space.
 */
#ifndef _IOKMEM_MAP_H
#define _IOKMEM_MAP_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include <linux/iokmem.h>

#include "desc/desc.h"

struct file;
struct vm_area_struct;

/* Options that must be the same in a map and in a request for it. */
#define IOKMEM_MAP_EQUAL	(IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_GUARDED_MASK | \
				 IOKMEM_MAP_PINNABLE)

/**
 * enum iokmem_map_state - where a map is in its life
 * @IOKMEM_MAP_BUILDING: in the list, but its address is not known yet: those who
 *	could share it wait
 * @IOKMEM_MAP_LIVE: in the list, may be shared
 * @IOKMEM_MAP_DEAD: not in the list, never to be shared again. Its address reads
 *	0 and a fault finds nothing.
 */
enum iokmem_map_state {
	IOKMEM_MAP_BUILDING,
	IOKMEM_MAP_LIVE,
	IOKMEM_MAP_DEAD,
};

/**
 * struct iokmem_map - a map
 * @users: drivers' references, one for all of its task's own references
 *	together, one for every sub-map, and one of the descriptor whose home it is
 * @count: who needs the object: one for all users together, one for the
 *	mapping's VMA or its own file, and one for each thread that waits for it
 * @work: does what cannot be done where it comes up
 * @jobs: what that is: see enum map_job in map.c
 * @options: IOKMEM_MAP_*, as first asked for
 * @desc: what it shows; keeps one count of that
 * @super: of a sub-map: the mapping it lies in, as one of that's users
 * @mm: the address space, kept as an object only (mmgrab()); NULL: the kernel's
 * @pid: the task it was first made for; for people
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes
 * @cache_mode: the one that was in force when it was built, and is still
 * @state: see enum iokmem_map_state
 * @address: of the first byte; 0 before and after its life
 * @task_refs: how many references its own task has, by ioctl and mmap()
 * @holders: drivers that will be told when it ends
 * @age: of the mapping: smaller is older
 * @node: of a mapping: in the descriptor's list; of a sub-map: in the mapping's
 * @by_range: of what may be shared: in the descriptor's index
 * @subtree_end: the largest end of the mappings at or below @by_range
 * @made_of: of a Unique one: the number of the descriptor it was made of
 * @inside: of a mapping: its sub-maps
 * @guard: of a user mapping: how many pages on each side nobody can touch
 * @start: where its pages start, guards not counted; 0: they never were anywhere
 * @builder: of a user mapping: the task that is making its VMA, by a file that others
 *	use too
 * @mapped: of a mapping: there may be entries of it, in the page tables
 * @blocked: redirected to nothing: who touches it waits
 * @borrowed: the memory is at these addresses anyhow, so they are not unmapped
 * @held: it holds the memory
 * @equal: of the mapping's @options: what the index goes by
 * @keeper: the file of a dma-buf, which holds the memory in its place; or NULL
 * @kaddr: what vmap() gave, or NULL
 *
 * A map is a *mapping*, which has addresses of its own (a VMA, or kernel
 * addresses), or a *sub-map*, which lies inside a mapping.
 *
 * Two counts, as in struct iokmem_desc. When the last of the users goes, the
 * mapping is unmapped; when the last count goes, the object. The chain VMA ->
 * (file ->) mapping -> descriptor keeps the memory under a VMA, even one that
 * could not be unmapped. Each reference of a driver's, and the task's together,
 * are a user of the descriptor besides; of a Unique map, which may be redirected to
 * another one, all references together are.
 *
 * @super, @mm, @pid, @options, @length and @guard are immutable. So are @desc and
 * @offset, but of a live Unique user mapping, where redirecting changes them: with the
 * locks of both descriptors and the mmap lock held for writing. Any of these locks
 * keeps them, and so does the map's end.
 *
 * The descriptor's lock protects @state, @address, @cache_mode, @task_refs, @holders,
 * @mapped, @held, @keeper and what links maps; what it protects of plain values is written
 * with WRITE_ONCE() and may be read without it. @blocked is written with the mmap lock held
 * for writing. @start and @borrowed are written once, by the builder, before the map is
 * live: @start of a VMA under the mmap lock, before the VMA can be seen. @builder is its
 * own to write, and to find the map by. @kaddr is the builder's, and then whoever's that
 * unmaps.
 *
 * It is 256 bytes large on a 64-bit machine. A little more is twice as much: the slab
 * allocator has nothing in between.
 */
struct iokmem_map {
	refcount_t users;
	struct kref count;
	struct work_struct work;
	atomic_t jobs;
	u32 options;

	struct iokmem_desc *desc;
	struct iokmem_map *super;
	struct mm_struct *mm;
	struct pid *pid;
	size_t offset;
	size_t length;

	u32 cache_mode;
	enum iokmem_map_state state;
	unsigned long address;
	unsigned long task_refs;
	struct list_head holders;

	u64 age;
	struct list_head node;
	struct rb_node by_range;
	union {
		size_t subtree_end;
		u64 made_of;
	};
	struct list_head inside;

	unsigned long guard;
	unsigned long start;
	struct task_struct *builder;
	bool mapped;
	bool blocked;
	bool borrowed;
	bool held;
	u32 equal;
	struct file *keeper;
	void *kaddr;
};

/**
 * struct iokmem_map_request - what somebody wants mapped
 * @mm: the address space, which the requester keeps alive (mm_users), or NULL
 *	for the kernel's
 * @task: that the map is for, or that asks for it; as @mm
 * @options: IOKMEM_MAP_*, checked
 * @cache_mode: the one that has to be in force; IOKMEM_MAP_DEFAULT_CACHE: any
 * @keep_mode: the requester may not change the one that is
 * @file: by which a task asks for a map of its own, or NULL
 * @seat: for redirecting: a mapping that is listed and holds the memory, but gets no
 *	addresses
 * @paged: of a seat: its pages will be found one by one
 * @at: without IOKMEM_MAP_ANYWHERE, the address of the first byte
 * @offset: in bytes
 * @length: in bytes, not 0
 */
struct iokmem_map_request {
	struct mm_struct *mm;
	struct task_struct *task;
	u32 options;
	u32 cache_mode;
	bool keep_mode;
	struct file *file;
	bool seat;
	bool paged;
	unsigned long at;
	size_t offset;
	size_t length;
};

/* map_request.c */
int iokmem_map_check(struct iokmem_map_request *request,
		     struct iokmem_desc *desc);
unsigned long iokmem_map_borrow(const struct iokmem_map_request *request,
				const struct iokmem_desc *desc);
bool iokmem_owns_pages(const struct iokmem_desc *desc, size_t offset,
		       size_t length);

/* map.c */
struct iokmem_map *iokmem_map_alloc(struct iokmem_desc *desc,
				    const struct iokmem_map_request *request);
void iokmem_map_list(struct iokmem_map *mapping);
int iokmem_map_reserve(struct iokmem_map *map);
void iokmem_map_adopt(struct iokmem_map *map);
int iokmem_map_open_home(struct iokmem_desc *desc, struct task_struct *task);
void iokmem_map_close_home(struct iokmem_desc *desc);
struct iokmem_map *iokmem_map_in_task(struct iokmem_desc *desc,
				      struct task_struct *task,
				      unsigned long at, u32 options,
				      size_t offset, size_t length,
				      struct file *file);
void iokmem_map_lock(struct iokmem_map *map);
void iokmem_map_unlock(struct iokmem_map *map);
struct iokmem_map *iokmem_map_obtain(struct iokmem_desc *desc,
				     const struct iokmem_map_request *request);
int iokmem_map_exchange(struct iokmem_map *map, struct iokmem_map *seat);
bool iokmem_map_vanished(struct iokmem_map *map);
void iokmem_map_let_go(struct iokmem_map *map, bool has_holders);
void iokmem_map_unhold(struct iokmem_map *map);
void iokmem_map_drop(struct iokmem_map *map);
void iokmem_map_count_put(struct iokmem_map *map);
void iokmem_map_count_put_async(struct iokmem_map *map);
unsigned long iokmem_map_references(const struct iokmem_map *map);

/* map_task.c */
unsigned long iokmem_map_task_hold(struct iokmem_map *map);
int iokmem_map_task_release(struct iokmem_desc *desc, unsigned long address,
			    size_t length);
int iokmem_map_task_query(struct iokmem_desc *desc,
			  struct iokmem_query_mapping *query);
struct iokmem_map *iokmem_map_task_get(struct iokmem_desc *desc,
				       unsigned long address, size_t length);
void iokmem_map_task_drop_all(struct iokmem_map *mapping);

/* sharing.c */
bool iokmem_map_serves(struct iokmem_map *mapping,
		       const struct iokmem_map_request *request);

/* lookup.c */
void iokmem_maps_insert(struct iokmem_map *mapping);
void iokmem_maps_remove(struct iokmem_map *mapping);
void iokmem_maps_insert_inside(struct iokmem_map *map);
void iokmem_maps_remove_inside(struct iokmem_map *map);
struct iokmem_map *iokmem_maps_find_same(const struct iokmem_desc *desc,
					 const struct iokmem_map_request *request);
struct iokmem_map *iokmem_maps_find(const struct iokmem_desc *desc,
				    const struct iokmem_map_request *request);
struct iokmem_map *iokmem_maps_find_inside(struct iokmem_map *mapping,
					   size_t offset, size_t length);
bool iokmem_maps_start_at(struct iokmem_map *mapping, size_t offset, size_t length);

/* map_static.c */
int iokmem_map_check_static(const struct iokmem_map *map);

/* holder.c */
bool iokmem_map_has_holders(struct iokmem_map *map);
void iokmem_map_tell_holders(struct iokmem_map *map);

/* redirect.c */
int iokmem_map_redirect_to(struct iokmem_map *map, struct iokmem_desc *backing,
			   u32 options, size_t offset, bool keep_mode);

/* map_kernel.c */
int iokmem_map_kernel(struct iokmem_map *map);
void iokmem_unmap_kernel(struct iokmem_map *map);

/* map_user.c */
struct iokmem_map *iokmem_map_at(struct mm_struct *mm, unsigned long address,
				 const struct iokmem_desc *desc);
int iokmem_map_user(struct iokmem_map *map, unsigned long at, struct file *of);
bool iokmem_unmap_user(struct iokmem_map *map);
int iokmem_map_populate(struct iokmem_map *map);
bool iokmem_map_is_paged(struct iokmem_map *map, const struct iokmem_desc *desc,
			 size_t offset);
int iokmem_map_block(struct iokmem_map *map);
bool iokmem_map_resume(struct iokmem_map *map, const struct iokmem_desc *desc,
		       size_t offset);
int iokmem_map_switch(struct iokmem_map *map, struct iokmem_map *seat);
int iokmem_mmap_vma(struct iokmem_desc *desc, struct vm_area_struct *vma,
		    size_t length, struct file *keeper);
unsigned long iokmem_get_unmapped_area(struct iokmem_desc *desc,
				       struct file *file, unsigned long addr,
				       unsigned long len, unsigned long pgoff,
				       unsigned long flags, size_t place);

/* How many pages the guards of a map have, on each side. */
static inline unsigned long iokmem_guard_pages(u32 options)
{
	if (options & IOKMEM_MAP_GUARDED_LARGE)
		return IOKMEM_GUARD_MAX;
	return options & IOKMEM_MAP_GUARDED_SMALL ? 1 : 0;
}

/* Where a window of bytes begins, counted from the first page of the memory. */
static inline size_t iokmem_map_place(const struct iokmem_map *map)
{
	return map->desc->skew + map->offset;
}

/* The pages that a window of bytes touches. */
static inline pgoff_t iokmem_map_index(const struct iokmem_map *map)
{
	return iokmem_map_place(map) >> PAGE_SHIFT;
}

/* The mapping that a map is, or is inside. */
static inline struct iokmem_map *iokmem_mapping_of(struct iokmem_map *map)
{
	return map->super ? map->super : map;
}

/* Is it of just these bytes? */
static inline bool iokmem_map_has_window(const struct iokmem_map *map, size_t offset,
					 size_t length)
{
	return map->offset == offset && map->length == length;
}

static inline size_t iokmem_map_end(const struct iokmem_map *map)
{
	return map->offset + map->length;
}

static inline unsigned long iokmem_map_pages(const struct iokmem_map *map)
{
	return PAGE_ALIGN(offset_in_page(iokmem_map_place(map)) + map->length) >>
	       PAGE_SHIFT;
}

/* Where the VMA of a user mapping starts. */
static inline unsigned long iokmem_map_vma_start(const struct iokmem_map *map)
{
	return map->start - (map->guard << PAGE_SHIFT);
}

static inline size_t iokmem_map_vma_size(const struct iokmem_map *map)
{
	return (iokmem_map_pages(map) + 2 * map->guard) << PAGE_SHIFT;
}

#endif /* _IOKMEM_MAP_H */
