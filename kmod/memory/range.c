// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of addresses: memory that exists already, in a user task or in the kernel. Addresses that
 * are in a map of a descriptor's do not get here: see addresses.c.
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
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/range.h"
#include "page/address_space.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/frame.h"

/**
 * struct iokmem_range - a descriptor of a range of addresses
 * @desc: the descriptor; its extents are the frames while they are held. Without an mm the
 *	addresses are the kernel's
 * @shareable: other user tasks may see the frames that are held
 * @counted: the pages that have been given a reference for a kernel range's frames, one for
 *	each; or NULL
 */
struct iokmem_range {
	struct iokmem_desc desc;
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
	unsigned long start = range->desc.address & PAGE_MASK;
	long got;

	while (*pinned < nr) {
		unsigned long address = start + *pinned * PAGE_SIZE;

		if (fatal_signal_pending(current))
			return -EINTR;
		got = iokmem_pin_remote(range->desc.mm, address,
					min(nr - *pinned, 512UL), write,
					pages + *pinned);
		if (got == -EFAULT || !got)
			return why_not(range->desc.mm, address, write);
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

	if (!mmget_not_zero(range->desc.mm))
		return -ESRCH;
	err = pin_pages(range, pages, nr, brought->write, &pinned);
	mmput(range->desc.mm);
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

	err = iokmem_kernel_extents(extents, range->desc.address & PAGE_MASK, nr, false);
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
	if (range->desc.mm)
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
		err = desc->mm ? pin_user(range, brought, nr) : pin_kernel(range, brought, nr);
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
	return desc->mm ? 0 : (desc->address & PAGE_MASK) + (index << PAGE_SHIFT);
}

static int range_may_map(const struct iokmem_desc *desc, size_t offset, size_t length,
			 bool user)
{
	return user && !range_of(desc)->shareable ? -EOPNOTSUPP : 0;
}

static const struct iokmem_store_ops range_store = {
	.bring_in	= range_bring_in,
	.let_go		= range_let_go,
	.pin		= range_pin,
	.unpin		= range_unpin,
};

static const struct iokmem_show_ops range_show = {
	.kernel_address	= range_kernel_address,
	.may_map	= range_may_map,
};

static const struct iokmem_kind iokmem_range_kind = {
	.name		= "range",
	.resolve	= iokmem_cache_resolve_fixed,
	.store		= &range_store,
	.show		= &range_show,
};

/*
 * iokmem_range_create - describe a range that has been checked, of the program's or the kernel's
 * own memory
 *
 * @mm: the address space, which the caller keeps; NULL: the kernel's.
 */
struct iokmem_desc *iokmem_range_create(struct mm_struct *mm, unsigned long address,
					size_t length, u32 options)
{
	struct iokmem_desc *desc;

	desc = iokmem_desc_alloc(&iokmem_range_kind, sizeof(struct iokmem_range), length);
	if (IS_ERR(desc))
		return desc;
	iokmem_desc_set_range(desc, mm, address, options);
	desc->skew = offset_in_page(address);
	/* The frames of a user task's memory are pinned. */
	if (mm)
		desc->hold_pages = iokmem_desc_pages(desc);
	iokmem_desc_publish(desc);
	return desc;
}

/*
 * iokmem_range_has_frames_of - return true if two ranges, which are held, have the same frames
 */
bool iokmem_range_has_frames_of(const struct iokmem_desc *desc, const struct iokmem_desc *other)
{
	const struct iokmem_extents *a = &desc->extents, *b = &other->extents;

	return iokmem_desc_is_of(desc, &iokmem_range_kind) &&
	       iokmem_desc_is_of(other, &iokmem_range_kind) && a->nr == b->nr &&
	       !memcmp(a->array, b->array, array_size(a->nr, sizeof(*a->array)));
}
