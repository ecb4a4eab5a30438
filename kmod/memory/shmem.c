// SPDX-License-Identifier: GPL-2.0
/*
 * The shmem file behind pageable memory: the pages, and how they lose their content.
 *
 * Only mappings of the module reach the file's inode: it can be neither opened nor
 * truncated through /proc. The file has a hole before the memory, where the VMA of a
 * mapping has its guard.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "memory/shmem.h"
#include "memory/written.h"
#include "page/compat.h"

static struct address_space *mapping_of(const struct iokmem_pageable *pageable)
{
	return pageable->file->f_mapping;
}

static int no_open(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static const struct file_operations iokmem_closed_fops = {
	.owner	= THIS_MODULE,
	.open	= no_open,
};

/*
 * iokmem_shmem_create - make the file for a descriptor's memory, a shmem file
 *
 * Returns 0 or -ENOMEM.
 */
int iokmem_shmem_create(struct iokmem_pageable *pageable)
{
	struct iokmem_desc *desc = &pageable->desc;
	size_t lead = iokmem_desc_map_lead(desc) << PAGE_SHIFT;
	struct inode *inode;
	struct file *file;

	/* Too large for a file is too large for memory. */
	if (desc->owned > MAX_LFS_FILESIZE - lead)
		return -ENOMEM;
	/* shmem also returns -ENOSPC where there is no memory. */
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
 * iokmem_shmem_destroy - undo iokmem_shmem_create(), if it has succeeded
 */
void iokmem_shmem_destroy(struct iokmem_pageable *pageable)
{
	if (!pageable->file)
		return;
	/*
	 * The inode may outlive the descriptor: by a moment, see __fput(), or as long as
	 * there is a mapping that was made of it and redirected. The memory must not.
	 */
	if (mapping_mapped(mapping_of(pageable)))
		shmem_truncate_range(file_inode(pageable->file), 0, -1);
	file_inode(pageable->file)->i_fop = pageable->shmem_fops;
	fput(pageable->file);
}

/*
 * iokmem_shmem_dirty_pages - note that pages, which the caller keeps, are or may be written
 */
void iokmem_shmem_dirty_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		set_page_dirty(pages[i]);
		cond_resched();
	}
}

/*
 * iokmem_shmem_put_pages - let go of what iokmem_shmem_get_pages() got
 *
 * @dirty: the pages have been written.
 */
void iokmem_shmem_put_pages(struct page **pages, unsigned long nr, bool dirty)
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
 * iokmem_shmem_get_pages - bring pages in and keep them
 *
 * Caller must hold no lock that another program may need: the memory cgroup can make it wait at
 * each page. Returns an array of @nr pages, for iokmem_shmem_put_pages(), or ERR_PTR(). The OOM
 * killer is left alone: to hold memory that is not to be had is the caller's error.
 */
struct page **iokmem_shmem_get_pages(struct iokmem_pageable *pageable, pgoff_t first,
				     unsigned long nr)
{
	struct address_space *mapping = mapping_of(pageable);
	gfp_t gfp = mapping_gfp_mask(mapping) | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	unsigned long lead = iokmem_desc_map_lead(&pageable->desc), i;
	struct page **pages, *page;

	pages = iokmem_kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		page = ERR_PTR(-EINTR);
		if (!fatal_signal_pending(current))
			page = shmem_read_mapping_page_gfp(mapping, lead + first + i,
							   gfp);
		if (IS_ERR(page)) {
			iokmem_shmem_put_pages(pages, i, false);
			return ERR_CAST(page);
		}
		pages[i] = page;
		cond_resched();
	}
	return pages;
}

/*
 * iokmem_shmem_has_pages - return true if pages that were brought in are in the file still
 *
 * They stay there as long as the caller has the lock, and references to them.
 */
bool iokmem_shmem_has_pages(const struct iokmem_pageable *pageable, struct page **pages,
			    unsigned long nr)
{
	unsigned long i;

	lockdep_assert_held(&pageable->lock);

	for (i = 0; i < nr; i++) {
		if (READ_ONCE(page_folio(pages[i])->mapping) != mapping_of(pageable))
			return false;
		cond_resched();
	}
	return true;
}

/*
 * iokmem_shmem_set_unevictable - keep reclaim away from the pages
 *
 * Reclaim unmaps a page before it finds that somebody keeps it. Pages that are brought in from
 * now on go to the unevictable list at once. Pages that are there already are moved to it
 * when reclaim comes across them. Calls are counted.
 */
void iokmem_shmem_set_unevictable(struct iokmem_pageable *pageable)
{
	spin_lock(&pageable->keepers_lock);
	if (!pageable->keepers++)
		mapping_set_unevictable(mapping_of(pageable));
	spin_unlock(&pageable->keepers_lock);
}

/* Return true if nobody keeps reclaim away any more. */
static bool clear_unevictable(struct iokmem_pageable *pageable)
{
	bool last;

	spin_lock(&pageable->keepers_lock);
	last = !--pageable->keepers;
	if (last)
		mapping_clear_unevictable(mapping_of(pageable));
	spin_unlock(&pageable->keepers_lock);
	return last;
}

/*
 * iokmem_shmem_clear_unevictable - undo one iokmem_shmem_set_unevictable()
 *
 * Reclaim never looks at the unevictable list, so move the pages that are in it back.
 */
void iokmem_shmem_clear_unevictable(struct iokmem_pageable *pageable)
{
	struct address_space *mapping = mapping_of(pageable);
	struct folio_batch batch;
	pgoff_t next = 0;

	if (!clear_unevictable(pageable))
		return;
	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &next, ULONG_MAX, &batch)) {
		check_move_unevictable_folios(&batch);
		folio_batch_release(&batch);
		cond_resched();
	}
}

/* Return true if the page at @index is in memory, and the hardware has lost it. */
static bool is_poisoned(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);
	bool poisoned = page && PageHWPoison(page);

	if (page)
		put_page(page);
	return poisoned;
}

/*
 * iokmem_shmem_get_page - bring the page at @index of the file in and keep it
 *
 * As iokmem_shmem_get_pages(), for a fault. Returns the page, or ERR_PTR(): -EHWPOISON if the
 * hardware has lost the page; -EIO; -ENOMEM.
 */
struct page *iokmem_shmem_get_page(struct iokmem_pageable *pageable, pgoff_t index)
{
	struct address_space *mapping = mapping_of(pageable);
	struct page *page = shmem_read_mapping_page(mapping, index);

	if (page == ERR_PTR(-EIO) && is_poisoned(mapping, index))
		return ERR_PTR(-EHWPOISON);
	return page;
}

/*
 * iokmem_shmem_lock_page - lock a page that was brought in, which keeps it in the file
 *
 * Returns 0; -ESTALE if the page is not in the file any more; -EINTR if a fatal signal arrived.
 */
int iokmem_shmem_lock_page(struct iokmem_pageable *pageable, struct page *page)
{
	struct folio *folio = page_folio(page);

	if (folio_lock_killable(folio))
		return -EINTR;
	if (folio->mapping == mapping_of(pageable))
		return 0;
	folio_unlock(folio);
	return -ESTALE;
}

/* Return how many pages of a folio, which may be split just now, are in the range. */
static unsigned long pages_within(struct folio *folio, pgoff_t first, pgoff_t end)
{
	first = max(first, folio->index);
	end = min(end, folio->index + folio_nr_pages(folio));
	return end > first ? end - first : 0;
}

static void count_folios(struct address_space *mapping, pgoff_t first, pgoff_t end,
			 u64 *resident, u64 *dirty)
{
	struct folio_batch batch;
	pgoff_t next = first;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &next, end - 1, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];
			unsigned long nr = pages_within(folio, first, end);

			*resident += nr;
			if (folio_test_dirty(folio))
				*dirty += nr;
		}
		folio_batch_release(&batch);
		cond_resched();
	}
}

/*
 * iokmem_shmem_count - count those of @nr pages from @index on that are in memory, and the
 * dirty ones among them
 *
 * @nr is not 0. Does not make anybody fault.
 */
void iokmem_shmem_count(struct iokmem_pageable *pageable, pgoff_t index, unsigned long nr,
			u64 *resident, u64 *dirty)
{
	pgoff_t first = iokmem_desc_map_lead(&pageable->desc) + index;

	lockdep_assert_held(&pageable->lock);

	*resident = 0;
	*dirty = 0;
	iokmem_note_written(mapping_of(pageable), first, first + nr);
	count_folios(mapping_of(pageable), first, first + nr, resident, dirty);
}

/* The kernel must not touch what the hardware has lost, and nobody sees it any more. */
static void wipe(struct page *page)
{
	if (!PageHWPoison(page))
		clear_highpage(page);
}

/* Zero the pages of a range that somebody has a reference to, such as I/O to a file. */
static void wipe_referenced(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	struct folio_batch batch;
	pgoff_t next = first, index;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &next, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			struct folio *folio = batch.folios[i];

			/* One reference is the batch's, the others are the page cache's. */
			if (folio_ref_count(folio) <= folio_nr_pages(folio) + 1)
				continue;
			index = max(first, folio->index);
			for (; index <= min(last, folio_next_index(folio) - 1); index++)
				wipe(folio_file_page(folio, index));
			cond_resched();
		}
		folio_batch_release(&batch);
		cond_resched();
	}
}

/* Take the pages from @first to @last out of the file. */
static void drop_pages(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	loff_t start = (loff_t)first << PAGE_SHIFT, end = ((loff_t)last + 1) << PAGE_SHIFT;

	unmap_mapping_range(mapping, start, end - start, 1);
	wipe_referenced(mapping, first, last);
	shmem_truncate_range(mapping->host, start, end - 1);
}

static void wipe_pages(const struct iokmem_brought *brought)
{
	unsigned long i;

	for (i = 0; i < brought->nr; i++) {
		wipe(brought->pages[i]);
		cond_resched();
	}
}

static struct iokmem_brought *part_of(struct rb_node *node)
{
	return rb_entry(node, struct iokmem_brought, by_first);
}

/*
 * iokmem_shmem_wipe_held - zero the pages that are held, where they are
 */
void iokmem_shmem_wipe_held(struct iokmem_pageable *pageable)
{
	struct rb_node *node;

	lockdep_assert_held_write(&pageable->lock);

	if (pageable->pinned)
		wipe_pages(pageable->pinned);
	for (node = rb_first(&pageable->parts); node; node = rb_next(node))
		wipe_pages(part_of(node));
}

/*
 * iokmem_shmem_drop - empty the memory, but for pages that are held, for good and for everybody
 *
 * The memory reads as zero afterwards, through every mapping and for everybody else who has a
 * reference to a page of it. Also called while memory is reclaimed.
 */
void iokmem_shmem_drop(struct iokmem_pageable *pageable)
{
	pgoff_t lead = iokmem_desc_map_lead(&pageable->desc);
	pgoff_t end = lead + iokmem_shmem_size(pageable), next = lead;
	struct rb_node *node;

	lockdep_assert_held_write(&pageable->lock);

	if (pageable->pinned)
		return;
	for (node = rb_first(&pageable->parts); node; node = rb_next(node)) {
		const struct iokmem_brought *part = part_of(node);

		if (next < lead + part->first)
			drop_pages(mapping_of(pageable), next, lead + part->first - 1);
		next = max(next, lead + part->first + part->nr);
	}
	if (next < end)
		drop_pages(mapping_of(pageable), next, end - 1);
}

/*
 * iokmem_shmem_pages - return how many pages there are, in memory and in swap
 */
unsigned long iokmem_shmem_pages(const struct iokmem_pageable *pageable)
{
	return READ_ONCE(mapping_of(pageable)->nrpages) +
	       READ_ONCE(SHMEM_I(file_inode(pageable->file))->swapped);
}
