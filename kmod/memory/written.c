// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a file have been written through page table entries.
 *
 * A write marks the entry as dirty, and the kernel marks the page when it removes or
 * write-protects the entry. After both, the next access faults. The kernel exports no
 * function that only reads the entries of all processes, so they are read here.
 *
 * The page tables of a VMA stay as long as the lock of the file's VMAs is held, since the
 * kernel takes a VMA out of the file before it frees them. A table that the kernel frees
 * earlier, because it is empty, stays for an RCU grace period.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>

#include "memory/written.h"

/* Return what refers to the table with the entry of @address, or an empty value. */
static pmd_t table_of(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd))
		return __pmd(0);
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return __pmd(0);
	pud = pud_offset(p4d, address);
	if (pud_none(*pud) || pud_leaf(*pud))
		return __pmd(0);
	return READ_ONCE(*pmd_offset(pud, address));
}

/* A page that is not in memory any more was marked when its entry was removed. */
static void mark_page(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);

	if (!page)
		return;
	set_page_dirty(page);
	put_page(page);
}

/* Mark the pages that have dirty entries from @address to @end, which are in one table. */
static void note_table(struct address_space *mapping, struct vm_area_struct *vma,
		       unsigned long address, unsigned long end)
{
	pmd_t table;
	pte_t entry;

	rcu_read_lock();
	table = table_of(vma->vm_mm, address);
	if (!pmd_present(table))
		goto out;
	/* A huge entry: a folio is dirty as a whole. */
	if (pmd_leaf(table)) {
		if (pmd_dirty(table))
			mark_page(mapping, linear_page_index(vma, address));
		goto out;
	}
	for (; address < end; address += PAGE_SIZE) {
		entry = ptep_get_lockless(pte_offset_kernel(&table, address));
		if (pte_present(entry) && pte_dirty(entry))
			mark_page(mapping, linear_page_index(vma, address));
	}
out:
	rcu_read_unlock();
}

/* Return the address of page @index of the file, or the nearest end of the VMA. */
static unsigned long address_in(struct vm_area_struct *vma, pgoff_t index)
{
	pgoff_t page = clamp(index, vma->vm_pgoff, vma->vm_pgoff + vma_pages(vma));

	return vma->vm_start + ((page - vma->vm_pgoff) << PAGE_SHIFT);
}

static void note_vma(struct address_space *mapping, struct vm_area_struct *vma,
		     pgoff_t first, pgoff_t end)
{
	unsigned long last = address_in(vma, end), address, next;

	for (address = address_in(vma, first); address < last; address = next) {
		next = pmd_addr_end(address, last);
		note_table(mapping, vma, address, next);
		cond_resched();
	}
}

/*
 * iokmem_note_written - mark the pages from @first to before @end that have been written as
 * dirty
 *
 * Changes no page table entry. Caller must keep the pages from being truncated.
 */
void iokmem_note_written(struct address_space *mapping, pgoff_t first, pgoff_t end)
{
	struct rb_node *node;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node))
		note_vma(mapping, rb_entry(node, struct vm_area_struct, shared.rb), first, end);
	i_mmap_unlock_read(mapping);
}
