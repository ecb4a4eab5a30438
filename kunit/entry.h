/* SPDX-License-Identifier: GPL-2.0 */
/* Page table entries as the hardware sees them: of user tasks, and of the kernel. */
#ifndef _IOKMEM_KUNIT_ENTRY_H
#define _IOKMEM_KUNIT_ENTRY_H

#include <linux/mm.h>

#include <uapi/linux/iokmem.h>

#ifdef CONFIG_X86
#include <asm/memtype.h>
#include <asm/set_memory.h>
#endif
#ifdef CONFIG_ARM64
#include <linux/irqflags.h>
#include <asm/sysreg.h>
#endif

/**
 * struct entry - a page table entry
 * @present: if false, the other members mean nothing
 * @write: writable
 * @exec: executable
 * @huge: one of PMD_SIZE
 * @pfn: the frame that the address itself is in
 * @cache: IOKMEM_MAP_*_CACHE, decoded from its bits: the value of entry_cache() for RAM
 *	of a mode, or IOKMEM_MAP_CACHE_MASK for any other type
 */
struct entry {
	bool present;
	bool write;
	bool exec;
	bool huge;
	unsigned long pfn;
	u32 cache;
};

#ifdef CONFIG_X86
static inline bool entries_have_types(void)
{
	return pat_enabled();
}

/* Return the mode that page table entries of RAM in @mode show. */
static inline u32 entry_cache(u32 mode)
{
	return mode;
}

/* Return the mode that the kernel's map of all memory shows for RAM in @mode. */
static inline u32 direct_entry_cache(u32 mode)
{
	return mode;
}

static inline bool entry_may_exec(pte_t pte)
{
	return pte_exec(pte);
}

/* Return the modes that the kernel has programmed into the PAT, by PAT, PCD and PWT. */
static inline u32 decode_cache(unsigned long value, bool huge)
{
	static const u32 modes[8] = {
		IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_WRITE_COMBINE_CACHE,
		IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_INHIBIT_CACHE,
		IOKMEM_MAP_COPYBACK_CACHE, IOKMEM_MAP_CACHE_MASK,
		IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_WRITE_THRU_CACHE,
	};
	unsigned long pat = huge ? _PAGE_PAT_LARGE : _PAGE_PAT;

	return modes[(value & pat ? 4 : 0) + (value & _PAGE_PCD ? 2 : 0) +
		     (value & _PAGE_PWT ? 1 : 0)];
}

/* Look up a kernel address. */
static inline struct entry kernel_entry_of(unsigned long address)
{
	struct entry entry = {};
	unsigned int level;
	pte_t *pte = lookup_address(address, &level);

	if (!pte || !pte_present(*pte))
		return entry;
	entry.present = true;
	entry.write = pte_write(*pte);
	entry.exec = pte_exec(*pte);
	entry.huge = level == PG_LEVEL_2M;
	entry.pfn = pte_pfn(*pte);
	entry.cache = decode_cache(pte_val(*pte), level != PG_LEVEL_4K);
	return entry;
}
#elif defined(CONFIG_ARM64)
static inline bool entries_have_types(void)
{
	return true;
}

/* Uncached RAM and write-combined RAM are one type, Normal-NC. */
static inline u32 entry_cache(u32 mode)
{
	return mode == IOKMEM_MAP_INHIBIT_CACHE ? IOKMEM_MAP_WRITE_COMBINE_CACHE : mode;
}

static inline u32 direct_entry_cache(u32 mode)
{
	return IOKMEM_MAP_COPYBACK_CACHE;
}

static inline bool entry_may_exec(pte_t pte)
{
	return pte_user_exec(pte);
}

static inline u32 decode_cache(unsigned long value, bool huge)
{
	switch ((value & PTE_ATTRINDX_MASK) >> 2) {
	case MT_NORMAL:
	case MT_NORMAL_TAGGED:
		return IOKMEM_MAP_COPYBACK_CACHE;
	case MT_NORMAL_NC:
		return IOKMEM_MAP_WRITE_COMBINE_CACHE;
	case MT_DEVICE_nGnRE:
		return IOKMEM_MAP_INHIBIT_CACHE;
	default:
		return IOKMEM_MAP_CACHE_MASK;
	}
}

/* Translate @address as the CPU does for a kernel access. */
static inline u64 translate(unsigned long address, bool write)
{
	unsigned long flags;
	u64 par;

	local_irq_save(flags);
	if (write)
		asm volatile("at s1e1w, %0" : : "r" (address));
	else
		asm volatile("at s1e1r, %0" : : "r" (address));
	isb();
	par = read_sysreg_par();
	local_irq_restore(flags);
	return par;
}

/* Look up a kernel address. Only the kernel can find the entry itself. */
static inline struct entry kernel_entry_of(unsigned long address)
{
	u64 par = translate(address, false);
	struct entry entry = {};

	if (par & SYS_PAR_EL1_F)
		return entry;
	entry.present = true;
	entry.write = !(translate(address, true) & SYS_PAR_EL1_F);
	entry.pfn = PHYS_PFN(par & GENMASK_ULL(47, PAGE_SHIFT));
	switch (par >> 56) {
	case MAIR_ATTR_NORMAL:
	case MAIR_ATTR_NORMAL_TAGGED:
		entry.cache = IOKMEM_MAP_COPYBACK_CACHE;
		break;
	case MAIR_ATTR_NORMAL_NC:
		entry.cache = IOKMEM_MAP_WRITE_COMBINE_CACHE;
		break;
	case MAIR_ATTR_DEVICE_nGnRE:
		entry.cache = IOKMEM_MAP_INHIBIT_CACHE;
		break;
	default:
		entry.cache = IOKMEM_MAP_CACHE_MASK;
	}
	return entry;
}
#else
static inline bool entries_have_types(void)
{
	return false;
}

static inline u32 entry_cache(u32 mode)
{
	return mode;
}

static inline u32 direct_entry_cache(u32 mode)
{
	return mode;
}

static inline bool entry_may_exec(pte_t pte)
{
	return false;
}

static inline u32 decode_cache(unsigned long value, bool huge)
{
	return IOKMEM_MAP_DEFAULT_CACHE;
}

static inline struct entry kernel_entry_of(unsigned long address)
{
	struct entry entry = {};

	return entry;
}
#endif

/* Look up a frame in the kernel's map of all memory. */
static inline u32 direct_map_cache(unsigned long pfn)
{
	return kernel_entry_of((unsigned long)page_address(pfn_to_page(pfn))).cache;
}

/* Return the entry of a user address in @mm, which may be huge, or NULL. */
static inline void *find_entry(struct mm_struct *mm, unsigned long address, bool *huge)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, address);
	if (pud_none(*pud))
		return NULL;
	pmd = pmd_offset(pud, address);
	if (pmd_none(*pmd))
		return NULL;
	*huge = pmd_leaf(*pmd);
	return *huge ? (void *)pmd : pte_offset_kernel(pmd, address);
}

/* Look up a user address in @mm. */
static inline struct entry entry_of(struct mm_struct *mm, unsigned long address)
{
	struct entry entry = {};
	unsigned long value;
	void *found;

	mmap_read_lock(mm);
	found = find_entry(mm, address, &entry.huge);
	if (!found)
		goto out;
	value = entry.huge ? pmd_val(*(pmd_t *)found) : pte_val(*(pte_t *)found);
	entry.present = entry.huge ? pmd_present(*(pmd_t *)found) :
				     pte_present(*(pte_t *)found);
	entry.write = entry.huge ? pmd_write(*(pmd_t *)found) :
				   pte_write(*(pte_t *)found);
	entry.exec = entry_may_exec(__pte(value));
	entry.pfn = entry.huge ? pmd_pfn(*(pmd_t *)found) +
				 ((address & ~PMD_MASK) >> PAGE_SHIFT) :
				 pte_pfn(*(pte_t *)found);
	entry.cache = decode_cache(value, entry.huge);
out:
	mmap_read_unlock(mm);
	return entry;
}

#endif /* _IOKMEM_KUNIT_ENTRY_H */
