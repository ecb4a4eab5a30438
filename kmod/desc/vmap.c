// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel addresses for pages of a descriptor, of the memory's own type.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "desc/desc.h"
#include "desc/vmap.h"
#include "page/cache.h"
#include "page/compat.h"
#include "page/hole.h"

static void fill_run(struct page **pages, unsigned long pfn, unsigned long nr)
{
	while (nr--)
		*pages++ = pfn_to_page(pfn++);
}

/* Fill in pages of memory that is in extents, which have one cache mode. */
static int fill_extents(struct page **pages, const struct iokmem_desc *desc,
			pgoff_t index, unsigned long nr)
{
	const struct iokmem_extent *extent;
	pgoff_t end = index + nr;
	unsigned long pfn;
	unsigned int i;

	if (WARN_ON_ONCE(end > iokmem_extents_pages(&desc->extents)))
		return -EFAULT;
	i = iokmem_extents_find(&desc->extents, index);
	extent = &desc->extents.array[i];
	pfn = extent->pfn + index - iokmem_extent_start(&desc->extents, i);
	for (;;) {
		pgoff_t next = min(end, extent->end);

		/* Typed memory is the module's own RAM. Other memory may have no pages. */
		if (!iokmem_desc_is_typed(desc) && !pfn_valid(pfn))
			return -EOPNOTSUPP;
		fill_run(pages, pfn, next - index);
		if (next == end)
			return 0;
		pages += next - index;
		index = next;
		pfn = (++extent)->pfn;
		cond_resched();
	}
}

/* Fill in pages of memory that has to be looked up, and may have several cache modes. */
static int fill_looked_up(struct page **pages, const struct iokmem_desc *desc,
			  pgoff_t index, unsigned long nr, pgprot_t *prot)
{
	pgprot_t plain = *prot, found;
	unsigned long i, n;

	for (i = 0; i < nr; i += n) {
		struct iokmem_run run = iokmem_desc_lookup(desc, index + i);

		found = iokmem_cache_prot(run.cache_mode, run.typed, plain);
		if (run.pfn == IOKMEM_NO_PFN || !pfn_valid(run.pfn) ||
		    (i && pgprot_val(found) != pgprot_val(*prot)))
			return -EOPNOTSUPP;
		*prot = found;
		n = min(run.nr, nr - i);
		fill_run(pages + i, run.pfn, n);
		cond_resched();
	}
	return 0;
}

/*
 * Fill in the pages, and @prot for their cache mode. A kernel mapping has one mode for all
 * pages. Returns -EOPNOTSUPP if the pages have several, or not all of them are RAM.
 */
static int fill_pages(struct page **pages, const struct iokmem_desc *desc,
		      pgoff_t index, unsigned long nr, pgprot_t *prot)
{
	if (!iokmem_desc_is_in_extents(desc))
		return fill_looked_up(pages, desc, index, nr, prot);
	*prot = iokmem_cache_prot(READ_ONCE(desc->cache_mode), iokmem_desc_is_typed(desc),
				  *prot);
	return fill_extents(pages, desc, index, nr);
}

/* Return true if the hardware has lost one of the pages. */
static bool any_poisoned(struct page **pages, unsigned long nr)
{
	while (nr--) {
		if (PageHWPoison(*pages++))
			return true;
		if (!(nr % 4096))
			cond_resched();
	}
	return false;
}

/*
 * VM_IOREMAP makes vmap() align the address to the size. A buffer that is not contiguous is
 * at least as large as its alignment, so the address has that alignment, too.
 */
static void *map_pages(struct page **pages, const struct iokmem_desc *desc, unsigned long nr,
		       pgprot_t prot)
{
	unsigned long flags = VM_MAP;
	void *address;

	if (desc->alignment > PAGE_SIZE)
		flags |= VM_IOREMAP;
	address = vmap(pages, nr, flags, prot);
	return address ? address : ERR_PTR(-ENOMEM);
}

/*
 * Map the pages between guards. Until they are unmapped, the guards show pages of the memory
 * itself, which have its cache mode. No guard continues its neighbour, so no huge entry maps both.
 */
static void *map_guarded(struct page **pages, const struct iokmem_desc *desc, unsigned long nr,
			 pgprot_t prot, unsigned long guard)
{
	unsigned long lead = iokmem_vmap_lead(desc, guard), all = lead + nr + guard, i;
	void *address;
	int err;

	for (i = 0; i < lead; i++)
		pages[i] = pages[lead];
	for (i = lead + nr; i < all; i++)
		pages[i] = pages[lead + nr - 1];
	address = map_pages(pages, desc, all, prot);
	if (!guard || IS_ERR(address))
		return address;
	err = iokmem_unmap_ends(address, lead, nr, guard);
	if (!err)
		return address;
	vunmap(address);
	return ERR_PTR(err);
}

/*
 * iokmem_vmap_lead - return how many pages come before the memory in a mapping with guards
 *
 * @guard: how many pages the guard has; 0: there is none. The memory is aligned as it is asked for.
 */
unsigned long iokmem_vmap_lead(const struct iokmem_desc *desc, unsigned long guard)
{
	return round_up(guard, max(desc->alignment >> PAGE_SHIFT, 1UL));
}

/*
 * iokmem_vmap - make kernel addresses for @nr pages from @index on, for vunmap()
 *
 * The memory must be held or always there, and keep its cache mode. @guard: how many pages before
 * and behind the memory show nothing. Then the memory is iokmem_vmap_lead() pages behind the
 * address. Returns ERR_PTR() on failure.
 */
void *iokmem_vmap(const struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
		  pgprot_t prot, unsigned long guard)
{
	unsigned long lead = iokmem_vmap_lead(desc, guard);
	struct page **pages;
	void *address;
	int err;

	pages = iokmem_kvmalloc_array(lead + nr + guard, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	err = fill_pages(pages + lead, desc, index, nr, &prot);
	if (!err && any_poisoned(pages + lead, nr))
		err = -EIO;
	address = err ? ERR_PTR(err) : map_guarded(pages, desc, nr, prot, guard);
	kvfree(pages);
	return address;
}
