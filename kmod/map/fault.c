// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in user mappings: raw page frames, or pages that are counted, of the memory that
 * the mapping shows at the moment.
 *
 * The mmap lock is held, for reading at least, so the VMA, its mapping and the backing
 * stay. A fault that waits drops the lock, and looks at nothing afterwards.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/freezer.h>
#include <linux/mm.h>

#include "map/map.h"
#include "page/cache.h"
#include "page/compat.h"
#include "trace.h"

/* The most huge entries that one fault makes: all in one table. */
#define IOKMEM_HUGE_AROUND	min_t(unsigned long, 32, PTRS_PER_PMD)

/* Look up the memory behind @address. */
static struct iokmem_run run_at(const struct iokmem_mapping *mapping,
				unsigned long address)
{
	unsigned long ahead = (address - mapping->start) >> PAGE_SHIFT;

	return iokmem_desc_lookup(iokmem_mapping_desc(mapping),
				  iokmem_mapping_index(mapping) + ahead);
}

/* Return true if memory and addresses are aligned alike, so that a huge entry fits. */
static bool huge_entry_fits(const struct iokmem_mapping *mapping, unsigned long address,
			    const struct iokmem_run *run)
{
	unsigned long start = address & PMD_MASK;
	unsigned long ahead = (address - start) >> PAGE_SHIFT;

	return IOKMEM_HUGE_ENTRIES && run->pfn != IOKMEM_NO_PFN &&
	       start >= mapping->start &&
	       iokmem_mapping_end_address(mapping) - start >= PMD_SIZE &&
	       run->before >= ahead && run->nr + ahead >= PTRS_PER_PTE &&
	       IS_ALIGNED(run->pfn - ahead, PTRS_PER_PTE);
}

#if IOKMEM_HUGE_ENTRIES
static vm_fault_t insert_huge(struct vm_fault *vmf, const struct iokmem_run *run)
{
	unsigned long pfn = run->pfn & ~(PTRS_PER_PTE - 1UL);

	return vmf_insert_pfn_pmd(vmf, pfn, vmf->vma->vm_flags & VM_WRITE);
}
#else
static vm_fault_t insert_huge(struct vm_fault *vmf, const struct iokmem_run *run)
{
	return VM_FAULT_FALLBACK;
}
#endif

/*
 * Return true if a huge entry can map @address. In any case @run describes the memory
 * behind it. A huge entry has the VMA's protection, which has to be the memory's.
 */
static bool takes_huge_entry(const struct vm_area_struct *vma, unsigned long address,
			     struct iokmem_run *run)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;
	pgprot_t prot;

	*run = run_at(mapping, address);
	prot = iokmem_cache_prot(run->cache_mode, run->typed, vma->vm_page_prot);
	return huge_entry_fits(mapping, address, run) &&
	       iokmem_cache_in_huge_entries(run->cache_mode) &&
	       pgprot_val(prot) == pgprot_val(vma->vm_page_prot);
}

/*
 * Make the huge entry at the fault, which must succeed, and those around it: in the
 * mapping, in an aligned window, and so in the same table.
 */
static vm_fault_t insert_huge_around(struct vm_fault *vmf, struct iokmem_run *run,
				     unsigned long *inserted)
{
	const struct iokmem_mapping *mapping = vmf->vma->vm_private_data;
	unsigned long window = vmf->address & ~(IOKMEM_HUGE_AROUND * PMD_SIZE - 1);
	unsigned long address = max(window, ALIGN(mapping->start, PMD_SIZE));
	unsigned long end = min(window + IOKMEM_HUGE_AROUND * PMD_SIZE,
				iokmem_mapping_end_address(mapping));
	vm_fault_t ret;

	BUILD_BUG_ON(IOKMEM_HUGE_AROUND > PTRS_PER_PMD);

	ret = insert_huge(vmf, run);
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	*inserted = PTRS_PER_PTE;
	for (; address < end; address += PMD_SIZE) {
		struct vm_fault other = {
			.vma = vmf->vma,
			.address = address,
			.flags = vmf->flags,
			.pmd = vmf->pmd + pmd_index(address) - pmd_index(vmf->address),
		};

		if (!pmd_none(READ_ONCE(*other.pmd)) ||
		    !takes_huge_entry(vmf->vma, address, run))
			continue;
		if (insert_huge(&other, run) != VM_FAULT_NOPAGE)
			break;
		*inserted += PTRS_PER_PTE;
	}
	return VM_FAULT_NOPAGE;
}

/*
 * The pages of the mapping around the one that faulted, in the same page table and in an
 * aligned window: neighbouring faults do not do the same work again.
 */
static void window_around(const struct vm_fault *vmf, unsigned long *start,
			  unsigned long *end)
{
	const struct iokmem_mapping *mapping = vmf->vma->vm_private_data;
	unsigned long window = vmf->address & ~(IOKMEM_FAULT_AROUND * PAGE_SIZE - 1);

	BUILD_BUG_ON(IOKMEM_FAULT_AROUND > PTRS_PER_PTE);

	*start = max(window, mapping->start);
	*end = min(window + IOKMEM_FAULT_AROUND * PAGE_SIZE,
		   iokmem_mapping_end_address(mapping));
}

/*
 * Count the pages of this window that are neighbours in memory of the one that faulted,
 * with it. @before says how many of them come before it.
 */
static unsigned long pages_around(const struct vm_fault *vmf,
				  const struct iokmem_run *run,
				  unsigned long *before)
{
	unsigned long address = vmf->address & PAGE_MASK;
	unsigned long start, end;

	window_around(vmf, &start, &end);
	*before = min((address - start) >> PAGE_SHIFT, run->before);
	return *before + min((end - address) >> PAGE_SHIFT, run->nr);
}

/* The protection of small entries of this memory. */
static pgprot_t small_prot(const struct vm_area_struct *vma,
			   const struct iokmem_run *run)
{
	return iokmem_cache_prot(run->cache_mode, run->typed,
				 iokmem_prot_marked(vma->vm_page_prot, vma->vm_flags));
}

/* Insert frames of which the kernel has to look up the type, one by one. */
static vm_fault_t insert_tracked(struct vm_fault *vmf, const struct iokmem_run *run,
				 unsigned long *inserted)
{
	struct vm_area_struct *vma = vmf->vma;
	pgprot_t prot = small_prot(vma, run);
	unsigned long address = vmf->address & PAGE_MASK;
	unsigned long before, first, i, nr;
	vm_fault_t ret;

	/* The page that faulted must be mapped; the others may be mapped later. */
	ret = vmf_insert_pfn_prot(vma, address, run->pfn, prot);
	if (ret != VM_FAULT_NOPAGE)
		return ret;

	*inserted = 1;
	nr = pages_around(vmf, run, &before);
	first = address - before * PAGE_SIZE;
	for (i = 0; i < nr; i++) {
		if (i == before)
			continue;
		if (vmf_insert_pfn_prot(vma, first + i * PAGE_SIZE,
					run->pfn - before + i, prot) !=
		    VM_FAULT_NOPAGE)
			break;
		++*inserted;
	}
	return VM_FAULT_NOPAGE;
}

/**
 * struct filler - entries of a mapping that are being made, one after the other
 * @vma: the mapping's
 * @left: how many pages of this run in memory are left; 0 if the next one has to be looked
 *	up
 * @typed: the pages have the type that their descriptor says
 * @entry: of the next page, if so
 * @inserted: how many entries have been made
 */
struct filler {
	struct vm_area_struct *vma;
	unsigned long left;
	bool typed;
	pte_t entry;
	unsigned long inserted;
};

/* Kept out of the way of what is done for each entry. */
static noinline void begin_run(struct filler *filler, unsigned long address)
{
	struct iokmem_run run = run_at(filler->vma->vm_private_data, address);

	filler->left = run.nr;
	filler->typed = run.typed;
	if (run.typed)
		filler->entry = pfn_pte(run.pfn, small_prot(filler->vma, &run));
}

/*
 * The compiler has to see that the entry is special: for others, set_pte_at() of arm64 calls
 * functions that modules do not have.
 */
static int fill_entry(pte_t *pte, unsigned long address, void *data)
{
	struct filler *filler = data;

	if (!filler->left)
		begin_run(filler, address);
	if (filler->typed) {
		if (pte_none(ptep_get(pte))) {
			set_pte_at(filler->vma->vm_mm, address, pte,
				   pte_mkspecial(filler->entry));
			filler->inserted++;
		}
		filler->entry = pte_next_pfn(filler->entry);
	}
	filler->left--;
	return 0;
}

/*
 * Insert frames that have the type which their descriptor says for sure, so nothing is
 * looked up for each: all around the fault, wherever they are in memory.
 */
static vm_fault_t insert_typed(struct vm_fault *vmf, unsigned long *inserted)
{
	struct filler filler = { .vma = vmf->vma };
	unsigned long start, end;

	window_around(vmf, &start, &end);
	if (apply_to_page_range(vmf->vma->vm_mm, start, end - start, fill_entry, &filler))
		return VM_FAULT_OOM;
	*inserted = filler.inserted;
	return VM_FAULT_NOPAGE;
}

/*
 * iokmem_vma_fill_small - fill a mapping that is so small that one fault would fill it
 *
 * A fault costs more. It is not an error if this does not work.
 */
void iokmem_vma_fill_small(struct vm_area_struct *vma)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;
	struct filler filler = { .vma = vma };
	unsigned long nr = iokmem_mapping_pages(mapping);

	mmap_assert_write_locked(vma->vm_mm);

	if (iokmem_desc_is_typed(iokmem_mapping_desc(mapping)) &&
	    !iokmem_vma_has_pages(vma) && nr <= IOKMEM_FAULT_AROUND)
		apply_to_page_range(vma->vm_mm, mapping->start, nr << PAGE_SHIFT,
				    fill_entry, &filler);
}

/*
 * Insert @nr pages that are neighbours in memory, as far as they are not there already:
 * vm_insert_pages() stops at the first one that is. Counts those inserted.
 */
static int insert_missing(struct vm_area_struct *vma, unsigned long address,
			  unsigned long pfn, unsigned long nr, unsigned long *inserted)
{
	struct page *array[IOKMEM_FAULT_AROUND], **pages = array;
	unsigned long i, left;
	int err;

	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(pfn + i);
	while (nr) {
		left = nr;
		err = vm_insert_pages(vma, address, pages, &left);
		*inserted += nr - left;
		if (!err)
			return 0;
		if (err != -EBUSY)
			return err;
		/* Pass over the page that is there. */
		address += (nr - left + 1) << PAGE_SHIFT;
		pages += nr - left + 1;
		nr = left - 1;
	}
	return 0;
}

/* Insert pages that are counted, so that the kernel can pin them. */
static vm_fault_t insert_pages(struct vm_fault *vmf, unsigned long *inserted)
{
	struct iokmem_run run = run_at(vmf->vma->vm_private_data, vmf->address);
	unsigned long address = vmf->address & PAGE_MASK;
	unsigned long before, nr;
	int err;

	err = vm_insert_page(vmf->vma, address, pfn_to_page(run.pfn));
	if (err)
		return err == -EBUSY ? VM_FAULT_NOPAGE : vmf_error(err);

	/* The page that faulted is there. The others may be mapped later. */
	nr = pages_around(vmf, &run, &before);
	*inserted = 1;
	insert_missing(vmf->vma, address - before * PAGE_SIZE, run.pfn - before, nr, inserted);
	return VM_FAULT_NOPAGE;
}

/*
 * iokmem_vma_insert_pages - insert pages that are counted, from @address on
 *
 * A fault does not look for holes that the program has made elsewhere. Return how many of
 * @nr pages are there now, at least 1, or a negative error.
 */
long iokmem_vma_insert_pages(struct vm_area_struct *vma, unsigned long address,
			     unsigned long nr)
{
	struct iokmem_run run = run_at(vma->vm_private_data, address);
	unsigned long inserted = 0;
	int err;

	nr = min3(nr, run.nr, IOKMEM_FAULT_AROUND);
	err = insert_missing(vma, address, run.pfn, nr, &inserted);
	return err ? err : (long)nr;
}

/*
 * Give the kernel the page, and it makes the entry: a huge one of a block, if it can and
 * the program has not said that it wants none, or one of the page.
 */
static vm_fault_t give_page(struct vm_fault *vmf, unsigned long *given)
{
	struct iokmem_run run = run_at(vmf->vma->vm_private_data, vmf->address);
	struct page *page = pfn_to_page(run.pfn);
	unsigned long nr = compound_nr(compound_head(page));

	/* The kernel takes it that a page's place in its block is that in the file. */
	if (WARN_ON_ONCE((vmf->pgoff ^ run.pfn) & (nr - 1)))
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	*given = nr == PTRS_PER_PTE && pmd_none(READ_ONCE(*vmf->pmd)) ? nr : 1;
	return 0;
}

/* Insert frames that are there as long as the mapping. */
static vm_fault_t insert_frames(struct vm_fault *vmf, unsigned long *inserted)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);
	struct iokmem_run run;

	/* mremap() that failed may have left a table of small entries. */
	if (takes_huge_entry(vmf->vma, vmf->address, &run) &&
	    (pmd_none(pmd) || pmd_leaf(pmd))) {
		/* Another thread was faster. */
		if (pmd_leaf(pmd))
			return VM_FAULT_NOPAGE;
		return insert_huge_around(vmf, &run, inserted);
	}
	/* A guard page. */
	if (run.pfn == IOKMEM_NO_PFN)
		return VM_FAULT_SIGSEGV;
	return run.typed ? insert_typed(vmf, inserted) :
			   insert_tracked(vmf, &run, inserted);
}

/* Return true if entries of the VMA are of pages that are counted. */
bool iokmem_vma_has_pages(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & VM_PFNMAP);
}

/* Return true if the memory itself finds the pages of the VMA, one by one. */
bool iokmem_vma_is_paged(const struct vm_area_struct *vma)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;

	return iokmem_vma_has_pages(vma) && !(mapping->options & IOKMEM_MAP_PINNABLE);
}

/* Return true if the kernel makes the entries of the VMA, of pages that it is given. */
bool iokmem_vma_is_given(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

/* Count the pages of the mapping that are in blocks which one huge entry can map. */
static unsigned long pages_in_huge_blocks(const struct iokmem_mapping *mapping)
{
	unsigned long address = ALIGN(mapping->start, PMD_SIZE), nr = 0;

	for (; address < iokmem_mapping_end_address(mapping); address += PMD_SIZE) {
		struct iokmem_run run = run_at(mapping, address);

		if (huge_entry_fits(mapping, address, &run) &&
		    1UL << compound_order(pfn_to_page(run.pfn)) == PTRS_PER_PTE)
			nr += PTRS_PER_PTE;
	}
	return nr;
}

/*
 * iokmem_pinnable_flags - how a pinnable mapping gets its pages
 *
 * Either by vm_insert_pages(), as many at once as a fault maps (VM_MIXEDMAP). Or the
 * kernel makes the entries: a huge one of a whole block, but otherwise one of a page for
 * each fault, so this is for memory that is in such blocks for the most part. The kernel
 * goes by the VMA's place in the file, which with guards is not the memory's.
 */
vm_flags_t iokmem_pinnable_flags(const struct iokmem_mapping *mapping)
{
	if (mapping->guard ||
	    mm_flags_test(MMF_DISABLE_THP_COMPLETELY, mapping->mm) ||
	    mm_flags_test(MMF_DISABLE_THP_EXCEPT_ADVISED, mapping->mm) ||
	    2 * pages_in_huge_blocks(mapping) < iokmem_mapping_pages(mapping))
		return VM_MIXEDMAP;
	return 0;
}

/* Return true if the fault may drop the mmap lock and wait. */
static bool may_wait(const struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_ALLOW_RETRY;
}

/*
 * The mapping is redirected to nothing: drop the mmap lock and sleep until it is redirected
 * to memory or killed. The access is tried again in any case.
 *
 * Only accesses from user mode wait: the kernel's own may have locks that other processes
 * need, and a task that exits or dumps core must come to an end. Signals, debuggers, and
 * the freezer are let in.
 *
 * Without the mmap lock the VMA may go. Its file keeps this module until the task is back
 * in user mode.
 */
static vm_fault_t wait_unblocked(struct vm_fault *vmf, struct iokmem_mapping *mapping)
{
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_USER) || !may_wait(vmf) ||
	    (current->flags & (PF_EXITING | PF_DUMPCORE)))
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	kref_get(&mapping->count);
	file = get_file(vmf->vma->vm_file);
	mmap_read_unlock(vmf->vma->vm_mm);
	(void)___wait_var_event(&mapping->blocked,
				!READ_ONCE(mapping->blocked) ||
				READ_ONCE(mapping->state) == IOKMEM_MAPPING_KILLED,
				(TASK_INTERRUPTIBLE | TASK_FREEZABLE), 0, 0, schedule());
	iokmem_mapping_put(mapping);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * The memory is being given another cache mode, since it was not mapped when that began:
 * wait, without the mmap lock, until it is over. That is soon, whatever programs do.
 */
static vm_fault_t wait_retyped(struct vm_fault *vmf, struct iokmem_desc *desc)
{
	struct file *file;

	if (!may_wait(vmf))
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	iokmem_desc_count_get(desc);
	file = get_file(vmf->vma->vm_file);
	mmap_read_unlock(vmf->vma->vm_mm);
	wait_event_killable(desc->wait, !READ_ONCE(desc->retyping));
	iokmem_desc_count_put(desc);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * iokmem_vma_fault - serve a fault in one of the module's VMAs
 *
 * A VMA without a mapping is unclaimed, or a copy that mremap() or fork() has made.
 */
vm_fault_t iokmem_vma_fault(struct vm_fault *vmf)
{
	struct iokmem_mapping *mapping = vmf->vma->vm_private_data;
	unsigned long inserted = 0;
	struct iokmem_desc *desc;
	vm_fault_t ret;

	mmap_assert_locked(vmf->vma->vm_mm);

	if (!mapping || READ_ONCE(mapping->state) == IOKMEM_MAPPING_KILLED)
		return VM_FAULT_SIGBUS;
	if (vmf->address < mapping->start ||
	    vmf->address >= iokmem_mapping_end_address(mapping))
		return VM_FAULT_SIGSEGV;
	if (mapping->blocked)
		return wait_unblocked(vmf, mapping);
	desc = iokmem_mapping_desc(mapping);
	/* All entries were made at once: the program itself has removed some. */
	if (iokmem_desc_fills_vma(desc))
		return VM_FAULT_SIGBUS;
	/* Pairs with iokmem_desc_retype_end(): the new mode is seen as well. */
	if (smp_load_acquire(&desc->retyping))
		return wait_retyped(vmf, desc);

	if (iokmem_vma_is_paged(vmf->vma)) {
		ret = iokmem_desc_fault(desc, vmf);
		inserted = 1;
	} else if (iokmem_vma_is_given(vmf->vma)) {
		ret = give_page(vmf, &inserted);
	} else if (iokmem_vma_has_pages(vmf->vma)) {
		ret = insert_pages(vmf, &inserted);
	} else {
		ret = insert_frames(vmf, &inserted);
	}
	if ((!ret || ret == VM_FAULT_NOPAGE) && inserted)
		trace_iokmem_fault(mapping, vmf->address, inserted);
	return ret;
}
