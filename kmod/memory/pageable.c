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

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/pageable.h"
#include "memory/purgeable.h"
#include "memory/shmem.h"
#include "memory/volatile.h"
#include "page/cache.h"
#include "page/compat.h"

/* Bring pages in and keep them. Returns what iokmem_shmem_get_pages() returns. */
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

/* Keep the pages by references. The payer, if there is one, is charged. */
static int pageable_pin(struct iokmem_desc *desc, bool write)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	unsigned long nr = iokmem_shmem_size(pageable);
	struct mem_cgroup *old;
	struct page **pages;
	int err;

	lockdep_assert_held(&desc->hold_lock);

	err = iokmem_charge(&pageable->pin_charge, &pageable->payer, nr);
	if (err)
		return err;

	down_read(&pageable->lock);
	iokmem_shmem_set_unevictable(pageable);
	pages = get_pages(pageable, 0, nr);
	if (IS_ERR(pages)) {
		err = PTR_ERR(pages);
		goto err_unlock;
	}
	old = iokmem_payer_enter(&pageable->payer);
	err = iokmem_extents_from_pages(&desc->extents, pages, nr);
	iokmem_payer_leave(&pageable->payer, old);
	if (err) {
		iokmem_shmem_put_pages(pages, nr, false);
		goto err_unlock;
	}
	/* The lock for reading suffices: it keeps the memory from being emptied. */
	WRITE_ONCE(pageable->pinned, pages);
	iokmem_volatile_update(pageable);
	up_read(&pageable->lock);
	desc->held_read_only = !write;
	return 0;

err_unlock:
	iokmem_shmem_clear_unevictable(pageable);
	up_read(&pageable->lock);
	iokmem_uncharge(&pageable->pin_charge);
	return err;
}

static void pageable_unpin(struct iokmem_desc *desc)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	struct page **pages = pageable->pinned;

	lockdep_assert_held(&desc->hold_lock);

	down_write(&pageable->lock);
	WRITE_ONCE(pageable->pinned, NULL);
	iokmem_volatile_update(pageable);
	up_write(&pageable->lock);
	iokmem_shmem_clear_unevictable(pageable);

	iokmem_shmem_put_pages(pages, iokmem_shmem_size(pageable), !desc->held_read_only);
	iokmem_extents_fini(&desc->extents);
	iokmem_uncharge(&pageable->pin_charge);
}

/*
 * Return the page to the kernel, locked. The kernel makes the entry: a huge one if the page is
 * one of a huge folio. The page lock keeps the page in the file until then. The kernel has
 * allocated the page table in advance, so it does not wait for memory, which could come from
 * emptying this very memory, with the page locked.
 */
static vm_fault_t pageable_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	struct mem_cgroup *old;
	struct page *page;
	int err = 0;

	down_read(&pageable->lock);
	old = iokmem_payer_enter(&pageable->payer);
	page = iokmem_shmem_lock_page(pageable, vmf->pgoff);
	iokmem_payer_leave(&pageable->payer, old);
	if (IS_ERR(page)) {
		err = PTR_ERR(page);
		goto out;
	}
	err = iokmem_volatile_charged(pageable, &page, 1, GFP_KERNEL_ACCOUNT);
	if (err) {
		unlock_page(page);
		put_page(page);
		goto out;
	}
	vmf->page = page;
out:
	up_read(&pageable->lock);
	/* Older kernels have no such error for vmf_error(). */
	if (err == -EHWPOISON)
		return VM_FAULT_HWPOISON;
	return err ? vmf_error(err) : VM_FAULT_LOCKED;
}

static struct file *pageable_file(const struct iokmem_desc *desc)
{
	return iokmem_pageable_of(desc)->file;
}

static int pageable_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length, bool write)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);
	size_t in_page = offset_in_page(offset), n;
	struct page **pages;
	unsigned long nr, i;
	int err = 0;

	/* Get all pages before the first byte is copied, since the last may fail. */
	nr = PAGE_ALIGN(in_page + length) >> PAGE_SHIFT;
	down_read(&pageable->lock);
	pages = get_pages(pageable, offset >> PAGE_SHIFT, nr);
	if (IS_ERR(pages)) {
		err = PTR_ERR(pages);
		goto out;
	}
	for (i = 0; i < nr; i++) {
		n = min(length, PAGE_SIZE - in_page);
		iokmem_access_page(pages[i], in_page, bytes, n, write);
		in_page = 0;
		length -= n;
		if (bytes)
			bytes += n;
	}
	iokmem_shmem_put_pages(pages, nr, write);
out:
	up_read(&pageable->lock);
	return err;
}

static int pageable_page_counts(struct iokmem_desc *desc, u64 *resident, u64 *dirty)
{
	struct iokmem_pageable *pageable = iokmem_pageable_of(desc);

	*resident = 0;
	*dirty = 0;
	mutex_lock(&desc->hold_lock);
	down_read(&pageable->lock);
	iokmem_shmem_count(pageable, resident, dirty);
	up_read(&pageable->lock);
	/* The kernel, or a device, may write memory that is held at any time. */
	if (desc->held && !desc->held_read_only)
		*dirty = *resident;
	mutex_unlock(&desc->hold_lock);
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
	err = iokmem_shmem_create(pageable);
	if (!err && purgeable)
		err = iokmem_purgeable_create(pageable);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
