// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in user mappings. A fault makes entries of the memory that the mapping shows at
 * the moment: of raw page frames, or of pages that are counted.
 *
 * The mmap lock is held, for reading at least, so the VMA, its mapping and the backing
 * stay. A fault that waits drops the lock. Afterwards it uses none of these objects, and
 * the access is tried again.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/freezer.h>
#include <linux/mm.h>

#include "map/map.h"
#include "page/block.h"
#include "page/cache.h"
#include "page/compat.h"
#include "trace.h"

/* The most huge entries that one fault makes. All are in one page table. */
#define IOKMEM_HUGE_AROUND	min_t(unsigned long, 32, PTRS_PER_PMD)

/* Return true if memory and addresses have the alignment that a huge entry needs. */
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

	*run = iokmem_mapping_lookup(mapping, address);
	prot = iokmem_cache_prot(run->cache_mode, run->typed, vma->vm_page_prot);
	return huge_entry_fits(mapping, address, run) &&
	       iokmem_cache_in_huge_entries(run->cache_mode) &&
	       pgprot_val(prot) == pgprot_val(vma->vm_page_prot);
}

/*
 * Make the huge entry at the fault, which must succeed. Also make huge entries around it,
 * as far as the mapping and an aligned window go; all of them are in one page table.
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
 * Find the pages that one fault maps: those of the mapping in the window around the page
 * that faulted. The window is in one page table. It is aligned, so neighbouring faults do
 * not map the pages again.
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
 * Count the pages of the window that are contiguous in memory with the page that faulted,
 * this page included. @before is set to the number of pages before it.
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

/* Return the protection of small entries of the memory in @run. */
static pgprot_t small_prot(const struct vm_area_struct *vma,
			   const struct iokmem_run *run)
{
	return iokmem_cache_prot(run->cache_mode, run->typed,
				 iokmem_prot_marked(vma->vm_page_prot, vma->vm_flags));
}

/* Insert frames one by one, because the kernel has to look up the type of each. */
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
 * struct filler - the state of making the entries of a mapping one after the other
 * @vma: the mapping's VMA
 * @left: pages left in the current run; 0: look up the next run
 * @typed: the pages are known to have the type that their descriptor says
 * @entry: the entry of the next page, if @typed
 * @inserted: number of entries that have been made
 */
struct filler {
	struct vm_area_struct *vma;
	unsigned long left;
	bool typed;
	pte_t entry;
	unsigned long inserted;
};

/* Not inlined, to keep the code that runs for each entry short. */
static noinline void begin_run(struct filler *filler, unsigned long address)
{
	struct iokmem_run run = iokmem_mapping_lookup(filler->vma->vm_private_data, address);

	filler->left = run.nr;
	filler->typed = run.typed;
	if (run.typed)
		filler->entry = pfn_pte(run.pfn, small_prot(filler->vma, &run));
}

/*
 * pte_mkspecial() is called here, where the compiler sees its effect: for entries that are
 * not special, arm64's set_pte_at() calls functions that are not exported to modules.
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
 * Insert frames that are known to have the type that their descriptor says, so no type has
 * to be looked up. All pages of the window are inserted, wherever they are in memory.
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
 * Filling it at once costs less than the fault. If it fails, faults fill the mapping later.
 */
void iokmem_vma_fill_small(struct vm_area_struct *vma)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;
	struct filler filler = { .vma = vma };
	unsigned long nr = iokmem_mapping_pages(mapping);

	mmap_assert_write_locked(vma->vm_mm);

	if (iokmem_desc_is_typed(iokmem_mapping_desc(mapping)) &&
	    !iokmem_vma_has_pages(vma) && nr <= IOKMEM_FAULT_AROUND &&
	    !iokmem_mapping_is_blocked(mapping))
		apply_to_page_range(vma->vm_mm, mapping->start, nr << PAGE_SHIFT,
				    fill_entry, &filler);
}

/*
 * Insert those of @nr neighbouring pages that are missing, and count them. vm_insert_pages()
 * stops at the first page that is present, so continue behind it.
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
		/* Skip the page that is present. */
		address += (nr - left + 1) << PAGE_SHIFT;
		pages += nr - left + 1;
		nr = left - 1;
	}
	return 0;
}

/* Insert pages that are counted, so that the kernel can pin them. */
static vm_fault_t insert_pages(struct vm_fault *vmf, unsigned long *inserted)
{
	struct iokmem_run run = iokmem_mapping_lookup(vmf->vma->vm_private_data, vmf->address);
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
	struct iokmem_run run = iokmem_mapping_lookup(vma->vm_private_data, address);
	unsigned long inserted = 0;
	int err;

	nr = min3(nr, run.nr, IOKMEM_FAULT_AROUND);
	err = insert_missing(vma, address, run.pfn, nr, &inserted);
	return err ? err : (long)nr;
}

/* Return how many pages the kernel maps if the fault returns the page. */
static unsigned long pages_given(const struct vm_fault *vmf)
{
	unsigned long nr = compound_nr(compound_head(vmf->page));

	return nr == PTRS_PER_PTE && pmd_none(READ_ONCE(*vmf->pmd)) ? nr : 1;
}

/*
 * Return the page to the kernel, which makes the entry: a huge entry of the page's block if
 * it can and the program has not disabled huge pages, otherwise an entry of the page.
 */
static vm_fault_t give_page(struct vm_fault *vmf)
{
	struct iokmem_run run = iokmem_mapping_lookup(vmf->vma->vm_private_data, vmf->address);
	struct page *page = pfn_to_page(run.pfn);
	unsigned long nr = compound_nr(compound_head(page));

	/* The kernel assumes that pages are aligned in their block as in the file. */
	if (WARN_ON_ONCE((vmf->pgoff ^ run.pfn) & (nr - 1)))
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

/* Insert frames of memory that stays in place as long as the mapping shows it. */
static vm_fault_t insert_frames(struct vm_fault *vmf, unsigned long *inserted)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);
	struct iokmem_run run;

	/* A failed mremap() may have left a table of small entries. */
	if (takes_huge_entry(vmf->vma, vmf->address, &run) &&
	    (pmd_none(pmd) || pmd_leaf(pmd))) {
		/* Another thread has made the entry. */
		if (pmd_leaf(pmd))
			return VM_FAULT_NOPAGE;
		return insert_huge_around(vmf, &run, inserted);
	}
	/* Guard pages must not be touched. */
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

/* Return true if the kind's ->fault() finds the pages of the VMA, one by one. */
bool iokmem_vma_is_paged(const struct vm_area_struct *vma)
{
	const struct iokmem_mapping *mapping = vma->vm_private_data;

	return iokmem_vma_has_pages(vma) && !(mapping->options & IOKMEM_MAP_PINNABLE);
}

/* Return true if faults return pages, and the kernel makes the entries of the VMA. */
bool iokmem_vma_is_given(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

/* Count the pages of the mapping that huge entries can map. */
static unsigned long pages_in_huge_blocks(const struct iokmem_mapping *mapping)
{
	unsigned long address = ALIGN(mapping->start, PMD_SIZE), nr = 0;

	for (; address < iokmem_mapping_end_address(mapping); address += PMD_SIZE) {
		struct iokmem_run run = iokmem_mapping_lookup(mapping, address);

		if (huge_entry_fits(mapping, address, &run) &&
		    1UL << compound_order(pfn_to_page(run.pfn)) == PTRS_PER_PTE)
			nr += PTRS_PER_PTE;
	}
	return nr;
}

/*
 * iokmem_pinnable_flags - choose how faults in a pinnable mapping map its pages
 *
 * There are two ways:
 *
 *  - VM_MIXEDMAP: vm_insert_pages() maps all pages of a fault's window at once.
 *  - 0: the fault returns one page, and the kernel makes the entry. This can be a huge entry
 *    of a block, but otherwise maps a single page. So it is used for memory that is mostly
 *    in blocks that huge entries can map. The kernel checks their alignment in the file,
 *    where a VMA with guards does not start with the memory.
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

/* Sleep until the mapping, which is redirected to nothing, shows memory again or is killed. */
static void sleep_redirected(struct iokmem_mapping *mapping)
{
	(void)___wait_var_event(&mapping->blocked,
				!READ_ONCE(mapping->blocked) ||
				READ_ONCE(mapping->state) == IOKMEM_MAPPING_KILLED,
				(TASK_INTERRUPTIBLE | TASK_FREEZABLE), 0, 0, schedule());
}

/* Sleep until the mapping's program may touch @desc, or the mapping shows it no longer. */
static void sleep_blocked(struct iokmem_mapping *mapping, struct iokmem_desc *desc)
{
	atomic_inc(&mapping->nr_sleepers);
	/* Pairs with iokmem_mapping_wake_sleepers(), unless the thread sees the change itself. */
	smp_mb__after_atomic();
	(void)___wait_var_event(&desc->blocked,
				!iokmem_desc_blocks(desc, mapping->mm) ||
				READ_ONCE(mapping->backing.desc) != desc ||
				READ_ONCE(mapping->state) == IOKMEM_MAPPING_KILLED,
				(TASK_INTERRUPTIBLE | TASK_FREEZABLE), 0, 0, schedule());
	atomic_dec(&mapping->nr_sleepers);
}

/*
 * Drop the mmap lock and sleep until the mapping, which is redirected to nothing or is of memory
 * that is blocked, shows memory again or is killed. The access is tried again in either case.
 *
 * Only accesses from user mode wait. The kernel's own accesses may hold locks that other
 * processes need, and a task that exits or dumps core must finish. Signals, debuggers, and
 * the freezer interrupt the sleep.
 *
 * Without the mmap lock the VMA may be unmapped. A reference to its file keeps this module
 * loaded until the task is back in user mode.
 */
static vm_fault_t wait_unblocked(struct vm_fault *vmf, struct iokmem_mapping *mapping)
{
	struct iokmem_desc *desc = iokmem_mapping_desc(mapping);
	bool redirected = mapping->blocked;
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_USER) || !may_wait(vmf) ||
	    (current->flags & (PF_EXITING | PF_DUMPCORE)))
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	kref_get(&mapping->count);
	iokmem_desc_count_get(desc);
	file = get_file(vmf->vma->vm_file);
	mmap_read_unlock(vmf->vma->vm_mm);
	if (redirected)
		sleep_redirected(mapping);
	else
		sleep_blocked(mapping, desc);
	iokmem_desc_count_put(desc);
	iokmem_mapping_put(mapping);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * Wait, without the mmap lock, until the memory has been retyped. A retype depends on no
 * program, so the wait is short.
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
 * A VMA without a mapping is unclaimed, or is a copy made by mremap() or fork().
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
	if (iokmem_mapping_is_blocked(mapping))
		return wait_unblocked(vmf, mapping);
	desc = iokmem_mapping_desc(mapping);
	/* All entries were made when the VMA was claimed; the program has removed some. */
	if (iokmem_desc_fills_vma(desc))
		return VM_FAULT_SIGBUS;
	/* Pairs with iokmem_desc_retype_end(), so that the new mode is seen as well. */
	if (smp_load_acquire(&desc->retyping))
		return wait_retyped(vmf, desc);

	if (iokmem_vma_is_paged(vmf->vma))
		ret = iokmem_desc_fault(desc, vmf);
	else if (iokmem_vma_is_given(vmf->vma))
		ret = give_page(vmf);
	else if (iokmem_vma_has_pages(vmf->vma))
		ret = insert_pages(vmf, &inserted);
	else
		ret = insert_frames(vmf, &inserted);
	if (!ret || ret == VM_FAULT_LOCKED)
		inserted = pages_given(vmf);
	if (!(ret & VM_FAULT_ERROR) && inserted)
		trace_iokmem_fault(mapping, vmf->address, inserted);
	return ret;
}

/*
 * iokmem_vma_access - copy bytes from or to a map, for a debugger
 *
 * The kernel calls this for /proc/PID/mem and ptrace(), which cannot have references to raw
 * frames, and which ask for more than the VMA allows. Only memory of the module's own is touched,
 * and only if it has a fixed place, and the kernel's map of all memory has its cache mode. Return
 * how many bytes were copied, at most to the end of the page; or -EFAULT.
 */
int iokmem_vma_access(struct vm_area_struct *vma, unsigned long address, void *bytes,
		      int length, int write)
{
	struct iokmem_mapping *mapping = vma->vm_private_data;
	struct iokmem_desc *desc;
	struct iokmem_run run;

	mmap_assert_locked(vma->vm_mm);

	if (!mapping || READ_ONCE(mapping->state) == IOKMEM_MAPPING_KILLED ||
	    iokmem_mapping_is_blocked(mapping) || iokmem_vma_has_pages(vma) ||
	    address < mapping->start ||
	    address >= iokmem_mapping_end_address(mapping) ||
	    !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		return -EFAULT;
	desc = iokmem_mapping_desc(mapping);
	/* Pairs with iokmem_desc_retype_end(), so that the new mode is seen as well. */
	if (iokmem_desc_fills_vma(desc) || smp_load_acquire(&desc->retyping))
		return -EFAULT;
	run = iokmem_mapping_lookup(mapping, address);
	if (!run.typed || !iokmem_cache_in_direct_map(run.cache_mode) ||
	    iokmem_frames_poisoned(run.pfn, 1))
		return -EFAULT;
	length = min_t(unsigned long, length, PAGE_SIZE - offset_in_page(address));
	iokmem_access_page(pfn_to_page(run.pfn), offset_in_page(address), bytes, length, write);
	return length;
}
