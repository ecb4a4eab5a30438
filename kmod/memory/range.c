// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of addresses: memory that exists already, in a user task or in the kernel.
 *
 * A user range is pinned for a long time (FOLL_LONGTERM) while it is held. The task may
 * then unmap it, fork or exit: the frames stay. The caller must keep a kernel range until
 * every preparation and map of it has ended.
 *
 * Anonymous memory belongs to one address space, and the kernel must not find it in the
 * page tables of another. So it can be mapped into the kernel, and "mapped" into its own
 * task, where it is already, but into no other task. Shared memory and pages of files can
 * be mapped into any task. Kernel memory can be shown to user tasks if it has whole pages
 * that can be counted; slab objects cannot. Pages that are shown stay if their owner frees them
 * by mistake. Of a block that the page allocator gave as one, the first page has the only count:
 * if the block is not compound, only that page stays.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "page/address_space.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/frame.h"

#define IOKMEM_RANGE_OPTIONS	(IOKMEM_DIRECTION_MASK | IOKMEM_PERSISTENT)

/**
 * struct iokmem_range - a descriptor of a range of addresses
 * @desc: the descriptor; its extents are the frames while they are held
 * @mm: the address space, kept as an object only (mmgrab()); NULL: the kernel's
 * @address: of the first byte
 * @shareable: other user tasks may see the frames that are held
 * @counted: the pages that have been given a reference for a kernel range's frames, one for
 *	each; or NULL
 */
struct iokmem_range {
	struct iokmem_desc desc;
	struct mm_struct *mm;
	unsigned long address;
	bool shareable;			/* protected by hold_lock of @desc; holders may read it */
	struct page **counted;		/* protected by hold_lock of @desc */
};

static struct iokmem_range *range_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_range, desc);
}

/* Find out why the page at @address could not be pinned. */
static int why_not(struct mm_struct *mm, unsigned long address, bool write)
{
	struct vm_area_struct *vma;
	int err = -EOPNOTSUPP;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, address);
	if (!vma)
		err = -EFAULT;
	else if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		err = -EACCES;
	mmap_read_unlock(mm);
	return err;
}

static int pin_pages(struct iokmem_range *range, struct page **pages,
		     unsigned long nr, bool write, unsigned long *pinned)
{
	unsigned long start = range->address & PAGE_MASK;
	long got;

	while (*pinned < nr) {
		unsigned long address = start + *pinned * PAGE_SIZE;

		if (fatal_signal_pending(current))
			return -EINTR;
		got = iokmem_pin_remote(range->mm, address,
					min(nr - *pinned, 512UL), write,
					pages + *pinned);
		if (got == -EFAULT || !got)
			return why_not(range->mm, address, write);
		if (got < 0)
			return got;
		*pinned += got;
		cond_resched();
	}
	return 0;
}

static bool none_is_anonymous(struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (PageAnon(pages[i]))
			return false;
	return true;
}

/**
 * struct brought - a range that has been pinned, and is not held yet
 * @extents: the frames
 * @shareable: other user tasks may see the frames
 * @counted: as in struct iokmem_range
 * @write: the frames are pinned for writing
 */
struct brought {
	struct iokmem_extents extents;
	bool shareable;
	struct page **counted;
	bool write;
};

static int pin_user_pages_of(struct iokmem_range *range, struct brought *brought,
			     struct page **pages, unsigned long nr)
{
	unsigned long pinned = 0;
	int err;

	if (!mmget_not_zero(range->mm))
		return -ESRCH;
	err = pin_pages(range, pages, nr, brought->write, &pinned);
	mmput(range->mm);
	if (!err)
		err = iokmem_extents_from_pages(&brought->extents, pages, nr);
	if (err)
		unpin_user_pages(pages, pinned);
	else
		brought->shareable = none_is_anonymous(pages, nr);
	return err;
}

static int pin_user(struct iokmem_range *range, struct brought *brought, unsigned long nr)
{
	struct page **pages;
	int err;

	pages = iokmem_kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	err = pages ? pin_user_pages_of(range, brought, pages, nr) : -ENOMEM;
	kvfree(pages);
	return err;
}

/*
 * Return the page that has the count of a frame, or NULL. It is the first page of the block that
 * has the frame. The other pages have no count of their own. If the block is not compound it
 * begins with the first page that has one, among those that such a block can begin with.
 */
static struct page *counted_page(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	unsigned int order;

	if (page_count(page) || PageCompound(page))
		return compound_head(page);
	for (order = 1; order <= MAX_PAGE_ORDER; order++) {
		page = pfn_to_page(round_down(pfn, 1UL << order));
		if (page_count(page))
			return PageCompound(page) ? NULL : page;
	}
	return NULL;
}

/*
 * Put what count_frame() returned. Looking for the pages again could find others: the owner may
 * have freed the memory by mistake.
 */
static void put_counted(struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		put_page(pages[i]);
		cond_resched();
	}
	kvfree(pages);
}

/* Return the page that has the count of a frame, with a reference, or NULL. */
static struct page *count_frame(unsigned long pfn)
{
	struct page *page;

	if (PageSlab(compound_head(pfn_to_page(pfn))))
		return NULL;
	page = counted_page(pfn);
	return page && get_page_unless_zero(page) ? page : NULL;
}

/*
 * Take a reference for each of the @nr frames, or for none. Returns the pages, for
 * put_counted(), or NULL if they cannot all be counted, or ERR_PTR(-ENOMEM).
 */
static struct page **count_frames(const struct iokmem_extents *extents, unsigned long nr)
{
	struct iokmem_run run = {};
	struct page **pages;
	unsigned long i;

	pages = iokmem_kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++, run.pfn++, run.nr--) {
		if (!run.nr)
			run = iokmem_extents_lookup(extents, i);
		pages[i] = count_frame(run.pfn);
		if (!pages[i]) {
			put_counted(pages, i);
			return NULL;
		}
		cond_resched();
	}
	return pages;
}

static int pin_kernel(struct iokmem_range *range, struct brought *brought, unsigned long nr)
{
	struct iokmem_extents *extents = &brought->extents;
	struct page **pages;
	int err;

	err = iokmem_kernel_extents(extents, range->address & PAGE_MASK, nr, false);
	if (err)
		return err;
	pages = count_frames(extents, nr);
	if (IS_ERR(pages)) {
		iokmem_extents_fini(extents);
		return PTR_ERR(pages);
	}
	brought->counted = pages;
	brought->shareable = pages;
	return 0;
}

static void unpin(const struct iokmem_extents *extents, bool dirty)
{
	pgoff_t index, end = iokmem_extents_pages(extents);
	struct iokmem_run run;
	unsigned long nr;

	for (index = 0; index < end; index += nr) {
		run = iokmem_extents_lookup(extents, index);
		nr = min(run.nr, 512UL);
		unpin_user_page_range_dirty_lock(pfn_to_page(run.pfn), nr, dirty);
		cond_resched();
	}
}

static void put_brought(struct iokmem_range *range, struct iokmem_extents *extents,
			struct page **counted, bool dirty)
{
	if (range->mm)
		unpin(extents, dirty);
	if (counted)
		put_counted(counted, iokmem_extents_pages(extents));
	iokmem_extents_fini(extents);
}

/* The owner of the range decides how long this takes. */
static void *range_bring_in(struct iokmem_desc *desc, bool write)
{
	unsigned long nr = iokmem_desc_pages(desc);
	struct iokmem_range *range = range_of(desc);
	struct brought *brought;
	int err = 0;

	if (nr > totalram_pages())
		return ERR_PTR(-ENOMEM);
	brought = kzalloc(sizeof(*brought), GFP_KERNEL_ACCOUNT);
	if (!brought)
		return ERR_PTR(-ENOMEM);
	brought->write = write;
	if (nr)
		err = range->mm ? pin_user(range, brought, nr) : pin_kernel(range, brought, nr);
	if (!err)
		return brought;
	kfree(brought);
	return ERR_PTR(err);
}

static void range_let_go(struct iokmem_desc *desc, void *data)
{
	struct brought *brought = data;

	put_brought(range_of(desc), &brought->extents, brought->counted, false);
	kfree(brought);
}

static int range_pin(struct iokmem_desc *desc, bool write, void *data)
{
	struct iokmem_range *range = range_of(desc);
	struct brought *brought = data;

	lockdep_assert_held(&desc->hold_lock);

	iokmem_extents_move(&desc->extents, &brought->extents);
	range->shareable = brought->shareable;
	range->counted = brought->counted;
	WRITE_ONCE(desc->held_read_only, !write);
	kfree(brought);
	return 0;
}

static void range_unpin(struct iokmem_desc *desc)
{
	struct iokmem_range *range = range_of(desc);

	lockdep_assert_held(&desc->hold_lock);

	put_brought(range, &desc->extents, range->counted, !desc->held_read_only);
	range->counted = NULL;
	range->shareable = false;
}

static unsigned long range_kernel_address(const struct iokmem_desc *desc,
					  pgoff_t index, unsigned long nr)
{
	const struct iokmem_range *range = range_of(desc);

	if (range->mm)
		return 0;
	return (range->address & PAGE_MASK) + (index << PAGE_SHIFT);
}

static unsigned long range_task_address(const struct iokmem_desc *desc,
					const struct mm_struct *mm, size_t offset)
{
	const struct iokmem_range *range = range_of(desc);

	return range->mm == mm ? range->address + offset : 0;
}

static int range_may_map(const struct iokmem_desc *desc, bool user)
{
	return user && !range_of(desc)->shareable ? -EOPNOTSUPP : 0;
}

static void range_release(struct iokmem_desc *desc)
{
	struct iokmem_range *range = range_of(desc);

	if (range->mm)
		mmdrop(range->mm);
}

static const struct iokmem_store_ops range_store = {
	.bring_in	= range_bring_in,
	.let_go		= range_let_go,
	.pin		= range_pin,
	.unpin		= range_unpin,
};

static const struct iokmem_show_ops range_show = {
	.kernel_address	= range_kernel_address,
	.task_address	= range_task_address,
	.may_map	= range_may_map,
};

static const struct iokmem_kind iokmem_range_kind = {
	.name		= "range",
	.resolve	= iokmem_cache_resolve_fixed,
	.store		= &range_store,
	.show		= &range_show,
	.release	= range_release,
};

static int check_range(const struct mm_struct *mm, unsigned long address,
		       size_t length, u32 options)
{
	unsigned long end;

	if (options & ~IOKMEM_RANGE_OPTIONS)
		return -EOPNOTSUPP;
	if (check_add_overflow(address, length, &end) || end > PAGE_MASK)
		return -EOVERFLOW;
	if (mm && end > mm->task_size)
		return -EADDRNOTAVAIL;
	return 0;
}

/* Make a range. The caller keeps @mm. */
static struct iokmem_desc *range_create(struct mm_struct *mm,
					unsigned long address, size_t length,
					u32 options)
{
	struct iokmem_desc *desc;
	struct iokmem_range *range;
	int err;

	err = check_range(mm, address, length, options);
	if (err)
		return ERR_PTR(err);
	desc = iokmem_desc_alloc(&iokmem_range_kind, sizeof(*range), length);
	if (IS_ERR(desc))
		return desc;

	range = range_of(desc);
	range->mm = mm;
	if (mm)
		mmgrab(mm);
	range->address = address;
	desc->skew = offset_in_page(address);
	/* The frames of a user task's memory are pinned. */
	if (mm)
		desc->hold_pages = iokmem_desc_pages(desc);
	desc->options = options;
	desc->direction = options & IOKMEM_DIRECTION_MASK;
	iokmem_desc_publish(desc);

	/* A persistent range keeps the memory that it has now. */
	if (options & IOKMEM_PERSISTENT) {
		err = iokmem_desc_hold(desc, desc->direction != IOKMEM_DIRECTION_OUT,
				       &desc->birth_charge);
		desc->born_held = !err;
	}
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}

/**
 * iokmem_desc_with_address_range - describe memory that a task has already
 * @address: of the first byte
 * @length: in bytes; 0 is allowed
 * @options: IOKMEM_DIRECTION_*, %IOKMEM_PERSISTENT
 * @task: a user task that the caller keeps, or IOKMEM_KERNEL_TASK; or NULL:
 *	@address is a physical address
 *
 * Follows IOMemoryDescriptor::withAddressRange(). The range is not looked at until
 * it is prepared or mapped. With %IOKMEM_PERSISTENT it is prepared from the start. A
 * map keeps the memory prepared, for writing unless the map is read-only. Prepared
 * memory stays whatever the task does with the addresses.
 *
 * A range can be mapped into the kernel, and into its own task, where it is at the
 * addresses it has. It can be mapped into other user tasks only if it is shared
 * memory, pages of a file, or whole pages of the kernel's that are not of the slab
 * allocator.
 *
 * The memory of a kernel range is RAM and cached. The caller must keep it until all
 * maps and preparations have ended.
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EOPNOTSUPP: another option
 * * -EINVAL: @task is a kernel thread
 * * -ESRCH: @task has exited
 * * -EOVERFLOW: the range wraps around
 * * -EADDRNOTAVAIL: the range is outside of what the task can use
 * * -ENOMEM: no memory
 * * if persistent, the errors of iokmem_desc_prepare()
 * * if physical, the errors of iokmem_desc_with_physical_address()
 */
struct iokmem_desc *iokmem_desc_with_address_range(u64 address, size_t length,
						   u32 options,
						   struct task_struct *task)
{
	struct iokmem_desc *desc;
	struct mm_struct *mm;

	if (!task)
		return iokmem_desc_with_physical_address(address, length, options);

	mm = iokmem_task_mm(task);
	if (IS_ERR(mm))
		return ERR_CAST(mm);
	desc = range_create(mm, address, length, options);
	if (mm)
		mmput(mm);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_address_range, IOKMEM_NS);

/**
 * iokmem_desc_with_address - describe kernel memory, and prepare it
 * @address: of the first byte
 * @length: in bytes
 * @direction: IOKMEM_DIRECTION_*
 *
 * Follows IOMemoryDescriptor::withAddress().
 *
 * Context: May sleep.
 * Return: as iokmem_desc_with_address_range(); -EFAULT if there is no memory at an
 * address.
 */
struct iokmem_desc *iokmem_desc_with_address(void *address, size_t length,
					     u32 direction)
{
	struct iokmem_desc *desc;
	int err;

	if (direction & ~IOKMEM_DIRECTION_MASK)
		return ERR_PTR(-EOPNOTSUPP);
	desc = range_create(NULL, (unsigned long)address, length, direction);
	if (IS_ERR(desc))
		return desc;
	err = iokmem_desc_prepare(desc, IOKMEM_DIRECTION_NONE);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_address, IOKMEM_NS);

static bool same_frames(const struct iokmem_extents *a,
			const struct iokmem_extents *b)
{
	return a->nr == b->nr &&
	       !memcmp(a->array, b->array, array_size(a->nr, sizeof(*a->array)));
}

/**
 * iokmem_desc_with_persistent_memory_descriptor - check whether addresses have new memory
 * @original: a range of addresses that was made with %IOKMEM_PERSISTENT
 *
 * Follows IOMemoryDescriptor::withPersistentMemoryDescriptor().
 *
 * Context: May sleep. The caller holds no mmap lock.
 * Return: @original, with one more reference, if the addresses still have the
 * memory that they had when it was made; otherwise a new descriptor, with the
 * options of @original, of the memory that they have now. Or ERR_PTR(): -EINVAL if
 * @original is not a persistent range, or as iokmem_desc_with_address_range().
 */
struct iokmem_desc *
iokmem_desc_with_persistent_memory_descriptor(struct iokmem_desc *original)
{
	struct iokmem_range *range;
	struct iokmem_desc *desc;

	if (!iokmem_desc_is_of(original, &iokmem_range_kind) ||
	    !(original->options & IOKMEM_PERSISTENT))
		return ERR_PTR(-EINVAL);

	range = range_of(original);
	if (range->mm && !mmget_not_zero(range->mm))
		return ERR_PTR(-ESRCH);
	desc = range_create(range->mm, range->address, original->capacity,
			    original->options);
	if (range->mm)
		mmput(range->mm);
	if (IS_ERR(desc) || !same_frames(&desc->extents, &original->extents))
		return desc;
	iokmem_desc_put(desc);
	return iokmem_desc_get(original);
}
EXPORT_SYMBOL_NS_GPL(iokmem_desc_with_persistent_memory_descriptor, IOKMEM_NS);
