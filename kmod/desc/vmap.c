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
static void *map_pages(struct page **pages, const struct iokmem_desc *desc,
		       pgoff_t index, unsigned long nr, pgprot_t prot)
{
	unsigned long flags = VM_MAP;
	void *address;
	int err;

	err = fill_pages(pages, desc, index, nr, &prot);
	if (err)
		return ERR_PTR(err);
	if (any_poisoned(pages, nr))
		return ERR_PTR(-EIO);
	if (desc->alignment > PAGE_SIZE)
		flags |= VM_IOREMAP;
	address = vmap(pages, nr, flags, prot);
	return address ? address : ERR_PTR(-ENOMEM);
}

/*
 * iokmem_vmap - make kernel addresses for @nr pages from @index on, for vunmap()
 *
 * The memory must be held or always there, and keep its cache mode. Returns ERR_PTR() on
 * failure.
 */
void *iokmem_vmap(const struct iokmem_desc *desc, pgoff_t index, unsigned long nr,
		  pgprot_t prot)
{
	struct page **pages;
	void *address;

	pages = iokmem_kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	address = map_pages(pages, desc, index, nr, prot);
	kvfree(pages);
	return address;
}
