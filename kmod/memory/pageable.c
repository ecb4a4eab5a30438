// SPDX-License-Identifier: GPL-2.0
/*
 * Pageable memory: shared memory of the kernel's (shmem). It is there when it is
 * touched, is charged to who touches it, and can be swapped out while nobody holds
 * it. Purgeable memory may besides be emptied when the machine is short of memory;
 * that is decided in purgeable.c, and done here.
 *
 * User mappings are of the shmem file's own inode and of ordinary pages, so that
 * the kernel finds and unmaps them when it wants a page. Nobody but our mappings
 * gets at that inode: it can be neither opened nor truncated through /proc. The file
 * has a hole before the memory, where the VMA of a mapping has its guard.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "desc/desc.h"
#include "memory/memory.h"
#include "memory/pageable.h"
#include "page/cache.h"
#include "page/compat.h"

static struct iokmem_pageable *pageable_of(const struct iokmem_desc *desc)
{
	return container_of(desc, struct iokmem_pageable, desc);
}

static struct address_space *mapping_of(const struct iokmem_pageable *pageable)
{
	return pageable->file->f_mapping;
}

static unsigned long nr_pages_of(const struct iokmem_pageable *pageable)
{
	return pageable->desc.owned >> PAGE_SHIFT;
}

static int no_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static const struct file_operations iokmem_closed_fops = {
	.owner	= THIS_MODULE,
	.open	= no_open,
};

static void put_pages(struct page **pages, unsigned long nr, bool dirty)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (dirty)
			set_page_dirty(pages[i]);
		mark_page_accessed(pages[i]);
		put_page(pages[i]);
		cond_resched();
	}
	kvfree(pages);
}

/*
 * Bring pages in and keep them: an array of @nr, for put_pages(). The OOM killer
 * is left alone: to hold memory that is not there is the caller's error.
 */
static struct page **get_pages(struct iokmem_pageable *pageable, pgoff_t first,
			       unsigned long nr)
{
	struct address_space *mapping = mapping_of(pageable);
	gfp_t gfp = mapping_gfp_mask(mapping) | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	unsigned long lead = iokmem_desc_map_lead(&pageable->desc), i;
	struct page **pages, *page;

	lockdep_assert_held(&pageable->lock);

	pages = iokmem_kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		page = ERR_PTR(-EINTR);
		if (!fatal_signal_pending(current))
			page = shmem_read_mapping_page_gfp(mapping, lead + first + i,
							   gfp);
		if (IS_ERR(page)) {
			put_pages(pages, i, false);
			return ERR_CAST(page);
		}
		pages[i] = page;
		cond_resched();
	}
	return pages;
}

/*
 * The pages are kept by references. Memory of a program's is charged to the user
 * in whose name it is made to stay.
 */
static int pageable_pin(struct iokmem_desc *desc, bool write)
{
	struct iokmem_pageable *pageable = pageable_of(desc);
	unsigned long nr = nr_pages_of(pageable);
	struct page **pages;
	int err = 0;

	if (pageable->charged)
		err = iokmem_charge_user(&pageable->pin_charge, nr);
	if (err)
		return err;

	down_read(&pageable->lock);
	pages = get_pages(pageable, 0, nr);
	if (IS_ERR(pages)) {
		err = PTR_ERR(pages);
		goto err_unlock;
	}
	err = iokmem_extents_from_pages(&desc->extents, pages, nr);
	if (err) {
		put_pages(pages, nr, false);
		goto err_unlock;
	}
	pageable->pinned = pages;
	up_read(&pageable->lock);
	desc->held_read_only = !write;
	return 0;

err_unlock:
	up_read(&pageable->lock);
	iokmem_uncharge(&pageable->pin_charge);
	return err;
}

static void pageable_unpin(struct iokmem_desc *desc)
{
	struct iokmem_pageable *pageable = pageable_of(desc);
	struct page **pages = pageable->pinned;

	down_write(&pageable->lock);
	pageable->pinned = NULL;
	up_write(&pageable->lock);

	put_pages(pages, nr_pages_of(pageable), !desc->held_read_only);
	iokmem_extents_fini(&desc->extents);
	iokmem_uncharge(&pageable->pin_charge);
}

/* A page that is there, locked, with a reference; or an error. */
static struct page *lock_page_at(struct address_space *mapping, pgoff_t index)
{
	struct page *page;

	for (;;) {
		page = shmem_read_mapping_page(mapping, index);
		if (IS_ERR(page))
			return page;
		lock_page(page);
		if (page_folio(page)->mapping == mapping)
			return page;
		/* It has been swapped out in between. */
		unlock_page(page);
		put_page(page);
	}
}

/*
 * The page is mapped here, and not left to the caller: after ->fault() nobody
 * has the lock any more, and memory that is allocated then may come from purging
 * just this memory, which waits for the page.
 */
static vm_fault_t pageable_fault(struct iokmem_desc *desc, struct vm_fault *vmf)
{
	struct iokmem_pageable *pageable = pageable_of(desc);
	struct page *page;
	int err;

	down_read(&pageable->lock);
	page = lock_page_at(mapping_of(pageable), vmf->pgoff);
	if (IS_ERR(page)) {
		err = PTR_ERR(page);
	} else {
		err = vm_insert_page(vmf->vma, vmf->address & PAGE_MASK, page);
		unlock_page(page);
		put_page(page);
	}
	up_read(&pageable->lock);

	/* Another thread that touched it was faster. */
	if (!err || err == -EBUSY)
		return VM_FAULT_NOPAGE;
	return vmf_error(err);
}

static struct file *pageable_file(const struct iokmem_desc *desc)
{
	return pageable_of(desc)->file;
}

static int pageable_access(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length, bool write)
{
	struct iokmem_pageable *pageable = pageable_of(desc);
	size_t in_page = offset_in_page(offset), n;
	struct page **pages;
	unsigned long nr, i;
	int err = 0;

	/* All of them before the first byte is copied: the last may fail. */
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
	put_pages(pages, nr, write);
out:
	up_read(&pageable->lock);
	return err;
}

static void count_folios(struct address_space *mapping, u64 *resident, u64 *dirty)
{
	struct folio_batch batch;
	pgoff_t next = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &next, ULONG_MAX, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

			*resident += folio_nr_pages(folio);
			if (folio_test_dirty(folio))
				*dirty += folio_nr_pages(folio);
		}
		folio_batch_release(&batch);
		cond_resched();
	}
}

static int pageable_page_counts(struct iokmem_desc *desc, u64 *resident, u64 *dirty)
{
	struct iokmem_pageable *pageable = pageable_of(desc);

	*resident = 0;
	*dirty = 0;
	mutex_lock(&desc->hold_lock);
	down_read(&pageable->lock);
	/* What page table entries know of dirty pages comes to the pages by this. */
	unmap_mapping_range(mapping_of(pageable), 0, 0, 1);
	count_folios(mapping_of(pageable), resident, dirty);
	up_read(&pageable->lock);
	/* The kernel, or a device, may write what is held at any time. */
	if (desc->held && !desc->held_read_only)
		*dirty = *resident;
	mutex_unlock(&desc->hold_lock);
	return 0;
}

/* Pages that somebody has a reference to, such as I/O to a file. */
static void wipe_referenced(struct address_space *mapping)
{
	struct folio_batch batch;
	pgoff_t next = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &next, ULONG_MAX, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

			/* One of ours, and those of the page cache. */
			if (folio_ref_count(folio) <= folio_nr_pages(folio) + 1)
				continue;
			clear_pages(folio_address(folio), folio_nr_pages(folio));
		}
		folio_batch_release(&batch);
		cond_resched();
	}
}

/*
 * iokmem_pageable_discard - the content goes, for good and for all
 *
 * The memory reads as zero afterwards, through every mapping and for everybody who
 * has a reference to a page of it. What is held stays, and is zeroed where it is.
 * Called with the lock held for writing; also while memory is reclaimed.
 */
void iokmem_pageable_discard(struct iokmem_pageable *pageable)
{
	unsigned long i;

	lockdep_assert_held_write(&pageable->lock);

	if (pageable->pinned) {
		for (i = 0; i < nr_pages_of(pageable); i++) {
			clear_highpage(pageable->pinned[i]);
			cond_resched();
		}
		return;
	}
	unmap_mapping_range(mapping_of(pageable), 0, 0, 1);
	wipe_referenced(mapping_of(pageable));
	shmem_truncate_range(file_inode(pageable->file), 0, -1);
}

/*
 * iokmem_pageable_pages - how many pages there are of it, in memory and in swap
 */
unsigned long iokmem_pageable_pages(const struct iokmem_pageable *pageable)
{
	return READ_ONCE(mapping_of(pageable)->nrpages) +
	       READ_ONCE(SHMEM_I(file_inode(pageable->file))->swapped);
}

static void pageable_release(struct iokmem_desc *desc)
{
	struct iokmem_pageable *pageable = pageable_of(desc);

	iokmem_purgeable_destroy(pageable);
	if (!pageable->file)
		return;
	/*
	 * The inode may outlive us: by a moment, see __fput(), or as long as there is
	 * a mapping that was made of it and redirected. The memory must not.
	 */
	if (mapping_mapped(mapping_of(pageable)))
		shmem_truncate_range(file_inode(pageable->file), 0, -1);
	file_inode(pageable->file)->i_fop = pageable->shmem_fops;
	fput(pageable->file);
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
	.vm_flags	= VM_MIXEDMAP,
	.resolve	= iokmem_cache_resolve_fixed,
	.store		= &pageable_store,
	.show		= &pageable_show,
	.bytes		= &pageable_bytes,
	.release	= pageable_release,
};

/* The kernel's own file, made ours. */
static int set_up_file(struct iokmem_pageable *pageable)
{
	struct iokmem_desc *desc = &pageable->desc;
	size_t lead = iokmem_desc_map_lead(desc) << PAGE_SHIFT;
	struct inode *inode;
	struct file *file;

	/* Too large for a file is too large for memory. */
	if (desc->owned > MAX_LFS_FILESIZE - lead)
		return -ENOMEM;
	/* It also says that there is no space left, where there is no memory. */
	file = shmem_file_setup("iokmem", desc->owned + lead, EMPTY_VMA_FLAGS);
	if (IS_ERR(file))
		return -ENOMEM;

	pageable->file = file;
	inode = file_inode(file);
	pageable->shmem_fops = inode->i_fop;
	inode->i_fop = &iokmem_closed_fops;
	inode->i_flags |= S_IMMUTABLE;
	/* It may be held for long, where movable memory must not be. */
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
	return 0;
}

/*
 * iokmem_pageable_create - a descriptor of pageable memory, unpublished
 *
 * @capacity is not 0, and rounding it to pages does not wrap. @charge: it is a
 * program's.
 */
struct iokmem_desc *iokmem_pageable_create(size_t capacity, bool purgeable,
					   bool charge)
{
	struct iokmem_pageable *pageable;
	struct iokmem_desc *desc;
	int err;

	desc = iokmem_desc_alloc(&iokmem_pageable_kind, sizeof(*pageable), capacity);
	if (IS_ERR(desc))
		return desc;

	desc->owned = PAGE_ALIGN(capacity);
	pageable = pageable_of(desc);
	pageable->charged = charge;
	init_rwsem(&pageable->lock);
	err = set_up_file(pageable);
	if (!err && purgeable)
		err = iokmem_purgeable_create(pageable);
	if (err) {
		iokmem_desc_put(desc);
		return ERR_PTR(err);
	}
	return desc;
}
