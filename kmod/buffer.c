// SPDX-License-Identifier: GPL-2.0
/*
 * Buffer descriptors: descriptors that allocate their memory
 * (IOBufferMemoryDescriptor).
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include "buffer.h"
#include "cache.h"
#include "compat.h"
#include "desc.h"
#include "map.h"
#include "mem_wired.h"

#define IOKMEM_BUFFER_PROVIDED	(IOKMEM_DIRECTION_MASK | IOKMEM_MAP_CACHE_MASK)

/* What the page allocator gives in one block is aligned to its size. */
#define IOKMEM_BUFFER_MAX_ALIGNMENT	(PAGE_SIZE << MAX_PAGE_ORDER)

static int check_args(const struct iokmem_buffer_args *args, u32 *cache_mode)
{
	if (args->options & ~IOKMEM_BUFFER_PROVIDED)
		return -EOPNOTSUPP;
	if (!args->capacity)
		return -EINVAL;
	if (args->capacity > SIZE_MAX - (PAGE_SIZE - 1))
		return -EOVERFLOW;
	if (args->alignment && !is_power_of_2(args->alignment))
		return -EINVAL;
	if (args->alignment > IOKMEM_BUFFER_MAX_ALIGNMENT)
		return -ERANGE;
	return iokmem_cache_resolve(iokmem_cache_field(args->options), cache_mode);
}

/* The mapping that a buffer is born with, in the task it is made for. */
static int make_home(struct iokmem_desc *desc, struct task_struct *task)
{
	struct iokmem_map *home;

	home = iokmem_map_in_task(desc, task, 0, IOKMEM_MAP_ANYWHERE, 0, 0);
	if (IS_ERR(home))
		return PTR_ERR(home);

	mutex_lock(&desc->lock);
	desc->home = home;
	mutex_unlock(&desc->lock);
	return 0;
}

/*
 * iokmem_buffer_create - what all factories do
 *
 * Returns a descriptor of which the reference is the caller's, or an error.
 */
struct iokmem_desc *iokmem_buffer_create(const struct iokmem_buffer_args *args)
{
	struct iokmem_charge charge = {};
	struct iokmem_desc *desc;
	u32 cache_mode;
	int err;

	err = check_args(args, &cache_mode);
	if (err)
		return ERR_PTR(err);

	if (args->charge) {
		err = iokmem_charge_user(&charge,
					 PAGE_ALIGN(args->capacity) >> PAGE_SHIFT);
		if (err)
			return ERR_PTR(err);
	}

	desc = iokmem_wired_create(args->capacity, args->alignment ?: 1,
				   args->charge ? GFP_KERNEL_ACCOUNT : GFP_KERNEL);
	if (IS_ERR(desc)) {
		iokmem_uncharge(&charge);
		return desc;
	}
	desc->charge = charge;
	desc->options = args->options;
	desc->direction = args->options & IOKMEM_DIRECTION_MASK;
	desc->cache_mode = cache_mode;
	iokmem_desc_publish(desc);

	if (args->task) {
		err = make_home(desc, args->task);
		if (err) {
			iokmem_desc_put(desc);
			return ERR_PTR(err);
		}
	}
	return desc;
}

/**
 * iokmem_buffer_in_task_with_options - make a buffer
 * @task: a user task that the caller keeps, to map the buffer into; or
 *	IOKMEM_KERNEL_TASK; or NULL for nobody
 * @options: a direction, a cache mode
 * @capacity: in bytes, at least 1
 * @alignment: of the first byte, in bytes: in memory, and wherever the whole
 *	buffer is mapped at an address of the kernel's choice. A power of two, at
 *	most 4 MiB on most machines; 0 and 1 ask for nothing.
 *
 * Follows IOBufferMemoryDescriptor::inTaskWithOptions(). The memory is wired,
 * and zero up to the end of its last page. The length is the capacity, exactly
 * as asked.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: an option or cache mode that is unknown or not provided
 * * -EINVAL: @capacity is 0, @alignment is not a power of two, or @task is a
 *   kernel thread
 * * -EOVERFLOW: @capacity cannot be rounded to pages
 * * -ERANGE: @alignment is larger than memory can be had with
 * * -ESRCH: @task has exited
 * * -ENOMEM: the memory is not to be had, or no room in the task
 * * -EINTR: a fatal signal arrived first
 */
struct iokmem_desc *
iokmem_buffer_in_task_with_options(struct task_struct *task, u32 options,
				   size_t capacity, size_t alignment)
{
	struct iokmem_buffer_args args = {
		.task = task,
		.options = options,
		.capacity = capacity,
		.alignment = alignment,
	};

	return iokmem_buffer_create(&args);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_in_task_with_options, IOKMEM);

/**
 * iokmem_buffer_with_options - make a buffer for the kernel
 * @options: as for iokmem_buffer_in_task_with_options()
 * @capacity: in bytes, at least 1
 * @alignment: in bytes; 0 and 1 ask for nothing
 *
 * Follows IOBufferMemoryDescriptor::withOptions().
 *
 * Context: May sleep.
 * Return: as iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_buffer_with_options(u32 options, size_t capacity,
					       size_t alignment)
{
	return iokmem_buffer_in_task_with_options(IOKMEM_KERNEL_TASK, options,
						  capacity, alignment);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_with_options, IOKMEM);

/**
 * iokmem_buffer_with_capacity - make a buffer for the kernel
 * @capacity: in bytes, at least 1
 * @direction: IOKMEM_DIRECTION_*
 * @contiguous: physically contiguous, which is not provided: -EOPNOTSUPP
 *
 * Follows IOBufferMemoryDescriptor::withCapacity().
 *
 * Context: May sleep.
 * Return: as iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_buffer_with_capacity(size_t capacity, u32 direction,
						bool contiguous)
{
	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	if (contiguous)
		direction |= IOKMEM_PHYSICALLY_CONTIGUOUS;
	return iokmem_buffer_with_options(direction, capacity, 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_with_capacity, IOKMEM);

/**
 * iokmem_buffer_with_bytes - make a buffer for the kernel, with these contents
 * @bytes: to be copied
 * @length: how many, at least 1
 * @direction: IOKMEM_DIRECTION_*
 * @contiguous: physically contiguous, which is not provided: -EOPNOTSUPP
 *
 * Follows IOBufferMemoryDescriptor::withBytes().
 *
 * Context: May sleep.
 * Return: as iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_buffer_with_bytes(const void *bytes, size_t length,
					     u32 direction, bool contiguous)
{
	struct iokmem_desc *desc;

	desc = iokmem_buffer_with_capacity(length, direction, contiguous);
	if (IS_ERR(desc))
		return desc;
	memcpy(iokmem_buffer_get_bytes_no_copy(desc), bytes, length);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_with_bytes, IOKMEM);

/**
 * iokmem_buffer_get_capacity - how long a buffer can be
 * @desc: the buffer
 *
 * Follows IOBufferMemoryDescriptor::getCapacity().
 *
 * Context: Any.
 * Return: the capacity in bytes, as asked for.
 */
size_t iokmem_buffer_get_capacity(const struct iokmem_desc *desc)
{
	return desc->capacity;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_capacity, IOKMEM);

/**
 * iokmem_buffer_set_length - change the length of a buffer
 * @desc: the buffer
 * @length: in bytes, at most the capacity; 0 is allowed
 *
 * Follows IOBufferMemoryDescriptor::setLength(). Maps that exist stay as they
 * are, and so does the memory.
 *
 * Context: May sleep.
 * Return: 0, or -EINVAL when @length is more than the capacity.
 */
int iokmem_buffer_set_length(struct iokmem_desc *desc, size_t length)
{
	if (length > desc->capacity)
		return -EINVAL;

	mutex_lock(&desc->lock);
	WRITE_ONCE(desc->length, length);
	mutex_unlock(&desc->lock);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_set_length, IOKMEM);

/**
 * iokmem_buffer_set_direction - change the direction of a buffer
 * @desc: the buffer
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOBufferMemoryDescriptor::setDirection().
 *
 * Context: Any.
 * Return: 0, or -EOPNOTSUPP when @direction has other bits.
 */
int iokmem_buffer_set_direction(struct iokmem_desc *desc, u32 direction)
{
	if (direction & ~IOKMEM_DIRECTION_MASK)
		return -EOPNOTSUPP;

	WRITE_ONCE(desc->direction, direction);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_set_direction, IOKMEM);

/**
 * iokmem_buffer_get_bytes_no_copy - where the kernel sees a buffer
 * @desc: a buffer
 *
 * Follows IOBufferMemoryDescriptor::getBytesNoCopy(). Good as long as the caller
 * has a reference to @desc.
 *
 * Context: Any.
 * Return: the address of the first byte, which never faults; NULL if the buffer
 * was not made for IOKMEM_KERNEL_TASK: iokmem_desc_map() maps any.
 */
void *iokmem_buffer_get_bytes_no_copy(struct iokmem_desc *desc)
{
	if (!desc->home || desc->home->mm)
		return NULL;
	return (void *)desc->home->start;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_bytes_no_copy, IOKMEM);

/**
 * iokmem_buffer_get_bytes_no_copy_range - where the kernel sees part of a buffer
 * @desc: a buffer
 * @start: first byte
 * @length: how many bytes
 *
 * Follows IOBufferMemoryDescriptor::getBytesNoCopy(start, withLength).
 *
 * Context: Any.
 * Return: the address of byte @start; NULL as for
 * iokmem_buffer_get_bytes_no_copy(), or when @start is not before the buffer's
 * length or the range passes it.
 */
void *iokmem_buffer_get_bytes_no_copy_range(struct iokmem_desc *desc,
					    size_t start, size_t length)
{
	void *bytes = iokmem_buffer_get_bytes_no_copy(desc);
	size_t whole = iokmem_desc_get_length(desc);

	if (!bytes || start >= whole || length > whole - start)
		return NULL;
	return bytes + start;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_bytes_no_copy_range, IOKMEM);

/**
 * iokmem_buffer_get_address - where the task that a buffer was made for sees it
 * @desc: a buffer
 *
 * Context: Any.
 * Return: the address of the first byte in that task, or in the kernel; 0 if the
 * buffer was made for nobody, or the task has unmapped it or exited.
 */
unsigned long iokmem_buffer_get_address(struct iokmem_desc *desc)
{
	return desc->home ? iokmem_map_get_address(desc->home) : 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_address, IOKMEM);

/* Copy into the memory, by the addresses that the kernel has for all of it. */
static void copy_in(struct iokmem_desc *desc, size_t offset, const void *bytes,
		    size_t length)
{
	while (length) {
		struct iokmem_run run =
			iokmem_extents_lookup(&desc->extents, offset >> PAGE_SHIFT);
		size_t in_page = offset_in_page(offset);
		size_t n = min(length, (run.nr << PAGE_SHIFT) - in_page);

		memcpy(page_address(pfn_to_page(run.pfn)) + in_page, bytes, n);
		offset += n;
		bytes += n;
		length -= n;
	}
}

/**
 * iokmem_buffer_append_bytes - add bytes at the end of a buffer
 * @desc: the buffer, whosever it is
 * @bytes: to be copied
 * @length: how many
 *
 * Follows IOBufferMemoryDescriptor::appendBytes(), but does not cut @bytes short
 * to what the capacity has room for.
 *
 * Context: May sleep.
 * Return: 0; the buffer is @length bytes longer. Or -ENOSPC: the capacity has
 * not that much room, and nothing has changed.
 */
int iokmem_buffer_append_bytes(struct iokmem_desc *desc, const void *bytes,
			       size_t length)
{
	int err = 0;

	mutex_lock(&desc->lock);
	if (length > desc->capacity - desc->length) {
		err = -ENOSPC;
	} else {
		copy_in(desc, desc->length, bytes, length);
		WRITE_ONCE(desc->length, desc->length + length);
	}
	mutex_unlock(&desc->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_append_bytes, IOKMEM);
