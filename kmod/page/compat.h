/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that this module is built for. The sources are written
 * for the newest kernel. This header brings the older ones up to it.
 */
#ifndef _IOKMEM_COMPAT_H
#define _IOKMEM_COMPAT_H

#include <linux/version.h>

#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/iommu-dma.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#include <linux/pagevec.h>
#else
#include <linux/folio_batch.h>
#endif

/* Page frames in huge entries had a type of their own before 6.17. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(pfn), write)
#endif

/* Namespaces of symbols are strings since 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#define IOKMEM_NS		IOKMEM
#else
#define IOKMEM_NS		"IOKMEM"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}

static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* MAX_ORDER was exclusive, became inclusive in 6.4, got this name in 6.8. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define MAX_PAGE_ORDER	MAX_ORDER
#endif

/*
 * kvmalloc_array() as later kernels have it. The older ones compact memory for contiguous
 * pages, although others will do.
 */
static inline void *iokmem_kvmalloc_array(size_t nr, size_t size, gfp_t gfp)
{
	size_t bytes = array_size(nr, size);
	void *array;

	if (bytes <= PAGE_SIZE)
		return kmalloc(bytes, gfp);
	array = kmalloc(bytes, (gfp & ~__GFP_RECLAIM) | __GFP_NOWARN);
	return array ? array : __vmalloc(bytes, gfp);
}

/* Since 6.8. */
#ifndef pte_next_pfn
static inline pte_t pte_next_pfn(pte_t pte)
{
	return pfn_pte(pte_pfn(pte) + 1, pte_pgprot(pte));
}
#endif

/* A function since 6.10, of the calling task only since 6.19. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define mm_get_unmapped_area(file, addr, len, pgoff, flags) \
	(current->mm->get_unmapped_area(file, addr, len, pgoff, flags))
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define mm_get_unmapped_area(file, addr, len, pgoff, flags) \
	mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define zap_special_vma_range	zap_vma_ptes
#endif

/* Huge pages became two switches in 6.18. */
#ifndef MMF_DISABLE_THP_COMPLETELY
#define MMF_DISABLE_THP_COMPLETELY	MMF_DISABLE_THP
#define MMF_DISABLE_THP_EXCEPT_ADVISED	MMF_DISABLE_THP

static inline bool mm_flags_test(int flag, const struct mm_struct *mm)
{
	return test_bit(flag, &mm->flags);
}
#endif

/* The flags of a VMA became a structure in 7.0. */
#ifndef EMPTY_VMA_FLAGS
#define EMPTY_VMA_FLAGS	0
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
/* Return true for a page that is in no list of reclaim and that its owner can move. */
static inline bool page_has_movable_ops(const struct page *page)
{
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);

	return (mapping & PAGE_MAPPING_FLAGS) == PAGE_MAPPING_MOVABLE;
}
#endif

/* Defined together with clear_pages(). */
#ifndef PROCESS_PAGES_NON_PREEMPT_BATCH
#define PROCESS_PAGES_NON_PREEMPT_BATCH	1

static inline void clear_pages(void *address, unsigned int nr)
{
	for (; nr; nr--, address += PAGE_SIZE)
		clear_page(address);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline bool list_lru_add_obj(struct list_lru *lru, struct list_head *item)
{
	return list_lru_add(lru, item);
}

static inline bool list_lru_del_obj(struct list_lru *lru, struct list_head *item)
{
	return list_lru_del(lru, item);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline bool mem_cgroup_tryget(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	return !memcg || css_tryget(&memcg->css);
#else
	return true;
#endif
}
#endif

/*
 * Return an id of the cgroup that is never used again. The kernel's function for that has had
 * another name before 7.0, and was not always there.
 */
static inline u64 iokmem_memcg_id(const struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	return memcg ? cgroup_id(memcg->css.cgroup) : 0;
#else
	return 0;
#endif
}

/* Callbacks were given the list's lock before 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
typedef enum lru_status (*iokmem_lru_isolate_fn)(struct list_head *item,
						 struct list_lru_one *list, void *arg);

struct iokmem_lru_walk {
	iokmem_lru_isolate_fn isolate;
	void *arg;
};

static inline enum lru_status iokmem_lru_isolate(struct list_head *item,
						 struct list_lru_one *list,
						 spinlock_t *lock, void *arg)
{
	struct iokmem_lru_walk *walk = arg;

	return walk->isolate(item, list, walk->arg);
}

static inline unsigned long
iokmem_lru_walk_one(struct list_lru *lru, int nid, struct mem_cgroup *memcg,
		    iokmem_lru_isolate_fn isolate, void *arg, unsigned long *nr_to_walk)
{
	struct iokmem_lru_walk walk = { .isolate = isolate, .arg = arg };

	return list_lru_walk_one(lru, nid, memcg, iokmem_lru_isolate, &walk,
				 nr_to_walk);
}

static inline unsigned long
iokmem_lru_walk_node(struct list_lru *lru, int nid, iokmem_lru_isolate_fn isolate,
		     void *arg, unsigned long *nr_to_walk)
{
	struct iokmem_lru_walk walk = { .isolate = isolate, .arg = arg };

	return list_lru_walk_node(lru, nid, iokmem_lru_isolate, &walk, nr_to_walk);
}

#define list_lru_walk_one	iokmem_lru_walk_one
#define list_lru_walk_node	iokmem_lru_walk_node
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
/* Return how many of @nr pages from @start on, up to the first other one, the owner may read. */
static inline unsigned long iokmem_readable_pages(struct mm_struct *mm, unsigned long start,
						  unsigned long nr)
{
	unsigned long end = start + nr * PAGE_SIZE, address = start;

	mmap_assert_locked(mm);

	while (address < end) {
		struct vm_area_struct *vma = vma_lookup(mm, address);

		if (!vma || !(vma->vm_flags & VM_READ))
			break;
		address = vma->vm_end;
	}
	return (min(address, end) - start) >> PAGE_SHIFT;
}

/* As iokmem_pin_remote(), for reading pages that their owner may read. */
static inline long iokmem_pin_copies(struct mm_struct *mm, unsigned long start,
				     unsigned long nr, struct page **pages)
{
	/* FOLL_FORCE would take pages that the owner may not touch, too. */
	nr = iokmem_readable_pages(mm, start, nr);
	if (!nr)
		return -EFAULT;
	return pin_user_pages_remote(mm, start, nr, FOLL_LONGTERM | FOLL_WRITE | FOLL_FORCE,
				     pages, NULL, NULL);
}
#endif

/*
 * Pin up to @nr pages from @start on for a long time. Returns how many pages were pinned,
 * or a negative error.
 *
 * Before 6.2 the owner's next write could replace a private page that was pinned for
 * reading. So such a page is first copied for its owner, as a write would do. Shared memory
 * that may only be read cannot be pinned in that way, and is never replaced.
 */
static inline long iokmem_pin_remote(struct mm_struct *mm, unsigned long start,
				     unsigned long nr, bool write,
				     struct page **pages)
{
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : 0);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	long got = -EFAULT;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	if (!write)
		got = iokmem_pin_copies(mm, start, nr, pages);
#endif
	if (got == -EFAULT)
		got = pin_user_pages_remote(mm, start, nr, flags, pages, NULL,
					    NULL);
	mmap_read_unlock(mm);
	return got;
#else
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	got = pin_user_pages_remote(mm, start, nr, flags, pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
	return got;
#endif
}

/*
 * Find the frame in an entry of a VMA of raw frames. Returns 0, or -EINVAL if there is no
 * entry.
 */
static inline int iokmem_follow_frame(struct vm_area_struct *vma,
				      unsigned long address, unsigned long *pfn)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	spinlock_t *lock;	/* of the page table, held on success */
	pte_t *pte;
	int err;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	err = follow_pte(vma->vm_mm, address, &pte, &lock);
#else
	err = follow_pte(vma, address, &pte, &lock);
#endif
	if (err)
		return err;
	*pfn = pte_pfn(*pte);
	pte_unmap_unlock(pte, lock);
	return 0;
#else
	struct follow_pfnmap_args args = { .vma = vma, .address = address };
	int err = follow_pfnmap_start(&args);

	if (err)
		return err;
	*pfn = args.pfn;
	follow_pfnmap_end(&args);
	return 0;
#endif
}

/* Before 6.2 importers took no lock. Later releases of 6.1 have some of these names. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define dma_buf_vmap_unlocked			dma_buf_vmap
#define dma_buf_vunmap_unlocked			dma_buf_vunmap
#define dma_buf_map_attachment_unlocked		dma_buf_map_attachment
#define dma_buf_unmap_attachment_unlocked	dma_buf_unmap_attachment
#endif

/* The notice to importers, and their function for it, were named after moves before 7.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#define invalidate_mappings		move_notify
#endif

/*
 * Return true if importers should have an exporter tell them that memory moves. Before 6.16 the
 * kernel mapped the memory, for both directions, while such an importer attached, if the exporter
 * never moved any.
 */
static inline bool iokmem_dma_buf_tells(struct dma_buf *dmabuf)
{
	return LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0) || dma_buf_is_dynamic(dmabuf);
}

/* Return true if the device sees physical addresses, except for memory that is bounced. */
static inline bool iokmem_dma_is_direct(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	if (use_dma_iommu(dev))
		return false;
#endif
	return !get_dma_ops(dev);
}

/*
 * Find the memory in which transfers of a device bounce. Returns its length, or 0 if there is
 * none.
 */
static inline size_t iokmem_bounce_memory(struct device *dev, phys_addr_t *start)
{
#ifdef CONFIG_SWIOTLB
	struct io_tlb_mem *mem = dev->dma_io_tlb_mem;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	struct io_tlb_mem *pool = mem;
#else
	struct io_tlb_pool *pool = mem ? &mem->defpool : NULL;
#endif

	if (pool && pool->nslabs) {
		*start = pool->start;
		return pool->end - pool->start;
	}
#endif
	return 0;
}

/*
 * Make a shrinker for lists that are kept by node and memory cgroup. It may be called
 * before this returns. Returns NULL if there is no memory. shrinker_free() ends it.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *
iokmem_shrinker_new(const char *name,
		    unsigned long (*count)(struct shrinker *, struct shrink_control *),
		    unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->flags = SHRINKER_NUMA_AWARE | SHRINKER_MEMCG_AWARE;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (register_shrinker(shrinker, "%s", name)) {
		kfree(shrinker);
		return NULL;
	}
	return shrinker;
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#else
static inline struct shrinker *
iokmem_shrinker_new(const char *name,
		    unsigned long (*count)(struct shrinker *, struct shrink_control *),
		    unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	struct shrinker *shrinker;

	shrinker = shrinker_alloc(SHRINKER_NUMA_AWARE | SHRINKER_MEMCG_AWARE,
				  "%s", name);
	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return shrinker;
}
#endif

/* KUnit gives generators of parameters the test since 6.18. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define KUNIT_GENERATOR(name) \
	const void *(name)(const void *prev, char *desc)
#else
#define KUNIT_GENERATOR(name) \
	const void *(name)(struct kunit *test, const void *prev, char *desc)
#endif

/*
 * Huge page table entries for raw frames may be used only where they are marked
 * special: elsewhere get_user_pages() takes them for ordinary huge pages and
 * pins memory that it must not.
 */
#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP)
#define IOKMEM_HUGE_ENTRIES	1
#else
#define IOKMEM_HUGE_ENTRIES	0
#endif

/*
 * True if a module can take entries of the kernel's mappings away. That needs
 * lookup_address(), which x86 has, and __flush_tlb_all(), which is for KVM only since 6.18 or so.
 */
#if defined(CONFIG_X86) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define IOKMEM_GUARDS_IN_KERNEL	1
#else
#define IOKMEM_GUARDS_IN_KERNEL	0
#endif

/*
 * True if every CPU marks the entries that it reads and writes by. Other CPUs fault
 * instead, so entries that a task may write by are marked when they are made.
 */
#define IOKMEM_CPU_MARKS_ENTRIES	IS_ENABLED(CONFIG_X86)

/*
 * Return @prot for entries in a VMA with @flags, marked if that saves a fault. On x86
 * entries are never marked here: mprotect() would keep the mark, which means something else
 * in an entry that may not be written.
 */
static inline pgprot_t iokmem_prot_marked(pgprot_t prot, vm_flags_t flags)
{
	if (IOKMEM_CPU_MARKS_ENTRIES || !(flags & VM_WRITE))
		return prot;
	return pte_pgprot(pte_mkdirty(pte_mkyoung(pfn_pte(0, prot))));
}

/* eventfd_signal() lost its second argument in 6.8. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define iokmem_eventfd_signal(event)	eventfd_signal(event, 1)
#else
#define iokmem_eventfd_signal(event)	eventfd_signal(event)
#endif

#endif /* _IOKMEM_COMPAT_H */
