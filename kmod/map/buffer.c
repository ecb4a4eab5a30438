// SPDX-License-Identifier: GPL-2.0
/*
 * Buffer descriptors: descriptors that allocate their memory
 * (IOBufferMemoryDescriptor).
 *
 * A buffer that is made for a task has a *home mapping* there, until its last user puts it.
 * No map of the home mapping has to be in use, so the mapping does not keep the buffer
 * open.
 */
#include <linux/cpuset.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>

#include <kunit/visibility.h>

#include "desc/desc.h"
#include "map/buffer.h"
#include "map/map.h"
#include "memory/memory.h"
#include "page/address_space.h"
#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/pages.h"

#define IOKMEM_BUFFER_OPTIONS	(IOKMEM_DIRECTION_MASK | IOKMEM_MAP_CACHE_MASK | \
				 IOKMEM_PHYSICALLY_CONTIGUOUS | IOKMEM_PAGEABLE | \
				 IOKMEM_PURGEABLE | IOKMEM_KERNEL_USER_SHARED)

/* Check the options that only wired memory, or only pageable memory, can have. */
static int check_options(const struct iokmem_buffer_args *args)
{
	u32 options = args->options;

	if (options & ~IOKMEM_BUFFER_OPTIONS)
		return -EOPNOTSUPP;
	/* The mapping of pageable memory comes and goes. */
	if (args->guards && (!args->task || (options & IOKMEM_PAGEABLE)))
		return -EINVAL;
	if (!(options & IOKMEM_PAGEABLE))
		return options & IOKMEM_PURGEABLE ? -EINVAL : 0;
	/* Pageable memory has no fixed place that could be contiguous, limited or aligned. */
	if ((options & IOKMEM_PHYSICALLY_CONTIGUOUS) || args->physical_mask ||
	    args->alignment > PAGE_SIZE)
		return -EINVAL;
	return 0;
}

static int check_size(const struct iokmem_buffer_args *args)
{
	if (!args->capacity)
		return -EINVAL;
	if (args->capacity > SIZE_MAX - (PAGE_SIZE - 1))
		return -EOVERFLOW;
	if (args->alignment && !is_power_of_2(args->alignment))
		return -EINVAL;
	/* Only page 0 has such an alignment, and it is in use. */
	if (args->alignment > PAGE_SIZE &&
	    args->alignment >> PAGE_SHIFT >= iokmem_highest_pfn())
		return -ERANGE;
	return 0;
}

/* Check the node, which has to have memory that the caller's cpuset allows. */
static int check_node(const struct iokmem_buffer_args *args)
{
	u32 nid = args->node - 1;

	if (!args->node)
		return 0;
	if ((args->options & IOKMEM_PAGEABLE) || nid >= MAX_NUMNODES ||
	    !node_state(nid, N_MEMORY) || !node_isset(nid, cpuset_current_mems_allowed))
		return -EINVAL;
	return 0;
}

/*
 * Apply a mask of the bits that physical addresses may have; 0: no mask. The zeroes above
 * its ones limit the addresses. The zeroes below are the alignment; as in IOKit, an
 * alignment of more than a page makes the memory contiguous.
 */
static int apply_mask(struct iokmem_pages_request *request, u64 mask)
{
	u64 low = mask & -mask, highest = mask | (low - 1);

	if (!mask)
		return 0;
	if (highest & (highest + 1))
		return -EINVAL;
	if (low > PAGE_SIZE) {
		request->align_order = max_t(unsigned int, request->align_order,
					     ilog2(low) - PAGE_SHIFT);
		request->contiguous = true;
	}
	if (highest != U64_MAX)
		request->end_pfn = (highest + 1) >> PAGE_SHIFT;
	/* Nothing fits, since page 0 is in use. */
	if (request->nr >= request->end_pfn ||
	    1UL << request->align_order >= iokmem_highest_pfn())
		return -ERANGE;
	return 0;
}

/*
 * Check that a program may have memory at such a place. There is little memory at some places,
 * and others may need it, such as drivers.
 */
static int check_place(const struct iokmem_pages_request *request)
{
	bool scarce = request->align_order > IOKMEM_BLOCK_ORDER ||
		      request->end_pfn <= PHYS_PFN(SZ_4G) ||
		      request->end_pfn < iokmem_highest_pfn();

	return scarce && !iokmem_payer_capable(request->payer, CAP_SYS_ADMIN) ? -EPERM : 0;
}

/*
 * Take, and charge for, all of the block that the alignment asks for. With a buffer in it, the
 * block would be of no use to those who need one that large, although its rest would be free.
 */
static void take_block(struct iokmem_pages_request *request)
{
	if (request->payer->cred && request->align_order <= IOKMEM_BLOCK_ORDER)
		request->nr = max(request->nr, 1UL << request->align_order);
}

static struct iokmem_desc *create_wired(const struct iokmem_buffer_args *args,
					u32 cache_mode,
					const struct iokmem_payer *payer)
{
	size_t alignment = args->alignment ? args->alignment : 1;
	struct iokmem_pages_request request = {
		.nr = PAGE_ALIGN(args->capacity) >> PAGE_SHIFT,
		.align_order = get_order(alignment),
		.end_pfn = ULONG_MAX,
		.nid = args->node ? args->node - 1 : NUMA_NO_NODE,
		.contiguous = args->options & IOKMEM_PHYSICALLY_CONTIGUOUS,
		.cache_mode = cache_mode,
		.payer = payer,
		.gfp = payer->cred ? GFP_KERNEL_ACCOUNT : GFP_KERNEL,
		.deadline = jiffies + IOKMEM_CONTIG_SEARCH,
	};
	struct iokmem_charge charge = {};
	struct iokmem_desc *desc;
	int err;

	err = apply_mask(&request, args->physical_mask);
	if (!err && args->charge)
		err = check_place(&request);
	if (err)
		return ERR_PTR(err);
	take_block(&request);
	err = iokmem_charge(&charge, payer, request.nr);
	if (err)
		return ERR_PTR(err);
	if (request.align_order)
		alignment = PAGE_SIZE << request.align_order;
	desc = iokmem_wired_create(args->capacity, alignment, &request);
	if (IS_ERR(desc))
		iokmem_uncharge(&charge);
	else
		desc->charge = charge;
	return desc;
}

static struct iokmem_desc *create_pageable(const struct iokmem_buffer_args *args,
					   const struct iokmem_payer *payer)
{
	struct iokmem_desc *desc;

	desc = iokmem_pageable_create(args->capacity,
				      args->options & IOKMEM_PURGEABLE,
				      args->charge, payer);
	if (IS_ERR(desc))
		return desc;
	desc->alignment = args->alignment ? args->alignment : 1;
	desc->kernel_home = args->task == IOKMEM_KERNEL_TASK;
	return desc;
}

/* Map all of a buffer into the task that it is made for. */
static int open_home(struct iokmem_desc *desc, struct task_struct *task, u32 guards)
{
	struct iokmem_map_request request = {
		.task = task,
		.options = IOKMEM_MAP_ANYWHERE | guards,
		.desc = desc,
		.length = desc->capacity,
	};
	struct iokmem_map *map;

	request.mm = iokmem_task_mm(task);
	if (IS_ERR(request.mm))
		return PTR_ERR(request.mm);
	map = iokmem_map_obtain(&request);
	if (request.mm)
		mmput(request.mm);
	if (IS_ERR(map))
		return PTR_ERR(map);
	mutex_lock(&desc->lock);
	kref_get(&map->mapping->count);
	desc->home = map->mapping;
	if (!map->mapping->mm)
		WRITE_ONCE(desc->bytes, (void *)iokmem_map_get_address(map));
	mutex_unlock(&desc->lock);
	iokmem_map_drop(map, false);
	return 0;
}

static int open_kernel_home(struct iokmem_desc *desc)
{
	return open_home(desc, IOKMEM_KERNEL_TASK, 0);
}

/* Put the home mapping, and kill it unless maps of it are in use. */
static void close_home(struct iokmem_desc *desc)
{
	struct iokmem_mapping *mapping;
	bool ends;

	mutex_lock(&desc->lock);
	mapping = desc->home;
	desc->home = NULL;
	WRITE_ONCE(desc->bytes, NULL);
	ends = mapping && !mapping->nr_used && iokmem_mapping_kill(mapping);
	mutex_unlock(&desc->lock);

	if (ends)
		iokmem_mapping_end(mapping, false);
	if (mapping)
		iokmem_mapping_put(mapping);
}

/* The kernel's map of all memory has the mode of the memory, as far as it can have it. */
static bool home_follows(const struct iokmem_desc *desc, u32 cache_mode)
{
	const struct iokmem_mapping *home = desc->home;

	lockdep_assert_held(&desc->lock);

	return home && !home->mm && home->borrowed && !home->nr_used &&
	       iokmem_cache_in_direct_map(cache_mode);
}

static const struct iokmem_home_ops home_ops = {
	.open		= open_kernel_home,
	.close		= close_home,
	.follows	= home_follows,
};

/*
 * Publish a new buffer, and map it into the task that it is made for, unless that is NULL.
 * Takes over the caller's reference. Return the buffer or an error.
 */
static struct iokmem_desc *publish(struct iokmem_desc *desc, u32 options,
				   struct task_struct *task, u32 guards)
{
	int err = 0;

	desc->options = options;
	desc->direction = options & IOKMEM_DIRECTION_MASK;
	desc->home_ops = &home_ops;
	iokmem_desc_publish(desc);
	if (task && !desc->kernel_home)
		err = open_home(desc, task, guards);
	if (!err)
		return desc;
	iokmem_desc_put(desc);
	return ERR_PTR(err);
}

static struct iokmem_desc *create_charged(const struct iokmem_buffer_args *args,
					  u32 cache_mode,
					  const struct iokmem_payer *payer)
{
	struct mem_cgroup *old = iokmem_payer_enter(payer);
	struct iokmem_desc *desc;

	desc = args->options & IOKMEM_PAGEABLE ? create_pageable(args, payer) :
						 create_wired(args, cache_mode, payer);
	if (!IS_ERR(desc))
		desc = publish(desc, args->options, args->task, args->guards);
	iokmem_payer_leave(payer, old);
	return desc;
}

/* Pageable memory of a program is charged to those who touch and hold it. */
static int find_payer(struct iokmem_payer *payer, const struct iokmem_buffer_args *args)
{
	if (!args->charge || args->options & IOKMEM_PAGEABLE)
		return iokmem_payer_init(payer, args->payer);
	iokmem_payer_current(payer);
	return 0;
}

/*
 * iokmem_buffer_create - create a buffer, for all factories
 *
 * Return a descriptor, of which the caller owns the reference, or an error.
 */
struct iokmem_desc *iokmem_buffer_create(const struct iokmem_buffer_args *args)
{
	bool pageable = args->options & IOKMEM_PAGEABLE;
	struct iokmem_payer payer;
	struct iokmem_desc *desc;
	u32 cache_mode;
	int err;

	err = check_options(args);
	if (!err)
		err = check_size(args);
	if (!err)
		err = check_node(args);
	if (!err)
		err = (pageable ? iokmem_cache_resolve_fixed :
				  iokmem_cache_resolve_ram)
			(iokmem_cache_field(args->options), &cache_mode);
	if (!err)
		err = find_payer(&payer, args);
	if (err)
		return ERR_PTR(err);

	desc = create_charged(args, cache_mode, &payer);
	iokmem_payer_fini(&payer);
	return desc;
}
EXPORT_SYMBOL_IF_KUNIT(iokmem_buffer_create);

/**
 * iokmem_buffer_in_task_with_options - make a buffer
 * @task: a user task that the caller has a reference to, into which the buffer is mapped;
 *	or IOKMEM_KERNEL_TASK; or NULL, and the buffer is mapped nowhere
 * @options: a direction, a cache mode, %IOKMEM_PHYSICALLY_CONTIGUOUS,
 *	%IOKMEM_PAGEABLE, %IOKMEM_PURGEABLE, %IOKMEM_KERNEL_USER_SHARED
 * @capacity: in bytes, at least 1
 * @alignment: of the first byte, in bytes: in memory, and wherever the whole
 *	buffer is mapped at an address of the kernel's choice. A power of two; more
 *	than a block of the page allocator (4 MiB on most machines) makes the memory
 *	contiguous. 0 and 1 mean no alignment.
 *
 * Follows IOBufferMemoryDescriptor::inTaskWithOptions(). The memory is zero up to
 * the end of its last page. The length is the capacity, exactly as asked for.
 *
 * Memory is wired unless @options have %IOKMEM_PAGEABLE. Pageable memory that is made for
 * the kernel is mapped there only while it is prepared. Pageable memory stays in memory
 * while the kernel maps it.
 *
 * Nobody is charged for the memory, except that pages of pageable memory are charged to the
 * memory cgroup of the task that touches them first. See iokmem_buffer_charged_to().
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: a descriptor, of which the caller owns the reference; or ERR_PTR():
 *
 * * -EOPNOTSUPP: an option is unknown; a cache mode is unknown, or not provided for this
 *   memory
 * * -EINVAL: @capacity is 0, @alignment is not a power of two, @task is a kernel
 *   thread, purgeable memory is not pageable, or pageable memory is to be
 *   contiguous or aligned to more than a page
 * * -EOVERFLOW: @capacity cannot be rounded to pages
 * * -ERANGE: no memory can have so large an @alignment
 * * -ESRCH: @task has exited
 * * -ENOMEM: no memory, or no room in the task's address space
 * * -EINTR: a fatal signal arrived
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
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_in_task_with_options, IOKMEM_NS);

/**
 * iokmem_buffer_in_task_with_physical_mask - make a buffer that a device can reach
 * @task: as for iokmem_buffer_in_task_with_options()
 * @options: as for iokmem_buffer_in_task_with_options(), but not %IOKMEM_PAGEABLE
 * @capacity: in bytes, at least 1
 * @physical_mask: which bits the physical address of a byte may have; 0: any. The ones
 *	must be contiguous. The zeroes above them limit the address, the zeroes below are
 *	the alignment. If the alignment is more than a page, the memory is contiguous.
 *
 * Follows IOBufferMemoryDescriptor::inTaskWithPhysicalMask().
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: like iokmem_buffer_in_task_with_options(); also -EINVAL if the ones of
 * @physical_mask are not contiguous, and -ERANGE if no memory fits it.
 */
struct iokmem_desc *
iokmem_buffer_in_task_with_physical_mask(struct task_struct *task, u32 options,
					 size_t capacity, u64 physical_mask)
{
	struct iokmem_buffer_args args = {
		.task = task,
		.options = options,
		.capacity = capacity,
		.physical_mask = physical_mask,
	};

	return iokmem_buffer_create(&args);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_in_task_with_physical_mask, IOKMEM_NS);

/**
 * iokmem_buffer_charged_to - make a buffer that a task is charged for
 * @payer: the task, which the caller has a reference to; NULL or IOKMEM_KERNEL_TASK: nobody
 *	is charged, as with the other functions that make buffers
 * @task: as for iokmem_buffer_in_task_with_options(); need not be @payer
 * @options: as for iokmem_buffer_in_task_with_options()
 * @capacity: in bytes, at least 1
 * @alignment: as for iokmem_buffer_in_task_with_options()
 * @physical_mask: as for iokmem_buffer_in_task_with_physical_mask(); 0: any
 *
 * For a driver that allocates for a client: the client's limits apply as if it had made the
 * buffer through /dev/iokmem. In IOKit, IOMemoryDescriptor::setOwnership() names the owner of
 * memory that exists; the kernel cannot move a charge to another memory cgroup.
 *
 * The memory cgroup of @payer is charged for all memory: the pages, and what the module
 * allocates to describe them. The user of @payer is charged for wired memory, as long as the
 * memory exists, and its RLIMIT_MEMLOCK applies unless it has CAP_IPC_LOCK. An alignment of more
 * than @capacity takes, and is charged as, a block of that size, up to a huge page. Pages of
 * pageable memory are charged to the cgroup when they are first touched, whoever touches them, and
 * to the user while the memory is prepared, or otherwise kept in memory. The charge, the limit and
 * the capabilities are those that @payer has now, whether it exits or not.
 *
 * The tables and the records of a map that is made later are charged to the task that makes
 * the map. In a memory cgroup's shortage, volatile memory that is charged to it is emptied.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: like iokmem_buffer_in_task_with_options() and
 * iokmem_buffer_in_task_with_physical_mask(); also:
 *
 * * -EPERM: wired memory exceeds the RLIMIT_MEMLOCK of @payer
 * * -EACCES: memory that is contiguous, or aligned, over more than a block of the page
 *   allocator (4 MiB on most machines), that can be charged to a cgroup was not found, and
 *   @payer has no CAP_SYS_ADMIN
 * * -ESRCH: @payer has exited
 * * -EINVAL: @payer is a kernel thread
 */
struct iokmem_desc *
iokmem_buffer_charged_to(struct task_struct *payer, struct task_struct *task, u32 options,
			 size_t capacity, size_t alignment, u64 physical_mask)
{
	struct iokmem_buffer_args args = {
		.payer = payer,
		.task = task,
		.options = options,
		.capacity = capacity,
		.alignment = alignment,
		.physical_mask = physical_mask,
	};

	return iokmem_buffer_create(&args);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_charged_to, IOKMEM_NS);

/**
 * iokmem_buffer_in_task_on_node - make a buffer on a NUMA node
 * @task: as for iokmem_buffer_in_task_with_options()
 * @options: as for iokmem_buffer_in_task_with_options(), but not %IOKMEM_PAGEABLE
 * @capacity: in bytes, at least 1
 * @alignment: as for iokmem_buffer_in_task_with_options()
 * @nid: the node that all of the memory has to be on, such as dev_to_node() returns; or
 *	%NUMA_NO_NODE, and the memory is where the calling task's memory policy and cpuset say
 *
 * IOKit has nothing like it.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: like iokmem_buffer_in_task_with_options(); also -EINVAL if node @nid has no memory,
 * or the calling task's cpuset forbids it. If the node has too little memory, -ENOMEM.
 */
struct iokmem_desc *
iokmem_buffer_in_task_on_node(struct task_struct *task, u32 options, size_t capacity,
			      size_t alignment, int nid)
{
	struct iokmem_buffer_args args = {
		.task = task,
		.options = options,
		.capacity = capacity,
		.alignment = alignment,
		/* NUMA_NO_NODE becomes 0, and any other negative number one of no node. */
		.node = (u32)nid + 1,
	};

	return iokmem_buffer_create(&args);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_in_task_on_node, IOKMEM_NS);

/**
 * iokmem_buffer_with_options - make a buffer for the kernel
 * @options: as for iokmem_buffer_in_task_with_options()
 * @capacity: in bytes, at least 1
 * @alignment: in bytes; 0 and 1 mean no alignment
 *
 * Follows IOBufferMemoryDescriptor::withOptions().
 *
 * Context: May sleep.
 * Return: like iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_buffer_with_options(u32 options, size_t capacity,
					       size_t alignment)
{
	return iokmem_buffer_in_task_with_options(IOKMEM_KERNEL_TASK, options,
						  capacity, alignment);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_with_options, IOKMEM_NS);

/**
 * iokmem_buffer_with_capacity - make a buffer for the kernel
 * @capacity: in bytes, at least 1
 * @direction: IOKMEM_DIRECTION_*
 * @contiguous: physically contiguous, and aligned to its size
 *
 * Follows IOBufferMemoryDescriptor::withCapacity().
 *
 * Context: May sleep.
 * Return: like iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_buffer_with_capacity(size_t capacity, u32 direction,
						bool contiguous)
{
	size_t alignment = 0;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	if (contiguous) {
		direction |= IOKMEM_PHYSICALLY_CONTIGUOUS;
		if (capacity && capacity <= SIZE_MAX / 2)
			alignment = roundup_pow_of_two(capacity);
	}
	return iokmem_buffer_with_options(direction, capacity, alignment);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_with_capacity, IOKMEM_NS);

/**
 * iokmem_buffer_with_bytes - make a buffer for the kernel, with these contents
 * @bytes: the bytes to copy into the buffer
 * @length: number of bytes, at least 1
 * @direction: IOKMEM_DIRECTION_*
 * @contiguous: physically contiguous
 *
 * Follows IOBufferMemoryDescriptor::withBytes().
 *
 * Context: May sleep.
 * Return: like iokmem_buffer_in_task_with_options().
 */
struct iokmem_desc *iokmem_buffer_with_bytes(const void *bytes, size_t length,
					     u32 direction, bool contiguous)
{
	struct iokmem_desc *desc;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	if (contiguous)
		direction |= IOKMEM_PHYSICALLY_CONTIGUOUS;
	desc = iokmem_buffer_with_options(direction, length, 0);
	if (IS_ERR(desc))
		return desc;
	memcpy(iokmem_buffer_get_bytes_no_copy(desc), bytes, length);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_with_bytes, IOKMEM_NS);

/**
 * iokmem_buffer_coherent - make a buffer that a device sees as the CPU does
 * @dev: the device, with its DMA masks set, bound to the caller's driver
 * @options: a direction, %IOKMEM_KERNEL_USER_SHARED
 * @capacity: in bytes, at least 1
 *
 * The buffer is made for the kernel; iokmem_buffer_get_bytes_no_copy() returns its address.
 * The memory is zero, contiguous for the device, and below its coherent mask. The DMA API
 * chooses the cache mode; iokmem_desc_get_cache_mode() returns it. In IOKit an IODMACommand
 * serves this purpose.
 *
 * The memory is the device's: when its driver leaves the device, after the driver's remove(),
 * the buffer is revoked and the memory given back: see iokmem_desc_revoke(). References and
 * maps may be put later.
 *
 * Context: May sleep.
 * Return: a descriptor, of which the caller owns the reference; or ERR_PTR():
 *
 * * -EOPNOTSUPP: another option, or any cache mode
 * * -EINVAL: @capacity is 0
 * * -EOVERFLOW: @capacity cannot be rounded to pages
 * * -ENOMEM: no memory, or none below the device's mask
 * * -ENODEV: the driver is leaving the device, or a PCI device has no driver
 */
struct iokmem_desc *iokmem_buffer_coherent(struct device *dev, u32 options,
					   size_t capacity)
{
	struct iokmem_desc *desc;

	if (options & ~(IOKMEM_DIRECTION_MASK | IOKMEM_KERNEL_USER_SHARED))
		return ERR_PTR(-EOPNOTSUPP);
	if (!capacity)
		return ERR_PTR(-EINVAL);
	if (capacity > SIZE_MAX - (PAGE_SIZE - 1))
		return ERR_PTR(-EOVERFLOW);

	desc = iokmem_coherent_create(dev, capacity);
	if (IS_ERR(desc))
		return desc;
	return publish(desc, options, IOKMEM_KERNEL_TASK, 0);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_coherent, IOKMEM_NS);

/**
 * iokmem_buffer_get_capacity - return the capacity of a buffer
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
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_capacity, IOKMEM_NS);

/**
 * iokmem_buffer_set_length - change the length of a buffer
 * @desc: the buffer
 * @length: in bytes, at most the capacity; 0 is allowed
 *
 * Follows IOBufferMemoryDescriptor::setLength(). Neither the memory nor the maps that
 * exist change.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL when @length is more than the capacity; -EOPNOTSUPP when @desc is
 * not a buffer; -EINTR when a fatal signal arrived.
 */
int iokmem_buffer_set_length(struct iokmem_desc *desc, size_t length)
{
	if (!iokmem_desc_is_buffer(desc))
		return -EOPNOTSUPP;
	if (length > desc->capacity)
		return -EINVAL;

	if (mutex_lock_killable(&desc->length_lock))
		return -EINTR;
	WRITE_ONCE(desc->length, length);
	mutex_unlock(&desc->length_lock);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_set_length, IOKMEM_NS);

/**
 * iokmem_buffer_set_direction - change the direction of a buffer
 * @desc: the buffer
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOBufferMemoryDescriptor::setDirection().
 *
 * Context: Any.
 * Return: 0, or -EOPNOTSUPP when @direction has other bits, or @desc is not a buffer.
 */
int iokmem_buffer_set_direction(struct iokmem_desc *desc, u32 direction)
{
	if (!iokmem_desc_is_buffer(desc) || (direction & ~IOKMEM_DIRECTION_MASK))
		return -EOPNOTSUPP;

	WRITE_ONCE(desc->direction, direction);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_set_direction, IOKMEM_NS);

/**
 * iokmem_buffer_get_bytes_no_copy - return the address of a buffer in the kernel
 * @desc: a buffer
 *
 * Follows IOBufferMemoryDescriptor::getBytesNoCopy(). The address is valid as long as the
 * caller has a reference to @desc. That of a pageable buffer is valid only while the buffer
 * is prepared.
 *
 * Context: Any.
 * Return: the address of the first byte, which never faults; NULL if the buffer was not
 * made for IOKMEM_KERNEL_TASK, or is pageable and not prepared. iokmem_desc_map() can map
 * any buffer into the kernel.
 */
void *iokmem_buffer_get_bytes_no_copy(struct iokmem_desc *desc)
{
	return READ_ONCE(desc->bytes);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_bytes_no_copy, IOKMEM_NS);

/**
 * iokmem_buffer_get_bytes_no_copy_range - return the address of part of a buffer
 * @desc: a buffer
 * @start: offset of the first byte, in bytes
 * @length: in bytes
 *
 * Follows IOBufferMemoryDescriptor::getBytesNoCopy(start, withLength).
 *
 * Context: Any.
 * Return: the address of byte @start in the kernel; NULL where
 * iokmem_buffer_get_bytes_no_copy() returns NULL, and when @start is not before the end of
 * the buffer's length or the range passes it.
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
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_bytes_no_copy_range, IOKMEM_NS);

/**
 * iokmem_buffer_get_address - return the address of a buffer in the task it was made for
 * @desc: a buffer
 *
 * Context: Any.
 * Return: the address of the first byte in that task, or in the kernel; 0 if the buffer was
 * made for no task, if the task has unmapped it or exited, or if it is pageable memory made
 * for the kernel and is not prepared.
 */
unsigned long iokmem_buffer_get_address(struct iokmem_desc *desc)
{
	unsigned long address = (unsigned long)READ_ONCE(desc->bytes);

	if (address || desc->kernel_home || !desc->home)
		return address;
	return READ_ONCE(desc->home->address);
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_get_address, IOKMEM_NS);

/**
 * iokmem_buffer_append_bytes - add bytes at the end of a buffer
 * @desc: the buffer, whatever task it was made for
 * @bytes: the bytes to copy
 * @length: number of bytes
 *
 * Follows IOBufferMemoryDescriptor::appendBytes(), but copies all bytes or none: @bytes
 * are not cut short to the room that the capacity has left.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: 0, and the buffer is @length bytes longer; or a negative error, after which
 * nothing has changed:
 *
 * * -ENOSPC: the capacity has too little room
 * * -EOPNOTSUPP: @desc is not a buffer
 * * -ENOMEM, -EIO: pageable memory could not be brought in
 * * -EAGAIN: purgeable memory was emptied again and again while it was brought in
 * * -EIO: the hardware has lost some of the memory
 * * -EINTR: a fatal signal arrived
 */
int iokmem_buffer_append_bytes(struct iokmem_desc *desc, const void *bytes,
			       size_t length)
{
	int err = 0;

	if (!iokmem_desc_is_buffer(desc))
		return -EOPNOTSUPP;

	if (mutex_lock_killable(&desc->length_lock))
		return -EINTR;
	if (length > desc->capacity - desc->length)
		err = -ENOSPC;
	else if (length)
		/* A write to memory does not change @bytes, so the cast is safe. */
		err = iokmem_desc_access(desc, desc->length, (void *)bytes, length, true);
	if (!err)
		WRITE_ONCE(desc->length, desc->length + length);
	mutex_unlock(&desc->length_lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_buffer_append_bytes, IOKMEM_NS);
