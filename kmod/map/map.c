// SPDX-License-Identifier: GPL-2.0
/*
 * Maps, as drivers hold them (IOMemoryMap).
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "map/map.h"
#include "page/address_space.h"
#include "page/compat.h"

/*
 * Warn of a caller that has the mmap lock of the address space, which this module needs.
 * The caller would wait for itself for ever.
 */
static bool has_mmap_lock(struct mm_struct *mm)
{
	if (!mm)
		return false;
	might_lock(&mm->mmap_lock);
	return WARN_ONCE(iokmem_mmap_is_locked_by_me(mm),
			 "iokmem: called with the mmap lock held\n");
}

/* Obtain a map with all entries there, if they are to be. */
static struct iokmem_map *obtain_filled(const struct iokmem_map_request *request)
{
	u32 cache_mode = iokmem_desc_get_cache_mode(request->desc);
	struct iokmem_map *map;
	int err;

	map = iokmem_map_obtain(request);
	if (IS_ERR(map) || !(request->options & IOKMEM_MAP_PREFAULT))
		return map;
	err = iokmem_map_populate(map);
	if (err) {
		iokmem_map_drop(map, request->mm == current->mm);
		iokmem_restore_mode(request->desc, cache_mode);
		return ERR_PTR(err);
	}
	return map;
}

/*
 * iokmem_map_in_task - as iokmem_desc_create_mapping_in_task()
 *
 * But by a file of the descriptor's, if @file is one: -EACCES instead of another cache
 * mode, if that may only be read.
 */
struct iokmem_map *iokmem_map_in_task(struct iokmem_desc *desc,
				      struct task_struct *task,
				      unsigned long at, u32 options,
				      size_t offset, size_t length,
				      struct file *file)
{
	struct iokmem_map_request request = {
		.task = task,
		.options = options,
		.keep_mode = file && !(file->f_mode & FMODE_WRITE),
		.file = file,
		.at = at,
		.offset = offset,
		.length = length,
	};
	struct iokmem_map *map;
	int err;

	request.mm = iokmem_task_mm(task);
	if (IS_ERR(request.mm))
		return ERR_CAST(request.mm);
	err = has_mmap_lock(request.mm) ? -EDEADLK : iokmem_request_check(&request, desc);
	map = err ? ERR_PTR(err) : obtain_filled(&request);
	if (request.mm)
		mmput(request.mm);
	return map;
}

/**
 * iokmem_desc_create_mapping_in_task - map a descriptor, or share a map of it
 * @desc: the descriptor
 * @task: a user task that the caller keeps, or IOKMEM_KERNEL_TASK
 * @at: without IOKMEM_MAP_ANYWHERE, where to map: the address of a page, or the
 *	address that the first byte shall have. Otherwise ignored.
 * @options: IOKMEM_MAP_*
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes; 0, with an offset of 0, means the descriptor's whole length
 *
 * Follows IOMemoryDescriptor::createMappingInTask(). Equal requests get one map,
 * with one more reference each. A request for bytes inside a mapping that serves it
 * gets a map over the addresses of these bytes. Requests are served by
 * mappings of the same address space, with the same IOKMEM_MAP_READ_ONLY, of the
 * cache mode they name if they name one, and at the address they name if they
 * name one. IOKMEM_MAP_UNIQUE neither shares nor is shared;
 * IOKMEM_MAP_REFERENCE never makes a mapping.
 *
 * Whole pages are mapped; the map's address keeps the offset's place in its
 * page. A user mapping is never executable, and a read-only one can never be
 * made writable. It is not inherited over fork(), and ends when the task unmaps
 * it, executes another program or exits: the map then has the address 0.
 * Kernel mappings never fault. A kernel mapping cannot be placed.
 *
 * %IOKMEM_MAP_PREFAULT, _OVERWRITE, _GUARDED_SMALL, _GUARDED_LARGE and _PINNABLE are
 * as <uapi/linux/iokmem.h> says, the last three for user tasks. %IOKMEM_MAP_STATIC
 * records a mapping that there is: see iokmem_desc_set_mapping().
 *
 * A cache mode in @options that is not the memory's own is given to the memory,
 * all of the descriptor's, if nothing maps or holds it. Memory that need not be
 * anywhere (a range of user addresses; pageable memory, by the kernel) is held as
 * by iokmem_desc_prepare() while it is mapped; its own task may "map" a range of
 * its addresses for nothing. User tasks see whole pages, so they get part of a
 * page only where the rest is of the same buffer.
 *
 * Context: May sleep, killably where another's mapping is awaited. The caller
 * holds no mmap lock.
 * Return: a map, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: an option or cache mode that is unknown or not provided; a
 *   kernel mapping at a fixed address; memory that user tasks cannot be shown
 *   (another task's anonymous memory, some of the kernel's own); what no kernel
 *   mapping can have: guard pages, guards, several cache modes, a coherent buffer
 *   elsewhere than it is; pinnable, of other than wired copyback memory
 * * -EINVAL: no task or a kernel thread, contradicting options, @offset without
 *   @length, @at neither a page's address nor congruent to @offset, part of
 *   another map to be overwritten
 * * -ESRCH: the task has exited
 * * -EOVERFLOW: @offset plus @length wraps
 * * -ERANGE: the range passes the end of the descriptor
 * * -EADDRNOTAVAIL: @at is outside of what the task can use
 * * -EEXIST: something else is at @at
 * * -ENOENT: IOKMEM_MAP_REFERENCE found nothing
 * * -ENOMEM: no memory, or no room in the address space
 * * -EAGAIN: the task locks what it maps, and its RLIMIT_MEMLOCK has no room; or it has
 *   unmapped the new map while that was being made
 * * -EDEADLK: the caller has the task's mmap lock, as in a driver's ->mmap()
 * * -EBUSY: another cache mode, of memory that is mapped, held or pinned
 * * -EBADFD: %IOKMEM_MAP_PREFAULT, of pageable memory that is not prepared
 * * -EACCES: part of a page, of which the rest is not the buffer's; memory that
 *   may only be read, or is prepared for reading only, without
 *   IOKMEM_MAP_READ_ONLY
 * * -EFAULT: a range of addresses has a hole
 * * -EPERM: memory to be held, and the caller's RLIMIT_MEMLOCK has no room; or sealed
 *   memory (mseal()) is to be overwritten
 * * -EIO: it could not be read from swap
 * * -EINTR: a fatal signal arrived first
 */
struct iokmem_map *
iokmem_desc_create_mapping_in_task(struct iokmem_desc *desc,
				   struct task_struct *task, unsigned long at,
				   u32 options, size_t offset, size_t length)
{
	return iokmem_map_in_task(desc, task, at, options, offset, length, NULL);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_create_mapping_in_task, IOKMEM_NS);

/**
 * iokmem_desc_map - map all of a descriptor into the kernel
 * @desc: the descriptor
 * @options: IOKMEM_MAP_*; IOKMEM_MAP_ANYWHERE goes without saying
 *
 * Follows IOMemoryDescriptor::map(). A kernel buffer's map has the address that
 * iokmem_buffer_get_bytes_no_copy() returns. It costs nothing where the memory
 * is contiguous and neither IOKMEM_MAP_READ_ONLY nor IOKMEM_MAP_UNIQUE is asked
 * for.
 *
 * Context: May sleep.
 * Return: a map, of which the reference is the caller's, or ERR_PTR() as
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
 * iokmem_desc_set_mapping - record a mapping of the memory that there is already
 * @desc: the descriptor
 * @task: a user task that the caller keeps, or IOKMEM_KERNEL_TASK
 * @address: of the first byte
 * @options: %IOKMEM_MAP_READ_ONLY, a cache mode
 *
 * Follows IOMemoryDescriptor::setMapping(). The mapping, of the descriptor's whole
 * length, was made by other means, and is kept by who made it; later requests share it
 * as any other. What is at the addresses must be this memory: that is looked at now, and
 * before anybody shares it, so that nobody gets what has ended meanwhile. Nothing is
 * unmapped when the map is let go.
 *
 * iokmem_desc_create_mapping_in_task() does the same with %IOKMEM_MAP_STATIC, for part
 * of the memory.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: a map, of which the reference is the caller's; or ERR_PTR(): -ENXIO if other
 * memory is at the addresses; -EFAULT if nothing is; -EACCES if the task may only read
 * it; -EOPNOTSUPP for coherent memory; -EINVAL for another option; or as
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
 * @options: IOKMEM_MAP_*; IOKMEM_MAP_ANYWHERE goes without saying
 * @offset: of the first byte in the descriptor, in bytes
 * @length: in bytes; 0, with an offset of 0, means the descriptor's whole length
 * @call: what to call with the address of the first byte and the length
 * @data: and with this
 *
 * Context: May sleep.
 * Return: what @call returns; or an error as iokmem_desc_create_mapping_in_task(),
 * when it was not called.
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
 * iokmem_map_put - let go of a map
 * @map: a reference of the caller's, gone on return
 *
 * The mapping ends when the last reference to the last map of it goes. Then the task sees
 * the memory no more, and the memory is let go. The addresses stay reserved in the task,
 * where touching them is SIGBUS, until the task unmaps them, executes or exits: nothing
 * tells whether what is there by then is still this mapping. A later request for this
 * descriptor and of this size is served there. Follows IOMemoryMap::release().
 *
 * Context: May sleep. The caller holds no mmap lock.
 */
void iokmem_map_put(struct iokmem_map *map)
{
	might_sleep();
	/* Where the lock is held by mistake, another thread does what needs it. */
	if (has_mmap_lock(map->mapping->mm))
		iokmem_map_put_async(map);
	else
		iokmem_map_drop(map, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_put, IOKMEM_NS);

/**
 * iokmem_map_put_async - let go of a map where one cannot sleep
 * @map: a reference of the caller's, gone on return
 *
 * As iokmem_map_put(). A worker drops the last reference.
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
 * iokmem_map_end - as iokmem_map_unmap(); @by_program: see iokmem_mapping_end()
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
 * iokmem_map_unmap - end a map for all who share it
 * @map: the map
 *
 * Follows IOMemoryMap::unmap(). The mapping ends now, with all maps of it, whoever has
 * references to them. The references stay good, to maps with the address 0 that no request
 * shares. As for the addresses in a task, see iokmem_map_put(). Unmapping a map of a part of
 * a mapping ends this map only, and its addresses are unmapped with the mapping.
 *
 * Drivers that use a kernel mapping and may have it taken away must be told:
 * iokmem_holder_add().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, also if the map has ended already; or -EBUSY for the mapping that a
 * buffer was made with, which goes with the buffer.
 */
int iokmem_map_unmap(struct iokmem_map *map)
{
	return iokmem_map_end(map, false);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_unmap, IOKMEM_NS);

/**
 * iokmem_map_get_address - where the first byte of a map is
 * @map: the map
 *
 * Follows IOMemoryMap::getVirtualAddress().
 *
 * Context: Any.
 * Return: an address in the map's task, or in the kernel; 0 if the task has
 * unmapped it or exited.
 */
unsigned long iokmem_map_get_address(const struct iokmem_map *map)
{
	return iokmem_map_address(map);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_address, IOKMEM_NS);

/**
 * iokmem_map_get_length - the length of a map
 * @map: the map
 *
 * Follows IOMemoryMap::getLength(). Stays as it is when the map has ended.
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
 * iokmem_map_get_offset - where a map starts in its descriptor
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
 * iokmem_map_get_options - the options a map was made with
 * @map: the map
 *
 * Follows IOMemoryMap::getMapOptions(). A request that shares a map gets the
 * options of the one that made it.
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
 * iokmem_map_get_cache_mode - the cache mode that is in force
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
 * iokmem_map_get_memory_descriptor - the descriptor that a map shows
 * @map: the map
 *
 * Follows IOMemoryMap::getMemoryDescriptor().
 *
 * Context: Any.
 * Return: the descriptor, without a reference; the map keeps it, until it is
 * redirected.
 */
struct iokmem_desc *iokmem_map_get_memory_descriptor(const struct iokmem_map *map)
{
	return READ_ONCE(map->mapping->backing.desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_map_get_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_map_get_address_task - whose address space a map is in
 * @map: the map
 *
 * Follows IOMemoryMap::getAddressTask(): the task that the map was first made for.
 *
 * Context: Any.
 * Return: a reference of the caller's, for put_task_struct(): IOKMEM_KERNEL_TASK for the
 * kernel; NULL if the task has exited.
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
 * iokmem_map_get_retain_count - how many references there are to a map
 * @map: the map
 *
 * Follows OSObject::getRetainCount(): drivers' references, the task's own, and one if it
 * is the mapping that a buffer was made with. For people; others may come and go.
 *
 * Context: May sleep. The caller holds no mmap lock.
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

/* Return a reference to the descriptor that the map shows; NULL if the map has ended. */
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
 * iokmem_map_get_physical_segment - where bytes of a map are in physical memory
 * @map: the map
 * @offset: of the first byte in the map
 * @address: out: its physical address, as the CPU sees it
 * @length: out: how many bytes from it on are neighbours in memory, at most to the end of
 *	the map
 *
 * Follows IOMemoryMap::getPhysicalSegment() with kIOMemoryMapperNone, by its documented
 * contract: clipped to the map.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: 0, or a negative error; then nothing has been written: -ERANGE if @offset is not
 * before the end of the map, -ENOENT if the map has ended, or as
 * iokmem_desc_get_physical_segment().
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
