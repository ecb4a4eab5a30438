// SPDX-License-Identifier: GPL-2.0
/*
 * The functions on maps that drivers call (IOMemoryMap).
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "map/map.h"
#include "page/address_space.h"
#include "page/compat.h"
#include "trace.h"

/*
 * Return true, with a warning, if the caller already holds the mmap lock of @mm, which
 * this module has to take: the caller would deadlock.
 */
static bool has_mmap_lock(struct mm_struct *mm)
{
	if (!mm)
		return false;
	might_lock(&mm->mmap_lock);
	return WARN_ONCE(iokmem_mmap_is_locked_by_me(mm),
			 "iokmem: called with the mmap lock held\n");
}

/* Obtain a map. With IOKMEM_MAP_PREFAULT, also fill its entries. */
static struct iokmem_map *obtain_filled(struct iokmem_map_request *request)
{
	struct iokmem_map *map;
	int err;

	if (!(request->options & IOKMEM_MAP_PREFAULT))
		return iokmem_map_obtain(request);
	map = iokmem_map_obtain(request);
	if (IS_ERR(map))
		return map;
	err = iokmem_map_populate(map);
	if (err) {
		iokmem_map_drop(map, request->mm == current->mm);
		iokmem_undo_mode(request->desc, &request->change);
		return ERR_PTR(err);
	}
	return map;
}

/* Share the map that the last request got, if this one is equal. Return NULL otherwise. */
static struct iokmem_map *share_again(struct iokmem_desc *desc, struct mm_struct *mm,
				      u32 options, size_t offset, size_t length)
{
	struct iokmem_map *map;

	if (!READ_ONCE(desc->last))
		return NULL;
	mutex_lock(&desc->lock);
	map = iokmem_index_find_again(desc, mm, options, offset, length);
	if (map)
		iokmem_map_use(map);
	mutex_unlock(&desc->lock);
	if (map)
		trace_iokmem_share(map);
	return map;
}

/* Check a request, and serve it. */
static struct iokmem_map *serve(struct iokmem_map_request *request,
				struct iokmem_desc *desc)
{
	int err = iokmem_request_check(request, desc);

	return err ? ERR_PTR(err) : obtain_filled(request);
}

/* Return what a requester may do to the cache mode. @file: a program's; NULL: a driver requests. */
static enum iokmem_mode_right mode_right(const struct iokmem_desc *desc, const struct file *file)
{
	if (!file)
		return IOKMEM_MODE_OF_DRIVER;
	return !(file->f_mode & FMODE_WRITE) || desc->partial ? IOKMEM_MODE_KEPT :
								IOKMEM_MODE_OF_PROGRAM;
}

/*
 * iokmem_map_in_task - map a descriptor, on behalf of a program if @file is not NULL
 *
 * Like iokmem_desc_create_mapping_in_task(). @file is the descriptor's file that the
 * program asks by. A request that would change the cache mode fails with -EACCES if @file is
 * read-only, or of part of the memory. If the program's call fails after all, @change is for
 * iokmem_undo_mode(). It is NULL, or zero before the first try.
 */
struct iokmem_map *iokmem_map_in_task(struct iokmem_desc *desc,
				      struct task_struct *task,
				      unsigned long at, u32 options,
				      size_t offset, size_t length,
				      struct file *file, struct iokmem_mode_change *change)
{
	struct mm_struct *mm = iokmem_task_mm(task);
	struct iokmem_map *map;

	if (IS_ERR(mm))
		return ERR_CAST(mm);
	if (has_mmap_lock(mm))
		map = ERR_PTR(-EDEADLK);
	else
		map = share_again(desc, mm, options, offset, length);
	if (!map) {
		struct iokmem_map_request request = {
			.mm = mm,
			.task = task,
			.options = options,
			.mode_right = mode_right(desc, file),
			.file = file,
			.at = at,
			.offset = offset,
			.length = length,
		};

		if (change)
			request.change = *change;
		map = serve(&request, desc);
		if (change)
			*change = request.change;
	}
	if (mm)
		mmput(mm);
	return map;
}

/**
 * iokmem_desc_create_mapping_in_task - map a descriptor, or share a map of it
 * @desc: the descriptor
 * @task: a user task that the caller has a reference to, or IOKMEM_KERNEL_TASK
 * @at: without IOKMEM_MAP_ANYWHERE, where to map: the address of a page, or the
 *	address that the first byte shall have. Otherwise ignored.
 * @options: IOKMEM_MAP_*
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes; 0, with an offset of 0, means the descriptor's whole length
 *
 * Follows IOMemoryDescriptor::createMappingInTask(). Equal requests get one map, with one
 * more reference each. A request for bytes inside a mapping that serves it gets a map over
 * the addresses of these bytes. A mapping serves a request if it is in the same address
 * space, is equal in IOKMEM_MAP_READ_ONLY, and has the cache mode and the address that the
 * request names, if it names any. An IOKMEM_MAP_UNIQUE mapping shares with no request.
 * IOKMEM_MAP_REFERENCE only finds a map and never makes a mapping.
 *
 * Whole pages are mapped. The map's address has the same offset in its page as the first
 * byte has in the memory. A user mapping is never executable, and a read-only one can
 * never be made writable. A child does not inherit a mapping. A user mapping is killed when
 * the task unmaps it, executes another program or exits; its maps then have the address 0.
 * Kernel mappings never fault, and cannot be placed.
 *
 * %IOKMEM_MAP_PREFAULT, _OVERWRITE, _GUARDED_SMALL, _GUARDED_LARGE and _PINNABLE are
 * described in <uapi/linux/iokmem.h>. _PINNABLE is for user tasks only. Kernel mappings have
 * guards on x86 before Linux 6.18; the kernel oopses when it touches them.
 * %IOKMEM_MAP_STATIC records a mapping that already exists: see iokmem_desc_set_mapping().
 *
 * If @options name another cache mode than the memory has, all of the descriptor's memory
 * gets that mode, unless something maps or holds it. A range of user addresses is held
 * while it is mapped, as by iokmem_desc_prepare(), and so is pageable memory while the
 * kernel maps it. The task that a range of addresses belongs to may "map" it at no cost.
 * User tasks see whole pages, so they may map part of a page only where the rest of the
 * page is memory of the same buffer.
 *
 * If the direction of @desc is "out", and the memory may not be written, because its task may
 * only read it or it is prepared for reading only, the map is read-only without
 * IOKMEM_MAP_READ_ONLY. iokmem_map_get_options() tells. With any other direction the request fails
 * (-EACCES).
 *
 * Context: May sleep, killably during a wait for a mapping that another thread makes.
 * Caller must not hold an mmap lock.
 * Return: a map, of which the caller owns a reference; or ERR_PTR():
 *
 * * -EOPNOTSUPP: an option or cache mode is unknown or not provided; a kernel mapping is
 *   to be at a fixed address; user tasks cannot be shown the memory (another task's
 *   anonymous memory, some of the kernel's own); no kernel mapping can show guard pages,
 *   memory of several cache modes, or a coherent buffer at another address; none has guards on
 *   other machines than x86, or since Linux 6.18; memory other than wired copyback memory is to
 *   be pinnable
 * * -EINVAL: there is no task, or it is a kernel thread; options contradict each other;
 *   @offset without @length; @at is neither a page's address nor congruent to @offset;
 *   another map would be overwritten in part; members of a multi-descriptor, of which the
 *   range has some, do not fit together page by page
 * * -ESRCH: the task has exited
 * * -EOVERFLOW: @offset plus @length wraps
 * * -ERANGE: the range passes the end of the descriptor
 * * -EADDRNOTAVAIL: @at is outside the addresses that the task can use
 * * -EEXIST: something else is mapped at @at
 * * -ENOENT: IOKMEM_MAP_REFERENCE found no map
 * * -ENOMEM: no memory, no room in the address space, or too many maps in it; kernel maps are
 *   not limited
 * * -EAGAIN: the task locks all memory that it maps, and the map exceeds its
 *   RLIMIT_MEMLOCK; the task has unmapped the new map while it was being made; or
 *   purgeable memory was emptied again and again while it was brought in
 * * -EDEADLK: the caller holds the task's mmap lock, as in a driver's ->mmap()
 * * -EBUSY: the memory needs another cache mode, and is mapped, held or pinned. The address of a
 *   buffer that was made for the kernel does not count if it is that of the kernel's map of all
 *   memory and can have the mode: not if the memory is in several blocks, and only on x86
 * * -EBADFD: %IOKMEM_MAP_PREFAULT, and the memory is pageable and not prepared, neither as a whole
 *   nor by @desc
 * * -EACCES: part of a page, and the rest of the page is not the buffer's; or no
 *   IOKMEM_MAP_READ_ONLY, the direction is not "out", and the memory may only be read, or is a
 *   range that is prepared for reading only
 * * -EFAULT: a range of addresses has a hole
 * * -EPERM: the memory has to be held, and exceeds the caller's RLIMIT_MEMLOCK; or sealed
 *   memory (mseal()) would be overwritten
 * * -EIO: the memory could not be read from swap; or the hardware has lost some of it, and
 *   the map needs new addresses of the kernel's, or another cache mode
 * * -EINTR: a fatal signal arrived
 */
struct iokmem_map *
iokmem_desc_create_mapping_in_task(struct iokmem_desc *desc,
				   struct task_struct *task, unsigned long at,
				   u32 options, size_t offset, size_t length)
{
	struct iokmem_map *map;

	map = iokmem_map_in_task(desc, task, at, options, offset, length, NULL, NULL);
	/* A driver that only reads the memory does not say so again for each map. */
	if (map == ERR_PTR(-EACCES) && !(options & IOKMEM_MAP_READ_ONLY) &&
	    iokmem_desc_get_direction(desc) == IOKMEM_DIRECTION_OUT)
		map = iokmem_map_in_task(desc, task, at, options | IOKMEM_MAP_READ_ONLY, offset,
					 length, NULL, NULL);
	return map;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_create_mapping_in_task, IOKMEM_NS);

/**
 * iokmem_desc_map - map all of a descriptor into the kernel
 * @desc: the descriptor
 * @options: IOKMEM_MAP_*; IOKMEM_MAP_ANYWHERE is implied
 *
 * Follows IOMemoryDescriptor::map(). A kernel buffer's map has the address that
 * iokmem_buffer_get_bytes_no_copy() returns. The map costs nothing if the memory is
 * contiguous, and @options contain neither IOKMEM_MAP_READ_ONLY nor IOKMEM_MAP_UNIQUE. The map
 * of a range of direction "out" that is prepared can only be read.
 *
 * Context: May sleep.
 * Return: a map, of which the caller owns a reference; or ERR_PTR() like
 * iokmem_desc_create_mapping_in_task().
 */
struct iokmem_map *iokmem_desc_map(struct iokmem_desc *desc, u32 options)
{
	return iokmem_desc_create_mapping_in_task(desc, IOKMEM_KERNEL_TASK, 0,
						  options | IOKMEM_MAP_ANYWHERE,
						  0, 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_map, IOKMEM_NS);

/**
 * iokmem_desc_set_mapping - record a mapping of the memory that already exists
 * @desc: the descriptor
 * @task: a user task that the caller has a reference to, or IOKMEM_KERNEL_TASK
 * @address: of the first byte
 * @options: %IOKMEM_MAP_READ_ONLY, a cache mode
 *
 * Follows IOMemoryDescriptor::setMapping(). The mapping has the descriptor's whole length.
 * The caller has made it by other means, and keeps it. Later requests share it like any
 * other mapping. The addresses must show the descriptor's memory. This function checks
 * that, and each later request checks it again before it shares the mapping, in case the
 * mapping no longer exists. Putting the map unmaps nothing.
 *
 * To record a mapping of part of the memory, call iokmem_desc_create_mapping_in_task() with
 * %IOKMEM_MAP_STATIC.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: a map, of which the caller owns a reference; or ERR_PTR(): -ENXIO if the
 * addresses show other memory; -EFAULT if they show none; -EACCES if the task may only read
 * the memory; -EOPNOTSUPP for coherent memory; -EINVAL for another option; or like
 * iokmem_desc_create_mapping_in_task().
 */
struct iokmem_map *iokmem_desc_set_mapping(struct iokmem_desc *desc,
					   struct task_struct *task,
					   unsigned long address, u32 options)
{
	return iokmem_desc_create_mapping_in_task(desc, task, address,
						  options | IOKMEM_MAP_STATIC, 0, 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_set_mapping, IOKMEM_NS);

/**
 * iokmem_desc_with_mapping - map memory into the kernel for the time of a call
 * @desc: the descriptor
 * @options: IOKMEM_MAP_*; IOKMEM_MAP_ANYWHERE is implied
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes; 0, with an offset of 0, means the descriptor's whole length
 * @call: function to call with the address of the first byte, the length, and @data
 * @data: argument for @call
 *
 * Context: May sleep.
 * Return: the result of @call; or an error like iokmem_desc_create_mapping_in_task(), and
 * @call was not called.
 */
int iokmem_desc_with_mapping(struct iokmem_desc *desc, u32 options, size_t offset,
			     size_t length,
			     int (*call)(void *address, size_t length, void *data),
			     void *data)
{
	struct iokmem_map *map;
	int err;

	map = iokmem_desc_create_mapping_in_task(desc, IOKMEM_KERNEL_TASK, 0,
						 options | IOKMEM_MAP_ANYWHERE,
						 offset, length);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = call((void *)iokmem_map_get_address(map), iokmem_map_get_length(map),
		   data);
	iokmem_map_put(map);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_mapping, IOKMEM_NS);

/**
 * iokmem_map_get - take another reference to a map
 * @map: a map that the caller has a reference to
 *
 * Follows OSObject::retain().
 *
 * Context: Any.
 * Return: @map.
 */
struct iokmem_map *iokmem_map_get(struct iokmem_map *map)
{
	refcount_inc(&map->references);
	return map;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get, IOKMEM_NS);

/**
 * iokmem_map_put - drop a reference to a map
 * @map: the map, of which the caller owns a reference
 *
 * The last reference to the last map of a mapping kills the mapping: the task no longer
 * sees the memory, and the mapping no longer keeps it. The addresses stay reserved in the
 * task, where touching them is SIGBUS, until the task unmaps them, executes or exits. They
 * are not unmapped here, because the task may have put something else there. A later
 * request for the same descriptor and of the same size is served at these addresses.
 * Follows IOMemoryMap::release().
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 */
void iokmem_map_put(struct iokmem_map *map)
{
	might_sleep();
	/* If the caller holds the lock by mistake, leave the work to a worker. */
	if (has_mmap_lock(map->mapping->mm))
		iokmem_map_put_async(map);
	else
		iokmem_map_drop(map, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_put, IOKMEM_NS);

/**
 * iokmem_map_put_async - drop a reference to a map where the caller cannot sleep
 * @map: the map, of which the caller owns a reference
 *
 * Like iokmem_map_put(), but a worker drops the last reference.
 *
 * Context: Any.
 */
void iokmem_map_put_async(struct iokmem_map *map)
{
	if (!refcount_dec_not_one(&map->references))
		iokmem_map_drop_later(map);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_put_async, IOKMEM_NS);

/*
 * iokmem_map_end - unmap a map like iokmem_map_unmap()
 *
 * @by_program: see iokmem_mapping_end().
 */
int iokmem_map_end(struct iokmem_map *map, bool by_program)
{
	struct iokmem_mapping *mapping = map->mapping;
	bool whole = iokmem_map_is_whole(map), ends = false;
	unsigned long task_refs = 0;
	struct iokmem_desc *desc;

	might_sleep();

	desc = iokmem_mapping_lock(mapping);
	if (whole && desc->home == mapping && iokmem_map_is_live(map)) {
		mutex_unlock(&desc->lock);
		return -EBUSY;
	}
	if (whole) {
		ends = iokmem_mapping_kill(mapping);
	} else {
		iokmem_map_unlist(map);
		swap(map->task_refs, task_refs);
	}
	mutex_unlock(&desc->lock);

	if (ends)
		iokmem_mapping_end(mapping, by_program);
	if (!whole)
		iokmem_map_tell_holders(map);
	if (task_refs)
		iokmem_map_drop(map, by_program);
	return 0;
}

/**
 * iokmem_map_unmap - unmap a map for all who share it
 * @map: the map
 *
 * Follows IOMemoryMap::unmap(). The mapping is killed at once, with all maps of it, whoever
 * has references to them. The references stay valid, but their maps have the address 0, and
 * no request shares them. The addresses in a task stay reserved as iokmem_map_put()
 * describes. Unmapping a map of a part of a mapping does not affect the mapping: the
 * addresses of the part are unmapped with the mapping.
 *
 * A driver that uses a kernel mapping which somebody else may unmap must register with
 * iokmem_holder_add() to be told.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0, also if the map was unmapped before; or -EBUSY for the mapping that a buffer
 * was made with, which lives as long as the buffer.
 */
int iokmem_map_unmap(struct iokmem_map *map)
{
	return iokmem_map_end(map, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_unmap, IOKMEM_NS);

/**
 * iokmem_map_get_address - return the address of the first byte of a map
 * @map: the map
 *
 * Follows IOMemoryMap::getVirtualAddress().
 *
 * Context: Any.
 * Return: an address in the map's task or in the kernel; 0 if the map has been unmapped or
 * its task has exited.
 */
unsigned long iokmem_map_get_address(const struct iokmem_map *map)
{
	return iokmem_map_address(map);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_address, IOKMEM_NS);

/**
 * iokmem_map_get_length - return the length of a map
 * @map: the map
 *
 * Follows IOMemoryMap::getLength(). Unmapping does not change the length.
 *
 * Context: Any.
 * Return: the length in bytes, as asked for.
 */
size_t iokmem_map_get_length(const struct iokmem_map *map)
{
	return map->length;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_length, IOKMEM_NS);

/**
 * iokmem_map_get_offset - return the offset of a map in its descriptor
 * @map: the map
 *
 * Context: Any.
 * Return: the offset in bytes, as asked for.
 */
size_t iokmem_map_get_offset(const struct iokmem_map *map)
{
	return READ_ONCE(map->mapping->backing.offset) + map->delta;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_offset, IOKMEM_NS);

/**
 * iokmem_map_get_options - return the options that a map was made with
 * @map: the map
 *
 * Follows IOMemoryMap::getMapOptions(). A map that requests share keeps the options of the
 * request that made it.
 *
 * Context: Any.
 * Return: IOKMEM_MAP_*.
 */
u32 iokmem_map_get_options(const struct iokmem_map *map)
{
	return map->options;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_options, IOKMEM_NS);

/**
 * iokmem_map_get_cache_mode - return the cache mode that is in force
 * @map: the map
 *
 * Context: Any.
 * Return: IOKMEM_MAP_*_CACHE, never the default one.
 */
u32 iokmem_map_get_cache_mode(const struct iokmem_map *map)
{
	return READ_ONCE(map->mapping->cache_mode);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_cache_mode, IOKMEM_NS);

/**
 * iokmem_map_get_memory_descriptor - return the descriptor that a map shows
 * @map: the map
 *
 * Follows IOMemoryMap::getMemoryDescriptor().
 *
 * Context: Any.
 * Return: the descriptor, without a reference. The map keeps the descriptor until the map
 * is redirected.
 */
struct iokmem_desc *iokmem_map_get_memory_descriptor(const struct iokmem_map *map)
{
	return READ_ONCE(map->mapping->backing.desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_map_get_address_task - return the task whose address space a map is in
 * @map: the map
 *
 * Follows IOMemoryMap::getAddressTask(): the task that the map was first made for.
 *
 * Context: Any.
 * Return: the task, with a reference that the caller drops with put_task_struct().
 * IOKMEM_KERNEL_TASK for the kernel; NULL if the task has exited.
 */
struct task_struct *iokmem_map_get_address_task(const struct iokmem_map *map)
{
	if (!map->mapping->mm)
		return get_task_struct(IOKMEM_KERNEL_TASK);
	return get_pid_task(map->mapping->pid, PIDTYPE_TGID);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_address_task, IOKMEM_NS);

/*
 * iokmem_map_references - count the references to a map; for people
 */
unsigned long iokmem_map_references(const struct iokmem_map *map)
{
	const struct iokmem_desc *desc = iokmem_mapping_desc(map->mapping);
	unsigned long nr = refcount_read(&map->references) + map->task_refs;

	lockdep_assert_held(&desc->lock);

	/* The task's references together use the map once. */
	nr -= !!map->task_refs;
	return nr + (desc->home == map->mapping && iokmem_map_is_whole(map));
}

/**
 * iokmem_map_get_retain_count - count the references to a map
 * @map: the map
 *
 * Follows OSObject::getRetainCount(): drivers' references, the task's own, and one if it
 * is the mapping that a buffer was made with. For people only: the number may change at any
 * time.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: the number.
 */
unsigned long iokmem_map_get_retain_count(struct iokmem_map *map)
{
	struct iokmem_desc *desc = iokmem_mapping_lock(map->mapping);
	unsigned long nr = iokmem_map_references(map);

	mutex_unlock(&desc->lock);
	return nr;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_retain_count, IOKMEM_NS);

/*
 * Return a reference to the descriptor that @map shows, or NULL if the map is not live. Add
 * the offset of the map in the descriptor to @offset.
 */
static struct iokmem_desc *get_shown(struct iokmem_map *map, size_t *offset)
{
	struct iokmem_desc *desc = iokmem_mapping_lock(map->mapping);
	bool live = iokmem_map_is_live(map);

	if (live) {
		iokmem_desc_get(desc);
		*offset += iokmem_map_offset(map);
	}
	mutex_unlock(&desc->lock);
	return live ? desc : NULL;
}

/**
 * iokmem_map_get_physical_segment - look up bytes of a map in physical memory
 * @map: the map
 * @offset: of the first byte in the map
 * @address: out: the physical address of the byte, as the CPU sees it
 * @length: out: the number of bytes from there on that are contiguous in memory, at most to
 *	the end of the map
 *
 * Follows the documented contract of IOMemoryMap::getPhysicalSegment() with
 * kIOMemoryMapperNone: the segment is clipped to the map.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0, or a negative error, after which @address and @length are unchanged: -ERANGE
 * if @offset is not before the end of the map; -ENOENT if the map has been unmapped; or
 * like iokmem_desc_get_physical_segment().
 */
int iokmem_map_get_physical_segment(struct iokmem_map *map, size_t offset,
				    phys_addr_t *address, size_t *length)
{
	size_t n = map->length - offset;
	struct iokmem_desc *desc;
	int err;

	if (offset >= map->length)
		return -ERANGE;
	desc = get_shown(map, &offset);
	if (!desc)
		return -ENOENT;
	err = iokmem_desc_segment(desc, offset, address, &n);
	if (!err)
		*length = n;
	iokmem_desc_put(desc);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_physical_segment, IOKMEM_NS);

/* Return true if no access to the map faults, for as long as the program leaves it alone. */
static bool never_faults(const struct iokmem_map *map, const struct iokmem_desc *desc)
{
	return !map->mapping->mm ||
	       ((map->options & IOKMEM_MAP_PREFAULT) && iokmem_desc_is_always_there(desc));
}

/**
 * iokmem_map_wire_range - make sure that accesses do not fault
 * @map: the map
 * @direction: IOKMEM_DIRECTION_*; IOKMEM_DIRECTION_NONE undoes an earlier call
 * @offset: of the first byte in the map
 * @length: in bytes
 *
 * Follows IOMemoryMap::wireRange(). Kernel maps never fault, nor do maps of memory that never
 * moves if they were made with %IOKMEM_MAP_PREFAULT; there is nothing to do or undo for these.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0; or a negative error: -EOPNOTSUPP if @direction has other bits, or for a map that may
 * fault; -EOVERFLOW if @offset plus @length wraps; -ERANGE if the range passes the end of the map;
 * -ENOENT if the map has been unmapped.
 */
int iokmem_map_wire_range(struct iokmem_map *map, u32 direction, size_t offset, size_t length)
{
	size_t end, at = 0;
	struct iokmem_desc *desc;
	bool wired;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return -EOPNOTSUPP;
	if (check_add_overflow(offset, length, &end))
		return -EOVERFLOW;
	if (end > map->length)
		return -ERANGE;
	desc = get_shown(map, &at);
	if (!desc)
		return -ENOENT;
	wired = never_faults(map, desc);
	iokmem_desc_put(desc);
	return wired ? 0 : -EOPNOTSUPP;
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_wire_range, IOKMEM_NS);
