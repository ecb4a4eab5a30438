// SPDX-License-Identifier: GPL-2.0
/*
 * Pageable memory: a kind of memory on a shmem file (shmem.c). Pages are brought in when
 * they are touched, are charged to the task that touches them unless a driver has named who
 * pays, and can be swapped out while nobody holds the memory. Purgeable memory may also be
 * emptied when memory is short; see purgeable.c and volatile.c.
 *
 * User mappings are of the shmem file's own inode and of ordinary pages, so that the
 * kernel finds and unmaps them when it wants a page. shmem uses huge folios where the system
 * allows that for shared memory.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/pageable.h"
#include "memory/purgeable.h"
#include "memory/shmem.h"
#include "memory/volatile.h"
#include "page/cache.h"
#include "page/compat.h"

/*
 * Bring pages in and keep them. Returns what iokmem_shmem_get_pages() returns. A discard may have
 * taken them out of the file on return.
 */
static struct page **get_pages(struct iokmem_pageable *pageable, pgoff_t first,
			       unsigned long nr)
{
	struct mem_cgroup *old = iokmem_payer_enter(&pageable->payer);
	struct page **pages = iokmem_shmem_get_pages(pageable, first, nr);
	int err;

	iokmem_payer_leave(&pageable->payer, old);
	if (IS_ERR(pages))
		return pages;
	err = iokmem_volatile_charged(pageable, pages, nr,
				      GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (err) {
		iokmem_shmem_put_pages(pages, nr, false);
		return ERR_PTR(err);
	}
	return pages;
}

static int bring_in_pages(struct iokmem_pageable *pageable, struct iokmem_brought *brought)
{
	struct mem_cgroup *old;
	int err;

	brought->pages = get_pages(pageable, brought->first, brought->nr);
	if (IS_ERR(brought->pages))
		return PTR_ERR(brought->pages);
	old = iokmem_payer_enter(&pageable->payer);
	err = iokmem_extents_from_pages(&brought->extents, brought->pages, brought->nr);
	iokmem_payer_leave(&pageable->payer, old);
	if (err)
		iokmem_shmem_put_pages(brought->pages, brought->nr, false);
	return err;
}

/*
 * iokmem_pageable_bring_in - bring @nr pages from @first on in, and keep them
 *
 * Caller must hold no lock that another program may need. References keep the pages, so that they
 * can be written: one who only reads must not keep others from writing. The payer, if there is
 * one, is charged. Returns the pages, for iokmem_pageable_let_go(), or ERR_PTR().
 */
struct iokmem_brought *iokmem_pageable_bring_in(struct iokmem_pageable *pageable, pgoff_t first,
						unsigned long nr)
{
	struct iokmem_brought *brought;
	int err;

	brought = kzalloc(sizeof(*brought), GFP_KERNEL_ACCOUNT);
	if (!brought)
		return ERR_PTR(-ENOMEM);
	brought->first = first;
	brought->nr = nr;
	err = iokmem_charge(&brought->charge, &pageable->payer, nr);
	if (err)
		goto err_free;
	err = bring_in_pages(pageable, brought);
	if (err)
		goto err_uncharge;
	return brought;

err_uncharge:
	iokmem_uncharge(&brought->charge);
err_free:
	kfree(brought);
	return ERR_PTR(err);
}

/*
 * iokmem_pageable_let_go - undo iokmem_pageable_bring_in()
 *
 * @dirty: the pages have been written.
 */
void iokmem_pageable_let_go(struct iokmem_brought *brought, bool dirty)
{
	iokmem_shmem_put_pages(brought->pages, brought->nr, dirty);
	iokmem_extents_fini(&brought->extents);
	iokmem_uncharge(&brought->charge);
	kfree(brought);
}

static void *pageable_bring_in(struct iokmem_desc *desc, bool write)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	struct iokmem_brought *brought;

	iokmem_shmem_set_unevictable(pageable);
	brought = iokmem_pageable_bring_in(pageable, 0, iokmem_shmem_size(pageable));
	if (IS_ERR(brought))
		iokmem_shmem_clear_unevictable(pageable);
	return brought;
}

static void pageable_let_go(struct iokmem_desc *desc, void *brought)
{
	iokmem_shmem_clear_unevictable(iokmem_pageable_of(desc));
	iokmem_pageable_let_go(brought, false);
}

static int pageable_pin(struct iokmem_desc *desc, bool write, void *data)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	struct iokmem_brought *brought = data;
	int err = -ESTALE;

	lockdep_assert_held(&desc->hold_lock);

	/* For reading suffices: it keeps the memory from being emptied. */
	if (down_read_killable(&pageable->lock))
		return -EINTR;
	if (iokmem_shmem_has_pages(pageable, brought->pages, brought->nr)) {
		WRITE_ONCE(pageable->pinned, brought);
		iokmem_volatile_update(pageable);
		err = 0;
	}
	up_read(&pageable->lock);
	if (!err)
		iokmem_extents_move(&desc->extents, &brought->extents);
	return err;
}

static void pageable_unpin(struct iokmem_desc *desc)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	struct iokmem_brought *brought = pageable->pinned;

	lockdep_assert_held(&desc->hold_lock);

	down_write(&pageable->lock);
	WRITE_ONCE(pageable->pinned, NULL);
	iokmem_volatile_update(pageable);
	up_write(&pageable->lock);
	iokmem_shmem_clear_unevictable(pageable);

	iokmem_extents_fini(&desc->extents);
	iokmem_pageable_let_go(brought, desc->held_written);
}

/* Bring a page in and lock it. Returns ERR_PTR(-ESTALE) if it was discarded meanwhile. */
static struct page *get_locked(struct iokmem_pageable *pageable, pgoff_t index)
{
	struct mem_cgroup *old = iokmem_payer_enter(&pageable->payer);
	struct page *page = iokmem_shmem_get_page(pageable, index);
	int err;

	iokmem_payer_leave(&pageable->payer, old);
	if (IS_ERR(page))
		return page;
	err = iokmem_volatile_charged(pageable, &page, 1, GFP_KERNEL_ACCOUNT);
	if (!err)
		err = iokmem_shmem_lock_page(pageable, page);
	if (err) {
		put_page(page);
		return ERR_PTR(err);
	}
	return page;
}

/*
 * Return the page to the kernel, locked. The kernel makes the entry: a huge one if the page is
 * one of a huge folio. The page lock keeps the page in the file until then. The kernel has
 * allocated the page table in advance, so it does not wait for memory, which could come from
 * emptying this very memory, with the page locked.
 *
 * If a program empties the memory all the time, an access from user mode begins anew, so that
 * signals, and who needs the mmap lock, come in between. The kernel's own accesses fail.
 */
static vm_fault_t pageable_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	struct page *page = ERR_PTR(-ESTALE);
	int tries;

	for (tries = 0; page == ERR_PTR(-ESTALE) && tries < IOKMEM_BRING_IN_TRIES; tries++)
		page = get_locked(pageable, vmf->pgoff);
	if (page == ERR_PTR(-ESTALE) && vmf->flags & FAULT_FLAG_USER)
		return VM_FAULT_NOPAGE;
	/* Older kernels have no such error for vmf_error(). */
	if (page == ERR_PTR(-EHWPOISON))
		return VM_FAULT_HWPOISON;
	if (IS_ERR(page))
		return vmf_error(PTR_ERR(page));
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

static struct file *pageable_file(const struct iokmem_desc *desc)
{
	return iokmem_pageable_of(desc)->file;
}

static void copy(struct page **pages, size_t in_page, void *bytes, size_t length, bool write)
{
	size_t n;

	for (; length; length -= n, pages++) {
		n = min(length, PAGE_SIZE - in_page);
		iokmem_access_page(*pages, in_page, bytes, n, write);
		in_page = 0;
		if (bytes)
			bytes += n;
		cond_resched();
	}
}

/* Copy bytes of pages that were brought in, unless a discard has taken them out of the file. */
static int access_pages(struct iokmem_pageable *pageable, struct page **pages,
			unsigned long nr, size_t in_page, void *bytes, size_t length,
			bool write)
{
	int err = -ESTALE;

	if (down_read_killable(&pageable->lock))
		return -EINTR;
	if (iokmem_shmem_has_pages(pageable, pages, nr)) {
		copy(pages, in_page, bytes, length, write);
		err = 0;
	}
	up_read(&pageable->lock);
	return err;
}

/*
 * iokmem_pageable_access - copy bytes from or to the memory; zeroes if @bytes is NULL
 *
 * Returns 0; -EAGAIN if the memory is emptied again and again; or another error of
 * iokmem_desc_read_bytes().
 */
int iokmem_pageable_access(struct iokmem_pageable *pageable, size_t offset, void *bytes,
			   size_t length, bool write)
{
	size_t in_page = offset_in_page(offset);
	unsigned long nr = PAGE_ALIGN(in_page + length) >> PAGE_SHIFT;
	int err = -ESTALE, tries;
	struct page **pages;

	for (tries = 0; err == -ESTALE && tries < IOKMEM_BRING_IN_TRIES; tries++) {
		/* Get all pages before the first byte is copied, since the last may fail. */
		pages = get_pages(pageable, offset >> PAGE_SHIFT, nr);
		if (IS_ERR(pages))
			return PTR_ERR(pages);
		err = access_pages(pageable, pages, nr, in_page, bytes, length, write);
		iokmem_shmem_put_pages(pages, nr, write && !err);
	}
	return err == -ESTALE ? -EAGAIN : err;
}

static int pageable_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length, bool write)
{
	return iokmem_pageable_access(iokmem_pageable_of(desc), offset, bytes, length, write);
}

static int pageable_page_counts(struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
				u64 *resident, u64 *dirty)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);

	*resident = 0;
	*dirty = 0;
	if (down_read_killable(&pageable->lock))
		return -EINTR;
	iokmem_shmem_count(pageable, index, nr, resident, dirty);
	up_read(&pageable->lock);
	/* The kernel, or a device, may write memory that is held at any time. */
	if (READ_ONCE(desc->held) && READ_ONCE(desc->held_written))
		*dirty = *resident;
	return 0;
}

static void pageable_release(struct iokmem_desc *desc)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);

	iokmem_purgeable_destroy(pageable);
	iokmem_shmem_destroy(pageable);
	iokmem_payer_fini(&pageable->payer);
}

static const struct iokmem_store_ops pageable_store = {
	.bring_in	= pageable_bring_in,
	.let_go		= pageable_let_go,
	.pin		= pageable_pin,
	.unpin		= pageable_unpin,
	.page_counts	= pageable_page_counts,
	.set_purgeable	= iokmem_purgeable_set,
};

static const struct iokmem_show_ops pageable_show = {
	.fault		= pageable_fault,
	.file		= pageable_file,
};

static const struct iokmem_bytes_ops pageable_bytes = {
	.access		= pageable_access,
};

static const struct iokmem_kind iokmem_pageable_kind = {
	.name		= "pageable",
	.is_buffer	= true,
	.resolve	= iokmem_cache_resolve_fixed,
	.store		= &pageable_store,
	.show		= &pageable_show,
	.bytes		= &pageable_bytes,
	.release	= pageable_release,
};

/*
 * iokmem_pageable_create - make an unpublished descriptor of pageable memory
 *
 * @capacity is not 0, and rounding it to pages does not wrap. @charge: the memory is a
 * program's, and each user who holds it is charged. @payer: who else pays. Returns
 * ERR_PTR(-ENOMEM) on failure.
 */
struct iokmem_desc *iokmem_pageable_create(size_t capacity, bool purgeable,
					   bool charge, const struct iokmem_payer *payer)
{
	struct iokmem_pageable *pageable;
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_alloc(&iokmem_pageable_kind, sizeof(*pageable), capacity);
	if (IS_ERR(desc))
		return desc;

	desc->owned = PAGE_ALIGN(capacity);
	pageable = iokmem_pageable_of(desc);
	if (charge)
		desc->hold_pages = desc->owned >> PAGE_SHIFT;
	iokmem_payer_copy(&pageable->payer, payer);
	init_rwsem(&pageable->lock);
	spin_lock_init(&pageable->parts_lock);
	pageable->parts = RB_ROOT;
	spin_lock_init(&pageable->keepers_lock);
	err = iokmem_shmem_create(pageable);
	if (!err && purgeable)
		err = iokmem_purgeable_create(pageable);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
