// SPDX-License-Identifier: GPL-2.0
/*
 * The memory type of pages. This is the only file that knows what cache modes mean on
 * each architecture.
 *
 * A memory type belongs to the pages, not to one mapping of them: every page
 * table entry that is used must agree.
 *
 *	RAM, asked for			x86		arm64		other
 *	default, copyback (inner)	copyback	copyback	copyback
 *	uncached, posted, write-through	uncached	Normal-NC	-EOPNOTSUPP
 *	write-combine, real time	write-combine	Normal-NC	-EOPNOTSUPP
 *
 *	device memory, asked for	x86		arm64		other
 *	default, uncached, posted	uncached	Device-nGnRE	uncached
 *	write-combine, real time	write-combine	Normal-NC	write-combine
 *	write-through			write-through	Device-nGnRE	uncached
 *	copyback (inner)		copyback, if there is ioremap_cache()
 *
 * x86 without PAT has no write-combining. Memory is uncached then, as with the kernel's own
 * helpers.
 *
 * On x86 the kernel's map of all memory changes with the pages. On arm64 it stays
 * copyback, and the type is in each other entry. Uncached RAM is Normal-NC there, as the
 * DMA API has it: an unaligned access to RAM of a device's type would fault.
 *
 * The copyback alias is safe as long as nobody uses it while the pages have another type.
 * Speculation can only bring clean lines into the caches, and these are never written
 * back. The caches are cleaned and invalidated before the pages get another type, and
 * again before they are copyback again. The module itself reads and writes such pages by
 * addresses of their own type. The alias is used in three cases:
 *
 *  - The pool zeroes pages that nobody has, and flushes them afterwards.
 *  - The DMA API copies by the alias where it bounces (swiotlb), and a coherent device
 *    looks into the caches. So dma_view.c flushes the pages before it hands them to a
 *    device, and after it takes them back. Lines at the ends are also flushed before the
 *    pages are taken back: a copy of part of a line must not meet a stale rest of it.
 *  - The DMA API cleans and invalidates lines for a device that is not coherent. That
 *    does no harm.
 *
 * Nobody may write the cache lines at either end of a transfer while the DMA API copies.
 * The DMA API has this rule for all memory that is not coherent.
 *
 * "Flush" means DC CIVAC on arm64. The kernel's arch_invalidate_pmem() discards lines
 * instead, and with them what somebody writes at that moment.
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/dma-map-ops.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/libnvdimm.h>
#include <linux/mm.h>
#include <linux/sched.h>

#ifdef CONFIG_X86
#include <asm/memtype.h>
#include <asm/set_memory.h>
#endif
#ifdef CONFIG_ARM64
#include <asm/barrier.h>
#include <asm/cpufeature.h>
#include <asm/sysreg.h>
#endif

#include "page/cache.h"

/* True if RAM can have other modes than copyback. */
#define IOKMEM_CACHE_RAM_MODES	(IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_ARM64))

/* Reduce IOKit's modes to those that have a type of their own on x86. */
static u32 collapse(u32 mode)
{
	switch (mode) {
	case IOKMEM_MAP_COPYBACK_INNER_CACHE:
		return IOKMEM_MAP_COPYBACK_CACHE;
	case IOKMEM_MAP_POSTED_WRITE:
	case IOKMEM_MAP_POSTED_REORDERED:
	case IOKMEM_MAP_POSTED_COMBINED_REORDERED:
		return IOKMEM_MAP_INHIBIT_CACHE;
	case IOKMEM_MAP_REAL_TIME_CACHE:
		return IOKMEM_MAP_WRITE_COMBINE_CACHE;
	default:
		return mode;
	}
}

static u32 write_combine(void)
{
#ifdef CONFIG_X86
	if (!pat_enabled())
		return IOKMEM_MAP_INHIBIT_CACHE;
#endif
	return IOKMEM_MAP_WRITE_COMBINE_CACHE;
}

/*
 * iokmem_cache_resolve_ram - find the mode that asking for @mode gives RAM of the module's
 *
 * Returns 0, or -EOPNOTSUPP for a mode that is unknown or not provided.
 */
int iokmem_cache_resolve_ram(u32 mode, u32 *resolved)
{
	if (!IOKMEM_CACHE_RAM_MODES)
		return iokmem_cache_resolve_fixed(mode, resolved);

	switch (collapse(mode)) {
	case IOKMEM_MAP_DEFAULT_CACHE:
	case IOKMEM_MAP_COPYBACK_CACHE:
		*resolved = IOKMEM_MAP_COPYBACK_CACHE;
		return 0;
	case IOKMEM_MAP_INHIBIT_CACHE:
	case IOKMEM_MAP_WRITE_THRU_CACHE:
		*resolved = IOKMEM_MAP_INHIBIT_CACHE;
		return 0;
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
		*resolved = write_combine();
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * iokmem_cache_resolve_io - as iokmem_cache_resolve_ram(), for memory the kernel does not
 * use, such as that of devices
 */
int iokmem_cache_resolve_io(u32 mode, u32 *resolved)
{
	switch (collapse(mode)) {
	case IOKMEM_MAP_DEFAULT_CACHE:
	case IOKMEM_MAP_INHIBIT_CACHE:
		*resolved = IOKMEM_MAP_INHIBIT_CACHE;
		return 0;
#ifdef ioremap_cache
	case IOKMEM_MAP_COPYBACK_CACHE:
		*resolved = IOKMEM_MAP_COPYBACK_CACHE;
		return 0;
#endif
	case IOKMEM_MAP_WRITE_THRU_CACHE:
		*resolved = IS_ENABLED(CONFIG_X86) ? IOKMEM_MAP_WRITE_THRU_CACHE :
						     IOKMEM_MAP_INHIBIT_CACHE;
		return 0;
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
		*resolved = write_combine();
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * iokmem_cache_resolve_fixed - as iokmem_cache_resolve_ram(), for memory that stays copyback
 */
int iokmem_cache_resolve_fixed(u32 mode, u32 *resolved)
{
	switch (collapse(mode)) {
	case IOKMEM_MAP_DEFAULT_CACHE:
	case IOKMEM_MAP_COPYBACK_CACHE:
		*resolved = IOKMEM_MAP_COPYBACK_CACHE;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* @prot of copyback memory, whatever type it has. */
static pgprot_t without_type(pgprot_t prot)
{
#if defined(CONFIG_X86)
	return __pgprot(pgprot_val(prot) & ~_PAGE_CACHE_MASK);
#elif defined(CONFIG_ARM64)
	return __pgprot_modify(prot, PTE_ATTRINDX_MASK, PTE_ATTRINDX(MT_NORMAL));
#else
	return prot;
#endif
}

/*
 * iokmem_cache_prot - return @prot for entries of memory that has @mode
 *
 * Memory that is @typed is the module's own RAM. Other memory that is not copyback is of a
 * device, and its entries agree with ioremap(). On x86 entries do not decide the type of
 * RAM; iokmem_cache_change() does.
 */
pgprot_t iokmem_cache_prot(u32 mode, bool typed, pgprot_t prot)
{
	prot = without_type(prot);
	switch (mode) {
	case IOKMEM_MAP_INHIBIT_CACHE:
		return typed ? pgprot_dmacoherent(prot) : pgprot_device(prot);
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
		return pgprot_writecombine(prot);
#ifdef CONFIG_X86
	case IOKMEM_MAP_WRITE_THRU_CACHE:
		return pgprot_writethrough(prot);
#endif
	default:
		return prot;
	}
}

/*
 * iokmem_cache_in_huge_entries - return true if huge page table entries can have @mode
 *
 * On x86 the PAT bit is in another place in huge entries, and vmf_insert_pfn_pmd() does not
 * move it. Only write-through has that bit.
 */
bool iokmem_cache_in_huge_entries(u32 mode)
{
	return mode != IOKMEM_MAP_WRITE_THRU_CACHE;
}

#ifdef CONFIG_X86
static int set_type(unsigned long pfn, unsigned long nr, u32 mode)
{
	unsigned long address = (unsigned long)page_address(pfn_to_page(pfn));

	switch (mode) {
	case IOKMEM_MAP_INHIBIT_CACHE:
		return set_memory_uc(address, nr);
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
		return set_memory_wc(address, nr);
	default:
		return set_memory_wb(address, nr);
	}
}

/*
 * iokmem_cache_change - give @nr page frames of RAM another type
 *
 * Only the kernel's map of all memory maps the frames. The CPUs' caches have nothing of
 * them afterwards. May sleep. Returns 0; or -ENOMEM if large kernel entries could not be
 * split, and the frames have the type they had.
 */
int iokmem_cache_change(unsigned long pfn, unsigned long nr, u32 from, u32 to)
{
	int err = 0;

	if (from == to)
		return 0;
	/* The kernel can change the type only from and to write-back. */
	if (from != IOKMEM_MAP_COPYBACK_CACHE)
		err = set_type(pfn, nr, IOKMEM_MAP_COPYBACK_CACHE);
	if (!err && to != IOKMEM_MAP_COPYBACK_CACHE)
		err = set_type(pfn, nr, to);
	if (!err)
		return 0;

	/*
	 * Some of the kernel's entries have changed and some have not. Changing them back
	 * splits no entry, so no memory is needed.
	 */
	WARN_ON(set_type(pfn, nr, IOKMEM_MAP_COPYBACK_CACHE));
	if (from != IOKMEM_MAP_COPYBACK_CACHE)
		WARN_ON(set_type(pfn, nr, from));
	return err;
}
#else
/* Uncached and write-combined RAM have one type here, so there are only two types. */
static bool is_copyback(u32 mode)
{
	return mode == IOKMEM_MAP_COPYBACK_CACHE;
}

int iokmem_cache_change(unsigned long pfn, unsigned long nr, u32 from, u32 to)
{
	if (is_copyback(from) == is_copyback(to))
		return 0;
	return iokmem_cache_flush(page_address(pfn_to_page(pfn)), nr << PAGE_SHIFT, true);
}
#endif

#ifdef CONFIG_X86
/* Return true if the kernel has an entry for the address, and that has this mode. */
static bool entry_has_type(unsigned long address, u32 mode)
{
	pgprot_t wanted = iokmem_cache_prot(mode, true, PAGE_KERNEL);
	unsigned int level;
	pte_t *entry = lookup_address(address, &level);
	pgprot_t found;

	if (!entry || !pte_present(*entry))
		return false;
	/* Not pte_flags(), which takes a large entry's PAT bit for an address bit. */
	found = __pgprot(pte_val(*entry));
	if (level != PG_LEVEL_4K)
		found = pgprot_large_2_4k(found);
	return !((pgprot_val(found) ^ pgprot_val(wanted)) & _PAGE_CACHE_MASK);
}

static bool find_type(unsigned long address, u32 *mode)
{
	static const u32 modes[] = {
		IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_INHIBIT_CACHE,
		IOKMEM_MAP_WRITE_COMBINE_CACHE, IOKMEM_MAP_WRITE_THRU_CACHE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		*mode = modes[i];
		if (entry_has_type(address, *mode))
			return true;
	}
	return false;
}

/*
 * iokmem_cache_find - find the mode of somebody else's memory that the kernel has mapped
 *
 * User page table entries of the frame get that mode. The mode of RAM is the one that the
 * kernel's map of all memory has, whatever @address has. Returns 0; or -EOPNOTSUPP if the
 * type is none of the modes, or cannot be told.
 */
int iokmem_cache_find(unsigned long address, unsigned long pfn, u32 *mode)
{
	if (pfn_valid(pfn) &&
	    find_type((unsigned long)page_address(pfn_to_page(pfn)), mode))
		return 0;
	return find_type(address, mode) ? 0 : -EOPNOTSUPP;
}

/* An earlier mapping of the memory may have settled its type. */
static bool has_type(void __iomem *io, u32 mode)
{
	return entry_has_type((unsigned long)io, mode);
}
#elif defined(CONFIG_ARM64)
/* Find the type that the CPU has for a kernel address, as in MAIR_EL1. */
static bool find_attributes(unsigned long address, u8 *attributes)
{
	unsigned long flags;
	u64 par;

	/* An interrupt may translate another address. */
	local_irq_save(flags);
	asm volatile("at s1e1r, %0" : : "r" (address));
	isb();
	par = read_sysreg_par();
	local_irq_restore(flags);
	*attributes = par >> 56;
	return !(par & SYS_PAR_EL1_F);
}

/*
 * iokmem_cache_find - find the mode of somebody else's memory that the kernel has mapped
 *
 * User page table entries of the frame get that mode. Returns 0; or -EOPNOTSUPP if the
 * type is none of the modes, or cannot be told.
 */
int iokmem_cache_find(unsigned long address, unsigned long pfn, u32 *mode)
{
	u8 attributes;

	if (!find_attributes(address, &attributes))
		return -EOPNOTSUPP;
	switch (attributes) {
	case MAIR_ATTR_NORMAL:
	case MAIR_ATTR_NORMAL_TAGGED:
		*mode = IOKMEM_MAP_COPYBACK_CACHE;
		return 0;
	case MAIR_ATTR_NORMAL_NC:
		*mode = IOKMEM_MAP_WRITE_COMBINE_CACHE;
		return 0;
	case MAIR_ATTR_DEVICE_nGnRnE:
	case MAIR_ATTR_DEVICE_nGnRE:
		*mode = IOKMEM_MAP_INHIBIT_CACHE;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static bool has_type(void __iomem *io, u32 mode)
{
	u32 found;

	return !iokmem_cache_find((unsigned long)io, 0, &found) && found == mode;
}
#else
/* The kernel's map of all memory is copyback. Nothing is known of other addresses. */
int iokmem_cache_find(unsigned long address, unsigned long pfn, u32 *mode)
{
	*mode = IOKMEM_MAP_COPYBACK_CACHE;
	return virt_addr_valid((void *)address) ? 0 : -EOPNOTSUPP;
}

static bool has_type(void __iomem *io, u32 mode)
{
	return true;
}
#endif

static void __iomem *ioremap_as(phys_addr_t address, size_t length, u32 mode)
{
	switch (mode) {
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
		return ioremap_wc(address, length);
	case IOKMEM_MAP_WRITE_THRU_CACHE:
		return ioremap_wt(address, length);
#ifdef ioremap_cache
	case IOKMEM_MAP_COPYBACK_CACHE:
		return ioremap_cache(address, length);
#endif
	default:
		return ioremap(address, length);
	}
}

/*
 * iokmem_cache_ioremap - map memory that the kernel does not use, with @mode
 *
 * While this mapping exists the kernel gives user page table entries of the memory @mode,
 * too. Returns NULL if the memory is mapped with another mode elsewhere.
 */
void __iomem *iokmem_cache_ioremap(phys_addr_t address, size_t length, u32 mode)
{
	void __iomem *io = ioremap_as(address, length, mode);

	if (!io || has_type(io, mode))
		return io;
	iounmap(io);
	return NULL;
}

/*
 * iokmem_cache_flush - write what the CPUs' caches have of the range to memory
 *
 * With @invalidate the caches forget the range. May sleep. Returns 0; or -EOPNOTSUPP on
 * architectures where modules have no way to do that.
 */
#ifdef CONFIG_ARM64
int iokmem_cache_flush(void *address, size_t length, bool invalidate)
{
	unsigned long at = (unsigned long)address, end = at + length;
	u64 type = read_sanitised_ftr_reg(SYS_CTR_EL0);
	/* The smallest line of all CPUs: the logarithm of its length in words. */
	unsigned long line = 4UL << FIELD_GET(GENMASK(19, 16), type);

	/* Order earlier writes by entries that are not cached before the invalidation. */
	dmb(osh);
	/*
	 * Invalidate the lines in any case: DC CVAC, which would keep them, needs errata
	 * workarounds. If the task moves to another CPU, the scheduler waits for the
	 * maintenance that the task has begun.
	 */
	for (at = round_down(at, line); at < end; at += line) {
		asm volatile("dc civac, %0" : : "r" (at) : "memory");
		if (!offset_in_page(at))
			cond_resched();
	}
	dsb(sy);
	return 0;
}
#elif defined(CONFIG_ARCH_HAS_PMEM_API)
int iokmem_cache_flush(void *address, size_t length, bool invalidate)
{
	arch_wb_cache_pmem(address, length);
	if (invalidate)
		arch_invalidate_pmem(address, length);
	return 0;
}
#else
int iokmem_cache_flush(void *address, size_t length, bool invalidate)
{
	return -EOPNOTSUPP;
}
#endif

/*
 * iokmem_cache_name - return the name of a mode, for people
 */
const char *iokmem_cache_name(u32 mode)
{
	switch (mode) {
	case IOKMEM_MAP_COPYBACK_CACHE:
		return "copyback";
	case IOKMEM_MAP_INHIBIT_CACHE:
		return "uncached";
	case IOKMEM_MAP_WRITE_COMBINE_CACHE:
		return "write-combine";
	case IOKMEM_MAP_WRITE_THRU_CACHE:
		return "write-through";
	case IOKMEM_MAP_DEFAULT_CACHE:
		return "mixed";
	default:
		return "?";
	}
}
