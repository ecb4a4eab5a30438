// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings in user address spaces: one VMA each, of raw page frames; or, of pageable
 * memory, of the pages that there are at the time.
 *
 * The VMA keeps the mapping, the mapping keeps the descriptor; so the memory is there
 * as long as the VMA. There are two ways to that:
 *
 *  - A mapping that a program asks for by its file descriptor is of that file, which
 *    has a user of the descriptor: so whatever else the end of the VMA lets go of, the
 *    descriptor's last user is not among it, and it can be let go of at once.
 *  - All others have a file of their own, which nobody has a file descriptor of: a
 *    driver's, so that the descriptor has no user by it; Unique ones, which may show
 *    other memory later; such as hold memory; and such as may have pages that are
 *    counted, whose file is on an inode that has nobody else's mappings. The VMA keeps
 *    the file, the file the mapping, and lets go of it a moment after the end of the
 *    VMA, without the mmap lock.
 *
 * The VMA can be neither split nor moved, so that a mapping is one VMA or none,
 * and is not copied to a child.
 *
 * A mapping that is redirected keeps its VMA and its file. So the kernel finds the
 * VMA where it was made; pageable memory can be mapped page by page only there, and is
 * held, and mapped by frames, everywhere else.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/personality.h>
#include <linux/sched/mm.h>

#include "desc/desc.h"
#include "map/map.h"
#include "page/address_space.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/wake.h"
#include "trace.h"

/* How many pages around the one that faulted are mapped with it, at most. */
#define IOKMEM_FAULT_AROUND	64UL
/* How many huge entries are made by a fault, at most: all in one table. */
#define IOKMEM_HUGE_AROUND	min_t(unsigned long, 32, PTRS_PER_PMD)

/* In a VMA's place in its file: perhaps it is for a mapping that there is already. */
#define IOKMEM_PGOFF_BUILT	(1UL << (BITS_PER_LONG - PAGE_SHIFT - 2))

/* Just past the pages of a mapping, guards not counted. */
static unsigned long map_end(const struct iokmem_map *map)
{
	return map->start + (iokmem_map_pages(map) << PAGE_SHIFT);
}

/* Where the page at @address is. */
static struct iokmem_run run_at(const struct iokmem_map *map, unsigned long address)
{
	unsigned long ahead = (address - map->start) >> PAGE_SHIFT;

	return iokmem_desc_lookup(map->desc, iokmem_map_index(map) + ahead);
}

/*
 * Whether one huge entry can map all that the page table at @address would: if memory
 * and addresses are aligned alike.
 */
static bool huge_entry_fits(const struct iokmem_map *map, unsigned long address,
			    const struct iokmem_run *run)
{
	unsigned long start = address & PMD_MASK;
	unsigned long ahead = (address - start) >> PAGE_SHIFT;

	return IOKMEM_HUGE_ENTRIES && run->pfn != IOKMEM_NO_PFN &&
	       start >= map->start && map_end(map) - start >= PMD_SIZE &&
	       run->before >= ahead && run->nr + ahead >= PTRS_PER_PTE &&
	       IS_ALIGNED(run->pfn - ahead, PTRS_PER_PTE);
}

/* A huge entry has the VMA's protection: is it what small ones are to have? */
static bool huge_entry_has_type(const struct vm_area_struct *vma, pgprot_t prot,
				u32 cache_mode)
{
	return iokmem_cache_in_huge_entries(cache_mode) &&
	       pgprot_val(prot) == pgprot_val(vma->vm_page_prot);
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

/* Can the page at @address be in a huge entry? If so, what of is in @run. */
static bool takes_huge_entry(const struct vm_area_struct *vma, unsigned long address,
			     struct iokmem_run *run)
{
	const struct iokmem_map *map = vma->vm_private_data;
	pgprot_t prot;

	*run = run_at(map, address);
	prot = iokmem_cache_prot(run->cache_mode, run->typed, vma->vm_page_prot);
	return huge_entry_fits(map, address, run) &&
	       huge_entry_has_type(vma, prot, run->cache_mode);
}

/*
 * The huge entry at the fault, and those around it: in the mapping, in an aligned window,
 * and so in the same table. The first must succeed.
 */
static vm_fault_t insert_huge_around(struct vm_fault *vmf, struct iokmem_run *run,
				     unsigned long *inserted)
{
	const struct iokmem_map *map = vmf->vma->vm_private_data;
	unsigned long window = vmf->address & ~(IOKMEM_HUGE_AROUND * PMD_SIZE - 1);
	unsigned long address = max(window, ALIGN(map->start, PMD_SIZE));
	unsigned long end = min(window + IOKMEM_HUGE_AROUND * PMD_SIZE, map_end(map));
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
 * aligned window, so that neighbouring faults do not do the same work.
 */
static void window_around(const struct vm_fault *vmf, unsigned long *start,
			  unsigned long *end)
{
	const struct iokmem_map *map = vmf->vma->vm_private_data;
	unsigned long window = vmf->address & ~(IOKMEM_FAULT_AROUND * PAGE_SIZE - 1);

	BUILD_BUG_ON(IOKMEM_FAULT_AROUND > PTRS_PER_PTE);

	*start = max(window, map->start);
	*end = min(window + IOKMEM_FAULT_AROUND * PAGE_SIZE, map_end(map));
}

/*
 * Of these, the page that faulted and its neighbours in memory. How many, and how many of
 * these come before it.
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

/* Frames whose type is not ours to know: the kernel looks it up for each. */
static vm_fault_t insert_tracked(struct vm_fault *vmf, const struct iokmem_run *run,
				 pgprot_t prot, unsigned long *inserted)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long address = vmf->address & PAGE_MASK;
	unsigned long before, first, i, nr;
	vm_fault_t ret;

	/* This one must succeed; the others may as well be mapped later. */
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
 * @typed: they have the type which their descriptor says
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

/* Out of the way of what is done for each entry. */
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
 * Frames that have the type which their descriptor says, for sure: so nothing is looked
 * up for each. All that are around the fault, wherever they are in memory.
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

/* The same with pages that are counted, so that the kernel can pin them. */
static vm_fault_t insert_pages(struct vm_fault *vmf, unsigned long *inserted)
{
	struct iokmem_run run = run_at(vmf->vma->vm_private_data, vmf->address);
	unsigned long address = vmf->address & PAGE_MASK;
	struct page *pages[IOKMEM_FAULT_AROUND];
	unsigned long before, nr, i, left;
	int err;

	err = vm_insert_page(vmf->vma, address, pfn_to_page(run.pfn));
	if (err)
		return err == -EBUSY ? VM_FAULT_NOPAGE : vmf_error(err);

	nr = pages_around(vmf, &run, &before);
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(run.pfn - before + i);
	/* Each as far as the first that is there already. */
	*inserted = nr;
	left = before;
	if (before)
		vm_insert_pages(vmf->vma, address - before * PAGE_SIZE, pages, &left);
	*inserted -= left;
	left = nr - before - 1;
	if (left)
		vm_insert_pages(vmf->vma, address + PAGE_SIZE, pages + before + 1,
				&left);
	*inserted -= left;
	return VM_FAULT_NOPAGE;
}

/*
 * The same where the kernel makes the entry: a huge one of a block, if it can and the
 * program has not said that it wants none, or one of the page.
 */
static vm_fault_t give_page(struct vm_fault *vmf, unsigned long *given)
{
	struct iokmem_run run = run_at(vmf->vma->vm_private_data, vmf->address);
	struct page *page = pfn_to_page(run.pfn);
	unsigned long nr = compound_nr(compound_head(page));

	/* It takes for granted that a page's place in its block is that in the file. */
	if (WARN_ON_ONCE((vmf->pgoff ^ run.pfn) & (nr - 1)))
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	*given = nr == PTRS_PER_PTE && pmd_none(READ_ONCE(*vmf->pmd)) ? nr : 1;
	return 0;
}

/* Map what is at the fault: frames that are there as long as the mapping. */
static vm_fault_t insert_frames(struct vm_fault *vmf, unsigned long *inserted)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);
	struct iokmem_run run;

	/* mremap() that failed may have left a table of small entries. */
	if (takes_huge_entry(vmf->vma, vmf->address, &run) &&
	    (pmd_none(pmd) || pmd_leaf(pmd))) {
		/* Another thread that touched it was faster. */
		if (pmd_leaf(pmd))
			return VM_FAULT_NOPAGE;
		return insert_huge_around(vmf, &run, inserted);
	}
	/* A guard page. */
	if (run.pfn == IOKMEM_NO_PFN)
		return VM_FAULT_SIGSEGV;
	if (run.typed)
		return insert_typed(vmf, inserted);
	return insert_tracked(vmf, &run, small_prot(vmf->vma, &run), inserted);
}

/*
 * Whoever touches a mapping that is redirected to nothing sleeps, without the mmap
 * lock, until that is over. The access is tried again in any case.
 */
static vm_fault_t wait_unblocked(struct vm_fault *vmf, struct iokmem_map *map)
{
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	/* Without the lock the VMA may go, and the mapping with it. */
	kref_get(&map->count);
	mmap_read_unlock(vmf->vma->vm_mm);
	wait_var_event_killable(&map->blocked,
				!READ_ONCE(map->blocked) ||
				READ_ONCE(map->state) == IOKMEM_MAP_DEAD);
	iokmem_map_count_put_async(map);
	return VM_FAULT_RETRY;
}

/* Are its entries of pages that are counted? */
static bool has_pages(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & VM_PFNMAP);
}

/* Are they found one by one, by the memory's own way? */
static bool is_paged(const struct vm_area_struct *vma)
{
	const struct iokmem_map *map = vma->vm_private_data;

	return has_pages(vma) && !(map->options & IOKMEM_MAP_PINNABLE);
}

/* Does the kernel make the entries? */
static bool is_given(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

static vm_fault_t map_fault(struct vm_fault *vmf)
{
	struct iokmem_map *map = vmf->vma->vm_private_data;
	unsigned long inserted = 0;
	vm_fault_t ret;

	mmap_assert_locked(vmf->vma->vm_mm);

	/* It is being unmapped: see iokmem_unmap_user(). Or a child's: map_open(). */
	if (READ_ONCE(map->state) == IOKMEM_MAP_DEAD || vmf->vma->vm_mm != map->mm)
		return VM_FAULT_SIGBUS;
	if (vmf->address < map->start || vmf->address >= map_end(map))
		return VM_FAULT_SIGSEGV;
	if (map->blocked)
		return wait_unblocked(vmf, map);
	/* Its entries were all there: the program itself has removed some. */
	if (iokmem_desc_fills_vma(map->desc))
		return VM_FAULT_SIGBUS;

	if (is_paged(vmf->vma)) {
		ret = iokmem_desc_fault(map->desc, vmf);
		inserted = 1;
	} else if (is_given(vmf->vma)) {
		ret = give_page(vmf, &inserted);
	} else if (has_pages(vmf->vma)) {
		ret = insert_pages(vmf, &inserted);
	} else {
		ret = insert_frames(vmf, &inserted);
	}
	if ((!ret || ret == VM_FAULT_NOPAGE) && inserted)
		trace_iokmem_fault(map, vmf->address, inserted);
	return ret;
}

/*
 * There is a second VMA. One that must not be VM_IO, so that it can be pinned, a
 * program can have copied for a child: that gets none of its entries, nor any later.
 */
static void map_open(struct vm_area_struct *vma)
{
	struct iokmem_map *map = vma->vm_private_data;

	if (vma->vm_mm != map->mm)
		vm_flags_set(vma, VM_WIPEONFORK);
}

static const struct file_operations iokmem_map_fops;

/*
 * The VMA goes, with the mmap lock held. A failed mremap() makes a copy of the
 * VMA elsewhere and takes that away again; the mapping is not affected.
 */
static void map_close(struct vm_area_struct *vma)
{
	struct iokmem_map *map = vma->vm_private_data;
	bool has_holders;

	if (vma->vm_mm != map->mm || vma->vm_start != iokmem_map_vma_start(map))
		return;
	/* mmap() has failed: here its entries go only later. */
	if (READ_ONCE(map->state) == IOKMEM_MAP_BUILDING && !has_pages(vma))
		zap_special_vma_range(vma, vma->vm_start,
				      vma->vm_end - vma->vm_start);
	has_holders = iokmem_map_vanished(map);
	if (vma->vm_file->f_op != &iokmem_map_fops)
		iokmem_map_let_go(map, has_holders);
}

static int map_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

static int map_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct iokmem_vm_ops = {
	.open		= map_open,
	.close		= map_close,
	.may_split	= map_may_split,
	.mremap		= map_mremap,
	.fault		= map_fault,
};

/*
 * iokmem_map_at - the mapping of @desc in @mm at @address, or NULL
 *
 * It may be dead, or under construction. Called with the mmap lock held, which keeps
 * it.
 */
struct iokmem_map *iokmem_map_at(struct mm_struct *mm, unsigned long address,
				 const struct iokmem_desc *desc)
{
	struct vm_area_struct *vma;
	struct iokmem_map *map;

	mmap_assert_locked(mm);

	vma = vma_lookup(mm, address);
	if (!vma || vma->vm_ops != &iokmem_vm_ops)
		return NULL;
	map = vma->vm_private_data;
	if (map->mm != mm)
		return NULL;
	if (map->desc == desc)
		return map;
	/* Or did so when it was made. */
	return (map->options & IOKMEM_MAP_UNIQUE) && map->made_of == desc->id ? map : NULL;
}

/*
 * Where a mapping's VMA starts in its file. That means something only if the file has
 * the pages: the kernel finds them in VMAs, and VMAs by them.
 */
static pgoff_t vma_pgoff(const struct iokmem_map *map)
{
	pgoff_t index = iokmem_map_index(map);

	if (!iokmem_desc_is_paged(map->desc))
		return index;
	return index + iokmem_desc_map_lead(map->desc) - map->guard;
}

/*
 * What is so small that one fault would fill it can as well be filled now: a fault costs
 * more. It is not an error if that does not work. Only of a mapping that is not live yet:
 * should mmap() fail after this, map_close() knows by that.
 */
static void fill_small(struct vm_area_struct *vma, const struct iokmem_map *map)
{
	struct filler filler = { .vma = vma };

	if (iokmem_desc_is_typed(map->desc) && !has_pages(vma) &&
	    iokmem_map_pages(map) <= IOKMEM_FAULT_AROUND)
		apply_to_page_range(vma->vm_mm, map->start, map_end(map) - map->start,
				    fill_entry, &filler);
}

/* Entries of @vma, of which there are none, will be of the mapping's memory. */
static void dress_vma(struct vm_area_struct *vma, const struct iokmem_map *map,
		      vm_flags_t flags)
{
	vm_flags_mod(vma, flags, (VM_PFNMAP | VM_MIXEDMAP) & ~flags);
	vma->vm_page_prot = iokmem_cache_prot(iokmem_desc_get_cache_mode(map->desc),
					      iokmem_desc_is_typed(map->desc),
					      vm_get_page_prot(vma->vm_flags));
}

/* How many pages of the mapping are in blocks that one huge entry can map. */
static unsigned long pages_in_huge_blocks(const struct iokmem_map *map)
{
	unsigned long address = ALIGN(map->start, PMD_SIZE), nr = 0;

	for (; address < map_end(map); address += PMD_SIZE) {
		struct iokmem_run run = run_at(map, address);

		if (huge_entry_fits(map, address, &run) &&
		    1UL << compound_order(pfn_to_page(run.pfn)) == PTRS_PER_PTE)
			nr += PTRS_PER_PTE;
	}
	return nr;
}

/*
 * How a pinnable mapping gets its pages. By vm_insert_pages(), as many at once as a fault
 * maps, or from the kernel, which maps a whole block by a huge entry, but otherwise one
 * page a fault: so that is for memory which is in such blocks, for the most part. The
 * kernel goes by the VMA's place in the file, which with guards is not the memory's.
 */
static vm_flags_t pinnable_flags(const struct iokmem_map *map)
{
	if (map->guard || mm_flags_test(MMF_DISABLE_THP_COMPLETELY, map->mm) ||
	    mm_flags_test(MMF_DISABLE_THP_EXCEPT_ADVISED, map->mm) ||
	    2 * pages_in_huge_blocks(map) < iokmem_map_pages(map))
		return VM_MIXEDMAP;
	return 0;
}

/* @vma, which nobody can see yet, becomes the mapping's. */
static int map_take_vma(struct iokmem_map *map, struct vm_area_struct *vma)
{
	bool pinnable = map->options & IOKMEM_MAP_PINNABLE;
	struct iokmem_desc *desc = map->desc;
	int err;

	if (iokmem_desc_fills_vma(desc)) {
		vma->vm_page_prot = iokmem_prot_marked(vma->vm_page_prot, vma->vm_flags);
		err = iokmem_desc_fill_vma(desc, vma);
		if (err)
			return err;
	}
	/* VM_IO: nobody pins it, and MADV_DOFORK must not undo VM_DONTCOPY. */
	vm_flags_mod(vma, (pinnable ? 0 : VM_IO) | VM_DONTEXPAND | VM_DONTCOPY |
			  VM_DONTDUMP, VM_EXEC | VM_MAYEXEC);
	vma->vm_private_data = map;
	vma->vm_ops = &iokmem_vm_ops;
	map->start = vma->vm_start + (map->guard << PAGE_SHIFT);
	if (!iokmem_desc_fills_vma(desc))
		dress_vma(vma, map, pinnable ? pinnable_flags(map) :
					       iokmem_desc_vm_flags(desc));
	return 0;
}

/*
 * The one vm_mmap() of iokmem_map_user(). By a file of its own nobody else gets here, but
 * for remap_file_pages(), which comes when the mapping has its VMA.
 */
static int map_get_vma(struct iokmem_map *map, struct vm_area_struct *vma)
{
	int err;

	mmap_assert_write_locked(vma->vm_mm);

	if (map->start)
		return -EINVAL;
	if (WARN_ON_ONCE(vma->vm_mm != map->mm ||
			 vma->vm_pgoff != vma_pgoff(map) ||
			 vma->vm_end - vma->vm_start != iokmem_map_vma_size(map)))
		return -EINVAL;
	err = map_take_vma(map, vma);
	if (!err)
		fill_small(vma, map);
	return err;
}

static int map_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	return map_get_vma(file->private_data, vma);
}

/*
 * The same by a file that others use too, whose ->mmap() this is: the mapping is found by
 * the task that makes it. NULL if there is none.
 */
static struct iokmem_map *find_built(struct iokmem_desc *desc)
{
	struct iokmem_map *map, *found = NULL;

	mutex_lock(&desc->lock);
	list_for_each_entry_reverse(map, &desc->maps, node) {
		if (READ_ONCE(map->builder) == current) {
			found = map;
			break;
		}
	}
	mutex_unlock(&desc->lock);
	return found;
}

static int map_get_shared_vma(struct iokmem_map *map, struct vm_area_struct *vma)
{
	int err;

	vma->vm_pgoff &= ~IOKMEM_PGOFF_BUILT;
	err = map_get_vma(map, vma);
	if (!err)
		kref_get(&map->count);
	return err;
}

static int map_file_release(struct inode *inode, struct file *file)
{
	struct iokmem_map *map = file->private_data;

	iokmem_map_tell_holders(map);
	iokmem_map_task_drop_all(map);
	iokmem_map_unhold(map);
	iokmem_map_count_put(map);
	return 0;
}

/* Where the first page of a mapping's VMA is in the memory, in bytes: if that has it. */
static size_t vma_place(const struct iokmem_map *map)
{
	return (iokmem_map_index(map) - map->guard) << PAGE_SHIFT;
}

static unsigned long
map_file_get_unmapped_area(struct file *file, unsigned long addr,
			   unsigned long len, unsigned long pgoff,
			   unsigned long flags)
{
	struct iokmem_map *map = file->private_data;

	return iokmem_get_unmapped_area(map->desc, file, addr, len, pgoff, flags,
					vma_place(map));
}

static const struct file_operations iokmem_map_fops = {
	.owner			= THIS_MODULE,
	.mmap			= map_file_mmap,
	.release		= map_file_release,
	.get_unmapped_area	= map_file_get_unmapped_area,
};

/* May there be entries of pages that are counted, so that the kernel has to find them? */
static bool may_have_pages(const struct iokmem_map *map)
{
	return map->options & IOKMEM_MAP_PINNABLE || iokmem_desc_fills_vma(map->desc) ||
	       iokmem_desc_is_paged(map->desc);
}

static struct file *map_file(struct iokmem_map *map, bool read_only)
{
	int flags = read_only ? O_RDONLY : O_RDWR;
	struct file *file;

	file = may_have_pages(map) ?
	       iokmem_desc_map_file(map->desc, map, flags, &iokmem_map_fops) :
	       iokmem_desc_file(map->desc, map, flags, &iokmem_map_fops);
	if (!IS_ERR(file))
		kref_get(&map->count);
	return file;
}

/* What a user mapping's address is a multiple of, its offset apart. */
static unsigned long preferred_alignment(const struct iokmem_desc *desc,
					 unsigned long len)
{
	unsigned long align = max_t(unsigned long, desc->alignment, PAGE_SIZE);

	if (IOKMEM_HUGE_ENTRIES && len >= PMD_SIZE)
		align = max(align, PMD_SIZE);
	return align;
}

/* remap_file_pages() would have a mapping show another part of the file that it is of. */
static bool is_remapped(const struct file *file, unsigned long addr, unsigned long flags)
{
	struct vm_area_struct *vma;

	if (!(flags & MAP_POPULATE))
		return false;
	vma = vma_lookup(current->mm, addr);
	return vma && vma->vm_ops == &iokmem_vm_ops && vma->vm_file == file;
}

/*
 * iokmem_get_unmapped_area - where a user mapping of @desc could go
 *
 * As the kernel would choose, but aligned: as the descriptor promises, and so
 * that huge entries fit. As ->get_unmapped_area(); @place is that of the first page
 * in the memory, in bytes, and may be before it.
 */
unsigned long iokmem_get_unmapped_area(struct iokmem_desc *desc,
				       struct file *file, unsigned long addr,
				       unsigned long len, unsigned long pgoff,
				       unsigned long flags, size_t place)
{
	unsigned long align, start, padded;
	struct iokmem_map *map = NULL;
	size_t offset = 0;

	if (pgoff & IOKMEM_PGOFF_BUILT)
		desc = iokmem_desc_root(desc, &offset);
	align = preferred_alignment(desc, len);

	if (flags & MAP_FIXED)
		return is_remapped(file, addr, flags) ? -EINVAL : addr;
	/* A hint that can be followed is better than a good alignment. */
	if (addr) {
		start = mm_get_unmapped_area(file, addr, len, pgoff, flags);
		if (start == addr)
			return start;
	}
	if (align == PAGE_SIZE ||
	    check_add_overflow(len, align - PAGE_SIZE, &padded))
		goto plain;

	if (pgoff & IOKMEM_PGOFF_BUILT)
		map = find_built(desc);
	if (map)
		place = vma_place(map);
	start = mm_get_unmapped_area(file, 0, padded, pgoff, flags);
	if (!IS_ERR_VALUE(start))
		return start + ((place - start) & (align - 1));
	if (desc->alignment > PAGE_SIZE)
		return start;
plain:
	return mm_get_unmapped_area(file, 0, len, pgoff, flags);
}

/* What is replaced must be whole mappings, if it is ours. */
static int check_overwritten(struct mm_struct *mm, unsigned long start, size_t size)
{
	struct vm_area_struct *vma;
	bool cut;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, start);
	cut = vma && vma->vm_ops == &iokmem_vm_ops && vma->vm_start < start;
	vma = vma_lookup(mm, start + size - 1);
	cut |= vma && vma->vm_ops == &iokmem_vm_ops && vma->vm_end > start + size;
	mmap_read_unlock(mm);
	return cut ? -EINVAL : 0;
}

/*
 * May the VMA be of this file of the descriptor's, as the head of this file says? What
 * must not be written is of a file by which it cannot be.
 */
static bool may_share_file(const struct iokmem_map *map, const struct file *file)
{
	return file && map->mm == current->mm &&
	       iokmem_desc_is_always_there(map->desc) && !may_have_pages(map) &&
	       !(map->options & IOKMEM_MAP_UNIQUE) &&
	       !(map->options & IOKMEM_MAP_READ_ONLY) == !!(file->f_mode & FMODE_WRITE);
}

/*
 * iokmem_map_user - make the VMA of a user mapping
 *
 * @at is the address of a page, or 0; @of the file by which the task asks for it, or
 * NULL. The caller keeps the address space.
 */
int iokmem_map_user(struct iokmem_map *map, unsigned long at, struct file *of)
{
	bool read_only = map->options & IOKMEM_MAP_READ_ONLY;
	bool overwrite = map->options & IOKMEM_MAP_OVERWRITE;
	size_t size = iokmem_map_vma_size(map);
	pgoff_t pgoff = vma_pgoff(map);
	unsigned long start, fixed;
	struct file *file;
	int err;

	err = overwrite ? check_overwritten(map->mm, at, size) : 0;
	if (err)
		return err;
	if (may_share_file(map, of)) {
		file = get_file(of);
		pgoff |= IOKMEM_PGOFF_BUILT;
		WRITE_ONCE(map->builder, current);
	} else {
		file = map_file(map, read_only);
	}
	if (IS_ERR(file))
		return PTR_ERR(file);

	fixed = overwrite ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	start = iokmem_mm_mmap(map->mm, file, at, size,
			       PROT_READ | (read_only ? 0 : PROT_WRITE),
			       MAP_SHARED | (at ? fixed : 0), pgoff << PAGE_SHIFT);
	WRITE_ONCE(map->builder, NULL);
	fput(file);
	/* Below the lowest address that the administrator lets it use. */
	if (at && start == (unsigned long)-EPERM)
		return -EADDRNOTAVAIL;
	return IS_ERR_VALUE(start) ? (int)start : 0;
}

/* The VMA of a mapping, if it is there. */
static struct vm_area_struct *map_vma(const struct iokmem_map *map)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(map->mm);

	vma = vma_lookup(map->mm, map->start);
	return vma && vma->vm_ops == &iokmem_vm_ops &&
	       vma->vm_private_data == map ? vma : NULL;
}

/* Take away all access; pages that are counted also from their other mappings. */
static void zap_entries(struct vm_area_struct *vma)
{
	size_t size = vma->vm_end - vma->vm_start;

	mmap_assert_write_locked(vma->vm_mm);

	if (has_pages(vma))
		unmap_mapping_range(vma->vm_file->f_mapping,
				    (loff_t)vma->vm_pgoff << PAGE_SHIFT, size, 1);
	else
		zap_special_vma_range(vma, vma->vm_start, size);
}

/* For a VMA that cannot be unmapped. */
static void map_zap(struct iokmem_map *map)
{
	struct vm_area_struct *vma;

	mmap_write_lock(map->mm);
	vma = map_vma(map);
	if (vma)
		zap_entries(vma);
	mmap_write_unlock(map->mm);
}

/*
 * iokmem_unmap_user - take down the VMA of a dead mapping that @mapped says it has
 *
 * Returns whether no entry of it is left. In an address space that is being torn
 * down there may be, until iokmem_map_vanished(). A fault that saw a live map is over by
 * then: it has the mmap lock.
 *
 * The VMA need not be looked for. Who has no address never got one; seats do not, and
 * what is borrowed does not get here. From there on it is where it was made until
 * map_close(), which takes @mapped back: also if mmap() fails after it was made. mremap()
 * fails, and leaves it where it is; the end of its copy, or of a child's, is not the
 * VMA's. One that somebody is taking down right now has the mmap lock, and is awaited.
 *
 * A VMA that cannot be unmapped (no memory to change the address space with) stays
 * behind empty, and faults in it fail.
 *
 * The kernel has no unmapping of just this VMA. If the program unmaps it by
 * itself in the moment between the look at @mapped and the act, and has the same address
 * filled again, then it is that which goes: a program must not unmap what a
 * driver unmaps at the same time. Nobody's memory is at risk by it.
 */
bool iokmem_unmap_user(struct iokmem_map *map)
{
	size_t size = iokmem_map_vma_size(map);

	if (!map->start)
		return true;
	if (!mmget_not_zero(map->mm))
		return false;
	if (iokmem_mm_munmap(map->mm, iokmem_map_vma_start(map), size))
		map_zap(map);
	mmput(map->mm);
	return true;
}

/* The pages that one fault at @address, which is over, has mapped at least. */
static unsigned long fault_reach(const struct iokmem_map *map, unsigned long address,
				 unsigned long nr)
{
	unsigned long in_window = IOKMEM_FAULT_AROUND -
				  ((address >> PAGE_SHIFT) & (IOKMEM_FAULT_AROUND - 1));

	/* It has seen to it that there is a page table. */
	if (pmd_leaf(READ_ONCE(*pmd_off(map->mm, address))))
		return PTRS_PER_PTE - pte_index(address);
	return min(nr, in_window);
}

/*
 * Fill entries from @address on, where @index of the memory is: @nr. Only the first if it
 * is @singly that they are made.
 */
static int populate_at(struct iokmem_map *map, pgoff_t index, unsigned long address,
		       bool singly, unsigned long *nr)
{
	unsigned int flags = FAULT_FLAG_REMOTE;
	bool unlocked = false;
	int err;

	*nr = 1;
	if (!singly) {
		struct iokmem_run run = iokmem_desc_lookup(map->desc, index);

		*nr = run.nr;
		/* Nobody can touch these. */
		if (run.pfn == IOKMEM_NO_PFN)
			return 0;
	}
	if (!(map->options & IOKMEM_MAP_READ_ONLY))
		flags |= FAULT_FLAG_WRITE;
	err = fixup_user_fault(map->mm, address, flags, &unlocked);
	/* An entry of a page may be clean. A second fault, which is short, marks it. */
	if (!err && singly && !IOKMEM_CPU_MARKS_ENTRIES && !unlocked)
		err = fixup_user_fault(map->mm, address, flags, &unlocked);
	/* If the lock was dropped the VMA may be gone; then the map is dead. */
	if (!err && iokmem_map_get_address(map))
		*nr = fault_reach(map, address, *nr);
	return err;
}

/* With the mmap lock held for reading. */
static int populate_locked(struct iokmem_map *map)
{
	unsigned long address = iokmem_map_get_address(map) & PAGE_MASK;
	unsigned long end = address + (iokmem_map_pages(map) << PAGE_SHIFT);
	pgoff_t index = iokmem_map_index(map);
	struct vm_area_struct *vma;
	unsigned long nr;
	bool singly;
	int err = 0;

	vma = map_vma(iokmem_mapping_of(map));
	if (!vma)
		return 0;
	singly = is_paged(vma) || is_given(vma) ||
		 (has_pages(vma) && !IOKMEM_CPU_MARKS_ENTRIES);
	for (; !err && iokmem_map_get_address(map) && address < end;
	     address += nr << PAGE_SHIFT) {
		err = populate_at(map, index, address, singly, &nr);
		index += nr;
	}
	return iokmem_map_get_address(map) ? err : 0;
}

/*
 * iokmem_map_populate - fill all entries of a map, so that no access to it faults
 *
 * For memory that is there. A map that has ended meanwhile needs none.
 */
int iokmem_map_populate(struct iokmem_map *map)
{
	const struct iokmem_map *mapping = iokmem_mapping_of(map);
	int err = 0;

	if (!map->mm || mapping->borrowed || iokmem_desc_fills_vma(map->desc))
		return 0;
	if (!mmget_not_zero(map->mm))
		return 0;
	if (mmap_read_lock_killable(map->mm)) {
		err = -EINTR;
	} else {
		err = populate_locked(map);
		mmap_read_unlock(map->mm);
	}
	mmput(map->mm);
	return err;
}

/*
 * Begin to change what a Unique mapping's VMA shows: the VMA, with the mmap lock held
 * for writing and the address space kept, for change_end(). Or an error.
 */
static struct vm_area_struct *change_begin(struct iokmem_map *map)
{
	struct vm_area_struct *vma;
	int err = -ENOENT;

	if (!mmget_not_zero(map->mm))
		return ERR_PTR(-ENOENT);
	if (mmap_write_lock_killable(map->mm)) {
		err = -EINTR;
		goto err_mmput;
	}
	vma = map_vma(map);
	if (!vma)
		goto err_unlock;
	/* Its entries are the DMA API's. */
	err = -EOPNOTSUPP;
	if (iokmem_desc_fills_vma(map->desc))
		goto err_unlock;
	return vma;

err_unlock:
	mmap_write_unlock(map->mm);
err_mmput:
	mmput(map->mm);
	return ERR_PTR(err);
}

static void change_end(struct iokmem_map *map)
{
	mmap_write_unlock(map->mm);
	iokmem_wake_up(&map->blocked);
	mmput(map->mm);
}

/*
 * iokmem_map_block - from now on, whoever touches the mapping waits
 */
int iokmem_map_block(struct iokmem_map *map)
{
	struct vm_area_struct *vma = change_begin(map);

	if (IS_ERR(vma))
		return PTR_ERR(vma);
	WRITE_ONCE(map->blocked, true);
	zap_entries(vma);
	change_end(map);
	return 0;
}

/*
 * iokmem_map_resume - undo that, if the mapping's memory is what it is redirected to
 */
bool iokmem_map_resume(struct iokmem_map *map, const struct iokmem_desc *desc,
		       size_t offset)
{
	bool same;

	if (IS_ERR(change_begin(map)))
		return false;
	same = map->desc == desc && map->offset == offset;
	if (same)
		WRITE_ONCE(map->blocked, false);
	change_end(map);
	return same;
}

static bool is_paged_by(const struct vm_area_struct *vma,
			const struct iokmem_desc *desc, pgoff_t pgoff)
{
	return iokmem_desc_is_paged(desc) &&
	       file_inode(vma->vm_file) == iokmem_desc_map_inode(desc) && vma->vm_pgoff == pgoff;
}

/*
 * iokmem_map_is_paged - will the mapping's pages be found one by one, when it shows
 * this memory?
 */
bool iokmem_map_is_paged(struct iokmem_map *map, const struct iokmem_desc *desc,
			 size_t offset)
{
	pgoff_t pgoff = ((desc->skew + offset) >> PAGE_SHIFT) +
			iokmem_desc_map_lead(desc) - map->guard;
	struct vm_area_struct *vma = change_begin(map);
	bool paged;

	if (IS_ERR(vma))
		return false;
	paged = is_paged_by(vma, desc, pgoff);
	change_end(map);
	return paged;
}

/*
 * Would raw entries be of pages that the kernel finds in this VMA by itself? It would
 * take them for entries that are counted.
 */
static bool shows_own_pages(const struct vm_area_struct *vma,
			    const struct iokmem_map *seat)
{
	const struct address_space *mapping = vma->vm_file->f_mapping;
	unsigned long i, nr = iokmem_map_pages(seat);

	/* What is held is there. */
	if (!mapping->nrpages)
		return false;
	for (i = 0; i < nr; i++) {
		unsigned long pfn = iokmem_desc_lookup(seat->desc,
						       iokmem_map_index(seat) + i).pfn;

		if (pfn != IOKMEM_NO_PFN && pfn_valid(pfn) &&
		    page_folio(pfn_to_page(pfn))->mapping == mapping)
			return true;
	}
	return false;
}

/*
 * iokmem_map_switch - the mapping shows the memory of @seat from now on
 *
 * Its own memory is @seat's then. Returns 0 or an error, and nothing has changed.
 */
int iokmem_map_switch(struct iokmem_map *map, struct iokmem_map *seat)
{
	struct vm_area_struct *vma = change_begin(map);
	int err = -EOPNOTSUPP;
	bool paged;

	if (IS_ERR(vma))
		return PTR_ERR(vma);
	paged = is_paged_by(vma, seat->desc, vma_pgoff(seat));
	if (paged || !shows_own_pages(vma, seat))
		err = iokmem_map_exchange(map, seat);
	if (!err) {
		/* Nobody has seen a mixture: faults wait for the mmap lock. */
		zap_entries(vma);
		dress_vma(vma, map, paged ? VM_MIXEDMAP : VM_PFNMAP);
		WRITE_ONCE(map->blocked, false);
	}
	change_end(map);
	return err;
}

/* Of whole pages, from the descriptor's first on. */
static int check_mmap(const struct iokmem_desc *desc, struct vm_area_struct *vma,
		      size_t length)
{
	unsigned long end;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* The kernel adds it by itself for programs of this personality. */
	if ((vma->vm_flags & VM_EXEC) &&
	    !(current->personality & READ_IMPLIES_EXEC))
		return -EPERM;
	if (check_add_overflow(vma->vm_pgoff, vma_pages(vma), &end))
		return -EOVERFLOW;
	if (end > PAGE_ALIGN(length) >> PAGE_SHIFT)
		return -ERANGE;
	if (desc->skew || !iokmem_owns_pages(desc, vma->vm_pgoff << PAGE_SHIFT,
					     vma->vm_end - vma->vm_start))
		return -EACCES;
	return 0;
}

/* @vma becomes a mapping of @map's, or nothing has happened to it. */
static int adopt_vma(struct iokmem_map *map, struct vm_area_struct *vma)
{
	struct file *file;
	int err;

	err = iokmem_map_reserve(map);
	if (err)
		return err;
	file = map_file(map, map->options & IOKMEM_MAP_READ_ONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	vma->vm_pgoff = vma_pgoff(map);
	err = map_take_vma(map, vma);
	if (!err) {
		iokmem_map_adopt(map);
		vma_set_file(vma, file);
	}
	fput(file);
	return err;
}

/*
 * A Unique mapping, the task's, which shows the first @length bytes. From here on @vma has
 * the mapping's own file. Memory that has to be held for its mappings cannot be mapped in
 * this way, since holding it may need the mmap lock; unless it is held, and may be mapped,
 * as long as there is @keeper, of which the mapping takes a reference then.
 */
static int mmap_unique(struct iokmem_desc *desc, struct vm_area_struct *vma,
		       size_t length, struct file *keeper)
{
	struct iokmem_map_request request = {
		.mm = vma->vm_mm,
		.task = current,
		.options = IOKMEM_MAP_ANYWHERE | IOKMEM_MAP_UNIQUE,
		.offset = vma->vm_pgoff << PAGE_SHIFT,
		.length = vma->vm_end - vma->vm_start,
	};
	struct iokmem_map *map;
	int err;

	err = check_mmap(desc, vma, length);
	if (err)
		return err;
	if (!(vma->vm_flags & VM_MAYWRITE))
		request.options |= IOKMEM_MAP_READ_ONLY;

	desc = iokmem_desc_root(desc, &request.offset);
	if (iokmem_desc_is_always_there(desc) || iokmem_desc_is_paged(desc))
		keeper = NULL;
	else if (!keeper)
		return -EOPNOTSUPP;
	map = iokmem_map_alloc(desc, &request);
	if (!map)
		return -ENOMEM;
	map->keeper = keeper ? get_file(keeper) : NULL;
	err = adopt_vma(map, vma);
	if (err)
		iokmem_map_drop(map);
	return err;
}

/*
 * iokmem_mmap_vma - mmap() of a file of a descriptor's
 *
 * Called with the mmap lock held, as ->mmap(): for iokmem_map_user(), or for a program,
 * which sees the first @length bytes at most. @keeper: see mmap_unique().
 */
int iokmem_mmap_vma(struct iokmem_desc *desc, struct vm_area_struct *vma, size_t length,
		    struct file *keeper)
{
	struct iokmem_map *map = NULL;
	size_t offset = 0;

	mmap_assert_write_locked(vma->vm_mm);

	if (vma->vm_pgoff & IOKMEM_PGOFF_BUILT)
		map = find_built(iokmem_desc_root(desc, &offset));
	return map ? map_get_shared_vma(map, vma) :
		     mmap_unique(desc, vma, length, keeper);
}
